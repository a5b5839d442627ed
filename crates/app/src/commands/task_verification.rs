use serde::{Deserialize, Serialize};
use sluice_engine::{VerificationReport, VerificationResult, VerifyScope};
use sluice_model::{TaskSettings, VerificationSchedule};
use sluice_store::VerificationRow;
use ts_rs::TS;

use super::command::Command;
use super::tasks::{MayChange, change_part};
use crate::clock::now_ms;
use crate::core::{self, Operation};
use crate::schema::TaskView;
use crate::tasks::Wanted;
use crate::{App, AppError, ErrorCode, Result};

/// Compares both sides up to the task's positions; waits for the report.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TaskVerify {
    /// Name or id.
    pub task: String,
    /// What of it; by default all.
    #[serde(default)]
    #[ts(optional)]
    pub scope: Option<VerifyScope>,
    /// Only what is newer than earlier verifications proved, partition by partition; the others whole.
    #[serde(default)]
    #[ts(optional, as = "Option<bool>")]
    pub continues: bool,
}

/// Gives a verification up.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TaskVerifyCancel {
    /// Name or id.
    pub task: String,
}

/// The verification under way, the last one's report, and what those before came to.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TaskVerification {
    /// Name or id.
    pub task: String,
}

/// Says when a task is verified by itself.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TaskVerifySchedule {
    /// Name or id.
    pub task: String,
    /// When; none for never. It holds from now on, whatever it says.
    pub schedule: Option<VerificationSchedule>,
    /// The version of the settings that the caller has looked at; another change since is refused.
    #[serde(default)]
    #[ts(optional, type = "number")]
    pub version: Option<i64>,
}

/// Verifications of a task.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct VerificationView {
    /// How far the one under way is, 0 to 100; none while there is none.
    pub percent: Option<f64>,
    /// What the last one found.
    pub report: Option<VerificationReport>,
    /// When that was, in ms since 1970.
    #[ts(type = "number | null")]
    pub ended_ms: Option<i64>,
    /// What each came to, the newest first.
    pub history: Vec<PastVerification>,
}

/// What a verification came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PastVerification {
    /// When it ended, in ms since 1970.
    #[ts(type = "number")]
    pub at_ms: i64,
    /// The verdict.
    pub result: VerificationResult,
    /// The verdict in a sentence.
    pub sentence: String,
    /// Records compared at the source.
    #[ts(type = "number")]
    pub source_records: u64,
    /// Whether all of the task was verified.
    pub whole: bool,
    /// Whether it was made because of the task's schedule.
    pub scheduled: bool,
}

impl PastVerification {
    fn of(row: VerificationRow) -> Result<Self> {
        let result = VerificationResult::from_word(&row.result).ok_or_else(|| {
            AppError::new(
                ErrorCode::Internal,
                format!("the history of verifications has a verdict '{}'", row.result),
            )
        })?;
        Ok(Self {
            at_ms: row.at_ms,
            result,
            sentence: row.sentence,
            source_records: row.source_records,
            whole: row.whole,
            scheduled: row.scheduled,
        })
    }
}

impl Command for TaskVerify {
    const NAME: &'static str = "task_verify";
    type Answer = VerificationReport;

    fn run(self, app: &App) -> Result<VerificationReport> {
        let row = app.core.task(&self.task)?;
        Operation::new(Self::NAME, "task", &row.id, &row.name).run(&app.core.store, || {
            let id = core::task_id(&row)?;
            let live = app.supervisor.live(&id);
            let wanted = Wanted {
                scope: self.scope.unwrap_or_default(),
                continues: self.continues,
                scheduled: false,
            };
            app.verifications.run(&app.core, &id, live.as_ref(), wanted)
        })
    }
}

impl Command for TaskVerifyCancel {
    const NAME: &'static str = "task_verify_cancel";
    type Answer = bool;

    fn run(self, app: &App) -> Result<bool> {
        let row = app.core.task(&self.task)?;
        Ok(app.verifications.cancel(&core::task_id(&row)?))
    }
}

impl Command for TaskVerification {
    const NAME: &'static str = "task_verification";
    type Answer = VerificationView;

    fn run(self, app: &App) -> Result<VerificationView> {
        let row = app.core.task(&self.task)?;
        let last = app.core.store.last_verification(&row.id)?;
        let history = app.core.store.verification_history(&row.id)?;
        Ok(VerificationView {
            percent: app.verifications.percent(&core::task_id(&row)?),
            ended_ms: last.as_ref().map(|(at, _)| *at),
            report: last
                .map(|(_, report)| {
                    serde_json::from_value(report).map_err(|error| {
                        AppError::new(
                            ErrorCode::Internal,
                            format!("the kept report cannot be read: {error}"),
                        )
                    })
                })
                .transpose()?,
            history: history
                .into_iter()
                .map(PastVerification::of)
                .collect::<Result<_>>()?,
        })
    }
}

impl Command for TaskVerifySchedule {
    const NAME: &'static str = "task_verify_schedule";
    type Answer = TaskView;

    fn run(self, app: &App) -> Result<TaskView> {
        let schedule = self.schedule.map(|schedule| VerificationSchedule {
            since_ms: now_ms(),
            ..schedule
        });
        let may_change = MayChange::Tuning(self.version);
        change_part(
            app,
            Self::NAME,
            &self.task,
            may_change,
            || Ok(()),
            |settings| TaskSettings {
                verification: schedule,
                ..settings
            },
        )
    }
}
