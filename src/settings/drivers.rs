//! `[io.NAME]`: drivers and what they keep.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sm_net::io::ClockForm;
use sm_net::io::{
    Clock, Constant, Driver, File, FileAccess, Form, Process, Restart, Tag, TextTag, Thermal, Zone,
};
use sm_net::limits::{EVERY, EVERY_SHORTEST};
use sm_sim::network::{TagDef, TagType, TagValue};
use sm_sim::reading::{Field, Problems, Table, values};
use sm_vm::Value;

use super::{Seen, duration, path, see};

/// A driver that could be made of what the file says.
type Made = Option<Box<dyn Driver>>;

/// Why such a tag can be made.
const ONE_TYPE: &str = "the type is in the table, and the value is of it";

/// What kind of driver it is.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Constant,
    Clock,
    File,
    Process,
    Thermal,
}

const KINDS: &[(&str, Kind)] = &[
    ("constant", Kind::Constant),
    ("clock", Kind::Clock),
    ("file", Kind::File),
    ("process", Kind::Process),
    ("thermal", Kind::Thermal),
];

/// Reads all drivers by the names of their tags.
pub(super) fn all(
    problems: &mut Problems<'_>,
    table: Table<'_>,
    folder: &Path,
    seen: &mut Seen,
) -> Vec<Box<dyn Driver>> {
    let mut drivers = Vec::new();
    for (name, field) in table.rest() {
        if !values::is_name(name) {
            let message = "no program can name such a tag";
            problems.add(field.key_span.clone(), &field.key, message);
            continue;
        }
        let Some(table) = field.table(problems) else {
            continue;
        };
        let reader = Reader { name, folder };
        if let Some(driver) = reader.driver(problems, table) {
            see(problems, seen, driver.tag().name(), &field);
            drivers.push(driver);
        }
    }
    drivers
}

/// Reads one driver.
struct Reader<'a> {
    name: &'a str,
    folder: &'a Path,
}

impl Reader<'_> {
    fn driver(&self, problems: &mut Problems<'_>, mut table: Table<'_>) -> Made {
        let kind = table.need(problems, "driver")?;
        // With an unknown driver it is not known either which other keys it has.
        let made = match kind.choice(problems, KINDS)? {
            Kind::Constant => self.constant(problems, &mut table),
            Kind::Clock => self.clock(problems, &mut table),
            Kind::File => self.file(problems, &mut table),
            Kind::Process => self.process(problems, &mut table),
            Kind::Thermal => self.thermal(problems, &mut table),
        };
        table.finish(problems);
        made
    }

    fn constant(&self, problems: &mut Problems<'_>, table: &mut Table<'_>) -> Made {
        let ty = table.take("type").map(|field| values::ty(problems, &field));
        let field = table.need(problems, "value")?;
        let ty = match ty {
            Some(ty) => ty?,
            None => values::evident(problems, &field)?,
        };
        let value = values::value(problems, &ty, &field)?;
        let def = TagDef {
            name: self.name.to_owned(),
            ty,
            value,
            lifetime: None,
            driver: None,
        };
        match def.open() {
            Ok((open, value)) => Some(Box::new(Constant::new(Tag {
                open,
                value: Some(value),
            }))),
            Err(error) => {
                problems.add(field.span(), &field.key, error.to_string());
                None
            }
        }
    }

    fn clock(&self, problems: &mut Problems<'_>, table: &mut Table<'_>) -> Made {
        let forms = [("Int", ClockForm::Int), ("Float", ClockForm::Float)];
        let form = match table.take("type") {
            Some(field) => field.choice(problems, &forms),
            None => Some(ClockForm::default()),
        };
        let every = every(problems, table);
        let clock = Clock::new(self.name, form?, every?).expect(ONE_TYPE);
        Some(Box::new(clock))
    }

    fn file(&self, problems: &mut Problems<'_>, table: &mut Table<'_>) -> Made {
        let kept = self.text_tag(problems, table);
        let every = every(problems, table);
        let access = table.take("writable").map(|field| field.flag(problems));
        let at = table.need(problems, "path")?;
        let at = path(problems, &at, self.folder)?;
        let access = match access {
            Some(writable) if writable? => FileAccess::Replace,
            _ => FileAccess::ReadOnly,
        };
        Some(Box::new(File::new(kept?, at, every?, access)))
    }

    fn process(&self, problems: &mut Problems<'_>, table: &mut Table<'_>) -> Made {
        let kept = self.text_tag(problems, table);
        let restart = table.take("restart").map(|field| field.flag(problems));
        let command = table.need(problems, "command")?;
        let command = self.command(problems, &command)?;
        let restart = match restart {
            Some(again) if !again? => Restart::Never,
            _ => Restart::Always,
        };
        Some(Box::new(Process::new(kept?, command, restart)))
    }

    /// A program and its arguments. One that is named with a slash is a path like others.
    fn command(&self, problems: &mut Problems<'_>, field: &Field<'_>) -> Option<Vec<String>> {
        let parts = field.array(problems)?;
        let parts: Vec<_> = parts.iter().map(|part| part.string(problems)).collect();
        let parts: Option<Vec<&str>> = parts.into_iter().collect();
        let mut command: Vec<String> = parts?.into_iter().map(str::to_owned).collect();
        let Some(program) = command.first_mut().filter(|program| !program.is_empty()) else {
            field.expected(
                problems,
                "a program and its arguments, [\"program\", \"argument\"]",
            );
            return None;
        };
        if program.contains('/') {
            let path = self.folder.join(&*program);
            let Some(path) = path.to_str() else {
                field.expected(problems, "a program in a folder whose name is text");
                return None;
            };
            *program = path.to_owned();
        }
        Some(command)
    }

    fn thermal(&self, problems: &mut Problems<'_>, table: &mut Table<'_>) -> Made {
        let zone = match table.take("zone") {
            Some(field) => zone(problems, &field),
            None => Some(Zone::Number(0)),
        };
        let every = every(problems, table);
        let root = match table.take("root") {
            Some(field) => path(problems, &field, self.folder),
            None => Some(PathBuf::from(Thermal::ROOT)),
        };
        let thermal = Thermal::new(self.name, zone?, every?).expect(ONE_TYPE);
        Some(Box::new(thermal.below(root?)))
    }

    /// A tag whose values are text outside: `type`, and `value` if it has one from the start.
    fn text_tag(&self, problems: &mut Problems<'_>, table: &mut Table<'_>) -> Option<TextTag> {
        let form = match table.take("type") {
            Some(field) => field.choice(problems, Form::ALL),
            None => Some(Form::default()),
        };
        let first = table.take("value");
        let form = form?;
        let first = match first {
            Some(field) => Some(first_value(problems, form, &field)?),
            None => None,
        };
        Some(TextTag::new(self.name, form, first.as_ref()).expect(ONE_TYPE))
    }
}

fn first_value(problems: &mut Problems<'_>, form: Form, field: &Field<'_>) -> Option<Value> {
    let ty = match form {
        Form::Str => TagType::Str,
        Form::Int => TagType::Int,
        Form::Float => TagType::Float,
        Form::Bool => TagType::Bool,
        Form::Bytes => TagType::Bytes,
    };
    Some(match values::value(problems, &ty, field)? {
        TagValue::Str(text) => Value::Str(text),
        TagValue::Int(number) => Value::Int(number),
        TagValue::Float(number) => Value::Float(number),
        TagValue::Bool(value) => Value::Bool(value),
        TagValue::Bytes(bytes) => Value::Bytes(bytes),
        _ => return None,
    })
}

/// A thermometer by number, or by the name of its type.
fn zone(problems: &mut Problems<'_>, field: &Field<'_>) -> Option<Zone> {
    match field.int() {
        Some(number) => match u32::try_from(number) {
            Ok(number) => Some(Zone::Number(number)),
            Err(_) => {
                field.expected(problems, "the number of a zone, or the name of its type");
                None
            }
        },
        None => field.string(problems).map(Zone::from),
    }
}

/// How often a driver looks, a second if nothing is said.
fn every(problems: &mut Problems<'_>, table: &mut Table<'_>) -> Option<Duration> {
    let Some(field) = table.take("every") else {
        return Some(EVERY);
    };
    let every = duration(field.time(problems)?);
    if every < EVERY_SHORTEST {
        let least = EVERY_SHORTEST.as_millis();
        field.expected(problems, &format!("a time of {least}ms or longer"));
        return None;
    }
    Some(every)
}
