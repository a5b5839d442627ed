//! `group_inventory`, `groups_drained`, `offsets_translate`, `target_groups_not_ahead` and `positions_proved`.

use crate::groups::{GroupPosition, GroupReport, PositionToProve, ProofOutcome, Translated, prove_positions};
use crate::plan::precheck::words::{counted, listed, quoted};
use crate::position::PartitionKey;
use crate::readiness::answer::Answer;
use crate::readiness::evidence::Evidence;
use crate::readiness::facts::{Facts, Known, engine_error};

/// A partition of a group.
fn about(group: &GroupReport, position: &GroupPosition) -> Evidence {
    Evidence::about(&group.group)
        .with("partition", format!("{}-{}", position.topic, position.partition))
        .with("source_offset", position.source_offset)
        .maybe("target_offset", position.target_offset)
        .maybe("target_committed", position.target_committed)
}

/// Positions of the groups that are moved.
fn positions(groups: &[GroupReport]) -> impl Iterator<Item = (&GroupReport, &GroupPosition)> {
    groups
        .iter()
        .filter(|group| group.kind.is_moved())
        .flat_map(|group| group.partitions.iter().map(move |position| (group, position)))
}

/// Which groups read the task's topics, as far as this user sees them.
pub(crate) fn inventory(facts: &Facts<'_>) -> Known<Answer> {
    let report = facts.groups()?;
    let rows = report.groups.iter().map(|group| {
        Evidence::about(&group.group)
            .with("kind", format!("{:?}", group.kind).to_lowercase())
            .maybe("members", group.members_source.map(i64::from))
            .maybe("lag", group.lag_source)
            .maybe(
                "topics_outside",
                (!group.topics_outside.is_empty()).then(|| group.topics_outside.join(", ")),
            )
            .maybe("reason", group.reason.as_ref())
    });
    let names = |wanted: &dyn Fn(&GroupReport) -> bool| -> Vec<&str> {
        let wanted = report.groups.iter().filter(|group| wanted(group));
        wanted.map(|group| group.group.as_str()).collect()
    };
    let not_moved = names(&|group| !group.kind.is_moved());
    let outside = names(&|group| !group.topics_outside.is_empty());
    let mut causes = Vec::new();
    if !not_moved.is_empty() {
        causes.push(format!(
            "groups of a kind that is not moved: {}",
            quoted(&not_moved)
        ));
    }
    if !outside.is_empty() {
        causes.push(format!(
            "groups that also read topics outside the task: {}",
            quoted(&outside)
        ));
    }
    let count = counted(report.groups.len(), "group");
    let answer = if causes.is_empty() {
        Answer::success(format!("{count} read these topics, as far as this user may see"))
    } else {
        Answer::warning(
            causes.join("; "),
            "move what belongs together: take the topics into the task, and start groups that are not moved by hand",
        )
    };
    Ok(answer.with(rows))
}

/// Whether each group has read everything, or its lag is accepted.
pub(crate) fn drained(facts: &Facts<'_>) -> Known<Answer> {
    let report = facts.groups()?;
    let (mut behind, mut accepted, mut unknown, mut rows) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for group in report.groups.iter().filter(|group| group.kind.is_moved()) {
        let row = Evidence::about(&group.group).maybe("lag", group.lag_source);
        match group.lag_source {
            Some(0) => {}
            Some(_) if facts.context.accepted_lag.contains(&group.group) => {
                accepted.push(group.group.as_str())
            }
            Some(lag) => behind.push(format!("'{}' by {lag} offsets", group.group)),
            None => unknown.push(group.group.as_str()),
        }
        if group.lag_source != Some(0) {
            rows.push(row);
        }
    }
    let answer = if !behind.is_empty() {
        Answer::failed(
            format!("groups that have not read everything: {}", listed(&behind, ", ")),
            "let them read to the end of the source, or accept their lag: they go on at the same record on the target",
        )
    } else if !unknown.is_empty() {
        Answer::unknown(
            format!("the lag of groups is not known: {}", quoted(&unknown)),
            "see that all brokers of the source answer, and ask again",
        )
    } else if !accepted.is_empty() {
        Answer::warning(
            format!("groups whose lag is accepted: {}", quoted(&accepted)),
            "they go on at the same record on the target",
        )
    } else {
        Answer::success(format!(
            "{} have read everything",
            counted(
                report.groups.iter().filter(|group| group.kind.is_moved()).count(),
                "group"
            )
        ))
    };
    Ok(answer.with(rows))
}

/// Whether each position has its exact place on the target.
pub(crate) fn translate(facts: &Facts<'_>) -> Known<Answer> {
    let report = facts.groups()?;
    let all = positions(&report.groups).count();
    let inexact: Vec<(&GroupReport, &GroupPosition)> = positions(&report.groups)
        .filter(|(_, position)| !position.result.is_exact())
        .collect();
    let of = |wanted: &[Translated]| -> Vec<String> {
        inexact
            .iter()
            .filter(|(_, position)| wanted.contains(&position.result))
            .map(|(group, position)| {
                format!("'{}' in {}-{}", group.group, position.topic, position.partition)
            })
            .collect()
    };
    let (pending, unknown) = (of(&[Translated::Pending]), of(&[Translated::Unknown]));
    let before = of(&[Translated::BeforeStart, Translated::Expired]);
    let answer = if !pending.is_empty() {
        Answer::failed(
            format!(
                "positions whose records are not copied yet: {}",
                listed(&pending, ", ")
            ),
            "let the task run until it has copied them",
        )
    } else if !unknown.is_empty() {
        Answer::unknown(
            format!(
                "positions whose place on the target is not certain: {}",
                listed(&unknown, ", ")
            ),
            "see the reasons in the evidence; commit these positions by hand",
        )
    } else if !before.is_empty() {
        Answer::warning(
            format!(
                "positions before the start of the copy: {}",
                listed(&before, ", ")
            ),
            "these groups would begin at the first copied record; copy from the beginning if they need what is before it",
        )
    } else {
        Answer::success(format!(
            "{} have their exact place on the target",
            counted(all, "position")
        ))
    };
    Ok(answer.with(inexact.iter().map(|(group, position)| {
        about(group, position)
            .with("result", format!("{:?}", position.result).to_lowercase())
            .maybe("missing", position.missing)
            .maybe("reason", position.reason.as_ref())
    })))
}

/// Whether a group is further on the target than the translation of where it stands at the source.
pub(crate) fn not_ahead(facts: &Facts<'_>) -> Known<Answer> {
    let report = facts.groups()?;
    let ahead: Vec<(&GroupReport, &GroupPosition)> = positions(&report.groups)
        .filter(
            |(_, position)| match (position.target_committed, position.target_offset) {
                (Some(committed), Some(translated)) => committed > translated,
                // Not translatable yet, so whatever stands there is ahead.
                (Some(_), None) => position.result == Translated::Pending,
                (None, _) => false,
            },
        )
        .collect();
    if !ahead.is_empty() {
        let sentences: Vec<String> = ahead
            .iter()
            .map(|(group, position)| {
                format!("'{}' in {}-{}", group.group, position.topic, position.partition)
            })
            .collect();
        return Ok(Answer::failed(
            format!("groups that are ahead on the target: {}", listed(&sentences, ", ")),
            "a consumer that starts there would leave records out: set the position back, or see which program committed it",
        )
        .with(ahead.iter().map(|(group, position)| about(group, position))));
    }
    let committed = positions(&report.groups).filter(|(_, position)| position.target_committed.is_some());
    let rows: Vec<Evidence> = committed
        .map(|(group, position)| about(group, position))
        .collect();
    Ok(Answer::success(format!(
        "{} on the target, none of them ahead",
        counted(rows.len(), "position")
    ))
    .with(rows))
}

/// Whether the record that comes next is the same on both sides, for each position that stands on the target.
pub(crate) fn proved(facts: &Facts<'_>) -> Known<Answer> {
    let report = facts.groups()?;
    let waiting = positions(&report.groups)
        .filter(|(_, position)| {
            position.target_committed != position.target_offset || position.target_offset.is_none()
        })
        .count();
    let moved: Vec<(&GroupReport, &GroupPosition)> = positions(&report.groups)
        .filter(|(_, position)| {
            position.target_offset.is_some() && position.target_committed == position.target_offset
        })
        .collect();
    let wanted: Vec<PositionToProve> = moved
        .iter()
        .filter_map(|(_, position)| {
            Some(PositionToProve {
                key: PartitionKey {
                    topic: position.topic.clone(),
                    partition: position.partition,
                },
                source_offset: position.source_offset,
                target_offset: position.target_offset?,
            })
        })
        .collect();
    let outcomes = if wanted.is_empty() {
        Vec::new()
    } else {
        prove_positions(facts.task, facts.store, &wanted, facts.given_up_flag())
            .map_err(|error| engine_error(&error))?
    };
    Ok(proofs(&moved, &outcomes, waiting))
}

fn proofs(moved: &[(&GroupReport, &GroupPosition)], outcomes: &[ProofOutcome], waiting: usize) -> Answer {
    let (mut different, mut not_read, mut rows) = (Vec::new(), Vec::new(), Vec::new());
    for ((group, position), outcome) in moved.iter().zip(outcomes) {
        let name = format!("'{}' in {}-{}", group.group, position.topic, position.partition);
        let row = about(group, position);
        match outcome {
            ProofOutcome::Equal { .. } | ProofOutcome::BothAtEnd => rows.push(row.with("proved", true)),
            ProofOutcome::Different { detail } => {
                rows.insert(0, row.with("proved", false).with("detail", detail.as_str()));
                different.push(name);
            }
            ProofOutcome::Gone { reason } | ProofOutcome::NotRead { reason } => {
                rows.insert(0, row.with("reason", reason.as_str()));
                not_read.push(name);
            }
        }
    }
    let answer = if !different.is_empty() {
        Answer::failed(
            format!(
                "positions before another record on the target: {}",
                listed(&different, ", ")
            ),
            "move these positions again, and verify the task",
        )
    } else if !not_read.is_empty() {
        Answer::unknown(
            format!(
                "positions whose next record could not be read: {}",
                listed(&not_read, ", ")
            ),
            "see the reasons in the evidence, and ask again",
        )
    } else if waiting > 0 {
        Answer::warning(
            format!("{} not moved to the target yet", counted(waiting, "position")),
            "move the groups before their consumers start on the target (sluice task groups)",
        )
    } else if moved.is_empty() {
        Answer::success("no position has to be moved")
    } else {
        Answer::success(format!(
            "{} moved, and the next record is the same on both sides",
            counted(moved.len(), "position")
        ))
    };
    answer.with(rows)
}
