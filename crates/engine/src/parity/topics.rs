//! Topics on both sides: that they are there, how they are divided, what is in force for them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::parity::configuration::{SettingRow, SyncRules, TopicConfiguration, compare_configuration};
use crate::parity::{Known, ParityState};

/// How a topic is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TopicShape {
    /// Partitions.
    #[ts(type = "number")]
    pub partitions: usize,
    /// Replicas of its first partition; 0 where nobody may see them.
    #[ts(type = "number")]
    pub replicas: usize,
}

/// A topic on both sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TopicRow {
    /// Its name at the source; none for a topic of the target alone.
    pub source_topic: Option<String>,
    /// Its name on the target, or the one it would have there.
    pub target_topic: String,
    /// At the source; none if it is not there.
    pub source: Option<TopicShape>,
    /// On the target; none if it is not there.
    pub target: Option<TopicShape>,
    /// How they stand to each other: partitions, replicas and every effective value.
    pub state: ParityState,
    /// Settings that differ or are set on a topic; all of them where they were asked for.
    pub settings: Vec<SettingRow>,
    /// Settings that are the same on both sides and not listed.
    #[ts(type = "number")]
    pub same_settings: usize,
    /// Why the configuration of a side is not known.
    pub unknown: Vec<String>,
}

/// Compares a topic that is on both sides. `every_setting` lists also what is the same.
pub fn compare_topic(
    (source_topic, target_topic): (&str, &str),
    (source, target): (TopicShape, TopicShape),
    (source_configuration, target_configuration): (&Known<TopicConfiguration>, &Known<TopicConfiguration>),
    asked_for: &BTreeSet<String>,
    every_setting: bool,
) -> TopicRow {
    let mut row = TopicRow {
        source_topic: Some(source_topic.to_owned()),
        target_topic: target_topic.to_owned(),
        source: Some(source),
        target: Some(target),
        state: match source == target {
            true => ParityState::Same,
            false => ParityState::Differs,
        },
        settings: Vec::new(),
        same_settings: 0,
        unknown: [source_configuration, target_configuration]
            .into_iter()
            .filter_map(|side| side.as_ref().err())
            .map(ToString::to_string)
            .collect(),
    };
    match (source_configuration, target_configuration) {
        (Ok(source), Ok(found)) => {
            let rules = SyncRules {
                asked_for: asked_for.clone(),
                target_replicas: Some(target.replicas).filter(|replicas| *replicas > 0),
            };
            let settings = compare_configuration(source, found, &rules);
            if row.state == ParityState::Same && settings.iter().any(SettingRow::is_difference) {
                row.state = ParityState::Differs;
            }
            let all = settings.len();
            row.settings = settings
                .into_iter()
                .filter(|setting| every_setting || setting.is_difference() || setting.is_overridden())
                .collect();
            row.same_settings = all - row.settings.len();
        }
        _ if row.state == ParityState::Same => row.state = ParityState::Unknown,
        _ => {}
    }
    row
}

/// A topic that is on one side only, or on neither.
pub(crate) fn lonely(
    source_topic: Option<&str>,
    target_topic: &str,
    source: Option<TopicShape>,
    target: Option<TopicShape>,
) -> TopicRow {
    TopicRow {
        source_topic: source_topic.map(str::to_owned),
        target_topic: target_topic.to_owned(),
        source,
        target,
        state: ParityState::of(source.as_ref(), target.as_ref()),
        settings: Vec::new(),
        same_settings: 0,
        unknown: match (source, target) {
            (None, None) => vec![format!(
                "the topic '{target_topic}' is on neither side, or this user may not see it"
            )],
            _ => Vec::new(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Side;
    use crate::parity::configuration::{EffectiveValue, ValueOrigin};
    use crate::parity::unknown::{ParityPart, Unknown, UnknownReason};

    const SHAPE: TopicShape = TopicShape {
        partitions: 3,
        replicas: 1,
    };

    fn configuration(values: &[(&str, &str, ValueOrigin)]) -> Known<TopicConfiguration> {
        Ok(values
            .iter()
            .map(|(key, value, origin)| {
                let value = EffectiveValue {
                    value: Some((*value).to_owned()),
                    origin: *origin,
                    inherited: None,
                    read_only: false,
                    sensitive: false,
                };
                ((*key).to_owned(), value)
            })
            .collect())
    }

    fn compared(
        source: Known<TopicConfiguration>,
        target: Known<TopicConfiguration>,
        every: bool,
    ) -> TopicRow {
        compare_topic(
            ("a", "b"),
            (SHAPE, SHAPE),
            (&source, &target),
            &BTreeSet::new(),
            every,
        )
    }

    #[test]
    fn what_is_set_on_a_topic_is_listed_and_the_rest_is_counted() {
        let values = || {
            configuration(&[
                ("retention.ms", "5", ValueOrigin::Topic),
                ("segment.bytes", "7", ValueOrigin::Default),
            ])
        };
        let row = compared(values(), values(), false);
        assert_eq!(
            (row.state, row.settings.len(), row.same_settings),
            (ParityState::Same, 1, 1)
        );
        assert_eq!(compared(values(), values(), true).settings.len(), 2);
    }

    #[test]
    fn other_numbers_of_partitions_make_a_difference() {
        let more = TopicShape {
            partitions: 4,
            ..SHAPE
        };
        let same = configuration(&[]);
        let row = compare_topic(("a", "a"), (SHAPE, more), (&same, &same), &BTreeSet::new(), false);
        assert_eq!(row.state, ParityState::Differs);
    }

    #[test]
    fn a_configuration_that_cannot_be_read_is_not_called_equal() {
        let unread = || {
            Err(Unknown {
                side: Side::Source,
                part: ParityPart::Configuration,
                reason: UnknownReason::TooOld,
                sentence: "too old".to_owned(),
            })
        };
        let row = compared(unread(), configuration(&[]), false);
        assert_eq!(
            (row.state, row.unknown.as_slice()),
            (ParityState::Unknown, &["too old".to_owned()][..])
        );
    }
}
