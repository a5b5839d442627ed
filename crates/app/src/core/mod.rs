//! What commands, tasks and alerts share: the store, the secrets, the events, the operation log, and the right to change
//! a task.

mod operation;
mod panic_words;
mod read_only;
mod retention_ends;
mod shared;
mod stopped_partitions;
mod task_log;
#[cfg(test)]
pub(crate) mod testing;
mod turn;

pub(crate) use operation::{Operation, actor};
pub(crate) use panic_words::{panic_words, without_quoted};
pub(crate) use retention_ends::RetentionEnds;
pub(crate) use shared::{Core, form, settings, source_id, state, task_id};
pub(crate) use stopped_partitions::StoppedPartitions;
pub(crate) use task_log::TaskLog;
pub(crate) use turn::{Turn, Turns, allowed, just_changed, require, require_version, superseded, to_value};
