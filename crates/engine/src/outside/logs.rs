//! The logs of both sides, as a look at a copy needs them.

use std::collections::BTreeMap;

use sluice_kafka::{Isolation, OffsetQuery};

use crate::plan::Connected;
use crate::position::{PartitionKey, each};

/// What a source partition says of its log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SourceLog {
    /// Its oldest offset.
    pub(super) low: i64,
    /// Behind the last record that readers of committed records get.
    pub(super) stable: i64,
    /// Behind the last record.
    pub(super) high: i64,
}

/// Asks one side for an offset of each of its partitions; those without an answer are left out.
///
/// # Errors
/// The cluster does not answer at all: the sentence says so.
pub(super) fn offsets(
    side: &Connected,
    places: &BTreeMap<PartitionKey, (String, i32)>,
    query: OffsetQuery,
    isolation: Isolation,
) -> Result<BTreeMap<PartitionKey, i64>, String> {
    let asked: Vec<(String, i32)> = places.values().cloned().collect();
    let entries = side
        .admin
        .offsets(&asked, query, isolation)
        .map_err(|error| format!("the {} does not return its offsets: {error}", side.side))?;
    let mut silent = BTreeMap::new();
    let found = each(entries, &mut silent);
    if !asked.is_empty() && found.is_empty() {
        return Err(format!(
            "the {} does not return the offsets of {} partitions",
            side.side,
            asked.len()
        ));
    }
    Ok(places
        .iter()
        .filter_map(|(key, place)| Some((key.clone(), *found.get(place)?)))
        .collect())
}
