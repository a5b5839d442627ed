use serde::{Deserialize, Serialize};
use sluice_model::TaskState;
use ts_rs::TS;

/// What of a task's life a line of its log is about: what charts have a mark for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum LogEvent {
    /// It was started for the first time.
    Started,
    /// It goes on after a pause, or is tried again after a failure.
    Resumed,
    /// It stands at saved positions.
    Paused,
    /// Something fails and is tried again.
    Abnormal,
    /// That is over.
    Recovered,
    /// It needs a person.
    Failed,
    /// Everything that was asked for is copied.
    Completed,
    /// It was ended for good.
    Terminated,
    /// Settings or topics were changed.
    Settings,
    /// Both sides were compared.
    Verification,
    /// A rule has raised an alert.
    Alert,
    /// What the alert was about is over.
    AlertOver,
}

impl LogEvent {
    const ALL: [Self; 12] = [
        Self::Started,
        Self::Resumed,
        Self::Paused,
        Self::Abnormal,
        Self::Recovered,
        Self::Failed,
        Self::Completed,
        Self::Terminated,
        Self::Settings,
        Self::Verification,
        Self::Alert,
        Self::AlertOver,
    ];

    /// The word in the database.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Resumed => "resumed",
            Self::Paused => "paused",
            Self::Abnormal => "abnormal",
            Self::Recovered => "recovered",
            Self::Failed => "failed",
            Self::Completed => "completed",
            Self::Terminated => "terminated",
            Self::Settings => "settings",
            Self::Verification => "verification",
            Self::Alert => "alert",
            Self::AlertOver => "alert_over",
        }
    }

    /// The event that a word stands for; none for that of a newer version.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.word() == word)
    }

    /// What a task's way from one state into another is; none where nothing of it is seen from outside.
    pub(crate) fn of_change(from: TaskState, to: TaskState) -> Option<Self> {
        match (from, to) {
            (same, other) if same == other => None,
            (TaskState::PreCheckPassed, TaskState::Starting) => Some(Self::Started),
            (_, TaskState::Starting) => Some(Self::Resumed),
            (TaskState::Abnormal, TaskState::Running) => Some(Self::Recovered),
            (_, TaskState::Paused) => Some(Self::Paused),
            (_, TaskState::Abnormal) => Some(Self::Abnormal),
            (_, TaskState::Failed) => Some(Self::Failed),
            (_, TaskState::Completed) => Some(Self::Completed),
            (_, TaskState::Terminated) => Some(Self::Terminated),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_reads_back_as_it_is_kept_and_as_pages_get_it() {
        for event in LogEvent::ALL {
            assert_eq!(LogEvent::from_word(event.word()), Some(event));
            assert_eq!(serde_json::to_value(event).unwrap(), event.word());
        }
        assert_eq!(LogEvent::from_word("of a newer version"), None);
    }

    #[test]
    fn an_outage_has_a_beginning_and_an_end_and_a_new_try_within_it_is_neither() {
        use TaskState::{Abnormal, Paused, Pausing, PreCheckPassed, Running, Starting};
        let changes = [
            (PreCheckPassed, Starting, Some(LogEvent::Started)),
            (Starting, Running, None),
            (Running, Abnormal, Some(LogEvent::Abnormal)),
            (Abnormal, Abnormal, None),
            (Abnormal, Running, Some(LogEvent::Recovered)),
            (Running, Pausing, None),
            (Pausing, Paused, Some(LogEvent::Paused)),
            (Paused, Starting, Some(LogEvent::Resumed)),
        ];
        for (from, to, event) in changes {
            assert_eq!(LogEvent::of_change(from, to), event, "{from} to {to}");
        }
    }
}
