//! Start positions: every start mode becomes one offset per partition, once.

use std::collections::BTreeMap;

use sluice_kafka::{Admin, ErrorCode, Isolation, KafkaError, OffsetQuery};
use sluice_model::{OffsetRange, Start};

use crate::error::{EngineError, Result, Side};
use crate::position::{LogBounds, by_partition};

/// A resolved start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Resolved {
    pub(crate) bounds: LogBounds,
    /// The wanted offset.
    pub(crate) wanted: i64,
    /// The range between the wanted offset and the nearest that exists, when the wanted one does not.
    pub(crate) outside: Option<OffsetRange>,
}

impl Resolved {
    fn new(bounds: LogBounds, wanted: i64) -> Self {
        let outside = if wanted < bounds.low {
            Some(OffsetRange {
                from: wanted,
                to: bounds.low,
            })
        } else if wanted > bounds.high {
            Some(OffsetRange {
                from: bounds.high,
                to: wanted,
            })
        } else {
            None
        };
        Self {
            bounds,
            wanted,
            outside,
        }
    }

    /// The wanted offset, moved into the log.
    pub(crate) fn nearest(&self) -> i64 {
        self.wanted.clamp(self.bounds.low, self.bounds.high)
    }
}

/// Resolves `start` for the partitions of one topic that said where their logs are; it has `partitions` in all.
pub(crate) fn resolve(
    admin: &Admin,
    start: &Start,
    topic: &str,
    partitions: usize,
    bounds: &BTreeMap<i32, LogBounds>,
) -> Result<BTreeMap<i32, Resolved>> {
    let each = |wanted: &dyn Fn(i32, LogBounds) -> i64| -> BTreeMap<i32, Resolved> {
        bounds
            .iter()
            .map(|(&partition, &b)| (partition, Resolved::new(b, wanted(partition, b))))
            .collect()
    };
    Ok(match start {
        Start::Earliest => each(&|_, b| b.low),
        Start::Latest => each(&|_, b| b.high),
        Start::Offset(offset) => each(&|_, _| *offset),
        Start::Offsets(offsets) => {
            let exists = |partition: i32| usize::try_from(partition).is_ok_and(|number| number < partitions);
            if let Some(unknown) = offsets.keys().find(|partition| !exists(**partition)) {
                return Err(EngineError::Refused(format!(
                    "the start names partition {unknown}, but topic '{topic}' has {partitions} partitions; correct --start"
                )));
            }
            each(&|partition, b| offsets.get(&partition).copied().unwrap_or(b.low))
        }
        Start::Time(time) => {
            let partitions: Vec<(String, i32)> = bounds
                .keys()
                .map(|&partition| (topic.to_owned(), partition))
                .collect();
            let fail = |error: KafkaError| EngineError::Cluster {
                side: Side::Source,
                what: format!("looking up the start time in '{topic}'"),
                error,
            };
            let found = admin
                .offsets(
                    &partitions,
                    OffsetQuery::At(time.as_millisecond()),
                    Isolation::Uncommitted,
                )
                .map_err(fail)?;
            let found = by_partition(found, Side::Source)?;
            each(&|partition, b| {
                found
                    .get(&(topic.to_owned(), partition))
                    .copied()
                    .flatten()
                    .unwrap_or(b.high)
            })
        }
        Start::Last(count) => each(&|_, b| b.high.saturating_sub(*count).max(b.low)),
        Start::Group(group) => {
            let fail = |error: KafkaError| EngineError::Cluster {
                side: Side::Source,
                what: format!("reading the offsets of group '{group}'"),
                error,
            };
            let committed = admin.group_offsets(group).map_err(fail)?;
            let of_topic: Vec<_> = committed
                .into_iter()
                .filter(|entry| entry.topic == topic)
                .collect();
            if let Some(entry) = of_topic.iter().find(|entry| entry.error != ErrorCode::NONE) {
                return Err(fail(KafkaError::from_code(entry.error)));
            }
            let offsets: BTreeMap<i32, i64> = of_topic
                .into_iter()
                .filter_map(|entry| entry.offset.map(|offset| (entry.partition, offset)))
                .collect();
            if offsets.is_empty() {
                return Err(EngineError::Refused(format!(
                    "group '{group}' has committed no offset for topic '{topic}'; check the group's name, or choose another start for this topic"
                )));
            }
            each(&|partition, b| offsets.get(&partition).copied().unwrap_or(b.low))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_outside_of_the_log_is_named_with_its_range() {
        let bounds = LogBounds { low: 10, high: 20 };
        let low = Resolved::new(bounds, 4);
        assert_eq!(
            (low.outside, low.nearest()),
            (Some(OffsetRange { from: 4, to: 10 }), 10)
        );
        let high = Resolved::new(bounds, 25);
        assert_eq!(
            (high.outside, high.nearest()),
            (Some(OffsetRange { from: 20, to: 25 }), 20)
        );
        assert_eq!(Resolved::new(bounds, 20).outside, None);
    }
}
