//! Modules as documentation sees them: what is `pub`, with its signature and its words.

use sm_compiler::ast::{self, AccessDecl, Docs, FileId, FnDecl, ImplDecl, ItemKind, Span, TagDecl};

use crate::diagnostics::line_and_column;

/// A module with what others see of it.
#[derive(Debug)]
pub(crate) struct Module {
    /// What people call it: `route/pull`.
    pub(crate) name: String,
    /// What `import` wants in an example: `route/pull`, `./point`.
    pub(crate) import: String,
    pub(crate) file: String,
    pub(crate) text: String,
    pub(crate) ast: ast::Module,
    pub(crate) docs: String,
    /// In the order of the source.
    pub(crate) items: Vec<Item>,
    /// Mistakes in it: what could not be read is missing.
    pub(crate) broken: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// `main` of a program.
    Program,
    Struct,
    Enum,
    Fn,
    Tag,
    Const,
    /// The functions of a type.
    Impl,
}

impl Kind {
    pub(crate) const ALL: [Self; 7] = [
        Self::Program,
        Self::Struct,
        Self::Enum,
        Self::Fn,
        Self::Tag,
        Self::Const,
        Self::Impl,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Program => "program",
            Self::Struct => "struct",
            Self::Enum => "enum",
            Self::Fn => "fn",
            Self::Tag => "tag",
            Self::Const => "const",
            Self::Impl => "impl",
        }
    }

    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Program => "Program",
            Self::Struct => "Structs",
            Self::Enum => "Enums",
            Self::Fn => "Functions",
            Self::Tag => "Tags",
            Self::Const => "Constants",
            Self::Impl => "Methods",
        }
    }
}

/// Something that is declared.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    /// Of its place on the page of its module.
    pub(crate) anchor: String,
    /// As the source has it, without its body.
    pub(crate) signature: String,
    pub(crate) docs: String,
    pub(crate) line: usize,
    /// Fields, variants, or the functions of an `impl`.
    pub(crate) members: Vec<Member>,
    /// Of a tag.
    pub(crate) rights: Option<Rights>,
}

/// A part of an item with words of its own.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) anchor: String,
    pub(crate) signature: String,
    pub(crate) docs: String,
    pub(crate) line: usize,
}

/// What a tag's declaration says about who may use it, and for how long.
#[derive(Debug)]
pub(crate) struct Rights {
    pub(crate) lifetime: Option<String>,
    pub(crate) read: String,
    pub(crate) write: String,
}

impl Module {
    /// Reads a module. What could not be parsed is left out.
    pub(crate) fn read(import: &str, name: String, file: &str, text: String) -> Self {
        let (ast, diagnostics) = sm_compiler::parse(FileId(0), &text);
        let mut reader = Reader {
            text: &text,
            anchors: Vec::new(),
        };
        let items = ast.items.iter().filter_map(|item| reader.item(item));
        Self {
            items: items.collect(),
            docs: words(ast.docs.as_ref()),
            name,
            import: import.to_owned(),
            file: file.to_owned(),
            broken: sm_compiler::diagnostic::has_errors(&diagnostics),
            ast,
            text,
        }
    }

    /// The first sentence about it.
    pub(crate) fn summary(&self) -> &str {
        summary(&self.docs)
    }

    /// The items of one kind, in the order of the source.
    pub(crate) fn of(&self, kind: Kind) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(move |item| item.kind == kind)
    }
}

impl Item {
    pub(crate) fn summary(&self) -> &str {
        summary(&self.docs)
    }
}

/// The first paragraph, up to the end of its first sentence.
pub(crate) fn summary(docs: &str) -> &str {
    let paragraph = docs.split("\n\n").next().unwrap_or_default().trim();
    let ends = paragraph.match_indices('.').map(|(at, _)| at + 1);
    let mut ends = ends.filter(|at| {
        let rest = &paragraph[*at..];
        rest.is_empty() || rest.starts_with(char::is_whitespace)
    });
    &paragraph[..ends.next().unwrap_or(paragraph.len())]
}

fn words(docs: Option<&Docs>) -> String {
    docs.map(|docs| docs.text.to_string()).unwrap_or_default()
}

struct Reader<'s> {
    text: &'s str,
    /// Those that are taken.
    anchors: Vec<String>,
}

impl Reader<'_> {
    fn item(&mut self, item: &ast::Item) -> Option<Item> {
        if let ItemKind::Impl(decl) = &item.kind {
            return self.methods(item, decl);
        }
        let is_program = match &item.kind {
            ItemKind::Fn(decl) => decl.name.name == "main",
            _ => false,
        };
        if !item.visibility.is_public() && !is_program {
            return None;
        }
        let mut members = Vec::new();
        let mut rights = None;
        let (kind, name, signature) = match &item.kind {
            ItemKind::Fn(decl) => {
                let kind = match is_program {
                    true => Kind::Program,
                    false => Kind::Fn,
                };
                (kind, &decl.name, self.function(decl))
            }
            ItemKind::Tag(decl) => {
                rights = Some(self.rights(decl));
                let kept = Span::new(decl.name.span.start, item.span.end);
                (Kind::Tag, &decl.name, format!("tag {}", self.slice(kept)))
            }
            ItemKind::Const(decl) => {
                let kept = Span::new(decl.name.span.start, item.span.end);
                (
                    Kind::Const,
                    &decl.name,
                    format!("const {}", self.slice(kept)),
                )
            }
            ItemKind::Struct(decl) => {
                let fields = decl.fields.iter();
                let fields = fields.map(|one| (&one.name, one.span, one.docs.as_ref()));
                members = self.members(&decl.name, fields);
                let signature = self.adt("struct", &decl.name, &decl.generics, &members);
                (Kind::Struct, &decl.name, signature)
            }
            ItemKind::Enum(decl) => {
                let variants = decl.variants.iter();
                let variants = variants.map(|one| (&one.name, one.span, one.docs.as_ref()));
                members = self.members(&decl.name, variants);
                let signature = self.adt("enum", &decl.name, &decl.generics, &members);
                (Kind::Enum, &decl.name, signature)
            }
            _ => return None,
        };
        Some(Item {
            kind,
            name: name.to_string(),
            anchor: self.anchor(name.to_string()),
            signature,
            docs: words(item.docs.as_ref()),
            line: self.line(item.span),
            members,
            rights,
        })
    }

    fn methods(&mut self, item: &ast::Item, decl: &ImplDecl) -> Option<Item> {
        let public = decl.functions.iter();
        let public: Vec<_> = public.filter(|one| one.visibility.is_public()).collect();
        if public.is_empty() {
            return None;
        }
        let target = self.slice(decl.target.span);
        let members = public.into_iter().map(|function| {
            let name = function.decl.name.to_string();
            Member {
                anchor: self.anchor(format!("{target}.{name}")),
                name,
                signature: self.function(&function.decl),
                docs: words(function.docs.as_ref()),
                line: self.line(function.span),
            }
        });
        let members = members.collect();
        let head = Span::new(item.span.start, decl.target.span.end);
        Some(Item {
            kind: Kind::Impl,
            anchor: self.anchor(format!("impl-{target}")),
            name: target,
            signature: self.slice(head),
            docs: words(item.docs.as_ref()),
            line: self.line(item.span),
            members,
            rights: None,
        })
    }

    fn members<'a>(
        &mut self,
        of: &ast::Ident,
        parts: impl Iterator<Item = (&'a ast::Ident, Span, Option<&'a Docs>)>,
    ) -> Vec<Member> {
        let member = |(name, span, docs): (&ast::Ident, Span, Option<&Docs>)| Member {
            name: name.to_string(),
            anchor: self.anchor(format!("{of}.{name}")),
            signature: self.slice(span).trim_end_matches(',').to_owned(),
            docs: words(docs),
            line: self.line(span),
        };
        parts.map(member).collect()
    }

    /// The declaration of a type with its members, one a line.
    fn adt(
        &self,
        word: &str,
        name: &ast::Ident,
        generics: &[ast::GenericParam],
        members: &[Member],
    ) -> String {
        let generics = match (generics.first(), generics.last()) {
            (Some(first), Some(last)) => {
                format!("<{}>", self.slice(first.span.to(last.span)))
            }
            _ => String::new(),
        };
        let members: Vec<String> = members
            .iter()
            .map(|member| format!("    {}\n", member.signature))
            .collect();
        match members.is_empty() {
            true => format!("{word} {name}{generics} {{}}"),
            false => format!("{word} {name}{generics} {{\n{}}}", members.concat()),
        }
    }

    /// That a function is native is how it is made, not how it is used.
    fn function(&self, decl: &FnDecl) -> String {
        let header = self.slice(decl.header);
        header.strip_prefix("native ").unwrap_or(&header).to_owned()
    }

    fn rights(&self, decl: &TagDecl) -> Rights {
        let level = |of: fn(&AccessDecl) -> Option<&ast::Ident>| {
            let level = decl.access.as_ref().and_then(of);
            level.map_or_else(|| "any".to_owned(), ToString::to_string)
        };
        Rights {
            lifetime: decl.lifetime.as_ref().map(|one| self.slice(one.span)),
            read: level(|access| access.read.as_ref()),
            write: level(|access| access.write.as_ref()),
        }
    }

    fn slice(&self, span: Span) -> String {
        let text = self.text.get(span.range()).unwrap_or_default();
        outdented(text.trim_end())
    }

    fn line(&self, span: Span) -> usize {
        line_and_column(self.text, span.start).0
    }

    /// An anchor that no other has: the second `create` is `create-2`.
    fn anchor(&mut self, wanted: String) -> String {
        let wanted: String = wanted
            .chars()
            .map(|c| {
                if c.is_alphanumeric() || ".-_".contains(c) {
                    c
                } else {
                    '-'
                }
            })
            .collect();
        let mut anchor = wanted.clone();
        let mut number = 1;
        while self.anchors.contains(&anchor) {
            number += 1;
            anchor = format!("{wanted}-{number}");
        }
        self.anchors.push(anchor.clone());
        anchor
    }
}

/// The lines of a signature, without the indentation that all but the first have in common.
fn outdented(text: &str) -> String {
    let rest = text.lines().skip(1).filter(|line| !line.trim().is_empty());
    let indent = rest.map(|line| line.len() - line.trim_start().len()).min();
    let indent = indent.unwrap_or(0);
    let mut lines = text.lines();
    let mut out = lines.next().unwrap_or_default().to_owned();
    // What closes the brackets stands where the first line begins.
    for line in lines {
        out.push('\n');
        out += line.get(indent..).unwrap_or_default();
    }
    out
}
