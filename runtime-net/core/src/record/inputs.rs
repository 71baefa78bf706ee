//! The bytes of inputs in a recording.

mod connection;

use super::settings;
use crate::codec::{DecodeError, Reader, Writer};
use crate::content::ContentKind;
use crate::ids::{Attachment, MessageId, NodeId, SessionId, Span, StoreToken, TypeHash};
use crate::limits;
use crate::node::{Input, TagChange};
use crate::tags::{Access, Keeper, TagName};

mod kind {
    pub(super) const CONTENT: u8 = 0;
    pub(super) const LAUNCH: u8 = 1;
    pub(super) const SESSION_UP: u8 = 2;
    pub(super) const SESSION_DOWN: u8 = 3;
    pub(super) const FRAME: u8 = 4;
    pub(super) const BROADCAST: u8 = 5;
    pub(super) const BACKLOG: u8 = 6;
    pub(super) const STORED: u8 = 7;
    pub(super) const TIMEOUT: u8 = 8;
    pub(super) const RUN: u8 = 9;
    pub(super) const TAG: u8 = 10;
    pub(super) const TAG_GONE: u8 = 11;
    pub(super) const KILL: u8 = 12;
    pub(super) const DATE: u8 = 13;
    pub(super) const RULES: u8 = 14;
    pub(super) const CONNECTION: u8 = 15;
}

/// The longest bytes in one input: more than any frame or brick.
const MOST: usize = 2 * limits::FRAME_BYTES;

pub(super) fn encode(out: &mut Writer, input: &Input<'_>) {
    match input {
        Input::Content(what, bytes) => {
            out.u8(kind::CONTENT);
            out.u8(what.code());
            out.bytes(bytes);
        }
        Input::Launch(record) => {
            out.u8(kind::LAUNCH);
            out.bytes(record);
        }
        Input::SessionUp(session, peer) => {
            out.u8(kind::SESSION_UP);
            out.var(session.0);
            out.raw(&peer.0);
        }
        Input::SessionDown(session) => number(out, kind::SESSION_DOWN, session.0),
        Input::Frame(session, bytes) => {
            number(out, kind::FRAME, session.0);
            out.bytes(bytes);
        }
        Input::Broadcast(peer, bytes) => {
            out.u8(kind::BROADCAST);
            out.raw(&peer.0);
            out.bytes(bytes);
        }
        Input::Backlog(session, bytes) => {
            number(out, kind::BACKLOG, session.0);
            out.len(*bytes);
        }
        Input::Stored(token) => number(out, kind::STORED, token.0),
        Input::Timeout => out.u8(kind::TIMEOUT),
        Input::Run(fuel) => number(out, kind::RUN, *fuel),
        Input::Tag(change) => {
            out.u8(kind::TAG);
            encode_change(out, change);
        }
        Input::TagGone(name) => {
            out.u8(kind::TAG_GONE);
            encode_name(out, name);
        }
        Input::Kill(message) => {
            out.u8(kind::KILL);
            out.raw(&message.0);
        }
        Input::Date(unix_seconds) => number(out, kind::DATE, *unix_seconds),
        Input::Connection(attachment, happening) => {
            number(out, kind::CONNECTION, attachment.0);
            connection::encode(out, happening);
        }
        Input::Rules(rules) => {
            out.u8(kind::RULES);
            settings::encode_rules(out, &rules.limits, &rules.policy);
        }
    }
}

fn number(out: &mut Writer, kind: u8, number: u64) {
    out.u8(kind);
    out.var(number);
}

pub(super) fn decode<'a>(input: &mut Reader<'a>) -> Result<Input<'a>, DecodeError> {
    Ok(match input.u8()? {
        kind::CONTENT => {
            let code = input.u8()?;
            let what = ContentKind::from_code(code).ok_or(DecodeError::Unknown(code))?;
            Input::Content(what, input.bytes(MOST)?)
        }
        kind::LAUNCH => Input::Launch(input.bytes(MOST)?),
        kind::SESSION_UP => Input::SessionUp(SessionId(input.var()?), NodeId(input.array()?)),
        kind::SESSION_DOWN => Input::SessionDown(SessionId(input.var()?)),
        kind::FRAME => Input::Frame(SessionId(input.var()?), input.bytes(MOST)?),
        kind::BROADCAST => Input::Broadcast(NodeId(input.array()?), input.bytes(MOST)?),
        kind::BACKLOG => Input::Backlog(SessionId(input.var()?), input.len(usize::MAX)?),
        kind::STORED => Input::Stored(StoreToken(input.var()?)),
        kind::TIMEOUT => Input::Timeout,
        kind::RUN => Input::Run(input.var()?),
        kind::TAG => Input::Tag(Box::new(decode_change(input)?)),
        kind::TAG_GONE => Input::TagGone(decode_name(input)?),
        kind::KILL => Input::Kill(MessageId(input.array()?)),
        kind::DATE => Input::Date(input.var()?),
        kind::CONNECTION => {
            let attachment = Attachment(input.var()?);
            Input::Connection(attachment, Box::new(connection::decode(input)?))
        }
        kind::RULES => Input::Rules(Box::new(settings::decode_rules(input)?)),
        other => return Err(DecodeError::Unknown(other)),
    })
}

fn encode_name(out: &mut Writer, name: &TagName) {
    out.raw(&name.base);
    out.bytes(&name.key);
}

fn decode_name(input: &mut Reader<'_>) -> Result<TagName, DecodeError> {
    Ok(TagName {
        base: input.array()?,
        key: input.bytes(MOST)?.into(),
    })
}

fn encode_change(out: &mut Writer, change: &TagChange) {
    out.u8(u8::from(change.keeper == Keeper::Driver));
    encode_name(out, &change.name);
    out.bytes(change.display.as_bytes());
    out.raw(&change.ty.0);
    out.bytes(&change.descriptor);
    out.u8(change.access.0.code());
    out.u8(change.access.1.code());
    out.option(change.lifetime, |out, span| out.var(span.0));
    out.raw(&change.program);
    out.bytes(&change.value);
}

fn decode_change(input: &mut Reader<'_>) -> Result<TagChange, DecodeError> {
    Ok(TagChange {
        keeper: match input.u8()? {
            0 => Keeper::Programs,
            1 => Keeper::Driver,
            other => return Err(DecodeError::Unknown(other)),
        },
        name: decode_name(input)?,
        display: input.text(MOST)?.to_owned(),
        ty: TypeHash(input.array()?),
        descriptor: input.bytes(MOST)?.to_vec(),
        access: (decode_access(input)?, decode_access(input)?),
        lifetime: input.option(|input| input.var().map(Span))?,
        program: input.array()?,
        value: input.bytes(MOST)?.to_vec(),
    })
}

fn decode_access(input: &mut Reader<'_>) -> Result<Access, DecodeError> {
    let code = input.u8()?;
    Access::from_code(code).ok_or(DecodeError::Unknown(code))
}
