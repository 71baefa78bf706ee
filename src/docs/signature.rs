//! Code as HTML: words in their colours, types with links.

use sm_compiler::input::{Class, classes};

use super::html::escape;

/// Code with its words marked; `link` answers the address of a type.
pub(crate) fn code(source: &str, link: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::new();
    let mut end = 0;
    for (span, class) in classes(source) {
        let range = span.range();
        out += &escape(&source[end..range.start]);
        let word = &source[range.clone()];
        end = range.end;
        let text = escape(word);
        let class = match class {
            Class::Keyword => "k",
            Class::Literal => "l",
            Class::Text => "s",
            Class::Comment => "c",
            Class::Type => match link(word) {
                Some(address) => {
                    out += &format!("<a class=\"t\" href=\"{}\">{text}</a>", escape(&address));
                    continue;
                }
                None => "t",
            },
            Class::Name => {
                out += &text;
                continue;
            }
        };
        out += &format!("<span class=\"{class}\">{text}</span>");
    }
    out += &escape(&source[end..]);
    out
}
