use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use kafka_protocol::messages::ApiKey;

use crate::error::{Result, WireError};

/// Takes an answer: its bytes behind the correlation id. Runs on the connection's reading thread, so it only hands
/// over.
pub(crate) type OnAnswer = Box<dyn FnOnce(Result<Bytes>) + Send>;

/// Requests that one connection may have without an answer.
const MAX_IN_FLIGHT: usize = 1_000;

/// A request whose answer is still to come.
pub(crate) struct Waiting {
    /// None for bare SASL messages, which have no header.
    pub(crate) correlation: Option<i32>,
    pub(crate) api: ApiKey,
    pub(crate) asked: Instant,
    pub(crate) timeout: Duration,
    pub(crate) on_answer: OnAnswer,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    closed: Option<WireError>,
}

/// Requests whose answers are still to come, in their order: brokers answer one connection's requests in turn.
#[derive(Default)]
pub(crate) struct InFlight(Mutex<Queue>);

impl InFlight {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a request that is about to be written.
    ///
    /// # Errors
    /// The connection has ended, or has too many already.
    pub(crate) fn push(&self, waiting: Waiting, address: &str) -> Result<()> {
        let mut queue = self.lock();
        if let Some(error) = &queue.closed {
            return Err(error.clone());
        }
        if queue.waiting.len() >= MAX_IN_FLIGHT {
            return Err(WireError::Timeout {
                what: format!("{:?} behind {MAX_IN_FLIGHT} other requests", waiting.api),
                address: address.to_owned(),
                after: Duration::ZERO,
            });
        }
        queue.waiting.push_back(waiting);
        Ok(())
    }

    /// The request that the next answer belongs to.
    pub(crate) fn pop(&self) -> Option<Waiting> {
        self.lock().waiting.pop_front()
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().waiting.len()
    }

    /// Why the connection has ended, if it has.
    pub(crate) fn closed(&self) -> Option<WireError> {
        self.lock().closed.clone()
    }

    /// A request that has waited `factor` times as long as it may.
    pub(crate) fn overdue(&self, factor: u32) -> Option<(ApiKey, Duration)> {
        let now = Instant::now();
        self.lock()
            .waiting
            .iter()
            .find(|waiting| now.saturating_duration_since(waiting.asked) >= waiting.timeout * factor)
            .map(|waiting| (waiting.api, waiting.timeout))
    }

    /// Ends everything that waits with `error`, and everything to come. Only the first error counts.
    pub(crate) fn close(&self, error: &WireError) {
        let waiting = {
            let mut queue = self.lock();
            if queue.closed.is_none() {
                queue.closed = Some(error.clone());
            }
            std::mem::take(&mut queue.waiting)
        };
        for one in waiting {
            (one.on_answer)(Err(error.clone()));
        }
    }
}
