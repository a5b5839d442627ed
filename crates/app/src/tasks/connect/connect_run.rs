//! A run of a task on Connect: its connectors are watched until it is to stop.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};
use sluice_connect::{ConnectClient, Connector, Support};
use sluice_engine::{AcceptedGap, Ending, Outcome, OutsideCopy, Progress};
use sluice_model::{RateLimits, TaskId};

use super::deployment::positions_at;
use super::newcomers::Newcomers;
use super::watch::Watch;
use crate::core::Core;
use crate::tasks::engine::Run;
use crate::{AppError, ErrorCode, Result};

/// How often the connectors and both clusters are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How long a stop waits for transactions that are open on the target. Those of a worker that died are aborted within the
/// minute that Connect's producers ask for (`transaction.timeout.ms`).
const OPEN_WITHIN: Duration = Duration::from_secs(75);
/// How often it is looked whether a connector has stopped.
const STOPPING_EVERY: Duration = Duration::from_millis(300);

const GO_ON: u8 = 0;
const STOP: u8 = 1;
const LEAVE: u8 = 2;

/// What a run on Connect stands on.
pub(super) struct Ground {
    pub(super) client: ConnectClient,
    pub(super) copy: OutsideCopy,
    pub(super) connectors: Vec<Connector>,
    pub(super) alias: String,
    /// It ends when everything is copied that was there when it began.
    pub(super) bounded: bool,
    /// What the workers can do.
    pub(super) support: Support,
    pub(super) core: Arc<Core>,
    pub(super) id: TaskId,
}

struct Shared {
    progress: Mutex<Progress>,
    order: AtomicU8,
}

impl Shared {
    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn order(&self) -> u8 {
        self.order.load(Ordering::Relaxed)
    }
}

/// A run on Connect. Dropping it leaves the connectors as they are: they go on without this program.
pub(super) struct ConnectRun {
    shared: Arc<Shared>,
    wake: Sender<()>,
    thread: Option<JoinHandle<Ending>>,
}

impl ConnectRun {
    /// Begins to watch.
    ///
    /// # Errors
    /// The system starts no more threads.
    pub(super) fn spawn(ground: Ground) -> Result<Self> {
        let shared = Arc::new(Shared {
            progress: Mutex::default(),
            order: AtomicU8::new(GO_ON),
        });
        let (wake, woken) = bounded(1);
        let thread = std::thread::Builder::new()
            .name("sluice-connect".into())
            .spawn({
                let shared = Arc::clone(&shared);
                move || Follower::new(ground, shared, woken).run()
            })
            .map_err(|error| {
                AppError::new(ErrorCode::Internal, format!("no thread for the task: {error}"))
            })?;
        Ok(Self {
            shared,
            wake,
            thread: Some(thread),
        })
    }

    fn give(&self, order: u8) {
        // A stop is not taken back by the program's end.
        if self.shared.order() == GO_ON || order == LEAVE {
            self.shared.order.store(order, Ordering::Relaxed);
        }
        // One that waits already is enough.
        match self.wake.try_send(()) {
            Ok(()) | Err(_) => {}
        }
    }
}

impl Run for ConnectRun {
    fn progress(&self) -> Progress {
        self.shared.progress().clone()
    }

    fn is_finished(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    fn set_rate(&self, _: RateLimits) {
        tracing::debug!("a task that runs on Connect has no speed limit");
    }

    fn accept_gaps(&self, _: Vec<AcceptedGap>) {
        tracing::debug!("a task that runs on Connect does not stop at gaps");
    }

    fn stop(&self) {
        self.give(STOP);
    }

    fn leave(&self) {
        self.give(LEAVE);
    }

    fn wait(mut self: Box<Self>) -> Outcome {
        let ending = match self.thread.take().map(JoinHandle::join) {
            Some(Ok(ending)) => ending,
            Some(Err(_)) | None => Ending::Failed(sluice_engine::EngineError::Internal(
                "the thread that watches Connect panicked".to_owned(),
            )),
        };
        let progress = self.shared.progress().clone();
        Outcome { ending, progress }
    }
}

impl Drop for ConnectRun {
    fn drop(&mut self) {
        self.give(LEAVE);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that watches Connect panicked");
        }
    }
}

/// The thread of a run.
struct Follower {
    ground: Ground,
    watch: Watch,
    newcomers: Newcomers,
    shared: Arc<Shared>,
    woken: Receiver<()>,
}

impl Follower {
    fn new(ground: Ground, shared: Arc<Shared>, woken: Receiver<()>) -> Self {
        Self {
            ground,
            watch: Watch::default(),
            newcomers: Newcomers::default(),
            shared,
            woken,
        }
    }

    fn run(mut self) -> Ending {
        loop {
            match self.shared.order() {
                STOP => {
                    if self.stop() {
                        return Ending::Stopped;
                    }
                    continue;
                }
                LEAVE => return Ending::Stopped,
                _ => {}
            }
            let mut progress = self.look(false);
            let is_stopped = || self.shared.order() != GO_ON;
            let joining = self.newcomers.look(&mut self.ground, &is_stopped);
            let trouble = joining.or_else(|| self.watch.look(&self.ground));
            progress.error = trouble.or(progress.error);
            let is_over = self.ground.bounded
                && progress.error.is_none()
                && self.ground.copy.has_all_of_the_beginning();
            *self.shared.progress() = progress;
            if is_over && self.stop() {
                return Ending::CaughtUp {
                    incomplete: self.ground.copy.incomplete(),
                };
            }
            self.rest(LOOK_EVERY);
        }
    }

    /// Waits, or until there is an order.
    fn rest(&self, at_most: Duration) {
        match self.woken.recv_timeout(at_most) {
            Ok(()) | Err(_) => {}
        }
    }

    fn look(&mut self, at_rest: bool) -> Progress {
        let Ground {
            client,
            copy,
            alias,
            id,
            ..
        } = &mut self.ground;
        let mut ask = || positions_at(client, id.as_str(), alias).map_err(|error| error.to_string());
        let is_ordered = || self.shared.order() != GO_ON;
        copy.look(&mut ask, at_rest, &is_ordered)
    }

    /// Stops the connectors, waits until nothing of them runs, and notes where they stand. What cannot be done yet is shown and
    /// tried again. Returns whether it is done; not where the program ends before.
    fn stop(&mut self) -> bool {
        let mut held_since = None;
        loop {
            if self.shared.order() == LEAVE {
                return false;
            }
            let error = match self.try_to_stop() {
                Ok(true) => {
                    let progress = self.look(true);
                    let error = progress.error.clone();
                    *self.shared.progress() = progress;
                    match error.or_else(|| self.held(&mut held_since)) {
                        None => return true,
                        Some(error) => error,
                    }
                }
                Ok(false) => {
                    self.rest(STOPPING_EVERY);
                    continue;
                }
                Err(error) => error.to_string(),
            };
            self.shared.progress().error = Some(format!("the connectors cannot be stopped yet: {error}"));
            self.rest(LOOK_EVERY);
        }
    }

    /// Why it is not noted yet where the connectors stand; none where it is, and where that was waited for long enough.
    fn held(&self, since: &mut Option<Instant>) -> Option<String> {
        let why = self.ground.copy.not_noted()?;
        if since.get_or_insert_with(Instant::now).elapsed() < OPEN_WITHIN {
            return Some(why);
        }
        self.ground.core.log(&self.ground.id, "warning", why);
        None
    }

    /// Asks the connectors to stop. Returns whether all that run have.
    fn try_to_stop(&self) -> sluice_connect::Result<bool> {
        let client = &self.ground.client;
        let mut all = true;
        for connector in &self.ground.connectors {
            match client.status(&connector.name)? {
                // Somebody has removed it.
                None if client.config(&connector.name)?.is_none() => {}
                Some(status) if status.is_stopped() => {}
                _ => {
                    client.stop(&connector.name)?;
                    all = false;
                }
            }
        }
        Ok(all)
    }
}
