use std::fmt;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What a task is doing, as its list shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum TaskState {
    /// Described; not looked at yet.
    Draft,
    /// The clusters are being inspected.
    PreChecking,
    /// An inspection forbids the start.
    PreCheckFailed,
    /// May be started.
    PreCheckPassed,
    /// Target topics are made ready and positions pinned; or it waits for a program that runs tasks.
    Starting,
    /// Copies, or waits for new records.
    Running,
    /// Ends its transaction and saves.
    Pausing,
    /// Stands at a saved position until a person resumes it.
    Paused,
    /// Something fails and is being retried; it needs nobody.
    Abnormal,
    /// Needs a person.
    Failed,
    /// Everything a bounded task was to copy is copied.
    Completed,
    /// Ends for good.
    Terminating,
    /// Ended for good.
    Terminated,
}

impl TaskState {
    /// Every state.
    pub const ALL: [Self; 13] = [
        Self::Draft,
        Self::PreChecking,
        Self::PreCheckFailed,
        Self::PreCheckPassed,
        Self::Starting,
        Self::Running,
        Self::Pausing,
        Self::Paused,
        Self::Abnormal,
        Self::Failed,
        Self::Completed,
        Self::Terminating,
        Self::Terminated,
    ];

    /// The word in databases, scripts and events.
    pub fn word(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::PreChecking => "pre_checking",
            Self::PreCheckFailed => "pre_check_failed",
            Self::PreCheckPassed => "pre_check_passed",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Pausing => "pausing",
            Self::Paused => "paused",
            Self::Abnormal => "abnormal",
            Self::Failed => "failed",
            Self::Completed => "completed",
            Self::Terminating => "terminating",
            Self::Terminated => "terminated",
        }
    }

    /// The state a word stands for.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// What may be done in this state. The matrix of the product's specification, and beyond it: a failed task may be
    /// described anew (its cause may be a setting), rates and Spec apply to every task that is not over.
    pub fn allowed(self) -> &'static [TaskAction] {
        use TaskAction::{
            Copy, Delete, Edit, ModifyObjects, Pause, PreCheck, Resume, Retry, Start, Terminate, Tune,
        };
        match self {
            Self::Draft | Self::PreCheckFailed => &[Edit, PreCheck, Tune, Delete, Copy],
            Self::PreChecking => &[Copy],
            Self::PreCheckPassed => &[Edit, PreCheck, Start, Tune, Terminate, Delete, Copy],
            Self::Starting => &[Tune, Terminate, Copy],
            Self::Running => &[Pause, Tune, Terminate, Delete, Copy, ModifyObjects],
            Self::Pausing | Self::Terminating => &[Copy],
            Self::Paused => &[Resume, Tune, Terminate, Delete, Copy, ModifyObjects],
            Self::Abnormal => &[Pause, Retry, Tune, Terminate, Copy, ModifyObjects],
            Self::Failed => &[PreCheck, Retry, Tune, Terminate, Delete, Copy, ModifyObjects],
            Self::Completed | Self::Terminated => &[Delete, Copy],
        }
    }

    /// Whether `action` may be done.
    pub fn allows(self, action: TaskAction) -> bool {
        self.allowed().contains(&action)
    }

    /// Whether the task's engine is alive, or will be as soon as a program runs tasks.
    pub fn is_live(self) -> bool {
        matches!(
            self,
            Self::Starting | Self::Running | Self::Abnormal | Self::Pausing | Self::Terminating
        )
    }

    /// Whether the task is to run in this state, also after the program was started again.
    pub fn is_to_run(self) -> bool {
        matches!(self, Self::Starting | Self::Running | Self::Abnormal)
    }

    /// Whether the state is about to change by itself.
    pub fn is_passing(self) -> bool {
        matches!(self, Self::PreChecking | Self::Pausing | Self::Terminating)
    }
}

impl fmt::Display for TaskState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What a person may do with a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum TaskAction {
    /// Describe it anew, all of it.
    Edit,
    /// Inspect the clusters.
    PreCheck,
    /// Launch it.
    Start,
    /// Stop it at a saved position.
    Pause,
    /// Go on from there.
    Resume,
    /// Try again now.
    Retry,
    /// End it for good.
    Terminate,
    /// Remove it and its history.
    Delete,
    /// Make a draft with its settings.
    Copy,
    /// Add, remove or rename topics.
    ModifyObjects,
    /// Change rates and Spec.
    Tune,
}

impl TaskAction {
    /// The word in scripts and sentences.
    pub fn word(self) -> &'static str {
        match self {
            Self::Edit => "edit",
            Self::PreCheck => "check",
            Self::Start => "start",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Retry => "retry",
            Self::Terminate => "terminate",
            Self::Delete => "delete",
            Self::Copy => "copy",
            Self::ModifyObjects => "modify",
            Self::Tune => "set",
        }
    }
}

impl fmt::Display for TaskAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_the_serialised_names() {
        for state in TaskState::ALL {
            assert_eq!(serde_json::to_value(state).unwrap(), state.word());
            assert_eq!(TaskState::from_word(state.word()), Some(state));
        }
    }

    #[test]
    fn only_what_runs_can_be_paused_and_what_ended_can_only_be_copied_and_deleted() {
        let pausable: Vec<TaskState> = TaskState::ALL
            .into_iter()
            .filter(|state| state.allows(TaskAction::Pause))
            .collect();
        assert_eq!(pausable, [TaskState::Running, TaskState::Abnormal]);
        for ended in [TaskState::Completed, TaskState::Terminated] {
            assert_eq!(ended.allowed(), [TaskAction::Delete, TaskAction::Copy]);
        }
        let startable: Vec<TaskState> = TaskState::ALL
            .into_iter()
            .filter(|state| state.allows(TaskAction::Start))
            .collect();
        assert_eq!(startable, [TaskState::PreCheckPassed]);
    }
}
