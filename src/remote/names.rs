//! Names of messages, launches and nodes, as people read and write them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use sm_net::control::protocol::Name;

use super::Node;
use crate::exit::Failure;

/// Hexadecimal digits of a name in lists and events.
const DIGITS: usize = 12;

/// All 64 hexadecimal digits.
pub(crate) fn hex(name: &[u8]) -> String {
    name.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Enough of them to tell things apart.
pub(crate) fn short(name: &[u8]) -> String {
    let mut text = hex(name);
    text.truncate(DIGITS);
    text
}

/// Thirty-two bytes, if `text` is their 64 digits.
pub(crate) fn parse(text: &str) -> Option<Name> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let mut name = [0; 32];
    for (index, byte) in name.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(name)
}

/// The beginning of a name, in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Prefix(String);

impl Prefix {
    /// As an argument of the command line.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = text.to_ascii_lowercase();
        let fits = (1..=64).contains(&text.len());
        if fits && text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            Ok(Self(text))
        } else {
            Err("write the first hexadecimal digits of a message, as `smc ps` shows it".to_owned())
        }
    }

    pub(crate) fn fits(&self, name: &Name) -> bool {
        hex(name).starts_with(&self.0)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// What nodes are called, by their keys.
#[derive(Debug, Default)]
pub(crate) struct Names(BTreeMap<Name, String>);

impl Names {
    /// What these nodes call themselves and their neighbors.
    pub(crate) async fn of(nodes: &[Node]) -> Result<Self, Failure> {
        let ask = async |node: &Node| Ok((node.neighbors().await?, node.status().await?));
        let answered = super::each(nodes, ask).await?;
        let mut names = Self::default();
        for (_, (neighbors, _)) in &answered {
            for neighbor in neighbors {
                if let Some(name) = &neighbor.name {
                    names.add(neighbor.key, name.clone());
                }
            }
        }
        // A node knows its own name best.
        for (_, (_, status)) in answered {
            names.add(status.key, status.name);
        }
        Ok(names)
    }

    pub(crate) fn add(&mut self, key: Name, name: String) {
        self.0.insert(key, name);
    }

    /// The name, if there is one.
    pub(crate) fn known(&self, key: &Name) -> Option<String> {
        self.0.get(key).cloned()
    }

    /// The name, or the first digits of the key.
    pub(crate) fn node(&self, key: &Name) -> String {
        self.0.get(key).cloned().unwrap_or_else(|| short(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_hexadecimal() {
        let mut name = [0; 32];
        name[0] = 0x3f;
        name[31] = 0xa2;
        assert_eq!(short(&name), "3f0000000000");
        assert_eq!(parse(&hex(&name)), Some(name));
        assert_eq!(parse("3f"), None);
        assert_eq!(parse(&"ä".repeat(32)), None);
    }

    #[test]
    fn prefixes_fit_in_any_case() {
        let prefix = Prefix::parse("AB").expect("a prefix");
        assert!(prefix.fits(&[0xab; 32]));
        assert!(!prefix.fits(&[0xba; 32]));
        assert!(Prefix::parse("xy").is_err());
        assert!(Prefix::parse("").is_err());
    }
}
