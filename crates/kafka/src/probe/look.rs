use std::time::{Duration, Instant};

use sluice_model::Cluster;

use super::peek::{PeekFrom, PeekedRecord};
use crate::admin::{Admin, OffsetQuery};
use crate::error::{ErrorCode, KafkaError, Result};
use crate::message::{Message, TimestampKind};
use crate::partition_list::PartitionOffset;
use crate::reader::{Isolation, Reader, ReaderTuning};

/// Most records that one look returns.
pub(super) const RECORD_LIMIT: usize = 100;
/// Bytes kept of each key, value and header value.
const PART_LIMIT: usize = 64 * 1024;
/// How long a look may take in all.
const DEADLINE: Duration = Duration::from_secs(15);
/// KiB fetched ahead: a look needs few records.
const PREFETCH_KIB: u32 = 1024;

/// One look through a partition, from `first` until `end`.
pub(super) struct Look<'a> {
    cluster: &'a Cluster,
    topic: &'a str,
    partition: i32,
    /// The first offset there is.
    pub(super) start: i64,
    /// Where it begins.
    pub(super) first: i64,
    /// Behind the last committed record.
    pub(super) end: i64,
    until: Instant,
}

impl<'a> Look<'a> {
    /// Finds out where it begins; the newest records begin `back` before the end.
    pub(super) fn begin(
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
            start,
            first,
            end,
            until,
        })
    }

    /// Hands the records over until `take` has enough, and returns the offset at which to go on.
    pub(super) fn read(&self, take: &mut dyn FnMut(&Message) -> bool) -> Result<i64> {
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

    /// Why nothing was read of a partition that has records.
    pub(super) fn unread(&self) -> KafkaError {
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

/// Whether `wanted` is in a record's key, value, or name or value of a header, byte for byte.
pub(super) fn holds(message: &Message, wanted: &[u8]) -> bool {
    let within = |bytes: &[u8]| wanted.is_empty() || bytes.windows(wanted.len()).any(|part| part == wanted);
    message.key().is_some_and(within)
        || message.value().is_some_and(within)
        || message
            .headers()
            .any(|(name, value)| within(name) || value.is_some_and(within))
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

/// A record with its long parts cut.
pub(super) fn shorten(message: &Message) -> PeekedRecord {
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
