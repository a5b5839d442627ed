//! The copy itself: the loop, its commits, its recoveries, and what it reports.

mod caught_up;
mod commit;
mod copier;
mod damage;
mod follower;
mod health;
mod held_back;
mod incidents;
mod job;
mod latency;
mod ledger;
mod meters;
mod pruning;
mod reconcile;
mod recovery;
mod recovery_cause;
mod rejected;
mod shared;
mod snapshot;
mod source_state;
mod throttle;
mod transaction_size;
mod watcher;

pub(crate) use copier::Copier;
pub(crate) use follower::Followed;
pub(crate) use job::Job;
pub(crate) use pruning::Pruning;
pub(crate) use reconcile::{UNMATCHED, reconcile};
pub use shared::RunOptions;
pub(crate) use shared::Shared;
pub(crate) use watcher::Watcher;
