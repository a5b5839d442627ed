use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::cancel::Cancel;
use crate::client::{Client, LeaderLookup, LeadersFound, LinkSignal, Mailbox, Wake};
use crate::error::Result;
use crate::format::BatchView;
use crate::produce::driver::brokers::TargetBroker;
use crate::produce::driver::coordinator::{Coordinator, StepDone};
use crate::produce::driver::event::{ProduceEvent, SendError, Ticket};
use crate::produce::driver::last_batch::LastBatch;
use crate::produce::driver::settings::ProduceSettings;
use crate::produce::driver::stream::Stream;
use crate::produce::driver::transaction::Transaction;
use crate::produce::transaction::ProducerIdentity;
use crate::topic_partition::TopicPartition;

/// What other threads report.
#[derive(Debug)]
pub(crate) enum Signal {
    Link(LinkSignal),
    Leaders(LeadersFound),
    Coordinator(StepDone),
}

impl From<LinkSignal> for Signal {
    fn from(signal: LinkSignal) -> Self {
        Self::Link(signal)
    }
}

impl From<LeadersFound> for Signal {
    fn from(found: LeadersFound) -> Self {
        Self::Leaders(found)
    }
}

impl From<StepDone> for Signal {
    fn from(done: StepDone) -> Self {
        Self::Coordinator(done)
    }
}

/// Writes whole batches to many partitions of one cluster, each batch once and each partition in order: idempotent, or
/// in transactions.
///
/// Batches go out with the next [`Producer::poll`], at once if their leader has fewer than five requests without an
/// answer; those that wait meanwhile go together in one request. Nothing happens outside of `poll` but what other threads
/// do for it: a link for each leader, one for the transaction's coordinator, and short-lived ones that ask for leaders.
#[derive(Debug)]
pub struct Producer {
    pub(crate) client: Client,
    pub(crate) settings: ProduceSettings,
    pub(crate) cancel: Cancel,
    pub(crate) wake: Wake,
    pub(crate) mailbox: Mailbox<Signal>,
    /// As it was given; partitions may have greater epochs of it.
    pub(crate) producer: ProducerIdentity,
    pub(crate) streams: BTreeMap<TopicPartition, Stream>,
    pub(crate) brokers: BTreeMap<i32, TargetBroker>,
    pub(crate) lookup: LeaderLookup,
    /// Partitions that are tried again, by time.
    pub(crate) timers: BTreeSet<(Instant, TopicPartition)>,
    pub(crate) transaction: Option<Transaction>,
    pub(crate) fenced: bool,
    pub(crate) unsettled: usize,
    pub(crate) queued_bytes: usize,
    pub(crate) next_ticket: u64,
    pub(crate) next_token: u64,
    pub(crate) throttled: Duration,
    pub(crate) events: Vec<ProduceEvent>,
}

impl Producer {
    /// Gets an identity from the cluster; with a transactional id, instances before are fenced and their open transaction
    /// is aborted. `wake` is notified when there is something to poll for; `client`'s cancellation ends everything. Waits
    /// for the cluster, as long as the client's calls may take.
    ///
    /// # Errors
    /// No broker answers, no right, or the cluster is older than 0.11.
    pub fn open(client: &Client, settings: ProduceSettings, wake: &Wake) -> Result<Self> {
        let (id, timeout) = match &settings.transactions {
            None => (None, Duration::ZERO),
            Some(one) => (Some(one.id.as_str()), one.timeout),
        };
        let producer = client.init_producer_id(id, timeout, None)?;
        let cancel = client.cancel_signal().child();
        let client = client.with_cancel(cancel.clone());
        let mailbox = Mailbox::new(wake.clone());
        let transaction = match id {
            None => None,
            Some(id) => Some(Transaction::new(Coordinator::start(&client, id, &mailbox)?)),
        };
        Ok(Self {
            client,
            settings,
            cancel,
            wake: wake.clone(),
            mailbox,
            producer,
            streams: BTreeMap::new(),
            brokers: BTreeMap::new(),
            lookup: LeaderLookup::default(),
            timers: BTreeSet::new(),
            transaction,
            fenced: false,
            unsettled: 0,
            queued_bytes: 0,
            next_ticket: 0,
            next_token: 0,
            throttled: Duration::ZERO,
            events: Vec::new(),
        })
    }

    /// Hands a batch over: one of format 2 without holes, whose checksum was right; offsets, leader epoch and producer
    /// in its header do not count. Its records are not copied.
    ///
    /// # Errors
    /// There is no room for it, it may not be written as it is, no transaction is open, or another instance has taken
    /// over. Then it was not taken.
    pub fn send(&mut self, place: &TopicPartition, batch: Bytes) -> Result<Ticket, SendError> {
        if self.fenced {
            return Err(SendError::Fenced);
        }
        if self.transaction.as_ref().is_some_and(|one| !one.is_open()) {
            return Err(SendError::NoTransaction);
        }
        if self.unsettled > 0 && self.queued_bytes + batch.len() > self.settings.queue_bytes {
            return Err(SendError::Full);
        }
        let records = check(&batch)?;
        self.next_ticket += 1;
        let ticket = self.next_ticket;
        self.unsettled += 1;
        self.queued_bytes += batch.len();
        if let Some(transaction) = &mut self.transaction {
            transaction.note(place);
        }
        let producer = self.producer;
        if !self.streams.contains_key(place) {
            self.streams.insert(place.clone(), Stream::new(producer));
            self.lookup.want(&place.topic);
        }
        if let Some(stream) = self.streams.get_mut(place) {
            stream.add(ticket, batch, records);
        }
        self.list(place);
        Ok(Ticket(ticket))
    }

    /// Batches that were handed over and are not settled.
    pub fn unsettled(&self) -> usize {
        self.unsettled
    }

    /// Their bytes.
    pub fn queued_bytes(&self) -> usize {
        self.queued_bytes
    }

    /// The identity the cluster gave.
    pub fn identity(&self) -> ProducerIdentity {
        self.producer
    }

    /// How long brokers have throttled this client so far, in all.
    pub fn throttled(&self) -> Duration {
        self.throttled
    }

    /// Goes on with a partition that was reported as [`ProduceEvent::Unresolved`], after the first `written` of its
    /// batches were found on the broker: those are acknowledged, the others are sent under a new epoch.
    /// Does nothing for other partitions.
    ///
    /// # Errors
    /// The epochs are used up, and the cluster gives no new id.
    pub fn resolve(&mut self, place: &TopicPartition, written: usize) -> Result<()> {
        let Some(stream) = self.streams.get_mut(place).filter(|stream| stream.is_broken()) else {
            return Ok(());
        };
        let before = stream.producer;
        let producer = match before.epoch.checked_add(1) {
            // Brokers take any greater epoch of an id without a transactional id, as Java's producer knows, too.
            Some(epoch) => ProducerIdentity { epoch, ..before },
            None => self.client.init_producer_id(None, Duration::ZERO, None)?,
        };
        let (events, bytes) = stream.restart(place, producer, written);
        self.take_events(events, bytes);
        self.list(place);
        Ok(())
    }

    /// Has a partition go on as the producer that wrote its last batch, if nothing was sent to it yet: a request of that
    /// producer which is still on its way is then recognized by the broker as what this one sends, or refused, and never
    /// written a second time.
    pub fn resume(&mut self, place: &TopicPartition, last: &LastBatch) {
        if !self.streams.contains_key(place) {
            let stream = Stream::resumed(last.producer, last.next_sequence);
            self.streams.insert(place.clone(), stream);
            self.lookup.want(&place.topic);
        }
    }

    /// Forgets a partition with everything that was handed over for it: what was not sent yet never is.
    pub fn abandon(&mut self, place: &TopicPartition) {
        if let Some(stream) = self.streams.remove(place) {
            self.unsettled = self.unsettled.saturating_sub(stream.unsettled());
            self.queued_bytes = self.queued_bytes.saturating_sub(stream.queued_bytes());
        }
    }

    /// Goes on with a partition after [`ProduceEvent::Refused`]: what is behind the refused batch is sent.
    pub fn go_on(&mut self, place: &TopicPartition) {
        if let Some(stream) = self.streams.get_mut(place) {
            stream.held = false;
        }
        self.list(place);
    }

    /// Takes back what is behind a refused batch, instead of [`Producer::go_on`]: none of it was written. Returns the
    /// batches in their order; nothing for a partition that is not held by a refusal.
    pub fn withdraw(&mut self, place: &TopicPartition) -> Vec<Ticket> {
        let Some(stream) = self.streams.get_mut(place).filter(|stream| stream.held) else {
            return Vec::new();
        };
        stream.held = false;
        let (tickets, bytes) = stream.withdraw();
        self.unsettled = self.unsettled.saturating_sub(tickets.len());
        self.queued_bytes = self.queued_bytes.saturating_sub(bytes);
        self.list(place);
        tickets.into_iter().map(Ticket).collect()
    }

    /// Sends what can be sent and returns everything that has happened; waits until `deadline` for something.
    ///
    /// # Errors
    /// [`crate::WireError::Cancelled`]. What concerns batches, partitions and brokers are events.
    pub fn poll(&mut self, deadline: Instant) -> Result<Vec<ProduceEvent>> {
        loop {
            self.cancel.check()?;
            let seen = self.wake.count();
            for signal in self.mailbox.take() {
                self.apply(signal);
            }
            let now = Instant::now();
            if !self.fenced {
                self.retry_partitions(now);
                self.lookup.start(now, &self.client, &self.mailbox);
                self.advance_transaction();
                self.open_links(now);
                self.send_requests();
            }
            if !self.events.is_empty() || now >= deadline {
                return Ok(std::mem::take(&mut self.events));
            }
            let next = self.next_timer(now).map_or(deadline, |timer| timer.min(deadline));
            self.wake.wait(seen, next, &self.cancel)?;
        }
    }

    fn next_timer(&self, now: Instant) -> Option<Instant> {
        if self.fenced {
            return None;
        }
        let partition = self.timers.first().map(|(at, _)| *at);
        let brokers = self.brokers.values().filter_map(TargetBroker::due);
        brokers.chain(partition).chain(self.lookup.due(now)).min()
    }

    fn open_links(&mut self, now: Instant) {
        let mut failed = Vec::new();
        let active = self.brokers.iter_mut().filter(|(_, one)| !one.ready.is_empty());
        for (id, broker) in active {
            if broker.in_flight.is_empty() {
                broker.link.drop_closed();
            }
            if let Err(error) = broker.link.open(*id, now, &self.client, &self.mailbox) {
                failed.push((*id, error));
            }
        }
        for (id, error) in failed {
            self.broker_failed(id, error);
        }
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

/// The number of records of a batch that may be written.
fn check(batch: &Bytes) -> Result<i32, SendError> {
    let view = BatchView::parse(batch)?;
    let header = view.header();
    if header.has_holes() || header.count == 0 {
        return Err(SendError::Holes {
            records: header.count,
            offsets: i64::from(header.last_offset_delta) + 1,
        });
    }
    view.check_rewritable(batch.len())?;
    Ok(header.count)
}
