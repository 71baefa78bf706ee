//! Names by content: one newtype for each kind of thing that a hash names.
//!
//! Every hash is BLAKE3 in `derive_key` mode with a context of its own, so that bytes of one kind
//! can never be passed off as another kind.

use core::fmt;

macro_rules! hashes {
    ($($(#[doc = $doc:literal])+ $name:ident = $context:literal;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; 32]);

        impl $name {
            /// The `derive_key` context of this kind of hash.
            pub const CONTEXT: &str = $context;

            /// The name of the given canonical bytes.
            pub fn of(bytes: &[u8]) -> Self {
                Self(blake3::derive_key(Self::CONTEXT, bytes))
            }

            /// The hash as bytes.
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            /// 64 hexadecimal digits; with a precision (`{:.8}`) the first so many.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_hex(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({:.8})", stringify!($name), self)
            }
        }
    )+};
}

hashes! {
    /// Names a brick: the canonical encoding of a [`Group`](crate::Group).
    BrickHash = "smart-messages 0 brick";
    /// Names a [`ModuleManifest`](crate::ModuleManifest).
    ManifestHash = "smart-messages 0 module manifest";
    /// Names a [`ProgramManifest`](crate::ProgramManifest).
    ProgramHash = "smart-messages 0 program manifest";
    /// Names a [`Type`](crate::Type) by its content, without the module that declares it.
    TypeHash = "smart-messages 0 type";
    /// Names a [`DebugBlob`](crate::DebugBlob).
    DebugHash = "smart-messages 0 debug";
}

fn write_hex(bytes: &[u8; 32], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let digits = f.precision().unwrap_or(64);
    for n in 0..digits.min(64) {
        let nibble = (bytes[n / 2] >> (4 * (1 - n % 2))) & 15;
        write!(f, "{nibble:x}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;

    #[test]
    fn hex_has_full_and_short_forms() {
        let mut bytes = [0; 32];
        bytes[0] = 0x1f;
        bytes[1] = 0xa0;
        assert_eq!(format!("{:.3}", BrickHash(bytes)), "1fa");
        assert_eq!(format!("{}", BrickHash(bytes)).len(), 64);
    }

    #[test]
    fn kinds_are_separated() {
        assert_ne!(BrickHash::of(b"x").0, TypeHash::of(b"x").0);
    }
}
