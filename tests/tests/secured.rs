//! Copies between clusters behind TLS, passwords and ACLs, with no more rights than the README asks for.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use sluice_engine::{PartitionCondition, VerificationResult};
use sluice_model::{Cluster as Address, Delivery};
use sluice_testground::tools::{ConsoleConsumer, acls};
use sluice_testground::{Cluster, KafkaVersion, Mechanism};
use sluice_tests::{
    BOTH, Bench, Filler, OddRecord, Shared, eventually, odd_records, read_all, skipped, stop,
};

const PARTITIONS: i32 = 8;
const READER: (&str, Mechanism) = ("alice", Mechanism::ScramSha512);
const WRITER: (&str, Mechanism) = ("bob", Mechanism::Plain);

struct Ground {
    source: Cluster,
    target: Cluster,
    filler: Filler,
}

static GROUND: Shared<Ground> = Shared::new();

impl Ground {
    fn get() -> Result<Arc<Self>> {
        GROUND.get(|| {
            let source = Cluster::builder(KafkaVersion::V4_3_1).secured().acls().start()?;
            let target = Cluster::builder(KafkaVersion::V4_3_1).secured().acls().start()?;
            // The table "Rights the user needs" of the README, and nothing beyond.
            grant(
                &source,
                READER,
                &["Read", "Describe", "DescribeConfigs"],
                &["--topic", "*"],
            )?;
            grant(
                &target,
                WRITER,
                &["Write", "Describe", "DescribeConfigs", "Read", "Create"],
                &["--topic", "*"],
            )?;
            let prefixed = ["--resource-pattern-type", "prefixed"];
            grant(
                &target,
                WRITER,
                &["Write", "Describe"],
                &[&["--transactional-id", "sluice."], &prefixed[..]].concat(),
            )?;
            grant(
                &target,
                WRITER,
                &["Read"],
                &[&["--group", "sluice."], &prefixed[..]].concat(),
            )?;
            let filler = Filler::new(&source.bootstrap())?;
            Ok(Self {
                source,
                target,
                filler,
            })
        })
    }

    /// A task whose both sides need TLS and a password.
    fn bench(&self, topics: &[&str], delivery: Delivery) -> Result<Bench> {
        let mut bench = Bench::new(&self.source.bootstrap(), &self.target.bootstrap(), topics)?;
        bench.task.source = address(&self.source, READER)?;
        bench.task.target = address(&self.target, WRITER)?;
        bench.task.delivery = delivery;
        Ok(bench)
    }
}

fn grant(cluster: &Cluster, (user, _): (&str, Mechanism), operations: &[&str], on: &[&str]) -> Result<()> {
    let user = format!("User:{user}");
    let mut args = vec!["--add", "--allow-principal", &user];
    for operation in operations {
        args.extend(["--operation", operation]);
    }
    args.extend(on);
    acls(cluster, args)?;
    Ok(())
}

/// Takes one right away, or gives it back: a denial goes before every grant.
fn deny(
    cluster: &Cluster,
    (user, _): (&str, Mechanism),
    operation: &str,
    topic: &str,
    denied: bool,
) -> Result<()> {
    let user = format!("User:{user}");
    let mut args = vec![
        "--deny-principal",
        &user,
        "--operation",
        operation,
        "--topic",
        topic,
    ];
    args.extend(if denied {
        vec!["--add"]
    } else {
        vec!["--remove", "--force"]
    });
    acls(cluster, args)?;
    Ok(())
}

fn address(cluster: &Cluster, (user, mechanism): (&str, Mechanism)) -> Result<Address> {
    let mut address = Address::new(&cluster.secured_bootstrap()?)?;
    address.set("security.protocol", "SASL_SSL");
    address.set("sasl.mechanism", mechanism.name());
    address.set("sasl.username", user);
    address.set("sasl.password", format!("{user}-secret"));
    address.set("ssl.ca.location", cluster.ca_file()?.display().to_string());
    Ok(address)
}

/// What Kafka's console consumer prints of each partition, in order and without offsets and kinds of timestamps:
/// the copy of a topic whose brokers set the time keeps their times, as `CreateTime`.
fn printed(
    cluster: &Cluster,
    mechanism: Mechanism,
    topic: &str,
    count: usize,
) -> Result<BTreeMap<String, Vec<String>>> {
    let lines = ConsoleConsumer::new(cluster, topic)
        .client_properties(cluster.secured_client_properties("admin", mechanism)?)
        .read_committed()
        .max_records(count as u64)
        .print_timestamp()
        .print_partition()
        .print_headers()
        .print_key()
        .run()?;
    let mut partitions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut current = String::new();
    for line in lines {
        let fields: Vec<&str> = line.splitn(3, '\t').collect();
        match fields[..] {
            [time, partition, rest] if partition.starts_with("Partition:") => {
                let (_, time) = time.split_once(':').context("a timestamp")?;
                partition.clone_into(&mut current);
                partitions
                    .entry(current.clone())
                    .or_default()
                    .push(format!("{time}\t{rest}"));
            }
            // A value with a line feed goes on.
            _ => {
                let record = partitions
                    .get_mut(&current)
                    .and_then(|records| records.last_mut());
                let record = record.context("a line before the first record")?;
                record.push('\n');
                record.push_str(&line);
            }
        }
    }
    Ok(partitions)
}

const FOREVER: (&str, &str) = ("retention.ms", "-1");
const ANY_TIME: (&str, &str) = ("message.timestamp.after.max.ms", "9223372036854775807");

/// Five topics of eight partitions, each odd in its own way; with the number of records to be seen in a partition.
fn fill(ground: &Ground, delivery: Delivery) -> Result<Vec<(String, usize)>> {
    let odd = odd_records();
    let big = OddRecord {
        key: Some(b"big".to_vec()),
        value: Some(
            (0..5_000_000_u32)
                .map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8)
                .collect(),
        ),
        headers: Vec::new(),
        timestamp: 1_700_000_000_000,
    };
    let mut topics = Vec::new();
    let mut create = |kind: &str, config: &[(&str, &str)], count: usize| -> Result<String> {
        let name = format!("{kind}-{delivery:?}");
        ground
            .filler
            .create(&name, PARTITIONS, &[&[FOREVER, ANY_TIME], config].concat())?;
        topics.push((name.clone(), count));
        Ok(name)
    };
    let plain = create("plain.odd_names", &[("compression.type", "zstd")], odd.len())?;
    let keyed: Vec<OddRecord> = odd
        .iter()
        .filter(|record| record.key.is_some())
        .cloned()
        .collect();
    let compacted = create("compacted", &[("cleanup.policy", "compact")], keyed.len())?;
    let stamped = create(
        "stamped",
        &[("message.timestamp.type", "LogAppendTime")],
        odd.len(),
    )?;
    let large = create("large", &[("max.message.bytes", "8000000")], 2)?;
    let transactional = create("transactional", &[], 2 * odd.len())?;
    for partition in 0..PARTITIONS {
        ground.filler.produce(&plain, partition, &odd)?;
        ground.filler.produce(&compacted, partition, &keyed)?;
        ground.filler.produce(&stamped, partition, &odd)?;
        ground
            .filler
            .produce(&large, partition, &[big.clone(), big.clone()])?;
    }
    let writer = ground.filler.transactional(&transactional)?;
    for partition in 0..PARTITIONS {
        for commit in [true, false, true] {
            writer.write(&transactional, partition, &odd, commit)?;
        }
    }
    Ok(topics)
}

#[test]
fn five_odd_topics_of_eight_partitions_arrive_through_tls_and_passwords_as_kafkas_own_reader_sees_them()
-> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = Ground::get()?;
    for delivery in BOTH {
        let topics = fill(&ground, delivery)?;
        let names: Vec<&str> = topics.iter().map(|(name, _)| name.as_str()).collect();
        let bench = ground.bench(&names, delivery)?;
        let outcome = bench.copy()?;
        assert_eq!(
            (outcome.progress.quarantined, outcome.progress.gaps),
            (0, 0),
            "{outcome:#?}"
        );
        let report = bench.verify()?;
        assert_eq!(report.result, VerificationResult::Equal, "{report:#?}");
        for (topic, count) in &topics {
            let all = count * PARTITIONS as usize;
            let original = printed(&ground.source, READER.1, topic, all)?;
            let copy = printed(&ground.target, WRITER.1, topic, all)?;
            assert_eq!(original.len(), PARTITIONS as usize, "{topic}");
            for (partition, records) in &original {
                assert_eq!(records.len(), *count, "{topic} {partition}");
                let same = copy.get(partition).is_some_and(|copied| copied == records);
                assert!(same, "{topic} {partition}");
            }
            assert_eq!(copy.len(), original.len(), "{topic}");
        }
    }
    Ok(())
}

#[test]
fn a_right_taken_away_stops_its_topic_alone_until_it_is_given_back() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = Ground::get()?;
    for delivery in BOTH {
        for (cluster, user, operation) in [
            (&ground.source, READER, "Read"),
            (&ground.target, WRITER, "Write"),
        ] {
            let names = ["denied", "free"].map(|kind| format!("{kind}-{operation}-{delivery:?}"));
            for name in &names {
                ground.filler.create(name, 2, &[])?;
                ground.filler.numbered(name, 2, 0, 100, 100)?;
            }
            let [denied, free] = &names;
            let bench = ground.bench(&[denied, free], delivery)?;
            let running = bench.start(false)?;
            let copied = |topic: &str, records: u64| {
                let rows = running.progress().partitions;
                let mut rows = rows.iter().filter(|row| row.topic == topic).peekable();
                rows.peek().is_some() && rows.all(|row| row.records == records)
            };
            eventually("both topics are copied", || {
                Ok(copied(denied, 100) && copied(free, 100))
            })
            .with_context(|| format!("{:#?}", running.progress()))?;
            deny(cluster, user, operation, denied, true)?;
            let mut written = 100;
            // Brokers take a moment to learn of a denial.
            eventually("the denied topic names the right it needs", || {
                ensure!(!running.is_finished(), "the run has ended");
                for name in &names {
                    ground.filler.numbered(name, 2, written, 10, 100)?;
                }
                written += 10;
                let rows = running.progress().partitions;
                let mut denied = rows.iter().filter(|row| row.topic == *denied);
                Ok(denied.all(|row| {
                    let error = row.error.as_deref().unwrap_or_default().to_lowercase();
                    row.condition == PartitionCondition::Retrying && error.contains(&operation.to_lowercase())
                }))
            })
            .with_context(|| format!("{:#?}", running.progress()))?;
            // A fetch that waited at the broker since before the denial may have brought all of these.
            for name in &names {
                ground.filler.numbered(name, 2, written, 10, 100)?;
            }
            written += 10;
            let all = written as u64;
            eventually("the free topic goes on", || Ok(copied(free, all)))
                .with_context(|| format!("{:#?}", running.progress()))?;
            assert!(
                !copied(denied, all) && !running.progress().caught_up,
                "{:#?}",
                running.progress()
            );
            deny(cluster, user, operation, denied, false)?;
            eventually("the denied topic catches up", || {
                let progress = running.progress();
                Ok(copied(denied, all) && progress.caught_up && progress.error.is_none())
            })
            .with_context(|| format!("{:#?}", running.progress()))?;
            stop(running)?;
            let report = bench.verify()?;
            assert_eq!(report.result, VerificationResult::Equal, "{report:#?}");
            for name in &names {
                for partition in 0..2 {
                    assert_eq!(
                        read_all(&ground.target.bootstrap(), name, partition)?.len(),
                        written,
                        "{name}"
                    );
                }
            }
        }
    }
    Ok(())
}
