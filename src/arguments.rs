//! Arguments of a program's `main`, from the command line to values.
//!
//! One rule: arguments are values in the order of the parameters; `name=value`, where `name` is a
//! parameter, gives that parameter, wherever it stands. What a text means depends on the type of
//! the parameter alone.

mod literal;
pub(crate) mod types;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use sm_bytecode::{TypeIx, TypeTable};
use sm_vm::Value;

use crate::exit::Failure;
use crate::text;

pub(crate) use literal::duration;

/// A value of this type, all of it given.
pub(crate) fn value(types: &TypeTable, ty: TypeIx, text: &str) -> Result<Value, literal::Mistake> {
    literal::parse(types, &FieldDefaults::new(), ty, text)
}

/// A duration on the command line, as the language writes it.
pub(crate) fn span(text: &str) -> Result<std::time::Duration, String> {
    duration(text)
        .and_then(|nanos| u64::try_from(nanos).ok())
        .map(std::time::Duration::from_nanos)
        .ok_or_else(|| "write a duration like 5s, 250ms, 2min".to_owned())
}

/// An amount of fuel on the command line: `5000000`, `500M`, `2G`.
pub(crate) fn fuel(text: &str) -> Result<u64, String> {
    let units = [("k", 1_000), ("M", 1_000_000), ("G", 1_000_000_000)];
    amount(text, &units).ok_or_else(|| "write a number like 5000000, 500M or 2G".to_owned())
}

/// A size on the command line: `65536`, `512KiB`, `64MiB`, `1GiB`.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    let units = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];
    amount(text, &units).ok_or_else(|| "write a size like 512KiB, 64MiB or 1GiB".to_owned())
}

/// A number that is not 0, with one of the units or none. Digits may be grouped by `_`.
fn amount(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let unit = units.iter().find(|(unit, _)| text.ends_with(unit));
    let (digits, factor) = match unit {
        Some((unit, factor)) => (text.strip_suffix(unit)?, *factor),
        None => (text, 1),
    };
    let is_number = digits.starts_with(|digit: char| digit.is_ascii_digit())
        && digits
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'_');
    let number: u64 = digits.replace('_', "").parse().ok().filter(|_| is_number)?;
    number.checked_mul(factor).filter(|amount| *amount > 0)
}

/// What `main` wants.
#[derive(Debug)]
pub(crate) struct Signature {
    pub(crate) types: TypeTable,
    pub(crate) parameters: Vec<Parameter>,
    /// What fields of structs are if they are left out.
    pub(crate) fields: FieldDefaults,
}

/// By the names of struct and field.
pub(crate) type FieldDefaults = BTreeMap<(String, String), Value>;

#[derive(Debug)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) ty: TypeIx,
    /// Given if the argument may be left out.
    pub(crate) default: Option<Value>,
}

/// The values for all parameters, in their order.
pub(crate) fn parse(signature: &Signature, given: &[String]) -> Result<Vec<Value>, Failure> {
    assign(signature, given).map_err(|failure| failure.help(signature.usage()))
}

fn assign(signature: &Signature, given: &[String]) -> Result<Vec<Value>, Failure> {
    let mut values: Vec<Option<Value>> = signature.parameters.iter().map(|_| None).collect();
    for (name, value) in given.iter().filter_map(|text| signature.named(text)) {
        let parameter = &signature.parameters[name];
        if values[name].is_some() {
            return Err(Failure::usage(format!(
                "`{}` is given twice",
                parameter.name
            )));
        }
        values[name] = Some(signature.value(parameter, value)?);
    }
    let mut next = 0;
    for text in given.iter().filter(|text| signature.named(text).is_none()) {
        while values.get(next).is_some_and(Option::is_some) {
            next += 1;
        }
        let Some(parameter) = signature.parameters.get(next) else {
            return Err(signature.too_many(text));
        };
        values[next] = Some(signature.value(parameter, text)?);
    }
    let filled = values.into_iter().zip(&signature.parameters);
    filled
        .map(|(value, parameter)| signature.or_default(value, parameter))
        .collect()
}

impl Signature {
    /// `name=value`, if `name` is a parameter: its index, and the value's text.
    fn named<'a>(&self, text: &'a str) -> Option<(usize, &'a str)> {
        let (name, value) = text.split_once('=')?;
        let index = self
            .parameters
            .iter()
            .position(|parameter| parameter.name == name)?;
        Some((index, value))
    }

    fn value(&self, parameter: &Parameter, text: &str) -> Result<Value, Failure> {
        literal::parse(&self.types, &self.fields, parameter.ty, text).map_err(|error| {
            let failure = Failure::usage(format!(
                "`{text}` is no {} for the parameter `{}`: {}",
                self.types.show(parameter.ty),
                parameter.name,
                error,
            ));
            match self.near(text) {
                Some(name) => failure.help(format!("did you mean `{name}=..`?")),
                None => failure,
            }
        })
    }

    /// The parameter that `nmae=value` may mean.
    fn near(&self, text: &str) -> Option<&str> {
        let (name, _) = text.trim_start_matches('-').split_once('=')?;
        text::nearest(
            name,
            self.parameters
                .iter()
                .map(|parameter| parameter.name.as_str()),
        )
    }

    fn too_many(&self, text: &str) -> Failure {
        let count = text::count(self.parameters.len(), "argument");
        let failure = match self.parameters.len() {
            0 => Failure::usage(format!("`main` has no parameters, so `{text}` is too much")),
            _ => Failure::usage(format!("`main` takes {count}, so `{text}` is too much")),
        };
        match self.near(text) {
            Some(name) => failure.help(format!("did you mean `{name}=..`?")),
            None => failure,
        }
    }

    fn or_default(&self, value: Option<Value>, parameter: &Parameter) -> Result<Value, Failure> {
        value.or_else(|| parameter.default.clone()).ok_or_else(|| {
            let ty = self.types.show(parameter.ty);
            Failure::usage(format!(
                "the argument `{}: {ty}` is missing",
                parameter.name
            ))
        })
    }

    /// `main(name: Str, times: Int = 1)`, one parameter a line where that is long.
    fn usage(&self) -> String {
        const WIDTH: usize = 60;
        let parameters: Vec<String> = self.parameters.iter().map(|one| self.show(one)).collect();
        let line = parameters.join(", ");
        if line.chars().count() <= WIDTH {
            return format!("the program begins at `main({line})`");
        }
        let lines: Vec<String> = parameters
            .iter()
            .map(|one| format!("          {one},"))
            .collect();
        format!(
            "the program begins at\n        main(\n{}\n        )",
            lines.join("\n")
        )
    }

    fn show(&self, parameter: &Parameter) -> String {
        let (name, ty) = (&parameter.name, self.types.show(parameter.ty));
        match &parameter.default {
            Some(value) => format!("{name}: {ty} = {value}"),
            None => format!("{name}: {ty}"),
        }
    }
}
