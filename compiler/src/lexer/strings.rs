//! Strings, byte strings and their escapes.

use super::driver::{Driver, Interpolation, Quotes};
use super::{T, Token};
use crate::ast::Span;
use crate::diagnostic::{Diagnostic, Fix, code};
use crate::limits::MAX_DEPTH;

/// What an escape in a string stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Escape {
    Char(char),
    Byte(u8),
    Bad(&'static str),
}

/// Reads the escape whose backslash is the first byte of `text`: what it means, and its length.
pub(crate) fn escape_at(text: &str) -> (Escape, usize) {
    let Some(letter) = text[1..].chars().next() else {
        return (Escape::Bad("nothing follows the backslash"), 1);
    };
    let simple = |c| (Escape::Char(c), 2);
    match letter {
        'n' => simple('\n'),
        't' => simple('\t'),
        'r' => simple('\r'),
        '0' => simple('\0'),
        '"' | '\\' | '{' | '}' | '\'' => simple(letter),
        'x' => byte_escape(text),
        'u' => unicode_escape(text),
        _ => (
            Escape::Bad("there is no such escape"),
            1 + letter.len_utf8(),
        ),
    }
}

fn byte_escape(text: &str) -> (Escape, usize) {
    let digits: usize = text
        .bytes()
        .skip(2)
        .take(2)
        .take_while(u8::is_ascii_hexdigit)
        .count();
    match u8::from_str_radix(&text[2..2 + digits], 16) {
        Ok(byte) if digits == 2 => (Escape::Byte(byte), 4),
        _ => (
            Escape::Bad("two hexadecimal digits belong here: `\\x7f`"),
            2 + digits,
        ),
    }
}

fn unicode_escape(text: &str) -> (Escape, usize) {
    const FORM: &str = "a character is written with its number in braces: `\\u{1F600}`";
    let Some(inside) = text[2..].strip_prefix('{') else {
        return (Escape::Bad(FORM), 2);
    };
    let digits = inside.bytes().take_while(u8::is_ascii_hexdigit).count();
    let closed = inside.as_bytes().get(digits) == Some(&b'}');
    let length = 3 + digits + usize::from(closed);
    if !closed || digits == 0 {
        return (Escape::Bad(FORM), length);
    }
    let number = u32::from_str_radix(&inside[..digits], 16).ok();
    match number.and_then(char::from_u32) {
        Some(character) => (Escape::Char(character), length),
        None => (Escape::Bad("no character has this number"), length),
    }
}

/// Which escapes a literal may hold.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Content {
    Text,
    Bytes,
}

/// How a run of text in a string ends.
enum TextEnd {
    /// At the closing quotes; the offset is before them.
    Quotes(u32),
    /// At the `{` of an interpolation.
    Brace(u32),
    /// The line or the file ends first.
    Missing,
}

impl Driver<'_> {
    /// A string, from its opening quote on.
    pub(super) fn string(&mut self, quote: Span) {
        let rest = &self.source[quote.start as usize..];
        let (quotes, length) = if rest.starts_with("\"\"\"") {
            (Quotes::Three, 3)
        } else {
            (Quotes::One, 1)
        };
        let text_start = quote.start + length;
        match self.text_end(text_start, quotes) {
            TextEnd::Missing => self.open_string(quote.start, self.out.tokens.len(), quotes),
            TextEnd::Quotes(at) => {
                let whole = Span::new(quote.start, at + length);
                self.push(T::Str, whole);
                self.skip_to(whole.end as usize);
            }
            TextEnd::Brace(at) => {
                let first_token = self.out.tokens.len();
                self.push(T::StrOpen, Span::new(quote.start, text_start));
                let string = Interpolation {
                    quotes,
                    string_start: quote.start,
                    first_token,
                    depth: 0,
                };
                self.open_interpolation(string, text_start, at);
            }
        }
    }

    /// The text before an interpolation, and its brace.
    fn open_interpolation(&mut self, string: Interpolation, text_start: u32, brace: u32) {
        self.push_text(text_start, brace);
        if self.modes.len() >= MAX_DEPTH as usize {
            let span = Span::new(brace, brace + 1);
            let message = format!("strings are nested more than {MAX_DEPTH} deep");
            let diagnostic = Diagnostic::error(code::TOO_DEEP, self.file, span, message);
            self.report(diagnostic);
            self.out.swallowed_end = true;
            return self.abandon_outermost();
        }
        self.push(T::InterpOpen, Span::new(brace, brace + 1));
        self.skip_to(brace as usize + 1);
        self.modes.push(string);
    }

    fn push_text(&mut self, start: u32, end: u32) {
        if start < end {
            self.push(T::StrText, Span::new(start, end));
        }
    }

    /// A token inside an interpolation: its brackets are counted, and the last `}` ends it.
    pub(super) fn token_in_string(&mut self, kind: T, span: Span) {
        let Some(mode) = self.modes.last_mut() else {
            return self.push(kind, span);
        };
        match kind {
            T::RBrace if mode.depth == 0 => return self.close_interpolation(span),
            T::Colon if mode.depth == 0 => return self.format_spec(span),
            T::LBrace | T::LSet | T::LParen | T::LBracket => mode.depth += 1,
            T::RBrace | T::RParen | T::RBracket => mode.depth = mode.depth.saturating_sub(1),
            _ => {}
        }
        self.push(kind, span);
    }

    fn close_interpolation(&mut self, brace: Span) {
        self.push(T::InterpClose, brace);
        let Some(string) = self.modes.pop() else {
            return;
        };
        let quotes = if string.quotes == Quotes::Three { 3 } else { 1 };
        match self.text_end(brace.end, string.quotes) {
            TextEnd::Missing => {
                self.open_string(string.string_start, string.first_token, string.quotes);
            }
            TextEnd::Brace(at) => {
                self.open_interpolation(Interpolation { depth: 0, ..string }, brace.end, at)
            }
            TextEnd::Quotes(at) => {
                self.push_text(brace.end, at);
                self.push(T::StrClose, Span::new(at, at + quotes));
                self.skip_to((at + quotes) as usize);
            }
        }
    }

    /// From `:` to the end of the interpolation. A `}` as the fill character comes before an align.
    fn format_spec(&mut self, colon: Span) {
        let rest = &self.source[colon.end as usize..];
        let fill = match rest.as_bytes() {
            [b'}', b'<' | b'^' | b'>', ..] => 1,
            _ => 0,
        };
        let length = rest[fill..]
            .find(['}', '\n', '"'])
            .map_or(rest.len(), |at| at + fill);
        let span = Span::new(colon.start, colon.end + length as u32);
        self.push(T::FormatSpec, span);
        self.skip_to(span.end as usize);
    }

    /// Finds the end of the text that begins at `start`, and reports bad escapes in it.
    fn text_end(&mut self, start: u32, quotes: Quotes) -> TextEnd {
        let bytes = self.source.as_bytes();
        let mut at = start as usize;
        loop {
            match bytes.get(at) {
                None => return TextEnd::Missing,
                Some(b'\n') if quotes == Quotes::One => return TextEnd::Missing,
                Some(b'"') if quotes == Quotes::One || bytes[at..].starts_with(b"\"\"\"") => {
                    return TextEnd::Quotes(at as u32);
                }
                Some(b'{') => return TextEnd::Brace(at as u32),
                Some(b'\\') => at += self.check_escape(at, Content::Text),
                Some(_) => at += 1,
            }
        }
    }

    /// Reports the escape at `at` if it is wrong; its length.
    fn check_escape(&mut self, at: usize, content: Content) -> usize {
        let (escape, length) = escape_at(&self.source[at..]);
        let problem = match (escape, content) {
            (Escape::Bad(problem), _) => problem,
            (Escape::Byte(0x80..), Content::Text) => {
                "text holds characters, and a byte above 7f is none: write `\\u{e9}`"
            }
            _ => return length,
        };
        let text = &self.source[at..at + length];
        let span = Span::new(at as u32, (at + length) as u32);
        let message = match text.ends_with('\n') {
            true => "a backslash cannot stand at the end of a line".to_owned(),
            false => format!("`{text}` is not an escape"),
        };
        let diagnostic = Diagnostic::error(code::BAD_ESCAPE, self.file, span, message)
            .at(problem)
            .help("the escapes are \\n \\t \\r \\0 \\\" \\\\ \\{ \\} \\xNN and \\u{..}");
        self.report(diagnostic);
        // A backslash at the end of a line must not hide that end.
        if text.ends_with('\n') { 1 } else { length }
    }

    /// `b"..."`: no interpolation, and every byte can be written.
    pub(super) fn bytes(&mut self, open: Span) {
        let bytes = self.source.as_bytes();
        let mut at = open.end as usize;
        loop {
            match bytes.get(at) {
                None | Some(b'\n') => {
                    return self.open_string(open.start, self.out.tokens.len(), Quotes::One);
                }
                Some(b'"') => break,
                Some(b'\\') => at += self.check_escape(at, Content::Bytes),
                Some(_) => at += 1,
            }
        }
        self.push(T::Bytes, Span::new(open.start, at as u32 + 1));
        self.skip_to(at + 1);
    }

    /// `'text'` and text between backquotes are meant as strings.
    pub(super) fn single_quoted(&mut self, quote: Span) {
        let rest = &self.source[quote.end as usize..];
        let mark = self.source.as_bytes()[quote.start as usize];
        let ends = [char::from(mark), '\n'];
        let length = rest.find(ends).filter(|at| rest.as_bytes()[*at] == mark);
        let Some(length) = length else {
            let message = "unexpected quote";
            self.report(
                Diagnostic::error(code::UNEXPECTED_CHARACTER, self.file, quote, message)
                    .help("strings are written with double quotes: \"text\""),
            );
            return self.push(T::Bad, quote);
        };
        let whole = Span::new(quote.start, quote.end + length as u32 + 1);
        let text = &rest[..length];
        let message = "strings are written with double quotes";
        let mut diagnostic = Diagnostic::error(code::SINGLE_QUOTES, self.file, whole, message);
        if !text.contains(['"', '\\', '{']) {
            let fix = Fix::new("use double quotes", whole, format!("\"{text}\""));
            diagnostic = diagnostic.fix(fix.certain());
        }
        self.report(diagnostic);
        self.push(T::Str, whole);
        self.skip_to(whole.end as usize);
    }

    /// At the first token of a line: a string in one line cannot be open any more.
    pub(super) fn leave_broken_string(&mut self, at: u32) -> bool {
        let outermost = self
            .modes
            .iter()
            .position(|mode| mode.quotes == Quotes::One);
        let Some(index) = outermost else { return false };
        let string = self.modes[index];
        self.modes.truncate(index);
        debug_assert!(
            string.string_start < at,
            "a string begins before its line ends"
        );
        self.open_string(string.string_start, string.first_token, Quotes::One);
        true
    }

    /// At the end of the file: a string that is open there is not closed at all. Reading may go on
    /// before the end, behind that string.
    pub(super) fn leave_open_string(&mut self) -> bool {
        let Some(string) = self.modes.first().copied() else {
            return false;
        };
        self.modes.clear();
        self.open_string(string.string_start, string.first_token, string.quotes);
        true
    }

    fn abandon_outermost(&mut self) {
        let outermost = self.modes.first().copied();
        self.modes.clear();
        if let Some(string) = outermost {
            let end = self.resume_after(string.string_start, string.quotes);
            self.replace_string(string.string_start, string.first_token, end);
        }
    }

    /// Reports the string that begins at `start` as not closed, and goes on behind it.
    ///
    /// If it is in the interpolation of another one on this line, it is that one which is not
    /// closed.
    fn open_string(&mut self, start: u32, first_token: usize, quotes: Quotes) {
        let outer = self
            .modes
            .iter()
            .position(|mode| mode.quotes == Quotes::One);
        if let (Quotes::One, Some(index)) = (quotes, outer) {
            let outer = self.modes[index];
            self.modes.truncate(index);
            return self.open_string(outer.string_start, outer.first_token, Quotes::One);
        }
        let end = self.resume_after(start, quotes);
        let span = Span::new(start, end);
        let mut diagnostic = Diagnostic::error(
            code::OPEN_STRING,
            self.file,
            span,
            "this string is not closed",
        );
        diagnostic = match quotes {
            Quotes::Three => {
                diagnostic.help("a string that begins with `\"\"\"` ends with `\"\"\"`")
            }
            Quotes::One if self.out.tokens.len() > first_token => diagnostic
                .help("a brace that is meant as text is written `\\{`")
                .help("a string over several lines is written between `\"\"\"`"),
            Quotes::One => diagnostic
                .fix(Fix::new("close it", Span::point(end), "\""))
                .help("a string over several lines is written between `\"\"\"`"),
        };
        self.report(diagnostic);
        self.replace_string(start, first_token, end);
    }

    /// Where reading goes on after a string that is not closed: most often its quote is missing
    /// before the brackets that end the line.
    fn resume_after(&mut self, start: u32, quotes: Quotes) -> u32 {
        let rest = &self.source[start as usize..];
        if quotes == Quotes::Three {
            self.out.swallowed_end = true;
            return self.source.len() as u32;
        }
        let line = &rest[..rest.find('\n').unwrap_or(rest.len())];
        // A brace after a space is that of a block, another one an interpolation's.
        let mut text = line;
        loop {
            let shorter = text.trim_end_matches([')', ']', ',', ';', ' ', '\t', '\r']);
            text = shorter
                .strip_suffix(" {")
                .or(shorter.strip_suffix(" }"))
                .unwrap_or(shorter);
            if text.len() == shorter.len() {
                break;
            }
        }
        start + text.len().max(if line.starts_with('b') { 2 } else { 1 }) as u32
    }

    fn replace_string(&mut self, start: u32, first_token: usize, end: u32) {
        let line = self.out.tokens.get(first_token).map(|token| token.line);
        self.out.tokens.truncate(first_token);
        self.push(T::StrError, Span::new(start, end));
        if let (Some(line), Some(token)) = (line, self.out.tokens.last_mut()) {
            *token = Token { line, ..*token };
        }
        self.skip_to(end as usize);
    }
}
