use std::sync::{Arc, mpsc};
use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::messages::ApiKey;

use crate::cancel::Cancel;
use crate::error::{Result, WireError};
use crate::net::{Connection, Outgoing, skip_header};
use crate::produce::request::{self, HAS_ZSTD, ProduceAnswer, ProduceRequest, VERSIONS};

/// How long beyond the broker's own wait an answer may take.
const TRANSFER: Duration = Duration::from_secs(30);

/// A produce request whose answer is still to come.
#[derive(Debug)]
pub struct PendingProduce {
    connection: Arc<Connection>,
    version: i16,
    receiver: mpsc::Receiver<Result<Bytes>>,
}

impl PendingProduce {
    /// Waits for the answer.
    ///
    /// # Errors
    /// The connection ends, the time is over, it is cancelled, or the answer is malformed: then it is not known whether
    /// the batches were written. What concerns a batch is in its part of the answer.
    pub fn wait(self, cancel: &Cancel) -> Result<ProduceAnswer> {
        let body = self.connection.wait(&self.receiver, cancel)?;
        let body = skip_header(ApiKey::Produce, self.version, body)?;
        let read = request::read(self.version, body)?;
        let throttle = i32::try_from(read.throttle.as_millis()).unwrap_or(i32::MAX);
        self.connection
            .note_throttle(ApiKey::Produce, self.version, throttle);
        Ok(read)
    }
}

impl Connection {
    /// Sends batches and returns at once. Brokers work through one connection's requests in turn, so batches of one
    /// partition must go over one connection, and over another one only when nothing is in flight.
    ///
    /// # Errors
    /// Nothing was sent: the broker is older than 0.11 (than 2.1 with zstd), the connection has ended, or it is
    /// cancelled.
    pub fn begin_produce(
        self: &Arc<Self>,
        request: &ProduceRequest,
        cancel: &Cancel,
    ) -> Result<PendingProduce> {
        let lowest = if request.has_zstd { HAS_ZSTD } else { VERSIONS.0 };
        let version = self
            .versions()
            .pick(ApiKey::Produce, lowest, VERSIONS.1)
            .map_err(WireError::from)?;
        let outgoing = Outgoing {
            api: ApiKey::Produce,
            version,
            body: request.encode(version)?,
        };
        let (sender, receiver) = mpsc::sync_channel(1);
        let on_answer = Box::new(move |answer| {
            // The caller may have been cancelled.
            sender.send(answer).ok();
        });
        self.send(outgoing, request.timeout + TRANSFER, cancel, on_answer)?;
        Ok(PendingProduce {
            connection: Arc::clone(self),
            version,
            receiver,
        })
    }
}
