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
/// How many records before the end a search through the newest begins.
const SEARCHED_BACK: usize = 10_000;
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

fn holds(message: &Message, wanted: &[u8]) -> bool {
    let within = |bytes: &[u8]| wanted.is_empty() || bytes.windows(wanted.len()).any(|part| part == wanted);
    message.key().is_some_and(within)
        || message.value().is_some_and(within)
        || message
            .headers()
            .any(|(name, value)| within(name) || value.is_some_and(within))
}

/// One look through a partition, from `first` until `end`.
struct Look<'a> {
    cluster: &'a Cluster,
    topic: &'a str,
    partition: i32,
    first: i64,
    end: i64,
    until: Instant,
}

impl<'a> Look<'a> {
    /// Finds out where it begins; the newest records begin `back` before the end.
    fn begin(
        cluster: &'a Cluster,
        topic: &'a str,
        partition: i32,
        from: PeekFrom,
        back: usize,
    ) -> Result<Self> {
        let until = Instant::now() + DEADLINE;
        let mut admin = Admin::new(cluster)?;
        admin.set_deadline(DEADLINE);
        admin.connect(DEADLINE)?;
        let offset = |query| bound(&admin, topic, partition, query);
        let start = offset(OffsetQuery::Earliest)?.unwrap_or(0);
        let end = offset(OffsetQuery::Latest)?.unwrap_or(0);
        let first = match from {
            PeekFrom::Earliest => start,
            PeekFrom::Latest => end
                .saturating_sub(i64::try_from(back).unwrap_or(i64::MAX))
                .max(start),
            PeekFrom::Offset(offset) => offset.max(start),
            PeekFrom::Time(at) => offset(OffsetQuery::At(at))?.unwrap_or(end),
        };
        Ok(Self {
            cluster,
            topic,
            partition,
            first,
            end,
            until,
        })
    }

    /// Hands the records over until `take` has enough, and returns the offset at which to go on.
    fn read(&self, take: &mut dyn FnMut(&Message) -> bool) -> Result<i64> {
        let mut next = self.first;
        if next >= self.end {
            return Ok(next);
        }
        let mut reader = Reader::new(
            self.cluster,
            ReaderTuning {
                prefetch_kib: PREFETCH_KIB,
                ..ReaderTuning::default()
            },
        )?;
        reader.assign(&[PartitionOffset::new(self.topic, self.partition, next)])?;
        let mut wants_more = true;
        while wants_more && next < self.end && Instant::now() < self.until {
            let mut refused = None;
            reader.read(RECORD_LIMIT, Duration::from_millis(200), |message| {
                match message.error() {
                    ErrorCode::NONE if wants_more && message.offset() < self.end => {
                        wants_more = take(&message);
                        next = message.offset() + 1;
                    }
                    ErrorCode::NONE => {}
                    // Behind the last record may stand markers of transactions.
                    ErrorCode::LOCAL_PARTITION_EOF if wants_more => next = self.end,
                    ErrorCode::LOCAL_PARTITION_EOF => {}
                    code if code.is_transient() || code.is_election() => {}
                    code => refused = Some(KafkaError::new(code, message.error_text())),
                }
            })?;
            if let Some(error) = refused {
                return Err(error.context(format_args!("{}-{}", self.topic, self.partition)));
            }
        }
        Ok(next)
    }

    fn unread(&self) -> KafkaError {
        KafkaError::new(
            ErrorCode::LOCAL_TIMED_OUT,
            format!(
                "{}-{} was not read within {} s: check that its leader is reachable",
                self.topic,
                self.partition,
                DEADLINE.as_secs()
            ),
        )
    }
}

/// `None` where no record is as young as a time that is asked for.
fn bound(admin: &Admin, topic: &str, partition: i32, query: OffsetQuery) -> Result<Option<i64>> {
    let found = admin.offsets(&[(topic.to_owned(), partition)], query, Isolation::Committed)?;
    match found.into_iter().next() {
        Some(entry) if entry.error == ErrorCode::NONE => Ok(entry.offset),
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
