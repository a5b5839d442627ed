use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::observation::Activity;
use crate::{Condition, Observation};

/// What has become of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum AlertPhase {
    /// It has begun to hold, or has happened.
    Raised,
    /// It was reported before and still holds.
    Repeated,
    /// It holds no longer, and was reported before.
    Recovered,
}

/// How urgent an alert is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Nothing to do.
    Info,
    /// Somebody should look at it.
    Warning,
    /// A task stands still, or records are being lost.
    Critical,
}

/// A condition or an event to report. It serialises, to be kept until it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// The rule that says so.
    pub rule_id: String,
    /// Its name.
    pub rule_name: String,
    /// The channels it is sent to.
    pub channel_ids: Vec<String>,
    /// What was watched for.
    pub condition: Condition,
    /// What has become of it.
    pub phase: AlertPhase,
    /// When this was found, in ms since 1970.
    pub at_ms: i64,
    /// Since when the condition holds, or held, in ms since 1970.
    pub since_ms: i64,
    /// How many gaps or records are new; 0 for other conditions.
    pub count: u64,
    /// What was known of the task.
    pub task: Observation,
}

impl Alert {
    /// Whether the task wants to copy and cannot, for a reason that it names.
    pub(crate) fn is_held_up(&self) -> bool {
        self.task.activity() == Activity::Troubled && !self.task.reason.is_empty()
    }

    /// How urgent it is.
    pub fn severity(&self) -> Severity {
        if self.phase == AlertPhase::Recovered {
            return Severity::Info;
        }
        match self.condition {
            Condition::Completed => Severity::Info,
            Condition::AbnormalLongerThan { .. }
            | Condition::DelayOver { .. }
            | Condition::Stuck { .. }
            | Condition::RecordQuarantined => Severity::Warning,
            Condition::Failed
            | Condition::GapFound
            | Condition::RetentionRisk { .. }
            | Condition::NotEqual => Severity::Critical,
        }
    }
}
