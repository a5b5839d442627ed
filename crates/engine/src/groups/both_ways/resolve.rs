//! Every position of every group of a pair.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use sluice_wire::{Cancel, Isolation, OffsetSpec, TopicPartition};

use crate::error::{Result, Side};
use crate::groups::Translated;
use crate::groups::both_ways::log::{Log, Notes, Unseen};
use crate::groups::both_ways::pair::{Pair, set_aside};
use crate::groups::both_ways::place::{Partition, Placed};
use crate::groups::both_ways::stored::{PartitionLog, Place};
use crate::groups::clusters::{GroupClusters, Offsets, both};
use crate::groups::facts::{Facts, at_source};
use crate::groups::resolve::{Resolved, Wanted, reason, usable};
use crate::position::{Authorship, CheckpointStore, Map, PartitionKey, PartitionState, StoredRuns};
use crate::verify::WireReader;

/// How long one call may read. What is not looked at by then is placed by the maps alone, which reads more again.
const PATIENCE: Duration = Duration::from_secs(45);

/// Translates positions of the groups of a pair; several groups may have the same.
///
/// # Errors
/// The state cannot be read, or a cluster does not answer. What concerns a partition is its answer.
pub(crate) fn resolve_both_ways(
    wanted: &BTreeSet<Wanted>,
    pair: &Pair<'_>,
    task: &sluice_model::Task,
    store: &dyn CheckpointStore,
    facts: &Facts<'_>,
    clusters: &GroupClusters,
    cancel: &Cancel,
) -> Result<BTreeMap<Wanted, Resolved>> {
    let mut by_partition: BTreeMap<&PartitionKey, Vec<i64>> = BTreeMap::new();
    for (key, committed) in wanted {
        by_partition.entry(key).or_default().push(*committed);
    }
    let places: BTreeSet<TopicPartition> = by_partition.keys().map(|key| at_source(key)).collect();
    let (a_high, a) = both(
        || {
            clusters
                .source
                .offsets(&places, OffsetSpec::Latest, Isolation::Uncommitted)
        },
        || clusters.source.another_client(),
    )?;
    let b = clusters.target.another_client()?;
    let mut resolving = Resolving {
        pair,
        task,
        store,
        facts,
        a_high,
        readers: (WireReader::new(&a, cancel), WireReader::new(&b, cancel)),
        authors: (
            Authorship::new(pair.own.reversed()),
            Authorship::new(pair.own.clone()),
        ),
        cancel,
        until: Instant::now() + PATIENCE,
    };
    let mut resolved = BTreeMap::new();
    for (key, offsets) in by_partition {
        for (committed, one) in resolving.partition(key, &offsets)? {
            resolved.insert((key.clone(), committed), one);
        }
    }
    Ok(resolved)
}

/// All that is the same for every partition.
struct Resolving<'a> {
    pair: &'a Pair<'a>,
    task: &'a sluice_model::Task,
    store: &'a dyn CheckpointStore,
    facts: &'a Facts<'a>,
    /// Where the source's logs end, open transactions included.
    a_high: Offsets,
    /// Of the source and of the target.
    readers: (WireReader, WireReader),
    /// Who copies to the source, and who to the target.
    authors: (Authorship, Authorship),
    cancel: &'a Cancel,
    until: Instant,
}

impl Resolving<'_> {
    fn partition(&mut self, key: &PartitionKey, offsets: &[i64]) -> Result<Vec<(i64, Resolved)>> {
        let (forward, back) = match states(self.facts, self.pair, key) {
            Ok(states) => states,
            Err(why) => return Ok(offsets.iter().map(|offset| (*offset, why.clone())).collect()),
        };
        let facts = self.facts;
        let logs = facts.logs(forward);
        let (Some(a_end), Some(b_end), Some(b_low)) =
            (facts.source_end(key), facts.target_end(forward), logs.target_low)
        else {
            let why = Resolved::none(
                Translated::Unknown,
                "where the logs of both sides begin and end could not be asked for; try again when their leaders answer",
            );
            return Ok(offsets.iter().map(|offset| (*offset, why.clone())).collect());
        };
        let a_is_settled = self.a_high.get(&at_source(key)) == Some(&a_end);
        let runs = |name| StoredRuns {
            store: self.store,
            task: name,
            key,
        };
        let (forward_runs, back_runs) = (runs(&self.task.name), runs(self.pair.partner));
        let (forward_map, back_map) = (Map::new(&forward_runs), Map::new(&back_runs));
        let aside = (
            set_aside(self.store, &self.task.name, key)?,
            set_aside(self.store, self.pair.partner, key)?,
        );
        let (store, cancel, until) = (self.store, self.cancel, self.until);
        let place = |reader, end| Place {
            reader,
            topic: &key.topic,
            partition: key.partition,
            end,
        };
        let (at_source, on_target) = (&mut self.readers.0, &mut self.readers.1);
        let mut a = PartitionLog::new(place(at_source, a_end), &self.authors.0, store, cancel, until);
        let mut b = PartitionLog::new(place(on_target, b_end), &self.authors.1, store, cancel, until);
        let notes = |map, side| Notes { map, side };
        let mut partition = Partition {
            forward,
            back,
            forward_map: &forward_map,
            back_map: &back_map,
            a: Log {
                forward: notes(&forward_map, Side::Source),
                back: notes(&back_map, Side::Target),
                stored: &mut a,
                set_aside: &aside.0,
            },
            b: Log {
                forward: notes(&forward_map, Side::Target),
                back: notes(&back_map, Side::Source),
                stored: &mut b,
                set_aside: &aside.1,
            },
            a_end,
            a_is_settled,
            b_end,
            b_low,
            once: self.pair.once,
        };
        let high = facts.target_high(forward).unwrap_or(b_end);
        let mut resolved = Vec::with_capacity(offsets.len());
        for committed in offsets {
            let one = one(*committed, &mut partition, logs.source_low, high)?;
            resolved.push((*committed, one));
        }
        Ok(resolved)
    }
}

/// What both tasks have copied of a partition, if that says something about the topics that are there now.
fn states<'a>(
    facts: &'a Facts<'_>,
    pair: &'a Pair<'_>,
    key: &PartitionKey,
) -> std::result::Result<(&'a PartitionState, &'a PartitionState), Resolved> {
    let forward = usable(facts, key)?;
    let Some(back) = pair.state(key) else {
        return Err(Resolved::none(
            Translated::Pending,
            "the other task of the pair has not begun with the partition; start it first",
        ));
    };
    match facts.replaced_other_way(back) {
        Some(why) => Err(Resolved::none(
            Translated::Unknown,
            format!("of the other task of the pair: {why}"),
        )),
        None => Ok((forward, back)),
    }
}

fn one(
    committed: i64,
    partition: &mut Partition<'_>,
    source_low: Option<i64>,
    target_high: i64,
) -> Result<Resolved> {
    let (forward, back) = (partition.forward, partition.back);
    if committed > forward.position {
        return Ok(Resolved {
            reason: reason(committed, Translated::Pending, None, forward),
            ..Resolved::none(Translated::Pending, "")
        });
    }
    if target_high < forward.target_next || partition.a_end < back.target_next && partition.a_is_settled {
        return Ok(Resolved::none(
            Translated::Unknown,
            "one of the two logs ends before what was copied to it: it has lost records, or was created again",
        ));
    }
    let placed = match partition.place(committed) {
        Ok(placed) => placed,
        Err(Unseen::Store(error)) => return Err(error.into()),
        Err(Unseen::Read(error)) => {
            return Ok(Resolved::none(
                Translated::Unknown,
                format!("what is stored around the place cannot be read: {error}"),
            ));
        }
    };
    let missing = missing(committed, partition, source_low)?;
    Ok(said(committed, placed, missing, forward))
}

/// Offsets from a position up to the copy's start that the group has not read and that are no copies from the target.
fn missing(
    committed: i64,
    partition: &Partition<'_>,
    source_low: Option<i64>,
) -> Result<Option<(Translated, i64)>> {
    let start = partition.forward.start;
    if committed >= start {
        return Ok(None);
    }
    let copies = partition.back_map.count(Side::Target, committed, start)?;
    let missing = start - committed - copies;
    let is_readable = start > source_low.unwrap_or(committed).max(committed);
    let result = if is_readable {
        Translated::BeforeStart
    } else {
        Translated::Expired
    };
    Ok((missing > 0).then_some((result, missing)))
}

fn said(
    committed: i64,
    placed: Placed,
    missing: Option<(Translated, i64)>,
    forward: &PartitionState,
) -> Resolved {
    let read_again = (placed.read_again > 0).then_some(placed.read_again);
    let again = read_again.map(|count| {
        format!(
            "at most {count} records from there on were read already: the two sides hold them in another order"
        )
    });
    let mut one = Resolved {
        result: if read_again.is_some() {
            Translated::Earlier
        } else {
            Translated::Exact
        },
        target: Some(placed.offset),
        missing: None,
        read_again,
        reason: again.clone(),
        moved_to_low: false,
    };
    if let Some((result, missing)) = missing {
        one.result = result;
        one.missing = Some(missing);
        one.reason = reason(committed, result, Some(missing), forward);
    }
    if placed.lost > 0 {
        one.result = Translated::Expired;
        one.missing = Some(one.missing.unwrap_or_default() + placed.lost);
        one.moved_to_low = true;
        one.reason = Some(format!(
            "the target's log begins at offset {} by now: {} offsets that the group has not read are gone there",
            placed.offset, placed.lost
        ));
    }
    if let (Some(reason), Some(again)) = (&mut one.reason, again)
        && *reason != again
    {
        *reason = format!("{reason}; {again}");
    }
    one
}
