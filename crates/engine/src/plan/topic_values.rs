//! Which values of a source topic belong on its target topic, and when two values are the same. One rule for topics that
//! are created and for those that are compared.

/// What is set on the source's topic and stays behind, with the reason.
const NOT_CARRIED: &[(&str, &str)] = &[
    (
        "leader.replication.throttled.replicas",
        "names brokers of the source",
    ),
    (
        "follower.replication.throttled.replicas",
        "names brokers of the source",
    ),
    ("message.format.version", "the target's own format is kept"),
    (
        "message.timestamp.type",
        "the target keeps the times that the records carry",
    ),
    (
        "message.timestamp.difference.max.ms",
        "it would refuse old records",
    ),
    ("message.timestamp.before.max.ms", "it would refuse old records"),
    (
        "remote.storage.enable",
        "tiered storage belongs to the source cluster",
    ),
];

/// Brokers from 3.6 on can refuse records from the future; from 4.0 on they do so by default, if it is more than an hour. Older
/// sources take them.
pub(crate) const FUTURE_BOUND: &str = "message.timestamp.after.max.ms";

/// Settings that decide what becomes of records, with Kafka's own default. A topic gets the source's effective value of
/// these, wherever it comes from, if the target's default is another. Source of the defaults: Kafka's topic
/// configuration reference, 4.0.
pub(crate) const EFFECTIVE: &[(&str, &str)] = &[
    ("cleanup.policy", "delete"),
    ("retention.ms", "604800000"),
    ("retention.bytes", "-1"),
    (LARGEST, "1048588"),
    ("delete.retention.ms", "86400000"),
    ("min.compaction.lag.ms", "0"),
    ("max.compaction.lag.ms", "9223372036854775807"),
    ("min.insync.replicas", "1"),
    (FUTURE_BOUND, "3600000"),
];

const LARGEST: &str = "max.message.bytes";
/// Of these, only a greater value is taken over: a smaller one refuses nothing that the source holds.
const LIMITS: [&str; 2] = [LARGEST, FUTURE_BOUND];

/// Why a value that is set on a source topic stays behind; `None` for one that goes with it.
pub(crate) fn not_carried(key: &str) -> Option<&'static str> {
    NOT_CARRIED
        .iter()
        .find(|(name, _)| *name == key)
        .map(|(_, why)| *why)
}

/// Whether a target topic gets the source's value of `key` although the source topic inherits it: `value` there, `instead_of`
/// what the target topic has otherwise.
pub(crate) fn is_carried_effectively(key: &str, value: &str, instead_of: &str) -> bool {
    if !EFFECTIVE.iter().any(|(name, _)| *name == key) {
        return false;
    }
    if is_limit(key) {
        return matches!((value.parse::<i64>(), instead_of.parse::<i64>()), (Ok(value), Ok(other)) if value > other);
    }
    !same(value, instead_of)
}

/// Whether a greater value of `key` takes every record that a smaller one takes.
pub(crate) fn is_limit(key: &str) -> bool {
    LIMITS.contains(&key)
}

/// Whether two values mean the same: `compact,delete` and `delete,compact` are one policy, `0.50` and `0.5` one number,
/// `TRUE` and `true` one answer.
pub(crate) fn same(one: &str, other: &str) -> bool {
    canonical(one) == canonical(other)
}

fn canonical(value: &str) -> Vec<String> {
    let mut words: Vec<String> = value.split(',').map(|word| canonical_word(word.trim())).collect();
    words.sort_unstable();
    words
}

fn canonical_word(word: &str) -> String {
    if let Ok(whole) = word.parse::<i64>() {
        return whole.to_string();
    }
    let looks_like_a_number = word
        .bytes()
        .all(|byte| byte.is_ascii_digit() || b".-+eE".contains(&byte));
    match word.parse::<f64>() {
        Ok(number) if looks_like_a_number && number.is_finite() => number.to_string(),
        _ if word.eq_ignore_ascii_case("true") => "true".to_owned(),
        _ if word.eq_ignore_ascii_case("false") => "false".to_owned(),
        _ => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_the_same_by_what_they_mean() {
        for (one, other) in [
            ("compact,delete", "delete, compact"),
            ("0.50", "0.5"),
            ("1", "1.0"),
            ("TRUE", "true"),
            ("", " "),
            ("-1", "-1"),
        ] {
            assert!(same(one, other), "{one} and {other}");
        }
        for (one, other) in [
            ("compact", "compact,delete"),
            ("604800000", "604800001"),
            ("9223372036854775807", "9223372036854775806"),
            ("lz4", "LZ4"),
            ("2.0-IV1", "2.0"),
        ] {
            assert!(!same(one, other), "{one} and {other}");
        }
    }

    #[test]
    fn of_inherited_values_only_those_that_decide_about_records_are_carried_and_limits_only_upwards() {
        assert!(is_carried_effectively("retention.ms", "-1", "604800000"));
        assert!(!is_carried_effectively("retention.ms", "5", "5"));
        assert!(is_carried_effectively("max.message.bytes", "10", "9"));
        assert!(!is_carried_effectively("max.message.bytes", "9", "10"));
        let unlimited = i64::MAX.to_string();
        assert!(is_carried_effectively(FUTURE_BOUND, &unlimited, "3600000"));
        assert!(!is_carried_effectively(FUTURE_BOUND, "3600000", &unlimited));
        assert!(!is_carried_effectively("segment.bytes", "5", "6"));
    }
}
