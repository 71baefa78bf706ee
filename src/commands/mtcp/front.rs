//! `smc mtcp serve --upstream`: a front end, whose connections move with the end towards a holder.

use std::sync::Arc;

use clap::{Args, ValueEnum};
use sm_core::ids::Span;
use sm_net::identity::parse_key;
use sm_net::mtcp::{
    Candidate, ClientOptions, MtcpConnector, MtcpListener, Protocol, ServiceOptions, Timing, front,
};

use super::{Operable, Place, called, cannot_listen, operated, place, unusable};
use crate::exit::{Exit, Failure};
use crate::interrupt::Signals;
use crate::output;

#[derive(Debug, Args)]
pub(super) struct Front {
    /// Carry connections on to this service, whose servers stay beside the plain
    /// ones: they hold the sockets, so what moves between servers of this service
    /// is a connection with all that is under way in it
    #[arg(long, env = "SM_UPSTREAM", value_name = "NAME=KEY@HOST:PORT,..", value_parser = place)]
    #[arg(conflicts_with = "forward", verbatim_doc_comment)]
    upstream: Option<Place>,

    /// The other servers of this service
    #[arg(long, env = "SM_PEERS", value_name = "KEY@HOST:PORT,..", value_parser = peer)]
    #[arg(value_delimiter = ',', requires = "upstream")]
    peers: Vec<Candidate>,

    /// How many of them keep a copy of each connection, so that it survives this server
    #[arg(long, env = "SM_STANDBYS", value_name = "COUNT", default_value_t = 0)]
    #[arg(requires = "upstream")]
    standbys: usize,

    /// What the plain server speaks: with `postgresql` clients are told what became of
    /// a transaction whose server is lost
    #[arg(long, env = "SM_PROTOCOL", value_enum, default_value_t = Speaks::Plain)]
    #[arg(requires = "upstream", verbatim_doc_comment)]
    protocol: Speaks,

    /// For how many seconds the other service may be out of reach
    #[arg(
        long,
        env = "SM_PATIENCE",
        value_name = "SECONDS",
        default_value_t = 10
    )]
    #[arg(requires = "upstream")]
    patience: u32,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Speaks {
    Plain,
    Postgresql,
}

fn peer(text: &str) -> Result<Candidate, String> {
    let form = "write KEY@HOST:PORT, and further servers behind commas";
    let (key, address) = text.split_once('@').ok_or(form)?;
    let server = parse_key(key).map_err(|error| error.to_string())?;
    let port = address
        .rsplit_once(':')
        .map(|(_, port)| port.parse::<u16>());
    match port {
        Some(Ok(_)) => Ok(Candidate {
            server,
            address: address.to_owned(),
        }),
        _ => Err(form.to_owned()),
    }
}

impl Front {
    /// Whether this is a front end.
    pub(super) fn is_wanted(&self) -> bool {
        self.upstream.is_some()
    }

    /// Serves until a signal comes, and then until all connections are elsewhere or a second one
    /// comes.
    pub(super) async fn run(
        &self,
        options: ServiceOptions,
        (listen, name): (&str, Option<&String>),
    ) -> Result<Exit, Failure> {
        let connector = Arc::new(self.connector(options.config.timing)?);
        let service = options.service.clone();
        let options = options
            .with_peers(self.peers.clone())
            .with_standbys(self.standbys);
        let listener = MtcpListener::bind(listen, options).await;
        let mut listener = listener.map_err(|error| cannot_listen(listen, &error))?;
        let mut signals = Signals::listen()?;
        let control = listener.control();
        let name = called(name, &service.name, listener.local_addr().port());
        let _operated = operated(Operable::Server(&control), &name).await?;
        output::talk(&format!(
            "clients reach it with --service {}={}@{}",
            service.name,
            service.key,
            listener.local_addr()
        ));
        let protocol = match self.protocol {
            Speaks::Plain => Protocol::Plain,
            Speaks::Postgresql => Protocol::Postgresql,
        };
        loop {
            let stream = tokio::select! {
                stream = listener.accept() => stream,
                () = signals.next() => break,
            };
            let connector = connector.clone();
            tokio::spawn(async move {
                if let Err(error) = front(stream, &connector, protocol).await {
                    output::talk(&format!("a connection has ended: {error}"));
                }
            });
        }
        let count = control.running();
        output::talk(&format!("{count} connections go elsewhere"));
        tokio::select! {
            () = control.drain() => {}
            () = signals.next() => {}
        }
        Ok(Exit::Ok)
    }

    fn connector(&self, timing: Timing) -> Result<MtcpConnector, Failure> {
        let upstream = self.upstream.clone();
        let Place { service, addresses } = upstream.expect("it is asked for only with one");
        let mut options = ClientOptions::new(service, addresses);
        options.moving = true;
        options.timing = Timing {
            linger: Span::secs(u64::from(self.patience)),
            ..timing
        };
        MtcpConnector::new(options).map_err(|error| unusable(&error))
    }
}
