//! The copy reaches the end of the source.

use std::time::Duration;

use sluice_model::TaskState;

use super::procedure::{Outcome, PATIENCE, Procedure};
use super::prove::held_or_done;
use super::question::{self, CutoverAnswer, CutoverResult, asked, binding};
use super::record::CutoverDirection;
use super::step::CutoverStep;
use crate::Result;

/// How often it is looked how far the copy is.
const LOOK_EVERY: Duration = Duration::from_millis(250);

impl Procedure<'_> {
    pub(super) fn drain(&mut self) -> Result<Outcome> {
        self.set_going()?;
        if let Some(stands) = self.stands()? {
            let lag = self.world.lag(&self.cutover)?;
            // A copy that stands need not run when there is nothing left to copy.
            if lag.offsets > 0 {
                let holding = self.judge(vec![stands], &[question::RUNNING]);
                if !holding.is_empty() {
                    return Ok(Outcome::Held(holding));
                }
            }
        }
        let behind = self.wait_for_the_end()?;
        let mut answers = self.ask(asked(CutoverStep::Drain))?;
        if let Some(behind) = behind {
            // What was measured until just now is more than what one look says.
            answers.retain(|answer| answer.question != question::LAG);
            answers.insert(0, behind);
        }
        Ok(held_or_done(self.judge(answers, binding(CutoverStep::Drain))))
    }

    /// A copy that this cut-over brought to rest, or that was made for the way back, goes on.
    pub(super) fn set_going(&mut self) -> Result<()> {
        let ours = self.cutover.at_rest || self.cutover.goes_back_on.is_some();
        let task = self.cutover.task.clone();
        if ours && self.world.condition(&task)?.state == Some(TaskState::Paused) {
            self.lift_for_the_copy()?;
            self.world.resume(&task)?;
            self.note(match self.cutover.direction {
                CutoverDirection::Forward => "the task was resumed",
                CutoverDirection::Back => "the task of the way back was resumed",
            });
        }
        self.cutover.at_rest = false;
        self.save()
    }

    /// Why the copy does not go on by itself, if it does not.
    fn stands(&self) -> Result<Option<CutoverAnswer>> {
        let known = self.world.condition(&self.cutover.task)?;
        let (evidence, remedy) = match known.state {
            Some(TaskState::Starting | TaskState::Running | TaskState::Abnormal | TaskState::PreChecking)
                if known.is_live =>
            {
                return Ok(None);
            }
            Some(TaskState::Starting | TaskState::Running | TaskState::Abnormal) => (
                "the task is to run, and no program runs it".to_owned(),
                "start `sluice daemon` or the window, then repeat this step",
            ),
            Some(state @ (TaskState::Terminated | TaskState::Completed)) => (
                format!("the task is {state} and copies no more"),
                "give this cut-over up and plan another one",
            ),
            Some(state) => (
                format!("the task is {state}"),
                "set it going, then repeat this step",
            ),
            None => (
                "the task is gone".to_owned(),
                "give this cut-over up and plan another one",
            ),
        };
        Ok(Some(self.answer(
            question::RUNNING,
            CutoverResult::Failed,
            evidence,
            remedy,
        )))
    }

    /// Waits until nothing is left to copy; returns what is left when the time is over.
    fn wait_for_the_end(&self) -> Result<Option<CutoverAnswer>> {
        let mut waited = Duration::ZERO;
        loop {
            let lag = self.world.lag(&self.cutover)?;
            if lag.offsets <= 0 {
                return Ok(None);
            }
            if waited >= PATIENCE || self.cutover.overrules(question::LAG) {
                let evidence = match lag.worst {
                    Some(worst) => format!("{} offsets are not copied, most of them in {worst}", lag.offsets),
                    None => format!("{} offsets are not copied", lag.offsets),
                };
                return Ok(Some(self.answer(
                    question::LAG,
                    CutoverResult::Failed,
                    evidence,
                    "wait until the task has caught up, then repeat this step",
                )));
            }
            self.world.wait(LOOK_EVERY)?;
            waited += LOOK_EVERY;
        }
    }
}
