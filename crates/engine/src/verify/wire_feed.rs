use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sluice_wire::format::{
    AbortedFilter, Fetched, FetchedSet, IsolationLevel, OwnedRecord, Partial, RecordReader,
};
use sluice_wire::{
    ApiKey, Cancel, Client, Connection, FetchPartition, FetchRequest, FetchSession, FetchedPartition,
    Isolation, TopicPartition, WireError,
};

use crate::verify::feed::{Fed, Feed, ReadError};
use crate::verify::record::Content;
use crate::verify::stored_log::{FETCH, StoredLog, aborted, committed_end};

/// How long a broker may wait for records before it answers without.
const MAX_WAIT: Duration = Duration::from_millis(200);
/// Pause before a broker is asked again that did not answer, or does not lead.
const PAUSE: Duration = Duration::from_millis(100);
/// What one stored batch may expand to, in bytes: brokers take none that is larger than 2 GiB.
pub(crate) const EXPANDED: usize = 2 * 1024 * 1024 * 1024 - 1;

/// Reads partitions of one cluster, one at a time, over connections of its own.
pub(crate) struct WireReader {
    client: Client,
    cancel: Cancel,
    connections: BTreeMap<i32, Arc<Connection>>,
}

impl WireReader {
    pub(crate) fn new(client: &Client, cancel: &Cancel) -> Self {
        Self {
            client: client.with_cancel(cancel.clone()),
            cancel: cancel.clone(),
            connections: BTreeMap::new(),
        }
    }

    /// A partition's log, and where it is to be read from.
    pub(crate) fn log(&mut self, topic: &str, partition: i32, from: i64) -> (Box<dyn StoredLog + '_>, i64) {
        (Box::new(PartitionLog::new(self, topic, partition)), from)
    }

    /// The committed records of a partition from an offset on, if the broker answers with some. `None`: not now.
    fn fetch(
        &mut self,
        place: &TopicPartition,
        offset: i64,
        max_bytes: i32,
    ) -> Result<Option<FetchedPartition>, WireError> {
        let fetched = self
            .client
            .leader(place)
            .and_then(|(leader, _)| Ok((leader, self.connection(leader)?)))
            .and_then(|(leader, connection)| {
                let request = request(place, offset, max_bytes);
                let answer = connection
                    .begin_fetch(request, &self.cancel)
                    .and_then(|pending| pending.wait(&self.cancel));
                if answer.is_err() {
                    // Whatever was on its way over it is not answered any more.
                    self.connections.remove(&leader);
                }
                answer
            });
        // A broker that throttles may answer without the partition.
        let one = fetched.and_then(|answer| {
            let Some(one) = answer.partitions.into_iter().find(|one| one.place == *place) else {
                return Ok(None);
            };
            match one.error {
                None => Ok(Some(one)),
                Some(code) => Err(WireError::Kafka {
                    api: ApiKey::Fetch,
                    code,
                    message: None,
                }),
            }
        });
        match one {
            Err(error) if is_passing(&error) => {
                self.client.forget_leader(place);
                std::thread::sleep(PAUSE);
                Ok(None)
            }
            other => other,
        }
    }

    fn connection(&mut self, broker: i32) -> Result<Arc<Connection>, WireError> {
        if let Some(connection) = self.connections.get(&broker) {
            return Ok(Arc::clone(connection));
        }
        let connection = self.client.connect(broker)?;
        self.connections.insert(broker, Arc::clone(&connection));
        Ok(connection)
    }
}

fn request(place: &TopicPartition, offset: i64, max_bytes: i32) -> FetchRequest {
    FetchRequest {
        max_wait: MAX_WAIT,
        min_bytes: 1,
        max_bytes,
        isolation: Isolation::Committed,
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
    }
}

fn is_passing(error: &WireError) -> bool {
    match error.code() {
        Some(code) => code.is_stale_leader() || code.is_retriable(),
        None => error.is_retriable(),
    }
}

/// The stored entries of one partition, read by a [`WireReader`].
pub(crate) struct PartitionLog<'a> {
    reader: &'a mut WireReader,
    place: TopicPartition,
}

impl<'a> PartitionLog<'a> {
    pub(crate) fn new(reader: &'a mut WireReader, topic: &str, partition: i32) -> Self {
        Self {
            reader,
            place: TopicPartition::new(topic, partition),
        }
    }
}

impl StoredLog for PartitionLog<'_> {
    fn fetch(&mut self, offset: i64, max_bytes: i32) -> Result<Option<FetchedPartition>, WireError> {
        self.reader.fetch(&self.place, offset, max_bytes)
    }
}

/// What is left of an answer, from the beginning of an entry on.
struct Rest {
    bytes: Bytes,
    filter: AbortedFilter,
    is_first: bool,
}

/// The records of one partition, read by the wire client.
pub(crate) struct WireFeed<'a> {
    log: Box<dyn StoredLog + 'a>,
    expander: RecordReader,
    /// The next offset.
    position: i64,
    /// Where the committed records ended when the broker was last asked.
    end: Option<i64>,
    rest: Option<Rest>,
    max_bytes: i32,
    ended: bool,
}

impl<'a> WireFeed<'a> {
    /// The records of `log` from `position` on.
    pub(crate) fn open(log: Box<dyn StoredLog + 'a>, position: i64) -> Self {
        Self {
            log,
            expander: RecordReader::new(EXPANDED),
            position,
            end: None,
            rest: None,
            max_bytes: FETCH,
            ended: false,
        }
    }

    /// Asks for more. Returns how many bytes came.
    fn ask(&mut self) -> Result<usize, ReadError> {
        let fetched = self.log.fetch(self.position, self.max_bytes)?;
        let Some(fetched) = fetched else { return Ok(0) };
        self.end = committed_end(&fetched);
        let count = fetched.records.len();
        if count > 0 {
            self.rest = Some(Rest {
                filter: AbortedFilter::new(aborted(&fetched)),
                bytes: fetched.records,
                is_first: true,
            });
        }
        Ok(count)
    }

    /// The broker cut the answer inside an entry: at its end that is nothing, as all of it more must be asked for.
    fn cut_off(&mut self, partial: Partial, is_first: bool) -> Option<ReadError> {
        self.rest = None;
        if !is_first {
            return None;
        }
        let needed = partial
            .needed
            .and_then(|needed| i32::try_from(needed).ok())
            .filter(|needed| *needed > self.max_bytes);
        match needed {
            Some(needed) => {
                self.max_bytes = needed;
                None
            }
            None => Some(partial.fault().into()),
        }
    }
}

impl Feed for WireFeed<'_> {
    fn go_to(&mut self, offset: i64) {
        self.position = offset;
        self.rest = None;
        self.end = None;
        self.ended = false;
    }

    fn rest(&mut self) {
        self.rest = None;
    }

    fn read(&mut self, take: &mut dyn FnMut(Fed)) -> Result<usize, ReadError> {
        if self.ended {
            return Ok(0);
        }
        let mut came = 0;
        if self.rest.is_none() {
            if self.end.is_some_and(|end| self.position >= end) {
                self.ended = true;
                take(Fed::End);
                return Ok(1);
            }
            came = self.ask()?;
        }
        let Some(rest) = self.rest.take() else {
            // Without records the answer may have said that this is the end.
            return Ok(came + usize::from(self.end.is_some_and(|end| self.position >= end)));
        };
        let mut set = FetchedSet::resume(&rest.bytes, rest.filter, IsolationLevel::ReadCommitted);
        let mut next = self.position;
        let mut partial = None;
        match set.next(&mut self.expander) {
            None => return Ok(came),
            Some(Err(fault)) => {
                take(Fed::Fault(fault.into()));
                return Ok(1);
            }
            Some(Ok(Fetched::Partial(cut))) => partial = Some(cut),
            Some(Ok(Fetched::Control { next_offset, .. } | Fetched::Aborted { next_offset, .. })) => {
                next = next_offset;
            }
            Some(Ok(Fetched::Records { records, .. })) => {
                next = records.next_offset();
                for record in records.iter().filter(|record| record.offset >= self.position) {
                    take(Fed::Record(Content::Wire(OwnedRecord::from(&record))));
                }
            }
        }
        self.position = self.position.max(next);
        let (filter, at) = set.suspend();
        if let Some(partial) = partial {
            if let Some(error) = self.cut_off(partial, rest.is_first) {
                take(Fed::Fault(error));
            }
            return Ok(1);
        }
        if at < rest.bytes.len() {
            self.rest = Some(Rest {
                bytes: rest.bytes.slice(at..),
                filter,
                is_first: false,
            });
        }
        Ok(1)
    }
}
