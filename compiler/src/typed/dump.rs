//! The typed program as text, for snapshots and for `smc emit types`.

use std::fmt::Write;

use super::{
    Adt, AssignOp, Body, ClosureBody, Expr, ExprKind, Flavour, FnId, FormatSpec, Function, Generic,
    Literal, Local, LocalId, ModuleId, Part, Pattern, PatternKind, Program, RangeEnd, Stmt,
    StmtKind, Target, Ty,
};

/// Writes the root module: its types, tags and functions with the types of all locals, and their
/// bodies with every call resolved. `x%2` is the local 2; a call shows its type arguments.
#[must_use]
pub fn dump(program: &Program) -> String {
    match program.modules.len().checked_sub(1) {
        Some(root) => dump_module(program, ModuleId::new(root)),
        None => String::new(),
    }
}

/// Writes one module.
#[must_use]
pub fn dump_module(program: &Program, module: ModuleId) -> String {
    let mut out = String::new();
    for adt in program.adts.iter().filter(|adt| adt.module == module) {
        dump_adt(program, adt, &mut out);
    }
    for tag in program.tags.iter().filter(|tag| tag.module == module) {
        let params = tag.params.iter().map(|ty| show(program, *ty, &[]));
        let params = params.collect::<Vec<_>>().join(", ");
        let value = show(program, tag.value, &[]);
        let lifetime = tag.lifetime.map(|nanos| format!(" lifetime {nanos}ns"));
        let lifetime = lifetime.unwrap_or_default();
        let (name, read, write) = (&tag.name, tag.read, tag.write);
        line(
            &mut out,
            0,
            &format!("tag {name}({params}): {value}{lifetime} {read:?}/{write:?}"),
        );
    }
    for function in program.functions.iter().filter(|one| one.module == module) {
        dump_function(program, function, &mut out);
    }
    out
}

fn show(program: &Program, ty: Ty, generics: &[Generic]) -> String {
    program.types.show(ty, &program.adts, generics)
}

fn line(out: &mut String, indent: usize, text: &str) {
    out.push_str(&"  ".repeat(indent));
    out.push_str(text);
    out.push('\n');
}

fn dump_adt(program: &Program, adt: &Adt, out: &mut String) {
    let generics = show_generics(&adt.generics);
    let fields = |fields: &[super::Field]| {
        let all = fields.iter().map(|field| {
            let ty = show(program, field.ty, &adt.generics);
            match &field.name {
                Some(name) => format!("{name}: {ty}"),
                None => ty,
            }
        });
        all.collect::<Vec<_>>().join(", ")
    };
    match &adt.kind {
        super::AdtKind::Struct { fields: all } => {
            line(
                out,
                0,
                &format!("struct {}{generics} {{ {} }}", adt.name, fields(all)),
            );
        }
        super::AdtKind::Enum { variants } => {
            line(out, 0, &format!("enum {}{generics}", adt.name));
            for variant in variants {
                line(
                    out,
                    1,
                    &format!("{}({})", variant.name, fields(&variant.fields)),
                );
            }
        }
    }
}

fn show_generics(generics: &[Generic]) -> String {
    if generics.is_empty() {
        return String::new();
    }
    let all = generics.iter().map(|generic| {
        let bounds = generic.bounds.to_string();
        let joint = if bounds.is_empty() { "" } else { ": " };
        format!("{}{joint}{bounds}", generic.name)
    });
    format!("<{}>", all.collect::<Vec<_>>().join(", "))
}

fn dump_function(program: &Program, function: &Function, out: &mut String) {
    let params = function.params.iter().map(|id| {
        let local = &function.locals[id.index()];
        format!(
            "{}: {}",
            local.name,
            show(program, local.ty, &function.generics)
        )
    });
    let params = params.collect::<Vec<_>>().join(", ");
    let result = show(program, function.result, &function.generics);
    let generics = show_generics(&function.generics);
    line(
        out,
        0,
        &format!("fn {}{generics}({params}) -> {result}", function.name),
    );
    let mut dumper = Dumper {
        program,
        generics: &function.generics,
        locals: &function.locals,
        out,
    };
    match &function.body {
        Body::Native(key) => line(dumper.out, 1, &format!("native {key}")),
        Body::Typed(body) => {
            dumper.locals(&function.params, 1);
            dumper.block(body, 1);
        }
    }
}

struct Dumper<'a> {
    program: &'a Program,
    generics: &'a [Generic],
    locals: &'a [Local],
    out: &'a mut String,
}

impl<'a> Dumper<'a> {
    fn ty(&self, ty: Ty) -> String {
        show(self.program, ty, self.generics)
    }

    fn local(&self, id: LocalId) -> String {
        format!("{}%{}", self.locals[id.index()].name, id.0)
    }

    /// The types of the locals that are not parameters.
    fn locals(&mut self, params: &[LocalId], indent: usize) {
        for (at, local) in self.locals.iter().enumerate() {
            let id = LocalId::new(at);
            if !params.contains(&id) {
                let (name, ty) = (self.local(id), self.ty(local.ty));
                line(self.out, indent, &format!("{name}: {ty}"));
            }
        }
    }

    /// The statements and the value of a block, one a line.
    fn block(&mut self, expr: &'a Expr, indent: usize) {
        let ExprKind::Block { stmts, tail } = &expr.kind else {
            let text = self.expr(expr, indent);
            line(self.out, indent, &text);
            return;
        };
        for stmt in stmts {
            let text = self.stmt(stmt, indent);
            line(self.out, indent, &text);
        }
        if let Some(tail) = tail {
            let text = format!("=> {}", self.expr(tail, indent));
            line(self.out, indent, &text);
        }
    }

    /// A block in braces, its lines one deeper.
    fn braces(&mut self, expr: &'a Expr, indent: usize) -> String {
        let mut inner = String::new();
        let mut dumper = Dumper {
            program: self.program,
            generics: self.generics,
            locals: self.locals,
            out: &mut inner,
        };
        dumper.block(expr, indent + 1);
        format!("{{\n{inner}{}}}", "  ".repeat(indent))
    }

    fn stmt(&mut self, stmt: &'a Stmt, indent: usize) -> String {
        match &stmt.kind {
            StmtKind::Let {
                pattern,
                value,
                otherwise,
            } => {
                let mut text = format!(
                    "let {} = {}",
                    self.pattern(pattern),
                    self.expr(value, indent)
                );
                if let Some(otherwise) = otherwise {
                    text += " else ";
                    text += &self.braces(otherwise, indent);
                }
                text
            }
            StmtKind::Assign { target, op, value } => {
                let target = match target {
                    Target::Local(local) => self.local(*local),
                    Target::Field { object, field } => {
                        format!(
                            "{}.{}",
                            self.expr(object, indent),
                            self.field(object.ty, field.index())
                        )
                    }
                    Target::Index { object, index } => {
                        format!(
                            "{}[{}]",
                            self.expr(object, indent),
                            self.expr(index, indent)
                        )
                    }
                    Target::Error => "?".into(),
                };
                let op = match op {
                    AssignOp::Set => "",
                    AssignOp::Update(op) => op.symbol(),
                };
                format!("{target} {op}= {}", self.expr(value, indent))
            }
            StmtKind::Assert { condition, message } => {
                let mut text = format!("assert {}", self.expr(condition, indent));
                if let Some(message) = message {
                    let _ = write!(text, ", {}", self.expr(message, indent));
                }
                text
            }
            StmtKind::Expr(value) => self.expr(value, indent),
        }
    }

    fn field(&self, ty: Ty, field: usize) -> String {
        let fields = match self.program.types.get(ty) {
            super::TyKind::Adt(adt, _) => self.program.adt(*adt).fields(),
            _ => &[],
        };
        let name = fields.get(field).and_then(|field| field.name.as_deref());
        name.map_or_else(|| field.to_string(), str::to_owned)
    }

    fn list<'e>(&mut self, exprs: impl IntoIterator<Item = &'e Expr>, indent: usize) -> String
    where
        'e: 'a,
    {
        let all: Vec<String> = exprs
            .into_iter()
            .map(|one| self.expr(one, indent))
            .collect();
        all.join(", ")
    }

    fn function(&self, id: FnId, type_args: &[Ty]) -> String {
        let name = &self.program.function(id).name;
        if type_args.is_empty() {
            return name.to_string();
        }
        let args: Vec<String> = type_args.iter().map(|ty| self.ty(*ty)).collect();
        format!("{name}<{}>", args.join(", "))
    }

    /// An expression; what is needed to see that it is resolved, with the types that are not
    /// obvious.
    fn expr(&mut self, expr: &'a Expr, indent: usize) -> String {
        match &expr.kind {
            ExprKind::Unit => "()".into(),
            ExprKind::Literal(literal) => show_literal(literal),
            ExprKind::Local(local) => self.local(*local),
            ExprKind::FnValue {
                function,
                type_args,
            } => {
                format!("fn {}", self.function(*function, type_args))
            }
            ExprKind::Tag(tag) => format!("tag {}", self.program.tag(*tag).name),
            ExprKind::TagMember { tag, args } => {
                format!(
                    "tag {}({})",
                    self.program.tag(*tag).name,
                    self.list(args, indent)
                )
            }
            ExprKind::Place { wanted, unwanted } => {
                format!(
                    "place {{{} !{}}}",
                    self.list(wanted, indent),
                    self.list(unwanted, indent)
                )
            }
            ExprKind::Call {
                function,
                type_args,
                args,
            } => {
                format!(
                    "{}({})",
                    self.function(*function, type_args),
                    self.list(args, indent)
                )
            }
            ExprKind::CallValue { callee, args } => {
                format!(
                    "({})({})",
                    self.expr(callee, indent),
                    self.list(args, indent)
                )
            }
            ExprKind::Spawn {
                function,
                type_args,
                args,
            } => {
                let function = self.function(*function, type_args);
                format!("spawn {function}({})", self.list(args, indent))
            }
            _ => self.made(expr, indent),
        }
    }

    /// Values that are put together.
    fn made(&mut self, expr: &'a Expr, indent: usize) -> String {
        match &expr.kind {
            ExprKind::Struct { fields, .. } => {
                format!("{}{{{}}}", self.ty(expr.ty), self.list(fields, indent))
            }
            ExprKind::Variant { adt, variant, args } => {
                let name = &self.program.adt(*adt).variants()[variant.index()].name;
                format!("{}.{name}({})", self.ty(expr.ty), self.list(args, indent))
            }
            ExprKind::Some(value) => format!("Some({})", self.expr(value, indent)),
            ExprKind::None => format!("None: {}", self.ty(expr.ty)),
            ExprKind::Tuple(parts) => format!("({})", self.list(parts, indent)),
            ExprKind::List(parts) => format!("{}[{}]", self.ty(expr.ty), self.list(parts, indent)),
            ExprKind::Set(parts) => {
                format!("{}#{{{}}}", self.ty(expr.ty), self.list(parts, indent))
            }
            ExprKind::Map(entries) => {
                let parts = entries.iter().flat_map(|(key, value)| [key, value]);
                format!("{}[{}]", self.ty(expr.ty), self.list(parts, indent))
            }
            _ => self.compound(expr, indent),
        }
    }

    fn compound(&mut self, expr: &'a Expr, indent: usize) -> String {
        match &expr.kind {
            ExprKind::Field { object, field } => {
                format!(
                    "{}.{}",
                    self.expr(object, indent),
                    self.field(object.ty, field.index())
                )
            }
            ExprKind::TupleField { object, index } => {
                format!("{}.{index}", self.expr(object, indent))
            }
            ExprKind::Index { object, index } => {
                format!(
                    "{}[{}]",
                    self.expr(object, indent),
                    self.expr(index, indent)
                )
            }
            ExprKind::Unary { op, operand } => {
                format!("{}{}", op.symbol(), self.expr(operand, indent))
            }
            ExprKind::Binary { op, left, right } => {
                self.chain(left, [(op.symbol(), &**right)], indent)
            }
            ExprKind::Chain { first, rest } => {
                let rest = rest.iter().map(|link| (link.op.symbol(), &link.operand));
                self.chain(first, rest, indent)
            }
            ExprKind::And(parts) => self.chain(&parts[0], with("&&", &parts[1..]), indent),
            ExprKind::Or(parts) => self.chain(&parts[0], with("||", &parts[1..]), indent),
            ExprKind::Coalesce {
                value,
                otherwise,
                flavour,
            } => {
                let sign = format!("??{}", show_flavour(*flavour));
                self.chain(value, [(&*sign, &**otherwise)], indent)
            }
            ExprKind::Matches { pattern, value } => {
                let pattern = self.pattern(pattern);
                format!("let {pattern} = {}", self.expr(value, indent))
            }
            ExprKind::Try { value, flavour } => {
                format!("{}?{}", self.expr(value, indent), show_flavour(*flavour))
            }
            ExprKind::Unwrap { value, flavour } => {
                format!("{}!{}", self.expr(value, indent), show_flavour(*flavour))
            }
            ExprKind::Interpolate(parts) => self.interpolation(parts, indent),
            ExprKind::Return(None) => "return".into(),
            ExprKind::Return(Some(value)) => format!("return {}", self.expr(value, indent)),
            ExprKind::Break { id, value: None } => format!("break {}", id.0),
            ExprKind::Break {
                id,
                value: Some(value),
            } => format!("break {}: {}", id.0, self.expr(value, indent)),
            ExprKind::Continue(id) => format!("continue {}", id.0),
            ExprKind::Closure(closure) => self.closure(closure, indent),
            ExprKind::Error => "?".into(),
            _ => self.control(expr, indent),
        }
    }

    fn chain<'s>(
        &mut self,
        first: &'a Expr,
        rest: impl IntoIterator<Item = (&'s str, &'a Expr)>,
        indent: usize,
    ) -> String {
        let (mut text, mut opened) = (self.expr(first, indent), String::new());
        for (sign, operand) in rest {
            let _ = write!(text, " {sign} {})", self.expr(operand, indent));
            opened.push('(');
        }
        opened + &text
    }

    fn interpolation(&mut self, parts: &'a [Part], indent: usize) -> String {
        let mut text = String::from("\"");
        for part in parts {
            match part {
                Part::Text(part) => text += &part.escape_debug().to_string(),
                Part::Value { value, spec } => {
                    let spec = spec.as_ref().map(show_spec).unwrap_or_default();
                    let _ = write!(text, "{{{}{spec}}}", self.expr(value, indent));
                }
            }
        }
        text + "\""
    }

    fn closure(&mut self, closure: &'a ClosureBody, indent: usize) -> String {
        let mut inner = String::new();
        let mut dumper = Dumper {
            program: self.program,
            generics: self.generics,
            locals: &closure.locals,
            out: &mut inner,
        };
        let params = closure.params.iter().map(|id| {
            format!(
                "{}: {}",
                dumper.local(*id),
                dumper.ty(closure.locals[id.index()].ty)
            )
        });
        let params = params.collect::<Vec<_>>().join(", ");
        let own: Vec<String> = closure
            .captures
            .iter()
            .map(|one| dumper.local(one.inner))
            .collect();
        dumper.locals(&closure.params, indent + 1);
        dumper.block(&closure.body, indent + 1);
        let captures = closure.captures.iter().zip(own);
        let captures = captures.map(|(one, inner)| format!("{inner} = {}", self.local(one.outer)));
        let captures = captures.collect::<Vec<_>>().join(", ");
        let result = self.ty(closure.result);
        let end = "  ".repeat(indent);
        format!("fn({params}) [{captures}] -> {result} {{\n{inner}{end}}}")
    }

    fn control(&mut self, expr: &'a Expr, indent: usize) -> String {
        match &expr.kind {
            ExprKind::Block { .. } => self.braces(expr, indent),
            ExprKind::If {
                condition,
                then,
                otherwise,
            } => {
                let head = format!("if {}", self.expr(condition, indent));
                self.branches(head, then, otherwise.as_deref(), indent)
            }
            ExprKind::Match { value, arms } => {
                let mut text = format!("match {} {{\n", self.expr(value, indent));
                for arm in arms {
                    text += &"  ".repeat(indent + 1);
                    text += &self.pattern(&arm.pattern);
                    if let Some(guard) = &arm.guard {
                        let _ = write!(text, " if {}", self.expr(guard, indent + 1));
                    }
                    let _ = writeln!(text, " => {}", self.expr(&arm.body, indent + 1));
                }
                text + &"  ".repeat(indent) + "}"
            }
            _ => self.repeat(expr, indent),
        }
    }

    fn repeat(&mut self, expr: &'a Expr, indent: usize) -> String {
        match &expr.kind {
            ExprKind::While {
                id,
                condition,
                body,
            } => {
                let head = format!("while {} {} ", id.0, self.expr(condition, indent));
                head + &self.braces(body, indent)
            }
            ExprKind::Loop { id, body } => format!("loop {} {}", id.0, self.braces(body, indent)),
            ExprKind::ForRange {
                id,
                local,
                start,
                end,
                limit,
                body,
            } => {
                let dots = if *limit == RangeEnd::Inclusive {
                    "..="
                } else {
                    ".."
                };
                let (start, end) = (self.expr(start, indent), self.expr(end, indent));
                let head = format!("for {} {} in {start}{dots}{end} ", id.0, self.local(*local));
                head + &self.braces(body, indent)
            }
            ExprKind::ForEach {
                id,
                pattern,
                iterable,
                body,
            } => {
                let iterable = self.expr(iterable, indent);
                let head = format!("for {} {} in {iterable} ", id.0, self.pattern(pattern));
                head + &self.braces(body, indent)
            }
            _ => "?".into(),
        }
    }

    fn branches(
        &mut self,
        head: String,
        then: &'a Expr,
        otherwise: Option<&'a Expr>,
        indent: usize,
    ) -> String {
        let mut text = format!("{head} {}", self.braces(then, indent));
        if let Some(otherwise) = otherwise {
            text += " else ";
            text += &self.expr(otherwise, indent);
        }
        text
    }

    fn pattern(&self, pattern: &Pattern) -> String {
        let list = |parts: &[Pattern], joint: &str| {
            let all: Vec<String> = parts.iter().map(|part| self.pattern(part)).collect();
            all.join(joint)
        };
        match &pattern.kind {
            PatternKind::Wildcard => "_".into(),
            PatternKind::Bind(local) => self.local(*local),
            PatternKind::At { local, pattern } => {
                format!("{} @ {}", self.local(*local), self.pattern(pattern))
            }
            PatternKind::Literal(literal) => show_literal(literal),
            PatternKind::Range { start, end, limit } => {
                let dots = if *limit == RangeEnd::Inclusive {
                    "..="
                } else {
                    ".."
                };
                format!("{start}{dots}{end}")
            }
            PatternKind::Variant {
                adt,
                variant,
                fields,
            } => {
                let name = &self.program.adt(*adt).variants()[variant.index()].name;
                format!("{name}({})", list(fields, ", "))
            }
            PatternKind::Some(part) => format!("Some({})", self.pattern(part)),
            PatternKind::None => "None".into(),
            PatternKind::Struct { adt, fields } => {
                format!("{}({})", self.program.adt(*adt).name, list(fields, ", "))
            }
            PatternKind::Tuple(parts) => format!("({})", list(parts, ", ")),
            PatternKind::List {
                front, rest, back, ..
            } => {
                let rest = rest.iter().map(|rest| format!("..{}", self.pattern(rest)));
                let front = front.iter().map(|part| self.pattern(part));
                let back = back.iter().map(|part| self.pattern(part));
                let all: Vec<String> = front.chain(rest).chain(back).collect();
                format!("[{}]", all.join(", "))
            }
            PatternKind::Or(sides) => list(sides, " | "),
            PatternKind::Error => "?".into(),
        }
    }
}

fn show_flavour(flavour: Flavour) -> &'static str {
    match flavour {
        Flavour::Option => "",
        Flavour::Result => "result",
    }
}

fn show_literal(literal: &Literal) -> String {
    match literal {
        Literal::Int(value) => value.to_string(),
        Literal::Float(value) => format!("{value:?}"),
        Literal::Bool(value) => value.to_string(),
        Literal::Str(text) => format!("{text:?}"),
        Literal::Bytes(bytes) => format!("b\"{}\"", bytes.escape_ascii()),
        Literal::Duration(nanos) => format!("{nanos}ns"),
    }
}

fn show_spec(spec: &FormatSpec) -> String {
    let width = spec.width.map(|width| format!(" width {width}"));
    let precision = spec.precision.map(|digits| format!(" precision {digits}"));
    format!(
        ":{:?}{}{}",
        spec.kind,
        width.unwrap_or_default(),
        precision.unwrap_or_default()
    )
}

fn with<'a>(
    sign: &'static str,
    operands: &'a [Expr],
) -> impl Iterator<Item = (&'static str, &'a Expr)> {
    operands.iter().map(move |operand| (sign, operand))
}
