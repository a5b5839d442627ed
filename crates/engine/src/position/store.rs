//! What survives a restart, and the trait of whatever keeps it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sluice_model::{OffsetRange, TaskName};
use ts_rs::TS;

use crate::StoreError;
use crate::position::{LaneKind, OffsetRun, WriterNotes};

/// A source partition of a task.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
pub struct PartitionKey {
    /// Source topic.
    pub topic: String,
    /// Partition number, the same on both sides.
    pub partition: i32,
}

impl std::fmt::Display for PartitionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

/// A task's first launch: what was decided once and holds on every resume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Launch {
    /// The task.
    pub task: TaskName,
    /// Made at the first launch; positions on the target carry it, so that they are never taken for another copy's.
    pub launch_id: String,
    /// Source cluster id; empty where the brokers have none.
    pub source_cluster: String,
    /// Target cluster id; empty where the brokers have none.
    pub target_cluster: String,
    /// When, in ms since 1970.
    pub launched_at_ms: i64,
    /// How the records are delivered, for reports.
    pub delivery: String,
    /// The lanes that have copied since then. A verification reads with the client that did not copy.
    pub lanes: BTreeSet<LaneKind>,
    /// The name under which the target knows the task, where another task has the one that follows from its name.
    pub identity: Option<String>,
}

/// The last copied record, to recognise a topic that was deleted and created again on brokers without topic ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anchor {
    /// Its source offset.
    pub offset: i64,
    /// Hash of key, value and timestamp.
    pub hash: u64,
}

/// Where the copy of one partition began and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionState {
    /// Source partition.
    pub key: PartitionKey,
    /// Target topic.
    pub target_topic: String,
    /// Id of the source topic; `None` on brokers before 2.8.
    pub source_topic_id: Option<String>,
    /// Id of the target topic; `None` on brokers before 2.8.
    pub target_topic_id: Option<String>,
    /// First source offset to copy, pinned at launch.
    pub start: i64,
    /// End of the target partition at launch: ours begin here.
    pub target_start: i64,
    /// Source end offset at launch, or where the copy ends before it: the backlog ends here.
    pub backlog_end: i64,
    /// Source offset that is not copied any more, nor what is behind it; `None` where the source is followed.
    pub until: Option<i64>,
    /// Next source offset to copy.
    pub position: i64,
    /// Leader epoch of the record before `position`.
    pub leader_epoch: Option<i32>,
    /// Target offset behind the last acknowledged record.
    pub target_next: i64,
    /// The last copied record.
    pub anchor: Option<Anchor>,
    /// Records copied in all.
    pub records: u64,
    /// Bytes of keys and values copied in all.
    pub bytes: u64,
    /// Counts the logs that the source partition has had since the launch: another one begins where its topic was
    /// created again or its newest records were lost.
    pub incarnation: u32,
}

/// `start` and `position` of a partition that had no leader at its launch: it is pinned when the leader is back, before
/// anything is read.
pub const UNPINNED: i64 = -1;

impl PartitionState {
    /// Whether it is known where its copy begins.
    pub fn is_pinned(&self) -> bool {
        self.start != UNPINNED
    }
}

/// Why a source range could not be copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum GapReason {
    /// Retention or DeleteRecords removed it before it was read.
    Deleted,
    /// The source lost its newest records; the target holds records the source no longer has.
    Truncated,
    /// The source topic was deleted and created again.
    Recreated,
    /// The first offset to copy lay outside of the log at launch.
    StartOutsideLog,
    /// The source's stored data is damaged there.
    Damaged,
}

impl std::fmt::Display for GapReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Deleted => "deleted by retention or DeleteRecords before it was read",
            Self::Truncated => "the source lost its newest records",
            Self::Recreated => "the topic was deleted and created again",
            Self::StartOutsideLog => "the start lies outside of the log",
            Self::Damaged => "the source's stored data is damaged",
        })
    }
}

/// A source range that can no longer be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Gap {
    /// Source partition.
    pub key: PartitionKey,
    /// The missing offsets.
    pub range: OffsetRange,
    /// Why.
    pub reason: GapReason,
    /// When it was found, in ms since 1970.
    #[ts(type = "number")]
    pub found_at_ms: i64,
    /// The partition's incarnation whose offsets these are (see [`PartitionState::incarnation`]).
    pub incarnation: u32,
}

/// A record the target refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct QuarantinedRecord {
    /// Source partition.
    pub key: PartitionKey,
    /// Source offset.
    #[ts(type = "number")]
    pub offset: i64,
    /// Kafka's error code.
    pub code: i32,
    /// Why, as a sentence.
    pub reason: String,
    /// Bytes of key and value.
    #[ts(type = "number")]
    pub size: u64,
    /// Timestamp in ms since 1970.
    #[ts(type = "number")]
    pub timestamp_ms: i64,
    /// Its key, if any.
    pub record_key: Option<Vec<u8>>,
    /// The first bytes of its value, if any (see [`QUARANTINE_VALUE_LIMIT`]).
    pub value: Option<Vec<u8>>,
    /// Whether `value` is the whole value.
    pub value_complete: bool,
    /// Its headers.
    pub headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    /// When, in ms since 1970.
    #[ts(type = "number")]
    pub at_ms: i64,
    /// The partition's incarnation whose offset this is (see [`PartitionState::incarnation`]).
    pub incarnation: u32,
}

/// Bytes of a quarantined value that are kept: the record itself stays in the source.
pub const QUARANTINE_VALUE_LIMIT: usize = 64 * 1024;

/// What a person decided about a quarantined record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuarantineFate {
    /// It was written to the target after all, behind what was there.
    Replayed {
        /// Where it stands there, if the target said so.
        target_offset: Option<i64>,
    },
    /// It is to stay missing.
    Discarded,
}

/// From `from` on, a source partition's offsets stand for other records than those that were copied: its log was cut
/// there, or its topic was created again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunCut {
    /// Source partition.
    pub key: PartitionKey,
    /// First source offset that is forgotten.
    pub from: i64,
    /// The incarnation that begins there (see [`PartitionState::incarnation`]); that of the partition where only the
    /// target is another one.
    pub incarnation: u32,
}

/// Rows of the ledgers. What a copy moves past is noted before the commit that moves past it, so that a process that is
/// killed between the two leaves no record that is neither on the target nor in a ledger.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Newly found gaps.
    pub gaps: Vec<Gap>,
    /// Newly refused records.
    pub quarantined: Vec<QuarantinedRecord>,
}

impl Ledger {
    /// Whether there is nothing to note.
    pub fn is_empty(&self) -> bool {
        self.gaps.is_empty() && self.quarantined.is_empty()
    }
}

/// Progress to save, all of it or nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checkpoint {
    /// Partitions whose state changed, or that are new.
    pub partitions: Vec<PartitionState>,
    /// Runs that hold no more, taken out before `runs` are saved.
    pub cuts: Vec<RunCut>,
    /// Runs that are new or grew; the key is (partition, `source`).
    pub runs: Vec<OffsetRun>,
    /// Newly found gaps; saving one twice changes nothing.
    pub gaps: Vec<Gap>,
    /// Newly refused records; saving one twice changes nothing.
    pub quarantined: Vec<QuarantinedRecord>,
}

impl Checkpoint {
    /// Whether there is nothing to save.
    pub fn is_empty(&self) -> bool {
        self.partitions.is_empty()
            && self.cuts.is_empty()
            && self.runs.is_empty()
            && self.gaps.is_empty()
            && self.quarantined.is_empty()
    }
}

/// Keeps tasks' launches and progress. Every call is durable when it returns, and atomic: a crash leaves the state
/// before or after it.
pub trait CheckpointStore: WriterNotes {
    /// The launch of a task, if it was launched.
    ///
    /// # Errors
    /// The state cannot be read.
    fn launch(&self, task: &TaskName) -> Result<Option<Launch>, StoreError>;

    /// Records a first launch with its pinned positions and the gaps that they leave. Called before the first record is
    /// read, and after existing data was deleted where the task says so.
    ///
    /// # Errors
    /// The state cannot be written.
    fn begin(&self, launch: &Launch, partitions: &[PartitionState], gaps: &[Gap]) -> Result<(), StoreError>;

    /// Remembers that a lane copies for a launched task. Called before its first record is written.
    ///
    /// # Errors
    /// The state cannot be written.
    fn note_lane(&self, task: &TaskName, lane: LaneKind) -> Result<(), StoreError>;

    /// All partitions of a task.
    ///
    /// # Errors
    /// The state cannot be read.
    fn partitions(&self, task: &TaskName) -> Result<Vec<PartitionState>, StoreError>;

    /// Saves progress.
    ///
    /// # Errors
    /// The state cannot be written.
    fn save(&self, task: &TaskName, checkpoint: &Checkpoint) -> Result<(), StoreError>;

    /// Notes what a copy is about to move past; it survives a power failure when this returns. A row that is there
    /// already, by partition, incarnation and offset, changes nothing.
    ///
    /// # Errors
    /// The state cannot be written.
    fn note(&self, task: &TaskName, rows: &Ledger) -> Result<(), StoreError>;

    /// At most `limit` runs of a partition in source order: the one that holds the source offset `source`, or the next
    /// one, and those behind it.
    ///
    /// # Errors
    /// The state cannot be read.
    fn runs_from(
        &self,
        task: &TaskName,
        key: &PartitionKey,
        source: i64,
        limit: usize,
    ) -> Result<Vec<OffsetRun>, StoreError>;

    /// The run that holds a source offset, or else the next one.
    ///
    /// # Errors
    /// The state cannot be read.
    fn run_at_source(
        &self,
        task: &TaskName,
        key: &PartitionKey,
        source: i64,
    ) -> Result<Option<OffsetRun>, StoreError>;

    /// The run that holds a target offset, or else the next one.
    ///
    /// # Errors
    /// The state cannot be read.
    fn run_at_target(
        &self,
        task: &TaskName,
        key: &PartitionKey,
        target: i64,
    ) -> Result<Option<OffsetRun>, StoreError>;

    /// The last run that begins before a source offset.
    ///
    /// # Errors
    /// The state cannot be read.
    fn run_before(
        &self,
        task: &TaskName,
        key: &PartitionKey,
        source: i64,
    ) -> Result<Option<OffsetRun>, StoreError>;

    /// The run with the greatest source offset, if any.
    ///
    /// # Errors
    /// The state cannot be read.
    fn last_run(&self, task: &TaskName, key: &PartitionKey) -> Result<Option<OffsetRun>, StoreError> {
        self.run_before(task, key, i64::MAX)
    }

    /// Deletes runs that hold nothing from the log starts of both sides on, but never the last one; a limited number of
    /// them, so that nothing waits for it. Returns how many.
    ///
    /// # Errors
    /// The state cannot be written.
    fn prune_runs(
        &self,
        task: &TaskName,
        key: &PartitionKey,
        source_start: i64,
        target_start: i64,
    ) -> Result<usize, StoreError>;

    /// The gap ledger of a task.
    ///
    /// # Errors
    /// The state cannot be read.
    fn gaps(&self, task: &TaskName) -> Result<Vec<Gap>, StoreError>;

    /// The gaps of a partition whose offsets still mean what they meant, in order.
    ///
    /// # Errors
    /// The state cannot be read.
    fn current_gaps(&self, task: &TaskName, key: &PartitionKey) -> Result<Vec<Gap>, StoreError>;

    /// Quarantined records of a task, without more than `limit` of them.
    ///
    /// # Errors
    /// The state cannot be read.
    fn quarantined(&self, task: &TaskName, limit: usize) -> Result<Vec<QuarantinedRecord>, StoreError>;

    /// Source offsets of a partition's quarantined records, in order, as far as they still mean what they meant.
    ///
    /// # Errors
    /// The state cannot be read.
    fn quarantined_offsets(&self, task: &TaskName, key: &PartitionKey) -> Result<Vec<i64>, StoreError>;

    /// A quarantined record with its content, if it is there and nothing was decided about it: that of the newest
    /// incarnation.
    ///
    /// # Errors
    /// The state cannot be read.
    fn quarantined_record(
        &self,
        task: &TaskName,
        key: &PartitionKey,
        offset: i64,
    ) -> Result<Option<QuarantinedRecord>, StoreError>;

    /// Keeps what was decided about a quarantined record, and forgets its content; returns whether it was undecided.
    ///
    /// # Errors
    /// The state cannot be written.
    fn settle_quarantined(
        &self,
        task: &TaskName,
        key: &PartitionKey,
        offset: i64,
        fate: QuarantineFate,
    ) -> Result<bool, StoreError>;

    /// Source offsets of a partition's records about which something was decided, in order, as far as they still mean
    /// what they meant.
    ///
    /// # Errors
    /// The state cannot be read.
    fn settled_quarantine(
        &self,
        task: &TaskName,
        key: &PartitionKey,
    ) -> Result<Vec<(i64, QuarantineFate)>, StoreError>;

    /// How many records of a task are in quarantine.
    ///
    /// # Errors
    /// The state cannot be read.
    fn quarantined_count(&self, task: &TaskName) -> Result<u64, StoreError>;

    /// Every task's launch.
    ///
    /// # Errors
    /// The state cannot be read.
    fn launches(&self) -> Result<Vec<Launch>, StoreError>;

    /// Whether a launched task never copies a topic again, as far as the store knows: it has ended for good, or the topic
    /// was taken from it.
    ///
    /// # Errors
    /// The state cannot be read.
    fn has_ended(&self, _task: &TaskName, _topic: &str) -> Result<bool, StoreError> {
        Ok(false)
    }
}
