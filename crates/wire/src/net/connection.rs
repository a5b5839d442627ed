use std::fmt;
use std::net::TcpStream;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bytes::Bytes;
use kafka_protocol::messages::ApiKey;
use kafka_protocol::protocol::{Message, Request};
use sluice_model::Address;
use sluice_reach::{ConnectFailure, Patience};

use crate::cancel::{CANCEL_INTERVAL, Cancel};
use crate::error::{Result, Unsupported, WireError};
use crate::net::budget::Budget;
use crate::net::frame::{self, Frame};
use crate::net::in_flight::{InFlight, OnAnswer, Waiting};
use crate::net::settings::Settings;
use crate::net::stream::{self, WriteHalf};
use crate::net::throttle::{Throttle, ThrottleReport, Throttled};
use crate::net::turn::{Turn, TurnGuard};
use crate::net::{handshake, reader};
use crate::versions::ApiVersions;

/// What a connection's threads share.
pub(crate) struct Shared {
    pub(crate) address: Address,
    pub(crate) in_flight: InFlight,
    pub(crate) idle_limit: Duration,
    ender: TcpStream,
    used: Mutex<Instant>,
}

impl Shared {
    pub(crate) fn touch(&self) {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    pub(crate) fn last_used(&self) -> Instant {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the connection; everything that waits gets `error`.
    pub(crate) fn close(&self, error: &WireError) {
        self.in_flight.close(error);
        stream::end(&self.ender);
    }
}

/// A connection to one broker that is logged in and knows the broker's versions. Any number of threads may ask at
/// once; requests are pipelined and answered in their order. When it fails, everything that waits gets the reason and
/// it is of no more use.
pub struct Connection {
    shared: Arc<Shared>,
    settings: Arc<Settings>,
    turn: Turn,
    write: Mutex<WriteHalf>,
    next_correlation: AtomicI32,
    versions: OnceLock<ApiVersions>,
    throttle: Throttle,
    /// When the login must be renewed (KIP-368).
    renew_at: Mutex<Option<Instant>>,
    logins: AtomicU32,
    reader: Mutex<Option<JoinHandle<()>>>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("address", &self.shared.address)
            .field("closed", &self.closed())
            .finish_non_exhaustive()
    }
}

/// A request whose body is encoded.
pub(crate) struct Outgoing {
    pub(crate) api: ApiKey,
    pub(crate) version: i16,
    pub(crate) body: Vec<Bytes>,
}

impl Connection {
    /// Connects to `address` as `settings` say, agrees on TLS and versions, and logs in.
    ///
    /// # Errors
    /// One of these steps fails, or they do not end within `limit`.
    pub fn open(
        address: &Address,
        settings: &Arc<Settings>,
        limit: Duration,
        cancel: &Cancel,
    ) -> Result<Arc<Self>> {
        let budget = Budget::new(limit, cancel);
        match Self::open_with(address, settings, &budget, handshake::Greeting::Newest) {
            // Some old brokers and proxies close the connection on a version that they do not know.
            Err(WireError::Disconnected { .. }) if !budget.left().is_zero() => {
                Self::open_with(address, settings, &budget, handshake::Greeting::Oldest)
            }
            other => other,
        }
    }

    fn open_with(
        address: &Address,
        settings: &Arc<Settings>,
        budget: &Budget,
        greeting: handshake::Greeting,
    ) -> Result<Arc<Self>> {
        let socket = dial_apart(address, settings, budget)?;
        let (read, write) = stream::open(socket, settings.tls.as_ref(), address, budget)?;
        let failed = |error: std::io::Error| WireError::Disconnected {
            address: address.to_string(),
            reason: error.to_string(),
        };
        let shared = Arc::new(Shared {
            address: address.clone(),
            in_flight: InFlight::default(),
            idle_limit: settings.idle_limit,
            ender: write.ender().map_err(failed)?,
            used: Mutex::new(Instant::now()),
        });
        let reading = Arc::clone(&shared);
        let reader = std::thread::Builder::new()
            .name("sluice-wire".to_owned())
            .spawn(move || reader::run(read, &reading))
            .map_err(failed)?;
        let connection = Self {
            shared,
            settings: Arc::clone(settings),
            turn: Turn::default(),
            write: Mutex::new(write),
            next_correlation: AtomicI32::new(0),
            versions: OnceLock::new(),
            throttle: Throttle::default(),
            renew_at: Mutex::new(None),
            logins: AtomicU32::new(0),
            reader: Mutex::new(Some(reader)),
        };
        let turn = connection.turn.take(budget, &address.to_string())?;
        let versions = handshake::versions(&connection, &turn, greeting, budget)?;
        handshake::log_in(&connection, &turn, &versions, budget)?;
        drop(turn);
        connection.versions.set(versions).ok();
        Ok(Arc::new(connection))
    }

    /// The address that was asked for, before the address map.
    pub fn address(&self) -> &Address {
        &self.shared.address
    }

    /// What the broker offers.
    pub fn versions(&self) -> &ApiVersions {
        static NONE: ApiVersions = ApiVersions::none();
        self.versions.get().unwrap_or(&NONE)
    }

    /// Why it has ended, if it has.
    pub fn closed(&self) -> Option<WireError> {
        self.shared.in_flight.closed()
    }

    /// Requests without an answer.
    pub fn in_flight(&self) -> usize {
        self.shared.in_flight.len()
    }

    /// How often it has logged in: once, and each time the login was renewed; 0 without a login.
    pub fn logins(&self) -> u32 {
        self.logins.load(Ordering::Relaxed)
    }

    /// How much the broker has throttled this connection.
    pub fn throttle(&self) -> ThrottleReport {
        self.throttle.report()
    }

    /// Ends it; what waits fails.
    pub fn close(&self) {
        self.shared.close(&WireError::Disconnected {
            address: self.shared.address.to_string(),
            reason: "it was closed here".to_owned(),
        });
    }

    pub(crate) fn settings(&self) -> &Arc<Settings> {
        &self.settings
    }

    /// Sends a request in the greatest version up to `highest` that both sides know, and waits for the answer.
    ///
    /// # Errors
    /// There is no such version, the connection ends, the time is over, or it is cancelled.
    pub(crate) fn call<R>(
        &self,
        build: impl FnOnce(i16) -> R,
        (lowest, highest): (i16, i16),
        timeout: Duration,
        cancel: &Cancel,
    ) -> Result<(i16, R::Response)>
    where
        R: Request,
        R::Response: Throttled,
    {
        let api = frame::api_of::<R>()?;
        let known = <R as Message>::VERSIONS;
        let version = self
            .versions()
            .pick(api, known.min.max(lowest), known.max.min(highest))
            .map_err(WireError::from)?;
        let body = vec![frame::encode(api, version, &build(version))?];
        let outgoing = Outgoing { api, version, body };
        let answer = self.ask(outgoing, timeout, cancel)?;
        let response = frame::decode::<R>(api, version, answer)?;
        self.note_throttle(api, version, response.throttle_ms());
        Ok((version, response))
    }

    /// Records the throttle time of an answer.
    pub(crate) fn note_throttle(&self, api: ApiKey, version: i16, milliseconds: i32) {
        self.throttle.note(api, version, milliseconds);
    }

    /// Sends an encoded request and waits for its answer's bytes behind the correlation id.
    ///
    /// # Errors
    /// The connection ends, the time is over, or it is cancelled.
    pub(crate) fn ask(&self, outgoing: Outgoing, timeout: Duration, cancel: &Cancel) -> Result<Bytes> {
        let (sender, receiver) = mpsc::sync_channel(1);
        self.send(outgoing, timeout, cancel, hand_over(sender))?;
        self.wait(&receiver, cancel)
    }

    /// Sends an encoded request. Waits while the broker throttles this client, and renews the login first if its time
    /// is near. `on_answer` is called exactly once if this returns no error, and not at all otherwise.
    ///
    /// # Errors
    /// Nothing was sent: the connection has ended, the time is over, or it is cancelled.
    pub(crate) fn send(
        &self,
        outgoing: Outgoing,
        timeout: Duration,
        cancel: &Cancel,
        on_answer: OnAnswer,
    ) -> Result<()> {
        let budget = Budget::new(timeout, cancel);
        if let Some(until) = self.throttle.report().until {
            cancel.sleep_until(until)?;
        }
        let turn = self.turn.take(&budget, &self.shared.address.to_string())?;
        let renew = *self.lock_renew_at();
        if renew.is_some_and(|at| at <= Instant::now()) {
            let renewed = handshake::log_in(self, &turn, self.versions(), &budget);
            if let Err(error) = renewed {
                self.shared.close(&error);
                return Err(error);
            }
        }
        self.write(&turn, self.frame(outgoing)?, timeout, cancel, on_answer)
    }

    fn frame(&self, outgoing: Outgoing) -> Result<Frame> {
        let correlation = self.next_correlation.fetch_add(1, Ordering::Relaxed);
        frame::frame(
            outgoing.api,
            outgoing.version,
            correlation,
            &self.settings.client_id,
            outgoing.body,
        )
    }

    /// Exchanges one frame while no other caller may write.
    pub(crate) fn exchange(
        &self,
        turn: &TurnGuard<'_>,
        outgoing: Outgoing,
        budget: &Budget,
    ) -> Result<Bytes> {
        self.exchange_frame(turn, self.frame(outgoing)?, budget)
    }

    /// Exchanges one SASL message without a header.
    pub(crate) fn exchange_bare(
        &self,
        turn: &TurnGuard<'_>,
        message: Vec<u8>,
        budget: &Budget,
    ) -> Result<Bytes> {
        self.exchange_frame(turn, frame::bare(message)?, budget)
    }

    fn exchange_frame(&self, turn: &TurnGuard<'_>, frame: Frame, budget: &Budget) -> Result<Bytes> {
        let left = budget.check(&format!("{:?}", frame.api), &self.shared.address.to_string())?;
        let (sender, receiver) = mpsc::sync_channel(1);
        self.write(turn, frame, left, &budget.cancel, hand_over(sender))?;
        self.wait(&receiver, &budget.cancel)
    }

    fn write(
        &self,
        _turn: &TurnGuard<'_>,
        frame: Frame,
        timeout: Duration,
        cancel: &Cancel,
        on_answer: OnAnswer,
    ) -> Result<()> {
        let waiting = Waiting {
            correlation: frame.correlation,
            api: frame.api,
            asked: Instant::now(),
            timeout,
            on_answer,
        };
        self.shared.touch();
        self.shared
            .in_flight
            .push(waiting, &self.shared.address.to_string())?;
        let parts: Vec<&[u8]> = frame.parts.iter().map(|part| &part[..]).collect();
        let budget = Budget::new(timeout, cancel);
        let mut write = self.write.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = write.write_all(&parts, &self.shared.address, &budget) {
            // A part of a frame may be on its way: nothing can follow it.
            self.shared.close(&error);
        }
        Ok(())
    }

    /// Waits for an answer that was handed over to `receiver`'s other end.
    pub(crate) fn wait(&self, receiver: &mpsc::Receiver<Result<Bytes>>, cancel: &Cancel) -> Result<Bytes> {
        loop {
            cancel.check()?;
            match receiver.recv_timeout(CANCEL_INTERVAL) {
                Ok(answer) => return answer,
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => {
                    return Err(self.closed().unwrap_or_else(|| WireError::Disconnected {
                        address: self.shared.address.to_string(),
                        reason: "its reading thread has ended".to_owned(),
                    }));
                }
            }
        }
    }

    fn lock_renew_at(&self) -> MutexGuard<'_, Option<Instant>> {
        self.renew_at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a login and when it is to be renewed.
    pub(crate) fn logged_in(&self, renew_at: Option<Instant>) {
        self.logins.fetch_add(1, Ordering::Relaxed);
        *self.lock_renew_at() = renew_at;
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.close();
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(reader) = reader.filter(|reader| reader.thread().id() != std::thread::current().id())
            && reader.join().is_err()
        {
            tracing::error!("the thread that read from {} panicked", self.shared.address);
        }
    }
}

fn hand_over(sender: mpsc::SyncSender<Result<Bytes>>) -> OnAnswer {
    Box::new(move |answer| {
        // The caller may have been cancelled.
        sender.send(answer).ok();
    })
}

/// How long after its time is over a thread that connects may take to say what it was waiting for.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// Connects on a thread of its own, which a cancelled caller leaves behind: the system's resolver cannot be
/// interrupted. The thread holds nothing but the address, and ends with the budget.
fn dial_apart(address: &Address, settings: &Arc<Settings>, budget: &Budget) -> Result<TcpStream> {
    let shown = address.to_string();
    let (sender, receiver) = mpsc::sync_channel(1);
    let (advertised, for_thread) = (address.clone(), budget.clone());
    let by_thread = Arc::clone(settings);
    std::thread::Builder::new()
        .name("sluice-dial".to_owned())
        .spawn(move || {
            let cancelled = || for_thread.cancel.is_cancelled();
            let patience = Patience::new(for_thread.until, &cancelled);
            let dialled = by_thread.dialer.dial(&advertised, &patience);
            // The receiver is gone after a cancellation.
            sender.send(dialled).ok();
        })
        .map_err(|error| WireError::Disconnected {
            address: shown.clone(),
            reason: error.to_string(),
        })?;
    loop {
        budget.cancel.check()?;
        let left = (budget.until + LAST_WORDS).saturating_duration_since(Instant::now());
        match receiver.recv_timeout(left.min(CANCEL_INTERVAL)) {
            Ok(Err(ConnectFailure::Cancelled)) => return Err(WireError::Cancelled),
            Ok(dialled) => {
                return dialled.map_err(|reason| WireError::Connect {
                    address: shown,
                    reason,
                });
            }
            Err(mpsc::RecvTimeoutError::Timeout) if !left.is_zero() => {}
            Err(_) => {
                return Err(WireError::Connect {
                    address: shown,
                    reason: settings.dialer.out_of_time(address),
                });
            }
        }
    }
}

/// What this client cannot do at all.
pub(crate) fn unsupported(what: &str, reason: &str) -> WireError {
    Unsupported::Setting {
        what: what.to_owned(),
        reason: reason.to_owned(),
    }
    .into()
}
