//! The services of a node: their programs, and where their clients come.

use std::sync::Arc;

use sm_core::content::ContentKind;
use sm_core::ids::AuthorId;
use sm_core::launch::{Launch, LaunchLimits};
use sm_core::node::NodeLimits;
use sm_net::clock::unix_nanos;
use sm_net::host::{Service, Starter};
use sm_net::identity::KeyPair;
use sm_net::mtcp::{ClientHeld, MtcpListener, Operated, SealingKeys, ServiceId, ServiceOptions};

use crate::commands::mtcp::sealing::unusable;
use crate::commands::mtcp::{Operable, operated};
use crate::exit::{Exit, Failure};
use crate::output::Terminal;
use crate::program::Program;
use crate::settings::{ServiceDef, Settings};

/// Services that can be run, and the code of their programs.
#[derive(Debug, Default)]
pub(super) struct Services {
    pub(super) services: Vec<Service>,
    pub(super) content: Vec<(ContentKind, Arc<[u8]>)>,
    /// How clients reach them, as `smc mtcp proxy --service` takes it.
    pub(super) places: Vec<String>,
    /// What lets operators in.
    pub(super) operated: Vec<Operated>,
}

impl Services {
    /// Compiles all programs, and listens for their clients.
    pub(super) async fn open(
        terminal: &Terminal,
        settings: &Settings,
        (node, key): (&str, &KeyPair),
    ) -> Result<Self, Failure> {
        let mut all = Self::default();
        let grants = &settings.limits;
        for def in &settings.services {
            let program = Program::open(terminal, &def.program)?;
            let starter = starter(def, &program, key, grants)?;
            let options = options(def, key)?;
            let service = options.service.clone();
            let servers = options.peers.iter();
            let servers = servers.map(|peer| AuthorId(peer.server.0)).collect();
            let listener = MtcpListener::bind(&def.listen.to_string(), options).await;
            let listener = listener.map_err(|error| {
                let at = def.listen;
                let what = format!("service `{}`: cannot listen at {at}: {error}", def.name);
                Failure::new(Exit::Unreachable, what).help("port 0 takes any that is free")
            })?;
            let at = listener.local_addr();
            all.places
                .push(format!("{}={}@{at}", service.name, service.key));
            let name = format!("{node}-{}", def.name);
            let control = listener.control();
            all.operated
                .push(operated(Operable::Server(&control), &name).await?);
            all.content.extend(program.content());
            all.services.push(Service {
                listener,
                starter,
                servers,
            });
        }
        Ok(all)
    }
}

fn starter(
    def: &ServiceDef,
    program: &Program,
    key: &KeyPair,
    grants: &NodeLimits,
) -> Result<Starter, Failure> {
    let arguments = program.connection_arguments(&def.program)?;
    let entry = program.entry();
    let launch = Launch {
        author: key.author_id(),
        home: key.node_id(),
        program: program.bundle().hash().0,
        brick: entry.brick.0,
        function: entry.function,
        arguments: Vec::new(),
        // It lives as long as its client likes, and is the operator's own.
        limits: LaunchLimits {
            fuel: u64::MAX,
            tags: u32::MAX,
            hops: u32::MAX,
            children: u32::MAX,
            bytes: u64::MAX,
            lifetime: grants.lifetime,
            ..LaunchLimits::default()
        },
        nonce: [0; 16],
        expiry: 0,
    };
    Ok(Starter {
        key: key.clone(),
        launch,
        arguments,
    })
}

fn options(def: &ServiceDef, key: &KeyPair) -> Result<ServiceOptions, Failure> {
    let mut options = match (def.key, &def.delegation) {
        (Some(service), Some(delegation)) => {
            let name = def.name.clone();
            let service = ServiceId { name, key: service };
            let now = unix_nanos() / 1_000_000_000;
            if let Err(error) = delegation.check(&service, key.node_id(), now) {
                let what = format!("service `{}`: its delegation: {error}", def.name);
                return Err(Failure::usage(what).help(format!(
                    "`smc mtcp delegate --service {} --server {}` makes another one",
                    def.name,
                    key.node_id()
                )));
            }
            ServiceOptions::delegated(key.clone(), service, delegation.clone())
        }
        _ => ServiceOptions::new(key.clone(), &def.name),
    };
    options.in_turns = true;
    if let Some(held) = &def.held {
        let keys = SealingKeys::load(&held.keys).map_err(|error| unusable(&error))?;
        let held_by = ClientHeld::rollback_safe(keys).with_max_age(held.most);
        options = options.client_held(held_by);
    }
    Ok(options
        .with_peers(def.peers.clone())
        .with_standbys(def.standbys))
}
