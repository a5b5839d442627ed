use serde::Serialize;
use ts_rs::TS;

/// How an inspection came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Success,
    /// The task may start; something differs from what one might expect.
    Warning,
    /// The task must not start.
    Failed,
}

/// One inspection before the start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Which inspection, as `target_data`.
    pub id: &'static str,
    /// How it came out.
    pub result: Verdict,
    /// What was found.
    pub cause: String,
    /// What it would lead to; empty for Success.
    pub effect: String,
    /// What to do about it; empty for Success.
    pub remedy: String,
}

impl Finding {
    /// All is well.
    pub fn success(id: &'static str, cause: impl Into<String>) -> Self {
        Self {
            id,
            result: Verdict::Success,
            cause: cause.into(),
            effect: String::new(),
            remedy: String::new(),
        }
    }

    /// The task may start.
    pub fn warning(
        id: &'static str,
        cause: impl Into<String>,
        effect: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            id,
            result: Verdict::Warning,
            cause: cause.into(),
            effect: effect.into(),
            remedy: remedy.into(),
        }
    }

    /// The task must not start.
    pub fn failed(
        id: &'static str,
        cause: impl Into<String>,
        effect: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            id,
            result: Verdict::Failed,
            cause: cause.into(),
            effect: effect.into(),
            remedy: remedy.into(),
        }
    }
}
