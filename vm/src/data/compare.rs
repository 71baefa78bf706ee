//! Structural equality and order of immutable data.

use std::cmp::Ordering;

use crate::data::{At, NotData, View, behind, field};
use crate::heap::key::Steps;
use crate::heap::layout::{ENTRY_HASH, ENTRY_KEY, ENTRY_VALUE, Ref};
use crate::index::TypeId;
use crate::shape::{Element, FieldShape, Shape};

/// How two values are compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mode {
    /// As `==`: NaN equals nothing.
    Equality,
    /// As a total order: NaN comes after all numbers and equals itself.
    Order,
}

/// Compares two values of a type. For [`Mode::Equality`] only whether the answer is `Equal`
/// means something.
pub(crate) fn compare(
    left: View<'_>,
    right: &[u64],
    ty: TypeId,
    mode: Mode,
    steps: &mut Steps,
) -> Result<Ordering, NotData> {
    let right = View {
        slots: right,
        ..left
    };
    let mut walk = Walk {
        left,
        right,
        mode,
        stack: vec![Item::Values(ty, At::Slot(0), At::Slot(0))],
    };
    while let Some(item) = walk.stack.pop() {
        steps.spend(1)?;
        let ordering = match item {
            Item::Values(ty, a, b) => walk.values(ty, a, b, steps)?,
            Item::Lists(element, a, b, index) => walk.elements(element, a, b, index),
        };
        if ordering != Ordering::Equal {
            return Ok(ordering);
        }
        steps.wait(walk.stack.len())?;
    }
    Ok(Ordering::Equal)
}

/// What is still to be compared, the next thing last.
enum Item {
    Values(TypeId, At, At),
    Lists(Element, Ref, Ref, usize),
}

struct Walk<'a> {
    left: View<'a>,
    right: View<'a>,
    mode: Mode,
    stack: Vec<Item>,
}

impl Walk<'_> {
    fn values(&mut self, ty: TypeId, a: At, b: At, steps: &mut Steps) -> Result<Ordering, NotData> {
        let (left, right) = (self.left, self.right);
        let words = || (left.word(a, 0), right.word(b, 0));
        let refs = || (left.reference(a), right.reference(b));
        Ok(match left.program.shape(ty) {
            Shape::Unit => Ordering::Equal,
            Shape::Bool | Shape::SmallEnum(_) => words().0.cmp(&words().1),
            Shape::Int | Shape::Duration => (words().0 as i64).cmp(&(words().1 as i64)),
            Shape::Float => self.floats(words()),
            Shape::Str | Shape::Bytes | Shape::Name | Shape::Identity => {
                self.blobs(refs(), steps)?
            }
            Shape::Option { inner, nullable } => self.options(*inner, *nullable, a, b),
            Shape::Record(fields) => self.records(fields, refs()),
            Shape::Enum(variants) => {
                let variant = |record: Ref| left.heap.header(record.addr()).variant();
                let (x, y) = refs();
                match variant(x).cmp(&variant(y)) {
                    Ordering::Equal => self.records(&variants[usize::from(variant(x))], (x, y)),
                    different => different,
                }
            }
            Shape::List(element) => {
                let (x, y) = refs();
                self.stack.push(Item::Lists(*element, x, y, 0));
                Ordering::Equal
            }
            Shape::Tag(_) | Shape::AnyTag => self.tags(refs(), steps)?,
            Shape::Place => self.places(refs(), steps)?,
            Shape::Map { value, .. } => self.maps(Some(*value), refs(), steps)?,
            Shape::Set(_) => self.maps(None, refs(), steps)?,
            // The checker keeps these out.
            Shape::Function => return Err(NotData),
        })
    }

    fn floats(&self, (a, b): (u64, u64)) -> Ordering {
        let (a, b) = (f64::from_bits(a), f64::from_bits(b));
        match (a.partial_cmp(&b), self.mode) {
            (Some(ordering), _) => ordering,
            (None, Mode::Equality) => Ordering::Less,
            (None, Mode::Order) => a.is_nan().cmp(&b.is_nan()),
        }
    }

    fn blobs(&self, (a, b): (Ref, Ref), steps: &mut Steps) -> Result<Ordering, NotData> {
        let bytes = |blob| self.left.heap.bytes_of(&self.left.program.statics, blob);
        let (a, b) = (bytes(a), bytes(b));
        if self.mode == Mode::Equality && a.len() != b.len() {
            return Ok(Ordering::Less);
        }
        steps.spend(a.len().min(b.len()) as u64 / 16)?;
        Ok(a.cmp(b))
    }

    fn options(&mut self, inner: TypeId, nullable: bool, a: At, b: At) -> Ordering {
        let some = (self.left.word(a, 0) != 0, self.right.word(b, 0) != 0);
        if some == (true, true) {
            let payload = |at| if nullable { at } else { behind(at, 1) };
            self.stack.push(Item::Values(inner, payload(a), payload(b)));
        }
        some.0.cmp(&some.1)
    }

    fn records(&mut self, fields: &[FieldShape], (a, b): (Ref, Ref)) -> Ordering {
        if a != b || self.mode == Mode::Equality {
            let values = fields.iter().rev();
            let values = values
                .map(|f| Item::Values(f.ty, field(a, f.slot.into()), field(b, f.slot.into())));
            self.stack.extend(values);
        }
        Ordering::Equal
    }

    /// Maps and sets are equal if each entry of the one is in the other, in whatever order. They
    /// have no order among themselves.
    fn maps(
        &mut self,
        value: Option<Element>,
        (a, b): (Ref, Ref),
        steps: &mut Steps,
    ) -> Result<Ordering, NotData> {
        if self.mode == Mode::Order {
            return Err(NotData);
        }
        let (heap, statics) = (self.left.heap, &self.left.program.statics);
        if heap.map_len(a) != heap.map_len(b) {
            return Ok(Ordering::Less);
        }
        let kinds = heap.map_kinds(statics, a);
        for entry in 0..heap.map_used(a) {
            steps.spend(1)?;
            let Some(at) = heap.map_entry(a, kinds, entry) else {
                continue;
            };
            let (hash, key) = (heap.word(at + ENTRY_HASH), heap.word(at + ENTRY_KEY));
            let Some(other) = heap.map_find(statics, b, hash, key, steps)? else {
                return Ok(Ordering::Less);
            };
            if let Some(value) = value {
                let other = heap
                    .map_value(b, kinds, other.0 as usize)
                    .unwrap_or_default();
                let word = |word| View::element(value, word);
                let values = (word(heap.word(at + ENTRY_VALUE)), word(other));
                self.stack.push(Item::Values(value.ty, values.0, values.1));
                steps.wait(self.stack.len())?;
            }
        }
        Ok(Ordering::Equal)
    }

    fn elements(&mut self, element: Element, a: Ref, b: Ref, index: usize) -> Ordering {
        let heap = self.left.heap;
        let (m, n) = (heap.list_len(a), heap.list_len(b));
        if index >= m.min(n) {
            return m.cmp(&n);
        }
        self.stack.push(Item::Lists(element, a, b, index + 1));
        let at = |list| View::element(element, heap.list_get(element.kind, list, index));
        self.stack.push(Item::Values(element.ty, at(a), at(b)));
        Ordering::Equal
    }

    fn tags(&self, (a, b): (Ref, Ref), steps: &mut Steps) -> Result<Ordering, NotData> {
        let view = self.left;
        let base = |tag| &view.program.tags[view.heap.tag_of(tag).index()].base;
        match base(a).cmp(base(b)) {
            Ordering::Equal => self.blobs((a, b), steps),
            different => Ok(different),
        }
    }

    fn places(&mut self, (a, b): (Ref, Ref), steps: &mut Steps) -> Result<Ordering, NotData> {
        let heap = self.left.heap;
        let ((wanted_a, unwanted_a), (wanted_b, unwanted_b)) =
            (heap.place_tags(a), heap.place_tags(b));
        for (a, b) in [(wanted_a, wanted_b), (unwanted_a, unwanted_b)] {
            for (x, y) in a.iter().zip(b) {
                steps.spend(1)?;
                let ordering = self.tags((Ref::of_word(*x), Ref::of_word(*y)), steps)?;
                if ordering != Ordering::Equal {
                    return Ok(ordering);
                }
            }
            if a.len() != b.len() {
                return Ok(a.len().cmp(&b.len()));
            }
        }
        Ok(Ordering::Equal)
    }
}
