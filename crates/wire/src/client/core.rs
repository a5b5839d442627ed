use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kafka_protocol::protocol::Request;
use sluice_model::Cluster;

use crate::cancel::Cancel;
use crate::client::coordinators::Coordinators;
use crate::client::metadata::Metadata;
use crate::client::pool::Pool;
use crate::error::{Result, WireError};
use crate::net::{Budget, Connection, Settings, Throttled};
use crate::versions::ApiVersions;

/// How long a call may take unless the caller sets another time-out.
const CALL_DEADLINE: Duration = Duration::from_secs(30);
/// How long one request of a call may take at least, so that a slow broker is not given up too early.
const MIN_REQUEST_TIME: Duration = Duration::from_secs(5);
/// The pauses between attempts.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// The first pause while the markers of the transaction before are being written: that takes a few milliseconds.
const MARKERS_PAUSE: Duration = Duration::from_millis(5);

/// What the clones of a client share.
pub(crate) struct Shared {
    pub(crate) pool: Pool,
    pub(crate) metadata: Mutex<Metadata>,
    pub(crate) coordinators: Mutex<Coordinators>,
}

/// Is told each producer id that the cluster gives, before anything is written under it. An error keeps it from being used.
pub type IdWitness = Arc<dyn Fn(i64) -> std::result::Result<(), String> + Send + Sync>;

/// A blocking client of one cluster for any thread. Clones share connections and what is known of the cluster; each
/// has its own deadline and cancellation. Nothing is connected before the first call. No call creates a topic.
#[derive(Clone)]
pub struct Client {
    pub(crate) shared: Arc<Shared>,
    timeout: Duration,
    cancel: Cancel,
    witness: Option<IdWitness>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("settings", self.shared.pool.settings())
            .finish_non_exhaustive()
    }
}

impl Client {
    /// A client for `cluster`, which is reached as its data source says.
    ///
    /// # Errors
    /// A property of the cluster is wrong, or asks for something that only librdkafka has.
    pub fn new(cluster: &Cluster) -> Result<Self> {
        Ok(Self {
            shared: Arc::new(Shared {
                pool: Pool::new(Settings::new(cluster)?),
                metadata: Mutex::default(),
                coordinators: Mutex::default(),
            }),
            timeout: CALL_DEADLINE,
            cancel: Cancel::new(),
            witness: None,
        })
    }

    /// The same client, whose calls may take `timeout` each.
    #[must_use]
    pub fn with_timeout(&self, timeout: Duration) -> Self {
        Self {
            timeout,
            ..self.clone()
        }
    }

    /// The same client, whose calls `cancel` ends.
    #[must_use]
    pub fn with_cancel(&self, cancel: Cancel) -> Self {
        Self {
            cancel,
            ..self.clone()
        }
    }

    /// The same client, whose producer ids `witness` is told before they are used: a process that is killed at any
    /// moment has written nothing under an id that the witness does not know.
    #[must_use]
    pub fn with_id_witness(&self, witness: IdWitness) -> Self {
        Self {
            witness: Some(witness),
            ..self.clone()
        }
    }

    /// Tells the witness of a producer id, if there is one.
    ///
    /// # Errors
    /// It refuses the id.
    pub(crate) fn witness(&self, producer_id: i64) -> Result<()> {
        match self.witness.as_ref().map(|witness| witness(producer_id)) {
            None | Some(Ok(())) => Ok(()),
            Some(Err(reason)) => Err(WireError::Unwitnessed {
                id: producer_id,
                reason,
            }),
        }
    }

    /// A connection to a broker that is the caller's alone, for requests that the broker holds back (Fetch) or that
    /// must not wait behind others.
    ///
    /// # Errors
    /// There is no such broker, or it does not open.
    pub fn connect(&self, broker: i32) -> Result<Arc<Connection>> {
        let budget = self.budget();
        let address = self.address_of(broker, &budget)?;
        let settings = self.shared.pool.settings();
        let limit = settings.connect_timeout.min(budget.left());
        Connection::open(&address, settings, limit, &self.cancel)
    }

    /// The rack this client is in, by its property `client.rack`.
    pub fn rack(&self) -> Option<&str> {
        self.shared.pool.settings().rack.as_deref()
    }

    /// The shared connections that are open.
    pub fn connections(&self) -> Vec<Arc<Connection>> {
        self.shared.pool.open_ones()
    }

    /// What a broker offers.
    ///
    /// # Errors
    /// It cannot be reached.
    pub fn api_versions(&self, broker: i32) -> Result<ApiVersions> {
        self.retrying(|budget| Ok(self.connection(broker, budget)?.versions().clone()))
    }

    /// What ends this client's calls.
    pub(crate) fn cancel_signal(&self) -> &Cancel {
        &self.cancel
    }

    pub(crate) fn budget(&self) -> Budget {
        Budget::new(self.timeout, &self.cancel)
    }

    /// The shared connection to a broker.
    pub(crate) fn connection(&self, broker: i32, budget: &Budget) -> Result<Arc<Connection>> {
        let address = self.address_of(broker, budget)?;
        let opened = self.shared.pool.broker(broker, &address, budget);
        if let Err(error) = &opened
            && error.is_connection()
        {
            // It may have moved.
            self.forget_brokers();
        }
        opened
    }

    /// Asks over a connection.
    pub(crate) fn ask<R>(
        &self,
        connection: &Connection,
        versions: (i16, i16),
        budget: &Budget,
        build: impl FnOnce(i16) -> R,
    ) -> Result<(i16, R::Response)>
    where
        R: Request,
        R::Response: Throttled,
    {
        connection.call(build, versions, self.request_limit(budget), &budget.cancel)
    }

    /// How long one request may take: not all of the call, so that another broker can still be asked.
    pub(crate) fn request_limit(&self, budget: &Budget) -> Duration {
        budget.left().min((budget.total / 3).max(MIN_REQUEST_TIME))
    }

    /// Calls `attempt` until it succeeds, fails for good, or the time is over; then the last error is returned.
    pub(crate) fn retrying<T>(&self, mut attempt: impl FnMut(&Budget) -> Result<T>) -> Result<T> {
        let budget = self.budget();
        let (mut pause, mut markers_pause) = (BACK_OFF.0, MARKERS_PAUSE);
        let mut before = None;
        loop {
            match attempt(&budget) {
                Err(error) if error.is_retriable() && budget.left() > pause => {
                    tracing::debug!("asked again in {} ms: {error}", pause.as_millis());
                    self.note_failure(&error);
                    before = Some(error.clone());
                    if error.code() == Some(crate::ErrorCode::CONCURRENT_TRANSACTIONS) {
                        budget.cancel.sleep(markers_pause)?;
                        markers_pause = (markers_pause * 2).min(BACK_OFF.1);
                        continue;
                    }
                    budget.cancel.sleep(pause)?;
                    pause = (pause * 2).min(BACK_OFF.1);
                }
                // An attempt that began when the time was over says less than the one before it.
                Err(error @ WireError::Timeout { .. }) if budget.left().is_zero() => {
                    return Err(before.unwrap_or(error));
                }
                other => return other,
            }
        }
    }

    fn note_failure(&self, error: &WireError) {
        let stale = error
            .code()
            .is_some_and(|code| code.is_stale_leader() || code == crate::ErrorCode::NOT_CONTROLLER);
        if stale || error.is_connection() {
            self.forget_brokers();
        }
    }

    /// Asks every broker at once.
    pub(crate) fn each_broker<T: Send>(
        &self,
        ask: impl Fn(&Connection, &Budget) -> Result<Vec<T>> + Sync,
    ) -> Result<crate::PerBroker<(i32, T)>> {
        let cluster = self.cluster()?;
        let ask = &ask;
        let outcomes: Vec<(i32, Result<Vec<T>>)> = std::thread::scope(|scope| {
            let asked: Vec<_> = cluster
                .brokers
                .iter()
                .map(|broker| {
                    let id = broker.id;
                    let asked = scope
                        .spawn(move || self.retrying(|budget| ask(&*self.connection(id, budget)?, budget)));
                    (id, asked)
                })
                .collect();
            asked
                .into_iter()
                .map(|(id, asked)| (id, asked.join().unwrap_or_else(|_| Err(WireError::Cancelled))))
                .collect()
        });
        let mut all = crate::PerBroker {
            found: Vec::new(),
            failed: std::collections::BTreeMap::new(),
        };
        for (id, outcome) in outcomes {
            match outcome {
                Ok(found) => all.found.extend(found.into_iter().map(|one| (id, one))),
                Err(error) => {
                    all.failed.insert(id, error);
                }
            }
        }
        self.cancel.check()?;
        Ok(all)
    }
}
