//! What is done for one group, and what is said of it.

use std::collections::{BTreeMap, BTreeSet};

use sluice_wire::{GroupOffset, TopicPartition, WireError};

use crate::groups::both_ways::Whereabouts;
use crate::groups::commit::Outcomes;
use crate::groups::decision::{Decision, decide, is_foreign};
use crate::groups::facts::{Facts, on_target};
use crate::groups::inventory::{SourceGroup, TargetGroup};
use crate::groups::resolve::{Resolved, Wanted};
use crate::groups::sync::{Inside, key_of};
use crate::groups::{
    GroupMemory, GroupPosition, GroupReport, GroupState, ProofOutcome, SyncOptions, SyncedPosition,
    Translated,
};
use crate::position::PartitionKey;

/// Kafka's codes for a commit without a member in a group that has some: UNKNOWN_MEMBER_ID, ILLEGAL_GENERATION,
/// REBALANCE_IN_PROGRESS, STALE_MEMBER_EPOCH.
const HAS_MEMBERS: [i16; 4] = [25, 22, 27, 113];

/// What all groups of a sync have in common.
pub(crate) struct Planning<'a> {
    pub(crate) options: &'a SyncOptions,
    pub(crate) facts: &'a Facts<'a>,
    pub(crate) resolved: &'a BTreeMap<Wanted, Resolved>,
    pub(crate) proofs: &'a BTreeMap<Wanted, ProofOutcome>,
    pub(crate) inside: &'a Inside<'a>,
    /// Of a pair that copies both ways, what the other task knows of the groups.
    pub(crate) partner: Option<&'a BTreeMap<String, GroupMemory>>,
    pub(crate) now_ms: i64,
}

/// A commit of one position.
#[derive(Debug, Clone)]
pub(crate) struct PlannedCommit {
    pub(crate) source_offset: i64,
    pub(crate) target_offset: i64,
    pub(crate) metadata: String,
    /// What the target has now.
    pub(crate) before: Option<i64>,
}

/// A group with what is to be committed for it.
#[derive(Debug, Clone)]
pub(crate) struct Planned {
    pub(crate) report: GroupReport,
    pub(crate) commits: BTreeMap<PartitionKey, PlannedCommit>,
    /// Of a pair: positions that the target has further already, by what the group has read there. Only noted.
    pub(crate) answered: BTreeMap<PartitionKey, SyncedPosition>,
    pub(crate) is_newly_taken_over: bool,
    /// It was taken over, and the other task of the pair has moved it away from the target since.
    pub(crate) is_given_back: bool,
    /// Positions that were to be committed and are not.
    pub(crate) failed: u64,
    /// Positions that the target has further than the translation.
    ahead: BTreeSet<PartitionKey>,
    /// The state is said already: its positions say nothing more.
    is_settled: bool,
}

impl Planning<'_> {
    /// Plans one group. `target`: what the target has of it; `memory`: what the task knows of it.
    pub(crate) fn plan(
        &self,
        group: &SourceGroup,
        target: Option<&TargetGroup>,
        memory: &GroupMemory,
    ) -> Planned {
        let mut planned = Planned {
            report: self.said(group, target, memory),
            commits: BTreeMap::new(),
            answered: BTreeMap::new(),
            is_newly_taken_over: false,
            is_given_back: false,
            failed: 0,
            ahead: BTreeSet::new(),
            is_settled: false,
        };
        let nothing = GroupMemory::default();
        let whereabouts = self.partner.map(|partner| Whereabouts {
            own: memory,
            partner: partner.get(&group.group).unwrap_or(&nothing),
        });
        let Ok(offsets) = &group.offsets else {
            return planned.settled(
                GroupState::Unknown,
                format!(
                    "its committed offsets cannot be read at the source: {}",
                    unread(group)
                ),
            );
        };
        if let Some(why) = group
            .kind
            .why_not_moved(&group.protocol, group.internal_topic.as_deref())
        {
            return planned.settled(GroupState::NotMoved, why);
        }
        let current = match target.map(current) {
            Some(Ok(current)) => current,
            Some(Err(why)) => {
                planned.report.partitions = self.positions(offsets, &BTreeMap::new(), whereabouts);
                return planned.settled(GroupState::Unknown, why);
            }
            None => {
                return planned.settled(GroupState::Unknown, "the target was not asked for it".to_owned());
            }
        };
        planned.report.partitions = self.positions(offsets, &current, whereabouts);
        if planned.report.partitions.is_empty() && group.unreadable.is_empty() {
            return planned.settled(
                GroupState::NotMoved,
                "it has no committed offsets in the task's topics".to_owned(),
            );
        }
        if let Some((state, why)) = self.left_alone(&mut planned, memory, whereabouts) {
            return planned.settled(state, why);
        }
        self.decide(&mut planned, offsets, memory, whereabouts);
        if let Some((place, error)) = group.unreadable.first_key_value() {
            planned.failed += group.unreadable.len() as u64;
            planned.report.reason = Some(format!(
                "{} of its positions cannot be read at the source, the first of them in {place}: {error}",
                group.unreadable.len()
            ));
        }
        planned
    }

    /// The note of a position that the target has further: the group has read up to there itself. None if it is noted already.
    fn answered(&self, position: &GroupPosition, earlier: Option<&SyncedPosition>) -> Option<SyncedPosition> {
        let current = position.target_committed?;
        let note = SyncedPosition {
            source_offset: position.source_offset,
            target_offset: current,
            before: Some(current),
            at_ms: self.now_ms,
        };
        let is_known = earlier.is_some_and(|earlier| {
            (earlier.source_offset, earlier.target_offset) == (note.source_offset, current)
        });
        (!is_known).then_some(note)
    }

    /// Whether the group is left alone, whatever its positions are, and why.
    fn left_alone(
        &self,
        planned: &mut Planned,
        memory: &GroupMemory,
        whereabouts: Option<Whereabouts<'_>>,
    ) -> Option<(GroupState, String)> {
        let report = &mut planned.report;
        if whereabouts.is_some_and(|whereabouts| is_put_there(whereabouts, report)) {
            return Some((
                GroupState::Synced,
                "it is where the other task of the pair put it, and has not read on there: it is still on the target"
                    .to_owned(),
            ));
        }
        if report.members_target.is_some_and(|members| members > 0) {
            planned.is_newly_taken_over = memory.taken_over_ms.is_none();
            return Some((
                GroupState::Live,
                "it has members on the target: it reads there, and is left alone from now on".to_owned(),
            ));
        }
        planned.is_given_back = whereabouts
            .zip(memory.taken_over_ms)
            .is_some_and(|(whereabouts, at_ms)| whereabouts.is_given_back(at_ms, &report.partitions));
        if memory.taken_over_ms.is_some() && !planned.is_given_back {
            return Some((
                GroupState::TakenOver,
                "it was in use on the target and is left alone for good; to move it all the same, stop it and set its offsets with Kafka's own tools".to_owned(),
            ));
        }
        let place = foreign(report, memory, whereabouts)?;
        planned.is_newly_taken_over = true;
        planned.is_given_back = false;
        report.taken_over_ms = Some(self.now_ms);
        Some((
            GroupState::TakenOver,
            format!(
                "another program has committed for it on the target since the last sync (at {place}): it is in use there, and is left alone from now on"
            ),
        ))
    }

    /// What is known of the group without its positions.
    fn said(&self, group: &SourceGroup, target: Option<&TargetGroup>, memory: &GroupMemory) -> GroupReport {
        let (inside, outside): (Vec<&String>, Vec<&String>) = group
            .topics()
            .into_iter()
            .partition(|topic| self.inside.has(topic));
        let members = target.and_then(|target| target.members.as_ref());
        GroupReport {
            group: group.group.clone(),
            kind: group.kind,
            protocol: group.protocol.clone(),
            members_source: group.members,
            members_target: members.and_then(|members| members.as_ref().ok().copied()),
            state: GroupState::Behind,
            lag_source: None,
            lag_target: None,
            topics_inside: inside.into_iter().cloned().collect(),
            topics_outside: outside.into_iter().cloned().collect(),
            taken_over_ms: memory.taken_over_ms,
            last_sync_ms: memory.last_sync_ms(),
            reason: None,
            partitions: Vec::new(),
        }
    }

    fn positions(
        &self,
        offsets: &BTreeMap<TopicPartition, GroupOffset>,
        current: &BTreeMap<TopicPartition, GroupOffset>,
        whereabouts: Option<Whereabouts<'_>>,
    ) -> Vec<GroupPosition> {
        offsets
            .iter()
            .filter_map(|(place, committed)| {
                let of = (key_of(place), committed.offset);
                let resolved = self.resolved.get(&of)?;
                let proof = self.proofs.get(&of);
                let not_compared = proof
                    .and_then(ProofOutcome::not_compared)
                    .map(|reason| format!("not proved: {reason}"));
                let on_target = self.facts.state(&of.0).map(on_target);
                let position = GroupPosition {
                    topic: place.topic.clone(),
                    partition: place.partition,
                    source_offset: committed.offset,
                    target_topic: self.facts.target_topic(&of.0),
                    target_offset: resolved.target,
                    target_committed: on_target
                        .and_then(|place| current.get(&place))
                        .map(|offset| offset.offset),
                    result: resolved.result,
                    missing: resolved.missing,
                    read_again: resolved.read_again,
                    proved: proof.and_then(ProofOutcome::is_proved),
                    committed: false,
                    reason: resolved.reason.clone().or(not_compared),
                };
                let note = whereabouts.and_then(|pair| pair.put_there(&of.0, committed.offset));
                Some(match note {
                    Some(note) => stayed(position, note),
                    None => position,
                })
            })
            .collect()
    }

    fn decide(
        &self,
        planned: &mut Planned,
        offsets: &BTreeMap<TopicPartition, GroupOffset>,
        memory: &GroupMemory,
        whereabouts: Option<Whereabouts<'_>>,
    ) {
        for position in &mut planned.report.partitions {
            let key = position.key();
            if whereabouts.is_some_and(|pair| pair.put_there(&key, position.source_offset).is_some()) {
                continue;
            }
            let of = (key.clone(), position.source_offset);
            let Some(resolved) = self.resolved.get(&of) else {
                continue;
            };
            let decision = decide(
                resolved,
                position.target_committed,
                memory.positions.get(&key),
                self.proofs.get(&of),
                self.options,
                self.now_ms,
            );
            if matches!(self.proofs.get(&of), Some(ProofOutcome::NotRead { .. })) {
                planned.failed += 1;
            }
            match decision {
                Decision::Commit(target_offset) => {
                    position.committed = true;
                    let place = TopicPartition::new(key.topic.as_str(), key.partition);
                    let commit = PlannedCommit {
                        source_offset: position.source_offset,
                        target_offset,
                        metadata: offsets
                            .get(&place)
                            .map(|offset| offset.metadata.clone())
                            .unwrap_or_default(),
                        before: before(position, target_offset, memory.positions.get(&key), whereabouts),
                    };
                    planned.commits.insert(key, commit);
                }
                Decision::Stands => {}
                Decision::Ahead(why) => {
                    if whereabouts.is_some()
                        && let Some(note) = self.answered(position, memory.positions.get(&key))
                    {
                        planned.answered.insert(key.clone(), note);
                    }
                    planned.ahead.insert(key);
                    position.reason = Some(why);
                }
                Decision::Leave(None) => {}
                Decision::Leave(why) => position.reason = why,
            }
        }
    }
}

/// A partition in which somebody else has committed since the task did. What the group committed there itself before the other
/// task of a pair moved it away does not count.
fn foreign(
    report: &GroupReport,
    memory: &GroupMemory,
    whereabouts: Option<Whereabouts<'_>>,
) -> Option<PartitionKey> {
    report.partitions.iter().find_map(|position| {
        let key = position.key();
        let earlier = memory.positions.get(&key);
        let was_left = whereabouts
            .zip(position.target_committed)
            .is_some_and(|(whereabouts, current)| whereabouts.was_left(&key, current));
        (is_foreign(position.target_committed, earlier) && !was_left).then_some(key)
    })
}

/// Whether a group of a pair is on the target: the other task put it where it stands at the source, and it has not read on there. A
/// partition in which it read nothing since this task moved it is no sign of the contrary.
fn is_put_there(whereabouts: Whereabouts<'_>, report: &GroupReport) -> bool {
    let is_put = |position: &GroupPosition| {
        let note = whereabouts.put_there(&position.key(), position.source_offset);
        note.is_some() && position.target_committed.is_some()
    };
    report.partitions.iter().any(is_put)
        && report
            .partitions
            .iter()
            .all(|position| is_put(position) || whereabouts.was_moved(position))
}

/// A position that the other task of a pair has made of the one on the target, which is still the group's own.
fn stayed(position: GroupPosition, note: &SyncedPosition) -> GroupPosition {
    GroupPosition {
        target_offset: position.target_committed.or(Some(note.source_offset)),
        result: Translated::Exact,
        missing: None,
        read_again: None,
        proved: None,
        reason: Some(if position.target_committed.is_some() {
            "the other task of the pair made it of the one on the target, which stays".to_owned()
        } else {
            format!(
                "the other task of the pair made it of offset {} on the target, which has forgotten that; nothing is committed until the group reads on",
                note.source_offset
            )
        }),
        ..position
    }
}

/// What the target had before a commit. Of a pair, one that is committed again has what it had before the first time: that is how it
/// is known to be the task's own.
fn before(
    position: &GroupPosition,
    target_offset: i64,
    earlier: Option<&SyncedPosition>,
    whereabouts: Option<Whereabouts<'_>>,
) -> Option<i64> {
    earlier
        .filter(|earlier| {
            whereabouts.is_some()
                && earlier.target_offset == target_offset
                && position.target_committed == Some(target_offset)
        })
        .map_or(position.target_committed, |earlier| earlier.before)
}

/// What a group has committed on the target, by its partitions; or why that is not known.
fn current(target: &TargetGroup) -> Result<BTreeMap<TopicPartition, GroupOffset>, String> {
    if target.kind.is_some_and(|kind| !kind.is_moved()) {
        return Err(
            "the target has a group of this name that is not one of consumers; its offsets are not touched"
                .to_owned(),
        );
    }
    match &target.members {
        Some(Ok(_)) => {}
        Some(Err(error)) => {
            return Err(format!(
                "whether it has members on the target is not known: {error}"
            ));
        }
        None => return Err("the target was not asked for it".to_owned()),
    }
    match &target.offsets {
        Some(Ok(offsets)) => Ok(offsets.clone()),
        Some(Err(error)) => Err(format!(
            "its committed offsets cannot be read on the target: {error}"
        )),
        None => Ok(BTreeMap::new()),
    }
}

fn unread(group: &SourceGroup) -> &str {
    group.offsets.as_ref().err().map_or("", String::as_str)
}

impl GroupPosition {
    /// The source partition.
    pub fn key(&self) -> PartitionKey {
        PartitionKey {
            topic: self.topic.clone(),
            partition: self.partition,
        }
    }

    fn stands(&self) -> bool {
        self.target_offset.is_some() && self.target_committed == self.target_offset
    }
}

impl Planned {
    fn settled(mut self, state: GroupState, reason: String) -> Self {
        self.report.state = state;
        self.report.reason = Some(reason);
        self.is_settled = true;
        self
    }

    /// Takes in what became of the commits. Returns whether the group has turned out to be live.
    pub(crate) fn take_outcomes(&mut self, outcomes: &Outcomes, facts: &Facts<'_>, now_ms: i64) -> bool {
        let mut is_live = false;
        for position in &mut self.report.partitions {
            let key = position.key();
            let Some(commit) = self.commits.get(&key) else {
                continue;
            };
            let outcome = facts
                .state(&key)
                .and_then(|state| outcomes.get(&on_target(state)));
            match outcome {
                Some(Ok(())) => {
                    position.target_committed = Some(commit.target_offset);
                    self.report.last_sync_ms = Some(now_ms);
                }
                Some(Err(error)) => {
                    is_live |= has_members(error);
                    position.committed = false;
                    position.reason = Some(format!("the target refused the commit: {error}"));
                    self.failed += 1;
                }
                None => {
                    position.committed = false;
                    position.reason = Some("it was not asked for".to_owned());
                    self.failed += 1;
                }
            }
        }
        if is_live {
            self.is_settled = true;
            self.report.state = GroupState::Live;
            self.report.taken_over_ms = Some(now_ms);
            self.report.reason = Some(
                "it has got members on the target meanwhile: it reads there, and is left alone from now on"
                    .to_owned(),
            );
        }
        is_live
    }

    /// Says how the group stands, and its lag on both sides.
    pub(crate) fn finish(&mut self, facts: &Facts<'_>) {
        self.report.lag_source = lag(&self.report, |position| {
            Some((facts.source_end(&position.key())?, position.source_offset))
        });
        self.report.lag_target = lag(&self.report, |position| {
            let end = facts.target_end(facts.state(&position.key())?)?;
            Some((end, position.target_committed?))
        });
        if self.is_settled {
            return;
        }
        // A dry run shows what would be, and says what is.
        self.report.state = if !self.ahead.is_empty() {
            GroupState::Ahead
        } else if self.report.reason.is_none() && self.report.partitions.iter().all(GroupPosition::stands) {
            GroupState::Synced
        } else {
            GroupState::Behind
        };
    }
}

fn has_members(error: &WireError) -> bool {
    error
        .code()
        .is_some_and(|code| HAS_MEMBERS.contains(&code.number()))
}

/// The sum of what lies between an end and a position; none if one of them is not known, or there is no position.
fn lag(report: &GroupReport, of: impl Fn(&GroupPosition) -> Option<(i64, i64)>) -> Option<i64> {
    if report.partitions.is_empty() {
        return None;
    }
    report
        .partitions
        .iter()
        .map(|position| of(position).map(|(end, at)| (end - at).max(0)))
        .sum()
}
