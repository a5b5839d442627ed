//! `verification_current`.

use std::collections::BTreeMap;

use crate::plan::precheck::words::counted;
use crate::position::{PartitionKey, PartitionState};
use crate::readiness::answer::Answer;
use crate::readiness::evidence::Evidence;
use crate::readiness::facts::{Facts, Known, place};
use crate::verify::{PartitionReport, Proof, VerificationResult};

/// Whether the last verification, with what it took over from earlier ones, covers every partition up to its position.
pub(crate) fn current(facts: &Facts<'_>) -> Known<Answer> {
    const REMEDY: &str = "verify the task; --continue compares only what is newer than the last verification";
    let states: Vec<PartitionState> = facts.states_now()?;
    let Some(report) = facts.context.verification else {
        return Ok(Answer::failed("the task was never verified", REMEDY));
    };
    if report.result == VerificationResult::Different {
        return Ok(Answer::failed(
            "the last verification found differences",
            "see its report; what differs must be settled before applications move",
        )
        .with(report.first_differences.iter().map(|difference| {
            Evidence::about(format!("{}-{}", difference.topic, difference.partition))
                .maybe("source_offset", difference.source_offset)
                .maybe("target_offset", difference.target_offset)
                .with("detail", difference.detail.as_str())
        })));
    }
    let compared = Compared {
        // A part from a place on says nothing of what is before it.
        whole: report.scope.as_ref().is_none_or(|scope| scope.since.is_none()),
        proofs: report.proofs(),
        parts: report
            .partitions
            .iter()
            .map(|part| ((part.topic.as_str(), part.partition), part))
            .collect(),
    };
    let (mut open, mut covered) = (Vec::new(), Vec::new());
    for state in states.iter().filter(|state| state.is_pinned()) {
        let to = compared.covered_to(state);
        let row = Evidence::about(place(&state.key))
            .with("position", state.position)
            .maybe("verified_to", to)
            .maybe(
                "digest",
                compared.part(state).map(|part| part.target_digest.as_str()),
            );
        if to.is_some_and(|to| to >= state.position) {
            covered.push(row);
        } else {
            open.push(row);
        }
    }
    if !open.is_empty() {
        return Ok(Answer::failed(
            format!(
                "{} copied more than was verified",
                counted(open.len(), "partition")
            ),
            REMEDY,
        )
        .with(open));
    }
    Ok(Answer::success(format!(
        "the last verification covers all that was copied in {}",
        counted(covered.len(), "partition")
    ))
    .with(covered))
}

/// What a report says of partitions.
struct Compared<'a> {
    /// Whether partitions were compared from their first copied record on.
    whole: bool,
    proofs: BTreeMap<PartitionKey, Proof>,
    parts: BTreeMap<(&'a str, i32), &'a PartitionReport>,
}

impl Compared<'_> {
    /// Up to which source offset a partition was found equal from the first copied record on.
    fn covered_to(&self, state: &PartitionState) -> Option<i64> {
        let proved = self
            .proofs
            .get(&state.key)
            .filter(|proof| proof.incarnation == state.incarnation)
            .map(|proof| proof.source_to);
        // Brokers before 2.8 give topics no ids, and nothing is proved of them for later: the report itself says it.
        let compared = self
            .part(state)
            .filter(|part| self.whole && part.is_whole() && part.not_compared.is_none())
            .and_then(|part| part.source_range)
            .map(|range| range.to);
        proved.max(compared)
    }

    fn part(&self, state: &PartitionState) -> Option<&PartitionReport> {
        self.parts
            .get(&(state.key.topic.as_str(), state.key.partition))
            .copied()
    }
}
