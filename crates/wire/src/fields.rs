//! Reading and writing the protocol's fields by hand, for answers that carry record batches and for versions that the
//! protocol crate does not have. Nothing is read beyond the end, and no memory is taken for a length that is a lie.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::messages::ApiKey;
use uuid::Uuid;

use crate::error::{Result, WireError};

/// Reads an answer's fields in their order.
#[derive(Debug)]
pub(crate) struct Fields {
    api: ApiKey,
    rest: Bytes,
    flexible: bool,
}

impl Fields {
    /// Begins at the first field of the body. `flexible` versions write lengths as varints and have tagged fields
    /// (KIP-482).
    pub(crate) fn new(api: ApiKey, body: Bytes, flexible: bool) -> Self {
        Self {
            api,
            rest: body,
            flexible,
        }
    }

    fn malformed(&self, reason: &str) -> WireError {
        WireError::Malformed {
            what: format!("{:?}", self.api),
            reason: reason.to_owned(),
        }
    }

    fn need(&self, count: usize) -> Result<()> {
        if self.rest.len() < count {
            return Err(self.malformed("it is cut off"));
        }
        Ok(())
    }

    pub(crate) fn int8(&mut self) -> Result<i8> {
        self.need(1)?;
        Ok(self.rest.get_i8())
    }

    pub(crate) fn int16(&mut self) -> Result<i16> {
        self.need(2)?;
        Ok(self.rest.get_i16())
    }

    pub(crate) fn int32(&mut self) -> Result<i32> {
        self.need(4)?;
        Ok(self.rest.get_i32())
    }

    pub(crate) fn int64(&mut self) -> Result<i64> {
        self.need(8)?;
        Ok(self.rest.get_i64())
    }

    pub(crate) fn uuid(&mut self) -> Result<Uuid> {
        self.need(16)?;
        Ok(Uuid::from_u128(self.rest.get_u128()))
    }

    fn varint(&mut self) -> Result<u32> {
        let mut value = 0u32;
        for shift in (0..35).step_by(7) {
            self.need(1)?;
            let byte = self.rest.get_u8();
            let bits = u32::from(byte & 0x7f);
            if shift == 28 && bits > 0xf {
                break;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(self.malformed("a length in it is longer than 32 bits"))
    }

    /// A length that was written with one added in flexible versions; none for null.
    fn length(&mut self, plain: impl FnOnce(&mut Self) -> Result<i32>) -> Result<Option<usize>> {
        let length = if self.flexible {
            i64::from(self.varint()?) - 1
        } else {
            i64::from(plain(self)?)
        };
        match usize::try_from(length) {
            Ok(length) => {
                self.need(length)?;
                Ok(Some(length))
            }
            Err(_) if length == -1 => Ok(None),
            Err(_) => Err(self.malformed("a length in it is negative")),
        }
    }

    /// Bytes, as a slice of the answer.
    pub(crate) fn bytes(&mut self) -> Result<Option<Bytes>> {
        let length = self.length(Self::int32)?;
        Ok(length.map(|length| self.rest.split_to(length)))
    }

    pub(crate) fn optional_text(&mut self) -> Result<Option<String>> {
        let length = self.length(|fields| Ok(i32::from(fields.int16()?)))?;
        let Some(length) = length else { return Ok(None) };
        let text = self.rest.split_to(length);
        match std::str::from_utf8(&text) {
            Ok(text) => Ok(Some(text.to_owned())),
            Err(_) => Err(self.malformed("a text in it is not UTF-8")),
        }
    }

    pub(crate) fn text(&mut self) -> Result<String> {
        Ok(self.optional_text()?.unwrap_or_default())
    }

    /// How many elements follow; none for null. Each has at least one byte, so that there cannot be more than bytes.
    pub(crate) fn count(&mut self) -> Result<usize> {
        Ok(self.length(Self::int32)?.unwrap_or(0))
    }

    /// The tagged fields at the end of a structure: each with its tag, in a reader of its own.
    pub(crate) fn tagged(&mut self) -> Result<Vec<(u32, Fields)>> {
        let mut found = Vec::new();
        if !self.flexible {
            return Ok(found);
        }
        for _ in 0..self.varint()? {
            let tag = self.varint()?;
            let length = usize::try_from(self.varint()?).unwrap_or(usize::MAX);
            self.need(length)?;
            let field = Self::new(self.api, self.rest.split_to(length), true);
            found.push((tag, field));
        }
        Ok(found)
    }
}

/// Writes a request's fields.
#[derive(Debug)]
pub(crate) struct Writing {
    pub(crate) out: BytesMut,
    flexible: bool,
}

impl Writing {
    pub(crate) fn new(flexible: bool) -> Self {
        Self {
            out: BytesMut::with_capacity(256),
            flexible,
        }
    }

    fn varint(&mut self, mut value: u32) {
        while value >= 0x80 {
            self.out.put_u8(value as u8 | 0x80);
            value >>= 7;
        }
        self.out.put_u8(value as u8);
    }

    /// How many elements follow.
    pub(crate) fn count(&mut self, count: usize) {
        let count = i32::try_from(count).unwrap_or(i32::MAX);
        if self.flexible {
            self.varint(count.unsigned_abs().saturating_add(1));
        } else {
            self.out.put_i32(count);
        }
    }

    /// Null instead of elements or a text of this many bytes.
    pub(crate) fn null_text(&mut self) {
        if self.flexible {
            self.varint(0);
        } else {
            self.out.put_i16(-1);
        }
    }

    /// The length of bytes that follow in a piece of their own.
    pub(crate) fn bytes_length(&mut self, length: usize) {
        self.count(length);
    }

    /// # Errors
    /// It is longer than 32 KB, which the protocol cannot write.
    pub(crate) fn text(&mut self, text: &str) -> Result<()> {
        let length = i16::try_from(text.len()).map_err(|_| WireError::Malformed {
            what: "a request".to_owned(),
            reason: "a name in it is longer than 32 KB".to_owned(),
        })?;
        if self.flexible {
            self.varint(u32::from(length.unsigned_abs()) + 1);
        } else {
            self.out.put_i16(length);
        }
        self.out.put_slice(text.as_bytes());
        Ok(())
    }

    /// No tagged fields.
    pub(crate) fn no_tags(&mut self) {
        if self.flexible {
            self.out.put_u8(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fields(bytes: &[u8], flexible: bool) -> Fields {
        Fields::new(ApiKey::Fetch, Bytes::copy_from_slice(bytes), flexible)
    }

    #[test]
    fn lengths_beyond_the_end_are_refused_before_anything_is_taken() {
        assert!(fields(&[0x7f, 0xff, 0xff, 0xff, 1], false).count().is_err());
        assert!(fields(&[0xff, 0xff, 0xff, 0xff, 0x0f], true).count().is_err());
        assert!(fields(&[0xff, 0xff, 0xff, 0xff, 0xff, 1], true).bytes().is_err());
        assert!(fields(&[0x80, 0, 0, 0], false).bytes().is_err());
        assert_eq!(fields(&[0xff; 4], false).bytes().unwrap(), None);
        assert_eq!(fields(&[0], true).bytes().unwrap(), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(flexible: bool, text in "\\PC{0,300}", count in 0usize..100, length in 0usize..100) {
            let mut writing = Writing::new(flexible);
            writing.text(&text).unwrap();
            writing.count(count);
            writing.out.put_bytes(7, count);
            writing.bytes_length(length);
            writing.out.put_bytes(9, length);
            writing.null_text();
            writing.no_tags();
            let mut fields = fields(&writing.out, flexible);
            prop_assert_eq!(fields.text().unwrap(), text);
            prop_assert_eq!(fields.count().unwrap(), count);
            for _ in 0..count {
                prop_assert_eq!(fields.int8().unwrap(), 7);
            }
            prop_assert_eq!(fields.bytes().unwrap().unwrap().len(), length);
            prop_assert_eq!(fields.optional_text().unwrap(), None);
            prop_assert!(fields.tagged().unwrap().is_empty());
            prop_assert!(fields.rest.is_empty());
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60), flexible: bool) {
            let mut fields = fields(&bytes, flexible);
            while fields.text().is_ok() && fields.count().is_ok() && fields.bytes().is_ok() && fields.tagged().is_ok() {
                if fields.int8().is_err() {
                    break;
                }
            }
        }
    }
}
