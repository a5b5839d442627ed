use serde::{Deserialize, Serialize};

/// What is known of one task at one moment. Made often (once a second is enough), of every task in every state: the
/// counters of a task are compared with what was seen of it before.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Observation {
    /// The task's id.
    pub task_id: String,
    /// Its name, as its user wrote it.
    pub task_name: String,
    /// The name of its source, if known.
    pub source: Option<String>,
    /// The name of its target, if known.
    pub target: Option<String>,
    /// Its state, by the word that is used everywhere, as `running`.
    pub state: String,
    /// Since when it is in that state, in ms since 1970.
    pub since_ms: i64,
    /// How far the target is behind, in ms; `None` when that is not known.
    pub delay_ms: Option<u64>,
    /// The same in records.
    pub lag: Option<u64>,
    /// Since when nothing is copied though there is something to copy, in ms since 1970.
    pub stuck_since_ms: Option<i64>,
    /// Gaps found since the task began.
    pub gaps: u64,
    /// The gap that was found last, as `orders-3 [120, 450)`; empty if that is not known.
    pub latest_gap: String,
    /// Records quarantined since the task began.
    pub quarantined: u64,
    /// Since when verifications have found both sides not equal, in ms since 1970; `None` while they have not.
    pub not_equal_since_ms: Option<i64>,
    /// How long, in seconds, until the source deletes records that were not copied yet; 0 if it has begun to.
    pub retention_left_seconds: Option<u64>,
    /// Why the task is in its state, in a sentence; empty if there is nothing to say. Neither secrets nor contents of records.
    pub reason: String,
}

/// What a task's state means for an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Activity {
    /// It copies, or has copied everything.
    Healthy,
    /// It wants to copy and cannot.
    Troubled,
    /// On its way from one state to another: says nothing about what was before.
    Passing,
    /// It is meant to do nothing.
    Resting,
    /// It will never copy again.
    Over,
}

impl Observation {
    pub(crate) fn activity(&self) -> Activity {
        match self.state.as_str() {
            "running" => Activity::Healthy,
            "failed" | "abnormal" => Activity::Troubled,
            "draft" | "pausing" | "paused" => Activity::Resting,
            "completed" | "terminating" | "terminated" => Activity::Over,
            // starting, pre_checking, pre_check_failed, ready, and words of a newer version.
            _ => Activity::Passing,
        }
    }
}
