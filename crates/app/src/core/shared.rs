//! What commands and running tasks share.

use std::path::PathBuf;
use std::sync::Arc;

use sluice_engine::{Event, Observer};
use sluice_model::{
    Cluster, Secret, SourceForm, SourceId, SourceSecrets, Task, TaskId, TaskSettings, TaskState,
};
use sluice_store::{DataSourceRow, LogRow, SecretStore, SqliteStore, TaskRow};

use super::retention_ends::RetentionEnds;
use crate::clock::now_ms;
use crate::schema::{AppEvent, EventBus};
use crate::{AppError, ErrorCode, Result};

/// What commands and running tasks share.
pub(crate) struct Core {
    pub(crate) dir: PathBuf,
    pub(crate) store: Arc<SqliteStore>,
    pub(crate) secrets: Arc<dyn SecretStore>,
    pub(crate) bus: EventBus,
    /// What is known of tasks whose sources delete what was not copied.
    pub(crate) retention_ends: RetentionEnds,
}

impl Core {
    /// The data source of a name or id.
    pub(crate) fn source(&self, name_or_id: &str) -> Result<DataSourceRow> {
        self.store
            .source(name_or_id)?
            .ok_or_else(|| AppError::not_found("data source", name_or_id))
    }

    /// The task of an id, or of a name that only one has.
    pub(crate) fn task(&self, name_or_id: &str) -> Result<TaskRow> {
        if let Some(row) = self.store.task(name_or_id)? {
            return Ok(row);
        }
        let mut named = self.store.tasks_named(name_or_id)?;
        match (named.pop(), named.len()) {
            (Some(row), 0) => Ok(row),
            (Some(row), _) => Err(AppError::new(
                ErrorCode::Ambiguous,
                format!(
                    "several tasks have the name '{name_or_id}'; use an id: {}, {}",
                    row.id,
                    named
                        .iter()
                        .map(|row| row.id.as_str())
                        .collect::<Vec<_>>()
                        .join(", ")
                ),
            )),
            (None, _) => Err(AppError::not_found("task", name_or_id)),
        }
    }

    /// What a client needs to reach a data source, secrets included.
    pub(crate) fn cluster(&self, source: &DataSourceRow) -> Result<Cluster> {
        let form = form(source)?;
        form.cluster(&self.source_secrets(source)?)
            .map_err(AppError::fields)
    }

    /// The secrets of a data source.
    pub(crate) fn source_secrets(&self, source: &DataSourceRow) -> Result<SourceSecrets> {
        let get = |field: &str| -> Result<Option<Secret>> {
            let Some(handle) = source.secrets.get(field) else {
                return Ok(None);
            };
            match self.secrets.get(handle)? {
                Some(secret) => Ok(Some(secret)),
                None => Err(AppError::new(
                    ErrorCode::Secrets,
                    format!(
                        "the {field} of the data source '{}' is not {} any more; enter it again",
                        source.name,
                        self.secrets.level().place()
                    ),
                )),
            }
        };
        Ok(SourceSecrets {
            password: get("password")?,
            key_password: get("key_password")?,
            oauth_client_secret: get("oauth_client_secret")?,
        })
    }

    /// A stored task as the engine takes it.
    pub(crate) fn engine_task(&self, row: &TaskRow) -> Result<Task> {
        let settings = settings(row)?;
        self.described(&task_id(row)?, &settings)
    }

    /// `settings` as the engine takes them.
    pub(crate) fn described(&self, id: &TaskId, settings: &TaskSettings) -> Result<Task> {
        let source = self.cluster(&self.source(settings.source.as_str())?)?;
        let target = self.cluster(&self.source(settings.target.as_str())?)?;
        Ok(settings.task(id, source, target)?)
    }

    /// Puts a task from one of `from` into `to`, tells everybody, and returns whether it was in one of them.
    pub(crate) fn transit(
        &self,
        id: &TaskId,
        from: &[TaskState],
        to: TaskState,
        reason: Option<&str>,
    ) -> Result<bool> {
        let words: Vec<&str> = from.iter().map(|state| state.word()).collect();
        let changed = self
            .store
            .change_task_state(id.as_str(), &words, to.word(), reason, now_ms())?;
        if changed {
            self.bus.publish(&AppEvent::TaskState {
                task_id: id.clone(),
                state: to,
                reason: reason.map(str::to_owned),
            });
        }
        Ok(changed)
    }

    /// Writes a line into a task's log. A log that cannot be written is told in the program's own.
    pub(crate) fn log(&self, id: &TaskId, level: &str, message: impl Into<String>) {
        self.log_row(LogRow {
            id: 0,
            task_id: id.as_str().to_owned(),
            at_ms: now_ms(),
            level: level.to_owned(),
            message: message.into(),
            topic: None,
            partition: None,
            offset: None,
        });
    }

    fn log_row(&self, row: LogRow) {
        tracing::info!(task = %row.task_id, level = %row.level, "{}", row.message);
        if let Err(error) = self.store.append_task_log(std::slice::from_ref(&row)) {
            tracing::error!(task = %row.task_id, %error, "a line of the task's log is lost");
        }
    }

    /// Writes the engine's events into the task's log.
    pub(crate) fn observer(self: &Arc<Self>, id: &TaskId) -> Observer {
        let (core, id) = (Arc::clone(self), id.clone());
        Arc::new(move |event| {
            let row = |level: &str, message: String| LogRow {
                id: 0,
                task_id: id.as_str().to_owned(),
                at_ms: now_ms(),
                level: level.to_owned(),
                message,
                topic: None,
                partition: None,
                offset: None,
            };
            core.log_row(match event {
                Event::Info(message) => row("info", message),
                Event::Warning(message) => row("warning", message),
                Event::Gap(gap) => LogRow {
                    topic: Some(gap.key.topic.clone()),
                    partition: Some(gap.key.partition),
                    offset: Some(gap.range.from),
                    ..row(
                        "error",
                        format!(
                            "gap: {} cannot be read any more in {} ({})",
                            gap.range, gap.key, gap.reason
                        ),
                    )
                },
                Event::Quarantined { key, offset, reason } => LogRow {
                    topic: Some(key.topic.clone()),
                    partition: Some(key.partition),
                    offset: Some(offset),
                    ..row(
                        "error",
                        format!("{key} offset {offset} is in quarantine: {reason}"),
                    )
                },
                Event::PartitionStopped { key, reason, range } => LogRow {
                    topic: Some(key.topic.clone()),
                    partition: Some(key.partition),
                    offset: range.map(|range| range.from),
                    ..row("error", format!("{key} has stopped: {reason}"))
                },
            });
        })
    }
}

/// The id of a stored task.
pub(crate) fn task_id(row: &TaskRow) -> Result<TaskId> {
    TaskId::parse(&row.id).map_err(|error| damaged(&row.id, &error))
}

/// The id of a stored data source.
pub(crate) fn source_id(row: &DataSourceRow) -> Result<SourceId> {
    SourceId::parse(&row.id).map_err(|error| damaged(&row.id, &error))
}

/// The settings of a stored task.
pub(crate) fn settings(row: &TaskRow) -> Result<TaskSettings> {
    serde_json::from_value(row.settings.clone()).map_err(|error| damaged(&row.id, &error))
}

/// The form of a stored data source.
pub(crate) fn form(row: &DataSourceRow) -> Result<SourceForm> {
    serde_json::from_value(row.settings.clone()).map_err(|error| damaged(&row.id, &error))
}

/// The state of a stored task.
pub(crate) fn state(row: &TaskRow) -> Result<TaskState> {
    TaskState::from_word(&row.state).ok_or_else(|| damaged(&row.id, &format!("unknown state {}", row.state)))
}

fn damaged(id: &str, why: &dyn std::fmt::Display) -> AppError {
    AppError::new(
        ErrorCode::Storage,
        format!("what is stored of {id} cannot be read ({why}); a newer version may have written it"),
    )
}
