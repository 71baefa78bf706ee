//! Finding trusted nodes on the local network, by multicast DNS (RFC 6762, RFC 6763).
//!
//! A node announces `_smartmsg._udp` with its key, and hears of the others. It is told where a
//! trusted node is, and calls it; a stranger is passed over. Whether a node lives is for links to
//! say: what multicast DNS remembers may be long gone, and includes oneself.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use mdns_sd::{ResolvedService, ServiceDaemon, ServiceEvent, ServiceInfo};
use sm_core::ids::NodeId;
use tokio::sync::mpsc;

use crate::identity::parse_key;
use crate::limits;

/// The type of the service, as DNS-SD names it.
const SERVICE: &str = "_smartmsg._udp.local.";

/// The version of what stands in the TXT record.
const TXT_VERSION: &str = "1";

/// A node that was found, and where.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Found {
    /// Its key, as it says: a handshake will show whether it has it.
    pub key: NodeId,
    /// Where it listens.
    pub address: SocketAddr,
}

/// Announces this node and hears of others, for as long as it lives.
pub struct Discovery {
    daemon: ServiceDaemon,
    found: mpsc::Receiver<Found>,
}

impl fmt::Debug for Discovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Discovery").finish_non_exhaustive()
    }
}

impl Discovery {
    /// Announces a node that listens at these addresses, which have one port; on all interfaces if
    /// at no address in particular.
    ///
    /// # Errors
    /// What the system or the announcement's form does not allow, in words.
    pub fn start(own: NodeId, listen: &[SocketAddr]) -> Result<Self, String> {
        let words = |error: mdns_sd::Error| error.to_string();
        let daemon = ServiceDaemon::new().map_err(words)?;
        daemon
            .register(announcement(own, listen).map_err(words)?)
            .map_err(words)?;
        let events = daemon.browse(SERVICE).map_err(words)?;
        let (sender, found) = mpsc::channel(limits::FOUND);
        std::thread::spawn(move || {
            while let Ok(event) = events.recv() {
                let ServiceEvent::ServiceResolved(service) = event else {
                    continue;
                };
                let node = read(&service).filter(|node| node.key != own);
                if node.is_some_and(|node| sender.blocking_send(node).is_err()) {
                    return;
                }
            }
        });
        Ok(Self { daemon, found })
    }

    /// The next node that is found; never, if the search has ended.
    pub async fn next(&mut self) -> Found {
        match self.found.recv().await {
            Some(found) => found,
            None => std::future::pending().await,
        }
    }
}

impl Drop for Discovery {
    fn drop(&mut self) {
        // It says goodbye on its own; if it cannot, the announcement expires.
        let _ = self.daemon.shutdown();
    }
}

fn announcement(own: NodeId, listen: &[SocketAddr]) -> Result<ServiceInfo, mdns_sd::Error> {
    let id = own.to_string();
    // A label has 63 characters at most, one less than a key has digits.
    let name = &id[..32];
    let host = format!("{name}.local.");
    let version = sm_core::wire::WIRE_VERSION.to_string();
    let properties = [
        ("txtvers", TXT_VERSION),
        ("id", id.as_str()),
        ("proto", version.as_str()),
        ("caps", ""),
    ];
    let addresses = match listen.iter().any(|at| at.ip().is_unspecified()) {
        true => Vec::new(),
        false => listen.iter().map(SocketAddr::ip).collect(),
    };
    let info = ServiceInfo::new(
        SERVICE,
        name,
        &host,
        &addresses[..],
        listen.first().map_or(0, SocketAddr::port),
        &properties[..],
    )?;
    Ok(if addresses.is_empty() {
        info.enable_addr_auto()
    } else {
        info
    })
}

/// What an announcement says, if it is one of a node of this version.
fn read(service: &ResolvedService) -> Option<Found> {
    let version = service.get_property_val_str("proto")?;
    if version != sm_core::wire::WIRE_VERSION.to_string() {
        return None;
    }
    let key = parse_key(service.get_property_val_str("id")?).ok()?;
    let addresses = service
        .get_addresses()
        .iter()
        .map(mdns_sd::ScopedIp::to_ip_addr);
    // An address of IPv6 that is only good on one link cannot be called without naming the link.
    let reachable = |ip: &IpAddr| match ip {
        IpAddr::V4(_) => true,
        IpAddr::V6(ip) => !ip.is_unicast_link_local(),
    };
    let ip = addresses.filter(reachable).min()?;
    let address = SocketAddr::new(ip, service.get_port());
    Some(Found { key, address })
}
