use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::readiness::evidence::Evidence;
use crate::readiness::question::{QUESTIONS, Question};

/// How long an answer may be relied on, in ms: an older one is asked again at the switch.
pub const ANSWER_HOLDS_MS: i64 = 60_000;

/// How a question was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ReadinessResult {
    /// Not known yet: only in what is streamed, never in a report.
    Running,
    /// As it should be.
    Success,
    /// The switch may happen; a person should know this before.
    Warning,
    /// The answer could not be found out: a right, a newer version or a broker's answer is missing, and `cause` names it.
    Unknown,
    /// The switch must not happen.
    Failed,
}

/// One question with its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ReadinessItem {
    /// Which question.
    pub id: Question,
    /// How it was answered.
    pub result: ReadinessResult,
    /// What was found, with names and numbers.
    pub cause: String,
    /// What it rests on: what is wrong first. At most 100 rows.
    pub evidence: Vec<Evidence>,
    /// How many rows of evidence there are beyond those.
    #[ts(type = "number")]
    pub more_evidence: u64,
    /// What to do about it; empty for Success.
    pub remedy: String,
    /// Whether the switch must not happen because of this answer: it failed, or it is unknown and must be known
    /// ([`Question::must_be_known`]).
    pub blocks: bool,
    /// Whether it is asked again in the moment of the switch.
    pub at_switch: bool,
    /// When it was answered, in ms since 1970.
    #[ts(type = "number")]
    pub asked_at_ms: i64,
    /// Until when the answer may be relied on, in ms since 1970.
    #[ts(type = "number")]
    pub expires_at_ms: i64,
    /// How old the answer is, in seconds, at the time of the report.
    #[ts(type = "number")]
    pub age_s: u64,
    /// How long it took, in ms.
    #[ts(type = "number")]
    pub duration_ms: u64,
}

impl ReadinessItem {
    pub(crate) fn running(question: Question, now_ms: i64) -> Self {
        Self {
            id: question,
            result: ReadinessResult::Running,
            cause: String::new(),
            evidence: Vec::new(),
            more_evidence: 0,
            remedy: String::new(),
            blocks: false,
            at_switch: question.is_asked_at_switch(),
            asked_at_ms: now_ms,
            expires_at_ms: now_ms,
            age_s: 0,
            duration_ms: 0,
        }
    }

    /// Whether its answer is too old at `now_ms` to be relied on.
    pub fn is_expired(&self, now_ms: i64) -> bool {
        now_ms >= self.expires_at_ms
    }
}

/// All questions that were asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ReadinessReport {
    /// The items, in the order of [`QUESTIONS`].
    pub items: Vec<ReadinessItem>,
    /// Whether every question was asked and none blocks. Warnings, and unknown answers that need not be known, are a
    /// person's to judge.
    pub ready: bool,
    /// When the asking began, in ms since 1970.
    #[ts(type = "number")]
    pub at_ms: i64,
}

impl ReadinessReport {
    pub(crate) fn new(items: Vec<ReadinessItem>, at_ms: i64) -> Self {
        let mut report = Self {
            items,
            ready: false,
            at_ms,
        };
        report.judge();
        report
    }

    fn judge(&mut self) {
        self.ready = QUESTIONS.iter().all(|question| {
            self.item(*question)
                .is_some_and(|item| item.result != ReadinessResult::Running && !item.blocks)
        });
    }

    /// The answer to a question, if it was asked.
    pub fn item(&self, question: Question) -> Option<&ReadinessItem> {
        self.items.iter().find(|item| item.id == question)
    }

    /// The questions that keep the switch from happening.
    pub fn blocking(&self) -> impl Iterator<Item = &ReadinessItem> {
        self.items.iter().filter(|item| item.blocks)
    }

    /// The questions whose answers are too old at `now_ms`.
    pub fn expired(&self, now_ms: i64) -> Vec<Question> {
        self.items
            .iter()
            .filter(|item| item.is_expired(now_ms))
            .map(|item| item.id)
            .collect()
    }

    /// The same report, with ages as of `now_ms`.
    #[must_use]
    pub fn aged(mut self, now_ms: i64) -> Self {
        for item in &mut self.items {
            item.age_s = u64::try_from((now_ms - item.asked_at_ms) / 1000).unwrap_or(0);
        }
        self
    }

    /// This report with the answers of a later one, of all questions or of some.
    #[must_use]
    pub fn updated_by(mut self, later: Self) -> Self {
        for item in later.items {
            match self.items.iter_mut().find(|known| known.id == item.id) {
                Some(known) => *known = item,
                None => self.items.push(item),
            }
        }
        self.items.sort_by_key(|item| item.id);
        self.at_ms = later.at_ms;
        self.judge();
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::readiness::answer::Answer;

    fn item(question: Question, result: ReadinessResult) -> ReadinessItem {
        let answer = match result {
            ReadinessResult::Warning => Answer::warning("w", "r"),
            ReadinessResult::Unknown => Answer::unknown("u", "r"),
            ReadinessResult::Failed => Answer::failed("f", "r"),
            ReadinessResult::Success | ReadinessResult::Running => Answer::success("s"),
        };
        answer.item(question, 5)
    }

    fn all(other: ReadinessItem) -> ReadinessReport {
        let items = QUESTIONS.into_iter().map(|question| match question == other.id {
            true => other.clone(),
            false => item(question, ReadinessResult::Success),
        });
        ReadinessReport::new(items.collect(), 7)
    }

    #[test]
    fn what_failed_blocks_and_what_is_unknown_blocks_only_where_it_must_be_known() {
        for (question, result, ready) in [
            (Question::LagZero, ReadinessResult::Warning, true),
            (Question::LagZero, ReadinessResult::Unknown, false),
            (Question::AclParity, ReadinessResult::Unknown, true),
            (Question::AclParity, ReadinessResult::Failed, false),
        ] {
            let report = all(item(question, result));
            assert_eq!(report.ready, ready, "{question} {result:?}");
            assert_eq!(report.blocking().count(), usize::from(!ready));
        }
    }

    #[test]
    fn only_all_questions_make_a_report_ready() {
        let one = ReadinessReport::new(vec![item(Question::LagZero, ReadinessResult::Success)], 1);
        assert!(!one.ready && one.blocking().count() == 0);
    }

    #[test]
    fn later_answers_replace_earlier_ones_and_the_verdict_follows() {
        let failed = all(item(Question::SourceSilent, ReadinessResult::Failed));
        let later = ReadinessReport::new(vec![item(Question::SourceSilent, ReadinessResult::Success)], 9);
        let both = failed.updated_by(later);
        assert!(both.ready);
        assert_eq!((both.items.len(), both.at_ms), (QUESTIONS.len(), 9));
    }

    #[test]
    fn an_answer_holds_a_minute() {
        let answered = item(Question::LagZero, ReadinessResult::Success);
        let at = answered.asked_at_ms;
        assert!(!answered.is_expired(at + ANSWER_HOLDS_MS - 1) && answered.is_expired(at + ANSWER_HOLDS_MS));
        let report = all(answered).aged(at + 90_000);
        assert_eq!(report.item(Question::LagZero).map(|item| item.age_s), Some(90));
        assert!(report.expired(at + 120_000).contains(&Question::LagZero));
    }
}
