use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use sluice_kafka::{ErrorCode, KafkaError, Message, PartitionOffset, Reader, ReaderTuning, TimestampKind};
use sluice_model::{Codec, Delivery, Task};

use crate::plan::compression::{self, Seen, look};
use crate::plan::precheck::facts::misread::misread;
use crate::plan::precheck::facts::{Holes, Offsets, Outline, holes};
use crate::position::PartitionKey;

/// Records looked at in each place.
const RECORDS: usize = 20;
/// Partitions read at once.
const AT_ONCE: usize = 16;
/// Partitions whose middle is looked at as well: the oldest records need not be like the others.
const MIDDLES: usize = 16;
/// How long one group of partitions may take.
const GROUP_DEADLINE: Duration = Duration::from_secs(4);
/// How long everything may take, the measurement of speed not counted.
const DEADLINE: Duration = Duration::from_secs(10);
/// Offsets in the largest backlog of a partition from which on the speed of reading is measured.
const WORTH_MEASURING: i64 = 2_000;
/// How long speed is measured.
const MEASURE: Duration = Duration::from_millis(400);
/// Bytes after which the measurement ends before that time.
const MEASURE_BYTES: u64 = 32 * 1024 * 1024;

/// What the sampled records of one topic are like.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TopicSample {
    pub(crate) records: u64,
    /// Bytes of keys and values.
    pub(crate) bytes: u64,
    /// Records without a key.
    pub(crate) unkeyed: u64,
    /// Records with headers.
    pub(crate) with_headers: u64,
    /// Bytes of key and value of the greatest.
    pub(crate) largest: usize,
    /// Records that would be copied and have no timestamp.
    pub(crate) untimed: u64,
    /// Least and greatest timestamp in ms since 1970, of records that would be copied and have one.
    pub(crate) times: Option<(i64, i64)>,
}

impl TopicSample {
    fn add(&mut self, message: &Message, to_copy: bool) {
        self.records += 1;
        self.bytes += message.payload_len() as u64;
        self.unkeyed += u64::from(message.key().is_none());
        self.with_headers += u64::from(message.has_headers());
        self.largest = self.largest.max(message.payload_len());
        let (at, kind) = message.timestamp();
        self.untimed += u64::from(to_copy && kind == TimestampKind::None);
        if to_copy && kind != TimestampKind::None && at >= 0 {
            let (first, last) = self.times.unwrap_or((at, at));
            self.times = Some((first.min(at), last.max(at)));
        }
    }
}

/// How fast the source was read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Speed {
    pub(crate) records: u64,
    pub(crate) bytes: u64,
    pub(crate) seconds: f64,
}

/// A look at the source's records.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sample {
    /// By source topic.
    pub(crate) topics: BTreeMap<String, TopicSample>,
    /// Source topics that this user may not read.
    pub(crate) denied: Vec<String>,
    /// Source topics that hold records of which none could be read in time.
    pub(crate) unread: Vec<String>,
    /// Where records are stored that librdkafka would misread, from which offset on.
    pub(crate) misread: BTreeMap<PartitionKey, i64>,
    pub(crate) speed: Option<Speed>,
    /// How often there are offsets without a record, by source topic of a task that mirrors.
    pub(crate) holes: BTreeMap<String, Holes>,
    /// What the newest batches of each source topic are compressed with, where the task leaves that open.
    pub(crate) codecs: BTreeMap<String, Seen>,
}

impl Sample {
    /// Mean bytes of key and value over all topics; `None` when no record was seen.
    pub(crate) fn mean_bytes(&self) -> Option<f64> {
        let (records, bytes) = self.topics.values().fold((0, 0), |(records, bytes), topic| {
            (records + topic.records, bytes + topic.bytes)
        });
        (records > 0).then(|| bytes as f64 / records as f64)
    }

    /// Estimated bytes of keys and values of what would be copied of each route.
    pub(crate) fn backlog_bytes(&self, outline: &Outline, offsets: &Offsets) -> Vec<u64> {
        let mean = self.mean_bytes().unwrap_or(0.0);
        outline
            .routes
            .iter()
            .zip(&offsets.routes)
            .map(|(route, found)| {
                let own = self
                    .topics
                    .get(&route.source_topic)
                    .filter(|topic| topic.records > 0)
                    .map_or(mean, |topic| topic.bytes as f64 / topic.records as f64);
                (found.backlog() as f64 * own) as u64
            })
            .collect()
    }
}

struct Place {
    topic: String,
    partition: i32,
    offset: i64,
    /// Whether its records would be copied.
    to_copy: bool,
}

impl Place {
    fn key(&self) -> PartitionKey {
        PartitionKey {
            topic: self.topic.clone(),
            partition: self.partition,
        }
    }
}

impl Sample {
    /// Reads some records of each topic: the first to be copied, and some from the middle of the largest partitions.
    ///
    /// # Errors
    /// The client was refused.
    pub(crate) fn read(
        task: &Task,
        outline: &Outline,
        offsets: &Offsets,
        cancelled: &(dyn Fn() -> bool + Sync),
    ) -> sluice_kafka::Result<Self> {
        let mut sample = Self::default();
        let places = places(outline, offsets);
        // The wire lane keeps every codec and reads every format.
        let is_wire = outline.by_wire();
        if task.compression == Codec::Auto && !is_wire {
            let each = outline.routes.iter().zip(&offsets.routes);
            let places =
                each.flat_map(|(route, found)| compression::Place::of(&route.source_topic, &found.start));
            sample.codecs = look(&task.source, places.collect()).codecs;
        }
        let Some(largest) = places.first() else {
            return Ok(sample);
        };
        if task.delivery == Delivery::Mirror {
            sample.holes = holes(&task.source, &ranges(outline, offsets), cancelled);
        }
        let measured = (largest.1 >= WORTH_MEASURING).then_some(&largest.0);
        let mut reader = Reader::new(
            &task.source,
            ReaderTuning {
                prefetch_kib: 4 * 1024,
                ..ReaderTuning::default()
            },
        )?;
        let until = Instant::now() + DEADLINE;
        let mut firsts: Vec<&Place> = places.iter().map(|(place, _)| place).collect();
        // Each topic once before any of them twice.
        let mut rank: BTreeMap<&str, usize> = BTreeMap::new();
        firsts.sort_by_cached_key(|place| {
            let seen = rank.entry(place.topic.as_str()).or_default();
            *seen += 1;
            *seen
        });
        let begins = firsts
            .iter()
            .filter(|place| place.to_copy)
            .map(|place| (place.key(), place.offset));
        if !is_wire {
            sample.misread = misread(&task.source, begins, cancelled);
        }
        let middles: Vec<Place> = places
            .iter()
            .filter(|(place, backlog)| place.to_copy && *backlog > 4 * RECORDS as i64)
            .take(MIDDLES)
            .map(|(place, backlog)| Place {
                topic: place.topic.clone(),
                offset: place.offset + backlog / 2,
                ..*place
            })
            .collect();
        let middles: Vec<&Place> = middles.iter().collect();
        let (each_once, again) = firsts.split_at(rank.len());
        for group in each_once
            .chunks(AT_ONCE)
            .chain(middles.chunks(AT_ONCE))
            .chain(again.chunks(AT_ONCE))
        {
            if cancelled() || Instant::now() >= until {
                break;
            }
            sample.read_group(&mut reader, group, cancelled)?;
        }
        for (place, _) in &places {
            let known = |names: &[String]| names.contains(&place.topic);
            if !sample.topics.contains_key(&place.topic) && !known(&sample.denied) && !known(&sample.unread) {
                sample.unread.push(place.topic.clone());
            }
        }
        drop(reader);
        if let Some(place) = measured.filter(|_| !cancelled()) {
            sample.speed = measure(task, place, cancelled)?;
        }
        Ok(sample)
    }

    fn read_group(
        &mut self,
        reader: &mut Reader,
        group: &[&Place],
        cancelled: &(dyn Fn() -> bool + Sync),
    ) -> sluice_kafka::Result<()> {
        let mut left: BTreeMap<(&str, i32), (usize, bool)> = group
            .iter()
            .map(|place| ((place.topic.as_str(), place.partition), (RECORDS, place.to_copy)))
            .collect();
        let positions: Vec<PartitionOffset> = group
            .iter()
            .map(|place| PartitionOffset::new(place.topic.clone(), place.partition, place.offset))
            .collect();
        reader.assign(&positions)?;
        let until = Instant::now() + GROUP_DEADLINE;
        while !left.is_empty() && Instant::now() < until && !cancelled() {
            let mut done = Vec::new();
            reader.read(500, Duration::from_millis(100), |message| {
                let place = (message.topic(), message.partition());
                let Some((&known, (records, to_copy))) = left.iter_mut().find(|(known, _)| **known == place)
                else {
                    return;
                };
                match message.error() {
                    ErrorCode::NONE if *records > 0 => {
                        *records -= 1;
                        self.topics
                            .entry(known.0.to_owned())
                            .or_default()
                            .add(&message, *to_copy);
                        if *records == 0 {
                            done.push(known);
                        }
                    }
                    ErrorCode::NONE => {}
                    ErrorCode::LOCAL_PARTITION_EOF => {
                        // Markers and removed records alone: it was read all the same.
                        self.topics.entry(known.0.to_owned()).or_default();
                        done.push(known);
                    }
                    code => {
                        if code == ErrorCode::TOPIC_AUTHORIZATION_FAILED
                            && !self.denied.iter().any(|topic| topic == known.0)
                        {
                            self.denied.push(known.0.to_owned());
                        }
                        done.push(known);
                    }
                }
            })?;
            let gone: Vec<PartitionOffset> = done
                .into_iter()
                .filter(|place| left.remove(place).is_some())
                .map(|(topic, partition)| PartitionOffset::new(topic, partition, 0))
                .collect();
            reader.unassign(&gone)?;
        }
        let rest: Vec<PartitionOffset> = left
            .into_keys()
            .map(|(topic, partition)| PartitionOffset::new(topic, partition, 0))
            .collect();
        reader.unassign(&rest)
    }
}

/// What is to be copied of each partition, by topic; the largest first.
fn ranges(outline: &Outline, offsets: &Offsets) -> BTreeMap<String, Vec<(i32, i64, i64)>> {
    let mut ranges: BTreeMap<String, Vec<(i32, i64, i64)>> = BTreeMap::new();
    for (route, found) in outline.routes.iter().zip(&offsets.routes) {
        let of_topic = ranges.entry(route.source_topic.clone()).or_default();
        for (&partition, start) in &found.start {
            if start.bounds.high > start.nearest() {
                of_topic.push((partition, start.nearest(), start.bounds.high));
            }
        }
        of_topic.sort_by_key(|(_, from, to)| std::cmp::Reverse(to - from));
    }
    ranges
}

/// A place in each partition that holds records, with the backlog from there; the largest backlogs first.
fn places(outline: &Outline, offsets: &Offsets) -> Vec<(Place, i64)> {
    let mut places = Vec::new();
    for (route, found) in outline.routes.iter().zip(&offsets.routes) {
        for (&partition, start) in &found.start {
            let backlog = start.bounds.high - start.nearest();
            if start.bounds.high <= start.bounds.low {
                continue;
            }
            // Where nothing is to be copied the newest records show what will come.
            let newest = (start.bounds.high - RECORDS as i64).max(start.bounds.low);
            places.push((
                Place {
                    topic: route.source_topic.clone(),
                    partition,
                    offset: if backlog > 0 { start.nearest() } else { newest },
                    to_copy: backlog > 0,
                },
                backlog,
            ));
        }
    }
    places.sort_by_key(|(_, backlog)| std::cmp::Reverse(*backlog));
    places
}

/// Reads one partition for a while. `None` when that says nothing.
fn measure(
    task: &Task,
    place: &Place,
    cancelled: &(dyn Fn() -> bool + Sync),
) -> sluice_kafka::Result<Option<Speed>> {
    let mut reader = Reader::new(&task.source, ReaderTuning::default())?;
    reader.assign(&[PartitionOffset::new(
        place.topic.clone(),
        place.partition,
        place.offset,
    )])?;
    // Connecting counts: a copy is not slower than what is measured here.
    let begun = Instant::now();
    let (mut records, mut bytes, mut ended) = (0u64, 0u64, false);
    let mut failed: Option<KafkaError> = None;
    while begun.elapsed() < if records == 0 { GROUP_DEADLINE } else { MEASURE }
        && bytes < MEASURE_BYTES
        && !ended
        && failed.is_none()
        && !cancelled()
    {
        reader.read(10_000, Duration::from_millis(20), |message| {
            match message.error() {
                ErrorCode::NONE => {
                    records += 1;
                    bytes += message.payload_len() as u64;
                }
                ErrorCode::LOCAL_PARTITION_EOF => ended = true,
                code => failed = Some(KafkaError::new(code, message.error_text())),
            }
        })?;
    }
    Ok((records > 0).then(|| Speed {
        records,
        bytes,
        seconds: begun.elapsed().as_secs_f64().max(0.001),
    }))
}
