//! Tags and places: what a message asks of the node's tag space.

use sm_bytecode::{Access, Fuel, Inst, Reg, TagIx, TrapKind};

use crate::data::decode::decode_number;
use crate::data::show::show_place;
use crate::heap::Heap;
use crate::heap::layout::Ref;
use crate::host::{CreateOptions, Lifetime, TagRef};
use crate::index::TagId;
use crate::interp::{Interp, Stop};
use crate::limits::KEY_BYTES;
use crate::program::Tag;
use crate::text::NAME_MARK;

/// The `derive_key` context of the mark in the name of a place.
const NAME_CONTEXT: &str = "smart-messages 0 place name";

impl<'m> Interp<'m> {
    pub(super) fn tag_inst(&mut self, inst: &Inst, fuel: Fuel) -> Result<(), Stop> {
        match inst {
            Inst::TagMember { dst, tag, args } => self.tag_member(fuel, *dst, *tag, args),
            Inst::TagCreate {
                dst,
                tag,
                value,
                lifetime,
                read,
                write,
            } => {
                let options = CreateOptions {
                    lifetime: lifetime_of(self.get_int(*lifetime)),
                    read: access_of(self.get_int(*read)),
                    write: access_of(self.get_int(*write)),
                };
                let bytes = self.tag_value(fuel, *tag, value)?;
                let code = self.with_tag(*tag, |host, tag| host.tag_create(tag, &bytes, options));
                self.give_back(bytes);
                self.set(*dst, code.code().into());
                Ok(())
            }
            Inst::TagWrite { dst, tag, value } => {
                let bytes = self.tag_value(fuel, *tag, value)?;
                let code = self.with_tag(*tag, |host, tag| host.tag_write(tag, &bytes));
                self.give_back(bytes);
                self.set(*dst, code.code().into());
                Ok(())
            }
            Inst::TagDelete { dst, tag } => {
                let deleted = self.with_tag(*tag, |host, tag| host.tag_delete(tag));
                self.set(*dst, deleted.into());
                Ok(())
            }
            Inst::TagHas { dst, tag } => {
                let has = self.with_tag(*tag, |host, tag| host.tag_has(tag));
                self.set(*dst, has.into());
                Ok(())
            }
            Inst::TagVersion { dst, tag } => {
                let version = self.with_tag(*tag, |host, tag| host.tag_version(tag));
                self.set(*dst, i64::try_from(version).unwrap_or(i64::MAX) as u64);
                Ok(())
            }
            Inst::TagRead { dsts, tag } => self.tag_read(fuel, dsts, *tag),
            Inst::PlaceNew {
                dst,
                wanted,
                unwanted,
            } => self.place_new(fuel, *dst, wanted, unwanted),
            Inst::PlaceName { dst, place } => self.place_name(fuel, *dst, *place),
            Inst::PlaceHolds { dst, place } => self.place_holds(fuel, *dst, *place),
            _ => unreachable!("is dispatched elsewhere"),
        }
    }

    fn tag_decl(&self, tag: Ref) -> &'m Tag {
        let program = self.program;
        &program.tags[self.heap.tag_of(tag).index()]
    }

    /// Asks the host about the tag in a register.
    fn with_tag<T>(
        &mut self,
        tag: Reg,
        ask: impl FnOnce(&mut dyn crate::host::Host, &TagRef<'_>) -> T,
    ) -> T {
        self.ask_about(self.get_ref(tag), ask)
    }

    fn ask_about<T>(
        &mut self,
        tag: Ref,
        ask: impl FnOnce(&mut dyn crate::host::Host, &TagRef<'_>) -> T,
    ) -> T {
        let declared = self.tag_decl(tag);
        let tag = TagRef {
            base: &declared.base,
            key: self.heap.bytes_of(&self.program.statics, tag),
            decl: &declared.decl,
            hint: Some(&declared.hint),
        };
        ask(self.host, &tag)
    }

    fn tag_value(&mut self, fuel: Fuel, tag: Reg, value: &[Reg]) -> Result<Vec<u8>, Stop> {
        let ty = self.tag_decl(self.get_ref(tag)).value;
        let encoded = self.encode_regs(value, &[ty])?;
        self.charge(fuel, encoded.size);
        Ok(encoded.bytes)
    }

    fn tag_member(&mut self, fuel: Fuel, dst: Reg, tag: TagIx, args: &[Reg]) -> Result<(), Stop> {
        let id = TagId(tag.0);
        let program = self.program;
        let encoded = self.encode_regs(args, &program.tags[id.index()].keys)?;
        self.charge(fuel, encoded.size);
        let key = encoded.bytes;
        if key.len() > KEY_BYTES {
            return Err(TrapKind::NotData.into());
        }
        self.reserve(Heap::blob_words(key.len()))?;
        let member = self.heap.new_tag(id, &key);
        self.give_back(key);
        self.set_ref(dst, member);
        Ok(())
    }

    fn tag_read(&mut self, fuel: Fuel, dsts: &[Reg], tag: Reg) -> Result<(), Stop> {
        let reference = self.get_ref(tag);
        let declared = self.tag_decl(reference);
        let asked = TagRef {
            base: &declared.base,
            key: self.heap.bytes_of(&self.program.statics, reference),
            decl: &declared.decl,
            hint: Some(&declared.hint),
        };
        let value = self.host.tag_read(&asked);
        let number = value.and_then(|bytes| {
            let size = bytes.len().max(1) as u64;
            let word = decode_number(self.program, declared.value, bytes)?;
            Some((word, size))
        });
        if let (Some((word, size)), [is_some, dst]) = (&number, dsts) {
            self.charge(fuel, *size);
            self.set(*is_some, word.is_ok().into());
            self.set(*dst, word.unwrap_or(0));
            return Ok(());
        }
        let value = value.map(Vec::from);
        self.take_in_tag(fuel, dsts, tag, value.as_deref())
    }

    /// Puts the value of a tag, if it is there, into the slots of an option of its type.
    pub(super) fn take_in_tag(
        &mut self,
        fuel: Fuel,
        dsts: &[Reg],
        tag: Reg,
        value: Option<&[u8]>,
    ) -> Result<(), Stop> {
        let mut slots = Vec::new();
        if let Some(bytes) = value {
            self.reserve(bytes.len())?;
            let ty = self.tag_decl(self.get_ref(tag)).value;
            slots = match self.decode(fuel, ty, bytes)? {
                Some(slots) => some_slots(dsts.len(), slots),
                None => Vec::new(),
            };
        }
        slots.resize(dsts.len(), 0);
        for (dst, word) in dsts.iter().zip(slots) {
            self.set(*dst, word);
        }
        Ok(())
    }

    /// The identity by which tags of a place are ordered.
    fn tag_name(&self, tag: Ref) -> (&[u8; 32], &[u8]) {
        let key = self.heap.bytes_of(&self.program.statics, tag);
        (&self.program.tags[self.heap.tag_of(tag).index()].base, key)
    }

    /// The tags in these registers in the order of their identities, each once.
    fn sorted_tags(&self, regs: &[Reg]) -> Vec<u64> {
        let mut tags: Vec<Ref> = regs.iter().map(|reg| self.get_ref(*reg)).collect();
        tags.sort_by(|a, b| self.tag_name(*a).cmp(&self.tag_name(*b)));
        tags.dedup_by(|a, b| self.tag_name(*a) == self.tag_name(*b));
        tags.into_iter().map(Ref::word).collect()
    }

    fn place_new(
        &mut self,
        fuel: Fuel,
        dst: Reg,
        wanted: &[Reg],
        unwanted: &[Reg],
    ) -> Result<(), Stop> {
        let count = wanted.len() + unwanted.len();
        self.charge(fuel, count as u64);
        self.reserve(Heap::place_words(count))?;
        let (wanted, unwanted) = (self.sorted_tags(wanted), self.sorted_tags(unwanted));
        let place = self.heap.new_place(self.ref_type(dst), &wanted, &unwanted);
        self.set_ref(dst, place);
        Ok(())
    }

    /// The readable form of the wanted tags, and a mark that makes it unique: two tags can have
    /// one name.
    fn place_name(&mut self, fuel: Fuel, dst: Reg, place: Reg) -> Result<(), Stop> {
        let place = self.get_ref(place);
        let (wanted, _) = self.heap.place_tags(place);
        let mut identity = sm_bytecode::codec::Writer::new();
        for tag in wanted {
            let (base, key) = self.tag_name(Ref::of_word(*tag));
            identity.raw(base);
            identity.blob(key);
        }
        let mark = blake3::derive_key(NAME_CONTEXT, &identity.into_bytes());
        let mut name = String::new();
        show_place(self.view(&[]), wanted, &[], &mut name);
        name.push(NAME_MARK);
        crate::text::write_id(&mut name, &mark[..8]);
        self.charge(fuel, name.len() as u64);
        self.set_text(dst, &name)
    }

    fn place_holds(&mut self, fuel: Fuel, dst: Reg, place: Reg) -> Result<(), Stop> {
        let (wanted, unwanted) = self.heap.place_tags(self.get_ref(place));
        let (wanted, unwanted) = (wanted.to_vec(), unwanted.to_vec());
        self.charge(fuel, (wanted.len() + unwanted.len()) as u64);
        let mut has = |tag: &u64| self.ask_about(Ref::of_word(*tag), |host, tag| host.tag_has(tag));
        let holds = wanted.iter().all(&mut has) && !unwanted.iter().any(&mut has);
        self.set(dst, holds.into());
        Ok(())
    }
}

/// The slots of `Some(value)`: a flag comes first unless the value is a nullable reference.
fn some_slots(count: usize, value: Vec<u64>) -> Vec<u64> {
    if count == value.len() {
        return value;
    }
    let mut slots = vec![1];
    slots.extend(value);
    slots
}

fn lifetime_of(nanos: i64) -> Lifetime {
    match nanos {
        i64::MAX => Lifetime::Never,
        nanos => u64::try_from(nanos).map_or(Lifetime::Default, Lifetime::After),
    }
}

fn access_of(code: i64) -> Option<Access> {
    match code {
        0 => Some(Access::Any),
        1 => Some(Access::Owner),
        _ => None,
    }
}
