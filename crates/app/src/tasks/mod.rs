//! Tasks at work: what runs is compared with what is to run, each live task has a thread, and its numbers are shown.

mod pre_check;
mod snapshot;
mod stretch;
mod supervisor;
mod task_run;
mod verification;

pub(crate) use pre_check::Checks;
pub(crate) use snapshot::{shown_state, snapshot};
pub(crate) use supervisor::{GIVE_UP_SETTING, Supervisor, after_a_kill};
pub(crate) use task_run::Order;
pub(crate) use verification::Verifications;
