//! What both clusters and the other program say in one look.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use sluice_kafka::{Isolation, OffsetQuery};

use super::logs::{SourceLog, offsets};
use super::watched::Watched;
use crate::plan::Pair;
use crate::position::PartitionKey;

/// How long it is waited for the markers of transactions that were committed, so that readers get their records. Those of one
/// poll of a connector task end within milliseconds.
const MARKERS_WITHIN: Duration = Duration::from_millis(800);
/// How often it is looked whether they have come.
const LOOK_EVERY: Duration = Duration::from_millis(40);

/// Positions of the other program: the next offset to copy. What it has passed on nothing of has none.
pub type Positions = BTreeMap<PartitionKey, i64>;

/// Asks the other program where it stands.
pub(super) type Ask<'a> = dyn FnMut() -> Result<Positions, String> + 'a;

/// What was answered.
pub(super) struct Seen {
    low: Positions,
    /// Where the other program stood before the target's ends were asked.
    pub(super) before: Positions,
    /// Behind the last record on the target, whether its transaction has ended or not, when `before` was known.
    highs: Positions,
    /// Behind the last record on the target that readers of committed records get.
    pub(super) ends: Positions,
    /// Where it stood behind that.
    pub(super) after: Positions,
    stable: Positions,
    high: Positions,
}

impl Seen {
    /// Asks both clusters and the other program. In this order: what is missing at the source was missing when the position
    /// was asked, and what the target has between two equal positions is what lies before them. `awaits_markers`: the other
    /// program writes in transactions.
    ///
    /// # Errors
    /// One of them does not answer: the sentence says so.
    pub(super) fn ask(
        pair: &Pair,
        watched: &BTreeMap<PartitionKey, Watched>,
        awaits_markers: bool,
        ask: &mut Ask<'_>,
    ) -> Result<Self, String> {
        let at_source = source_places(watched);
        let at_source = |query, isolation| offsets(&pair.source, &at_source, query, isolation);
        let low = at_source(OffsetQuery::Earliest, Isolation::Uncommitted)?;
        let before = ask()?;
        let (highs, ends) = target_ends(pair, watched, awaits_markers)?;
        Ok(Self {
            low,
            before,
            highs,
            ends,
            after: ask()?,
            stable: at_source(OffsetQuery::Latest, Isolation::Committed)?,
            high: at_source(OffsetQuery::Latest, Isolation::Uncommitted)?,
        })
    }

    /// The source's log of a partition, where all of it was answered.
    pub(super) fn source_log(&self, key: &PartitionKey) -> Option<SourceLog> {
        Some(SourceLog {
            low: *self.low.get(key)?,
            stable: *self.stable.get(key)?,
            high: *self.high.get(key)?,
        })
    }

    /// Whether readers of the target get all records before the first of both positions. The marker of a transaction whose
    /// position is known already may still be on its way to them.
    pub(super) fn has_ended(&self, key: &PartitionKey) -> bool {
        let both = self.ends.get(key).zip(self.highs.get(key));
        both.is_some_and(|(end, high)| end >= high)
    }
}

/// The source's partitions, as they are asked for.
pub(super) fn source_places(
    watched: &BTreeMap<PartitionKey, Watched>,
) -> BTreeMap<PartitionKey, (String, i32)> {
    let place = |key: &PartitionKey| (key.topic.clone(), key.partition);
    watched.keys().map(|key| (key.clone(), place(key))).collect()
}

/// Behind the last record on the target, and behind the last one that readers get once what was written by then has ended.
fn target_ends(
    pair: &Pair,
    watched: &BTreeMap<PartitionKey, Watched>,
    awaits_markers: bool,
) -> Result<(Positions, Positions), String> {
    let place = |watched: &Watched| (watched.state.target_topic.clone(), watched.state.key.partition);
    let mut open: BTreeMap<PartitionKey, (String, i32)> = watched
        .iter()
        .map(|(key, watched)| (key.clone(), place(watched)))
        .collect();
    let ask =
        |places: &BTreeMap<_, _>, isolation| offsets(&pair.target, places, OffsetQuery::Latest, isolation);
    let highs = ask(&open, Isolation::Uncommitted)?;
    let mut ends = Positions::new();
    let until = Instant::now() + MARKERS_WITHIN;
    ends.extend(ask(&open, Isolation::Committed)?);
    loop {
        open.retain(|key, _| ends.get(key) < highs.get(key));
        if !awaits_markers || open.is_empty() || Instant::now() >= until {
            return Ok((highs, ends));
        }
        std::thread::sleep(LOOK_EVERY);
        // A partition that does not answer now counts as still open.
        match ask(&open, Isolation::Committed) {
            Ok(more) => ends.extend(more),
            Err(error) => tracing::debug!(error, "the ends of transactions are not known yet"),
        }
    }
}
