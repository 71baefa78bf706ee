//! Files and thermometers.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use sm_net::io::{Event, File, FileAccess, Form, Thermal, Zone};
use sm_vm::Value;

use crate::bench::{EVERY, coded, event, fault, folder, start, tag, text, until, value};

#[tokio::test]
async fn a_file_gives_its_content_when_it_changes() {
    let path = folder("changes").join("notice");
    fs::write(&path, "open\n").unwrap();
    let file = File::new(tag(Form::Str), path.clone(), EVERY, FileAccess::ReadOnly);
    let mut drivers = start(file);
    assert_eq!(
        drivers.tags()[0].value,
        None,
        "nothing is known before it was read"
    );
    assert_eq!(value(&mut drivers, Form::Str).await, text("open"));
    // The same again is no change.
    fs::write(path.with_extension("new"), "open\n").unwrap();
    fs::rename(path.with_extension("new"), &path).unwrap();
    let quiet = tokio::time::timeout(3 * EVERY, drivers.next()).await;
    assert!(quiet.is_err(), "{quiet:?}");
    fs::write(path.with_extension("new"), "closed").unwrap();
    fs::rename(path.with_extension("new"), &path).unwrap();
    assert_eq!(value(&mut drivers, Form::Str).await, text("closed"));
}

#[tokio::test]
async fn a_file_that_goes_is_a_fault_told_once_and_may_come_back() {
    let path = folder("goes").join("level");
    let file = File::new(tag(Form::Int), path.clone(), EVERY, FileAccess::ReadOnly);
    let mut drivers = start(file);
    assert!(fault(&mut drivers).await.contains("No such file"));
    fs::write(&path, "12").unwrap();
    assert_eq!(value(&mut drivers, Form::Int).await, Value::Int(12));
    fs::write(path.with_extension("new"), "twelve").unwrap();
    fs::rename(path.with_extension("new"), &path).unwrap();
    assert!(fault(&mut drivers).await.contains("no Int: \"twelve\""));
    fs::write(path.with_extension("new"), "13").unwrap();
    fs::rename(path.with_extension("new"), &path).unwrap();
    assert_eq!(value(&mut drivers, Form::Int).await, Value::Int(13));
}

#[tokio::test]
async fn what_is_no_ordinary_file_or_too_long_is_not_read() {
    let path = folder("long").join("long");
    fs::write(&path, vec![b'x'; 1 << 20]).unwrap();
    let file = |path| File::new(tag(Form::Bytes), path, EVERY, FileAccess::ReadOnly);
    assert!(
        fault(&mut start(file(path.clone())))
            .await
            .contains("longer than")
    );
    let none = fault(&mut start(file(path.with_file_name("")))).await;
    assert!(none.contains("no ordinary file"), "{none}");
    let device = fault(&mut start(file("/dev/zero".into()))).await;
    assert!(device.contains("no ordinary file"), "{device}");
}

#[tokio::test]
async fn a_write_replaces_the_file_and_its_rights_stay() {
    let path = folder("replaced").join("wish");
    fs::write(&path, "18.5\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let link = path.with_file_name("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let mut drivers = start(File::new(
        tag(Form::Float),
        link.clone(),
        EVERY,
        FileAccess::Replace,
    ));
    assert_eq!(value(&mut drivers, Form::Float).await, Value::Float(18.5));
    let name = drivers.tags()[0].name().clone();
    assert!(drivers.takes(&name));
    assert!(drivers.write(&name, coded(Form::Float, "21")));
    assert_eq!(value(&mut drivers, Form::Float).await, Value::Float(21.0));
    assert_eq!(fs::read_to_string(&path).unwrap(), "21.0\n");
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o640
    );
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    let beside = fs::read_dir(path.parent().unwrap()).unwrap().count();
    assert_eq!(beside, 2, "nothing is left beside it");
}

#[tokio::test]
async fn a_write_that_fails_changes_nothing() {
    let path = folder("failing").join("gone").join("wish");
    let mut drivers = start(File::new(tag(Form::Int), path, EVERY, FileAccess::Replace));
    assert!(fault(&mut drivers).await.contains("No such file"));
    let name = drivers.tags()[0].name().clone();
    assert!(drivers.write(&name, coded(Form::Int, "1")));
    assert!(fault(&mut drivers).await.contains("is not written"));
    // Not even a value of another type takes the node down.
    assert!(drivers.write(&name, vec![0xff; 40]));
}

#[tokio::test]
async fn a_file_for_reading_refuses_writes_once() {
    let path = folder("refuses").join("notice");
    fs::write(&path, "open").unwrap();
    let mut drivers = start(File::new(
        tag(Form::Str),
        path.clone(),
        EVERY,
        FileAccess::ReadOnly,
    ));
    assert_eq!(value(&mut drivers, Form::Str).await, text("open"));
    let name = drivers.tags()[0].name().clone();
    assert!(!drivers.takes(&name));
    assert!(drivers.write(&name, coded(Form::Str, "closed")));
    assert!(drivers.write(&name, coded(Form::Str, "closed")));
    assert!(fault(&mut drivers).await.contains("takes no writes"));
    fs::write(path.with_extension("new"), "later").unwrap();
    fs::rename(path.with_extension("new"), &path).unwrap();
    assert_eq!(value(&mut drivers, Form::Str).await, text("later"));
}

/// A machine with two thermometers.
fn sensors(test: &str) -> std::path::PathBuf {
    let root = folder(test);
    for (number, ty, temp) in [(0, "acpitz", "27800\n"), (1, "x86_pkg_temp", "-5000\n")] {
        let zone = root.join(format!("thermal_zone{number}"));
        fs::create_dir(&zone).expect("the folder of the test can be written");
        fs::write(zone.join("type"), format!("{ty}\n"))
            .expect("the folder of the test can be written");
        fs::write(zone.join("temp"), temp).expect("the folder of the test can be written");
    }
    fs::create_dir(root.join("cooling_device0")).expect("the folder of the test can be written");
    root
}

fn thermal(root: &std::path::Path, zone: &str) -> Thermal {
    let thermal = Thermal::new("t", Zone::from(zone), EVERY).expect("a thermometer");
    thermal.below(root.to_path_buf())
}

#[tokio::test]
async fn a_thermometer_is_found_by_number_and_by_type() {
    let root = sensors("thermal");
    let mut first = start(thermal(&root, "0"));
    assert_eq!(value(&mut first, Form::Float).await, Value::Float(27.8));
    let mut second = start(thermal(&root, "x86_pkg_temp"));
    assert_eq!(value(&mut second, Form::Float).await, Value::Float(-5.0));
    fs::write(root.join("thermal_zone1").join("temp"), "41250\n").unwrap();
    let warmer = loop {
        // The file may have been met while it was empty.
        if let Event::Value { value, .. } = event(&mut second).await {
            break value;
        }
    };
    assert_eq!(warmer, coded(Form::Float, "41.25"));
}

#[tokio::test]
async fn a_thermometer_that_is_pulled_out_is_a_fault_and_may_come_back() {
    let root = sensors("pulled");
    let mut drivers = start(thermal(&root, "acpitz"));
    assert_eq!(value(&mut drivers, Form::Float).await, Value::Float(27.8));
    let (zone, away) = (root.join("thermal_zone0"), root.join("away"));
    fs::rename(&zone, &away).unwrap();
    let said = fault(&mut drivers).await;
    assert!(said.contains("no zone of the type \"acpitz\""), "{said}");
    fs::write(away.join("temp"), "30000\n").unwrap();
    fs::rename(&away, root.join("thermal_zone7")).unwrap();
    assert_eq!(value(&mut drivers, Form::Float).await, Value::Float(30.0));
    until("the new zone is there", || {
        root.join("thermal_zone7").exists()
    })
    .await;
}

#[tokio::test]
async fn a_machine_without_thermometers_is_a_fault() {
    let root = folder("none").join("nothing");
    assert!(
        fault(&mut start(thermal(&root, "0")))
            .await
            .contains("No such file")
    );
    assert!(
        fault(&mut start(thermal(&root, "cpu")))
            .await
            .contains("No such file")
    );
}
