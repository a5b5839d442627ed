//! Of a pair that copies both ways, the records of one side that one of its tasks answers for: by the same rule as it copies
//! (docs/adr/0016).

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use sluice_model::{OffsetRange, Task, TaskName};
use sluice_wire::format::{Entry, RecordSet};

use crate::error::{EngineError, Result, StoreError};
use crate::plan::{Pair, unique};
use crate::position::{
    Authorship, CheckpointStore, Direction, PartitionKey, PartitionState, StoredRuns, WriterNotes,
};
use crate::verify::feed::{Fed, Feed, ReadError};
use crate::verify::paired::{Half, Paired};
use crate::verify::report::LogSide;
use crate::verify::stored_log::{FETCH, StoredLog};

/// How long a broker may keep the batch back that a record stands in which it has given out.
const SILENCE: Duration = Duration::from_secs(30);

/// What a task of a pair answers for: at its source all but what the other task wrote, on its target what it wrote itself.
pub(crate) struct Share<'a> {
    store: &'a dyn WriterNotes,
    own: Authorship,
    partner: Authorship,
    /// What both tasks have copied between the topics that are there.
    copied: [BTreeMap<PartitionKey, PartitionState>; 2],
}

/// The feeds of both sides of a partition.
type BothFeeds<'a> = (Box<dyn Feed + 'a>, Box<dyn Feed + 'a>);
/// What is stored of a partition, and from where on it is to be read.
type Log<'a> = (Box<dyn StoredLog + 'a>, i64);

impl<'a> Share<'a> {
    /// Of a task that has a partner.
    ///
    /// # Errors
    /// The clusters have no ids.
    pub(crate) fn of(pair: &Pair, task: &Task, store: &'a dyn CheckpointStore) -> Result<Option<Self>> {
        let Some(partner) = &task.both_ways else {
            return Ok(None);
        };
        let own = pair.direction().ok_or_else(|| {
            EngineError::Refused(
                "a pair that copies both ways cannot be verified: its clusters have no ids".to_owned(),
            )
        })?;
        Ok(Some(Self {
            copied: copied(pair, [&task.name, partner], store)?,
            ..Self::new(store, own)
        }))
    }

    pub(crate) fn new(store: &'a dyn WriterNotes, own: Direction) -> Self {
        Self {
            store,
            partner: Authorship::new(own.reversed()),
            own: Authorship::new(own),
            copied: Default::default(),
        }
    }

    /// Why a partition is not compared, if it is not; `readable` where stored batches can be read on both sides.
    pub(crate) fn beyond(readable: bool) -> Option<&'static str> {
        (!readable).then_some(
            "the wire client cannot read both sides, and without it it is not known which records the other task of the pair has written",
        )
    }

    /// What both tasks have copied of a partition.
    pub(crate) fn paired<'r>(
        &self,
        task: &'r Task,
        store: &'r dyn CheckpointStore,
        key: &'r PartitionKey,
    ) -> Paired<'r> {
        let half = |task: Option<&'r TaskName>, copied: &BTreeMap<PartitionKey, PartitionState>| {
            let state = copied.get(key)?;
            Some(Half {
                runs: Box::new(StoredRuns {
                    store,
                    task: task?,
                    key,
                }),
                source: OffsetRange {
                    from: state.start,
                    to: state.position,
                },
                target_next: state.target_next,
            })
        };
        let [own, partner] = &self.copied;
        Paired {
            own: half(Some(&task.name), own),
            partner: half(task.both_ways.as_ref(), partner),
        }
    }

    /// What of both sides counts.
    pub(crate) fn of_feeds<'f>(
        &'f self,
        source: Box<dyn Feed + 'f>,
        target: Box<dyn Feed + 'f>,
        logs: Option<(Log<'f>, Log<'f>)>,
    ) -> BothFeeds<'f> {
        let Some((at_source, on_target)) = logs else {
            return (source, target);
        };
        (
            Box::new(PairFeed::new(source, at_source, self, LogSide::Source)),
            Box::new(PairFeed::new(target, on_target, self, LogSide::Target)),
        )
    }

    fn counts(&self, side: LogSide, producer_id: i64) -> std::result::Result<bool, StoreError> {
        match side {
            LogSide::Source => Ok(!self.partner.wrote(self.store, producer_id)?),
            LogSide::Target => self.own.wrote(self.store, producer_id),
        }
    }
}

/// What both tasks of a pair have copied between the topics that are there now: of other topics of their names it says nothing.
fn copied(
    pair: &Pair,
    [own, partner]: [&TaskName; 2],
    store: &dyn CheckpointStore,
) -> Result<[BTreeMap<PartitionKey, PartitionState>; 2]> {
    let states = (store.partitions(own)?, store.partitions(partner)?);
    let all = states.0.iter().chain(&states.1);
    let topics = unique(all.map(|state| state.key.topic.as_str()));
    let ids = (pair.source.topic_ids(&topics), pair.target.topic_ids(&topics));
    Ok([
        between(&states.0, &ids.0, &ids.1),
        between(&states.1, &ids.1, &ids.0),
    ])
}

/// Those whose topics have these ids.
fn between(
    states: &[PartitionState],
    at_source: &BTreeMap<String, String>,
    on_target: &BTreeMap<String, String>,
) -> BTreeMap<PartitionKey, PartitionState> {
    let is_there = |noted: &Option<String>, ids: &BTreeMap<String, String>, topic: &String| {
        noted.is_none() || ids.get(topic) == noted.as_ref()
    };
    states
        .iter()
        .filter(|state| {
            state.is_pinned()
                && is_there(&state.source_topic_id, at_source, &state.key.topic)
                && is_there(&state.target_topic_id, on_target, &state.target_topic)
        })
        .map(|state| (state.key.clone(), state.clone()))
        .collect()
}

/// A stored entry, and whether its records count.
struct Stretch {
    first: i64,
    next: i64,
    counts: bool,
}

/// The records of a partition that count, as another feed reads them. Whose they are is told by the headers of the stored
/// batches, which are looked at beside it.
pub(crate) struct PairFeed<'a> {
    records: Box<dyn Feed + 'a>,
    owners: Owners<'a>,
    everything: bool,
}

impl<'a> PairFeed<'a> {
    pub(crate) fn new(
        records: Box<dyn Feed + 'a>,
        (log, from): Log<'a>,
        share: &'a Share<'a>,
        side: LogSide,
    ) -> Self {
        Self {
            records,
            owners: Owners {
                log,
                share,
                side,
                known: VecDeque::new(),
                next: from,
                max_bytes: FETCH,
            },
            everything: false,
        }
    }
}

impl Feed for PairFeed<'_> {
    fn read(&mut self, take: &mut dyn FnMut(Fed)) -> std::result::Result<usize, ReadError> {
        let Self {
            records,
            owners,
            everything,
        } = self;
        records.read(&mut |fed| match fed {
            Fed::Record(content) => match owners.counts(content.offset()) {
                Ok(true) => take(Fed::Record(content)),
                Ok(false) if *everything => take(Fed::Beside(content)),
                Ok(false) => {}
                Err(error) => take(Fed::Fault(error)),
            },
            other => take(other),
        })
    }

    fn go_to(&mut self, offset: i64) {
        self.owners.known.clear();
        self.owners.next = offset;
        self.records.go_to(offset);
    }

    fn everything(&mut self) {
        self.everything = true;
    }

    fn rest(&mut self) {
        self.records.rest();
    }
}

/// Whose the records of a log are.
struct Owners<'a> {
    log: Box<dyn StoredLog + 'a>,
    share: &'a Share<'a>,
    side: LogSide,
    /// Of the last answer, from the record that was asked for last on.
    known: VecDeque<Stretch>,
    /// Where the next answer begins.
    next: i64,
    max_bytes: i32,
}

impl Owners<'_> {
    /// Whether the record at `offset` counts. Offsets come in order.
    fn counts(&mut self, offset: i64) -> std::result::Result<bool, ReadError> {
        let until = Instant::now() + SILENCE;
        loop {
            while self.known.front().is_some_and(|one| one.next <= offset) {
                self.known.pop_front();
            }
            match self.known.front() {
                Some(one) if one.first <= offset => return Ok(one.counts),
                Some(_) => {
                    return Err(ReadError::Unowned(format!(
                        "no stored batch holds offset {offset}"
                    )));
                }
                None => {}
            }
            self.next = self.next.max(offset);
            if Instant::now() >= until {
                return Err(ReadError::Silent(SILENCE.as_secs()));
            }
            self.look()?;
        }
    }

    /// Takes in the headers of what is stored next.
    fn look(&mut self) -> std::result::Result<(), ReadError> {
        let Some(fetched) = self.log.fetch(self.next, self.max_bytes)? else {
            return Ok(());
        };
        let unknown = |error: StoreError| ReadError::Unowned(error.to_string());
        for entry in RecordSet::from_offset(&fetched.records, self.next) {
            let stretch = match entry? {
                Entry::Batch(batch) => {
                    let header = batch.header();
                    Stretch {
                        first: header.base_offset,
                        next: header.next_offset(),
                        counts: self
                            .share
                            .counts(self.side, header.producer_id)
                            .map_err(unknown)?,
                    }
                }
                Entry::Message(message) => Stretch {
                    first: message.first_offset().unwrap_or(self.next).min(self.next),
                    next: message.offset.saturating_add(1),
                    // It has no producer id.
                    counts: self.share.counts(self.side, -1).map_err(unknown)?,
                },
                Entry::Partial(partial) => {
                    if self.known.is_empty()
                        && let Some(needed) = partial.needed.and_then(|needed| i32::try_from(needed).ok())
                    {
                        self.max_bytes = self.max_bytes.max(needed);
                    }
                    break;
                }
            };
            self.next = stretch.next;
            self.known.push_back(stretch);
        }
        Ok(())
    }
}
