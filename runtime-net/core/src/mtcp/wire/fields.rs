//! The fields of frames, one kind after the other.

use std::borrow::Cow;

use super::{Advice, Candidate, Claim, Ends, Frame, Growth, Open, Piece, Versions, kind};
use crate::codec::{DecodeError, Reader, Writer};
use crate::ids::NodeId;
use crate::limits;
use crate::mtcp::{ConnectionId, Digest, Epoch, Reason, Record};

/// All but the stream's bytes.
pub(super) fn write(out: &mut Writer, frame: &Frame<'_>) {
    match frame {
        Frame::Hello(versions) => versions.write(out),
        Frame::Open(open) => write_open(out, open),
        Frame::Resume { claim, held } => {
            write_claim(out, claim);
            out.var(*held);
        }
        Frame::Resumed {
            ends,
            input,
            taken,
            window,
            standbys,
        } => {
            write_ends(out, *ends);
            numbers(out, &[*input, *taken, *window]);
            write_servers(out, standbys);
        }
        Frame::Refused { epoch, reason } => {
            out.var(epoch.0);
            out.u8(reason.code());
        }
        Frame::Reset { reason } => out.u8(reason.code()),
        Frame::Data { offset: number, .. }
        | Frame::Confirm {
            epoch: Epoch(number),
        }
        | Frame::Show {
            epoch: Epoch(number),
        }
        | Frame::Fin { offset: number }
        | Frame::Ping { token: number }
        | Frame::Pong { token: number }
        | Frame::Recorded { revision: number } => out.var(*number),
        Frame::Ack { taken, stable } => {
            out.var(*taken);
            out.var(*stable);
        }
        Frame::Attach { id } | Frame::Attached { id } => out.raw(&id.0),
        Frame::Standbys { revision, standbys } => {
            out.var(*revision);
            write_servers(out, standbys);
        }
        Frame::Held {
            begins,
            whole,
            sealed,
        } => {
            out.u8(u8::from(*begins) + 2 * u8::from(*whole));
            out.raw(sealed);
        }
        Frame::Move { advice, candidates } => write_move(out, *advice, candidates),
        Frame::Stays { refusals } => write_refusals(out, refusals),
        Frame::Close => {}
        Frame::Pull { .. }
        | Frame::Transfer { .. }
        | Frame::Denied { .. }
        | Frame::Release { .. }
        | Frame::Dismiss { .. }
        | Frame::Base { .. }
        | Frame::Log(_)
        | Frame::Logged { .. }
        | Frame::Unlogged { .. } => write_between_servers(out, frame),
    }
}

fn write_between_servers(out: &mut Writer, frame: &Frame<'_>) {
    match frame {
        Frame::Pull { claim, binding } => {
            write_claim(out, claim);
            out.raw(binding);
        }
        Frame::Transfer { id, epoch, piece } => {
            write_attempt(out, id, *epoch);
            write_piece(out, piece);
        }
        Frame::Denied { id, epoch, reason } => {
            write_attempt(out, id, *epoch);
            out.u8(reason.code());
        }
        Frame::Release { id, epoch }
        | Frame::Dismiss { id, epoch }
        | Frame::Unlogged { id, epoch } => {
            write_attempt(out, id, *epoch);
        }
        Frame::Base {
            id,
            epoch,
            position,
            piece,
        } => {
            write_attempt(out, id, *epoch);
            out.var(*position);
            write_piece(out, piece);
        }
        Frame::Log(growth) => write_growth(out, growth),
        Frame::Logged {
            id,
            epoch,
            position,
            input,
        } => {
            write_attempt(out, id, *epoch);
            out.var(*position);
            out.var(*input);
        }
        _ => {}
    }
}

pub(super) fn read<'a>(kind: u8, input: &mut Reader<'a>) -> Result<Frame<'a>, DecodeError> {
    Ok(match kind {
        kind::HELLO => Frame::Hello(Versions::read(input)?),
        kind::OPEN => Frame::Open(read_open(input)?),
        kind::REFUSED => Frame::Refused {
            epoch: Epoch(input.var()?),
            reason: read_reason(input)?,
        },
        kind::RESUME => Frame::Resume {
            claim: Box::new(read_claim(input)?),
            held: input.var()?,
        },
        kind::RESUMED => Frame::Resumed {
            ends: read_ends(input)?,
            input: input.var()?,
            taken: input.var()?,
            window: input.var()?,
            standbys: read_servers(input)?,
        },
        kind::CONFIRM => Frame::Confirm {
            epoch: Epoch(input.var()?),
        },
        kind::FIN => Frame::Fin {
            offset: input.var()?,
        },
        kind::ACK => Frame::Ack {
            taken: input.var()?,
            stable: input.var()?,
        },
        kind::PING => Frame::Ping {
            token: input.var()?,
        },
        kind::PONG => Frame::Pong {
            token: input.var()?,
        },
        kind::ATTACH => Frame::Attach {
            id: read_id(input)?,
        },
        kind::ATTACHED => Frame::Attached {
            id: read_id(input)?,
        },
        kind::STANDBYS => Frame::Standbys {
            revision: input.var()?,
            standbys: read_servers(input)?,
        },
        kind::RECORDED => Frame::Recorded {
            revision: input.var()?,
        },
        kind::HELD => read_held(input)?,
        kind::SHOW => Frame::Show {
            epoch: Epoch(input.var()?),
        },
        kind::MOVE => read_move(input)?,
        kind::STAYS => Frame::Stays {
            refusals: read_refusals(input)?,
        },
        kind::CLOSE => Frame::Close,
        kind::RESET => Frame::Reset {
            reason: read_reason(input)?,
        },
        other => read_between_servers(other, input)?,
    })
}

fn read_between_servers<'a>(kind: u8, input: &mut Reader<'a>) -> Result<Frame<'a>, DecodeError> {
    if kind == kind::PULL {
        return Ok(Frame::Pull {
            claim: Box::new(read_claim(input)?),
            binding: input.array()?,
        });
    }
    if !(kind::TRANSFER..=kind::UNLOGGED).contains(&kind) {
        return Err(DecodeError::Unknown(kind));
    }
    let (id, epoch) = (read_id(input)?, Epoch(input.var()?));
    Ok(match kind {
        kind::TRANSFER => {
            let piece = read_piece(input)?;
            Frame::Transfer { id, epoch, piece }
        }
        kind::DENIED => {
            let reason = read_reason(input)?;
            Frame::Denied { id, epoch, reason }
        }
        kind::RELEASE => Frame::Release { id, epoch },
        kind::DISMISS => Frame::Dismiss { id, epoch },
        kind::BASE => {
            let (position, piece) = (input.var()?, read_piece(input)?);
            Frame::Base {
                id,
                epoch,
                position,
                piece,
            }
        }
        kind::LOG => Frame::Log(Growth {
            id,
            epoch,
            after: input.var()?,
            position: input.var()?,
            input: input.var()?,
            fin: read_flag(input)?,
            entries: Cow::Borrowed(input.bytes(limits::MTCP_LOG_BYTES)?),
            bytes: Cow::Borrowed(input.rest()),
        }),
        kind::LOGGED => {
            let (position, input) = (input.var()?, input.var()?);
            Frame::Logged {
                id,
                epoch,
                position,
                input,
            }
        }
        _ => Frame::Unlogged { id, epoch },
    })
}

/// What is left, which is something and not more than that.
pub(super) fn some<'a>(input: &mut Reader<'a>, most: usize) -> Result<&'a [u8], DecodeError> {
    match input.rest() {
        [] => Err(DecodeError::Truncated),
        rest if rest.len() > most => Err(DecodeError::TooLong),
        rest => Ok(rest),
    }
}

/// Only of a record that is none there are no bytes.
fn read_held<'a>(input: &mut Reader<'a>) -> Result<Frame<'a>, DecodeError> {
    let (begins, whole) = match input.u8()? {
        place @ 0..4 => (place & 1 != 0, place & 2 != 0),
        other => return Err(DecodeError::Unknown(other)),
    };
    let sealed = match input.rest() {
        [] if !(begins && whole) => return Err(DecodeError::Truncated),
        long if long.len() > limits::MTCP_PART_BYTES => return Err(DecodeError::TooLong),
        sealed => Cow::Borrowed(sealed),
    };
    Ok(Frame::Held {
        begins,
        whole,
        sealed,
    })
}

fn numbers(out: &mut Writer, numbers: &[u64]) {
    numbers.iter().for_each(|number| out.var(*number));
}

fn write_open(out: &mut Writer, open: &Open<'_>) {
    out.raw(&open.id.0);
    write_ends(out, open.ends);
    numbers(out, &[open.digest_seed, open.window]);
    out.raw(&open.settings);
}

fn read_open<'a>(input: &mut Reader<'a>) -> Result<Open<'a>, DecodeError> {
    let open = Open {
        id: read_id(input)?,
        ends: read_ends(input)?,
        digest_seed: input.var()?,
        window: input.var()?,
        settings: Cow::Borrowed(input.rest()),
    };
    if open.settings.len() > limits::MTCP_SETTINGS_BYTES {
        return Err(DecodeError::TooLong);
    }
    Ok(open)
}

fn write_ends(out: &mut Writer, ends: Ends) {
    out.var(ends.client.0);
    out.var(ends.server.0);
}

fn read_ends(input: &mut Reader<'_>) -> Result<Ends, DecodeError> {
    Ok(Ends {
        client: Epoch(input.var()?),
        server: Epoch(input.var()?),
    })
}

fn write_claim(out: &mut Writer, claim: &Claim) {
    out.raw(&claim.id.0);
    write_ends(out, claim.ends);
    out.var(claim.record.epoch.0);
    out.raw(&claim.record.owner.0);
    out.var(claim.record.revision);
    write_servers(out, &claim.record.standbys);
    let digest = claim.digest;
    numbers(out, &[claim.received, claim.taken, claim.window]);
    numbers(out, &[digest.sum, digest.open]);
    out.raw(&claim.proof);
}

fn read_claim(input: &mut Reader<'_>) -> Result<Claim, DecodeError> {
    let claim = Claim {
        id: read_id(input)?,
        ends: read_ends(input)?,
        record: Record {
            epoch: Epoch(input.var()?),
            owner: NodeId(input.array()?),
            revision: input.var()?,
            standbys: read_servers(input)?,
        },
        received: input.var()?,
        taken: input.var()?,
        window: input.var()?,
        digest: Digest {
            sum: input.var()?,
            open: input.var()?,
        },
        proof: input.array()?,
    };
    let numbers = [claim.received, claim.taken, claim.record.revision];
    if !claim.digest.is_valid() || numbers.iter().any(|number| *number > limits::MTCP_OFFSET) {
        return Err(DecodeError::NotCanonical);
    }
    Ok(claim)
}

fn write_servers(out: &mut Writer, servers: &[NodeId]) {
    out.len(servers.len());
    servers.iter().for_each(|server| out.raw(&server.0));
}

/// In ascending order, so that a set has one form.
fn read_servers(input: &mut Reader<'_>) -> Result<Vec<NodeId>, DecodeError> {
    let servers = input.list(limits::MTCP_STANDBYS, |input| input.array().map(NodeId))?;
    if servers.is_sorted_by(|a, b| a < b) {
        Ok(servers)
    } else {
        Err(DecodeError::NotCanonical)
    }
}

fn write_move(out: &mut Writer, advice: Advice, candidates: &[Candidate]) {
    out.u8(advice as u8);
    out.len(candidates.len());
    for candidate in candidates {
        out.raw(&candidate.server.0);
        out.bytes(candidate.address.as_bytes());
    }
}

fn read_move<'a>(input: &mut Reader<'a>) -> Result<Frame<'a>, DecodeError> {
    let advice = match input.u8()? {
        0 => Advice::Stay,
        1 => Advice::Drain,
        2 => Advice::Load,
        other => return Err(DecodeError::Unknown(other)),
    };
    let candidates = input.list(limits::MTCP_CANDIDATES, |input| {
        Ok(Candidate {
            server: NodeId(input.array()?),
            address: input.text(limits::MTCP_ADDRESS_BYTES)?.to_owned(),
        })
    })?;
    Ok(Frame::Move { advice, candidates })
}

fn write_refusals(out: &mut Writer, refusals: &[(NodeId, Reason)]) {
    out.len(refusals.len());
    for (server, reason) in refusals {
        out.raw(&server.0);
        out.u8(reason.code());
    }
}

fn read_refusals(input: &mut Reader<'_>) -> Result<Vec<(NodeId, Reason)>, DecodeError> {
    input.list(limits::MTCP_CANDIDATES, |input| {
        Ok((NodeId(input.array()?), read_reason(input)?))
    })
}

fn write_attempt(out: &mut Writer, id: &ConnectionId, epoch: Epoch) {
    out.raw(&id.0);
    out.var(epoch.0);
}

fn read_id(input: &mut Reader<'_>) -> Result<ConnectionId, DecodeError> {
    input.array().map(ConnectionId)
}

fn read_reason(input: &mut Reader<'_>) -> Result<Reason, DecodeError> {
    let code = input.u8()?;
    Reason::from_code(code).ok_or(DecodeError::Unknown(code))
}

fn read_flag(input: &mut Reader<'_>) -> Result<bool, DecodeError> {
    match input.u8()? {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(DecodeError::Unknown(other)),
    }
}

fn write_piece(out: &mut Writer, piece: &Piece<'_>) {
    out.len(piece.head);
    out.len(piece.snapshot);
    out.len(piece.offset);
    out.raw(piece.bytes);
}

fn read_piece<'a>(input: &mut Reader<'a>) -> Result<Piece<'a>, DecodeError> {
    let head = input.len(limits::MTCP_HEAD_BYTES)?;
    let snapshot = input.len(limits::MTCP_SNAPSHOT_BYTES)?;
    let offset = input.len(head + snapshot)?;
    let bytes = some(input, limits::MTCP_PIECE_BYTES)?;
    if bytes.len() > head + snapshot - offset {
        return Err(DecodeError::TooLong);
    }
    Ok(Piece {
        head,
        snapshot,
        offset,
        bytes,
    })
}

fn write_growth(out: &mut Writer, growth: &Growth<'_>) {
    write_attempt(out, &growth.id, growth.epoch);
    numbers(out, &[growth.after, growth.position, growth.input]);
    out.u8(u8::from(growth.fin));
    out.bytes(&growth.entries);
    out.raw(&growth.bytes);
}
