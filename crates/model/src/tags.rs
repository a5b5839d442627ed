use std::collections::BTreeSet;

use crate::{InvalidTask, Result};

/// Tags of a task at most: more would not be seen in a list.
const MOST: usize = 8;
/// Characters of a tag at most.
const LONGEST: usize = 24;

/// Whether these may be the tags of a task: words of its user's own, by which tasks are found.
///
/// # Errors
/// One is empty, too long, or has a character that separates tags; or there are too many.
pub fn check_tags(tags: &BTreeSet<String>) -> Result<()> {
    let wrong = |tag: &str, reason: String| {
        Err(InvalidTask::Tag {
            tag: tag.to_owned(),
            reason,
        })
    };
    for tag in tags {
        if tag.is_empty() || tag.trim() != tag {
            return wrong(
                tag,
                "write it without blanks at its ends, and not empty".to_owned(),
            );
        }
        if tag.contains(|c: char| c == ',' || c.is_control()) {
            return wrong(tag, "commas stand between tags, not within".to_owned());
        }
        if tag.chars().count() > LONGEST {
            return wrong(tag, format!("at most {LONGEST} characters"));
        }
    }
    match tags.last().filter(|_| tags.len() > MOST) {
        Some(last) => wrong(last, format!("a task has at most {MOST} tags")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(tags: &[&str]) -> Option<String> {
        let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
        check_tags(&tags).err().map(|error| error.to_string())
    }

    #[test]
    fn tags_are_short_words_without_what_separates_them() {
        assert_eq!(check(&["billing", "team a", "计费"]), None);
        for (tags, says) in [
            (&[""][..], "not empty"),
            (&[" a"], "without blanks"),
            (&["a,b"], "between tags"),
            (&["a\nb"], "between tags"),
            (&["a234567890123456789012345"], "24 characters"),
            (&["1", "2", "3", "4", "5", "6", "7", "8", "9"], "at most 8 tags"),
        ] {
            let error = check(tags).unwrap();
            assert!(error.contains(says), "{error}");
        }
    }
}
