//! Patterns of generated programs, and what is made of them.

use super::maker::{Maker, Var};
use super::types::Ty;

/// A pattern, and the names that it binds.
struct Pattern {
    text: String,
    binds: Vec<(String, Ty)>,
}

impl Pattern {
    fn of(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            binds: Vec::new(),
        }
    }

    /// `make` is given the texts of the parts.
    fn from(parts: Vec<Pattern>, make: impl FnOnce(&[String]) -> String) -> Self {
        let (mut texts, mut binds) = (Vec::new(), Vec::new());
        for part in parts {
            texts.push(part.text);
            binds.extend(part.binds);
        }
        Self {
            text: make(&texts),
            binds,
        }
    }
}

impl Maker {
    /// A pattern for values of this type, nested at most so deep.
    fn pattern(&mut self, ty: &Ty, depth: usize) -> Pattern {
        match self.dice.below(if depth == 0 { 3 } else { 10 }) {
            0 => Pattern::of("_"),
            1 | 2 => self.name_pattern(ty),
            3 => {
                let inner = self.taken_apart(ty, depth - 1);
                let name = self.name();
                // An `@` binds tighter than `|`.
                let mut whole = Pattern::from(vec![inner], |of| format!("{name} @ ({})", of[0]));
                whole.binds.push((name, ty.clone()));
                whole
            }
            4 => self.either(ty),
            _ => self.taken_apart(ty, depth - 1),
        }
    }

    fn name_pattern(&mut self, ty: &Ty) -> Pattern {
        let name = self.name();
        Pattern {
            text: name.clone(),
            binds: vec![(name, ty.clone())],
        }
    }

    /// Two patterns without names, one of which may match.
    fn either(&mut self, ty: &Ty) -> Pattern {
        let one = self.silent(ty);
        let other = self.silent(ty);
        Pattern::of(format!("({one} | {other})"))
    }

    /// A pattern that binds nothing.
    fn silent(&mut self, ty: &Ty) -> String {
        match ty {
            Ty::Int | Ty::Bool | Ty::Str | Ty::Bytes | Ty::Duration => self.value_pattern(ty),
            Ty::Option(of) => match self.dice.once_in(2) {
                true => "None".into(),
                false => format!("Some({})", self.silent(of)),
            },
            Ty::Result(ok, _) => format!("Ok({})", self.silent(ok)),
            Ty::Pair(one, other) => format!("({}, {})", self.silent(one), self.silent(other)),
            Ty::List(of) => match self.dice.below(3) {
                0 => "[]".into(),
                1 => format!("[{}, ..]", self.silent(of)),
                _ => format!("[.., {}]", self.silent(of)),
            },
            _ => "_".into(),
        }
    }

    /// A value, a range of them, or a constant.
    fn value_pattern(&mut self, ty: &Ty) -> String {
        let constant = self.constants.iter().position(|found| found == ty);
        if let Some(at) = constant
            && self.dice.once_in(4)
        {
            return format!("C{at}");
        }
        let from = self.dice.below(9);
        match ty {
            Ty::Int => match self.dice.below(4) {
                0 => format!("-{}", 1 + from),
                1 => format!("{from}..={}", from + self.dice.below(9)),
                2 => format!("-{}..{from}", 1 + self.dice.below(9)),
                _ => from.to_string(),
            },
            Ty::Duration => match self.dice.once_in(2) {
                true => format!("{from}ms..{}ms", from + 9),
                false => format!("{from}ms"),
            },
            _ => self.literal(ty),
        }
    }

    fn taken_apart(&mut self, ty: &Ty, depth: usize) -> Pattern {
        match ty {
            Ty::Int | Ty::Bool | Ty::Str | Ty::Bytes | Ty::Duration => {
                Pattern::of(self.value_pattern(ty))
            }
            Ty::List(of) => self.list_pattern(ty, of, depth),
            Ty::Option(_) if self.dice.once_in(3) => Pattern::of("None"),
            Ty::Option(of) => {
                let inner = self.pattern(of, depth);
                Pattern::from(vec![inner], |of| format!("Some({})", of[0]))
            }
            Ty::Result(ok, err) => {
                let (word, of) = match self.dice.once_in(2) {
                    true => ("Ok", ok),
                    false => ("Err", err),
                };
                let inner = self.pattern(of, depth);
                Pattern::from(vec![inner], |of| format!("{word}({})", of[0]))
            }
            Ty::Pair(..) | Ty::Triple(..) => {
                let parts = ty.parts().into_iter();
                let parts = parts.map(|part| self.pattern(part, depth)).collect();
                Pattern::from(parts, |of| format!("({})", of.join(", ")))
            }
            Ty::Struct(number, argument) => {
                self.struct_pattern(*number, argument.as_deref(), depth)
            }
            Ty::Enum(number, argument) => {
                let argument = argument.as_deref().unwrap_or(&Ty::Int);
                let variant = self.dice.below(self.enums[*number].variants.len());
                let types = self.enums[*number].variants[variant].clone();
                let parts: Vec<Pattern> = types
                    .iter()
                    .map(|ty| self.pattern(&ty.with(argument), depth))
                    .collect();
                let is_bare = parts.is_empty();
                Pattern::from(parts, |of| match is_bare {
                    true => format!("V{number}x{variant}"),
                    false => format!("V{number}x{variant}({})", of.join(", ")),
                })
            }
            _ => self.name_pattern(ty),
        }
    }

    fn list_pattern(&mut self, ty: &Ty, of: &Ty, depth: usize) -> Pattern {
        let mut parts: Vec<Pattern> = (0..self.dice.below(3))
            .map(|_| self.pattern(of, depth))
            .collect();
        let at = self.dice.below(parts.len() + 1);
        match self.dice.below(4) {
            0 => {}
            1 => parts.insert(at, Pattern::of("..")),
            _ => {
                let rest = self.name_pattern(ty);
                parts.insert(at, Pattern::from(vec![rest], |of| format!("..{}", of[0])));
            }
        }
        Pattern::from(parts, |of| format!("[{}]", of.join(", ")))
    }

    fn struct_pattern(&mut self, number: usize, argument: Option<&Ty>, depth: usize) -> Pattern {
        let argument = argument.unwrap_or(&Ty::Int);
        let fields = self.structs[number].fields.iter();
        let types: Vec<Ty> = fields.map(|field| field.ty.with(argument)).collect();
        let shown = 1 + self.dice.below(types.len());
        let parts = types[..shown].iter();
        let parts = parts.map(|ty| self.pattern(ty, depth)).collect();
        Pattern::from(parts, |of| {
            let named = of.iter().enumerate();
            let mut list: Vec<String> = named.map(|(at, part)| format!("x{at}: {part}")).collect();
            if shown < types.len() {
                list.push("..".into());
            }
            format!("S{number}({})", list.join(", "))
        })
    }

    /// What a pattern of a statement is matched against: a variable, or a list of its own.
    fn subject(&mut self) -> Option<Var> {
        self.var_of(|ty| !matches!(ty, Ty::Fn(..) | Ty::Param | Ty::Float | Ty::Map(..)))
    }

    fn bind_all(&mut self, pattern: &Pattern) {
        for (name, ty) in &pattern.binds {
            self.bind(name, ty.clone());
        }
    }

    /// A match over a variable with nested patterns and conditions.
    pub(crate) fn matched_deep(&mut self, ty: &Ty, depth: usize) -> Option<String> {
        let var = self.subject()?;
        let before = self.scope.len();
        let mut arms = Vec::new();
        for _ in 0..1 + self.dice.below(3) {
            let pattern = self.pattern(&var.ty, 2);
            self.bind_all(&pattern);
            let guard = match self.dice.once_in(3) {
                true => format!(" if {}", self.expr(&Ty::Bool, depth.min(1))),
                false => String::new(),
            };
            let value = self.expr(ty, depth);
            arms.push(format!("{}{guard} => {value}", pattern.text));
            self.scope.truncate(before);
        }
        let last = self.expr(ty, depth);
        Some(format!(
            "(match {} {{ {}, _ => {last} }})",
            var.name,
            arms.join(", ")
        ))
    }

    /// Conditions joined by `&&`, with a `let` among them. What they bind stays in scope.
    pub(crate) fn conditions(&mut self, depth: usize) -> String {
        let mut parts = Vec::new();
        for at in 0..1 + self.dice.below(3) {
            match self.subject() {
                Some(var) if at < 2 => {
                    let pattern = self.pattern(&var.ty, 2);
                    self.bind_all(&pattern);
                    parts.push(format!("let {} = {}", pattern.text, var.name));
                }
                _ => parts.push(self.expr(&Ty::Bool, depth.min(1))),
            }
        }
        parts.join(" && ")
    }

    /// `if let .. && .. { .. } else { .. }`
    pub(crate) fn if_let(&mut self, depth: usize) {
        let before = self.scope.len();
        let conditions = self.conditions(1);
        self.line(&format!("if {conditions} {{"));
        self.block(depth);
        self.scope.truncate(before);
        if self.dice.once_in(2) {
            self.line("} else {");
            self.block(depth);
        }
        self.line("}");
    }

    /// `while .. && let .. { .. }`, counted.
    pub(crate) fn while_let(&mut self, depth: usize) {
        let (before, calls) = (self.scope.len(), std::mem::take(&mut self.calls));
        let counter = self.name();
        let conditions = self.conditions(1);
        self.line(&format!("var {counter} = 0"));
        self.line(&format!("while {counter} < 3 && {conditions} {{"));
        self.line(&format!("    {counter} += 1"));
        self.loop_block(depth, &["break", "continue"]);
        self.line("}");
        self.scope.truncate(before);
        self.calls = calls;
    }

    /// A `let` of a pattern, with another way out if it does not match.
    pub(crate) fn let_else(&mut self) {
        let Some(var) = self.subject() else {
            return self.binding(false);
        };
        let pattern = self.pattern(&var.ty, 2);
        let way_out = match (self.exits, self.answers.clone()) {
            (&[], Some(answers)) if self.dice.once_in(2) => {
                format!("return {}", self.expr(&answers, 1))
            }
            (&[], _) => format!("panic(\"{} does not match\")", var.name),
            (exits, _) => (*self.dice.pick(exits)).to_owned(),
        };
        self.line(&format!(
            "let {} = {} else {{ {way_out} }}",
            pattern.text, var.name
        ));
        self.bind_all(&pattern);
    }

    /// A `loop` with a value, left from inside another loop too.
    pub(crate) fn loop_value(&mut self, depth: usize) {
        let ty = self.data(1);
        let (name, label, counter) = (self.name(), self.name(), self.name());
        self.line(&format!("var {counter} = 0"));
        self.line(&format!("let {name}: {} = {label}: loop {{", ty.text()));
        self.indent += 1;
        let calls = std::mem::take(&mut self.calls);
        self.line(&format!("{counter} += 1"));
        let value = self.expr(&ty, 2);
        self.line(&format!("if {counter} > 3 {{ break {label}: {value} }}"));
        let (test, value) = (self.expr(&Ty::Bool, 2), self.expr(&ty, 1));
        self.line(&format!(
            "for _ in 0..2 {{ if {test} {{ break {label}: {value} }} }}"
        ));
        self.indent -= 1;
        self.loop_block(depth, &["continue"]);
        self.indent += 1;
        let (test, value) = (self.expr(&Ty::Bool, 2), self.expr(&ty, 1));
        self.line(&format!("if {test} {{ break {value} }}"));
        self.calls = calls;
        self.indent -= 1;
        self.line("}");
        self.bind(&name, ty);
    }
}
