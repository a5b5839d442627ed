use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sluice_engine::Foreseen;
use sluice_model::{RateLimits, Spec, TaskAction, TaskId, TaskSettings};
use sluice_store::TaskRow;
use ts_rs::TS;

use super::command::Command;
use super::tasks::{change_settings, checked};
use crate::clock::now_ms;
use crate::core::{self, Operation, require, require_version};
use crate::cutover::{Doing, not_under_way};
use crate::schema::{LogEvent, TaskView};
use crate::tasks::foresee_objects;
use crate::{App, AppError, Result};

/// Adds, removes or renames topics. A task that runs is stopped cleanly, changed, and goes on: topics that are not
/// touched neither lose nor repeat a record.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TaskModify {
    /// Name or id.
    pub task: String,
    /// What is to be from now on. Only objects, renames and start positions may differ.
    pub settings: TaskSettings,
    /// The version of the settings that were looked at before: refused if another command has changed them since.
    #[serde(default)]
    #[ts(type = "number", optional)]
    pub version: Option<i64>,
    /// Renamed source topics whose new target topic gets everything from the start; the others get what comes from here on.
    #[serde(default)]
    #[ts(type = "string[]", optional)]
    pub copy_again: BTreeSet<String>,
}

/// Says what a [`TaskModify`] would do to each topic; changes nothing.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TaskForesee {
    /// Name or id.
    pub task: String,
    /// What is to be from now on.
    pub settings: TaskSettings,
    /// As in [`TaskModify`].
    #[serde(default)]
    #[ts(type = "string[]", optional)]
    pub copy_again: BTreeSet<String>,
}

/// Changes Spec and ceilings; at once where the task runs.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TaskTune {
    /// Name or id.
    pub task: String,
    /// Another Spec.
    #[serde(default)]
    pub spec: Option<Spec>,
    /// Other ceilings of its own; they replace both.
    #[serde(default)]
    pub rate: Option<RateLimits>,
    /// The version of the settings that were looked at before: refused if another command has changed them since.
    #[serde(default)]
    #[ts(type = "number", optional)]
    pub version: Option<i64>,
}

/// Mutes a task's alerts, or no longer.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TaskMute {
    /// Name or id.
    pub task: String,
    /// Until when, in ms since 1970; none to unmute.
    #[ts(type = "number | null")]
    pub until_ms: Option<i64>,
}

impl Command for TaskModify {
    const NAME: &'static str = "task_modify";
    type Answer = TaskView;

    fn run(self, app: &App) -> Result<TaskView> {
        let row = app.core.task(&self.task)?;
        self.carry_out(app, Self::NAME, &row)
    }
}

impl TaskModify {
    /// Changes the topics of the task `row` as the operation `command`.
    ///
    /// # Errors
    /// Its state does not allow it, it has other settings now, the new ones differ in more, or a cluster refuses.
    pub(super) fn carry_out(&self, app: &App, command: &'static str, row: &TaskRow) -> Result<TaskView> {
        let core = &app.core;
        change_settings(app, command, row, &self.settings, |id| {
            require(core::state(row)?, TaskAction::ModifyObjects)?;
            let _cutovers = app.cutovers.claim(&row.id, Doing::Topics)?;
            not_under_way(core, &row.id)?;
            checked(core, &self.settings)?;
            let detail = app
                .supervisor
                .modify(core, id, &self.settings, self.version, &self.copy_again)?;
            core.log_event(
                id,
                LogEvent::Settings,
                "info",
                format!("topics modified: {detail}"),
            );
            Ok(())
        })
    }
}

impl Command for TaskForesee {
    const NAME: &'static str = "task_foresee";
    type Answer = Foreseen;

    fn run(self, app: &App) -> Result<Foreseen> {
        let core = &app.core;
        let id = core::task_id(&core.task(&self.task)?)?;
        checked(core, &self.settings)?;
        foresee_objects(core, &id, &self.settings, &self.copy_again)
    }
}

impl Command for TaskTune {
    const NAME: &'static str = "task_tune";
    type Answer = TaskView;

    fn run(self, app: &App) -> Result<TaskView> {
        let row = app.core.task(&self.task)?;
        let after = self.applied_to(core::settings(&row)?);
        change_settings(app, Self::NAME, &row, &after, |id| self.tune(app, id))
    }
}

impl TaskTune {
    /// Changes the settings as they are in its turn: what is set beside it stays. A task that runs gets the speed in the
    /// same turn, so that the one that is stored last is the one at which it runs.
    fn tune(&self, app: &App, id: &TaskId) -> Result<()> {
        let turn = app.core.turn(id);
        turn.allows(TaskAction::Tune)?;
        let row = turn.row()?;
        require_version(&row, self.version)?;
        let settings = self.applied_to(core::settings(&row)?);
        let limits = settings
            .spec
            .limits(settings.rate)
            .map_err(|error| AppError::field("rate", error.to_string()))?;
        let errors = settings.check();
        if settings.run_on.is_some() && !errors.is_empty() {
            return Err(AppError::fields(errors));
        }
        turn.change_settings(&row, &settings)?;
        app.supervisor.order(id, |orders| orders.rate(limits));
        Ok(())
    }

    fn applied_to(&self, settings: TaskSettings) -> TaskSettings {
        TaskSettings {
            spec: self.spec.unwrap_or(settings.spec),
            rate: self.rate.unwrap_or(settings.rate),
            ..settings
        }
    }
}

impl Command for TaskMute {
    const NAME: &'static str = "task_mute";
    type Answer = ();

    fn run(self, app: &App) -> Result<()> {
        let row = app.core.task(&self.task)?;
        Operation::new(Self::NAME, "task", &row.id, &row.name).run(&app.core.store, || {
            if self.until_ms.is_some_and(|until| until <= now_ms()) {
                return Err(AppError::field(
                    "until_ms",
                    "that time is over already; name one that is to come",
                ));
            }
            Ok(app.core.store.set_task_muted(&row.id, self.until_ms)?)
        })
    }
}
