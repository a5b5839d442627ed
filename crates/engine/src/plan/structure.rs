//! The Structure stage: target topics made ready before the first record.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use sluice_kafka::{Admin, Config, ConfigOrigin, ErrorCode, KafkaError, NewTopic};
use sluice_model::Task;

use crate::error::{EngineError, Result};
use crate::plan::Pair;
use crate::plan::broker_defaults::{inherited, value};
use crate::plan::topic_values::{EFFECTIVE, FUTURE_BOUND, is_carried_effectively, not_carried, same};

/// How long a created topic may take until its leaders are known.
const READY_DEADLINE: Duration = Duration::from_secs(30);

/// A setting that a created topic gets because its source inherits another value than it would.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Inherited {
    pub(crate) key: String,
    pub(crate) value: String,
    /// What the target's brokers would give it.
    pub(crate) instead_of: String,
}

/// What creating a target topic would take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TopicDraft {
    pub(crate) topic: NewTopic,
    /// Whether the target said that it would create it; brokers before 0.10.2 cannot be asked.
    pub(crate) validated: bool,
    /// Sentences on what is different from the source.
    pub(crate) remarks: Vec<String>,
    /// What is set on it because the defaults of both clusters differ.
    pub(crate) inherited: Vec<Inherited>,
}

/// Drafts the target topic of `source_topic`.
pub(crate) fn draft(pair: &Pair, task: &Task, source_topic: &str, target_topic: &str) -> Result<TopicDraft> {
    let config = pair.source.admin.topic_config(source_topic);
    let broker = pair
        .target
        .metadata
        .brokers
        .first()
        .and_then(|broker| pair.target.admin.broker_config(broker.id).ok());
    draft_with(pair, task, source_topic, target_topic, &config, broker.as_ref())
}

/// As [`draft`], with the configuration of the source topic and of a target broker as they were read.
pub(crate) fn draft_with(
    pair: &Pair,
    task: &Task,
    source_topic: &str,
    target_topic: &str,
    source_config: &sluice_kafka::Result<Config>,
    target_broker: Option<&Config>,
) -> Result<TopicDraft> {
    let info = pair.source.metadata.topics.get(source_topic);
    let partitions = pair.source.partition_count(source_topic).unwrap_or(1);
    let brokers = pair.target.metadata.brokers.len().max(1);
    let source_replicas = info
        .and_then(|info| info.partitions.first())
        .map_or(1, |partition| partition.replicas.max(1));
    let replication_factor = task
        .replication_factor
        .map_or(source_replicas.min(brokers), usize::from);
    let mut remarks = Vec::new();
    if task.replication_factor.is_none() && replication_factor < source_replicas {
        remarks.push(format!("'{target_topic}' gets {replication_factor} replicas instead of {source_replicas}: the target has {brokers} brokers"));
    }
    let mut config = BTreeMap::new();
    let mut differing = Vec::new();
    match source_config {
        Ok(entries) => {
            if !entries.contains_key(FUTURE_BOUND) {
                config.insert(FUTURE_BOUND.to_owned(), i64::MAX.to_string());
            }
            for (key, entry) in entries {
                let (ConfigOrigin::Topic, Some(value)) = (entry.origin, entry.value.as_ref()) else {
                    continue;
                };
                if let Some(why) = not_carried(key) {
                    if !is_default(target_broker, key, value) {
                        remarks.push(format!(
                            "'{key}={value}' of '{source_topic}' is not carried over: {why}"
                        ));
                    }
                    continue;
                }
                config.insert(key.clone(), value.clone());
            }
            differing = differing_defaults(entries, target_broker);
            config.extend(
                differing
                    .iter()
                    .map(|found| (found.key.clone(), found.value.clone())),
            );
        }
        Err(error) if error.code.is_unsupported() => {
            config.insert(FUTURE_BOUND.to_owned(), i64::MAX.to_string());
            remarks.push(format!("the configuration of '{source_topic}' cannot be read: the source is older than 0.11; '{target_topic}' gets the target's defaults"));
        }
        Err(error) => {
            remarks.push(format!("the configuration of '{source_topic}' cannot be read ({error}); '{target_topic}' gets the target's defaults"));
        }
    }
    if let Some(value) = config.get("min.insync.replicas").cloned()
        && value
            .parse::<usize>()
            .is_ok_and(|wanted| wanted > replication_factor)
    {
        config.insert("min.insync.replicas".to_owned(), replication_factor.to_string());
        remarks.push(format!("min.insync.replicas={value} of '{source_topic}' becomes {replication_factor} on the target, which has {replication_factor} replicas"));
    }
    let mut draft = TopicDraft {
        topic: NewTopic {
            name: target_topic.to_owned(),
            partitions,
            replication_factor,
            config,
        },
        validated: true,
        remarks,
        inherited: differing,
    };
    fit(&pair.target.admin, &mut draft)?;
    let taken = &draft.topic.config;
    draft.inherited.retain(|found| taken.contains_key(&found.key));
    Ok(draft)
}

/// Whether topics of the target have `value` for `key` without being told.
fn is_default(target_broker: Option<&Config>, key: &str, value: &str) -> bool {
    target_broker
        .and_then(|broker| inherited(broker, key))
        .is_some_and(|default| same(&default, value))
}

/// What the source topic inherits and the target topic would inherit otherwise.
fn differing_defaults(source: &Config, target_broker: Option<&Config>) -> Vec<Inherited> {
    EFFECTIVE
        .iter()
        .filter(|(key, _)| {
            source
                .get(*key)
                .is_some_and(|entry| entry.origin != ConfigOrigin::Topic)
        })
        .filter_map(|(key, usual)| {
            let value = value(source, key)?;
            let instead_of = target_broker
                .and_then(|broker| inherited(broker, key))
                .unwrap_or_else(|| (*usual).to_owned());
            is_carried_effectively(key, &value, &instead_of).then(|| Inherited {
                key: (*key).to_owned(),
                value,
                instead_of,
            })
        })
        .collect()
}

/// Leaves out what the target's version does not take.
fn fit(target: &Admin, draft: &mut TopicDraft) -> Result<()> {
    let refuse = |error: KafkaError, name: &str| {
        EngineError::Refused(format!(
            "the target topic '{name}' cannot be created: {error}. Give the user the right to create topics (CREATE on the cluster or on the topic's prefix), create it by hand, or choose another --replication-factor"
        ))
    };
    match target.create_topic(&draft.topic, true) {
        Ok(()) => return Ok(()),
        Err(error) if error.code == ErrorCode::TOPIC_ALREADY_EXISTS => return Ok(()),
        // Validation alone is unknown before 0.10.2's successor versions: the creation itself will show it.
        Err(error) if error.code.is_unsupported() => {
            draft.validated = false;
            return Ok(());
        }
        Err(error) if error.code == ErrorCode::INVALID_CONFIG || error.code == ErrorCode::INVALID_REQUEST => {
        }
        Err(error) => return Err(refuse(error, &draft.topic.name)),
    }
    let bare = NewTopic {
        config: BTreeMap::new(),
        ..draft.topic.clone()
    };
    target
        .create_topic(&bare, true)
        .map_err(|error| refuse(error, &bare.name))?;
    for (key, value) in std::mem::take(&mut draft.topic.config) {
        let single = NewTopic {
            config: BTreeMap::from([(key.clone(), value.clone())]),
            ..bare.clone()
        };
        match target.create_topic(&single, true) {
            Ok(()) => {
                draft.topic.config.insert(key, value);
            }
            // Ours, not the source's: an older target has no such bound to lift.
            Err(_) if key == FUTURE_BOUND && value == i64::MAX.to_string() => {}
            Err(error) => draft.remarks.push(format!(
                "'{key}={value}' is not carried over to '{}': the target refuses it ({error})",
                bare.name
            )),
        }
    }
    Ok(())
}

/// Creates the drafted topic unless it is there, and waits until it can be written.
pub(crate) fn create(target: &Admin, draft: &TopicDraft) -> Result<()> {
    match target.create_topic(&draft.topic, false) {
        Ok(()) => {}
        Err(error) if error.code == ErrorCode::TOPIC_ALREADY_EXISTS => {}
        Err(error) => {
            return Err(EngineError::Refused(format!(
                "the target topic '{}' cannot be created: {error}. Create it by hand with {} partitions, or give the user the right to create topics",
                draft.topic.name, draft.topic.partitions
            )));
        }
    }
    wait_ready(target, &draft.topic.name, draft.topic.partitions)
}

/// Grows a target topic from `there` to `partitions`.
pub(crate) fn grow(target: &Admin, topic: &str, there: usize, partitions: usize) -> Result<()> {
    target.create_partitions(topic, there, partitions).map_err(|error| {
        let why = if error.code.is_unsupported() { "the target is older than 1.0 and cannot do it over the protocol".to_owned() } else { error.to_string() };
        EngineError::Refused(format!(
            "the target topic '{topic}' cannot be grown to {partitions} partitions: {why}. Grow it on the target (kafka-topics --alter --partitions {partitions}), or give the user ALTER on the topic"
        ))
    })?;
    wait_ready(target, topic, partitions)
}

/// Waits until each partition has a leader; longer than the deadline only while more and more of them have one.
fn wait_ready(target: &Admin, topic: &str, partitions: usize) -> Result<()> {
    let mut until = Instant::now() + READY_DEADLINE;
    let mut most = 0;
    loop {
        let led = target.metadata().ok().and_then(|metadata| {
            let info = metadata.topics.get(topic)?;
            Some(info.partitions.iter().filter(|one| one.leader.is_some()).count())
        });
        match led {
            Some(led) if led >= partitions => return Ok(()),
            Some(led) if led > most => {
                most = led;
                until = Instant::now() + READY_DEADLINE;
            }
            _ => {}
        }
        if Instant::now() >= until {
            return Err(EngineError::Refused(format!(
                "the target topic '{topic}' was created but {} of its {partitions} partitions have no leader after {} s; look at the target's controller",
                partitions - most,
                READY_DEADLINE.as_secs()
            )));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Empties a target topic, once, at the first launch. Where records cannot be deleted (compacted topics, brokers
/// before 0.11), the topic is deleted and created again like `like`.
pub(crate) fn clear(
    target: &Admin,
    like: &TopicDraft,
    ends: &[sluice_kafka::PartitionOffset],
    deletable: bool,
) -> Result<()> {
    let name = &like.topic.name;
    if deletable && target.delete_records(ends).is_ok() {
        return Ok(());
    }
    target.delete_topic(name).map_err(|error| {
        EngineError::Refused(format!("the data in the target topic '{name}' cannot be deleted: {error}. Delete it by hand, or choose --existing append"))
    })?;
    let until = Instant::now() + READY_DEADLINE;
    loop {
        let gone = target
            .metadata()
            .is_ok_and(|metadata| !metadata.topics.contains_key(name));
        if gone {
            match target.create_topic(&like.topic, false) {
                Ok(()) => return wait_ready(target, name, like.topic.partitions),
                // Old brokers still hold the name for a moment after it left the metadata.
                Err(error) if error.code == ErrorCode::TOPIC_ALREADY_EXISTS && Instant::now() < until => {}
                Err(error) => {
                    return Err(EngineError::Refused(format!(
                        "the target topic '{name}' was deleted but cannot be created again: {error}"
                    )));
                }
            }
        } else if Instant::now() >= until {
            return Err(EngineError::Refused(format!(
                "the target topic '{name}' was marked for deletion but is still there after {} s; the brokers may have delete.topic.enable=false. Delete its data by hand, or choose --existing append",
                READY_DEADLINE.as_secs()
            )));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[cfg(test)]
mod tests {
    use sluice_kafka::ConfigEntry;

    use super::*;

    fn config(entries: &[(&str, &str, ConfigOrigin)]) -> Config {
        entries
            .iter()
            .map(|(key, value, origin)| {
                let entry = ConfigEntry {
                    value: Some((*value).to_owned()),
                    origin: *origin,
                };
                ((*key).to_owned(), entry)
            })
            .collect()
    }

    #[test]
    fn what_a_source_inherits_is_set_where_the_target_would_inherit_something_else() {
        let source = config(&[
            ("cleanup.policy", "delete,compact", ConfigOrigin::Default),
            ("retention.ms", "-1", ConfigOrigin::Default),
            ("retention.bytes", "5", ConfigOrigin::Topic),
            ("max.message.bytes", "1000012", ConfigOrigin::Default),
            ("delete.retention.ms", "86400000", ConfigOrigin::Default),
        ]);
        let broker = config(&[
            ("log.cleanup.policy", "compact,delete", ConfigOrigin::Default),
            ("log.retention.hours", "168", ConfigOrigin::Default),
            ("message.max.bytes", "1048588", ConfigOrigin::Default),
        ]);
        let found = differing_defaults(&source, Some(&broker));
        let found: Vec<(&str, &str, &str)> = found
            .iter()
            .map(|one| (one.key.as_str(), one.value.as_str(), one.instead_of.as_str()))
            .collect();
        assert_eq!(found, [("retention.ms", "-1", "604800000")]);
        let unknown = differing_defaults(&source, None);
        let keys: Vec<&str> = unknown.iter().map(|one| one.key.as_str()).collect();
        assert_eq!(
            keys,
            ["cleanup.policy", "retention.ms"],
            "against Kafka's own defaults"
        );
    }
}
