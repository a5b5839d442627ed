use crate::{InvalidTask, Result};

/// Checks a topic name by Kafka's rule (`org.apache.kafka.common.internals.Topic`): 1 to 249 characters of
/// `[A-Za-z0-9._-]`, and neither `.` nor `..`.
///
/// # Errors
/// The rule that the name breaks.
pub fn check_topic_name(name: &str) -> Result<()> {
    let refuse = |reason| {
        Err(InvalidTask::TopicName {
            name: name.to_owned(),
            reason,
        })
    };
    if name.is_empty() {
        return refuse("it is empty");
    }
    if name == "." || name == ".." {
        return refuse("'.' and '..' are not allowed");
    }
    if name.len() > 249 {
        return refuse("it is longer than 249 characters");
    }
    if !name
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
    {
        return refuse("only letters, digits, '.', '_' and '-' are allowed");
    }
    Ok(())
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
