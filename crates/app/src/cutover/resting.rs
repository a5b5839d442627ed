//! Tasks that come to rest for a step.

use std::time::{Duration, Instant};

use sluice_engine::VerificationReport;
use sluice_model::{TaskAction, TaskId, TaskState};

use super::clusters::{Clusters, LOOK_EVERY};
use super::world::World;
use crate::core;
use crate::tasks::{Wanted, rest_on_connect};
use crate::{AppError, ErrorCode, Result};

/// How long a task may take to come to rest.
const REST_PATIENCE: Duration = Duration::from_secs(120);

impl Clusters<'_> {
    /// Waits until a task is in one of `states` and no thread runs it.
    pub(super) fn reaches(&self, task: &TaskId, states: &[TaskState]) -> Result<()> {
        let until = Instant::now() + REST_PATIENCE;
        loop {
            let state = self.state(task)?;
            if states.contains(&state) && (state.is_live() || self.supervisor.live(task).is_none()) {
                return Ok(());
            }
            if Instant::now() >= until {
                return Err(AppError::new(
                    ErrorCode::StateForbids,
                    format!(
                        "the task is still {state} after {} s; look at its log, then repeat this step",
                        REST_PATIENCE.as_secs()
                    ),
                ));
            }
            self.wait(LOOK_EVERY)?;
        }
    }

    /// Where a copy on Connect is not exactly known while it runs, it stands still for the comparison.
    pub(super) fn verified_at_rest(&self, id: &TaskId, wanted: Wanted) -> Result<VerificationReport> {
        self.bring_to_rest(id)?;
        let report = self.verifications.run(self.core, id, None, wanted);
        self.resume(id)?;
        report
    }

    /// Pauses a task that runs, and waits until nothing of it does.
    pub(super) fn stop_task(&self, task: &TaskId) -> Result<()> {
        let at_rest = [
            TaskState::Paused,
            TaskState::Completed,
            TaskState::Failed,
            TaskState::Terminated,
        ];
        let settled = [
            TaskState::Running,
            TaskState::Abnormal,
            TaskState::Paused,
            TaskState::Completed,
            TaskState::Failed,
            TaskState::Terminated,
        ];
        if self.supervisor.live(task).is_some() {
            // What is starting or coming to rest cannot be told anything yet.
            self.reaches(task, &settled)?;
        }
        if self.state(task)?.is_to_run() {
            self.supervisor
                .bring_to_rest(self.core, task, TaskAction::Pause, false)?;
        }
        self.reaches(task, &at_rest)
    }

    /// Sees that nothing of a task that is at rest goes on: its connectors may, after a program that was killed while it stopped
    /// them.
    pub(super) fn see_that_it_rests(&self, task: &TaskId) -> Result<()> {
        let row = self.core.task(task.as_str())?;
        match core::state(&row)? {
            TaskState::Paused | TaskState::Failed => rest_on_connect(self.core, &row),
            _ => Ok(()),
        }
    }
}
