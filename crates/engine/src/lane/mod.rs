//! The ways records travel from source partitions to target partitions.

mod incident;
mod interface;
mod missing_time;
mod record;
mod refusal_code;
mod wire;

pub use incident::{Notice, NoticeKind, SourceIncident, TargetIncident, TargetIncidentKind};
pub use interface::{
    CommitPosition, Displaced, HoleKind, Lane, LaneError, LanePartition, MirrorPlace, Passed, Refusal,
    RefusalCause, Report, Slot, Span, StepLimit,
};
pub(crate) use missing_time::effective_time;
pub use record::{Compressions, Nature, RecordLane, RecordLaneConfig, TopicCompression};
pub use wire::{WireLane, WireLaneConfig};
