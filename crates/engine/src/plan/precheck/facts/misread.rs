use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use sluice_model::Cluster;

use crate::plan::StoredFormats;
use crate::position::PartitionKey;

/// Places looked at: some milliseconds each.
const PLACES: usize = 200;
/// How long looking may take.
const DEADLINE: Duration = Duration::from_secs(3);

/// Where `places` hold records that librdkafka would misread, with the first offset of them. What cannot be looked at in
/// time shows when it is copied.
pub(super) fn misread(
    source: &Cluster,
    places: impl Iterator<Item = (PartitionKey, i64)>,
    cancelled: &(dyn Fn() -> bool + Sync),
) -> BTreeMap<PartitionKey, i64> {
    let mut found = BTreeMap::new();
    let mut formats = match StoredFormats::new(source, DEADLINE) {
        Ok(formats) => formats,
        Err(error) => {
            tracing::info!(%error, "message formats are not looked at");
            return found;
        }
    };
    let until = Instant::now() + DEADLINE;
    for (key, offset) in places.take(PLACES) {
        if cancelled() || Instant::now() >= until {
            break;
        }
        match formats.misread_at(&key, offset) {
            Ok(Some(first)) => {
                found.insert(key, first);
            }
            Ok(None) => {}
            Err(error) => tracing::debug!(%key, offset, %error, "looking at what is stored"),
        }
    }
    found
}
