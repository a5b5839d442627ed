use std::sync::{Arc, mpsc};
use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::messages::ApiKey;

use crate::cancel::Cancel;
use crate::client::{Client, Isolation};
use crate::error::{Result, WireError};
use crate::fetch::answer::{self, FetchAnswer, FetchedPartition};
use crate::fetch::request::{FetchPartition, FetchRequest, FetchSession};
use crate::net::{Connection, Outgoing, skip_header};
use crate::topic_partition::TopicPartition;

/// The greatest version that is written and read here.
pub(crate) const HIGHEST: i16 = 17;
/// How long beyond the broker's own wait an answer may take.
const TRANSFER: Duration = Duration::from_secs(30);

/// A fetch whose answer is still to come.
#[derive(Debug)]
pub struct PendingFetch {
    connection: Arc<Connection>,
    request: FetchRequest,
    version: i16,
    receiver: mpsc::Receiver<Result<Bytes>>,
}

impl PendingFetch {
    /// Waits for the answer.
    ///
    /// # Errors
    /// The connection ends, the time is over, it is cancelled, the answer is malformed, or the session has failed.
    /// What concerns a partition is in its part of the answer.
    pub fn wait(self, cancel: &Cancel) -> Result<FetchAnswer> {
        let body = self.connection.wait(&self.receiver, cancel)?;
        let body = skip_header(ApiKey::Fetch, self.version, body)?;
        let read = answer::read(self.version, body, &self.request)?;
        let throttle = i32::try_from(read.throttle.as_millis()).unwrap_or(i32::MAX);
        self.connection
            .note_throttle(ApiKey::Fetch, self.version, throttle);
        Ok(read)
    }
}

impl Connection {
    /// Sends a fetch and returns at once, so that the next answer travels while this one is worked on. Brokers answer
    /// one connection's requests in turn.
    ///
    /// # Errors
    /// Nothing was sent: the broker is throttling and it is cancelled, or the connection has ended.
    pub fn begin_fetch(self: &Arc<Self>, request: FetchRequest, cancel: &Cancel) -> Result<PendingFetch> {
        let version = self
            .versions()
            .pick(ApiKey::Fetch, 0, request.highest_version())
            .map_err(WireError::from)?;
        let outgoing = Outgoing {
            api: ApiKey::Fetch,
            version,
            body: vec![request.encode(version)?],
        };
        let (sender, receiver) = mpsc::sync_channel(1);
        let on_answer = Box::new(move |answer| {
            // The caller may have been cancelled.
            sender.send(answer).ok();
        });
        self.send(outgoing, request.max_wait + TRANSFER, cancel, on_answer)?;
        Ok(PendingFetch {
            connection: Arc::clone(self),
            request,
            version,
            receiver,
        })
    }
}

impl Client {
    /// Records of one partition from `offset` on, at most about `max_bytes` of them, as their leader has them; without
    /// waiting for more.
    ///
    /// # Errors
    /// The cluster does not answer, or the partition has an error ([`WireError::Kafka`]).
    pub fn fetch_raw(
        &self,
        topic: &str,
        partition: i32,
        offset: i64,
        max_bytes: i32,
        isolation: Isolation,
    ) -> Result<FetchedPartition> {
        let place = TopicPartition::new(topic, partition);
        let wanted = [(place.clone(), ())];
        let mut fetched = self.by_leader(&wanted, |connection, _, budget| {
            let request = FetchRequest {
                max_wait: Duration::ZERO,
                min_bytes: 0,
                max_bytes,
                isolation,
                session: FetchSession::NONE,
                partitions: vec![FetchPartition {
                    place: place.clone(),
                    topic_id: None,
                    offset,
                    leader_epoch: None,
                    last_epoch: None,
                    max_bytes,
                }],
                forgotten: Vec::new(),
                rack: None,
            };
            let answer = connection
                .begin_fetch(request, &budget.cancel)?
                .wait(&budget.cancel)?;
            Ok(answer
                .partitions
                .into_iter()
                .map(|one| {
                    let code = one.error.map_or(0, crate::ErrorCode::number);
                    let outcome = WireError::check(ApiKey::Fetch, code, None);
                    (one.place.clone(), outcome.map(|()| one))
                })
                .collect())
        })?;
        fetched.remove(&place).unwrap_or_else(|| {
            Err(WireError::Unavailable {
                what: place.to_string(),
                role: "leader",
            })
        })
    }
}
