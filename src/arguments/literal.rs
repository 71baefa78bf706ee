//! The text of one argument, read as the type of its parameter wants it.
//!
//! The language's own parser reads it, so an argument is written as in a program.

use std::fmt;

use sm_bytecode::{Field, Type, TypeIx, TypeTable};
use sm_compiler::ast::{Arg, Expr, ExprKind, FileId, ItemKind, Literal, MapEntry};
use sm_vm::Value;

use super::FieldDefaults;

/// What was expected, and where.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mistake(String);

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Nanoseconds, if `text` is a duration like `250ms`.
pub(crate) fn duration(text: &str) -> Option<i64> {
    match expression(text)?.kind {
        ExprKind::Literal(Literal::Duration(nanos)) => Some(nanos),
        _ => None,
    }
}

/// The value of type `ty` that `text` says. Text itself needs no quotes.
pub(crate) fn parse(
    types: &TypeTable,
    defaults: &FieldDefaults,
    ty: TypeIx,
    text: &str,
) -> Result<Value, Mistake> {
    if types.get(ty) == Some(&Type::Str) {
        return Ok(Value::Str(text.into()));
    }
    let reader = Reader {
        types,
        defaults,
        text,
    };
    match expression(text) {
        Some(expr) => reader.value(ty, &expr),
        None => Err(reader.wanted(ty)),
    }
}

/// What stands in front of a text to make it a module, as the parser reads modules only.
const FRAME: &str = "const ARGUMENT: Unit = ";

/// `text` as one expression with all spans in `text`, if it is one.
pub(super) fn expression(text: &str) -> Option<Expr> {
    let (module, diagnostics) = sm_compiler::parse(FileId(0), &format!("{FRAME}{text}"));
    let mut items = module.items.into_iter();
    match (items.next()?.kind, items.next()) {
        (ItemKind::Const(item), None) if diagnostics.is_empty() => Some(item.value),
        _ => None,
    }
}

struct Reader<'a> {
    types: &'a TypeTable,
    defaults: &'a FieldDefaults,
    text: &'a str,
}

impl Reader<'_> {
    fn value(&self, ty: TypeIx, expr: &Expr) -> Result<Value, Mistake> {
        let wrong = || self.wrong(ty, expr);
        match (self.types.get(ty).ok_or_else(wrong)?, &expr.kind) {
            (Type::Unit, ExprKind::Unit) => Ok(Value::Unit),
            (scalar, ExprKind::Literal(literal)) => scalar_value(scalar, literal).ok_or_else(wrong),
            (Type::List(element), ExprKind::List(items)) => {
                self.values(*element, items).map(Value::List)
            }
            (Type::Set(element), ExprKind::Set(items)) => {
                self.values(*element, items).map(Value::Set)
            }
            (Type::Map(key, value), ExprKind::Map(entries)) => {
                self.entries(*key, *value, entries).map(Value::Map)
            }
            (Type::Tuple(parts), ExprKind::Tuple(items)) if parts.len() == items.len() => {
                let items = parts
                    .iter()
                    .zip(items)
                    .map(|(ty, item)| self.value(*ty, item));
                items.collect::<Result<_, _>>().map(Value::Tuple)
            }
            (Type::Option(inner), _) => self.option(ty, *inner, expr),
            (Type::Struct { name, fields, .. }, ExprKind::Call { callee, args }) => {
                match called(callee) {
                    Some(called) if called == name => self.record(ty, expr, fields, args),
                    _ => Err(wrong()),
                }
            }
            (Type::Enum { .. }, _) => self.variant(ty, expr),
            _ => Err(wrong()),
        }
    }

    fn values(&self, ty: TypeIx, items: &[Expr]) -> Result<Vec<Value>, Mistake> {
        items.iter().map(|item| self.value(ty, item)).collect()
    }

    fn entries(
        &self,
        key: TypeIx,
        value: TypeIx,
        entries: &[MapEntry],
    ) -> Result<Vec<(Value, Value)>, Mistake> {
        let pair = |entry: &MapEntry| {
            Ok((
                self.value(key, &entry.key)?,
                self.value(value, &entry.value)?,
            ))
        };
        entries.iter().map(pair).collect()
    }

    fn option(&self, ty: TypeIx, inner: TypeIx, expr: &Expr) -> Result<Value, Mistake> {
        match &expr.kind {
            ExprKind::Name(name) if *name.name == *"None" => Ok(Value::Option(None)),
            ExprKind::Call { callee, args } if called(callee) == Some("Some") => match &args[..] {
                [
                    Arg {
                        name: None, value, ..
                    },
                ] => Ok(Value::Option(Some(Box::new(self.value(inner, value)?)))),
                _ => Err(self.wrong(ty, expr)),
            },
            _ => Err(self.wrong(ty, expr)),
        }
    }

    /// A struct's fields, each by name, in any order; those with defaults may be left out.
    fn record(
        &self,
        ty: TypeIx,
        expr: &Expr,
        fields: &[Field],
        args: &[Arg],
    ) -> Result<Value, Mistake> {
        let fields = self.fields(ty, expr, fields, args)?;
        Ok(Value::Struct {
            name: self.types.show(ty),
            fields,
        })
    }

    /// `Red`, `Gray(0.5)`, `Gray(level: 0.5)`, `Color.Red`.
    fn variant(&self, ty: TypeIx, expr: &Expr) -> Result<Value, Mistake> {
        let Some(Type::Enum { name, variants, .. }) = self.types.get(ty) else {
            return Err(self.wrong(ty, expr));
        };
        let (callee, args) = match &expr.kind {
            ExprKind::Call { callee, args } => (&**callee, &args[..]),
            _ => (expr, &[][..]),
        };
        let index = called(callee)
            .and_then(|called| variants.iter().position(|variant| variant.name == called))
            .ok_or_else(|| self.wrong(ty, expr))?;
        let fields = self.fields(ty, expr, &variants[index].fields, args)?;
        let (name, variant) = (name.clone(), variants[index].name.clone());
        Ok(Value::Enum {
            name,
            variant,
            fields,
        })
    }

    /// The fields in the order of their declaration, given in order or by name.
    fn fields(
        &self,
        ty: TypeIx,
        expr: &Expr,
        fields: &[Field],
        args: &[Arg],
    ) -> Result<Vec<(String, Value)>, Mistake> {
        let mut used = 0;
        let mut values = Vec::new();
        for (index, field) in fields.iter().enumerate() {
            let named = args.iter().find(|arg| {
                arg.name
                    .as_ref()
                    .is_some_and(|name| *name.name == *field.name)
            });
            let arg = named.or_else(|| args.get(index).filter(|arg| arg.name.is_none()));
            let value = match arg {
                Some(arg) => {
                    used += 1;
                    self.value(field.ty, &arg.value)?
                }
                None => match self.default(ty, field) {
                    Some(value) => value.clone(),
                    None => return Err(self.wrong(ty, expr)),
                },
            };
            values.push((field.name.clone(), value));
        }
        match used == args.len() {
            true => Ok(values),
            false => Err(self.wrong(ty, expr)),
        }
    }

    /// What the field of a struct is if it is left out.
    fn default(&self, ty: TypeIx, field: &Field) -> Option<&Value> {
        match self.types.get(ty)? {
            Type::Struct { name, .. } => self.defaults.get(&(name.clone(), field.name.clone())),
            _ => None,
        }
    }

    /// What a part of the text should have been.
    fn wrong(&self, ty: TypeIx, expr: &Expr) -> Mistake {
        let start = expr.span.start as usize - FRAME.len();
        let end = expr.span.end as usize - FRAME.len();
        let part = self.text.get(start..end).unwrap_or_default();
        let wanted = self.wanted(ty).0;
        if part == self.text.trim() {
            Mistake(wanted)
        } else {
            Mistake(format!("at `{part}`: {wanted}"))
        }
    }

    /// How a value of the type is written.
    fn wanted(&self, ty: TypeIx) -> Mistake {
        let name = self.types.show(ty);
        Mistake(match self.types.get(ty) {
            Some(Type::Int) => "an Int is written like 42, -7 or 0xff, and has 64 bits".to_owned(),
            Some(Type::Float) => "a Float is written like 2.5 or -1e9".to_owned(),
            Some(Type::Bool) => "a Bool is `true` or `false`".to_owned(),
            Some(Type::Duration) => "a Duration is written like 5s, 250ms or 2min".to_owned(),
            Some(Type::Str) => "text inside of another value has quotes: \"text\"".to_owned(),
            Some(Type::Bytes) => "bytes are written like b\"text\\x00\"".to_owned(),
            Some(Type::Unit) => "it is written ()".to_owned(),
            Some(Type::List(_)) => format!("a list {name} is written in brackets: [a, b]"),
            Some(Type::Map(..)) => format!("a map {name} is written [key: value], empty [:]"),
            Some(Type::Set(_)) => format!("a set {name} is written #{{a, b}}"),
            Some(Type::Option(_)) => format!("a {name} is written `None` or Some(value)"),
            Some(Type::Tuple(parts)) => format!("a tuple {name} has {} parts: (a, b)", parts.len()),
            Some(Type::Struct { name, fields, .. }) => {
                format!("it is written {}", self.record_form(Some(ty), name, fields))
            }
            Some(Type::Enum { variants, .. }) => {
                let forms: Vec<String> = variants
                    .iter()
                    .map(|v| self.record_form(None, &v.name, &v.fields))
                    .collect();
                format!("it is one of {}", forms.join(", "))
            }
            _ => format!("a value of the type {name} cannot be given on the command line"),
        })
    }

    /// `Point(x: Int, y: Int = 0)`.
    fn record_form(&self, of: Option<TypeIx>, name: &str, fields: &[Field]) -> String {
        let field = |field: &Field| {
            let ty = self.types.show(field.ty);
            if field.name.is_empty() {
                return ty;
            }
            match of.and_then(|of| self.default(of, field)) {
                Some(value) => format!("{}: {ty} = {value}", field.name),
                None => format!("{}: {ty}", field.name),
            }
        };
        match fields.len() {
            0 => name.to_owned(),
            _ => format!(
                "{name}({})",
                fields.iter().map(field).collect::<Vec<_>>().join(", ")
            ),
        }
    }
}

/// The name that is called, without the enum in front of a variant.
fn called(callee: &Expr) -> Option<&str> {
    match &callee.kind {
        ExprKind::Name(ident) => Some(&ident.name),
        ExprKind::Field { object, name } if matches!(object.kind, ExprKind::Name(_)) => {
            Some(&name.name)
        }
        _ => None,
    }
}

fn scalar_value(ty: &Type, literal: &Literal) -> Option<Value> {
    Some(match (ty, literal) {
        (Type::Int, Literal::Int(n)) => Value::Int(*n),
        (Type::Float, Literal::Float(x)) => Value::Float(*x),
        // The one liberty: a whole number is a Float where a Float is wanted.
        (Type::Float, Literal::Int(n)) => Value::Float(*n as f64),
        (Type::Bool, Literal::Bool(b)) => Value::Bool(*b),
        (Type::Duration, Literal::Duration(nanos)) => Value::Duration(*nanos),
        (Type::Str, Literal::Str(text)) => Value::Str(text.to_string()),
        (Type::Bytes, Literal::Bytes(bytes)) => Value::Bytes(bytes.to_vec()),
        _ => return None,
    })
}
