//! What Connect says of a connector and its tasks.

use serde::Deserialize;

/// What a connector or one of its tasks does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ConnectorState {
    /// It runs.
    Running,
    /// It holds still, and keeps what it has of its cluster.
    Paused,
    /// It is stopped: no task of it is left.
    Stopped,
    /// It failed.
    Failed,
    /// No worker has it at the moment.
    Unassigned,
    /// It is being started again.
    Restarting,
    /// It was deleted.
    Destroyed,
    /// A word of a later version.
    #[serde(other)]
    Unknown,
}

/// One task of a connector.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TaskStatus {
    /// Its number.
    pub id: i32,
    /// What it does.
    pub state: ConnectorState,
    /// The worker that has it.
    #[serde(default)]
    pub worker_id: String,
    /// Java's trace of its failure.
    #[serde(default)]
    pub trace: Option<String>,
}

/// A connector with its tasks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectorStatus {
    /// What the connector does.
    pub state: ConnectorState,
    /// Java's trace of its failure.
    pub trace: Option<String>,
    /// Its tasks.
    pub tasks: Vec<TaskStatus>,
}

#[derive(Deserialize)]
pub(crate) struct WireStatus {
    connector: WireConnector,
    #[serde(default)]
    tasks: Vec<TaskStatus>,
}

#[derive(Deserialize)]
struct WireConnector {
    state: ConnectorState,
    #[serde(default)]
    trace: Option<String>,
}

impl From<WireStatus> for ConnectorStatus {
    fn from(status: WireStatus) -> Self {
        Self {
            state: status.connector.state,
            trace: status.connector.trace,
            tasks: status.tasks,
        }
    }
}

impl ConnectorStatus {
    /// Why it does not work as a whole, in words; `None` where nothing of it failed.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        if self.state == ConnectorState::Failed {
            return Some(format!(
                "the connector failed: {}",
                in_words(self.trace.as_deref().unwrap_or_default())
            ));
        }
        let failed: Vec<&TaskStatus> = self
            .tasks
            .iter()
            .filter(|task| task.state == ConnectorState::Failed)
            .collect();
        let first = failed.first()?;
        Some(format!(
            "{} of {} tasks failed, task {} on {}: {}",
            failed.len(),
            self.tasks.len(),
            first.id,
            first.worker_id,
            in_words(first.trace.as_deref().unwrap_or_default())
        ))
    }

    /// Whether nothing of it runs any more, and it will not begin by itself.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.state == ConnectorState::Stopped && self.tasks.is_empty()
    }
}

/// The innermost cause of a trace of Java, in one line and without the names of packages.
#[must_use]
pub fn in_words(trace: &str) -> String {
    const CAUSE: &str = "Caused by: ";
    let line = trace
        .lines()
        .rev()
        .find_map(|line| line.trim().strip_prefix(CAUSE))
        .or_else(|| trace.lines().next())
        .unwrap_or_default()
        .trim();
    if line.is_empty() {
        return "no reason is known".to_owned();
    }
    let (class, rest) = line.split_once(": ").unwrap_or((line, ""));
    let is_class = !class.contains(' ');
    let class = if is_class {
        class.rsplit('.').next().unwrap_or(class)
    } else {
        class
    };
    if rest.is_empty() {
        class.to_owned()
    } else {
        format!("{class}: {rest}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "org.apache.kafka.connect.errors.ConnectException: Unrecoverable exception from producer\n\tat org.apache.kafka.X.y(X.java:1)\nCaused by: org.apache.kafka.common.errors.TopicAuthorizationException: Not authorized to access topics: [orders]\n\tat a.b(C.java:2)\n";

    #[test]
    fn a_trace_is_said_by_its_innermost_cause() {
        assert_eq!(
            in_words(TRACE),
            "TopicAuthorizationException: Not authorized to access topics: [orders]"
        );
        assert_eq!(in_words("java.lang.OutOfMemoryError"), "OutOfMemoryError");
        assert_eq!(in_words(""), "no reason is known");
    }

    #[test]
    fn failed_tasks_are_counted_and_words_of_later_versions_are_read() {
        let text = serde_json::json!({
            "name": "c", "type": "source",
            "connector": {"state": "RUNNING", "worker_id": "w:1"},
            "tasks": [
                {"id": 0, "state": "SLEEPING", "worker_id": "w:1"},
                {"id": 1, "state": "FAILED", "worker_id": "w:2", "trace": TRACE}
            ]
        });
        let status: ConnectorStatus = serde_json::from_value::<WireStatus>(text).unwrap().into();
        assert_eq!(status.tasks[0].state, ConnectorState::Unknown);
        let failure = status.failure().unwrap();
        assert!(
            failure.starts_with("1 of 2 tasks failed, task 1 on w:2: TopicAuthorizationException"),
            "{failure}"
        );
        assert!(!status.is_stopped());
    }
}
