//! Control batches: the markers that end a transaction in a partition.

use bytes::{BufMut, Bytes, BytesMut};

use super::codec::Compression;
use super::cursor::FormatError;
use super::records::{BatchSpec, Record, encode};

const ABORT: i16 = 0;
const COMMIT: i16 = 1;

/// A marker that commits or aborts the open transaction of a producer. The coordinator epoch is always 0.
pub(crate) fn marker(
    producer_id: i64,
    producer_epoch: i16,
    commit: bool,
    now_ms: i64,
) -> Result<Bytes, FormatError> {
    let mut key = BytesMut::new();
    key.put_i16(0);
    key.put_i16(if commit { COMMIT } else { ABORT });
    let mut value = BytesMut::new();
    value.put_i16(0);
    value.put_i32(0);
    let record = Record {
        offset: 0,
        timestamp: now_ms,
        key: Some(key.freeze()),
        value: Some(value.freeze()),
        headers: Vec::new(),
    };
    let records = [record];
    let spec = BatchSpec {
        transactional: true,
        control: true,
        producer_id,
        producer_epoch,
        ..BatchSpec::plain(Compression::None, &records)
    };
    encode(&spec, &records)
}

/// Whether the record of a control batch commits; none if it is no transaction marker.
pub(crate) fn marker_commits(record: &Record) -> Option<bool> {
    let key = record.key.as_ref()?;
    match i16::from_be_bytes([*key.get(2)?, *key.get(3)?]) {
        ABORT => Some(false),
        COMMIT => Some(true),
        _ => None,
    }
}
