use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sluice_engine::{Question, ReadinessReport};
use ts_rs::TS;

use super::command::Command;
use crate::core::{self, Core};
use crate::tasks::ReadinessWanted;
use crate::{App, AppError, ErrorCode, Result};

/// The longest window, in seconds: longer ones only keep the caller waiting.
const LONGEST_WINDOW: u32 = 300;

/// Asks whether applications may move to the task's target now; waits for the report, and streams its items as events.
/// Changes nothing on either side.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TaskReadiness {
    /// Name or id.
    pub task: String,
    /// Only these questions are asked; the others keep their last answers. By default all.
    #[serde(default)]
    #[ts(optional)]
    pub only: Option<Vec<Question>>,
    /// The groups that are to move; by default all that read the task's topics.
    #[serde(default)]
    #[ts(optional)]
    pub groups: Option<BTreeSet<String>>,
    /// Groups whose lag at the source is accepted.
    #[serde(default)]
    #[ts(optional, as = "Option<BTreeSet<String>>")]
    pub accepted_lag: BTreeSet<String>,
    /// How many seconds apart the two looks at the logs are; by default 5.
    #[serde(default)]
    #[ts(optional)]
    pub window_s: Option<u32>,
}

/// Gives the questions up.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TaskReadinessCancel {
    /// Name or id.
    pub task: String,
}

/// The last answers, with their ages.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TaskReadinessLast {
    /// Name or id.
    pub task: String,
}

/// What is known of a task's readiness.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct ReadinessView {
    /// The last answers; none since the program began.
    pub report: Option<ReadinessReport>,
    /// Whether the questions are being asked now.
    pub running: bool,
}

impl Command for TaskReadiness {
    const NAME: &'static str = "task_readiness";
    type Answer = ReadinessReport;

    fn run(self, app: &App) -> Result<ReadinessReport> {
        let row = app.core.task(&self.task)?;
        Core::one_way(
            &row,
            "its target is written by applications already, so that there is no moment to move them at; move its consumer groups at any time",
        )?;
        if self
            .window_s
            .is_some_and(|seconds| !(1..=LONGEST_WINDOW).contains(&seconds))
        {
            return Err(AppError::new(
                ErrorCode::InvalidInput,
                format!("the two looks at the logs may be 1 to {LONGEST_WINDOW} s apart"),
            ));
        }
        let wanted = ReadinessWanted {
            only: self.only,
            groups: self.groups,
            accepted_lag: self.accepted_lag,
            window: self.window_s.map(|seconds| Duration::from_secs(seconds.into())),
        };
        app.readinesses.run(&app.core, &core::task_id(&row)?, &wanted)
    }
}

impl Command for TaskReadinessCancel {
    const NAME: &'static str = "task_readiness_cancel";
    type Answer = bool;

    fn run(self, app: &App) -> Result<bool> {
        let row = app.core.task(&self.task)?;
        Ok(app.readinesses.cancel(&core::task_id(&row)?))
    }
}

impl Command for TaskReadinessLast {
    const NAME: &'static str = "task_readiness_last";
    type Answer = ReadinessView;

    fn run(self, app: &App) -> Result<ReadinessView> {
        let row = app.core.task(&self.task)?;
        let (report, running) = app.readinesses.last(&core::task_id(&row)?);
        Ok(ReadinessView { report, running })
    }
}
