//! `smc tag`: the tags of a running node.

use std::sync::mpsc::{Receiver, channel};

use sm_bytecode::{Type, TypeHash, TypeIx, TypeTable};
use sm_net::control::protocol::{Access, Answer, Request, Tag, TagName, What};
use sm_vm::Value;

use super::fake::{self, Fake, Folder, Running, event};

fn encoded(ty: Type, value: &Value) -> (TypeHash, Vec<u8>, Vec<u8>) {
    let types = TypeTable::from_types(vec![ty]);
    let ix = TypeIx(0);
    let bytes = sm_vm::value::encode(value, &types, ix).expect("a value");
    let descriptor = types.descriptor(ix).expect("a descriptor");
    (types.hash(ix).expect("a type"), descriptor, bytes)
}

fn tag(name: &str, ty: Type, value: Value) -> Tag {
    let (ty, descriptor, value) = encoded(ty, &value);
    Tag {
        name: TagName {
            base: sm_vm::tag_identity(name, ty, &[], None),
            key: Vec::new(),
        },
        display: name.to_owned(),
        ty: ty.0,
        descriptor,
        value,
        access: (Access::Any, Access::Owner),
        driver: false,
        lifetime: None,
        left: None,
        version: 7,
    }
}

fn member(key: &str) -> Tag {
    let mut tag = tag("seen", Type::Int, Value::Int(3));
    let (ty, _, bytes) = encoded(Type::Str, &Value::Str(key.to_owned()));
    tag.name.base = sm_vm::tag_identity("seen", TypeHash(tag.ty), &[ty], None);
    tag.name.key = bytes;
    tag.left = Some(61_000_000_000);
    tag
}

fn all() -> Vec<Tag> {
    let mut limit = tag("limit", Type::Float, Value::Float(18.5));
    limit.driver = true;
    vec![
        tag("lake", Type::Str, Value::Str("Windermere".to_owned())),
        limit,
        member("a"),
        member("b"),
        tag("twin", Type::Int, Value::Int(1)),
        tag("twin", Type::Bool, Value::Bool(true)),
    ]
}

/// A node with these tags, and what is put there.
fn node(folder: &Folder) -> (Running, Receiver<Tag>) {
    let (sender, put) = channel();
    let fake = Fake::new(move |request| match request {
        Request::Tags => vec![Answer::Tags(all())],
        Request::PutTag(tag) => {
            sender.send((**tag).clone()).expect("the test waits");
            vec![Answer::Done]
        }
        Request::RemoveTag(name) => vec![Answer::Found(name.key.is_empty())],
        Request::Follow(_) => changes(),
        _ => fake::usual(request),
    });
    (folder.node("n1", fake), put)
}

fn changes() -> Vec<Answer> {
    let lake = &all()[0];
    let seen = member("a");
    let whats = [
        What::TagWritten {
            tag: lake.name.clone(),
            display: "lake".to_owned(),
            descriptor: lake.descriptor.clone(),
            value: lake.value.clone(),
        },
        What::TagGone {
            tag: seen.name,
            display: Some("seen".to_owned()),
        },
    ];
    let events = whats.map(|what| Answer::Event(Box::new(event([0; 32], 1_000, what))));
    events.into_iter().chain([Answer::Missed(2)]).collect()
}

#[test]
fn tags_are_listed() {
    let folder = Folder::new("tags");
    let _n1 = node(&folder);
    folder.check("tag_ls", &["tag", "ls"]);
    folder.check("tag_ls_json", &["tag", "ls", "--json"]);
    folder.check("tag_get", &["tag", "get", "lake"]);
    folder.check("tag_get_member", &["tag", "get", "seen(\"a\")", "--json"]);
    folder.check("tag_absent", &["tag", "get", "lale", "--at", "n1"]);
    folder.check("tag_family", &["tag", "get", "seen"]);
    folder.check("tag_ambiguous", &["tag", "rm", "twin"]);
}

#[test]
fn tags_are_removed() {
    let folder = Folder::new("tag_rm");
    let _n1 = node(&folder);
    folder.check("tag_rm", &["tag", "rm", "lake"]);
    folder.check("tag_rm_gone", &["tag", "rm", "seen(\"b\")"]);
}

#[test]
fn changes_are_told() {
    let folder = Folder::new("watch");
    let _n1 = node(&folder);
    folder.check("tag_watch", &["tag", "watch"]);
    folder.check("tag_watch_family", &["tag", "watch", "seen"]);
    folder.check("tag_watch_json", &["tag", "watch", "lake", "--json"]);
}

#[test]
fn a_tag_keeps_its_type() {
    let folder = Folder::new("tag_set");
    let (_n1, put) = node(&folder);
    let set = |name: &str, value: &str| {
        let ran = folder.smc(&["tag", "set", name, value]);
        assert_eq!(ran.exit, 0, "{ran}");
        put.recv().expect("a tag is put")
    };
    let lake = set("lake", "Lake Garda");
    assert_eq!(
        lake.value,
        encoded(Type::Str, &Value::Str("Lake Garda".into())).2
    );
    assert_eq!(lake.name, all()[0].name);
    assert_eq!(lake.access, (Access::Any, Access::Owner));
    // A whole number is a Float where a Float is wanted.
    assert_eq!(
        set("limit", "-4").value,
        encoded(Type::Float, &Value::Float(-4.0)).2
    );
    assert_eq!(set("seen(\"b\")", "5").name, member("b").name);
    folder.check("tag_set_wrong", &["tag", "set", "limit", "warm"]);
    folder.check("tag_set_ambiguous", &["tag", "set", "twin", "2"]);
}

#[test]
fn a_new_tag_has_the_type_of_its_value() {
    let folder = Folder::new("tag_new");
    let (_n1, put) = node(&folder);
    let set = |name: &str, value: &str| {
        let ran = folder.smc(&["tag", "set", name, value]);
        assert_eq!(ran.exit, 0, "{ran}");
        put.recv().expect("a tag is put")
    };
    let fresh = |name, ty, value| Tag {
        access: (Access::Any, Access::Any),
        version: 0,
        ..tag(name, ty, value)
    };
    assert_eq!(set("count", "3"), fresh("count", Type::Int, Value::Int(3)));
    let town = Value::Str("York".to_owned());
    assert_eq!(
        set("town", "\"York\""),
        fresh("town", Type::Str, town.clone())
    );
    assert_eq!(set("town: Str", "York"), fresh("town", Type::Str, town));
    let half = Value::Float(3.0);
    assert_eq!(set("half: Float", "3"), fresh("half", Type::Float, half));
    folder.check("tag_set_no_type", &["tag", "set", "town", "York"]);
    folder.check("tag_set_wrong_type", &["tag", "set", "town: Town", "York"]);
    folder.check("tag_set_no_name", &["tag", "set", "to(3)", "4"]);
}
