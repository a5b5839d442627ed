use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::finding::{Finding, Verdict};
use crate::plan::RouteFacts;

/// How an item of the pre-check stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ItemResult {
    /// Not known yet: only in what is streamed, never in a report.
    Running,
    /// As it should be.
    Success,
    /// The task may start; something differs from what one might expect, or could not be found out.
    Warning,
    /// The task must not start.
    Failed,
}

impl From<Verdict> for ItemResult {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Success => Self::Success,
            Verdict::Warning => Self::Warning,
            Verdict::Failed => Self::Failed,
        }
    }
}

/// One item of the pre-check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PreCheckItem {
    /// Which item, as `target_data`. The same names as in [`crate::Finding`].
    pub id: String,
    /// How it came out.
    pub result: ItemResult,
    /// What was found, with names and numbers.
    pub cause: String,
    /// What it would lead to; empty for Success.
    pub effect: String,
    /// What to do about it; empty for Success.
    pub remedy: String,
    /// From its beginning to its result, in ms.
    #[ts(type = "number")]
    pub duration_ms: u64,
}

impl PreCheckItem {
    pub(crate) fn running(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            result: ItemResult::Running,
            cause: String::new(),
            effect: String::new(),
            remedy: String::new(),
            duration_ms: 0,
        }
    }

    pub(crate) fn done(finding: Finding, duration_ms: u64) -> Self {
        Self {
            id: finding.id.to_owned(),
            result: finding.result.into(),
            cause: finding.cause,
            effect: finding.effect,
            remedy: finding.remedy,
            duration_ms,
        }
    }
}

/// Everything a pre-check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PreCheckReport {
    /// The items, in a fixed order.
    pub items: Vec<PreCheckItem>,
    /// Whether no item failed and none was left out by a cancellation.
    pub may_start: bool,
    /// When it began, in ms since 1970.
    #[ts(type = "number")]
    pub at_ms: i64,
    /// Fingerprint of the settings that were checked (see [`crate::settings_fingerprint`]): with another one the result
    /// is void.
    pub settings: String,
    /// The source's cluster id, where it is known.
    pub source_cluster_id: Option<String>,
    /// The target's cluster id, where it is known.
    pub target_cluster_id: Option<String>,
    /// How records would be delivered, where that is known.
    pub delivery: Option<String>,
    /// Whether the task was launched before and would resume.
    pub resumes: bool,
    /// Each topic, where both clusters could be asked.
    pub routes: Vec<RouteFacts>,
}
