//! The thermometers of a Linux machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sm_vm::ValueError;
use tokio::time::MissedTickBehavior;

use super::file::{apart, read};
use super::{Driver, Form, Port, Tag, Tell, TextTag, Work};
use crate::limits;

/// Which thermometer.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Zone {
    /// The one of this number.
    Number(u32),
    /// The one that the kernel says is of this type, such as `x86_pkg_temp`; the first of several.
    Type(String),
}

/// A number is a number, anything else the name of a type.
impl From<&str> for Zone {
    fn from(text: &str) -> Self {
        let number = text.parse().map(Zone::Number);
        number.unwrap_or_else(|_| Zone::Type(text.to_owned()))
    }
}

/// Gives a tag the temperature of a thermal zone in degrees Celsius, if that has changed. While
/// the zone cannot be read the last value stays.
#[derive(Clone, Debug)]
pub struct Thermal {
    kept: TextTag,
    zone: Zone,
    every: Duration,
    root: PathBuf,
}

impl Thermal {
    /// Where Linux shows its thermometers.
    pub const ROOT: &'static str = "/sys/class/thermal";

    /// Looks at the thermometer `every` so often.
    ///
    /// # Errors
    /// None that the caller could cause.
    pub fn new(display: &str, zone: Zone, every: Duration) -> Result<Self, ValueError> {
        Ok(Self {
            kept: TextTag::new(display, Form::Float, None)?,
            zone,
            every: every.max(limits::EVERY_SHORTEST),
            root: PathBuf::from(Self::ROOT),
        })
    }

    /// Looks for the thermometers in another folder.
    pub fn below(self, root: PathBuf) -> Self {
        Self { root, ..self }
    }

    async fn keep(self, port: Port) {
        let mut last = None;
        let mut ticks = tokio::time::interval(self.every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.look(&port.tell, &mut last).await;
        }
    }

    async fn look(&self, tell: &Tell, last: &mut Option<Vec<u8>>) {
        let (root, zone) = (self.root.clone(), self.zone.clone());
        let degrees = apart(move || degrees(&root, &zone)).await;
        match degrees.and_then(|degrees| self.kept.encode(degrees.to_string().as_bytes())) {
            Ok(value) => {
                tell.well();
                if last.as_ref() != Some(&value) {
                    *last = Some(value.clone());
                    tell.put(value).await;
                }
            }
            Err(reason) => tell.fault(reason).await,
        }
    }
}

impl Driver for Thermal {
    fn tag(&self) -> &Tag {
        self.kept.tag()
    }

    fn run(self: Box<Self>, port: Port) -> Work {
        Box::pin(self.keep(port))
    }
}

/// What the thermometer shows, in degrees Celsius.
fn degrees(root: &Path, zone: &Zone) -> Result<f64, String> {
    let folder = match zone {
        Zone::Number(number) => root.join(format!("thermal_zone{number}")),
        // Sought anew each time: the kernel numbers what is plugged in as it comes.
        Zone::Type(name) => of_type(root, name)?,
    };
    let path = folder.join("temp");
    let about = |reason: String| format!("`{}`: {reason}", path.display());
    let text = read(&path, limits::SENSOR_BYTES).map_err(about)?;
    let thousandths = std::str::from_utf8(&text)
        .ok()
        .and_then(|text| text.trim().parse::<i32>().ok());
    let thousandths = thousandths.ok_or_else(|| about("it shows no temperature".to_owned()))?;
    Ok(f64::from(thousandths) / 1_000.0)
}

fn of_type(root: &Path, name: &str) -> Result<PathBuf, String> {
    let entries = fs::read_dir(root).map_err(|error| format!("`{}`: {error}", root.display()))?;
    let mut found: Option<(u32, PathBuf)> = None;
    for path in entries
        .take(limits::SENSORS)
        .flatten()
        .map(|entry| entry.path())
    {
        let number = path
            .file_name()
            .and_then(|name| name.to_str()?.strip_prefix("thermal_zone")?.parse().ok());
        let Some(number) = number else { continue };
        let ty = read(&path.join("type"), limits::SENSOR_BYTES);
        let same = ty.is_ok_and(|ty| ty.trim_ascii() == name.as_bytes());
        if same && found.as_ref().is_none_or(|(first, _)| number < *first) {
            found = Some((number, path));
        }
    }
    let missing = || format!("`{}` has no zone of the type \"{name}\"", root.display());
    found.map(|(_, path)| path).ok_or_else(missing)
}
