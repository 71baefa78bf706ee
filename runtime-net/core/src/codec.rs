//! The encoding that records and frames are made of.
//!
//! Everything is little-endian. Numbers that are usually small are LEB128 in the one shortest
//! form, so that equal values have equal bytes and hashes of them mean something. Lengths come
//! before what they count and are checked against a bound *and* against the bytes that are there,
//! so that nothing is allocated on a stranger's word.

use std::fmt;

/// Why bytes are not what they should be.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum DecodeError {
    /// They end too early.
    Truncated,
    /// They go on after the end.
    Trailing,
    /// A length is over its bound.
    TooLong,
    /// A number is not in its shortest form, or an order is not kept.
    NotCanonical,
    /// A kind or a flag that does not exist.
    Unknown(u8),
    /// A version that this node does not speak.
    Version(u8),
    /// Text that is not UTF-8.
    NotText,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DecodeError::Truncated => f.write_str("it ends too early"),
            DecodeError::Trailing => f.write_str("it goes on after its end"),
            DecodeError::TooLong => f.write_str("a length is over its bound"),
            DecodeError::NotCanonical => f.write_str("it is not in canonical form"),
            DecodeError::Unknown(kind) => write!(f, "there is no kind {kind}"),
            DecodeError::Version(version) => write!(f, "version {version} is not spoken here"),
            DecodeError::NotText => f.write_str("text is not UTF-8"),
        }
    }
}

impl std::error::Error for DecodeError {}

/// Appends to bytes.
#[derive(Default, Debug)]
pub(crate) struct Writer(pub(crate) Vec<u8>);

impl Writer {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    pub(crate) fn u8(&mut self, value: u8) {
        self.0.push(value);
    }

    pub(crate) fn u16(&mut self, value: u16) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// A number as LEB128.
    pub(crate) fn var(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    /// A length or count.
    pub(crate) fn len(&mut self, value: usize) {
        self.var(value as u64);
    }

    /// Bytes after their length.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.len(bytes.len());
        self.raw(bytes);
    }

    /// Whether there is something, and then what it is.
    pub(crate) fn option<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.u8(u8::from(value.is_some()));
        if let Some(value) = value {
            write(self, value);
        }
    }
}

/// Takes from bytes.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Nothing may be left.
    pub(crate) fn finish(self) -> Result<(), DecodeError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(DecodeError::Trailing)
        }
    }

    /// All that is left.
    pub(crate) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self
            .rest
            .split_at_checked(count)
            .ok_or(DecodeError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (taken, rest) = self
            .rest
            .split_first_chunk()
            .ok_or(DecodeError::Truncated)?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, DecodeError> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, DecodeError> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn var(&mut self) -> Result<u64, DecodeError> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            let bits = u64::from(byte & 0x7f);
            // The tenth byte has room for one bit; a zero at the end adds nothing.
            if (shift == 63 && bits > 1) || (shift > 0 && byte == 0) {
                return Err(DecodeError::NotCanonical);
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(DecodeError::NotCanonical)
    }

    /// A number that fits 32 bits.
    pub(crate) fn small(&mut self) -> Result<u32, DecodeError> {
        u32::try_from(self.var()?).map_err(|_| DecodeError::TooLong)
    }

    /// A length or count of at most `most`.
    pub(crate) fn len(&mut self, most: usize) -> Result<usize, DecodeError> {
        let value = self.var()?;
        usize::try_from(value)
            .ok()
            .filter(|len| *len <= most)
            .ok_or(DecodeError::TooLong)
    }

    pub(crate) fn bytes(&mut self, most: usize) -> Result<&'a [u8], DecodeError> {
        let len = self.len(most)?;
        self.take(len)
    }

    pub(crate) fn text(&mut self, most: usize) -> Result<&'a str, DecodeError> {
        std::str::from_utf8(self.bytes(most)?).map_err(|_| DecodeError::NotText)
    }

    pub(crate) fn option<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Option<T>, DecodeError> {
        match self.u8()? {
            0 => Ok(None),
            1 => read(self).map(Some),
            other => Err(DecodeError::Unknown(other)),
        }
    }

    /// A list of at most `most` items. Memory grows with what is there, not with what is said.
    pub(crate) fn list<T>(
        &mut self,
        most: usize,
        mut read: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let count = self.len(most)?;
        let mut items = Vec::with_capacity(count.min(self.rest.len()).min(1_024));
        for _ in 0..count {
            items.push(read(self)?);
        }
        Ok(items)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_come_back(value: u64, small in 0..300u64) {
            for value in [value, small, u64::MAX] {
                let mut writer = Writer::default();
                writer.var(value);
                let mut reader = Reader::new(&writer.0);
                prop_assert_eq!(reader.var(), Ok(value));
                prop_assert_eq!(reader.finish(), Ok(()));
            }
        }

        #[test]
        fn what_decodes_encodes_to_the_same_bytes(
            bytes in proptest::collection::vec(any::<u8>(), 0..12),
        ) {
            let mut reader = Reader::new(&bytes);
            if let Ok(value) = reader.var() {
                let mut writer = Writer::default();
                writer.var(value);
                prop_assert_eq!(&writer.0[..], &bytes[..writer.0.len()]);
            }
        }
    }

    #[test]
    fn longer_forms_are_refused() {
        for bytes in [
            &[0x80, 0x00][..],
            &[0xff, 0x80, 0x00],
            &[0xff; 10],
            &[0x80; 11],
        ] {
            assert_eq!(Reader::new(bytes).var(), Err(DecodeError::NotCanonical));
        }
    }

    #[test]
    fn a_length_is_not_believed() {
        let mut writer = Writer::default();
        writer.len(1 << 40);
        assert_eq!(Reader::new(&writer.0).bytes(100), Err(DecodeError::TooLong));
        assert_eq!(
            Reader::new(&writer.0).bytes(usize::MAX),
            Err(DecodeError::Truncated)
        );
        let list = Reader::new(&writer.0).list(usize::MAX, Reader::u8);
        assert_eq!(list, Err(DecodeError::Truncated));
    }
}
