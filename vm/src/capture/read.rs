//! Reading a state. The order is that of the bytes; what can only be checked with all objects
//! there, such as keys of maps, comes at the end.

use std::sync::Arc;

use sm_bytecode::HopCode;
use sm_bytecode::codec::{DecodeError, Reader};

use crate::capture::RestoreError;
use crate::capture::objects::Objects;
use crate::capture::tables::TablesIn;
use crate::heap::Heap;
use crate::limits::{FUEL_USED, Limits, STATE_BYTES};
use crate::machine::{Machine, Reply, Status};
use crate::program::Program;
use crate::rng::Rng;

/// Words for the objects of a message that carries little.
const SMALL_HEAP: usize = 64;

pub(super) fn restore(
    program: Arc<Program>,
    bytes: &[u8],
    limits: Limits,
) -> Result<Machine, RestoreError> {
    let mut reader = Reader::new(bytes, STATE_BYTES)?;
    let tables = TablesIn::read(&program, &mut reader)?;
    let fuel_used = reader.number()?;
    if fuel_used > FUEL_USED {
        return Err(RestoreError::Forged("more fuel was used than there is"));
    }
    let rng = Rng::from_state(reader.hash()?).ok_or(RestoreError::Forged("no random state"))?;
    let status = read_status(&mut reader)?;
    let mut heap = Heap::new(&limits, &program.statics.layouts);
    // Flat data takes as much there as in the bytes.
    heap.expect(bytes.len() / 8 + SMALL_HEAP);
    let mut objects = Objects::new(&program, &mut heap, tables, reader, bytes.len());
    let mut stack = objects.frames(&limits)?;
    objects.admit_grown(&limits);
    objects.finish(&mut stack)?;
    heap.take_as_live();
    let machine = Machine {
        program,
        heap,
        stack,
        limits,
        rng,
        fuel_used,
        status,
        interpreted: false,
    };
    check_status(&machine)?;
    Ok(machine)
}

fn read_status(reader: &mut Reader<'_>) -> Result<Status, RestoreError> {
    Ok(match reader.byte()? {
        0 => Status::Ready,
        1 => Status::Waiting,
        2 => {
            let code = HopCode::from_code(reader.byte()?);
            let code = code.ok_or(RestoreError::Forged("no such answer to a hop"))?;
            Status::Answered(Reply::Hop(code))
        }
        3 => Status::Answered(Reply::Tag(None)),
        4 => Status::Answered(Reply::Tag(Some(reader.blob()?.to_vec()))),
        _ => return Err(DecodeError::BadTag("status").into()),
    })
}

/// What the status says has to be possible at the innermost frame's instruction.
fn check_status(machine: &Machine) -> Result<(), RestoreError> {
    use crate::outcome::Outcome;
    let pending = machine.pending();
    let fits = matches!(
        (&machine.status, &pending),
        (Status::Ready, _)
            | (Status::Waiting, Some(_))
            | (
                Status::Answered(Reply::Hop(_)),
                Some(Outcome::Move { .. } | Outcome::MoveAll)
            )
            | (Status::Answered(Reply::Tag(_)), Some(Outcome::Block { .. }))
    );
    match fits {
        true => Ok(()),
        false => Err(RestoreError::Forged("nothing waits for an answer")),
    }
}
