use crate::clock::now_ms;
use crate::readiness::evidence::Evidence;
use crate::readiness::item::{ANSWER_HOLDS_MS, ReadinessItem, ReadinessResult};
use crate::readiness::question::Question;

/// Rows of evidence that an item keeps: a task may have thousands of partitions, and a person reads the first few.
const ROWS: usize = 100;

/// What a question found.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) result: ReadinessResult,
    pub(crate) cause: String,
    pub(crate) remedy: String,
    pub(crate) evidence: Vec<Evidence>,
}

impl Answer {
    fn new(result: ReadinessResult, cause: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            result,
            cause: cause.into(),
            remedy: remedy.into(),
            evidence: Vec::new(),
        }
    }

    /// All is well.
    pub(crate) fn success(cause: impl Into<String>) -> Self {
        Self::new(ReadinessResult::Success, cause, "")
    }

    /// Something to know.
    pub(crate) fn warning(cause: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(ReadinessResult::Warning, cause, remedy)
    }

    /// The switch must not happen.
    pub(crate) fn failed(cause: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(ReadinessResult::Failed, cause, remedy)
    }

    /// The answer could not be found out.
    pub(crate) fn unknown(cause: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(ReadinessResult::Unknown, cause, remedy)
    }

    /// With what it rests on.
    #[must_use]
    pub(crate) fn with(mut self, evidence: impl IntoIterator<Item = Evidence>) -> Self {
        self.evidence.extend(evidence);
        self
    }

    pub(crate) fn item(mut self, question: Question, duration_ms: u64) -> ReadinessItem {
        let now = now_ms();
        let more = self.evidence.len().saturating_sub(ROWS);
        self.evidence.truncate(ROWS);
        ReadinessItem {
            blocks: match self.result {
                ReadinessResult::Failed | ReadinessResult::Running => true,
                ReadinessResult::Unknown => question.must_be_known(),
                ReadinessResult::Success | ReadinessResult::Warning => false,
            },
            id: question,
            result: self.result,
            cause: self.cause,
            evidence: self.evidence,
            more_evidence: more as u64,
            remedy: self.remedy,
            at_switch: question.is_asked_at_switch(),
            asked_at_ms: now,
            expires_at_ms: now + ANSWER_HOLDS_MS,
            age_s: 0,
            duration_ms,
        }
    }
}
