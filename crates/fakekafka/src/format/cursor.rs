//! Bounds-checked reading of big-endian and varint fields.

use bytes::{BufMut, Bytes, BytesMut};

/// Bytes that are not a well-formed record batch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// The data ends inside a field.
    #[error("the record data ends early: {needed} bytes wanted at {at}, {len} there")]
    Short {
        /// Position of the field, in bytes.
        at: usize,
        /// Length of the field, in bytes.
        needed: usize,
        /// Length of the data, in bytes.
        len: usize,
    },
    /// A variable-length number longer than its type allows.
    #[error("a variable-length number at {0} is too long")]
    Varint(usize),
    /// A length or count that cannot be.
    #[error("the field {field} has the impossible value {value}")]
    Field {
        /// Name of the field.
        field: &'static str,
        /// Its value.
        value: i64,
    },
    /// A batch of another format than magic 2.
    #[error("record format {0} is not known, only 2")]
    Magic(i8),
    /// A compression code that does not exist.
    #[error("compression code {0} is not known")]
    Codec(i16),
    /// Compressed bytes that cannot be expanded, or records that cannot be compressed.
    #[error("{codec} data: {message}")]
    Compression {
        /// Name of the codec.
        codec: &'static str,
        /// What the codec said.
        message: String,
    },
}

/// A position in immutable bytes. Slices share the storage.
pub(crate) struct Cursor {
    data: Bytes,
    at: usize,
}

impl Cursor {
    pub(crate) fn new(data: Bytes) -> Self {
        Cursor { data, at: 0 }
    }

    pub(crate) fn at(&self) -> usize {
        self.at
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.at >= self.data.len()
    }

    fn advance(&mut self, needed: usize) -> Result<usize, FormatError> {
        let from = self.at;
        match from.checked_add(needed) {
            Some(end) if end <= self.data.len() => {
                self.at = end;
                Ok(from)
            }
            _ => Err(FormatError::Short {
                at: from,
                needed,
                len: self.data.len(),
            }),
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], FormatError> {
        let from = self.advance(N)?;
        let mut out = [0; N];
        out.copy_from_slice(&self.data[from..from + N]);
        Ok(out)
    }

    pub(crate) fn i8(&mut self) -> Result<i8, FormatError> {
        Ok(i8::from_be_bytes(self.array()?))
    }

    pub(crate) fn i16(&mut self) -> Result<i16, FormatError> {
        Ok(i16::from_be_bytes(self.array()?))
    }

    pub(crate) fn i32(&mut self) -> Result<i32, FormatError> {
        Ok(i32::from_be_bytes(self.array()?))
    }

    pub(crate) fn u32(&mut self) -> Result<u32, FormatError> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    pub(crate) fn i64(&mut self) -> Result<i64, FormatError> {
        Ok(i64::from_be_bytes(self.array()?))
    }

    pub(crate) fn bytes(&mut self, len: usize) -> Result<Bytes, FormatError> {
        let from = self.advance(len)?;
        Ok(self.data.slice(from..from + len))
    }

    /// A zigzag varint of at most 64 bits.
    pub(crate) fn varlong(&mut self) -> Result<i64, FormatError> {
        let from = self.at;
        let mut value = 0u64;
        for shift in (0..70).step_by(7) {
            let [byte] = self.array::<1>()?;
            // The tenth byte holds the one bit that is left of 64.
            if shift == 63 && byte > 1 {
                break;
            }
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(((value >> 1) as i64) ^ -((value & 1) as i64));
            }
        }
        Err(FormatError::Varint(from))
    }

    /// A zigzag varint of at most 32 bits.
    pub(crate) fn varint(&mut self) -> Result<i32, FormatError> {
        let from = self.at;
        i32::try_from(self.varlong()?).map_err(|_| FormatError::Varint(from))
    }

    /// A length that must not be negative.
    pub(crate) fn length(&mut self, field: &'static str) -> Result<usize, FormatError> {
        let value = self.varint()?;
        usize::try_from(value).map_err(|_| FormatError::Field {
            field,
            value: value.into(),
        })
    }

    /// A length-prefixed byte string, -1 standing for null.
    pub(crate) fn nullable(&mut self, field: &'static str) -> Result<Option<Bytes>, FormatError> {
        match self.varint()? {
            -1 => Ok(None),
            value => {
                let len = usize::try_from(value).map_err(|_| FormatError::Field {
                    field,
                    value: value.into(),
                })?;
                self.bytes(len).map(Some)
            }
        }
    }
}

/// Appends a zigzag varint.
pub(crate) fn put_varlong(out: &mut BytesMut, value: i64) {
    let mut rest = ((value << 1) ^ (value >> 63)) as u64;
    while rest >= 0x80 {
        out.put_u8((rest as u8 & 0x7f) | 0x80);
        rest >>= 7;
    }
    out.put_u8(rest as u8);
}

/// Appends a length-prefixed byte string, null as length -1.
pub(crate) fn put_nullable(out: &mut BytesMut, value: Option<&Bytes>) {
    match value {
        None => put_varlong(out, -1),
        Some(bytes) => {
            put_varlong(out, bytes.len() as i64);
            out.put_slice(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_survive_the_round_trip() {
        for value in [
            0,
            1,
            -1,
            63,
            64,
            -65,
            300,
            i64::from(i32::MAX),
            i64::MIN,
            i64::MAX,
        ] {
            let mut out = BytesMut::new();
            put_varlong(&mut out, value);
            let mut cursor = Cursor::new(out.freeze());
            assert_eq!(cursor.varlong().unwrap(), value);
            assert!(cursor.is_at_end());
        }
    }

    #[test]
    fn overlong_and_cut_varints_are_refused() {
        assert_eq!(
            Cursor::new(Bytes::from_static(&[0x80; 11])).varlong(),
            Err(FormatError::Varint(0))
        );
        assert!(matches!(
            Cursor::new(Bytes::from_static(&[0x80])).varlong(),
            Err(FormatError::Short { .. })
        ));
    }

    #[test]
    fn a_length_beyond_the_data_is_refused() {
        let mut out = BytesMut::new();
        put_varlong(&mut out, 100);
        assert!(matches!(
            Cursor::new(out.freeze()).nullable("value"),
            Err(FormatError::Short { needed: 100, .. })
        ));
    }
}
