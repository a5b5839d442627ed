//! Partitions that are added, paused, moved and removed, and those that need a decision.

use std::time::{Duration, Instant};

use sluice_fakekafka::{ApiKey, FakeCluster};
use sluice_wire::{ErrorCode, FetchEvent, FetchFrom, FetchHalt, Fetcher, TopicPartition, Wake};

use crate::ground::{Copy, all_from_0, append, client, from, ground, place, small};

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

/// As brokers before Kafka 2.7, which do not compare the last epoch with their log when they are asked for records.
fn older(fetch: i16) -> (FakeCluster, TopicPartition) {
    let cluster = FakeCluster::builder()
        .max_version(ApiKey::Fetch, fetch)
        .start()
        .unwrap();
    cluster.create_topic("a", 1, &[]).unwrap();
    let place = place("a", 0);
    for _ in 0..4 {
        append(&cluster, &place, 2, 100);
    }
    (cluster, place)
}

#[test]
fn older_brokers_are_asked_whether_their_log_is_the_one_that_was_read() {
    for version in [4, 11] {
        let (cluster, place) = older(version);
        let there = FetchFrom {
            leader_epoch: Some(0),
            ..from(&place, 6)
        };
        let mut fetcher = Fetcher::new(&client(&cluster), small(), &Wake::new());
        fetcher.add(std::slice::from_ref(&there));
        let mut copy = Copy::new();
        copy.until(&mut fetcher, |copy| copy.next.get(&place) == Some(&8));
        assert_eq!(cluster.request_count(ApiKey::OffsetForLeaderEpoch), 1);

        cluster.truncate("a", 0, 4).unwrap();
        append(&cluster, &place, 9, 100);
        let mut again = Fetcher::new(&client(&cluster), small(), &Wake::new());
        again.add(&[there]);
        let mut copy = Copy::new();
        copy.until(&mut again, |copy| !copy.others.is_empty());
        let reason = FetchHalt::Diverged {
            position: 6,
            epoch: 0,
            end_offset: 4,
        };
        assert_eq!(copy.others, [FetchEvent::Halted { place, reason }]);
        assert!(copy.bytes.is_empty(), "nothing of the other log was taken");
    }
}

#[test]
fn an_election_during_the_fetching_is_noticed_on_older_brokers() {
    let (cluster, place) = older(11);
    let mut fetcher = Fetcher::new(&client(&cluster), small(), &Wake::new());
    fetcher.add(&[from(&place, 0)]);
    let mut copy = Copy::new();
    copy.until(&mut fetcher, |copy| copy.next.get(&place) == Some(&8));
    cluster.truncate("a", 0, 4).unwrap();
    append(&cluster, &place, 9, 100);
    copy.until(&mut fetcher, |copy| {
        copy.others.iter().any(|event| {
            matches!(
                event,
                FetchEvent::Halted {
                    reason: FetchHalt::Diverged {
                        position: 8,
                        end_offset: 4,
                        ..
                    },
                    ..
                }
            )
        })
    });
    assert_eq!(copy.next.get(&place), Some(&8));
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
