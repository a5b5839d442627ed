//! Tasks at work: what runs is compared with what is to run, each live task has a thread, and its numbers are shown.
//!
//! A task's state is in the store. Commands and the task's own thread change it in turns (`Turn` in `core`), and
//! whether the task is to run follows from its state in the same transaction. A thread gets orders ([`Orders`]) in the
//! turn that changes the state.

#[cfg(test)]
mod concurrency;
mod configuration_sync;
mod connect;
mod engine;
mod follow;
mod group_sync;
mod group_watch;
mod life;
mod live;
mod modification;
mod orders;
mod pre_check;
mod readiness;
mod runner;
mod scheduled_verification;
mod snapshot;
mod stretch;
mod supervisor;
mod task_run;
mod trouble;
mod verification;

pub(crate) use configuration_sync::ConfigurationSyncing;
pub(crate) use connect::{
    Leaving, is_carried, leave_connect, move_task, planned_connectors, probe_connect, rest_on_connect,
};
pub(crate) use engine::Copying;
pub(crate) use group_sync::GroupSyncs;
pub use group_sync::LastSync;
pub(crate) use group_watch::GroupWatch;
pub(crate) use modification::foresee_objects;
pub(crate) use pre_check::Checks;
pub(crate) use readiness::{ReadinessWanted, Readinesses};
pub(crate) use scheduled_verification::ScheduledVerifying;
pub(crate) use snapshot::{shown_state, snapshot};
pub(crate) use supervisor::{GIVE_UP_SETTING, Supervisor, after_a_kill};
pub(crate) use verification::{Verifications, Wanted, needs_rest};
