use std::time::{Duration, Instant};

use sluice_model::Cluster;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::admin::{Admin, OffsetQuery};
use crate::error::{ErrorCode, KafkaError, Result};
use crate::message::{Message, TimestampKind};
use crate::partition_list::PartitionOffset;
use crate::reader::{Isolation, Reader, ReaderTuning};

/// Most records that one look returns.
const RECORD_LIMIT: usize = 100;
/// Bytes kept of each key, value and header value.
const PART_LIMIT: usize = 64 * 1024;
/// How long a look may take in all.
const DEADLINE: Duration = Duration::from_secs(15);
/// KiB fetched ahead: a look needs few records.
const PREFETCH_KIB: u32 = 1024;

/// Where a look begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum PeekFrom {
    /// At the start of the log.
    Earliest,
    /// So far before the end that the newest records come.
    Latest,
    /// At this offset, or the log's start if that is later.
    Offset(#[ts(type = "number")] i64),
}

/// A header of a record: name and value, `None` for a null value.
pub type PeekedHeader = (String, Option<Vec<u8>>);

/// A record, shortened to what a person can look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PeekedRecord {
    /// Offset.
    #[ts(type = "number")]
    pub offset: i64,
    /// Milliseconds since 1970; -1 when the record has no time.
    #[ts(type = "number")]
    pub timestamp_ms: i64,
    /// Key; `None` for null.
    pub key: Option<Vec<u8>>,
    /// Value; `None` for null (a tombstone).
    pub value: Option<Vec<u8>>,
    /// Headers in their order; names that are not UTF-8 are shown with replacement characters.
    pub headers: Vec<PeekedHeader>,
    /// Length of the whole key in bytes; `None` for null.
    #[ts(type = "number | null")]
    pub key_bytes: Option<usize>,
    /// Length of the whole value in bytes; `None` for null.
    #[ts(type = "number | null")]
    pub value_bytes: Option<usize>,
    /// A part was cut at 64 KiB.
    pub truncated: bool,
}

/// Looks at up to `max_records` (at most 100) committed records of a partition.
///
/// # Errors
/// The partition does not exist, may not be read, or no broker answered within 15 s.
pub fn peek(
    cluster: &Cluster,
    topic: &str,
    partition: i32,
    from: PeekFrom,
    max_records: usize,
) -> Result<Vec<PeekedRecord>> {
    let until = Instant::now() + DEADLINE;
    let limit = max_records.min(RECORD_LIMIT);
    let mut admin = Admin::new(cluster)?;
    admin.set_deadline(DEADLINE);
    admin.connect(DEADLINE)?;
    let start = bound(&admin, topic, partition, OffsetQuery::Earliest)?;
    let end = bound(&admin, topic, partition, OffsetQuery::Latest)?;
    let span = i64::try_from(limit).unwrap_or(i64::MAX);
    let first = match from {
        PeekFrom::Earliest => start,
        PeekFrom::Latest => end.saturating_sub(span).max(start),
        PeekFrom::Offset(offset) => offset.max(start),
    };
    let mut records = Vec::new();
    if limit == 0 || first >= end {
        return Ok(records);
    }
    let mut reader = Reader::new(
        cluster,
        ReaderTuning {
            prefetch_kib: PREFETCH_KIB,
            ..ReaderTuning::default()
        },
    )?;
    reader.assign(&[PartitionOffset::new(topic, partition, first)])?;
    let mut over = false;
    while !over && records.len() < limit {
        if Instant::now() >= until {
            // What has come is worth showing.
            if !records.is_empty() {
                break;
            }
            return Err(KafkaError::new(
                ErrorCode::LOCAL_TIMED_OUT,
                format!(
                    "{topic}-{partition} was not read within {} s: check that its leader is reachable",
                    DEADLINE.as_secs()
                ),
            ));
        }
        let mut refused = None;
        reader.read(limit, Duration::from_millis(200), |message| {
            match message.error() {
                ErrorCode::NONE if message.offset() < end && records.len() < limit => {
                    records.push(shorten(&message));
                }
                ErrorCode::NONE => {}
                ErrorCode::LOCAL_PARTITION_EOF => over = true,
                code if code.is_transient() || code.is_election() => {}
                code => refused = Some(KafkaError::new(code, message.error_text())),
            }
            over |= message.error() == ErrorCode::NONE && message.offset() + 1 >= end;
        })?;
        if let Some(error) = refused {
            return Err(error.context(format_args!("{topic}-{partition}")));
        }
    }
    Ok(records)
}

fn bound(admin: &Admin, topic: &str, partition: i32, query: OffsetQuery) -> Result<i64> {
    let found = admin.offsets(&[(topic.to_owned(), partition)], query, Isolation::Committed)?;
    match found.into_iter().next() {
        Some(entry) if entry.error == ErrorCode::NONE => Ok(entry.offset.unwrap_or(0)),
        Some(entry) => Err(KafkaError::from_code(entry.error).context(format_args!("{topic}-{partition}"))),
        None => Err(KafkaError::from_code(ErrorCode::LOCAL_UNKNOWN_PARTITION)
            .context(format_args!("{topic}-{partition}"))),
    }
}

fn shorten(message: &Message) -> PeekedRecord {
    let mut truncated = false;
    let mut cut = |part: &[u8]| {
        truncated |= part.len() > PART_LIMIT;
        part[..part.len().min(PART_LIMIT)].to_vec()
    };
    let key = message.key().map(&mut cut);
    let value = message.value().map(&mut cut);
    let headers = message
        .headers()
        .map(|(name, value)| {
            (
                String::from_utf8_lossy(&cut(name)).into_owned(),
                value.map(&mut cut),
            )
        })
        .collect();
    let timestamp_ms = match message.timestamp() {
        (_, TimestampKind::None) => -1,
        (at, _) => at,
    };
    PeekedRecord {
        key_bytes: message.key().map(<[u8]>::len),
        value_bytes: message.value().map(<[u8]>::len),
        offset: message.offset(),
        timestamp_ms,
        key,
        value,
        headers,
        truncated,
    }
}
