//! Every position of every group, by the map and, where that leaves it open, by reading the target.

use std::collections::{BTreeMap, BTreeSet};

use sluice_model::Delivery;

use crate::error::Result;
use crate::groups::Translated;
use crate::groups::clusters::GroupCluster;
use crate::groups::facts::Facts;
use crate::groups::next_record::{Fingerprint, Look};
use crate::groups::pairing::{Goal, Unpaired};
use crate::groups::readers::Lookers;
use crate::groups::search::{SCANNED, Searched, search};
use crate::groups::translate::{Hole, Place, StoredMap, keep, translate};
use crate::position::{CheckpointStore, PartitionKey, PartitionState};

/// What became of one position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Resolved {
    pub(crate) result: Translated,
    pub(crate) target: Option<i64>,
    pub(crate) missing: Option<i64>,
    /// Records that the group reads again at most, where there are some.
    pub(crate) read_again: Option<i64>,
    pub(crate) reason: Option<String>,
    /// The target has lost what the group would read next: its log begins behind that.
    pub(crate) moved_to_low: bool,
}

impl Resolved {
    pub(crate) fn none(result: Translated, reason: impl Into<String>) -> Self {
        Self {
            result,
            target: None,
            missing: None,
            read_again: None,
            reason: Some(reason.into()),
            moved_to_low: false,
        }
    }
}

/// A partition and an offset that some group has committed in it.
pub(crate) type Wanted = (PartitionKey, i64);

/// Translates positions; several groups may have the same. `unpaired`: those that could not be found by pairing.
///
/// # Errors
/// The state cannot be read, or a reader cannot be opened.
pub(crate) fn resolve(
    wanted: &BTreeSet<Wanted>,
    store: &dyn CheckpointStore,
    task: &sluice_model::Task,
    facts: &Facts<'_>,
    unpaired: &Unpaired,
    target: &GroupCluster,
    lookers: &mut Lookers<'_>,
) -> Result<BTreeMap<Wanted, Resolved>> {
    let (mut resolved, mut open) = (BTreeMap::new(), Vec::new());
    for (key, committed) in wanted {
        let state = match usable(facts, key) {
            Ok(state) => state,
            Err(why) => {
                resolved.insert((key.clone(), *committed), why);
                continue;
            }
        };
        let map = StoredMap {
            store,
            task: &task.name,
            key,
        };
        let translation = if task.delivery == Delivery::Mirror {
            keep(*committed, state, facts.logs(state))
        } else {
            translate(*committed, state, facts.logs(state), &map)?
        };
        let mut one = Resolved {
            result: translation.result,
            target: translation.target(),
            missing: translation.missing,
            read_again: None,
            reason: reason(*committed, translation.result, translation.missing, state),
            moved_to_low: false,
        };
        match translation.place {
            Some(Place::Open(hole)) => {
                match unpaired.get(&(key.clone(), Goal::Source(*committed))) {
                    // The record could stand anywhere in it, and once more.
                    Some(why) if hole.target.len() > SCANNED => {
                        one = Resolved::none(Translated::Unknown, why.clone());
                        resolved.insert((key.clone(), *committed), one);
                    }
                    Some(_) | None => open.push(((key.clone(), *committed), one, hole)),
                }
            }
            Some(Place::At(_)) | None => {
                stay_in_log(&mut one, facts, state);
                resolved.insert((key.clone(), *committed), one);
            }
        }
    }
    for (wanted, mut one, outcome) in read_holes(open, facts, target, lookers)? {
        match outcome {
            Searched::Nothing(offset) => one.target = Some(offset),
            Searched::Found(offset) => {
                one.target = Some(offset);
                if one.result == Translated::Exact {
                    one.result = Translated::Searched;
                }
            }
            Searched::Uncertain(why) => one = Resolved::none(Translated::Unknown, why),
        }
        if let Some(state) = facts.state(&wanted.0) {
            stay_in_log(&mut one, facts, state);
        }
        resolved.insert(wanted, one);
    }
    Ok(resolved)
}

/// The partition's state, if its map says something about the topics that are there now.
pub(crate) fn usable<'f>(
    facts: &'f Facts<'_>,
    key: &PartitionKey,
) -> std::result::Result<&'f PartitionState, Resolved> {
    if let Some(why) = facts.replaced(key) {
        return Err(Resolved::none(Translated::Unknown, why));
    }
    match facts.state(key) {
        Some(state) if state.is_pinned() => Ok(state),
        Some(_) => Err(Resolved::none(
            Translated::Pending,
            "the partition has had no leader since the task was launched, and nothing of it is copied",
        )),
        None => Err(Resolved::none(
            Translated::Pending,
            "the partition is not copied yet; start the task first",
        )),
    }
}

pub(crate) fn reason(
    committed: i64,
    result: Translated,
    missing: Option<i64>,
    state: &PartitionState,
) -> Option<String> {
    let missing = missing.unwrap_or_default();
    match result {
        Translated::Exact | Translated::Earlier | Translated::Searched | Translated::Unknown => None,
        Translated::Pending => Some(format!(
            "the copy stands at offset {}, {} before the group; it is committed when the copy has come that far",
            state.position,
            committed - state.position
        )),
        Translated::BeforeStart => Some(format!(
            "the copy begins at offset {}, so {missing} offsets that the group has not read are not on the target",
            state.start
        )),
        Translated::Expired => Some(format!(
            "the source had lost {missing} offsets that the group has not read before the copy began at offset {}",
            state.start
        )),
    }
}

/// A position outside of the target's log would be out of range there, and a consumer might go to its end. Before its
/// beginning, the first record that is left is the same position; behind its end, the target has lost records, or is another
/// one.
fn stay_in_log(one: &mut Resolved, facts: &Facts<'_>, state: &PartitionState) {
    if let (Some(target), Some(high)) = (one.target, facts.target_high(state))
        && target > high
    {
        *one = Resolved::none(
            Translated::Unknown,
            format!(
                "the target's log ends at offset {high}, before the place at offset {target}: it has lost records, or was created again"
            ),
        );
        return;
    }
    let (Some(target), Some(low)) = (one.target, facts.logs(state).target_low) else {
        return;
    };
    if target >= low {
        return;
    }
    one.target = Some(low);
    one.moved_to_low = true;
    one.result = Translated::Expired;
    one.missing = Some(one.missing.unwrap_or_default() + low - target);
    one.reason = Some(format!(
        "the target's log begins at offset {low} by now: {} offsets that the group has not read are gone there",
        low - target
    ));
}

type OpenHole = (Wanted, Resolved, Hole);

/// Looks for records in holes of the map. Positions in the same hole cost one look.
fn read_holes(
    open: Vec<OpenHole>,
    facts: &Facts<'_>,
    target: &GroupCluster,
    lookers: &mut Lookers<'_>,
) -> Result<Vec<(Wanted, Resolved, Searched)>> {
    if open.is_empty() {
        return Ok(Vec::new());
    }
    let looks: Vec<Look> = open
        .iter()
        .map(|((key, _), _, hole)| Look {
            topic: facts.target_topic(key).unwrap_or_default(),
            partition: key.partition,
            range: hole.target,
        })
        .collect();
    let (_, found) = lookers.look(&[], &looks)?;
    let mut outcomes = Vec::with_capacity(open.len());
    for ((wanted, one, hole), found) in open.into_iter().zip(found) {
        let outcome = match found {
            // Markers only: nothing was copied in between.
            Ok(None) => Searched::Nothing(hole.target.to),
            Ok(Some(first)) => searched(&wanted.0, hole, first, facts, target, lookers)?,
            Err(error) => Searched::Uncertain(format!(
                "the offset map leaves the place open, and the target cannot be read there: {error}"
            )),
        };
        outcomes.push((wanted, one, outcome));
    }
    Ok(outcomes)
}

fn searched(
    key: &PartitionKey,
    hole: Hole,
    first: Fingerprint,
    facts: &Facts<'_>,
    target: &GroupCluster,
    lookers: &mut Lookers<'_>,
) -> Result<Searched> {
    match facts.state(key) {
        Some(state) => search(state, hole, first, facts.logs(state), target, lookers),
        None => Ok(Searched::Uncertain("the partition is not copied".to_owned())),
    }
}
