//! A part of a task's topics leaves it.

use sluice_model::{Objects, TaskSettings};

/// `settings` without `topics`: out of the list, or excluded from the pattern.
pub(crate) fn without_topics(settings: &TaskSettings, topics: &[String]) -> TaskSettings {
    let mut left = settings.clone();
    match &mut left.objects {
        Objects::Topics(names) => {
            names.retain(|name| !topics.contains(name));
            left.rename.map.retain(|name, _| !topics.contains(name));
            left.start_overrides.retain(|name, _| !topics.contains(name));
            left.end_overrides.retain(|name, _| !topics.contains(name));
        }
        Objects::Matching { exclude, .. } => {
            let mut patterns: Vec<String> = exclude.iter().map(|pattern| format!("(?:{pattern})")).collect();
            patterns.extend(topics.iter().map(|topic| escaped(topic)));
            *exclude = Some(patterns.join("|"));
        }
    }
    left
}

/// A topic's name as a pattern: of what names may have, only the dot means something else.
fn escaped(topic: &str) -> String {
    topic.replace('.', "\\.")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use sluice_model::{SourceId, Start, TaskName};

    use super::*;

    fn settings(objects: Objects) -> TaskSettings {
        TaskSettings::new(
            TaskName::new("t").unwrap(),
            SourceId::generate(),
            SourceId::generate(),
            objects,
        )
    }

    #[test]
    fn topics_leave_a_list_with_all_that_is_said_of_them() {
        let mut before = settings(Objects::Topics(vec!["a".into(), "b".into()]));
        before.rename.map = BTreeMap::from([("a".into(), "x".into()), ("b".into(), "y".into())]);
        before.start_overrides = BTreeMap::from([("a".into(), Start::Latest)]);
        let after = without_topics(&before, &["a".to_owned()]);
        assert_eq!(after.objects, Objects::Topics(vec!["b".into()]));
        assert_eq!(after.rename.map.len(), 1);
        assert!(after.start_overrides.is_empty() && after.check().is_empty());
    }

    #[test]
    fn topics_leave_a_pattern_by_their_very_names() {
        let before = settings(Objects::Matching {
            include: ".*".into(),
            exclude: Some("tmp|old".into()),
        });
        let after = without_topics(&before, &["a.b".to_owned(), "c".to_owned()]);
        let names = ["a.b", "axb", "c", "cc", "tmp", "old", "kept"];
        assert_eq!(after.objects.select(names).unwrap(), ["axb", "cc", "kept"]);
    }
}
