//! What a cluster tells of where its logs begin and end.

use std::collections::BTreeMap;

use sluice_kafka::{Admin, ErrorCode, Isolation, KafkaError, OffsetQuery, PartitionOffset};

use crate::error::{EngineError, Result, Side};

/// The offsets of a source partition at launch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LogBounds {
    pub(crate) low: i64,
    pub(crate) high: i64,
}

/// First and end offset of each partition, everything counted (open transactions as well).
pub(crate) fn bounds(
    admin: &Admin,
    partitions: &[(String, i32)],
    side: Side,
) -> Result<BTreeMap<(String, i32), LogBounds>> {
    bounds_while(admin, partitions, side, &|| Ok(()))
}

/// As [`bounds`], as long as `go_on` agrees between the questions.
pub(crate) fn bounds_while(
    admin: &Admin,
    partitions: &[(String, i32)],
    side: Side,
    go_on: &dyn Fn() -> Result<()>,
) -> Result<BTreeMap<(String, i32), LogBounds>> {
    let fail = |error: KafkaError| EngineError::Cluster {
        side,
        what: "reading the topics' offsets".into(),
        error,
    };
    let low = admin
        .offsets(partitions, OffsetQuery::Earliest, Isolation::Uncommitted)
        .map_err(fail)?;
    go_on()?;
    let high = admin
        .offsets(partitions, OffsetQuery::Latest, Isolation::Uncommitted)
        .map_err(fail)?;
    let high = every_offset(high, side)?;
    every_offset(low, side)?
        .into_iter()
        .map(|(key, low)| match high.get(&key) {
            Some(&high) => Ok((key, LogBounds { low, high })),
            None => Err(unread(&key.0, key.1, side, ErrorCode::LOCAL_TIMED_OUT)),
        })
        .collect()
}

/// One offset for each partition, or the first partition's error: for what every log has.
pub(crate) fn every_offset(
    entries: Vec<PartitionOffset>,
    side: Side,
) -> Result<BTreeMap<(String, i32), i64>> {
    by_partition(entries, side)?
        .into_iter()
        .map(|((topic, partition), offset)| match offset {
            Some(offset) => Ok(((topic, partition), offset)),
            None => Err(unread(&topic, partition, side, ErrorCode::LOCAL_TIMED_OUT)),
        })
        .collect()
}

/// The offsets found, or the first partition's error.
pub(crate) fn by_partition(
    entries: Vec<PartitionOffset>,
    side: Side,
) -> Result<BTreeMap<(String, i32), Option<i64>>> {
    entries
        .into_iter()
        .map(|entry| {
            if entry.error == ErrorCode::NONE {
                Ok(((entry.topic, entry.partition), entry.offset))
            } else {
                Err(unread(&entry.topic, entry.partition, side, entry.error))
            }
        })
        .collect()
}

fn unread(topic: &str, partition: i32, side: Side, code: ErrorCode) -> EngineError {
    EngineError::Cluster {
        side,
        what: format!("reading the offsets of {topic}-{partition}"),
        error: KafkaError::from_code(code),
    }
}
