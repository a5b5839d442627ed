//! What the source's newest batches are compressed with, and what the records to be copied next are like. librdkafka hands
//! out records without the one, and the other must be known before it fetches them, so the wire client reads a few batches.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use sluice_kafka::CompressionCodec;
use sluice_model::Cluster;
use sluice_wire::format::{Codec, Entry, RecordReader, RecordSet};
use sluice_wire::{Cancel, Client, FetchedPartition, Isolation, OffsetSpec, TopicPartition, WireError};

use crate::lane::Nature;
use crate::plan::Resolved;
use crate::plan::compression::choice::Seen;
use crate::position::LogBounds;

/// How long everything may take.
const DEADLINE: Duration = Duration::from_secs(3);
/// Partitions looked at in each topic, those with the most records.
const PARTITIONS: usize = 3;
/// Questions asked at once.
const AT_ONCE: usize = 4;
/// Bytes of one answer, unless its first batch alone is larger.
const MAX_BYTES: i32 = 64 * 1024;
/// Partitions in which records are read, to see what they are like, and bytes that those of one partition may expand to.
const NATURES: usize = 24;
const MOST_EXPANDED: usize = 16 * 1024 * 1024;
/// Bytes of memory that a record takes beside its own.
const RECORD_OVERHEAD: usize = 512;
/// How many offsets before the end are looked at, and how many where markers of transactions are all that is there.
const FEW_BEFORE_END: i64 = 20;
const MORE_BEFORE_END: i64 = 2_000;

/// A partition that may be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) topic: String,
    pub(crate) partition: i32,
    pub(crate) bounds: LogBounds,
    /// Where the copy goes on, if that is of interest.
    pub(crate) position: Option<i64>,
}

/// What was seen.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Look {
    /// The codecs of each topic's newest batches.
    pub(crate) codecs: BTreeMap<String, Seen>,
    /// What the records at the positions and at the ends are like: the largest, and those that expand the most. `None` where
    /// none could be read.
    pub(crate) nature: Option<Nature>,
}

impl Place {
    /// The partitions of a topic that said where their logs are.
    pub(crate) fn of<'a>(
        topic: &'a str,
        start: &'a BTreeMap<i32, Resolved>,
    ) -> impl Iterator<Item = Self> + 'a {
        start.iter().map(|(&partition, start)| Self {
            topic: topic.to_owned(),
            partition,
            bounds: start.bounds,
            position: None,
        })
    }
}

/// Looks at the newest batches of each topic, each topic once before any of them twice, for three seconds at most. That
/// nothing can be learned (GSSAPI, no answer) is no reason not to go on: topics are missing then, or unknown.
pub(crate) fn look(source: &Cluster, places: Vec<Place>) -> Look {
    ask(source, places).unwrap_or_else(|error| {
        tracing::info!(%error, "the source's batches cannot be looked at");
        Look::default()
    })
}

fn ask(source: &Cluster, places: Vec<Place>) -> Result<Look, WireError> {
    let empty = places.iter().map(|place| (place.topic.clone(), Seen::Empty));
    let mut seen = Look {
        codecs: empty.collect(),
        nature: None,
    };
    let places = in_turn(places);
    for place in &places {
        seen.codecs.insert(place.topic.clone(), Seen::Unknown);
    }
    if places.is_empty() {
        seen.nature = Some(Nature::EXPECTED);
        return Ok(seen);
    }
    let until = Instant::now() + DEADLINE;
    let cancel = Cancel::new();
    let client = Client::new(source)?
        .with_timeout(DEADLINE)
        .with_cancel(cancel.clone());
    // The leaders of all partitions with one question, instead of one for each topic.
    let asked: Vec<TopicPartition> = places
        .iter()
        .map(|place| TopicPartition::new(place.topic.clone(), place.partition))
        .collect();
    client.list_offsets(&asked, OffsetSpec::Latest, Isolation::Uncommitted)?;
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(places.len()) {
            let (sender, client, next, places) = (sender.clone(), &client, &next, &places);
            scope.spawn(move || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(place) = places.get(index).filter(|_| Instant::now() < until) else {
                        return;
                    };
                    let newest = newest(client, place);
                    let mut found = None;
                    if place.position.is_some() && index < NATURES {
                        // Records may have become another kind since.
                        let at_end = newest.as_ref().ok().and_then(|newest| nature(&newest.records));
                        found = worse(nature_at_position(client, place), at_end);
                    }
                    let codec = newest.map(|newest| codecs(&newest.records).last().map(|(_, codec)| codec));
                    if sender.send((place, codec, found)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        while let Ok((place, outcome, found)) =
            receiver.recv_timeout(until.saturating_duration_since(Instant::now()))
        {
            note(&mut seen.codecs, place, outcome);
            seen.nature = worse(seen.nature, found);
        }
        // Answers to open questions are not waited for.
        cancel.cancel();
    });
    Ok(seen)
}

/// The larger records and the greater expansion of both.
fn worse(one: Option<Nature>, other: Option<Nature>) -> Option<Nature> {
    match (one, other) {
        (Some(one), Some(other)) => Some(Nature {
            record_bytes: one.record_bytes.max(other.record_bytes),
            expansion: one.expansion.max(other.expansion),
        }),
        (one, other) => one.or(other),
    }
}

/// What the records of a partition are like where the copy goes on; `None` where none could be read.
fn nature_at_position(client: &Client, place: &Place) -> Option<Nature> {
    let position = place.position.filter(|position| *position < place.bounds.high)?;
    let from = position.max(place.bounds.low);
    let fetched = client
        .fetch_raw(
            &place.topic,
            place.partition,
            from,
            MAX_BYTES,
            Isolation::Uncommitted,
        )
        .inspect_err(|error| {
            tracing::debug!(topic = place.topic, partition = place.partition, %error, "the records are not known");
        })
        .ok()?;
    nature(&fetched.records)
}

/// What whole batches are like; `None` where there is none with records.
fn nature(fetched: &[u8]) -> Option<Nature> {
    let mut reader = RecordReader::new(MOST_EXPANDED);
    let (mut stored, mut memory, mut records) = (0, 0, 0);
    for entry in RecordSet::new(fetched).flatten() {
        let bytes = match &entry {
            Entry::Batch(batch) if batch.header().attributes.is_control() => continue,
            Entry::Batch(batch) => batch.bytes().len(),
            Entry::Message(message) => message.bytes().len(),
            Entry::Partial(_) => break,
        };
        match reader.read(&entry) {
            Ok(read) => {
                memory += read.byte_len() + read.len() * RECORD_OVERHEAD;
                records += read.len();
            }
            // It expands to more than that, or is damaged: as much as may be known of it.
            Err(_) => {
                memory += MOST_EXPANDED;
                records += 1;
            }
        }
        stored += bytes;
        if memory >= MOST_EXPANDED {
            break;
        }
    }
    (records > 0 && stored > 0).then(|| Nature {
        record_bytes: memory as f64 / records as f64,
        expansion: memory as f64 / stored as f64,
    })
}

/// Takes in what one partition holds. A topic whose records are all markers counts as empty.
fn note(
    seen: &mut BTreeMap<String, Seen>,
    place: &Place,
    outcome: Result<Option<CompressionCodec>, WireError>,
) {
    let of_topic = seen.entry(place.topic.clone()).or_default();
    match (outcome, of_topic) {
        (Ok(Some(codec)), Seen::Codecs(codecs)) => codecs.push(codec),
        (Ok(Some(codec)), other) => *other = Seen::Codecs(vec![codec]),
        (Ok(None), other @ Seen::Unknown) => *other = Seen::Empty,
        (Ok(None), Seen::Empty | Seen::Codecs(_)) => {}
        (Err(error), _) => {
            tracing::debug!(topic = place.topic, partition = place.partition, %error, "the codec is not known");
        }
    }
}

/// The partitions to look at: those with the most records of each topic, the first of each topic first.
fn in_turn(mut places: Vec<Place>) -> Vec<Place> {
    places.retain(|place| place.bounds.high > place.bounds.low);
    places.sort_by_key(|place| std::cmp::Reverse(place.bounds.high - place.bounds.low));
    let mut ranks: BTreeMap<String, usize> = BTreeMap::new();
    let mut ranked: Vec<(usize, Place)> = places
        .into_iter()
        .map(|place| {
            let rank = ranks.entry(place.topic.clone()).or_default();
            *rank += 1;
            (*rank, place)
        })
        .filter(|(rank, _)| *rank <= PARTITIONS)
        .collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.into_iter().map(|(_, place)| place).collect()
}

/// The newest batches of a partition, with records unless only markers are found.
fn newest(client: &Client, place: &Place) -> Result<FetchedPartition, WireError> {
    let few = before_end(client, place, FEW_BEFORE_END)?;
    let whole = place.bounds.high - FEW_BEFORE_END <= place.bounds.low;
    if whole || codecs(&few.records).next().is_some() {
        return Ok(few);
    }
    before_end(client, place, MORE_BEFORE_END)
}

fn before_end(client: &Client, place: &Place, offsets: i64) -> Result<FetchedPartition, WireError> {
    let offset = (place.bounds.high - offsets).max(place.bounds.low);
    client.fetch_raw(
        &place.topic,
        place.partition,
        offset,
        MAX_BYTES,
        Isolation::Uncommitted,
    )
}

/// The codec of the batch that holds the record at `offset`; none where there is no such record.
///
/// # Errors
/// The source cannot be asked in this way (GSSAPI), or did not answer.
pub(crate) fn codec_at(
    source: &Cluster,
    topic: &str,
    partition: i32,
    offset: i64,
) -> Result<Option<CompressionCodec>, WireError> {
    let client = Client::new(source)?.with_timeout(DEADLINE);
    let fetched = client.fetch_raw(topic, partition, offset, MAX_BYTES, Isolation::Uncommitted)?;
    Ok(codecs(&fetched.records)
        .find(|(next, _)| *next > offset)
        .map(|(_, codec)| codec))
}

/// The codecs of whole batches with records, and the offset behind each.
fn codecs(records: &[u8]) -> impl Iterator<Item = (i64, CompressionCodec)> + '_ {
    RecordSet::new(records).flatten().filter_map(|entry| {
        let codec = match entry {
            Entry::Batch(batch) if batch.header().attributes.is_control() => return None,
            Entry::Batch(batch) => batch.header().codec,
            Entry::Message(message) => message.codec,
            Entry::Partial(_) => return None,
        };
        Some((entry.next_offset()?, of_wire(codec)))
    })
}

fn of_wire(codec: Codec) -> CompressionCodec {
    match codec {
        Codec::None => CompressionCodec::None,
        Codec::Gzip => CompressionCodec::Gzip,
        Codec::Snappy => CompressionCodec::Snappy,
        Codec::Lz4 => CompressionCodec::Lz4,
        Codec::Zstd => CompressionCodec::Zstd,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(topic: &str, partition: i32, records: i64) -> Place {
        Place {
            topic: topic.to_owned(),
            partition,
            bounds: LogBounds {
                low: 10,
                high: 10 + records,
            },
            position: None,
        }
    }

    #[test]
    fn each_topic_is_looked_at_once_before_any_twice_and_where_it_holds_the_most() {
        let places = vec![
            place("a", 0, 5),
            place("a", 1, 50),
            place("a", 2, 7),
            place("a", 3, 6),
            place("b", 0, 0),
            place("b", 1, 1),
        ];
        let order: Vec<(String, i32)> = in_turn(places)
            .into_iter()
            .map(|place| (place.topic, place.partition))
            .collect();
        let expected = [("a", 1), ("b", 1), ("a", 2), ("a", 3)];
        assert_eq!(order, expected.map(|(topic, number)| (topic.to_owned(), number)));
    }
}
