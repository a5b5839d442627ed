//! Compacted topics of a pair: what a cleaner took on either side is told from what was lost.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use sluice_engine::{
    Accepted, DifferenceKind, VerificationReport, VerificationResult, VerifyOptions, verify,
};
use sluice_fakekafka::{FakeRecord, Isolation};
use sluice_model::{Delivery, Objects, Task};
use sluice_store::SqliteStore;
use sluice_testground::tools::ConsoleConsumer;
use sluice_testground::{Cluster, KafkaVersion};
use sluice_tests::{BOTH, Chance, Filler, eventually, read_all, skipped};

use crate::crashes::{Ground, TOPIC, WAYS, Way, between, copy};

const KEYS: u64 = 6;

fn report(task: &Task, store: &SqliteStore) -> Result<VerificationReport> {
    let never = AtomicBool::new(false);
    Ok(verify(task, store, VerifyOptions::default(), &|_| {}, &never)?)
}

fn verified(ground: &Ground, way: Way, delivery: Delivery) -> Result<VerificationReport> {
    report(&ground.task(way, delivery)?, &ground.store)
}

/// Each side's application writes: keys of its own, and keys that both write.
fn upserts(ground: &Ground, way: Way, chance: &mut Chance, number: &mut i64) -> Result<()> {
    let cluster = match way {
        Way::There => &ground.a,
        Way::Back => &ground.b,
    };
    for _ in 0..=chance.below(5) {
        *number += 1;
        let key = match chance.below(2) {
            0 => format!("{way:?} {}", chance.below(KEYS)),
            _ => format!("both {}", chance.below(KEYS)),
        };
        let record = if chance.below(6) == 0 {
            FakeRecord::tombstone(key)
        } else {
            FakeRecord::new(key, format!("v{number}"))
        };
        cluster.append(TOPIC, 0, vec![record.at(1_700_000_000_000 + *number)])?;
    }
    Ok(())
}

/// A value and its time; a tombstone has neither.
type Last = (Option<Vec<u8>>, Option<i64>);

/// The last record of each key of a side: its value and time.
fn last_records(cluster: &sluice_fakekafka::FakeCluster) -> Result<BTreeMap<Vec<u8>, Last>> {
    let mut last = BTreeMap::new();
    for stored in cluster.records(TOPIC, 0, Isolation::Committed)? {
        let record = stored.record;
        let key = record.key.context("a key")?.to_vec();
        let value = record.value.map(|value| value.to_vec());
        let time = value.is_some().then_some(record.timestamp);
        last.insert(key, (value, time));
    }
    Ok(last)
}

#[test]
fn compaction_on_either_side_of_a_pair_is_no_difference_and_keys_that_end_otherwise_are_counted() -> Result<()>
{
    for delivery in BOTH {
        let ground = Ground::compacted()?;
        let mut chance = Chance(0x0c_0ac7);
        let (mut number, mut explained) = (0, 0);
        for way in WAYS {
            ground.copy(way, delivery)?;
        }
        for round in 0..12 {
            for way in WAYS {
                upserts(&ground, way, &mut chance, &mut number)?;
            }
            let way = WAYS[usize::from(chance.below(2) == 0)];
            ground.copy(way, delivery)?;
            match chance.below(4) {
                0 => ground.a.compact(TOPIC, 0)?,
                1 => ground.b.compact(TOPIC, 0)?,
                _ => {}
            }
            for way in WAYS {
                let report = verified(&ground, way, delivery)?;
                ensure!(
                    report.differences.is_empty() && report.not_compared.partitions == 0,
                    "round {round}, {way:?}: {report:#?}"
                );
                explained += report.accepted.get(&Accepted::Compacted).copied().unwrap_or(0);
            }
        }
        // Both write one more key, before either copy is there.
        for cluster in [&ground.a, &ground.b] {
            number += 1;
            let record = FakeRecord::new("crossed", format!("v{number}"));
            cluster.append(TOPIC, 0, vec![record.at(1_700_000_000_000 + number)])?;
        }
        for way in [Way::There, Way::Back, Way::There] {
            ground.copy(way, delivery)?;
        }
        ground.a.compact(TOPIC, 0)?;
        ground.b.compact(TOPIC, 0)?;
        let (on_a, on_b) = (last_records(&ground.a)?, last_records(&ground.b)?);
        let conflicts = on_a
            .iter()
            .filter(|(key, last)| on_b.get(*key).is_some_and(|other| other != *last))
            .count() as u64;
        for way in WAYS {
            let report = verified(&ground, way, delivery)?;
            let counted = report
                .accepted
                .get(&Accepted::ConflictingKeys)
                .copied()
                .unwrap_or(0);
            ensure!(counted == conflicts, "{counted} of {conflicts}: {report:#?}");
            ensure!(
                report.result == VerificationResult::AcceptedDifferences,
                "{report:#?}"
            );
        }
        ensure!(conflicts > 0 && explained > 0, "{conflicts} {explained}");
        println!("{delivery:?}: {explained} superseded records explained, {conflicts} keys end differently");
    }
    Ok(())
}

#[test]
fn a_copy_that_a_compacted_side_has_lost_is_found_unless_that_side_wrote_its_key_again() -> Result<()> {
    for delivery in BOTH {
        let ground = Ground::compacted()?;
        let put = |cluster: &sluice_fakekafka::FakeCluster, key: &str, value: &str| {
            let record = FakeRecord::new(key.to_owned(), value.to_owned()).at(1_700_000_000_000);
            cluster.append(TOPIC, 0, vec![record])
        };
        put(&ground.b, "replaced", "older")?;
        put(&ground.b, "lost", "older")?;
        for way in WAYS {
            ground.copy(way, delivery)?;
        }
        for key in ["kept", "replaced", "lost"] {
            put(&ground.a, key, "from a")?;
        }
        ground.copy(Way::There, delivery)?;
        // An election that was not clean: the newest records of B are gone, but for the first.
        let kept = ground
            .b
            .records(TOPIC, 0, Isolation::Committed)?
            .iter()
            .find(|stored| stored.record.key.as_deref() == Some(b"kept"))
            .context("it was copied")?
            .offset;
        ground.b.truncate(TOPIC, 0, kept)?;
        for key in ["stranger", "stranger", "stranger", "stranger", "replaced"] {
            put(&ground.b, key, "from b")?;
        }
        for clean in [false, true] {
            if clean {
                ground.b.compact(TOPIC, 0)?;
            }
            let report = verified(&ground, Way::There, delivery)?;
            ensure!(report.result == VerificationResult::Different, "{report:#?}");
            // All three were in one batch, and went with it.
            ensure!(
                report.differences == BTreeMap::from([(DifferenceKind::Missing, 2)]),
                "{report:#?}"
            );
            let first = &report.first_differences[0];
            ensure!(first.detail.contains("kept"), "{first:?}");
        }
    }
    Ok(())
}

/// What Java's consumer prints of a side: the last value of each key, by its offsets.
fn as_java_reads(side: &Cluster, records: usize) -> Result<BTreeMap<String, String>> {
    let lines = ConsoleConsumer::new(side, "state")
        .read_committed()
        .print_offset()
        .print_key()
        .silence(Duration::from_secs(8))
        .run()?;
    ensure!(
        lines.len() >= records,
        "{} of {records} records were read",
        lines.len()
    );
    let mut last: BTreeMap<String, (i64, String)> = BTreeMap::new();
    for line in lines {
        let mut parts = line.split('\t');
        let offset: i64 = parts
            .next()
            .and_then(|part| part.strip_prefix("Offset:"))
            .with_context(|| line.clone())?
            .parse()?;
        let key = parts.next().with_context(|| line.clone())?.to_owned();
        let value = parts.next().with_context(|| line.clone())?.to_owned();
        if last.get(&key).is_none_or(|(known, _)| *known < offset) {
            last.insert(key, (offset, value));
        }
    }
    Ok(last.into_iter().map(|(key, (_, value))| (key, value)).collect())
}

/// An application of one side, with the last value that it wrote of each key.
struct Upserts {
    side: &'static str,
    producer: BaseProducer,
    number: u64,
    last: BTreeMap<String, String>,
}

impl Upserts {
    fn write(&mut self, records: u64) -> Result<()> {
        for _ in 0..records {
            self.number += 1;
            let n = self.number;
            let key = if n.is_multiple_of(3) {
                format!("both {}", n % 7)
            } else {
                format!("{} {}", self.side, n % 11)
            };
            let value = format!("{} {n}", self.side);
            self.producer
                .send(BaseRecord::to("state").partition(0).key(&key).payload(&value))
                .map_err(|(error, _)| error)?;
            self.last.insert(key, value);
        }
        Ok(self.producer.flush(Duration::from_secs(60))?)
    }
}

/// A time before which no cleaner takes a record, in ms.
const NEVER: &str = "86400000";

/// Settings of a topic whose cleaner takes what it may as soon as a segment is closed.
fn cleaned_at_once() -> Vec<(&'static str, &'static str)> {
    vec![
        ("cleanup.policy", "compact"),
        ("segment.ms", "200"),
        ("min.cleanable.dirty.ratio", "0.0"),
    ]
}

/// Two brokers whose cleaners are quick, a pair of tasks between them, and an application on each side.
struct Cleaned {
    sides: [Cluster; 2],
    _folder: tempfile::TempDir,
    store: Arc<SqliteStore>,
    tasks: Vec<Task>,
    applications: Vec<Upserts>,
}

impl Cleaned {
    fn begin() -> Result<Self> {
        let cleaning = || {
            Cluster::builder(KafkaVersion::V4_3_1)
                .property("log.cleaner.backoff.ms", "200")
                .start()
        };
        let sides = [cleaning()?, cleaning()?];
        let folder = tempfile::tempdir()?;
        let (mut tasks, mut applications) = (Vec::new(), Vec::new());
        for (way, (side, cluster)) in WAYS.into_iter().zip(["a", "b"].into_iter().zip(&sides)) {
            Filler::new(&cluster.bootstrap())?.create(
                "state",
                1,
                &[cleaned_at_once(), [("min.compaction.lag.ms", NEVER)].to_vec()].concat(),
            )?;
            let (a, b) = (sides[0].bootstrap(), sides[1].bootstrap());
            let mut task = between(way, &a, &b, Delivery::ExactlyOnce)?;
            task.objects = Objects::Topics(vec!["state".to_owned()]);
            tasks.push(task);
            applications.push(Upserts {
                side,
                producer: ClientConfig::new()
                    .set("bootstrap.servers", cluster.bootstrap())
                    .set("enable.idempotence", "true")
                    .create()?,
                number: 0,
                last: BTreeMap::new(),
            });
        }
        Ok(Self {
            store: Arc::new(SqliteStore::open(folder.path())?),
            _folder: folder,
            sides,
            tasks,
            applications,
        })
    }

    fn write(&mut self, records: u64) -> Result<()> {
        self.applications
            .iter_mut()
            .try_for_each(|application| application.write(records))
    }

    fn copy(&self) -> Result<()> {
        for number in [0, 1, 0, 1] {
            copy(self.tasks[number].clone(), self.store.clone())?;
        }
        Ok(())
    }

    /// Superseded records that the verifications of both tasks have explained; nothing may be left open.
    fn explained(&self) -> Result<u64> {
        let mut explained = 0;
        for task in &self.tasks {
            let report = report(task, &self.store)?;
            ensure!(
                report.result.is_satisfied() && report.not_compared.partitions == 0,
                "{report:#?}"
            );
            explained += report.accepted.get(&Accepted::Compacted).copied().unwrap_or(0);
        }
        Ok(explained)
    }

    /// Lets the cleaner of a side work until it has removed most of what was written by then.
    fn clean(&mut self, side: usize) -> Result<()> {
        let before = self.left(side)?;
        Filler::new(&self.sides[side].bootstrap())?.configure("state", &cleaned_at_once())?;
        // New records close segments, which alone are cleaned.
        eventually("a cleaner has removed most of the records", || {
            self.write(2)?;
            Ok(self.left(side)? * 2 < before)
        })?;
        // From now on it takes nothing that comes.
        let lag = [("cleanup.policy", "compact"), ("min.compaction.lag.ms", NEVER)];
        Filler::new(&self.sides[side].bootstrap())?.configure("state", &lag)
    }

    /// Records that a side holds.
    fn left(&self, side: usize) -> Result<usize> {
        Ok(read_all(&self.sides[side].bootstrap(), "state", 0)?.len())
    }

    /// Whether each side holds the last value of each key that only one side wrote. Returns how many keys end with different ones.
    fn judge(&self) -> Result<u64> {
        let read = [
            as_java_reads(&self.sides[0], 20)?,
            as_java_reads(&self.sides[1], 20)?,
        ];
        for (application, other) in [(0, 1), (1, 0)] {
            for (key, value) in &self.applications[application].last {
                let is_own = !self.applications[other].last.contains_key(key);
                for read in &read {
                    ensure!(
                        !is_own || read.get(key) == Some(value),
                        "{key}: {:?}, not {value}",
                        read.get(key)
                    );
                }
            }
        }
        ensure!(read[0].keys().eq(read[1].keys()), "{read:?}");
        let [on_a, on_b] = &read;
        let differ = on_a.iter().filter(|(key, value)| on_b.get(*key) != Some(*value));
        Ok(differ.count() as u64)
    }
}

#[test]
fn a_pair_whose_topic_real_cleaners_work_on_is_verified_and_java_reads_the_same() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let mut cleaned = Cleaned::begin()?;
    cleaned.write(180)?;
    cleaned.copy()?;
    let mut explained = Vec::new();
    for side in [0, 1] {
        cleaned.clean(side)?;
        cleaned.copy()?;
        explained.push(cleaned.explained()?);
    }
    ensure!(
        explained[0] > 0,
        "the other side held what was removed: {explained:?}"
    );
    // What both write now crosses, and no cleaner takes it before it is copied.
    cleaned.write(15)?;
    cleaned.copy()?;
    let conflicts = cleaned.judge()?;
    ensure!(conflicts > 0, "both sides wrote the same keys");
    for task in &cleaned.tasks {
        let report = report(task, &cleaned.store)?;
        let counted = report.accepted.get(&Accepted::ConflictingKeys);
        ensure!(
            counted == Some(&conflicts),
            "{counted:?} of {conflicts}: {report:#?}"
        );
        println!("{}", report.sentence);
    }
    println!("{explained:?} superseded records explained, {conflicts} keys end differently");
    Ok(())
}
