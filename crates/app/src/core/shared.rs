//! What commands and running tasks share.

use std::path::PathBuf;
use std::sync::Arc;

use sluice_engine::{Event, Observer, PartitionKey};
use sluice_model::{
    Cluster, Secret, SourceForm, SourceId, SourceSecrets, Task, TaskId, TaskSettings, TaskState,
};
use sluice_store::{DataSourceRow, LogRow, SecretStore, SqliteStore, TaskRow};

use super::retention_ends::RetentionEnds;
use super::stopped_partitions::StoppedPartitions;
use super::task_log::{TaskLog, Weight};
use super::turn::Turns;
use crate::clock::now_ms;
use crate::schema::{EventBus, LogEvent};
use crate::{AppError, ErrorCode, Result};

/// What commands and running tasks share.
pub(crate) struct Core {
    pub(crate) dir: PathBuf,
    pub(crate) store: Arc<SqliteStore>,
    pub(crate) secrets: Arc<dyn SecretStore>,
    pub(crate) bus: EventBus,
    /// The lines of tasks' logs on their way to the store.
    pub(crate) task_log: TaskLog,
    /// Whose turn it is to change a task.
    pub(crate) turns: Turns,
    /// What is known of tasks whose sources delete what was not copied.
    pub(crate) retention_ends: RetentionEnds,
    /// What tasks wait for a person's decision about.
    pub(crate) stopped: StoppedPartitions,
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
    ///
    /// # Errors
    /// The place where they are cannot be read, or one of them is not there any more.
    pub(crate) fn source_secrets(&self, source: &DataSourceRow) -> Result<SourceSecrets> {
        self.secrets_of(source, |field| {
            Err(AppError::new(
                ErrorCode::Secrets,
                format!(
                    "the {field} of the data source '{}' is not {} any more; enter it again",
                    source.name,
                    self.secrets.level().place()
                ),
            ))
        })
    }

    /// `new` and, for the fields it does not have, the secrets that a data source has already. One that is not there any
    /// more is as if it had never been entered; where `new` has every field, nothing is read.
    ///
    /// # Errors
    /// The place where the others are cannot be read.
    pub(crate) fn secrets_with(&self, new: &SourceSecrets, source: &DataSourceRow) -> Result<SourceSecrets> {
        let mut rest = source.clone();
        for (field, _) in new.given() {
            rest.secrets.remove(field);
        }
        Ok(new.clone().or(self.secrets_of(&rest, |_| Ok(None))?))
    }

    fn secrets_of(
        &self,
        source: &DataSourceRow,
        missing: impl Fn(&str) -> Result<Option<Secret>>,
    ) -> Result<SourceSecrets> {
        let get = |field: &str| -> Result<Option<Secret>> {
            let Some(handle) = source.secrets.get(field) else {
                return Ok(None);
            };
            match self.secrets.get(handle)? {
                Some(secret) => Ok(Some(secret)),
                None => missing(field),
            }
        };
        Ok(SourceSecrets {
            password: get("password")?,
            key_password: get("key_password")?,
            key_pem: get("key_pem")?,
            oauth_client_secret: get("oauth_client_secret")?,
            proxy_password: get("proxy_password")?,
        })
    }

    /// Refuses what cannot be done with a task of a pair that copies both ways.
    ///
    /// # Errors
    /// It is one; `why` is what stands in the way.
    pub(crate) fn one_way(row: &TaskRow, why: &str) -> Result<()> {
        if settings(row)?.both_ways.is_none() {
            return Ok(());
        }
        Err(AppError::new(
            ErrorCode::Refused,
            format!("'{}' is one of two tasks that copy both ways: {why}", row.name),
        ))
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

    /// Queues a line for a task's log: what becomes of the task, which is never left out.
    pub(crate) fn log(&self, id: &TaskId, level: &str, message: impl Into<String>) {
        self.append(log_line(id, level, message.into()), Weight::Great);
    }

    /// As [`Core::log`], of what charts have a mark for.
    pub(crate) fn log_event(&self, id: &TaskId, event: LogEvent, level: &str, message: impl Into<String>) {
        let line = LogRow {
            event: Some(event.word().to_owned()),
            ..log_line(id, level, message.into())
        };
        self.append(line, Weight::Great);
    }

    fn append(&self, row: LogRow, weight: Weight) {
        tracing::info!(task = %row.task_id, level = %row.level, "{}", row.message);
        self.task_log.append(row, weight);
    }

    /// Queues the engine's events for the task's log. Nothing is written on the engine's own threads.
    pub(crate) fn observer(self: &Arc<Self>, id: &TaskId) -> Observer {
        let (core, id) = (Arc::clone(self), id.clone());
        Arc::new(move |event| {
            let (line, weight) = event_line(&id, event);
            core.append(line, weight);
        })
    }
}

fn log_line(id: &TaskId, level: &str, message: String) -> LogRow {
    LogRow {
        id: 0,
        task_id: id.as_str().to_owned(),
        at_ms: now_ms(),
        level: level.to_owned(),
        message,
        topic: None,
        partition: None,
        offset: None,
        event: None,
    }
}

/// An event of the engine as a line, and how much it matters: only what is good to know may be left out.
fn event_line(id: &TaskId, event: Event) -> (LogRow, Weight) {
    let about = |key: PartitionKey, offset: Option<i64>, message: String| LogRow {
        topic: Some(key.topic),
        partition: Some(key.partition),
        offset,
        ..log_line(id, "error", message)
    };
    match event {
        Event::Info(message) => (log_line(id, "info", message), Weight::Little),
        Event::Warning(message) => (log_line(id, "warning", message), Weight::Great),
        Event::Gap(gap) => {
            let message = format!(
                "gap: {} cannot be read any more in {} ({})",
                gap.range, gap.key, gap.reason
            );
            (about(gap.key, Some(gap.range.from), message), Weight::Great)
        }
        Event::Quarantined { key, offset, reason } => {
            let message = format!("{key} offset {offset} is in quarantine: {reason}");
            (about(key, Some(offset), message), Weight::Great)
        }
        Event::PartitionStopped { key, reason, range } => {
            let message = format!("{key} has stopped: {reason}");
            (about(key, range.map(|range| range.from), message), Weight::Great)
        }
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
