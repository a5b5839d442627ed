//! The gate in the tray: one look says how the worst task is.

use sluice_app::TaskRowView;
use sluice_model::TaskState;
use tauri::image::Image;

/// Further behind than this a task catches up; less is the time between two commits.
const BEHIND_MS: i64 = 5_000;

/// What the icon shows; the later the worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gate {
    /// Nothing runs.
    Closed,
    /// Tasks run and are caught up.
    Open,
    /// A task copies its backlog.
    Half,
    /// A task is being retried.
    Abnormal,
    /// A task needs a person.
    Failed,
}

impl Gate {
    /// The worst of the tasks.
    pub fn of(tasks: &[TaskRowView]) -> Self {
        tasks.iter().map(Self::of_task).max().unwrap_or(Self::Closed)
    }

    fn of_task(task: &TaskRowView) -> Self {
        match task.state {
            TaskState::Failed => Self::Failed,
            TaskState::Abnormal => Self::Abnormal,
            TaskState::Starting => Self::Half,
            TaskState::Running => {
                let is_behind = task.delay_ms.is_none_or(|delay| delay > BEHIND_MS);
                if is_behind || task.full_percent < 100.0 {
                    Self::Half
                } else {
                    Self::Open
                }
            }
            TaskState::Draft
            | TaskState::PreChecking
            | TaskState::PreCheckFailed
            | TaskState::PreCheckPassed
            | TaskState::Pausing
            | TaskState::Paused
            | TaskState::Completed
            | TaskState::Terminating
            | TaskState::Terminated => Self::Closed,
        }
    }

    fn png(self) -> &'static [u8] {
        match self {
            Self::Closed => include_bytes!("../../icons/tray-closed.png"),
            Self::Open => include_bytes!("../../icons/tray-open.png"),
            Self::Half => include_bytes!("../../icons/tray-half.png"),
            Self::Abnormal => include_bytes!("../../icons/tray-abnormal.png"),
            Self::Failed => include_bytes!("../../icons/tray-failed.png"),
        }
    }

    /// The picture.
    ///
    /// # Errors
    /// It is no picture; a test looks at all of them.
    pub fn image(self) -> tauri::Result<Image<'static>> {
        Image::from_bytes(self.png())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(state: &str, delay_ms: Option<i64>, full_percent: f64) -> TaskRowView {
        serde_json::from_value(serde_json::json!({
            "id": "rp-0123456789ab", "name": "t", "tags": [], "source": "ds-0123456789ab", "source_name": "a",
            "target": "ds-0123456789ac", "target_name": "b", "state": state, "allowed": [], "reason": null,
            "created_ms": 0, "delay_ms": delay_ms, "lag_records": null, "write_rate": 0.0,
            "full_percent": full_percent, "partitions": 1,
        }))
        .unwrap()
    }

    #[test]
    fn the_worst_task_decides() {
        let (caught_up, behind) = (
            task("running", Some(0), 100.0),
            task("running", Some(60_000), 100.0),
        );
        let (paused, failed) = (task("paused", None, 100.0), task("failed", None, 0.0));
        for (tasks, gate) in [
            (vec![], Gate::Closed),
            (vec![paused.clone()], Gate::Closed),
            (vec![paused, caught_up.clone()], Gate::Open),
            (vec![caught_up.clone(), behind], Gate::Half),
            (vec![task("running", Some(0), 40.0)], Gate::Half),
            (
                vec![task("abnormal", None, 100.0), caught_up.clone()],
                Gate::Abnormal,
            ),
            (
                vec![task("abnormal", None, 100.0), failed, caught_up],
                Gate::Failed,
            ),
        ] {
            assert_eq!(Gate::of(&tasks), gate, "{tasks:?}");
        }
    }

    #[test]
    fn every_state_has_a_picture() {
        for gate in [Gate::Closed, Gate::Open, Gate::Half, Gate::Abnormal, Gate::Failed] {
            let image = gate.image().unwrap();
            assert_eq!((image.width(), image.height()), (64, 64), "{gate:?}");
        }
    }
}
