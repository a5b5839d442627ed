use std::fmt;
use std::str::FromStr;

use regex::Regex;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{FieldError, InvalidTask};

/// A regular expression on the whole name of a consumer group.
#[derive(Debug, Clone)]
pub struct GroupPattern {
    text: String,
    regex: Regex,
}

impl GroupPattern {
    /// # Errors
    /// It is no regular expression.
    pub fn new(text: &str) -> Result<Self, InvalidTask> {
        Ok(Self {
            text: text.to_owned(),
            regex: crate::selection::whole("groups", text)?,
        })
    }

    /// Whether a group's whole name matches.
    pub fn matches(&self, group: &str) -> bool {
        self.regex.is_match(group)
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl PartialEq for GroupPattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for GroupPattern {}

impl fmt::Display for GroupPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for GroupPattern {
    type Err = InvalidTask;

    fn from_str(text: &str) -> Result<Self, InvalidTask> {
        Self::new(text)
    }
}

/// Consumer groups whose positions are kept in step on the target while the task runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct GroupSync {
    /// Regular expression on the whole name of a group.
    pub groups: String,
    /// Seconds between two syncs.
    #[serde(default = "GroupSync::default_interval")]
    pub interval_seconds: u32,
}

impl GroupSync {
    /// Seconds between two syncs unless the task says otherwise: a consumer that is moved without notice reads at most
    /// as much again as it reads in this time.
    pub const DEFAULT_INTERVAL_SECONDS: u32 = 10;

    /// Groups of these names, every 10 s.
    pub fn of(groups: &str) -> Self {
        Self {
            groups: groups.to_owned(),
            interval_seconds: Self::DEFAULT_INTERVAL_SECONDS,
        }
    }

    fn default_interval() -> u32 {
        Self::DEFAULT_INTERVAL_SECONDS
    }

    /// What its groups are called.
    ///
    /// # Errors
    /// It is no regular expression.
    pub fn pattern(&self) -> Result<GroupPattern, InvalidTask> {
        GroupPattern::new(&self.groups)
    }

    /// What is wrong with it, by the field of the settings that holds it.
    pub fn check(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        if let Err(error) = self.pattern() {
            errors.push(FieldError::new("sync_groups", error.to_string()));
        }
        if self.interval_seconds == 0 {
            errors.push(FieldError::new(
                "sync_groups",
                "the interval between two syncs of groups must be at least 1 second",
            ));
        }
        errors
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_on_the_whole_name() {
        let pattern = GroupPattern::new("billing|orders-.*").unwrap();
        assert!(pattern.matches("billing") && pattern.matches("orders-1"));
        assert!(!pattern.matches("billing-2") && !pattern.matches("my-orders-1"));
    }

    #[test]
    fn a_bad_pattern_and_an_interval_of_nothing_are_named() {
        let bad = GroupSync {
            groups: "(".to_owned(),
            interval_seconds: 0,
        };
        let errors = bad.check();
        assert_eq!(errors.len(), 2, "{errors:?}");
        assert!(errors.iter().all(|error| error.field == "sync_groups"));
        assert!(GroupSync::of(".*").check().is_empty());
    }
}
