//! Two Kafka clusters: plan, lanes, positions, checkpoints, gaps, quarantine, throughput, verification.
//!
//! The engine knows no window and no SQL: it reports through [`Progress`] and an [`Observer`], and keeps its state
//! through a [`CheckpointStore`].

mod clock;
mod copy;
mod error;
mod finding;
mod lane;
mod launch;
mod lock;
mod lookup;
mod partition;
mod plan;
mod position;
mod progress;
mod record_hash;
mod replay;
mod run;
mod verify;

pub use copy::RunOptions;
pub use error::{EngineError, Result, Side, StoreError};
pub use finding::{Finding, Verdict};
pub use lane::{
    CommitPosition, Compressions, HoleKind, Lane, LaneError, LanePartition, Notice, NoticeKind, Passed,
    RecordLane, RecordLaneConfig, Refusal, RefusalCause, Report, Slot, SourceIncident, Span, StepLimit,
    TargetIncident, TargetIncidentKind, TopicCompression, WireLane, WireLaneConfig,
};
pub use launch::{Modification, modify};
pub use partition::OffsetRuns;
pub use plan::precheck::{
    ITEMS as PRE_CHECK_ITEMS, ItemResult, OtherTask, PreCheckContext, PreCheckItem, PreCheckReport, precheck,
    settings_fingerprint,
};
pub use plan::{Inspection, RouteFacts, inspect, source_retention_left};
pub use position::{
    Anchor, Checkpoint, CheckpointStore, Gap, GapReason, LaneKind, Launch, Ledger, OffsetRun, PartitionKey,
    PartitionState, QUARANTINE_VALUE_LIMIT, QuarantineFate, QuarantinedRecord, RunCut, Stride, UNPINNED,
};
pub use progress::{
    Ending, Event, Incomplete, IncompleteReason, Latency, Observer, Outcome, PartitionCondition,
    PartitionProgress, Progress, Stage,
};
pub use replay::replay_quarantined;
pub use run::{Running, start, start_unless};
pub use verify::{
    Accepted, Difference, DifferenceKind, Gone, GoneReason, LogSide, NoLongerThere, NotCompared, NotCopied,
    NotCopiedTotal, PartitionReport, Proof, ReadBy, VerificationReport, VerificationResult, VerifyOptions,
    VerifyProgress, VerifyScope, verify,
};
