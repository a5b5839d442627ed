use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use kafka_protocol::messages::ApiKey;

use crate::client::BrokerLink;
use crate::error::{Result, WireError};
use crate::fetch::call::HIGHEST;
use crate::fetch::driver::epochs::EpochQuestion;
use crate::fetch::driver::fetcher::Fetcher;
use crate::fetch::driver::held::Reserved;
use crate::fetch::driver::session::Session;
use crate::fetch::request::{BY_TOPIC_ID, FetchRequest};
use crate::net::Outgoing;
use crate::topic_partition::TopicPartition;

/// How long beyond the broker's own wait an answer may take.
const TRANSFER: Duration = Duration::from_secs(30);

/// What a broker was asked.
#[derive(Debug)]
pub(crate) enum Asked {
    /// For records; the room that the answer may take.
    Records(Reserved),
    /// How far epochs go in its log.
    Epochs(Vec<EpochQuestion>),
}

/// A request without an answer.
#[derive(Debug)]
pub(crate) struct InFlight {
    pub(crate) token: u64,
    pub(crate) version: i16,
    pub(crate) asked: Asked,
}

/// A broker that partitions are fetched from.
#[derive(Debug)]
pub(crate) struct SourceBroker {
    pub(crate) link: BrokerLink,
    pub(crate) session: Session,
    /// Brokers answer one session's requests in turn: there is one at a time.
    pub(crate) in_flight: Option<InFlight>,
    /// The partitions that are fetched from it.
    pub(crate) wanted: BTreeSet<TopicPartition>,
    /// Those that the session may not have as they are wanted.
    pub(crate) changed: BTreeSet<TopicPartition>,
}

impl SourceBroker {
    pub(crate) fn new(sessions: bool) -> Self {
        Self {
            link: BrokerLink::default(),
            session: Session::new(sessions),
            in_flight: None,
            wanted: BTreeSet::new(),
            changed: BTreeSet::new(),
        }
    }

    /// When a connection is tried again.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.link.due().filter(|_| !self.wanted.is_empty())
    }

    /// It is of no more use. Returns whether that must be reported.
    pub(crate) fn failed(&mut self, error: &WireError, now: Instant) -> bool {
        self.in_flight = None;
        self.session.lost();
        self.link.failed(error, now)
    }
}

impl Fetcher {
    /// Asks every broker that has nothing in flight, as far as there is room for the answer.
    pub(crate) fn send_requests(&mut self) {
        let active = self.brokers.values().filter(|one| !one.wanted.is_empty()).count();
        // Half of the room is for answers on their way, in equal shares, so that a broker that has nothing to send
        // does not take the room of the others.
        let share = self.held.limit() / (2 * active.max(1));
        let share = share.min(self.settings.answer_bytes).max(1);
        let ids: Vec<i32> = self.brokers.keys().copied().collect();
        for id in ids {
            if let Err(error) = self.send_request(id, share) {
                self.broker_failed(id, error);
            }
        }
    }

    fn send_request(&mut self, id: i32, share: usize) -> Result<()> {
        let Some(broker) = self.brokers.get_mut(&id) else {
            return Ok(());
        };
        if broker.in_flight.is_some() || broker.wanted.is_empty() {
            return Ok(());
        }
        if self.ask_for_epochs(id)? {
            return Ok(());
        }
        let Some(broker) = self.brokers.get_mut(&id) else {
            return Ok(());
        };
        let Some((link, connection)) = broker.link.usable() else {
            return Ok(());
        };
        let Some(room) = self.held.reserve(share) else {
            return Ok(());
        };
        let versions = connection.versions();
        let has_ids = versions.pick(ApiKey::Fetch, BY_TOPIC_ID, HIGHEST).is_ok();
        let partitions = &self.partitions;
        let wanted = |place: &TopicPartition| {
            let partition = partitions.get(place)?;
            (partition.broker() == Some(id)).then(|| partition.wanted(place))
        };
        let parts = broker
            .session
            .next(&broker.wanted, &broker.changed, wanted, has_ids);
        broker.changed.clear();
        let highest = if broker.session.by_ids() {
            HIGHEST
        } else {
            BY_TOPIC_ID - 1
        };
        let version = versions.pick(ApiKey::Fetch, 0, highest)?;
        let rack = self.client.rack().filter(|_| self.settings.nearest_replica);
        let request = FetchRequest {
            max_wait: self.settings.max_wait,
            min_bytes: self.settings.min_bytes,
            max_bytes: i32::try_from(share).unwrap_or(i32::MAX),
            isolation: self.settings.isolation,
            session: parts.session,
            partitions: parts.partitions,
            forgotten: parts.forgotten,
            rack: rack.map(str::to_owned),
        };
        let outgoing = Outgoing {
            api: ApiKey::Fetch,
            version,
            body: vec![request.encode(version)?],
        };
        self.next_token += 1;
        link.send(self.next_token, outgoing, self.settings.max_wait + TRANSFER);
        broker.in_flight = Some(InFlight {
            token: self.next_token,
            version,
            asked: Asked::Records(room),
        });
        Ok(())
    }
}
