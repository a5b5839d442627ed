//! The fetcher against an in-process cluster: many partitions, whole batches, and brokers that move, fail and forget.
#![expect(clippy::unwrap_used, reason = "a test may fail by it")]

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use sluice_fakekafka::{FakeCluster, FakeRecord, Outcome};
use sluice_model::Cluster;
use sluice_wire::format::Copied;
use sluice_wire::{
    ApiKey, Cancel, Client, ErrorCode, FetchEvent, FetchFrom, FetchHalt, FetchSettings, FetchedBatches,
    Fetcher, Reach, TopicPartition, Wake, WireError,
};

const PATIENCE: Duration = Duration::from_secs(60);

fn client(cluster: &FakeCluster) -> Client {
    Client::new(&Cluster::new(&cluster.bootstrap()).unwrap(), Reach::default()).unwrap()
}

fn place(topic: &str, partition: i32) -> TopicPartition {
    TopicPartition::new(topic, partition)
}

fn from(place: &TopicPartition, position: i64) -> FetchFrom {
    FetchFrom {
        place: place.clone(),
        position,
        leader_epoch: None,
        topic_id: None,
    }
}

fn append(cluster: &FakeCluster, place: &TopicPartition, records: usize, size: usize) {
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
struct Copy {
    bytes: BTreeMap<TopicPartition, Vec<u8>>,
    next: BTreeMap<TopicPartition, i64>,
    others: Vec<FetchEvent>,
}

impl Copy {
    fn new() -> Self {
        Self {
            bytes: BTreeMap::new(),
            next: BTreeMap::new(),
            others: Vec::new(),
        }
    }

    fn take(&mut self, events: Vec<FetchEvent>) {
        for event in events {
            match event {
                FetchEvent::Batches(batches) => self.keep(&batches),
                other => self.others.push(other),
            }
        }
    }

    fn keep(&mut self, batches: &FetchedBatches) {
        let next = self.next.entry(batches.place.clone()).or_insert(batches.position);
        assert_eq!(*next, batches.position, "{} goes on where it was", batches.place);
        *next = batches.next_offset;
        self.bytes
            .entry(batches.place.clone())
            .or_default()
            .extend_from_slice(&batches.records);
    }

    fn until(&mut self, fetcher: &mut Fetcher, mut done: impl FnMut(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !done(self) {
            assert!(Instant::now() < deadline, "{:?} {:?}", self.next, self.others);
            self.take(fetcher.poll(Instant::now() + Duration::from_millis(50)).unwrap());
        }
    }

    /// Fetches until every partition is at its end, and compares the bytes.
    fn finish(&mut self, fetcher: &mut Fetcher, cluster: &FakeCluster, places: &[TopicPartition]) {
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

fn ground(brokers: usize, partitions: i32) -> (FakeCluster, Vec<TopicPartition>) {
    let cluster = FakeCluster::builder().brokers(brokers).start().unwrap();
    let mut places = Vec::new();
    for topic in ["a", "b"] {
        cluster.create_topic(topic, partitions, &[]).unwrap();
        places.extend((0..partitions).map(|number| place(topic, number)));
    }
    (cluster, places)
}

fn all_from_0(places: &[TopicPartition]) -> Vec<FetchFrom> {
    places.iter().map(|place| from(place, 0)).collect()
}

fn small() -> FetchSettings {
    FetchSettings {
        max_wait: Duration::from_millis(100),
        partition_bytes: 3_000,
        answer_bytes: 10_000,
        held_bytes: 100_000,
        ..FetchSettings::default()
    }
}

#[test]
fn batches_arrive_byte_for_byte_from_all_leaders_in_one_session_each() {
    let (cluster, places) = ground(3, 5);
    for (index, place) in places.iter().enumerate() {
        for _ in 0..=index * 3 {
            append(&cluster, place, 1 + index, 200);
        }
    }
    let mut fetcher = Fetcher::new(&client(&cluster), small(), &Wake::new());
    fetcher.add(&all_from_0(&places));
    let mut copy = Copy::new();
    copy.finish(&mut fetcher, &cluster, &places);
    assert_eq!(cluster.fetch_sessions(), 3);
    // New records come without a further question of ours about the others.
    append(&cluster, &places[0], 2, 50);
    copy.finish(&mut fetcher, &cluster, &places);
    assert_eq!(fetcher.position(&places[0]), Some(3));
    let marks = fetcher.marks(&places[0]).unwrap();
    assert_eq!(
        (marks.log_start, marks.last_stable_offset, marks.high_watermark),
        (Some(0), Some(3), Some(3))
    );
    assert!(
        !copy
            .others
            .iter()
            .any(|event| matches!(event, FetchEvent::BrokerFailed { .. }))
    );
}

#[test]
fn aborted_batches_and_markers_are_told_apart_from_what_is_to_be_copied() {
    let (cluster, places) = ground(1, 1);
    let records = |value: &str| vec![FakeRecord::new("k", value.to_owned())];
    cluster.append("a", 0, records("plain")).unwrap();
    cluster
        .append_transaction("a", 0, records("aborted"), Outcome::Aborted)
        .unwrap();
    cluster
        .append_transaction("a", 0, records("committed"), Outcome::Committed)
        .unwrap();
    cluster
        .append_transaction("a", 0, records("open"), Outcome::Open)
        .unwrap();
    let mut fetcher = Fetcher::new(&client(&cluster), small(), &Wake::new());
    fetcher.add(&all_from_0(&places[..1]));
    let mut found = Vec::new();
    let deadline = Instant::now() + PATIENCE;
    while fetcher.position(&places[0]) != Some(5) {
        assert!(Instant::now() < deadline);
        for event in fetcher.poll(Instant::now() + Duration::from_millis(50)).unwrap() {
            let FetchEvent::Batches(batches) = event else {
                continue;
            };
            for entry in batches.entries() {
                let entry = entry.unwrap();
                let word = match entry {
                    Copied::Batch(_) => "records",
                    Copied::Message(_) => "old records",
                    Copied::Control { .. } => "marker",
                    Copied::Aborted(_) => "aborted",
                };
                found.push((word, entry.next_offset()));
            }
        }
    }
    assert_eq!(
        found,
        [
            ("records", 1),
            ("aborted", 2),
            ("marker", 3),
            ("records", 4),
            ("marker", 5)
        ]
    );
    // The open transaction is beyond the last stable offset.
    let marks = fetcher.marks(&places[0]).unwrap();
    assert_eq!(
        (marks.last_stable_offset, marks.high_watermark),
        (Some(5), Some(6))
    );
}

#[test]
fn the_next_answer_is_asked_for_before_the_one_in_hand_is_worked_on() {
    let (cluster, places) = ground(1, 1);
    for _ in 0..20 {
        append(&cluster, &places[0], 1, 1_000);
    }
    let mut fetcher = Fetcher::new(&client(&cluster), small(), &Wake::new());
    fetcher.add(&all_from_0(&places[..1]));
    let mut copy = Copy::new();
    copy.until(&mut fetcher, |copy| !copy.bytes.is_empty());
    let before = copy.next[&places[0]];
    // Nothing is polled, and still the next request arrives.
    let deadline = Instant::now() + PATIENCE;
    while cluster.request_count(ApiKey::Fetch) < 2 {
        assert!(Instant::now() < deadline);
        std::thread::yield_now();
    }
    assert_eq!(fetcher.position(&places[0]), Some(before));
    copy.finish(&mut fetcher, &cluster, &places[..1]);
}

#[test]
fn sessions_that_are_evicted_or_out_of_step_begin_again_and_brokers_without_any_do_without() {
    for highest in [16, 12, 6] {
        let cluster = FakeCluster::builder()
            .brokers(2)
            .max_version(ApiKey::Fetch, highest)
            .start()
            .unwrap();
        cluster.create_topic("a", 4, &[]).unwrap();
        let places: Vec<TopicPartition> = (0..4).map(|number| place("a", number)).collect();
        let mut fetcher = Fetcher::new(&client(&cluster), small(), &Wake::new());
        fetcher.add(&all_from_0(&places));
        let mut copy = Copy::new();
        for round in 0..6 {
            for place in &places {
                append(&cluster, place, 3, 100);
            }
            copy.finish(&mut fetcher, &cluster, &places);
            if round % 2 == 0 {
                cluster.forget_fetch_sessions();
            } else {
                cluster.skew_fetch_sessions();
            }
        }
        // An answer that was held back meanwhile may have come without a session.
        copy.until(&mut fetcher, |_| (cluster.fetch_sessions() > 0) == (highest >= 7));
    }
}

#[test]
fn nothing_is_lost_or_fetched_twice_while_leaders_move_and_answers_get_lost() {
    let (cluster, places) = ground(3, 3);
    let mut fetcher = Fetcher::new(&client(&cluster), small(), &Wake::new());
    fetcher.add(&all_from_0(&places));
    let mut copy = Copy::new();
    let brokers = cluster.broker_ids();
    for round in 0..12usize {
        for place in &places {
            append(&cluster, place, 2, 300);
        }
        match round % 4 {
            0 => cluster.drop_before_response(ApiKey::Fetch, 2),
            1 => {
                for (index, place) in places.iter().enumerate() {
                    let to = brokers[(index + round) % brokers.len()];
                    cluster.move_leader(&place.topic, place.partition, to).unwrap();
                }
            }
            2 => cluster.drop_connections(brokers[round % brokers.len()]).unwrap(),
            _ => {
                let stopped = brokers[round % brokers.len()];
                cluster.stop_broker(stopped).unwrap();
                copy.finish(&mut fetcher, &cluster, &places);
                cluster.start_broker(stopped).unwrap();
            }
        }
        copy.finish(&mut fetcher, &cluster, &places);
    }
}

#[test]
fn a_broker_that_never_answers_and_a_partition_without_a_leader_hold_up_no_other() {
    let cluster = FakeCluster::builder()
        .brokers(3)
        .broker_config("default.replication.factor", "1")
        .start()
        .unwrap();
    cluster.create_topic("a", 3, &[]).unwrap();
    let places: Vec<TopicPartition> = (0..3).map(|number| place("a", number)).collect();
    let leaders: Vec<i32> = (0..3)
        .map(|number| cluster.leader("a", number).unwrap())
        .collect();
    for place in &places {
        append(&cluster, place, 3, 100);
    }
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    cluster
        .advertise(leaders[0], silent.local_addr().unwrap().port())
        .unwrap();
    cluster.stop_broker(leaders[1]).unwrap();
    let mut fetcher = Fetcher::new(&client(&cluster), small(), &Wake::new());
    fetcher.add(&all_from_0(&places));
    let mut copy = Copy::new();
    let delayed = |copy: &Copy| {
        copy.others.iter().any(|event| {
            matches!(event, FetchEvent::Delayed { place, error }
                if place.partition == 1 && matches!(error, WireError::Unavailable { role: "leader", .. }))
        })
    };
    copy.until(&mut fetcher, |copy| {
        copy.next.get(&places[2]) == Some(&3) && delayed(copy)
    });
    cluster.start_broker(leaders[1]).unwrap();
    copy.until(&mut fetcher, |copy| copy.next.get(&places[1]) == Some(&3));
    let resumed = FetchEvent::Resumed {
        place: places[1].clone(),
    };
    assert!(copy.others.contains(&resumed), "{:?}", copy.others);
}

#[test]
fn a_leader_that_moves_is_followed_by_the_answers_hint_alone() {
    let (cluster, places) = ground(3, 1);
    append(&cluster, &places[0], 2, 10);
    let mut fetcher = Fetcher::new(&client(&cluster), small(), &Wake::new());
    fetcher.add(&all_from_0(&places[..1]));
    let mut copy = Copy::new();
    copy.finish(&mut fetcher, &cluster, &places[..1]);
    let asked = cluster.request_count(ApiKey::Metadata);
    for broker in cluster.broker_ids() {
        cluster.move_leader("a", 0, broker).unwrap();
        append(&cluster, &places[0], 2, 10);
        copy.finish(&mut fetcher, &cluster, &places[..1]);
    }
    assert_eq!(cluster.request_count(ApiKey::Metadata), asked);
    assert!(
        copy.others
            .iter()
            .all(|event| matches!(event, FetchEvent::Marks { .. }))
    );
}

#[test]
fn a_consumer_with_a_rack_fetches_from_the_nearest_replica_and_from_the_leader_when_that_is_away() {
    let (cluster, places) = ground(2, 1);
    let brokers = cluster.broker_ids();
    let leader = cluster.leader("a", 0).unwrap();
    let near = *brokers.iter().find(|id| **id != leader).unwrap();
    cluster.set_nearest("a", 0, Some(near)).unwrap();
    append(&cluster, &places[0], 2, 10);
    let mut source = Cluster::new(&cluster.bootstrap()).unwrap();
    source.set("client.rack", "east");
    let settings = FetchSettings {
        nearest_replica: true,
        ..small()
    };
    let client = Client::new(&source, Reach::default()).unwrap();
    let mut fetcher = Fetcher::new(&client, settings, &Wake::new());
    fetcher.add(&all_from_0(&places[..1]));
    let mut copy = Copy::new();
    copy.finish(&mut fetcher, &cluster, &places[..1]);
    assert_eq!(fetcher.source_of(&places[0]), Some(near));
    cluster.set_nearest("a", 0, None).unwrap();
    cluster.stop_broker(near).unwrap();
    append(&cluster, &places[0], 2, 10);
    copy.finish(&mut fetcher, &cluster, &places[..1]);
    assert_eq!(fetcher.source_of(&places[0]), Some(leader));
}

#[test]
fn a_topic_that_was_recreated_halts_its_partitions_with_both_ids() {
    let (cluster, places) = ground(1, 2);
    append(&cluster, &places[0], 3, 100);
    let expected = cluster.topic_id("a").unwrap();
    let mut fetcher = Fetcher::new(&client(&cluster), small(), &Wake::new());
    fetcher.add(&all_from_0(&places));
    let mut copy = Copy::new();
    copy.finish(&mut fetcher, &cluster, &places);
    cluster.delete_topic("a").unwrap();
    cluster.create_topic("a", 2, &[]).unwrap();
    // More records than before: by offsets alone it would not be noticed.
    append(&cluster, &places[0], 9, 100);
    let found = cluster.topic_id("a").unwrap();
    let halted = |place: &TopicPartition| FetchEvent::Halted {
        place: place.clone(),
        reason: FetchHalt::Recreated { expected, found },
    };
    copy.until(&mut fetcher, |copy| {
        places[..2]
            .iter()
            .all(|place| copy.others.contains(&halted(place)))
    });
    assert_eq!(fetcher.position(&places[0]), Some(3));
    // A position of another topic is refused from the start.
    let mut other = Fetcher::new(&client(&cluster), small(), &Wake::new());
    other.add(&[FetchFrom {
        topic_id: Some(expected),
        ..from(&places[0], 1)
    }]);
    let mut copy = Copy::new();
    copy.until(&mut other, |copy| copy.others.contains(&halted(&places[0])));
    assert!(copy.bytes.is_empty());
}

#[test]
fn a_log_that_was_cut_off_or_has_no_such_offset_halts_and_a_seek_goes_on() {
    let (cluster, places) = ground(1, 1);
    for _ in 0..4 {
        append(&cluster, &places[0], 2, 100);
    }
    let mut fetcher = Fetcher::new(&client(&cluster), small(), &Wake::new());
    fetcher.add(&[from(&places[0], 0), from(&places[1], 77)]);
    let mut copy = Copy::new();
    let halted = |copy: &Copy, place: &TopicPartition| {
        copy.others.iter().find_map(|event| match event {
            FetchEvent::Halted { place: own, reason } if own == place => Some(reason.clone()),
            _ => None,
        })
    };
    copy.until(&mut fetcher, |copy| {
        copy.next.get(&places[0]) == Some(&8) && halted(copy, &places[1]).is_some()
    });
    assert_eq!(
        halted(&copy, &places[1]),
        Some(FetchHalt::OutOfRange { position: 77 })
    );
    fetcher.seek(&places[1], 0, None);
    append(&cluster, &places[1], 1, 10);
    copy.next.clear();
    copy.until(&mut fetcher, |copy| copy.next.get(&places[1]) == Some(&1));

    cluster.truncate("a", 0, 4).unwrap();
    append(&cluster, &places[0], 9, 100);
    copy.until(&mut fetcher, |copy| halted(copy, &places[0]).is_some());
    assert_eq!(
        halted(&copy, &places[0]),
        Some(FetchHalt::Diverged {
            position: 8,
            epoch: 0,
            end_offset: 4
        })
    );
}

#[test]
fn no_more_is_held_than_the_limit_and_one_larger_batch_still_comes_through() {
    let (cluster, places) = ground(1, 1);
    for _ in 0..30 {
        append(&cluster, &places[0], 1, 2_000);
    }
    append(&cluster, &places[0], 1, 200_000);
    append(&cluster, &places[0], 1, 2_000);
    let settings = FetchSettings {
        held_bytes: 20_000,
        answer_bytes: 10_000,
        partition_bytes: 10_000,
        ..small()
    };
    let mut fetcher = Fetcher::new(&client(&cluster), settings, &Wake::new());
    fetcher.add(&all_from_0(&places[..1]));
    let deadline = Instant::now() + PATIENCE;
    let mut copy = Copy::new();
    let mut kept = Vec::new();
    while copy.next.get(&places[0]) != Some(&32) {
        assert!(Instant::now() < deadline, "{:?}", copy.next);
        let events = fetcher.poll(Instant::now() + Duration::from_millis(50)).unwrap();
        for event in &events {
            if let FetchEvent::Batches(batches) = event {
                copy.keep(batches);
                kept.push(batches.records.clone());
            }
        }
        let has_large = kept.iter().any(|records| records.len() > 100_000);
        let kept_bytes: usize = kept.iter().map(bytes::Bytes::len).sum();
        assert!(kept_bytes <= fetcher.held_bytes());
        assert!(
            has_large || fetcher.held_bytes() <= 21_000,
            "{}",
            fetcher.held_bytes()
        );
        if events.is_empty() {
            // Nothing more comes until something is let go.
            kept.clear();
        }
    }
    copy.finish(&mut fetcher, &cluster, &places[..1]);
}

#[test]
fn throttle_times_are_reported() {
    let (cluster, places) = ground(1, 1);
    append(&cluster, &places[0], 1, 10);
    let time = Duration::from_millis(120);
    cluster.throttle(ApiKey::Fetch, time, 1);
    let mut fetcher = Fetcher::new(&client(&cluster), small(), &Wake::new());
    fetcher.add(&all_from_0(&places));
    let mut copy = Copy::new();
    append(&cluster, &places[0], 1, 10);
    copy.finish(&mut fetcher, &cluster, &places);
    let broker = cluster.leader("a", 0).unwrap();
    assert!(
        copy.others.contains(&FetchEvent::Throttled { broker, time }),
        "{:?}",
        copy.others
    );
    assert_eq!(fetcher.throttled(), time);
}

#[test]
fn partitions_are_paused_moved_and_removed_at_any_time() {
    let (cluster, places) = ground(2, 2);
    for place in &places {
        append(&cluster, place, 4, 100);
    }
    let mut fetcher = Fetcher::new(&client(&cluster), small(), &Wake::new());
    fetcher.add(&all_from_0(&places[..3]));
    fetcher.pause(&places[..1], true);
    let mut copy = Copy::new();
    copy.finish(&mut fetcher, &cluster, &places[1..3]);
    assert_eq!(fetcher.position(&places[0]), Some(0));
    fetcher.remove(&places[1..2]);
    fetcher.add(&[from(&places[3], 2)]);
    fetcher.pause(&places[..1], false);
    fetcher.seek(&places[2], 1, None);
    append(&cluster, &places[1], 1, 10);
    copy.next.remove(&places[2]);
    copy.until(&mut fetcher, |copy| {
        [0, 2, 3]
            .iter()
            .all(|index| copy.next.get(&places[*index]) == Some(&4))
    });
    assert_eq!(
        copy.next[&places[1]], 4,
        "a partition that was removed is not fetched"
    );
    assert_eq!(fetcher.position(&places[1]), None);
}

#[test]
fn a_partition_that_was_removed_is_fetched_again_from_where_it_is_added() {
    let (cluster, places) = ground(2, 2);
    for place in &places[..2] {
        append(&cluster, place, 4, 100);
    }
    for pause in [0, 150, 400] {
        let mut fetcher = Fetcher::new(&client(&cluster), small(), &Wake::new());
        fetcher.add(&all_from_0(&places[..2]));
        let mut copy = Copy::new();
        copy.finish(&mut fetcher, &cluster, &places[..2]);
        fetcher.remove(&places[..1]);
        // The session may or may not have heard of it.
        let until = Instant::now() + Duration::from_millis(pause);
        while Instant::now() < until {
            copy.take(
                fetcher
                    .poll(until.min(Instant::now() + Duration::from_millis(20)))
                    .unwrap(),
            );
        }
        fetcher.add(&[from(&places[0], 2)]);
        copy.next.insert(places[0].clone(), 2);
        copy.until(&mut fetcher, |copy| copy.next.get(&places[0]) == Some(&4));
        // At its end nothing is new, and that is said all the same.
        fetcher.remove(&places[..1]);
        fetcher.add(&[from(&places[0], 4)]);
        copy.others.clear();
        copy.until(&mut fetcher, |copy| {
            let is_end = |event: &FetchEvent| {
                matches!(event, FetchEvent::Marks { place, marks } if *place == places[0] && marks.high_watermark == Some(4))
            };
            copy.others.iter().any(is_end)
        });
    }
}

#[test]
fn a_denied_topic_is_reported_once_and_fetched_again_when_it_is_allowed() {
    let (cluster, places) = ground(1, 1);
    append(&cluster, &places[0], 2, 10);
    append(&cluster, &places[1], 2, 10);
    cluster.deny("a", sluice_fakekafka::Access::Read);
    let mut fetcher = Fetcher::new(&client(&cluster), small(), &Wake::new());
    fetcher.add(&all_from_0(&places));
    let mut copy = Copy::new();
    let delays = |copy: &Copy| {
        let of = |event: &&FetchEvent| {
            matches!(event, FetchEvent::Delayed { error, .. }
                if error.code() == Some(ErrorCode::TOPIC_AUTHORIZATION_FAILED))
        };
        copy.others.iter().filter(of).count()
    };
    copy.until(&mut fetcher, |copy| {
        copy.next.get(&places[1]) == Some(&2) && delays(copy) > 0
    });
    cluster.allow("a", sluice_fakekafka::Access::Read);
    copy.finish(&mut fetcher, &cluster, &places);
    assert_eq!(delays(&copy), 1);
}

#[test]
fn a_poll_ends_when_it_is_cancelled() {
    let (cluster, places) = ground(1, 1);
    let cancel = Cancel::new();
    let client = client(&cluster).with_cancel(cancel.clone());
    let mut fetcher = Fetcher::new(&client, FetchSettings::default(), &Wake::new());
    fetcher.add(&all_from_0(&places));
    let polling = std::thread::spawn(move || {
        loop {
            if let Err(error) = fetcher.poll(Instant::now() + Duration::from_secs(3600)) {
                return error;
            }
        }
    });
    cancel.cancel();
    assert_eq!(polling.join().unwrap(), WireError::Cancelled);
}
