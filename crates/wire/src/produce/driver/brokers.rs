use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use kafka_protocol::messages::ApiKey;

use crate::client::BrokerLink;
use crate::error::{Result, WireError};
use crate::error_code::ErrorCode;
use crate::format::{BatchView, Codec};
use crate::net::Outgoing;
use crate::produce::driver::producer::Producer;
use crate::produce::request::{HAS_ZSTD, ProduceBatch, ProduceRequest, VERSIONS};
use crate::produce::sequences::{MAX_IN_FLIGHT, Outcome};
use crate::topic_partition::TopicPartition;

/// How long beyond the broker's own wait an answer may take.
const TRANSFER: Duration = Duration::from_secs(30);

/// A request without an answer.
#[derive(Debug)]
pub(crate) struct InFlight {
    pub(crate) version: i16,
    pub(crate) batches: Vec<(TopicPartition, u64)>,
}

/// A broker that partitions are written to.
#[derive(Debug, Default)]
pub(crate) struct TargetBroker {
    pub(crate) link: BrokerLink,
    pub(crate) in_flight: BTreeMap<u64, InFlight>,
    /// Partitions with something to send, in turn.
    pub(crate) ready: VecDeque<TopicPartition>,
}

impl TargetBroker {
    /// When a connection is tried again.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.link.due().filter(|_| !self.ready.is_empty())
    }
}

/// What one request carries.
#[derive(Default)]
struct Load {
    batches: Vec<ProduceBatch>,
    tickets: Vec<(TopicPartition, u64)>,
    bytes: usize,
    has_zstd: bool,
}

impl Producer {
    /// Puts a partition into its leader's list if it has something to send.
    pub(crate) fn list(&mut self, place: &TopicPartition) {
        let Some(stream) = self.streams.get_mut(place) else {
            return;
        };
        let Some(leader) = stream.leader.filter(|leader| stream.upcoming(*leader).is_some()) else {
            return;
        };
        if !stream.listed {
            stream.listed = true;
            let broker = self.brokers.entry(leader).or_default();
            broker.ready.push_back(place.clone());
        }
    }

    /// Fills every broker's window.
    pub(crate) fn send_requests(&mut self) {
        let ids: Vec<i32> = self.brokers.keys().copied().collect();
        for id in ids {
            while let Some(load) = self.next_load(id) {
                if let Err(error) = self.send_load(id, load) {
                    self.broker_failed(id, error);
                }
            }
        }
    }

    /// One batch each of the partitions whose turn it is; none if nothing can be sent now.
    fn next_load(&mut self, id: i32) -> Option<Load> {
        let broker = self.brokers.get_mut(&id)?;
        broker.link.usable()?;
        if broker.in_flight.len() >= MAX_IN_FLIGHT {
            return None;
        }
        let mut load = Load::default();
        let mut again = Vec::new();
        for _ in 0..broker.ready.len() {
            let Some(place) = broker.ready.pop_front() else {
                break;
            };
            let Some(stream) = self.streams.get_mut(&place) else {
                continue;
            };
            stream.listed = false;
            if !self
                .transaction
                .as_ref()
                .is_none_or(|one| one.may_send_to(&place))
            {
                continue;
            }
            let Some(size) = stream.upcoming(id) else { continue };
            if !load.batches.is_empty() && load.bytes + size > self.settings.request_bytes {
                stream.listed = true;
                broker.ready.push_front(place);
                break;
            }
            match stream.next(id, self.transaction.is_some()) {
                Ok(Some(sendable)) => {
                    load.bytes += size;
                    load.has_zstd |= has_zstd(&sendable.pieces);
                    load.tickets.push((place.clone(), sendable.ticket));
                    load.batches.push(ProduceBatch {
                        place: place.clone(),
                        pieces: sendable.pieces,
                    });
                    again.push(place);
                }
                Ok(None) => {}
                // It was checked when it was handed over.
                Err(error) => tracing::error!("a batch for {place} cannot be sent: {error}"),
            }
        }
        for place in again {
            self.list(&place);
        }
        (!load.batches.is_empty()).then_some(load)
    }

    fn send_load(&mut self, id: i32, load: Load) -> Result<()> {
        let Some(broker) = self.brokers.get_mut(&id) else {
            return Ok(());
        };
        let Some((link, connection)) = broker.link.usable() else {
            return Ok(());
        };
        let version = connection
            .versions()
            .pick(ApiKey::Produce, VERSIONS.0, VERSIONS.1)
            .map_err(WireError::from);
        let version = match version {
            Ok(version) if version >= HAS_ZSTD || !load.has_zstd => version,
            Ok(_) => {
                self.refuse_zstd(load);
                return Ok(());
            }
            Err(error) => {
                self.settle_unknown(load.tickets);
                return Err(error);
            }
        };
        let request = ProduceRequest {
            transactional_id: self.settings.transactions.as_ref().map(|one| one.id.clone()),
            timeout: self.settings.request_timeout,
            batches: load.batches,
            has_zstd: load.has_zstd,
        };
        let body = match request.encode(version) {
            Ok(body) => body,
            Err(error) => {
                self.settle_unknown(load.tickets);
                return Err(error);
            }
        };
        let outgoing = Outgoing {
            api: ApiKey::Produce,
            version,
            body,
        };
        self.next_token += 1;
        link.send(
            self.next_token,
            outgoing,
            self.settings.request_timeout + TRANSFER,
        );
        let in_flight = InFlight {
            version,
            batches: load.tickets,
        };
        broker.in_flight.insert(self.next_token, in_flight);
        Ok(())
    }

    /// A broker before 2.1 does not know zstd; what else the request carried is sent again.
    fn refuse_zstd(&mut self, load: Load) {
        for (batch, (place, ticket)) in load.batches.iter().zip(load.tickets) {
            let outcome = if has_zstd(&batch.pieces) {
                Outcome::Failed(ErrorCode::UNSUPPORTED_COMPRESSION_TYPE)
            } else {
                Outcome::Unknown
            };
            self.settle(&place, ticket, outcome);
        }
    }

    pub(crate) fn settle_unknown(&mut self, tickets: Vec<(TopicPartition, u64)>) {
        for (place, ticket) in tickets {
            self.settle(&place, ticket, Outcome::Unknown);
        }
    }
}

fn has_zstd(pieces: &[bytes::Bytes]) -> bool {
    pieces
        .first()
        .is_some_and(|head| BatchView::codec_of_head(head) == Some(Codec::Zstd))
}
