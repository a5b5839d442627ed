//! `no_gaps` and `quarantine_empty`: what the task itself noted.

use std::collections::BTreeMap;

use crate::plan::precheck::words::counted;
use crate::readiness::answer::Answer;
use crate::readiness::evidence::Evidence;
use crate::readiness::facts::{Facts, Known, state_error};

/// Quarantined records that are shown.
const SHOWN: usize = 100;

/// Whether records are missing because the source lost them before they were copied. Nothing can bring them back, so it
/// is a warning.
pub(crate) fn no_gaps(facts: &Facts<'_>) -> Known<Answer> {
    let gaps = facts
        .store
        .gaps(&facts.task.name)
        .map_err(|error| state_error(&error))?;
    let incarnations: BTreeMap<_, u32> = facts
        .states
        .iter()
        .map(|state| (&state.key, state.incarnation))
        .collect();
    let now: Vec<_> = gaps
        .iter()
        .filter(|gap| incarnations.get(&gap.key) == Some(&gap.incarnation))
        .collect();
    if now.is_empty() {
        return Ok(Answer::success("the source lost nothing before it was copied"));
    }
    let offsets: i64 = now.iter().map(|gap| gap.range.to - gap.range.from).sum();
    Ok(Answer::warning(
        format!(
            "{offsets} offsets of the source were gone before they were copied, in {}",
            counted(now.len(), "range")
        ),
        "they are on neither side; see that no application needs them",
    )
    .with(now.into_iter().map(|gap| {
        Evidence::about(&gap.key)
            .with("from", gap.range.from)
            .with("to", gap.range.to)
            .with("reason", gap.reason.to_string())
            .with("found_at_ms", gap.found_at_ms)
    })))
}

/// Whether a record that the target refused waits for a decision.
pub(crate) fn quarantine_empty(facts: &Facts<'_>) -> Known<Answer> {
    let (store, name) = (facts.store, &facts.task.name);
    let count = store
        .quarantined_count(name)
        .map_err(|error| state_error(&error))?;
    if count == 0 {
        return Ok(Answer::success("no record is in quarantine"));
    }
    let records = store
        .quarantined(name, SHOWN)
        .map_err(|error| state_error(&error))?;
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    Ok(Answer::failed(
        format!(
            "{} that the target refused waits in quarantine",
            counted(count, "record")
        ),
        "decide about each: write it to the target now, or leave it out for good (sluice task quarantine)",
    )
    .with(records.into_iter().map(|record| {
        Evidence::about(&record.key)
            .with("offset", record.offset)
            .with("reason", record.reason)
            .with("size", record.size)
    })))
}
