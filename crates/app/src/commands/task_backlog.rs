use serde::{Deserialize, Serialize};
use sluice_engine::{CheckpointStore, PartitionState, source_backlog};
use sluice_model::TaskName;
use ts_rs::TS;

use super::command::Command;
use crate::{App, Result};

/// Asks the source what waits there for a task that does not run.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TaskBacklog {
    /// Name or id.
    pub task: String,
}

/// What waits at the source of a task that does not run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BacklogView {
    /// Offsets between the saved positions and the ends of the source's logs.
    #[ts(type = "number")]
    pub offsets: i64,
    /// How many of them came since the task came to rest; none where it is not known what waited then.
    #[ts(type = "number | null")]
    pub since: Option<i64>,
}

impl Command for TaskBacklog {
    const NAME: &'static str = "task_backlog";
    type Answer = Option<BacklogView>;

    /// `None` for a task that was never launched.
    fn run(self, app: &App) -> Result<Option<BacklogView>> {
        let core = &app.core;
        let row = core.task(&self.task)?;
        let mut partitions = core.store.partitions(&TaskName::new(&row.id)?)?;
        partitions.retain(PartitionState::is_pinned);
        if partitions.is_empty() {
            return Ok(None);
        }
        let source = core.cluster(&core.source(&row.source_id)?)?;
        let offsets = source_backlog(&source, &partitions, &|| false)?;
        Ok(Some(BacklogView {
            offsets,
            // Less than what waited then is what retention deleted, or what a person skipped.
            since: row.rest_lag.map(|then| (offsets - then).max(0)),
        }))
    }
}
