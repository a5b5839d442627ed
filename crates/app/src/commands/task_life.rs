use serde::{Deserialize, Serialize};
use sluice_engine::PreCheckReport;
use sluice_model::{ExistingData, TaskAction, TaskId, TaskState};
use sluice_store::TaskRow;
use ts_rs::TS;

use super::command::Command;
use super::task_pair::in_step;
use super::tasks::show;
use crate::core::{self, Core, Operation, require};
use crate::cutover::{Doing, not_needed, not_under_way};
use crate::schema::TaskView;
use crate::tasks::{Checks, Leaving, leave_connect};
use crate::{App, AppError, ErrorCode, Result};

macro_rules! of_a_task {
    ($($(#[$doc:meta])* $name:ident)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Serialize, Deserialize, TS)]
            #[serde(deny_unknown_fields)]
            pub struct $name {
                /// Name or id.
                pub task: String,
            }
        )*
    };
}

of_a_task! {
    /// Inspects both clusters; waits for the report, and streams its items as events.
    TaskCheck
    /// Gives a pre-check up.
    TaskCheckCancel
    /// Stops a task at a saved position.
    TaskPause
    /// Goes on from there.
    TaskResume
    /// Tries again now what is being retried, or has been given up.
    TaskRetry
    /// Ends a task for good. What it copied stays.
    TaskTerminate
}

/// Removes a task and its history; topics stay as they are.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TaskDelete {
    /// Name or id.
    pub task: String,
    /// Also the connectors of a task that runs on Connect, and their offsets there. Without it they stay, stopped.
    #[serde(default)]
    #[ts(optional, as = "Option<bool>")]
    pub connectors: bool,
    /// Also where Connect cannot be asked, so that the connectors of a task may go on copying. Where it can be, they are
    /// stopped as without this.
    #[serde(default)]
    #[ts(optional, as = "Option<bool>")]
    pub leave_connectors: bool,
}

/// Launches a task whose pre-check has passed.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TaskStart {
    /// Name or id.
    pub task: String,
    /// The target's name, typed: needed where data of a data source tagged Production will be deleted.
    #[serde(default)]
    pub confirm: Option<String>,
}

impl Command for TaskCheck {
    const NAME: &'static str = "task_check";
    type Answer = PreCheckReport;

    fn run(self, app: &App) -> Result<PreCheckReport> {
        let row = app.core.task(&self.task)?;
        operation(Self::NAME, &row).run(&app.core.store, || {
            app.core.may_write_target(&row)?;
            in_step(&app.core, &row)?;
            app.checks.run(&app.core, &core::task_id(&row)?)
        })
    }
}

impl Command for TaskCheckCancel {
    const NAME: &'static str = "task_check_cancel";
    type Answer = bool;

    fn run(self, app: &App) -> Result<bool> {
        let row = app.core.task(&self.task)?;
        Ok(app.checks.cancel(&core::task_id(&row)?))
    }
}

impl Command for TaskStart {
    const NAME: &'static str = "task_start";
    type Answer = TaskView;

    fn run(self, app: &App) -> Result<TaskView> {
        let core = &app.core;
        let row = core.task(&self.task)?;
        operation(Self::NAME, &row).run(&core.store, || {
            require(core::state(&row)?, TaskAction::Start)?;
            core.may_write_target(&row)?;
            in_step(core, &row)?;
            confirmed(core, &row, self.confirm.as_deref())?;
            let id = core::task_id(&row)?;
            let again = Checks::at_launch(core, &row)?;
            if !again.may_start {
                return Err(refused_at_launch(core, &id, &again)?);
            }
            // Not if it was described again while the clusters were asked.
            let version = Some(row.settings_version);
            app.supervisor.set_going(core, &id, TaskAction::Start, version)?;
            show(app, &core.task(&row.id)?)
        })
    }
}

impl Command for TaskPause {
    const NAME: &'static str = "task_pause";
    type Answer = TaskView;

    fn run(self, app: &App) -> Result<TaskView> {
        let row = app.core.task(&self.task)?;
        operation(Self::NAME, &row).run(&app.core.store, || {
            let id = core::task_id(&row)?;
            let has_stopped = stop_elsewhere(app, &id, &row)?;
            app.supervisor
                .bring_to_rest(&app.core, &id, TaskAction::Pause, has_stopped)?;
            show(app, &app.core.task(&row.id)?)
        })
    }
}

impl Command for TaskTerminate {
    const NAME: &'static str = "task_terminate";
    type Answer = TaskView;

    fn run(self, app: &App) -> Result<TaskView> {
        let row = app.core.task(&self.task)?;
        operation(Self::NAME, &row).run(&app.core.store, || {
            let id = core::task_id(&row)?;
            let _cutovers = app.cutovers.claim(id.as_str(), Doing::End)?;
            not_under_way(&app.core, id.as_str())?;
            let has_stopped = stop_elsewhere(app, &id, &row)?;
            app.supervisor
                .bring_to_rest(&app.core, &id, TaskAction::Terminate, has_stopped)?;
            show(app, &app.core.task(&row.id)?)
        })
    }
}

impl Command for TaskResume {
    const NAME: &'static str = "task_resume";
    type Answer = TaskView;

    fn run(self, app: &App) -> Result<TaskView> {
        let row = app.core.task(&self.task)?;
        operation(Self::NAME, &row).run(&app.core.store, || {
            let id = core::task_id(&row)?;
            app.supervisor
                .set_going(&app.core, &id, TaskAction::Resume, None)?;
            show(app, &app.core.task(&row.id)?)
        })
    }
}

impl Command for TaskRetry {
    const NAME: &'static str = "task_retry";
    type Answer = TaskView;

    fn run(self, app: &App) -> Result<TaskView> {
        let row = app.core.task(&self.task)?;
        operation(Self::NAME, &row).run(&app.core.store, || {
            app.supervisor.retry(&app.core, &core::task_id(&row)?)?;
            show(app, &app.core.task(&row.id)?)
        })
    }
}

impl Command for TaskDelete {
    const NAME: &'static str = "task_delete";
    type Answer = ();

    fn run(self, app: &App) -> Result<()> {
        let row = app.core.task(&self.task)?;
        operation(Self::NAME, &row)
            .before(row.settings.clone())
            .after(serde_json::json!({
                "connectors": self.connectors,
                "leave_connectors": self.leave_connectors,
            }))
            .run(&app.core.store, || {
                let _cutovers = app.cutovers.claim(&row.id, Doing::End)?;
                not_needed(&app.core, &row.id)?;
                let settings = core::settings(&row)?;
                let may_be_removed = |state| {
                    if core::allowed(state, &settings).contains(&TaskAction::Delete) {
                        return Ok(());
                    }
                    require(state, TaskAction::Delete)
                };
                may_be_removed(core::state(&row)?)?;
                let before = |at_rest: &TaskRow| match self.leave(&app.core, at_rest) {
                    Err(error) if self.leave_connectors && error.code == ErrorCode::ClusterUnreachable => {
                        tracing::warn!(task = %row.id, %error, "removed although its connectors may go on");
                        Ok(())
                    }
                    outcome => outcome,
                };
                let id = core::task_id(&row)?;
                remove(app, &id, may_be_removed, before, self.leave_connectors)?;
                tell_partner(&app.core, &row)
            })
    }
}

impl TaskDelete {
    /// Sees that the connectors of a task stand still, or are gone.
    fn leave(&self, core: &Core, at_rest: &TaskRow) -> Result<()> {
        if at_rest.started_ms.is_none() {
            return Ok(());
        }
        if self.connectors {
            return leave_connect(core, at_rest, Leaving::Forget);
        }
        if has_stopped(at_rest)? {
            return Ok(());
        }
        leave_connect(core, at_rest, Leaving::Stop)
    }
}

/// Tells the log of the other task of a pair that it is alone now. What the deleted one wrote stays known.
fn tell_partner(core: &Core, deleted: &TaskRow) -> Result<()> {
    let Some(partner) = core::settings(deleted)?.both_ways else {
        return Ok(());
    };
    if core.store.task(partner.as_str())?.is_some() {
        core.log(
            &partner,
            "warning",
            format!(
                "its partner '{}' was deleted: it copies one way from now on, and still leaves out what that one wrote",
                deleted.name
            ),
        );
    }
    Ok(())
}

/// Removes a task with everything that is kept of it, unless `may_be_removed` refuses its state.
pub(super) fn remove(
    app: &App,
    id: &TaskId,
    may_be_removed: impl Fn(TaskState) -> Result<()>,
    before: impl FnOnce(&TaskRow) -> Result<()>,
    leaves_connectors: bool,
) -> Result<()> {
    app.supervisor
        .remove(&app.core, id, may_be_removed, before, leaves_connectors)?;
    app.alarm.forget_task(id.as_str());
    Ok(())
}

/// Stops what of a task goes on elsewhere where no run of it here does that. Returns whether it was seen to stop.
fn stop_elsewhere(app: &App, id: &TaskId, row: &TaskRow) -> Result<bool> {
    let is_left_to_us = app.supervisor.live(id).is_none() && row.started_ms.is_some();
    if is_left_to_us {
        leave_connect(&app.core, row, Leaving::Stop)?;
    }
    Ok(is_left_to_us)
}

/// Whether nothing of a task goes on elsewhere: it is at rest, and nothing was in the way when it came to it.
fn has_stopped(row: &TaskRow) -> Result<bool> {
    let is_at_rest = matches!(
        core::state(row)?,
        TaskState::Terminated | TaskState::Completed | TaskState::Paused
    );
    Ok(is_at_rest && row.reason.is_none())
}

fn operation(action: &'static str, row: &TaskRow) -> Operation {
    Operation::new(action, "task", &row.id, &row.name)
}

/// What the look at the launch found, of a task whose pre-check is void now.
fn refused_at_launch(core: &Core, id: &TaskId, report: &PreCheckReport) -> Result<AppError> {
    let failed: Vec<String> = report
        .items
        .iter()
        .filter(|item| item.result == sluice_engine::ItemResult::Failed)
        .map(|item| format!("{}; {}. {}", item.cause, item.effect, item.remedy))
        .collect();
    let reason = failed.join("\n");
    core.turn(id).transit(
        &[TaskState::PreCheckPassed],
        TaskState::PreCheckFailed,
        Some(&reason),
    )?;
    Ok(AppError::new(
        ErrorCode::Refused,
        format!("since the pre-check something has changed: {reason}"),
    ))
}

/// Deleting data of a data source tagged Production needs its name, typed.
fn confirmed(core: &Core, row: &TaskRow, typed: Option<&str>) -> Result<()> {
    let settings = core::settings(row)?;
    let target = core.source(settings.target.as_str())?;
    if settings.existing != ExistingData::Rewrite || !core::form(&target)?.environment.is_production() {
        return Ok(());
    }
    if typed == Some(target.name.as_str()) {
        return Ok(());
    }
    Err(AppError::new(
        ErrorCode::ConfirmationNeeded,
        format!(
            "the task deletes what its target topics hold on '{0}', which is tagged Production; confirm by giving its name, '{0}'",
            target.name
        ),
    ))
}
