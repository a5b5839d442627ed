use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use sluice_model::Cluster;
use sluice_wire::format::{AbortedTransaction, Copied, CopiedSet};
use sluice_wire::{Client, FetchedPartition, Isolation};

/// Bytes looked at in each place, as stored.
const LOOK: i32 = 1024 * 1024;
/// Partitions looked at of each topic.
const PARTITIONS: usize = 2;
/// How long everything may take, and one question.
const DEADLINE: Duration = Duration::from_secs(6);
const CALL: Duration = Duration::from_secs(3);

/// How often the logs of a topic have offsets without a record to copy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Holes {
    /// Offsets that were looked at.
    pub(crate) offsets: i64,
    /// Stretches of offsets without a record among them.
    pub(crate) holes: i64,
}

impl Holes {
    /// How many there would be in so many offsets.
    pub(crate) fn among(self, offsets: i64) -> i64 {
        if self.offsets == 0 {
            return 0;
        }
        i64::try_from(i128::from(offsets) * i128::from(self.holes) / i128::from(self.offsets))
            .unwrap_or(i64::MAX)
    }

    /// Counts an answer from `position` on; only batches that a mirror passes whole are known not to have holes inside.
    fn count(&mut self, fetched: &FetchedPartition, position: i64) {
        let aborted = fetched.aborted.iter().map(|one| AbortedTransaction {
            first_offset: one.first_offset,
            producer_id: one.producer_id,
        });
        let (mut next, mut open) = (position, false);
        for entry in CopiedSet::new(&fetched.records, position, Some(aborted)).flatten() {
            let end = entry.next_offset();
            if let Copied::Batch(batch) = entry {
                let header = batch.header();
                self.holes += i64::from(open || header.base_offset > next);
                let missing = end - header.base_offset - i64::from(header.count);
                // How they are spread is not known without reading it; a cleaner takes single records.
                self.holes += missing.max(0);
                open = false;
            } else if !matches!(entry, Copied::Message(_)) {
                open = true;
            }
            next = next.max(end);
        }
        self.holes += i64::from(open);
        self.offsets += (next - position).max(0);
    }
}

/// Looks at the beginning and at the middle of what is to be copied of each topic, `ranges` by topic and partition. What
/// cannot be read is left out: it only makes the estimate poorer.
pub(crate) fn holes(
    source: &Cluster,
    ranges: &BTreeMap<String, Vec<(i32, i64, i64)>>,
    cancelled: &(dyn Fn() -> bool + Sync),
) -> BTreeMap<String, Holes> {
    let mut found = BTreeMap::new();
    let Ok(client) = Client::new(source) else {
        return found;
    };
    let (client, until) = (client.with_timeout(CALL), Instant::now() + DEADLINE);
    for (topic, ranges) in ranges {
        let mut seen = Holes::default();
        for (partition, from, to) in ranges.iter().take(PARTITIONS) {
            for offset in [*from, from + (to - from) / 2] {
                if cancelled() || Instant::now() >= until {
                    return found;
                }
                match client.fetch_raw(topic, *partition, offset, LOOK, Isolation::Committed) {
                    Ok(fetched) => seen.count(&fetched, offset),
                    Err(error) => tracing::debug!(topic, partition, %error, "looking for holes"),
                }
            }
        }
        if seen.offsets > 0 {
            found.insert(topic.clone(), seen);
        }
    }
    found
}
