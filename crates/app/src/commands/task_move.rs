use serde::{Deserialize, Serialize};
use sluice_model::{SourceId, TaskAction, TaskState};
use ts_rs::TS;

use super::command::Command;
use super::tasks::change_settings;
use crate::core;
use crate::cutover::{Doing, not_under_way};
use crate::schema::{AppEvent, LogEvent, TaskView};
use crate::tasks::move_task;
use crate::{App, AppError, ErrorCode, Result};

/// Lets a task go on at another place: a Connect cluster, or this computer. It keeps its positions. One that was launched is
/// paused before.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TaskMove {
    /// Name or id.
    pub task: String,
    /// Name or id of a Connect cluster; this computer without one.
    #[serde(default)]
    pub run_on: Option<String>,
}

impl Command for TaskMove {
    const NAME: &'static str = "task_move";
    type Answer = TaskView;

    fn run(self, app: &App) -> Result<TaskView> {
        let core = &app.core;
        let row = core.task(&self.task)?;
        let to: Option<SourceId> = match &self.run_on {
            None => None,
            Some(name) => Some(core::source_id(&core.source(name)?)?),
        };
        let mut wanted = core::settings(&row)?;
        wanted.run_on.clone_from(&to);
        change_settings(app, Self::NAME, &row, &wanted, |id| {
            let _cutovers = app.cutovers.claim(id.as_str(), Doing::Topics)?;
            not_under_way(core, id.as_str())?;
            let _claim = core.claim(id, "the task is being moved")?;
            let state = core::state(&core.task(id.as_str())?)?;
            if !may_move(state) {
                return Err(AppError::new(
                    ErrorCode::StateForbids,
                    format!("the task is {state}; pause it, then move it"),
                ));
            }
            core.may_write_target(&row)?;
            let settings = move_task(core, &row, to.as_ref())?;
            let turn = core.turn(id);
            let now = turn.row()?;
            if state.allows(TaskAction::Edit) {
                turn.describe_again(&now, state, &settings)?;
            } else {
                turn.change_settings(&now, &settings)?;
            }
            drop(turn);
            let line = match &self.run_on {
                Some(name) => format!("the task runs on the Connect cluster '{name}' from now on"),
                None => "the task runs on this computer from now on".to_owned(),
            };
            core.log_event(id, LogEvent::Settings, "info", line);
            core.bus.publish(&AppEvent::TasksChanged);
            Ok(())
        })
    }
}

/// Whether nothing of the task runs, and it may go on later.
fn may_move(state: TaskState) -> bool {
    match state {
        TaskState::Draft | TaskState::PreCheckPassed | TaskState::PreCheckFailed | TaskState::Paused => true,
        TaskState::PreChecking
        | TaskState::Starting
        | TaskState::Running
        | TaskState::Abnormal
        | TaskState::Pausing
        | TaskState::Failed
        | TaskState::Completed
        | TaskState::Terminating
        | TaskState::Terminated => false,
    }
}
