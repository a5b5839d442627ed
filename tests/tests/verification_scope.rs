//! A verification of a part of a task compares that part, says so, and never speaks for the rest.

use anyhow::{Context, Result};
use sluice_engine::{DifferenceKind, VerificationReport, VerificationResult, VerifyOptions, VerifyScope};
use sluice_fakekafka::{FakeCluster, FakeRecord};
use sluice_model::{Delivery, Start};
use sluice_tests::{BOTH, Bench};

const BEGINNING: i64 = 1_700_000_000_000;

fn records(from: usize, count: usize) -> Vec<FakeRecord> {
    (from..from + count)
        .map(|n| FakeRecord::new(format!("k{n}"), format!("v{n}")).at(BEGINNING + n as i64 * 1_000))
        .collect()
}

fn clusters() -> Result<(FakeCluster, FakeCluster)> {
    Ok((FakeCluster::builder().start()?, FakeCluster::builder().start()?))
}

/// Two topics of one partition, with 100 records in batches of ten, and their copies.
fn copied(source: &FakeCluster, target: &FakeCluster, delivery: Delivery) -> Result<Bench> {
    for topic in ["a", "b"] {
        source.create_topic(topic, 1, &[])?;
        for batch in 0..10 {
            source.append(topic, 0, records(batch * 10, 10))?;
        }
    }
    let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["a", "b"])?;
    bench.task.delivery = delivery;
    bench.copy()?;
    Ok(bench)
}

fn verify(bench: &Bench, topics: &[&str], since: Option<&str>) -> Result<VerificationReport> {
    let since = since.map(|since| since.parse::<Start>()).transpose()?;
    bench.verify_with(VerifyOptions {
        scope: VerifyScope {
            topics: topics.iter().map(|topic| (*topic).to_owned()).collect(),
            since,
        },
        ..VerifyOptions::default()
    })
}

#[test]
fn topics_are_verified_alone_and_the_verdict_is_theirs_only() -> Result<()> {
    let (source, target) = clusters()?;
    let bench = copied(&source, &target, Delivery::AtLeastOnce)?;
    target.append("b", 0, records(500, 1))?;
    let report = verify(&bench, &["a"], None)?;
    assert_eq!(report.result, VerificationResult::Equal, "{report:#?}");
    assert!(!report.equal, "the whole task is not known to be equal");
    assert!(
        report
            .sentence
            .starts_with("Of topic a only: Equal: 1 of 1 partitions, 100 records"),
        "{}",
        report.sentence
    );
    assert_eq!(report.scope.as_ref().map(|scope| scope.topics.len()), Some(1));
    let report = verify(&bench, &["b"], None)?;
    assert_eq!(report.differences, [(DifferenceKind::Extra, 1)].into());
    let report = verify(&bench, &["a", "b"], None)?;
    assert!(
        report.sentence.starts_with("Of topics a, b only: Different"),
        "{}",
        report.sentence
    );
    let report = verify(&bench, &[], None)?;
    assert_eq!(
        (report.scope, report.result),
        (None, VerificationResult::Different)
    );
    Ok(())
}

#[test]
fn a_topic_that_the_task_does_not_have_is_refused_with_those_it_has() -> Result<()> {
    let (source, target) = clusters()?;
    let bench = copied(&source, &target, Delivery::AtLeastOnce)?;
    let refused = verify(&bench, &["a", "c"], None)
        .err()
        .context("it was verified")?;
    assert_eq!(
        refused.to_string(),
        "task 'test' has no topic 'c' to verify; it has: a, b"
    );
    let refused = verify(&bench, &[], Some("latest"))
        .err()
        .context("it was verified")?;
    assert!(
        refused.to_string().contains("cannot begin at 'latest'"),
        "{refused}"
    );
    Ok(())
}

#[test]
fn what_is_older_than_the_place_to_begin_is_not_compared() -> Result<()> {
    for delivery in BOTH {
        let (source, target) = clusters()?;
        let bench = copied(&source, &target, delivery)?;
        let time = "time:2023-11-14T22:14:15Z"; // 55 s behind the beginning
        for since in [time, "offset:55", "offset:0=55"] {
            let report = verify(&bench, &["a"], Some(since))?;
            assert_eq!(
                (report.result, report.source_records, report.target_records),
                (VerificationResult::Equal, 45, 45),
                "{since}: {report:#?}"
            );
            assert!(
                report.sentence.contains("Of topic a only, from "),
                "{}",
                report.sentence
            );
        }
        let report = verify(&bench, &[], Some("offset:100"))?;
        assert_eq!(
            (report.result, report.source_records, report.target_records),
            (VerificationResult::Equal, 0, 0),
            "{report:#?}"
        );
        // Behind the last copy, a foreign record is within the part.
        target.append("a", 0, records(700, 1))?;
        for since in [time, "offset:100", "offset:55"] {
            let report = verify(&bench, &["a"], Some(since))?;
            assert_eq!(report.differences, [(DifferenceKind::Extra, 1)].into(), "{since}");
        }
    }
    Ok(())
}

#[test]
fn without_the_state_a_part_is_found_by_time_on_both_sides() -> Result<()> {
    let (source, target) = clusters()?;
    copied(&source, &target, Delivery::ExactlyOnce)?;
    let described = Bench::new(&source.bootstrap(), &target.bootstrap(), &["a", "b"])?;
    let report = verify(&described, &[], Some("time:2023-11-14T22:14:15Z"))?;
    assert_eq!(
        (report.result, report.source_records, report.target_records),
        (VerificationResult::Equal, 90, 90),
        "{report:#?}"
    );
    let refused = verify(&described, &[], Some("offset:7"))
        .err()
        .context("it was verified")?;
    assert!(refused.to_string().contains("write a time"), "{refused}");
    Ok(())
}

#[test]
fn without_the_state_a_target_with_times_of_its_own_is_compared_whole() -> Result<()> {
    let (source, target) = clusters()?;
    target.create_topic("a", 1, &[("message.timestamp.type", "LogAppendTime")])?;
    copied(&source, &target, Delivery::AtLeastOnce)?;
    let described = Bench::new(&source.bootstrap(), &target.bootstrap(), &["a", "b"])?;
    let report = verify(&described, &["a"], Some("time:2023-11-14T22:14:15Z"))?;
    assert_eq!(
        (report.result, report.source_records, report.target_records),
        (VerificationResult::AcceptedDifferences, 100, 100),
        "{report:#?}"
    );
    Ok(())
}
