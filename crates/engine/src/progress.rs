//! What a running task tells about itself.

use serde::Serialize;
use sluice_model::OffsetRange;

use crate::checkpoint::{Gap, PartitionKey};

/// Where a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Default)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Default)]
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
}

/// One partition's row.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
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
    pub start: i64,
    /// Next source offset to copy: everything before it is acknowledged by the target.
    pub position: i64,
    /// Target offset behind the last acknowledged record.
    pub target_next: i64,
    /// Oldest offset in the source; `None` before it is known.
    pub log_start: Option<i64>,
    /// Source end offset (everything, open transactions as well); `None` before it is known.
    pub end: Option<i64>,
    /// `end - position`, 0 when caught up; `None` before it is known.
    pub lag: Option<i64>,
    /// Age in ms of the oldest record that is not acknowledged, 0 when caught up; `None` before it is known.
    pub delay_ms: Option<i64>,
    /// Records held back because a transaction at the source is still open.
    pub held_by_transaction: i64,
    /// Records copied in all.
    pub records: u64,
    /// Bytes of keys and values copied in all.
    pub bytes: u64,
    /// The current or last error.
    pub error: Option<String>,
}

/// A task's snapshot.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
pub struct Progress {
    /// The task's name.
    pub task: String,
    /// Where it is.
    pub stage: Stage,
    /// How records are delivered, as "exactly-once (target transactions)".
    pub delivery: String,
    /// Share of the backlog at launch that is copied, 0 to 100.
    pub full_percent: f64,
    /// Every readable partition is at the end of its source.
    pub caught_up: bool,
    /// Records read in this run.
    pub read_records: u64,
    /// Records acknowledged by the target in this run.
    pub written_records: u64,
    /// Bytes of keys and values acknowledged in this run.
    pub written_bytes: u64,
    /// Records read per second, over the last seconds.
    pub read_rate: f64,
    /// Records acknowledged per second, over the last seconds.
    pub write_rate: f64,
    /// Bytes acknowledged per second, over the last seconds.
    pub write_bytes_rate: f64,
    /// Sum of the partitions' lag; `None` before it is known.
    pub lag_records: Option<i64>,
    /// Greatest delay of a partition in ms; `None` before it is known.
    pub delay_ms: Option<i64>,
    /// Seconds until the backlog is copied at the present rate.
    pub eta_seconds: Option<u64>,
    /// Gaps found, in all runs.
    pub gaps: u64,
    /// Records in quarantine, from all runs.
    pub quarantined: u64,
    /// Partitions that wait for a person.
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

/// Hears of events, on the engine's own thread: it must not block.
pub type Observer = std::sync::Arc<dyn Fn(Event) + Send + Sync>;

/// Why a run ended.
#[derive(Debug, Clone)]
pub enum Ending {
    /// Everything that was asked for is copied.
    CaughtUp,
    /// It was told to stop.
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
