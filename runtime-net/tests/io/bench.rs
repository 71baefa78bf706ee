//! What the tests of drivers share: a folder of their own, and events within a deadline.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use sm_net::io::{Driver, Drivers, Event, Form, TextTag};
use sm_vm::Value;

/// Longer than anything here takes, on a machine that does other things too.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Soon enough for a test, and not the shortest.
pub(crate) const EVERY: Duration = Duration::from_millis(20);

/// An empty folder for one test.
pub(crate) fn folder(test: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join("io")
        .join(test);
    drop(fs::remove_dir_all(&folder));
    fs::create_dir_all(&folder).expect("the target folder can be written");
    folder
}

/// A tag without a first value.
pub(crate) fn tag(form: Form) -> TextTag {
    TextTag::new("t", form, None).expect("a form has a type")
}

/// A value of the tag in canonical encoding.
pub(crate) fn coded(form: Form, text: &str) -> Vec<u8> {
    tag(form)
        .encode(text.as_bytes())
        .expect("it is of this form")
}

pub(crate) fn start(driver: impl Driver + 'static) -> Drivers {
    Drivers::start(vec![Box::new(driver)]).expect("one driver")
}

pub(crate) async fn event(drivers: &mut Drivers) -> Event {
    let event = tokio::time::timeout(PATIENCE, drivers.next()).await;
    event.expect("something happens in time")
}

/// The next event, a value.
pub(crate) async fn value(drivers: &mut Drivers, form: Form) -> Value {
    match event(drivers).await {
        Event::Value { value, .. } => {
            let text = tag(form).decode(&value).expect("it is of this form");
            form.read(&text).expect("what was written is read")
        }
        fault @ Event::Fault { .. } => panic!("a fault: {fault:?}"),
    }
}

/// The next event, a fault.
pub(crate) async fn fault(drivers: &mut Drivers) -> String {
    match event(drivers).await {
        Event::Fault { reason, .. } => reason,
        value @ Event::Value { .. } => panic!("a value: {value:?}"),
    }
}

pub(crate) fn text(text: &str) -> Value {
    Value::Str(text.to_owned())
}

/// Waits until it is so.
pub(crate) async fn until(what: &str, so: impl Fn() -> bool) {
    let wait = async {
        while !so() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, wait).await;
    assert!(waited.is_ok(), "never: {what}");
}
