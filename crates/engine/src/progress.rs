//! What a running task reports about itself.

use serde::{Deserialize, Serialize};
use sluice_model::OffsetRange;
use ts_rs::TS;

use crate::position::{Gap, GapReason, PartitionKey};

/// Where a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default, TS)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Target topics are made ready.
    #[default]
    Structure,
    /// The backlog that existed at launch.
    Full,
    /// What arrives since.
    Incremental,
}

/// What a partition is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default, TS)]
#[serde(rename_all = "snake_case")]
pub enum PartitionCondition {
    /// Records are on their way, or will be.
    #[default]
    Copying,
    /// Everything committed at the source is on the target.
    CaughtUp,
    /// An error is being retried; `error` has it.
    Retrying,
    /// A person must decide; `error` says what.
    Stopped,
    /// The task does not run: the partition stands at its saved position.
    AtRest,
}

/// A range that can no longer be read, and about which a person must decide: the partition goes on when the gap is
/// accepted (see [`crate::Running::accept_gaps`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct OpenGap {
    /// The missing offsets.
    pub range: OffsetRange,
    /// Why they are missing.
    pub reason: GapReason,
    /// The source offset at which the copy would go on.
    #[ts(type = "number")]
    pub resume_at: i64,
}

/// A gap that a person has accepted. It holds for what was shown alone: where more is missing by then, the partition
/// stays stopped, with the new range.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AcceptedGap {
    /// Source partition.
    #[serde(flatten)]
    pub key: PartitionKey,
    /// The missing offsets, as they were shown.
    pub range: OffsetRange,
    /// Why they are missing, as it was shown.
    pub reason: GapReason,
}

impl AcceptedGap {
    /// Whether this gap of `key` is one that was accepted.
    #[must_use]
    pub fn covers(&self, key: &PartitionKey, range: OffsetRange, reason: GapReason) -> bool {
        self.key == *key
            && self.reason == reason
            && self.range.from <= range.from
            && range.to <= self.range.to
    }
}

/// One partition's row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default, TS)]
pub struct PartitionProgress {
    /// Source topic.
    pub topic: String,
    /// Target topic.
    pub target_topic: String,
    /// Partition number.
    pub partition: i32,
    /// What it is doing.
    pub condition: PartitionCondition,
    /// First offset of the copy.
    #[ts(type = "number")]
    pub start: i64,
    /// Next source offset to copy: everything before it is acknowledged by the target.
    #[ts(type = "number")]
    pub position: i64,
    /// Target offset behind the last acknowledged record.
    #[ts(type = "number")]
    pub target_next: i64,
    /// Oldest offset in the source; `None` before it is known.
    #[ts(type = "number | null")]
    pub log_start: Option<i64>,
    /// Source end offset (everything, open transactions as well); `None` before it is known.
    #[ts(type = "number | null")]
    pub end: Option<i64>,
    /// `end - position`, 0 when caught up; `None` before it is known.
    #[ts(type = "number | null")]
    pub lag: Option<i64>,
    /// Age in ms of the oldest record that is not acknowledged, 0 when caught up; `None` before it is known.
    #[ts(type = "number | null")]
    pub delay_ms: Option<i64>,
    /// Offsets held back because a transaction at the source is still open.
    #[ts(type = "number")]
    pub held_by_transaction: i64,
    /// Whose transaction that is, as a sentence, once the brokers have returned it.
    pub held_by: Option<String>,
    /// Records copied per second, over the last seconds.
    pub rate: f64,
    /// There is more to copy, neither a speed limit nor an open transaction holds it back, and the position has not moved
    /// for a minute. Without a lag a partition is idle, which is something else.
    pub stuck: bool,
    /// When the position last moved, in ms since 1970, or this run began; `None` before the first snapshot.
    #[ts(type = "number | null")]
    pub still_since_ms: Option<i64>,
    /// Records copied in all.
    #[ts(type = "number")]
    pub records: u64,
    /// Bytes of keys and values copied in all.
    #[ts(type = "number")]
    pub bytes: u64,
    /// When it is tried again, in ms since 1970; `None` while it is not waiting for that.
    #[ts(type = "number | null")]
    pub next_try_ms: Option<i64>,
    /// The current or last error.
    pub error: Option<String>,
    /// What a person can decide about a stopped partition, where that is a gap.
    pub gap: Option<OpenGap>,
}

/// How long records take, over the last minute: from when the reader handed a record over to when the target's
/// acknowledgement of it was seen, or, where target transactions carry the records, the commit of its transaction.
/// What the record waited for in between counts: the speed limit, memory, records before it in its partition. One in 256
/// records is measured, and at least one of each batch that is read.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, TS)]
pub struct Latency {
    /// Half of the records took at most this long, in ms.
    pub p50_ms: f64,
    /// 95 % took at most this long, in ms.
    pub p95_ms: f64,
    /// 99 % took at most this long, in ms.
    pub p99_ms: f64,
    /// 99.9 % took at most this long, in ms.
    pub p999_ms: f64,
    /// Records measured.
    #[ts(type = "number")]
    pub samples: u64,
}

/// A task's snapshot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default, TS)]
pub struct Progress {
    /// The task's name.
    pub task: String,
    /// Where it is.
    pub stage: Stage,
    /// How records are delivered, as "exactly-once (target transactions)".
    pub delivery: String,
    /// What is noted of both sides belongs together at every moment of the run, so that it can be verified meanwhile.
    #[serde(skip)]
    #[ts(skip)]
    pub notes_are_exact: bool,
    /// Share of the backlog at launch that is copied, 0 to 100.
    pub full_percent: f64,
    /// Every partition is at the end of its source.
    pub caught_up: bool,
    /// Records read in this run.
    #[ts(type = "number")]
    pub read_records: u64,
    /// Bytes of keys and values read in this run.
    #[ts(type = "number")]
    pub read_bytes: u64,
    /// Records acknowledged by the target in this run.
    #[ts(type = "number")]
    pub written_records: u64,
    /// Bytes of keys and values acknowledged in this run.
    #[ts(type = "number")]
    pub written_bytes: u64,
    /// Records read per second, over the last seconds.
    pub read_rate: f64,
    /// Bytes of keys and values read per second, over the last seconds.
    pub read_bytes_rate: f64,
    /// Records acknowledged per second, over the last seconds.
    pub write_rate: f64,
    /// Bytes acknowledged per second, over the last seconds.
    pub write_bytes_rate: f64,
    /// How long records take from the source to the target; `None` when none passed in the last minute.
    pub latency: Option<Latency>,
    /// Sum of the partitions' lag; `None` before it is known.
    #[ts(type = "number | null")]
    pub lag_records: Option<i64>,
    /// The same in bytes of keys and values, estimated from the mean size of the records copied; `None` before one was.
    #[ts(type = "number | null")]
    pub lag_bytes_estimate: Option<u64>,
    /// Seconds until the start of the source's log overtakes the slowest position, if both go on as in the last minutes;
    /// `None` while the log's start does not move or does not gain.
    #[ts(type = "number | null")]
    pub retention_left_seconds: Option<i64>,
    /// Greatest delay of a partition in ms; `None` before it is known.
    #[ts(type = "number | null")]
    pub delay_ms: Option<i64>,
    /// Seconds until the backlog is copied at the present rate.
    #[ts(type = "number | null")]
    pub eta_seconds: Option<u64>,
    /// Gaps found, in all runs.
    #[ts(type = "number")]
    pub gaps: u64,
    /// Records in quarantine, from all runs.
    #[ts(type = "number")]
    pub quarantined: u64,
    /// Partitions that wait for a person.
    #[ts(type = "number")]
    pub stopped_partitions: u64,
    /// An error that concerns the whole task and is being retried.
    pub error: Option<String>,
    /// A row per partition.
    pub partitions: Vec<PartitionProgress>,
}

/// Something worth a line in a log.
#[derive(Debug, Clone)]
pub enum Event {
    /// Good to know.
    Info(String),
    /// Nothing is lost, but a person should look.
    Warning(String),
    /// A range that can no longer be read.
    Gap(Gap),
    /// A record the target refused.
    Quarantined {
        /// Where it came from.
        key: PartitionKey,
        /// Its source offset.
        offset: i64,
        /// Why.
        reason: String,
    },
    /// A partition stopped; a person must decide.
    PartitionStopped {
        /// Which.
        key: PartitionKey,
        /// Why and what can be done.
        reason: String,
        /// The range concerned, if one is.
        range: Option<OffsetRange>,
    },
}

/// Receives events, on the engine's own thread: it must not block.
pub type Observer = std::sync::Arc<dyn Fn(Event) + Send + Sync>;

/// Why a partition is not copied to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum IncompleteReason {
    /// It cannot be read or written.
    Fault {
        /// What is wrong and what can be done.
        sentence: String,
    },
    /// A transaction is open at the source; nothing behind its first record may be copied yet.
    OpenTransaction {
        /// Whose it is, as far as the brokers return it.
        sentence: String,
    },
}

/// A range that had to be copied and is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Incomplete {
    /// Source partition.
    #[serde(flatten)]
    pub key: PartitionKey,
    /// Offsets from the position to the end of the source.
    pub range: OffsetRange,
    /// Why.
    pub reason: IncompleteReason,
}

impl std::fmt::Display for Incomplete {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (IncompleteReason::Fault { sentence } | IncompleteReason::OpenTransaction { sentence }) =
            &self.reason;
        write!(
            f,
            "{}: offsets {} are not copied: {sentence}",
            self.key, self.range
        )
    }
}

/// Why a run ended.
#[derive(Debug, Clone)]
pub enum Ending {
    /// It reached the end of the source, as far as that could be read.
    CaughtUp {
        /// What could not be copied; empty when everything that was asked for is.
        incomplete: Vec<Incomplete>,
    },
    /// A stop was asked for.
    Stopped,
    /// It cannot go on.
    Failed(crate::EngineError),
}

/// How a run ended.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Why.
    pub ending: Ending,
    /// The last snapshot.
    pub progress: Progress,
}
