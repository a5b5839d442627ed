//! Two Kafka clusters: plan, lanes, positions, checkpoints, gaps, quarantine, throughput, verification.
//!
//! The engine knows no window and no SQL: it reports through [`Progress`] and an [`Observer`], and keeps its state
//! through a [`CheckpointStore`].

mod adoption;
mod checkpoint;
mod clock;
mod copier;
mod delivery;
mod error;
mod finding;
mod follow;
mod inspection;
mod lane;
mod latency;
mod launch;
mod lookup;
mod modify;
mod pace;
mod pair;
mod precheck;
mod progress;
mod reconcile;
mod record_hash;
mod record_lane;
mod replay;
mod run;
mod source_retention;
mod start_position;
mod structure;
mod throttle;
mod track;
mod verify;
mod watch;

pub use checkpoint::{
    Anchor, Checkpoint, CheckpointStore, Gap, GapReason, Launch, OffsetRun, PartitionKey, PartitionState,
    QUARANTINE_VALUE_LIMIT, QuarantineFate, QuarantinedRecord, RunCut,
};
pub use error::{EngineError, Result, Side, StoreError};
pub use finding::{Finding, Verdict};
pub use inspection::{Inspection, RouteFacts, inspect};
pub use lane::{CommitPosition, Lane, LaneError, LanePartition, Passed, Refusal, Report, Slot, StepLimit};
pub use latency::Latency;
pub use modify::{Modification, modify};
pub use precheck::{
    ITEMS as PRE_CHECK_ITEMS, ItemResult, OtherTask, PreCheckContext, PreCheckItem, PreCheckReport, precheck,
    settings_fingerprint,
};
pub use progress::{
    Ending, Event, Observer, Outcome, PartitionCondition, PartitionProgress, Progress, Stage,
};
pub use record_lane::{RecordLane, RecordLaneConfig};
pub use replay::replay_quarantined;
pub use run::{RunOptions, Running, start, start_unless};
pub use source_retention::source_retention_left;
pub use verify::{
    Accepted, Difference, DifferenceKind, PartitionReport, VerificationReport, VerificationResult,
    VerifyOptions, VerifyProgress, verify,
};
