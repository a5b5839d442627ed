use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sluice_wire::format::{Fetched, FetchedSet, IsolationLevel, RecordReader};
use sluice_wire::{
    ApiKey, Cancel, Client, Connection, FetchPartition, FetchRequest, FetchSession, FetchedPartition,
    Isolation, TopicPartition, WireError,
};

use super::looks::Looks;
use super::{Fingerprint, Found, Look};
use crate::verify::{EXPANDED, ReadError, aborted, committed_end};

/// How long a broker may wait for records before it answers without.
const MAX_WAIT: Duration = Duration::from_millis(100);
/// Pause before a broker is asked again that did not answer, or does not lead.
const PAUSE: Duration = Duration::from_millis(100);
/// How long it may go on without an answer to any question.
const SILENCE: Duration = Duration::from_secs(30);
/// Bytes that are asked of a partition at a time: the first batch comes whole, and it is often enough.
const PARTITION_BYTES: i32 = 32 * 1024;
/// Bytes of one answer.
const ANSWER_BYTES: i32 = 8 * 1024 * 1024;
/// Partitions in one request.
const AT_ONCE: usize = 500;

type Place = (String, i32);

/// Looks with the wire client, in one request for all partitions of a leader, over connections of its own.
pub(crate) struct WireLooker {
    client: Client,
    cancel: Cancel,
    connections: BTreeMap<i32, Arc<Connection>>,
    expander: RecordReader,
    /// Bytes that a partition's next batch needs, where it did not come whole: brokers before 0.10.1 cut it.
    larger: BTreeMap<Place, i32>,
}

impl WireLooker {
    pub(crate) fn new(client: &Client, cancel: &Cancel) -> Self {
        Self {
            client: client.with_cancel(cancel.clone()),
            cancel: cancel.clone(),
            connections: BTreeMap::new(),
            expander: RecordReader::new(EXPANDED),
            larger: BTreeMap::new(),
        }
    }

    /// An answer for each question, in their order.
    pub(crate) fn look(&mut self, looks: &[Look]) -> Vec<Found> {
        let mut all = Looks::new(looks);
        let mut until = Instant::now() + SILENCE;
        while !all.is_done() {
            if self.cancel.is_cancelled() {
                return all.into_found(&ReadError::Wire(WireError::Cancelled));
            }
            if self.round(&mut all) {
                until = Instant::now() + SILENCE;
            } else if Instant::now() >= until {
                break;
            }
        }
        all.into_found(&ReadError::Silent(SILENCE.as_secs()))
    }

    /// Asks every leader once. Returns whether something came of it.
    fn round(&mut self, all: &mut Looks<'_>) -> bool {
        let mut by_leader: BTreeMap<i32, Vec<(Place, i64)>> = BTreeMap::new();
        let mut moved = false;
        for (place, offset) in all.open() {
            let wanted = TopicPartition::new(place.0.as_str(), place.1);
            match self.client.leader(&wanted) {
                Ok((leader, _)) => by_leader.entry(leader).or_default().push((place, offset)),
                Err(error) => {
                    all.failed(&place, error.into());
                    moved = true;
                }
            }
        }
        for (leader, partitions) in by_leader {
            for chunk in partitions.chunks(AT_ONCE) {
                match self.fetch(leader, chunk) {
                    Ok(answers) => {
                        for answer in answers {
                            let place = (answer.place.topic.clone(), answer.place.partition);
                            moved |= self.take(&place, &answer, all);
                        }
                    }
                    Err(error) if is_passing(&error) => {
                        self.connections.remove(&leader);
                        for (place, _) in chunk {
                            self.client
                                .forget_leader(&TopicPartition::new(place.0.as_str(), place.1));
                        }
                        std::thread::sleep(PAUSE);
                    }
                    Err(error) => {
                        for (place, _) in chunk {
                            all.failed(place, error.clone().into());
                        }
                        moved = true;
                    }
                }
            }
        }
        moved
    }

    fn fetch(
        &mut self,
        leader: i32,
        partitions: &[(Place, i64)],
    ) -> Result<Vec<FetchedPartition>, WireError> {
        let connection = match self.connections.get(&leader) {
            Some(connection) => Arc::clone(connection),
            None => {
                let opened = self.client.connect(leader)?;
                self.connections.insert(leader, Arc::clone(&opened));
                opened
            }
        };
        let request = FetchRequest {
            max_wait: MAX_WAIT,
            min_bytes: 1,
            max_bytes: ANSWER_BYTES,
            isolation: Isolation::Committed,
            session: FetchSession::NONE,
            partitions: partitions
                .iter()
                .map(|(place, offset)| FetchPartition {
                    place: TopicPartition::new(place.0.as_str(), place.1),
                    topic_id: None,
                    offset: *offset,
                    leader_epoch: None,
                    last_epoch: None,
                    max_bytes: self.larger.get(place).copied().unwrap_or(PARTITION_BYTES),
                })
                .collect(),
            forgotten: Vec::new(),
            rack: None,
        };
        let answer = connection
            .begin_fetch(request, &self.cancel)
            .and_then(|pending| pending.wait(&self.cancel));
        if answer.is_err() {
            // Whatever was on its way over it is not answered any more.
            self.connections.remove(&leader);
        }
        Ok(answer?.partitions)
    }

    /// Takes in a partition's answer. Returns whether something came of it.
    fn take(&mut self, place: &Place, answer: &FetchedPartition, all: &mut Looks<'_>) -> bool {
        if let Some(code) = answer.error {
            if code.is_stale_leader() || code.is_retriable() {
                self.client.forget_leader(&answer.place);
                std::thread::sleep(PAUSE);
                return false;
            }
            let error = WireError::Kafka {
                api: ApiKey::Fetch,
                code,
                message: None,
            };
            all.failed(place, error.into());
            return true;
        }
        let Some(cursor) = all.cursor(place) else {
            return false;
        };
        if answer.records.is_empty() {
            let is_end = committed_end(answer).is_some_and(|end| cursor >= end);
            if is_end {
                all.ended(place);
            }
            return is_end;
        }
        self.read(place, answer, all)
    }

    fn read(&mut self, place: &Place, answer: &FetchedPartition, all: &mut Looks<'_>) -> bool {
        let mut set = FetchedSet::new(&answer.records, aborted(answer), IsolationLevel::ReadCommitted);
        let mut moved = false;
        loop {
            let next = match set.next(&mut self.expander) {
                None => return moved,
                Some(Err(fault)) => {
                    all.failed(place, fault.into());
                    return true;
                }
                Some(Ok(Fetched::Partial(partial))) => {
                    if moved {
                        return true;
                    }
                    let asked = self.larger.get(place).copied().unwrap_or(PARTITION_BYTES);
                    let needed = partial.needed.and_then(|needed| i32::try_from(needed).ok());
                    match needed.filter(|needed| *needed > asked) {
                        Some(needed) => drop(self.larger.insert(place.clone(), needed)),
                        None => all.failed(place, partial.fault().into()),
                    }
                    return true;
                }
                Some(Ok(Fetched::Control { next_offset, .. } | Fetched::Aborted { next_offset, .. })) => {
                    next_offset
                }
                Some(Ok(Fetched::Records { records, .. })) => {
                    for record in records.iter() {
                        // Records before it come along with their batch.
                        match all.cursor(place) {
                            Some(cursor) if cursor <= record.offset => {
                                all.saw(place, Fingerprint::of_view(&record));
                            }
                            Some(_) => {}
                            None => return true,
                        }
                    }
                    records.next_offset()
                }
            };
            moved = true;
            self.larger.remove(place);
            all.passed(place, next);
            // What is wanted further on is asked for there.
            match all.cursor(place) {
                Some(cursor) if cursor <= next => {}
                _ => return true,
            }
        }
    }
}

fn is_passing(error: &WireError) -> bool {
    match error.code() {
        Some(code) => code.is_stale_leader() || code.is_retriable(),
        None => error.is_retriable(),
    }
}
