//! Keys, their names and neighbors as people write them.

use std::fmt;
use std::net::SocketAddrV6;
use std::str::FromStr;

use ed25519_dalek::VerifyingKey;
use sm_core::ids::NodeId;

use crate::limits;

/// The hexadecimal digits of a key.
const DIGITS: usize = 64;

/// Why a text is no public key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyError {
    /// It has so many characters.
    Length(usize),
    /// This character, counted from one, is no hexadecimal digit.
    Digit {
        /// Which one.
        at: usize,
        /// What stands there.
        found: char,
    },
    /// No secret key has this public key. One wrong digit has this effect half of the time.
    NotAKey,
    /// Anybody could sign in its name.
    Weak,
}

impl std::error::Error for KeyError {}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length(count) => write!(f, "a key has {DIGITS} hexadecimal digits, not {count}"),
            Self::Digit { at, found } => write!(
                f,
                "a key has hexadecimal digits only, but character {at} is {found:?}"
            ),
            Self::NotAKey => f.write_str("no key has these digits: is one of them wrong?"),
            Self::Weak => f.write_str("this key proves nothing: anybody can sign in its name"),
        }
    }
}

/// A public key from its 64 hexadecimal digits, as `NodeId` shows itself.
///
/// # Errors
/// [`KeyError`] with what is wrong.
pub fn parse_key(text: &str) -> Result<NodeId, KeyError> {
    let bytes = parse_hex(text)?;
    let key = VerifyingKey::from_bytes(&bytes).map_err(|_| KeyError::NotAKey)?;
    match key.is_weak() {
        true => Err(KeyError::Weak),
        false => Ok(NodeId(bytes)),
    }
}

/// Any 32 bytes from their 64 hexadecimal digits.
pub(super) fn parse_hex(text: &str) -> Result<[u8; 32], KeyError> {
    // A wrong character is said first: a typing error often changes the length as well.
    for (at, found) in (1..).zip(text.chars()) {
        if !found.is_ascii_hexdigit() {
            return Err(KeyError::Digit { at, found });
        }
    }
    if text.len() != DIGITS {
        return Err(KeyError::Length(text.len()));
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = pair
            .iter()
            .fold(0, |byte, digit| byte << 4 | nibble(*digit));
    }
    Ok(bytes)
}

/// The value of an ASCII hexadecimal digit.
fn nibble(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}

/// What people call a key: letters, digits, `-`, `_` and `.`; the first is a letter or a digit.
///
/// It is a safe file name, and never looks like a key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Name(String);

impl Name {
    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text is no [`Name`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NameError {
    /// There is nothing.
    Empty,
    /// It has so many characters.
    Long(usize),
    /// It begins with this.
    First(char),
    /// This is in it.
    Character(char),
}

impl std::error::Error for NameError {}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("a name has at least one character"),
            Self::Long(count) => {
                let most = limits::NAME_CHARS;
                write!(f, "a name has at most {most} characters, not {count}")
            }
            Self::First(found) => {
                write!(f, "a name begins with a letter or a digit, not {found:?}")
            }
            Self::Character(found) => write!(
                f,
                "a name has letters a to z and A to Z, digits, `-`, `_` and `.`, not {found:?}"
            ),
        }
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let first = text.chars().next().ok_or(NameError::Empty)?;
        let is_wrong = |c: &char| !(c.is_ascii_alphanumeric() || "-_.".contains(*c));
        if let Some(found) = text.chars().find(is_wrong) {
            return Err(NameError::Character(found));
        }
        if !first.is_ascii_alphanumeric() {
            return Err(NameError::First(first));
        }
        if text.len() > limits::NAME_CHARS {
            return Err(NameError::Long(text.len()));
        }
        Ok(Self(text.to_owned()))
    }
}

/// A node and where it is: `KEY@HOST:PORT`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Neighbor {
    /// Its key.
    pub key: NodeId,
    /// `HOST:PORT`. The host is a name, looked up whenever the node is called, or an address.
    pub address: String,
}

/// As it is read.
impl fmt::Display for Neighbor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.key, self.address)
    }
}

/// Why a text is no [`Neighbor`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NeighborError {
    /// There is no `@` between key and address.
    NoKey,
    /// What stands before the `@` is no key.
    Key(KeyError),
    /// The address has no `:PORT`.
    NoPort,
    /// The port is no number from 1 to 65535.
    Port,
    /// The host is empty, too long, or has a character that no host has.
    Host,
    /// An IPv6 address without brackets, or brackets without one.
    Brackets,
}

impl std::error::Error for NeighborError {}

impl fmt::Display for NeighborError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoKey => f.write_str("a neighbor is written KEY@HOST:PORT"),
            Self::Key(error) => error.fmt(f),
            Self::NoPort => f.write_str("the port is missing: write KEY@HOST:PORT"),
            Self::Port => f.write_str("a port is a number from 1 to 65535"),
            Self::Host => f.write_str("a host is a name like `lamp.local` or an address"),
            Self::Brackets => f.write_str("an IPv6 address stands in brackets: [::1]:7000"),
        }
    }
}

impl FromStr for Neighbor {
    type Err = NeighborError;

    fn from_str(text: &str) -> Result<Self, NeighborError> {
        let (key, address) = text.split_once('@').ok_or(NeighborError::NoKey)?;
        let key = parse_key(key).map_err(NeighborError::Key)?;
        check_address(address)?;
        Ok(Self {
            key,
            address: address.to_owned(),
        })
    }
}

fn check_address(address: &str) -> Result<(), NeighborError> {
    if address.starts_with('[') {
        return check_bracketed(address);
    }
    let (host, port) = address.rsplit_once(':').ok_or(NeighborError::NoPort)?;
    if host.contains(':') {
        return Err(NeighborError::Brackets);
    }
    check_port(port)?;
    let is_fit = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    match (1..=limits::HOST_CHARS).contains(&host.len()) && host.chars().all(is_fit) {
        true => Ok(()),
        false => Err(NeighborError::Host),
    }
}

fn check_bracketed(address: &str) -> Result<(), NeighborError> {
    let (_, port) = address.rsplit_once(']').ok_or(NeighborError::Brackets)?;
    check_port(port.strip_prefix(':').ok_or(NeighborError::NoPort)?)?;
    SocketAddrV6::from_str(address)
        .map(|_| ())
        .map_err(|_| NeighborError::Brackets)
}

fn check_port(port: &str) -> Result<(), NeighborError> {
    let is_number = port.bytes().all(|digit| digit.is_ascii_digit());
    match port.parse::<u16>() {
        Ok(1..) if is_number => Ok(()),
        _ => Err(NeighborError::Port),
    }
}
