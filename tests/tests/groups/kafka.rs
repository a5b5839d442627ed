//! On real brokers: groups at many positions are moved, and consumers that are not ours continue on the target.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use sluice_engine::{GroupKind, GroupState, SyncOptions, Translated};
use sluice_model::{Delivery, LaneChoice};
use sluice_testground::tools::ConsoleConsumer;
use sluice_testground::{Cluster, KafkaVersion};
use sluice_tests::{
    Bench, Filler, OddRecord, PlainRecord, Shared, cluster, commit_group, commit_group_with, continued,
    eventually, group_client, read_all, skipped,
};

use crate::ground::{all, group, inventory, sync};

const PARTITIONS: i32 = 2;

static NEW: Shared<(Cluster, Cluster)> = Shared::new();

fn new_clusters() -> Result<Arc<(Cluster, Cluster)>> {
    NEW.get(|| Ok((cluster(KafkaVersion::V4_3_1)?, cluster(KafkaVersion::V4_3_1)?)))
}

fn odd(number: usize) -> OddRecord {
    OddRecord {
        key: Some(format!("k{number}").into_bytes()),
        value: Some(format!("v{number}").into_bytes()),
        headers: Vec::new(),
        timestamp: 1_700_000_000_000 + number as i64,
    }
}

/// Numbered records; where the brokers have transactions, some in committed and aborted ones of several sizes.
fn fill(cluster: &Cluster, topic: &str, from: usize) -> Result<()> {
    let filler = Filler::new(&cluster.bootstrap())?;
    if from == 0 {
        filler.create(topic, PARTITIONS, &[])?;
    }
    for partition in 0..PARTITIONS {
        let records = |first: usize, count: usize| (first..first + count).map(odd).collect::<Vec<_>>();
        filler.produce(topic, partition, &records(from, 30))?;
        if cluster.version().has_transactions() {
            let writer = filler.transactional(&format!("{topic}-{partition}"))?;
            for round in 0..4 {
                let first = from + 100 + 20 * round;
                writer.write(topic, partition, &records(first, 1 + round), true)?;
                writer.write(topic, partition, &records(first + 10, 2), false)?;
            }
        }
        filler.produce(topic, partition, &records(from + 900, 5))?;
    }
    Ok(())
}

/// The positions that groups are given: all, or every `step`-th, and always the last ones.
fn positions(records: &[PlainRecord], step: usize) -> Vec<i64> {
    let end = records.last().map_or(0, |record| record.offset + 1);
    (0..=end)
        .filter(|offset| usize::try_from(*offset).is_ok_and(|offset| offset % step == 0) || *offset + 4 > end)
        .collect()
}

struct Moved {
    source: BTreeMap<i32, Vec<PlainRecord>>,
    /// The position of each group in every partition.
    groups: BTreeMap<String, i64>,
}

/// Commits for a group at each of some positions.
fn groups(source: &Cluster, topic: &str, prefix: &str, step: usize) -> Result<Moved> {
    let mut records = BTreeMap::new();
    for partition in 0..PARTITIONS {
        records.insert(partition, read_all(&source.bootstrap(), topic, partition)?);
    }
    let first = records.get(&0).context("partition 0")?;
    let mut groups = BTreeMap::new();
    let client = group_client(&source.bootstrap())?;
    for offset in positions(first, step) {
        let name = format!("{prefix}-{offset:04}");
        let offsets: Vec<(&str, i32, i64)> = (0..PARTITIONS)
            .map(|partition| (topic, partition, offset))
            .collect();
        commit_group_with(&client, &name, &offsets, &format!("note {offset}"))?;
        groups.insert(name, offset);
    }
    Ok(Moved {
        source: records,
        groups,
    })
}

/// Consumers that continue at the same time: each waits most of its time for its coordinator.
const AT_ONCE: usize = 12;

/// Whether a consumer of librdkafka that continues for each group reads exactly what the group has not read.
fn each_continues(moved: &Moved, target: &Cluster, topic: &str) -> Result<()> {
    let groups: Vec<(&String, &i64)> = moved.groups.iter().collect();
    std::thread::scope(|scope| {
        let checks: Vec<_> = groups
            .chunks(groups.len().div_ceil(AT_ONCE))
            .map(|groups| {
                scope.spawn(move || {
                    groups
                        .iter()
                        .try_for_each(|(name, offset)| continues(moved, target, topic, name, **offset))
                })
            })
            .collect();
        checks.into_iter().try_for_each(|check| {
            check
                .join()
                .map_err(|_| anyhow::anyhow!("a consumer's thread panicked"))?
        })
    })
}

fn continues(moved: &Moved, target: &Cluster, topic: &str, name: &str, offset: i64) -> Result<()> {
    let read = continued(&target.bootstrap(), name, topic, PARTITIONS)?;
    for ((partition, records), read) in moved.source.iter().zip(read) {
        let wanted: Vec<Vec<u8>> = records
            .iter()
            .filter(|record| record.offset >= offset)
            .map(|record| record.value.clone().unwrap_or_default())
            .collect();
        ensure!(
            read == wanted,
            "{name} of {topic}-{partition} reads {} records instead of {}",
            read.len(),
            wanted.len()
        );
    }
    Ok(())
}

fn moves(source: &Cluster, target: &Cluster, lane: LaneChoice, delivery: Delivery) -> Result<()> {
    let topic = format!("moved-{}-{}", lane_word(lane), delivery_word(delivery));
    fill(source, &topic, 0)?;
    let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &[&topic])?.named(&topic)?;
    (bench.task.lane, bench.task.delivery) = (lane, delivery);
    bench.task.rename.prefix = "new.".into();
    bench.copy()?;
    fill(source, &topic, 1_000)?;
    bench.copy()?;
    let moved = groups(source, &topic, &topic, 3)?;
    let report = sync(&bench, &all())?;
    ensure!(report.failed == 0, "{report:#?}");
    for name in moved.groups.keys() {
        let group = group(&report, name)?;
        ensure!(
            group.state == GroupState::Synced && group.is_exact(),
            "{group:#?}"
        );
        ensure!(
            group
                .partitions
                .iter()
                .all(|position| position.proved == Some(true)),
            "{group:#?}"
        );
    }
    each_continues(&moved, target, &format!("new.{topic}"))
}

fn lane_word(lane: LaneChoice) -> &'static str {
    if lane == LaneChoice::Wire {
        "wire"
    } else {
        "record"
    }
}

fn delivery_word(delivery: Delivery) -> &'static str {
    if delivery == Delivery::ExactlyOnce {
        "once"
    } else {
        "least"
    }
}

#[test]
fn groups_between_new_brokers_continue_where_they_stopped_with_both_lanes() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let clusters = new_clusters()?;
    let (source, target) = (&clusters.0, &clusters.1);
    moves(source, target, LaneChoice::Record, Delivery::ExactlyOnce)?;
    moves(source, target, LaneChoice::Wire, Delivery::ExactlyOnce)?;
    moves(source, target, LaneChoice::Record, Delivery::AtLeastOnce)?;
    moves(source, target, LaneChoice::Wire, Delivery::AtLeastOnce)
}

#[test]
fn groups_of_old_brokers_continue_on_new_ones() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let target = cluster(KafkaVersion::V4_3_1)?;
    for version in [KafkaVersion::V2_0_1, KafkaVersion::V0_10_2_2] {
        let source = cluster(version)?;
        let topic = format!("of-{version}");
        fill(&source, &topic, 0)?;
        let bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &[&topic])?.named(&topic)?;
        bench.copy()?;
        fill(&source, &topic, 1_000)?;
        bench.copy()?;
        let moved = groups(&source, &topic, &format!("from-{version}"), 7)?;
        let report = sync(&bench, &all())?;
        ensure!(report.failed == 0, "{report:#?}");
        ensure!(
            report.notes.iter().any(|note| note.contains("ZooKeeper")),
            "{:?}",
            report.notes
        );
        ensure!(
            report
                .groups
                .iter()
                .all(|group| group.state == GroupState::Synced),
            "{report:#?}"
        );
        each_continues(&moved, &target, &topic)?;
    }
    Ok(())
}

#[test]
fn groups_of_new_brokers_continue_on_old_ones() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let source = cluster(KafkaVersion::V4_3_1)?;
    for version in [KafkaVersion::V2_0_1, KafkaVersion::V0_10_2_2] {
        let target = cluster(version)?;
        let topic = format!("to-{version}");
        fill(&source, &topic, 0)?;
        let bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &[&topic])?.named(&topic)?;
        bench.copy()?;
        let moved = groups(&source, &topic, &format!("to-{version}"), 7)?;
        let report = sync(&bench, &all())?;
        ensure!(report.failed == 0, "{report:#?}");
        for name in moved.groups.keys() {
            ensure!(group(&report, name)?.state == GroupState::Synced, "{report:#?}");
        }
        each_continues(&moved, &target, &topic)?;
    }
    Ok(())
}

/// Consumers of Java, as members of their groups and with both protocols, before and after the move.
#[test]
fn javas_consumers_of_both_protocols_go_on_where_they_stopped() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let clusters = new_clusters()?;
    let (source, target) = (&clusters.0, &clusters.1);
    let filler = Filler::new(&source.bootstrap())?;
    filler.create("java", 1, &[])?;
    filler.produce("java", 0, &(0..100).map(odd).collect::<Vec<_>>())?;
    let bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["java"])?.named("java")?;
    bench.copy()?;
    for (name, protocol, kind) in [
        ("java-classic", "classic", GroupKind::Classic),
        ("java-consumer", "consumer", GroupKind::Consumer),
    ] {
        let read = |cluster: &Cluster, count: u64| -> Result<Vec<String>> {
            let properties = [
                ("group.id", name),
                ("group.protocol", protocol),
                ("enable.auto.commit", "true"),
                // What is fetched is committed when the program ends: no more than was asked for.
                ("max.poll.records", "1"),
            ];
            Ok(ConsoleConsumer::new(cluster, "java")
                .max_records(count)
                .client_properties(properties.map(|(key, value)| (key.to_owned(), value.to_owned())))
                .run()?)
        };
        let first = read(source, 37)?;
        ensure!(
            first == (0..37).map(|n| format!("v{n}")).collect::<Vec<_>>(),
            "{first:?}"
        );
        eventually("the group has left", || {
            let report = inventory(&bench)?;
            Ok(report.group(name).and_then(|group| group.members_source) == Some(0))
        })?;
        let report = sync(&bench, &all())?;
        let moved = group(&report, name)?;
        ensure!(
            moved.kind == kind && moved.state == GroupState::Synced,
            "{moved:#?}"
        );
        ensure!(moved.partitions[0].proved == Some(true), "{moved:#?}");
        let read_before = moved.partitions[0].source_offset;
        ensure!((37..=38).contains(&read_before), "{moved:#?}");
        let rest = read(target, 100 - u64::try_from(read_before)?)?;
        let wanted: Vec<String> = (read_before..100).map(|n| format!("v{n}")).collect();
        ensure!(rest == wanted, "{name}: {rest:?}");
        // It was live there: nothing that happens at the source concerns it any more.
        let report = sync(
            &bench,
            &SyncOptions {
                rewind: true,
                ..all()
            },
        )?;
        ensure!(
            matches!(
                group(&report, name)?.state,
                GroupState::TakenOver | GroupState::Live
            ),
            "{report:#?}"
        );
    }
    Ok(())
}

/// The broker itself refuses a commit for a group that has got members between the look and the commit.
#[test]
fn a_live_group_of_the_new_protocol_is_seen_and_refused() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let clusters = new_clusters()?;
    let (source, target) = (&clusters.0, &clusters.1);
    let filler = Filler::new(&source.bootstrap())?;
    filler.create("live", 1, &[])?;
    filler.produce("live", 0, &(0..20).map(odd).collect::<Vec<_>>())?;
    let bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["live"])?.named("live")?;
    bench.copy()?;
    commit_group(&source.bootstrap(), "live-848", &[("live", 0, 7)], "")?;
    let reading = std::thread::spawn({
        let bootstrap = target.bootstrap();
        move || {
            ConsoleConsumer::at(KafkaVersion::V4_3_1, bootstrap, "live")
                .silence(Duration::from_secs(20))
                .client_properties(
                    [("group.id", "live-848"), ("group.protocol", "consumer")]
                        .map(|(key, value)| (key.to_owned(), value.to_owned())),
                )
                .run()
        }
    });
    eventually("it is live on the target", || {
        let report = inventory(&bench)?;
        Ok(report.group("live-848").map(|group| group.state) == Some(GroupState::Live))
    })?;
    let report = sync(&bench, &all())?;
    ensure!(
        group(&report, "live-848")?.state == GroupState::Live,
        "{report:#?}"
    );
    let client = group_client(&target.bootstrap())?;
    let offset = sluice_wire::GroupOffset {
        offset: 3,
        leader_epoch: None,
        metadata: String::new(),
    };
    let place = sluice_wire::TopicPartition::new("live", 0);
    let refused = client.offset_commit("live-848", &[(place.clone(), offset)].into())?;
    ensure!(refused[&place].is_err(), "{refused:?}");
    reading
        .join()
        .map_err(|_| anyhow::anyhow!("the consumer's thread"))??;
    Ok(())
}

#[test]
fn positions_behind_an_aborted_end_and_in_an_open_transaction_are_told_apart() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let clusters = new_clusters()?;
    let (source, target) = (&clusters.0, &clusters.1);
    let filler = Filler::new(&source.bootstrap())?;
    filler.create("ends", 1, &[])?;
    filler.produce("ends", 0, &(0..10).map(odd).collect::<Vec<_>>())?;
    let writer = filler.transactional("ends")?;
    writer.write("ends", 0, &[odd(10)], false)?;
    let bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["ends"])?.named("ends")?;
    bench.copy()?;
    // 0..10 records, 10 aborted, 11 its marker.
    commit_group(&source.bootstrap(), "behind-the-marker", &[("ends", 0, 12)], "")?;
    commit_group(&source.bootstrap(), "on-the-marker", &[("ends", 0, 11)], "")?;
    writer.open("ends", 0, &[odd(12)])?;
    commit_group(&source.bootstrap(), "behind-the-open-one", &[("ends", 0, 13)], "")?;
    let report = sync(&bench, &all())?;
    for name in ["behind-the-marker", "on-the-marker"] {
        let position = &group(&report, name)?.partitions[0];
        ensure!(
            position.result == Translated::Exact && position.committed,
            "{position:?}"
        );
        ensure!(position.proved == Some(true), "{position:?}");
    }
    let position = &group(&report, "behind-the-open-one")?.partitions[0];
    ensure!(
        position.result == Translated::Pending && !position.committed,
        "{position:?}"
    );
    writer.commit()
}
