//! What a person decides where a task shows a trouble: the one action that helps.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sluice_engine::AcceptedGap;
use sluice_kafka::Admin;
use ts_rs::TS;

use super::command::Command;
use super::task_objects::TaskModify;
use super::tasks::show;
use crate::core::{self, Operation, to_value};
use crate::cutover::without_topics;
use crate::schema::TaskView;
use crate::{App, AppError, ErrorCode, Result};

/// The topic's setting that says how large a batch may be, in bytes.
const LARGEST_BATCH: &str = "max.message.bytes";

/// Accepts gaps, as they were shown: their partitions go on behind them, and the gaps go to the ledger. A task that is
/// paused or has failed is started for it. A gap that has grown since keeps its partition stopped, with the new range.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TaskAcceptGaps {
    /// Name or id.
    pub task: String,
    /// The gaps.
    pub gaps: Vec<AcceptedGap>,
}

/// Takes a topic out of a task; its position is kept, so that it goes on from there if it is added again.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TaskLeaveOut {
    /// Name or id.
    pub task: String,
    /// Source topic.
    pub topic: String,
}

/// Lets a target topic take larger batches. A limit that is large enough already stays.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TaskRaiseMessageSize {
    /// Name or id.
    pub task: String,
    /// Source topic.
    pub topic: String,
    /// The least it must take, in bytes.
    #[ts(type = "number")]
    pub bytes: i64,
}

/// What a target topic takes now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MessageSizeView {
    /// Target topic.
    pub target_topic: String,
    /// Largest batch it took before, in bytes, where that is known.
    #[ts(type = "number | null")]
    pub was: Option<i64>,
    /// Largest batch it takes now, in bytes.
    #[ts(type = "number")]
    pub is: i64,
}

impl Command for TaskAcceptGaps {
    const NAME: &'static str = "task_accept_gaps";
    type Answer = TaskView;

    fn run(self, app: &App) -> Result<TaskView> {
        let core = &app.core;
        let row = core.task(&self.task)?;
        Operation::new(Self::NAME, "task", &row.id, &row.name)
            .after(to_value(&self.gaps)?)
            .run(&core.store, || {
                if self.gaps.is_empty() {
                    return Err(AppError::field("gaps", "name at least one gap"));
                }
                let id = core::task_id(&row)?;
                for gap in &self.gaps {
                    core.log(
                        &id,
                        "warning",
                        format!("{}: the gap {} is accepted ({})", gap.key, gap.range, gap.reason),
                    );
                }
                app.supervisor.accept_gaps(core, &id, self.gaps)?;
                show(app, &core.task(&row.id)?)
            })
    }
}

impl Command for TaskLeaveOut {
    const NAME: &'static str = "task_leave_out";
    type Answer = TaskView;

    fn run(self, app: &App) -> Result<TaskView> {
        let row = app.core.task(&self.task)?;
        let settings = without_topics(&core::settings(&row)?, std::slice::from_ref(&self.topic));
        let modification = TaskModify {
            task: self.task,
            settings,
            version: Some(row.settings_version),
            copy_again: BTreeSet::new(),
        };
        modification.carry_out(app, Self::NAME, &row)
    }
}

impl Command for TaskRaiseMessageSize {
    const NAME: &'static str = "task_raise_message_size";
    type Answer = MessageSizeView;

    fn run(self, app: &App) -> Result<MessageSizeView> {
        let core = &app.core;
        let row = core.task(&self.task)?;
        Operation::new(Self::NAME, "task", &row.id, &row.name)
            .after(serde_json::json!({ "topic": self.topic, "bytes": self.bytes }))
            .run(&core.store, || {
                let id = core::task_id(&row)?;
                let target_topic = core::settings(&row)?
                    .rename
                    .apply(&self.topic)
                    .map_err(|error| AppError::field("topic", error.to_string()))?;
                let target = core.source(&row.target_id)?;
                let view = raise(
                    &Admin::new(&core.writable_cluster(&target)?).map_err(refused)?,
                    target_topic,
                    self.bytes,
                )?;
                core.log(
                    &id,
                    "info",
                    format!(
                        "the target topic '{}' takes batches of up to {} bytes now",
                        view.target_topic, view.is
                    ),
                );
                Ok(view)
            })
    }
}

fn raise(admin: &Admin, target_topic: String, bytes: i64) -> Result<MessageSizeView> {
    let was = admin
        .topic_config(&target_topic)
        .ok()
        .and_then(|config| config.get(LARGEST_BATCH)?.value.clone())
        .and_then(|value| value.parse().ok());
    if let Some(is) = was.filter(|was| *was >= bytes) {
        return Ok(MessageSizeView {
            target_topic,
            was,
            is,
        });
    }
    let values = BTreeMap::from([(LARGEST_BATCH.to_owned(), bytes.to_string())]);
    admin.set_topic_config(&target_topic, &values).map_err(|error| {
        AppError::new(
            ErrorCode::Refused,
            format!(
                "the target does not let this user change the topic '{target_topic}': {error}. Give the user ALTER_CONFIGS on it, or have {LARGEST_BATCH} set to {bytes} by its owner"
            ),
        )
    })?;
    Ok(MessageSizeView {
        target_topic,
        was,
        is: bytes,
    })
}

fn refused(error: sluice_kafka::KafkaError) -> AppError {
    AppError::new(ErrorCode::ClusterUnreachable, error.to_string())
}
