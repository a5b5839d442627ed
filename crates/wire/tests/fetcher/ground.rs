//! A cluster with filled partitions, and what a fetcher has fetched of them.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use sluice_fakekafka::{FakeCluster, FakeRecord};
use sluice_model::Cluster;
use sluice_wire::{Client, FetchEvent, FetchFrom, FetchSettings, FetchedBatches, Fetcher, TopicPartition};

pub const PATIENCE: Duration = Duration::from_secs(60);

pub fn client(cluster: &FakeCluster) -> Client {
    Client::new(&Cluster::new(&cluster.bootstrap()).unwrap()).unwrap()
}

pub fn place(topic: &str, partition: i32) -> TopicPartition {
    TopicPartition::new(topic, partition)
}

pub fn from(place: &TopicPartition, position: i64) -> FetchFrom {
    FetchFrom {
        place: place.clone(),
        position,
        leader_epoch: None,
        topic_id: None,
    }
}

pub fn append(cluster: &FakeCluster, place: &TopicPartition, records: usize, size: usize) {
    let end = cluster.end_offset(&place.topic, place.partition).unwrap();
    let records = (0..records).map(|index| {
        let mut value = format!("{place} {} ", end + index as i64).into_bytes();
        value.resize(value.len().max(size), b'x');
        FakeRecord::new("k", value)
    });
    cluster
        .append(&place.topic, place.partition, records.collect())
        .unwrap();
}

/// What was fetched of each partition.
pub struct Copy {
    pub bytes: BTreeMap<TopicPartition, Vec<u8>>,
    pub next: BTreeMap<TopicPartition, i64>,
    pub others: Vec<FetchEvent>,
}

impl Copy {
    pub fn new() -> Self {
        Self {
            bytes: BTreeMap::new(),
            next: BTreeMap::new(),
            others: Vec::new(),
        }
    }

    pub fn take(&mut self, events: Vec<FetchEvent>) {
        for event in events {
            match event {
                FetchEvent::Batches(batches) => self.keep(&batches),
                other => self.others.push(other),
            }
        }
    }

    pub fn keep(&mut self, batches: &FetchedBatches) {
        let next = self.next.entry(batches.place.clone()).or_insert(batches.position);
        assert_eq!(*next, batches.position, "{} goes on where it was", batches.place);
        *next = batches.next_offset;
        self.bytes
            .entry(batches.place.clone())
            .or_default()
            .extend_from_slice(&batches.records);
    }

    pub fn until(&mut self, fetcher: &mut Fetcher, mut done: impl FnMut(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !done(self) {
            assert!(Instant::now() < deadline, "{:?} {:?}", self.next, self.others);
            self.take(fetcher.poll(Instant::now() + Duration::from_millis(50)).unwrap());
        }
    }

    /// Fetches until every partition is at its end, and compares the bytes.
    pub fn finish(&mut self, fetcher: &mut Fetcher, cluster: &FakeCluster, places: &[TopicPartition]) {
        self.until(fetcher, |copy| {
            places.iter().all(|place| {
                let end = cluster.end_offset(&place.topic, place.partition).unwrap();
                end == 0 || copy.next.get(place) == Some(&end)
            })
        });
        for place in places {
            let stored: Vec<u8> = cluster
                .batches(&place.topic, place.partition)
                .unwrap()
                .iter()
                .flat_map(|batch| batch.bytes.to_vec())
                .collect();
            assert!(
                self.bytes.get(place).unwrap_or(&Vec::new()) == &stored,
                "the bytes of {place} are those of the log"
            );
        }
    }
}

pub fn ground(brokers: usize, partitions: i32) -> (FakeCluster, Vec<TopicPartition>) {
    let cluster = FakeCluster::builder().brokers(brokers).start().unwrap();
    let mut places = Vec::new();
    for topic in ["a", "b"] {
        cluster.create_topic(topic, partitions, &[]).unwrap();
        places.extend((0..partitions).map(|number| place(topic, number)));
    }
    (cluster, places)
}

pub fn all_from_0(places: &[TopicPartition]) -> Vec<FetchFrom> {
    places.iter().map(|place| from(place, 0)).collect()
}

pub fn small() -> FetchSettings {
    FetchSettings {
        max_wait: Duration::from_millis(100),
        partition_bytes: 3_000,
        answer_bytes: 10_000,
        held_bytes: 100_000,
        ..FetchSettings::default()
    }
}
