//! Makes programs that are well typed by construction.
//!
//! A program has structs and enums (some generic, some recursive), constants, tags, functions (some
//! generic, some recursive to a small depth), some of it in modules of their own. Its `main` prints
//! what it computes, and starts a message for each function. It ends: loops are counted, inside of
//! them nobody is called, and calls go only so deep. Each of its messages may trap.

use super::dice::Dice;
use super::types::Ty;

pub(crate) struct Struct {
    pub(crate) is_generic: bool,
    pub(crate) fields: Vec<Field>,
    pub(crate) methods: Vec<Method>,
}

/// A function of a type: with `self` a method.
#[derive(Clone)]
pub(crate) struct Method {
    pub(crate) name: String,
    pub(crate) has_self: bool,
    pub(crate) takes: Ty,
    /// The parameter has a default.
    pub(crate) has_default: bool,
    pub(crate) result: Ty,
}

pub(crate) struct Field {
    pub(crate) ty: Ty,
    pub(crate) is_var: bool,
    pub(crate) has_default: bool,
}

pub(crate) struct Enum {
    pub(crate) is_generic: bool,
    /// What each variant holds. The first holds no value of the enum itself.
    pub(crate) variants: Vec<Vec<Ty>>,
    pub(crate) methods: Vec<Method>,
}

pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) params: Vec<Ty>,
    pub(crate) result: Ty,
    /// Its first parameter counts down.
    pub(crate) is_recursive: bool,
    /// So many parameters at the end have defaults.
    pub(crate) defaults: usize,
    /// How deep calls go below it.
    pub(crate) level: usize,
}

#[derive(Clone)]
pub(crate) struct Var {
    pub(crate) name: String,
    pub(crate) ty: Ty,
    pub(crate) is_var: bool,
}

pub(crate) struct Maker {
    pub(crate) dice: Dice,
    pub(crate) structs: Vec<Struct>,
    pub(crate) enums: Vec<Enum>,
    pub(crate) constants: Vec<Ty>,
    pub(crate) tags: Vec<Ty>,
    pub(crate) functions: Vec<Function>,
    pub(crate) scope: Vec<Var>,
    /// Names are numbered.
    names: usize,
    /// How many calls this body may still make.
    pub(crate) calls: usize,
    /// How deep calls go below this body.
    pub(crate) level: usize,
    /// What the function answers that the statement stands in, if it is known.
    pub(crate) answers: Option<Ty>,
    /// What leaves the surrounding block of a loop.
    pub(crate) exits: &'static [&'static str],
    /// `pub ` in a module.
    public: &'static str,
    pub(crate) text: String,
    pub(crate) indent: usize,
}

/// The text of a program, and of the modules beside it, by their paths.
pub(crate) struct Made {
    pub(crate) text: String,
    pub(crate) modules: Vec<(&'static str, String)>,
    /// How many functions it declares, but for those that only call another one.
    pub(crate) functions: u64,
}

/// How deep calls of functions go.
pub(crate) const LEVELS: usize = 3;

pub(crate) fn program(seed: u64) -> Made {
    let mut maker = Maker {
        dice: Dice::new(seed),
        structs: Vec::new(),
        enums: Vec::new(),
        constants: Vec::new(),
        tags: Vec::new(),
        functions: Vec::new(),
        scope: Vec::new(),
        names: 0,
        calls: 0,
        level: 0,
        answers: None,
        exits: &[],
        public: "",
        text: String::new(),
        indent: 0,
    };
    maker.program()
}

impl Maker {
    fn program(&mut self) -> Made {
        let mut modules = Vec::new();
        if self.dice.once_in(2) {
            self.public = "pub ";
            self.declarations();
            self.functions(4);
            self.public = "";
            modules = self.modules();
        } else {
            self.declarations();
        }
        self.functions(30);
        let cases = self.cases();
        self.main(cases);
        let texts = modules.iter().map(|(_, text)| text).chain([&self.text]);
        let declared: usize = texts.map(|text| text.matches("fn ").count()).sum();
        Made {
            text: std::mem::take(&mut self.text),
            modules,
            functions: (declared - cases) as u64,
        }
    }

    /// What was made until now as a module, part of it given on by another one, and imported here.
    fn modules(&mut self) -> Vec<(&'static str, String)> {
        let mut names: Vec<String> = (0..self.structs.len()).map(|at| format!("S{at}")).collect();
        names.extend((0..self.enums.len()).map(|at| format!("E{at}")));
        names.extend((0..self.constants.len()).map(|at| format!("C{at}")));
        names.extend((0..self.tags.len()).map(|at| format!("t{at}")));
        names.extend(self.functions.iter().map(|function| function.name.clone()));
        let (given, direct): (Vec<String>, Vec<String>) =
            names.into_iter().partition(|_| self.dice.once_in(2));
        let library = std::mem::take(&mut self.text);
        let mut face = "pub import ./library\n".to_owned();
        if !given.is_empty() {
            face += &format!("pub import ./library {{ {} }}\n", given.join(", "));
            self.line(&format!("import ./face {{ {} }}", given.join(", ")));
        }
        if !direct.is_empty() {
            self.line(&format!("import ./library {{ {} }}", direct.join(", ")));
        }
        vec![("./library", library), ("./face", face)]
    }

    fn declarations(&mut self) {
        for _ in 0..1 + self.dice.below(3) {
            self.structure();
            self.enumeration();
        }
        for number in 0..self.dice.below(3) {
            let ty = [Ty::Int, Ty::Float, Ty::Str, Ty::Bool][self.dice.below(4)].clone();
            let value = self.literal(&ty);
            let public = self.public;
            self.line(&format!("{public}const C{number}: {} = {value}", ty.text()));
            self.constants.push(ty);
        }
        for number in 0..1 + self.dice.below(3) {
            let ty = self.data(2);
            let public = self.public;
            self.line(&format!("{public}tag t{number}: {}", ty.text()));
            self.tags.push(ty);
        }
        for number in 0..self.structs.len() {
            if !self.structs[number].is_generic {
                self.methods(&Ty::Struct(number, None));
            }
        }
        for number in 0..self.enums.len() {
            if !self.enums[number].is_generic {
                self.methods(&Ty::Enum(number, None));
            }
        }
    }

    /// Up to so many functions.
    fn functions(&mut self, most: usize) {
        let first = self.functions.len();
        for number in first..first + 2 + self.dice.below(most - 1) {
            match self.dice.below(4) {
                0 => self.generic_function(number),
                1 => self.recursive_function(number),
                _ => self.function(number),
            }
        }
    }

    fn structure(&mut self) {
        let is_generic = self.dice.once_in(3);
        let mut fields = Vec::new();
        for _ in 0..1 + self.dice.below(3) {
            let ty = self.data(2);
            fields.push(Field {
                ty,
                is_var: self.dice.once_in(3),
                has_default: self.dice.once_in(4),
            });
        }
        if is_generic {
            let ty = [Ty::Param, Ty::Param.list(), Ty::Param.option()][self.dice.below(3)].clone();
            fields[0].ty = ty;
            fields[0].has_default = false;
        }
        let number = self.structs.len();
        let parameter = if is_generic { "<T>" } else { "" };
        let mut list = Vec::new();
        for (at, field) in fields.iter().enumerate() {
            let var = if field.is_var { "var " } else { "" };
            let default = match field.has_default {
                true => format!(" = {}", self.smallest(&field.ty)),
                false => String::new(),
            };
            list.push(format!("{var}x{at}: {}{default}", field.ty.text()));
        }
        let public = self.public;
        self.line(&format!(
            "{public}struct S{number}{parameter} {{ {} }}",
            list.join(", ")
        ));
        self.structs.push(Struct {
            is_generic,
            fields,
            methods: Vec::new(),
        });
    }

    fn enumeration(&mut self) {
        let number = self.enums.len();
        let is_generic = self.dice.once_in(3);
        let own = Ty::Enum(number, is_generic.then(|| Box::new(Ty::Param)));
        let mut variants = Vec::new();
        for variant in 0..1 + self.dice.below(4) {
            let mut parts = Vec::new();
            for _ in 0..self.dice.below(3) {
                let part = match self.dice.below(4) {
                    0 if variant > 0 => own.clone(),
                    1 if variant > 0 => own.clone().list(),
                    2 if is_generic => Ty::Param,
                    _ => self.data(1),
                };
                parts.push(part);
            }
            variants.push(parts);
        }
        if is_generic {
            variants[0] = vec![Ty::Param];
        }
        let parameter = if is_generic { "<T>" } else { "" };
        let list: Vec<String> = variants
            .iter()
            .enumerate()
            .map(|(variant, parts)| show_variant(number, variant, parts))
            .collect();
        let public = self.public;
        self.line(&format!(
            "{public}enum E{number}{parameter} {{ {} }}",
            list.join(", ")
        ));
        self.enums.push(Enum {
            is_generic,
            variants,
            methods: Vec::new(),
        });
    }

    /// Functions of a type, some with `self`, some of which say `Self`.
    fn methods(&mut self, own: &Ty) {
        let public = self.public;
        self.line(&format!("impl {} {{", own.text()));
        self.indent += 1;
        for number in 0..1 + self.dice.below(3) {
            let has_self = !self.dice.once_in(3);
            let has_default = self.dice.once_in(4);
            let (takes, result) = match self.dice.once_in(3) {
                true => (self.data(1), own.clone()),
                false => (self.data(1), self.data(2)),
            };
            let name = format!("m{number}");
            let result_text = match result == *own && self.dice.once_in(2) {
                true => "Self".to_owned(),
                false => result.text(),
            };
            let receiver = if has_self { "self, " } else { "" };
            let default = match has_default {
                true => format!(" = {}", self.smallest(&takes)),
                false => String::new(),
            };
            let head = format!(
                "{public}fn {name}({receiver}a: {}{default}) -> {result_text} {{",
                takes.text()
            );
            let mut bound = vec![("a", takes.clone())];
            if has_self {
                bound.push(("self", own.clone()));
            }
            self.body(&head, &bound, &result);
            let method = Method {
                name,
                has_self,
                takes,
                has_default,
                result,
            };
            match own {
                Ty::Struct(at, _) => self.structs[*at].methods.push(method),
                Ty::Enum(at, _) => self.enums[*at].methods.push(method),
                _ => {}
            }
        }
        self.indent -= 1;
        self.line("}");
    }

    fn function(&mut self, number: usize) {
        let params: Vec<Ty> = (0..self.dice.below(4)).map(|_| self.any(2)).collect();
        let result = self.data(2);
        let has_default = params.last().is_some_and(|ty| !ty.holds_function());
        let defaults = usize::from(has_default && self.dice.once_in(2));
        let names: Vec<String> = (0..params.len()).map(|at| format!("p{at}")).collect();
        let mut list: Vec<String> = std::iter::zip(&names, &params)
            .map(|(name, ty)| format!("{name}: {}", ty.text()))
            .collect();
        for at in params.len() - defaults..params.len() {
            list[at] += &format!(" = {}", self.smallest(&params[at]));
        }
        let public = self.public;
        let head = format!(
            "{public}fn f{number}({}) -> {} {{",
            list.join(", "),
            result.text()
        );
        let bound: Vec<(&str, Ty)> = std::iter::zip(&names, &params)
            .map(|(name, ty)| (name.as_str(), ty.clone()))
            .collect();
        self.body(&head, &bound, &result);
        self.functions.push(Function {
            name: format!("f{number}"),
            params,
            result,
            is_recursive: false,
            defaults,
            level: self.level,
        });
    }

    /// `fn f<T>(p0: T, p1: ..) -> ..`, which can do with a `T` only what is done with everything.
    fn generic_function(&mut self, number: usize) {
        let result = match self.dice.below(4) {
            0 => Ty::Param,
            1 => Ty::Param.list(),
            2 => Ty::Param.option(),
            _ => self.data(1),
        };
        let second = match self.dice.below(3) {
            0 => Ty::Param.list(),
            1 => Ty::Param.function(Ty::Param),
            _ => self.data(1),
        };
        let public = self.public;
        let head = format!(
            "{public}fn f{number}<T>(p0: T, p1: {}) -> {} {{",
            second.text(),
            result.text()
        );
        self.body(&head, &[("p0", Ty::Param), ("p1", second.clone())], &result);
        self.functions.push(Function {
            name: format!("f{number}"),
            params: vec![Ty::Param, second],
            result,
            is_recursive: false,
            defaults: 0,
            level: self.level,
        });
    }

    fn recursive_function(&mut self, number: usize) {
        let (takes, result) = (self.data(1), self.data(1));
        let public = self.public;
        let head = format!(
            "{public}fn f{number}(n: Int, p1: {}) -> {} {{",
            takes.text(),
            result.text()
        );
        self.line(&head);
        self.indent += 1;
        self.begin(&[("n", Ty::Int), ("p1", takes.clone())]);
        self.answers = Some(result.clone());
        self.line("if n <= 0 {");
        let base = self.expr(&result, 2);
        self.line(&format!("    return {base}"));
        self.line("}");
        let passed = self.expr(&takes, 2);
        self.line(&format!(
            "let r: {} = f{number}(n - 1, {passed})",
            result.text()
        ));
        self.bind("r", result.clone());
        self.finish(&result);
        self.functions.push(Function {
            name: format!("f{number}"),
            params: vec![Ty::Int, takes],
            result,
            is_recursive: true,
            defaults: 0,
            level: self.level,
        });
    }

    fn body(&mut self, head: &str, params: &[(&str, Ty)], result: &Ty) {
        self.line(head);
        self.indent += 1;
        self.begin(params);
        self.answers = Some(result.clone());
        self.finish(result);
    }

    fn begin(&mut self, params: &[(&str, Ty)]) {
        self.calls = 3;
        self.level = 0;
        self.answers = None;
        self.scope.clear();
        for (name, ty) in params {
            self.bind(name, ty.clone());
        }
    }

    /// Statements, then the answer.
    fn finish(&mut self, result: &Ty) {
        for _ in 0..self.dice.below(4) {
            self.statement(2);
        }
        let answer = self.expr(result, 3);
        self.line(&answer);
        self.indent -= 1;
        self.line("}");
    }

    /// A function for each of the functions that calls it and prints what it answers.
    fn cases(&mut self) -> usize {
        let functions = self.functions.len();
        for at in 0..functions {
            let head = format!("fn case{at}() {{");
            self.line(&head);
            self.indent += 1;
            self.begin(&[]);
            let arguments = self.arguments(at, &Ty::Int);
            let name = self.functions[at].name.clone();
            let result = self.functions[at].result.with(&Ty::Int).text();
            self.line(&format!("let answer: {result} = {name}({arguments})"));
            self.line("print(answer)");
            self.indent -= 1;
            self.line("}");
        }
        functions
    }

    fn main(&mut self, cases: usize) {
        self.line("tag end");
        self.line("fn main() {");
        self.indent += 1;
        for at in 0..cases {
            self.line(&format!("spawn case{at}()"));
        }
        self.line("block(end, timeout: 1s)");
        self.begin(&[]);
        self.calls = 12;
        for _ in 0..6 + self.dice.below(8) {
            self.statement(3);
        }
        for var in self.scope.clone() {
            if self.is_shown(&var.ty) {
                self.line(&format!("print({})", var.name));
            }
        }
        self.indent -= 1;
        self.line("}");
    }

    pub(crate) fn is_shown(&self, ty: &Ty) -> bool {
        !ty.holds_function() && !ty.holds_parameter()
    }

    /// Whether `==` compares it: no function in it, and no struct that changes.
    pub(crate) fn is_compared(&self, ty: &Ty) -> bool {
        let is_own = match ty {
            Ty::Fn(..) | Ty::Param => false,
            Ty::Struct(number, _) => {
                let mut fields = self.structs[*number].fields.iter();
                fields.all(|field| {
                    !field.is_var && (field.ty == Ty::Param || self.is_compared(&field.ty))
                })
            }
            // Those that hold themselves would be asked for ever.
            Ty::Enum(number, _) => {
                let mut parts = self.enums[*number].variants.iter().flatten();
                parts.all(|part| part.is_firm() || *part == Ty::Param)
            }
            _ => true,
        };
        is_own && ty.parts().into_iter().all(|part| self.is_compared(part))
    }

    /// A type whose values are data.
    pub(crate) fn data(&mut self, depth: usize) -> Ty {
        let scalar = [
            Ty::Int,
            Ty::Int,
            Ty::Int,
            Ty::Float,
            Ty::Bool,
            Ty::Str,
            Ty::Bytes,
            Ty::Duration,
        ];
        if depth == 0 {
            return self.dice.pick(&scalar).clone();
        }
        match self.dice.below(13) {
            0 => self.data(depth - 1).list(),
            1 => self.data(depth - 1).option(),
            2 => {
                let one = self.data(depth - 1);
                one.pair(self.data(depth - 1))
            }
            3 => Ty::Map(Box::new(self.key()), Box::new(self.data(depth - 1))),
            4 => Ty::Set(Box::new(self.key())),
            5 => Ty::Result(
                Box::new(self.data(depth - 1)),
                Box::new(self.data(depth - 1)),
            ),
            8 => {
                let mut part = || Box::new(self.data(depth - 1));
                Ty::Triple(part(), part(), part())
            }
            6 if !self.structs.is_empty() => {
                let number = self.dice.below(self.structs.len());
                let is_generic = self.structs[number].is_generic;
                Ty::Struct(number, is_generic.then(|| Box::new(self.data(0))))
            }
            7 if !self.enums.is_empty() => {
                let number = self.dice.below(self.enums.len());
                let is_generic = self.enums[number].is_generic;
                Ty::Enum(number, is_generic.then(|| Box::new(self.data(0))))
            }
            _ => self.dice.pick(&scalar).clone(),
        }
    }

    /// A type of keys.
    fn key(&mut self) -> Ty {
        let keys = [
            Ty::Int,
            Ty::Str,
            Ty::Bool,
            Ty::Duration,
            Ty::Int.pair(Ty::Str),
        ];
        self.dice.pick(&keys).clone()
    }

    /// A type of data or of functions.
    pub(crate) fn any(&mut self, depth: usize) -> Ty {
        if !self.dice.once_in(5) {
            return self.data(depth);
        }
        let from = self.data(1);
        from.function(self.data(1))
    }

    pub(crate) fn name(&mut self) -> String {
        self.names += 1;
        format!("v{}", self.names)
    }

    pub(crate) fn bind(&mut self, name: &str, ty: Ty) {
        self.scope.push(Var {
            name: name.to_owned(),
            ty,
            is_var: false,
        });
    }

    pub(crate) fn line(&mut self, text: &str) {
        self.text.push_str(&"    ".repeat(self.indent));
        self.text.push_str(text);
        self.text.push('\n');
    }
}

fn show_variant(number: usize, variant: usize, parts: &[Ty]) -> String {
    let parts: Vec<String> = parts.iter().map(Ty::text).collect();
    let parts = match parts.is_empty() {
        true => String::new(),
        false => format!("({})", parts.join(", ")),
    };
    format!("V{number}x{variant}{parts}")
}
