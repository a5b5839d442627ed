//! The handle of a live task.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use sluice_model::TaskId;

use super::engine::Engine;
use super::live::Live;
use super::orders::Orders;
use super::runner::Runner;
use crate::core::{Core, panic_words};
use crate::{AppError, ErrorCode, Result};

/// A live task's thread. Dropping it orders the task to shut down, and waits.
pub(crate) struct TaskRun {
    orders: Arc<Orders>,
    live: Arc<Mutex<Live>>,
    thread: Option<JoinHandle<Option<String>>>,
}

impl TaskRun {
    /// Starts or resumes a task.
    ///
    /// # Errors
    /// The system starts no more threads.
    pub(crate) fn spawn(
        core: Arc<Core>,
        engine: Arc<dyn Engine>,
        id: TaskId,
        give_up_after: Duration,
    ) -> Result<Self> {
        let live = Arc::new(Mutex::new(Live::default()));
        let orders = Arc::new(Orders::default());
        let thread = std::thread::Builder::new()
            .name(format!("sluice-{id}"))
            .spawn({
                let (live, orders) = (Arc::clone(&live), Arc::clone(&orders));
                move || {
                    let runner = Runner::new(core, engine, id, Arc::clone(&orders), live, give_up_after);
                    let panic = catch_unwind(AssertUnwindSafe(|| runner.run())).err();
                    orders.close();
                    panic.map(|panic| panic_words(panic.as_ref()))
                }
            })
            .map_err(|error| {
                AppError::new(ErrorCode::Internal, format!("no thread for the task: {error}"))
            })?;
        Ok(Self {
            orders,
            live,
            thread: Some(thread),
        })
    }

    /// Where orders for the task go.
    pub(crate) fn orders(&self) -> &Orders {
        &self.orders
    }

    /// What is known of it.
    pub(crate) fn live(&self) -> Live {
        self.live.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether its thread has ended.
    pub(crate) fn is_finished(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Waits for the end of its thread. Returns the words of its panic, if it panicked.
    pub(crate) fn join(mut self) -> Option<String> {
        self.end()
    }

    fn end(&mut self) -> Option<String> {
        match self.thread.take()?.join() {
            Ok(panic) => panic,
            Err(panic) => Some(panic_words(panic.as_ref())),
        }
    }
}

impl Drop for TaskRun {
    fn drop(&mut self) {
        self.orders.shut_down();
        if let Some(words) = self.end() {
            tracing::error!(%words, "a task's thread panicked");
        }
    }
}
