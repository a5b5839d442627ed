//! The state machine: one step at a time, each kept before and after.

use std::time::Duration;

use super::journal::Journal;
use super::question::{self, CutoverAnswer, CutoverResult, binding};
use super::record::{Cutover, CutoverState, Held, Overruled};
use super::step::CutoverStep;
use super::world::World;
use crate::{AppError, ErrorCode, Result};

/// How long a step waits for what comes by itself, as the end of the source, before it is held.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Questions of the switch that may be overruled before it is tried again: their answers do not tell of records that came
/// since.
const DECIDED_AHEAD: [&str; 3] = [question::GROUPS, question::TARGET_WRITERS, question::VERIFICATION];

/// What a step came to.
pub(super) enum Outcome {
    /// It is done.
    Done,
    /// Something holds it.
    Held(Vec<CutoverAnswer>),
    /// Something holds it, and it goes on at an earlier step.
    Again(CutoverStep, Vec<CutoverAnswer>),
}

/// A cut-over that a person carries on.
pub(crate) struct Procedure<'a> {
    pub(super) world: &'a dyn World,
    pub(super) journal: &'a dyn Journal,
    /// Who lets it go on.
    pub(super) by: &'a str,
    pub(super) cutover: Cutover,
}

impl<'a> Procedure<'a> {
    /// Carries on `cutover` for a person.
    pub(crate) fn new(world: &'a dyn World, journal: &'a dyn Journal, by: &'a str, cutover: Cutover) -> Self {
        Self {
            world,
            journal,
            by,
            cutover,
        }
    }

    /// Whether the switch is made, or its last effect is under way.
    pub(crate) fn is_switched(&self) -> bool {
        self.cutover.is_switched()
    }

    /// It, as it is kept now.
    pub(crate) fn into_cutover(self) -> Cutover {
        self.cutover
    }

    /// Carries out the step where it stands; what holds it is in [`Cutover::held`]. Questions of `overrule` do not hold
    /// this step.
    ///
    /// # Errors
    /// It does not go on any more, a question of `overrule` is none of this step, or something cannot be done. What was
    /// done is kept, and the same call goes on from there.
    pub(crate) fn next(&mut self, overrule: &[String]) -> Result<()> {
        match self.cutover.state {
            CutoverState::Open => {}
            CutoverState::Abandoning => return self.abandon(),
            CutoverState::Abandoned => return Err(over("it was given up before the switch")),
            CutoverState::Closed => return Err(over("it is closed")),
            CutoverState::WentBack => return Err(over("applications have moved back")),
        }
        self.note_overruled(overrule)?;
        let step = self.cutover.step;
        let outcome = match step {
            // A plan that is kept is made.
            CutoverStep::Plan | CutoverStep::Close => Outcome::Done,
            CutoverStep::Rehearse => self.rehearse()?,
            CutoverStep::StopProducers => self.stop_producers()?,
            CutoverStep::ProveSilence => self.prove_silence()?,
            CutoverStep::Drain => self.drain()?,
            CutoverStep::Verify => self.verify()?,
            CutoverStep::MoveGroups => self.move_groups()?,
            CutoverStep::Open => self.open()?,
            CutoverStep::Window => self.window()?,
        };
        self.end_step(step, outcome)
    }

    fn end_step(&mut self, step: CutoverStep, outcome: Outcome) -> Result<()> {
        match outcome {
            Outcome::Done => {
                self.cutover.held = None;
                self.note(format!("step {} is done: {step}", step.number()));
                self.cutover.step = step.following();
                if self.cutover.step == CutoverStep::Close {
                    self.cutover.state = CutoverState::Closed;
                }
            }
            Outcome::Held(answers) => self.hold(step, answers),
            Outcome::Again(earlier, answers) => {
                self.hold(step, answers);
                self.note(format!("it goes on with step {}: {earlier}", earlier.number()));
                self.cutover.step = earlier;
                for overruled in &mut self.cutover.overruled {
                    overruled.counts &= overruled.step < earlier;
                }
            }
        }
        self.save()
    }

    fn hold(&mut self, step: CutoverStep, answers: Vec<CutoverAnswer>) {
        for answer in &answers {
            self.note(format!("held by {}: {}", answer.question, answer.evidence));
        }
        self.cutover.held = answers.first().map(|first| Held {
            step,
            question: first.question.clone(),
            answers: answers.clone(),
        });
    }

    /// Keeps what a person decides against answers of the step where it stands.
    fn note_overruled(&mut self, questions: &[String]) -> Result<()> {
        let step = self.cutover.step;
        // What held a later step, before this one was gone back to, is decided for that one; what must be looked at in that
        // moment is not.
        let held = self.cutover.held.clone();
        let step_of = |question: &str| match &held {
            Some(held)
                if DECIDED_AHEAD.contains(&question)
                    && held.answers.iter().any(|answer| answer.question == question) =>
            {
                held.step
            }
            _ => step,
        };
        for question in questions {
            if !binding(step_of(question)).contains(&question.as_str()) {
                return Err(AppError::new(
                    ErrorCode::InvalidInput,
                    format!(
                        "step {}, {step}, is not held by a question '{question}'; it is held by: {}",
                        step.number(),
                        binding(step).join(", ")
                    ),
                ));
            }
        }
        for question in questions {
            if self.cutover.overrules(question) {
                continue;
            }
            let evidence = self.last_answer(question).map_or_else(
                || "it had not been asked".to_owned(),
                |answer| answer.evidence.clone(),
            );
            self.note(format!("{question} is overruled: {evidence}"));
            self.cutover.overruled.push(Overruled {
                question: question.clone(),
                step: step_of(question),
                evidence,
                by: self.by.to_owned(),
                at_ms: self.world.now_ms(),
                counts: true,
            });
        }
        if questions.is_empty() { Ok(()) } else { self.save() }
    }

    fn last_answer(&self, question: &str) -> Option<&CutoverAnswer> {
        let held = self.cutover.held.iter().flat_map(|held| &held.answers);
        let known = self
            .cutover
            .answers
            .iter()
            .filter(|known| known.step == self.cutover.step)
            .flat_map(|known| &known.answers);
        held.chain(known).find(|answer| answer.question == question)
    }

    /// Keeps the answers of the step where it stands. Returns those that hold it: of its questions, those that hold and
    /// are not overruled, and those that nobody answered.
    pub(super) fn judge(&mut self, answers: Vec<CutoverAnswer>, questions: &[&str]) -> Vec<CutoverAnswer> {
        let step = self.cutover.step;
        let mut holding = Vec::new();
        for question in questions {
            let Some(answer) = answers.iter().find(|answer| answer.question == *question) else {
                continue;
            };
            if !answer.holds {
                continue;
            }
            if self.cutover.overrules(question) {
                for overruled in &mut self.cutover.overruled {
                    if overruled.counts && overruled.step == step && overruled.question == *question {
                        overruled.evidence.clone_from(&answer.evidence);
                    }
                }
            } else {
                holding.push(answer.clone());
            }
        }
        self.cutover.keep_answers(step, answers);
        holding
    }

    /// Asks the clusters. What they do not answer is unknown.
    pub(super) fn ask(&self, questions: &[&str]) -> Result<Vec<CutoverAnswer>> {
        let mut answers = self.world.ask(&self.cutover, questions)?;
        for question in questions {
            if !answers.iter().any(|answer| answer.question == *question) {
                answers.push(self.answer(
                    question,
                    CutoverResult::Unknown,
                    "the question was not answered",
                    "ask again",
                ));
            }
        }
        Ok(answers)
    }

    pub(super) fn answer(
        &self,
        question: &str,
        result: CutoverResult,
        evidence: impl Into<String>,
        remedy: impl Into<String>,
    ) -> CutoverAnswer {
        CutoverAnswer::new(question, result, evidence, remedy, self.world.now_ms())
    }

    /// Adds a line to the log; it is kept with the next [`Procedure::save`].
    pub(super) fn note(&mut self, message: impl Into<String>) {
        let now = self.world.now_ms();
        self.cutover.note(now, self.by, message.into());
    }

    /// Keeps it as it is.
    pub(super) fn save(&mut self) -> Result<()> {
        self.cutover.updated_ms = self.world.now_ms();
        self.journal.save(&mut self.cutover)
    }

    /// Notes and keeps it.
    pub(super) fn save_noting(&mut self, message: impl Into<String>) -> Result<()> {
        self.note(message);
        self.save()
    }
}

fn over(why: &str) -> AppError {
    AppError::new(
        ErrorCode::StateForbids,
        format!("the cut-over does not go on: {why}; plan another one"),
    )
}
