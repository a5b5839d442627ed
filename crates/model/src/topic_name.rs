use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{InvalidTask, Result};

/// The longest name of a topic, in characters.
const LONGEST: usize = 249;

/// A rule of Kafka for names of topics that a name breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum TopicNameProblem {
    /// It is empty.
    Empty,
    /// It is `.` or `..`.
    Dots,
    /// It is longer than 249 characters.
    Long,
    /// It has other characters than `[A-Za-z0-9._-]`.
    Characters,
}

/// The rule that a topic name breaks (`org.apache.kafka.common.internals.Topic`), if it breaks one: 1 to 249 characters of
/// `[A-Za-z0-9._-]`, and neither `.` nor `..`.
pub fn topic_name_problem(name: &str) -> Option<TopicNameProblem> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    if name.is_empty() {
        Some(TopicNameProblem::Empty)
    } else if name == "." || name == ".." {
        Some(TopicNameProblem::Dots)
    } else if name.len() > LONGEST {
        Some(TopicNameProblem::Long)
    } else if !name.bytes().all(is_allowed) {
        Some(TopicNameProblem::Characters)
    } else {
        None
    }
}

/// Checks a topic name by Kafka's rule.
///
/// # Errors
/// The rule that the name breaks.
pub fn check_topic_name(name: &str) -> Result<()> {
    let reason = match topic_name_problem(name) {
        None => return Ok(()),
        Some(TopicNameProblem::Empty) => "it is empty",
        Some(TopicNameProblem::Dots) => "'.' and '..' are not allowed",
        Some(TopicNameProblem::Long) => "it is longer than 249 characters",
        Some(TopicNameProblem::Characters) => "only letters, digits, '.', '_' and '-' are allowed",
    };
    Err(InvalidTask::TopicName {
        name: name.to_owned(),
        reason,
    })
}

#[cfg(test)]
mod tests {
    use super::check_topic_name;

    #[test]
    fn names_follow_kafkas_rule() {
        for good in ["a", "A.b_c-9", &"x".repeat(249)] {
            assert!(check_topic_name(good).is_ok(), "{good}");
        }
        for bad in ["", ".", "..", "a b", "ä", "a/b", &"x".repeat(250)] {
            assert!(check_topic_name(bad).is_err(), "{bad}");
        }
    }
}
