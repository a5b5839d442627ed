//! The timestamp that a record is written with.

use sluice_kafka::TimestampKind;
use sluice_model::MissingTimestamps;

/// The record's own timestamp (ms since 1970), or what the task says for records that have none: messages from before
/// 0.10. `previous` is that of the record written before it to the same partition.
pub(crate) fn effective_time(
    policy: MissingTimestamps,
    (own, kind): (i64, TimestampKind),
    previous: Option<i64>,
    now: impl Fn() -> i64,
) -> i64 {
    if kind != TimestampKind::None {
        return own;
    }
    match policy {
        MissingTimestamps::CopyTime => now(),
        MissingTimestamps::Previous => previous.unwrap_or_else(now),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_without_a_timestamp_gets_the_one_that_the_task_says() {
        let none = (-1, TimestampKind::None);
        let time = |policy, own, previous| effective_time(policy, own, previous, || 99);
        assert_eq!(time(MissingTimestamps::CopyTime, none, Some(7)), 99);
        assert_eq!(time(MissingTimestamps::Previous, none, Some(7)), 7);
        assert_eq!(time(MissingTimestamps::Previous, none, None), 99);
        for policy in [MissingTimestamps::CopyTime, MissingTimestamps::Previous] {
            assert_eq!(
                time(policy, (0, TimestampKind::Create), Some(7)),
                0,
                "1970 is a time"
            );
            assert_eq!(time(policy, (5, TimestampKind::LogAppend), Some(7)), 5);
        }
    }
}
