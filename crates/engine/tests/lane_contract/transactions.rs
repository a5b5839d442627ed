//! Commits, what is given up, and who may write.

use anyhow::{Context, Result};
use sluice_engine::LaneError;
use sluice_fakekafka::{ApiKey, ResponseError};

use crate::course::Course;
use crate::ground::{Delivery, Ground, Open, numbers, partition};

fn kept(ground: &Ground) -> Option<(i64, String)> {
    let kept = ground.target.committed("contract", "t", 0)?;
    Some((kept.offset, kept.metadata))
}

pub fn records_and_positions_become_visible_together(open: Open) -> Result<()> {
    let ground = Ground::filled(1, 30)?;
    let mut course = Course::of_all(open, &ground, Delivery::Transactions)?;
    course.reach_the_end()?;
    assert_eq!(ground.written(0)?, numbers(0, 30));
    assert_eq!((ground.committed(0)?, kept(&ground)), (Vec::new(), None));
    course.commit("first")??;
    assert_eq!(ground.committed(0)?, numbers(0, 30));
    assert_eq!(kept(&ground), Some((30, "first".to_owned())));
    ground.append(0, 30, 5, 5)?;
    course.until("the next records", |course| course.end_of(0) == Some(35))?;
    assert_eq!(kept(&ground), Some((30, "first".to_owned())));
    course.commit("second")??;
    assert_eq!(ground.committed(0)?, numbers(0, 35));
    assert_eq!(kept(&ground), Some((35, "second".to_owned())));
    Ok(())
}

pub fn a_commit_without_records_keeps_positions(open: Open) -> Result<()> {
    let ground = Ground::with_topic(1)?;
    let mut course = Course::new(open, &ground, Delivery::Transactions, &[partition(0, 17)])?;
    course.commit("moved")??;
    assert_eq!(kept(&ground), Some((17, "moved".to_owned())));
    assert_eq!(ground.written(0)?, []);
    Ok(())
}

pub fn a_commit_whose_answer_is_lost_counts_once(open: Open) -> Result<()> {
    for lost in [ApiKey::EndTxn, ApiKey::TxnOffsetCommit, ApiKey::AddOffsetsToTxn] {
        let ground = Ground::filled(1, 30)?;
        let mut course = Course::of_all(open, &ground, Delivery::Transactions)?;
        course.reach_the_end()?;
        ground.target.drop_before_response(lost, 1);
        match course.commit("")? {
            Ok(()) => {}
            // Unknown: only the target's positions show whether it went through.
            Err(LaneError::Recover(_)) => {
                course.recover()?;
                let position = kept(&ground).map_or(0, |(position, _)| position);
                course.add(&[partition(0, position)])?;
                course.reach_the_end()?;
                course.commit("")??;
            }
            Err(error) => return Err(error.into()),
        }
        assert_eq!(ground.committed(0)?, numbers(0, 30), "{lost:?}");
        assert_eq!(kept(&ground), Some((30, String::new())), "{lost:?}");
    }
    Ok(())
}

pub fn what_was_not_committed_is_given_up_and_the_same_id_goes_on(open: Open) -> Result<()> {
    let ground = Ground::filled(1, 30)?;
    let mut course = Course::of_all(open, &ground, Delivery::Transactions)?;
    course.reach_the_end()?;
    course.commit("")??;
    ground.append(0, 30, 30, 10)?;
    course.until("the next records", |course| course.end_of(0) == Some(60))?;
    course.recover()?;
    assert_eq!(ground.committed(0)?, numbers(0, 30), "not committed is not there");
    let (position, _) = kept(&ground).context("the first commit")?;
    course.add(&[partition(0, position)])?;
    course.reach_the_end()?;
    course.commit("")??;
    assert_eq!(ground.committed(0)?, numbers(0, 60));
    assert_eq!(
        ground.target.last_stable_offset("t", 0)?,
        ground.target.end_offset("t", 0)?
    );
    Ok(())
}

pub fn a_later_lane_of_the_same_id_fences_the_earlier_one(open: Open) -> Result<()> {
    let ground = Ground::filled(1, 30)?;
    let mut first = Course::of_all(open, &ground, Delivery::Transactions)?;
    first.reach_the_end()?;
    let mut second = Course::of_all(open, &ground, Delivery::Transactions)?;
    let refused = first.commit("first")?;
    assert!(matches!(refused, Err(LaneError::Fenced(_))), "{refused:?}");
    assert_eq!((ground.committed(0)?, kept(&ground)), (Vec::new(), None));
    second.reach_the_end()?;
    second.commit("second")??;
    assert_eq!(ground.committed(0)?, numbers(0, 30), "once");
    assert_eq!(kept(&ground), Some((30, "second".to_owned())));
    Ok(())
}

pub fn recovery_reports_what_arrives_without_transactions(open: Open) -> Result<()> {
    let ground = Ground::with_topic(1)?;
    ground.append(0, 0, 30, 30)?;
    let unavailable = ResponseError::NotEnoughReplicas;
    ground.target.fail_next(ApiKey::Produce, unavailable, 3);
    let mut course = Course::of_all(open, &ground, Delivery::Idempotent)?;
    course.until("the target has refused", |_| {
        ground.target.request_count(ApiKey::Produce) >= 1
    })?;
    course.recover()?;
    let there = ground.written(0)?.len();
    assert_eq!(
        course.copied(0),
        (0..there as i64).collect::<Vec<_>>(),
        "as much as is on the target"
    );
    course.add(&[partition(0, there as i64)])?;
    course.reach_the_end()?;
    assert_eq!(ground.written(0)?, numbers(0, 30), "once");
    Ok(())
}
