//! Who is at the other end: TLS 1.3 with raw Ed25519 keys (RFC 7250) on both sides.
//!
//! A node's key is its name, so there is no certificate to check and no authority to ask: a
//! handshake proves that the other end has the key, and the set of trusted keys says whether that
//! is enough. No early data and no resumption: a frame that is repeated would be a hop that is.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, RwLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{AlwaysResolvesClientRawPublicKeys, Resumption, WantsClientCert};
use rustls::crypto::{CryptoProvider, ring, verify_tls13_signature_with_raw_key};
use rustls::pki_types::{
    CertificateDer, PrivatePkcs8KeyDer, ServerName, SubjectPublicKeyInfoDer, UnixTime,
};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{AlwaysResolvesServerRawPublicKeys, NoServerSessionStorage, WantsServerCert};
use rustls::sign::CertifiedKey;
use rustls::version::TLS13;
use rustls::{
    CertificateError, ClientConfig, ConfigBuilder, DigitallySignedStruct, DistinguishedName, Error,
    ServerConfig, SignatureScheme,
};
use sm_core::ids::NodeId;

use crate::identity::KeyPair;
use crate::limits;

/// An Ed25519 public key as SubjectPublicKeyInfo begins (RFC 8410), before its 32 bytes.
const SPKI: &[u8] = &[
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

/// An Ed25519 private key as PKCS #8 begins (RFC 8410), before its 32 bytes.
const PKCS8: &[u8] = &[
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// The keys that may have sessions with this node. All who hold it see the same set.
#[derive(Clone, Debug, Default)]
pub struct Trusted(Arc<RwLock<BTreeSet<NodeId>>>);

impl Trusted {
    /// Trusts one more.
    pub fn insert(&self, key: NodeId) {
        self.0.write().expect("nobody panics with it").insert(key);
    }

    /// No longer trusts one. Sessions with it stay as they are.
    pub fn remove(&self, key: &NodeId) {
        self.0.write().expect("nobody panics with it").remove(key);
    }

    /// Whether a key is trusted.
    pub fn contains(&self, key: &NodeId) -> bool {
        self.0.read().expect("nobody panics with it").contains(key)
    }
}

/// What both ends of a connection are made with.
pub(crate) struct Tls {
    provider: Arc<CryptoProvider>,
    own: Arc<CertifiedKey>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

impl Tls {
    pub(crate) fn new(key: &KeyPair) -> Result<Self, Error> {
        let provider = Arc::new(ring::default_provider());
        let secret = [PKCS8, &key.signing_key().to_bytes()].concat();
        let signer = ring::sign::any_eddsa_type(&PrivatePkcs8KeyDer::from(secret))?;
        let public = CertificateDer::from(spki(&key.node_id()));
        let own = Arc::new(CertifiedKey::new(vec![public], signer));
        Ok(Self { provider, own })
    }

    /// For those who call in this protocol: they must be trusted.
    pub(crate) fn server(
        &self,
        protocol: &[u8],
        trusted: Trusted,
        strangers: Strangers,
    ) -> Result<ServerConfig, Error> {
        let callers = verifier(&self.provider, Whom::Trusted(trusted, strangers));
        let builder = ServerConfig::builder_with_provider(self.provider.clone())
            .with_protocol_versions(&[&TLS13])?
            .with_client_cert_verifier(callers);
        Ok(self.answering(protocol, builder))
    }

    /// For those who call in this protocol, and need no key.
    pub(crate) fn server_for_all(&self, protocol: &[u8]) -> Result<ServerConfig, Error> {
        let builder = ServerConfig::builder_with_provider(self.provider.clone())
            .with_protocol_versions(&[&TLS13])?
            .with_no_client_auth();
        Ok(self.answering(protocol, builder))
    }

    fn answering(
        &self,
        protocol: &[u8],
        builder: ConfigBuilder<ServerConfig, WantsServerCert>,
    ) -> ServerConfig {
        let own = AlwaysResolvesServerRawPublicKeys::new(self.own.clone());
        let mut config = builder.with_cert_resolver(Arc::new(own));
        config.alpn_protocols = vec![protocol.to_vec()];
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        config
    }

    /// For calling a node in this protocol: it must have this key.
    pub(crate) fn client(&self, protocol: &[u8], expected: NodeId) -> Result<ClientConfig, Error> {
        let own = AlwaysResolvesClientRawPublicKeys::new(self.own.clone());
        let config = calling(&self.provider, Whom::Only(expected))?;
        Ok(called(
            config.with_client_cert_resolver(Arc::new(own)),
            protocol,
        ))
    }
}

/// For calling in this protocol without a key of one's own. Whoever answers has proved its key,
/// and what that is worth is to be judged then.
pub(crate) fn anonymous(protocol: &[u8]) -> Result<ClientConfig, Error> {
    let config = calling(&Arc::new(ring::default_provider()), Whom::Anyone)?;
    Ok(called(config.with_no_client_auth(), protocol))
}

fn calling(
    provider: &Arc<CryptoProvider>,
    whom: Whom,
) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, Error> {
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(verifier(provider, whom));
    Ok(builder)
}

fn called(mut config: ClientConfig, protocol: &[u8]) -> ClientConfig {
    config.alpn_protocols = vec![protocol.to_vec()];
    config.resumption = Resumption::disabled();
    config
}

fn verifier(provider: &Arc<CryptoProvider>, whom: Whom) -> Arc<Verifier> {
    let provider = provider.clone();
    Arc::new(Verifier { whom, provider })
}

/// The key that an end has proved to have, by what it has shown.
pub(crate) fn key_shown(shown: &[CertificateDer<'_>]) -> Option<NodeId> {
    key_of(shown.first()?)
}

fn spki(key: &NodeId) -> Vec<u8> {
    [SPKI, &key.0].concat()
}

fn key_of(public: &CertificateDer<'_>) -> Option<NodeId> {
    let bytes = public.strip_prefix(SPKI)?;
    Some(NodeId(bytes.try_into().ok()?))
}

/// Those who called in vain; each is told of once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Strangers(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    keys: BTreeSet<NodeId>,
    addresses: BTreeSet<IpAddr>,
    news: Vec<NodeId>,
}

impl Strangers {
    fn note(&self, key: NodeId) {
        let mut known = self.0.lock().expect("nobody panics with it");
        if known.keys.len() < limits::STRANGERS && known.keys.insert(key) {
            known.news.push(key);
        }
    }

    /// One that was not told of.
    pub(crate) fn take(&self) -> Option<NodeId> {
        self.0.lock().expect("nobody panics with it").news.pop()
    }

    /// Whether a call from this address failed for the first time.
    pub(crate) fn first(&self, address: IpAddr) -> bool {
        let mut known = self.0.lock().expect("nobody panics with it");
        known.addresses.len() < limits::STRANGERS && known.addresses.insert(address)
    }
}

/// Decides about the other end of a connection, by its key.
#[derive(Debug)]
struct Verifier {
    whom: Whom,
    provider: Arc<CryptoProvider>,
}

/// Who may be at the other end.
#[derive(Debug)]
enum Whom {
    /// Those who are trusted; others are noted.
    Trusted(Trusted, Strangers),
    /// One node.
    Only(NodeId),
    /// Whoever proves a key.
    Anyone,
}

impl Verifier {
    fn accept(&self, shown: &CertificateDer<'_>) -> Result<(), Error> {
        let key = key_of(shown).ok_or(CertificateError::BadEncoding)?;
        match &self.whom {
            Whom::Trusted(trusted, _) if trusted.contains(&key) => Ok(()),
            Whom::Trusted(_, strangers) => {
                strangers.note(key);
                Err(CertificateError::ApplicationVerificationFailure.into())
            }
            Whom::Anyone => Ok(()),
            Whom::Only(expected) if key == *expected => Ok(()),
            Whom::Only(_) => Err(CertificateError::NotValidForName.into()),
        }
    }

    fn verify(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let key = SubjectPublicKeyInfoDer::from(shown.as_ref());
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature_with_raw_key(message, &key, dss, algorithms)
    }
}

/// What rustls asks both about those who call and about those who are called, in two traits.
macro_rules! raw_keys_of_tls13 {
    () => {
        fn verify_tls12_signature(
            &self,
            _: &[u8],
            _: &CertificateDer<'_>,
            _: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            Err(Error::General("only TLS 1.3 is spoken".to_owned()))
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            shown: &CertificateDer<'_>,
            dss: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            self.verify(message, shown, dss)
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            vec![SignatureScheme::ED25519]
        }

        fn requires_raw_public_keys(&self) -> bool {
            true
        }
    };
}

impl ClientCertVerifier for Verifier {
    raw_keys_of_tls13!();

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        shown: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.accept(shown).map(|()| ClientCertVerified::assertion())
    }
}

impl ServerCertVerifier for Verifier {
    raw_keys_of_tls13!();

    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.accept(shown).map(|()| ServerCertVerified::assertion())
    }
}
