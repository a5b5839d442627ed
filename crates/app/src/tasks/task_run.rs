//! One live task: the thread that starts its engine, watches it, tries again, and ends it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use sluice_engine::{Ending, EngineError, Incomplete, PartitionCondition, Progress, RunOptions, Running};
use sluice_model::{RateLimits, TaskId, TaskSettings, TaskState};
use sluice_store::MetricSample;

use super::snapshot::snapshot;
use super::stretch::{self, Stretch};
use crate::clock::now_ms;
use crate::core::{self, Core};
use crate::schema::AppEvent;
use crate::{AppError, ErrorCode, Result};

/// How often a run is looked at; pages get at most four updates a second.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// A partition may fail so long before the task counts as abnormal: a leader that moves is no news.
const ABNORMAL_AFTER: Duration = Duration::from_secs(3);
/// Pause before the first new try; doubled each time.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// Longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Orders that may wait; a person gives one at a time.
const ORDERS: usize = 16;

/// What a live task is told.
pub(crate) enum Order {
    /// Stop at a saved position; the answer is a state.
    Pause,
    /// Stop for good.
    Terminate,
    /// Do not wait for the next try.
    Retry,
    /// Go at this speed from now on.
    Rate(RateLimits),
    /// Stop, carry this out between two runs, and go on. The answer is sent back.
    Between(Box<dyn FnOnce() -> Result<()> + Send>, Sender<Result<()>>),
    /// The program ends: stop cleanly, and leave the task's state as one that goes on at the next start.
    Leave,
}

impl Order {
    /// Whether a run comes to an end by it, and a start is given up.
    fn ends_a_run(&self) -> bool {
        match self {
            Self::Pause | Self::Terminate | Self::Between(..) | Self::Leave => true,
            Self::Retry | Self::Rate(_) => false,
        }
    }
}

/// What is known of a live task.
#[derive(Default, Clone)]
pub(crate) struct Live {
    /// Shared, because that of a large task is large and is looked at often.
    pub(crate) progress: Option<Arc<Progress>>,
    /// Since when it is in its present state, in ms since 1970.
    pub(crate) since_ms: i64,
    pub(crate) stuck_since_ms: Option<i64>,
    pub(crate) taken_ms: i64,
    /// When they were last handed to whoever listens.
    told_ms: i64,
    /// Why it does not run although nothing could be written down of that: the disk is full, the database is locked.
    pub(crate) unkept: Option<String>,
}

/// Time in ms between two events with the numbers of a task: not more than four a second, and the fewer the more
/// partitions, because an event carries each of them (about 320 bytes) and the page draws them anew.
fn telling_pause_ms(partitions: usize) -> i64 {
    i64::try_from(partitions / 4)
        .unwrap_or(i64::MAX)
        .clamp(200, 2_500)
}

/// The handle of a live task. Dropping it leaves the task as [`Order::Leave`] does and waits.
pub(crate) struct TaskRun {
    orders: Sender<Order>,
    /// Whether one of the orders ends a run: who waits for a cluster that does not answer must not wait any longer.
    ending: Arc<AtomicBool>,
    live: Arc<Mutex<Live>>,
    thread: Option<JoinHandle<()>>,
}

impl TaskRun {
    /// Starts or resumes a task.
    pub(crate) fn spawn(core: Arc<Core>, id: TaskId, give_up_after: Duration) -> Result<Self> {
        let (orders, inbox) = bounded(ORDERS);
        let live = Arc::new(Mutex::new(Live {
            since_ms: now_ms(),
            ..Live::default()
        }));
        let ending = Arc::new(AtomicBool::new(false));
        let thread = std::thread::Builder::new()
            .name(format!("sluice-{id}"))
            .spawn({
                let (live, ending) = (Arc::clone(&live), Arc::clone(&ending));
                move || {
                    Runner {
                        core,
                        id,
                        inbox,
                        ending,
                        live,
                        give_up_after,
                        failing_since: None,
                        pause: FIRST_PAUSE,
                    }
                    .run();
                }
            })
            .map_err(|error| {
                AppError::new(ErrorCode::Internal, format!("no thread for the task: {error}"))
            })?;
        Ok(Self {
            orders,
            ending,
            live,
            thread: Some(thread),
        })
    }

    /// Tells the task something.
    ///
    /// # Errors
    /// It has just ended, or has more orders than it can take.
    pub(crate) fn order(&self, order: Order) -> Result<()> {
        let ends = order.ends_a_run();
        self.orders.try_send(order).map_err(|_| {
            AppError::new(
                ErrorCode::StateForbids,
                "the task is about to change its state; look again and repeat",
            )
        })?;
        if ends {
            self.ending.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    /// What is known of it.
    pub(crate) fn live(&self) -> Live {
        self.live.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether its thread has ended.
    pub(crate) fn is_finished(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Waits for the end of its thread.
    pub(crate) fn join(mut self) {
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("a task's thread panicked");
        }
    }
}

impl Drop for TaskRun {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            self.ending.store(true, Ordering::Relaxed);
            // A full inbox holds an order to end already, or one that ends soon; the thread drains it.
            if self.orders.send(Order::Leave).is_err() {
                tracing::debug!("the task's thread has ended already");
            }
            if thread.join().is_err() {
                tracing::error!("a task's thread panicked");
            }
        }
    }
}

/// Why a run was ended by us.
enum Stop {
    Into(TaskState),
    Leave,
    Between(Box<dyn FnOnce() -> Result<()> + Send>, Sender<Result<()>>),
}

/// What comes after a run.
enum Next {
    Again,
    End,
}

struct Runner {
    core: Arc<Core>,
    id: TaskId,
    inbox: Receiver<Order>,
    ending: Arc<AtomicBool>,
    live: Arc<Mutex<Live>>,
    give_up_after: Duration,
    failing_since: Option<Instant>,
    pause: Duration,
}

impl Runner {
    fn run(mut self) {
        loop {
            let next = match self.start() {
                Ok((running, settings)) => self.follow(running, &settings),
                // It was given up because an order waits.
                Err(_) if self.ending.load(Ordering::Relaxed) => self.wait_until(Instant::now()),
                Err(error) => self.failed(&error),
            };
            match next.unwrap_or_else(|error| self.hold_out(error)) {
                Next::Again => {}
                Next::End => return,
            }
        }
    }

    /// What became of the task cannot be written: the disk is full, or another process has the database locked. Nothing
    /// runs meanwhile, so that nothing can be lost; whoever looks is told, and it goes on when something can be written.
    fn hold_out(&mut self, mut error: AppError) -> Next {
        loop {
            tracing::error!(task = %self.id, %error, "the task waits because its state cannot be kept");
            self.live.lock().unwrap_or_else(PoisonError::into_inner).unkept = Some(error.message.clone());
            let until = Instant::now() + self.pause;
            self.pause = (self.pause * 2).min(LONGEST_PAUSE);
            let next = match self.wait_until(until) {
                Ok(Next::Again) => self.take_up(&error),
                ended_or_not => ended_or_not,
            };
            match next {
                Ok(next) => {
                    self.live.lock().unwrap_or_else(PoisonError::into_inner).unkept = None;
                    return next;
                }
                Err(again) => error = again,
            }
        }
    }

    /// Goes on where the stored state says, if it can be written again.
    fn take_up(&self, error: &AppError) -> Result<Next> {
        match core::state(&self.core.task(self.id.as_str())?)? {
            TaskState::Pausing => self.end(TaskState::Paused),
            TaskState::Terminating => self.end(TaskState::Terminated),
            state @ (TaskState::Starting | TaskState::Running | TaskState::Abnormal) => {
                // The same state again would write nothing, and show nothing of whether something can be written.
                self.enter(&[state], TaskState::Abnormal, Some(&error.message))?;
                self.core.log(&self.id, "warning", format!("abnormal: {error}"));
                Ok(Next::Again)
            }
            _ => Ok(Next::End),
        }
    }

    fn start(&self) -> std::result::Result<(Running, TaskSettings), Trouble> {
        let row = self.core.task(self.id.as_str())?;
        let settings = core::settings(&row)?;
        let task = self.core.engine_task(&row)?;
        let options = RunOptions {
            until_caught_up: settings.bounded,
            wait_for_transactions: None,
            memory_bytes: Some(settings.spec.profile().memory_bytes),
        };
        let running = sluice_engine::start_unless(
            task,
            self.core.store.clone(),
            self.core.observer(&self.id),
            options,
            &|| self.ending.load(Ordering::Relaxed),
        )?;
        Ok((running, settings))
    }

    /// Watches a run until it ends.
    fn follow(&mut self, running: Running, settings: &TaskSettings) -> Result<Next> {
        let mut stop: Option<Stop> = None;
        let mut failing_since: Option<Instant> = None;
        let mut stretch = self.stretch();
        let mut was_whole = false;
        loop {
            let finished = running.is_finished();
            let progress = running.progress();
            self.note(&progress);
            if let Some(sample) = stretch.look(now_ms(), &progress) {
                self.keep(&sample);
            }
            if finished {
                break;
            }
            if stop.is_none() {
                match trouble(&progress) {
                    None => {
                        failing_since = None;
                        // The first look may come before the first word of the clusters.
                        self.failing_since = None;
                        self.pause = FIRST_PAUSE;
                        if self.enter(
                            &[TaskState::Starting, TaskState::Abnormal],
                            TaskState::Running,
                            None,
                        )? && was_whole
                        {
                            self.core.log(&self.id, "info", "the task runs normally again");
                        }
                        was_whole = true;
                    }
                    Some(reason) => {
                        let since = *failing_since.get_or_insert_with(Instant::now);
                        if since.elapsed() >= ABNORMAL_AFTER
                            && self.enter(
                                &[TaskState::Starting, TaskState::Running],
                                TaskState::Abnormal,
                                Some(&reason),
                            )?
                        {
                            self.core.log(&self.id, "warning", format!("abnormal: {reason}"));
                        }
                    }
                }
            }
            let order = self.inbox.recv_timeout(LOOK_EVERY);
            self.taken();
            match order {
                Ok(Order::Retry) | Err(RecvTimeoutError::Timeout) => {}
                Ok(Order::Rate(rate)) => running.set_rate(rate),
                Ok(order) => stop = self.stopping(&running, stop, order),
                Err(RecvTimeoutError::Disconnected) => stop = self.stopping(&running, stop, Order::Leave),
            }
        }
        let outcome = running.wait();
        self.note(&outcome.progress);
        if let Some(sample) = stretch.look(now_ms(), &outcome.progress) {
            self.keep(&sample);
        }
        self.keep(stretch.sample());
        if let Ending::Failed(error) = &outcome.ending
            && !matches!(stop, Some(Stop::Into(TaskState::Terminated)))
        {
            if let Some(Stop::Between(_, answer)) = stop {
                self.answer(&answer, Err(error.clone().into()));
            }
            return self.failed(&Trouble::Engine(error.clone()));
        }
        match stop {
            Some(Stop::Into(state)) => self.end(state),
            Some(Stop::Leave) => Ok(Next::End),
            Some(Stop::Between(work, answer)) => {
                self.answer(&answer, work());
                Ok(Next::Again)
            }
            None if settings.bounded => self.bounded_end(&outcome.ending),
            // Nobody told it to stop, and it did not fail.
            None => Ok(Next::Again),
        }
    }

    /// A bounded task is completed only when nothing is missing; otherwise it failed, and a resume tries the rest again.
    fn bounded_end(&mut self, ending: &Ending) -> Result<Next> {
        let incomplete = match ending {
            Ending::CaughtUp { incomplete } => incomplete.as_slice(),
            Ending::Stopped | Ending::Failed(_) => &[],
        };
        if incomplete.is_empty() {
            self.core
                .log(&self.id, "info", "everything that was asked for is copied");
            return self.end(TaskState::Completed);
        }
        for missing in incomplete {
            self.core.log(&self.id, "error", missing.to_string());
        }
        self.failed(&Trouble::Incomplete(incomplete.to_vec()))
    }

    fn stopping(&self, running: &Running, earlier: Option<Stop>, order: Order) -> Option<Stop> {
        running.stop();
        let stop = match order {
            Order::Pause => Stop::Into(TaskState::Paused),
            Order::Terminate => Stop::Into(TaskState::Terminated),
            Order::Between(work, answer) => Stop::Between(work, answer),
            Order::Leave => Stop::Leave,
            Order::Retry | Order::Rate(_) => return earlier,
        };
        match (earlier, stop) {
            // The program's end must not make a task forget that a person ended or paused it.
            (Some(Stop::Into(state)), Stop::Leave) => Some(Stop::Into(state)),
            (Some(Stop::Between(_, answer)), later) => {
                self.answer(&answer, Err(overtaken()));
                Some(later)
            }
            (_, later) => Some(later),
        }
    }

    /// A start or a run has failed: waits and tries again, or gives up.
    fn failed(&mut self, trouble: &Trouble) -> Result<Next> {
        let reason = trouble.to_string();
        // Who ended it for good is not to be told that it failed on the way.
        if core::state(&self.core.task(self.id.as_str())?)? == TaskState::Terminating {
            return self.end(TaskState::Terminated);
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
            self.core.log(&self.id, "error", format!("failed: {reason}"));
            return self.rest(TaskState::Failed, Some(&reason));
        }
        self.core.log(
            &self.id,
            "warning",
            format!("{reason}; trying again in {} s", self.pause.as_secs()),
        );
        self.enter(
            &[TaskState::Starting, TaskState::Running, TaskState::Abnormal],
            TaskState::Abnormal,
            Some(&reason),
        )?;
        let until = Instant::now() + self.pause;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        self.wait_until(until)
    }

    /// Waits for the next try, or an order.
    fn wait_until(&self, until: Instant) -> Result<Next> {
        loop {
            let order = self.inbox.recv_deadline(until);
            self.taken();
            match order {
                Err(RecvTimeoutError::Timeout) | Ok(Order::Retry) => return Ok(Next::Again),
                Ok(Order::Rate(_)) => {}
                Ok(Order::Pause) => return self.end(TaskState::Paused),
                Ok(Order::Terminate) => return self.end(TaskState::Terminated),
                Ok(Order::Between(work, answer)) => {
                    self.answer(&answer, work());
                    return Ok(Next::Again);
                }
                Ok(Order::Leave) | Err(RecvTimeoutError::Disconnected) => return Ok(Next::End),
            }
        }
    }

    /// An order was taken from the inbox, or none was there.
    fn taken(&self) {
        self.ending.store(!self.inbox.is_empty(), Ordering::Relaxed);
    }

    fn answer(&self, to: &Sender<Result<()>>, answer: Result<()>) {
        if to.send(answer).is_err() {
            tracing::debug!(task = %self.id, "nobody waits for the answer any more");
        }
    }

    fn end(&self, state: TaskState) -> Result<Next> {
        let next = self.rest(state, None)?;
        self.core.log(&self.id, "info", format!("the task is {state}"));
        Ok(next)
    }

    /// Enters a state in which it does not run, nor at the next start.
    fn rest(&self, state: TaskState, reason: Option<&str>) -> Result<Next> {
        // First, because who sees the state may resume at once: that must not be taken back.
        self.core.store.set_task_desired(self.id.as_str(), false)?;
        self.enter(&LIVE, state, reason)?;
        Ok(Next::End)
    }

    fn enter(&self, from: &[TaskState], to: TaskState, reason: Option<&str>) -> Result<bool> {
        let changed = self.core.transit(&self.id, from, to, reason)?;
        if changed {
            let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
            live.since_ms = now_ms();
        }
        Ok(changed)
    }

    /// Keeps the numbers for whoever asks, and hands them to whoever listens.
    fn note(&self, progress: &Progress) {
        let now = now_ms();
        {
            let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
            live.stuck_since_ms = progress
                .partitions
                .iter()
                .filter(|row| row.stuck)
                .filter_map(|row| row.still_since_ms)
                .min();
            live.progress = Some(Arc::new(progress.clone()));
            live.taken_ms = now;
            if now - live.told_ms < telling_pause_ms(progress.partitions.len()) {
                return;
            }
            live.told_ms = now;
        }
        if !self.core.bus.has_subscribers() {
            return;
        }
        match self
            .core
            .task(self.id.as_str())
            .and_then(|row| snapshot(&self.core, &row, Some(&self.live_now())))
        {
            Ok(snapshot) => self.core.bus.publish(&AppEvent::TaskProgress {
                snapshot: Box::new(snapshot),
            }),
            Err(error) => tracing::warn!(task = %self.id, %error, "no snapshot"),
        }
    }

    fn live_now(&self) -> Live {
        self.live.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Begins to measure for the charts, with what an earlier run left of these ten seconds.
    fn stretch(&self) -> Stretch {
        let now = now_ms();
        let begin = stretch::beginning(now);
        let earlier = self
            .core
            .store
            .metrics(self.id.as_str(), begin, begin + stretch::SECONDS, 1, now / 1000)
            .map(|(_, mut samples)| samples.pop())
            .unwrap_or_else(|error| {
                tracing::error!(task = %self.id, %error, "the last sample for the charts cannot be read");
                None
            });
        Stretch::begin(now, earlier)
    }

    fn keep(&self, sample: &MetricSample) {
        if let Err(error) = self.core.store.record_metrics(self.id.as_str(), sample) {
            tracing::error!(task = %self.id, %error, "a sample for the charts is lost");
        }
    }
}

/// States in which a task's thread may be.
const LIVE: [TaskState; 5] = [
    TaskState::Starting,
    TaskState::Running,
    TaskState::Abnormal,
    TaskState::Pausing,
    TaskState::Terminating,
];

fn overtaken() -> AppError {
    AppError::new(
        ErrorCode::Cancelled,
        "the task was told something else before this could be done",
    )
}

/// What is wrong with a run that goes on, if anything is.
fn trouble(progress: &Progress) -> Option<String> {
    if let Some(error) = &progress.error {
        return Some(error.clone());
    }
    let troubled: Vec<_> = progress
        .partitions
        .iter()
        .filter(|row| {
            matches!(
                row.condition,
                PartitionCondition::Retrying | PartitionCondition::Stopped
            )
        })
        .collect();
    let first = troubled.first()?;
    let error = first.error.as_deref().unwrap_or("no reason is known");
    Some(format!(
        "{} of {} partitions do not go on; {}-{}: {error}",
        troubled.len(),
        progress.partitions.len(),
        first.topic,
        first.partition
    ))
}

/// Why there is no run.
enum Trouble {
    Engine(EngineError),
    App(AppError),
    /// The end was reached, and this could not be copied.
    Incomplete(Vec<Incomplete>),
}

impl Trouble {
    /// Whether it may be over without a person.
    fn is_passing(&self) -> bool {
        match self {
            Self::Engine(error) => error.is_passing(),
            Self::App(error) => error.retryable,
            Self::Incomplete(_) => false,
        }
    }
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Engine(error) => error.fmt(f),
            Self::App(error) => error.fmt(f),
            Self::Incomplete(missing) => match missing.as_slice() {
                [first, rest @ ..] if !rest.is_empty() => {
                    write!(f, "{first} (and {} more partitions)", rest.len())
                }
                [first, ..] => first.fmt(f),
                [] => Ok(()),
            },
        }
    }
}

impl From<EngineError> for Trouble {
    fn from(error: EngineError) -> Self {
        Self::Engine(error)
    }
}

impl From<AppError> for Trouble {
    fn from(error: AppError) -> Self {
        Self::App(error)
    }
}

#[cfg(test)]
mod tests {
    use super::telling_pause_ms;

    #[test]
    fn the_numbers_of_large_tasks_are_told_less_often() {
        assert!(
            telling_pause_ms(1) <= 250 && telling_pause_ms(800) <= 250,
            "four a second"
        );
        assert_eq!(telling_pause_ms(4_000), 1_000);
        assert_eq!(
            telling_pause_ms(1_000_000),
            2_500,
            "the page calls numbers old after 5 s"
        );
    }
}
