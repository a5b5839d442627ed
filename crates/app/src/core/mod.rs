//! What commands, tasks and alerts share: the store, the secrets, the events, the operation log.

mod operation;
mod retention_ends;
mod shared;

pub(crate) use operation::Operation;
pub(crate) use retention_ends::RetentionEnds;
pub(crate) use shared::{Core, form, settings, source_id, state, task_id};
