//! The pages: an index, one for each module, and one for its source.

use std::fmt::Write as _;

use super::markdown;
use super::model::{Item, Kind, Member, Module, summary};
use super::names::{Names, up};
use super::signature;
use super::{Book, pages};

/// Text that means itself, also in an attribute.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&#39;",
            c => out.push(c),
        }
    }
    out
}

/// The page that lists all modules.
pub(crate) fn index(book: &Book) -> String {
    let mut main = format!("<h1>{}</h1>\n", escape(&book.title));
    if let Some(about) = &book.about {
        let _ = writeln!(main, "<p class=\"lead\">{}</p>", escape(about));
    }
    main += "<h2>Modules</h2>\n<dl class=\"list\">\n";
    for module in &book.modules {
        let names = Names::new(book, module);
        let words = index_links(
            &markdown::html(module.summary(), names, 2),
            &up(&module.name),
        );
        let _ = writeln!(
            main,
            "<dt><a href=\"{0}.html\">{0}</a></dt><dd>{words}</dd>",
            escape(&module.name)
        );
    }
    main += "</dl>\n";
    page(book, "", &book.title, (&main, ""))
}

/// A summary on the page of all modules has its links from there.
fn index_links(html: &str, up: &str) -> String {
    match up {
        "" => html.to_owned(),
        up => html.replace(&format!("href=\"{up}"), "href=\""),
    }
}

/// The page of a module.
pub(crate) fn module(book: &Book, module: &Module) -> String {
    let names = Names::new(book, module);
    let source = format!("{}source/{}.html", up(&module.name), escape(&module.name));
    let mut main = format!(
        "<div class=\"head\"><h1><span class=\"kind\">module</span> {}</h1><a class=\"source\" \
         href=\"{source}\">source</a></div>\n",
        escape(&module.name)
    );
    if module.broken {
        main += "<p class=\"warning\">This module has mistakes: parts of it may be missing.</p>\n";
    }
    main += &markdown::html(&module.docs, names, 1);
    main += &overview(names, module);
    let mut contents = String::new();
    for kind in Kind::ALL {
        let mut items = module.of(kind).peekable();
        if items.peek().is_none() {
            continue;
        }
        let _ = writeln!(main, "<h2>{}</h2>", kind.title());
        let _ = writeln!(contents, "<h3>{}</h3>\n<ul>", kind.title());
        let mut listed: Vec<&str> = Vec::new();
        for item in items {
            main += &declared(names, item, &source);
            // Of several with one name, the first leads to all: they stand together.
            if listed.contains(&&*item.name) {
                continue;
            }
            listed.push(&item.name);
            let _ = writeln!(
                contents,
                "<li><a href=\"#{}\">{}</a></li>",
                escape(&item.anchor),
                escape(&item.name)
            );
        }
        contents += "</ul>\n";
    }
    page(book, &module.name, &module.name, (&main, &contents))
}

/// All names of a module with a line each.
fn overview(names: Names<'_>, module: &Module) -> String {
    let kinds = Kind::ALL.into_iter().filter(|kind| *kind != Kind::Impl);
    let listed = kinds.flat_map(|kind| module.of(kind));
    let rows: Vec<String> = listed
        .map(|item| {
            let words = markdown::html(item.summary(), names, 2);
            format!(
                "<dt><a href=\"#{}\"><span class=\"kind\">{}</span> {}</a></dt><dd>{words}</dd>\n",
                escape(&item.anchor),
                item.kind.name(),
                escape(&item.name)
            )
        })
        .collect();
    match rows.len() {
        0..=2 => String::new(),
        _ => format!("<dl class=\"list\">\n{}</dl>\n", rows.concat()),
    }
}

fn declared(names: Names<'_>, item: &Item, source: &str) -> String {
    let mut out = format!("<section id=\"{}\" class=\"item\">\n", escape(&item.anchor));
    out += &signature(names, &item.signature, (&item.anchor, source, item.line));
    if let Some(rights) = &item.rights {
        let lifetime = match &rights.lifetime {
            Some(lifetime) => format!("lives {} after each write", escape(lifetime)),
            None => "stays until it is deleted".to_owned(),
        };
        let who = |level: &str| match level {
            "any" => "every message",
            "owner" => "messages of the same author",
            _ => "this module",
        };
        let _ = writeln!(
            out,
            "<p class=\"rights\">{lifetime} · read by {} · written by {}</p>",
            who(&rights.read),
            who(&rights.write)
        );
    }
    out += &markdown::html(&item.docs, names, 2);
    for member in &item.members {
        out += &part(names, item, member, source);
    }
    out + "</section>\n"
}

fn part(names: Names<'_>, item: &Item, member: &Member, source: &str) -> String {
    if item.kind != Kind::Impl && member.docs.is_empty() {
        // What the declaration shows already.
        return format!("<a id=\"{}\"></a>", escape(&member.anchor));
    }
    let words = markdown::html(&member.docs, names, 3);
    let head = match item.kind {
        Kind::Impl => signature(
            names,
            &member.signature,
            (&member.anchor, source, member.line),
        ),
        _ => format!(
            "<code class=\"name\">{}</code>",
            signature::code(&member.signature, |name| names.of_type(name))
        ),
    };
    format!(
        "<div id=\"{}\" class=\"part\">\n{head}{words}</div>\n",
        escape(&member.anchor)
    )
}

/// A signature that leads to itself and to its source.
fn signature(names: Names<'_>, text: &str, place: (&str, &str, usize)) -> String {
    let (anchor, source, line) = place;
    let code = signature::code(text, |name| names.of_type(name));
    format!(
        "<div class=\"signature\"><pre><code>{code}</code></pre><span class=\"links\"><a \
         href=\"#{}\" title=\"link to this\">#</a> <a href=\"{source}#{line}\">source</a></span>\
         </div>\n",
        escape(anchor)
    )
}

/// The text of a module, each line with a place of its own.
pub(crate) fn source(book: &Book, module: &Module) -> String {
    let back = format!("{}{}", up(&pages::source_of(&module.name)), module.name);
    // Marks do not reach over lines, so that each line is whole.
    let code = signature::code(&module.text, |_| None);
    let mut lines = String::new();
    for (number, line) in (1..).zip(whole_lines(&code)) {
        let _ = write!(lines, "<span id=\"{number}\" class=\"line\">{line}</span>");
    }
    let main = format!(
        "<div class=\"head\"><h1><span class=\"kind\">source</span> {0}</h1><a class=\"source\" \
         href=\"{1}.html\">documentation</a></div>\n<pre class=\"listing\"><code>{lines}</code>\
         </pre>\n",
        escape(&module.file),
        escape(&back)
    );
    page(
        book,
        &pages::source_of(&module.name),
        &module.file,
        (&main, ""),
    )
}

/// The lines of marked code: a mark over several lines ends and begins again in each.
fn whole_lines(code: &str) -> Vec<String> {
    let mut open: Option<&str> = None;
    let mut lines = Vec::new();
    for line in code.lines() {
        let mut out = open.map(str::to_owned).unwrap_or_default();
        let mut rest = line;
        while let Some(at) = rest.find('<') {
            let end = rest[at..].find('>').map_or(rest.len(), |end| at + end + 1);
            let mark = &rest[at..end];
            open = match mark.starts_with("</") {
                true => None,
                false => Some(mark),
            };
            out += &rest[..end];
            rest = &rest[end..];
        }
        out += rest;
        if open.is_some() {
            out += "</span>";
        }
        lines.push(out);
    }
    lines
}

/// A whole page. `at` is its own name, without the ending.
fn page(book: &Book, at: &str, title: &str, (main, contents): (&str, &str)) -> String {
    let up = up(at);
    let mut modules = String::new();
    for module in &book.modules {
        let here = match module.name == at {
            true => " aria-current=\"page\"",
            false => "",
        };
        let _ = writeln!(
            modules,
            "<li><a href=\"{up}{0}.html\"{here}>{0}</a></li>",
            escape(&module.name)
        );
    }
    let full = match title == book.title {
        true => escape(title),
        false => format!("{} · {}", escape(title), escape(&book.title)),
    };
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"generator\" content=\"{GENERATOR}\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{full}</title>\n\
         <link rel=\"stylesheet\" href=\"{up}style.css\">\n</head>\n<body data-root=\"{up}\">\n\
         <header><a class=\"title\" href=\"{up}index.html\">{}</a>\n\
         <div class=\"search\" role=\"search\"><input type=\"search\" id=\"search\" \
         placeholder=\"Search ( / )\" aria-label=\"Search\" autocomplete=\"off\" hidden>\n\
         <ol id=\"found\" hidden></ol></div></header>\n<div class=\"columns\">\n\
         <nav><details open><summary>Contents</summary>\n<h3>Modules</h3>\n<ul>\n{modules}</ul>\n\
         {contents}</details></nav>\n<main>\n{main}</main>\n</div>\n\
         <script src=\"{up}search.js\"></script>\n</body>\n</html>\n",
        escape(&book.title)
    )
}

/// Says that a page may be written again.
pub(crate) const GENERATOR: &str = "smc doc";

/// The entries of the search: name, kind, module, address, words.
pub(crate) fn entries(book: &Book) -> Vec<[String; 5]> {
    let mut out = Vec::new();
    for module in &book.modules {
        let entry = |name: String, kind: &str, anchor: &str, words: &str| {
            let hash = match anchor {
                "" => String::new(),
                anchor => format!("#{anchor}"),
            };
            let address = format!("{}.html{hash}", module.name);
            let words = words.replace('\n', " ").replace(['`', '[', ']'], "");
            [name, kind.to_owned(), module.name.clone(), address, words]
        };
        out.push(entry(module.name.clone(), "module", "", module.summary()));
        for item in &module.items {
            if item.kind != Kind::Impl {
                out.push(entry(
                    item.name.clone(),
                    item.kind.name(),
                    &item.anchor,
                    item.summary(),
                ));
            }
            for member in &item.members {
                let kind = match item.kind {
                    Kind::Impl => "method",
                    Kind::Enum => "variant",
                    _ => "field",
                };
                let name = format!("{}.{}", item.name, member.name);
                out.push(entry(name, kind, &member.anchor, summary(&member.docs)));
            }
        }
    }
    out
}
