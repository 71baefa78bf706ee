//! A program that can be run: from a source file or from a bundle, the same in both cases.

mod defaults;

use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use sm_bytecode::bundle::{Bundle, BundleError};
use sm_bytecode::limits::MAX_BUNDLE_BYTES;
use sm_bytecode::{DebugBlob, EntryRef, Function, Group};
use sm_core::content::ContentKind;
use sm_core::mtcp::ConnectionId;
use sm_core::node::argument;
use sm_vm::Value;

use crate::arguments::{Parameter, Signature};
use crate::compile;
use crate::exit::Failure;
use crate::output::Terminal;
use crate::source;
use crate::sources::Sources;

/// The arguments of `main` for a connection of this name, in canonical encoding.
pub(crate) type ConnectionArguments = Box<dyn Fn(ConnectionId) -> Vec<u8> + Send + Sync>;

/// A program with everything that is needed to run it and to talk about it.
#[derive(Debug)]
pub(crate) struct Program {
    bundle: Bundle,
    /// The text of its files, where it was compiled here.
    pub(crate) sources: Rc<Sources>,
}

impl Program {
    /// Compiles a `.sm` file, or reads a `.smb` file.
    pub(crate) fn open(terminal: &Terminal, path: &Path) -> Result<Self, Failure> {
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("sm") => {
                let (bundle, sources) = compile::bundle(terminal, path)?;
                Ok(Self::new(bundle, sources))
            }
            Some("smb") => {
                let bytes = source::bytes("bundle", path, MAX_BUNDLE_BYTES)?;
                let bundle = Bundle::decode(&bytes).map_err(|error| no_bundle(path, &error))?;
                Ok(Self::new(bundle, Sources::default()))
            }
            _ => Err(
                Failure::usage(format!("`{}` is no program", path.display()))
                    .help("a program has the ending `.sm`, a bundle of bricks `.smb`"),
            ),
        }
    }

    /// A program that was compiled from these sources.
    pub(crate) fn new(bundle: Bundle, sources: Sources) -> Self {
        Self::shared(bundle, sources.into())
    }

    /// One of several programs that were compiled from these sources.
    pub(crate) fn shared(bundle: Bundle, sources: Rc<Sources>) -> Self {
        Self { bundle, sources }
    }

    pub(crate) fn bundle(&self) -> &Bundle {
        &self.bundle
    }

    pub(crate) fn debug(&self) -> &[DebugBlob] {
        &self.bundle.debug
    }

    /// What `main` wants.
    pub(crate) fn signature(&self) -> Result<Signature, Failure> {
        let (group, main) = self.main()?;
        let names = self.parameter_names(group, main);
        let parameters = main.params.iter().zip(names);
        let parameters = parameters.map(|(ty, name)| {
            let default = defaults::of(&self.bundle, &name)?;
            Ok(Parameter {
                name,
                ty: *ty,
                default,
            })
        });
        let parameters = parameters.collect::<Result<_, Failure>>()?;
        Ok(Signature {
            types: group.types.clone(),
            parameters,
            fields: defaults::of_fields(&self.bundle, &group.types),
        })
    }

    /// Arguments as a node takes them: the canonical encodings, one after the other.
    pub(crate) fn encode_arguments(&self, values: &[Value]) -> Result<Vec<u8>, Failure> {
        let (group, main) = self.main()?;
        let mut out = Vec::new();
        for (value, ty) in values.iter().zip(&main.params) {
            let bytes = sm_vm::value::encode(value, &group.types, *ty)
                .map_err(|error| Failure::usage(format!("`{value}` cannot be given: {error}")))?;
            out.extend(bytes);
        }
        Ok(out)
    }

    /// One argument, by its place.
    pub(crate) fn encode_argument(&self, at: usize, value: &Value) -> Result<Vec<u8>, Failure> {
        let (group, main) = self.main()?;
        sm_vm::value::encode(value, &group.types, main.params[at])
            .map_err(|error| Failure::failed(format!("`{value}` cannot be given: {error}")))
    }

    /// Makes the arguments of `main` for a client's connection.
    pub(crate) fn connection_arguments(&self, path: &Path) -> Result<ConnectionArguments, Failure> {
        let (group, main) = self.main()?;
        let (types, params) = (group.types.clone(), main.params.clone());
        let made = argument(&types, &params, ConnectionId::default());
        made.map_err(|error| {
            let path = path.display();
            Failure::failed(format!("`{path}` is no service: {error}")).help(
                "`import net/connection { Connection }` and write `fn main(client: Connection)`",
            )
        })?;
        Ok(Box::new(move |name| {
            argument(&types, &params, name).expect("another name was encoded just so")
        }))
    }

    /// What `main` answered.
    pub(crate) fn result(&self, bytes: &[u8]) -> Result<Value, Failure> {
        let (group, main) = self.main()?;
        sm_vm::value::decode(bytes, &group.types, main.result)
            .map_err(|error| Failure::failed(format!("the result cannot be read: {error}")))
    }

    fn main(&self) -> Result<(&Group, &Function), Failure> {
        function(&self.bundle, self.bundle.program.entry)
            .ok_or_else(|| Failure::failed("the bundle has no function to begin with"))
    }

    /// As the debug blob knows them; a parameter without a register has none.
    fn parameter_names(&self, group: &Group, main: &Function) -> Vec<String> {
        let entry = self.bundle.program.entry;
        let debug = self
            .debug()
            .iter()
            .find_map(|blob| blob.function(&entry.brick, entry.function));
        let mut register = 0;
        let mut names = Vec::new();
        for (index, ty) in main.params.iter().enumerate() {
            let name = debug.and_then(|debug| debug.register(sm_bytecode::Reg(register)));
            names.push(name.map_or_else(|| format!("#{}", index + 1), str::to_owned));
            register += group.types.slots(*ty).len() as u16;
        }
        names
    }

    /// Where a run begins.
    pub(crate) fn entry(&self) -> EntryRef {
        self.bundle.program.entry
    }

    /// Everything that a node needs to run it, in canonical bytes.
    pub(crate) fn content(&self) -> Vec<(ContentKind, Arc<[u8]>)> {
        let bricks = self.bundle.bricks.iter();
        let bricks = bricks.map(|brick| (ContentKind::Brick, brick.encode().into()));
        let modules = self.bundle.modules.iter();
        let modules = modules.map(|module| (ContentKind::Module, module.encode().into()));
        let program = (ContentKind::Program, self.bundle.program.encode().into());
        bricks.chain(modules).chain([program]).collect()
    }
}

/// A function and the brick it is in, if the bundle has them.
fn function(bundle: &Bundle, at: EntryRef) -> Option<(&Group, &Function)> {
    let index = bundle.program.bricks.binary_search(&at.brick).ok()?;
    let group = bundle.bricks.get(index)?;
    Some((group, group.functions.get(usize::from(at.function))?))
}

fn no_bundle(path: &Path, error: &BundleError) -> Failure {
    let failure = Failure::failed(format!("`{}` is refused: {error}", path.display()));
    match error {
        BundleError::FutureVersion(_) => failure.help("a newer smc made it: update this one"),
        BundleError::NotABundle => failure.help("`smc build` makes bundles of programs"),
        _ => failure.help("build it again with `smc build`"),
    }
}
