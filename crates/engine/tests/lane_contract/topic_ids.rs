//! What a lane that reads by the ids of topics does where a topic is not the one that was copied.

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sluice_engine::{LanePartition, SourceIncident};

use crate::course::Course;
use crate::ground::{BOTH, Delivery, Ground, numbers, partition};
use crate::lanes::wire_lane;

fn id_of(ground: &Ground) -> Result<String> {
    let id = ground.source.topic_id("t").context("a cluster with topic ids")?;
    Ok(URL_SAFE_NO_PAD.encode(id.as_bytes()))
}

/// A partition whose topic has this id.
fn of_topic(id: &str, position: i64) -> LanePartition {
    LanePartition {
        source_topic_id: Some(id.to_owned()),
        ..partition(0, position)
    }
}

#[test]
fn a_topic_that_was_made_again_before_its_lane_began_is_not_read() -> Result<()> {
    for delivery in BOTH {
        let ground = Ground::filled(1, 40)?;
        let before = id_of(&ground)?;
        ground.source.delete_topic("t")?;
        ground.source.create_topic("t", 1, &[])?;
        ground.append(0, 100, 40, 10)?;
        let mut course = Course::new(wire_lane, &ground, delivery, &[of_topic(&before, 20)])?;
        course.until("the incident", |course| !course.incidents.is_empty())?;
        course.assert_only_incident(0, &SourceIncident::OutOfRange);
        assert_eq!(ground.written(0)?, []);
    }
    Ok(())
}

#[test]
fn a_topic_with_the_id_that_is_copied_is_read_however_its_id_is_written() -> Result<()> {
    let ground = Ground::filled(1, 40)?;
    let id = id_of(&ground)?;
    let padded = id.replace('-', "+").replace('_', "/") + "==";
    for (written, position) in [(id, 0), (padded, 20), ("no id at all".to_owned(), 30)] {
        let ground_before = ground.written(0)?.len();
        let part = of_topic(&written, position);
        let mut course = Course::new(wire_lane, &ground, Delivery::Idempotent, &[part])?;
        course.until("the end", |course| course.end_of(0) == Some(40))?;
        let copied = ground.written(0)?.split_off(ground_before);
        assert_eq!(
            copied,
            numbers(position as usize, 40 - position as usize),
            "{written}"
        );
    }
    Ok(())
}
