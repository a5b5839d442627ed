//! Positions of consumer groups are committed on the target, and proved.

use super::procedure::{Outcome, Procedure};
use super::prove::held_or_done;
use super::question::{self, CutoverAnswer, CutoverResult, asked, binding};
use super::record::{GroupMove, MovedPosition};
use super::step::CutoverStep;
use crate::Result;

impl Procedure<'_> {
    pub(super) fn move_groups(&mut self) -> Result<Outcome> {
        let mut answers = self.ask(asked(CutoverStep::MoveGroups))?;
        answers.push(self.every_group_is_planned());
        let holding = self.judge(answers.clone(), binding(CutoverStep::MoveGroups));
        if !holding.is_empty() {
            return Ok(Outcome::Held(holding));
        }
        for group in self.cutover.groups.clone() {
            self.move_group(&group)?;
        }
        let proof = self.proved();
        let answers = answers.into_iter().chain([proof]).collect();
        Ok(held_or_done(
            self.judge(answers, binding(CutoverStep::MoveGroups)),
        ))
    }

    fn move_group(&mut self, group: &str) -> Result<()> {
        let positions = self.world.group_positions(&self.cutover, group)?;
        let planned = GroupMove {
            group: group.to_owned(),
            positions,
            moved_ms: None,
            proofs: Vec::new(),
        };
        self.cutover.moves.retain(|known| known.group != group);
        self.cutover.moves.push(planned.clone());
        self.save()?;
        self.world.commit_group(&self.cutover, &planned)?;
        let proofs = self.world.prove_group(&self.cutover, &planned)?;
        let now = self.world.now_ms();
        let known = planned
            .positions
            .iter()
            .filter(|position| position.target_offset.is_some())
            .count();
        if let Some(kept) = self.cutover.moves.iter_mut().find(|kept| kept.group == group) {
            kept.moved_ms = Some(now);
            kept.proofs = proofs;
        }
        self.save_noting(format!(
            "group '{group}': {known} of {} positions are committed on the target",
            planned.positions.len()
        ))
    }

    /// Whether the plan takes care of every group that reads the topics.
    pub(super) fn every_group_is_planned(&self) -> CutoverAnswer {
        let found = match self.world.unplanned_groups(&self.cutover) {
            Ok(found) => found,
            Err(error) => {
                return self.answer(
                    question::GROUPS,
                    CutoverResult::Unknown,
                    format!("which groups read the topics now is not known: {}", error.message),
                    "see that the source answers, then repeat this step",
                );
            }
        };
        let mut wrong = Vec::new();
        if !found.new.is_empty() {
            wrong.push(format!(
                "since the plan these groups read the topics, and they do not move: {}",
                found.new.join(", ")
            ));
        }
        for torn in &found.torn {
            let group = &torn.group;
            if !torn.moved.is_empty() {
                wrong.push(format!(
                    "group '{group}' also reads {}, which an earlier cut-over has moved: its position there is not known on the target",
                    torn.moved.join(", ")
                ));
            }
            if !torn.staying.is_empty() {
                wrong.push(format!(
                    "group '{group}' also reads {}, which another cut-over moved here and which stays: it would no longer see what is written there",
                    torn.staying.join(", ")
                ));
            }
        }
        if wrong.is_empty() {
            self.answer(
                question::GROUPS,
                CutoverResult::Success,
                "the plan knows every group that reads the topics",
                "",
            )
        } else {
            self.answer(
                question::GROUPS,
                CutoverResult::Failed,
                wrong.join("; "),
                "give this cut-over up with back and plan it again, or set these positions on the target by hand and overrule this question",
            )
        }
    }

    /// Whether each moved position is proved.
    fn proved(&self) -> CutoverAnswer {
        let mut equal = 0;
        let mut wrong = Vec::new();
        for moved in &self.cutover.moves {
            for proof in &moved.proofs {
                if proof.equal {
                    equal += 1;
                } else {
                    wrong.push(format!(
                        "group '{}' in {}-{}: {}",
                        moved.group, proof.topic, proof.partition, proof.detail
                    ));
                }
            }
            let unproved = moved
                .positions
                .iter()
                .filter(|position| position.target_offset.is_some())
                .count()
                .saturating_sub(moved.proofs.len());
            if unproved > 0 {
                wrong.push(format!(
                    "group '{}': {unproved} positions could not be compared",
                    moved.group
                ));
            }
        }
        if wrong.is_empty() {
            self.answer(
                question::PROOF,
                CutoverResult::Success,
                format!("{equal} positions go on with the same record on both sides"),
                "",
            )
        } else {
            self.answer(
                question::PROOF,
                CutoverResult::Failed,
                wrong.join("; "),
                "see whether something wrote to either side since; then repeat this step",
            )
        }
    }

    /// Whether the groups still stand on the target where they were put, and at the source where they stood.
    pub(super) fn still_moved(&self) -> Result<CutoverAnswer> {
        let mut wrong = Vec::new();
        for moved in &self.cutover.moves {
            let now = self.world.group_positions(&self.cutover, &moved.group)?;
            for then in &moved.positions {
                if let Some(difference) = differs(then, &now) {
                    wrong.push(format!(
                        "group '{}' in {}-{}: {difference}",
                        moved.group, then.topic, then.partition
                    ));
                }
            }
            let added = now
                .iter()
                .filter(|position| moved.positions.iter().all(|then| !same_place(then, position)))
                .count();
            if added > 0 {
                wrong.push(format!(
                    "group '{}' has committed in {added} more partitions",
                    moved.group
                ));
            }
        }
        Ok(if wrong.is_empty() {
            self.answer(
                question::PROOF,
                CutoverResult::Success,
                "every group stands where it was put",
                "",
            )
        } else {
            self.answer(
                question::PROOF,
                CutoverResult::Failed,
                wrong.join("; "),
                "stop the consumers on both sides; this cut-over goes on with the silence of the source",
            )
        })
    }
}

fn same_place(one: &MovedPosition, other: &MovedPosition) -> bool {
    one.topic == other.topic && one.partition == other.partition
}

/// What has changed of a position since it was moved, if something has.
fn differs(then: &MovedPosition, now: &[MovedPosition]) -> Option<String> {
    let Some(now) = now.iter().find(|position| same_place(then, position)) else {
        return Some(format!(
            "its position {} at the source is gone",
            then.source_offset
        ));
    };
    if now.source_offset != then.source_offset {
        return Some(format!(
            "it stood at {} at the source and stands at {} now",
            then.source_offset, now.source_offset
        ));
    }
    let put = then.target_offset?;
    if now.target_committed == Some(put) {
        return None;
    }
    Some(now.target_committed.map_or_else(
        || format!("it was put to {put} on the target, and stands nowhere there now"),
        |found| format!("it was put to {put} on the target and stands at {found} now"),
    ))
}
