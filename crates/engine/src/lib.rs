//! Two Kafka clusters: plan, lanes, positions, checkpoints, gaps, quarantine, throughput, verification.
//!
//! The engine knows no window and no SQL: it reports through [`Progress`] and an [`Observer`], and keeps its state
//! through a [`CheckpointStore`].

mod cancellable;
mod clock;
mod copy;
mod error;
mod finding;
mod groups;
mod lane;
mod launch;
mod lock;
mod lookup;
mod outside;
pub mod parity;
mod partition;
mod plan;
mod position;
mod progress;
mod readiness;
mod record_hash;
mod replay;
mod run;
mod topic_id;
mod verify;

pub use copy::RunOptions;
pub use error::{EngineError, Result, Side, StoreError};
pub use finding::{Finding, Verdict};
pub use groups::{
    Goal, GroupChoice, GroupKind, GroupMemory, GroupPosition, GroupReport, GroupState, GroupStore,
    GroupsReport, Hole, OffsetLookup, PartitionLogs, PositionToProve, ProofOutcome, Sought, SyncOptions,
    SyncedPosition, Translated, Translation, group_inventory, pair_up, prove_positions, sync_groups,
    translate,
};
pub use lane::{
    CommitPosition, Compressions, Displaced, HoleKind, Lane, LaneError, LanePartition, MirrorPlace, Notice,
    NoticeKind, Passed, RecordLane, RecordLaneConfig, Refusal, RefusalCause, Report, Slot, SourceIncident,
    Span, StepLimit, TargetIncident, TargetIncidentKind, TopicCompression, WireLane, WireLaneConfig,
};
pub use launch::{
    Foreseen, ForeseenTopic, Modification, TopicFate, WantedObjects, foresee, launch_pinned, modify,
};
pub use outside::{OutsideCopy, Positions};
pub use partition::OffsetRuns;
pub use plan::precheck::{
    ITEMS as PRE_CHECK_ITEMS, ItemResult, OtherTask, PreCheckContext, PreCheckItem, PreCheckReport, precheck,
    settings_fingerprint,
};
pub use plan::{Inspection, RouteFacts, inspect, source_backlog, source_retention_left};
pub use position::{
    Anchor, Checkpoint, CheckpointStore, Direction, Gap, GapReason, LaneKind, Launch, Ledger, OffsetRun,
    PairedWriters, PartitionKey, PartitionState, QUARANTINE_VALUE_LIMIT, QuarantineFate, QuarantinedRecord,
    RunCut, Stride, UNPINNED, WriterNotes,
};
pub use progress::{
    AcceptedGap, Ending, Event, Incomplete, IncompleteReason, Latency, Observer, OpenGap, Outcome,
    PartitionCondition, PartitionProgress, Progress, Stage,
};
pub use readiness::{
    ANSWER_HOLDS_MS, Evidence, EvidenceValue, QUESTIONS, Question, ReadinessContext, ReadinessItem,
    ReadinessReport, ReadinessResult, readiness,
};
pub use replay::replay_quarantined;
pub use run::{Running, start, start_unless};
pub use verify::{
    Accepted, Difference, DifferenceKind, Gone, GoneReason, LogSide, NoLongerThere, NotCompared, NotCopied,
    NotCopiedTotal, PartitionReport, Proof, ReadBy, VerificationReport, VerificationResult, VerifyOptions,
    VerifyProgress, VerifyScope, verify,
};
