//! Topics of a copy that were deleted, or deleted and made again, while another program copies them. It goes by names and does not
//! notice.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::Side;
use crate::partition::{Became, other_target_sentence};
use crate::plan::{Connected, Pair};
use crate::position::PartitionState;

/// How often the ids of the topics are asked for, in ms.
const LOOK_EVERY_MS: i64 = 10_000;

/// What was found at the last look.
#[derive(Debug, Default)]
pub(super) struct OtherTopics {
    looked_ms: Option<i64>,
    /// By source topic, what is wrong with it or its target.
    found: BTreeMap<String, String>,
}

impl OtherTopics {
    /// Compares the ids of the topics now and then with those of the launch. A cluster that does not say them is asked again at
    /// the next look.
    pub(super) fn look(&mut self, pair: &Pair, states: &[&PartitionState], now_ms: i64) {
        if self.looked_ms.is_some_and(|then| now_ms - then < LOOK_EVERY_MS) {
            return;
        }
        let sides: [(&Connected, Known); 2] = [(&pair.source, at_source), (&pair.target, on_target)];
        let mut found = BTreeMap::new();
        for (side, known) in sides {
            let topics: BTreeSet<&str> = states
                .iter()
                .map(|state| known(state))
                .filter_map(|(topic, id)| id.map(|_| topic))
                .collect();
            let topics: Vec<&str> = topics.into_iter().collect();
            let now = match side.admin.topic_ids(&topics) {
                Ok(now) => now,
                Err(error) => {
                    tracing::debug!(%error, "the ids of the topics are not known");
                    return;
                }
            };
            for state in states {
                let (topic, then) = known(state);
                let now = now.get(topic).map(String::as_str);
                if let Some(sentence) = then.and_then(|then| another(side.side, topic, then, now)) {
                    found.entry(state.key.topic.clone()).or_insert(sentence);
                }
            }
        }
        self.looked_ms = Some(now_ms);
        self.found = found;
    }

    /// What is wrong with a source topic, or with its target.
    pub(super) fn of(&self, topic: &str) -> Option<&str> {
        self.found.get(topic).map(String::as_str)
    }
}

/// A topic's name on a side, and its id there at the launch.
type Known = fn(&PartitionState) -> (&str, Option<&str>);

fn at_source(state: &PartitionState) -> (&str, Option<&str>) {
    (&state.key.topic, state.source_topic_id.as_deref())
}

fn on_target(state: &PartitionState) -> (&str, Option<&str>) {
    (&state.target_topic, state.target_topic_id.as_deref())
}

fn another(side: Side, topic: &str, then: &str, now: Option<&str>) -> Option<String> {
    let became = Became::of(then, now)?;
    Some(match side {
        Side::Source => format!(
            "the source topic '{topic}' {}: MirrorMaker would go on at its old offset in a new one, and copy nothing before it. Terminate the task, and copy the new topic with another one",
            became.in_words()
        ),
        Side::Target => other_target_sentence(topic, became),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_topic_of_the_same_name_is_told_from_the_one_of_the_launch_on_either_side() {
        assert_eq!(another(Side::Source, "t", "a", Some("a")), None);
        let again = another(Side::Source, "t", "a", Some("b")).unwrap();
        assert!(again.starts_with("the source topic 't' was deleted and created again"));
        let gone = another(Side::Target, "t", "a", None).unwrap();
        assert!(gone.starts_with("the target topic 't' is not there any more"));
    }
}
