//! The switch: the copy ends, the target's ends are noted, and the task in the other direction is pinned exactly there.

use sluice_model::TaskId;

use super::procedure::{Outcome, Procedure};
use super::question::{self, CutoverAnswer, CutoverResult, asked, binding};
use super::record::{CutoverState, EndsNoted, ReverseTask};
use super::reverse::reverse_name;
use super::step::CutoverStep;
use crate::Result;

impl Procedure<'_> {
    pub(super) fn open(&mut self) -> Result<Outcome> {
        if !self.cutover.released
            && let Some(held) = self.end_the_copy()?
        {
            return Ok(held);
        }
        if self.cutover.is_stage && self.cutover.at_rest {
            // Its other topics go on.
            self.world.resume(&self.cutover.task.clone())?;
            self.cutover.at_rest = false;
            self.save_noting("the task goes on with its other topics")?;
        }
        if let Some(earlier) = self.cutover.goes_back_on.clone() {
            self.end_earlier(&earlier)?;
        }
        Ok(Outcome::Done)
    }

    /// Ends the copy of the topics; returns what holds that.
    fn end_the_copy(&mut self) -> Result<Option<Outcome>> {
        if self.cutover.ends.is_empty() {
            self.rest()?;
            // Before the questions: nothing may come to the target between the answer and the note.
            let ends = self.world.ends(&self.cutover)?;
            let mut answers = self.ask(asked(CutoverStep::Open))?;
            answers.push(self.still_moved()?);
            answers.push(self.every_group_is_planned());
            answers.push(match self.nothing_joined()? {
                Some(joined) => joined,
                None => self.still_at(&ends)?,
            });
            let holding = self.judge(answers, binding(CutoverStep::Open));
            if !holding.is_empty() {
                return self.fall_back(holding).map(Some);
            }
            let name = reverse_name(&self.cutover.task_name, self.cutover.direction, |name| {
                self.world.is_task_named(name)
            })?;
            self.cutover.ends = ends;
            self.cutover.reverse = Some(ReverseTask {
                id: TaskId::generate(),
                name,
                created: false,
            });
            self.save_noting("the copy is at rest, and the ends of both sides are noted")?;
        }
        // This may be much later than the note.
        let answer = self.still_at(&self.cutover.ends.clone())?;
        if answer.holds && !self.cutover.overrules(question::POSITIONS) {
            return self.fall_back(vec![answer]).map(Some);
        }
        self.world.create_reverse(&self.cutover)?;
        if let Some(reverse) = &mut self.cutover.reverse {
            reverse.created = true;
        }
        self.save_noting("the task in the other direction is made, at rest and pinned at the noted ends")?;
        self.world.release(&self.cutover)?;
        self.cutover.released = true;
        self.save_noting("the copy has ended")?;
        Ok(None)
    }

    /// What holds a switch that ends the whole task, where the task copies topics that came after the plan: it was asked about
    /// none of them, and nothing would copy them any more.
    fn nothing_joined(&self) -> Result<Option<CutoverAnswer>> {
        if self.cutover.is_stage {
            return Ok(None);
        }
        let others = self.world.other_topics(&self.cutover)?;
        Ok((!others.is_empty()).then(|| {
            self.answer(
                question::POSITIONS,
                CutoverResult::Failed,
                format!("since the plan the task also copies {}", others.join(", ")),
                "give this cut-over up with back, and plan it again",
            )
        }))
    }

    /// Brings the copy to rest, and knows that it did.
    fn rest(&mut self) -> Result<()> {
        if !self.cutover.at_rest {
            self.cutover.at_rest = true;
            self.save_noting("bringing the copy to rest")?;
        }
        self.world.bring_to_rest(&self.cutover.task.clone())
    }

    /// Whether the copy at rest is at the ends of the source, and both sides end where `noted` says. More on the target is
    /// no harm once the ends are kept: the other direction begins there.
    fn still_at(&self, noted: &[EndsNoted]) -> Result<CutoverAnswer> {
        let lag = self.world.lag(&self.cutover)?;
        let now = self.world.ends(&self.cutover)?;
        let kept = !self.cutover.ends.is_empty();
        let mut wrong = Vec::new();
        if lag.offsets != 0 {
            wrong.push(format!("{} offsets of the source are not copied", lag.offsets));
        }
        for then in noted {
            let found = now
                .iter()
                .find(|end| end.target_topic == then.target_topic && end.partition == then.partition);
            let place = format!("{}-{}", then.topic, then.partition);
            let Some(found) = found else {
                wrong.push(format!("{place} is gone"));
                continue;
            };
            if found.source_end != then.source_end {
                wrong.push(format!("something was written to {place} at the source"));
            }
            if found.target_end != then.target_end && !(kept && found.target_end > then.target_end) {
                wrong.push(format!("something was written to {place} on the target"));
            }
        }
        if !kept && now.len() > noted.len() {
            wrong.push("a topic has got more partitions".to_owned());
        }
        Ok(if wrong.is_empty() {
            self.answer(
                question::POSITIONS,
                CutoverResult::Success,
                format!("the copy is at rest at the ends of {} partitions", noted.len()),
                "",
            )
        } else {
            self.answer(
                question::POSITIONS,
                CutoverResult::Failed,
                wrong.join("; "),
                "stop what writes there; this cut-over goes on with the silence of the source",
            )
        })
    }

    /// The switch is not made: what was prepared of it is undone, and silence is proved again.
    fn fall_back(&mut self, holding: Vec<CutoverAnswer>) -> Result<Outcome> {
        self.forget_reverse()?;
        if self.cutover.at_rest {
            self.world.resume(&self.cutover.task.clone())?;
            self.cutover.at_rest = false;
        }
        Ok(Outcome::Again(CutoverStep::ProveSilence, holding))
    }

    /// Removes the task in the other direction, which never ran, and forgets the noted ends.
    pub(super) fn forget_reverse(&mut self) -> Result<()> {
        if let Some(reverse) = self.cutover.reverse.clone() {
            self.world.remove_task(&reverse.id)?;
            self.note("the task in the other direction is removed again");
        }
        self.cutover.reverse = None;
        self.cutover.ends.clear();
        self.save()
    }

    /// Applications are back: the fence there is lifted, and the cut-over that led away ends.
    fn end_earlier(&mut self, earlier: &str) -> Result<()> {
        self.lift_of(earlier, false)?;
        let Some(mut other) = self.journal.load(earlier)? else {
            return Ok(());
        };
        if other.state != CutoverState::WentBack {
            other.state = CutoverState::WentBack;
            other.held = None;
            other.note(
                self.world.now_ms(),
                self.by,
                format!("applications have moved back with {}", self.cutover.id),
            );
            self.journal.save(&mut other)?;
        }
        Ok(())
    }
}
