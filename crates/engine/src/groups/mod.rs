//! Consumer groups of the source: which read the task's topics, where each stands, and the same place on the target.
//!
//! * [`translate`]: from a committed source offset to the target offset of the first copied record that is not before it,
//!   by the offset map alone; what the map leaves open is found by reading the target (`resolve`, `search`). Where another
//!   program copies, the map itself is found by reading both sides (`pairing`).
//! * [`group_inventory`]: the groups of the source that read the task's topics, and how each position translates.
//! * [`sync_groups`]: the same, and the translations committed on the target.
//! * [`prove_positions`]: the record that comes next, read on both sides by the client that did not copy, and compared.
//!
//! Nothing here changes the source, and nothing but committed offsets on the target.

mod both_ways;
mod choice;
mod clusters;
mod commit;
mod decision;
mod facts;
mod inventory;
mod kind;
mod memory;
mod next_record;
mod other_kinds;
mod pairing;
mod plan;
mod proof;
mod readers;
mod report;
mod resolve;
mod search;
mod sync;
mod translate;

pub use choice::{GroupChoice, SyncOptions};
pub use kind::GroupKind;
pub use memory::{GroupMemory, GroupStore, SyncedPosition};
pub(crate) use next_record::Fingerprint;
pub use pairing::{Goal, Sought, pair_up};
pub(crate) use pairing::{is_paired, read_all};
pub use proof::{PositionToProve, ProofOutcome, prove_positions};
pub use report::{GroupPosition, GroupReport, GroupState, GroupsReport, Translated};
pub use sync::{group_inventory, sync_groups};
pub use translate::{Hole, OffsetLookup, PartitionLogs, Translation, translate};
