use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sluice_engine::{Latency, PartitionProgress, Progress, Stage};
use sluice_model::{SourceId, TaskAction, TaskId, TaskSettings, TaskState};
use ts_rs::TS;

use super::partitions_view::PartitionsView;
use super::trouble_view::TroubleView;

/// How far a stage is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum StageStatus {
    /// Not begun.
    Waiting,
    /// On it.
    Running,
    /// Behind it.
    Done,
    /// There was nothing to do: a task that starts at the end has no backlog, or the task ended before it.
    Skipped,
    /// On it, but the task is paused.
    Paused,
    /// On it, but something is wrong and being retried.
    HeldUp,
    /// On it when the task failed.
    Failed,
    /// The task ended on it.
    Ended,
}

/// A stage of a task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct StageView {
    /// `structure`, `full` or `incremental`.
    pub name: String,
    /// How far it is.
    pub status: StageStatus,
    /// 0 to 100; of the endless Incremental stage 100 when caught up and 0 when not.
    pub percent: f64,
}

/// A task's numbers at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct TaskSnapshot {
    /// Which task.
    pub task_id: TaskId,
    /// What it is doing.
    pub state: TaskState,
    /// Since when, in ms since 1970; none where that was not noted.
    #[ts(type = "number | null")]
    pub since_ms: Option<i64>,
    /// When these numbers were taken, in ms since 1970.
    #[ts(type = "number")]
    pub at_ms: i64,
    /// Structure, Full, Incremental.
    pub stages: Vec<StageView>,
    /// Age in ms of the oldest record that is not on the target, 0 when caught up; none when unknown.
    #[ts(type = "number | null")]
    pub delay_ms: Option<i64>,
    /// Records between positions and end offsets; none when unknown.
    #[ts(type = "number | null")]
    pub lag_records: Option<i64>,
    /// What they weigh, estimated from the mean size of the records copied.
    #[ts(type = "number | null")]
    pub lag_bytes: Option<u64>,
    /// Seconds until the backlog is copied at the present rate.
    #[ts(type = "number | null")]
    pub eta_seconds: Option<u64>,
    /// Records read since the launch.
    #[ts(type = "number")]
    pub read_records: u64,
    /// Records acknowledged by the target since the launch.
    #[ts(type = "number")]
    pub written_records: u64,
    /// Bytes of keys and values acknowledged since the launch.
    #[ts(type = "number")]
    pub written_bytes: u64,
    /// Records read per second.
    pub read_rate: f64,
    /// Records acknowledged per second.
    pub write_rate: f64,
    /// Bytes read per second.
    pub read_bytes_rate: f64,
    /// Bytes acknowledged per second.
    pub write_bytes_rate: f64,
    /// Time from reading a record to its acknowledgement, over the last minute.
    pub latency: Option<Latency>,
    /// Gaps found since the launch.
    #[ts(type = "number")]
    pub gaps: u64,
    /// Records in quarantine.
    #[ts(type = "number")]
    pub quarantined: u64,
    /// Partitions that wait for a person.
    #[ts(type = "number")]
    pub stopped_partitions: u64,
    /// Seconds until the source's retention overtakes the slowest position; none when it does not, or not within a day.
    /// Known of tasks that do not run as well, where an alert rule asks for it.
    #[ts(type = "number | null")]
    pub retention_left_seconds: Option<i64>,
    /// The current or last error.
    pub last_error: Option<String>,
    /// What is wrong now, and what can be done about it.
    pub trouble: Option<TroubleView>,
    /// How records are delivered.
    pub delivery: String,
    /// A row per partition; none in brief numbers.
    pub partitions: Vec<PartitionProgress>,
    /// All partitions in a few letters for each, in brief numbers alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub summary: Option<PartitionsView>,
}

impl TaskSnapshot {
    /// The same without a row per partition, for a page that draws what is seen.
    pub(crate) fn brief(mut self) -> Self {
        self.summary = Some(PartitionsView::of(&std::mem::take(&mut self.partitions)));
        self
    }
}

/// The task that copies the same topics in the other direction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PartnerView {
    /// Id.
    pub id: TaskId,
    /// Name; none where it was deleted.
    pub name: Option<String>,
    /// What it is doing; none where it was deleted.
    pub state: Option<TaskState>,
}

/// A task in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct TaskRowView {
    /// Id.
    pub id: TaskId,
    /// Name.
    pub name: String,
    /// The task that copies its topics back, of a pair.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub partner: Option<PartnerView>,
    /// Words of the user's own, by which it is found.
    pub tags: BTreeSet<String>,
    /// Data source it reads.
    pub source: SourceId,
    /// Its name.
    pub source_name: String,
    /// Data source it writes.
    pub target: SourceId,
    /// Its name.
    pub target_name: String,
    /// What it is doing.
    pub state: TaskState,
    /// What may be done.
    pub allowed: Vec<TaskAction>,
    /// Why it is in this state, where a person should know.
    pub reason: Option<String>,
    /// When it was made, in ms since 1970.
    #[ts(type = "number")]
    pub created_ms: i64,
    /// Age in ms of the oldest record that is not on the target.
    #[ts(type = "number | null")]
    pub delay_ms: Option<i64>,
    /// Records between positions and end offsets.
    #[ts(type = "number | null")]
    pub lag_records: Option<i64>,
    /// Records acknowledged per second.
    pub write_rate: f64,
    /// Share of the backlog at launch that is copied, 0 to 100.
    pub full_percent: f64,
    /// Partitions.
    #[ts(type = "number")]
    pub partitions: usize,
}

/// Everything about a task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct TaskView {
    /// Id.
    pub id: TaskId,
    /// Name.
    pub name: String,
    /// The task that copies its topics back, of a pair.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub partner: Option<PartnerView>,
    /// Every choice of the wizard.
    pub settings: TaskSettings,
    /// Counts the changes of the settings: a command that changes them may name the version it is based on.
    #[ts(type = "number")]
    pub settings_version: i64,
    /// Name of the data source it reads.
    pub source_name: String,
    /// Name of the data source it writes.
    pub target_name: String,
    /// What may be done.
    pub allowed: Vec<TaskAction>,
    /// Why it is in this state, where a person should know.
    pub reason: Option<String>,
    /// When it was made, in ms since 1970.
    #[ts(type = "number")]
    pub created_ms: i64,
    /// When it was first started.
    #[ts(type = "number | null")]
    pub started_ms: Option<i64>,
    /// When it was terminated or completed.
    #[ts(type = "number | null")]
    pub ended_ms: Option<i64>,
    /// Until when its alerts are muted.
    #[ts(type = "number | null")]
    pub muted_until_ms: Option<i64>,
    /// The last pre-check's report.
    #[ts(type = "unknown")]
    pub pre_check: Option<serde_json::Value>,
    /// Its numbers.
    #[serde(flatten)]
    pub snapshot: TaskSnapshot,
}

/// The stages as `progress` and `state` say.
pub(crate) fn stages(state: TaskState, progress: Option<&Progress>, starts_at_end: bool) -> Vec<StageView> {
    let view = |name: &str, status, percent| StageView {
        name: name.to_owned(),
        status,
        percent,
    };
    let nothing_to_copy = if starts_at_end {
        StageStatus::Skipped
    } else {
        StageStatus::Done
    };
    let (structure, full, incremental) = match progress {
        None => {
            let begun = match state {
                TaskState::Starting => StageStatus::Running,
                _ => StageStatus::Waiting,
            };
            (
                (begun, 0.0),
                (StageStatus::Waiting, 0.0),
                (StageStatus::Waiting, 0.0),
            )
        }
        Some(progress) => match progress.stage {
            Stage::Structure => (
                (StageStatus::Running, 0.0),
                (StageStatus::Waiting, 0.0),
                (StageStatus::Waiting, 0.0),
            ),
            Stage::Full => (
                (StageStatus::Done, 100.0),
                (StageStatus::Running, progress.full_percent),
                (StageStatus::Waiting, 0.0),
            ),
            Stage::Incremental => (
                (StageStatus::Done, 100.0),
                (nothing_to_copy, 100.0),
                match state {
                    TaskState::Completed => (StageStatus::Done, 100.0),
                    _ => (StageStatus::Running, if progress.caught_up { 100.0 } else { 0.0 }),
                },
            ),
        },
    };
    vec![
        view("structure", as_it_is(structure.0, state), structure.1),
        view("full", as_it_is(full.0, state), full.1),
        view("incremental", as_it_is(incremental.0, state), incremental.1),
    ]
}

/// A stage as it is in `state`: nothing runs in a task that does not.
fn as_it_is(status: StageStatus, state: TaskState) -> StageStatus {
    match (status, state) {
        (StageStatus::Running, TaskState::Pausing | TaskState::Paused) => StageStatus::Paused,
        (StageStatus::Running, TaskState::Abnormal) => StageStatus::HeldUp,
        (StageStatus::Running, TaskState::Failed) => StageStatus::Failed,
        (StageStatus::Running, TaskState::Terminating | TaskState::Terminated) => StageStatus::Ended,
        (StageStatus::Waiting, TaskState::Terminated) => StageStatus::Skipped,
        (status, _) => status,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stage_words_say_what_a_task_does_and_not_what_it_did() {
        let copying = Progress {
            stage: Stage::Incremental,
            ..Progress::default()
        };
        for (state, word) in [
            (TaskState::Running, StageStatus::Running),
            (TaskState::Pausing, StageStatus::Paused),
            (TaskState::Paused, StageStatus::Paused),
            (TaskState::Abnormal, StageStatus::HeldUp),
            (TaskState::Failed, StageStatus::Failed),
            (TaskState::Terminated, StageStatus::Ended),
            (TaskState::Completed, StageStatus::Done),
        ] {
            let shown = stages(state, Some(&copying), false);
            assert_eq!(
                shown.iter().map(|stage| stage.status).collect::<Vec<_>>(),
                [StageStatus::Done, StageStatus::Done, word],
                "{state}"
            );
        }
        let early = stages(TaskState::Terminated, None, false);
        assert!(early.iter().all(|stage| stage.status == StageStatus::Skipped));
    }
}
