//! One form of a record for comparing and digesting it, whatever batch, format, codec, partition or offset it has.

use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::record::RecordView;

/// What of a record counts beside its key and value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CanonicalFields {
    /// Not where a side cannot have headers (formats 0 and 1).
    pub headers: bool,
    /// Not where a side sets timestamps itself.
    pub timestamp: bool,
}

impl CanonicalFields {
    /// Everything.
    pub const ALL: CanonicalFields = CanonicalFields {
        headers: true,
        timestamp: true,
    };
}

/// A record by its parts, for records that another client has read.
#[derive(Debug, Clone, Copy)]
pub struct RecordParts<'a, H> {
    /// Its key.
    pub key: Option<&'a [u8]>,
    /// Its value.
    pub value: Option<&'a [u8]>,
    /// Its headers in their order: key and value.
    pub headers: H,
    /// Milliseconds since 1970, or -1.
    pub timestamp: i64,
}

/// Appends the canonical form of a record to `out`:
///
/// ```text
/// record    = field(key) field(value) headers timestamp
/// field     = 00                                null
///           | 01 length bytes                   length: u64, little endian
/// headers   = { 01 length bytes field(value) } 00     one per header, in order, length and bytes of its key
/// timestamp = i64, little endian, milliseconds since 1970; -1 for none
/// ```
///
/// Headers and timestamp are left out as `fields` says (with the `00` behind the headers). The form is unambiguous: two
/// records have the same one exactly if all of these fields are the same bytes. Offset, partition and the kind of the
/// timestamp are not part of it.
pub fn write_canonical(record: &RecordView<'_>, fields: CanonicalFields, out: &mut Vec<u8>) {
    feed(parts(record), fields, &mut |bytes| out.extend_from_slice(bytes));
}

/// Hashes of canonical forms: XXH3 with 64 bits and seed 0 of the bytes that [`write_canonical`] writes.
///
/// Not made for data of an adversary: a hash that differs proves a difference, equal ones make equality all but certain.
#[derive(Debug, Default)]
pub struct CanonicalHasher {
    scratch: Vec<u8>,
}

/// Up to this many bytes, hashing a copy in one piece is faster than feeding the hash.
const SHORT: usize = 2048;

impl CanonicalHasher {
    /// A new one.
    pub fn new() -> Self {
        Self::default()
    }

    /// The hash of a record.
    pub fn hash(&mut self, record: &RecordView<'_>, fields: CanonicalFields) -> u64 {
        let headers_len = if fields.headers {
            record.headers.byte_len()
        } else {
            0
        };
        let fields_len = record.key.map_or(0, <[u8]>::len) + record.value.map_or(0, <[u8]>::len);
        self.hash_sized(parts(record), fields, headers_len + fields_len)
    }

    /// The hash of a record that another client has read.
    pub fn hash_parts<'a, H>(&mut self, record: RecordParts<'a, H>, fields: CanonicalFields) -> u64
    where
        H: IntoIterator<Item = (&'a [u8], Option<&'a [u8]>)>,
    {
        let len = record.key.map_or(0, <[u8]>::len) + record.value.map_or(0, <[u8]>::len);
        self.hash_sized(record, fields, len)
    }

    fn hash_sized<'a, H>(&mut self, record: RecordParts<'a, H>, fields: CanonicalFields, len: usize) -> u64
    where
        H: IntoIterator<Item = (&'a [u8], Option<&'a [u8]>)>,
    {
        if len <= SHORT {
            self.scratch.clear();
            feed(record, fields, &mut |bytes| self.scratch.extend_from_slice(bytes));
            return xxh3_64(&self.scratch);
        }
        let mut hasher = Xxh3::new();
        feed(record, fields, &mut |bytes| hasher.update(bytes));
        hasher.digest()
    }
}

type Parts<'a, I> = RecordParts<'a, I>;

fn parts<'a>(record: &RecordView<'a>) -> Parts<'a, impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)>> {
    RecordParts {
        key: record.key,
        value: record.value,
        headers: record.headers.iter().map(|header| (header.key, header.value)),
        timestamp: record.timestamp,
    }
}

fn feed<'a, H>(record: RecordParts<'a, H>, fields: CanonicalFields, sink: &mut impl FnMut(&[u8]))
where
    H: IntoIterator<Item = (&'a [u8], Option<&'a [u8]>)>,
{
    field(record.key, sink);
    field(record.value, sink);
    if fields.headers {
        for (key, value) in record.headers {
            field(Some(key), sink);
            field(value, sink);
        }
        sink(&[0]);
    }
    if fields.timestamp {
        sink(&record.timestamp.to_le_bytes());
    }
}

fn field(bytes: Option<&[u8]>, sink: &mut impl FnMut(&[u8])) {
    let Some(bytes) = bytes else {
        return sink(&[0]);
    };
    sink(&[1]);
    sink(&(bytes.len() as u64).to_le_bytes());
    sink(bytes);
}
