//! Partitions that come and go while others are copied.

use anyhow::{Result, ensure};
use sluice_engine::{Lane, StepLimit};
use sluice_fakekafka::{ApiKey, ResponseError};

use crate::course::{Course, STEP};
use crate::ground::{BOTH, Delivery, Ground, Open, numbers, partition};

/// How a partition is stopped.
type Stop = fn(&mut dyn Lane) -> std::result::Result<(), sluice_engine::LaneError>;

/// Stops partition 0 with records of it in flight.
fn stop_in_flight(open: Open, stop: Stop) -> Result<()> {
    for delivery in BOTH {
        let ground = Ground::with_topic(2)?;
        ground.append(0, 0, 400, 10)?;
        ground.append(1, 0, 50, 10)?;
        // What was sent of partition 0 waits for its answer.
        let unavailable = ResponseError::NotEnoughReplicas;
        ground
            .target
            .fail_next_at(ApiKey::Produce, "t", Some(0), unavailable, 1_000_000);
        let mut course = Course::of_all(open, &ground, delivery)?;
        // Most of it is not sent when it is stopped.
        course.lane.limit_in_flight(5_000);
        let few = StepLimit { records: 20, ..STEP };
        while course.lane.in_flight_of(0) == 0 || ground.target.request_count(ApiKey::Produce) == 0 {
            course.step(few)??;
        }
        stop(course.lane.as_mut())?;
        let in_flight = course.lane.in_flight_of(0);
        ground.append(1, 50, 50, 10)?;
        ground.target.clear_faults();
        course.lane.limit_in_flight(usize::MAX);
        course.until(
            "partition 1 goes on, and what was in flight of 0 is reported",
            |course| course.end_of(1) == Some(100) && course.lane.in_flight_of(0) == 0,
        )?;
        let copied = course.copied(0);
        ensure!(
            copied.len() >= in_flight.min(1),
            "what was in flight of partition 0 is reported"
        );
        let at = course.position(0);
        assert_eq!(copied, (0..at).collect::<Vec<_>>());
        assert!(at < 400, "it was stopped on its way");
        assert_eq!(
            ground.written(0)?,
            numbers(0, usize::try_from(at)?),
            "nothing behind its position is on the target"
        );
        assert_eq!(ground.written(1)?, numbers(0, 100));
    }
    Ok(())
}

pub fn a_partition_that_is_removed_stops_and_the_others_go_on(open: Open) -> Result<()> {
    stop_in_flight(open, |lane| lane.remove(&[0]))
}

pub fn a_partition_that_is_drained_comes_to_rest_and_the_others_go_on(open: Open) -> Result<()> {
    stop_in_flight(open, |lane| lane.drain(0))
}

pub fn a_partition_comes_back_where_it_was_left(open: Open) -> Result<()> {
    let ground = Ground::filled(2, 300)?;
    let mut course = Course::of_all(open, &ground, Delivery::Idempotent)?;
    let few = StepLimit { records: 10, ..STEP };
    while course.position(0) < 15 {
        course.step(few)??;
    }
    course.lane.drain(0)?;
    course.until("it is at rest", |course| course.lane.in_flight_of(0) == 0)?;
    let at = course.position(0);
    course.add(&[partition(0, at)])?;
    course.reach_the_end()?;
    for number in 0..2 {
        assert_eq!(ground.written(number)?, numbers(0, 300), "partition {number}");
    }
    Ok(())
}

pub fn a_new_source_client_neither_repeats_nor_loses(open: Open) -> Result<()> {
    for delivery in BOTH {
        let ground = Ground::filled(2, 300)?;
        let mut course = Course::of_all(open, &ground, delivery)?;
        let few = StepLimit { records: 40, ..STEP };
        for _ in 0..3 {
            let before = course.read.0;
            while course.read.0 < before + 60 {
                course.step(few)??;
            }
            course.lane.renew_source()?;
        }
        course.reach_the_end()?;
        for number in 0..2 {
            assert_eq!(ground.written(number)?, numbers(0, 300), "partition {number}");
        }
    }
    Ok(())
}
