//! The records inside a batch. Header keys may repeat and values may be null: both are kept as they are.

use bytes::{BufMut, Bytes, BytesMut};

use super::batch::{BatchHeader, HEADER_LEN, seal};
use super::codec::Compression;
use super::cursor::{Cursor, FormatError, put_nullable, put_varlong};

/// One record with its place in the partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) offset: i64,
    pub(crate) timestamp: i64,
    pub(crate) key: Option<Bytes>,
    pub(crate) value: Option<Bytes>,
    pub(crate) headers: Vec<(Bytes, Option<Bytes>)>,
}

/// What a batch says about all of its records.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BatchSpec {
    pub(crate) base_offset: i64,
    pub(crate) last_offset_delta: i32,
    pub(crate) leader_epoch: i32,
    pub(crate) compression: Compression,
    pub(crate) append_time: bool,
    pub(crate) transactional: bool,
    pub(crate) control: bool,
    pub(crate) base_timestamp: i64,
    pub(crate) max_timestamp: i64,
    pub(crate) producer_id: i64,
    pub(crate) producer_epoch: i16,
    pub(crate) base_sequence: i32,
}

impl BatchSpec {
    /// The shape of an existing batch, to write it again with other records or another codec.
    pub(crate) fn like(header: &BatchHeader) -> Result<Self, FormatError> {
        Ok(BatchSpec {
            base_offset: header.base_offset,
            last_offset_delta: header.last_offset_delta,
            leader_epoch: header.leader_epoch,
            compression: header.compression()?,
            append_time: header.is_append_time(),
            transactional: header.is_transactional(),
            control: header.is_control(),
            base_timestamp: header.base_timestamp,
            max_timestamp: header.max_timestamp,
            producer_id: header.producer_id,
            producer_epoch: header.producer_epoch,
            base_sequence: header.base_sequence,
        })
    }

    /// A batch of new records that no idempotent producer wrote.
    pub(crate) fn plain(compression: Compression, records: &[Record]) -> Self {
        BatchSpec {
            base_offset: 0,
            last_offset_delta: records.len().saturating_sub(1) as i32,
            leader_epoch: -1,
            compression,
            append_time: false,
            transactional: false,
            control: false,
            base_timestamp: records.first().map_or(-1, |r| r.timestamp),
            max_timestamp: records.iter().map(|r| r.timestamp).max().unwrap_or(-1),
            producer_id: -1,
            producer_epoch: -1,
            base_sequence: -1,
        }
    }
}

/// Reads all records of one batch, expanding it if it is compressed.
pub(crate) fn decode(header: &BatchHeader, batch: &Bytes) -> Result<Vec<Record>, FormatError> {
    let len = header.total_len()?;
    if len > batch.len() {
        return Err(FormatError::Short {
            at: 0,
            needed: len,
            len: batch.len(),
        });
    }
    let packed = batch.slice(HEADER_LEN..len);
    // A batch that compaction has emptied has no compressed bytes at all.
    if header.count == 0 && packed.is_empty() {
        return Ok(Vec::new());
    }
    let mut at = Cursor::new(header.compression()?.expand(&packed)?);
    let mut records = Vec::new();
    for _ in 0..header.count {
        records.push(decode_record(header, &mut at)?);
    }
    if !at.is_at_end() {
        return Err(FormatError::Field {
            field: "recordCount",
            value: header.count.into(),
        });
    }
    Ok(records)
}

fn decode_record(header: &BatchHeader, at: &mut Cursor) -> Result<Record, FormatError> {
    let len = at.length("record length")?;
    let end = at.at() + len;
    at.i8()?;
    let timestamp_delta = at.varlong()?;
    let offset_delta = at.varint()?;
    let key = at.nullable("key length")?;
    let value = at.nullable("value length")?;
    let count = at.length("header count")?;
    let mut headers = Vec::new();
    for _ in 0..count {
        let key_len = at.length("header key length")?;
        let key = at.bytes(key_len)?;
        headers.push((key, at.nullable("header value length")?));
    }
    if at.at() != end {
        return Err(FormatError::Field {
            field: "record length",
            value: len as i64,
        });
    }
    let timestamp = if header.is_append_time() {
        header.max_timestamp
    } else {
        header.base_timestamp.wrapping_add(timestamp_delta)
    };
    Ok(Record {
        offset: header.base_offset + i64::from(offset_delta),
        timestamp,
        key,
        value,
        headers,
    })
}

/// Writes a batch. The offsets of the records must lie in the range `spec` names.
pub(crate) fn encode(spec: &BatchSpec, records: &[Record]) -> Result<Bytes, FormatError> {
    let mut body = BytesMut::new();
    let mut one = BytesMut::new();
    for record in records {
        one.clear();
        one.put_i8(0);
        put_varlong(&mut one, record.timestamp.wrapping_sub(spec.base_timestamp));
        put_varlong(&mut one, record.offset - spec.base_offset);
        put_nullable(&mut one, record.key.as_ref());
        put_nullable(&mut one, record.value.as_ref());
        put_varlong(&mut one, record.headers.len() as i64);
        for (key, value) in &record.headers {
            put_nullable(&mut one, Some(key));
            put_nullable(&mut one, value.as_ref());
        }
        put_varlong(&mut body, one.len() as i64);
        body.put_slice(&one);
    }
    let packed = if records.is_empty() {
        Bytes::new()
    } else {
        spec.compression.compress(&body)?
    };
    let batch_length = i32::try_from(HEADER_LEN - 12 + packed.len()).map_err(|_| FormatError::Field {
        field: "batchLength",
        value: packed.len() as i64,
    })?;

    let mut out = BytesMut::with_capacity(HEADER_LEN + packed.len());
    out.put_i64(spec.base_offset);
    out.put_i32(batch_length);
    out.put_i32(spec.leader_epoch);
    out.put_i8(2);
    out.put_u32(0);
    out.put_i16(BatchHeader::attributes_of(
        spec.compression,
        spec.append_time,
        spec.transactional,
        spec.control,
    ));
    out.put_i32(spec.last_offset_delta);
    out.put_i64(spec.base_timestamp);
    out.put_i64(spec.max_timestamp);
    out.put_i64(spec.producer_id);
    out.put_i16(spec.producer_epoch);
    out.put_i32(spec.base_sequence);
    out.put_i32(records.len() as i32);
    out.put_slice(&packed);
    seal(&mut out);
    Ok(out.freeze())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::crc_matches;

    fn sample() -> Vec<Record> {
        let b = |s: &'static str| Some(Bytes::from_static(s.as_bytes()));
        vec![
            Record {
                offset: 0,
                timestamp: 1_700_000_000_000,
                key: b("k"),
                value: b("v"),
                headers: vec![
                    (Bytes::from_static(b"same"), b("1")),
                    (Bytes::from_static(b"same"), None),
                    (Bytes::from_static(b""), b("")),
                ],
            },
            Record {
                offset: 1,
                timestamp: -1,
                key: None,
                value: None,
                headers: vec![],
            },
            Record {
                offset: 2,
                timestamp: 0,
                key: b(""),
                value: b(""),
                headers: vec![],
            },
        ]
    }

    #[test]
    fn records_survive_every_codec() {
        for codec in [
            Compression::None,
            Compression::Gzip,
            Compression::Snappy,
            Compression::Lz4,
            Compression::Zstd,
        ] {
            let records = sample();
            let batch = encode(&BatchSpec::plain(codec, &records), &records).unwrap();
            let header = BatchHeader::parse(&batch).unwrap();
            assert!(crc_matches(&header, &batch));
            assert_eq!(header.max_timestamp, 1_700_000_000_000);
            assert_eq!(decode(&header, &batch).unwrap(), records, "{codec:?}");
        }
    }

    #[test]
    fn every_cut_of_a_batch_is_an_error_and_never_a_panic() {
        let records = sample();
        let batch = encode(&BatchSpec::plain(Compression::None, &records), &records).unwrap();
        for len in 0..batch.len() {
            assert!(BatchHeader::parse(&batch.slice(..len)).is_err());
        }
    }

    #[test]
    fn every_flipped_byte_is_found_by_checksum_or_parsing() {
        let records = sample();
        let batch = encode(&BatchSpec::plain(Compression::None, &records), &records).unwrap();
        for at in 16..batch.len() {
            let mut bad = BytesMut::from(&batch[..]);
            bad[at] ^= 0x41;
            let bad = bad.freeze();
            if let Ok(header) = BatchHeader::parse(&bad) {
                assert!(!crc_matches(&header, &bad), "byte {at}");
                // Must not panic; whether it decodes does not matter once the checksum is wrong.
                drop(decode(&header, &bad));
            }
        }
    }
}
