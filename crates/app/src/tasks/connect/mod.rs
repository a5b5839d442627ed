//! Tasks that run on a Kafka Connect cluster: MirrorMaker's connectors are made, driven and watched from here.

mod access;
mod check;
mod connect_run;
mod deployment;
mod moving;
mod newcomers;
mod probe;
mod starting;
mod watch;

pub(crate) use check::{extend_pre_check, is_carried};
pub(crate) use deployment::{Leaving, leave_connect};
pub(crate) use moving::{move_task, rest_on_connect};
pub(crate) use probe::probe_connect;
pub(crate) use starting::{planned_connectors, start_on_connect};
