//! Consumer groups that still run, lag, or are ahead.

use anyhow::{Context, Result};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use sluice_engine::ReadinessResult::{Failed, Success, Warning};
use sluice_engine::{EvidenceValue, Question, SyncOptions, sync_groups};
use sluice_model::Delivery;
use sluice_testground::Cluster;
use sluice_tests::{commit_group, eventually, odd_records, read_all, skipped};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crate::ground::{Ground, expect, number};

/// Where the first record of a partition stands on the target: behind what was tried before, if anything was.
fn first_on_target(ground: &Ground, topic: &str, partition: i32) -> Result<i64> {
    let records = read_all(&ground.target.bootstrap(), topic, partition)?;
    Ok(records.first().context("nothing on the target")?.offset)
}

/// Commits positions of a group without members.
fn commit(cluster: &Cluster, group: &str, topic: &str, offsets: [i64; 2]) -> Result<()> {
    let [first, second] = offsets;
    commit_group(
        &cluster.bootstrap(),
        group,
        &[(topic, 0, first), (topic, 1, second)],
        "",
    )
}

/// Runs a consumer until `act` is over.
fn while_consuming<T: Send>(
    cluster: &Cluster,
    group: &str,
    client_id: &str,
    topic: &str,
    act: impl FnOnce() -> Result<T> + Send,
) -> Result<T> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", cluster.bootstrap())
        .set("group.id", group)
        .set("client.id", client_id)
        .set("enable.auto.commit", "false")
        .create()?;
    consumer.subscribe(&[topic])?;
    let poll = || {
        // What it reads is of no interest.
        drop(consumer.poll(Duration::from_millis(50)));
    };
    eventually("the consumer has partitions", || {
        poll();
        Ok(consumer.assignment()?.count() > 0)
    })?;
    std::thread::scope(|scope| {
        let acting = scope.spawn(act);
        while !acting.is_finished() {
            poll();
        }
        acting.join().map_err(|_| anyhow::anyhow!("asking panicked"))?
    })
}

#[test]
fn a_consumer_that_still_runs_is_named_with_its_client_id_and_host_on_either_side() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    for (version, ground) in [("new", Ground::new()?), ("old", Ground::old()?)] {
        let moved = ground.copied("consumed", Delivery::ExactlyOnce)?;
        expect(&moved.one(Question::NoMembers)?, Success, &[]);
        for (side, cluster) in [("source", &ground.source), ("target", &ground.target)] {
            let group = format!("bookkeeping-{version}-{side}");
            let found = while_consuming(cluster, &group, "ledger-1", "consumed", || {
                moved.one(Question::NoMembers)
            })?;
            expect(&found, Failed, &["'ledger-1'", &group, "127.0.0.1", side]);
            let row = found
                .evidence
                .iter()
                .find(|row| row.about == group)
                .context("its row")?;
            assert_eq!(
                row.facts["side"],
                EvidenceValue::Text(side.to_owned()),
                "{row:#?}"
            );
        }
    }
    Ok(())
}

#[test]
fn groups_that_lag_are_named_and_a_lag_that_is_accepted_is_a_warning() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    for ground in [Ground::new()?, Ground::old()?] {
        let moved = ground.copied("lagging", Delivery::ExactlyOnce)?;
        commit(&ground.source, "slow", "lagging", [2, 5])?;
        let report = moved.ask()?;
        let drained = report.item(Question::GroupsDrained).context("drained")?;
        expect(drained, Failed, &["'slow' by 3 offsets"]);
        assert!(!report.ready);
        expect(
            report.item(Question::GroupInventory).context("inventory")?,
            Success,
            &["slow"],
        );
        expect(
            report.item(Question::OffsetsTranslate).context("translate")?,
            Success,
            &["2 positions"],
        );
        expect(
            report.item(Question::PositionsProved).context("proved")?,
            Warning,
            &["2 positions"],
        );
        let accepted = moved.ask_with(None, |context| {
            context.accepted_lag.insert("slow".to_owned());
        })?;
        expect(
            accepted.item(Question::GroupsDrained).context("drained")?,
            Warning,
            &["'slow'"],
        );
        let blocking: Vec<_> = accepted.blocking().collect();
        assert!(accepted.ready, "{blocking:#?}");

        let options = SyncOptions::default();
        sync_groups(
            &moved.bench.task,
            moved.bench.store.as_ref(),
            &options,
            &AtomicBool::new(false),
        )?;
        let proved = moved.one(Question::PositionsProved)?;
        expect(&proved, Success, &["2 positions moved"]);
        assert_eq!(
            number(&proved, "slow", "target_committed"),
            Some(first_on_target(&ground, "lagging", 0)? + 2),
            "{proved:#?}"
        );
    }
    Ok(())
}

#[test]
fn a_group_that_is_ahead_on_the_target_is_named() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = Ground::new()?;
    let moved = ground.copied("ahead", Delivery::ExactlyOnce)?;
    commit(&ground.source, "early", "ahead", [1, 1])?;
    let begins = first_on_target(&ground, "ahead", 0)?;
    let ahead = first_on_target(&ground, "ahead", 1)?;
    commit(&ground.target, "early", "ahead", [begins + 1, ahead + 4])?;
    let found = moved.one(Question::TargetGroupsNotAhead)?;
    expect(&found, Failed, &["'early' in ahead-1"]);
    assert_eq!(found.evidence.len(), 1, "{found:#?}");
    assert_eq!(
        number(&found, "early", "target_offset"),
        Some(ahead + 1),
        "{found:#?}"
    );
    assert_eq!(
        number(&found, "early", "target_committed"),
        Some(ahead + 4),
        "{found:#?}"
    );
    Ok(())
}

#[test]
fn a_position_beyond_what_is_copied_is_not_ready() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = Ground::new()?;
    let moved = ground.copied("pending", Delivery::ExactlyOnce)?;
    ground.filler.produce("pending", 0, &odd_records()[..3])?;
    commit(&ground.source, "quick", "pending", [7, 5])?;
    expect(
        &moved.one(Question::OffsetsTranslate)?,
        Failed,
        &["'quick' in pending-0", "pending"],
    );
    Ok(())
}
