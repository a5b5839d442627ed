//! Rehearsal, silence, and verification: nothing is written to a cluster here.

use super::procedure::{Outcome, Procedure};
use super::question::{self, CutoverAnswer, CutoverResult, asked, binding};
use super::record::{CutoverState, FenceKind, GroupMove};
use super::step::CutoverStep;
use crate::{AppError, ErrorCode, Result};

impl Procedure<'_> {
    /// Asks every question, also again while it stands at a later step before the switch; nothing is written to a cluster.
    ///
    /// # Errors
    /// The switch is behind it, or something cannot be asked.
    pub(crate) fn rehearse_again(&mut self) -> Result<()> {
        if self.cutover.step == CutoverStep::Rehearse {
            return self.next(&[]);
        }
        if self.cutover.state != CutoverState::Open || self.cutover.is_switched() {
            return Err(AppError::new(
                ErrorCode::StateForbids,
                "there is nothing to rehearse: the switch is behind this cut-over, or it was given up",
            ));
        }
        let answers = self.rehearsal()?;
        self.cutover.rehearsed = self.dry_run()?;
        self.cutover.keep_answers(CutoverStep::Rehearse, answers);
        self.save_noting("rehearsed again")
    }

    pub(super) fn rehearse(&mut self) -> Result<Outcome> {
        let answers = self.rehearsal()?;
        self.cutover.rehearsed = self.dry_run()?;
        Ok(held_or_done(self.judge(answers, binding(CutoverStep::Rehearse))))
    }

    /// The answers of all questions.
    fn rehearsal(&self) -> Result<Vec<CutoverAnswer>> {
        let mut answers = self.ask(asked(CutoverStep::Rehearse))?;
        let planned = self.every_group_is_planned();
        if planned.holds {
            answers.retain(|answer| answer.question != planned.question);
            answers.push(planned);
        }
        if self.cutover.fence == FenceKind::Acl {
            answers.push(self.fence_can_be_raised()?);
        }
        Ok(answers)
    }

    fn dry_run(&self) -> Result<Vec<GroupMove>> {
        self.cutover
            .groups
            .iter()
            .map(|group| {
                Ok(GroupMove {
                    group: group.clone(),
                    positions: self.world.group_positions(&self.cutover, group)?,
                    moved_ms: None,
                    proofs: Vec::new(),
                })
            })
            .collect()
    }

    pub(super) fn prove_silence(&mut self) -> Result<Outcome> {
        let answers = self.ask(asked(CutoverStep::ProveSilence))?;
        Ok(held_or_done(
            self.judge(answers, binding(CutoverStep::ProveSilence)),
        ))
    }

    pub(super) fn verify(&mut self) -> Result<Outcome> {
        let found = self.world.verify(&self.cutover)?;
        let (result, remedy) = match (found.passes, found.accepted) {
            (true, false) => (CutoverResult::Success, ""),
            (true, true) => (
                CutoverResult::Warning,
                "none needed: these differences were said before the start",
            ),
            (false, _) => (
                CutoverResult::Failed,
                "look at the task's verification; settle what differs, then repeat this step",
            ),
        };
        let answer = self.answer(question::VERIFICATION, result, found.sentence.clone(), remedy);
        self.cutover.verification = Some(found);
        Ok(held_or_done(
            self.judge(vec![answer], binding(CutoverStep::Verify)),
        ))
    }
}

/// A step is done where nothing holds it.
pub(super) fn held_or_done(holding: Vec<super::question::CutoverAnswer>) -> Outcome {
    if holding.is_empty() {
        Outcome::Done
    } else {
        Outcome::Held(holding)
    }
}
