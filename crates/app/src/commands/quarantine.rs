use serde::{Deserialize, Serialize};
use sluice_engine::{CheckpointStore, PartitionKey, QuarantineFate, replay_quarantined};
use sluice_kafka::ErrorCode;
use sluice_model::TaskName;
use sluice_store::TaskRow;
use ts_rs::TS;

use super::command::Command;
use crate::core;
use crate::core::Operation;
use crate::{App, AppError, Result};

/// Records of a page if the caller says nothing.
const PAGE: usize = 500;

/// Records the target refused.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TaskQuarantine {
    /// Name or id.
    pub task: String,
    /// From behind this row on; 0 for the first.
    #[serde(default)]
    #[ts(type = "number")]
    pub after_id: i64,
    /// How many at most; 500 if not said.
    #[serde(default)]
    #[ts(type = "number | null")]
    pub limit: Option<usize>,
}

/// A record the target refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct QuarantineView {
    /// Stands for it.
    #[ts(type = "number")]
    pub id: i64,
    /// Source topic.
    pub topic: String,
    /// Partition.
    pub partition: i32,
    /// Source offset.
    #[ts(type = "number")]
    pub offset: i64,
    /// What the target said.
    pub reason: String,
    /// Bytes of key and value.
    #[ts(type = "number")]
    pub size: i64,
    /// The largest batch that the target topic would have to take for it, in bytes; none where it was refused for another
    /// reason, or its size is not known.
    #[ts(type = "number | null")]
    pub needs_bytes: Option<i64>,
    /// The record's timestamp, in ms since 1970.
    #[ts(type = "number")]
    pub timestamp_ms: i64,
    /// When it was refused, in ms since 1970.
    #[ts(type = "number")]
    pub at_ms: i64,
}

/// Writes a quarantined record to the target now, read from the source again. It stands behind younger records there.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TaskQuarantineReplay {
    /// Name or id.
    pub task: String,
    /// Source topic.
    pub topic: String,
    /// Partition.
    pub partition: i32,
    /// Source offset.
    #[ts(type = "number")]
    pub offset: i64,
}

/// Where a replayed record stands now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ReplayedView {
    /// Target offset, if the target said it.
    #[ts(type = "number | null")]
    pub target_offset: Option<i64>,
}

/// Leaves a quarantined record out for good and forgets its content. A verification says so from then on.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TaskQuarantineDiscard {
    /// Name or id.
    pub task: String,
    /// Source topic.
    pub topic: String,
    /// Partition.
    pub partition: i32,
    /// Source offset.
    #[ts(type = "number")]
    pub offset: i64,
}

impl Command for TaskQuarantine {
    const NAME: &'static str = "task_quarantine";
    type Answer = Vec<QuarantineView>;

    fn run(self, app: &App) -> Result<Vec<QuarantineView>> {
        let row = app.core.task(&self.task)?;
        let rows = app
            .core
            .store
            .quarantine_rows(&row.id, self.after_id, self.limit.unwrap_or(PAGE))?;
        Ok(rows
            .into_iter()
            .map(|row| QuarantineView {
                id: row.id,
                topic: row.topic,
                partition: row.partition,
                offset: row.offset,
                needs_bytes: needs_bytes(row.code, row.size),
                reason: row.reason,
                size: row.size,
                timestamp_ms: row.timestamp_ms,
                at_ms: row.at_ms,
            })
            .collect())
    }
}

impl Command for TaskQuarantineReplay {
    const NAME: &'static str = "task_quarantine_replay";
    type Answer = ReplayedView;

    fn run(self, app: &App) -> Result<ReplayedView> {
        let core = &app.core;
        let row = core.task(&self.task)?;
        let key = PartitionKey {
            topic: self.topic,
            partition: self.partition,
        };
        on_record(Self::NAME, &row, &key, self.offset).run(&core.store, || {
            let id = core::task_id(&row)?;
            let target_offset =
                replay_quarantined(&core.writing_task(&row)?, core.store.as_ref(), &key, self.offset)?;
            let place = target_offset.map_or_else(String::new, |offset| format!(" as offset {offset}"));
            core.log(
                &id,
                "info",
                format!("{key} offset {} was replayed from quarantine{place}", self.offset),
            );
            Ok(ReplayedView { target_offset })
        })
    }
}

impl Command for TaskQuarantineDiscard {
    const NAME: &'static str = "task_quarantine_discard";
    type Answer = ();

    fn run(self, app: &App) -> Result<()> {
        let core = &app.core;
        let row = core.task(&self.task)?;
        let key = PartitionKey {
            topic: self.topic,
            partition: self.partition,
        };
        on_record(Self::NAME, &row, &key, self.offset).run(&core.store, || {
            let id = core::task_id(&row)?;
            let name = TaskName::new(&row.id)?;
            let found = core
                .store
                .settle_quarantined(&name, &key, self.offset, QuarantineFate::Discarded)?;
            if !found {
                return Err(AppError::not_found(
                    "quarantined record",
                    &format!("{key} offset {}", self.offset),
                ));
            }
            core.log(
                &id,
                "warning",
                format!("{key} offset {} was discarded from quarantine", self.offset),
            );
            Ok(())
        })
    }
}

/// The largest batch that a topic must take for a record of `size` bytes that was refused with `code`: the record, its
/// headers and the batch around it, rounded up to whole 4 KB.
fn needs_bytes(code: i32, size: i64) -> Option<i64> {
    const AROUND: i64 = 4096;
    let too_large = [ErrorCode::MESSAGE_TOO_LARGE, ErrorCode::RECORD_LIST_TOO_LARGE]
        .iter()
        .any(|known| known.0 == code);
    (too_large && size > 0).then(|| (size + 2 * AROUND) / AROUND * AROUND)
}

/// The operation's row says which record it was, not what was in it.
fn on_record(command: &'static str, task: &TaskRow, key: &PartitionKey, offset: i64) -> Operation {
    Operation::new(command, "task", &task.id, &task.name).before(serde_json::json!({
        "topic": key.topic,
        "partition": key.partition,
        "offset": offset,
    }))
}
