use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use sluice_engine::{PreCheckReport, VerificationReport};
use sluice_model::{ExistingData, TaskAction, TaskState};
use sluice_store::TaskRow;
use ts_rs::TS;

use super::command::Command;
use super::tasks::{just_changed, require, show};
use crate::core::Operation;
use crate::core::{self, Core};
use crate::schema::AppEvent;
use crate::schema::TaskView;
use crate::tasks::Checks;
use crate::tasks::Order;
use crate::{App, AppError, ErrorCode, Result};

/// How long a task may take to end before it is deleted.
const PATIENCE: Duration = Duration::from_secs(90);
const LOOK_EVERY: Duration = Duration::from_millis(50);

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
    /// Removes a task and its history; topics stay as they are.
    TaskDelete
    /// Compares both sides up to the task's positions; waits for the report.
    TaskVerify
    /// Gives a verification up.
    TaskVerifyCancel
    /// The verification under way, and the last one's report.
    TaskVerification
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
        let core = &app.core;
        let row = core.task(&self.task)?;
        operation(Self::NAME, &row).run(&core.store, || {
            require(core::state(&row)?, TaskAction::PreCheck)?;
            app.checks.run(core, &row)
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
            confirmed(core, &row, self.confirm.as_deref())?;
            let id = core::task_id(&row)?;
            let again = Checks::at_launch(core, &row)?;
            if !again.may_start {
                let failed: Vec<String> = again
                    .items
                    .iter()
                    .filter(|item| item.result == sluice_engine::ItemResult::Failed)
                    .map(|item| format!("{}; {}. {}", item.cause, item.effect, item.remedy))
                    .collect();
                let reason = failed.join("\n");
                core.transit(
                    &id,
                    &[TaskState::PreCheckPassed],
                    TaskState::PreCheckFailed,
                    Some(&reason),
                )?;
                return Err(AppError::new(
                    ErrorCode::Refused,
                    format!("since the pre-check something has changed: {reason}"),
                ));
            }
            set_going(app, &row, &[TaskState::PreCheckPassed])
        })
    }
}

impl Command for TaskPause {
    const NAME: &'static str = "task_pause";
    type Answer = TaskView;

    fn run(self, app: &App) -> Result<TaskView> {
        let core = &app.core;
        let row = core.task(&self.task)?;
        operation(Self::NAME, &row).run(&core.store, || {
            let state = core::state(&row)?;
            require(state, TaskAction::Pause)?;
            end(
                app,
                &row,
                state,
                TaskState::Pausing,
                TaskState::Paused,
                Order::Pause,
            )
        })
    }
}

impl Command for TaskTerminate {
    const NAME: &'static str = "task_terminate";
    type Answer = TaskView;

    fn run(self, app: &App) -> Result<TaskView> {
        let core = &app.core;
        let row = core.task(&self.task)?;
        operation(Self::NAME, &row).run(&core.store, || {
            let state = core::state(&row)?;
            require(state, TaskAction::Terminate)?;
            end(
                app,
                &row,
                state,
                TaskState::Terminating,
                TaskState::Terminated,
                Order::Terminate,
            )
        })
    }
}

impl Command for TaskResume {
    const NAME: &'static str = "task_resume";
    type Answer = TaskView;

    fn run(self, app: &App) -> Result<TaskView> {
        let core = &app.core;
        let row = core.task(&self.task)?;
        operation(Self::NAME, &row).run(&core.store, || {
            require(core::state(&row)?, TaskAction::Resume)?;
            set_going(app, &row, &[TaskState::Paused])
        })
    }
}

impl Command for TaskRetry {
    const NAME: &'static str = "task_retry";
    type Answer = TaskView;

    fn run(self, app: &App) -> Result<TaskView> {
        let core = &app.core;
        let row = core.task(&self.task)?;
        operation(Self::NAME, &row).run(&core.store, || {
            let state = core::state(&row)?;
            require(state, TaskAction::Retry)?;
            if state == TaskState::Abnormal && app.supervisor.order(&core::task_id(&row)?, Order::Retry)? {
                return show(app, &row);
            }
            set_going(app, &row, &[state])
        })
    }
}

impl Command for TaskDelete {
    const NAME: &'static str = "task_delete";
    type Answer = ();

    fn run(self, app: &App) -> Result<()> {
        let core = &app.core;
        let row = core.task(&self.task)?;
        operation(Self::NAME, &row)
            .before(row.settings.clone())
            .run(&core.store, || {
                let state = core::state(&row)?;
                require(state, TaskAction::Delete)?;
                remove(app, &row, state)
            })
    }
}

/// Removes a task in `state` with everything that is kept of it; one that is live is ended first.
pub(super) fn remove(app: &App, row: &TaskRow, state: TaskState) -> Result<()> {
    if state.is_live() {
        // Its thread would write rows that nobody could remove any more.
        if !matches!(state, TaskState::Pausing | TaskState::Terminating) {
            end(
                app,
                row,
                state,
                TaskState::Terminating,
                TaskState::Terminated,
                Order::Terminate,
            )?;
        }
        wait_for_end(app, row)?;
    }
    app.core.store.delete_task(&row.id)?;
    app.alarm.forget_task(&row.id);
    app.core.bus.publish(&AppEvent::TasksChanged);
    Ok(())
}

impl Command for TaskVerify {
    const NAME: &'static str = "task_verify";
    type Answer = VerificationReport;

    fn run(self, app: &App) -> Result<VerificationReport> {
        let row = app.core.task(&self.task)?;
        operation(Self::NAME, &row).run(&app.core.store, || {
            app.verifications.run(&app.core, &core::task_id(&row)?)
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
        })
    }
}

/// Waits until a task that is being terminated has no thread any more.
fn wait_for_end(app: &App, row: &TaskRow) -> Result<()> {
    let (id, until) = (core::task_id(row)?, Instant::now() + PATIENCE);
    while app.supervisor.live(&id).is_some() {
        if Instant::now() >= until {
            return Err(AppError::new(
                ErrorCode::StateForbids,
                format!(
                    "the task has not ended within {} s; look at its log, and delete it when it is terminated",
                    PATIENCE.as_secs()
                ),
            ));
        }
        std::thread::sleep(LOOK_EVERY);
    }
    Ok(())
}

fn operation(action: &'static str, row: &TaskRow) -> Operation {
    Operation::new(action, "task", &row.id, &row.name)
}

/// Puts a task into `Starting`; the supervisor does the rest, here or in the program that runs tasks.
fn set_going(app: &App, row: &TaskRow, from: &[TaskState]) -> Result<TaskView> {
    let (core, id) = (&app.core, core::task_id(row)?);
    // First what it is to do: were this program killed in between, a task that is starting would never start.
    core.store.set_task_desired(&row.id, true)?;
    if !core.transit(&id, from, TaskState::Starting, None)? {
        core.store.set_task_desired(&row.id, false)?;
        return Err(just_changed());
    }
    app.reconcile_now()?;
    show(app, &core.task(&row.id)?)
}

/// Ends a task through `passing`; where nothing runs, at once.
fn end(
    app: &App,
    row: &TaskRow,
    from: TaskState,
    passing: TaskState,
    to: TaskState,
    order: Order,
) -> Result<TaskView> {
    let (core, id) = (&app.core, core::task_id(row)?);
    if !core.transit(&id, &[from], passing, None)? {
        return Err(just_changed());
    }
    core.store.set_task_desired(&row.id, false)?;
    if !app.supervisor.order(&id, order)? {
        core.transit(&id, &[passing], to, None)?;
    }
    show(app, &core.task(&row.id)?)
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
