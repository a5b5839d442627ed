//! Entries written byte by byte from Kafka's documents, apart from the code under test.

use crate::format::{Codec, Compressor, Level, OwnedRecord, TimestampKind};

pub(super) fn record(offset: i64, key: &str, value: &str) -> OwnedRecord {
    OwnedRecord {
        offset,
        timestamp: 1_700_000_000_000 + offset,
        timestamp_kind: TimestampKind::Create,
        key: Some(key.as_bytes().to_vec()),
        value: Some(value.as_bytes().to_vec()),
        headers: Vec::new(),
    }
}

/// Records with everything that is easily lost: nulls, empty fields, duplicate headers, odd times, bytes that are no text.
pub(super) fn odd_records(first: i64) -> Vec<OwnedRecord> {
    let bare = |offset: i64, key: Option<&[u8]>, value: Option<&[u8]>, timestamp: i64| OwnedRecord {
        offset: first + offset,
        timestamp,
        timestamp_kind: TimestampKind::Create,
        key: key.map(<[u8]>::to_vec),
        value: value.map(<[u8]>::to_vec),
        headers: Vec::new(),
    };
    let mut all = vec![
        bare(0, None, None, 1_700_000_000_000),
        bare(1, Some(b""), Some(b""), 0),
        bare(2, Some(b"k"), None, -1),
        bare(3, None, Some(&[0xff, 0, 0x80]), i64::MAX),
        bare(4, Some(&[0xfe; 200]), Some(&[7; 300]), 1_600_000_000_000),
    ];
    all[1].headers = vec![
        (b"b".to_vec(), Some(b"1".to_vec())),
        (b"a".to_vec(), None),
        (b"b".to_vec(), Some(Vec::new())),
        (Vec::new(), Some(vec![0xff])),
        (vec![0xc3, 0x28], None),
    ];
    all
}

pub(super) fn varlong(out: &mut Vec<u8>, value: i64) {
    let mut bits = ((value as u64) << 1) ^ (if value < 0 { u64::MAX } else { 0 });
    loop {
        let low = (bits % 128) as u8;
        bits /= 128;
        if bits == 0 {
            return out.push(low);
        }
        out.push(low + 128);
    }
}

fn field(out: &mut Vec<u8>, bytes: Option<&Vec<u8>>) {
    varlong(out, bytes.map_or(-1, |bytes| bytes.len() as i64));
    out.extend(bytes.into_iter().flatten());
}

/// A batch of format 2 before it is written.
#[derive(Clone)]
pub(super) struct Sample {
    pub(super) base_offset: i64,
    pub(super) last_offset: i64,
    pub(super) leader_epoch: i32,
    pub(super) codec: Codec,
    /// Beside the codec.
    pub(super) attributes: u16,
    pub(super) base_timestamp: i64,
    pub(super) max_timestamp: i64,
    pub(super) producer: (i64, i16, i32),
    pub(super) records: Vec<OwnedRecord>,
    /// Number of records in the header, if not the true one.
    pub(super) count: Option<i32>,
}

pub(super) const APPEND_TIME: u16 = 8;
pub(super) const TRANSACTIONAL: u16 = 16;
pub(super) const CONTROL: u16 = 32;
pub(super) const DELETE_HORIZON: u16 = 64;

impl Sample {
    pub(super) fn new(records: Vec<OwnedRecord>) -> Self {
        Sample {
            base_offset: records.first().map_or(0, |r| r.offset),
            last_offset: records.last().map_or(0, |r| r.offset),
            leader_epoch: 5,
            codec: Codec::None,
            attributes: 0,
            base_timestamp: records.first().map_or(-1, |r| r.timestamp),
            max_timestamp: records.iter().map(|r| r.timestamp).max().unwrap_or(-1),
            producer: (-1, -1, -1),
            records,
            count: None,
        }
    }

    pub(super) fn codec(mut self, codec: Codec) -> Self {
        self.codec = codec;
        self
    }

    pub(super) fn attributes(mut self, attributes: u16) -> Self {
        self.attributes = attributes;
        self
    }

    pub(super) fn body(&self) -> Vec<u8> {
        let mut body = Vec::new();
        for record in &self.records {
            let mut one = vec![0];
            varlong(&mut one, record.timestamp.wrapping_sub(self.base_timestamp));
            varlong(&mut one, record.offset - self.base_offset);
            field(&mut one, record.key.as_ref());
            field(&mut one, record.value.as_ref());
            varlong(&mut one, record.headers.len() as i64);
            for (key, value) in &record.headers {
                field(&mut one, Some(key));
                field(&mut one, value.as_ref());
            }
            varlong(&mut body, one.len() as i64);
            body.extend(one);
        }
        body
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        self.with_body(&self.body())
    }

    /// With other bytes in place of the records.
    pub(super) fn with_body(&self, body: &[u8]) -> Vec<u8> {
        let mut payload = Vec::new();
        if !body.is_empty() {
            Compressor::new()
                .compress(self.codec, Level::Default, body, &mut payload)
                .unwrap();
        }
        self.with_payload(&payload)
    }

    pub(super) fn with_payload(&self, payload: &[u8]) -> Vec<u8> {
        let mut covered = Vec::new();
        covered.extend((self.attributes | u16::from(self.codec.code())).to_be_bytes());
        covered.extend(((self.last_offset - self.base_offset) as i32).to_be_bytes());
        covered.extend(self.base_timestamp.to_be_bytes());
        covered.extend(self.max_timestamp.to_be_bytes());
        covered.extend(self.producer.0.to_be_bytes());
        covered.extend(self.producer.1.to_be_bytes());
        covered.extend(self.producer.2.to_be_bytes());
        covered.extend(self.count.unwrap_or(self.records.len() as i32).to_be_bytes());
        covered.extend(payload);
        let mut out = Vec::new();
        out.extend(self.base_offset.to_be_bytes());
        out.extend((covered.len() as i32 + 9).to_be_bytes());
        out.extend(self.leader_epoch.to_be_bytes());
        out.push(2);
        out.extend(crc32c::crc32c(&covered).to_be_bytes());
        out.extend(covered);
        out
    }
}

/// Puts the right checksum in a batch of format 2 that was changed.
pub(super) fn reseal(batch: &mut [u8]) {
    let crc = crc32c::crc32c(&batch[21..]);
    batch[17..21].copy_from_slice(&crc.to_be_bytes());
}

/// A message of format 0 or 1.
pub(super) fn message(
    magic: u8,
    offset: i64,
    attributes: u8,
    timestamp: i64,
    key: Option<&[u8]>,
    value: Option<&[u8]>,
) -> Vec<u8> {
    let mut covered = vec![magic, attributes];
    if magic == 1 {
        covered.extend(timestamp.to_be_bytes());
    }
    for bytes in [key, value] {
        covered.extend(bytes.map_or(-1, |bytes| bytes.len() as i32).to_be_bytes());
        covered.extend(bytes.unwrap_or_default());
    }
    let mut crc = flate2::Crc::new();
    crc.update(&covered);
    let mut out = Vec::new();
    out.extend(offset.to_be_bytes());
    out.extend((covered.len() as i32 + 4).to_be_bytes());
    out.extend(crc.sum().to_be_bytes());
    out.extend(covered);
    out
}

/// A compressed message of format 0 or 1 around `inner`.
pub(super) fn wrapper(
    magic: u8,
    offset: i64,
    codec: Codec,
    flags: u8,
    timestamp: i64,
    inner: &[u8],
) -> Vec<u8> {
    let mut value = Vec::new();
    Compressor::new()
        .compress(codec, Level::Default, inner, &mut value)
        .unwrap();
    message(magic, offset, flags | codec.code(), timestamp, None, Some(&value))
}
