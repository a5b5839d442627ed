use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;
use serde_json::Value;
use serde_json::value::RawValue;

use super::failure::FarFailure;
use super::host::Host;
use super::link::{Link, Listener, Unanswered};
use super::repeatable::is_repeatable;
use super::ssh::Ssh;
use crate::protocol::{ALIVE_EVERY, Presence};
use crate::schema::EventBus;
use crate::{AppError, AppEvent, ErrorCode, Result};

/// How long it waits before it connects again, the first time and at most; doubled from one time to the next.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How long a command waits at least for a connection that is being made.
const CONNECTING: Duration = Duration::from_secs(45);

/// Called when the standing of a connection has changed.
type Changed = dyn Fn(&Standing) + Send + Sync;

/// An application on another computer. Its connection is made again when it was lost.
pub struct FarApp {
    shared: Arc<Shared>,
    keeper: Option<JoinHandle<()>>,
}

/// What is known of the other side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FarInfo {
    /// Version of `sluice` there.
    pub version: String,
    /// The data folder there.
    pub data_dir: String,
    /// Commands that are known there.
    pub commands: Vec<String>,
    /// Whether a program there runs the tasks of the folder.
    pub runs_tasks: bool,
    /// Its version, where it is known.
    pub daemon_version: Option<String>,
}

/// Where a connection stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It is being made.
    Connecting,
    /// Commands are taken.
    Connected(FarInfo),
    /// It will be made again.
    Lost {
        /// Why.
        error: AppError,
        /// When, from now on.
        retry_in: Duration,
    },
    /// It is made again when a person says so.
    Refused(AppError),
}

struct Shared {
    host: Host,
    ssh: Ssh,
    /// How long a command waits for the next attempt.
    patience: Duration,
    state: Mutex<State>,
    changed: Condvar,
    bus: EventBus,
    on_change: Box<Changed>,
}

struct State {
    phase: Phase,
    /// Whether events are wanted.
    is_followed: bool,
    /// Whether a person wants it to be tried now.
    try_now: bool,
    is_closed: bool,
}

enum Phase {
    Connecting,
    Connected { link: Arc<Link>, presence: Presence },
    Lost { error: AppError, until: Instant },
    Refused(AppError),
}

impl FarApp {
    /// Begins to connect. A command waits up to `patience` for the next attempt where the last one has failed; `on_change` is
    /// called whenever the standing has changed.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(
        host: Host,
        ssh: Ssh,
        patience: Duration,
        on_change: impl Fn(&Standing) + Send + Sync + 'static,
    ) -> Result<Self> {
        let shared = Arc::new(Shared {
            host,
            ssh,
            patience,
            state: Mutex::new(State {
                phase: Phase::Connecting,
                is_followed: false,
                try_now: false,
                is_closed: false,
            }),
            changed: Condvar::new(),
            bus: EventBus::default(),
            on_change: Box::new(on_change),
        });
        let keeper = std::thread::Builder::new()
            .name("sluice-place".into())
            .spawn({
                let shared = Arc::clone(&shared);
                move || shared.keep()
            })
            .map_err(|error| {
                AppError::new(
                    ErrorCode::Internal,
                    format!("no thread for a connection: {error}"),
                )
            })?;
        Ok(Self {
            shared,
            keeper: Some(keeper),
        })
    }

    /// Waits until it is known whether the first attempt to connect has worked.
    ///
    /// # Errors
    /// It has not.
    pub fn connected(&self) -> Result<FarInfo> {
        let mut state = self.shared.locked();
        loop {
            match &state.phase {
                Phase::Connecting => state = self.shared.wait(state, LONGEST_PAUSE),
                Phase::Connected { link, presence } => return Ok(info(link, presence)),
                Phase::Lost { error, .. } | Phase::Refused(error) => return Err(error.clone()),
            }
        }
    }

    /// Where the connection stands.
    pub fn standing(&self) -> Standing {
        self.shared.standing()
    }

    /// The computer.
    pub fn host(&self) -> &Host {
        &self.shared.host
    }

    /// Tries to connect at once, where it waits.
    pub fn try_now(&self) {
        self.shared.locked().try_now = true;
        self.shared.changed.notify_all();
    }

    /// Hears of everything there from now on. After each break of the connection there is an [`AppEvent::Resync`].
    pub fn subscribe(&self) -> Receiver<AppEvent> {
        let events = self.shared.bus.subscribe();
        let link = {
            let mut state = self.shared.locked();
            match &state.phase {
                Phase::Connected { link, .. } if !state.is_followed => {
                    let link = Arc::clone(link);
                    state.is_followed = true;
                    Some(link)
                }
                _ => {
                    state.is_followed = true;
                    None
                }
            }
        };
        if let Some(link) = link {
            link.follow();
        }
        events
    }

    /// Tells subscribers of something that happened here.
    pub(crate) fn publish(&self, event: &AppEvent) {
        self.shared.bus.publish(event);
    }

    /// Has a command carried out there that came by name. The answer stays as it was written.
    ///
    /// # Errors
    /// The computer cannot be reached, the connection was lost before the answer, or as the command says.
    pub fn call_by_name(&self, command: &str, request: Value) -> Result<Box<RawValue>> {
        let until = Instant::now() + self.shared.patience;
        loop {
            let link = self.shared.link(until)?;
            if !link.hello.commands.iter().any(|known| known == command) {
                return Err(unknown_there(&self.shared.host, &link.hello.version, command));
            }
            match link.ask(command, request.clone()) {
                Ok(answer) => return answer,
                Err(Unanswered::Refused(error)) => return Err(error),
                Err(Unanswered::NotSent) => self.shared.wait_for_end_of(&link),
                Err(Unanswered::Lost) if is_repeatable(command) => self.shared.wait_for_end_of(&link),
                Err(Unanswered::Lost) => return Err(not_known(&self.shared.host)),
            }
        }
    }
}

impl Drop for FarApp {
    fn drop(&mut self) {
        let link = {
            let mut state = self.shared.locked();
            state.is_closed = true;
            match std::mem::replace(&mut state.phase, Phase::Connecting) {
                Phase::Connected { link, .. } => Some(link),
                _ => None,
            }
        };
        drop(link);
        self.shared.changed.notify_all();
        if let Some(keeper) = self.keeper.take()
            && keeper.join().is_err()
        {
            tracing::error!("the thread of a connection panicked");
        }
    }
}

fn info(link: &Link, presence: &Presence) -> FarInfo {
    FarInfo {
        version: link.hello.version.clone(),
        data_dir: link.hello.data_dir.clone(),
        commands: link.hello.commands.clone(),
        runs_tasks: presence.runs_tasks,
        daemon_version: presence.version.clone(),
    }
}

fn unknown_there(host: &Host, version: &str, command: &str) -> AppError {
    AppError::new(
        ErrorCode::Refused,
        format!(
            "Sluice on '{}' is version {version} and does not know {command}; here is version {}: install that there",
            host.destination(),
            env!("CARGO_PKG_VERSION")
        ),
    )
}

fn not_known(host: &Host) -> AppError {
    AppError::new(
        ErrorCode::PlaceUnreachable,
        format!(
            "the connection to '{}' was lost before the answer came: look there whether it was carried out before you repeat it",
            host.destination()
        ),
    )
}

impl Shared {
    /// Connects, looks after the connection, and connects again, until it is closed.
    fn keep(self: &Arc<Self>) {
        let mut pause = FIRST_PAUSE;
        while !self.locked().is_closed {
            let listener = Arc::new(Relay(Arc::downgrade(self)));
            match Link::open(&self.ssh, &self.host, listener, &|| self.locked().is_closed) {
                Ok(link) => {
                    pause = FIRST_PAUSE;
                    let failure = self.look_after(&Arc::new(link));
                    self.wait_to_retry(failure, &mut pause);
                }
                Err(failure) => self.wait_to_retry(failure, &mut pause),
            }
        }
    }

    /// Until the connection has ended; returns why.
    fn look_after(&self, link: &Arc<Link>) -> FarFailure {
        let is_followed = {
            let mut state = self.locked();
            if !state.is_closed {
                state.phase = Phase::Connected {
                    link: Arc::clone(link),
                    presence: link.hello.presence.clone(),
                };
            }
            state.is_followed
        };
        if is_followed {
            link.follow();
        }
        self.notify();
        // What happened since the last connection was missed.
        self.bus.publish(&AppEvent::Resync);
        loop {
            let state = self.locked();
            let (state, _) = self
                .changed
                .wait_timeout_while(state, ALIVE_EVERY, |state| {
                    !state.is_closed && link.end().is_none()
                })
                .unwrap_or_else(PoisonError::into_inner);
            let is_closed = state.is_closed;
            drop(state);
            if let Some(failure) = link.end() {
                return failure;
            }
            if is_closed {
                return FarFailure::Lost {
                    host: self.host.destination().to_owned(),
                    words: "it was closed here".to_owned(),
                };
            }
            link.look();
        }
    }

    /// Waits until the next attempt is due or wanted.
    fn wait_to_retry(&self, failure: FarFailure, pause: &mut Duration) {
        let (is_passing, error) = (failure.is_passing(), AppError::from(failure));
        let until = Instant::now() + *pause;
        {
            let mut state = self.locked();
            state.try_now = false;
            state.phase = match is_passing {
                true => Phase::Lost { error, until },
                false => Phase::Refused(error),
            };
        }
        self.notify();
        let mut state = self.locked();
        while !(state.is_closed || state.try_now || is_passing && Instant::now() >= until) {
            state = self.wait(
                state,
                until
                    .saturating_duration_since(Instant::now())
                    .max(ALIVE_EVERY / 50),
            );
        }
        state.phase = Phase::Connecting;
        *pause = (*pause * 2).min(LONGEST_PAUSE);
        drop(state);
        self.notify();
    }

    /// The connection, once there is one: one that is being made is waited for, the next one only `until`.
    fn link(&self, until: Instant) -> Result<Arc<Link>> {
        let begun = Instant::now();
        let mut state = self.locked();
        loop {
            let (error, until) = match &state.phase {
                Phase::Connected { link, .. } if link.end().is_none() => return Ok(Arc::clone(link)),
                Phase::Connected { .. } | Phase::Connecting => {
                    (self.still_connecting(), until.max(begun + CONNECTING))
                }
                Phase::Refused(error) => return Err(error.clone()),
                Phase::Lost { error, .. } => (error.clone(), until),
            };
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || state.is_closed {
                return Err(error);
            }
            state = self.wait(state, left);
        }
    }

    fn still_connecting(&self) -> AppError {
        let mut error = AppError::new(
            ErrorCode::PlaceUnreachable,
            format!(
                "'{}' is being connected to; try again in a moment",
                self.host.destination()
            ),
        );
        error.retryable = true;
        error
    }

    /// Waits until it is noticed that a connection has ended: its writing end knows it earlier than its reading end.
    fn wait_for_end_of(&self, link: &Link) {
        let state = self.locked();
        let waited = self
            .changed
            .wait_timeout_while(state, FIRST_PAUSE, |_| link.end().is_none());
        drop(waited);
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>, longest: Duration) -> MutexGuard<'a, State> {
        self.changed
            .wait_timeout(state, longest)
            .unwrap_or_else(PoisonError::into_inner)
            .0
    }

    fn standing(&self) -> Standing {
        match &self.locked().phase {
            Phase::Connecting => Standing::Connecting,
            Phase::Connected { link, presence } => Standing::Connected(info(link, presence)),
            Phase::Lost { error, until } => Standing::Lost {
                error: error.clone(),
                retry_in: until.saturating_duration_since(Instant::now()),
            },
            Phase::Refused(error) => Standing::Refused(error.clone()),
        }
    }

    fn notify(&self) {
        self.changed.notify_all();
        (self.on_change)(&self.standing());
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hands on what comes through a link; the threads of a link do not keep the rest alive.
struct Relay(std::sync::Weak<Shared>);

impl Listener for Relay {
    fn event(&self, event: &AppEvent) {
        if let Some(shared) = self.0.upgrade() {
            shared.bus.publish(event);
        }
    }

    fn presence(&self, now: Presence) {
        let Some(shared) = self.0.upgrade() else {
            return;
        };
        if let Phase::Connected { presence, .. } = &mut shared.locked().phase {
            *presence = now;
        }
        shared.notify();
    }

    fn ended(&self) {
        if let Some(shared) = self.0.upgrade() {
            shared.changed.notify_all();
        }
    }
}
