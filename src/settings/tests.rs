//! Settings as people write them, well and badly.

use proptest::prelude::*;
use sm_core::ids::Span;

use super::*;

const EXAMPLE: &str = include_str!("../../examples/node.toml");
const PAGE: &str = include_str!("../../docs/nodes.md");

const KEY: &str = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";

fn good(text: &str) -> Settings {
    parse(text, Path::new("/etc/sm")).unwrap_or_else(|errors| panic!("{errors}"))
}

fn errors(text: &str) -> String {
    parse(text, Path::new(""))
        .expect_err("it is wrong")
        .to_string()
}

#[test]
fn the_example_is_read() {
    let read = good(EXAMPLE);
    assert_eq!(read.said.name.as_deref(), Some("greenhouse"));
    assert_eq!(read.said.listen.len(), 1);
    assert_eq!(
        read.said.key,
        Some(KeyPlace::File("/etc/sm/./greenhouse.key".into()))
    );
    assert_eq!(read.said.neighbors[0].address, "127.0.0.1:7701");
    assert_eq!(read.said.trust, [read.said.neighbors[0].key]);
    assert!(!read.said.discover);
    assert_eq!(read.said.idle, Some(Duration::from_millis(750)));
    let tags: Vec<&str> = read.tags.iter().map(|tag| tag.name.as_str()).collect();
    assert_eq!(tags, ["crop", "location", "notice"]);
    let io: Vec<&str> = read
        .io
        .iter()
        .map(|driver| driver.tag().display())
        .collect();
    assert_eq!(
        io,
        [
            "beds",
            "time",
            "moisture",
            "target",
            "window",
            "board_temperature"
        ]
    );
    let takes: Vec<bool> = read.io.iter().map(|driver| driver.takes_writes()).collect();
    assert_eq!(takes, [false, false, false, true, true, false]);
    // What is read first is absent until then.
    let known: Vec<bool> = read
        .io
        .iter()
        .map(|driver| driver.tag().value.is_some())
        .collect();
    assert_eq!(known, [true, true, false, true, false, false]);
    let [chat] = &read.services[..] else {
        panic!("{:?}", read.services);
    };
    assert_eq!((chat.name.as_str(), chat.standbys), ("chat", 1));
    assert_eq!(chat.program, Path::new("/etc/sm/chat.sm"));
    assert_eq!(chat.peers[0].address, "127.0.0.1:7802");
    assert_eq!(read.limits.messages, 1_000);
    assert_eq!(read.limits.lifetime, Span::secs(24 * 3600));
    assert_eq!(read.limits.tags.author.tags, 256);
}

#[test]
fn the_page_shows_files_that_can_be_read() {
    let files: Vec<&str> = PAGE
        .split("```toml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    assert!(!files.is_empty());
    files.into_iter().for_each(|text| drop(good(text)));
}

#[test]
fn the_page_has_every_key() {
    let table = EXAMPLE.lines().filter_map(|line| line.split_once(" = "));
    let keys = table
        .map(|(key, _)| key)
        .filter(|key| !key.contains(['#', ' ']));
    let of_tags = ["crop", "location", "notice"];
    for key in keys.filter(|key| !of_tags.contains(key)) {
        assert!(PAGE.contains(&format!("| `{key}` |")), "{key}");
    }
}

#[test]
fn an_empty_file_says_nothing() {
    let read = good("");
    assert!(read.said.name.is_none() && read.said.listen.is_empty() && read.io.is_empty());
    assert_eq!(read.limits, NodeLimits::default());
    assert_eq!(good("listen = \"[::1]:0\"").said.listen.len(), 1);
}

#[test]
fn flags_go_before_the_file_and_lists_of_keys_add_up() {
    let file = good(&format!(
        "name = \"a\"\nlisten = [\"[::1]:0\", \"127.0.0.1:0\"]\ntrust = [\"{KEY}\"]\n\
         key = \"lab\"\ndiscover = true\nidle = \"9s\"\n"
    ));
    let other = NodeId([7; 32]);
    let flags = Said {
        name: Some("b".to_owned()),
        trust: vec![other],
        ..Said::default()
    };
    let said = flags.before(file.said);
    assert_eq!(said.name.as_deref(), Some("b"));
    assert_eq!(said.listen.len(), 2);
    assert_eq!(said.key, "lab".parse().ok());
    assert_eq!(said.trust.len(), 2);
    assert!(said.discover);
    assert_eq!(said.idle, Some(Duration::from_secs(9)));
    let [one, two] = [1, 2].map(|port| vec![SocketAddr::from(([127, 0, 0, 1], port))]);
    let listen = |listen| Said {
        listen,
        ..Said::default()
    };
    assert_eq!(listen(one.clone()).before(listen(two)).listen, one);
}

#[test]
fn all_mistakes_are_told_at_once_with_line_and_key() {
    let said = errors(
        "nmae = \"a\"\nname = \"a b\"\nlisten = [\"127.0.0.1\"]\nneighbors = [\"me@here\"]\n\
         trust = [\"12\"]\ndiscover = 1\nkeep_alive = \"soon\"\nkey = \"\"\n\
         [limits]\nmessages = 0\n\
         lifetime = \"999d\"\nframs = 7\n",
    );
    let expected = "\
        line 1: `nmae`: unknown key; did you mean `name`?\n\
        line 2: `name`: expected a name without spaces and slashes, found \"a b\"\n\
        line 3: `listen[0]`: expected an address such as \"127.0.0.1:7700\", found \"127.0.0.1\"\n";
    assert!(said.starts_with(expected), "{said}");
    for part in [
        "line 4: `neighbors[0]`: ",
        "line 5: `trust[0]`: ",
        "line 6: `discover`: expected true or false, found 1",
        "line 7: `keep_alive`: expected a time above zero",
        "line 8: `key`: a name has at least one character; the path",
        "line 10: `limits.messages`: expected a whole number from 1, found 0",
        "line 11: `limits.lifetime`: expected a time of 366 days at most",
        "line 12: `limits.frams`: unknown key; did you mean `frames`?",
    ] {
        assert!(said.contains(part), "{part}\n{said}");
    }
    assert_eq!(said.lines().count(), 11, "{said}");
}

#[test]
fn silence_must_be_longer_than_the_signs_of_life() {
    let said = errors("keep_alive = \"1s\"");
    assert!(
        said.contains("`idle` to be longer than `keep_alive`"),
        "{said}"
    );
    assert!(parse("keep_alive = \"1s\"\nidle = \"3s\"", Path::new("")).is_ok());
    assert_eq!(errors("keep_alive = \"1s\"\nidle = 3").lines().count(), 1);
}

#[test]
fn nothing_is_given_twice() {
    let twice = errors(&format!("trust = [\"{KEY}\",\n\"{KEY}\"]"));
    assert_eq!(
        twice,
        "line 2: `trust[1]`: this key is given already, in line 1"
    );
    let tag = "[tags]\nlevel = 3\n[io.level]\ndriver = \"constant\"\nvalue = 4\n";
    assert_eq!(
        errors(tag),
        "line 3: `io.level`: there is such a tag already, in line 2"
    );
    // One of another type is another tag.
    good(&tag.replace("value = 4", "value = \"four\""));
}

#[test]
fn what_a_service_lacks_is_told() {
    let service = |rest: &str| errors(&format!("[services.s]\n{rest}"));
    let whole = "program = \"a.sm\"\nlisten = \"127.0.0.1:1\"\n";
    let also = |rest: &str| service(&format!("{whole}{rest}"));
    assert_eq!(
        service(""),
        "line 1: `services.s`: `program` is missing\n\
         line 1: `services.s`: `listen` is missing"
    );
    let cases = [
        (
            also(&format!("key = \"{KEY}\"")),
            "line 4: `services.s.key`: a server needs a `delegation` of that key",
        ),
        (also("delegation = \"12\""), "`smc mtcp delegate` wrote"),
        (
            also("standbys = 1"),
            "line 4: `services.s.standbys`: expected as many `peers` at least, found 1",
        ),
        (also("standbys = 5"), "line 4: `services.s.standbys`: "),
        (also("peers = [\"12\"]"), "line 4: `services.s.peers[0]`: "),
        (also("port = 3"), "line 4: `services.s.port`: unknown key"),
        (
            also("state = \"client\"\nsealing_keys = \"k\""),
            "declare it: `rollback_safe = true`",
        ),
        (
            also("state = \"client\"\nrollback_safe = true"),
            "it needs `sealing_keys`",
        ),
        (
            also("rollback_safe = true"),
            "line 4: `services.s.rollback_safe`: it needs `state = \"client\"`",
        ),
        (also("state = \"disk\""), "line 4: `services.s.state`: "),
    ];
    for (said, expected) in cases {
        assert!(said.contains(expected), "{expected}\n{said}");
    }
    let held = "state = \"client\"\nrollback_safe = true\nsealing_keys = \"k\"\nmax_age = \"1h\"";
    let one = &good(&format!("[services.s]\n{whole}{held}")).services[0];
    let held = one.held.as_ref().expect("clients keep its state");
    assert_eq!(held.most, Duration::from_secs(3600));
    let one = &good(&format!("[services.s]\n{whole}")).services[0];
    assert!(one.key.is_none() && one.peers.is_empty() && one.standbys == 0 && one.held.is_none());
}

#[test]
fn what_a_driver_does_not_know_is_told() {
    let io = |rest: &str| errors(&format!("[io.t]\n{rest}"));
    let cases = [
        ("", "line 1: `io.t`: `driver` is missing"),
        ("driver = \"fil\"", "did you mean `file`?"),
        ("driver = \"file\"", "line 1: `io.t`: `path` is missing"),
        (
            "driver = \"file\"\npath = \"a\"\nevery = \"1ms\"",
            "a time of 10ms or longer",
        ),
        (
            "driver = \"file\"\npath = \"a\"\ntype = \"Flot\"",
            "did you mean `Float`?",
        ),
        (
            "driver = \"file\"\npath = \"a\"\nwritable = \"yes\"",
            "expected true or false",
        ),
        (
            "driver = \"file\"\npath = \"a\"\ntype = \"Int\"\nvalue = \"b\"",
            "an integer of 64 bits",
        ),
        (
            "driver = \"clock\"\ntype = \"Str\"",
            "expected \"Int\" or \"Float\"",
        ),
        (
            "driver = \"clock\"\npath = \"a\"",
            "line 3: `io.t.path`: unknown key",
        ),
        (
            "driver = \"process\"\ncommand = []",
            "expected a program and its arguments",
        ),
        (
            "driver = \"process\"\ncommand = [1]",
            "`io.t.command[0]`: expected a text",
        ),
        (
            "driver = \"thermal\"\nzone = -1",
            "expected the number of a zone",
        ),
        ("driver = \"constant\"", "`value` is missing"),
        (
            "driver = \"constant\"\ntype = \"#{Int}\"\nvalue = [1, 1]",
            "line 4: `io.t.value`",
        ),
        ("driver = \"constant\"\nvalue = []", "expected a type"),
    ];
    for (text, part) in cases {
        let said = io(text);
        assert!(said.contains(part), "{text}: {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    assert!(errors("[io.\"a b\"]\ndriver = \"clock\"").contains("no program can name"));
    assert!(errors("io = 3").contains("expected a table"));
}

#[test]
fn what_is_needed_is_enough() {
    for rest in [
        "driver = \"constant\"\nvalue = true",
        "driver = \"clock\"",
        "driver = \"file\"\npath = \"a\"",
        "driver = \"process\"\ncommand = [\"a\"]",
        "driver = \"thermal\"",
    ] {
        assert_eq!(good(&format!("[io.t]\n{rest}")).io.len(), 1, "{rest}");
    }
}

#[test]
fn a_simulated_driver_is_none_of_a_real_node() {
    let said = errors("[tags]\nt = { value = 1, io = { every = \"1s\" } }");
    assert!(said.contains("[io.t]"), "{said}");
    let said = errors("[tags]\nt = { type = \"#{Int}\", value = [1, 1] }");
    assert!(said.starts_with("line 2: `tags.t`: "), "{said}");
}

#[test]
fn paths_begin_where_the_file_is() {
    let read = good("[io.t]\ndriver = \"process\"\ncommand = [\"./sensor\", \"./x\"]");
    let shown = format!("{:?}", read.io[0]);
    assert!(
        shown.contains("/etc/sm/./sensor") && shown.contains("\"./x\""),
        "{shown}"
    );
    let read = good("[io.t]\ndriver = \"file\"\npath = \"/var/level\"");
    assert!(format!("{:?}", read.io[0]).contains("\"/var/level\""));
}

/// The type and value of a tag as the language writes them.
fn shown(line: &str) -> Result<String, String> {
    use sm_bytecode::{TypeIx, TypeTable};
    let tag = flags::tag(line)?;
    let types = TypeTable::from_descriptor(&tag.open.descriptor).expect("a descriptor");
    let value = tag.value.expect("a tag of a flag has a value");
    let value = sm_vm::value::decode(&value, &types, TypeIx(0)).expect("a value of the type");
    Ok(format!(
        "{}: {} = {value}",
        tag.open.display,
        types.show(TypeIx(0))
    ))
}

#[test]
fn a_tag_in_one_line() {
    let cases = [
        ("t=20.5", "t: Float = 20.5"),
        ("t=3", "t: Int = 3"),
        ("t=-3", "t: Int = -3"),
        ("t=true", "t: Bool = true"),
        ("t=Springfield, IL", "t: Str = \"Springfield, IL\""),
        ("t=a=b", "t: Str = \"a=b\""),
        ("t=", "t: Str = \"\""),
        ("zip=\"01234\"", "zip: Str = \"01234\""),
        ("wait=5s", "wait: Str = \"5s\""),
        ("image: [Int]=[1, 2]", "image: [Int] = [1, 2]"),
        ("wait: Duration=5s", "wait: Duration = 5s"),
        ("t:Float=3", "t: Float = 3.0"),
        ("t: Str=3", "t: Str = \"3\""),
    ];
    for (line, expected) in cases {
        assert_eq!(shown(line).as_deref(), Ok(expected), "{line}");
    }
    for (line, part) in [
        ("t", "write NAME=VALUE"),
        ("=3", "no program can name"),
        ("a b=3", "no program can name"),
        ("t: Flot=3", "there is no type `Flot`"),
        ("t: Int=x", "`x` is no Int"),
    ] {
        let said = shown(line).expect_err("it is wrong");
        assert!(said.contains(part), "{line}: {said}");
    }
}

#[test]
fn a_driver_in_one_line() {
    let cases = [
        ("time=clock", "Clock { .. Int .. 1s"),
        ("time=clock:250ms", "Clock { .. Int .. 250ms"),
        ("time: Float=clock:1s", "Clock { .. Float .. 1s"),
        (
            "level=file:/var/level",
            "File { .. form: Str .. \"/var/level\" .. ReadOnly",
        ),
        ("level: Int=file:/var/level", "File { .. form: Int"),
        ("cpu=thermal:0", "Thermal { .. Number(0)"),
        ("cpu=thermal", "Thermal { .. Number(0)"),
        (
            "cpu=thermal:x86_pkg_temp",
            "Thermal { .. Type(\"x86_pkg_temp\")",
        ),
        (
            "led=process:led --pin 4",
            "Process { .. [\"led\", \"--pin\", \"4\"] .. Always",
        ),
        ("beds=const:12", "Constant(Tag"),
        ("beds: [Int]=constant:[1]", "Constant(Tag"),
    ];
    for (line, expected) in cases {
        let driver = flags::io(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        let shown = format!("{driver:?}");
        let mut rest = shown.as_str();
        for part in expected.split(" .. ") {
            let at = rest
                .find(part)
                .unwrap_or_else(|| panic!("{part} in {shown}"));
            rest = &rest[at + part.len()..];
        }
    }
    for (line, part) in [
        ("time", "write NAME=DRIVER"),
        ("time=clok", "did you mean `clock`?"),
        ("time=zzzzzzzz", "but clock, const, file, process, thermal"),
        ("time=clock:1ms", "every 10ms at most"),
        ("time=clock:soon", "write a duration"),
        ("time: Str=clock", "an Int or a Float"),
        ("level=file", "file:PATH"),
        ("level: [Int]=file:a", "one of Str, Int"),
        ("led=process: ", "process:PROGRAM"),
        ("cpu: Int=thermal", "is a Float"),
        ("beds=const", "const:VALUE"),
    ] {
        let said = flags::io(line).expect_err("it is wrong");
        assert!(said.contains(part), "{line}: {said}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in ".{0,80}") {
        let _ = parse(&text, Path::new(""));
        let _ = flags::tag(&text);
        let _ = flags::tag(&format!("t: {text}"));
        let _ = flags::tag(&format!("t={text}"));
        let _ = flags::io(&text);
    }

    #[test]
    fn no_change_of_the_example_makes_the_reader_panic(
        at in 0..EXAMPLE.len(), length in 0..20usize, put in "[a-z0-9\"\\[\\]{}=.,\n]{0,6}"
    ) {
        let end = (at + length).min(EXAMPLE.len());
        let (Some(before), Some(after)) = (EXAMPLE.get(..at), EXAMPLE.get(end..)) else {
            return Ok(());
        };
        let _ = parse(&format!("{before}{put}{after}"), Path::new(""));
    }

    #[test]
    fn no_driver_makes_the_reader_of_flags_panic(
        driver in "(clock|const|file|process|thermal)", rest in ".{0,30}"
    ) {
        let _ = flags::io(&format!("t={driver}:{rest}"));
        let _ = flags::io(&format!("t: {rest}={driver}:{rest}"));
    }
}
