//! Documentation for tools.

use serde_json::{Value as Json, json as object};

use super::{Book, Item, Member, Module};

/// All of it as one object.
pub(crate) fn json(book: &Book) -> Json {
    object!({
        "title": book.title,
        "description": book.about,
        "modules": book.modules.iter().map(module).collect::<Vec<_>>(),
    })
}

fn module(module: &Module) -> Json {
    object!({
        "name": module.name,
        "file": module.file,
        "docs": module.docs,
        "broken": module.broken,
        "items": module.items.iter().map(item).collect::<Vec<_>>(),
    })
}

fn item(item: &Item) -> Json {
    let mut out = object!({
        "kind": item.kind.name(),
        "name": item.name,
        "signature": item.signature,
        "docs": item.docs,
        "line": item.line,
        "members": item.members.iter().map(member).collect::<Vec<_>>(),
    });
    if let Some(rights) = &item.rights {
        out["lifetime"] = object!(rights.lifetime);
        out["read"] = object!(rights.read);
        out["write"] = object!(rights.write);
    }
    out
}

fn member(member: &Member) -> Json {
    object!({
        "name": member.name,
        "signature": member.signature,
        "docs": member.docs,
        "line": member.line,
    })
}
