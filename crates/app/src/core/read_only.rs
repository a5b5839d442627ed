//! Data sources that are marked read-only: whatever writes to a cluster asks here for it.

use sluice_model::{Cluster, Task};
use sluice_store::{DataSourceRow, TaskFilter, TaskRow};

use super::shared::{Core, form, state};
use crate::{AppError, ErrorCode, Result};

impl Core {
    /// Refuses to write to a data source, as it is kept now: what was read of it before may be old.
    ///
    /// # Errors
    /// It is marked read-only.
    pub(crate) fn may_write(&self, source: &str) -> Result<()> {
        let source = self.source(source)?;
        if form(&source)?.read_only {
            return Err(AppError::new(
                ErrorCode::Refused,
                format!(
                    "the data source '{}' is marked read-only, and nothing is written to it; choose another, or take the mark away",
                    source.name
                ),
            ));
        }
        Ok(())
    }

    /// Refuses to write to the target of a task.
    ///
    /// # Errors
    /// It is marked read-only.
    pub(crate) fn may_write_target(&self, row: &TaskRow) -> Result<()> {
        self.may_write(&row.target_id)
    }

    /// [`Core::cluster`], for what writes to it.
    ///
    /// # Errors
    /// It is marked read-only, or its secrets cannot be read.
    pub(crate) fn writable_cluster(&self, source: &DataSourceRow) -> Result<Cluster> {
        self.may_write(&source.id)?;
        self.cluster(source)
    }

    /// [`Core::engine_task`], for what writes to the task's target.
    ///
    /// # Errors
    /// It is marked read-only, or something about the task cannot be read.
    pub(crate) fn writing_task(&self, row: &TaskRow) -> Result<Task> {
        self.may_write_target(row)?;
        self.engine_task(row)
    }

    /// Refuses to mark a data source read-only while a task writes to it.
    ///
    /// # Errors
    /// One runs, or is to run.
    pub(crate) fn no_task_writes_to(&self, source: &str) -> Result<()> {
        let (rows, _) = self.store.tasks(&TaskFilter {
            target_id: Some(source.to_owned()),
            ..TaskFilter::default()
        })?;
        for row in rows {
            if state(&row)?.is_live() {
                return Err(AppError::new(
                    ErrorCode::StateForbids,
                    format!(
                        "the task '{}' writes to this data source; pause it before the data source is marked read-only",
                        row.name
                    ),
                ));
            }
        }
        Ok(())
    }
}
