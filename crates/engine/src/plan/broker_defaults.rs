//! What a topic inherits from its brokers' configuration.

use sluice_kafka::Config;

/// A topic's setting and the broker settings that give its default, with what a value of those counts in ms or bytes.
const INHERITED: &[(&str, &[(&str, i64)])] = &[
    ("max.message.bytes", &[("message.max.bytes", 1)]),
    ("compression.type", &[("compression.type", 1)]),
    (
        "retention.ms",
        &[
            ("log.retention.ms", 1),
            ("log.retention.minutes", 60_000),
            ("log.retention.hours", 3_600_000),
        ],
    ),
    ("retention.bytes", &[("log.retention.bytes", 1)]),
    ("segment.ms", &[("log.roll.ms", 1), ("log.roll.hours", 3_600_000)]),
    (
        "segment.jitter.ms",
        &[("log.roll.jitter.ms", 1), ("log.roll.jitter.hours", 3_600_000)],
    ),
    ("cleanup.policy", &[("log.cleanup.policy", 1)]),
    ("delete.retention.ms", &[("log.cleaner.delete.retention.ms", 1)]),
    (
        "min.compaction.lag.ms",
        &[("log.cleaner.min.compaction.lag.ms", 1)],
    ),
    (
        "max.compaction.lag.ms",
        &[("log.cleaner.max.compaction.lag.ms", 1)],
    ),
    ("min.insync.replicas", &[("min.insync.replicas", 1)]),
    ("message.format.version", &[("log.message.format.version", 1)]),
    ("message.timestamp.type", &[("log.message.timestamp.type", 1)]),
    (
        "message.timestamp.before.max.ms",
        &[("log.message.timestamp.before.max.ms", 1)],
    ),
    (
        "message.timestamp.after.max.ms",
        &[("log.message.timestamp.after.max.ms", 1)],
    ),
    (
        "message.timestamp.difference.max.ms",
        &[("log.message.timestamp.difference.max.ms", 1)],
    ),
];

/// The value that a topic without a setting of its own gets for `key`; `None` where the brokers do not say.
pub(crate) fn inherited(broker: &Config, key: &str) -> Option<String> {
    let (_, names) = INHERITED.iter().find(|(name, _)| *name == key)?;
    names
        .iter()
        .find_map(|(name, _)| Some(in_topic_units(key, name, value(broker, name)?)))
}

/// `value` of the brokers' setting `name`, as the topic's setting `key` counts it: hours become milliseconds.
pub(crate) fn in_topic_units(key: &str, name: &str, value: String) -> String {
    let factor = INHERITED
        .iter()
        .find(|(inheriting, _)| *inheriting == key)
        .and_then(|(_, names)| names.iter().find(|(broker, _)| *broker == name))
        .map_or(1, |(_, factor)| *factor);
    match value.parse::<i64>() {
        Ok(number) if factor > 1 && number >= 0 => number.saturating_mul(factor).to_string(),
        _ => value,
    }
}

/// A value of a configuration, unless it is empty.
pub(crate) fn value(config: &Config, key: &str) -> Option<String> {
    config
        .get(key)
        .and_then(|entry| entry.value.clone())
        .filter(|value| !value.is_empty())
}
