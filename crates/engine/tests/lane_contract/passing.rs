//! How records pass, and what is said of them.

use std::time::Duration;

use anyhow::{Result, ensure};
use sluice_engine::{Passed, StepLimit};
use sluice_fakekafka::{ApiKey, Compression, FakeRecord, Isolation, ResponseError};

use crate::course::{Course, STEP};
use crate::ground::{BEGIN, BOTH, Delivery, Ground, Open, Wanted, move_leader, numbers, partition};

pub fn records_arrive_in_the_order_of_their_partitions_and_unchanged(open: Open) -> Result<()> {
    for delivery in BOTH {
        let ground = Ground::with_topic(3)?;
        for number in 0..3 {
            ground.append(number, 100 * number as usize, 200, 7)?;
        }
        let odd = vec![
            FakeRecord::unkeyed("no key").at(BEGIN),
            FakeRecord::tombstone("no value").at(0),
            FakeRecord::new("", "").at(1),
            FakeRecord {
                timestamp: BEGIN + 1_000_000_000,
                ..FakeRecord::default()
            },
            FakeRecord::new("headers", "twice, null and empty")
                .at(BEGIN)
                .header("h", Some(b"1"))
                .header("h", None)
                .header("", Some(b""))
                .header("h", Some(b"\xff\x00")),
            FakeRecord::new(vec![0u8, 255, 10], vec![7u8; 100_000]).at(BEGIN - 5),
        ];
        ground.source.append("t", 1, odd.clone())?;
        let mut course = Course::of_all(open, &ground, delivery)?;
        course.reach_the_end()?;
        if delivery == Delivery::Transactions {
            course.commit("")??;
        }
        for number in 0..3 {
            let mut expected = numbers(100 * number as usize, 200);
            expected.extend(if number == 1 { odd.clone() } else { Vec::new() });
            assert_eq!(ground.committed(number)?, expected, "partition {number}");
        }
    }
    Ok(())
}

pub fn batches_of_every_codec_arrive(open: Open) -> Result<()> {
    let codecs = [
        Compression::None,
        Compression::Gzip,
        Compression::Snappy,
        Compression::Lz4,
        Compression::Zstd,
    ];
    for delivery in BOTH {
        let ground = Ground::with_topic(1)?;
        for (n, codec) in codecs.into_iter().enumerate() {
            ground
                .source
                .append_compressed("t", 0, numbers(20 * n, 20), codec)?;
        }
        let mut course = Course::of_all(open, &ground, delivery)?;
        course.reach_the_end()?;
        assert_eq!(course.copied(0), (0..100).collect::<Vec<_>>());
        assert_eq!(ground.written(0)?, numbers(0, 100));
    }
    Ok(())
}

pub fn times_that_the_source_gave_are_kept(open: Open) -> Result<()> {
    let ground = Ground::configured(&[("message.timestamp.type", "LogAppendTime")], &[])?;
    ground.append(0, 0, 30, 10)?;
    let given = ground.source.records("t", 0, Isolation::Committed)?;
    ensure!(
        given
            .iter()
            .all(|stored| stored.append_time && stored.record.timestamp > BEGIN + 30),
        "the source has given them its time"
    );
    let mut course = Course::of_all(open, &ground, Delivery::Idempotent)?;
    course.reach_the_end()?;
    let copied = ground.target.records("t", 0, Isolation::Committed)?;
    assert_eq!(copied.len(), 30);
    for (original, copy) in given.iter().zip(&copied) {
        assert_eq!(original.record, copy.record);
        assert!(!copy.append_time, "the time is the record's own there");
    }
    Ok(())
}

pub fn spans_count_their_records_bytes_times_and_epochs(open: Open) -> Result<()> {
    let ground = Ground::with_topic(1)?;
    let mut records = numbers(0, 300);
    records[120] = FakeRecord::new("late", "out of order").at(BEGIN + 1_000_000);
    ground.source.append("t", 0, records[..150].to_vec())?;
    let first_epoch = ground.source.leader_epoch("t", 0);
    // A new leader, and with it a new epoch.
    move_leader(&ground.source, 0)?;
    ground.source.append("t", 0, records[150..].to_vec())?;
    let mut course = Course::of_all(open, &ground, Delivery::Idempotent)?;
    course.reach_the_end()?;
    let spans = course.spans(0);
    assert_eq!(course.copied(0), (0..300).collect::<Vec<_>>());
    assert!(
        spans.len() < 300,
        "{} spans for 300 records in a row",
        spans.len()
    );
    for span in &spans {
        let of = &records[usize::try_from(span.source)?..usize::try_from(span.end())?];
        let len = |part: &Option<bytes::Bytes>| part.as_ref().map_or(0, |bytes| bytes.len() as u64);
        let bytes = of.iter().map(|record| {
            let headers = record.headers.iter();
            let headers: u64 = headers.map(|h| h.key.len() as u64 + len(&h.value)).sum();
            len(&record.key) + len(&record.value) + headers
        });
        // A lane that does not take batches apart counts what is stored.
        assert!(span.bytes >= bytes.sum::<u64>(), "{span:?}");
        let times = of.iter().map(|record| record.timestamp);
        assert_eq!(Some(span.greatest_timestamp), times.max(), "{span:?}");
        let epoch = first_epoch.map(|first| if span.source < 150 { first } else { first + 1 });
        assert_eq!(span.leader_epoch, epoch, "{span:?}");
        assert!(span.end() <= 150 || span.source >= 150, "{span:?} has two epochs");
    }
    assert_eq!(course.read.0, 300);
    assert_eq!(course.read.1, spans.iter().map(|span| span.bytes).sum::<u64>());
    Ok(())
}

pub fn a_span_ends_with_the_hash_of_its_last_record_where_hashes_are_asked_for(open: Open) -> Result<()> {
    let ground = Ground::with_topic(1)?;
    ground.append(0, 0, 20, 20)?;
    // The same record at another offset has the same hash.
    ground.source.append("t", 0, numbers(19, 1))?;
    let anchor = |at: i64, hashes: bool| -> Result<Option<u64>> {
        let wanted = Wanted {
            hashes,
            ..Wanted::new(Delivery::Idempotent)
        };
        let mut course = Course::new(open, &ground, wanted, &[partition(0, at)])?;
        course.reach_the_end()?;
        let span = course.spans(0).into_iter().find(|span| span.end() == 21);
        Ok(span.and_then(|span| span.anchor))
    };
    let whole = anchor(0, true)?;
    assert!(whole.is_some());
    assert_eq!(
        whole,
        anchor(20, true)?,
        "that of the last record, whatever came before"
    );
    assert_eq!(anchor(0, false)?, None);
    let mut course = Course::new(
        open,
        &ground,
        Wanted {
            hashes: true,
            ..Wanted::new(Delivery::Idempotent)
        },
        &[partition(0, 0)],
    )?;
    // Record by record, where the lane can: every span has a hash, and different records have different ones.
    while course.end_of(0).is_none() {
        course.step(StepLimit { records: 1, ..STEP })??;
    }
    let mut seen: Vec<(i64, Option<u64>)> = course.spans(0).iter().map(|s| (s.last(), s.anchor)).collect();
    ensure!(seen.iter().all(|(_, anchor)| anchor.is_some()), "{seen:?}");
    seen.retain(|(offset, _)| *offset != 20);
    seen.sort_by_key(|(_, anchor)| *anchor);
    ensure!(seen.windows(2).all(|two| two[0].1 != two[1].1), "{seen:?}");
    Ok(())
}

pub fn nothing_is_reported_before_the_target_has_it(open: Open) -> Result<()> {
    for delivery in BOTH {
        let ground = Ground::with_topic(1)?;
        ground.append(0, 0, 50, 50)?;
        ground
            .target
            .fail_next(ApiKey::Produce, ResponseError::NotEnoughReplicas, 1_000_000);
        let mut course = Course::of_all(open, &ground, delivery)?;
        course.until("the target has refused some tries", |_| {
            ground.target.request_count(ApiKey::Produce) >= 4
        })?;
        assert_eq!(course.reported, [], "nothing is on the target");
        assert!(course.lane.in_flight() >= 50);
        // A lane may wait for the first answer before it sends more of a partition.
        assert!(course.lane.in_flight_of(0) >= 1);
        assert_eq!(course.lane.oldest_in_flight(0), Some(BEGIN));
        ground.target.clear_faults();
        course.reach_the_end()?;
        assert_eq!(course.copied(0), (0..50).collect::<Vec<_>>());
        assert_eq!(course.lane.oldest_in_flight(0), None);
    }
    Ok(())
}

pub fn the_end_is_reported_behind_the_last_record_and_again_behind_the_next(open: Open) -> Result<()> {
    let ground = Ground::with_topic(2)?;
    ground.append(0, 0, 30, 10)?;
    let mut course = Course::of_all(open, &ground, Delivery::Idempotent)?;
    course.reach_the_end()?;
    assert_eq!(
        (course.end_of(0), course.end_of(1)),
        (Some(30), Some(0)),
        "one of them is empty"
    );
    assert!(matches!(course.reported_of(0).next(), Some(Passed::Span(_))));
    ground.append(0, 30, 5, 5)?;
    ground.append(1, 0, 1, 1)?;
    course.until("the new records and ends", |course| {
        (course.end_of(0), course.end_of(1)) == (Some(35), Some(1))
    })?;
    assert_eq!(ground.written(0)?, numbers(0, 35));
    assert_eq!(ground.written(1)?, numbers(0, 1));
    Ok(())
}

pub fn a_copy_begins_in_the_middle_of_a_batch(open: Open) -> Result<()> {
    let ground = Ground::with_topic(1)?;
    ground.append(0, 0, 40, 20)?;
    let mut course = Course::new(open, &ground, Delivery::Idempotent, &[partition(0, 13)])?;
    course.reach_the_end()?;
    assert_eq!(course.copied(0), (13..40).collect::<Vec<_>>());
    assert_eq!(ground.written(0)?, numbers(13, 27));
    Ok(())
}

/// A lane that reads whole batches stops behind the one that reaches the limit.
pub fn a_step_keeps_to_its_limits(open: Open) -> Result<()> {
    const BATCH: u64 = 5;
    let ground = Ground::with_topic(1)?;
    let sized = (0..100).map(|n| FakeRecord::new(format!("{n:03}"), vec![b'x'; 997]).at(BEGIN));
    for batch in sized.collect::<Vec<_>>().chunks(BATCH as usize) {
        ground.source.append("t", 0, batch.to_vec())?;
    }
    for limit in [
        StepLimit { records: 10, ..STEP },
        StepLimit {
            bytes: 10_000,
            ..STEP
        },
        StepLimit {
            records: 30,
            bytes: 10_000,
            ..STEP
        },
        StepLimit { bytes: 1, ..STEP },
    ] {
        let mut course = Course::of_all(open, &ground, Delivery::Idempotent)?;
        let most = (limit.records as u64).min((limit.bytes / 1_000).max(1)) + BATCH - 1;
        while course.read.0 < 100 {
            let before = course.read.0;
            course.step(limit)??;
            let read = course.read.0 - before;
            assert!(read <= most, "{read} records in a step of {limit:?}");
        }
        course.reach_the_end()?;
        assert_eq!(course.copied(0), (0..100).collect::<Vec<_>>());
    }
    Ok(())
}

pub fn what_is_in_flight_keeps_to_its_limit(open: Open) -> Result<()> {
    for limit in [20_000, 1] {
        let ground = Ground::with_topic(1)?;
        let sized = (0..200).map(|n| FakeRecord::new(format!("{n:03}"), vec![b'x'; 997]).at(BEGIN));
        for record in sized {
            ground.source.append("t", 0, vec![record])?;
        }
        ground
            .target
            .fail_next(ApiKey::Produce, ResponseError::NotEnoughReplicas, 1_000_000);
        let mut course = Course::of_all(open, &ground, Delivery::Idempotent)?;
        assert_eq!(course.lane.in_flight_limit(), 8 * 1024 * 1024);
        course.lane.limit_in_flight(limit);
        while ground.target.request_count(ApiKey::Produce) < 6 {
            course.step(STEP)??;
        }
        // What was read beyond that is not sent, and is dropped.
        course.lane.drain(0)?;
        let in_flight = course.lane.in_flight_of(0);
        let most = limit / 1_000 + 1;
        assert!(
            (1..=most).contains(&in_flight),
            "{in_flight} records under a limit of {limit} bytes"
        );
        ground.target.clear_faults();
        course.until("it is at rest", |course| course.lane.in_flight_of(0) == 0)?;
        let at = course.position(0);
        assert_eq!(usize::try_from(at)?, in_flight);
        course.add(&[partition(0, at)])?;
        course.reach_the_end()?;
        assert_eq!(ground.written(0)?.len(), 200);
        assert_eq!(course.copied(0), (at..200).collect::<Vec<_>>());
    }
    Ok(())
}

pub fn the_bounds_of_a_log_are_those_of_its_last_fetch(open: Open) -> Result<()> {
    let ground = Ground::filled(1, 40)?;
    ground.source.delete_records("t", 0, 10)?;
    let mut course = Course::new(open, &ground, Delivery::Idempotent, &[partition(0, 10)])?;
    course.reach_the_end()?;
    assert_eq!(course.lane.watermarks(0), Some((10, 40)));
    assert_eq!(course.lane.watermarks(1), None, "no such partition");
    ensure!(
        course.lane.received_since(Duration::from_secs(60)),
        "records have arrived"
    );
    Ok(())
}
