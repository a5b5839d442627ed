//! `target_only_ours`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use sluice_wire::{Isolation, TopicPartition, TransactionFilter};

use crate::error::Side;
use crate::plan::precheck::words::{counted, listed};
use crate::position::{PartitionState, QuarantineFate};
use crate::readiness::access;
use crate::readiness::answer::Answer;
use crate::readiness::evidence::Evidence;
use crate::readiness::facts::{Access, ByPlace, Facts, Known, first_error, state_error, target_place};
use crate::readiness::stored_batches::{StoredBatch, stored_batches};
use crate::readiness::unknown::Unknown;

/// How long a task that runs may take to note what it wrote before the question.
const SAVED_WITHIN: Duration = Duration::from_secs(3);
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Partitions that are read at the same time.
const AT_ONCE: usize = 8;

/// Another client that wrote to a target partition.
struct OtherWriter {
    place: TopicPartition,
    producer_id: Option<i64>,
    offset: Option<i64>,
    last_ms: Option<i64>,
}

/// Whether the target ends where the task's last record ends, but for its markers; and whether the brokers know another
/// producer. They do from 2.8 on, and who is the task's own they say from 3.0 on.
pub(crate) fn only_ours(facts: &Facts<'_>) -> Known<Answer> {
    let places = facts.target_places();
    let ends = facts.ends(Side::Target, &places, Isolation::Uncommitted)?;
    let states = saved_states(facts, &ends)?;
    if let Some(answer) = truncated(&states, &ends) {
        return Ok(answer);
    }
    let own = own_producer(facts)?;
    let mut others = written_behind(facts, &states, &ends, own)?;
    let producers = facts
        .client(Side::Target)?
        .describe_producers(&places)
        .map_err(|error| Unknown::of(Side::Target, &error))?;
    let names_producers = producers.values().all(Result::is_ok);
    // The records of a mirror come from a producer without such an id.
    let only = own.filter(|_| facts.is_transactional());
    if let Some(own) = only {
        others.extend(other_known_producers(facts, &states, &producers, own)?);
    }
    if !others.is_empty() {
        let names = transactional_ids(facts);
        others.retain(|one| {
            let name = one.producer_id.and_then(|id| names.get(&id));
            !name.is_some_and(|name| is_also_ours(facts.context.also_ours.as_deref(), name))
        });
        if !others.is_empty() {
            return Ok(found(facts, &others, &names));
        }
    }
    if let Some(unknown) = first_error(Side::Target, &ends) {
        return Err(unknown);
    }
    let rows = states.iter().map(|state| {
        let end = ends.get(&target_place(state)).and_then(|end| end.as_ref().ok());
        Evidence::about(target_place(state))
            .with("our_end", state.target_next)
            .maybe("end", end.copied())
            .maybe("own_producer_id", own)
    });
    let partitions = counted(states.len(), "partition");
    let cause = if only.is_some() && names_producers {
        format!(
            "{partitions} of the target end where the task's last record and marker end, and the brokers know no other producer"
        )
    } else {
        format!(
            "{partitions} of the target end where the task's last record and marker end; the brokers do not say who wrote between its records, a verification finds it"
        )
    };
    Ok(Answer::success(cause).with(rows))
}

/// Where the task stands, once it has noted what stood on the target before: a running one notes it a moment later.
fn saved_states(facts: &Facts<'_>, ends: &ByPlace<i64>) -> Known<Vec<PartitionState>> {
    let until = Instant::now() + SAVED_WITHIN;
    // That of its last transaction stands behind the last record.
    let marker = i64::from(facts.is_transactional());
    loop {
        let states: Vec<PartitionState> = facts
            .states_now()?
            .into_iter()
            .filter(PartitionState::is_pinned)
            .collect();
        let behind = states.iter().any(
            |state| matches!(ends.get(&target_place(state)), Some(Ok(end)) if *end > state.target_next + marker),
        );
        if !behind || Instant::now() >= until {
            return Ok(states);
        }
        facts.wait_until(until.min(Instant::now() + LOOK_EVERY))?;
    }
}

/// Target partitions that end before the task's last record.
fn truncated(states: &[PartitionState], ends: &ByPlace<i64>) -> Option<Answer> {
    let rows: Vec<Evidence> = states
        .iter()
        .filter_map(|state| {
            let place = target_place(state);
            let end = *ends.get(&place)?.as_ref().ok()?;
            (end < state.target_next).then(|| {
                Evidence::about(place)
                    .with("end", end)
                    .with("our_end", state.target_next)
            })
        })
        .collect();
    (!rows.is_empty()).then(|| {
        Answer::failed(
            format!(
                "{} of the target end before the task's last record: the topic was recreated, or lost records",
                counted(rows.len(), "partition")
            ),
            "verify the task to see what is missing, and copy it again",
        )
        .with(rows)
    })
}

/// The id of the task's own producer with a transactional id, where it has one and the brokers say. That of a mirror fills
/// the source's holes.
fn own_producer(facts: &Facts<'_>) -> Known<Option<i64>> {
    // Asking for the coordinator of a transactional id makes an unused cluster create its internal topic.
    if !facts.is_transactional() && !facts.is_mirror() {
        return Ok(None);
    }
    let name = facts.identity();
    let described = facts
        .client(Side::Target)?
        .describe_transactions(&[&name])
        .map_err(|error| Unknown::of(Side::Target, &error))?;
    Ok(described
        .into_values()
        .next()
        .and_then(Result::ok)
        .map(|described| described.producer_id))
}

/// Offsets of records that a person had written later.
fn replayed(facts: &Facts<'_>, state: &PartitionState) -> Known<Vec<Option<i64>>> {
    let settled = facts
        .store
        .settled_quarantine(&facts.task.name, &state.key)
        .map_err(|error| state_error(&error))?;
    Ok(settled
        .into_iter()
        .filter_map(|(_, fate)| match fate {
            QuarantineFate::Replayed { target_offset } => Some(target_offset),
            QuarantineFate::Discarded => None,
        })
        .collect())
}

/// Who wrote behind the task's last records: several partitions are read at a time, because each of a task with
/// transactions has a marker there.
fn written_behind(
    facts: &Facts<'_>,
    states: &[PartitionState],
    ends: &ByPlace<i64>,
    own: Option<i64>,
) -> Known<Vec<OtherWriter>> {
    let next = AtomicUsize::new(0);
    let read = || -> Known<Vec<OtherWriter>> {
        let mut found = Vec::new();
        while let Some(state) = states.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Some(Ok(end)) = ends.get(&target_place(state)) {
                found.extend(writers_behind_our_end(facts, state, *end, own)?);
            }
        }
        Ok(found)
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..AT_ONCE.min(states.len()))
            .map(|_| scope.spawn(read))
            .collect();
        let mut found = Vec::new();
        for thread in threads {
            let part = thread.join().unwrap_or_else(|_| {
                Err(Unknown::new(
                    "the question for the ends of the logs failed",
                    "ask again",
                ))
            });
            found.extend(part?);
        }
        Ok(found)
    })
}

/// Who wrote behind the task's last record in a partition.
fn writers_behind_our_end(
    facts: &Facts<'_>,
    state: &PartitionState,
    end: i64,
    own: Option<i64>,
) -> Known<Vec<OtherWriter>> {
    if end <= state.target_next {
        return Ok(Vec::new());
    }
    let place = target_place(state);
    let batches = stored_batches(facts.client(Side::Target)?, &place, state.target_next, end)
        .map_err(|error| Unknown::of(Side::Target, &error))?;
    // The marker right behind its last record is the task's own.
    let own = own.or_else(|| {
        batches
            .first()
            .filter(|batch| batch.is_marker && batch.offset == state.target_next)
            .and_then(|batch| batch.producer_id)
    });
    let replayed = replayed(facts, state)?;
    let is_replay = |batch: &StoredBatch| {
        replayed
            .iter()
            .flatten()
            .any(|offset| (batch.offset..batch.offset + batch.offsets).contains(offset))
    };
    let mut seen = BTreeSet::new();
    Ok(batches
        .iter()
        .filter(|batch| own.is_none() || batch.producer_id != own)
        .filter(|batch| !is_replay(batch))
        .filter(|batch| seen.insert(batch.producer_id))
        .map(|batch| OtherWriter {
            place: place.clone(),
            producer_id: batch.producer_id,
            offset: Some(batch.offset),
            last_ms: batch.timestamp,
        })
        .collect())
}

/// Producers beside the task's that the brokers remember of partitions where the task found nothing, or since then.
fn other_known_producers(
    facts: &Facts<'_>,
    states: &[PartitionState],
    producers: &ByPlace<Vec<sluice_wire::ProducerState>>,
    own: i64,
) -> Known<Vec<OtherWriter>> {
    let mut others = Vec::new();
    for state in states {
        let place = target_place(state);
        let Some(Ok(known)) = producers.get(&place) else {
            continue;
        };
        if !replayed(facts, state)?.is_empty() {
            continue;
        }
        let since = |time: Option<i64>| {
            state.target_start == 0 || time.is_some_and(|time| time >= facts.launch.launched_at_ms)
        };
        others.extend(
            known
                .iter()
                .filter(|known| known.producer_id != own && since(known.last_timestamp))
                .map(|known| OtherWriter {
                    place: place.clone(),
                    producer_id: Some(known.producer_id),
                    offset: None,
                    last_ms: known.last_timestamp,
                }),
        );
    }
    Ok(others)
}

/// Whether this is the transactional id of another program that copied for the task. Connect names them
/// `GROUP-CONNECTOR-NUMBER` (KIP-618).
fn is_also_ours(ending: Option<&str>, transactional_id: &str) -> bool {
    let Some((before, number)) = transactional_id.rsplit_once('-') else {
        return false;
    };
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number && ending.is_some_and(|ending| before.ends_with(&format!("-{ending}")))
}

/// The transactional ids of producers that the brokers still know.
fn transactional_ids(facts: &Facts<'_>) -> BTreeMap<i64, String> {
    facts
        .client(Side::Target)
        .ok()
        .and_then(|client| client.list_transactions(&TransactionFilter::default()).ok())
        .map(|listed| {
            listed
                .found
                .into_iter()
                .map(|one| (one.producer_id, one.transactional_id))
        })
        .into_iter()
        .flatten()
        .collect()
}

fn found(facts: &Facts<'_>, others: &[OtherWriter], names: &BTreeMap<i64, String>) -> Answer {
    let rules = match facts.access(Side::Target) {
        Ok(Access::Rules(rules)) => rules.as_slice(),
        Ok(Access::Open) | Err(_) => &[],
    };
    let mut named = BTreeSet::new();
    let mut sentences = Vec::new();
    for one in others {
        if !named.insert((&one.place, one.producer_id)) {
            continue;
        }
        sentences.push(match one.producer_id {
            None => format!("a client without a producer id to {}", one.place),
            Some(id) => match names.get(&id) {
                Some(name) => format!("'{name}' (producer {id}) to {}", one.place),
                None => format!("producer {id} to {}", one.place),
            },
        });
    }
    let rows = others.iter().map(|one| {
        let may: Vec<&str> = access::writers(rules, &one.place.topic).into_iter().collect();
        Evidence::about(&one.place)
            .maybe("producer_id", one.producer_id)
            .maybe("transactional_id", one.producer_id.and_then(|id| names.get(&id)))
            .maybe("offset", one.offset)
            .maybe("last_write_ms", one.last_ms)
            .maybe("may_write", (!may.is_empty()).then(|| may.join(", ")))
    });
    Answer::failed(
        format!("other clients wrote to the target: {}", listed(&sentences, ", ")),
        "stop them; what they wrote is in none of the source's topics, and a verification lists it",
    )
    .with(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_connect_wrote_for_the_task_is_told_by_the_connectors_name_alone() {
        let ours = |id: &str| is_also_ours(Some("sluice-rp-1-source"), id);
        assert!(ours("connect-sluice-rp-1-source-0") && ours("my-group-sluice-rp-1-source-12"));
        assert!(!ours("connect-sluice-rp-1-source-x") && !ours("connect-sluice-rp-1-source-"));
        assert!(!ours("connect-sluice-rp-11-source-0") && !ours("other-0"));
        assert!(!is_also_ours(None, "connect-sluice-rp-1-source-0"));
    }
}
