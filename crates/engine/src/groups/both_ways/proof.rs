//! What proves a position of a pair: of the records that the group has not read, the next that applications wrote at the source and
//! the next copy from the target, each read on both sides, by the client that did not copy.

use sluice_model::{OffsetRange, Task};

use crate::error::Side::{Source, Target};
use crate::error::{Result, StoreError};
use crate::groups::both_ways::pair::{Pair, set_aside};
use crate::groups::facts::Facts;
use crate::groups::next_record::{Fingerprint, Found, Look};
use crate::groups::proof::{PositionToProve, ProofOutcome};
use crate::groups::readers::Lookers;
use crate::position::{CheckpointStore, Copied, Map, PartitionKey, StoredRuns};

/// A record of one side and its copy on the other, as the map has them.
#[derive(Debug, Clone, Copy)]
struct Next {
    at_source: i64,
    on_target: i64,
}

/// What is to be read of a position.
struct Wanted {
    /// The next that applications wrote at the source, and the next copy that stands there.
    own: Option<Next>,
    copy: Option<Next>,
    /// Which record of the source is the next at all, whatever the maps say.
    first: Look,
    looks: (Vec<Look>, Vec<Look>),
}

/// What was read of it.
struct Read {
    first: Found,
    /// At the source and on the target, of `own` and of `copy`.
    own: Option<(Found, Found)>,
    copy: Option<(Found, Found)>,
}

/// Proves positions of a pair. The answers are in the order of the positions. `headers`: both sides keep headers.
///
/// # Errors
/// The state cannot be read, or a reader cannot be opened. What concerns a position is its answer.
pub(crate) fn prove_both_ways(
    positions: &[PositionToProve],
    task: &Task,
    pair: &Pair<'_>,
    store: &dyn CheckpointStore,
    facts: &Facts<'_>,
    headers: bool,
    lookers: &mut Lookers<'_>,
) -> Result<Vec<ProofOutcome>> {
    let mut wanted = Vec::with_capacity(positions.len());
    for position in positions {
        let one = want(position, task, pair, store, facts)?;
        wanted.push(one.and_then(|one| lost(&one, position, facts).map_or(Ok(one), Err)));
    }
    let (mut source, mut target) = (Vec::new(), Vec::new());
    for one in wanted.iter().flatten() {
        source.push(one.first.clone());
        source.extend(one.looks.0.iter().cloned());
        target.extend(one.looks.1.iter().cloned());
    }
    let (source, target) = lookers.look(&source, &target)?;
    let (mut source, mut target) = (source.into_iter(), target.into_iter());
    let mut next = |of: Option<Next>, source: &mut std::vec::IntoIter<Found>| {
        of.map(|_| {
            (
                source.next().unwrap_or(Ok(None)),
                target.next().unwrap_or(Ok(None)),
            )
        })
    };
    Ok(wanted
        .iter()
        .map(|wanted| match wanted {
            Err(why) => why.clone(),
            Ok(wanted) => {
                let first = source.next().unwrap_or(Ok(None));
                let own = next(wanted.own, &mut source);
                let copy = next(wanted.copy, &mut source);
                judge(wanted, &Read { first, own, copy }, headers)
            }
        })
        .collect())
}

fn want(
    position: &PositionToProve,
    task: &Task,
    pair: &Pair<'_>,
    store: &dyn CheckpointStore,
    facts: &Facts<'_>,
) -> Result<std::result::Result<Wanted, ProofOutcome>> {
    let key = &position.key;
    let (Some(forward), Some(_)) = (facts.state(key), pair.state(key)) else {
        return Ok(Err(ProofOutcome::NotRead {
            reason: "the partition is not copied both ways yet".to_owned(),
        }));
    };
    let runs = |name| StoredRuns {
        store,
        task: name,
        key,
    };
    let (forward_runs, back_runs) = (runs(&task.name), runs(pair.partner));
    let from = position.source_offset.max(forward.start);
    let own = Map::new(&forward_runs).next(Source, from)?;
    let copy = Map::new(&back_runs).next(Target, position.source_offset)?;
    let own = own.map(|Copied { source, target }| Next {
        at_source: source,
        on_target: target,
    });
    let copy = copy.map(|Copied { source, target }| Next {
        at_source: target,
        on_target: source,
    });
    let each = |of: fn(Next) -> i64| -> Vec<Look> {
        [own, copy]
            .into_iter()
            .flatten()
            .map(|next| look(key, of(next), of(next) + 1))
            .collect()
    };
    let from = behind_set_aside(from, task, store, key)?;
    Ok(Ok(Wanted {
        own,
        copy,
        first: look(key, from, forward.position.max(from)),
        looks: (each(|next| next.at_source), each(|next| next.on_target)),
    }))
}

/// What of it one of the logs has deleted, or what is before the place and should not be.
fn lost(wanted: &Wanted, position: &PositionToProve, facts: &Facts<'_>) -> Option<ProofOutcome> {
    let logs = facts.state(&position.key).map(|state| facts.logs(state))?;
    let is_gone = |low: Option<i64>, offset: i64| low.is_some_and(|low| offset < low);
    let gone = |side: &str, offset: i64| ProofOutcome::Gone {
        reason: format!("the {side} no longer has the record that comes next, at offset {offset}"),
    };
    if is_gone(logs.source_low, wanted.first.range.from) && !wanted.first.range.is_empty() {
        return Some(gone("source", wanted.first.range.from));
    }
    for next in [wanted.own, wanted.copy].into_iter().flatten() {
        if is_gone(logs.target_low, next.on_target) {
            return Some(gone("target", next.on_target));
        }
        if next.on_target < position.target_offset {
            return Some(ProofOutcome::Different {
                detail: format!(
                    "the record at target offset {} is not read yet, and stands before the place at offset {}",
                    next.on_target, position.target_offset
                ),
            });
        }
        if is_gone(logs.source_low, next.at_source) {
            return Some(gone("source", next.at_source));
        }
    }
    None
}

/// The first offset from `from` on that is not in quarantine.
fn behind_set_aside(
    mut from: i64,
    task: &Task,
    store: &dyn CheckpointStore,
    key: &PartitionKey,
) -> std::result::Result<i64, StoreError> {
    let aside = set_aside(store, &task.name, key)?;
    while aside.contains(&from) {
        from += 1;
    }
    Ok(from)
}

fn look(key: &PartitionKey, from: i64, to: i64) -> Look {
    Look {
        topic: key.topic.clone(),
        partition: key.partition,
        range: OffsetRange { from, to },
    }
}

fn judge(wanted: &Wanted, read: &Read, headers: bool) -> ProofOutcome {
    let first = match &read.first {
        Ok(first) => *first,
        Err(error) => return not_read("source", error),
    };
    let mut gone = None;
    // A copy is compared with what it was made of.
    for (next, found, is_copy) in [(wanted.own, &read.own, false), (wanted.copy, &read.copy, true)] {
        let (Some(next), Some(found)) = (next, found) else {
            continue;
        };
        match compare(next, found, is_copy, headers) {
            Ok(()) => {}
            Err(outcome @ ProofOutcome::Gone { .. }) => gone = Some(outcome),
            Err(outcome) => return outcome,
        }
    }
    if let Some(gone) = gone {
        return gone;
    }
    let Some(first) = first else {
        return if wanted.own.is_none() && wanted.copy.is_none() {
            ProofOutcome::BothAtEnd
        } else {
            equal(wanted)
        };
    };
    let is_noted = [wanted.own, wanted.copy]
        .into_iter()
        .flatten()
        .any(|next| next.at_source == first.offset);
    if is_noted {
        equal(wanted)
    } else {
        ProofOutcome::NotRead {
            reason: format!(
                "neither task of the pair has noted the source's next record, at offset {}",
                first.offset
            ),
        }
    }
}

fn compare(
    next: Next,
    (at_source, on_target): &(Found, Found),
    is_copy: bool,
    headers: bool,
) -> std::result::Result<(), ProofOutcome> {
    let at_source = at_source.as_ref().map_err(|error| not_read("source", error))?;
    let on_target = on_target.as_ref().map_err(|error| not_read("target", error))?;
    let gone = |side: &str, offset: i64| ProofOutcome::Gone {
        reason: format!("the {side} no longer has the record that comes next, at offset {offset}"),
    };
    let at_source: &Fingerprint = at_source.as_ref().ok_or_else(|| gone("source", next.at_source))?;
    let on_target: &Fingerprint = on_target.as_ref().ok_or_else(|| gone("target", next.on_target))?;
    let fields = if is_copy {
        on_target.differences(at_source, headers)
    } else {
        at_source.differences(on_target, headers)
    };
    if fields.is_empty() {
        return Ok(());
    }
    Err(ProofOutcome::Different {
        detail: format!(
            "the next records, at source offset {} and at target offset {}, differ in {}",
            next.at_source,
            next.on_target,
            fields.join(", ")
        ),
    })
}

/// Both are the same on both sides; the one that comes first at the source stands for them.
fn equal(wanted: &Wanted) -> ProofOutcome {
    [wanted.own, wanted.copy]
        .into_iter()
        .flatten()
        .min_by_key(|next| next.at_source)
        .map_or(ProofOutcome::BothAtEnd, |next| ProofOutcome::Equal {
            source_offset: next.at_source,
            target_offset: next.on_target,
        })
}

fn not_read(side: &str, error: &crate::verify::ReadError) -> ProofOutcome {
    ProofOutcome::NotRead {
        reason: format!("the {side} cannot be read: {error}"),
    }
}
