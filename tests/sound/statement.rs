//! Statements of generated programs.

use super::maker::{LEVELS, Maker, Var};
use super::types::Ty;

impl Maker {
    pub(crate) fn statement(&mut self, depth: usize) {
        match self.dice.below(if depth == 0 { 6 } else { 18 }) {
            0 | 1 => self.binding(false),
            2 => self.binding(true),
            3 => self.print(),
            4 => self.change(),
            5 => self.tag(),
            6 => self.condition(depth - 1),
            7 => self.match_statement(depth - 1),
            8 => self.counted(depth - 1),
            9 => self.over_a_list(depth - 1),
            10 => self.labelled(depth - 1),
            11 => self.let_else(),
            12 => self.message(),
            13 => self.if_let(depth - 1),
            14 => self.while_let(depth - 1),
            15 => self.loop_value(depth - 1),
            16 => self.over_a_collection(depth - 1),
            _ => self.closure(depth - 1),
        }
    }

    pub(crate) fn binding(&mut self, is_var: bool) {
        let ty = self.any(2);
        let value = self.expr(&ty, 3);
        let name = self.name();
        let word = if is_var { "var" } else { "let" };
        if ty.is_firm() && self.dice.once_in(2) {
            self.line(&format!("{word} {name} = {value}"));
        } else {
            self.line(&format!("{word} {name}: {} = {value}", ty.text()));
        }
        self.scope.push(Var { name, ty, is_var });
    }

    fn print(&mut self) {
        let ty = self.data(2);
        if ty.is_firm() {
            let value = self.expr(&ty, 3);
            self.line(&format!("print({value})"));
        } else if let Some(var) = self.var_of(|ty| !ty.holds_function() && !ty.holds_parameter()) {
            self.line(&format!("print(\"{0} {{{0}}}\")", var.name));
        }
    }

    /// Changes a variable, a list, a map, a set or a field.
    fn change(&mut self) {
        let Some(var) = self.var_of(|ty| !ty.holds_parameter()) else {
            return;
        };
        let name = &var.name;
        match &var.ty {
            Ty::List(of) if !of.holds_function() => {
                let value = self.expr(of, 2);
                self.line(&format!("{name}.push({value})"));
                if self.dice.once_in(3) {
                    let value = self.expr(of, 1);
                    self.line(&format!("{name}[{name}.len() - 1] = {value}"));
                }
            }
            Ty::Map(key, of) => {
                let (key, value) = (self.expr(key, 1), self.expr(of, 2));
                self.line(&format!("{name}[{key}] = {value}"));
            }
            Ty::Set(of) => {
                let value = self.expr(of, 1);
                self.line(&format!("let _ = {name}.add({value})"));
            }
            Ty::Struct(number, argument) => self.change_field(name, *number, argument.as_deref()),
            Ty::Int if var.is_var => {
                let operator = *self
                    .dice
                    .pick(&["+%=", "-%=", "*%=", "=", "^=", "|=", "&="]);
                let value = self.expr(&Ty::Int, 2);
                self.line(&format!("{name} {operator} {value}"));
            }
            ty if var.is_var => {
                let value = self.expr(ty, 2);
                self.line(&format!("{name} = {value}"));
            }
            _ => {}
        }
    }

    fn change_field(&mut self, name: &str, number: usize, argument: Option<&Ty>) {
        let fields = &self.structs[number].fields;
        let Some(at) = fields.iter().position(|field| field.is_var) else {
            return;
        };
        let ty = fields[at].ty.with(argument.unwrap_or(&Ty::Int));
        let value = self.expr(&ty, 2);
        self.line(&format!("{name}.x{at} = {value}"));
    }

    fn tag(&mut self) {
        let number = self.dice.below(self.tags.len());
        let ty = self.tags[number].clone();
        match self.dice.below(5) {
            0 => self.line(&format!("print(has(t{number}))")),
            1 => self.line(&format!("print(delete(t{number}))")),
            2 => self.line(&format!("print(read(t{number}))")),
            3 => {
                let name = self.name();
                self.line(&format!("let {name} = block(t{number}, timeout: 1ms)"));
                self.bind(&name, ty.option());
            }
            _ => {
                let value = self.expr(&ty, 2);
                self.line(&format!("print(write(t{number}, {value}).is_ok())"));
            }
        }
    }

    /// A block of statements, whose names end with it.
    pub(crate) fn block(&mut self, depth: usize) {
        let (before, calls) = (self.scope.len(), self.calls);
        self.indent += 1;
        for _ in 0..1 + self.dice.below(2) {
            self.statement(depth);
        }
        self.indent -= 1;
        self.scope.truncate(before);
        self.calls = self.calls.min(calls);
    }

    fn condition(&mut self, depth: usize) {
        let option = self.var_of(|ty| matches!(ty, Ty::Option(_)));
        match option {
            Some(Var {
                name,
                ty: Ty::Option(of),
                ..
            }) if self.dice.once_in(2) => {
                let part = self.name();
                self.line(&format!("if let Some({part}) = {name} {{"));
                self.scope.push(Var {
                    name: part,
                    ty: *of,
                    is_var: false,
                });
                self.block(depth);
                self.scope.pop();
            }
            _ => {
                let test = self.expr(&Ty::Bool, 2);
                self.line(&format!("if {test} {{"));
                self.block(depth);
            }
        }
        if self.dice.once_in(2) {
            self.line("} else {");
            self.block(depth);
        }
        self.line("}");
    }

    /// A match over an enum, with a block for each variant.
    fn match_statement(&mut self, depth: usize) {
        let Some(var) = self.var_of(|ty| matches!(ty, Ty::Enum(..))) else {
            return self.binding(false);
        };
        let Ty::Enum(number, argument) = &var.ty else {
            return;
        };
        let argument = argument.as_deref().cloned().unwrap_or(Ty::Int);
        self.line(&format!("match {} {{", var.name));
        self.indent += 1;
        for variant in 0..self.enums[*number].variants.len() {
            let parts = self.enums[*number].variants[variant].clone();
            let before = self.scope.len();
            let names: Vec<String> = parts.iter().map(|_| self.name()).collect();
            for (name, part) in std::iter::zip(&names, &parts) {
                self.bind(name, part.with(&argument));
            }
            let list = match names.is_empty() {
                true => String::new(),
                false => format!("({})", names.join(", ")),
            };
            self.line(&format!("V{number}x{variant}{list} => {{"));
            self.block(depth);
            self.line("}");
            self.scope.truncate(before);
        }
        self.indent -= 1;
        self.line("}");
    }

    /// Inside of a loop nobody is called. `exits` are the words that leave the block.
    pub(crate) fn loop_block(&mut self, depth: usize, exits: &'static [&'static str]) {
        let calls = std::mem::take(&mut self.calls);
        let outside = std::mem::replace(&mut self.exits, exits);
        self.block(depth);
        self.exits = outside;
        self.calls = calls;
    }

    /// A loop over the pairs of a map, or over the elements of a set.
    fn over_a_collection(&mut self, depth: usize) {
        let Some(var) = self.var_of(|ty| matches!(ty, Ty::Map(..) | Ty::Set(_))) else {
            return self.over_a_list(depth);
        };
        let (one, other) = (self.name(), self.name());
        let before = self.scope.len();
        match var.ty {
            Ty::Map(key, of) => {
                self.line(&format!("for ({one}, {other}) in {}.copy() {{", var.name));
                self.bind(&one, *key);
                self.bind(&other, *of);
            }
            Ty::Set(of) => {
                self.line(&format!("for {one} in {}.copy() {{", var.name));
                self.bind(&one, *of);
            }
            _ => {}
        }
        self.loop_block(depth, &["break", "continue"]);
        self.scope.truncate(before);
        self.line("}");
    }

    fn counted(&mut self, depth: usize) {
        let name = self.name();
        let bound = self.dice.below(5);
        self.line(&format!("for {name} in 0..{bound} {{"));
        self.bind(&name, Ty::Int);
        self.loop_block(depth, &["break", "continue"]);
        self.scope.pop();
        self.line("}");
    }

    /// A loop over a copy: the block may change the list.
    fn over_a_list(&mut self, depth: usize) {
        let Some(var) = self.var_of(|ty| matches!(ty, Ty::List(_))) else {
            return self.counted(depth);
        };
        let Ty::List(of) = var.ty else { return };
        let name = self.name();
        self.line(&format!(
            "for {name} in {}.slice(0, {}.len().min(4)) {{",
            var.name, var.name
        ));
        self.scope.push(Var {
            name,
            ty: *of,
            is_var: false,
        });
        self.loop_block(depth, &["break", "continue"]);
        self.scope.pop();
        self.line("}");
    }

    fn labelled(&mut self, depth: usize) {
        let (label, counter) = (self.name(), self.name());
        self.line(&format!("var {counter} = 0"));
        self.line(&format!("{label}: loop {{"));
        self.indent += 1;
        self.line(&format!("{counter} += 1"));
        self.line(&format!("if {counter} > 3 {{ break {label} }}"));
        let calls = std::mem::take(&mut self.calls);
        let test = self.expr(&Ty::Bool, 2);
        self.line(&format!(
            "for _ in 0..2 {{ if {test} {{ continue {label} }} }}"
        ));
        self.calls = calls;
        self.indent -= 1;
        self.loop_block(depth, &["break", "continue"]);
        self.line("}");
    }

    /// Starts another message, or lets the others go on.
    fn message(&mut self) {
        let starts: Vec<usize> = (0..self.functions.len())
            .filter(|at| self.can_start(*at))
            .collect();
        if self.calls == 0 || starts.is_empty() {
            return self.line("yield()");
        }
        self.calls -= 1;
        let at = *self.dice.pick(&starts);
        let arguments = self.arguments(at, &Ty::Int);
        let name = &self.functions[at].name;
        self.line(&format!("let _ = spawn {name}({arguments})"));
    }

    fn can_start(&self, function: usize) -> bool {
        let function = &self.functions[function];
        let mut params = function.params.iter();
        function.level < LEVELS && params.all(|ty| !ty.holds_function() && !ty.holds_parameter())
    }

    /// A closure with statements of its own.
    fn closure(&mut self, depth: usize) {
        let (from, to) = (self.data(1), self.data(1));
        let (name, param) = (self.name(), self.name());
        self.line(&format!(
            "let {name}: fn({}) -> {} = fn({param}) {{",
            from.text(),
            to.text()
        ));
        self.in_closure(|maker| {
            maker.bind(&param, from.clone());
            maker.indent += 1;
            maker.statement(depth.min(1));
            let answer = maker.expr(&to, 2);
            maker.line(&answer);
            maker.indent -= 1;
            maker.line("}");
        });
        self.bind(&name, from.function(to));
    }
}
