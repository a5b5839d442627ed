//! What a lane keeps beyond the contract when it mirrors: every record stands at its source's offset, whatever the source's
//! log is like, and a partition is given up the moment that cannot be.

use anyhow::{Result, ensure};

use sluice_engine::{Displaced, LanePartition, MirrorPlace, Passed};
use sluice_fakekafka::{ApiKey, FakeRecord, Isolation, Outcome};

use crate::course::{Course, STEP};
use crate::ground::{Delivery, Ground, move_leader, numbers, partition};
use crate::lanes::bare_mirror_lane;

/// A mirrored partition whose target's log ends at `end`.
fn mirrored(number: i32, position: i64, end: i64) -> LanePartition {
    LanePartition {
        mirror: Some(MirrorPlace {
            end,
            delete_before: None,
        }),
        ..partition(number, position)
    }
}

fn course<'g>(ground: &'g Ground, partitions: &[LanePartition]) -> Result<Course<'g>> {
    Course::new(bare_mirror_lane, ground, Delivery::Idempotent, partitions)
}

fn outcome(committed: bool) -> Outcome {
    if committed {
        Outcome::Committed
    } else {
        Outcome::Aborted
    }
}

/// Both sides have the same committed records at the same offsets, and their logs end at the same one.
fn is_equal(ground: &Ground, number: i32) -> Result<()> {
    let read = |cluster: &sluice_fakekafka::FakeCluster| -> Result<Vec<(i64, FakeRecord)>> {
        let records = cluster.records("t", number, Isolation::Committed)?;
        Ok(records.into_iter().map(|one| (one.offset, one.record)).collect())
    };
    assert_eq!(read(&ground.target)?, read(&ground.source)?);
    assert_eq!(
        ground.target.end_offset("t", number)?,
        ground.source.end_offset("t", number)?
    );
    Ok(())
}

#[test]
fn markers_and_aborted_records_are_filled_and_so_are_those_at_the_end() -> Result<()> {
    let ground = Ground::with_topic(2)?;
    for number in 0..2 {
        ground.append(number, 0, 3, 3)?;
        ground
            .source
            .append_transaction("t", number, numbers(3, 4), Outcome::Committed)?;
        ground
            .source
            .append_transaction("t", number, numbers(7, 2), Outcome::Aborted)?;
        ground
            .source
            .append_transaction("t", number, numbers(9, 1), Outcome::Aborted)?;
        ground.append(number, 10, 5, 5)?;
        ground
            .source
            .append_transaction("t", number, numbers(15, 1), Outcome::Committed)?;
    }
    let mut course = course(&ground, &[mirrored(0, 0, 0), mirrored(1, 0, 0)])?;
    course.reach_the_end()?;
    for number in 0..2 {
        is_equal(&ground, number)?;
    }
    ensure!(course.displaced.is_empty(), "{:?}", course.displaced);
    // And what comes later.
    ground
        .source
        .append_transaction("t", 0, numbers(16, 3), Outcome::Committed)?;
    let end = ground.source.end_offset("t", 0)?;
    course.until("the next end", |course| course.end_of(0) == Some(end))?;
    is_equal(&ground, 0)
}

#[test]
fn every_span_is_reported_at_its_own_offset() -> Result<()> {
    let ground = Ground::with_topic(1)?;
    for round in 0..10 {
        ground
            .source
            .append_transaction("t", 0, numbers(round * 3, 3), outcome(round % 3 != 0))?;
    }
    let mut course = course(&ground, &[mirrored(0, 0, 0)])?;
    course.reach_the_end()?;
    ensure!(!course.spans(0).is_empty());
    for span in course.spans(0) {
        assert_eq!(span.target, Some(span.source));
    }
    is_equal(&ground, 0)
}

#[test]
fn offsets_that_compaction_left_out_are_filled_inside_and_between_batches() -> Result<()> {
    let ground = Ground::configured(&[("cleanup.policy", "compact")], &[("cleanup.policy", "compact")])?;
    for (from, count) in [(0, 10), (10, 10), (20, 5)] {
        let keyed = (from..from + count).map(|n| FakeRecord::new(format!("k{}", n % 7), format!("v{n}")));
        ground.source.append("t", 0, keyed.collect())?;
    }
    ground.append(0, 100, 10, 10)?;
    ground.source.compact("t", 0)?;
    let mut course = course(&ground, &[mirrored(0, 0, 0)])?;
    course.reach_the_end()?;
    is_equal(&ground, 0)
}

#[test]
fn a_log_that_begins_late_begins_at_the_same_offset_on_the_target() -> Result<()> {
    let ground = Ground::filled(1, 60)?;
    ground.source.delete_records("t", 0, 50)?;
    let late = LanePartition {
        mirror: Some(MirrorPlace {
            end: 0,
            delete_before: Some(50),
        }),
        ..partition(0, 50)
    };
    let mut course = course(&ground, &[late])?;
    course.reach_the_end()?;
    assert_eq!(ground.target.start_offset("t", 0)?, 50);
    is_equal(&ground, 0)
}

#[test]
fn an_empty_partition_ends_where_its_source_ends() -> Result<()> {
    let ground = Ground::filled(1, 60)?;
    ground.source.delete_records("t", 0, 60)?;
    let empty = LanePartition {
        mirror: Some(MirrorPlace {
            end: 0,
            delete_before: Some(60),
        }),
        ..partition(0, 60)
    };
    let mut course = course(&ground, &[empty])?;
    course.reach_the_end()?;
    assert_eq!(ground.target.start_offset("t", 0)?, 60);
    assert_eq!(ground.target.end_offset("t", 0)?, 60);
    ground.append(0, 60, 1, 1)?;
    course.until("the first record", |course| course.end_of(0) == Some(61))?;
    is_equal(&ground, 0)
}

#[test]
fn a_rejected_record_leaves_a_filled_offset() -> Result<()> {
    let ground = Ground::filled(1, 20)?;
    let mut rejecting = mirrored(0, 0, 0);
    rejecting.rejected = [0, 4, 5, 19].into();
    let mut course = course(&ground, &[rejecting])?;
    course.reach_the_end()?;
    let offsets: Vec<i64> = ground
        .target
        .records("t", 0, Isolation::Committed)?
        .iter()
        .map(|one| one.offset)
        .collect();
    let expected: Vec<i64> = (0..20).filter(|offset| ![0, 4, 5, 19].contains(offset)).collect();
    assert_eq!(offsets, expected);
    assert_eq!(ground.target.end_offset("t", 0)?, 20);
    Ok(())
}

#[test]
fn another_writer_stops_its_partition_and_no_other() -> Result<()> {
    let ground = Ground::filled(2, 20)?;
    ground.target.append("t", 1, numbers(900, 3))?;
    let mut course = course(&ground, &[mirrored(0, 0, 0), mirrored(1, 0, 0)])?;
    course.until("the partition is given up", |course| !course.displaced.is_empty())?;
    course.until("the other is copied", |course| course.end_of(0) == Some(20))?;
    assert_eq!(
        course.displaced,
        [(
            1,
            Displaced {
                expected: 0,
                found: 3
            }
        )]
    );
    assert_eq!(
        course.copied(1),
        Vec::<i64>::new(),
        "nothing of it counts as copied"
    );
    assert_eq!(course.lane.in_flight_of(1), 0);
    let end = ground.target.end_offset("t", 1)?;
    ground.append(1, 20, 20, 10)?;
    ground.append(0, 20, 20, 10)?;
    course.until("the other goes on", |course| course.end_of(0) == Some(40))?;
    assert_eq!(
        ground.target.end_offset("t", 1)?,
        end,
        "nothing more of it is written"
    );
    is_equal(&ground, 0)
}

#[test]
fn another_writer_in_a_hole_is_noticed_too() -> Result<()> {
    let ground = Ground::with_topic(1)?;
    ground.append(0, 0, 3, 3)?;
    ground
        .source
        .append_transaction("t", 0, numbers(3, 4), Outcome::Aborted)?;
    ground.append(0, 7, 3, 3)?;
    ground.target.append("t", 0, numbers(900, 4))?;
    // As if three were ours.
    let mut course = course(&ground, &[mirrored(0, 3, 3)])?;
    course.until("the partition is given up", |course| !course.displaced.is_empty())?;
    assert_eq!(course.displaced[0].1.expected, 3);
    assert_eq!(course.displaced[0].1.found, 4);
    Ok(())
}

#[test]
fn lost_answers_neither_repeat_nor_shift() -> Result<()> {
    for api in [
        ApiKey::Produce,
        ApiKey::EndTxn,
        ApiKey::AddPartitionsToTxn,
        ApiKey::ListOffsets,
    ] {
        let ground = Ground::with_topic(1)?;
        for round in 0..5 {
            ground.append(0, round * 10, 6, 3)?;
            ground
                .source
                .append_transaction("t", 0, numbers(round * 10 + 6, 2), outcome(round % 2 == 0))?;
        }
        let mut course = course(&ground, &[mirrored(0, 0, 0)])?;
        ground.target.drop_before_response(api, 1);
        course.reach_the_end()?;
        is_equal(&ground, 0)?;
    }
    Ok(())
}

#[test]
fn a_leader_that_moves_shifts_nothing() -> Result<()> {
    let ground = Ground::with_topic(1)?;
    for round in 0..4 {
        ground.append(0, round * 10, 6, 3)?;
        ground
            .source
            .append_transaction("t", 0, numbers(round * 10 + 6, 2), Outcome::Committed)?;
        if round == 2 {
            move_leader(&ground.target, 0)?;
        }
    }
    let mut course = course(&ground, &[mirrored(0, 0, 0)])?;
    course.reach_the_end()?;
    move_leader(&ground.target, 0)?;
    ground
        .source
        .append_transaction("t", 0, numbers(70, 2), Outcome::Committed)?;
    let end = ground.source.end_offset("t", 0)?;
    course.until("the end behind the move", |course| course.end_of(0) == Some(end))?;
    is_equal(&ground, 0)
}

#[test]
fn what_an_earlier_lane_left_inside_a_hole_is_filled_up() -> Result<()> {
    for end in 5..=13 {
        let ground = Ground::with_topic(1)?;
        ground.append(0, 0, 3, 3)?;
        ground
            .source
            .append_transaction("t", 0, numbers(3, 9), Outcome::Aborted)?;
        ground.append(0, 12, 3, 3)?;
        ground.target.append("t", 0, numbers(0, 3))?;
        // Filler and a marker.
        ground.target.append_transaction(
            "t",
            0,
            numbers(500, usize::try_from(end - 4)?),
            Outcome::Aborted,
        )?;
        let mut course = course(&ground, &[mirrored(0, end, end)])?;
        course.reach_the_end()?;
        is_equal(&ground, 0)?;
    }
    Ok(())
}

#[test]
fn a_batch_of_an_earlier_lane_that_is_still_on_its_way_is_not_written_twice() -> Result<()> {
    let ground = Ground::filled(1, 30)?;
    let mut first = course(&ground, &[mirrored(0, 0, 0)])?;
    first.reach_the_end()?;
    ground.append(0, 30, 10, 10)?;
    // The first lane's batch arrives, and neither that lane nor the next one knows of it.
    ground.target.drop_before_response(ApiKey::Produce, 1);
    while ground.target.end_offset("t", 0)? < 40 {
        drop(first.step(STEP)?);
    }
    let mut second = course(&ground, &[mirrored(0, 30, 30)])?;
    second.reach_the_end()?;
    ensure!(second.displaced.is_empty(), "{:?}", second.displaced);
    is_equal(&ground, 0)
}

#[test]
fn positions_are_kept_without_an_offset_of_the_copied_partition() -> Result<()> {
    let ground = Ground::filled(1, 10)?;
    let mut course = course(&ground, &[mirrored(0, 0, 0)])?;
    course.reach_the_end()?;
    course.commit("note")?.map_err(anyhow::Error::from)?;
    let committed = ground.target.committed("contract", "t", 0);
    assert_eq!(committed.map(|one| one.offset), Some(10));
    assert_eq!(ground.target.end_offset("t", 0)?, 10);
    Ok(())
}

#[test]
fn a_later_mirror_of_the_same_id_fences_the_filler_of_the_earlier_one() -> Result<()> {
    let ground = Ground::filled(1, 10)?;
    let mut first = course(&ground, &[mirrored(0, 0, 0)])?;
    first.reach_the_end()?;
    let mut second = course(&ground, &[mirrored(0, 10, 10)])?;
    second.reach_the_end()?;
    ground
        .source
        .append_transaction("t", 0, numbers(10, 2), Outcome::Aborted)?;
    let failed = first.until_failure()?;
    ensure!(
        matches!(failed, Some(sluice_engine::LaneError::Fenced(_))),
        "{failed:?}"
    );
    let end = ground.source.end_offset("t", 0)?;
    second.until("the end", |course| course.end_of(0) == Some(end))?;
    is_equal(&ground, 0)
}

#[test]
fn an_end_is_reported_only_when_the_target_ends_there() -> Result<()> {
    let ground = Ground::with_topic(1)?;
    ground
        .source
        .append_transaction("t", 0, numbers(0, 3), Outcome::Committed)?;
    let mut course = course(&ground, &[mirrored(0, 0, 0)])?;
    course.until("an end", |course| {
        course
            .reported_of(0)
            .any(|passed| matches!(passed, Passed::End { .. }))
    })?;
    assert_eq!(ground.target.end_offset("t", 0)?, 4);
    Ok(())
}
