#![expect(unsafe_code, reason = "calls librdkafka's admin client")]

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka_sys::bindings as rd;
use sluice_model::Cluster;

use crate::admin::metadata::metadata_of;
use crate::admin::{Capabilities, Metadata};
use crate::error::{ErrorCode, KafkaError, Result};
use crate::mailbox::Notice;
use crate::native::{Native, Role};
use crate::settings::{CALL_DEADLINE, Settings};
use crate::traffic::METADATA;

/// How long one try to reach a cluster takes at first: a refusal arrives soon.
const CONNECT_SLICE: Duration = Duration::from_millis(700);
/// The same for a cluster that refuses nothing and does not answer.
const LONGEST_CONNECT_SLICE: Duration = Duration::from_secs(5);
/// How long a question waits for its answer before it is asked again by a new client. librdkafka asks the controller or
/// coordinator that it remembers, and may wait for one that is gone (its issues 5456 and 5511).
pub(super) const ASK_SLICE: Duration = Duration::from_secs(8);

/// A client for questions and changes. Calls block until the answer or their deadline.
pub struct Admin {
    native: Mutex<Arc<Native>>,
    pub(super) settings: Settings,
    /// The client of questions for groups, made with the first.
    pub(super) grouped: Mutex<Option<Arc<Native>>>,
    pub(super) deadline: Duration,
}

impl Admin {
    /// A client of `cluster`; connects in the background.
    ///
    /// # Errors
    /// A refused client property.
    pub fn new(cluster: &Cluster) -> Result<Self> {
        let mut settings = Settings::new(cluster)?;
        settings.set("allow.auto.create.topics", "false");
        Ok(Self {
            native: Mutex::new(Arc::new(Native::create(Role::Writer, &settings, false)?)),
            settings,
            grouped: Mutex::new(None),
            deadline: CALL_DEADLINE,
        })
    }

    /// Gives every later call this long instead of [`CALL_DEADLINE`].
    pub fn set_deadline(&mut self, deadline: Duration) {
        self.deadline = deadline;
    }

    pub(super) fn native(&self) -> Arc<Native> {
        Arc::clone(&self.native.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Goes on with a new client, which knows nothing of brokers that are gone.
    fn renew(&self, stale: &Arc<Native>) -> Result<()> {
        let mut native = self.native.lock().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&native, stale) {
            return Ok(());
        }
        let fresh = Native::create(Role::Writer, &self.settings, false)?;
        fresh.mailbox().traffic.inherit(&stale.mailbox().traffic);
        *native = Arc::new(fresh);
        Ok(())
    }

    /// Asks until there is an answer, or an error that asking again would not change.
    pub(super) fn ask<T>(&self, question: impl Fn(&Arc<Native>, Duration) -> Result<T>) -> Result<T> {
        let until = Instant::now() + self.deadline;
        loop {
            let native = self.native();
            let left = until.saturating_duration_since(Instant::now());
            match question(&native, left.min(ASK_SLICE)) {
                Err(error) if error.code == ErrorCode::LOCAL_TIMED_OUT => {
                    self.renew(&native)?;
                    if Instant::now() >= until {
                        return Err(error);
                    }
                }
                outcome => return outcome,
            }
        }
    }

    /// Waits until the cluster answers, and gives up as soon as it says why it will not (wrong password, bad
    /// certificate) rather than at the deadline.
    ///
    /// # Errors
    /// The most telling reason: a refused login or certificate before a refused connection before silence.
    pub fn connect(&self, deadline: Duration) -> Result<Metadata> {
        self.connect_unless(deadline, || false)
    }

    /// As [`Admin::connect`], and gives up soon once `cancelled` says so: within a second, or within five where the cluster
    /// takes its time.
    ///
    /// # Errors
    /// As [`Admin::connect`].
    pub fn connect_unless(&self, deadline: Duration, cancelled: impl Fn() -> bool) -> Result<Metadata> {
        let until = Instant::now() + deadline;
        let mut worst: Option<Notice> = None;
        let mut patience = CONNECT_SLICE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match metadata_of(&self.native(), patience.min(left)) {
                Ok(metadata) => return Ok(metadata),
                Err(error) => {
                    self.collect(&mut worst);
                    if worst.is_none() {
                        // Nothing went wrong, so it is slow: many topics, or a long way. A question that is asked again
                        // waits behind the earlier ones.
                        patience = (patience * 4).min(LONGEST_CONNECT_SLICE);
                    }
                    let hopeless = worst
                        .as_ref()
                        .is_some_and(|notice| notice.code.is_access() || notice.code == ErrorCode::LOCAL_SSL);
                    if hopeless || Instant::now() >= until || cancelled() {
                        return Err(match worst {
                            Some(notice) => KafkaError::new(notice.code, notice.text),
                            None => match self.native().mailbox().unanswered() {
                                Some(words) => KafkaError::new(error.code, words),
                                None => error,
                            },
                        });
                    }
                }
            }
        }
    }

    fn collect(&self, worst: &mut Option<Notice>) {
        let native = self.native();
        // SAFETY: live; serves the error callbacks that wait on the main queue.
        unsafe { rd::rd_kafka_poll(native.ptr(), 0) };
        let rank = |code: ErrorCode| match code {
            code if code.is_access() => 3,
            ErrorCode::LOCAL_SSL => 3,
            ErrorCode::LOCAL_ALL_BROKERS_DOWN => 1,
            _ => 2,
        };
        for notice in native.mailbox().take() {
            if worst
                .as_ref()
                .is_none_or(|known| rank(notice.code) >= rank(known.code))
            {
                *worst = Some(notice);
            }
        }
    }

    /// The cluster's id; `None` before 0.10.1.
    pub fn cluster_id(&self) -> Option<String> {
        self.native().cluster_id(Duration::from_secs(10))
    }

    /// The controller's node id; `None` when the cluster does not tell. Ask after [`Admin::connect`].
    pub fn controller_id(&self) -> Option<i32> {
        self.native().controller_id(Duration::from_secs(2))
    }

    /// What the brokers can do. Ask after [`Admin::connect`].
    pub fn capabilities(&self) -> Capabilities {
        let metadata = self.native().mailbox().traffic.lowest_version(METADATA);
        Capabilities::of_metadata_version(metadata.unwrap_or(0))
    }

    /// The same for a call whose form depends on it: a cluster that was not asked anything yet is asked first.
    pub(super) fn agreed(&self) -> Result<Capabilities> {
        if self.native().mailbox().traffic.lowest_version(METADATA).is_none() {
            self.metadata()?;
        }
        Ok(self.capabilities())
    }
}
