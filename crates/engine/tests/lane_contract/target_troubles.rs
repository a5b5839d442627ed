//! What targets do to records: refuse them, lose their answers, move their leaders.

use std::collections::BTreeSet;
use std::time::Instant;

use anyhow::{Result, ensure};
use sluice_engine::{LaneError, Passed, RefusalCause, StepLimit, TargetIncidentKind};
use sluice_fakekafka::{Access, ApiKey, FakeRecord, Isolation};

use crate::course::{Course, DEADLINE, STEP};
use crate::ground::{BEGIN, BOTH, Delivery, Ground, Open, move_leader, numbers, partition};

/// Times before this are refused by a topic with the setting below.
const TOO_OLD: (&str, &str) = ("message.timestamp.before.max.ms", "1000000000000");

pub fn behind_a_refused_record_nothing_is_written(open: Open) -> Result<()> {
    for delivery in BOTH {
        let ground = Ground::configured(&[], &[TOO_OLD])?;
        ground.append(0, 0, 20, 10)?;
        ground
            .source
            .append("t", 0, vec![FakeRecord::new("old", "refused").at(1)])?;
        ground.append(0, 21, 40, 10)?;
        let mut course = Course::of_all(open, &ground, delivery)?;
        if let Some(error) = course.until_failure()? {
            assert!(matches!(error, LaneError::Recover(_)), "{error:?}");
        }
        ensure!(
            !course.refused.is_empty(),
            "the refusal is reported with the failure"
        );
        for refusal in &course.refused {
            let of_record = refusal.cause.is_of_record();
            assert_eq!(
                of_record.then_some(RefusalCause::Timestamp),
                of_record.then_some(refusal.cause)
            );
        }
        assert!(
            course
                .refused
                .iter()
                .any(|refusal| refusal.offset == 20 && refusal.cause.is_of_record())
        );
        let written = ground.written(0)?;
        assert_eq!(
            written,
            numbers(0, written.len()),
            "in order, and nothing that follows"
        );
        assert!(written.len() <= 20);
        course.recover()?;
        assert_eq!(ground.committed(0)?.len(), course_committed(&course, delivery));
        // As the copy does: passed over from now on.
        let at = course_committed(&course, delivery) as i64;
        let mut again = partition(0, at);
        again.rejected = BTreeSet::from([20]);
        course.add(&[again])?;
        course.reach_the_end()?;
        if delivery == Delivery::Transactions {
            course.commit("")??;
        }
        let mut expected = numbers(0, 20);
        expected.extend(numbers(21, 40));
        assert_eq!(ground.committed(0)?, expected);
    }
    Ok(())
}

/// Records of partition 0 that count: with transactions none, as none was committed.
fn course_committed(course: &Course<'_>, delivery: Delivery) -> usize {
    match delivery {
        Delivery::Transactions => 0,
        Delivery::Idempotent => course.copied(0).len(),
    }
}

pub fn rejected_offsets_are_passed_over(open: Open) -> Result<()> {
    for delivery in BOTH {
        let ground = Ground::filled(1, 30)?;
        let mut rejecting = partition(0, 0);
        rejecting.rejected = BTreeSet::from([0, 7, 8, 29]);
        let mut course = Course::new(open, &ground, delivery, &[rejecting])?;
        course.reach_the_end()?;
        let skipped: Vec<i64> = course
            .reported_of(0)
            .filter_map(|passed| match passed {
                Passed::Skipped { source } => Some(*source),
                _ => None,
            })
            .collect();
        assert_eq!(skipped, [0, 7, 8, 29]);
        let mut expected = numbers(1, 6);
        expected.extend(numbers(9, 20));
        assert_eq!(ground.written(0)?, expected);
        assert_eq!(course.read.0, 30, "they are read all the same");
    }
    Ok(())
}

/// As the search for a refused record asks, whose next one was rejected before and is too large to be read with another: one
/// record alone, and then its answer.
pub fn a_rejected_record_that_stands_alone_waits_for_no_answer(open: Open) -> Result<()> {
    for delivery in BOTH {
        let ground = Ground::configured(&[("max.message.bytes", "9000000")], &[])?;
        let large = FakeRecord::new("k0", "v".repeat(6_000_000)).at(BEGIN);
        ground.source.append("t", 0, vec![large])?;
        ground.append(0, 1, 3, 1)?;
        let mut rejecting = partition(0, 0);
        rejecting.rejected = BTreeSet::from([0]);
        let mut course = Course::new(open, &ground, delivery, &[rejecting])?;
        let alone = StepLimit { records: 1, ..STEP };
        let until = Instant::now() + DEADLINE;
        while course.read.0 == 0 && Instant::now() < until {
            course.step(alone)??;
        }
        while course.lane.in_flight() > 0 && Instant::now() < until {
            course.settle()??;
        }
        assert_eq!(course.lane.in_flight(), 0, "nothing has to be answered");
        let first = course.reported_of(0).next();
        assert_eq!(first, Some(&Passed::Skipped { source: 0 }));
        course.reach_the_end()?;
        assert_eq!(ground.written(0)?, numbers(1, 3));
    }
    Ok(())
}

pub fn records_without_a_key_are_passed_over_where_the_target_is_compacted(open: Open) -> Result<()> {
    for delivery in BOTH {
        let ground = Ground::configured(&[], &[("cleanup.policy", "compact")])?;
        let mut records = numbers(0, 20);
        records[3] = FakeRecord::unkeyed("no key").at(BEGIN);
        records[19] = FakeRecord::unkeyed("none either").at(BEGIN).header("h", None);
        ground.source.append("t", 0, records.clone())?;
        let mut keyed = partition(0, 0);
        keyed.keyless_refused = true;
        let mut course = Course::new(open, &ground, delivery, &[keyed])?;
        course.reach_the_end()?;
        let over: Vec<(i64, RefusalCause)> = course.passed_over.iter().map(|r| (r.offset, r.cause)).collect();
        assert_eq!(
            over,
            [(3, RefusalCause::MissingKey), (19, RefusalCause::MissingKey)]
        );
        for refusal in &course.passed_over {
            let record = refusal.record.as_ref();
            let value = record.and_then(|record| record.value.as_deref());
            assert_eq!(
                value,
                records[usize::try_from(refusal.offset)?].value.as_deref(),
                "for the quarantine"
            );
        }
        let expected: Vec<FakeRecord> = records
            .into_iter()
            .filter(|record| record.key.is_some())
            .collect();
        assert_eq!(ground.written(0)?, expected);
    }
    Ok(())
}

pub fn a_denied_target_topic_is_named_as_the_cause(open: Open) -> Result<()> {
    for delivery in BOTH {
        let ground = Ground::filled(1, 10)?;
        ground.target.deny("t", Access::Write);
        let mut course = Course::of_all(open, &ground, delivery)?;
        let error = course.until_failure()?;
        let by_error = matches!(&error, Some(LaneError::Recover(incident))
            if matches!(&incident.kind, TargetIncidentKind::Topics(topics) if topics.is_empty() || topics == &["t"]));
        let by_record = course
            .refused
            .iter()
            .any(|refusal| refusal.cause == RefusalCause::Topic);
        assert!(by_error || by_record, "{error:?} {:?}", course.refused);
        assert!(!course.refused.iter().any(|refusal| refusal.cause.is_of_record()));
        assert_eq!(course.reported, []);
        ground.target.allow("t", Access::Write);
        course.recover()?;
        course.add(&[partition(0, 0)])?;
        course.reach_the_end()?;
        assert_eq!(ground.target.records("t", 0, Isolation::Uncommitted)?.len(), 10);
    }
    Ok(())
}

pub fn lost_answers_neither_repeat_nor_lose(open: Open) -> Result<()> {
    for delivery in BOTH {
        let ground = Ground::filled(1, 100)?;
        ground.target.drop_before_response(ApiKey::Produce, 2);
        ground.source.drop_before_response(ApiKey::Fetch, 2);
        let mut course = Course::of_all(open, &ground, delivery)?;
        course.reach_the_end()?;
        assert_eq!(ground.written(0)?, numbers(0, 100));
    }
    Ok(())
}

pub fn leaders_that_move_interrupt_nothing(open: Open) -> Result<()> {
    for delivery in BOTH {
        let ground = Ground::filled(1, 50)?;
        let mut course = Course::of_all(open, &ground, delivery)?;
        course.reach_the_end()?;
        for cluster in [&ground.source, &ground.target] {
            move_leader(cluster, 0)?;
        }
        ground.append(0, 50, 50, 10)?;
        course.until("the records after the move", |course| {
            course.end_of(0) == Some(100)
        })?;
        assert_eq!(ground.written(0)?, numbers(0, 100));
    }
    Ok(())
}
