//! `open_transactions` and `tied_topics`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sluice_wire::{OpenTransaction, TopicPartition, TransactionFilter};

use crate::clock::now_ms;
use crate::error::Side;
use crate::plan::precheck::words::{counted, listed, quoted, span};
use crate::readiness::answer::Answer;
use crate::readiness::evidence::Evidence;
use crate::readiness::facts::{Facts, Known, first_error};
use crate::readiness::unknown::Unknown;

/// Where groups' positions are kept: a transaction that commits some has a partition of it.
const POSITIONS: &str = "__consumer_offsets";

fn ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Whether a transaction is open at the source, and whose it is.
pub(crate) fn open(facts: &Facts<'_>) -> Known<Answer> {
    let places = facts.source_places();
    let found = facts
        .client(Side::Source)?
        .open_transactions(&places)
        .map_err(|error| Unknown::of(Side::Source, &error))?;
    let now = now_ms();
    let open: Vec<(&TopicPartition, &OpenTransaction)> = found
        .iter()
        .filter_map(|(place, outcome)| Some((place, outcome.as_ref().ok()?)))
        .collect();
    if open.is_empty() {
        return match first_error(Side::Source, &found) {
            Some(unknown) => Err(unknown),
            None => Ok(Answer::success(format!(
                "the last stable offset is the end of each of {}",
                counted(places.len(), "partition")
            ))),
        };
    }
    let sentences: Vec<String> = open
        .iter()
        .map(|(place, one)| sentence(place, one, now))
        .collect();
    let hangs = open.iter().any(|(_, one)| one.abandoned);
    let remedy = if hangs {
        "a transaction that no coordinator knows never ends by itself: end it with kafka-transactions.sh --abort, naming topic, partition and start offset"
    } else {
        "end it in its application, or wait until its coordinator aborts it after the transaction's own time-out"
    };
    Ok(Answer::failed(
        format!(
            "{} held back by an open transaction: {}",
            counted(open.len(), "partition"),
            listed(&sentences, "; ")
        ),
        remedy,
    )
    .with(open.iter().map(|(place, one)| {
        let missing: Vec<String> = one
            .missing
            .iter()
            .map(|missing| missing.reason.to_string())
            .collect();
        Evidence::about(place)
            .with("start_offset", one.start_offset)
            .with("held_back", one.high_watermark - one.start_offset)
            .maybe("transactional_id", one.transactional_id.as_ref())
            .maybe("producer_id", one.producer_id)
            .maybe("last_write_ms", one.last_timestamp)
            .maybe("started_at_ms", one.started_at)
            .maybe("age_ms", one.age(now).map(ms))
            .maybe("timeout_ms", one.timeout.map(ms))
            .with("hanging", one.abandoned)
            .maybe("not_known", (!missing.is_empty()).then(|| missing.join("; ")))
    })))
}

fn sentence(place: &TopicPartition, one: &OpenTransaction, now: i64) -> String {
    let age = match one.age(now) {
        Some(age) => format!(", for {}", span(ms(age))),
        None => String::new(),
    };
    match (&one.transactional_id, one.producer_id) {
        (Some(name), Some(id)) => format!("'{name}' (producer {id}) in {place}{age}"),
        (None, Some(id)) => format!("producer {id} in {place}{age}"),
        (_, None) => {
            format!("an unnamed producer in {place}{age}, because the brokers are too old to name it")
        }
    }
}

/// Whether transactions that are open now, at two looks, reach beyond the task's topics. What is not open then is not seen.
pub(crate) fn tied(facts: &Facts<'_>) -> Known<Answer> {
    let mut seen = open_topics(facts)?;
    let first = facts.first_snapshot()?;
    facts.wait_until(first.at + facts.context.window)?;
    for (name, topics) in open_topics(facts)? {
        seen.entry(name).or_default().extend(topics);
    }
    let own: BTreeSet<&str> = facts.routes().into_keys().collect();
    let tied: Vec<(&String, Vec<&str>)> = seen
        .iter()
        .filter(|(_, topics)| topics.iter().any(|topic| own.contains(topic.as_str())))
        .map(|(name, topics)| {
            let outside = topics.iter().map(String::as_str);
            (
                name,
                outside
                    .filter(|topic| !own.contains(topic) && *topic != POSITIONS)
                    .collect(),
            )
        })
        .collect();
    let rows = tied.iter().map(|(name, outside)| {
        Evidence::about(name)
            .with("topics", seen.get(*name).map_or(0, BTreeSet::len))
            .with("topics_outside", outside.join(", "))
    });
    let beyond: BTreeSet<&str> = tied
        .iter()
        .flat_map(|(_, outside)| outside.iter().copied())
        .collect();
    let answer = if beyond.is_empty() {
        Answer::success(format!(
            "as far as seen: {} of these topics open at two looks, none of which reaches beyond the task",
            counted(tied.len(), "transaction")
        ))
    } else {
        let beyond: Vec<&str> = beyond.into_iter().collect();
        Answer::warning(
            format!(
                "transactions tie topics of the task to others: {}",
                quoted(&beyond)
            ),
            "move these topics together: take them into the task as well",
        )
    };
    Ok(answer.with(rows))
}

/// Topics of each transaction that is open now.
fn open_topics(facts: &Facts<'_>) -> Known<BTreeMap<String, BTreeSet<String>>> {
    let client = facts.client(Side::Source)?;
    let filter = TransactionFilter {
        states: vec!["Ongoing".to_owned()],
        ..TransactionFilter::default()
    };
    let listed = client
        .list_transactions(&filter)
        .map_err(|error| Unknown::of(Side::Source, &error))?;
    if let Some(error) = listed.failed.values().next() {
        return Err(Unknown::of(Side::Source, error));
    }
    let names: Vec<&str> = listed
        .found
        .iter()
        .map(|one| one.transactional_id.as_str())
        .collect();
    let described = client
        .describe_transactions(&names)
        .map_err(|error| Unknown::of(Side::Source, &error))?;
    Ok(described
        .into_iter()
        .filter_map(|(name, outcome)| {
            // One that ended in between ties nothing any more.
            let topics = outcome.ok()?.partitions.into_iter().map(|place| place.topic);
            Some((name, topics.collect()))
        })
        .collect())
}
