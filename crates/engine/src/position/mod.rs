//! Where a task stands: the records that survive a restart, the trait of what keeps them, and the positions on the
//! target.

mod committed;
mod delivery;
mod lane_kind;
mod log_bounds;
mod note;
mod offset_run;
mod pair;
mod run_map;
mod store;

pub(crate) use committed::{Found, committed, committed_positions, latest_writer};
pub(crate) use delivery::EffectiveDelivery;
pub use lane_kind::LaneKind;
pub(crate) use log_bounds::{
    LogBounds, bounds, by_partition, each, every_offset, has_leader, lacks_leader, logs,
};
pub(crate) use note::{Note, Writership, read_note};
pub use offset_run::{OffsetRun, Stride};
pub(crate) use pair::Authorship;
#[cfg(test)]
pub(crate) use pair::testing;
pub use pair::{Direction, PairedWriters, WriterNotes};
pub(crate) use run_map::{Copied, Map, Runs, StoredRuns};
pub use store::{
    Anchor, Checkpoint, CheckpointStore, Gap, GapReason, Launch, Ledger, PartitionKey, PartitionState,
    QUARANTINE_VALUE_LIMIT, QuarantineFate, QuarantinedRecord, RunCut, UNPINNED,
};
