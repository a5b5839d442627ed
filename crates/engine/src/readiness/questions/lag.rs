//! `lag_zero`.

use std::collections::BTreeSet;

use sluice_model::ForbiddenTopics;

use crate::error::Side;
use crate::plan::precheck::words::counted;
use crate::position::UNPINNED;
use crate::readiness::answer::Answer;
use crate::readiness::evidence::Evidence;
use crate::readiness::facts::{Facts, Known, first_error, place};

/// Whether everything at the source is copied, at the second look. What came between the two looks counts.
pub(crate) fn zero(facts: &Facts<'_>) -> Known<Answer> {
    let (before, now) = (facts.first_snapshot()?, facts.second_snapshot()?);
    let mut behind: Vec<(i64, Evidence)> = Vec::new();
    let (mut offsets, mut held) = (0, 0usize);
    for (key, position) in &now.positions {
        let place = place(key);
        let (Some(Ok(end)), Some(Ok(stable))) = (now.ends.get(&place), now.stable.get(&place)) else {
            continue;
        };
        if *position == UNPINNED {
            let waits = Evidence::about(&place).with("end", *end).with("begun", false);
            behind.push((i64::MAX, waits));
            continue;
        }
        let lag = end - position;
        if lag <= 0 {
            continue;
        }
        offsets += lag;
        held += usize::from(position >= stable);
        let earlier = match (before.ends.get(&place), before.positions.get(key)) {
            (Some(Ok(end)), Some(position)) => Some(end - position),
            _ => None,
        };
        let row = Evidence::about(&place)
            .with("position", *position)
            .with("end", *end)
            .with("stable_end", *stable)
            .with("lag", lag)
            .with("lag_committed", (stable - position).max(0))
            .maybe("lag_before", earlier);
        behind.push((lag, row));
    }
    let new = not_begun(facts)?;
    behind.sort_by_key(|(lag, _)| std::cmp::Reverse(*lag));
    let count = behind.len();
    let rows = new.iter().cloned().chain(behind.into_iter().map(|(_, row)| row));
    if !new.is_empty() {
        return Ok(Answer::failed(
            format!(
                "{} of the source came after the task last looked, and nothing of it is copied",
                counted(new.len(), "partition")
            ),
            "let the task run until it has copied them",
        )
        .with(rows));
    }
    if count > 0 {
        return Ok(not_copied(offsets, held, count).with(rows));
    }
    for answers in [&now.ends, &now.stable] {
        if let Some(unknown) = first_error(Side::Source, answers) {
            return Err(unknown);
        }
    }
    Ok(Answer::success(format!(
        "{} are copied to their ends, for readers of committed records and for readers of all",
        counted(now.positions.len(), "partition")
    ))
    .with(now.positions.iter().map(|(key, position)| {
        Evidence::about(place(key))
            .with("position", *position)
            .with("lag", 0i64)
    })))
}

/// `offsets` in `count` partitions are not copied, in `held` of them for open transactions.
fn not_copied(offsets: i64, held: usize, count: usize) -> Answer {
    let partitions = counted(count, "partition");
    if held == count {
        return Answer::failed(
            format!(
                "{offsets} offsets in {partitions} are held back by transactions that are open at the source"
            ),
            "end these transactions (see open_transactions), and let the task copy the rest",
        );
    }
    Answer::failed(
        format!("{offsets} offsets in {partitions} are not copied yet"),
        "stop what writes to the source, and let the task run until it has caught up",
    )
}

/// Partitions that belong to the task and that it has not taken in yet.
fn not_begun(facts: &Facts<'_>) -> Known<Vec<Evidence>> {
    let topics = facts.source_topics()?;
    let known: BTreeSet<(&str, i32)> = facts
        .states
        .iter()
        .map(|state| (state.key.topic.as_str(), state.key.partition))
        .collect();
    let names = topics
        .iter()
        .filter(|topic| topic.error.is_none() && !topic.internal)
        .map(|topic| topic.name.as_str());
    // A description that does not fit the topics any more is the task's own trouble, which it shows.
    let chosen: BTreeSet<String> = facts
        .task
        .routes(names)
        .unwrap_or_default()
        .into_iter()
        .map(|(source, _)| source)
        .collect();
    let topics_begun: BTreeSet<&str> = known.iter().map(|(topic, _)| *topic).collect();
    // A task may have left out topics that this user may not read.
    let takes_new = facts.task.forbidden_topics == ForbiddenTopics::Stop;
    Ok(topics
        .iter()
        .filter(|topic| chosen.contains(&topic.name))
        .filter(|topic| takes_new || topics_begun.contains(topic.name.as_str()))
        .flat_map(|topic| {
            topic
                .partitions
                .iter()
                .map(|partition| (topic.name.as_str(), partition.partition))
        })
        .filter(|place| !known.contains(place))
        .map(|(topic, partition)| Evidence::about(format!("{topic}-{partition}")).with("begun", false))
        .collect())
}
