//! Native functions: leaves that compute from their arguments alone.
//!
//! A function reads its arguments into values of Rust, and its result goes onto the heap at the
//! end, so that nothing has to be kept while room is made. Fuel is charged by size, as the table
//! in `sm_bytecode::native` says.

pub(crate) mod floats;
mod format;
#[cfg(test)]
mod tests;
mod text;

use std::ops::Range;

use sm_bytecode::{Native, Reg, TrapKind};

use crate::data::show::show_place;
use crate::heap::Heap;
use crate::heap::layout::Kind;
use crate::interp::{Interp, Stop};
use crate::limits::{FORMAT_BYTES, TEXT_BYTES};
use crate::outcome::KillKind;
use crate::shape::Shape;
use crate::text::{name_for_people, write_id, write_short_id};

/// What a native function gives.
enum Given {
    Bool(bool),
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
    OptInt(Option<i64>),
    OptFloat(Option<f64>),
    OptText(Option<String>),
    /// Parts of the text in a register.
    Parts(Reg, Vec<Range<u32>>),
    Ints(Vec<i64>),
}

/// A result, and the size that is charged.
type Sized = (Given, usize);

impl Interp<'_> {
    pub(crate) fn native(
        &mut self,
        native: Native,
        dsts: &[Reg],
        args: &[Reg],
    ) -> Result<(), Stop> {
        let fuel = native.info().fuel;
        self.charge_base(fuel.base);
        let (given, size) = self.compute(native, args)?;
        self.charge(fuel, size as u64);
        self.give(dsts, given)
    }

    fn compute(&self, native: Native, args: &[Reg]) -> Result<Sized, Stop> {
        match native {
            Native::BytesSlice => self.bytes_slice(args),
            Native::BytesConcat => {
                check_size(self.bytes(args[0]).len() + self.bytes(args[1]).len())?;
                let all = [self.bytes(args[0]), self.bytes(args[1])].concat();
                sized_bytes(all)
            }
            Native::BytesFromList => self.bytes_from_list(args[0]),
            Native::BytesToList => {
                let bytes = self.bytes(args[0]);
                self.check_list(bytes.len(), 1)?;
                let values = bytes.iter().map(|byte| i64::from(*byte)).collect();
                Ok((Given::Ints(values), bytes.len()))
            }
            Native::BytesToStr => {
                let bytes = self.bytes(args[0]);
                let text = std::str::from_utf8(bytes).ok().map(str::to_owned);
                Ok((Given::OptText(text), bytes.len()))
            }
            Native::StrToBytes => {
                let bytes = self.bytes(args[0]).to_vec();
                sized_bytes(bytes)
            }
            Native::FmtInt | Native::FmtFloat | Native::FmtStr
                if self.bytes(args[1]).len() > FORMAT_BYTES =>
            {
                Err(TrapKind::BadText.into())
            }
            Native::FmtInt => {
                let value = self.get_int(args[0]);
                sized_text(format::int(value, self.text(args[1]))?)
            }
            Native::FmtFloat => {
                let value = self.float(args[0]);
                sized_text(format::float(value, self.text(args[1]))?)
            }
            Native::FmtStr => sized_text(format::text(self.text(args[0]), self.text(args[1]))?),
            Native::HopNode | Native::NodeHop => {
                Ok((Given::Bytes(self.bytes(args[0]).to_vec()), 0))
            }
            Native::TagName => {
                let tag = self.heap_tag(args[0]);
                sized_text(tag.to_owned())
            }
            Native::PlaceShow => sized_text(self.place_text(args[0])),
            Native::NameShow => sized_text(name_for_people(self.text(args[0])).to_owned()),
            Native::IdShow | Native::NodeShow => {
                let mut text = String::new();
                write_short_id(&mut text, self.bytes(args[0]));
                Ok((Given::Text(text), 0))
            }
            Native::NodeName => {
                let mut text = String::new();
                write_id(&mut text, self.bytes(args[0]));
                Ok((Given::Text(text), 0))
            }
            Native::StrLen
            | Native::StrFind
            | Native::StrSlice
            | Native::StrChars
            | Native::StrLines
            | Native::StrSplit
            | Native::StrJoin
            | Native::StrTrim
            | Native::StrLower
            | Native::StrUpper
            | Native::StrStartsWith
            | Native::StrEndsWith
            | Native::StrContains
            | Native::StrReplace
            | Native::StrRepeat
            | Native::StrToInt
            | Native::StrToFloat
            | Native::StrCode
            | Native::StrFromCode
            | Native::StrFindLast
            | Native::StrWords
            | Native::StrTrimStart
            | Native::StrTrimEnd
            | Native::StrStripPrefix
            | Native::StrStripSuffix
            | Native::StrPadStart
            | Native::StrPadEnd => self.compute_text(native, args),
            Native::FloatAbs
            | Native::FloatFloor
            | Native::FloatCeil
            | Native::FloatRound
            | Native::FloatTrunc
            | Native::FloatSqrt
            | Native::FloatSin
            | Native::FloatCos
            | Native::FloatTan
            | Native::FloatAsin
            | Native::FloatAcos
            | Native::FloatAtan
            | Native::FloatSinh
            | Native::FloatCosh
            | Native::FloatTanh
            | Native::FloatExp
            | Native::FloatLn
            | Native::FloatLog2
            | Native::FloatLog10
            | Native::FloatCbrt
            | Native::FloatPow
            | Native::FloatAtan2
            | Native::FloatHypot
            | Native::FloatMin
            | Native::FloatMax
            | Native::FloatIsNan
            | Native::BytesLen
            | Native::BytesGet
            | Native::StrByteLen => unreachable!("has an operation of its own"),
        }
    }

    fn float(&self, reg: Reg) -> f64 {
        f64::from_bits(self.get(reg))
    }

    fn heap_tag(&self, tag: Reg) -> &str {
        let id = self.tag_id(tag);
        &self.program().tags[id.index()].decl.name
    }

    fn place_text(&self, place: Reg) -> String {
        let view = self.view(&[]);
        let (wanted, unwanted) = view.heap.place_tags(self.get_ref(place));
        let mut text = String::new();
        show_place(view, wanted, unwanted, &mut text);
        text
    }

    fn bytes_slice(&self, args: &[Reg]) -> Result<Sized, Stop> {
        let bytes = self.bytes(args[0]);
        let to = self.index_up_to(args[2], bytes.len())?;
        let from = self.index_up_to(args[1], to)?;
        sized_bytes(bytes[from..to].to_vec())
    }

    fn bytes_from_list(&self, list: Reg) -> Result<Sized, Stop> {
        let words = self.view(&[]).heap.list_elements(self.get_ref(list));
        let bytes: Result<Vec<u8>, _> = words.iter().map(|word| u8::try_from(*word)).collect();
        match bytes {
            Ok(bytes) => Ok((Given::Bytes(bytes), words.len())),
            Err(_) => Err(TrapKind::IndexOutOfRange.into()),
        }
    }

    /// Puts a result into its registers.
    fn give(&mut self, dsts: &[Reg], given: Given) -> Result<(), Stop> {
        match given {
            Given::Bool(value) => self.set(dsts[0], value.into()),
            Given::Int(value) => self.set(dsts[0], value as u64),
            Given::Text(text) => self.set_text(dsts[0], &text)?,
            Given::Bytes(bytes) => self.set_blob(dsts[0], &bytes)?,
            Given::OptInt(value) => {
                self.set(dsts[0], value.is_some().into());
                self.set(dsts[1], value.unwrap_or(0) as u64);
            }
            Given::OptFloat(value) => {
                self.set(dsts[0], value.is_some().into());
                self.set(dsts[1], value.unwrap_or(0.0).to_bits());
            }
            Given::OptText(None) => self.set(dsts[0], 0),
            Given::OptText(Some(text)) => self.set_text(dsts[0], &text)?,
            Given::Parts(text, parts) => self.give_parts(dsts[0], text, &parts)?,
            Given::Ints(values) => self.give_ints(dsts[0], &values)?,
        }
        Ok(())
    }

    /// A kill if a list of so many elements, so many words each, is more than there can be.
    fn check_list(&self, count: usize, words: usize) -> Result<(), Stop> {
        match self
            .view(&[])
            .heap
            .is_beyond_quota(count.saturating_mul(words))
        {
            true => Err(KillKind::Heap.into()),
            false => Ok(()),
        }
    }

    fn give_parts(&mut self, dst: Reg, text: Reg, parts: &[Range<u32>]) -> Result<(), Stop> {
        let ty = self.ref_type(dst);
        let Shape::List(element) = *self.program().shape(ty) else {
            return Err(TrapKind::Unreachable.into());
        };
        let blobs: usize = parts.iter().map(|part| Heap::blob_words(part.len())).sum();
        self.reserve(Heap::list_words(element.kind, parts.len()) + blobs)?;
        let (program, text) = (self.program(), self.get_ref(text));
        let heap = self.heap_mut();
        let new = parts.iter().map(|part| {
            let part = part.start as usize..part.end as usize;
            heap.new_part(&program.statics, element.ty, text, part)
                .word()
        });
        let words: Vec<u64> = new.collect();
        let list = heap.new_list(ty, element.kind, words.len());
        heap.list_fill(element.kind, list, &words);
        self.set_ref(dst, list);
        Ok(())
    }

    fn give_ints(&mut self, dst: Reg, values: &[i64]) -> Result<(), Stop> {
        self.reserve(Heap::list_words(Kind::Int, values.len()))?;
        let ty = self.ref_type(dst);
        let words: Vec<u64> = values.iter().map(|value| *value as u64).collect();
        let heap = self.heap_mut();
        let list = heap.new_list(ty, Kind::Int, words.len());
        heap.list_fill(Kind::Int, list, &words);
        self.set_ref(dst, list);
        Ok(())
    }
}

fn sized_text(text: String) -> Result<Sized, Stop> {
    let size = text.len();
    Ok((Given::Text(text), size))
}

fn sized_bytes(bytes: Vec<u8>) -> Result<Sized, Stop> {
    let size = bytes.len();
    Ok((Given::Bytes(bytes), size))
}

/// A kill if an instruction would make more text than it may.
fn check_size(bytes: usize) -> Result<(), Stop> {
    if bytes > TEXT_BYTES {
        Err(KillKind::Heap.into())
    } else {
        Ok(())
    }
}
