//! Doc comments, which are Markdown, as HTML.
//!
//! HTML in a comment is shown as text. Names in brackets or in code are links where they mean
//! something that is documented.

use pulldown_cmark::{
    Alignment, BrokenLink, CodeBlockKind, CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd,
};

use super::html::escape;
use super::names::Names;
use super::signature;

/// A text with its headings below this level.
pub(crate) fn html(text: &str, names: Names<'_>, level: usize) -> String {
    let resolve = |link: BrokenLink<'_>| {
        let name = link.reference.trim_matches('`').to_owned();
        let address = names.of_any(&name)?;
        Some((CowStr::from(address), CowStr::from("")))
    };
    let options = Options::ENABLE_TABLES;
    let parser = Parser::new_with_broken_link_callback(text, options, Some(resolve));
    let mut writer = Writer {
        names,
        level,
        out: String::new(),
        code: None,
        in_link: 0,
        cells: Cells::default(),
    };
    for event in parser {
        writer.event(event);
    }
    writer.out
}

struct Writer<'b> {
    names: Names<'b>,
    level: usize,
    out: String,
    /// A code block that has begun: whether it is of the language, and its text.
    code: Option<(bool, String)>,
    in_link: usize,
    cells: Cells,
}

/// Where a table is.
#[derive(Default)]
struct Cells {
    alignments: Vec<Alignment>,
    in_head: bool,
    column: usize,
}

impl Writer<'_> {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => match &mut self.code {
                Some((_, code)) => code.push_str(&text),
                None => self.out += &escape(&text),
            },
            Event::Code(text) => self.inline(&text),
            Event::Html(text) | Event::InlineHtml(text) => self.out += &escape(&text),
            Event::SoftBreak => self.out.push('\n'),
            Event::HardBreak => self.out += "<br>\n",
            Event::Rule => self.out += "<hr>\n",
            _ => {}
        }
    }

    /// Code in a line: a link if it is a name.
    fn inline(&mut self, text: &str) {
        let shown = format!("<code>{}</code>", escape(text));
        let address = match self.in_link {
            0 => self.names.of_any(text),
            _ => None,
        };
        self.out += &match address {
            Some(address) => format!("<a href=\"{}\">{shown}</a>", escape(&address)),
            None => shown,
        };
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph => self.out += "<p>",
            Tag::Heading { level, .. } => self.out += &format!("<h{}>", self.heading(level)),
            Tag::BlockQuote(_) => self.out += "<blockquote>\n",
            Tag::CodeBlock(kind) => {
                let is_ours = match kind {
                    CodeBlockKind::Fenced(info) => info
                        .split([' ', ','])
                        .next()
                        .is_some_and(|word| word == "sm"),
                    CodeBlockKind::Indented => true,
                };
                self.code = Some((is_ours, String::new()));
            }
            Tag::List(None) => self.out += "<ul>\n",
            Tag::List(Some(first)) => self.out += &format!("<ol start=\"{first}\">\n"),
            Tag::Item => self.out += "<li>",
            Tag::Emphasis => self.out += "<em>",
            Tag::Strong => self.out += "<strong>",
            Tag::Link { dest_url, .. } => {
                self.in_link += 1;
                let address = match is_safe(&dest_url) {
                    true => escape(&dest_url),
                    false => String::new(),
                };
                self.out += &format!("<a href=\"{address}\">");
            }
            Tag::Table(alignments) => {
                self.cells.alignments = alignments;
                self.out += "<div class=\"wide\"><table>\n";
            }
            Tag::TableHead => {
                self.cells.in_head = true;
                self.cells.column = 0;
                self.out += "<tr>";
            }
            Tag::TableRow => {
                self.cells.column = 0;
                self.out += "<tr>";
            }
            Tag::TableCell => {
                let word = self.cell();
                let alignment = self.cells.alignments.get(self.cells.column);
                let style = match alignment {
                    Some(Alignment::Right) => " class=\"right\"",
                    Some(Alignment::Center) => " class=\"center\"",
                    _ => "",
                };
                self.cells.column += 1;
                self.out += &format!("<{word}{style}>");
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph => self.out += "</p>\n",
            TagEnd::Heading(level) => self.out += &format!("</h{}>\n", self.heading(level)),
            TagEnd::BlockQuote(_) => self.out += "</blockquote>\n",
            TagEnd::CodeBlock => {
                let (is_ours, text) = self.code.take().unwrap_or_default();
                let names = self.names;
                let text = match is_ours {
                    true => signature::code(&text, |name| names.of_type(name)),
                    false => escape(&text),
                };
                self.out += &format!("<pre><code>{}</code></pre>\n", text.trim_end());
            }
            TagEnd::List(false) => self.out += "</ul>\n",
            TagEnd::List(true) => self.out += "</ol>\n",
            TagEnd::Item => self.out += "</li>\n",
            TagEnd::Emphasis => self.out += "</em>",
            TagEnd::Strong => self.out += "</strong>",
            TagEnd::Link => {
                self.in_link = self.in_link.saturating_sub(1);
                self.out += "</a>";
            }
            TagEnd::Table => self.out += "</table></div>\n",
            TagEnd::TableHead => {
                self.cells.in_head = false;
                self.out += "</tr>\n";
            }
            TagEnd::TableRow => self.out += "</tr>\n",
            TagEnd::TableCell => {
                let word = self.cell();
                self.out += &format!("</{word}>");
            }
            _ => {}
        }
    }

    fn cell(&self) -> &'static str {
        match self.cells.in_head {
            true => "th",
            false => "td",
        }
    }

    fn heading(&self, level: HeadingLevel) -> usize {
        (self.level + level as usize).min(6)
    }
}

/// A link leads to a page, and never runs anything.
fn is_safe(address: &str) -> bool {
    match address.split_once(':') {
        Some((scheme, _)) => {
            let is_scheme = scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
            !is_scheme || ["http", "https", "mailto"].contains(&&*scheme.to_ascii_lowercase())
        }
        None => true,
    }
}
