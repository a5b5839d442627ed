use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::InvalidField;

/// The longest time a condition may ask for, in seconds: 30 days. Longer ones are typing mistakes.
const LONGEST_SECONDS: u64 = 30 * 24 * 3_600;

/// What a rule watches a task for. Durations are in seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Condition {
    /// The task has failed: it needs a person.
    Failed,
    /// The task retries by itself, and has for this long.
    AbnormalLongerThan {
        /// How long.
        #[ts(type = "number")]
        seconds: u64,
    },
    /// The target is further behind the source than allowed.
    DelayOver {
        /// The delay that is allowed.
        #[ts(type = "number")]
        delay_seconds: u64,
        /// How long it must be exceeded without a break.
        #[ts(type = "number")]
        for_seconds: u64,
    },
    /// There is something to copy, and nothing is copied.
    Stuck {
        /// For how long.
        #[ts(type = "number")]
        for_seconds: u64,
    },
    /// A range of the source can no longer be read.
    GapFound,
    /// The target refused records, which were put aside.
    RecordQuarantined,
    /// The source is about to delete records that were not copied yet.
    RetentionRisk {
        /// How long before the deletion.
        #[ts(type = "number")]
        horizon_seconds: u64,
    },
    /// A verification found that both sides are not equal, or that records are gone from the target.
    NotEqual,
    /// A task with an end has reached it.
    Completed,
}

impl Condition {
    /// The word that stands for the condition wherever it is written, as `delay_over`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::AbnormalLongerThan { .. } => "abnormal_longer_than",
            Self::DelayOver { .. } => "delay_over",
            Self::Stuck { .. } => "stuck",
            Self::GapFound => "gap_found",
            Self::RecordQuarantined => "record_quarantined",
            Self::RetentionRisk { .. } => "retention_risk",
            Self::NotEqual => "not_equal",
            Self::Completed => "completed",
        }
    }

    /// Every field whose value makes no sense.
    pub fn check(&self) -> Vec<InvalidField> {
        let mut fields: Vec<(&str, u64)> = Vec::new();
        match *self {
            Self::Failed | Self::GapFound | Self::RecordQuarantined | Self::NotEqual | Self::Completed => {}
            Self::AbnormalLongerThan { seconds } => fields.push(("seconds", seconds)),
            Self::DelayOver {
                delay_seconds,
                for_seconds,
            } => {
                fields.push(("delay_seconds", delay_seconds));
                fields.push(("for_seconds", for_seconds));
            }
            Self::Stuck { for_seconds } => fields.push(("for_seconds", for_seconds)),
            Self::RetentionRisk { horizon_seconds } => fields.push(("horizon_seconds", horizon_seconds)),
        }
        fields
            .into_iter()
            .filter(|(_, seconds)| !(1..=LONGEST_SECONDS).contains(seconds))
            .map(|(field, seconds)| {
                InvalidField::new(
                    format!("condition.{field}"),
                    format!("{seconds} s is outside of 1 to {LONGEST_SECONDS} s (30 days)"),
                )
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_is_stored_with_its_word_and_reads_back() {
        for (condition, json) in [
            (Condition::Failed, r#"{"kind":"failed"}"#),
            (
                Condition::AbnormalLongerThan { seconds: 60 },
                r#"{"kind":"abnormal_longer_than","seconds":60}"#,
            ),
            (
                Condition::DelayOver {
                    delay_seconds: 30,
                    for_seconds: 60,
                },
                r#"{"kind":"delay_over","delay_seconds":30,"for_seconds":60}"#,
            ),
            (
                Condition::Stuck { for_seconds: 5 },
                r#"{"kind":"stuck","for_seconds":5}"#,
            ),
            (Condition::GapFound, r#"{"kind":"gap_found"}"#),
            (Condition::RecordQuarantined, r#"{"kind":"record_quarantined"}"#),
            (
                Condition::RetentionRisk { horizon_seconds: 9 },
                r#"{"kind":"retention_risk","horizon_seconds":9}"#,
            ),
            (Condition::NotEqual, r#"{"kind":"not_equal"}"#),
            (Condition::Completed, r#"{"kind":"completed"}"#),
        ] {
            assert_eq!(serde_json::to_string(&condition).unwrap(), json);
            assert_eq!(serde_json::from_str::<Condition>(json).unwrap(), condition);
            assert!(json.contains(&format!("\"{}\"", condition.word())), "{json}");
        }
    }

    #[test]
    fn a_duration_of_nothing_or_of_months_is_refused_by_its_field() {
        let errors = Condition::DelayOver {
            delay_seconds: 0,
            for_seconds: 31 * 86_400,
        }
        .check();
        assert_eq!(errors[0].field, "condition.delay_seconds");
        assert_eq!(errors[1].field, "condition.for_seconds");
        assert!(errors[1].message.contains("30 days"), "{}", errors[1].message);
        assert_eq!(Condition::Stuck { for_seconds: 1 }.check(), []);
    }
}
