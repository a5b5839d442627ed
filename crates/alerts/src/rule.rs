use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::error::BuiltinRule;
use crate::{Condition, DESKTOP_CHANNEL_ID, InvalidField};

/// The id of the rule that is always there.
pub const FAILURE_RULE_ID: &str = "failure";
/// The longest name of a rule or a channel, in characters (the reference console's limit).
pub(crate) const LONGEST_NAME: usize = 24;
/// The shortest repeat interval, in seconds: more often would be noise.
const SHORTEST_REPEAT_SECONDS: u64 = 60;
/// The longest repeat interval, in seconds: a week.
const LONGEST_REPEAT_SECONDS: u64 = 7 * 24 * 3_600;

/// What to watch for, on which tasks, and whom to tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Rule {
    /// Identifies the rule.
    pub id: String,
    /// Its name: 1 to 24 characters.
    pub name: String,
    /// The only task it watches; `None` for every task.
    pub task_id: Option<String>,
    /// What it watches for.
    pub condition: Condition,
    /// The channels that are told.
    pub channel_ids: Vec<String>,
    /// Whether it is in force.
    pub enabled: bool,
    /// Whether it came with the program: such a rule cannot be changed or deleted.
    pub builtin: bool,
    /// Whether the end of the condition is told as well.
    pub notify_recovery: bool,
    /// How often, in seconds, a condition that still holds is told again; `None` for once.
    #[ts(type = "number | null")]
    pub repeat_seconds: Option<u64>,
}

impl Rule {
    /// The rule that is always there: every task that fails is told on the desktop, without any set-up.
    pub fn on_failure() -> Self {
        Self {
            id: FAILURE_RULE_ID.to_owned(),
            name: "Task failed".to_owned(),
            task_id: None,
            condition: Condition::Failed,
            channel_ids: vec![DESKTOP_CHANNEL_ID.to_owned()],
            enabled: true,
            builtin: true,
            notify_recovery: true,
            repeat_seconds: None,
        }
    }

    /// The rules that a new data folder gets beside [`Rule::on_failure`], each on the desktop: they can be changed and
    /// removed.
    pub fn defaults() -> [Self; 5] {
        let rule = |id: &str, name: &str, condition, notify_recovery| Self {
            id: id.to_owned(),
            name: name.to_owned(),
            condition,
            builtin: false,
            notify_recovery,
            ..Self::on_failure()
        };
        [
            rule(
                "default-abnormal",
                "Abnormal for 5 minutes",
                Condition::AbnormalLongerThan { seconds: 5 * 60 },
                true,
            ),
            rule("default-gap", "Gap found", Condition::GapFound, false),
            rule(
                "default-quarantine",
                "Record in quarantine",
                Condition::RecordQuarantined,
                false,
            ),
            rule(
                "default-retention",
                "Retention at risk",
                Condition::RetentionRisk {
                    horizon_seconds: 2 * 3_600,
                },
                true,
            ),
            rule("default-not-equal", "Not equal", Condition::NotEqual, true),
        ]
    }

    /// Every field that cannot stay as it is. Whether the task and the channels exist is for their owner to say.
    pub fn check(&self) -> Vec<InvalidField> {
        let mut errors = Vec::new();
        errors.extend(check_name(&self.name));
        if self.id.trim().is_empty() {
            errors.push(InvalidField::new("id", "the rule has no id"));
        }
        if self.task_id.as_ref().is_some_and(|id| id.trim().is_empty()) {
            errors.push(InvalidField::new(
                "task_id",
                "name a task, or leave it out to watch every task",
            ));
        }
        errors.extend(self.condition.check());
        if self.channel_ids.is_empty() {
            errors.push(InvalidField::new("channel_ids", "choose at least one channel"));
        }
        let mut seen = BTreeSet::new();
        if let Some(twice) = self.channel_ids.iter().find(|id| !seen.insert(id.as_str())) {
            errors.push(InvalidField::new(
                "channel_ids",
                format!("channel '{twice}' is named twice"),
            ));
        }
        if let Some(seconds) = self.repeat_seconds
            && !(SHORTEST_REPEAT_SECONDS..=LONGEST_REPEAT_SECONDS).contains(&seconds)
        {
            errors.push(InvalidField::new(
                "repeat_seconds",
                format!(
                    "{seconds} s is outside of {SHORTEST_REPEAT_SECONDS} to {LONGEST_REPEAT_SECONDS} s (a week); leave it out to be notified once"
                ),
            ));
        }
        errors
    }

    /// Whether the rule may be replaced or deleted.
    ///
    /// # Errors
    /// It came with the program.
    pub fn check_editable(&self) -> Result<(), BuiltinRule> {
        if self.builtin {
            return Err(BuiltinRule {
                name: self.name.clone(),
            });
        }
        Ok(())
    }

    pub(crate) fn watches(&self, task_id: &str) -> bool {
        self.task_id.as_ref().is_none_or(|id| id == task_id)
    }
}

/// Checks a rule's or a channel's name.
pub(crate) fn check_name(name: &str) -> Option<InvalidField> {
    let length = name.trim().chars().count();
    (!(1..=LONGEST_NAME).contains(&length)).then(|| {
        InvalidField::new(
            "name",
            format!("the name must have 1 to {LONGEST_NAME} characters, this one has {length}"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule() -> Rule {
        Rule {
            id: "r1".into(),
            name: "Delay".into(),
            builtin: false,
            ..Rule::on_failure()
        }
    }

    fn fields(rule: &Rule) -> Vec<String> {
        rule.check().into_iter().map(|error| error.field).collect()
    }

    #[test]
    fn the_builtin_rule_is_valid_tells_the_desktop_and_cannot_be_changed() {
        let rule = Rule::on_failure();
        assert_eq!(rule.check(), []);
        assert_eq!(rule.condition, Condition::Failed);
        assert_eq!(rule.channel_ids, ["desktop"]);
        let refusal = rule.check_editable().unwrap_err().to_string();
        assert!(
            refusal.contains("'Task failed'") && refusal.contains("mute"),
            "{refusal}"
        );
        assert_eq!(self::rule().check_editable(), Ok(()));
    }

    #[test]
    fn the_rules_of_a_new_folder_are_valid_can_be_changed_and_tell_the_desktop() {
        for rule in Rule::defaults() {
            assert_eq!(rule.check(), [], "{}", rule.name);
            assert_eq!(rule.check_editable(), Ok(()));
            assert_eq!(rule.channel_ids, ["desktop"]);
            assert!(rule.enabled);
        }
    }

    #[test]
    fn names_have_1_to_24_characters_not_bytes() {
        let mut rule = rule();
        rule.name = "规".repeat(24);
        assert_eq!(fields(&rule), [""; 0]);
        rule.name = "规".repeat(25);
        assert!(rule.check()[0].message.contains("has 25"));
        rule.name = "  ".into();
        assert_eq!(fields(&rule), ["name"]);
    }

    #[test]
    fn every_wrong_field_is_named_at_once() {
        let rule = Rule {
            name: String::new(),
            task_id: Some(" ".into()),
            condition: Condition::Stuck { for_seconds: 0 },
            channel_ids: Vec::new(),
            repeat_seconds: Some(59),
            ..rule()
        };
        assert_eq!(
            fields(&rule),
            [
                "name",
                "task_id",
                "condition.for_seconds",
                "channel_ids",
                "repeat_seconds"
            ]
        );
    }

    #[test]
    fn a_channel_named_twice_is_refused() {
        let mut rule = rule();
        rule.channel_ids = vec!["a".into(), "b".into(), "a".into()];
        assert!(rule.check()[0].message.contains("'a'"));
    }
}
