//! The byte codec under every hash: little-endian, LEB128 in its shortest form only.
//!
//! Each value has exactly one encoding. The reader refuses all others, so `encode(decode(b)) == b`
//! whenever `decode(b)` succeeds. It never takes memory for more elements than bytes are left.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// Why bytes could not be decoded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DecodeError {
    /// The bytes end in the middle of a value.
    Truncated,
    /// There are bytes after the last value.
    Trailing,
    /// A version of the format that this crate does not know.
    Version(u8),
    /// More bytes than the limit for this kind of thing.
    TooLarge,
    /// A number that is not in its shortest form, or too large for its type.
    BadNumber,
    /// A tag byte that stands for nothing; what was expected is named.
    BadTag(&'static str),
    /// Text that is not UTF-8.
    BadText,
    /// A list that has to be ascending is not; which one is named.
    NotAscending(&'static str),
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DecodeError::Truncated => f.write_str("the bytes end too early"),
            DecodeError::Trailing => f.write_str("there are bytes after the end"),
            DecodeError::Version(version) => write!(f, "format version {version} is not known"),
            DecodeError::TooLarge => f.write_str("too many bytes"),
            DecodeError::BadNumber => f.write_str("a number is not in its shortest form"),
            DecodeError::BadTag(what) => write!(f, "unknown {what}"),
            DecodeError::BadText => f.write_str("text is not UTF-8"),
            DecodeError::NotAscending(what) => write!(f, "{what} are not in ascending order"),
        }
    }
}

impl core::error::Error for DecodeError {}

/// Collects encoded bytes.
#[derive(Default, Debug)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// An empty writer.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty writer with room for so many bytes.
    pub fn with_capacity(bytes: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(bytes),
        }
    }

    /// The number of bytes written, those it began with included.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// What was written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// One byte.
    pub fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    /// Bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// An unsigned number, LEB128.
    pub fn number(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }

    /// A signed number, zigzag LEB128.
    pub fn signed(&mut self, value: i64) {
        self.number((value as u64) << 1 ^ (value >> 63) as u64);
    }

    /// The length of a list.
    pub fn length(&mut self, len: usize) {
        self.number(len as u64);
    }

    /// A list: its length, then each element.
    pub fn list<T>(&mut self, items: &[T], mut each: impl FnMut(&mut Self, &T)) {
        self.length(items.len());
        items.iter().for_each(|item| each(self, item));
    }

    /// Bytes with their length.
    pub fn blob(&mut self, bytes: &[u8]) {
        self.length(bytes.len());
        self.raw(bytes);
    }

    /// Text with its length in bytes.
    pub fn text(&mut self, text: &str) {
        self.blob(text.as_bytes());
    }

    /// A value that may be absent.
    pub fn option<T>(&mut self, value: Option<T>, some: impl FnOnce(&mut Self, T)) {
        self.byte(u8::from(value.is_some()));
        if let Some(value) = value {
            some(self, value);
        }
    }
}

impl From<Vec<u8>> for Writer {
    /// A writer that goes on behind these bytes.
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes }
    }
}

/// Takes encoded bytes apart.
#[derive(Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// A reader of all of `bytes`, of which there may be at most `limit`.
    pub fn new(bytes: &'a [u8], limit: usize) -> Result<Self, DecodeError> {
        if bytes.len() > limit {
            return Err(DecodeError::TooLarge);
        }
        Ok(Self { rest: bytes })
    }

    /// Succeeds at the end of the bytes.
    pub fn finish(&self) -> Result<(), DecodeError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(DecodeError::Trailing)
        }
    }

    /// One byte.
    pub fn byte(&mut self) -> Result<u8, DecodeError> {
        let (first, rest) = self.rest.split_first().ok_or(DecodeError::Truncated)?;
        self.rest = rest;
        Ok(*first)
    }

    /// Bytes as they are.
    pub fn raw(&mut self, len: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self
            .rest
            .split_at_checked(len)
            .ok_or(DecodeError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    /// 32 bytes.
    pub fn hash(&mut self) -> Result<[u8; 32], DecodeError> {
        let bytes = self.raw(32)?;
        Ok(bytes.try_into().expect("raw(32) answers 32 bytes"))
    }

    /// An unsigned number.
    pub fn number(&mut self) -> Result<u64, DecodeError> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                let shortest = byte != 0 || shift == 0;
                let fits = shift < 63 || byte <= 1;
                return if shortest && fits {
                    Ok(value)
                } else {
                    Err(DecodeError::BadNumber)
                };
            }
        }
        Err(DecodeError::BadNumber)
    }

    /// A signed number.
    pub fn signed(&mut self) -> Result<i64, DecodeError> {
        let number = self.number()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    /// An unsigned number of 32 bits.
    pub fn number32(&mut self) -> Result<u32, DecodeError> {
        u32::try_from(self.number()?).map_err(|_| DecodeError::BadNumber)
    }

    /// An unsigned number of 16 bits.
    pub fn number16(&mut self) -> Result<u16, DecodeError> {
        u16::try_from(self.number()?).map_err(|_| DecodeError::BadNumber)
    }

    /// A truth value.
    pub fn flag(&mut self) -> Result<bool, DecodeError> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(DecodeError::BadTag("flag")),
        }
    }

    /// The length of a list whose elements take at least one byte each.
    pub fn length(&mut self) -> Result<usize, DecodeError> {
        let len = usize::try_from(self.number()?).map_err(|_| DecodeError::Truncated)?;
        if len > self.rest.len() {
            Err(DecodeError::Truncated)
        } else {
            Ok(len)
        }
    }

    /// A list: its length, then each element, which takes at least one byte.
    pub fn list<T>(
        &mut self,
        mut each: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let len = self.length()?;
        // An element can be much larger than its bytes: let the vector grow as they are read.
        let mut items = Vec::with_capacity(len.min(16));
        for _ in 0..len {
            items.push(each(self)?);
        }
        Ok(items)
    }

    /// Bytes with their length.
    pub fn blob(&mut self) -> Result<&'a [u8], DecodeError> {
        let len = self.length()?;
        self.raw(len)
    }

    /// Text with its length in bytes.
    pub fn text(&mut self) -> Result<String, DecodeError> {
        let text = core::str::from_utf8(self.blob()?).map_err(|_| DecodeError::BadText)?;
        Ok(text.into())
    }

    /// A value that may be absent.
    pub fn option<T>(
        &mut self,
        some: impl FnOnce(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Option<T>, DecodeError> {
        if self.flag()? {
            some(self).map(Some)
        } else {
            Ok(None)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_come_back(value: u64, signed: i64) {
            let mut writer = Writer::new();
            writer.number(value);
            writer.signed(signed);
            let bytes = writer.into_bytes();
            let mut reader = Reader::new(&bytes, 64).expect("small");
            prop_assert_eq!(reader.number(), Ok(value));
            prop_assert_eq!(reader.signed(), Ok(signed));
            prop_assert_eq!(reader.finish(), Ok(()));
        }

        #[test]
        fn a_number_has_one_encoding(bytes in proptest::collection::vec(any::<u8>(), 1..12)) {
            let mut reader = Reader::new(&bytes, 64).expect("small");
            if let Ok(value) = reader.number() {
                let mut writer = Writer::new();
                writer.number(value);
                let again = writer.into_bytes();
                prop_assert_eq!(&again[..], &bytes[..again.len()]);
            }
        }
    }

    #[test]
    fn long_forms_are_refused() {
        for bytes in [&[0x80, 0][..], &[0xff, 0x80, 0], &[0xff; 10], &[0x80; 11]] {
            let mut reader = Reader::new(bytes, 64).expect("small");
            assert_eq!(reader.number(), Err(DecodeError::BadNumber), "{bytes:?}");
        }
    }

    #[test]
    fn lengths_are_held_against_the_rest() {
        let mut reader = Reader::new(&[5, 1, 1], 64).expect("small");
        assert_eq!(reader.blob(), Err(DecodeError::Truncated));
        assert_eq!(
            Reader::new(&[0; 9], 8).map(|_| ()),
            Err(DecodeError::TooLarge)
        );
    }
}
