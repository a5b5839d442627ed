//! What the source's newest batches are compressed with. librdkafka hands out records without it, so the wire client reads
//! the headers of a few batches; nothing is expanded.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use sluice_kafka::CompressionCodec;
use sluice_model::Cluster;
use sluice_wire::format::{Codec, Entry, RecordSet};
use sluice_wire::{Cancel, Client, Isolation, OffsetSpec, Reach, TopicPartition, WireError};

use crate::plan::Resolved;
use crate::plan::compression::choice::Seen;
use crate::position::LogBounds;

/// How long everything may take.
const DEADLINE: Duration = Duration::from_secs(2);
/// Partitions looked at in each topic, those with the most records.
const PARTITIONS: usize = 3;
/// Questions asked at once.
const AT_ONCE: usize = 4;
/// Bytes of one answer, unless its first batch alone is larger.
const MAX_BYTES: i32 = 64 * 1024;
/// How many offsets before the end are looked at, and where markers of transactions are all that is there, how many then.
const BEFORE_END: [i64; 2] = [20, 2_000];

/// A partition that may be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) topic: String,
    pub(crate) partition: i32,
    pub(crate) bounds: LogBounds,
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
        })
    }
}

/// Looks at the newest batches of each topic, each topic once before any of them twice, for two seconds at most. That
/// nothing can be told (GSSAPI, no answer) is no reason not to go on: topics are missing then, or unknown.
pub(crate) fn look(source: &Cluster, places: Vec<Place>) -> BTreeMap<String, Seen> {
    ask(source, places).unwrap_or_else(|error| {
        tracing::info!(%error, "the source's batches cannot be looked at");
        BTreeMap::new()
    })
}

fn ask(source: &Cluster, places: Vec<Place>) -> Result<BTreeMap<String, Seen>, WireError> {
    let mut seen: BTreeMap<String, Seen> = places
        .iter()
        .map(|place| (place.topic.clone(), Seen::Empty))
        .collect();
    let places = in_turn(places);
    for place in &places {
        seen.insert(place.topic.clone(), Seen::Unknown);
    }
    if places.is_empty() {
        return Ok(seen);
    }
    let until = Instant::now() + DEADLINE;
    let cancel = Cancel::new();
    let client = Client::new(source, Reach::default())?
        .with_timeout(DEADLINE)
        .with_cancel(cancel.clone());
    // The leaders of all partitions with one question, instead of one for each topic.
    let asked: Vec<TopicPartition> = places
        .iter()
        .map(|place| TopicPartition::new(place.topic.clone(), place.partition))
        .collect();
    client.list_offsets(&asked, OffsetSpec::Latest, Isolation::Uncommitted)?;
    let next = AtomicUsize::new(0);
    let (tell, told) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(places.len()) {
            let (tell, client, next, places) = (tell.clone(), &client, &next, &places);
            scope.spawn(move || {
                while let Some(place) = places.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if Instant::now() >= until || tell.send((place, newest(client, place))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(tell);
        while let Ok((place, outcome)) = told.recv_timeout(until.saturating_duration_since(Instant::now())) {
            note(&mut seen, place, outcome);
        }
        // Nobody waits for what is still being asked.
        cancel.cancel();
    });
    Ok(seen)
}

/// Takes in what one partition tells. A topic whose records are all markers counts as empty.
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

/// The codec of the newest records of a partition; none where only markers are found.
fn newest(client: &Client, place: &Place) -> Result<Option<CompressionCodec>, WireError> {
    for before in BEFORE_END {
        let offset = (place.bounds.high - before).max(place.bounds.low);
        let fetched = client.fetch_raw(
            &place.topic,
            place.partition,
            offset,
            MAX_BYTES,
            Isolation::Uncommitted,
        )?;
        let found = codecs(&fetched.records).last();
        if found.is_some() || offset == place.bounds.low {
            return Ok(found.map(|(_, codec)| codec));
        }
    }
    Ok(None)
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
    let client = Client::new(source, Reach::default())?.with_timeout(DEADLINE);
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
