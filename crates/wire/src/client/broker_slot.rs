use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::cancel::CANCEL_INTERVAL;
use crate::error::{Result, WireError};
use crate::net::{Address, Budget, Connection, Settings};

/// The pauses between attempts to connect.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

#[derive(Debug, Default)]
struct State {
    opening: bool,
    connection: Option<Arc<Connection>>,
    /// When the next attempt may begin, and the pause after it.
    back_off: Option<(Instant, Duration)>,
}

/// The connection to one broker that all callers share. One of them opens it while the others wait.
#[derive(Debug, Default)]
pub(crate) struct BrokerSlot {
    state: Mutex<State>,
    changed: Condvar,
}

impl BrokerSlot {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection, if it is open.
    pub(crate) fn open_one(&self) -> Option<Arc<Connection>> {
        self.lock()
            .connection
            .clone()
            .filter(|connection| connection.closed().is_none())
    }

    /// The connection to `address`, opened if need be.
    ///
    /// # Errors
    /// It does not open, or the budget ends first.
    pub(crate) fn get(
        &self,
        address: &Address,
        settings: &Arc<Settings>,
        limit: Duration,
        budget: &Budget,
    ) -> Result<Arc<Connection>> {
        let shown = address.to_string();
        let mut state = self.lock();
        loop {
            budget.check("a connection", &shown)?;
            if let Some(connection) = &state.connection
                && connection.closed().is_none()
                && connection.address() == address
            {
                return Ok(Arc::clone(connection));
            }
            let pausing = state.back_off.is_some_and(|(until, _)| until > Instant::now());
            if !state.opening && !pausing {
                break;
            }
            state = self
                .changed
                .wait_timeout(state, CANCEL_INTERVAL)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        state.opening = true;
        let replaced = state.connection.take();
        drop(state);
        drop(replaced);
        let opened = Connection::open(address, settings, limit.min(budget.left()), &budget.cancel);
        self.note(&opened);
        opened
    }

    fn note(&self, opened: &Result<Arc<Connection>>) {
        let mut state = self.lock();
        state.opening = false;
        match opened {
            Ok(connection) => {
                state.connection = Some(Arc::clone(connection));
                state.back_off = None;
            }
            Err(WireError::Cancelled) => {}
            Err(_) => {
                let pause = state
                    .back_off
                    .map_or(BACK_OFF.0, |(_, pause)| (pause * 2).min(BACK_OFF.1));
                state.back_off = Some((Instant::now() + pause, pause));
            }
        }
        self.changed.notify_all();
    }
}
