//! A lane is the way records travel from source partitions to target partitions. The copier drives it and owns
//! positions, checkpoints and error policy; the lane owns the connections and keeps each partition's order.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use sluice_kafka::{Compression, ErrorCode, RefusedRecord};

use crate::lane::incident::{Notice, SourceIncident, TargetIncident, TargetIncidentKind};
use crate::position::LaneKind;

/// Index of a partition within a task's run.
pub type Slot = usize;

/// A partition to copy.
#[derive(Debug, Clone)]
pub struct LanePartition {
    /// Its index.
    pub slot: Slot,
    /// Source topic.
    pub source_topic: String,
    /// The id of the source topic that is copied, where it is known. A lane that reads by ids reads no other topic of
    /// that name, and reports [`SourceIncident::OutOfRange`] for one.
    pub source_topic_id: Option<String>,
    /// Target topic.
    pub target_topic: String,
    /// Partition number on both sides.
    pub partition: i32,
    /// Next source offset to copy.
    pub position: i64,
    /// Leader epoch of the record before `position`; lets the client notice a truncated source.
    pub leader_epoch: Option<i32>,
    /// Source offset from which on nothing is copied: it is the end for the lane, and nothing more is read once it is
    /// reached.
    pub until: Option<i64>,
    /// Offsets that the target refused: they are read and passed over.
    pub rejected: BTreeSet<i64>,
    /// The target topic is compacted: it refuses records without a key, which are passed over and reported.
    pub keyless_refused: bool,
    /// Every record must get the offset on the target that it has at the source (lanes that were opened to mirror).
    pub mirror: Option<MirrorPlace>,
}

/// How far the target of a mirrored partition is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MirrorPlace {
    /// Where its log ends; everything before is the mirror's. Offsets from there to the position are filled.
    pub end: i64,
    /// Its log has to begin here: everything before is filler, and is deleted.
    pub delete_before: Option<i64>,
}

/// Another writer's record stands where a mirrored one was to stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Displaced {
    /// The target offset that was to be written next.
    pub expected: i64,
    /// The one that the target gave, or where its log ends.
    pub found: i64,
}

/// What a lane may do in one step. What was read and did not fit is sent by the next step or [`Lane::settle`].
/// A lane that reads whole batches stops behind the one that reaches a limit, or cuts it there.
#[derive(Debug, Clone, Copy)]
pub struct StepLimit {
    /// Records to read and send at most.
    pub records: usize,
    /// Bytes of keys, values and headers to read and send at most, one record at least.
    pub bytes: u64,
    /// How long to wait for something to happen.
    pub wait: Duration,
}

/// Records with consecutive offsets at the source and, where it is known, on the target too, all acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Source offset of the first record.
    pub source: i64,
    /// How many records; at least one. The record at `source + n` is the `n`-th.
    pub records: i64,
    /// Target offset of the first record, where the acknowledgement carried it. The `n`-th record stands `n` behind it.
    pub target: Option<i64>,
    /// Bytes of their keys, values and headers; of batches that are not taken apart, those of their records as stored.
    pub bytes: u64,
    /// Leader epoch of all of them.
    pub leader_epoch: Option<i32>,
    /// The greatest of their timestamps in ms; negative where none has one.
    pub greatest_timestamp: i64,
    /// Hash of the last record, where the lane was asked for hashes.
    pub anchor: Option<u64>,
}

impl Span {
    /// Source offset of the last record.
    pub fn last(&self) -> i64 {
        self.source + self.records - 1
    }

    /// Source offset behind the last record.
    pub fn end(&self) -> i64 {
        self.source + self.records
    }

    /// Takes in the span that follows. Returns whether it did: both must be one stretch on both sides, of one epoch.
    pub fn join(&mut self, next: &Span) -> bool {
        let on_target = match (self.target, next.target) {
            (None, None) => true,
            (Some(first), Some(then)) => first + self.records == then,
            (None, Some(_)) | (Some(_), None) => false,
        };
        if !on_target || self.end() != next.source || self.leader_epoch != next.leader_epoch {
            return false;
        }
        self.records += next.records;
        self.bytes += next.bytes;
        self.greatest_timestamp = self.greatest_timestamp.max(next.greatest_timestamp);
        self.anchor = next.anchor;
        true
    }
}

/// Why a partition has no record at some of its source offsets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoleKind {
    /// The lane cannot know what was there: compaction, markers and aborted records look the same to it.
    Unseen,
    /// Compaction took the records out.
    Compacted,
    /// Markers of transactions.
    Control,
    /// Records of aborted transactions.
    Aborted,
    /// Records that the other task of a pair has written: they are on the target already.
    Partner,
}

/// Something that happened to a partition, in the order of its source offsets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Passed {
    /// The target acknowledged records.
    Span(Span),
    /// The source has nothing to copy at these offsets. Reported together with what follows it, a span or an end, so that
    /// the position never rests in a hole; only where another task has written ([`HoleKind::Partner`]) it may, as all that
    /// comes may be that task's.
    Hole {
        /// First offset of the hole.
        from: i64,
        /// First offset behind it.
        to: i64,
        /// What is known of it.
        kind: HoleKind,
    },
    /// A rejected record was passed over.
    Skipped {
        /// Source offset.
        source: i64,
    },
    /// Everything visible before this source offset has been passed; it is the end for now.
    End {
        /// Source offset.
        offset: i64,
    },
}

/// Why a record is not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalCause {
    /// It is larger than the target takes.
    TooLarge,
    /// Its timestamp lies outside what the target topic takes.
    Timestamp,
    /// A policy of the target.
    Policy,
    /// The target takes it for invalid.
    Invalid,
    /// It travelled in one batch with a record that the target refused, and was not written for that reason alone.
    Companion,
    /// The target does not take records of its topic: no right, or no such topic.
    Topic,
    /// It could not be written, for a reason that is not the record's.
    Unwritten,
    /// It has no key, and the target topic is compacted.
    MissingKey,
    /// It has more headers than the client library reads; without them it would be another record.
    UnreadableHeaders,
}

impl RefusalCause {
    /// Whether the record itself, or the batch that it travelled in, is refused: sending it again changes nothing.
    pub fn is_of_record(self) -> bool {
        match self {
            Self::TooLarge
            | Self::Timestamp
            | Self::Policy
            | Self::Invalid
            | Self::MissingKey
            | Self::UnreadableHeaders => true,
            Self::Companion | Self::Topic | Self::Unwritten => false,
        }
    }
}

/// A record that is not written.
#[derive(Debug)]
pub struct Refusal {
    /// Which partition.
    pub slot: Slot,
    /// Source offset.
    pub offset: i64,
    /// Why, for decisions.
    pub cause: RefusalCause,
    /// The target's code, or the one it would answer with: for the sentence and for the quarantine.
    pub code: ErrorCode,
    /// The record, when it was refused for what it is.
    pub record: Option<Box<RefusedRecord>>,
}

impl Refusal {
    /// The reason as a sentence.
    pub fn sentence(&self) -> String {
        match self.cause {
            RefusalCause::TooLarge
            | RefusalCause::Timestamp
            | RefusalCause::Policy
            | RefusalCause::Invalid
            | RefusalCause::Companion
            | RefusalCause::Topic
            | RefusalCause::Unwritten => format!("the target refused the record: {}", self.code),
            RefusalCause::UnreadableHeaders => {
                "the record has more headers than can be read (100 000), and is not copied without them"
                    .to_owned()
            }
            RefusalCause::MissingKey => {
                "the record has no key, and the target topic is compacted: it takes only records with a key"
                    .to_owned()
            }
        }
    }
}

impl Refusal {
    /// What the refusal means for the target as a whole. Its topic is that of its partition.
    pub fn incident(&self) -> TargetIncident {
        TargetIncident {
            kind: match self.cause {
                RefusalCause::Topic => TargetIncidentKind::Topics(Vec::new()),
                RefusalCause::Companion | RefusalCause::Unwritten => TargetIncidentKind::Other,
                RefusalCause::TooLarge
                | RefusalCause::Timestamp
                | RefusalCause::Policy
                | RefusalCause::Invalid
                | RefusalCause::MissingKey
                | RefusalCause::UnreadableHeaders => TargetIncidentKind::Records,
            },
            detail: self.code.describe(),
            code: self.code,
        }
    }
}

/// What a lane reports after a step.
#[derive(Debug, Default)]
pub struct Report {
    /// Progress in order per partition.
    pub passed: Vec<(Slot, Passed)>,
    /// Records that were not written. Nothing after them was written to their partitions either.
    pub refused: Vec<Refusal>,
    /// Records that were not written and are passed over for good; what is after them goes on.
    pub passed_over: Vec<Refusal>,
    /// What went wrong with source partitions.
    pub incidents: Vec<(Slot, SourceIncident)>,
    /// Mirrored partitions whose offsets on the target are not the source's any more. Nothing more of them is written.
    pub displaced: Vec<(Slot, Displaced)>,
    /// Something arrived from the source, even if no record was handed over.
    pub fetched: bool,
    /// Connection trouble that concerns no single partition.
    pub notices: Vec<Notice>,
    /// Records read in this step.
    pub read: u64,
    /// Bytes of keys, values and headers read in this step.
    pub read_bytes: u64,
    /// When the reader handed over those of the passed records that are measured (see [`crate::Latency`]).
    pub handed_over: Vec<Instant>,
}

impl Report {
    /// Adds what passed next of a partition; records that continue the span before them become part of it.
    pub fn pass(&mut self, slot: Slot, passed: Passed) {
        if let Passed::Span(next) = &passed
            && let Some((last, Passed::Span(span))) = self.passed.last_mut()
            && *last == slot
            && span.join(next)
        {
            return;
        }
        self.passed.push((slot, passed));
    }
}

/// What goes into the target's transaction beside the records.
#[derive(Debug, Clone)]
pub struct CommitPosition {
    /// Target topic: the name under which the position is kept.
    pub target_topic: String,
    /// Partition number.
    pub partition: i32,
    /// Next source offset.
    pub position: i64,
    /// Free text kept with it.
    pub note: String,
}

/// Why a lane cannot go on as it is.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LaneError {
    /// Uncommitted records must be given up; [`Lane::recover`], then go on from the committed positions.
    #[error("{0}")]
    Recover(TargetIncident),
    /// The same call again later may succeed.
    #[error("{0}")]
    Retry(TargetIncident),
    /// Another instance writes this task now.
    #[error("another instance has taken over: {0}")]
    Fenced(TargetIncident),
    /// Only a person can help.
    #[error("{0}")]
    Fatal(TargetIncident),
    /// The client of the source cannot be used at all: a refused property, a resource that is exhausted.
    #[error("{detail}")]
    Source {
        /// The client's number for it, for logs and for programs that learn of a failed run.
        code: ErrorCode,
        /// The reason in words.
        detail: String,
    },
}

/// See the module.
pub trait Lane: Send {
    /// Takes partitions in; they are copied from their positions on. One whose log is not the one that was copied up to its
    /// position, as the leader epoch of the record before it shows, is reported as [`SourceIncident::Diverged`] before
    /// anything of it is passed.
    ///
    /// # Errors
    /// The client refused.
    fn add(&mut self, partitions: &[LanePartition]) -> Result<(), LaneError>;

    /// Stops reading partitions and drops what was read of them and not sent. What was sent is still reported.
    ///
    /// # Errors
    /// The client refused.
    fn remove(&mut self, slots: &[Slot]) -> Result<(), LaneError>;

    /// Brings one partition to rest while the others go on: nothing more of it is read, what was read and not sent is
    /// dropped, and what was sent is reported as it is acknowledged. It is at rest when [`Lane::in_flight_of`] is 0; its
    /// position is final then, and nothing behind that position is on the target.
    ///
    /// # Errors
    /// The client refused.
    fn drain(&mut self, slot: Slot) -> Result<(), LaneError>;

    /// Goes on reading with a new client, for one that lost track of the source's brokers. What was read and not sent is
    /// read again.
    ///
    /// # Errors
    /// The client refused.
    fn renew_source(&mut self) -> Result<(), LaneError>;

    /// Which lane it is.
    fn kind(&self) -> LaneKind;

    /// Reads and sends some records, collects acknowledgements.
    ///
    /// # Errors
    /// See [`LaneError`].
    fn step(&mut self, limit: StepLimit, report: &mut Report) -> Result<(), LaneError>;

    /// Collects acknowledgements without reading more. What was counted as read is sent; a lane that keeps batches which it
    /// has not begun to send keeps them for the next step.
    ///
    /// # Errors
    /// See [`LaneError`].
    fn settle(&mut self, wait: Duration, report: &mut Report) -> Result<(), LaneError>;

    /// Has the records of a target topic compressed as strongly as it takes them; only between [`Lane::recover`] and
    /// [`Lane::add`]. Returns how they are compressed usually and then; `None` where nothing is stronger.
    fn compress_harder(&mut self, target_topic: &str) -> Option<[Compression; 2]>;

    /// Ends [`Lane::compress_harder`] with the next [`Lane::recover`].
    fn compress_as_usual(&mut self, target_topic: &str);

    /// Records read and not yet acknowledged.
    fn in_flight(&self) -> usize;

    /// Records of one partition that were sent and are not acknowledged yet.
    fn in_flight_of(&self, slot: Slot) -> usize;

    /// Bytes that may be in flight at most, as the lane was opened with.
    fn in_flight_limit(&self) -> usize;

    /// Keeps what is in flight to `bytes` from now on, one record at least.
    fn limit_in_flight(&mut self, bytes: usize);

    /// Whether bytes arrived from the source within `time`, even if no record of them was handed over (aborted
    /// transactions, a large batch under a quota).
    fn received_since(&self, time: Duration) -> bool;

    /// Source timestamp (ms) of the partition's oldest record that is not acknowledged.
    fn oldest_in_flight(&self, slot: Slot) -> Option<i64>;

    /// Log start and end of a partition as of its last fetch.
    fn watermarks(&self, slot: Slot) -> Option<(i64, i64)>;

    /// Makes what was sent since the last commit permanent together with these positions. Only when nothing is in
    /// flight. A lane without transactions has nothing to do.
    ///
    /// # Errors
    /// [`LaneError::Retry`]: call again. [`LaneError::Recover`]: it was not committed, or that is unknown.
    fn commit(&mut self, positions: &[CommitPosition]) -> Result<(), LaneError>;

    /// Gives up uncommitted records and all partitions, and makes the lane fit to be used again. Acknowledgements
    /// that still arrive are reported, where they count without a commit.
    ///
    /// # Errors
    /// See [`LaneError`].
    fn recover(&mut self, report: &mut Report) -> Result<(), LaneError>;
}
