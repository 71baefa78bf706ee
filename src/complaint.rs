//! What is said when something is wrong, with the place in a file where there is one.

use std::fmt::Write as _;
use std::ops::Range;

use ariadne::{Config, IndexType, LabelAttach, Report, ReportKind, Source};
use sm_compiler::diagnostic::render::{clean, clean_in_place};

use crate::output::{self, Style, Terminal};

/// A message for people on standard error.
#[derive(Debug)]
pub(crate) struct Complaint<'a> {
    pub(crate) kind: Kind,
    /// One sentence without a full stop.
    pub(crate) message: String,
    pub(crate) place: Option<Place<'a>>,
    pub(crate) help: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Error,
    Warning,
}

/// A piece of a file.
#[derive(Clone, Debug)]
pub(crate) struct Place<'a> {
    pub(crate) file: &'a str,
    pub(crate) text: &'a str,
    /// Bytes of the text.
    pub(crate) range: Range<usize>,
    /// What is to be said there.
    pub(crate) label: &'a str,
}

impl<'a> Complaint<'a> {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            place: None,
            help: Vec::new(),
        }
    }

    pub(crate) fn at(mut self, place: Option<Place<'a>>) -> Self {
        self.place = place;
        self
    }

    pub(crate) fn help(mut self, help: impl IntoIterator<Item = String>) -> Self {
        self.help.extend(help);
        self
    }

    pub(crate) fn say(&self, terminal: &Terminal) {
        output::talk(self.text(terminal).trim_end());
    }

    pub(crate) fn text(&self, terminal: &Terminal) -> String {
        self.place
            .as_ref()
            .and_then(|place| self.draw(terminal, place))
            .unwrap_or_else(|| {
                let (style, word) = match self.kind {
                    Kind::Error => (Style::Error, "Error:"),
                    Kind::Warning => (Style::Warning, "Warning:"),
                };
                let mut text =
                    format!("{} {}\n", terminal.paint(style, word), clean(&self.message));
                for help in &self.help {
                    let _ = writeln!(
                        text,
                        "  {} {}",
                        terminal.paint(Style::Help, "Help:"),
                        clean(help)
                    );
                }
                text
            })
    }

    /// As the compiler's diagnostics look. `None` if the text has no such place.
    fn draw(&self, terminal: &Terminal, place: &Place<'_>) -> Option<String> {
        place.text.get(place.range.clone())?;
        let (kind, color) = match self.kind {
            Kind::Error => (ReportKind::Error, ariadne::Color::Red),
            Kind::Warning => (ReportKind::Warning, ariadne::Color::Yellow),
        };
        let span = (clean(place.file), place.range.clone());
        let config = Config::new()
            .with_index_type(IndexType::Byte)
            .with_label_attach(LabelAttach::Start)
            .with_color(terminal.colored);
        let label = ariadne::Label::new(span.clone())
            .with_color(color)
            .with_message(place.label);
        let mut report = Report::build(kind, span.clone())
            .with_config(config)
            .with_message(clean(&self.message))
            .with_label(label);
        for help in &self.help {
            report.add_help(clean(help));
        }
        let mut out = Vec::new();
        let source = (span.0, Source::from(clean_in_place(place.text)));
        report.finish().write(source, &mut out).ok()?;
        String::from_utf8(out).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::MessageFormat;

    const PLAIN: Terminal = Terminal {
        colored: false,
        format: MessageFormat::Human,
    };

    fn text(text: &str, range: Range<usize>) -> String {
        let place = Place {
            file: "a.sm",
            text,
            range,
            label: "here",
        };
        Complaint::new(Kind::Error, "wrong")
            .at(Some(place))
            .help(["so".to_owned()])
            .text(&PLAIN)
    }

    #[test]
    fn the_place_is_shown() {
        let shown = text("one\n\tzwölf + x\nthree", 12..15);
        assert!(shown.contains("Error: wrong"), "{shown}");
        assert!(shown.contains("a.sm:2:8"), "{shown}");
        assert!(shown.contains("zwölf + x"), "{shown}");
        assert!(shown.contains("Help: so"), "{shown}");
    }

    #[test]
    fn a_place_outside_of_the_file_is_left_out() {
        assert_eq!(text("ä", 1..2), "Error: wrong\n  Help: so\n");
        assert_eq!(text("a", 5..6), "Error: wrong\n  Help: so\n");
    }

    #[test]
    fn nothing_reaches_the_terminal_that_could_control_it() {
        let shown = text("\x1b[31m", 0..3);
        assert!(!shown.contains('\x1b'), "{shown:?}");
        let complaint = Complaint::new(Kind::Warning, "\x1b]0;title\x07");
        assert!(!complaint.text(&PLAIN).contains('\x1b'));
    }
}
