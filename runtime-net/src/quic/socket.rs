//! The socket of a node: authenticated QUIC in both directions, and nothing above it.

use std::io;
use std::net::UdpSocket;
use std::sync::Arc;

use quinn::{ClientConfig, Endpoint, EndpointConfig, TransportConfig};
use sm_core::ids::NodeId;

use super::LinkOptions;
use super::tls::{Strangers, Tls, Trusted};
use crate::identity::KeyPair;
use crate::limits;

/// A QUIC endpoint with the key of a node: what links are made of, and are compared with.
#[derive(Clone, Debug)]
pub struct Socket {
    /// The endpoint. It accepts those who are trusted.
    pub endpoint: Endpoint,
    tls: Arc<Tls>,
    transport: Arc<TransportConfig>,
}

impl Socket {
    /// Listens. Callers may open streams in both directions, which links have no use for.
    ///
    /// # Errors
    /// What the system says of the address, or TLS of the key.
    pub fn listen(key: &KeyPair, options: &LinkOptions, trusted: Trusted) -> io::Result<Self> {
        let mut transport = transport(options);
        transport.max_concurrent_bidi_streams(limits::STREAMS.into());
        Self::new(key, options, transport, (trusted, Strangers::default()))
    }

    /// Listens for links.
    pub(super) fn for_links(
        key: &KeyPair,
        options: &LinkOptions,
        known: (Trusted, Strangers),
    ) -> io::Result<Self> {
        Self::new(key, options, transport(options), known)
    }

    fn new(
        key: &KeyPair,
        options: &LinkOptions,
        transport: TransportConfig,
        (trusted, strangers): (Trusted, Strangers),
    ) -> io::Result<Self> {
        let tls = Tls::new(key).map_err(io::Error::other)?;
        let server = tls.server(trusted, strangers).map_err(io::Error::other)?;
        let transport = Arc::new(transport);
        let mut config = quinn::ServerConfig::with_crypto(Arc::new(server));
        config.transport_config(transport.clone());
        let socket = UdpSocket::bind(options.listen)?;
        let runtime = Arc::new(quinn::TokioRuntime);
        let endpoint = Endpoint::new(EndpointConfig::default(), Some(config), socket, runtime)?;
        Ok(Self {
            endpoint,
            tls: Arc::new(tls),
            transport,
        })
    }

    /// For calling a node that must have this key.
    ///
    /// # Errors
    /// What TLS says, in words.
    pub fn client(&self, peer: NodeId) -> Result<ClientConfig, String> {
        let crypto = self.tls.client(peer).map_err(|error| error.to_string())?;
        let mut config = ClientConfig::new(Arc::new(crypto));
        config.transport_config(self.transport.clone());
        Ok(config)
    }
}

fn transport(options: &LinkOptions) -> TransportConfig {
    let mut config = TransportConfig::default();
    let idle = options.idle.try_into().ok();
    config
        .initial_rtt(limits::FIRST_ROUND_TRIP)
        .keep_alive_interval(Some(options.keep_alive))
        .max_idle_timeout(idle)
        .max_concurrent_bidi_streams(0_u32.into())
        .max_concurrent_uni_streams(limits::STREAMS.into())
        .stream_receive_window(limits::STREAM_WINDOW.into())
        .receive_window(limits::SESSION_WINDOW.into())
        .send_window(u64::from(limits::SESSION_WINDOW))
        .datagram_receive_buffer_size(Some(limits::DATAGRAM_BYTES))
        .datagram_send_buffer_size(limits::DATAGRAM_BYTES);
    config
}
