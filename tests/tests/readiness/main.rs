//! Whether applications may move, asked of real brokers: a copy that is finished is ready, and whatever speaks against it
//! is found and named.

mod ground;
mod groups;
mod parity;
mod writers;

use anyhow::{Context, Result};
use sluice_engine::ReadinessResult::{Failed, Success, Unknown, Warning};
use sluice_engine::{QUESTIONS, Question, ReadinessContext, readiness};
use sluice_model::Delivery;
use sluice_testground::KafkaVersion;
use sluice_tests::{BOTH, Bench, Filler, eventually, odd_records, skipped, stop};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use crate::ground::{Ground, Moved, expect, idempotent, number, write};

#[test]
fn a_finished_and_verified_copy_of_a_silent_source_is_ready() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    for (name, ground) in [("new", Ground::new()?), ("old", Ground::old()?)] {
        for delivery in BOTH {
            let moved = ground.copied(&format!("ready-{delivery:?}"), delivery)?;
            let report = moved.ask()?;
            let blocking: Vec<_> = report.blocking().collect();
            assert!(
                blocking.is_empty() && report.ready,
                "{name} {delivery:?}: {blocking:#?}"
            );
            let ids: Vec<Question> = report.items.iter().map(|item| item.id).collect();
            assert_eq!(ids, QUESTIONS);
            for question in [
                Question::LagZero,
                Question::SourceSilent,
                Question::OpenTransactions,
                Question::TargetOnlyOurs,
                Question::VerificationCurrent,
                Question::TargetListeners,
                Question::RetentionKeeps,
                Question::NoGaps,
                Question::QuarantineEmpty,
            ] {
                let item = report.item(question).context("it was asked")?;
                expect(item, Success, &[]);
            }
        }
    }
    Ok(())
}

#[test]
fn transactions_that_ended_leave_nothing_to_wait_for() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    for ground in [Ground::new()?, Ground::old()?] {
        ground.filler.create("ended", 1, &[])?;
        let writer = ground.filler.transactional("ended")?;
        for commit in [true, false, true, false] {
            writer.write("ended", 0, &odd_records()[..2], commit)?;
        }
        let bench = Bench::new(&ground.source.bootstrap(), &ground.target.bootstrap(), &["ended"])?;
        bench.copy()?;
        let verification = bench.verify()?;
        let moved = Moved { bench, verification };
        for question in [
            Question::LagZero,
            Question::OpenTransactions,
            Question::TargetOnlyOurs,
            Question::VerificationCurrent,
        ] {
            expect(&moved.one(question)?, Success, &[]);
        }
    }
    Ok(())
}

#[test]
fn a_task_that_runs_is_as_ready_as_one_that_is_stopped() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = Ground::new()?;
    for delivery in BOTH {
        let moved = ground.copied(&format!("running-{delivery:?}"), delivery)?;
        let running = moved.bench.start(false)?;
        eventually("it has caught up", || Ok(running.progress().caught_up))?;
        let report = moved.ask()?;
        let blocking: Vec<_> = report.blocking().collect();
        assert!(report.ready, "{delivery:?}: {blocking:#?}");
        stop(running)?;
    }
    Ok(())
}

#[test]
fn a_task_that_was_never_launched_is_refused() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = Ground::new()?;
    let bench = Bench::new(&ground.source.bootstrap(), &ground.target.bootstrap(), &["x"])?;
    let context = ReadinessContext::default();
    let never = AtomicBool::new(false);
    let refused = readiness(&bench.task, bench.store.as_ref(), &context, &never, &|_| ());
    let words = refused.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(words.contains("has not copied anything yet"), "{words}");
    Ok(())
}

#[test]
fn a_target_that_keeps_less_than_the_source_is_shown_and_one_that_deleted_copies_is_not_ready() -> Result<()>
{
    if skipped() {
        return Ok(());
    }
    let ground = Ground::new()?;
    let moved = ground.copied("short", Delivery::ExactlyOnce)?;
    let target = Filler::new(&ground.target.bootstrap())?;
    target.configure("short", &[("retention.ms", "315360000000")])?;
    let item = moved.one(Question::RetentionKeeps)?;
    expect(&item, Warning, &["'short'", "retention.ms"]);
    target.delete_records("short", 1, 3)?;
    let item = moved.one(Question::RetentionKeeps)?;
    expect(&item, Failed, &["short-1"]);
    assert_eq!(
        number(&item, "short-1", "first_kept_source_offset"),
        Some(3),
        "{item:#?}"
    );
    Ok(())
}

#[test]
fn a_task_that_was_never_verified_or_differs_is_not_ready() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = Ground::new()?;
    let mut moved = ground.copied("unverified", Delivery::AtLeastOnce)?;
    let report = moved.ask_with(None, |context| context.verification = None)?;
    let item = report
        .item(Question::VerificationCurrent)
        .context("verification")?;
    expect(item, Failed, &["never verified"]);
    assert!(!report.ready);
    write(&idempotent(&ground.target)?, "unverified")?;
    ground.filler.produce("unverified", 0, &odd_records()[..1])?;
    moved.bench.copy()?;
    moved.verification = moved.bench.verify()?;
    expect(
        &moved.one(Question::VerificationCurrent)?,
        Failed,
        &["differences", "unverified-0"],
    );
    Ok(())
}

#[test]
fn a_broker_that_does_not_answer_makes_answers_unknown_and_nothing_hang() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = Ground::between(KafkaVersion::V4_3_1)?;
    let moved = ground.copied("stalled", Delivery::ExactlyOnce)?;
    ground.source.brokers()[0].pause()?;
    let begun = Instant::now();
    let report = moved.ask_with(None, |context| context.item_deadline = Duration::from_secs(12))?;
    let took = begun.elapsed();
    ground.source.brokers()[0].resume()?;
    assert!(took < Duration::from_secs(25), "{took:?}");
    assert!(!report.ready);
    for question in [
        Question::LagZero,
        Question::SourceSilent,
        Question::OpenTransactions,
    ] {
        let item = report.item(question).context("it was asked")?;
        expect(item, Unknown, &[]);
        assert!(item.blocks, "{item:#?}");
    }
    expect(
        report.item(Question::TargetListeners).context("listeners")?,
        Success,
        &[],
    );
    Ok(())
}
