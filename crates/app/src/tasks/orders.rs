//! What a live task is ordered to do.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crossbeam_channel::Sender;
use sluice_model::{RateLimits, TaskState};

use crate::core::superseded;
use crate::{AppError, ErrorCode, Result};

/// Work to be done while the task's run is stopped, and where its result goes.
pub(crate) struct Work {
    work: Box<dyn FnOnce() -> Result<()> + Send>,
    answer: Sender<Result<()>>,
}

impl Work {
    /// `work`, whose result is sent to `answer`.
    pub(crate) fn new(work: Box<dyn FnOnce() -> Result<()> + Send>, answer: Sender<Result<()>>) -> Self {
        Self { work, answer }
    }

    /// Carries it out.
    pub(crate) fn run(self) {
        let result = (self.work)();
        send(&self.answer, result);
    }

    /// Says that it will not be carried out.
    pub(crate) fn refuse(self, error: AppError) {
        send(&self.answer, Err(error));
    }
}

fn send(answer: &Sender<Result<()>>, result: Result<()>) {
    if answer.send(result).is_err() {
        tracing::debug!("the command that ordered this no longer waits for it");
    }
}

/// Why a run is to stop.
pub(crate) enum Stop {
    /// To come to rest in this state.
    Rest(TaskState),
    /// To carry this out, and go on.
    RunWhilePaused(Work),
    /// Because the program ends: the task's state stays one that goes on at the next start.
    Shutdown,
}

/// The orders of one live task. Each kind has one place, in which a later order replaces an earlier one: a pause never
/// waits behind other orders, and none is refused because there are too many.
#[derive(Default)]
pub(crate) struct Orders {
    inner: Mutex<Inner>,
    came: Condvar,
}

#[derive(Default)]
struct Inner {
    /// The task takes no more orders.
    closed: bool,
    rest: Option<TaskState>,
    work: Option<Work>,
    shutdown: bool,
    retry: bool,
    rate: Option<RateLimits>,
    /// Something came since the task last looked.
    fresh: bool,
}

impl Inner {
    fn stops(&self) -> bool {
        self.rest.is_some() || self.work.is_some() || self.shutdown
    }
}

impl Orders {
    fn locked(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts an order in its place. Returns whether the task still takes orders.
    fn post(&self, order: impl FnOnce(&mut Inner)) -> bool {
        let mut inner = self.locked();
        if inner.closed {
            return false;
        }
        order(&mut inner);
        inner.fresh = true;
        self.came.notify_all();
        true
    }

    /// Whether the task still takes orders.
    pub(crate) fn is_open(&self) -> bool {
        !self.locked().closed
    }

    /// Orders the task to come to rest in `state`. What was to be done between two runs is not done then.
    pub(crate) fn rest(&self, state: TaskState) -> bool {
        self.post(|inner| {
            inner.rest = Some(state);
            if let Some(work) = inner.work.take() {
                work.refuse(superseded());
            }
        })
    }

    /// Orders the task to stop, carry out `work`, and go on. Returns whether it still takes orders.
    ///
    /// # Errors
    /// It is to come to rest, or other work waits.
    pub(crate) fn run_while_paused(&self, work: Work) -> Result<bool> {
        let mut inner = self.locked();
        if inner.closed {
            return Ok(false);
        }
        if inner.stops() {
            return Err(AppError::new(
                ErrorCode::StateForbids,
                "the task is about to change its state; look again and repeat",
            ));
        }
        inner.work = Some(work);
        inner.fresh = true;
        self.came.notify_all();
        Ok(true)
    }

    /// Orders the task to stop and start again at once, with the settings as they are then. One that is about to stop for
    /// another reason does so anyway. Returns whether it still takes orders.
    pub(crate) fn restart(&self) -> bool {
        let (answer, _) = crossbeam_channel::bounded(1);
        self.run_while_paused(Work::new(Box::new(|| Ok(())), answer))
            .unwrap_or(true)
    }

    /// Orders the task to leave its state as it is and end, because the program ends.
    pub(crate) fn shut_down(&self) -> bool {
        self.post(|inner| {
            inner.shutdown = true;
            if let Some(work) = inner.work.take() {
                work.refuse(superseded());
            }
        })
    }

    /// Orders the task not to wait for its next attempt.
    pub(crate) fn retry(&self) -> bool {
        self.post(|inner| inner.retry = true)
    }

    /// Orders another speed.
    pub(crate) fn rate(&self, rate: RateLimits) -> bool {
        self.post(|inner| inner.rate = Some(rate))
    }

    /// Whether a run is to stop, and a start is to be given up.
    pub(crate) fn stops_a_run(&self) -> bool {
        self.locked().stops()
    }

    /// Whether a run is to stop for no other reason than that the program ends.
    pub(crate) fn only_ends_the_program(&self) -> bool {
        let inner = self.locked();
        inner.shutdown && inner.rest.is_none() && inner.work.is_none()
    }

    /// Whether the program ends, whatever else is to be done.
    pub(crate) fn ends_the_program(&self) -> bool {
        self.locked().shutdown
    }

    /// Forgets the order to come to rest, which cannot be carried out before the program ends. The stored state still says it.
    pub(crate) fn leave_rest_undone(&self) {
        self.locked().rest = None;
    }

    /// Waits until `until` at most for an order that was not looked at yet.
    pub(crate) fn wait(&self, until: Instant) {
        let mut inner = self.locked();
        while !inner.fresh {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            inner = self
                .came
                .wait_timeout(inner, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        inner.fresh = false;
    }

    /// Takes the speed that was ordered last.
    pub(crate) fn take_rate(&self) -> Option<RateLimits> {
        self.locked().rate.take()
    }

    /// Takes the order for a new attempt.
    pub(crate) fn take_retry(&self) -> bool {
        std::mem::take(&mut self.locked().retry)
    }

    /// Takes the reason for a stop. What a person decided comes before the program's end: a task must not forget that it
    /// was paused.
    pub(crate) fn take_stop(&self) -> Option<Stop> {
        let mut inner = self.locked();
        if let Some(state) = inner.rest.take() {
            return Some(Stop::Rest(state));
        }
        if let Some(work) = inner.work.take() {
            return Some(Stop::RunWhilePaused(work));
        }
        // It stays: nothing runs any more once the program ends.
        inner.shutdown.then_some(Stop::Shutdown)
    }

    /// Takes no more orders. Work that waits is refused.
    pub(crate) fn close(&self) {
        let mut inner = self.locked();
        inner.closed = true;
        if let Some(work) = inner.work.take() {
            work.refuse(superseded());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crossbeam_channel::{Receiver, bounded};

    use super::*;

    fn work() -> (Work, Receiver<Result<()>>) {
        let (answer, answered) = bounded(1);
        (Work::new(Box::new(|| Ok(())), answer), answered)
    }

    #[test]
    fn a_pause_is_taken_however_many_orders_wait() {
        let orders = Orders::default();
        for records in 0..1000 {
            assert!(orders.rate(RateLimits {
                records_per_second: Some(records),
                bytes_per_second: None
            }));
            assert!(orders.retry());
        }
        assert!(orders.rest(TaskState::Paused));
        assert!(orders.stops_a_run());
        assert_eq!(
            orders.take_rate().and_then(|rate| rate.records_per_second),
            Some(999),
            "the last speed counts"
        );
        assert!(matches!(orders.take_stop(), Some(Stop::Rest(TaskState::Paused))));
    }

    #[test]
    fn a_program_that_ends_does_not_make_a_task_forget_that_it_was_paused() {
        let orders = Orders::default();
        orders.rest(TaskState::Paused);
        orders.shut_down();
        assert!(matches!(orders.take_stop(), Some(Stop::Rest(TaskState::Paused))));
        assert!(matches!(orders.take_stop(), Some(Stop::Shutdown)));
    }

    #[test]
    fn work_that_a_later_order_overtakes_is_answered_as_superseded() {
        for later in [
            (|orders: &Orders| assert!(orders.rest(TaskState::Paused))) as fn(&Orders),
            |orders| assert!(orders.shut_down()),
            Orders::close,
        ] {
            let orders = Orders::default();
            let (work, answered) = work();
            assert!(orders.run_while_paused(work).unwrap());
            later(&orders);
            let error = answered.try_recv().unwrap().unwrap_err();
            assert!(
                error.message.starts_with("superseded by a later command"),
                "{error}"
            );
        }
    }

    #[test]
    fn one_piece_of_work_waits_at_a_time() {
        let orders = Orders::default();
        assert!(orders.run_while_paused(work().0).unwrap());
        assert_eq!(
            orders.run_while_paused(work().0).unwrap_err().code,
            ErrorCode::StateForbids
        );
    }

    #[test]
    fn a_task_that_has_ended_takes_no_orders() {
        let orders = Orders::default();
        orders.close();
        assert!(!orders.rest(TaskState::Paused) && !orders.retry() && !orders.shut_down());
        assert!(!orders.run_while_paused(work().0).unwrap());
        assert!(!orders.stops_a_run());
    }

    #[test]
    fn an_order_ends_the_wait_for_it_at_once_and_is_waited_for_once() {
        let orders = Orders::default();
        let far = Instant::now() + Duration::from_secs(600);
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| orders.wait(far));
            orders.retry();
            waiting.join().unwrap();
        });
        assert!(orders.take_retry() && !orders.take_retry());
        orders.wait(Instant::now());
    }
}
