//! `source_producers`: who writes to the source.

use std::collections::{BTreeMap, BTreeSet};

use sluice_wire::{ProducerState, TopicPartition, TransactionFilter};

use crate::error::Side;
use crate::plan::precheck::words::{counted, listed};
use crate::readiness::access;
use crate::readiness::answer::Answer;
use crate::readiness::evidence::Evidence;
use crate::readiness::facts::{Access, ByPlace, Facts, Known, first_error};
use crate::readiness::stored_batches::stored_batches;
use crate::readiness::unknown::Unknown;

/// A producer that wrote so short a time ago may only be pausing.
const RECENT_MS: i64 = 60_000;

/// A client that wrote to a partition.
struct Writer {
    place: TopicPartition,
    producer_id: Option<i64>,
    last_ms: Option<i64>,
}

/// Who wrote between the two looks, and who wrote last before. Brokers from 2.8 on know their producers; on older ones
/// only those that write between the looks are found, by what they write.
pub(crate) fn still_writing(facts: &Facts<'_>) -> Known<Answer> {
    let first = facts.first_snapshot()?;
    let before = producers(facts)?;
    let second = facts.second_snapshot()?;
    let now = producers(facts)?;
    let mut writing = changed(&before, &now);
    for (place, end) in &second.ends {
        let (Ok(end), Some(Ok(earlier))) = (end, first.ends.get(place)) else {
            continue;
        };
        if end > earlier && writing.iter().all(|writer| writer.place != *place) {
            writing.extend(writers_of_new_records(facts, place, *earlier, *end)?);
        }
    }
    let names = transactional_ids(facts);
    if !writing.is_empty() {
        return Ok(found(facts, writing, &names));
    }
    if let Some(unknown) = first_error(Side::Source, &now) {
        return Err(unknown);
    }
    let mut known: Vec<(&TopicPartition, &ProducerState)> = now
        .iter()
        .filter_map(|(place, states)| Some((place, states.as_ref().ok()?)))
        .flat_map(|(place, states)| states.iter().map(move |state| (place, state)))
        .collect();
    known.sort_by_key(|(_, state)| std::cmp::Reverse(state.last_timestamp));
    let recent = known.iter().filter(|(_, state)| is_recent(state)).count();
    let rows = known.iter().map(|(place, state)| {
        Evidence::about(place)
            .with("producer_id", state.producer_id)
            .maybe("transactional_id", names.get(&state.producer_id))
            .maybe("last_write_ms", state.last_timestamp)
    });
    let answer = if recent > 0 {
        Answer::warning(
            format!(
                "no producer wrote within the window, but {} did within the last minute",
                counted(recent, "producer")
            ),
            "see that these applications are stopped and not only pausing",
        )
    } else {
        Answer::success(format!(
            "no producer writes; the brokers know {}, and the last write of each is more than a minute old",
            counted(known.len(), "producer")
        ))
    };
    Ok(answer.with(rows))
}

fn producers(facts: &Facts<'_>) -> Known<ByPlace<Vec<ProducerState>>> {
    facts
        .client(Side::Source)?
        .describe_producers(&facts.source_places())
        .map_err(|error| Unknown::of(Side::Source, &error))
}

fn is_recent(state: &ProducerState) -> bool {
    state
        .last_timestamp
        .is_some_and(|time| (0..RECENT_MS).contains(&Facts::age(time)))
}

/// Producers that wrote between two answers.
fn changed(before: &ByPlace<Vec<ProducerState>>, now: &ByPlace<Vec<ProducerState>>) -> Vec<Writer> {
    let mut writing = Vec::new();
    for (place, states) in now {
        let (Ok(states), Some(Ok(earlier))) = (states, before.get(place)) else {
            continue;
        };
        let wrote = states.iter().filter(|state| {
            earlier
                .iter()
                .find(|known| known.producer_id == state.producer_id)
                .is_none_or(|known| {
                    (known.producer_epoch, known.last_sequence, known.last_timestamp)
                        != (state.producer_epoch, state.last_sequence, state.last_timestamp)
                })
        });
        writing.extend(wrote.map(|state| Writer {
            place: place.clone(),
            producer_id: Some(state.producer_id),
            last_ms: state.last_timestamp,
        }));
    }
    writing
}

/// Writers of the records from `from` up to `to`.
fn writers_of_new_records(
    facts: &Facts<'_>,
    place: &TopicPartition,
    from: i64,
    to: i64,
) -> Known<Vec<Writer>> {
    let batches = stored_batches(facts.client(Side::Source)?, place, from, to)
        .map_err(|error| Unknown::of(Side::Source, &error))?;
    let mut last: BTreeMap<Option<i64>, Option<i64>> = BTreeMap::new();
    for batch in batches.iter().filter(|batch| !batch.is_marker) {
        let known = last.entry(batch.producer_id).or_default();
        *known = (*known).max(batch.timestamp);
    }
    Ok(last
        .into_iter()
        .map(|(producer_id, last_ms)| Writer {
            place: place.clone(),
            producer_id,
            last_ms,
        })
        .collect())
}

/// Transactional ids by producer ids, as far as the brokers say.
fn transactional_ids(facts: &Facts<'_>) -> BTreeMap<i64, String> {
    let Ok(client) = facts.client(Side::Source) else {
        return BTreeMap::new();
    };
    client
        .list_transactions(&TransactionFilter::default())
        .map(|listed| {
            listed
                .found
                .into_iter()
                .map(|one| (one.producer_id, one.transactional_id))
                .collect()
        })
        .unwrap_or_default()
}

fn found(facts: &Facts<'_>, writing: Vec<Writer>, names: &BTreeMap<i64, String>) -> Answer {
    let rules = match facts.access(Side::Source) {
        Ok(Access::Rules(rules)) => rules.as_slice(),
        Ok(Access::Open) | Err(_) => &[],
    };
    let who = |writer: &Writer| match writer.producer_id {
        None => format!("a client without a producer id to {}", writer.place),
        Some(id) => match names.get(&id) {
            Some(name) => format!("'{name}' (producer {id}) to {}", writer.place),
            None => format!("producer {id} to {}", writer.place),
        },
    };
    let distinct: BTreeSet<Option<i64>> = writing.iter().map(|writer| writer.producer_id).collect();
    let sentences: Vec<String> = writing.iter().map(who).collect();
    let rows = writing.iter().map(|writer| {
        let may: Vec<&str> = access::writers(rules, &writer.place.topic).into_iter().collect();
        Evidence::about(&writer.place)
            .maybe("producer_id", writer.producer_id)
            .maybe(
                "transactional_id",
                writer.producer_id.and_then(|id| names.get(&id)),
            )
            .maybe("last_write_ms", writer.last_ms)
            .maybe("may_write", (!may.is_empty()).then(|| may.join(", ")))
    });
    Answer::failed(
        format!(
            "{} wrote within the window: {}",
            counted(distinct.len(), "producer"),
            listed(&sentences, ", ")
        ),
        "stop it; where it is not known which application that is, look at the principals that may write, and at the request log of the brokers",
    )
    .with(rows)
}
