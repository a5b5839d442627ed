//! Brokers that move, fall silent, throttle, or forget a session.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use sluice_fakekafka::FakeCluster;
use sluice_model::Cluster;
use sluice_wire::{
    ApiKey, Cancel, Client, FetchEvent, FetchSettings, Fetcher, TopicPartition, Wake, WireError,
};

use crate::ground::{Copy, all_from_0, append, client, ground, place, small};

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
    let client = Client::new(&source).unwrap();
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
