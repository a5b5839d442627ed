//! What a mirrored partition's target received behind the last checkpoint: it must be what the source has at the same
//! offsets, or another program wrote it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use sluice_kafka::KafkaError;
use sluice_model::{Cluster, OffsetRange};
use sluice_wire::format::{AbortedFilter, Fetched, FetchedSet, IsolationLevel, RecordReader, TimestampKind};
use sluice_wire::{Client, FetchedPartition, Isolation, OffsetSpec, TopicPartition, WireError};

use crate::error::{EngineError, Result, Side};
use crate::lane::{Passed, Span};
use crate::partition::Track;
use crate::record_hash::{Fields, hash_parts};

/// Bytes asked for at once, as stored; one batch at least comes.
const FETCH: i32 = 2 * 1024 * 1024;
/// What one stored batch may expand to, in bytes: brokers take none that is larger than 2 GiB.
const EXPANDED: usize = i32::MAX as usize;
/// How long a cluster may give nothing that it should have.
const PATIENCE: Duration = Duration::from_secs(30);

/// A record as far as it is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    offset: i64,
    /// Key, value, headers.
    content: u64,
    time: i64,
    kind: TimestampKind,
    bytes: u64,
    keyless: bool,
}

impl Seen {
    /// Whether `copy` is what a lane makes of this record.
    fn is_copied_by(&self, copy: &Self) -> bool {
        let same_time = self.time == copy.time
            // The target's broker stamps records itself, or the source's record has no time.
            || copy.kind == TimestampKind::LogAppend
            || self.kind == TimestampKind::None
            || self.time < 0;
        self.offset == copy.offset && self.content == copy.content && same_time
    }
}

/// The committed records of one partition, from an offset up to another.
struct Log {
    client: Client,
    place: TopicPartition,
    side: Side,
    position: i64,
    to: i64,
    ready: VecDeque<Seen>,
    reader: RecordReader,
    max_bytes: i32,
    ended: bool,
}

impl Log {
    fn open(cluster: &Cluster, side: Side, place: (&str, i32), range: OffsetRange) -> Result<Self> {
        let client = Client::new(cluster).map_err(|error| unread(side, place, &error))?;
        Ok(Self {
            client,
            place: TopicPartition::new(place.0, place.1),
            side,
            position: range.from,
            to: range.to,
            ready: VecDeque::new(),
            reader: RecordReader::new(EXPANDED),
            max_bytes: FETCH,
            ended: false,
        })
    }

    /// Begins where the log does, if that is behind the first offset. Returns where it begins.
    fn begin_at_log_start(&mut self) -> Result<i64> {
        let fail = |error: &WireError| {
            unread(
                self.side,
                (self.place.topic.as_str(), self.place.partition),
                error,
            )
        };
        let place = self.place.clone();
        let listed = self
            .client
            .list_offsets(
                std::slice::from_ref(&place),
                OffsetSpec::Earliest,
                Isolation::Uncommitted,
            )
            .map_err(|error| fail(&error))?
            .remove(&place);
        let start = match listed {
            Some(Ok(listed)) => listed.offset.unwrap_or(self.position),
            Some(Err(error)) => return Err(fail(&error)),
            None => self.position,
        };
        self.position = self.position.max(start.min(self.to));
        Ok(self.position)
    }

    fn next(&mut self) -> Result<Option<Seen>> {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(seen) = self.ready.pop_front() {
                return Ok(Some(seen));
            }
            if self.ended || self.position >= self.to {
                return Ok(None);
            }
            let before = self.position;
            self.read().map_err(|error| {
                unread(
                    self.side,
                    (self.place.topic.as_str(), self.place.partition),
                    &error,
                )
            })?;
            if self.position == before && !self.ended {
                if Instant::now() >= until {
                    return Err(EngineError::Cluster {
                        side: self.side,
                        what: format!("reading {} at offset {before}", self.place),
                        error: KafkaError::from_code(sluice_kafka::ErrorCode::LOCAL_TIMED_OUT),
                    });
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }

    fn read(&mut self) -> std::result::Result<(), WireError> {
        let (topic, partition) = (self.place.topic.to_string(), self.place.partition);
        let fetched = self.client.fetch_raw(
            &topic,
            partition,
            self.position,
            self.max_bytes,
            Isolation::Committed,
        )?;
        if fetched.records.is_empty() {
            let end = fetched.last_stable_offset.or(fetched.high_watermark);
            self.ended = end.is_some_and(|end| self.position >= end);
            return Ok(());
        }
        self.take(&fetched)
    }

    fn take(&mut self, fetched: &FetchedPartition) -> std::result::Result<(), WireError> {
        let aborted = fetched
            .aborted
            .iter()
            .map(|one| sluice_wire::format::AbortedTransaction {
                first_offset: one.first_offset,
                producer_id: one.producer_id,
            });
        let mut set = FetchedSet::resume(
            &fetched.records,
            AbortedFilter::new(aborted),
            IsolationLevel::ReadCommitted,
        );
        while let Some(entry) = set.next(&mut self.reader) {
            let entry = entry.map_err(|fault| WireError::Malformed {
                what: format!("Fetch of {}", self.place),
                reason: fault.to_string(),
            })?;
            match entry {
                Fetched::Partial(cut) => {
                    let needed = cut.needed.and_then(|needed| i32::try_from(needed).ok());
                    self.max_bytes = self.max_bytes.max(needed.unwrap_or(FETCH));
                    return Ok(());
                }
                Fetched::Control { next_offset, .. } | Fetched::Aborted { next_offset, .. } => {
                    self.position = self.position.max(next_offset);
                }
                Fetched::Records { records, .. } => {
                    let from = self.position;
                    for record in records.iter() {
                        if (from..self.to).contains(&record.offset) {
                            self.ready.push_back(seen(&record));
                        }
                    }
                    self.position = self.position.max(records.next_offset());
                }
            }
        }
        Ok(())
    }
}

fn seen(record: &sluice_wire::format::RecordView<'_>) -> Seen {
    let fields = Fields {
        headers: true,
        time: false,
    };
    let headers = record.headers.iter().map(|header| (header.key, header.value));
    let len = |bytes: Option<&[u8]>| bytes.map_or(0, <[u8]>::len);
    Seen {
        offset: record.offset,
        content: hash_parts(record.key, record.value, 0, headers, fields),
        time: record.timestamp,
        kind: record.timestamp_kind,
        bytes: (len(record.key) + len(record.value)) as u64,
        keyless: record.key.is_none(),
    }
}

fn unread(side: Side, (topic, partition): (&str, i32), error: &WireError) -> EngineError {
    EngineError::Cluster {
        side,
        what: format!("reading {topic}-{partition}"),
        error: KafkaError::new(
            sluice_kafka::ErrorCode(error.code().map_or(-1, |code| i32::from(code.number()))),
            error.to_string(),
        ),
    }
}

/// What came of a comparison.
pub(super) struct Compared {
    /// What passed, in order, up to the end of the range.
    pub(super) passed: Vec<Passed>,
    /// The first offsets of the range, which the source has deleted since.
    pub(super) deleted: OffsetRange,
}

/// Compares what both sides hold in `range`.
///
/// # Errors
/// A side cannot be read; or ([`EngineError::Refused`]) the target holds something else than the source.
pub(super) fn compare(
    source: &Cluster,
    target: &Cluster,
    track: &Track,
    range: OffsetRange,
) -> Result<Compared> {
    let (key, partition) = (&track.state.key, track.state.key.partition);
    let target_topic = track.state.target_topic.as_str();
    let mut ours = Log::open(source, Side::Source, (&key.topic, partition), range)?;
    let mut theirs = Log::open(target, Side::Target, (target_topic, partition), range)?;
    let begin = ours.begin_at_log_start()?;
    theirs.position = begin;
    let mut passed: Vec<Passed> = Vec::new();
    let mut next = range.from;
    loop {
        let copy = theirs.next()?;
        let mut original = ours.next()?;
        // What is in quarantine is not on the target.
        while let Some(left_out) = original
            && copy.is_none_or(|copy| copy.offset != left_out.offset)
            && (track.rejected.contains(&left_out.offset) || track.keyless_refused && left_out.keyless)
        {
            original = ours.next()?;
        }
        match (original, copy) {
            (None, None) => break,
            (Some(original), Some(copy)) if original.is_copied_by(&copy) => {
                if original.offset > next {
                    passed.push(hole(next, original.offset));
                }
                next = original.offset + 1;
                pass(&mut passed, &original);
            }
            (original, copy) => {
                let at = copy
                    .map(|copy| copy.offset)
                    .into_iter()
                    .chain(original.map(|one| one.offset))
                    .min();
                return Err(EngineError::Refused(foreign(
                    target_topic,
                    partition,
                    at.unwrap_or(range.from),
                )));
            }
        }
    }
    if next < range.to {
        passed.push(hole(next, range.to));
    }
    let deleted = OffsetRange {
        from: range.from,
        to: begin,
    };
    Ok(Compared { passed, deleted })
}

fn hole(from: i64, to: i64) -> Passed {
    Passed::Hole {
        from,
        to,
        kind: crate::lane::HoleKind::Unseen,
    }
}

fn pass(passed: &mut Vec<Passed>, record: &Seen) {
    let span = Span {
        source: record.offset,
        records: 1,
        target: Some(record.offset),
        bytes: record.bytes,
        leader_epoch: None,
        greatest_timestamp: -1,
        anchor: None,
    };
    if let Some(Passed::Span(last)) = passed.last_mut()
        && last.join(&span)
    {
        return;
    }
    passed.push(Passed::Span(span));
}

/// That another program writes to a mirrored partition.
pub(super) fn foreign(topic: &str, partition: i32, offset: i64) -> String {
    format!(
        "the target partition {topic}-{partition} does not hold at offset {offset} what the source holds there: another program has written to it, and the offsets behind that can no longer be equal. Stop that program, and mirror into a new target topic under another task name"
    )
}
