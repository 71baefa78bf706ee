//! Types and values of tags, as they are written on the command line.

use sm_bytecode::{Type, TypeIx, TypeTable};
use sm_compiler::ast::{self, Expr, ExprKind, FileId, ItemKind, Literal, TypeKind};

use super::literal;

/// The type that `text` says, of those that a value on the command line can have.
pub(crate) fn parse(text: &str) -> Option<(TypeTable, TypeIx)> {
    let (module, diagnostics) =
        sm_compiler::parse(FileId(0), &format!("const ARGUMENT: {text} = 0"));
    let mut items = module.items.into_iter();
    match (items.next()?.kind, items.next()) {
        (ItemKind::Const(item), None) if diagnostics.is_empty() => {
            let mut types = TypeTable::new();
            let ix = written(&item.ty, &mut types)?;
            alone(&types, ix)
        }
        _ => None,
    }
}

/// The type of a literal, and of lists, maps, sets, tuples and options of literals.
pub(crate) fn of_literal(text: &str) -> Option<(TypeTable, TypeIx)> {
    let mut types = TypeTable::new();
    let ix = inferred(&literal::expression(text)?, &mut types)?;
    alone(&types, ix)
}

/// The text of a text literal, which stands in quotes.
pub(crate) fn quoted(text: &str) -> Option<String> {
    match literal::expression(text)?.kind {
        ExprKind::Literal(Literal::Str(text)) => Some(text.to_string()),
        _ => None,
    }
}

/// The table of one type, as its descriptor has it.
fn alone(types: &TypeTable, ix: TypeIx) -> Option<(TypeTable, TypeIx)> {
    let types = TypeTable::from_descriptor(&types.descriptor(ix)?).ok()?;
    Some((types, TypeIx(0)))
}

fn written(ty: &ast::Type, types: &mut TypeTable) -> Option<TypeIx> {
    let ty = match &ty.kind {
        TypeKind::Unit => Type::Unit,
        TypeKind::List(of) => Type::List(written(of, types)?),
        TypeKind::Map(key, of) => Type::Map(written(key, types)?, written(of, types)?),
        TypeKind::Option(of) => Type::Option(written(of, types)?),
        TypeKind::Tuple(of) => {
            let parts = of.iter().map(|of| written(of, types));
            Type::Tuple(parts.collect::<Option<_>>()?)
        }
        TypeKind::Named {
            module: None,
            name,
            args,
        } => match (name.name.as_str(), &args[..]) {
            ("Set", [of]) => Type::Set(written(of, types)?),
            (name, []) => scalar(name)?,
            _ => return None,
        },
        _ => return None,
    };
    Some(types.intern(ty))
}

fn scalar(name: &str) -> Option<Type> {
    Some(match name {
        "Unit" => Type::Unit,
        "Bool" => Type::Bool,
        "Int" => Type::Int,
        "Float" => Type::Float,
        "Duration" => Type::Duration,
        "Str" => Type::Str,
        "Bytes" => Type::Bytes,
        _ => return None,
    })
}

fn inferred(expr: &Expr, types: &mut TypeTable) -> Option<TypeIx> {
    let ty = match &expr.kind {
        ExprKind::Unit => Type::Unit,
        ExprKind::Literal(literal) => match literal {
            Literal::Int(_) => Type::Int,
            Literal::Float(_) => Type::Float,
            Literal::Bool(_) => Type::Bool,
            Literal::Str(_) => Type::Str,
            Literal::Bytes(_) => Type::Bytes,
            Literal::Duration(_) => Type::Duration,
        },
        // The first element decides; the others are held to it when the value is read.
        ExprKind::List(items) => Type::List(inferred(items.first()?, types)?),
        ExprKind::Set(items) => Type::Set(inferred(items.first()?, types)?),
        ExprKind::Map(entries) => {
            let first = entries.first()?;
            Type::Map(inferred(&first.key, types)?, inferred(&first.value, types)?)
        }
        ExprKind::Tuple(items) => {
            let parts = items.iter().map(|item| inferred(item, types));
            Type::Tuple(parts.collect::<Option<_>>()?)
        }
        _ => return None,
    };
    Some(types.intern(ty))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(found: Option<(TypeTable, TypeIx)>) -> Option<String> {
        found.map(|(types, ix)| types.show(ix))
    }

    #[test]
    fn types_are_read_as_the_language_writes_them() {
        for text in ["Int", "[Str]", "[Str: [Float]]", "Set<Int>", "(Int, Bool?)"] {
            assert_eq!(shown(parse(text)).as_deref(), Some(text));
        }
        for text in ["", "Point", "fn() -> Int", "Int = 3\nconst B: Int"] {
            assert_eq!(shown(parse(text)), None, "{text}");
        }
    }

    #[test]
    fn literals_have_a_type() {
        let of = |text| shown(of_literal(text));
        assert_eq!(of("3").as_deref(), Some("Int"));
        assert_eq!(of("[1.5]").as_deref(), Some("[Float]"));
        assert_eq!(of("(1, \"a\")").as_deref(), Some("(Int, Str)"));
        assert_eq!(of("[]"), None);
        assert_eq!(of("Windermere"), None);
        assert_eq!(quoted("\"a b\"").as_deref(), Some("a b"));
    }
}
