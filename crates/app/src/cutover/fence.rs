//! Producers are stopped: by a person, or by rules of access.

use super::procedure::{Outcome, Procedure};
use super::prove::held_or_done;
use super::question::{self, CutoverAnswer, CutoverResult, binding};
use super::record::{Cutover, FenceEntry, FenceKind};
use super::step::CutoverStep;
use crate::{ErrorCode, Result};

impl Procedure<'_> {
    pub(super) fn stop_producers(&mut self) -> Result<Outcome> {
        if self.cutover.fence == FenceKind::None {
            self.note("the producers are said to be stopped");
            return Ok(Outcome::Done);
        }
        if self.cutover.fence_entries.is_empty() {
            // Kept before the first is created: whatever happens, it is known what is to be removed again.
            match self.world.plan_fence(&self.cutover) {
                Ok(planned) => {
                    if let Some(spared) = &planned.spared {
                        self.note(not_denied(spared));
                    }
                    self.cutover.fence_entries = planned.entries;
                }
                Err(error) if is_refusal(error.code) => {
                    let answer = self.cannot_be_raised(error.message);
                    return Ok(held_or_done(
                        self.judge(vec![answer], binding(CutoverStep::StopProducers)),
                    ));
                }
                Err(error) => return Err(error),
            }
            self.save_noting(format!("{} rules are planned", self.cutover.fence_entries.len()))?;
        }
        for index in 0..self.cutover.fence_entries.len() {
            self.raise(index)?;
        }
        let answer = self.fence_stands()?;
        Ok(held_or_done(
            self.judge(vec![answer], binding(CutoverStep::StopProducers)),
        ))
    }

    fn raise(&mut self, index: usize) -> Result<()> {
        if !self.cutover.fence_entries[index].stands {
            // Before it is created: a rule that may stand is removed on the way back.
            self.cutover.fence_entries[index].stands = true;
            let message = format!("creating: {}", described(&self.cutover.fence_entries[index]));
            self.save_noting(message)?;
        }
        let entry = self.cutover.fence_entries[index].clone();
        self.world.deny(&self.cutover, &entry)
    }

    fn fence_stands(&self) -> Result<CutoverAnswer> {
        let entries = &self.cutover.fence_entries;
        let standing = self.world.standing(&self.cutover, entries)?;
        let missing: Vec<String> = entries
            .iter()
            .zip(standing)
            .filter(|(_, stands)| !stands)
            .map(|(entry, _)| described(entry))
            .collect();
        Ok(if missing.is_empty() {
            self.answer(
                question::FENCE,
                CutoverResult::Success,
                format!("{} rules stand", entries.len()),
                "",
            )
        } else {
            self.answer(
                question::FENCE,
                CutoverResult::Failed,
                format!("the cluster does not have: {}", missing.join("; ")),
                "repeat this step; a broker may take a moment until it knows a new rule",
            )
        })
    }

    /// Whether the fence could be raised, for the rehearsal.
    pub(super) fn fence_can_be_raised(&self) -> Result<CutoverAnswer> {
        match self.world.plan_fence(&self.cutover) {
            Ok(planned) => {
                let named = planned.entries.iter().map(described);
                let spared = planned.spared.iter().map(|spared| not_denied(spared));
                let all: Vec<String> = named.chain(spared).collect();
                Ok(self.answer(
                    question::FENCE,
                    CutoverResult::Warning,
                    format!("the fence would be: {}", all.join("; ")),
                    "know that an authorisation error ends most producers: they have to be started again",
                ))
            }
            Err(error) if is_refusal(error.code) => Ok(self.cannot_be_raised(error.message)),
            Err(error) => Err(error),
        }
    }

    fn cannot_be_raised(&self, why: String) -> CutoverAnswer {
        self.answer(
            question::FENCE,
            CutoverResult::Failed,
            why,
            "stop the producers yourself, then overrule this question",
        )
    }

    /// Removes the rules that would also stop the copy that writes these topics in the other direction.
    pub(super) fn lift_for_the_copy(&mut self) -> Result<()> {
        let Some(earlier) = self.cutover.goes_back_on.clone() else {
            return Ok(());
        };
        self.lift_of(&earlier, true)
    }

    /// Removes the rules of this cut-over.
    pub(super) fn lift_own(&mut self) -> Result<()> {
        for index in 0..self.cutover.fence_entries.len() {
            if let Some(message) = lift(self.world, &mut self.cutover, index)? {
                self.save_noting(message)?;
            }
        }
        Ok(())
    }

    /// Removes the rules of the cut-over `id`; only those that stop the copy back, where `only_hindering`.
    pub(super) fn lift_of(&mut self, id: &str, only_hindering: bool) -> Result<()> {
        let Some(mut other) = self.journal.load(id)? else {
            return Ok(());
        };
        for index in 0..other.fence_entries.len() {
            if only_hindering && !self.world.denies_the_copy(&other, &other.fence_entries[index]) {
                continue;
            }
            if let Some(message) = lift(self.world, &mut other, index)? {
                other.note(self.world.now_ms(), self.by, message.clone());
                self.journal.save(&mut other)?;
                self.note(message);
            }
        }
        Ok(())
    }
}

/// Removes a rule that may stand; returns what was done.
fn lift(world: &dyn super::world::World, cutover: &mut Cutover, index: usize) -> Result<Option<String>> {
    let entry = cutover.fence_entries[index].clone();
    if !entry.stands {
        return Ok(None);
    }
    world.allow(cutover, &entry)?;
    cutover.fence_entries[index].stands = false;
    Ok(Some(format!("removed: {}", described(&entry))))
}

/// Whom a fence leaves out.
fn not_denied(principal: &str) -> String {
    format!(
        "not denied is {principal}, as which Sluice itself logs in: a producer with the same login goes on writing"
    )
}

/// A refusal is an answer; a cluster that is away is not.
fn is_refusal(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::Refused | ErrorCode::InvalidInput)
}

/// A rule in words.
pub(super) fn described(entry: &FenceEntry) -> String {
    format!(
        "DENY WRITE on topic '{}' for {} from {}",
        entry.topic, entry.principal, entry.host
    )
}
