use sluice_model::Cluster;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::look::{Look, RECORD_LIMIT, holds, shorten};
use crate::error::Result;

/// How many records before the end a search through the newest begins.
const SEARCHED_BACK: usize = 10_000;

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
    /// At the first record that is not older than this time, in ms since 1970.
    Time(#[ts(type = "number")] i64),
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

/// What a search through a partition has found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FoundRecords {
    /// The records with the wanted text, in their order.
    pub records: Vec<PeekedRecord>,
    /// How many records were looked at.
    #[ts(type = "number")]
    pub looked_at: u64,
    /// Where to go on: there is more behind. `None` at the end of the partition.
    #[ts(type = "number | null")]
    pub goes_on_at: Option<i64>,
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
    let limit = max_records.min(RECORD_LIMIT);
    let mut records = Vec::new();
    let look = Look::begin(cluster, topic, partition, from, limit)?;
    if limit == 0 {
        return Ok(records);
    }
    let next = look.read(&mut |message| {
        records.push(shorten(message));
        records.len() < limit
    })?;
    if records.is_empty() && next < look.end {
        return Err(look.unread());
    }
    Ok(records)
}

/// Looks for records with `wanted` in their key, value, or name or value of a header, byte for byte, until there are
/// `max_records` (at most 100), the partition ends or 15 s are over. [`PeekFrom::Latest`] begins 10 000 records before
/// the end.
///
/// # Errors
/// The partition does not exist, may not be read, or no broker answered within 15 s.
pub fn search_records(
    cluster: &Cluster,
    topic: &str,
    partition: i32,
    from: PeekFrom,
    max_records: usize,
    wanted: &[u8],
) -> Result<FoundRecords> {
    let limit = max_records.min(RECORD_LIMIT);
    let mut found = FoundRecords::default();
    let look = Look::begin(cluster, topic, partition, from, SEARCHED_BACK)?;
    let next = look.read(&mut |message| {
        found.looked_at += 1;
        if holds(message, wanted) {
            found.records.push(shorten(message));
        }
        found.records.len() < limit
    })?;
    if next < look.end {
        if found.looked_at == 0 {
            return Err(look.unread());
        }
        found.goes_on_at = Some(next);
    }
    Ok(found)
}
