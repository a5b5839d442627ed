//! `retention_keeps`.

use std::collections::BTreeMap;

use sluice_wire::{ConfigResource, Configs, Isolation, OffsetSpec};

use crate::clock::now_ms;
use crate::error::Side;
use crate::groups::{Goal, is_paired, pair_up};
use crate::lookup::with_first_record_from;
use crate::plan::precheck::deletes;
use crate::plan::precheck::words::{counted, listed};
use crate::position::{PartitionKey, PartitionState};
use crate::readiness::answer::Answer;
use crate::readiness::evidence::Evidence;
use crate::readiness::facts::{Facts, Known, engine_error, first_error, place, state_error, target_place};
use crate::readiness::stored_batches::stored_batches;
use crate::readiness::unknown::Unknown;

const SETTINGS: [&str; 3] = ["cleanup.policy", "retention.ms", "retention.bytes"];

/// Partitions of a topic whose oldest record is looked at: the limits count, this only shows how soon.
const SAMPLED: usize = 4;
/// Topics of which it is looked at.
const SHOWN: usize = 20;

/// What of a topic is deleted, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Retention {
    /// `None`: for ever.
    ms: Option<i64>,
    bytes: Option<i64>,
}

impl Retention {
    fn of(configs: &Configs) -> Self {
        let value = |key: &str| configs.get(key)?.value.as_deref();
        let number = |key: &str| value(key)?.parse().ok().filter(|number: &i64| *number >= 0);
        if !deletes(value("cleanup.policy")) {
            return Self {
                ms: None,
                bytes: None,
            };
        }
        Self {
            ms: number("retention.ms"),
            bytes: number("retention.bytes"),
        }
    }
}

/// Whether one limit ends before another; none is the longest.
fn shorter(one: Option<i64>, other: Option<i64>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one < other,
        (Some(_), None) => true,
        (None, _) => false,
    }
}

/// Whether the target deletes copies of what the source still has: by what is gone already, and by the effective retention
/// of both.
pub(crate) fn keeps(facts: &Facts<'_>) -> Known<Answer> {
    let gone = deleted_copies(facts)?;
    if !gone.is_empty() {
        return Ok(Answer::failed(
            format!(
                "the target has deleted copies of records that the source still has, in {}",
                counted(gone.len(), "partition")
            ),
            "raise the target's retention, and copy these topics again if the records are needed",
        )
        .with(gone));
    }
    let (source, target) = (settings(facts, Side::Source)?, settings(facts, Side::Target)?);
    let (mut sentences, mut sooner, mut rest) = (Vec::new(), Vec::new(), Vec::new());
    for (index, (source_topic, target_topic)) in facts.routes().into_iter().enumerate() {
        let (Some(at_source), Some(on_target)) = (source.get(source_topic), target.get(target_topic)) else {
            continue;
        };
        let oldest = if index < SHOWN {
            oldest_goes_in(facts, target_topic, *on_target)?
        } else {
            None
        };
        let row = Evidence::about(target_topic)
            .maybe("retention_ms", on_target.ms)
            .maybe("source_retention_ms", at_source.ms)
            .maybe("retention_bytes", on_target.bytes)
            .maybe("source_retention_bytes", at_source.bytes)
            .maybe("oldest_goes_in_ms", oldest);
        if shorter(on_target.ms, at_source.ms) || shorter(on_target.bytes, at_source.bytes) {
            sentences.push(format!("'{target_topic}'"));
            sooner.push(row);
        } else {
            rest.push(row);
        }
    }
    if !sooner.is_empty() {
        return Ok(Answer::warning(
            format!(
                "the target keeps less than the source of {}",
                listed(&sentences, ", ")
            ),
            "raise retention.ms and retention.bytes of these topics on the target before the switch",
        )
        .with(sooner));
    }
    Ok(Answer::success(format!(
        "the target keeps {} at least as long as the source",
        counted(rest.len(), "topic")
    ))
    .with(rest))
}

/// Partitions whose first copy on the target is not that of the first record that the source still has.
fn deleted_copies(facts: &Facts<'_>) -> Known<Vec<Evidence>> {
    let begins =
        |side, places: &[_]| facts.offsets(side, places, OffsetSpec::Earliest, Isolation::Uncommitted);
    let source = begins(Side::Source, &facts.source_places())?;
    let target = begins(Side::Target, &facts.target_places())?;
    for (side, answers) in [(Side::Source, &source), (Side::Target, &target)] {
        if let Some(unknown) = first_error(side, answers) {
            return Err(unknown);
        }
    }
    let mut gone = Vec::new();
    for state in facts.states.iter().filter(|state| state.is_pinned()) {
        let (Some(Ok(source_low)), Some(Ok(target_low))) =
            (source.get(&place(&state.key)), target.get(&target_place(state)))
        else {
            continue;
        };
        if *target_low <= state.target_start {
            continue;
        }
        let (store, name) = (facts.store, &facts.task.name);
        let is_paired = paired_at(facts, state, *target_low)?;
        let first = store
            .run_at_target(name, &state.key, *target_low)
            .map_err(|error| state_error(&error))?
            .and_then(|run| run.at_or_after_target(*target_low))
            .map_or(state.position, |(source, _)| source);
        // The last copy that is gone, by the map: offsets without a record count for nothing.
        let last_gone = store
            .run_before(name, &state.key, first)
            .map_err(|error| state_error(&error))?
            .and_then(|run| run.before(first))
            .map(|run| run.last().0);
        let is_gone = if is_paired {
            // The copies before it are gone with their places in the map: whether the source has one of their records is seen there.
            has_record_between(facts, &state.key, *source_low, first)?
        } else {
            last_gone.is_some_and(|last| last >= *source_low)
        };
        if is_gone {
            gone.push(
                Evidence::about(target_place(state))
                    .with("target_start", *target_low)
                    .with("first_kept_source_offset", first)
                    .with("source_start", *source_low),
            );
        }
    }
    Ok(gone)
}

/// Completes the map at the start of the target's log where another program has copied, which notes no single records.
/// Returns whether it is such a copy.
fn paired_at(facts: &Facts<'_>, state: &PartitionState, target_low: i64) -> Known<bool> {
    let failed = |error| engine_error(&error);
    if !is_paired(facts.store, facts.task).map_err(failed)? {
        return Ok(false);
    }
    let sought = [(state.key.clone(), Goal::Target(target_low))].into();
    let unpaired = pair_up(facts.task, facts.store, &sought, facts.given_up_flag()).map_err(failed)?;
    match unpaired.into_values().next() {
        None => Ok(true),
        Some(why) => Err(Unknown::new(
            format!(
                "which record the target's log of {} begins with is not known: {why}",
                state.key
            ),
            "ask again; where it stays so, move the task to this computer, which notes each record",
        )),
    }
}

/// Whether the source has a record between two offsets.
fn has_record_between(facts: &Facts<'_>, key: &PartitionKey, from: i64, to: i64) -> Known<bool> {
    if from >= to {
        return Ok(false);
    }
    with_first_record_from(&facts.task.source, key, from, |message| message.offset())
        .map(|first| first.is_some_and(|offset| offset < to))
        .map_err(|error| {
            let side = Side::Source;
            Unknown::new(
                format!("the {side} cannot be read: {error}"),
                format!("see that all brokers of the {side} cluster can be reached from this computer, and ask again"),
            )
        })
}

fn settings(facts: &Facts<'_>, side: Side) -> Known<BTreeMap<String, Retention>> {
    let names: Vec<&str> = match side {
        Side::Source => facts.routes().into_keys().collect(),
        Side::Target => facts.routes().into_values().collect(),
    };
    let topics: Vec<ConfigResource> = names
        .iter()
        .map(|name| ConfigResource::Topic((*name).to_owned()))
        .collect();
    let unknown = |error| Unknown::of(side, &error);
    let mut found = BTreeMap::new();
    for (resource, outcome) in facts
        .client(side)?
        .describe_configs(&topics, Some(&SETTINGS))
        .map_err(unknown)?
    {
        if let ConfigResource::Topic(name) = resource {
            found.insert(name, Retention::of(&outcome.map_err(unknown)?));
        }
    }
    Ok(found)
}

/// Time until the target may delete the oldest record of a topic, in ms; `None` where it deletes nothing by age. A segment
/// goes when its youngest record is old enough: the time is the least there is.
fn oldest_goes_in(facts: &Facts<'_>, target_topic: &str, keeps: Retention) -> Known<Option<i64>> {
    let Some(ms) = keeps.ms else {
        return Ok(None);
    };
    let places: Vec<_> = facts
        .states
        .iter()
        .filter(|state| state.target_topic == target_topic)
        .take(SAMPLED)
        .map(target_place)
        .collect();
    let begins = facts.offsets(
        Side::Target,
        &places,
        OffsetSpec::Earliest,
        Isolation::Uncommitted,
    )?;
    let mut least: Option<i64> = None;
    for (place, begin) in begins {
        let Ok(begin) = begin else { continue };
        let first = stored_batches(facts.client(Side::Target)?, &place, begin, begin + 1)
            .map_err(|error| Unknown::of(Side::Target, &error))?;
        if let Some(time) = first.first().and_then(|batch| batch.timestamp) {
            let left = ms.saturating_sub(now_ms().saturating_sub(time));
            least = Some(least.map_or(left, |known| known.min(left)));
        }
    }
    Ok(least)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_limit_is_the_longest() {
        assert!(shorter(Some(1), Some(2)) && shorter(Some(1), None));
        assert!(!shorter(None, Some(1)) && !shorter(None, None) && !shorter(Some(2), Some(2)));
    }
}
