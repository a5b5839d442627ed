//! The thread of one live task: it starts the engine, tries again, and ends the task.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sluice_engine::{Ending, Incomplete};
use sluice_model::{TaskId, TaskSettings, TaskState};

use super::connect::{Leaving, leave_connect};
use super::engine::{Engine, Run};
use super::live::Live;
use super::orders::{Orders, Stop};
use super::trouble::Trouble;
use crate::clock::now_ms;
use crate::core::{self, Core, Turn};
use crate::{AppError, Result};

/// Pause before the first new try; doubled each time.
pub(super) const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// Longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Pause before it is looked again whether a change of the topics is done.
const CLAIMED_PAUSE: Duration = Duration::from_millis(100);

/// States in which a task's thread may be.
pub(super) const LIVE: [TaskState; 5] = [
    TaskState::Starting,
    TaskState::Running,
    TaskState::Abnormal,
    TaskState::Pausing,
    TaskState::Terminating,
];

/// What comes after a run.
pub(super) enum Next {
    /// Another one.
    Again,
    /// Nothing: the thread ends.
    End,
}

/// What a start came to.
enum Started {
    Run(Box<dyn Run>, Box<TaskSettings>),
    /// The task is not to run any more.
    NotWanted,
    /// A change of its topics has the task for itself.
    Claimed,
}

/// One live task.
pub(super) struct Runner {
    pub(super) core: Arc<Core>,
    engine: Arc<dyn Engine>,
    pub(super) id: TaskId,
    pub(super) orders: Arc<Orders>,
    live: Arc<Mutex<Live>>,
    /// How long failures are tried again.
    give_up_after: Duration,
    pub(super) failing_since: Option<Instant>,
    pub(super) pause: Duration,
}

impl Runner {
    pub(super) fn new(
        core: Arc<Core>,
        engine: Arc<dyn Engine>,
        id: TaskId,
        orders: Arc<Orders>,
        live: Arc<Mutex<Live>>,
        give_up_after: Duration,
    ) -> Self {
        Self {
            core,
            engine,
            id,
            orders,
            live,
            give_up_after,
            failing_since: None,
            pause: FIRST_PAUSE,
        }
    }

    /// Runs the task until it comes to rest or the program ends.
    pub(super) fn run(mut self) {
        loop {
            let next = match self.start() {
                Ok(Started::Run(run, settings)) => self.follow(run, &settings),
                Ok(Started::NotWanted) => Ok(Next::End),
                Ok(Started::Claimed) => self.wait_until(Instant::now() + CLAIMED_PAUSE),
                // It was given up because of an order.
                Err(_) if self.orders.stops_a_run() => self.wait_until(Instant::now()),
                Err(error) => self.failed(&error),
            };
            match next.unwrap_or_else(|error| self.wait_for_storage(error)) {
                Next::Again => {}
                Next::End => break,
            }
        }
        self.settle();
    }

    /// What a person decided while the thread came to its end is carried out by it.
    fn settle(&self) {
        self.orders.close();
        if let Err(error) = settle(&self.core.turn(&self.id)) {
            tracing::error!(task = %self.id, %error, "the state of a task that has ended cannot be stored yet");
        }
    }

    fn start(&self) -> std::result::Result<Started, Trouble> {
        // What was ordered before is in the settings that are read now.
        self.orders.take_rate();
        self.orders.take_retry();
        let turn = self.core.turn(&self.id);
        if turn.is_free().is_err() {
            return Ok(Started::Claimed);
        }
        let row = turn.row()?;
        drop(turn);
        if !core::state(&row)?.is_to_run() && !self.orders.stops_a_run() {
            return Ok(Started::NotWanted);
        }
        let settings = core::settings(&row)?;
        let run = self
            .engine
            .start(&self.core, &row, &settings, &|| self.orders.stops_a_run())?;
        Ok(Started::Run(run, Box::new(settings)))
    }

    /// What became of the task cannot be stored: the disk is full, or another process has the database locked. Nothing
    /// runs meanwhile, so that nothing can be lost; the error is shown, and the task goes on when it can be stored again.
    fn wait_for_storage(&mut self, mut error: AppError) -> Next {
        loop {
            tracing::error!(task = %self.id, %error, "the task waits because its state cannot be stored");
            self.live().persist_error = Some(error.message.clone());
            let until = Instant::now() + self.pause;
            self.pause = (self.pause * 2).min(LONGEST_PAUSE);
            let next = match self.wait_until(until) {
                Ok(Next::Again) => self.resume_stored_state(&error),
                ended_or_not => ended_or_not,
            };
            match next {
                Ok(next) => {
                    self.live().persist_error = None;
                    return next;
                }
                Err(again) => error = again,
            }
        }
    }

    /// Goes on where the stored state says, if it can be written again.
    fn resume_stored_state(&self, error: &AppError) -> Result<Next> {
        match core::state(&self.core.task(self.id.as_str())?)? {
            TaskState::Pausing => self.end_without_a_run(TaskState::Paused),
            TaskState::Terminating => self.end_without_a_run(TaskState::Terminated),
            state @ (TaskState::Starting | TaskState::Running | TaskState::Abnormal) => {
                // The same state again would write nothing, and not show whether something can be written.
                self.enter(&[state], TaskState::Abnormal, Some(&error.message))?;
                if state == TaskState::Abnormal {
                    self.core.log(&self.id, "warning", format!("abnormal: {error}"));
                }
                Ok(Next::Again)
            }
            _ => Ok(Next::End),
        }
    }

    /// What comes after a run that ended as `ending`.
    pub(super) fn after_run(&mut self, ending: Ending, settings: &TaskSettings) -> Result<Next> {
        let stop = self.orders.take_stop();
        let incomplete = match ending {
            Ending::Failed(error) => return self.after_failure(error, stop),
            Ending::CaughtUp { incomplete } => incomplete,
            Ending::Stopped => Vec::new(),
        };
        match stop {
            Some(stop) => self.stopped(stop),
            None if settings.bounded || settings.has_ends() => self.bounded_end(incomplete),
            // It was not ordered to stop, and it did not fail.
            None => Ok(Next::Again),
        }
    }

    /// A bounded task is completed only when nothing is missing; otherwise it failed, and a resume tries the rest again.
    fn bounded_end(&mut self, incomplete: Vec<Incomplete>) -> Result<Next> {
        if incomplete.is_empty() {
            self.core
                .log(&self.id, "info", "everything that was asked for is copied");
            return self.end(TaskState::Completed);
        }
        for missing in &incomplete {
            self.core.log(&self.id, "error", missing.to_string());
        }
        self.failed(&Trouble::Incomplete(incomplete))
    }

    /// What comes after a run that failed, also while it was to stop.
    fn after_failure(&mut self, error: sluice_engine::EngineError, stop: Option<Stop>) -> Result<Next> {
        match stop {
            // A person who ends a task for good need not learn that it failed on the way.
            Some(Stop::Rest(TaskState::Terminated)) => self.end_without_a_run(TaskState::Terminated),
            // A failure that passes does not keep a task from being paused: its positions are saved.
            Some(Stop::Rest(state)) if error.is_passing() => {
                self.core.log(&self.id, "warning", error.to_string());
                self.end_without_a_run(state)
            }
            Some(Stop::RunWhilePaused(work)) => {
                work.refuse(error.clone().into());
                self.failed(&Trouble::Engine(error))
            }
            Some(Stop::Shutdown) if error.is_passing() => Ok(Next::End),
            Some(Stop::Rest(_) | Stop::Shutdown) | None => self.failed(&Trouble::Engine(error)),
        }
    }

    fn stopped(&self, stop: Stop) -> Result<Next> {
        match stop {
            Stop::Rest(state) => self.end(state),
            Stop::RunWhilePaused(work) => {
                work.run();
                Ok(Next::Again)
            }
            Stop::Shutdown => Ok(Next::End),
        }
    }

    /// A start or a run has failed: waits and tries again, or gives up.
    fn failed(&mut self, trouble: &Trouble) -> Result<Next> {
        let reason = trouble.to_string();
        if core::state(&self.core.task(self.id.as_str())?)? == TaskState::Terminating {
            return self.end_without_a_run(TaskState::Terminated);
        }
        let since = *self.failing_since.get_or_insert_with(Instant::now);
        let worn_out = since.elapsed() >= self.give_up_after;
        if !trouble.is_passing() || worn_out {
            let reason = if worn_out && trouble.is_passing() {
                format!(
                    "{reason} (given up after {} min of trying)",
                    since.elapsed().as_secs() / 60
                )
            } else {
                reason
            };
            return self.give_up(&reason);
        }
        self.core.log(
            &self.id,
            "warning",
            format!("{reason}; trying again in {} s", self.pause.as_secs()),
        );
        let until = Instant::now() + self.pause;
        let pause_ms = i64::try_from(self.pause.as_millis()).unwrap_or(i64::MAX);
        // Before the state is published: who hears of it asks for this.
        self.live().next_try_ms = Some(now_ms().saturating_add(pause_ms));
        self.enter(
            &[TaskState::Starting, TaskState::Running, TaskState::Abnormal],
            TaskState::Abnormal,
            Some(&reason),
        )?;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        let next = self.wait_until(until);
        self.live().next_try_ms = None;
        next
    }

    /// Waits for the next try, or an order.
    fn wait_until(&self, until: Instant) -> Result<Next> {
        loop {
            if let Some(stop) = self.orders.take_stop() {
                return match stop {
                    Stop::Rest(state) => self.end_with(state, self.stop_elsewhere().as_deref()),
                    other => self.stopped(other),
                };
            }
            if self.orders.take_retry() || Instant::now() >= until {
                return Ok(Next::Again);
            }
            self.orders.wait(until);
        }
    }

    /// What of the task may go on without a run here, as on Connect, is stopped. Says why it may not be.
    fn stop_elsewhere(&self) -> Option<String> {
        let stopped = self
            .core
            .task(self.id.as_str())
            .and_then(|row| leave_connect(&self.core, &row, Leaving::Stop));
        let sentence = format!(
            "its connectors could not be stopped and may still run on Connect: {}",
            stopped.err()?
        );
        self.core.log(&self.id, "error", sentence.clone());
        Some(sentence)
    }

    /// Comes to rest in `state`. A task that is paused keeps what its partitions had stopped for: a person can still
    /// decide about it.
    fn end(&self, state: TaskState) -> Result<Next> {
        self.end_with(state, None)
    }

    /// As [`Runner::end`], where no run has seen to it that what goes on elsewhere stops.
    fn end_without_a_run(&self, state: TaskState) -> Result<Next> {
        let why = self.stop_elsewhere();
        self.end_with(state, why.as_deref())
    }

    fn end_with(&self, state: TaskState, why: Option<&str>) -> Result<Next> {
        let stopped = self.core.stopped.of(&self.id);
        let reason = stopped
            .first()
            .filter(|_| state == TaskState::Paused)
            .and_then(|row| row.error.as_deref());
        let reason = why.or(reason);
        let from: &[TaskState] = match state {
            TaskState::Paused => &[TaskState::Pausing],
            TaskState::Terminated => &[TaskState::Terminating],
            _ => &LIVE,
        };
        if !self.rest(from, state, reason)? {
            // It came to rest already, and may have been set going again since: what is stored decides.
            return Ok(Next::Again);
        }
        Ok(Next::End)
    }

    /// Has failed for good. One that a person has just ended for good stays so: the thread settles that at its end.
    fn give_up(&self, reason: &str) -> Result<Next> {
        let from = [
            TaskState::Starting,
            TaskState::Running,
            TaskState::Abnormal,
            TaskState::Pausing,
        ];
        let row = self.core.task(self.id.as_str())?;
        let reason = match core::settings(&row).ok().and_then(|settings| settings.run_on) {
            Some(_) => {
                format!("{reason}; its connectors on Connect, where it has made them, go on as they are")
            }
            None => reason.to_owned(),
        };
        self.rest(&from, TaskState::Failed, Some(&reason))?;
        Ok(Next::End)
    }

    pub(super) fn enter(&self, from: &[TaskState], to: TaskState, reason: Option<&str>) -> Result<bool> {
        self.core.turn(&self.id).transit(from, to, reason)
    }

    /// As [`Runner::enter`], of a state in which nothing runs: with what the last run had left to copy.
    fn rest(&self, from: &[TaskState], to: TaskState, reason: Option<&str>) -> Result<bool> {
        let lag = self
            .live()
            .progress
            .as_ref()
            .and_then(|progress| progress.lag_records);
        self.core.turn(&self.id).come_to_rest(from, to, reason, lag)
    }

    pub(super) fn live(&self) -> MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a task on Connect that is at rest may not be: its connectors were not seen to stop.
pub(super) fn left_running(rest: TaskState) -> &'static str {
    if rest == TaskState::Paused {
        "the connectors on Connect were not seen to stop, and they may still run; resume the task and pause it again"
    } else {
        "the connectors on Connect were not seen to stop, and they may still run; deleting the task stops them"
    }
}

/// Brings a task to rest whose thread has ended before it did so itself: what was ordered came too late for it, or the program
/// ends and a Connect cluster was silent.
pub(super) fn settle(turn: &Turn<'_>) -> Result<()> {
    let on_connect = core::settings(&turn.row()?)?.run_on.is_some();
    for (passing, rest) in [
        (TaskState::Pausing, TaskState::Paused),
        (TaskState::Terminating, TaskState::Terminated),
    ] {
        turn.transit(&[passing], rest, on_connect.then(|| left_running(rest)))?;
    }
    Ok(())
}
