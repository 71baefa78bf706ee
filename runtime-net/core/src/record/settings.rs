//! The bytes of a node's configuration and boot in a recording.

use std::collections::{BTreeMap, BTreeSet};

use crate::codec::{DecodeError, Reader, Writer};
use crate::hop::Memory;
use crate::ids::{AuthorId, Incarnation, NodeId, Span, Time};
use crate::node::{Authors, Boot, Config, NodeLimits, Parking, Policy, Rules, Tracing};
use crate::tags::{TagLimits, Usage};

/// The most entries of a list of keys or records: as much as any file holds.
const MOST: usize = usize::MAX;

pub(super) fn encode(out: &mut Writer, config: &Config) {
    out.raw(&config.node.0);
    out.u8(u8::from(config.memory == Memory::Durable));
    encode_rules(out, &config.limits, &config.policy);
    out.u8(u8::from(config.tracing == Tracing::On));
    out.u8(u8::from(config.parking == Parking::Image));
}

pub(super) fn decode(input: &mut Reader<'_>) -> Result<Config, DecodeError> {
    let node = NodeId(input.array()?);
    let memory = either(input, Memory::Volatile, Memory::Durable)?;
    let Rules { limits, policy } = decode_rules(input)?;
    Ok(Config {
        node,
        memory,
        limits,
        policy,
        tracing: either(input, Tracing::Off, Tracing::On)?,
        parking: either(input, Parking::Live, Parking::Image)?,
    })
}

pub(super) fn encode_rules(out: &mut Writer, limits: &NodeLimits, policy: &Policy) {
    encode_limits(out, limits);
    encode_authors(out, &policy.authors);
    out.len(policy.carriers.len());
    for (node, authors) in &policy.carriers {
        out.raw(&node.0);
        encode_authors(out, authors);
    }
    encode_authors(out, &policy.others);
}

pub(super) fn decode_rules(input: &mut Reader<'_>) -> Result<Rules, DecodeError> {
    Ok(Rules {
        limits: decode_limits(input)?,
        policy: Policy {
            authors: decode_authors(input)?,
            carriers: input
                .list(MOST, |input| {
                    Ok((NodeId(input.array()?), decode_authors(input)?))
                })?
                .into_iter()
                .collect::<BTreeMap<_, _>>(),
            others: decode_authors(input)?,
        },
    })
}

pub(super) fn encode_boot(out: &mut Writer, boot: &Boot) {
    out.var(boot.now.0);
    out.var(boot.incarnation.0);
    out.var(boot.hash_seed);
    out.len(boot.records.len());
    for (key, value) in &boot.records {
        out.bytes(key);
        out.bytes(value);
    }
}

pub(super) fn decode_boot(input: &mut Reader<'_>) -> Result<Boot, DecodeError> {
    Ok(Boot {
        now: Time(input.var()?),
        incarnation: Incarnation(input.var()?),
        hash_seed: input.var()?,
        records: input.list(MOST, |input| {
            Ok((input.bytes(MOST)?.to_vec(), input.bytes(MOST)?.to_vec()))
        })?,
    })
}

fn either<T>(input: &mut Reader<'_>, no: T, yes: T) -> Result<T, DecodeError> {
    match input.u8()? {
        0 => Ok(no),
        1 => Ok(yes),
        other => Err(DecodeError::Unknown(other)),
    }
}

fn encode_limits(out: &mut Writer, limits: &NodeLimits) {
    for usage in [limits.tags.author, limits.tags.node] {
        out.len(usage.tags);
        out.len(usage.bytes);
    }
    out.len(limits.messages);
    out.len(limits.messages_per_launch);
    out.var(limits.bytes);
    out.var(limits.fuel_per_turn);
    out.var(limits.heap_bytes);
    out.var(limits.frames.into());
    out.var(limits.lifetime.0);
}

fn decode_limits(input: &mut Reader<'_>) -> Result<NodeLimits, DecodeError> {
    let usage = |input: &mut Reader<'_>| {
        Ok::<Usage, DecodeError>(Usage {
            tags: input.len(MOST)?,
            bytes: input.len(MOST)?,
        })
    };
    Ok(NodeLimits {
        tags: TagLimits {
            author: usage(input)?,
            node: usage(input)?,
        },
        messages: input.len(MOST)?,
        messages_per_launch: input.len(MOST)?,
        bytes: input.var()?,
        fuel_per_turn: input.var()?,
        heap_bytes: input.var()?,
        frames: input.small()?,
        lifetime: Span(input.var()?),
    })
}

fn encode_authors(out: &mut Writer, authors: &Authors) {
    let only = match authors {
        Authors::Any => None,
        Authors::Only(authors) => Some(authors),
    };
    out.option(only, |out, authors| {
        out.len(authors.len());
        authors.iter().for_each(|author| out.raw(&author.0));
    });
}

fn decode_authors(input: &mut Reader<'_>) -> Result<Authors, DecodeError> {
    let only = input.option(|input| input.list(MOST, |input| input.array().map(AuthorId)))?;
    Ok(match only {
        None => Authors::Any,
        Some(authors) => Authors::Only(authors.into_iter().collect::<BTreeSet<_>>()),
    })
}
