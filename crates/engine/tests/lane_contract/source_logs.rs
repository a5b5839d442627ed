//! Logs with holes, logs that lose records, logs that are damaged.

use anyhow::{Context, Result, ensure};
use sluice_engine::{LanePartition, Passed, SourceIncident};
use sluice_fakekafka::{Access, FakeRecord, Isolation, Outcome};

use crate::course::Course;
use crate::ground::{BEGIN, BOTH, Delivery, Ground, Open, move_leader, numbers, partition};

pub fn offsets_that_compaction_left_out_are_holes(open: Open) -> Result<()> {
    for delivery in BOTH {
        let ground = Ground::with_topic(1)?;
        let again = |n: usize| FakeRecord::new(format!("k{}", n % 7), format!("v{n}")).at(BEGIN + n as i64);
        for begin in (0..120).step_by(8) {
            let batch = (begin..begin + 8).map(|n| {
                if n % 11 == 0 {
                    numbers(n, 1).remove(0)
                } else {
                    again(n)
                }
            });
            ground.source.append("t", 0, batch.collect())?;
        }
        ground.source.compact("t", 0)?;
        let left = ground.source.records("t", 0, Isolation::Committed)?;
        ensure!(
            (10..100).contains(&left.len()),
            "the log has holes: {}",
            left.len()
        );
        let mut course = Course::of_all(open, &ground, delivery)?;
        course.reach_the_end()?;
        let there: Vec<i64> = left.iter().map(|stored| stored.offset).collect();
        assert_eq!(course.copied(0), there);
        let gone: Vec<i64> = (0..120).filter(|offset| !there.contains(offset)).collect();
        assert_eq!(course.holes(0), gone);
        assert_eq!(course.end_of(0), Some(120));
    }
    Ok(())
}

pub fn markers_and_aborted_records_are_holes(open: Open) -> Result<()> {
    for delivery in BOTH {
        let ground = Ground::with_topic(1)?;
        let source = &ground.source;
        source.append("t", 0, numbers(0, 4))?;
        source.append_transaction("t", 0, numbers(4, 3), Outcome::Committed)?;
        source.append_transaction("t", 0, numbers(100, 5), Outcome::Aborted)?;
        source.append("t", 0, numbers(7, 2))?;
        source.append_transaction("t", 0, numbers(200, 2), Outcome::Aborted)?;
        let end = source.end_offset("t", 0)?;
        let there: Vec<i64> = source
            .records("t", 0, Isolation::Committed)?
            .iter()
            .map(|stored| stored.offset)
            .collect();
        let mut course = Course::of_all(open, &ground, delivery)?;
        course.until("the end of the log", |course| course.end_of(0) == Some(end))?;
        assert_eq!(ground.written(0)?, numbers(0, 9));
        assert_eq!(course.copied(0), there);
        let gone: Vec<i64> = (0..end).filter(|offset| !there.contains(offset)).collect();
        assert_eq!(course.holes(0), gone, "those behind the last record too");
    }
    Ok(())
}

/// In the middle of a hole, at a marker, at the end: wherever a run before may have stopped.
pub fn a_copy_begins_at_any_offset_of_a_log_with_holes(open: Open) -> Result<()> {
    let ground = Ground::with_topic(1)?;
    let source = &ground.source;
    source.append(
        "t",
        0,
        vec![
            FakeRecord::new("k", "1"),
            FakeRecord::new("k", "2"),
            FakeRecord::new("k", "3"),
        ],
    )?;
    source.append_transaction("t", 0, numbers(0, 2), Outcome::Committed)?;
    source.append_transaction("t", 0, numbers(10, 2), Outcome::Aborted)?;
    source.append_transaction("t", 0, numbers(2, 1), Outcome::Committed)?;
    source.compact("t", 0)?;
    let end = source.end_offset("t", 0)?;
    let there: Vec<i64> = source
        .records("t", 0, Isolation::Committed)?
        .iter()
        .map(|stored| stored.offset)
        .collect();
    for from in 0..=end {
        let mut course = Course::new(open, &ground, Delivery::Idempotent, &[partition(0, from)])?;
        course.until("the end of the log", |course| course.end_of(0) == Some(end))?;
        let expected: Vec<i64> = there.iter().copied().filter(|offset| *offset >= from).collect();
        assert_eq!(course.copied(0), expected, "from {from}");
    }
    Ok(())
}

/// In the middle of a batch, of a hole, at a marker, at the end and behind it: nothing from there on is copied.
pub fn a_copy_ends_at_any_offset_of_a_log_with_holes(open: Open) -> Result<()> {
    let ground = Ground::with_topic(1)?;
    let source = &ground.source;
    let same = |n: &str| FakeRecord::new("k", n.to_owned());
    source.append("t", 0, vec![same("1"), same("2"), same("3")])?;
    source.append_transaction("t", 0, numbers(0, 2), Outcome::Committed)?;
    source.append_transaction("t", 0, numbers(10, 2), Outcome::Aborted)?;
    source.append_transaction("t", 0, numbers(2, 1), Outcome::Committed)?;
    source.append("t", 0, numbers(20, 6))?;
    source.compact("t", 0)?;
    let end = source.end_offset("t", 0)?;
    let there: Vec<i64> = source
        .records("t", 0, Isolation::Committed)?
        .iter()
        .map(|stored| stored.offset)
        .collect();
    for until in 0..=end {
        let bounded = LanePartition {
            until: Some(until),
            ..partition(0, 0)
        };
        let mut course = Course::new(open, &ground, Delivery::Idempotent, &[bounded])?;
        course.until("the end of the copy", |course| course.end_of(0) == Some(until))?;
        let expected: Vec<i64> = there.iter().copied().filter(|offset| *offset < until).collect();
        assert_eq!(course.copied(0), expected, "until {until}");
        assert_eq!(course.position(0), until, "until {until}");
    }
    let later = LanePartition {
        until: Some(end + 2),
        ..partition(0, end)
    };
    let mut course = Course::new(open, &ground, Delivery::Idempotent, &[later])?;
    course.until("the end of the log, for now", |course| {
        course.end_of(0) == Some(end)
    })?;
    source.append("t", 0, numbers(30, 5))?;
    course.until("the end of the copy", |course| course.end_of(0) == Some(end + 2))?;
    assert_eq!(course.copied(0), [end, end + 1]);
    Ok(())
}

pub fn a_partition_that_has_ended_is_read_no_longer_and_the_others_go_on(open: Open) -> Result<()> {
    for delivery in BOTH {
        let ground = Ground::filled(2, 200)?;
        let bounded = LanePartition {
            until: Some(25),
            ..partition(0, 0)
        };
        let mut course = Course::new(open, &ground, delivery, &[bounded, partition(1, 0)])?;
        course.until("one end and the other", |course| {
            (course.end_of(0), course.end_of(1)) == (Some(25), Some(200))
        })?;
        ground.append(0, 200, 50, 10)?;
        ground.append(1, 200, 50, 10)?;
        course.until("what came later", |course| {
            course.end_of(1) == Some(250) && course.lane.in_flight() == 0
        })?;
        assert_eq!(course.copied(0), (0..25).collect::<Vec<_>>());
        assert_eq!(ground.written(0)?, numbers(0, 25));
        assert_eq!(course.copied(1), (0..250).collect::<Vec<_>>());
    }
    Ok(())
}

pub fn an_open_transaction_is_the_end_until_it_is_decided(open: Open) -> Result<()> {
    let ground = Ground::with_topic(1)?;
    let source = &ground.source;
    source.append("t", 0, numbers(0, 4))?;
    source.append_transaction("t", 0, numbers(4, 3), Outcome::Open)?;
    source.append("t", 0, numbers(7, 2))?;
    let mut course = Course::of_all(open, &ground, Delivery::Idempotent)?;
    course.reach_the_end()?;
    assert_eq!(course.end_of(0), Some(4), "everything visible");
    assert_eq!(ground.written(0)?, numbers(0, 4));
    source.end_open_transactions("t", 0, true)?;
    let end = source.end_offset("t", 0)?;
    course.until("what was held back", |course| course.end_of(0) == Some(end))?;
    assert_eq!(ground.written(0)?, numbers(0, 9));
    Ok(())
}

pub fn a_position_that_was_deleted_is_out_of_range(open: Open) -> Result<()> {
    let ground = Ground::filled(2, 40)?;
    ground.source.delete_records("t", 0, 25)?;
    let parts = [partition(0, 5), partition(1, 0)];
    let mut course = Course::new(open, &ground, Delivery::Idempotent, &parts)?;
    course.until("the incident, and the other partition's end", |course| {
        !course.incidents.is_empty() && course.end_of(1) == Some(40)
    })?;
    course.assert_only_incident(0, &SourceIncident::OutOfRange);
    assert_eq!(course.reported_of(0).count(), 0, "nothing of it is passed");
    assert_eq!(ground.written(0)?, []);
    // As the copy decides.
    course.lane.drain(0)?;
    course.add(&[partition(0, 25)])?;
    course.reach_the_end()?;
    assert_eq!(ground.written(0)?, numbers(25, 15));
    Ok(())
}

/// How a partition is read again after its log became another one.
type Again = fn(&mut Course<'_>, LanePartition) -> Result<()>;

/// Copies forty records, has an unclean election take twenty of them and put others in their place, and reads again.
fn diverge(open: Open, others: usize, again: Again) -> Result<()> {
    let ground = Ground::with_topic(2)?;
    ground.append(0, 0, 40, 10)?;
    let mut course = Course::of_all(open, &ground, Delivery::Idempotent)?;
    course.reach_the_end()?;
    let epoch = course.spans(0).last().and_then(|span| span.leader_epoch);
    epoch.context("brokers of today report the leader epoch")?;
    course.lane.drain(0)?;
    ground.source.truncate("t", 0, 20)?;
    ground.append(0, 500, others, 10)?;
    // The client asks for the topic's leaders, and so knows of the election before it reads the partition again.
    move_leader(&ground.source, 1)?;
    ground.append(1, 0, 1, 1)?;
    course.until("the other partition goes on", |course| {
        course.end_of(1) == Some(1)
    })?;
    let mut there = partition(0, 40);
    there.leader_epoch = epoch;
    again(&mut course, there)?;
    course.until("the incident", |course| !course.incidents.is_empty())?;
    let expected = (0, SourceIncident::Diverged { end: Some(20) });
    assert_eq!(course.incidents[0], expected);
    assert_eq!(
        course.reported_of(0).count(),
        0,
        "nothing is passed of the other log"
    );
    assert_eq!(ground.written(0)?, numbers(0, 40), "and nothing of it is written");
    Ok(())
}

pub fn another_log_than_the_one_that_was_copied_has_diverged(open: Open) -> Result<()> {
    // With records behind the position, and with none.
    for others in [40, 20] {
        diverge(open, others, |course, there| course.add(&[there]))?;
    }
    Ok(())
}

pub fn a_new_source_client_notices_another_log(open: Open) -> Result<()> {
    for others in [40, 20] {
        diverge(open, others, |course, there| {
            course.add(&[there])?;
            Ok(course.lane.renew_source()?)
        })?;
    }
    Ok(())
}

pub fn a_new_lane_notices_another_log(open: Open) -> Result<()> {
    for others in [40, 20] {
        diverge(open, others, |course, there| course.reopen(&[there]))?;
    }
    Ok(())
}

pub fn a_marker_of_a_newer_epoch_is_no_divergence(open: Open) -> Result<()> {
    let ground = Ground::with_topic(1)?;
    ground
        .source
        .append_transaction("t", 0, numbers(0, 10), Outcome::Open)?;
    move_leader(&ground.source, 0)?;
    ground.source.end_open_transactions("t", 0, true)?;
    let mut course = Course::of_all(open, &ground, Delivery::Idempotent)?;
    course.reach_the_end()?;
    assert_eq!(course.position(0), 11, "behind the marker");
    course.lane.renew_source()?;
    ground.append(0, 11, 5, 5)?;
    course.until("what came after is copied", |course| course.position(0) == 16)?;
    assert_eq!(course.incidents, [], "the log is the one that was copied");
    Ok(())
}

pub fn a_new_leader_with_the_same_log_is_no_divergence(open: Open) -> Result<()> {
    let ground = Ground::filled(1, 40)?;
    let mut course = Course::of_all(open, &ground, Delivery::Idempotent)?;
    course.reach_the_end()?;
    let mut epoch = None;
    for more in [0, 20, 0] {
        let last = course.spans(0).last().and_then(|span| span.leader_epoch);
        epoch = last.or(epoch);
        course.lane.drain(0)?;
        move_leader(&ground.source, 0)?;
        ground.append(0, 40, more, 10)?;
        let mut there = partition(0, course.position(0));
        there.leader_epoch = epoch;
        course.add(&[there])?;
        course.reach_the_end()?;
        assert_eq!(course.copied(0).len(), more);
        assert_eq!(course.incidents, []);
    }
    assert_eq!(ground.written(0)?, numbers(0, 60));
    Ok(())
}

pub fn a_damaged_batch_is_named_and_nothing_behind_it_is_copied(open: Open) -> Result<()> {
    for delivery in BOTH {
        let ground = Ground::filled(2, 60)?;
        let first = ground.source.damage("t", 0, 34)?;
        assert_eq!(first, Some(30));
        let mut course = Course::of_all(open, &ground, delivery)?;
        course.until("the incident, and the other partition's end", |course| {
            !course.incidents.is_empty() && course.end_of(1) == Some(60) && course.lane.in_flight_of(0) == 0
        })?;
        for (slot, incident) in &course.incidents {
            let named = matches!(incident, SourceIncident::Damaged { offset: 30, .. });
            assert!(*slot == 0 && named, "{incident:?}");
        }
        assert_eq!(course.copied(0), (0..30).collect::<Vec<_>>());
        assert!(
            !course
                .reported_of(0)
                .any(|passed| matches!(passed, Passed::End { .. }))
        );
        assert_eq!(ground.written(0)?, numbers(0, 30));
        course.lane.drain(0)?;
        course.add(&[partition(0, 40)])?;
        course.reach_the_end()?;
        let mut expected = numbers(0, 30);
        expected.extend(numbers(40, 20));
        assert_eq!(ground.written(0)?, expected);
    }
    Ok(())
}

pub fn a_topic_that_may_not_be_read_is_forbidden(open: Open) -> Result<()> {
    let ground = Ground::filled(1, 10)?;
    ground.source.deny("t", Access::Read);
    let mut course = Course::of_all(open, &ground, Delivery::Idempotent)?;
    course.until("the incident", |course| !course.incidents.is_empty())?;
    let (slot, incident) = &course.incidents[0];
    assert!(
        *slot == 0 && matches!(incident, SourceIncident::Forbidden { .. }),
        "{incident:?}"
    );
    assert_eq!(ground.written(0)?, []);
    Ok(())
}
