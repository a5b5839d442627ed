//! The task in the other direction, as it is described.

use std::collections::BTreeMap;

use sluice_model::{
    ConfigurationSync, Delivery, ExistingData, Objects, Rename, Start, TaskName, TaskSettings,
};

use super::record::{Cutover, CutoverDirection};
use crate::{AppError, Result};

/// Greatest length of a task's name, in characters.
const NAME_LIMIT: usize = 64;
/// How tasks are called that copy against or along the first one.
const BACK: &str = " (back";
const FORTH: &str = " (forth";

/// The name of the task in the other direction of `name`, whose applications move in `direction`: `orders (back)`,
/// then `orders (forth)`, `orders (back 2)` and so on; the next one where another task has it, as that of an earlier stage.
///
/// # Errors
/// Those of `is_taken`.
pub(super) fn reverse_name(
    name: &str,
    direction: CutoverDirection,
    is_taken: impl Fn(&str) -> Result<bool>,
) -> Result<String> {
    let (stem, count) = taken_apart(name);
    let (word, first) = match direction {
        CutoverDirection::Forward => (BACK, count + 1),
        CutoverDirection::Back => (FORTH, count),
    };
    let mut count = first;
    loop {
        let name = suffixed(stem, word, count);
        if !is_taken(&name)? {
            return Ok(name);
        }
        count = count.max(1) + 1;
    }
}

fn suffixed(stem: &str, word: &str, count: usize) -> String {
    let number = if count > 1 {
        format!(" {count}")
    } else {
        String::new()
    };
    let suffix = format!("{word}{number})");
    let room = NAME_LIMIT.saturating_sub(suffix.chars().count());
    let stem: String = stem.chars().take(room).collect();
    format!("{}{suffix}", stem.trim_end())
}

/// A name without its suffix, and how often it has gone back.
fn taken_apart(name: &str) -> (&str, usize) {
    for word in [BACK, FORTH] {
        let Some(place) = name.rfind(word) else {
            continue;
        };
        let Some(inside) = name[place + word.len()..].strip_suffix(')') else {
            continue;
        };
        if inside.is_empty() {
            return (&name[..place], 1);
        }
        if let Some(count) = inside.strip_prefix(' ').and_then(|number| number.parse().ok()) {
            return (&name[..place], count);
        }
    }
    (name, 0)
}

/// The settings of the task in the other direction of one with `settings`: topics under their other names, pinned at the
/// noted ends. It writes behind what is there.
///
/// # Errors
/// A name or a topic that Kafka or Sluice would refuse.
pub(super) fn reverse_settings(settings: &TaskSettings, cutover: &Cutover) -> Result<TaskSettings> {
    let name = match &cutover.reverse {
        Some(reverse) => reverse.name.clone(),
        None => reverse_name(&cutover.task_name, cutover.direction, |_| Ok(false))?,
    };
    let topics = &cutover.topics;
    let mut start_overrides: BTreeMap<String, Start> = BTreeMap::new();
    for pair in topics {
        let offsets: BTreeMap<i32, i64> = cutover
            .ends
            .iter()
            .filter(|end| end.target_topic == pair.target)
            .map(|end| (end.partition, end.target_end))
            .collect();
        start_overrides.insert(pair.target.clone(), Start::Offsets(offsets));
    }
    let reversed = TaskSettings {
        name: TaskName::new(&name)?,
        source: settings.target.clone(),
        target: settings.source.clone(),
        objects: Objects::Topics(topics.iter().map(|pair| pair.target.clone()).collect()),
        rename: Rename {
            map: topics
                .iter()
                .filter(|pair| pair.source != pair.target)
                .map(|pair| (pair.target.clone(), pair.source.clone()))
                .collect(),
            ..Rename::default()
        },
        start: Start::Earliest,
        start_overrides,
        // Its offsets and times are those of the other side.
        end: None,
        end_overrides: BTreeMap::new(),
        existing: ExistingData::Append,
        // The source has records already: its offsets cannot be those of the target.
        delivery: match settings.delivery {
            Delivery::Mirror => Delivery::ExactlyOnce,
            delivery => delivery,
        },
        replication_factor: None,
        bounded: false,
        // A Connect cluster writes to the Kafka that it stands on, and that is the other side now.
        run_on: None,
        // What is kept in step on the one side would overwrite what belongs to the other.
        sync_groups: None,
        configuration_sync: ConfigurationSync::default(),
        ..settings.clone()
    };
    let errors = reversed.check();
    if errors.is_empty() {
        Ok(reversed)
    } else {
        Err(AppError::fields(errors))
    }
}

#[cfg(test)]
mod tests {
    use sluice_model::{GroupSync, SourceId};

    use super::super::record::{EndsNoted, FenceKind, TopicPair};
    use super::super::tests::planned;
    use super::*;

    fn unlike(taken: &[&str], name: &str, direction: CutoverDirection) -> String {
        reverse_name(name, direction, |name| Ok(taken.contains(&name))).unwrap()
    }

    #[test]
    fn the_names_of_tasks_say_how_often_applications_have_moved() {
        use CutoverDirection::{Back, Forward};
        let mut name = "orders".to_owned();
        let mut names = Vec::new();
        for direction in [Forward, Back, Forward, Back, Forward] {
            name = unlike(&[], &name, direction);
            names.push(name.clone());
        }
        assert_eq!(
            names,
            [
                "orders (back)",
                "orders (forth)",
                "orders (back 2)",
                "orders (forth 2)",
                "orders (back 3)"
            ]
        );
    }

    #[test]
    fn the_tasks_of_two_stages_have_names_of_their_own() {
        use CutoverDirection::{Back, Forward};
        let taken = ["orders (back)", "orders (forth)"];
        assert_eq!(unlike(&taken, "orders", Forward), "orders (back 2)");
        assert_eq!(unlike(&taken, "orders (back)", Back), "orders (forth 2)");
        assert_eq!(unlike(&taken, "mail", Forward), "mail (back)");
    }

    #[test]
    fn the_task_in_the_other_direction_has_its_names_inverted_and_begins_at_the_noted_ends() {
        let mut settings = TaskSettings::new(
            TaskName::new("orders").unwrap(),
            SourceId::generate(),
            SourceId::generate(),
            Objects::all(),
        );
        settings.rename.prefix = "eu.".to_owned();
        settings.existing = ExistingData::Rewrite;
        settings.bounded = true;
        settings.sync_groups = Some(GroupSync::of(".*"));
        settings.run_on = Some(SourceId::generate());
        let mut cutover = planned(FenceKind::None);
        cutover.topics = vec![
            TopicPair {
                source: "a".to_owned(),
                target: "eu.a".to_owned(),
            },
            TopicPair {
                source: "b".to_owned(),
                target: "b".to_owned(),
            },
        ];
        cutover.ends = vec![EndsNoted {
            topic: "a".to_owned(),
            target_topic: "eu.a".to_owned(),
            partition: 3,
            source_end: Some(5),
            target_end: 9,
        }];
        let reversed = reverse_settings(&settings, &cutover).unwrap();
        assert_eq!(
            (&reversed.source, &reversed.target),
            (&settings.target, &settings.source)
        );
        assert_eq!(
            reversed.routes(["eu.a", "b"]).unwrap(),
            [
                ("eu.a".to_owned(), "a".to_owned()),
                ("b".to_owned(), "b".to_owned())
            ]
        );
        assert_eq!(reversed.start_overrides["eu.a"].to_string(), "offset:3=9");
        assert_eq!(
            reversed.existing,
            ExistingData::Append,
            "nothing there is refused or deleted"
        );
        assert!(!reversed.bounded && reversed.sync_groups.is_none());
        assert_eq!(reversed.run_on, None, "a Connect cluster stands on one side");
        assert_eq!(reversed.configuration_sync, ConfigurationSync::default());
        assert_eq!(reversed.name.as_str(), "orders (back)");
    }

    #[test]
    fn a_long_name_keeps_its_suffix_and_a_name_in_parentheses_is_left_alone() {
        let long = unlike(&[], &"中".repeat(64), CutoverDirection::Forward);
        assert_eq!(long.chars().count(), 64);
        assert!(long.ends_with(" (back)"), "{long}");
        assert_eq!(
            unlike(&[], "orders (backup)", CutoverDirection::Forward),
            "orders (backup) (back)"
        );
    }
}
