//! Old brokers on both sides: every pairing copies what the formats of both can hold, and says what they cannot.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use sluice_engine::{
    Accepted, Checkpoint, CheckpointStore, DifferenceKind, Event, PartitionState, Verdict,
    VerificationResult, inspect,
};
use sluice_kafka::Admin;
use sluice_model::Delivery;
use sluice_testground::{Cluster, KafkaVersion};
use sluice_tests::{Bench, Filler, OddRecord, PlainRecord, Shared, cluster, odd_records, read_all, skipped};

const VERSIONS: [KafkaVersion; 4] = [
    KafkaVersion::V0_10_2_2,
    KafkaVersion::V1_0_2,
    KafkaVersion::V2_0_1,
    KafkaVersion::V4_3_1,
];
const PARTITIONS: i32 = 2;
/// Numbered records of each partition, beside one of each odd kind.
const NUMBERED: usize = 200;

static GROUND: Shared<Vec<Cluster>> = Shared::new();

fn ground() -> Result<Arc<Vec<Cluster>>> {
    GROUND.get(|| VERSIONS.into_iter().map(cluster).collect())
}

fn of(ground: &[Cluster], version: KafkaVersion) -> Result<&Cluster> {
    ground
        .iter()
        .find(|cluster| cluster.version() == version)
        .context("a version that was not started")
}

/// Makes a topic that takes every odd record, on any version.
fn create(filler: &Filler, version: KafkaVersion, topic: &str, partitions: i32) -> Result<()> {
    let config: &[(&str, &str)] = if version == KafkaVersion::V4_3_1 {
        &[("message.timestamp.after.max.ms", "9223372036854775807")]
    } else {
        &[]
    };
    filler.create(topic, partitions, config)
}

fn fill(source: &Cluster, topic: &str) -> Result<()> {
    let filler = Filler::new(&source.bootstrap())?;
    create(&filler, source.version(), topic, PARTITIONS)?;
    filler.numbered(topic, PARTITIONS, 0, NUMBERED, 150)?;
    for partition in 0..PARTITIONS {
        filler.produce(topic, partition, &odd_records())?;
    }
    Ok(())
}

/// Whether the copy holds what the source holds, without headers where the target has none.
fn same(original: &[PlainRecord], copy: &[PlainRecord], headers: bool) -> Result<()> {
    ensure!(
        original.len() == copy.len(),
        "{} records became {}",
        original.len(),
        copy.len()
    );
    for (a, b) in original.iter().zip(copy) {
        let expected = PlainRecord {
            headers: if headers { a.headers.clone() } else { Vec::new() },
            offset: b.offset,
            ..a.clone()
        };
        ensure!(expected == *b, "{a:?}\nbecame\n{b:?}");
    }
    Ok(())
}

fn pairing(source: &Cluster, target: &Cluster) -> Result<()> {
    let topic = format!("of-{}", source.version());
    let headers_lost =
        source.version() != KafkaVersion::V0_10_2_2 && target.version() == KafkaVersion::V0_10_2_2;
    let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &[&topic])?;
    // Also where both are one cluster: a topic cannot be copied onto itself.
    bench.task.rename.prefix = format!("from-{}.", source.version());
    let inspection = inspect(&bench.task, bench.store.as_ref())?;
    ensure!(inspection.may_start(), "{:#?}", inspection.findings);
    let version = inspection
        .findings
        .iter()
        .find(|finding| finding.id == "versions")
        .context("no word about the target's version")?;
    let has_zstd = |cluster: &Cluster| cluster.version() > KafkaVersion::V2_0_1;
    let zstd_lost = has_zstd(source) && !has_zstd(target);
    // Brokers before 0.11 create a deleted topic again when a client asks for it.
    let wanted = if source.version().has_transactions() && target.version().has_transactions() && !zstd_lost {
        Verdict::Success
    } else {
        Verdict::Warning
    };
    ensure!(version.result == wanted, "{version:#?}");
    ensure!(
        version.effect.contains("headers are dropped") == headers_lost,
        "{version:#?}"
    );
    ensure!(
        inspection.delivery.starts_with("exactly-once"),
        "{}",
        inspection.delivery
    );
    ensure!(
        inspection.delivery.contains("reconciliation") != target.version().has_transactions(),
        "{}",
        inspection.delivery
    );

    let outcome = bench.copy()?;
    let records = (NUMBERED + odd_records().len()) as u64 * PARTITIONS as u64;
    ensure!(
        outcome.progress.written_records == records,
        "{:#?}",
        outcome.progress
    );

    let report = bench.verify()?;
    ensure!(report.differences.is_empty(), "{report:#?}");
    ensure!(
        (report.source_records, report.target_records) == (records, records),
        "{report:#?}"
    );
    let result = if headers_lost {
        VerificationResult::AcceptedDifferences
    } else {
        VerificationResult::Equal
    };
    ensure!(
        report.result == result && report.equal != headers_lost,
        "{report:#?}"
    );
    let with_headers = (NUMBERED
        + odd_records()
            .iter()
            .filter(|record| !record.headers.is_empty())
            .count()) as u64
        * PARTITIONS as u64;
    ensure!(
        report
            .accepted
            .get(&Accepted::HeadersNotCarried)
            .copied()
            .unwrap_or(0)
            == if headers_lost { with_headers } else { 0 },
        "{report:#?}"
    );
    ensure!(
        !headers_lost || report.sentence.contains("headers not carried"),
        "{}",
        report.sentence
    );

    let copied_to = format!("from-{}.{topic}", source.version());
    for partition in 0..PARTITIONS {
        let original = read_all(&source.bootstrap(), &topic, partition)?;
        ensure!(
            original.iter().any(|record| !record.headers.is_empty()) == source.version().has_transactions(),
            "what the source holds"
        );
        same(
            &original,
            &read_all(&target.bootstrap(), &copied_to, partition)?,
            !headers_lost,
        )?;
    }
    Ok(())
}

#[test]
fn every_pairing_of_versions_copies_what_both_can_hold_and_names_what_they_cannot() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = ground()?;
    for source in ground.iter() {
        fill(source, &format!("of-{}", source.version()))
            .with_context(|| format!("filling {}", source.version()))?;
    }
    let mut failures = Vec::new();
    for source in ground.iter() {
        for target in ground.iter() {
            if let Err(error) = pairing(source, target) {
                failures.push(format!("{} to {}: {error:?}", source.version(), target.version()));
            }
        }
    }
    assert!(
        failures.is_empty(),
        "{} of 16 pairings:\n{}",
        failures.len(),
        failures.join("\n\n")
    );
    Ok(())
}

/// Puts the state back to what it was, as if the process had died before it saved anything later.
fn forget(bench: &Bench, earlier: &[PartitionState]) -> Result<()> {
    let checkpoint = Checkpoint {
        partitions: earlier.to_vec(),
        ..Checkpoint::default()
    };
    Ok(bench.store.save(&bench.task.name, &checkpoint)?)
}

/// A copy to 0.10 in two parts; returns the state after the first of them.
fn copy_in_two_parts(bench: &Bench, filler: &Filler, topic: &str) -> Result<Vec<PartitionState>> {
    filler.numbered(topic, PARTITIONS, 0, 100, 120)?;
    bench.copy()?;
    let earlier = bench.store.partitions(&bench.task.name)?;
    ensure!(
        earlier.len() == 2
            && earlier
                .iter()
                .all(|state| state.position == 100 && state.target_next == 100),
        "{earlier:#?}"
    );
    filler.numbered(topic, PARTITIONS, 100, 60, 120)?;
    for partition in 0..PARTITIONS {
        filler.produce(topic, partition, &odd_records())?;
    }
    bench.copy()?;
    Ok(earlier)
}

#[test]
fn a_copy_to_a_target_without_transactions_goes_on_behind_what_the_target_received() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = ground()?;
    for from in [KafkaVersion::V4_3_1, KafkaVersion::V0_10_2_2] {
        let (source, target) = (of(&ground, from)?, of(&ground, KafkaVersion::V0_10_2_2)?);
        let filler = Filler::new(&source.bootstrap())?;
        let topic = format!("reconciled-{from}");
        create(&filler, from, &topic, PARTITIONS)?;
        let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &[&topic])?;
        bench.task.rename.prefix = "copy.".to_owned();
        let earlier = copy_in_two_parts(&bench, &filler, &topic)?;

        forget(&bench, &earlier)?;
        filler.numbered(&topic, PARTITIONS, 160, 20, 120)?;
        let outcome = bench.copy()?;
        assert_eq!(
            outcome.progress.written_records,
            20 * PARTITIONS as u64,
            "only what the target lacks is written from {from}: {:#?}\n{:#?}",
            outcome.progress.partitions,
            bench.events()
        );
        let told = bench.events().into_iter().filter(|event| matches!(event, Event::Info(text) if text.contains("received 72 records behind the last checkpoint"))).count();
        assert_eq!(told, 2, "{:#?}", bench.events());

        for partition in 0..PARTITIONS {
            let original = read_all(&source.bootstrap(), &topic, partition)?;
            assert_eq!(original.len(), 192);
            same(
                &original,
                &read_all(&target.bootstrap(), &format!("copy.{topic}"), partition)?,
                false,
            )?;
        }
        let report = bench.verify()?;
        let result = if from == KafkaVersion::V4_3_1 {
            VerificationResult::AcceptedDifferences
        } else {
            VerificationResult::Equal
        };
        assert_eq!(report.result, result, "{report:#?}");
        assert_eq!(
            report
                .partitions
                .iter()
                .map(|partition| partition.equal_records)
                .collect::<Vec<_>>(),
            [192, 192]
        );

        let state = bench.store.partitions(&bench.task.name)?;
        assert!(
            state.iter().all(
                |partition| (partition.position, partition.target_next, partition.records) == (192, 192, 192)
            ),
            "{state:#?}"
        );
        // A start that finds everything as the state says writes nothing.
        assert_eq!(bench.copy()?.progress.written_records, 0);
    }
    Ok(())
}

#[test]
fn a_foreign_record_behind_the_checkpoint_stops_a_copy_to_a_target_without_transactions() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = ground()?;
    let (source, target) = (
        of(&ground, KafkaVersion::V2_0_1)?,
        of(&ground, KafkaVersion::V0_10_2_2)?,
    );
    let filler = Filler::new(&source.bootstrap())?;
    filler.create("foreign", PARTITIONS, &[])?;
    let bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["foreign"])?;
    let earlier = copy_in_two_parts(&bench, &filler, "foreign")?;
    forget(&bench, &earlier)?;
    let stranger = OddRecord {
        key: Some(b"who".to_vec()),
        value: Some(b"another program".to_vec()),
        headers: Vec::new(),
        timestamp: 1_700_000_000_000,
    };
    Filler::new(&target.bootstrap())?.produce("foreign", 1, &[stranger])?;

    let Err(refusal) = bench.start(true) else {
        panic!("it started beside another writer")
    };
    let sentence = refusal.to_string();
    assert!(
        sentence.contains("foreign-1 holds a record at offset 172 that does not come from this copy"),
        "{sentence}"
    );
    assert!(sentence.contains("another program writes to it"), "{sentence}");
    assert_eq!(
        read_all(&target.bootstrap(), "foreign", 1)?.len(),
        173,
        "nothing was written after the refusal"
    );
    Ok(())
}

#[test]
fn at_least_once_to_a_target_without_idempotence_loses_nothing() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = ground()?;
    let (source, target) = (
        of(&ground, KafkaVersion::V1_0_2)?,
        of(&ground, KafkaVersion::V0_10_2_2)?,
    );
    let filler = Filler::new(&source.bootstrap())?;
    filler.create("at-least-once", PARTITIONS, &[])?;
    let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["at-least-once"])?;
    bench.task.delivery = Delivery::AtLeastOnce;
    copy_in_two_parts(&bench, &filler, "at-least-once")?;
    for partition in 0..PARTITIONS {
        same(
            &read_all(&source.bootstrap(), "at-least-once", partition)?,
            &read_all(&target.bootstrap(), "at-least-once", partition)?,
            false,
        )?;
    }
    assert_eq!(bench.verify()?.result, VerificationResult::AcceptedDifferences);
    Ok(())
}

#[test]
fn capabilities_are_read_from_what_the_brokers_announce() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = ground()?;
    for (version, message_v2, zstd) in [
        (VERSIONS[0], false, false),
        (VERSIONS[1], true, false),
        (VERSIONS[2], true, false),
        (VERSIONS[3], true, true),
    ] {
        let admin = Admin::new(&sluice_model::Cluster::new(&of(&ground, version)?.bootstrap())?)?;
        admin.connect(std::time::Duration::from_secs(20))?;
        let found = admin.capabilities();
        assert_eq!((found.message_v2, found.zstd), (message_v2, zstd), "{version}");
    }
    Ok(())
}

#[test]
fn a_target_that_stamps_records_itself_is_matched_with_its_source_all_the_same() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = ground()?;
    let (source, target) = (
        of(&ground, KafkaVersion::V2_0_1)?,
        of(&ground, KafkaVersion::V0_10_2_2)?,
    );
    let filler = Filler::new(&source.bootstrap())?;
    filler.create("stamped", PARTITIONS, &[])?;
    Filler::new(&target.bootstrap())?.create(
        "stamped",
        PARTITIONS,
        &[("message.timestamp.type", "LogAppendTime")],
    )?;
    let bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["stamped"])?;
    let earlier = copy_in_two_parts(&bench, &filler, "stamped")?;
    forget(&bench, &earlier)?;
    assert_eq!(bench.copy()?.progress.written_records, 0);
    let report = bench.verify()?;
    assert_eq!(
        report.result,
        VerificationResult::AcceptedDifferences,
        "{report:#?}"
    );
    assert_eq!(
        report.accepted[&Accepted::TimestampByTarget],
        172 * PARTITIONS as u64
    );
    assert!(report.differences.is_empty(), "{report:#?}");
    Ok(())
}

#[test]
fn a_record_that_a_repeated_write_left_twice_is_warned_of_and_shown_as_a_duplicate() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = ground()?;
    let (source, target) = (
        of(&ground, KafkaVersion::V0_10_2_2)?,
        of(&ground, KafkaVersion::V0_10_2_2)?,
    );
    let filler = Filler::new(&source.bootstrap())?;
    filler.create("twice", PARTITIONS, &[])?;
    let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["twice"])?;
    bench.task.rename.prefix = "copy.".to_owned();
    let earlier = copy_in_two_parts(&bench, &filler, "twice")?;
    forget(&bench, &earlier)?;
    let again = odd_records().pop().context("a record")?;
    filler.produce("copy.twice", 0, &[again])?;
    assert_eq!(bench.copy()?.progress.written_records, 0);
    let warned = bench.events().into_iter().any(|event| matches!(event, Event::Warning(text) if text.contains("twice-0: 1 records are twice on the target")));
    assert!(warned, "{:#?}", bench.events());
    let report = bench.verify()?;
    let [found] = report.first_differences.as_slice() else {
        anyhow::bail!("{report:#?}")
    };
    assert_eq!(
        (found.kind, found.partition, found.target_offset),
        (DifferenceKind::Duplicate, 0, Some(172))
    );
    Ok(())
}
