//! Makes programs that are well typed by construction.
//!
//! A program has structs and enums (some generic, some recursive), constants, tags, functions (some
//! generic, some recursive to a small depth) and a `main` that prints what it computes. It ends:
//! loops are counted, and inside of them nobody is called. It may trap, as a program may.

use super::dice::Dice;
use super::types::Ty;

pub(crate) struct Struct {
    pub(crate) is_generic: bool,
    pub(crate) fields: Vec<Field>,
    /// What each method takes and answers.
    pub(crate) methods: Vec<(Ty, Ty)>,
}

pub(crate) struct Field {
    pub(crate) ty: Ty,
    pub(crate) is_var: bool,
}

pub(crate) struct Enum {
    pub(crate) is_generic: bool,
    /// What each variant holds. The first holds no value of the enum itself.
    pub(crate) variants: Vec<Vec<Ty>>,
}

pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) params: Vec<Ty>,
    pub(crate) result: Ty,
    /// Its first parameter counts down.
    pub(crate) is_recursive: bool,
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
    pub(crate) text: String,
    pub(crate) indent: usize,
}

/// A program.
pub(crate) fn program(seed: u64) -> String {
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
        text: String::new(),
        indent: 0,
    };
    maker.program();
    maker.text
}

impl Maker {
    fn program(&mut self) {
        for _ in 0..1 + self.dice.below(3) {
            self.structure();
            self.enumeration();
        }
        for number in 0..self.dice.below(3) {
            let ty = [Ty::Int, Ty::Float, Ty::Str, Ty::Bool][self.dice.below(4)].clone();
            let value = self.literal(&ty);
            self.line(&format!("const C{number}: {} = {value}", ty.text()));
            self.constants.push(ty);
        }
        for number in 0..1 + self.dice.below(3) {
            let ty = self.data(2);
            self.line(&format!("tag t{number}: {}", ty.text()));
            self.tags.push(ty);
        }
        for number in 0..self.structs.len() {
            self.methods(number);
        }
        for number in 0..2 + self.dice.below(5) {
            match self.dice.below(4) {
                0 => self.generic_function(number),
                1 => self.recursive_function(number),
                _ => self.function(number),
            }
        }
        self.main();
    }

    fn structure(&mut self) {
        let is_generic = self.dice.once_in(3);
        let mut fields = Vec::new();
        for _ in 0..1 + self.dice.below(3) {
            let ty = self.data(2);
            let is_var = self.dice.once_in(3);
            fields.push(Field { ty, is_var });
        }
        if is_generic {
            let ty = [Ty::Param, Ty::Param.list(), Ty::Param.option()][self.dice.below(3)].clone();
            fields[0].ty = ty;
        }
        let number = self.structs.len();
        let parameter = if is_generic { "<T>" } else { "" };
        let list: Vec<String> = fields.iter().enumerate().map(show_field).collect();
        self.line(&format!(
            "struct S{number}{parameter} {{ {} }}",
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
        self.line(&format!(
            "enum E{number}{parameter} {{ {} }}",
            list.join(", ")
        ));
        self.enums.push(Enum {
            is_generic,
            variants,
        });
    }

    fn methods(&mut self, number: usize) {
        if self.structs[number].is_generic {
            return;
        }
        self.line(&format!("impl S{number} {{"));
        self.indent += 1;
        for method in 0..1 + self.dice.below(2) {
            let (takes, result) = (self.data(1), self.data(2));
            let head = format!(
                "fn m{method}(self, a: {}) -> {} {{",
                takes.text(),
                result.text()
            );
            let own = Ty::Struct(number, None);
            self.body(&head, &[("self", own), ("a", takes.clone())], &result);
            self.structs[number].methods.push((takes, result));
        }
        self.indent -= 1;
        self.line("}");
    }

    fn function(&mut self, number: usize) {
        let params: Vec<Ty> = (0..self.dice.below(4)).map(|_| self.any(2)).collect();
        let result = self.data(2);
        let names: Vec<String> = (0..params.len()).map(|at| format!("p{at}")).collect();
        let list: Vec<String> = std::iter::zip(&names, &params)
            .map(|(name, ty)| format!("{name}: {}", ty.text()))
            .collect();
        let head = format!("fn f{number}({}) -> {} {{", list.join(", "), result.text());
        let bound: Vec<(&str, Ty)> = std::iter::zip(&names, &params)
            .map(|(name, ty)| (name.as_str(), ty.clone()))
            .collect();
        self.body(&head, &bound, &result);
        self.functions.push(Function {
            name: format!("f{number}"),
            params,
            result,
            is_recursive: false,
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
        let head = format!(
            "fn f{number}<T>(p0: T, p1: {}) -> {} {{",
            second.text(),
            result.text()
        );
        self.body(&head, &[("p0", Ty::Param), ("p1", second.clone())], &result);
        self.functions.push(Function {
            name: format!("f{number}"),
            params: vec![Ty::Param, second],
            result,
            is_recursive: false,
        });
    }

    fn recursive_function(&mut self, number: usize) {
        let (takes, result) = (self.data(1), self.data(1));
        let head = format!(
            "fn f{number}(n: Int, p1: {}) -> {} {{",
            takes.text(),
            result.text()
        );
        self.line(&head);
        self.indent += 1;
        self.begin(&[("n", Ty::Int), ("p1", takes.clone())]);
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
        });
    }

    fn body(&mut self, head: &str, params: &[(&str, Ty)], result: &Ty) {
        self.line(head);
        self.indent += 1;
        self.begin(params);
        self.finish(result);
    }

    fn begin(&mut self, params: &[(&str, Ty)]) {
        self.calls = 3;
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

    fn main(&mut self) {
        self.line("fn main() {");
        self.indent += 1;
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
        let scalar = [Ty::Int, Ty::Int, Ty::Float, Ty::Bool, Ty::Str, Ty::Duration];
        if depth == 0 {
            return self.dice.pick(&scalar).clone();
        }
        match self.dice.below(12) {
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

fn show_field((at, field): (usize, &Field)) -> String {
    let var = if field.is_var { "var " } else { "" };
    format!("{var}x{at}: {}", field.ty.text())
}

fn show_variant(number: usize, variant: usize, parts: &[Ty]) -> String {
    let parts: Vec<String> = parts.iter().map(Ty::text).collect();
    let parts = match parts.is_empty() {
        true => String::new(),
        false => format!("({})", parts.join(", ")),
    };
    format!("V{number}x{variant}{parts}")
}
