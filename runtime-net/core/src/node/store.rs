//! What a durable node writes down, and how it starts again from it.
//!
//! Everything that an event changed goes into one batch, and what the event wants to tell the
//! world is held until that batch is stored. While a turn is under way its tag writes are not in
//! any batch: they are stored with its end, or not at all.

use super::connection::is_news;
use super::departure::Departed;
use super::resident::{Body, Resident};
use super::{Log, Node, Output};
use crate::codec::{DecodeError, Reader, Writer};
use crate::content::{ContentId, ContentKind};
use crate::engine::Engine;
use crate::envelope::Envelope;
use crate::hop::{Doubt, HopError, HopRecord, Memory};
use crate::ids::{
    AuthorId, HopId, Incarnation, LaunchHash, MessageId, NodeId, Span, StoreToken, Time, TypeHash,
};
use crate::limits;
use crate::tags::{Access, Keeper, Standing, Tag, TagName};

/// Keys with their new values, or `None` where they are removed.
pub(super) type Batch = Vec<(Vec<u8>, Option<Vec<u8>>)>;

/// What happens when a batch is stored.
#[derive(Debug, Default)]
pub(super) struct Stored {
    hop: Option<HopRecord>,
    held: Vec<Output>,
}

/// The first byte of a key says what it names.
mod key {
    pub(super) const CONTENT: u8 = 0;
    pub(super) const TAG: u8 = 1;
    pub(super) const MESSAGE: u8 = 2;
    pub(super) const PREPARED: u8 = 3;
    pub(super) const COMMITTED: u8 = 4;
}

impl<E: Engine> Node<E> {
    /// The store has a batch for good. Tokens are confirmed in their order.
    pub fn handle_stored(&mut self, now: Time, token: StoreToken) {
        self.now = self.now.max(now);
        let Some(stored) = self.stores.remove(&token) else {
            return;
        };
        stored.held.into_iter().for_each(|output| self.emit(output));
        if let Some(record) = stored.hop {
            self.hops.stored(record);
            self.drain_hops();
        }
        self.commit();
    }

    /// The end of every event: stores what it changed, and lets out what it held.
    pub(super) fn commit(&mut self) {
        let batch = self.batch();
        let held = std::mem::take(&mut self.held);
        if !batch.is_empty() {
            let token = self.store(batch, None);
            self.stores.entry(token).or_default().held = held;
        } else if let Some(mut last) = self.stores.last_entry() {
            last.get_mut().held.extend(held);
        } else {
            held.into_iter().for_each(|output| self.emit(output));
        }
    }

    /// A message has changed; the store of a durable node is told at the end of the event.
    pub(super) fn note_change(&mut self, message: MessageId) {
        if self.config.memory == Memory::Durable {
            self.changed.insert(message);
        }
    }

    /// Everything that changed since the last batch.
    fn batch(&mut self) -> Batch {
        let changed = std::mem::take(&mut self.changed);
        let forgotten = self.trim_library();
        if self.config.memory == Memory::Volatile {
            self.tags.take_dirty();
            self.library.take_unsaved();
            return Batch::new();
        }
        let mut batch = self.content_batch();
        batch.extend(forgotten.iter().map(|id| (content_key(id), None)));
        for message in changed {
            match self.messages.get(&message) {
                None => batch.push((message_key(&message), None)),
                Some(resident) if matches!(resident.body, Body::Taken) => {}
                // It lives as long as its connection: what keeps both is a standby.
                Some(resident) if resident.is_carried() => {}
                Some(resident) => {
                    batch.push((message_key(&message), Some(encode_resident(resident))));
                }
            }
        }
        if self.turn.is_none() {
            batch.extend(self.tag_batch());
        }
        batch
    }

    fn content_batch(&mut self) -> Batch {
        let unsaved = self.library.take_unsaved();
        let entry = |id: ContentId| {
            let bytes = self.library.bytes(&id)?;
            Some((content_key(&id), Some(bytes.to_vec())))
        };
        unsaved.into_iter().filter_map(entry).collect()
    }

    fn tag_batch(&mut self) -> Batch {
        let dirty = self.tags.take_dirty();
        let value = |name: &TagName| {
            let tag = self.tags.get(self.now, name)?;
            let stored = tag.keeper == Keeper::Programs && !is_news(&name.base);
            stored.then(|| encode_tag(tag))
        };
        dirty
            .iter()
            .map(|name| (tag_key(name), value(name)))
            .collect()
    }

    fn store(&mut self, batch: Batch, hop: Option<HopRecord>) -> StoreToken {
        let token = self.next_token;
        self.next_token = StoreToken(token.0 + 1);
        self.stores.insert(
            token,
            Stored {
                hop,
                held: Vec::new(),
            },
        );
        self.emit(Output::Store { token, batch });
        token
    }

    /// The hop machine wants a record stored, and to hear when it is.
    pub(super) fn store_hop(&mut self, record: HopRecord) {
        if let HopRecord::Installed(hop) = record {
            self.own(hop);
        }
        match self.config.memory {
            // There is nothing to wait for.
            Memory::Volatile => self.hops.stored(record),
            Memory::Durable => {
                let batch = self.hop_batch(record);
                self.store(batch, Some(record));
            }
        }
    }

    fn hop_batch(&mut self, record: HopRecord) -> Batch {
        let mut batch = self.content_batch();
        match record {
            HopRecord::Prepared(doubt) => batch.push(self.prepared_entry(&doubt)),
            HopRecord::Installed(hop) => {
                batch.push((hop_key(key::PREPARED, &hop), None));
                batch.extend(self.installed_entry(hop));
            }
            HopRecord::Dropped(hop) => batch.push((hop_key(key::PREPARED, &hop), None)),
            HopRecord::Committed(doubt, incarnation) => {
                batch.push((message_key(&doubt.message), None));
                let launch = self.launch_of(doubt.hop);
                let value = encode_committed(&doubt, incarnation, &launch);
                batch.push((hop_key(key::COMMITTED, &doubt.hop), Some(value)));
            }
            HopRecord::Settled(hop) => batch.push((hop_key(key::COMMITTED, &hop), None)),
        }
        batch
    }

    fn launch_of(&self, hop: HopId) -> LaunchHash {
        self.outgoing
            .get(&hop)
            .map(|out| out.launch())
            .unwrap_or_default()
    }

    fn prepared_entry(&self, doubt: &Doubt) -> (Vec<u8>, Option<Vec<u8>>) {
        let value = self.incoming.get(&doubt.hop).map(|arrived| {
            let mut out = Writer::default();
            out.var(doubt.expires.0);
            arrived.envelope.encode(&mut out);
            out.bytes(&arrived.state);
            out.0
        });
        (hop_key(key::PREPARED, &doubt.hop), value)
    }

    fn installed_entry(&self, hop: HopId) -> Option<(Vec<u8>, Option<Vec<u8>>)> {
        let resident = self.incoming.get(&hop)?.resident.as_ref()?;
        let key = message_key(&resident.envelope.message);
        Some((key, Some(encode_resident(resident))))
    }

    /// Takes up what the store held. What cannot be read is logged and left out.
    pub(super) fn recover(&mut self, mut records: Vec<(Vec<u8>, Vec<u8>)>) {
        // Content comes first, then what is made of it.
        records.sort();
        for (key, value) in &records {
            if let Err(reason) = self.recover_one(key, value) {
                self.emit(Output::Log(Log::BadRecord { reason }));
            }
        }
        self.library.take_unsaved();
        self.tags.take_dirty();
        self.drain_hops();
        self.commit();
    }

    fn recover_one(&mut self, key: &[u8], value: &[u8]) -> Result<(), String> {
        let (kind, name) = key.split_first().ok_or("a key is empty")?;
        let (name, value) = (&mut Reader::new(name), &mut Reader::new(value));
        match *kind {
            key::CONTENT => self.recover_content(name, value),
            key::TAG => {
                let (name, tag) = decode_tag(name, value).map_err(|error| error.to_string())?;
                self.tags.restore(name, tag);
                Ok(())
            }
            key::MESSAGE => self.recover_message(value),
            key::PREPARED => self.recover_prepared(name, value),
            key::COMMITTED => self.recover_committed(name, value),
            other => Err(format!("a key of unknown kind {other}")),
        }
    }

    fn recover_content(
        &mut self,
        name: &mut Reader<'_>,
        value: &mut Reader<'_>,
    ) -> Result<(), String> {
        let kind = name
            .u8()
            .ok()
            .and_then(ContentKind::from_code)
            .ok_or("no kind of content")?;
        let bytes = value.rest();
        self.library
            .add(kind, bytes)
            .map(drop)
            .map_err(|error| error.to_string())
    }

    fn recover_message(&mut self, value: &mut Reader<'_>) -> Result<(), String> {
        let (since, envelope, previous) = decode_head(value).map_err(|error| error.to_string())?;
        let state = value
            .bytes(limits::STATE_BYTES)
            .map_err(|error| error.to_string())?;
        let mut resident = self.revive(self.config.node, envelope, state)?;
        resident.envelope.standing = envelope.standing;
        resident.since = since;
        resident.previous = previous;
        if let Some(from) = previous {
            self.leave_crumb(envelope.launch, from);
        }
        self.put_back(resident);
        Ok(())
    }

    /// A message from the store goes on where it was. A hop that had not been decided has failed.
    fn put_back(&mut self, resident: Box<Resident<E>>) {
        let message = resident.envelope.message;
        let pending = match &resident.body {
            Body::Live(machine) => E::pending(machine),
            Body::Image(_) | Body::Taken => None,
        };
        self.settle_in(resident);
        match pending {
            Some(sm_vm::Outcome::Move { .. } | sm_vm::Outcome::MoveAll) => {
                self.ready.retain(|ready| *ready != message);
                self.stay(message, HopError::Unreachable);
            }
            Some(sm_vm::Outcome::Block {
                tag,
                timeout,
                after,
            }) => {
                self.ready.retain(|ready| *ready != message);
                self.block(message, &tag, timeout, after);
            }
            _ => {}
        }
    }

    fn recover_prepared(
        &mut self,
        name: &mut Reader<'_>,
        value: &mut Reader<'_>,
    ) -> Result<(), String> {
        let mut read = || -> Result<_, DecodeError> {
            let (hop, expires) = (decode_hop(name)?, Time(value.var()?));
            Ok((
                hop,
                expires,
                Envelope::decode(value)?,
                value.bytes(limits::STATE_BYTES)?,
            ))
        };
        let (hop, expires, envelope, state) = read().map_err(|error| error.to_string())?;
        let envelope = Envelope {
            left: expires.since(self.now),
            ..envelope
        };
        let resident = self.revive(hop.node, envelope, state)?;
        let message = envelope.message;
        self.put_arrived(hop, envelope, state, resident);
        let doubt = Doubt {
            hop,
            message,
            peer: hop.node,
            expires,
        };
        self.hops.restore(HopRecord::Prepared(doubt));
        Ok(())
    }

    fn recover_committed(
        &mut self,
        name: &mut Reader<'_>,
        value: &mut Reader<'_>,
    ) -> Result<(), String> {
        let mut read = || -> Result<_, DecodeError> {
            let hop = decode_hop(name)?;
            let (message, peer) = (MessageId(value.array()?), NodeId(value.array()?));
            let (expires, incarnation) = (Time(value.var()?), Incarnation(value.var()?));
            let doubt = Doubt {
                hop,
                message,
                peer,
                expires,
            };
            Ok((doubt, incarnation, LaunchHash(value.array()?)))
        };
        let (doubt, incarnation, launch) = read().map_err(|error| error.to_string())?;
        self.departed
            .insert(doubt.hop, Departed::of(launch, self.now));
        self.hops.restore(HopRecord::Committed(doubt, incarnation));
        Ok(())
    }
}

fn content_key(id: &ContentId) -> Vec<u8> {
    [&[key::CONTENT, id.kind.code()], &id.hash[..]].concat()
}

fn tag_key(name: &TagName) -> Vec<u8> {
    [&[key::TAG], &name.base[..], &name.key[..]].concat()
}

fn message_key(message: &MessageId) -> Vec<u8> {
    [&[key::MESSAGE], &message.0[..]].concat()
}

fn hop_key(kind: u8, hop: &HopId) -> Vec<u8> {
    let mut out = Writer::default();
    out.u8(kind);
    out.raw(&hop.node.0);
    out.raw(&hop.incarnation.0.to_le_bytes());
    out.raw(&hop.sequence.to_le_bytes());
    out.0
}

fn decode_hop(input: &mut Reader<'_>) -> Result<HopId, DecodeError> {
    Ok(HopId {
        node: NodeId(input.array()?),
        incarnation: Incarnation(u64::from_le_bytes(input.array()?)),
        sequence: u64::from_le_bytes(input.array()?),
    })
}

pub(super) fn encode_resident<E: Engine>(resident: &Resident<E>) -> Vec<u8> {
    let mut out = Writer::default();
    out.var(resident.since.0);
    resident.envelope.encode(&mut out);
    out.option(resident.previous, |out, node| out.raw(&node.0));
    let mut state = Vec::new();
    resident.write_state(&mut state);
    out.bytes(&state);
    out.0
}

fn decode_head(input: &mut Reader<'_>) -> Result<(Time, Envelope, Option<NodeId>), DecodeError> {
    let since = Time(input.var()?);
    let envelope = Envelope::decode(input)?;
    Ok((
        since,
        envelope,
        input.option(|input| input.array().map(NodeId))?,
    ))
}

fn encode_committed(doubt: &Doubt, incarnation: Incarnation, launch: &LaunchHash) -> Vec<u8> {
    let mut out = Writer::default();
    out.raw(&doubt.message.0);
    out.raw(&doubt.peer.0);
    out.var(doubt.expires.0);
    out.var(incarnation.0);
    out.raw(&launch.0);
    out.0
}

pub(super) fn encode_tag(tag: &Tag) -> Vec<u8> {
    let mut out = Writer::default();
    out.bytes(tag.display.as_bytes());
    out.raw(&tag.ty.0);
    out.bytes(&tag.descriptor);
    out.bytes(&tag.value);
    out.u8(tag.read.code());
    out.u8(tag.write.code());
    out.raw(&tag.author.0);
    out.u8(u8::from(tag.standing == Standing::Trusted));
    out.raw(&tag.payer.0);
    out.raw(&tag.program);
    out.var(tag.version);
    out.option(tag.lifetime, |out, span| out.var(span.0));
    out.var(tag.expires.0);
    out.0
}

fn decode_tag(
    name: &mut Reader<'_>,
    input: &mut Reader<'_>,
) -> Result<(TagName, Tag), DecodeError> {
    let name = TagName {
        base: name.array()?,
        key: name.rest().into(),
    };
    let tag = Tag {
        display: input.text(limits::TAG_DISPLAY_BYTES)?.into(),
        ty: TypeHash(input.array()?),
        descriptor: input.bytes(limits::TAG_VALUE_BYTES)?.into(),
        value: input.bytes(limits::TAG_VALUE_BYTES)?.into(),
        read: decode_access(input)?,
        write: decode_access(input)?,
        author: AuthorId(input.array()?),
        standing: if input.u8()? == 1 {
            Standing::Trusted
        } else {
            Standing::Stranger
        },
        payer: AuthorId(input.array()?),
        program: input.array()?,
        version: input.var()?,
        lifetime: input.option(|input| input.var().map(Span))?,
        expires: Time(input.var()?),
        keeper: Keeper::Programs,
    };
    Ok((name, tag))
}

fn decode_access(input: &mut Reader<'_>) -> Result<Access, DecodeError> {
    let code = input.u8()?;
    Access::from_code(code).ok_or(DecodeError::Unknown(code))
}
