//! Where a cluster's logs begin and end.

use std::collections::BTreeMap;

use sluice_kafka::{Admin, ErrorCode, Isolation, KafkaError, Metadata, OffsetQuery, PartitionOffset};

use crate::error::{EngineError, Result, Side};

/// The offsets of a source partition at launch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LogBounds {
    pub(crate) low: i64,
    pub(crate) high: i64,
}

/// What partitions say of their logs, each by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Logs {
    /// First and end offset, everything counted (open transactions as well).
    pub(crate) found: BTreeMap<(String, i32), LogBounds>,
    /// Partitions without an answer, with the reason: one without a leader has none.
    pub(crate) silent: BTreeMap<(String, i32), ErrorCode>,
}

/// Asks for the logs of `partitions`, as long as `go_on` agrees between the questions. Those that have no leader by
/// `known` are not waited for.
pub(crate) fn logs(
    admin: &Admin,
    known: &Metadata,
    partitions: &[(String, i32)],
    side: Side,
    go_on: &dyn Fn() -> Result<()>,
) -> Result<Logs> {
    let fail = |error: KafkaError| EngineError::Cluster {
        side,
        what: "reading the topics' offsets".into(),
        error,
    };
    let (asked, leaderless): (Vec<_>, Vec<_>) = partitions
        .iter()
        .cloned()
        .partition(|(topic, partition)| has_leader(known, topic, *partition));
    let mut logs = Logs {
        silent: leaderless
            .into_iter()
            .map(|place| (place, ErrorCode::LEADER_NOT_AVAILABLE))
            .collect(),
        ..Logs::default()
    };
    let low = admin
        .offsets(&asked, OffsetQuery::Earliest, Isolation::Uncommitted)
        .map_err(fail)?;
    go_on()?;
    let high = admin
        .offsets(&asked, OffsetQuery::Latest, Isolation::Uncommitted)
        .map_err(fail)?;
    let mut low = each(low, &mut logs.silent);
    for (place, high) in each(high, &mut logs.silent) {
        if let Some(low) = low.remove(&place) {
            logs.found.insert(place, LogBounds { low, high });
        }
    }
    for place in asked {
        if !logs.found.contains_key(&place) {
            logs.silent.entry(place).or_insert(ErrorCode::LOCAL_TIMED_OUT);
        }
    }
    Ok(logs)
}

/// The offsets found; the partitions without one go to `silent` with the reason.
pub(crate) fn each(
    entries: Vec<PartitionOffset>,
    silent: &mut BTreeMap<(String, i32), ErrorCode>,
) -> BTreeMap<(String, i32), i64> {
    let mut found = BTreeMap::new();
    for entry in entries {
        let place = (entry.topic, entry.partition);
        match entry.offset {
            Some(offset) if entry.error == ErrorCode::NONE => {
                found.insert(place, offset);
            }
            _ => {
                let code = if entry.error == ErrorCode::NONE {
                    ErrorCode::LOCAL_TIMED_OUT
                } else {
                    entry.error
                };
                silent.insert(place, code);
            }
        }
    }
    found
}

/// Whether the partition has a leader by what the cluster last said.
pub(crate) fn has_leader(known: &Metadata, topic: &str, partition: i32) -> bool {
    known.topics.get(topic).is_some_and(|info| {
        info.partitions
            .iter()
            .any(|found| found.id == partition && found.leader.is_some())
    })
}

/// Whether the partition is there and has no leader, by what the cluster last said.
pub(crate) fn lacks_leader(known: &Metadata, topic: &str, partition: i32) -> bool {
    known.topics.get(topic).is_some_and(|info| {
        info.partitions
            .iter()
            .any(|found| found.id == partition && found.leader.is_none())
    })
}

/// First and end offset of each partition, everything counted (open transactions as well).
pub(crate) fn bounds(
    admin: &Admin,
    partitions: &[(String, i32)],
    side: Side,
) -> Result<BTreeMap<(String, i32), LogBounds>> {
    let fail = |error: KafkaError| EngineError::Cluster {
        side,
        what: "reading the topics' offsets".into(),
        error,
    };
    let low = admin
        .offsets(partitions, OffsetQuery::Earliest, Isolation::Uncommitted)
        .map_err(fail)?;
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
