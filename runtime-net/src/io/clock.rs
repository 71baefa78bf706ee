//! The time of day.

use std::time::Duration;

use sm_bytecode::{Type, TypeIx, TypeTable};
use sm_vm::{Value, ValueError};

use super::{Driver, Port, Tag, Work};
use crate::clock::unix_nanos;
use crate::limits;

/// How a clock says its time, which is always in seconds of Unix time.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum ClockForm {
    /// Whole seconds.
    #[default]
    Int,
    /// With parts of a second.
    Float,
}

/// Gives a tag the date and time, each time that a multiple of a period has come: a clock of whole
/// seconds strikes with the second.
///
/// It follows the system's clock wherever that is set, so it may go back; programs measure their
/// own time with `now()`.
#[derive(Clone, Debug)]
pub struct Clock {
    tag: Tag,
    form: ClockForm,
    every: Duration,
    now: fn() -> u64,
}

impl Clock {
    /// A clock that strikes `every` so often.
    ///
    /// # Errors
    /// None that the caller could cause.
    pub fn new(display: &str, form: ClockForm, every: Duration) -> Result<Self, ValueError> {
        Self::with(unix_nanos, display, form, every)
    }

    fn with(
        now: fn() -> u64,
        display: &str,
        form: ClockForm,
        every: Duration,
    ) -> Result<Self, ValueError> {
        let (types, ty) = form.types();
        let tag = Tag::new(display, (&types, ty), Some(&form.value(now())))?;
        Ok(Self {
            tag,
            form,
            every: every.max(limits::EVERY_SHORTEST),
            now,
        })
    }

    /// How long until the next multiple of the period. The system's clock is not the one of timers:
    /// a little more, so that the moment has come by both.
    fn wait(&self) -> Duration {
        let every = u64::try_from(self.every.as_nanos()).unwrap_or(u64::MAX);
        let past = (self.now)() % every;
        Duration::from_nanos(every - past) + limits::CLOCK_SLACK
    }

    async fn strike(self, port: Port) {
        let (types, ty) = self.form.types();
        loop {
            tokio::time::sleep(self.wait()).await;
            let value = self.form.value((self.now)());
            if let Ok(value) = sm_vm::value::encode(&value, &types, ty) {
                port.tell.put(value).await;
            }
        }
    }
}

impl Driver for Clock {
    fn tag(&self) -> &Tag {
        &self.tag
    }

    fn run(self: Box<Self>, port: Port) -> Work {
        Box::pin(self.strike(port))
    }
}

impl ClockForm {
    fn types(self) -> (TypeTable, TypeIx) {
        let mut types = TypeTable::new();
        let ty = types.intern(match self {
            Self::Int => Type::Int,
            Self::Float => Type::Float,
        });
        (types, ty)
    }

    fn value(self, nanos: u64) -> Value {
        const SECOND: u64 = 1_000_000_000;
        match self {
            Self::Int => Value::Int((nanos / SECOND) as i64),
            Self::Float => Value::Float(nanos as f64 / SECOND as f64),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::io::{Drivers, Event};
    use tokio::time::Instant;

    const SECOND: u64 = 1_000_000_000;

    /// The date of a machine whose clock stands still between two looks.
    fn half_past() -> u64 {
        7 * SECOND + SECOND / 2
    }

    fn int(value: &[u8]) -> Value {
        let (types, ty) = ClockForm::Int.types();
        sm_vm::value::decode(value, &types, ty).expect("a clock of whole seconds")
    }

    async fn strike(drivers: &mut Drivers) -> Value {
        match drivers.next().await {
            Event::Value { value, .. } => int(&value),
            fault @ Event::Fault { .. } => panic!("a clock has no faults: {fault:?}"),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn it_strikes_with_the_second() {
        let every = Duration::from_secs(1);
        let clock = Clock::with(half_past, "time", ClockForm::Int, every).expect("a clock");
        let mut drivers = Drivers::start(vec![Box::new(clock)]).expect("one driver");
        let first = drivers.tags()[0].value.as_deref().map(int);
        assert_eq!(
            first,
            Some(Value::Int(7)),
            "a clock shows a time from the start"
        );
        let begun = Instant::now();
        assert_eq!(strike(&mut drivers).await, Value::Int(7));
        let half = Duration::from_millis(500);
        let soon = half..half + 5 * limits::CLOCK_SLACK;
        assert!(soon.contains(&begun.elapsed()), "{:?}", begun.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_is_set_back_strikes_on() {
        static NOW: AtomicU64 = AtomicU64::new(90_000 * SECOND);
        let now = || NOW.load(Ordering::Relaxed);
        let every = Duration::from_secs(60);
        let clock = Clock::with(now, "time", ClockForm::Int, every).expect("a clock");
        let mut drivers = Drivers::start(vec![Box::new(clock)]).expect("one driver");
        for seconds in [80_000, 100, 95_000] {
            NOW.store(seconds * SECOND, Ordering::Relaxed);
            assert_eq!(strike(&mut drivers).await, Value::Int(seconds as i64));
        }
    }

    #[test]
    fn parts_of_a_second_are_shown_and_the_period_has_a_bound() {
        let clock = Clock::with(half_past, "t", ClockForm::Float, Duration::ZERO).expect("a clock");
        assert_eq!(clock.every, limits::EVERY_SHORTEST);
        assert_eq!(ClockForm::Float.value(half_past()), Value::Float(7.5));
    }
}
