//! A producer on an in-process cluster, batches for it, and what became of them.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use sluice_fakekafka::{FakeCluster, Isolation};
use sluice_model::Cluster;
use sluice_wire::{
    Client, ProduceEvent, ProduceSettings, Producer, Ticket, TopicPartition, TransactionSettings, Unresolved,
    Wake,
};

pub const PATIENCE: Duration = Duration::from_secs(60);

pub const ID: &str = "writer";

pub fn client(cluster: &FakeCluster) -> Client {
    Client::new(&Cluster::new(&cluster.bootstrap()).unwrap()).unwrap()
}

pub fn place(partition: i32) -> TopicPartition {
    TopicPartition::new("t", partition)
}

pub fn ground(brokers: usize, partitions: i32) -> FakeCluster {
    let cluster = FakeCluster::builder().brokers(brokers).start().unwrap();
    cluster.create_topic("t", partitions, &[]).unwrap();
    cluster
}

/// A batch of the second format with one record for each value, as a lane frames it.
pub fn batch(values: &[String]) -> Bytes {
    use kafka_protocol::records::{
        Compression, Record, RecordBatchEncoder, RecordEncodeOptions, TimestampType,
    };
    let records: Vec<Record> = values
        .iter()
        .enumerate()
        .map(|(index, value)| Record {
            transactional: false,
            control: false,
            delete_horizon: false,
            partition_leader_epoch: -1,
            producer_id: -1,
            producer_epoch: -1,
            timestamp_type: TimestampType::Creation,
            offset: index as i64,
            sequence: index as i32,
            timestamp: 1_000,
            key: None,
            value: Some(Bytes::copy_from_slice(value.as_bytes())),
            headers: Default::default(),
        })
        .collect();
    let options = RecordEncodeOptions {
        version: 2,
        compression: Compression::None,
    };
    let mut out = BytesMut::new();
    RecordBatchEncoder::encode(&mut out, &records, &options).unwrap();
    out.freeze()
}

pub fn one(value: &str) -> Bytes {
    batch(&[value.to_owned()])
}

pub struct Run {
    pub producer: Producer,
    pub acknowledged: BTreeMap<TopicPartition, Vec<(Ticket, Option<i64>)>>,
    pub others: Vec<ProduceEvent>,
}

impl Run {
    pub fn open(client: &Client, settings: ProduceSettings) -> Self {
        Self {
            producer: Producer::open(client, settings, &Wake::new()).unwrap(),
            acknowledged: BTreeMap::new(),
            others: Vec::new(),
        }
    }

    pub fn idempotent(cluster: &FakeCluster) -> Self {
        Self::open(&client(cluster), ProduceSettings::default())
    }

    pub fn transactional(cluster: &FakeCluster) -> Self {
        Self::open(&client(cluster), transactional())
    }

    pub fn send(&mut self, partition: i32, value: &str) -> Ticket {
        self.producer.send(&place(partition), one(value)).unwrap()
    }

    pub fn poll(&mut self) {
        for event in self
            .producer
            .poll(Instant::now() + Duration::from_millis(50))
            .unwrap()
        {
            if let ProduceEvent::Acknowledged {
                ticket,
                place,
                base_offset,
                ..
            } = event
            {
                self.acknowledged
                    .entry(place)
                    .or_default()
                    .push((ticket, base_offset));
            } else {
                self.others.push(event);
            }
        }
    }

    pub fn until(&mut self, what: &str, mut done: impl FnMut(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !done(self) {
            assert!(
                Instant::now() < deadline,
                "{what}: {:?} {:?}",
                self.producer.unsettled(),
                self.others
            );
            self.poll();
        }
    }

    pub fn drain(&mut self) {
        self.until("everything is settled", |run| run.producer.unsettled() == 0);
    }

    pub fn until_event(&mut self, event: &ProduceEvent) {
        self.until(&format!("{event:?}"), |run| run.others.contains(event));
        self.others.retain(|one| one != event);
    }

    pub fn commit(&mut self) {
        self.producer.commit().unwrap();
        self.until_event(&ProduceEvent::Committed);
    }

    pub fn unresolved(&mut self) -> Unresolved {
        let find = |run: &Self| {
            run.others.iter().find_map(|event| match event {
                ProduceEvent::Unresolved(unresolved) => Some(unresolved.clone()),
                _ => None,
            })
        };
        self.until("a partition is unresolved", |run| find(run).is_some());
        find(self).unwrap()
    }
}

pub fn transactional() -> ProduceSettings {
    ProduceSettings {
        transactions: Some(TransactionSettings {
            id: ID.to_owned(),
            timeout: Duration::from_secs(60),
        }),
        ..ProduceSettings::default()
    }
}

pub fn values(cluster: &FakeCluster, partition: i32) -> Vec<String> {
    let records = cluster.records("t", partition, Isolation::Committed).unwrap();
    let text = |value: &Bytes| String::from_utf8(value.to_vec()).unwrap();
    records
        .iter()
        .map(|record| text(record.record.value.as_ref().unwrap()))
        .collect()
}
