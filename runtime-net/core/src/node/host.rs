//! What a program asks its node during a turn.

use std::collections::BTreeMap;

use sm_bytecode::{EntryRef, TagCode};
use sm_vm::{CreateOptions, Host, Lifetime, SpawnRefused, TagRef};

use super::connection::is_reserved;
use super::resident::{Body, Phase, Resident};
use super::{Output, Step, Trace, Tracing};
use crate::engine::Engine;
use crate::envelope::{Budget, Envelope, TraceContext};
use crate::ids::{MessageId, NodeId, SessionId, Span, Time};
use crate::limits;
use crate::tags::{Access, Actor, TagError, TagName, TagSpace, TagSpec, Written};

/// What a turn does to the world beside its tags: released when it ends.
#[derive(Debug)]
pub(super) struct Effects<E: Engine> {
    pub(super) outputs: Vec<Output>,
    /// What the outputs hold, in bytes.
    bytes: usize,
    /// How many prints and writes to drivers' tags had no room.
    pub(super) left_out: u64,
    pub(super) spawned: Vec<Box<Resident<E>>>,
}

impl<E: Engine> Default for Effects<E> {
    fn default() -> Self {
        Self {
            outputs: Vec::new(),
            bytes: 0,
            left_out: 0,
            spawned: Vec::new(),
        }
    }
}

/// The node as one message sees it during one turn, which happens at one instant.
pub(super) struct View<'a, E: Engine> {
    pub(super) now: Time,
    pub(super) node: NodeId,
    pub(super) tracing: Tracing,
    pub(super) peers: &'a BTreeMap<NodeId, SessionId>,
    pub(super) tags: &'a mut TagSpace,
    pub(super) resident: &'a mut Resident<E>,
    pub(super) effects: &'a mut Effects<E>,
    /// How many more messages the launch, and the node, may have.
    pub(super) room: usize,
}

impl<E: Engine> View<'_, E> {
    fn actor(&self) -> Actor {
        self.resident.actor()
    }

    fn message(&self) -> MessageId {
        self.resident.envelope.message
    }

    /// Keeps an effect that holds so many bytes for the end of the turn, and counts it where it has
    /// no room.
    fn effect(&mut self, bytes: usize, output: impl FnOnce() -> Output) {
        if !self.keep(bytes, output) {
            self.effects.left_out += 1;
        }
    }

    /// Whether there is room for it.
    fn keep(&mut self, bytes: usize, output: impl FnOnce() -> Output) -> bool {
        let effects = &mut *self.effects;
        let room = limits::EFFECT_BYTES_PER_TURN - effects.bytes;
        let has_room = bytes.saturating_add(limits::EFFECT_BYTES) <= room;
        if has_room {
            effects.bytes += bytes + limits::EFFECT_BYTES;
            effects.outputs.push(output());
        }
        has_room
    }

    /// Tells of a step, whose description holds so many bytes, if there is room.
    fn trace(&mut self, bytes: usize, step: impl FnOnce() -> Step) {
        if self.tracing == Tracing::On {
            let (at, message) = (self.now, self.message());
            self.keep(bytes, || {
                Output::Trace(Trace {
                    at,
                    message,
                    step: step(),
                })
            });
        }
    }

    fn exists(&self, name: &TagName) -> bool {
        self.tags.get(self.now, name).is_some()
    }

    /// Takes a tag off the budget if this one would be new.
    fn may_create(&self, name: &TagName) -> Result<(), TagError> {
        let broke = self.resident.envelope.budget.tags == 0;
        if broke && !self.exists(name) {
            Err(TagError::Full)
        } else {
            Ok(())
        }
    }

    fn write(&mut self, spec: &TagSpec<'_>, value: &[u8]) -> Result<(), TagError> {
        self.may_create(spec.name)?;
        match self.tags.write(self.now, &self.actor(), spec, value)? {
            Written::Kept => self.wrote(spec, value, false),
            Written::Created => self.wrote(spec, value, true),
            Written::ForDriver => {
                let (message, tag) = (self.message(), spec.name.clone());
                self.effect(value.len(), || Output::IoWrite {
                    tag,
                    value: value.to_vec(),
                    message,
                });
            }
        }
        Ok(())
    }

    fn create(&mut self, spec: &TagSpec<'_>, value: &[u8]) -> Result<(), TagError> {
        self.may_create(spec.name)?;
        self.tags.create(self.now, &self.actor(), spec, value)?;
        self.wrote(spec, value, true);
        Ok(())
    }

    fn wrote(&mut self, spec: &TagSpec<'_>, value: &[u8], new: bool) {
        self.resident.envelope.budget.tags -= u32::from(new);
        self.trace(value.len(), || Step::TagWritten {
            display: spec.display.to_owned(),
            tag: spec.name.clone(),
            value: value.to_vec(),
        });
    }

    /// A message that begins at `entry`, and what its parent may use from now on.
    fn child(
        &self,
        entry: EntryRef,
        arguments: &[u8],
    ) -> Result<(Box<Resident<E>>, Budget), SpawnRefused> {
        let parent = &*self.resident;
        let spawned = parent.envelope.spawned;
        // The count can be a stranger's word.
        if self.room <= self.effects.spawned.len() || spawned == u64::MAX {
            return Err(SpawnRefused);
        }
        let mut left = parent.envelope.budget;
        let budget = left.spawn().ok_or(SpawnRefused)?;
        let message = parent.envelope.message.child(parent.envelope.spawned);
        let (program, limits) = (&parent.program, parent.limits());
        let machine = E::start(program, entry, arguments, limits, message.lazy_seed())
            .map_err(|_| SpawnRefused)?;
        let envelope = Envelope {
            message,
            epoch: Default::default(),
            hops: 0,
            age: Span::ZERO,
            spawned: 0,
            budget,
            trace: TraceContext {
                span: None,
                ..parent.envelope.trace
            },
            ..parent.envelope_at(self.now)
        };
        let child = Box::new(Resident {
            envelope,
            since: self.now,
            launch: parent.launch.clone(),
            program: parent.program.clone(),
            body: Body::Live(machine.into()),
            counted: 0,
            phase: Phase::Ready,
            is_timed: false,
            previous: None,
            port: None,
            hash_seed: parent.hash_seed,
        });
        Ok((child, left))
    }
}

impl<E: Engine> Host for View<'_, E> {
    fn tag_create(&mut self, tag: &TagRef<'_>, value: &[u8], options: CreateOptions) -> TagCode {
        if is_reserved(tag.base) {
            return TagCode::Refused;
        }
        let name = name_of(tag);
        let mut spec = spec_of(tag, &name, self.resident.launch.launch.program);
        spec.lifetime = match options.lifetime {
            Lifetime::Default => spec.lifetime,
            Lifetime::Never => None,
            Lifetime::After(nanoseconds) => Some(Span(nanoseconds)),
        };
        spec.read = options.read.map_or(spec.read, Access::from);
        spec.write = options.write.map_or(spec.write, Access::from);
        code_of(self.create(&spec, value))
    }

    fn tag_delete(&mut self, tag: &TagRef<'_>) -> bool {
        let name = name_of(tag);
        let deleted = self.tags.delete(self.now, &self.actor(), &name);
        if deleted {
            self.trace(name.key.len(), || Step::TagDeleted {
                display: tag.decl.name.clone(),
                tag: name,
            });
        }
        deleted
    }

    fn tag_has(&mut self, tag: &TagRef<'_>) -> bool {
        if let Some(port) = self.resident.port.as_deref_mut()
            && let Some(part) = port.part(tag)
        {
            return port.read(part).is_some();
        }
        self.tags.look(self.now, &self.actor(), tag).is_some()
    }

    fn tag_read(&mut self, tag: &TagRef<'_>) -> Option<&[u8]> {
        let part = self.resident.port.as_ref().and_then(|port| port.part(tag));
        if let Some(part) = part {
            return self.resident.port.as_mut()?.read(part);
        }
        let tag = self.tags.look(self.now, &self.actor(), tag)?;
        Some(&tag.value)
    }

    fn tag_write(&mut self, tag: &TagRef<'_>, value: &[u8]) -> TagCode {
        if let Some(port) = self.resident.port.as_deref_mut()
            && let Some(part) = port.part(tag)
        {
            return port.write(part, value);
        }
        if self.tracing == Tracing::Off
            && let Some(written) = self.tags.overwrite(self.now, &self.actor(), tag, value)
            && written != Ok(Written::ForDriver)
        {
            return code_of(written.map(|_| ()));
        }
        if is_reserved(tag.base) {
            return TagCode::Refused;
        }
        let name = name_of(tag);
        let spec = spec_of(tag, &name, self.resident.launch.launch.program);
        code_of(self.write(&spec, value))
    }

    fn tag_version(&mut self, tag: &TagRef<'_>) -> u64 {
        let tag = self.tags.look(self.now, &self.actor(), tag);
        tag.map_or(0, |tag| tag.version)
    }

    fn spawn(&mut self, entry: EntryRef, args: &[u8]) -> Result<[u8; 32], SpawnRefused> {
        let (child, budget) = self.child(entry, args)?;
        let envelope = &mut self.resident.envelope;
        envelope.spawned += 1;
        envelope.budget = budget;
        let id = child.envelope.message;
        self.effects.spawned.push(child);
        Ok(id.0)
    }

    fn neighbors(&mut self) -> Vec<[u8; 32]> {
        self.peers.keys().map(|node| node.0).collect()
    }

    fn previous(&self) -> Option<[u8; 32]> {
        self.resident.previous.map(|node| node.0)
    }

    fn here(&self) -> [u8; 32] {
        self.node.0
    }

    fn home(&self) -> [u8; 32] {
        self.resident.launch.launch.home.0
    }

    fn hops(&self) -> u64 {
        self.resident.envelope.hops
    }

    fn now(&self) -> u64 {
        self.resident.age(self.now).0
    }

    fn id(&self) -> [u8; 32] {
        self.message().0
    }

    fn print(&mut self, text: &str) {
        let (message, launch) = (self.message(), self.resident.envelope.launch);
        self.effect(text.len(), || Output::Print {
            message,
            launch,
            text: text.to_owned(),
        });
    }
}

pub(super) fn name_of(tag: &TagRef<'_>) -> TagName {
    TagName {
        base: *tag.base,
        key: tag.key.into(),
    }
}

fn spec_of<'a>(tag: &TagRef<'a>, name: &'a TagName, program: [u8; 32]) -> TagSpec<'a> {
    TagSpec {
        name,
        display: &tag.decl.name,
        ty: tag.decl.value,
        descriptor: &tag.decl.descriptor,
        read: tag.decl.read.into(),
        write: tag.decl.write.into(),
        lifetime: tag.decl.lifetime.map(Span),
        program,
    }
}

fn code_of(result: Result<(), TagError>) -> TagCode {
    match result {
        Ok(()) => TagCode::Ok,
        Err(TagError::Exists) => TagCode::Exists,
        Err(TagError::Refused) => TagCode::Refused,
        Err(TagError::Full) => TagCode::Full,
    }
}
