//! The bytes of what happens to client connections.

use super::MOST;
use crate::codec::{DecodeError, Reader, Writer};
use crate::ids::AuthorId;
use crate::limits;
use crate::mtcp::{ConnectionId, End, Offsets, Reason};
use crate::node::Happening;

mod kind {
    pub(super) const OPENED: u8 = 0;
    pub(super) const ARRIVED: u8 = 1;
    pub(super) const INPUT: u8 = 2;
    pub(super) const ROOM: u8 = 3;
    pub(super) const WANTED: u8 = 4;
    pub(super) const THAWED: u8 = 5;
    pub(super) const NO_WAY: u8 = 6;
    pub(super) const GONE: u8 = 7;
}

/// The codes of ends that are no reset.
const DONE: u8 = 0;
const MOVED: u8 = u8::MAX;

pub(super) fn encode(out: &mut Writer, happening: &Happening) {
    match happening {
        Happening::Opened {
            name,
            launch,
            offsets,
        } => {
            out.u8(kind::OPENED);
            out.raw(&name.0);
            out.bytes(launch);
            encode_offsets(out, offsets);
        }
        Happening::Arrived {
            name,
            snapshot,
            servers,
            offsets,
        } => {
            out.u8(kind::ARRIVED);
            out.raw(&name.0);
            out.bytes(snapshot);
            out.len(servers.len());
            servers.iter().for_each(|server| out.raw(&server.0));
            encode_offsets(out, offsets);
        }
        Happening::Input { bytes, ended } => {
            out.u8(kind::INPUT);
            out.bytes(bytes);
            out.u8(u8::from(*ended));
        }
        Happening::Room(limit) => {
            out.u8(kind::ROOM);
            out.var(*limit);
        }
        Happening::Wanted => out.u8(kind::WANTED),
        Happening::Thawed => out.u8(kind::THAWED),
        Happening::NoWay => out.u8(kind::NO_WAY),
        Happening::Gone(end) => {
            out.u8(kind::GONE);
            out.u8(match end {
                End::Done => DONE,
                End::Moved => MOVED,
                End::Reset(reason) => reason.code(),
            });
        }
    }
}

fn encode_offsets(out: &mut Writer, offsets: &Offsets) {
    [offsets.read, offsets.written, offsets.limit]
        .into_iter()
        .for_each(|offset| out.var(offset));
    out.u8(u8::from(offsets.finished));
}

pub(super) fn decode(input: &mut Reader<'_>) -> Result<Happening, DecodeError> {
    Ok(match input.u8()? {
        kind::OPENED => Happening::Opened {
            name: ConnectionId(input.array()?),
            launch: input.bytes(limits::LAUNCH_BYTES)?.to_vec(),
            offsets: decode_offsets(input)?,
        },
        kind::ARRIVED => Happening::Arrived {
            name: ConnectionId(input.array()?),
            snapshot: input.bytes(limits::MTCP_SNAPSHOT_BYTES)?.to_vec(),
            servers: {
                let count = input.len(limits::NEIGHBORS)?;
                let servers = (0..count).map(|_| input.array().map(AuthorId));
                servers.collect::<Result<_, _>>()?
            },
            offsets: decode_offsets(input)?,
        },
        kind::INPUT => Happening::Input {
            bytes: input.bytes(MOST)?.to_vec(),
            ended: input.u8()? == 1,
        },
        kind::ROOM => Happening::Room(input.var()?),
        kind::WANTED => Happening::Wanted,
        kind::THAWED => Happening::Thawed,
        kind::NO_WAY => Happening::NoWay,
        kind::GONE => Happening::Gone(match input.u8()? {
            DONE => End::Done,
            MOVED => End::Moved,
            code => End::Reset(Reason::from_code(code).ok_or(DecodeError::Unknown(code))?),
        }),
        other => return Err(DecodeError::Unknown(other)),
    })
}

fn decode_offsets(input: &mut Reader<'_>) -> Result<Offsets, DecodeError> {
    Ok(Offsets {
        read: input.var()?,
        written: input.var()?,
        limit: input.var()?,
        finished: input.u8()? == 1,
    })
}
