//! The checks a produced batch passes before it may enter a log, in the order a broker makes them.

use bytes::{Bytes, BytesMut};
use kafka_protocol::error::ResponseError;

use super::settings::TopicRules;
use crate::format::{
    BatchHeader, BatchSpec, Compression, Record, crc_matches, decode, encode, mark_append_time,
    set_max_timestamp,
};

/// First Produce version that may carry zstd.
const ZSTD_PRODUCE_VERSION: i16 = 7;

/// Why a batch was not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rejection {
    pub(crate) code: ResponseError,
    pub(crate) message: String,
    /// Position in the batch and reason, for each record at fault.
    pub(crate) records: Vec<(i32, String)>,
}

impl Rejection {
    pub(crate) fn new(code: ResponseError, message: impl Into<String>) -> Self {
        Rejection {
            code,
            message: message.into(),
            records: Vec::new(),
        }
    }
}

impl From<ResponseError> for Rejection {
    fn from(code: ResponseError) -> Self {
        Rejection::new(code, code.to_string())
    }
}

fn invalid(message: impl Into<String>) -> Rejection {
    Rejection::new(ResponseError::InvalidRecord, message)
}

/// Checks the records of one partition of a Produce request and returns the batch to append.
pub(crate) fn accept(
    data: &Bytes,
    rules: &TopicRules,
    produce_version: i16,
    now_ms: i64,
) -> Result<Bytes, Rejection> {
    let (mut header, records) = accept_batch(data, rules, produce_version)?;
    check_records(&header, &records, rules, now_ms)?;

    let mut batch = match rules.compression {
        Some(codec) if codec != codec_of(&header)? => {
            let spec = BatchSpec {
                compression: codec,
                ..like(&header)?
            };
            let bytes = encode(&spec, &records).map_err(|e| invalid(e.to_string()))?;
            header = BatchHeader::parse(&bytes).map_err(|e| invalid(e.to_string()))?;
            BytesMut::from(&bytes[..])
        }
        _ => BytesMut::from(&data[..]),
    };
    if rules.append_time {
        mark_append_time(&mut batch, &mut header, now_ms);
    } else {
        let newest = records.iter().map(|r| r.timestamp).max().unwrap_or(-1);
        if newest != header.max_timestamp {
            set_max_timestamp(&mut batch, &mut header, newest);
        }
    }
    if batch.len() > rules.max_message_bytes {
        return Err(too_large(batch.len(), rules));
    }
    Ok(batch.freeze())
}

/// The checks that do not look at single records, and the records themselves.
fn accept_batch(
    data: &Bytes,
    rules: &TopicRules,
    produce_version: i16,
) -> Result<(BatchHeader, Vec<Record>), Rejection> {
    if data.is_empty() {
        return Err(invalid(
            "Produce requests must have exactly one record batch per partition",
        ));
    }
    let corrupt =
        |e: crate::format::FormatError| Rejection::new(ResponseError::CorruptMessage, e.to_string());
    let header = match BatchHeader::parse(data) {
        Err(crate::format::FormatError::Magic(magic)) => {
            return Err(invalid(format!(
                "Produce requests are only allowed to contain magic 2, not {magic}"
            )));
        }
        other => other.map_err(corrupt)?,
    };
    if header.total_len().map_err(corrupt)? != data.len() {
        return Err(invalid(
            "Produce requests must have exactly one record batch per partition",
        ));
    }
    let codec = codec_of(&header)?;
    if codec == Compression::Zstd && produce_version < ZSTD_PRODUCE_VERSION {
        return Err(Rejection::new(
            ResponseError::UnsupportedCompressionType,
            "Produce requests with version < 7 are not allowed to use ZStandard compression",
        ));
    }
    if header.base_offset != 0 {
        return Err(invalid(format!(
            "The baseOffset of the record batch should be 0, but it is {}",
            header.base_offset
        )));
    }
    if data.len() > rules.max_message_bytes {
        return Err(too_large(data.len(), rules));
    }
    if !crc_matches(&header, data) {
        return Err(Rejection::new(
            ResponseError::CorruptMessage,
            "Record is corrupt (CRC)",
        ));
    }
    if header.count == 0 || i64::from(header.last_offset_delta) + 1 != i64::from(header.count) {
        return Err(invalid(format!(
            "Inconsistent batch offset range: last offset delta {}, {} records",
            header.last_offset_delta, header.count
        )));
    }
    if header.is_control() {
        return Err(invalid("Clients are not allowed to write control records"));
    }
    if header.producer_id >= 0 && header.base_sequence < 0 {
        return Err(invalid(format!(
            "Invalid sequence number {} with producer id",
            header.base_sequence
        )));
    }
    if header.is_transactional() && header.producer_id < 0 {
        return Err(invalid("A transactional batch needs a producer id"));
    }
    let records = decode(&header, data).map_err(|e| invalid(e.to_string()))?;
    Ok((header, records))
}

fn check_records(
    header: &BatchHeader,
    records: &[Record],
    rules: &TopicRules,
    now_ms: i64,
) -> Result<(), Rejection> {
    if header.is_append_time() {
        return Err(Rejection::new(
            ResponseError::InvalidTimestamp,
            "Invalid timestamp type in message. Producer should not set timestamp type to LogAppendTime",
        ));
    }
    let (oldest, newest) = (
        now_ms.saturating_sub(rules.before_max_ms),
        now_ms.saturating_add(rules.after_max_ms),
    );
    let mut without_key = Vec::new();
    let mut out_of_range = Vec::new();
    for (i, record) in records.iter().enumerate() {
        if record.offset != i as i64 {
            return Err(invalid(format!(
                "Inner record at position {i} has offset {}",
                record.offset
            )));
        }
        if rules.compacted && record.key.is_none() {
            without_key.push((
                i as i32,
                "Compacted topic cannot accept message without key".to_owned(),
            ));
        }
        // -1 stands for a record without time.
        let bounded = !rules.append_time && record.timestamp != -1;
        if bounded && !(oldest..=newest).contains(&record.timestamp) {
            let text = format!(
                "Timestamp {} of message with offset {i} is out of range. \
                 The timestamp should be within [{oldest}, {newest}]",
                record.timestamp
            );
            out_of_range.push((i as i32, text));
        }
    }
    // As on a broker, one bad timestamp decides the code of the whole batch.
    let code = if out_of_range.is_empty() {
        ResponseError::InvalidRecord
    } else {
        ResponseError::InvalidTimestamp
    };
    let mut faults = out_of_range;
    faults.append(&mut without_key);
    match faults.first() {
        None => Ok(()),
        Some((_, message)) => Err(Rejection {
            code,
            message: format!("One or more records have been rejected: {message}"),
            records: faults,
        }),
    }
}

fn codec_of(header: &BatchHeader) -> Result<Compression, Rejection> {
    header
        .compression()
        .map_err(|e| Rejection::new(ResponseError::UnsupportedCompressionType, e.to_string()))
}

fn like(header: &BatchHeader) -> Result<BatchSpec, Rejection> {
    BatchSpec::like(header).map_err(|e| invalid(e.to_string()))
}

fn too_large(len: usize, rules: &TopicRules) -> Rejection {
    Rejection::new(
        ResponseError::MessageTooLarge,
        format!(
            "The record batch size in the append is {len} bytes which exceeds the maximum configured value of {}",
            rules.max_message_bytes
        ),
    )
}
