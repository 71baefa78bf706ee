//! The socket of a node: authenticated QUIC in both directions, and nothing above it.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;

use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use quinn::{ClientConfig, Endpoint, EndpointConfig, TransportConfig};
use rustix::net::{self, AddressFamily, SocketFlags, SocketType};
use sm_core::ids::NodeId;

use super::LinkOptions;
use crate::identity::KeyPair;
use crate::limits;
use crate::tls::{Strangers, Tls, Trusted};

/// The protocol and its version, as both ends have to name it.
const ALPN: &[u8] = b"smartmsg/0";

/// A QUIC endpoint with the key of a node: what links are made of, and are compared with.
#[derive(Clone, Debug)]
pub struct Socket {
    /// The endpoint. It accepts those who are trusted.
    pub endpoint: Endpoint,
    tls: Arc<Tls>,
    transport: Arc<TransportConfig>,
}

impl Socket {
    /// Listens at an address; port 0 takes any that is free. Callers may open streams in both
    /// directions, which links have no use for.
    ///
    /// # Errors
    /// The address with what the system says of it, or what TLS says of the key.
    pub fn listen(
        key: &KeyPair,
        at: SocketAddr,
        options: &LinkOptions,
        trusted: Trusted,
    ) -> io::Result<Self> {
        let mut transport = transport(options);
        transport.max_concurrent_bidi_streams(limits::STREAMS.into());
        let mut all = Self::all(key, &[at], transport, (trusted, Strangers::default()))?;
        Ok(all.swap_remove(0))
    }

    /// Listens for links at each of these addresses.
    pub(super) fn for_links(
        key: &KeyPair,
        at: &[SocketAddr],
        options: &LinkOptions,
        known: (Trusted, Strangers),
    ) -> io::Result<Vec<Self>> {
        Self::all(key, at, transport(options), known)
    }

    fn all(
        key: &KeyPair,
        at: &[SocketAddr],
        transport: TransportConfig,
        (trusted, strangers): (Trusted, Strangers),
    ) -> io::Result<Vec<Self>> {
        let tls = Tls::new(key).map_err(io::Error::other)?;
        let server = tls
            .server(ALPN, trusted, strangers)
            .map_err(io::Error::other)?;
        let server = QuicServerConfig::try_from(server).map_err(io::Error::other)?;
        let (tls, transport) = (Arc::new(tls), Arc::new(transport));
        let mut config = quinn::ServerConfig::with_crypto(Arc::new(server));
        config.transport_config(transport.clone());
        let families = match at.iter().any(SocketAddr::is_ipv4) {
            true => Families::One,
            false => Families::AsUsual,
        };
        let open = |at: &SocketAddr| {
            let socket = bind(*at, families)?;
            let runtime = Arc::new(quinn::TokioRuntime);
            let config = Some(config.clone());
            Ok(Self {
                endpoint: Endpoint::new(EndpointConfig::default(), config, socket, runtime)?,
                tls: tls.clone(),
                transport: transport.clone(),
            })
        };
        let open = |at: &SocketAddr| {
            open(at)
                .map_err(|error: io::Error| io::Error::new(error.kind(), format!("{at}: {error}")))
        };
        at.iter().map(open).collect()
    }

    /// How far it is from here to an address: the nearest of several sockets is to call it.
    /// `None` if it cannot.
    pub(super) fn distance(&self, to: SocketAddr) -> Option<u8> {
        distance(self.endpoint.local_addr().ok()?.ip(), to.ip())
    }

    /// For calling a node that must have this key.
    ///
    /// # Errors
    /// What TLS says, in words.
    pub fn client(&self, peer: NodeId) -> Result<ClientConfig, String> {
        let crypto = self
            .tls
            .client(ALPN, peer)
            .map_err(|error| error.to_string())?;
        let crypto = QuicClientConfig::try_from(crypto).map_err(|error| error.to_string())?;
        let mut config = ClientConfig::new(Arc::new(crypto));
        config.transport_config(self.transport.clone());
        Ok(config)
    }
}

/// What a socket of IPv6 takes at an address that stands for all.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Families {
    /// What the system thinks: most take IPv4 as well.
    AsUsual,
    /// IPv6 alone: another socket has IPv4, and perhaps the same port.
    One,
}

fn bind(at: SocketAddr, families: Families) -> io::Result<UdpSocket> {
    if at.is_ipv4() || families == Families::AsUsual {
        return UdpSocket::bind(at);
    }
    let socket = net::socket_with(
        AddressFamily::INET6,
        SocketType::DGRAM,
        SocketFlags::CLOEXEC,
        None,
    )?;
    net::sockopt::set_ipv6_v6only(&socket, true)?;
    net::bind(&socket, &at)?;
    Ok(socket.into())
}

fn distance(own: IpAddr, to: IpAddr) -> Option<u8> {
    let family = match (own, to) {
        (IpAddr::V4(_), IpAddr::V4(_)) | (IpAddr::V6(_), IpAddr::V6(_)) => 0,
        // It may take both.
        (IpAddr::V6(_), IpAddr::V4(_)) if own.is_unspecified() => 1,
        _ => return None,
    };
    let reaches = own.is_unspecified() || own.is_loopback() == to.is_loopback();
    Some(family + if reaches { 0 } else { 2 })
}

fn transport(options: &LinkOptions) -> TransportConfig {
    let mut acks = quinn::AckFrequencyConfig::default();
    acks.ack_eliciting_threshold(limits::UNACKNOWLEDGED_PACKETS.into());
    let mut config = TransportConfig::default();
    let idle = options.idle.try_into().ok();
    config
        .ack_frequency_config(Some(acks))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_socket_calls() {
        let sockets = [
            "127.0.0.1",
            "192.0.2.1",
            "0.0.0.0",
            "::1",
            "2001:db8::1",
            "::",
        ];
        let nearest = |from: &[&str], to: &str| {
            let to = to.parse().expect("an address");
            let from = from
                .iter()
                .map(|from| (from.parse().expect("an address"), *from));
            let found = from.filter_map(|(own, from)| Some((distance(own, to)?, from)));
            found
                .min_by_key(|(distance, _)| *distance)
                .map(|(_, from)| from.to_owned())
        };
        let cases = [
            (&sockets[..], "127.0.0.2", "127.0.0.1"),
            (&sockets[..], "198.51.100.1", "192.0.2.1"),
            (&sockets[..], "::1", "::1"),
            (&sockets[..], "2001:db8::2", "2001:db8::1"),
            (&["127.0.0.1", "::"][..], "192.0.2.1", "::"),
            (&["127.0.0.1"][..], "192.0.2.1", "127.0.0.1"),
        ];
        for (from, to, expected) in cases {
            assert_eq!(nearest(from, to).as_deref(), Some(expected), "{to}");
        }
        assert_eq!(nearest(&["127.0.0.1"], "::1"), None);
        assert_eq!(nearest(&["::1"], "127.0.0.1"), None);
    }
}
