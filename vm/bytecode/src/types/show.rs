//! Types as text.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::index::TypeIx;
use crate::types::{Field, Type, TypeTable, Variant};

/// Parts written for one type before `..` stands for the rest: tables from elsewhere may hold
/// types whose text is exponentially long.
const MAX_PARTS: usize = 64;

impl TypeTable {
    /// The type as the language writes it; structs and enums by name and arguments.
    pub fn show(&self, ix: TypeIx) -> String {
        self.show_all(&[ix])
    }

    /// The types, separated by commas.
    pub fn show_all(&self, types: &[TypeIx]) -> String {
        let mut text = String::new();
        let mut left = MAX_PARTS;
        let mut steps = between("", types, "");
        steps.reverse();
        while let Some(step) = steps.pop() {
            match step {
                Step::Text(piece) => text += piece,
                Step::Type(_) if left == 0 => return text + "..",
                Step::Type(ix) => match self.get(ix) {
                    Some(ty) => {
                        left -= 1;
                        steps.extend(spell(ty).into_iter().rev());
                    }
                    None => text += "?",
                },
            }
        }
        text
    }

    /// The declaration of a struct or enum with its fields; for other types as
    /// [`TypeTable::show`].
    pub fn show_declaration(&self, ix: TypeIx) -> String {
        let name = self.show(ix);
        match self.get(ix) {
            Some(Type::Struct { fields, .. }) => {
                format!("struct {name} {{ {} }}", self.show_fields(fields))
            }
            Some(Type::Enum { variants, .. }) => {
                let variants: Vec<_> = variants.iter().map(|v| self.show_variant(v)).collect();
                format!("enum {name} {{ {} }}", variants.join(", "))
            }
            _ => name,
        }
    }

    fn show_fields(&self, fields: &[Field]) -> String {
        let field = |field: &Field| {
            let var = if field.mutable { "var " } else { "" };
            let colon = if field.name.is_empty() { "" } else { ": " };
            format!("{var}{}{colon}{}", field.name, self.show(field.ty))
        };
        fields.iter().map(field).collect::<Vec<_>>().join(", ")
    }

    fn show_variant(&self, variant: &Variant) -> String {
        match variant.fields.as_slice() {
            [] => variant.name.clone(),
            fields => format!("{}({})", variant.name, self.show_fields(fields)),
        }
    }
}

/// What remains to be written.
enum Step<'a> {
    Type(TypeIx),
    Text(&'a str),
}

/// The text of a type with its parts left to be written.
fn spell(ty: &Type) -> Vec<Step<'_>> {
    use Step::{Text, Type as Part};
    match ty {
        Type::Unit => [Text("Unit")].into(),
        Type::Bool => [Text("Bool")].into(),
        Type::Int => [Text("Int")].into(),
        Type::Float => [Text("Float")].into(),
        Type::Duration => [Text("Duration")].into(),
        Type::Str => [Text("Str")].into(),
        Type::Bytes => [Text("Bytes")].into(),
        Type::Id => [Text("Id")].into(),
        Type::Node => [Text("Node")].into(),
        Type::Hop => [Text("Hop")].into(),
        Type::Name => [Text("Name")].into(),
        Type::Place => [Text("Place")].into(),
        Type::AnyTag => [Text("AnyTag")].into(),
        Type::List(item) => [Text("["), Part(*item), Text("]")].into(),
        Type::Map(key, value) => {
            [Text("["), Part(*key), Text(": "), Part(*value), Text("]")].into()
        }
        Type::Set(item) => [Text("Set<"), Part(*item), Text(">")].into(),
        Type::Option(item) => [Part(*item), Text("?")].into(),
        Type::Tag(value) => [Text("Tag<"), Part(*value), Text(">")].into(),
        Type::Tuple(parts) => between("(", parts, ")"),
        Type::Fn { params, result } => {
            let mut steps = between("fn(", params, ") -> ");
            steps.push(Part(*result));
            steps
        }
        Type::Struct { name, args, .. } | Type::Enum { name, args, .. } => {
            let mut steps = Vec::from([Text(name)]);
            if !args.is_empty() {
                steps.extend(between("<", args, ">"));
            }
            steps
        }
    }
}

fn between<'a>(open: &'a str, types: &[TypeIx], close: &'a str) -> Vec<Step<'a>> {
    let mut steps = Vec::from([Step::Text(open)]);
    for (at, ty) in types.iter().enumerate() {
        if at > 0 {
            steps.push(Step::Text(", "));
        }
        steps.push(Step::Type(*ty));
    }
    steps.push(Step::Text(close));
    steps
}
