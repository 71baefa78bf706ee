//! Bricks of library modules that were compiled before.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::OnceLock;

use sm_bytecode::{BrickHash, DebugBlob, EntryRef, Group, ModuleManifest};

use super::Lowered;
use super::modules::ModuleCode;
use crate::outline::Outline;
use crate::typed::Program;

/// A module of the library with its bricks: what [`super::lower`] gives for it.
///
/// What stands in bytes is read when it is first asked for: most programs need few modules.
#[derive(Clone, Debug)]
pub struct PrebuiltModule {
    path: Cow<'static, str>,
    source: Cow<'static, str>,
    outline: Lazy<Outline>,
    content: Lazy<Content>,
}

/// The code of a module.
#[derive(Clone, Debug)]
struct Content {
    code: ModuleCode,
    /// The bricks that the manifest lists, in its order.
    bricks: Vec<Group>,
}

/// Something with the bytes that it is read from.
#[derive(Clone, Debug)]
struct Lazy<T> {
    bytes: &'static [u8],
    value: OnceLock<T>,
}

impl<T> Lazy<T> {
    fn new(value: T) -> Self {
        Self {
            bytes: &[],
            value: value.into(),
        }
    }

    fn of(bytes: &'static [u8]) -> Self {
        Self {
            bytes,
            value: OnceLock::new(),
        }
    }

    fn get(&self, decode: fn(&mut &[u8]) -> Option<T>) -> &T {
        self.value.get_or_init(|| {
            let mut bytes = self.bytes;
            let value = decode(&mut bytes).filter(|_| bytes.is_empty());
            value.expect("the build of the library wrote what is read here")
        })
    }
}

impl PrebuiltModule {
    /// Takes module `at` out of a program that was lowered from `source`.
    #[must_use]
    pub fn new(lowered: &Lowered, at: usize, source: &str) -> Option<Self> {
        let code = lowered.modules.get(at)?.clone();
        let bricks = code
            .manifest
            .groups
            .iter()
            .map(|hash| lowered.bricks.get(hash).cloned());
        let bricks = bricks.collect::<Option<_>>()?;
        Some(Self::of(source, code, bricks))
    }

    /// A module of these parts.
    #[must_use]
    pub fn of(source: &str, code: ModuleCode, bricks: Vec<Group>) -> Self {
        Self {
            path: code.manifest.name.clone().into(),
            outline: Lazy::new(Outline::new(source)),
            source: source.to_owned().into(),
            content: Lazy::new(Content { code, bricks }),
        }
    }

    /// Its path, as `import` has it.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Its text: it stands for no other.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    #[must_use]
    pub fn code(&self) -> &ModuleCode {
        &self.content.get(Content::decode).code
    }

    /// The bricks that the manifest lists, in its order.
    #[must_use]
    pub fn bricks(&self) -> &[Group] {
        &self.content.get(Content::decode).bricks
    }

    pub(crate) fn outline(&self) -> &Outline {
        self.outline.get(Outline::decode)
    }

    /// Modules as bytes, to be embedded.
    #[must_use]
    pub fn encode_all(modules: &[Self]) -> Vec<u8> {
        let mut out = Vec::new();
        count(&mut out, modules.len());
        for module in modules {
            part(&mut out, module.path.as_bytes());
            part(&mut out, module.source.as_bytes());
            let mut outline = Vec::new();
            module.outline().encode(&mut outline);
            part(&mut out, &outline);
            let mut content = Vec::new();
            module.content.get(Content::decode).encode(&mut content);
            part(&mut out, &content);
        }
        out
    }

    /// Modules from the bytes that [`PrebuiltModule::encode_all`] made.
    #[must_use]
    pub fn decode_all(mut bytes: &'static [u8]) -> Option<Vec<Self>> {
        let bytes = &mut bytes;
        let modules = (0..take_count(bytes)?)
            .map(|_| Self::decode(bytes))
            .collect();
        if bytes.is_empty() { modules } else { None }
    }

    fn decode(bytes: &mut &'static [u8]) -> Option<Self> {
        let mut text = || std::str::from_utf8(take_part(bytes)?).ok();
        let (path, source) = (text()?.into(), text()?.into());
        Some(Self {
            path,
            source,
            outline: Lazy::of(take_part(bytes)?),
            content: Lazy::of(take_part(bytes)?),
        })
    }

    /// The function that is exported under this name.
    #[must_use]
    pub fn export(&self, symbol: &str) -> Option<EntryRef> {
        let exports = &self.code().manifest.exports;
        let at = exports
            .binary_search_by(|export| export.symbol.as_str().cmp(symbol))
            .ok()?;
        Some(exports[at].target)
    }
}

impl Content {
    fn encode(&self, out: &mut Vec<u8>) {
        part(out, &self.code.manifest.encode());
        part(out, &self.code.debug.encode());
        count(out, self.code.own.len());
        let own = self.code.own.iter();
        own.for_each(|hash| out.extend_from_slice(hash.as_bytes()));
        count(out, self.bricks.len());
        self.bricks
            .iter()
            .for_each(|brick| part(out, &brick.encode()));
    }

    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        let manifest = ModuleManifest::decode(take_part(bytes)?).ok()?;
        let debug = DebugBlob::decode(take_part(bytes)?).ok()?;
        let own = (0..take_count(bytes)?).map(|_| {
            let (hash, rest) = bytes.split_first_chunk()?;
            *bytes = rest;
            Some(BrickHash(*hash))
        });
        let own = own.collect::<Option<_>>()?;
        let bricks = (0..take_count(bytes)?).map(|_| Group::decode(take_part(bytes)?).ok());
        let bricks = bricks.collect::<Option<_>>()?;
        Some(Self {
            code: ModuleCode {
                manifest,
                debug,
                own,
            },
            bricks,
        })
    }
}

pub(crate) fn count(out: &mut Vec<u8>, count: usize) {
    let count = u32::try_from(count).expect("a library is smaller than 4 GiB");
    out.extend_from_slice(&count.to_le_bytes());
}

pub(crate) fn part(out: &mut Vec<u8>, bytes: &[u8]) {
    count(out, bytes.len());
    out.extend_from_slice(bytes);
}

pub(crate) fn take_count(bytes: &mut &[u8]) -> Option<usize> {
    let (count, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    usize::try_from(u32::from_le_bytes(*count)).ok()
}

pub(crate) fn take_part<'b>(bytes: &mut &'b [u8]) -> Option<&'b [u8]> {
    let len = take_count(bytes)?;
    let (part, rest) = bytes.split_at_checked(len)?;
    *bytes = rest;
    Some(part)
}

/// The prebuilt modules that may be used for a program.
#[derive(Debug, Default)]
pub(crate) struct Library<'p> {
    /// By path.
    modules: BTreeMap<&'p str, &'p PrebuiltModule>,
}

impl<'p> Library<'p> {
    /// Takes the modules whose text, and that of all they import, is what the program sees.
    pub(crate) fn new(
        program: &'p Program,
        prebuilt: &'p [PrebuiltModule],
        text_of: impl Fn(&str) -> Option<&'p str>,
    ) -> Self {
        let mut modules = BTreeMap::new();
        // Each module stands after those it imports.
        for module in &program.modules {
            let path: &'p str = &module.path;
            let found = prebuilt.iter().find(|known| known.path() == path);
            let imports = module
                .imports
                .iter()
                .map(|import| &*program.module(*import).path);
            let imports_fit = imports.into_iter().all(|path| modules.contains_key(path))
                && (path == PRELUDE || modules.contains_key(PRELUDE));
            if let Some(known) = found
                && imports_fit
                && text_of(path) == Some(known.source())
            {
                modules.insert(path, known);
            }
        }
        Self { modules }
    }

    /// For each module of the program what was prebuilt of it.
    pub(crate) fn of(&self, program: &Program) -> Vec<Option<&'p PrebuiltModule>> {
        program
            .modules
            .iter()
            .map(|module| self.modules.get(&*module.path).copied())
            .collect()
    }
}

/// The path of the module that all others import.
pub(crate) const PRELUDE: &str = "prelude";

/// All prebuilt bricks by name, with the module they belong to.
pub(crate) fn by_hash<'p>(
    modules: &[Option<&'p PrebuiltModule>],
) -> BTreeMap<BrickHash, (usize, &'p Group)> {
    let mut out = BTreeMap::new();
    for (at, module) in modules.iter().enumerate() {
        let Some(module) = module else { continue };
        for (hash, brick) in module.code().manifest.groups.iter().zip(module.bricks()) {
            out.entry(*hash).or_insert((at, brick));
        }
    }
    out
}
