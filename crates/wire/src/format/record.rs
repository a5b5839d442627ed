//! One record, read in place.

use super::cursor::Cursor;
use super::fault::RecordFault;

/// The timestamp of a record that has none: format 0 has no timestamps, and later ones allow for -1.
pub const NO_TIMESTAMP: i64 = -1;

/// Where a record's timestamp comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TimestampKind {
    /// There is none (format 0).
    None,
    /// The producer set it.
    Create,
    /// The broker set it when it appended the batch.
    LogAppend,
}

/// A record of any format. Keys, values and headers lie in the batch it was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordView<'a> {
    /// Its offset in the partition.
    pub offset: i64,
    /// Milliseconds since 1970, or [`NO_TIMESTAMP`]. For [`TimestampKind::LogAppend`] the time of its batch.
    pub timestamp: i64,
    /// Where the timestamp comes from.
    pub timestamp_kind: TimestampKind,
    /// Its key; null and empty differ.
    pub key: Option<&'a [u8]>,
    /// Its value; null (a tombstone) and empty differ.
    pub value: Option<&'a [u8]>,
    /// Its headers; formats 0 and 1 have none.
    pub headers: Headers<'a>,
}

/// The headers of a record in their order, duplicates included. They were checked when the record was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Headers<'a> {
    count: u32,
    bytes: &'a [u8],
}

impl<'a> Headers<'a> {
    pub(super) fn new(count: u32, bytes: &'a [u8]) -> Self {
        Self { count, bytes }
    }

    /// How many there are; no bound but the batch's size.
    pub fn len(&self) -> usize {
        self.count as usize
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Bytes they take in the batch.
    pub fn byte_len(&self) -> usize {
        self.bytes.len()
    }

    /// Each header.
    pub fn iter(&self) -> HeaderIter<'a> {
        HeaderIter {
            left: self.count,
            cursor: Cursor::new(self.bytes),
        }
    }
}

impl<'a> IntoIterator for Headers<'a> {
    type Item = HeaderView<'a>;
    type IntoIter = HeaderIter<'a>;

    fn into_iter(self) -> HeaderIter<'a> {
        self.iter()
    }
}

impl<'a> IntoIterator for &Headers<'a> {
    type Item = HeaderView<'a>;
    type IntoIter = HeaderIter<'a>;

    fn into_iter(self) -> HeaderIter<'a> {
        self.iter()
    }
}

/// A header: its key, any bytes although Kafka means text, and its value, which may be null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeaderView<'a> {
    /// The key.
    pub key: &'a [u8],
    /// The value; null and empty differ.
    pub value: Option<&'a [u8]>,
}

/// The headers of one record.
#[derive(Debug, Clone)]
pub struct HeaderIter<'a> {
    left: u32,
    cursor: Cursor<'a>,
}

impl<'a> Iterator for HeaderIter<'a> {
    type Item = HeaderView<'a>;

    /// Ends with the last one: that they can be read was found when the record was read, by the same function.
    fn next(&mut self) -> Option<HeaderView<'a>> {
        self.left = self.left.checked_sub(1)?;
        read_header(&mut self.cursor).ok()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left as usize, Some(self.left as usize))
    }
}

fn read_header<'a>(cursor: &mut Cursor<'a>) -> Result<HeaderView<'a>, RecordFault> {
    Ok(HeaderView {
        key: cursor.sized()?,
        value: cursor.nullable()?,
    })
}

/// A record of format 2 as its batch holds it: the fields that depend on the batch, and the others as bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame<'a> {
    pub(super) attributes: u8,
    pub(super) timestamp_delta: i64,
    pub(super) offset_delta: i32,
    /// Key, value and headers.
    pub(super) payload: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Reads the next record up to its key, and moves behind it.
    pub(super) fn read(cursor: &mut Cursor<'a>) -> Result<Self, RecordFault> {
        let len = usize::try_from(cursor.varint()?).map_err(|_| RecordFault::Length)?;
        let bytes = cursor.bytes(len).ok_or(RecordFault::Length)?;
        let mut inner = Cursor::new(bytes);
        Ok(Frame {
            attributes: inner.u8().ok_or(RecordFault::Cut)?,
            timestamp_delta: inner.varlong()?,
            offset_delta: inner.varint()?,
            payload: inner.rest(),
        })
    }

    /// Reads key, value and headers, down to the last byte.
    pub(super) fn fields(&self) -> Result<Fields<'a>, RecordFault> {
        let mut cursor = Cursor::new(self.payload);
        let key = cursor.nullable()?;
        let value = cursor.nullable()?;
        let count = u32::try_from(cursor.varint()?).map_err(|_| RecordFault::Length)?;
        let headers = cursor.rest();
        for _ in 0..count {
            read_header(&mut cursor)?;
        }
        if !cursor.is_at_end() {
            return Err(RecordFault::Leftover);
        }
        Ok(Fields {
            key,
            value,
            headers: Headers::new(count, headers),
        })
    }
}

/// Key, value and headers of a record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'a> {
    pub(super) key: Option<&'a [u8]>,
    pub(super) value: Option<&'a [u8]>,
    pub(super) headers: Headers<'a>,
}
