//! Who still writes: at the source, in a transaction, on the target.

use anyhow::{Context, Result};
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, Producer};
use sluice_engine::ReadinessResult::{Failed, Success, Unknown, Warning};
use sluice_engine::{Question, ReadinessItem};
use sluice_model::Delivery;
use sluice_tests::{BOTH, Filler, odd_records, skipped};
use std::time::Duration;

use crate::ground::{Ground, expect, idempotent, number, while_writing, write};

#[test]
fn a_producer_that_was_forgotten_is_named_by_its_producer_id() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    for (ground, knows_producers) in [(Ground::new()?, true), (Ground::old()?, false)] {
        let moved = ground.copied("forgotten", Delivery::ExactlyOnce)?;
        let producer = idempotent(&ground.source)?;
        write(&producer, "forgotten")?;
        let report = while_writing(&producer, "forgotten", || moved.ask())?;
        assert!(!report.ready);
        let silent = report.item(Question::SourceSilent).context("silence")?;
        expect(silent, Failed, &["forgotten-0"]);
        assert!(number(silent, "forgotten-0", "gained") > Some(0), "{silent:#?}");
        assert!(
            !silent.evidence.iter().any(|row| row.about == "forgotten-1"),
            "{silent:#?}"
        );
        let found = report.item(Question::SourceProducers).context("producers")?;
        expect(found, Failed, &["forgotten-0"]);
        assert!(
            number(found, "forgotten-0", "producer_id").is_some(),
            "{found:#?}"
        );
        let lag = report.item(Question::LagZero).context("lag")?;
        expect(lag, Failed, &["not copied yet"]);
        assert!(number(lag, "forgotten-0", "lag") > Some(0), "{lag:#?}");
        // A moment later: it may only be pausing. Brokers before 2.8 do not know.
        let later = moved.one(Question::SourceProducers)?;
        if knows_producers {
            expect(&later, Warning, &["within the last minute"]);
        } else {
            expect(&later, Unknown, &["2.8"]);
            assert!(!later.blocks);
        }
    }
    Ok(())
}

#[test]
fn a_transactional_producer_that_was_forgotten_is_named_by_its_transactional_id() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = Ground::new()?;
    let moved = ground.copied("desk", Delivery::ExactlyOnce)?;
    let writer = ground.filler.transactional("cash-desk-7")?;
    writer.write("desk", 1, &odd_records()[..1], true)?;
    let found = std::thread::scope(|scope| -> Result<ReadinessItem> {
        let asked = scope.spawn(|| moved.one(Question::SourceProducers));
        while !asked.is_finished() {
            writer.write("desk", 1, &odd_records()[..1], true)?;
            std::thread::sleep(Duration::from_millis(100));
        }
        asked.join().map_err(|_| anyhow::anyhow!("asking panicked"))?
    })?;
    expect(&found, Failed, &["'cash-desk-7'", "desk-1"]);
    Ok(())
}

#[test]
fn a_client_without_a_producer_id_is_found_by_what_it_writes() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = Ground::new()?;
    let moved = ground.copied("plain", Delivery::ExactlyOnce)?;
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", ground.source.bootstrap())
        .create()?;
    write(&producer, "plain")?;
    let found = while_writing(&producer, "plain", || moved.one(Question::SourceProducers))?;
    expect(&found, Failed, &["a client without a producer id to plain-0"]);
    Ok(())
}

#[test]
fn an_open_transaction_is_named_with_its_id_and_its_age() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    for (ground, names) in [(Ground::new()?, true), (Ground::old()?, false)] {
        let moved = ground.copied("held", Delivery::ExactlyOnce)?;
        ground.filler.create("beyond", 1, &[])?;
        let writer = ground.filler.transactional("left-open")?;
        writer.open("held", 0, &odd_records()[..2])?;
        let report = moved.ask()?;
        assert!(!report.ready);
        let open = report.item(Question::OpenTransactions).context("transactions")?;
        expect(open, Failed, &["held-0"]);
        assert_eq!(number(open, "held-0", "held_back"), Some(2), "{open:#?}");
        let lag = report.item(Question::LagZero).context("lag")?;
        expect(lag, Failed, &["held back by transactions"]);
        assert_eq!(number(lag, "held-0", "lag"), Some(2), "{lag:#?}");
        assert_eq!(number(lag, "held-0", "lag_committed"), Some(0), "{lag:#?}");
        let tied = report.item(Question::TiedTopics).context("tied")?;
        if names {
            expect(open, Failed, &["'left-open'"]);
            assert!(number(open, "held-0", "producer_id").is_some(), "{open:#?}");
            assert!(number(open, "held-0", "age_ms") > Some(0), "{open:#?}");
            expect(tied, Success, &["as far as seen", "left-open"]);
        } else {
            expect(open, Failed, &["too old to name it", "2.8"]);
            expect(tied, Unknown, &["3.0"]);
        }
        writer.commit()?;
        moved.bench.copy()?;
        expect(&moved.one(Question::OpenTransactions)?, Success, &[]);
        expect(&moved.one(Question::LagZero)?, Success, &[]);
        // What came since is not verified.
        expect(
            &moved.one(Question::VerificationCurrent)?,
            Failed,
            &["held-0", "--continue"],
        );
    }
    Ok(())
}

#[test]
fn a_transaction_that_reaches_beyond_the_task_is_shown_with_the_other_topic() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = Ground::new()?;
    let moved = ground.copied("inside", Delivery::ExactlyOnce)?;
    ground.filler.create("outside", 1, &[])?;
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", ground.source.bootstrap())
        .set("transactional.id", "both-topics")
        .create()?;
    producer.init_transactions(Duration::from_secs(30))?;
    producer.begin_transaction()?;
    for topic in ["inside", "outside"] {
        write(&producer, topic)?;
    }
    expect(
        &moved.one(Question::TiedTopics)?,
        Warning,
        &["'outside'", "both-topics"],
    );
    producer.abort_transaction(Duration::from_secs(30))?;
    Ok(())
}

#[test]
fn a_foreign_writer_on_the_target_is_named_by_its_producer_id() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = Ground::new()?;
    for delivery in BOTH {
        let topic = format!("foreign-{delivery:?}");
        let moved = ground.copied(&topic, delivery)?;
        expect(&moved.one(Question::TargetOnlyOurs)?, Success, &[]);
        let producer = idempotent(&ground.target)?;
        write(&producer, &topic)?;
        let behind = moved.one(Question::TargetOnlyOurs)?;
        let place = format!("{topic}-0");
        expect(&behind, Failed, &[&place, "other clients wrote"]);
        assert!(number(&behind, &place, "producer_id").is_some(), "{behind:#?}");
        assert!(number(&behind, &place, "offset").is_some(), "{behind:#?}");
    }
    // One that wrote between the task's records is remembered by the brokers.
    let moved = ground.copied("between", Delivery::ExactlyOnce)?;
    let writer = Filler::new(&ground.target.bootstrap())?.transactional("other-copier")?;
    writer.write("between", 0, &odd_records()[..1], true)?;
    ground.filler.produce("between", 0, &odd_records()[..1])?;
    moved.bench.copy()?;
    let between = moved.one(Question::TargetOnlyOurs)?;
    expect(&between, Failed, &["between-0", "'other-copier'"]);
    Ok(())
}
