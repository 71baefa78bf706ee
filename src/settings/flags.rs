//! Tags and drivers in one line, for flags.

use std::path::PathBuf;

use sm_bytecode::{Type, TypeIx, TypeTable};
use sm_net::io::{
    Clock, ClockForm, Constant, Driver, File, FileAccess, Form, Process, Restart, Tag, TextTag,
    Thermal, Zone,
};
use sm_net::limits::{EVERY, EVERY_SHORTEST};
use sm_sim::reading::values;
use sm_vm::Value;

use crate::arguments::{self, types};
use crate::text;

/// A type, in a table.
type Typed = (TypeTable, TypeIx);

/// An ordinary tag with its value: `NAME=VALUE` or `NAME: TYPE=VALUE`.
pub(crate) fn tag(line: &str) -> Result<Tag, String> {
    let (name, ty, text) = named(line, "NAME=VALUE or NAME: TYPE=VALUE")?;
    tag_of(name, ty, text)
}

/// A driver: `NAME=DRIVER`, `NAME=DRIVER:ARGUMENT`, or the same with `NAME: TYPE`.
pub(crate) fn io(line: &str) -> Result<Box<dyn Driver>, String> {
    let (name, ty, text) = named(line, "NAME=DRIVER or NAME=DRIVER:ARGUMENT")?;
    let (driver, argument) = match text.split_once(':') {
        Some((driver, argument)) => (driver.trim(), Some(argument)),
        None => (text.trim(), None),
    };
    match driver {
        "const" | "constant" => {
            let value = argument.ok_or("write the value: const:VALUE")?;
            Ok(Box::new(Constant::new(tag_of(name, ty, value)?)))
        }
        "clock" => clock(name, ty, argument),
        "file" => {
            let path = given(argument, "write the path: file:PATH")?;
            let kept = text_tag(name, ty)?;
            let path = PathBuf::from(path);
            Ok(Box::new(File::new(kept, path, EVERY, FileAccess::ReadOnly)))
        }
        "process" => {
            let command = given(argument, "write the command: process:PROGRAM ARGUMENTS")?;
            let command = command.split_whitespace().map(str::to_owned).collect();
            Ok(Box::new(Process::new(
                text_tag(name, ty)?,
                command,
                Restart::Always,
            )))
        }
        "thermal" => {
            if ty.is_some_and(|(types, ix)| types.get(ix) != Some(&Type::Float)) {
                return Err("a temperature is a Float".to_owned());
            }
            let zone = Zone::from(argument.unwrap_or("0").trim());
            let thermal = Thermal::new(name, zone, EVERY).map_err(|error| error.to_string())?;
            Ok(Box::new(thermal))
        }
        other => Err(unknown(other)),
    }
}

const DRIVERS: [&str; 5] = ["clock", "const", "file", "process", "thermal"];

fn unknown(driver: &str) -> String {
    match text::nearest(driver, DRIVERS) {
        Some(near) => format!("there is no driver `{driver}`; did you mean `{near}`?"),
        None => format!("there is no driver `{driver}`, but {}", DRIVERS.join(", ")),
    }
}

fn clock(name: &str, ty: Option<Typed>, every: Option<&str>) -> Result<Box<dyn Driver>, String> {
    let form = match ty.as_ref().map(|(types, ix)| types.get(*ix)) {
        None | Some(Some(Type::Int)) => ClockForm::Int,
        Some(Some(Type::Float)) => ClockForm::Float,
        Some(_) => return Err("a clock shows an Int or a Float".to_owned()),
    };
    let every = match every {
        Some(text) => arguments::span(text.trim())?,
        None => EVERY,
    };
    if every < EVERY_SHORTEST {
        let least = EVERY_SHORTEST.as_millis();
        return Err(format!("a clock strikes every {least}ms at most"));
    }
    let clock = Clock::new(name, form, every);
    Ok(Box::new(clock.map_err(|error| error.to_string())?))
}

/// The name, the type if it is named, and what stands after `=`.
fn named<'a>(line: &'a str, form: &str) -> Result<(&'a str, Option<Typed>, &'a str), String> {
    let (name, text) = line
        .split_once('=')
        .ok_or_else(|| format!("write {form}"))?;
    let (name, ty) = match name.split_once(':') {
        Some((name, ty)) => (name, Some(ty.trim())),
        None => (name, None),
    };
    let name = name.trim();
    if !values::is_name(name) {
        return Err(format!("no program can name a tag `{name}`"));
    }
    let read = |ty| types::parse(ty).ok_or_else(|| format!("there is no type `{ty}`"));
    Ok((name, ty.map(read).transpose()?, text))
}

fn tag_of(name: &str, ty: Option<Typed>, text: &str) -> Result<Tag, String> {
    let (types, ix, value) = match ty {
        Some((types, ix)) => {
            let value = value(&types, ix, text)?;
            (types, ix, value)
        }
        None => evident(text),
    };
    Tag::new(name, (&types, ix), Some(&value)).map_err(|error| error.to_string())
}

fn value(types: &TypeTable, ix: TypeIx, text: &str) -> Result<Value, String> {
    let read = arguments::value(types, ix, text);
    read.map_err(|error| format!("`{text}` is no {}: {error}", types.show(ix)))
}

/// A number or a truth value is what it looks like, all else is text; quotes make text of anything.
fn evident(text: &str) -> (TypeTable, TypeIx, Value) {
    let plain = |ty: Option<&Type>| matches!(ty, Some(Type::Int | Type::Float | Type::Bool));
    let literal = types::of_literal(text).filter(|(types, ix)| plain(types.get(*ix)));
    if let Some((types, ix)) = literal
        && let Ok(value) = arguments::value(&types, ix, text)
    {
        return (types, ix, value);
    }
    let mut table = TypeTable::new();
    let ix = table.intern(Type::Str);
    let text = types::quoted(text).unwrap_or_else(|| text.to_owned());
    (table, ix, Value::Str(text))
}

fn text_tag(name: &str, ty: Option<Typed>) -> Result<TextTag, String> {
    let form = match ty {
        None => Some(Form::default()),
        Some((types, ix)) => {
            let mut forms = Form::ALL.iter().map(|(_, form)| *form);
            forms.find(|form| types.get(ix) == Some(&form.ty()))
        }
    };
    let form = form.ok_or("its type is one of Str, Int, Float, Bool, Bytes")?;
    TextTag::new(name, form, None).map_err(|error| error.to_string())
}

fn given<'a>(argument: Option<&'a str>, else_write: &str) -> Result<&'a str, String> {
    let argument = argument.filter(|argument| !argument.trim().is_empty());
    argument.ok_or_else(|| else_write.to_owned())
}
