//! Diagnostics for people: the source with marks under it, drawn by ariadne.

use std::collections::BTreeMap;
use std::fmt;

use ariadne::{CharSet, Config, IndexType, LabelAttach, Report, ReportKind, Source};

use super::{Diagnostic, Fix, Label, Severity};
use crate::ast::{FileId, Span};

/// A file as it is shown.
#[derive(Clone, Copy, Debug)]
pub struct SourceFile<'a> {
    pub name: &'a str,
    pub text: &'a str,
}

/// Where the renderer finds the files that spans point into.
pub trait Sources {
    fn file(&self, id: FileId) -> Option<SourceFile<'_>>;
}

/// The file with number `n` is the element at `n`.
impl Sources for [SourceFile<'_>] {
    fn file(&self, id: FileId) -> Option<SourceFile<'_>> {
        self.get(id.0 as usize).copied()
    }
}

impl<const N: usize> Sources for [SourceFile<'_>; N] {
    fn file(&self, id: FileId) -> Option<SourceFile<'_>> {
        self.as_slice().file(id)
    }
}

/// How diagnostics are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RenderOptions {
    pub color: Color,
    pub characters: Characters,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Color {
    #[default]
    Plain,
    /// With the escape sequences of a terminal.
    Ansi,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Characters {
    #[default]
    Unicode,
    Ascii,
}

/// Draws `diagnostics` one after the other. A character that could control a terminal is never
/// written, whatever the source holds.
#[must_use]
pub fn render(
    diagnostics: &[Diagnostic],
    sources: &(impl Sources + ?Sized),
    options: RenderOptions,
) -> String {
    let mut cache = Cache::default();
    let mut out = Vec::new();
    for diagnostic in diagnostics {
        cache.load(sources, diagnostic);
        if !draw(diagnostic, &mut cache, options, &mut out) {
            out.extend_from_slice(plain(diagnostic).as_bytes());
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// A diagnostic whose source is not at hand.
fn plain(diagnostic: &Diagnostic) -> String {
    let mut text = format!("[{}] {}: ", diagnostic.code, title(diagnostic.severity));
    text.push_str(&clean(&diagnostic.message));
    text.push('\n');
    for help in diagnostic.help.iter().chain(&diagnostic.notes) {
        text.push_str(&format!("  {}\n", clean(help)));
    }
    text
}

const fn title(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "Error",
        Severity::Warning => "Warning",
    }
}

fn draw(
    diagnostic: &Diagnostic,
    cache: &mut Cache,
    options: RenderOptions,
    out: &mut Vec<u8>,
) -> bool {
    let Some(primary) = cache.place(&diagnostic.primary) else {
        return false;
    };
    let kind = match diagnostic.severity {
        Severity::Error => ReportKind::Error,
        Severity::Warning => ReportKind::Warning,
    };
    let mut report = Report::build(kind, primary.clone())
        .with_config(config(options))
        .with_code(diagnostic.code)
        .with_message(clean(&diagnostic.message))
        .with_labels(marks(diagnostic, primary, cache));
    for help in &diagnostic.help {
        report.add_help(clean(help));
    }
    for fix in &diagnostic.fixes {
        report.add_help(clean(&cache.describe(fix, diagnostic.primary.file)));
    }
    for note in &diagnostic.notes {
        report.add_note(clean(note));
    }
    report.finish().write(cache, out).is_ok()
}

/// The labels, first those of the primary file, in the order of the source: ariadne shows a file
/// again for each label that goes back.
fn marks(diagnostic: &Diagnostic, primary: Place, cache: &Cache) -> Vec<ariadne::Label<Place>> {
    let own = diagnostic.primary.file;
    let mut places = vec![(&diagnostic.primary, primary, color(diagnostic.severity))];
    for label in &diagnostic.labels {
        places.extend(
            cache
                .place(label)
                .map(|place| (label, place, ariadne::Color::Cyan)),
        );
    }
    places.sort_by_key(|(_, (file, range), _)| (*file != own, *file, range.start));
    places
        .into_iter()
        .map(|(label, place, color)| mark(label, place, color))
        .collect()
}

const fn color(severity: Severity) -> ariadne::Color {
    match severity {
        Severity::Error => ariadne::Color::Red,
        Severity::Warning => ariadne::Color::Yellow,
    }
}

fn mark(label: &Label, place: Place, color: ariadne::Color) -> ariadne::Label<Place> {
    // A label without words would not be drawn at all.
    let text = if label.text.is_empty() {
        "here".to_owned()
    } else {
        clean(&label.text)
    };
    ariadne::Label::new(place)
        .with_color(color)
        .with_message(text)
}

fn config(options: RenderOptions) -> Config {
    Config::new()
        .with_index_type(IndexType::Byte)
        .with_label_attach(LabelAttach::Start)
        .with_color(options.color == Color::Ansi)
        .with_char_set(match options.characters {
            Characters::Unicode => CharSet::Unicode,
            Characters::Ascii => CharSet::Ascii,
        })
}

/// A file and a range of its bytes.
type Place = (FileId, std::ops::Range<usize>);

/// The files in use, cleaned and cut into lines.
#[derive(Default)]
struct Cache {
    files: BTreeMap<FileId, (String, Source<String>)>,
}

impl Cache {
    fn load(&mut self, sources: &(impl Sources + ?Sized), diagnostic: &Diagnostic) {
        for label in std::iter::once(&diagnostic.primary).chain(&diagnostic.labels) {
            if self.files.contains_key(&label.file) {
                continue;
            }
            if let Some(file) = sources.file(label.file) {
                let text = Source::from(clean_in_place(file.text));
                self.files.insert(label.file, (clean(file.name), text));
            }
        }
    }

    fn text(&self, file: FileId) -> Option<&str> {
        self.files.get(&file).map(|(_, source)| source.text())
    }

    /// Where to draw a label: within the file, and at least one character wide where there is one.
    fn place(&self, label: &Label) -> Option<Place> {
        let text = self.text(label.file)?;
        let start = floor_boundary(text, label.span.start);
        let end = floor_boundary(text, label.span.end).max(start);
        let end = start + text[start..end].trim_end_matches('\n').len();
        let width = match text[start..].chars().next() {
            Some(first) if start == end && first != '\n' => first.len_utf8(),
            _ => 0,
        };
        Some((label.file, start..end + width))
    }

    /// What a fix does, and the line as it reads afterwards if there is only one.
    fn describe(&self, fix: &Fix, file: FileId) -> String {
        match self.text(file).and_then(|text| fixed_line(text, fix)) {
            Some(line) => format!("{}: `{line}`", fix.title),
            None => fix.title.clone(),
        }
    }
}

impl ariadne::Cache<FileId> for &mut Cache {
    type Storage = String;

    fn fetch(&mut self, id: &FileId) -> Result<&Source<String>, impl fmt::Debug> {
        self.files
            .get(id)
            .map(|(_, source)| source)
            .ok_or("the file is not at hand")
    }

    fn display<'a>(&self, id: &'a FileId) -> Option<impl fmt::Display + 'a> {
        self.files.get(id).map(|(name, _)| name.clone())
    }
}

/// The character boundary at or before `at`.
fn floor_boundary(text: &str, at: u32) -> usize {
    let at = text.len().min(at as usize);
    (0..=at)
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0)
}

/// The line that a fix changes, as it reads afterwards; nothing if it changes several.
fn fixed_line(text: &str, fix: &Fix) -> Option<String> {
    let first = fix.edits.iter().map(|edit| edit.span.start).min()? as usize;
    let line_start = text.get(..first)?.rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[first..].find('\n').map_or(text.len(), |at| at + first);
    let mut line = text[line_start..line_end].to_owned();
    let mut edits: Vec<_> = fix.edits.iter().collect();
    edits.sort_by_key(|edit| std::cmp::Reverse(edit.span));
    for edit in edits {
        let Span { start, end } = edit.span;
        let range =
            (start as usize).checked_sub(line_start)?..(end as usize).checked_sub(line_start)?;
        if edit.replacement.contains('\n') || line.get(range.clone()).is_none() {
            return None;
        }
        line.replace_range(range, &edit.replacement);
    }
    Some(line.trim().to_owned())
}

/// Whether a character could do something to a terminal other than being seen.
const fn is_control(character: char) -> bool {
    matches!(
        character,
        '\0'..='\x08' | '\x0b'..='\x1f' | '\x7f'..='\u{9f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}' | '\u{feff}'
    )
}

/// `text` without characters that could control a terminal.
#[must_use]
pub fn clean(text: &str) -> String {
    text.chars()
        .map(|c| if is_control(c) { '\u{fffd}' } else { c })
        .collect()
}

/// The same with each character replaced by one of its length, so that spans stay right.
#[must_use]
pub fn clean_in_place(text: &str) -> String {
    let replace = |c: char| match c.len_utf8() {
        _ if !is_control(c) => c,
        1 => ' ',
        2 => '\u{bf}',
        _ => '\u{fffd}',
    };
    text.chars().map(replace).collect()
}
