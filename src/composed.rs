//! A source text put together from pieces of other texts, and the way back to them.
//!
//! A prompt compiles what a person wrote together with what was written before and some glue. What
//! the compiler says about the whole is shown where the person wrote it.

use std::ops::Range;
use std::rc::Rc;

use sm_compiler::ast::Span;

/// A text that somebody wrote, and what people call it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) name: String,
    pub(crate) text: String,
}

/// A range of a text.
#[derive(Clone, Debug)]
pub(crate) struct Excerpt {
    pub(crate) text: Rc<Text>,
    pub(crate) range: Range<usize>,
}

impl Excerpt {
    pub(crate) fn as_str(&self) -> &str {
        &self.text.text[self.range.clone()]
    }
}

/// On whose behalf a piece is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// What was written just now.
    Input,
    /// A declaration of the session, by its place in the list.
    Definition(usize),
    /// A binding of the session, by its place in the list.
    Binding(usize),
    Glue,
}

#[derive(Debug)]
struct Part {
    /// In the whole.
    at: Range<usize>,
    owner: Owner,
    from: Origin,
}

#[derive(Debug)]
enum Origin {
    Verbatim(Excerpt),
    /// Made out of this.
    Instead(Excerpt),
    Nowhere,
}

/// The whole.
#[derive(Debug, Default)]
pub(crate) struct Composed {
    text: String,
    parts: Vec<Part>,
}

impl Composed {
    /// Adds a piece as it was written.
    pub(crate) fn verbatim(&mut self, owner: Owner, excerpt: &Excerpt) -> Range<usize> {
        self.push(owner, Origin::Verbatim(excerpt.clone()), excerpt.as_str())
    }

    /// Adds text that stands for a piece.
    pub(crate) fn instead(&mut self, owner: Owner, excerpt: &Excerpt, text: &str) {
        self.push(owner, Origin::Instead(excerpt.clone()), text);
    }

    /// Adds text that nobody wrote.
    pub(crate) fn glue(&mut self, owner: Owner, text: &str) {
        self.push(owner, Origin::Nowhere, text);
    }

    fn push(&mut self, owner: Owner, from: Origin, text: &str) -> Range<usize> {
        let at = self.text.len()..self.text.len() + text.len();
        self.text.push_str(text);
        let part = Part {
            at: at.clone(),
            owner,
            from,
        };
        self.parts.push(part);
        at
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The texts that pieces come from, each once.
    pub(crate) fn texts(&self) -> Vec<&Rc<Text>> {
        let mut texts: Vec<&Rc<Text>> = Vec::new();
        for part in &self.parts {
            if let Origin::Verbatim(excerpt) | Origin::Instead(excerpt) = &part.from
                && !texts.iter().any(|known| Rc::ptr_eq(known, &excerpt.text))
            {
                texts.push(&excerpt.text);
            }
        }
        texts
    }

    pub(crate) fn owner(&self, span: Span) -> Owner {
        self.part(span.start as usize)
            .map_or(Owner::Glue, |part| part.owner)
    }

    /// Where a range of the whole was written; `None` for glue.
    pub(crate) fn origin(&self, span: Span) -> Option<Excerpt> {
        let (start, end) = (span.start as usize, span.end as usize);
        let part = self.part(start)?;
        match &part.from {
            Origin::Verbatim(excerpt) => {
                let from = excerpt.range.start + (start - part.at.start);
                let to = excerpt.range.start + (end.min(part.at.end) - part.at.start);
                Some(Excerpt {
                    text: excerpt.text.clone(),
                    range: from..to.max(from),
                })
            }
            Origin::Instead(excerpt) => Some(excerpt.clone()),
            Origin::Nowhere => None,
        }
    }

    /// Where the glue at a place follows on what was written just now: what is wrong there is
    /// missing at the end of that.
    pub(crate) fn end_before(&self, span: Span) -> Option<Span> {
        let at = span.start as usize;
        let mut before = self
            .parts
            .iter()
            .rev()
            .skip_while(|part| part.at.start > at);
        let input = before.find(|part| part.owner == Owner::Input && !part.at.is_empty())?;
        Some(Span::point(input.at.end as u32))
    }

    /// The part at a place. A place at the end of what somebody wrote belongs to it, not to the
    /// glue that follows: there is what is missing.
    fn part(&self, at: usize) -> Option<&Part> {
        let after = self.parts.partition_point(|part| part.at.end <= at);
        let part = self.parts.get(after);
        let is_glue = part.is_none_or(|part| matches!(part.from, Origin::Nowhere));
        let before = after.checked_sub(1).and_then(|index| self.parts.get(index));
        match before.filter(|before| is_glue && before.at.end == at) {
            Some(before) if !matches!(before.from, Origin::Nowhere) => Some(before),
            _ => part,
        }
    }
}
