//! After the switch: the old side follows, until the way back is given up.

use sluice_model::TaskState;

use super::procedure::{Outcome, Procedure};
use super::prove::held_or_done;
use super::question::{self, CutoverAnswer, CutoverResult, binding};
use super::record::{Cutover, turned};
use super::step::CutoverStep;
use crate::{AppError, ErrorCode, Result};

impl Procedure<'_> {
    pub(super) fn window(&mut self) -> Result<Outcome> {
        if let Some(back) = self.cutover.back.clone() {
            return Err(AppError::new(
                ErrorCode::StateForbids,
                format!(
                    "applications are moving back with {back}; carry that one on, or give it up with back"
                ),
            ));
        }
        if self.cutover.follow && !self.cutover.following && !self.cutover.overrules(question::WAY_BACK) {
            self.begin_following()?;
        }
        let answer = self.answer(
            question::WAY_BACK,
            CutoverResult::Failed,
            "closing gives up the way back: what is written from then on is not copied to the old side",
            "go back with back, or overrule this question to close",
        );
        let answers = std::iter::once(answer).chain(self.old_side()).collect();
        let holding = self.judge(answers, binding(CutoverStep::Window));
        if !holding.is_empty() {
            return Ok(held_or_done(holding));
        }
        if let Some(reverse) = self.cutover.reverse.clone() {
            self.world.terminate(&reverse.id)?;
            self.note("the copy in the other direction has ended");
        }
        if self.cutover.fence_entries.iter().any(|entry| entry.stands) {
            self.note("the fence at the old side stays; remove its rules by hand when nothing writes there any more");
        }
        Ok(Outcome::Done)
    }

    /// Whether somebody still writes where applications were: what comes there after the switch is copied nowhere. An old
    /// side that does not answer any more holds nothing.
    fn old_side(&self) -> Option<CutoverAnswer> {
        let reverse = self.cutover.reverse.clone()?;
        let copy_back = Cutover {
            topics: turned(&self.cutover.topics),
            ..Cutover::at_beginning(
                self.cutover.id.clone(),
                reverse.id,
                reverse.name,
                self.world.now_ms(),
            )
        };
        let asked = self.world.ask(&copy_back, &[question::TARGET_WRITERS]);
        Some(match asked.map(|answers| answers.into_iter().next()) {
            Ok(Some(found)) if found.result == CutoverResult::Success => self.between_the_copies(&copy_back),
            Ok(Some(found)) if found.result == CutoverResult::Failed => {
                self.old_side_written(&found.evidence)
            }
            Ok(found) => self.old_side_unknown(found.map(|found| found.evidence)),
            Err(error) => self.old_side_unknown(Some(error.message)),
        })
    }

    /// The question looks at what was written last. What stands between the records of the copy back is found by comparing it,
    /// which is done when the way back is given up.
    fn between_the_copies(&self, copy_back: &Cutover) -> CutoverAnswer {
        let is_closing = self.cutover.following && self.cutover.overrules(question::WAY_BACK);
        match is_closing.then(|| self.world.foreign_records(copy_back)) {
            Some(Ok(Some(found))) => self.old_side_written(&found),
            Some(Err(error)) => self.old_side_unknown(Some(error.message)),
            Some(Ok(None)) | None => self.answer(
                question::OLD_SIDE,
                CutoverResult::Success,
                "nothing but the copy back was written to the old side since the switch",
                "",
            ),
        }
    }

    fn old_side_written(&self, found: &str) -> CutoverAnswer {
        self.answer(
            question::OLD_SIDE,
            CutoverResult::Failed,
            format!("at the old side, since the switch: {found}"),
            "stop what still writes there: these records are on the old side alone; write them again at the new side, or copy them with a task of its own",
        )
    }

    fn old_side_unknown(&self, why: Option<String>) -> CutoverAnswer {
        let why = why.unwrap_or_else(|| "the question was not answered".to_owned());
        CutoverAnswer {
            holds: false,
            ..self.answer(
                question::OLD_SIDE,
                CutoverResult::Unknown,
                format!("whether something is still written to the old side is not known: {why}"),
                "see that no producer has the old address any more",
            )
        }
    }

    /// Lets the copy in the other direction run.
    fn begin_following(&mut self) -> Result<()> {
        let Some(reverse) = self.cutover.reverse.clone() else {
            return Ok(());
        };
        let own = self.cutover.id.clone();
        for index in 0..self.cutover.fence_entries.len() {
            let entry = self.cutover.fence_entries[index].clone();
            if entry.stands && self.world.denies_the_copy(&self.cutover, &entry) {
                self.world.allow(&self.cutover, &entry)?;
                self.cutover.fence_entries[index].stands = false;
                self.save_noting(format!(
                    "removed, because it would stop the copy back as well: {}",
                    super::fence::described(&entry)
                ))?;
            }
        }
        if self.world.condition(&reverse.id)?.state == Some(TaskState::Paused) {
            self.world.resume(&reverse.id)?;
        }
        self.cutover.following = true;
        tracing::debug!(cutover = %own, "the old side follows");
        self.save_noting("the old side follows")
    }
}
