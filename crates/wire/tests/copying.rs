//! Fetcher and producer together, as a lane uses them: random sources, random failures on both sides, and every record on
//! the target once and in order, with the bytes it had.
#![expect(clippy::unwrap_used, reason = "a test may fail by it")]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use proptest::prelude::*;
use sluice_fakekafka::{ApiKey, FakeCluster, FakeRecord, Isolation, Outcome, ResponseError};
use sluice_model::Cluster;
use sluice_wire::format::Copied;
use sluice_wire::{
    Client, FetchEvent, FetchFrom, FetchSettings, Fetcher, ProduceEvent, ProduceSettings, Producer,
    SendError, TopicPartition, TransactionSettings, Wake,
};

const PARTITIONS: i32 = 3;
const BROKERS: usize = 3;
const PATIENCE: Duration = Duration::from_secs(60);

fn client(cluster: &FakeCluster) -> Client {
    Client::new(&Cluster::new(&cluster.bootstrap()).unwrap()).unwrap()
}

fn place(partition: i32) -> TopicPartition {
    TopicPartition::new("t", partition)
}

/// What goes wrong between two polls, on one of the two clusters.
#[derive(Debug, Clone, Copy)]
enum Trouble {
    None,
    FetchAnswerLost,
    ProduceAnswerLost,
    SourceLeaderMoves(i32, usize),
    TargetLeaderMoves(i32, usize),
    Disconnected(bool, usize),
    Restarted(bool, usize),
    SessionsForgotten,
    SessionsOutOfStep,
    Throttled,
    NotEnoughReplicas,
    CoordinatorMoves,
}

fn trouble() -> impl Strategy<Value = Trouble> {
    use Trouble::*;
    prop_oneof![
        6 => Just(None),
        1 => Just(FetchAnswerLost),
        2 => Just(ProduceAnswerLost),
        1 => (0..PARTITIONS, 0..BROKERS).prop_map(|(partition, to)| SourceLeaderMoves(partition, to)),
        2 => (0..PARTITIONS, 0..BROKERS).prop_map(|(partition, to)| TargetLeaderMoves(partition, to)),
        1 => (any::<bool>(), 0..BROKERS).prop_map(|(source, broker)| Disconnected(source, broker)),
        1 => (any::<bool>(), 0..BROKERS).prop_map(|(source, broker)| Restarted(source, broker)),
        1 => Just(SessionsForgotten),
        1 => Just(SessionsOutOfStep),
        1 => Just(Throttled),
        1 => Just(NotEnoughReplicas),
        1 => Just(CoordinatorMoves),
    ]
}

struct Lane {
    source: FakeCluster,
    target: FakeCluster,
    fetcher: Fetcher,
    producer: Producer,
    transactional: bool,
    positions: BTreeMap<TopicPartition, i64>,
}

impl Lane {
    fn happen(&self, trouble: Trouble) {
        let broker = |index: usize| self.source.broker_ids()[index];
        let side = |source: bool| if source { &self.source } else { &self.target };
        match trouble {
            Trouble::None => {}
            Trouble::FetchAnswerLost => self.source.drop_before_response(ApiKey::Fetch, 1),
            Trouble::ProduceAnswerLost => self.target.drop_before_response(ApiKey::Produce, 1),
            Trouble::SourceLeaderMoves(partition, to) => {
                self.source.move_leader("t", partition, broker(to)).unwrap();
            }
            Trouble::TargetLeaderMoves(partition, to) => {
                self.target.move_leader("t", partition, broker(to)).unwrap();
            }
            Trouble::Disconnected(source, index) => side(source).drop_connections(broker(index)).unwrap(),
            Trouble::Restarted(source, index) => {
                side(source).stop_broker(broker(index)).unwrap();
                side(source).start_broker(broker(index)).unwrap();
            }
            Trouble::SessionsForgotten => self.source.forget_fetch_sessions(),
            Trouble::SessionsOutOfStep => self.source.skew_fetch_sessions(),
            Trouble::Throttled => {
                self.source.throttle(ApiKey::Fetch, Duration::from_millis(5), 1);
                self.target.throttle(ApiKey::Produce, Duration::from_millis(5), 1);
            }
            Trouble::NotEnoughReplicas => {
                self.target
                    .fail_next(ApiKey::Produce, ResponseError::NotEnoughReplicas, 1);
            }
            Trouble::CoordinatorMoves => {
                for api in [ApiKey::AddPartitionsToTxn, ApiKey::EndTxn] {
                    self.target
                        .fail_next_at(api, "t", None, ResponseError::NotCoordinator, 1);
                }
            }
        }
    }

    fn settle(&mut self) {
        for event in self
            .producer
            .poll(Instant::now() + Duration::from_millis(20))
            .unwrap()
        {
            assert!(
                !matches!(
                    event,
                    ProduceEvent::Refused { .. }
                        | ProduceEvent::Unresolved(_)
                        | ProduceEvent::Fenced
                        | ProduceEvent::TransactionFailed(_)
                ),
                "{event:?}"
            );
        }
    }

    fn send(&mut self, place: &TopicPartition, bytes: Bytes) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.producer.send(place, bytes.clone()) {
                Err(SendError::Full) => self.settle(),
                other => {
                    other.unwrap();
                    return;
                }
            }
            assert!(Instant::now() < deadline);
        }
    }

    fn turn(&mut self) {
        let events = self
            .fetcher
            .poll(Instant::now() + Duration::from_millis(20))
            .unwrap();
        if self.transactional {
            self.producer.begin().unwrap();
        }
        for event in events {
            assert!(!matches!(event, FetchEvent::Halted { .. }), "{event:?}");
            let FetchEvent::Batches(batches) = event else {
                continue;
            };
            let before = self.positions.insert(batches.place.clone(), batches.next_offset);
            assert_eq!(before.unwrap_or(0), batches.position);
            for entry in batches.entries() {
                if let Copied::Batch(view) = entry.unwrap() {
                    let bytes = batches.records.slice_ref(view.bytes());
                    self.send(&batches.place, bytes);
                }
            }
        }
        if self.transactional {
            self.producer.commit().unwrap();
            let deadline = Instant::now() + PATIENCE;
            while self.producer.is_in_transaction() {
                assert!(Instant::now() < deadline);
                self.settle();
            }
        } else {
            self.settle();
        }
    }

    fn is_done(&self) -> bool {
        self.producer.unsettled() == 0
            && (0..PARTITIONS).all(|partition| {
                let end = self.source.end_offset("t", partition).unwrap();
                self.positions.get(&place(partition)).copied().unwrap_or(0) == end
            })
    }
}

fn ground() -> FakeCluster {
    let cluster = FakeCluster::builder().brokers(BROKERS).start().unwrap();
    cluster.create_topic("t", PARTITIONS, &[]).unwrap();
    cluster
}

fn run(batches: &[(i32, u8, usize)], troubles: &[Trouble], transactional: bool) {
    let (source, target) = (ground(), ground());
    let wake = Wake::new();
    let fetch = FetchSettings {
        max_wait: Duration::from_millis(20),
        partition_bytes: 800,
        answer_bytes: 2_000,
        held_bytes: 8_000,
        ..FetchSettings::default()
    };
    let produce = ProduceSettings {
        queue_bytes: 3_000,
        request_bytes: 1_500,
        transactions: transactional.then(|| TransactionSettings {
            id: "lane".to_owned(),
            timeout: Duration::from_secs(60),
        }),
        ..ProduceSettings::default()
    };
    let mut lane = Lane {
        fetcher: Fetcher::new(&client(&source), fetch, &wake),
        producer: Producer::open(&client(&target), produce, &wake).unwrap(),
        source,
        target,
        transactional,
        positions: BTreeMap::new(),
    };
    let from = |partition| FetchFrom {
        place: place(partition),
        position: 0,
        leader_epoch: None,
        topic_id: None,
    };
    lane.fetcher.add(&(0..PARTITIONS).map(from).collect::<Vec<_>>());
    let mut number = 0;
    for (partition, kind, records) in batches {
        let records: Vec<FakeRecord> = (0..*records)
            .map(|_| {
                number += 1;
                FakeRecord::new(format!("k{number}"), vec![b'v'; 20 + number % 90]).at(number as i64)
            })
            .collect();
        match kind {
            0 => {
                lane.source
                    .append_transaction("t", *partition, records, Outcome::Aborted)
                    .unwrap();
            }
            1 => {
                lane.source
                    .append_transaction("t", *partition, records, Outcome::Committed)
                    .unwrap();
            }
            _ => {
                lane.source.append("t", *partition, records).unwrap();
            }
        }
    }
    for trouble in troubles {
        lane.happen(*trouble);
        lane.turn();
    }
    let deadline = Instant::now() + PATIENCE;
    while !lane.is_done() {
        assert!(Instant::now() < deadline, "{:?}", lane.positions);
        lane.turn();
    }
    for partition in 0..PARTITIONS {
        let records = |cluster: &FakeCluster| -> Vec<FakeRecord> {
            let all = cluster.records("t", partition, Isolation::Committed).unwrap();
            all.into_iter().map(|record| record.record).collect()
        };
        assert_eq!(
            records(&lane.target),
            records(&lane.source),
            "partition {partition}"
        );
    }
}

fn batches() -> impl Strategy<Value = Vec<(i32, u8, usize)>> {
    proptest::collection::vec((0..PARTITIONS, 0u8..4, 1usize..6), 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn every_record_is_copied_once_and_in_order(
        batches in batches(),
        troubles in proptest::collection::vec(trouble(), 0..20),
    ) {
        run(&batches, &troubles, false);
    }

    #[test]
    fn every_record_is_copied_once_and_in_order_in_transactions(
        batches in batches(),
        troubles in proptest::collection::vec(trouble(), 0..20),
    ) {
        run(&batches, &troubles, true);
    }
}
