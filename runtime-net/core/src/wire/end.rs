//! The bytes of how a message ended.

use crate::codec::{DecodeError, Reader, Writer};
use crate::ids::TypeHash;
use crate::limits;
use crate::node::{End, Kill, TraceFrame};

const DONE: u8 = 0;
const TRAP: u8 = 1;
const KILLED: u8 = 2;

pub(crate) fn encode(out: &mut Writer, end: &End) {
    match end {
        End::Done { ty, value } => {
            out.u8(DONE);
            out.raw(&ty.0);
            out.bytes(value);
        }
        End::Trap {
            kind,
            message,
            frames,
        } => {
            out.u8(TRAP);
            out.u8(*kind);
            out.option(message.as_deref(), |out, text| out.bytes(text.as_bytes()));
            out.len(frames.len());
            for frame in frames {
                out.raw(&frame.brick);
                out.u16(frame.function);
                out.var(frame.pc.into());
            }
        }
        End::Killed(kill) => {
            out.u8(KILLED);
            out.u8(kill.code());
        }
    }
}

pub(crate) fn decode(input: &mut Reader<'_>) -> Result<End, DecodeError> {
    match input.u8()? {
        DONE => Ok(End::Done {
            ty: TypeHash(input.array()?),
            value: input.bytes(limits::RESULT_BYTES)?.to_vec(),
        }),
        TRAP => decode_trap(input),
        KILLED => {
            let code = input.u8()?;
            Kill::from_code(code)
                .map(End::Killed)
                .ok_or(DecodeError::Unknown(code))
        }
        other => Err(DecodeError::Unknown(other)),
    }
}

fn decode_trap(input: &mut Reader<'_>) -> Result<End, DecodeError> {
    let kind = input.u8()?;
    let message = input
        .option(|input| input.text(limits::TEXT_BYTES))?
        .map(str::to_owned);
    let frames = input.list(limits::REPORT_FRAMES, |input| {
        Ok(TraceFrame {
            brick: input.array()?,
            function: input.u16()?,
            pc: input.small()?,
        })
    })?;
    Ok(End::Trap {
        kind,
        message,
        frames,
    })
}
