use serde::{Deserialize, Serialize};
use sluice_store::LogFilter;
use ts_rs::TS;

use super::command::Command;
use super::task_history::{LATEST_LINES, check_range};
use crate::schema::LogEvent;
use crate::{App, Result};

/// Marks of one answer: more would not be told apart on a chart.
const MOST: usize = 300;

/// What happened to a task in a time, for its charts: the newest 300 events, in order of time.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TaskMarks {
    /// Name or id.
    pub task: String,
    /// From when, in ms since 1970.
    #[ts(type = "number")]
    pub from_ms: i64,
    /// To when, in ms since 1970; now if not said.
    #[serde(default)]
    #[ts(type = "number | null")]
    pub to_ms: Option<i64>,
}

/// An event of a task's life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MarkView {
    /// The line of the task's log that tells it.
    #[ts(type = "number")]
    pub line: i64,
    /// When, in ms since 1970.
    #[ts(type = "number")]
    pub at_ms: i64,
    /// What it is.
    pub event: LogEvent,
    /// What happened.
    pub message: String,
}

impl Command for TaskMarks {
    const NAME: &'static str = "task_marks";
    type Answer = Vec<MarkView>;

    fn run(self, app: &App) -> Result<Vec<MarkView>> {
        if let Some(to) = self.to_ms {
            check_range(self.from_ms, to)?;
        }
        let row = app.core.task(&self.task)?;
        app.core.task_log.flush(LATEST_LINES);
        let lines = app.core.store.task_log(
            &row.id,
            &LogFilter {
                events: true,
                from_ms: Some(self.from_ms),
                to_ms: self.to_ms,
                limit: Some(MOST),
                ..LogFilter::default()
            },
        )?;
        Ok(lines
            .into_iter()
            .rev()
            .filter_map(|line| {
                Some(MarkView {
                    line: line.id,
                    at_ms: line.at_ms,
                    event: LogEvent::from_word(line.event.as_deref()?)?,
                    message: line.message,
                })
            })
            .collect())
    }
}
