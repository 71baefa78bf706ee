//! Expressions of generated programs, each on one line.

use super::maker::{LEVELS, Maker, Method, Var};
use super::types::Ty;

impl Maker {
    /// An expression of this type, nested at most so deep.
    pub(crate) fn expr(&mut self, ty: &Ty, depth: usize) -> String {
        if depth == 0 {
            return self.simple(ty);
        }
        let made = match self.dice.below(12) {
            0 => Some(self.choice(ty, depth - 1)),
            1 => self.matched(ty, depth - 1),
            6 => self.matched_deep(ty, depth - 1),
            7 => self.tried(ty),
            2 => self.call(ty),
            3 => self.fallen_back(ty, depth - 1),
            4 => self.applied(ty, depth - 1),
            5 => self.method(ty, depth - 1),
            _ => None,
        };
        made.unwrap_or_else(|| self.built(ty, depth - 1))
    }

    /// A variable, a part of one, or the smallest value.
    fn simple(&mut self, ty: &Ty) -> String {
        if self.dice.once_in(3) && !ty.holds_parameter() && !ty.holds_function() {
            return self.smallest(ty);
        }
        match self.var_of(|found| found == ty) {
            Some(var) => var.name,
            None => self.part(ty).unwrap_or_else(|| self.smallest(ty)),
        }
    }

    /// A field of a struct, or of a pair.
    fn part(&mut self, ty: &Ty) -> Option<String> {
        let mut parts = Vec::new();
        for var in &self.scope {
            match &var.ty {
                Ty::Pair(one, _) if **one == *ty => parts.push(format!("{}.0", var.name)),
                Ty::Pair(_, other) if **other == *ty => parts.push(format!("{}.1", var.name)),
                Ty::Triple(_, _, last) if **last == *ty => parts.push(format!("{}.2", var.name)),
                Ty::Struct(number, argument) => {
                    let argument = argument.as_deref().unwrap_or(&Ty::Int);
                    for (at, field) in self.structs[*number].fields.iter().enumerate() {
                        if field.ty.with(argument) == *ty {
                            parts.push(format!("{}.x{at}", var.name));
                        }
                    }
                }
                _ => {}
            }
        }
        (!parts.is_empty()).then(|| self.dice.pick(&parts).clone())
    }

    pub(crate) fn var_of(&mut self, fits: impl Fn(&Ty) -> bool) -> Option<Var> {
        let found: Vec<&Var> = self.scope.iter().filter(|var| fits(&var.ty)).collect();
        (!found.is_empty()).then(|| (*self.dice.pick(&found)).clone())
    }

    fn compared_var(&mut self) -> Option<Var> {
        let mut fitting = self.scope.clone();
        fitting.retain(|var| self.is_compared(&var.ty));
        (!fitting.is_empty()).then(|| self.dice.pick(&fitting).clone())
    }

    pub(crate) fn literal(&mut self, ty: &Ty) -> String {
        match ty {
            Ty::Int => match self.dice.below(8) {
                0 => "0x7fff_ffff".into(),
                1 => format!("(-{})", 1 + self.dice.below(9)),
                _ => self.dice.below(20).to_string(),
            },
            Ty::Float => format!("{}.{}", self.dice.below(9), self.dice.below(100)),
            Ty::Bool => (self.dice.below(2) == 0).to_string(),
            Ty::Str => (*self
                .dice
                .pick(&["\"\"", "\"a\"", "\"b\\n\"", "\"\u{e9} \u{1F600}\""]))
            .into(),
            Ty::Bytes => (*self.dice.pick(&["b\"\"", "b\"ab\"", "b\"\\x00\\xff\""])).into(),
            _ => format!("{}ms", self.dice.below(50)),
        }
    }

    /// The smallest value: it ends what nests.
    pub(crate) fn smallest(&mut self, ty: &Ty) -> String {
        match ty {
            _ if ty.is_scalar() => self.literal(ty),
            Ty::List(_) => "[]".into(),
            Ty::Map(..) => "[:]".into(),
            Ty::Set(_) => "#{}".into(),
            Ty::Option(_) => "None".into(),
            Ty::Result(ok, err) if ok.holds_parameter() => format!("Err({})", self.smallest(err)),
            Ty::Result(ok, _) => format!("Ok({})", self.smallest(ok)),
            Ty::Pair(one, other) => format!("({}, {})", self.smallest(one), self.smallest(other)),
            Ty::Triple(one, two, three) => format!(
                "({}, {}, {})",
                self.smallest(one),
                self.smallest(two),
                self.smallest(three)
            ),
            Ty::Struct(number, argument) => {
                self.structure_of(*number, argument.as_deref(), 0, Self::smallest_at)
            }
            Ty::Enum(number, argument) => {
                self.variant_of(*number, argument.as_deref(), 0, 0, Self::smallest_at)
            }
            Ty::Fn(_, to) => {
                let answer = self.in_closure(|maker| maker.simple(to));
                format!("fn(_) {{ {answer} }}")
            }
            // A generic function has a value of its parameter, and its closures see it.
            _ => "p0".into(),
        }
    }

    fn smallest_at(&mut self, ty: &Ty, _depth: usize) -> String {
        self.smallest(ty)
    }

    fn structure_of(
        &mut self,
        number: usize,
        argument: Option<&Ty>,
        depth: usize,
        make: impl Fn(&mut Self, &Ty, usize) -> String,
    ) -> String {
        let argument = argument.unwrap_or(&Ty::Int);
        let types: Vec<Ty> = self.structs[number]
            .fields
            .iter()
            .map(|field| field.ty.with(argument))
            .collect();
        let mut fields: Vec<String> = Vec::new();
        for (at, ty) in types.iter().enumerate() {
            if self.structs[number].fields[at].has_default && self.dice.once_in(2) {
                continue;
            }
            let value = make(self, ty, depth);
            fields.push(format!("x{at}: {value}"));
        }
        if self.dice.once_in(2) {
            fields.reverse();
        }
        format!("S{number}({})", fields.join(", "))
    }

    fn variant_of(
        &mut self,
        number: usize,
        argument: Option<&Ty>,
        variant: usize,
        depth: usize,
        make: impl Fn(&mut Self, &Ty, usize) -> String,
    ) -> String {
        let argument = argument.unwrap_or(&Ty::Int);
        let types = self.enums[number].variants[variant].clone();
        if types.is_empty() {
            return format!("V{number}x{variant}");
        }
        let mut parts = Vec::new();
        for ty in &types {
            parts.push(make(self, &ty.with(argument), depth));
        }
        format!("V{number}x{variant}({})", parts.join(", "))
    }

    /// What stands in a closure: it sees no `var`, which it could only read before it changes,
    /// calls nobody, and leaves no loop.
    pub(crate) fn in_closure<R>(&mut self, make: impl FnOnce(&mut Self) -> R) -> R {
        let scope = self.scope.clone();
        let calls = std::mem::take(&mut self.calls);
        let (answers, exits) = (self.answers.take(), std::mem::take(&mut self.exits));
        self.scope.retain(|var| !var.is_var);
        let made = make(self);
        (self.scope, self.calls) = (scope, calls);
        (self.answers, self.exits) = (answers, exits);
        made
    }

    /// A value of the type, from its parts.
    fn built(&mut self, ty: &Ty, depth: usize) -> String {
        if self.dice.once_in(3) {
            return self.simple(ty);
        }
        match ty {
            Ty::Int => self.int(depth),
            Ty::Float => self.float(depth),
            Ty::Bool => self.bool(depth),
            Ty::Str => self.str(depth),
            Ty::Duration => {
                let (one, other) = (self.expr(ty, depth), self.expr(ty, depth));
                format!("({one} + {other})")
            }
            Ty::List(of) => self.list(of, depth),
            Ty::Map(key, of) => {
                let (key, value) = (self.expr(key, 0), self.expr(of, depth));
                format!("[{key}: {value}]")
            }
            Ty::Set(of) => self.set(ty, of, depth),
            Ty::Bytes => {
                let (one, other) = (self.expr(ty, depth), self.expr(ty, depth));
                format!("{one}.concat({other})")
            }
            Ty::Option(of) => self.option(of, depth),
            Ty::Result(ok, _) if self.dice.once_in(2) => format!("Ok({})", self.expr(ok, depth)),
            Ty::Result(_, err) => format!("Err({})", self.expr(err, depth)),
            Ty::Pair(one, other) => {
                format!("({}, {})", self.expr(one, depth), self.expr(other, depth))
            }
            Ty::Triple(one, two, three) => format!(
                "({}, {}, {})",
                self.expr(one, depth),
                self.expr(two, depth),
                self.expr(three, depth)
            ),
            Ty::Struct(number, argument) => match self.updated(ty, *number, depth) {
                Some(made) => made,
                None => self.structure_of(*number, argument.as_deref(), depth, Self::expr),
            },
            Ty::Enum(number, argument) => {
                let variant = self.dice.below(self.enums[*number].variants.len());
                let variant = if depth == 0 { 0 } else { variant };
                self.variant_of(*number, argument.as_deref(), variant, depth, Self::expr)
            }
            Ty::Fn(from, to) => self.function_value(from, to, depth),
            Ty::Param => self.simple(ty),
        }
    }

    /// `S0(..old, x1: value)`
    fn updated(&mut self, ty: &Ty, number: usize, depth: usize) -> Option<String> {
        let var = self.var_of(|found| found == ty)?;
        let Ty::Struct(_, argument) = ty else {
            return None;
        };
        let fields = &self.structs[number].fields;
        let at = self.dice.below(fields.len());
        let field = fields[at].ty.with(argument.as_deref().unwrap_or(&Ty::Int));
        let value = self.expr(&field, depth);
        Some(format!("S{number}(..{}, x{at}: {value})", var.name))
    }

    fn set(&mut self, ty: &Ty, of: &Ty, depth: usize) -> String {
        if let Some(var) = self.var_of(|found| found == ty)
            && self.dice.once_in(2)
        {
            let methods = [
                "union",
                "intersection",
                "difference",
                "symmetric_difference",
            ];
            let method = *self.dice.pick(&methods);
            return format!("{}.{method}({})", var.name, self.expr(ty, depth));
        }
        let values: Vec<String> = (0..1 + self.dice.below(3))
            .map(|_| self.expr(of, 0))
            .collect();
        format!("#{{{}}}", values.join(", "))
    }

    pub(crate) fn function_value(&mut self, from: &Ty, to: &Ty, depth: usize) -> String {
        let param = self.name();
        let answer = self.in_closure(|maker| {
            maker.bind(&param, from.clone());
            maker.expr(to, depth)
        });
        format!("fn({param}) {{ {answer} }}")
    }

    fn int(&mut self, depth: usize) -> String {
        let one = self.expr(&Ty::Int, depth);
        match self.dice.below(16) {
            12 => {
                let methods = [
                    "count_ones",
                    "count_zeros",
                    "leading_zeros",
                    "trailing_zeros",
                    "sign",
                ];
                format!("{one}.{}()", self.dice.pick(&methods))
            }
            13 => {
                let method = *self
                    .dice
                    .pick(&["rotate_left", "rotate_right", "min", "max"]);
                format!("{one}.{method}({})", self.dice.below(70))
            }
            14 => self.counted_part(),
            0 => format!("({one} / {})", 1 + self.dice.below(9)),
            1 => format!("({one} % {})", 1 + self.dice.below(9)),
            2 => format!("({one} >> {})", self.dice.below(64)),
            3 => format!("({one} >>> {})", self.dice.below(64)),
            4 => format!("(~{one})"),
            5 => format!("{}.len()", self.expr(&Ty::Str, depth)),
            6 => self.folded(depth),
            7 => {
                let operator = *self.dice.pick(&["&", "|", "^", "+"]);
                format!("({one} {operator} {})", self.expr(&Ty::Int, depth))
            }
            _ => {
                let operator = *self.dice.pick(&["+%", "-%", "*%"]);
                format!("({one} {operator} {})", self.expr(&Ty::Int, depth))
            }
        }
    }

    /// How much is in a collection.
    fn counted_part(&mut self) -> String {
        let is_collection = |ty: &Ty| {
            matches!(
                ty,
                Ty::List(_) | Ty::Map(..) | Ty::Set(_) | Ty::Str | Ty::Bytes
            )
        };
        match self.var_of(is_collection) {
            Some(var) => format!("{}.len()", var.name),
            None => self.literal(&Ty::Int),
        }
    }

    /// The sum of something over a list.
    fn folded(&mut self, depth: usize) -> String {
        let Some(list) = self.var_of(|ty| matches!(ty, Ty::List(_))) else {
            return self.literal(&Ty::Int);
        };
        let Ty::List(of) = &list.ty else {
            return self.literal(&Ty::Int);
        };
        let (sum, one) = (self.name(), self.name());
        let term = self.in_closure(|maker| {
            maker.bind(&one, (**of).clone());
            maker.expr(&Ty::Int, depth)
        });
        format!(
            "{}.fold(0, fn({sum}, {one}) {{ {sum} +% {term} }})",
            list.name
        )
    }

    fn float(&mut self, depth: usize) -> String {
        let one = self.expr(&Ty::Float, depth);
        match self.dice.below(4) {
            0 => format!("{}.float()", self.expr(&Ty::Int, depth)),
            1 => format!("{one}.abs().sqrt()"),
            _ => {
                let operator = *self.dice.pick(&["+", "-", "*", "/"]);
                format!("({one} {operator} {})", self.expr(&Ty::Float, depth))
            }
        }
    }

    fn bool(&mut self, depth: usize) -> String {
        match self.dice.below(7) {
            6 => match self.var_of(|ty| matches!(ty, Ty::Set(_))) {
                Some(Var {
                    name,
                    ty: Ty::Set(of),
                    ..
                }) => format!("{name}.has({})", self.expr(&of, depth.min(1))),
                _ => self.literal(&Ty::Bool),
            },
            0 => format!("(!{})", self.expr(&Ty::Bool, depth)),
            1 | 2 => {
                let operator = *self.dice.pick(&["&&", "||"]);
                let (one, other) = (self.expr(&Ty::Bool, depth), self.expr(&Ty::Bool, depth));
                format!("({one} {operator} {other})")
            }
            3 => match self.compared_var() {
                Some(var) => {
                    let other = self.expr(&var.ty, depth);
                    let operator = *self.dice.pick(&["==", "!="]);
                    format!("({} {operator} {other})", var.name)
                }
                None => self.literal(&Ty::Bool),
            },
            _ => {
                let ty = [Ty::Int, Ty::Float, Ty::Str, Ty::Duration][self.dice.below(4)].clone();
                let operator = *self.dice.pick(&["<", "<=", ">", ">=", "=="]);
                let (one, other) = (self.expr(&ty, depth), self.expr(&ty, depth));
                format!("({one} {operator} {other})")
            }
        }
    }

    fn str(&mut self, depth: usize) -> String {
        let ty = [Ty::Int, Ty::Float, Ty::Bool, Ty::Str][self.dice.below(4)].clone();
        let value = self.expr(&ty, depth.min(1));
        if self.dice.once_in(3) {
            let formats: &[&str] = match ty {
                Ty::Int => &[",", "#x", "08b", "+", "#X", "o", "*^9", "#010x", "06"],
                Ty::Float => &[".2", "e", "+09.3", ",.1", ">12"],
                Ty::Str => &["6", "*^6", ".1", ">4.2"],
                _ => &["<7", ">7"],
            };
            return format!("\"{{({value}):{}}}\"", self.dice.pick(formats));
        }
        match self.var_of(|ty| !ty.holds_function() && !ty.holds_parameter()) {
            Some(var) => format!("\"{{{value}}} {{{}}}\"", var.name),
            None => format!("\"<{{{value}}}>\""),
        }
    }

    fn list(&mut self, of: &Ty, depth: usize) -> String {
        if let Some(list) = self.var_of(|ty| matches!(ty, Ty::List(_)))
            && self.dice.once_in(2)
            && !of.holds_parameter()
        {
            let Ty::List(from) = &list.ty else {
                return "[]".into();
            };
            let function = self.function_value(from, of, depth.min(1));
            return format!("{}.map({function})", list.name);
        }
        let values: Vec<String> = (0..1 + self.dice.below(3))
            .map(|_| self.expr(of, depth))
            .collect();
        format!("[{}]", values.join(", "))
    }

    fn option(&mut self, of: &Ty, depth: usize) -> String {
        let list = of.clone().list();
        let tag = self.tags.iter().position(|ty| ty == of);
        match self.dice.below(5) {
            0 => "None".into(),
            1 => match self.var_of(|ty| *ty == list) {
                Some(var) => format!("{}.get({})", var.name, self.dice.below(3)),
                None => "None".into(),
            },
            2 => match self.var_of(|ty| *ty == list) {
                Some(var) => {
                    let test = self.function_value(of, &Ty::Bool, depth.min(1));
                    format!("{}.find({test})", var.name)
                }
                None => "None".into(),
            },
            3 if tag.is_some() => format!("read(t{})", tag.unwrap_or_default()),
            _ => format!("Some({})", self.expr(of, depth)),
        }
    }

    fn choice(&mut self, ty: &Ty, depth: usize) -> String {
        let len = self.scope.len();
        let test = match self.dice.once_in(3) {
            true => self.conditions(depth),
            false => self.expr(&Ty::Bool, depth),
        };
        let one = self.expr(ty, depth);
        self.scope.truncate(len);
        let other = self.expr(ty, depth);
        format!("(if {test} {{ {one} }} else {{ {other} }})")
    }

    /// A match over a variable.
    fn matched(&mut self, ty: &Ty, depth: usize) -> Option<String> {
        let var = self
            .var_of(|ty| matches!(ty, Ty::Option(_) | Ty::Result(..) | Ty::Int | Ty::Pair(..)))?;
        let name = &var.name;
        let arms = match &var.ty {
            Ty::Option(of) => {
                let some = self.arm(ty, "Some", of, depth);
                format!("{some}, None => {}", self.expr(ty, depth))
            }
            Ty::Result(ok, err) => {
                let (ok, err) = (
                    self.arm(ty, "Ok", ok, depth),
                    self.arm(ty, "Err", err, depth),
                );
                format!("{ok}, {err}")
            }
            Ty::Pair(one, other) => {
                let names = (self.name(), self.name());
                self.bind(&names.0, (**one).clone());
                self.bind(&names.1, (**other).clone());
                let guard = self.expr(&Ty::Bool, depth.min(1));
                let first = self.expr(ty, depth);
                let len = self.scope.len() - 2;
                self.scope.truncate(len);
                let pattern = format!("({}, {})", names.0, names.1);
                format!(
                    "{pattern} if {guard} => {first}, _ => {}",
                    self.expr(ty, depth)
                )
            }
            _ => {
                let (one, other, last) = (
                    self.expr(ty, depth),
                    self.expr(ty, depth),
                    self.expr(ty, depth),
                );
                let at = self.dice.below(9);
                format!(
                    "{at} | {} => {one}, 10..=19 => {other}, _ => {last}",
                    at + 20
                )
            }
        };
        Some(format!("(match {name} {{ {arms} }})"))
    }

    fn arm(&mut self, ty: &Ty, constructor: &str, of: &Ty, depth: usize) -> String {
        let name = self.name();
        self.bind(&name, of.clone());
        let value = self.expr(ty, depth);
        self.scope.pop();
        format!("{constructor}({name}) => {value}")
    }

    fn call(&mut self, ty: &Ty) -> Option<String> {
        if self.calls == 0 {
            return None;
        }
        let fitting: Vec<(usize, Ty)> = (0..self.functions.len())
            .filter(|at| self.functions[*at].level < LEVELS)
            .filter_map(|at| Some((at, self.argument_of(at, ty)?)))
            .collect();
        if fitting.is_empty() {
            return None;
        }
        self.calls -= 1;
        let (at, argument) = self.dice.pick(&fitting).clone();
        let arguments = self.arguments(at, &argument);
        Some(format!("{}({arguments})", self.functions[at].name))
    }

    /// The argument of a generic function, or anything of another, with which it answers `wanted`.
    fn argument_of(&self, function: usize, wanted: &Ty) -> Option<Ty> {
        let function = &self.functions[function];
        let is_generic = function.params.first() == Some(&Ty::Param);
        if !is_generic {
            return (function.result == *wanted).then_some(Ty::Int);
        }
        let argument = if function.result.holds_parameter() {
            function.result.argument_for(wanted)?
        } else {
            (function.result == *wanted).then_some(Ty::Int)?
        };
        argument.is_firm().then_some(argument)
    }

    /// Arguments of a function: in order or by name, with or without those that have defaults.
    pub(crate) fn arguments(&mut self, function: usize, argument: &Ty) -> String {
        let function = &self.functions[function];
        let (mut params, is_recursive) = (function.params.clone(), function.is_recursive);
        self.level = self.level.max(function.level + 1);
        if function.defaults > 0 && self.dice.once_in(2) {
            params.pop();
        }
        let is_named = self.dice.once_in(4);
        let mut values = Vec::new();
        for (at, param) in params.iter().enumerate() {
            let (name, value) = if at == 0 && is_recursive {
                ("n".to_owned(), self.dice.below(6).to_string())
            } else {
                (format!("p{at}"), self.expr(&param.with(argument), 1))
            };
            values.push(match is_named {
                true => format!("{name}: {value}"),
                false => value,
            });
        }
        if is_named && self.dice.once_in(2) {
            values.reverse();
        }
        values.join(", ")
    }

    /// `option ?? other`, and the same with a result.
    fn fallen_back(&mut self, ty: &Ty, depth: usize) -> Option<String> {
        let var = self.var_of(|found| match found {
            Ty::Option(of) | Ty::Result(of, _) => **of == *ty,
            _ => false,
        })?;
        Some(format!("({} ?? {})", var.name, self.expr(ty, depth)))
    }

    /// `option?` or `result?`, where the function answers such a type too.
    fn tried(&mut self, ty: &Ty) -> Option<String> {
        let answers = self.answers.clone()?;
        let var = self.var_of(|found| match (found, &answers) {
            (Ty::Option(of), Ty::Option(_)) => **of == *ty,
            (Ty::Result(of, error), Ty::Result(_, other)) => **of == *ty && error == other,
            _ => false,
        })?;
        Some(format!("{}?", var.name))
    }

    /// A function value, applied.
    fn applied(&mut self, ty: &Ty, depth: usize) -> Option<String> {
        let var = self.var_of(|found| matches!(found, Ty::Fn(_, to) if **to == *ty))?;
        let Ty::Fn(from, _) = &var.ty else {
            return None;
        };
        Some(format!("{}({})", var.name, self.expr(from, depth)))
    }

    /// A method of a variable, or a function of a type.
    fn method(&mut self, ty: &Ty, depth: usize) -> Option<String> {
        if self.calls == 0 {
            return None;
        }
        let own = |at: usize, is_struct: bool| match is_struct {
            true => Ty::Struct(at, None),
            false => Ty::Enum(at, None),
        };
        let structs = self.structs.iter().map(|one| &one.methods).enumerate();
        let enums = self.enums.iter().map(|one| &one.methods).enumerate();
        let all = structs
            .map(|(at, methods)| (own(at, true), methods))
            .chain(enums.map(|(at, methods)| (own(at, false), methods)));
        let mut calls: Vec<(String, Method)> = Vec::new();
        for (own, methods) in all {
            for method in methods.iter().filter(|one| one.result == *ty) {
                if !method.has_self {
                    calls.push((own.text(), method.clone()));
                }
                let vars = self.scope.iter().filter(|var| var.ty == own);
                let vars = vars.filter(|_| method.has_self);
                calls.extend(vars.map(|var| (var.name.clone(), method.clone())));
            }
        }
        if calls.is_empty() {
            return None;
        }
        self.calls -= 1;
        let (on, method) = self.dice.pick(&calls).clone();
        let argument = match self.dice.below(3) {
            0 if method.has_default => String::new(),
            1 => format!("a: {}", self.expr(&method.takes, depth)),
            _ => self.expr(&method.takes, depth),
        };
        Some(format!("{on}.{}({argument})", method.name))
    }
}
