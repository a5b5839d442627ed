//! End positions: every end becomes one offset per partition, when the partition is pinned.

use std::collections::BTreeMap;

use sluice_kafka::{Admin, Isolation, KafkaError, OffsetQuery};
use sluice_model::End;

use crate::error::{EngineError, Result, Side};
use crate::position::{LogBounds, by_partition};

/// Resolves `end` for the partitions of one topic, from where each of them starts on. No end lies before its start.
pub(crate) fn resolve_end(
    admin: &Admin,
    end: &End,
    topic: &str,
    starts: &BTreeMap<i32, i64>,
    bounds: &BTreeMap<i32, LogBounds>,
) -> Result<BTreeMap<i32, i64>> {
    let first_not_before = match end {
        End::Time(time) => first_since(admin, topic, starts, time.as_millisecond())?,
        End::Launch | End::Offset(_) | End::Offsets(_) | End::Records(_) => BTreeMap::new(),
    };
    Ok(starts
        .iter()
        .map(|(&partition, &start)| {
            let log_end = bounds.get(&partition).map_or(start, |bounds| bounds.high);
            let wanted = match end {
                End::Launch => log_end,
                End::Offset(offset) => *offset,
                End::Offsets(offsets) => offsets.get(&partition).copied().unwrap_or(log_end),
                End::Time(_) => first_not_before.get(&partition).copied().unwrap_or(log_end),
                End::Records(count) => start.saturating_add(*count),
            };
            (partition, wanted.max(start))
        })
        .collect())
}

/// The first offsets of records that are not older than a time in ms since 1970; partitions without one are left out.
fn first_since(
    admin: &Admin,
    topic: &str,
    starts: &BTreeMap<i32, i64>,
    time: i64,
) -> Result<BTreeMap<i32, i64>> {
    let partitions: Vec<(String, i32)> = starts
        .keys()
        .map(|&partition| (topic.to_owned(), partition))
        .collect();
    let fail = |error: KafkaError| EngineError::Cluster {
        side: Side::Source,
        what: format!("looking up the end time in '{topic}'"),
        error,
    };
    let found = admin
        .offsets(&partitions, OffsetQuery::At(time), Isolation::Uncommitted)
        .map_err(fail)?;
    Ok(by_partition(found, Side::Source)?
        .into_iter()
        .filter_map(|((_, partition), offset)| Some((partition, offset?)))
        .collect())
}
