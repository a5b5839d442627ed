//! The ways records travel from source partitions to target partitions.

mod incident;
mod interface;
mod record;

pub use incident::{Notice, NoticeKind, SourceIncident, TargetIncident, TargetIncidentKind};
pub use interface::{
    CommitPosition, HoleKind, Lane, LaneError, LanePartition, Passed, Refusal, RefusalCause, Report, Slot,
    Span, StepLimit,
};
pub(crate) use record::effective_time;
pub use record::{RecordLane, RecordLaneConfig};
