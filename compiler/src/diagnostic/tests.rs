//! Tests of diagnostics.

use super::{Applicability, Diagnostic, Fix, Severity, code, has_errors};
use crate::ast::{FileId, Span};

const FILE: FileId = FileId(0);

fn sample() -> Diagnostic {
    Diagnostic::error(
        code::EXPECTED_EXPRESSION,
        FILE,
        Span::new(8, 9),
        "expected an expression",
    )
    .at("expected an expression")
    .label(Span::new(0, 3), "while reading this `let`")
    .label_in(FileId(1), Span::new(0, 1), "as declared here")
    .note("a note")
    .help("a help")
    .fix(Fix::new("write `==`", Span::new(8, 9), "==").certain())
}

#[test]
fn a_diagnostic_is_data() {
    let json = serde_json::to_value(sample()).expect("plain data");
    let expected = serde_json::json!({
        "code": "SM0101",
        "severity": "error",
        "message": "expected an expression",
        "primary": {
            "file": 0, "span": { "start": 8, "end": 9 }, "text": "expected an expression",
        },
        "labels": [
            { "file": 0, "span": { "start": 0, "end": 3 }, "text": "while reading this `let`" },
            { "file": 1, "span": { "start": 0, "end": 1 }, "text": "as declared here" },
        ],
        "notes": ["a note"],
        "help": ["a help"],
        "fixes": [{
            "title": "write `==`",
            "edits": [{ "span": { "start": 8, "end": 9 }, "replacement": "==" }],
            "applicability": "machine_applicable",
        }],
    });
    assert_eq!(json, expected);
}

#[test]
fn a_warning_is_no_error() {
    let warning = Diagnostic::warning(code::LOST_DOCS, FILE, Span::default(), "nothing");
    assert_eq!(warning.severity, Severity::Warning);
    assert!(!has_errors(std::slice::from_ref(&warning)));
    assert!(has_errors(&[warning, sample()]));
    let fix = Fix::new("perhaps", Span::default(), "");
    assert_eq!(fix.applicability, Applicability::MaybeIncorrect);
}

#[cfg(feature = "render")]
mod drawn {
    use super::super::render::{Characters, Color, RenderOptions, SourceFile, render};
    use super::{Diagnostic, FILE, Span, code, sample};
    use crate::ast::FileId;
    use crate::diagnostic::Fix;

    const FILES: [SourceFile<'static>; 2] = [
        SourceFile {
            name: "main.sm",
            text: "let x = = 1\nlet y = 2\n",
        },
        SourceFile {
            name: "lib.sm",
            text: "pub const X: Int = 1\n",
        },
    ];

    fn plain(diagnostic: &Diagnostic) -> String {
        render(
            std::slice::from_ref(diagnostic),
            &FILES,
            RenderOptions::default(),
        )
    }

    #[test]
    fn everything_is_shown() {
        let text = plain(&sample());
        for part in [
            "SM0101",
            "main.sm:1:9",
            "let x = = 1",
            "while reading this `let`",
            "lib.sm",
            "as declared here",
            "a note",
            "a help",
            "write `==`: `let x = == 1`",
        ] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
    }

    #[test]
    fn colour_and_characters_are_chosen() {
        let draw =
            |color, characters| render(&[sample()], &FILES, RenderOptions { color, characters });
        assert!(draw(Color::Ansi, Characters::Unicode).contains('\u{1b}'));
        assert!(!draw(Color::Plain, Characters::Unicode).contains('\u{1b}'));
        assert!(draw(Color::Plain, Characters::Ascii).is_ascii());
    }

    #[test]
    fn the_source_cannot_control_the_terminal() {
        let text = "let \u{1b}[31m = '\u{202e}\u{9b}'\u{7}\r\n";
        let file = SourceFile {
            name: "\u{1b}evil.sm",
            text,
        };
        let span = Span::new(4, 5);
        let diagnostic = Diagnostic::error(code::UNEXPECTED_CHARACTER, FILE, span, "a \u{1b}[2J b")
            .at("\u{1b}]0;title\u{7}");
        let drawn = render(&[diagnostic], &[file], RenderOptions::default());
        let bad = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
        assert!(!drawn.contains(bad), "{drawn:?}");
    }

    #[test]
    fn any_span_is_drawn_somewhere() {
        let file = SourceFile {
            name: "a.sm",
            text: "é\nöö\n\n",
        };
        for start in 0..12 {
            for end in 0..12 {
                let span = Span::new(start, end);
                let diagnostic = Diagnostic::error(code::BAD_ESCAPE, FILE, span, "message");
                let drawn = render(&[diagnostic], &[file], RenderOptions::default());
                assert!(drawn.contains("a.sm"), "{span:?}: {drawn}");
            }
        }
        let empty = SourceFile {
            name: "a.sm",
            text: "",
        };
        let diagnostic = Diagnostic::error(code::BAD_ESCAPE, FILE, Span::default(), "message");
        let drawn = render(&[diagnostic], &[empty], RenderOptions::default());
        assert!(drawn.contains("message"), "{drawn}");
    }

    #[test]
    fn a_missing_file_does_not_hide_the_message() {
        let diagnostic = Diagnostic::error(code::BAD_ESCAPE, FileId(7), Span::default(), "message")
            .help("what to do");
        let text = plain(&diagnostic);
        assert_eq!(text, "[SM0004] Error: message\n  what to do\n");
    }

    #[test]
    fn a_fix_over_lines_shows_its_title() {
        let span = Span::new(8, 15);
        let diagnostic = Diagnostic::error(code::BAD_ESCAPE, FILE, span, "message").fix(Fix::new(
            "join the lines",
            span,
            "",
        ));
        assert!(plain(&diagnostic).contains("Help: join the lines\n"));
    }
}
