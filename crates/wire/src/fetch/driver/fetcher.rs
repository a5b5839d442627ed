use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use uuid::Uuid;

use crate::cancel::Cancel;
use crate::client::{Client, LeaderLookup, LeadersFound, LinkSignal, Mailbox, Wake};
use crate::error::Result;
use crate::fetch::driver::brokers::SourceBroker;
use crate::fetch::driver::event::{FetchEvent, LogMarks};
use crate::fetch::driver::held::HeldBytes;
use crate::fetch::driver::partition::Partition;
use crate::fetch::driver::settings::FetchSettings;
use crate::topic_partition::TopicPartition;

/// Where a partition is fetched from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchFrom {
    /// Which one.
    pub place: TopicPartition,
    /// The first offset that is wanted.
    pub position: i64,
    /// The leader epoch of the record before the position, if it is known: a log that goes another way since then is
    /// noticed.
    pub leader_epoch: Option<i32>,
    /// The id of the topic that the position belongs to; none takes the topic that has the name now.
    pub topic_id: Option<Uuid>,
}

/// What other threads report.
#[derive(Debug)]
pub(crate) enum Signal {
    Link(LinkSignal),
    Leaders(LeadersFound),
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

/// Fetches many partitions of one cluster: one request at a time to each leader, and the next one before the batches of
/// the last one are worked on.
///
/// Nothing happens outside of [`Fetcher::poll`] but what other threads do for it: a link for each leader, which connects
/// and sends, and short-lived ones that ask for leaders. No call waits for a broker but a `poll` with a deadline.
#[derive(Debug)]
pub struct Fetcher {
    pub(crate) client: Client,
    pub(crate) settings: FetchSettings,
    pub(crate) cancel: Cancel,
    pub(crate) wake: Wake,
    pub(crate) mailbox: Mailbox<Signal>,
    pub(crate) held: Arc<HeldBytes>,
    pub(crate) partitions: BTreeMap<TopicPartition, Partition>,
    pub(crate) brokers: BTreeMap<i32, SourceBroker>,
    pub(crate) lookup: LeaderLookup,
    /// Partitions that are tried again, by time.
    pub(crate) timers: BTreeSet<(Instant, TopicPartition)>,
    pub(crate) next_token: u64,
    pub(crate) throttled: Duration,
    pub(crate) events: Vec<FetchEvent>,
    /// Marks of partitions that were removed. A session's broker may have sent them already, and does not send them
    /// again when the partition comes back.
    pub(crate) remembered: BTreeMap<TopicPartition, LogMarks>,
}

impl Fetcher {
    /// A fetcher without partitions. `wake` is notified when there is something to poll for; `client`'s cancellation ends
    /// everything.
    pub fn new(client: &Client, settings: FetchSettings, wake: &Wake) -> Self {
        let cancel = client.cancel_signal().child();
        Self {
            client: client.with_cancel(cancel.clone()),
            cancel,
            wake: wake.clone(),
            mailbox: Mailbox::new(wake.clone()),
            held: HeldBytes::new(settings.held_bytes, wake.clone()),
            settings,
            partitions: BTreeMap::new(),
            brokers: BTreeMap::new(),
            lookup: LeaderLookup::default(),
            timers: BTreeSet::new(),
            next_token: 0,
            throttled: Duration::ZERO,
            events: Vec::new(),
            remembered: BTreeMap::new(),
        }
    }

    /// Adds partitions; one that is there begins again.
    pub fn add(&mut self, partitions: &[FetchFrom]) {
        for from in partitions {
            self.remove(std::slice::from_ref(&from.place));
            let partition = Partition::new(
                from.topic_id,
                from.position,
                from.leader_epoch,
                self.settings.partition_bytes,
            );
            self.partitions.insert(from.place.clone(), partition);
            self.lookup.want(&from.place.topic);
        }
    }

    /// Removes partitions. What was asked of them and is on its way is discarded.
    pub fn remove(&mut self, partitions: &[TopicPartition]) {
        for place in partitions {
            self.edit(place, |partition| partition.halted = true);
            let Some(gone) = self.partitions.remove(place) else {
                continue;
            };
            if let Some(at) = gone.trouble.retry_at {
                self.timers.remove(&(at, place.clone()));
            }
            if gone.marks != LogMarks::default() {
                self.remembered.insert(place.clone(), gone.marks);
            }
        }
    }

    /// Stops asking for partitions, or goes on. What is on its way to a partition that is paused is discarded and asked
    /// for again later.
    pub fn pause(&mut self, partitions: &[TopicPartition], paused: bool) {
        for place in partitions {
            self.edit(place, |partition| partition.paused = paused);
        }
    }

    /// Goes on from another position, halted partitions included. `leader_epoch` is that of the record before it, if
    /// known.
    pub fn seek(&mut self, place: &TopicPartition, position: i64, leader_epoch: Option<i32>) {
        self.edit(place, |partition| {
            partition.position = position;
            partition.last_epoch = leader_epoch;
            partition.is_proven = false;
            partition.halted = false;
        });
        let lacks_leader = |own: &Partition| own.leader.is_none() && own.trouble.retry_at.is_none();
        if self.partitions.get(place).is_some_and(lacks_leader) {
            self.lookup.want(&place.topic);
        }
    }

    /// Where a partition goes on: behind the batches that were handed over.
    pub fn position(&self, place: &TopicPartition) -> Option<i64> {
        self.partitions.get(place).map(|one| one.position)
    }

    /// A partition's marks by the latest answer.
    pub fn marks(&self, place: &TopicPartition) -> Option<LogMarks> {
        self.partitions.get(place).map(|one| one.marks)
    }

    /// The broker that a partition is fetched from at present; none while it is not fetched.
    pub fn source_of(&self, place: &TopicPartition) -> Option<i32> {
        self.partitions.get(place).and_then(Partition::broker)
    }

    /// The partitions.
    pub fn partitions(&self) -> impl Iterator<Item = &TopicPartition> {
        self.partitions.keys()
    }

    /// Bytes of answers that are referenced or on their way.
    pub fn held_bytes(&self) -> usize {
        self.held.now()
    }

    /// How long brokers have throttled this client so far, in all.
    pub fn throttled(&self) -> Duration {
        self.throttled
    }

    /// Everything that has happened; waits until `deadline` for something. Answers that have come are replaced by new
    /// requests before this returns.
    ///
    /// # Errors
    /// [`crate::WireError::Cancelled`]. What concerns partitions and brokers are events.
    pub fn poll(&mut self, deadline: Instant) -> Result<Vec<FetchEvent>> {
        loop {
            self.cancel.check()?;
            let seen = self.wake.count();
            for signal in self.mailbox.take() {
                self.apply(signal);
            }
            let now = Instant::now();
            self.retry_partitions(now);
            self.lookup.start(now, &self.client, &self.mailbox);
            self.open_links(now);
            self.send_requests();
            if !self.events.is_empty() || now >= deadline {
                return Ok(std::mem::take(&mut self.events));
            }
            let next = self.next_timer(now).map_or(deadline, |timer| timer.min(deadline));
            self.wake.wait(seen, next, &self.cancel)?;
        }
    }

    fn next_timer(&self, now: Instant) -> Option<Instant> {
        let partition = self.timers.first().map(|(at, _)| *at);
        let brokers = self.brokers.values().filter_map(SourceBroker::due);
        brokers.chain(partition).chain(self.lookup.due(now)).min()
    }

    fn retry_partitions(&mut self, now: Instant) {
        while let Some((at, place)) = self.timers.pop_first() {
            if at > now {
                self.timers.insert((at, place));
                return;
            }
            self.edit(&place, |partition| partition.trouble.retry_at = None);
            self.lookup.want(&place.topic);
        }
    }

    fn open_links(&mut self, now: Instant) {
        let mut failed = Vec::new();
        let active = self.brokers.iter_mut().filter(|(_, one)| !one.wanted.is_empty());
        for (id, broker) in active {
            if broker.in_flight.is_none() {
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

    /// Changes a partition, and notes with which brokers that must be settled.
    pub(crate) fn edit<R>(
        &mut self,
        place: &TopicPartition,
        change: impl FnOnce(&mut Partition) -> R,
    ) -> Option<R> {
        let partition = self.partitions.get_mut(place)?;
        let before = partition.broker();
        let result = change(partition);
        let after = partition.broker();
        if let Some(broker) = before.and_then(|id| self.brokers.get_mut(&id)) {
            broker.changed.insert(place.clone());
            if before != after {
                broker.wanted.remove(place);
            }
        }
        if let Some(id) = after.filter(|_| before != after) {
            let sessions = self.settings.sessions;
            let broker = self
                .brokers
                .entry(id)
                .or_insert_with(|| SourceBroker::new(sessions));
            broker.changed.insert(place.clone());
            broker.wanted.insert(place.clone());
        }
        Some(result)
    }
}

impl Drop for Fetcher {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}
