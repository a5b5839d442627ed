use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Calls that may wait for the one that runs.
const WAITING: usize = 16;

type Call = Box<dyn FnOnce() + Send>;

/// A thread for calls that may never return: the caller waits for a limited time.
pub(crate) struct CallThread {
    // Dropping it ends the thread after its last call.
    calls: Option<SyncSender<Call>>,
    thread: Option<JoinHandle<()>>,
    /// A call was given up and has not returned as far as is known.
    stuck: AtomicBool,
}

/// The call has not returned in time.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct GivenUp;

impl CallThread {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system starts no more threads.
    pub(crate) fn start(name: &str) -> std::io::Result<Self> {
        let (calls, to_make) = sync_channel::<Call>(WAITING);
        let thread = thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || to_make.into_iter().for_each(|call| call()))?;
        Ok(Self {
            calls: Some(calls),
            thread: Some(thread),
            stuck: AtomicBool::new(false),
        })
    }

    /// What `call` answers.
    ///
    /// # Errors
    /// It has not answered within `patience`, or too many calls wait before it. It may still be made later.
    pub(crate) fn call<T: Send + 'static>(
        &self,
        patience: Duration,
        call: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, GivenUp> {
        let (answer, answered): (SyncSender<T>, Receiver<T>) = sync_channel(1);
        let call: Call = Box::new(move || {
            if answer.send(call()).is_err() {
                tracing::debug!("a call answered after it was given up");
            }
        });
        let calls = self.calls.as_ref().ok_or(GivenUp)?;
        match calls.try_send(call) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => return Err(GivenUp),
        }
        match answered.recv_timeout(patience) {
            Ok(answer) => {
                self.stuck.store(false, Ordering::Relaxed);
                Ok(answer)
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                self.stuck.store(true, Ordering::Relaxed);
                Err(GivenUp)
            }
        }
    }
}

impl Drop for CallThread {
    fn drop(&mut self) {
        self.calls = None;
        let Some(thread) = self.thread.take() else { return };
        // A call cannot be ended from outside. The thread ends after it, or with the process.
        if self.stuck.load(Ordering::Relaxed) && !thread.is_finished() {
            tracing::debug!("a thread is left to a call that does not return");
        } else if thread.join().is_err() {
            tracing::warn!("a thread for calls to the system panicked");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn calls_are_answered_in_their_order_on_one_thread() {
        let thread = CallThread::start("calls").unwrap();
        let first = thread.call(LONG, || thread::current().id()).unwrap();
        let second = thread.call(LONG, || thread::current().id()).unwrap();
        assert_eq!(first, second);
        assert_ne!(first, thread::current().id());
    }

    #[test]
    fn a_call_that_does_not_return_is_given_up_and_holds_nothing_up() {
        let thread = CallThread::start("calls").unwrap();
        let (free, freed) = sync_channel::<()>(0);
        let start = Instant::now();
        assert_eq!(
            thread.call(Duration::from_millis(50), move || freed.recv().is_ok()),
            Err(GivenUp)
        );
        assert_eq!(thread.call(Duration::from_millis(50), || ()), Err(GivenUp));
        drop(thread);
        assert!(start.elapsed() < Duration::from_secs(30));
        drop(free);
    }

    #[test]
    fn a_call_that_returned_late_leaves_the_thread_of_use() {
        let thread = CallThread::start("calls").unwrap();
        let (free, freed) = sync_channel::<()>(0);
        assert_eq!(
            thread.call(Duration::from_millis(50), move || freed.recv().is_ok()),
            Err(GivenUp)
        );
        drop(free);
        assert_eq!(thread.call(LONG, || 7), Ok(7));
    }

    #[test]
    fn no_more_calls_wait_than_there_is_room_for() {
        let thread = CallThread::start("calls").unwrap();
        let (free, freed) = sync_channel::<()>(0);
        assert_eq!(
            thread.call(Duration::from_millis(50), move || freed.recv().is_ok()),
            Err(GivenUp)
        );
        for _ in 0..WAITING {
            assert_eq!(thread.call(Duration::ZERO, || ()), Err(GivenUp));
        }
        let start = Instant::now();
        assert_eq!(thread.call(LONG, || ()), Err(GivenUp));
        assert!(start.elapsed() < LONG, "it is refused, not waited for");
        drop(free);
    }

    #[test]
    fn a_call_that_panics_is_given_up_at_once() {
        let thread = CallThread::start("calls").unwrap();
        let start = Instant::now();
        assert_eq!(
            thread.call(LONG, || -> u8 { std::panic::resume_unwind(Box::new(())) }),
            Err(GivenUp)
        );
        assert!(start.elapsed() < LONG);
    }
}
