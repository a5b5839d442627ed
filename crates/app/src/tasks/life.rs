//! What a person may decide of a task that is launched. Each decision is one turn: what was read of the task is true
//! until the decision is written, and a running task is ordered in the same turn.

use std::time::{Duration, Instant};

use sluice_engine::AcceptedGap;
use sluice_model::{TaskAction, TaskId, TaskState};
use sluice_store::TaskRow;

use super::runner::left_running;
use super::supervisor::Supervisor;
use crate::core::{self, Core, just_changed, require_version};
use crate::schema::AppEvent;
use crate::{AppError, ErrorCode, Result};

/// How long a task may take to end before it is deleted.
const PATIENCE: Duration = Duration::from_secs(90);
/// How long the connectors of one may take to stop that is deleted whether they do or not.
const UNTIL_LEFT: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(50);

impl Supervisor {
    /// Puts a task into `Starting` if its state allows `action`; it runs here or in the program that runs tasks.
    /// `version` is that of the settings the caller has looked at, if it has.
    ///
    /// # Errors
    /// Its state does not allow it, it has other settings now, or its target is marked read-only.
    pub(crate) fn set_going(
        &self,
        core: &Core,
        id: &TaskId,
        action: TaskAction,
        version: Option<i64>,
    ) -> Result<()> {
        {
            let turn = core.turn(id);
            let state = turn.allows(action)?;
            turn.is_free()?;
            let row = turn.row()?;
            require_version(&row, version)?;
            core.may_write_target(&row)?;
            turn.transit(&[state], TaskState::Starting, None)?;
        }
        self.reconcile()
    }

    /// Tries again now what is being retried, or has been given up.
    ///
    /// # Errors
    /// Its state does not allow it.
    pub(crate) fn retry(&self, core: &Core, id: &TaskId) -> Result<()> {
        {
            let turn = core.turn(id);
            let state = turn.allows(TaskAction::Retry)?;
            if state == TaskState::Abnormal && self.order(id, |orders| orders.retry()) {
                return Ok(());
            }
        }
        self.set_going(core, id, TaskAction::Retry, None)
    }

    /// Lets a task go on behind gaps that a person has accepted. One that is paused or has failed is started for it.
    ///
    /// # Errors
    /// Its state does not allow it to run.
    pub(crate) fn accept_gaps(&self, core: &Core, id: &TaskId, gaps: Vec<AcceptedGap>) -> Result<()> {
        let action = {
            let turn = core.turn(id);
            let action = match core::state(&turn.row()?)? {
                TaskState::Starting | TaskState::Running | TaskState::Abnormal => None,
                TaskState::Failed => Some(TaskAction::Retry),
                _ => Some(TaskAction::Resume),
            };
            if let Some(action) = action {
                turn.allows(action)?;
                core.may_write_target(&turn.row()?)?;
            }
            core.stopped.accept(id, gaps)?;
            action
        };
        match action {
            Some(action) => self.set_going(core, id, action, None),
            None => Ok(()),
        }
    }

    /// Has a task that runs read its settings again, by stopping and starting it.
    pub(crate) fn restart(&self, id: &TaskId) {
        self.order(id, |orders| orders.restart());
    }

    /// Ends a task at a saved position if its state allows `action`; at once where nothing runs. `has_stopped`: what of it goes
    /// on elsewhere without a run here, as on Connect, was seen to stop.
    ///
    /// # Errors
    /// Its state does not allow it.
    pub(crate) fn bring_to_rest(
        &self,
        core: &Core,
        id: &TaskId,
        action: TaskAction,
        has_stopped: bool,
    ) -> Result<()> {
        let (passing, rest) = match action {
            TaskAction::Pause => (TaskState::Pausing, TaskState::Paused),
            _ => (TaskState::Terminating, TaskState::Terminated),
        };
        let turn = core.turn(id);
        let state = turn.allows(action)?;
        if self.order(id, |orders| orders.is_open()) {
            turn.transit(&[state], passing, None)?;
            // In the same turn: a thread that takes no more orders cannot have stored anything since.
            if self.order(id, |orders| orders.rest(rest)) {
                return Ok(());
            }
        } else {
            turn.is_free()?;
            turn.transit(&[state], passing, None)?;
        }
        let on_connect = core::settings(&turn.row()?)?.run_on.is_some();
        let may_still_run = on_connect && state.is_live() && !has_stopped;
        turn.transit(&[passing], rest, may_still_run.then(|| left_running(rest)))?;
        Ok(())
    }

    /// Removes a task with everything that is kept of it; one that is live is ended first.
    /// `may_be_removed` refuses the states in which that is not possible; `before` does what is to be done first, when it has ended.
    /// `leaves_connectors`: it is not waited for a Connect cluster that does not say that its connectors have stopped.
    ///
    /// # Errors
    /// It may not, it does not end, what is to be done first cannot be done, or the state cannot be written.
    pub(crate) fn remove(
        &self,
        core: &Core,
        id: &TaskId,
        may_be_removed: impl Fn(TaskState) -> Result<()>,
        before: impl FnOnce(&TaskRow) -> Result<()>,
        leaves_connectors: bool,
    ) -> Result<()> {
        let row = core.task(id.as_str())?;
        let (state, is_on_connect) = (core::state(&row)?, core::settings(&row)?.run_on.is_some());
        may_be_removed(state)?;
        if state.is_live() && !matches!(state, TaskState::Pausing | TaskState::Terminating) {
            self.bring_to_rest(core, id, TaskAction::Terminate, false)?;
        }
        // Its thread would write rows that could never be removed.
        if leaves_connectors && self.wait_for_end(id, UNTIL_LEFT).is_err() {
            self.order(id, |orders| orders.shut_down());
        }
        self.wait_for_end(id, PATIENCE)
            .map_err(|late| if is_on_connect { connectors_go_on() } else { late })?;
        core.task_log.flush(PATIENCE);
        before(&core.task(id.as_str())?)?;
        {
            let turn = core.turn(id);
            turn.is_free()?;
            let state = core::state(&turn.row()?)?;
            if state.is_live() {
                return Err(just_changed());
            }
            core.store.delete_task(id.as_str())?;
            core.stopped.forget(id);
        }
        core.bus.publish(&AppEvent::TasksChanged);
        Ok(())
    }

    /// Waits until a task that is being ended has no thread any more.
    fn wait_for_end(&self, id: &TaskId, patience: Duration) -> Result<()> {
        let until = Instant::now() + patience;
        while self.live(id).is_some() {
            if Instant::now() >= until {
                return Err(AppError::new(
                    ErrorCode::StateForbids,
                    format!(
                        "the task has not ended within {} s; look at its log, and delete it when it is terminated",
                        patience.as_secs()
                    ),
                ));
            }
            std::thread::sleep(LOOK_EVERY);
        }
        Ok(())
    }
}

fn connectors_go_on() -> AppError {
    AppError::new(
        ErrorCode::ClusterUnreachable,
        format!(
            "the Connect cluster has not said within {} s that the task's connectors have stopped, and they may go on copying; look at its workers, and delete the task then",
            PATIENCE.as_secs()
        ),
    )
}
