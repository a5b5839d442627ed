//! The configuration of one topic on both sides, by effective values.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::parity::ParityState;
use crate::plan::topic_values::{FUTURE_BOUND, is_carried_effectively, is_limit, not_carried, same};

/// Where an effective value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ValueOrigin {
    /// Set on the topic: it overrides what brokers have.
    Topic,
    /// The brokers' own configuration, from their file or set while they run.
    Broker,
    /// Kafka's default. Brokers before 1.1 do not distinguish it from their own configuration.
    Default,
}

/// The value that is in force for a topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct EffectiveValue {
    /// It; none if the broker keeps it to itself, or it has none.
    pub value: Option<String>,
    /// Where it comes from.
    pub origin: ValueOrigin,
    /// What the topic would have without a value of its own, in the topic's unit; none where brokers do not say (before
    /// 1.1), or it is not overridden.
    pub inherited: Option<String>,
    /// Whether it cannot be changed.
    pub read_only: bool,
    /// Whether brokers keep it to themselves.
    pub sensitive: bool,
}

/// The effective values of a topic by name.
pub type TopicConfiguration = BTreeMap<String, EffectiveValue>;

/// What a sync would do with a setting of the target topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case", tag = "action")]
pub enum SettingSync {
    /// Nothing: both sides have the same in force.
    Nothing,
    /// Sets the source's value on the target topic.
    Set {
        /// The value.
        value: String,
    },
    /// Takes the target topic's own value away; what it inherits then is the source's value. Confirmed apart.
    Remove {
        /// What is in force then.
        inherited: String,
    },
    /// Nothing, although the sides differ.
    Leave {
        /// Why.
        why: String,
    },
}

/// A setting of a topic on both sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SettingRow {
    /// Its name, such as `retention.ms`.
    pub key: String,
    /// At the source; none if its brokers do not have this setting.
    pub source: Option<EffectiveValue>,
    /// On the target; none if its brokers do not have this setting.
    pub target: Option<EffectiveValue>,
    /// How they stand to each other. A setting that only one side's version of Kafka has is on that side alone.
    pub state: ParityState,
    /// What a sync would do.
    pub sync: SettingSync,
}

impl SettingRow {
    /// Whether it counts as a difference: values that are not the same, or one that is set on a topic whose other side
    /// does not have the setting.
    pub fn is_difference(&self) -> bool {
        match self.state {
            ParityState::Differs | ParityState::Unknown => true,
            ParityState::Same => false,
            ParityState::OnlySource | ParityState::OnlyTarget => self.is_overridden(),
        }
    }

    /// Whether one of the topics has a value of its own.
    pub fn is_overridden(&self) -> bool {
        [&self.source, &self.target]
            .into_iter()
            .flatten()
            .any(|value| value.origin == ValueOrigin::Topic)
    }
}

/// What a sync may touch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SyncRules {
    /// Settings that are synchronised although they are left alone otherwise, by name.
    pub asked_for: BTreeSet<String>,
    /// Replicas of the target topic: more in-sync replicas than those would refuse every write.
    pub target_replicas: Option<usize>,
}

/// `min.insync.replicas` depends on how many replicas the target has: it is synchronised only when asked for.
const MIN_IN_SYNC: &str = "min.insync.replicas";

/// The settings of a topic on both sides, all of them, in the order of their names.
pub fn compare_configuration(
    source: &TopicConfiguration,
    target: &TopicConfiguration,
    rules: &SyncRules,
) -> Vec<SettingRow> {
    let keys: BTreeSet<&String> = source.keys().chain(target.keys()).collect();
    keys.into_iter()
        .map(|key| {
            let (source, target) = (source.get(key), target.get(key));
            SettingRow {
                key: key.clone(),
                source: source.cloned(),
                target: target.cloned(),
                state: state_of(source, target),
                sync: sync_of(key, source, target, rules),
            }
        })
        .collect()
}

fn state_of(source: Option<&EffectiveValue>, target: Option<&EffectiveValue>) -> ParityState {
    match (source, target) {
        (Some(source), Some(target)) if source.sensitive || target.sensitive => ParityState::Unknown,
        (Some(source), Some(target)) => {
            let text = |value: &EffectiveValue| value.value.clone().unwrap_or_default();
            match same(&text(source), &text(target)) {
                true => ParityState::Same,
                false => ParityState::Differs,
            }
        }
        (source, target) => ParityState::of(source, target),
    }
}

fn sync_of(
    key: &str,
    source: Option<&EffectiveValue>,
    target: Option<&EffectiveValue>,
    rules: &SyncRules,
) -> SettingSync {
    let leave = |why: &str| SettingSync::Leave { why: why.to_owned() };
    let (source, target) = match (source, target) {
        (Some(source), Some(target)) => (source, target),
        (Some(source), None) if source.origin == ValueOrigin::Topic => {
            return leave("the target's version of Kafka does not have this setting");
        }
        (None, Some(target)) if target.origin == ValueOrigin::Topic => {
            return leave("the source's version of Kafka does not have this setting");
        }
        _ => return SettingSync::Nothing,
    };
    if source.sensitive || target.sensitive {
        return leave("brokers keep this value to themselves");
    }
    let text = |value: &EffectiveValue| value.value.clone().unwrap_or_default();
    let (value, own) = (text(source), text(target));
    if same(&value, &own) {
        return SettingSync::Nothing;
    }
    if source.value.is_none() {
        return leave("the source reports no value");
    }
    if target.read_only {
        return leave("the target does not let it be changed");
    }
    let asked_for = rules.asked_for.contains(key);
    if key == MIN_IN_SYNC {
        return match asked_for {
            true => in_sync_replicas(&value, &own, rules.target_replicas),
            false => leave("it depends on the target's replicas; it is changed only when asked for by name"),
        };
    }
    if let Some(why) = not_carried(key).filter(|_| !asked_for) {
        return leave(why);
    }
    let set = SettingSync::Set { value: value.clone() };
    match (source.origin, target.origin) {
        (ValueOrigin::Topic, _) => set,
        (_, ValueOrigin::Topic) if key == FUTURE_BOUND && own == i64::MAX.to_string() => {
            leave("it lets the target take every record, also those from the future")
        }
        (_, ValueOrigin::Topic) => match &target.inherited {
            Some(inherited) if same(inherited, &value) => SettingSync::Remove {
                inherited: inherited.clone(),
            },
            _ if asked_for || is_carried_effectively(key, &value, &own) => set,
            _ => leave("it is set on the target topic alone, and the source has its brokers' default"),
        },
        _ if asked_for || is_carried_effectively(key, &value, &own) => set,
        _ if is_limit(key) => leave("the target takes every record that the source takes"),
        _ => leave("both sides have their brokers' default, and it does not decide what becomes of records"),
    }
}

/// The source's number, or as many as the target topic has replicas.
fn in_sync_replicas(value: &str, own: &str, replicas: Option<usize>) -> SettingSync {
    let value = match (value.parse::<usize>(), replicas) {
        (Ok(wanted), Some(replicas)) if wanted > replicas => replicas.to_string(),
        _ => value.to_owned(),
    };
    match same(&value, own) {
        true => SettingSync::Leave {
            why: "the target topic has no more replicas than that".to_owned(),
        },
        false => SettingSync::Set { value },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(value: &str, origin: ValueOrigin, inherited: Option<&str>) -> EffectiveValue {
        EffectiveValue {
            value: Some(value.to_owned()),
            origin,
            inherited: inherited.map(str::to_owned),
            read_only: false,
            sensitive: false,
        }
    }

    fn own(text: &str, inherited: &str) -> EffectiveValue {
        value(text, ValueOrigin::Topic, Some(inherited))
    }

    fn default(text: &str) -> EffectiveValue {
        value(text, ValueOrigin::Default, None)
    }

    fn row(
        key: &str,
        source: Option<EffectiveValue>,
        target: Option<EffectiveValue>,
        asked: &[&str],
    ) -> SettingRow {
        let one = |value: Option<EffectiveValue>| -> TopicConfiguration {
            value.map(|value| (key.to_owned(), value)).into_iter().collect()
        };
        let rules = SyncRules {
            asked_for: asked.iter().map(|key| (*key).to_owned()).collect(),
            target_replicas: Some(2),
        };
        compare_configuration(&one(source), &one(target), &rules).remove(0)
    }

    fn set(text: &str) -> SettingSync {
        SettingSync::Set {
            value: text.to_owned(),
        }
    }

    #[test]
    fn what_is_set_on_the_source_topic_is_set_on_the_target_topic_where_another_value_is_in_force() {
        let found = row("segment.bytes", Some(own("5", "9")), Some(default("9")), &[]);
        assert_eq!((found.state, &found.sync), (ParityState::Differs, &set("5")));
        assert!(found.is_difference() && found.is_overridden());
        let found = row("segment.bytes", Some(own("5", "9")), Some(default("5")), &[]);
        assert_eq!(
            (found.state, found.sync),
            (ParityState::Same, SettingSync::Nothing)
        );
    }

    #[test]
    fn one_policy_in_another_order_is_the_same() {
        let found = row(
            "cleanup.policy",
            Some(own("compact,delete", "delete")),
            Some(own("delete,compact", "delete")),
            &[],
        );
        assert_eq!(
            (found.state, found.sync),
            (ParityState::Same, SettingSync::Nothing)
        );
    }

    #[test]
    fn inherited_values_are_carried_only_where_they_decide_about_records() {
        let found = row(
            "retention.ms",
            Some(value("-1", ValueOrigin::Broker, None)),
            Some(default("604800000")),
            &[],
        );
        assert_eq!(found.sync, set("-1"));
        let found = row("segment.bytes", Some(default("5")), Some(default("6")), &[]);
        assert_eq!(found.state, ParityState::Differs);
        assert!(matches!(found.sync, SettingSync::Leave { .. }), "{found:?}");
        let found = row(
            "segment.bytes",
            Some(default("5")),
            Some(default("6")),
            &["segment.bytes"],
        );
        assert_eq!(found.sync, set("5"), "it was asked for");
        let found = row("max.message.bytes", Some(default("5")), Some(default("6")), &[]);
        assert!(
            matches!(found.sync, SettingSync::Leave { .. }),
            "a smaller limit refuses records: {found:?}"
        );
    }

    #[test]
    fn a_value_of_the_targets_own_is_taken_away_where_its_brokers_give_the_sources_value() {
        let found = row("segment.bytes", Some(default("9")), Some(own("5", "9")), &[]);
        assert_eq!(
            found.sync,
            SettingSync::Remove {
                inherited: "9".to_owned()
            }
        );
        let found = row("retention.ms", Some(default("9")), Some(own("5", "7")), &[]);
        assert_eq!(found.sync, set("9"));
        let found = row(
            "segment.bytes",
            Some(default("9")),
            Some(value("5", ValueOrigin::Topic, None)),
            &[],
        );
        assert!(
            matches!(found.sync, SettingSync::Leave { .. }),
            "what it inherits is not known: {found:?}"
        );
    }

    #[test]
    fn in_sync_replicas_throttles_and_timestamp_types_are_left_alone_unless_asked_for() {
        for (key, theirs) in [
            ("min.insync.replicas", "3"),
            ("leader.replication.throttled.replicas", "0:1"),
            ("follower.replication.throttled.replicas", "0:1"),
            ("message.timestamp.type", "LogAppendTime"),
        ] {
            let found = row(key, Some(own(theirs, "1")), Some(default("1")), &[]);
            assert_eq!(found.state, ParityState::Differs, "{key}");
            assert!(matches!(found.sync, SettingSync::Leave { .. }), "{found:?}");
        }
        let found = row(
            "min.insync.replicas",
            Some(own("3", "1")),
            Some(default("1")),
            &["min.insync.replicas"],
        );
        assert_eq!(found.sync, set("2"), "no more than the target topic has replicas");
        let found = row(
            "min.insync.replicas",
            Some(own("3", "1")),
            Some(own("2", "1")),
            &["min.insync.replicas"],
        );
        assert!(matches!(found.sync, SettingSync::Leave { .. }), "{found:?}");
    }

    #[test]
    fn what_only_one_version_of_kafka_has_is_a_difference_only_where_it_is_set_on_the_topic() {
        let found = row("local.retention.ms", None, Some(default("-2")), &[]);
        assert_eq!(
            (found.state, found.is_difference()),
            (ParityState::OnlyTarget, false)
        );
        let found = row("message.format.version", Some(own("0.10.0", "2.0")), None, &[]);
        assert_eq!(
            (found.state, found.is_difference()),
            (ParityState::OnlySource, true)
        );
        assert!(matches!(found.sync, SettingSync::Leave { .. }));
    }

    #[test]
    fn the_bound_that_a_copy_lifts_for_records_from_the_future_stays() {
        let found = row(
            FUTURE_BOUND,
            Some(default("3600000")),
            Some(own(&i64::MAX.to_string(), "3600000")),
            &[],
        );
        assert!(matches!(found.sync, SettingSync::Leave { .. }), "{found:?}");
    }

    #[test]
    fn a_value_that_brokers_keep_to_themselves_is_not_called_equal() {
        let hidden = EffectiveValue {
            value: None,
            sensitive: true,
            ..default("")
        };
        let found = row("some.secret", Some(hidden.clone()), Some(hidden), &[]);
        assert_eq!(found.state, ParityState::Unknown);
        assert!(matches!(found.sync, SettingSync::Leave { .. }));
    }
}
