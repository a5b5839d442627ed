//! Batches: their bytes, what is in them, and how much of them is held.

use std::time::{Duration, Instant};

use sluice_fakekafka::{FakeRecord, Outcome};
use sluice_wire::format::Copied;
use sluice_wire::{ApiKey, FetchEvent, FetchSettings, Fetcher, Wake};

use crate::ground::{Copy, PATIENCE, all_from_0, append, client, ground, small};

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
