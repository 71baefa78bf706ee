//! What instructions do beside computing their results.

use sm_bytecode::inst::Effects;
use sm_bytecode::{Inst, Opcode};

/// What an instruction changes beside its results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Touched {
    Nothing,
    Field(usize),
    Elements,
    Collections,
    /// Anything: a message can move, or other code runs.
    All,
}

/// Whether a message can move, or other code runs.
pub(crate) fn is_stop(inst: &Inst) -> bool {
    let effects = inst.info().effects;
    effects.has(Effects::CALL) || effects.has(Effects::SUSPEND)
}

/// What the instruction changes beside its results.
pub(crate) fn touched(inst: &Inst) -> Touched {
    use Opcode as Op;
    if is_stop(inst) {
        return Touched::All;
    }
    match inst.opcode() {
        Op::ListSet => Touched::Elements,
        Op::ListNew
        | Op::ListLen
        | Op::ListGet
        | Op::ListSlice
        | Op::ListFill
        | Op::MapNew
        | Op::MapLen
        | Op::MapFind
        | Op::MapKeyAt
        | Op::MapValueAt => Touched::Nothing,
        opcode if (Op::ListNew..=Op::MapClear).contains(&opcode) => Touched::Collections,
        _ => match inst {
            Inst::RecordSet { field, .. } => Touched::Field(usize::from(*field) % 8),
            _ => Touched::Nothing,
        },
    }
}

/// Whether the instruction only computes its result: it cannot trap, and nothing else changes. What
/// it takes of memory is no matter of the program's.
pub(crate) fn is_pure(inst: &Inst) -> bool {
    use Opcode as Op;
    let opcode = inst.opcode();
    (Op::FloatAdd..=Op::FloatLe).contains(&opcode)
        || (Op::IntWrapAdd..=Op::IntNot).contains(&opcode)
        || (Op::IntEq..=Op::IntToFloat).contains(&opcode)
        || matches!(
            opcode,
            Op::Move
                | Op::IntConst
                | Op::FloatConst
                | Op::BoolConst
                | Op::EnumConst
                | Op::StrConst
                | Op::BytesConst
                | Op::Null
                | Op::OptSome
                | Op::OptIsSome
                | Op::FloatBits
                | Op::FloatFromBits
                | Op::BoolNot
                | Op::BoolEq
                | Op::EnumIndex
                | Op::EnumTag
                | Op::RecordNew
                | Op::RecordGet
                | Op::RefSame
                | Op::ListNew
                | Op::ListLen
                | Op::MapNew
                | Op::MapLen
                | Op::ClosureNew
                | Op::TagConst
                | Op::TagErase
        )
}
