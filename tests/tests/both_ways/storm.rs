//! On real brokers: a daemon that runs a pair is killed again and again while applications write on both sides, with
//! transactions on one. What both sides hold in the end is said by Java's consumer.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use sluice_testground::tools::ConsoleConsumer;
use sluice_testground::{Cluster, KafkaVersion};
use sluice_tests::{Filler, cluster, companion, eventually, read_all, skipped};

use crate::rounds;

pub const TOPIC: &str = "load";
pub const PARTITIONS: i32 = 3;
/// Records that an application writes at once in each partition, and how long it pauses then.
const BURST: (usize, Duration) = (40, Duration::from_millis(120));
/// Both tasks of the pair.
pub const TASKS: [&str; 2] = ["pair", "pair (other way)"];
const DEADLINE: Duration = Duration::from_secs(60);

/// An application on one side.
pub struct Application {
    side: &'static str,
    producer: BaseProducer,
    transactional: bool,
    /// What it wrote for good, by partition and value.
    written: Mutex<Vec<String>>,
}

impl Application {
    pub fn new(side: &'static str, bootstrap: &str, transactional: bool) -> Result<Self> {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", bootstrap)
            .set("enable.idempotence", "true")
            .set("compression.type", if transactional { "lz4" } else { "none" })
            .set("linger.ms", "5");
        if transactional {
            config.set("transactional.id", format!("application-{side}"));
        }
        let producer: BaseProducer = config.create()?;
        if transactional {
            producer.init_transactions(DEADLINE)?;
        }
        Ok(Self {
            side,
            producer,
            transactional,
            written: Mutex::default(),
        })
    }

    /// Writes a burst; every fourth transaction is aborted.
    fn burst(&self, number: usize) -> Result<()> {
        if self.transactional {
            self.producer.begin_transaction()?;
        }
        let mut lines = Vec::new();
        for place in 0..usize::try_from(PARTITIONS)? * BURST.0 {
            let partition = i32::try_from(place)? % PARTITIONS;
            let value = format!("{} {number} {place}", self.side);
            let sent = self.producer.send(
                BaseRecord::to(TOPIC)
                    .partition(partition)
                    .key(self.side)
                    .payload(&value)
                    .timestamp(1_700_000_000_000 + i64::try_from(place)?),
            );
            sent.map_err(|(error, _)| error)?;
            lines.push(format!("{partition} {value}"));
        }
        self.producer.flush(DEADLINE)?;
        if self.transactional && number % 4 == 3 {
            return Ok(self.producer.abort_transaction(DEADLINE)?);
        }
        if self.transactional {
            self.producer.commit_transaction(DEADLINE)?;
        }
        self.written
            .lock()
            .map_err(|_| anyhow!("a writer panicked"))?
            .extend(lines);
        Ok(())
    }

    pub fn write_until(&self, done: &AtomicBool) -> Result<()> {
        for number in 0.. {
            if done.load(Ordering::Relaxed) {
                break;
            }
            self.burst(number)?;
            std::thread::sleep(BURST.1);
        }
        Ok(())
    }
}

/// Two clusters and a data folder with a pair between them.
pub struct Storm {
    pub sides: [Cluster; 2],
    folder: tempfile::TempDir,
}

impl Storm {
    pub fn begin(delivery: &str) -> Result<Self> {
        let sides = [cluster(KafkaVersion::V4_3_1)?, cluster(KafkaVersion::V3_9_1)?];
        for side in &sides {
            Filler::new(&side.bootstrap())?.create(TOPIC, PARTITIONS, &[])?;
        }
        let storm = Self {
            sides,
            folder: tempfile::tempdir()?,
        };
        for (name, side) in ["a", "b"].into_iter().zip(&storm.sides) {
            storm.run(&["source", "add", name, "--bootstrap", &side.bootstrap()])?;
        }
        storm.run(&[
            "task",
            "create",
            "pair",
            "--from",
            "a",
            "--to",
            "b",
            "--topic",
            TOPIC,
            "--both-ways",
            "--delivery",
            delivery,
        ])?;
        Ok(storm)
    }

    pub fn run(&self, arguments: &[&str]) -> Result<String> {
        let output = self.said(arguments)?;
        let words = String::from_utf8_lossy(&output.stdout).into_owned();
        ensure!(
            output.status.success(),
            "{arguments:?}: {:?}\n{words}\n{}\n{}",
            output.status,
            String::from_utf8_lossy(&output.stderr),
            self.last_words()
        );
        Ok(words)
    }

    /// What the companion says, however it ends.
    pub fn said(&self, arguments: &[&str]) -> Result<Output> {
        Ok(Command::new(companion()?)
            .args(arguments)
            .env("SLUICE_DATA", self.folder.path())
            .stdin(Stdio::null())
            .output()?)
    }

    pub fn daemon(&self) -> Result<Child> {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.folder.path().join("daemon.log"))?;
        Ok(Command::new(companion()?)
            .arg("daemon")
            .env("SLUICE_DATA", self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()?)
    }

    pub fn last_words(&self) -> String {
        let log = std::fs::read_to_string(self.folder.path().join("daemon.log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }

    /// How many different records each side has.
    fn counts(&self) -> Result<[usize; 2]> {
        let mut counts = [0; 2];
        for (count, side) in counts.iter_mut().zip(&self.sides) {
            for partition in 0..PARTITIONS {
                let values: BTreeSet<Option<Vec<u8>>> = read_all(&side.bootstrap(), TOPIC, partition)?
                    .into_iter()
                    .map(|record| record.value)
                    .collect();
                *count += values.len();
            }
        }
        Ok(counts)
    }

    /// Whether both tasks have passed all there is.
    pub fn is_at_rest(&self) -> Result<bool> {
        for task in TASKS {
            let shown: serde_json::Value =
                serde_json::from_str(&self.run(&["task", "show", task, "--json"])?)?;
            if shown["lag_records"] != 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What a side holds, as Java's consumer prints it, without offsets: how often each line is there.
    fn content(side: &Cluster, records: usize) -> Result<BTreeMap<String, usize>> {
        let lines = ConsoleConsumer::new(side, TOPIC)
            .read_committed()
            .print_all()
            .silence(Duration::from_secs(8))
            .run()?;
        ensure!(
            lines.len() >= records,
            "{} of {records} records were read",
            lines.len()
        );
        let mut content = BTreeMap::new();
        for line in lines {
            let parts: Vec<&str> = line
                .split('\t')
                .filter(|part| !part.starts_with("Offset:"))
                .collect();
            *content.entry(parts.join("\t")).or_default() += 1;
        }
        Ok(content)
    }

    /// Starts both tasks, and kills the program that runs them again and again.
    fn rounds(&self) -> Result<Child> {
        let mut daemon = self.daemon()?;
        for task in TASKS {
            self.run(&["task", "check", task])?;
            self.run(&["task", "start", task])?;
        }
        let chance = RandomState::new();
        for round in 0..rounds(4) {
            let life = Duration::from_millis(300 + chance.hash_one(round) % 2_200);
            std::thread::sleep(life);
            ensure!(
                daemon.try_wait()?.is_none(),
                "round {round}: the daemon ended by itself"
            );
            daemon.kill()?;
            daemon.wait()?;
            daemon = self.daemon()?;
        }
        Ok(daemon)
    }
}

/// Stops what it holds, whatever becomes of a test.
pub struct Ended(pub Child);

impl Drop for Ended {
    fn drop(&mut self) {
        if self.0.kill().is_ok() {
            self.0.wait().ok();
        }
    }
}

fn storm(delivery: &str) -> Result<()> {
    let storm = Storm::begin(delivery)?;
    let applications = [
        Application::new("a", &storm.sides[0].bootstrap(), false)?,
        Application::new("b", &storm.sides[1].bootstrap(), true)?,
    ];
    let done = AtomicBool::new(false);
    let daemon = std::thread::scope(|scope| -> Result<Child> {
        let writers: Vec<_> = applications
            .iter()
            .map(|application| scope.spawn(|| application.write_until(&done)))
            .collect();
        let daemon = storm.rounds().with_context(|| storm.last_words());
        done.store(true, Ordering::Relaxed);
        for writer in writers {
            writer.join().map_err(|_| anyhow!("a writer panicked"))??;
        }
        daemon
    })?;
    let daemon = Ended(daemon);
    let mut written = Vec::new();
    for application in &applications {
        written.extend(
            application
                .written
                .lock()
                .map_err(|_| anyhow!("a writer panicked"))?
                .clone(),
        );
    }
    eventually("both sides have all records", || {
        Ok(storm.counts()?.iter().all(|count| *count >= written.len()) && storm.is_at_rest()?)
    })
    .with_context(|| {
        format!(
            "{:?} of {}; {}",
            storm.counts(),
            written.len(),
            storm.last_words()
        )
    })?;
    judge(&storm, delivery, &written)?;
    eprintln!(
        "{delivery}: {} records on both sides after {} kills",
        written.len(),
        rounds(4)
    );
    drop(daemon);
    Ok(())
}

/// Whether both sides hold what was written, as Java's consumer reads them: each record once, or in at least once what each
/// side's own applications wrote once on that side, as a loop would bring it back.
fn judge(storm: &Storm, delivery: &str, written: &[String]) -> Result<()> {
    let exact = delivery == "exactly-once";
    let mut expected: BTreeMap<String, usize> = BTreeMap::new();
    for line in written {
        *expected.entry(line.clone()).or_default() += 1;
    }
    let mut contents = Vec::new();
    for (name, side) in ["a", "b"].into_iter().zip(&storm.sides) {
        let content = Storm::content(side, written.len())?;
        let mut found: BTreeMap<String, usize> = BTreeMap::new();
        for (line, count) in &content {
            *found.entry(place_and_value(line)?).or_default() += count;
        }
        let wrong = differences(&found, &expected);
        if exact {
            ensure!(found == expected, "{name} has not each record once: {wrong:?}");
        } else {
            ensure!(
                found.keys().eq(expected.keys()),
                "{name} has other records: {wrong:?}"
            );
            let own = format!(" {name} ");
            let back: Vec<_> = found
                .iter()
                .filter(|(line, count)| line.contains(&own) && **count > 1)
                .take(5)
                .collect();
            ensure!(back.is_empty(), "records of {name} came back to it: {back:?}");
        }
        contents.push(content);
    }
    if exact {
        ensure!(
            contents[0] == contents[1],
            "keys, times or headers differ between the sides"
        );
        let words = storm.run(&["task", "verify", TASKS[0], "--both-ways"])?;
        ensure!(words.matches("Equal: ").count() == 2, "{words}");
    }
    Ok(())
}

/// Partition and value of a line of Java's consumer.
fn place_and_value(line: &str) -> Result<String> {
    let mut parts = line.split('\t');
    let partition = parts
        .find_map(|part| part.strip_prefix("Partition:"))
        .context("a line without a partition")?;
    let value = line.rsplit('\t').next().context("a line without a value")?;
    Ok(format!("{partition} {value}"))
}

fn differences(found: &BTreeMap<String, usize>, expected: &BTreeMap<String, usize>) -> Vec<String> {
    let missing = expected.keys().filter(|line| !found.contains_key(*line));
    let odd = found
        .iter()
        .filter(|(line, count)| expected.get(*line) != Some(count));
    missing
        .map(|line| format!("missing: {line}"))
        .chain(odd.map(|(line, count)| format!("{count} times: {line}")))
        .take(8)
        .collect()
}

#[test]
fn a_pair_that_is_killed_under_load_ends_with_each_record_on_both_sides_once() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    storm("exactly-once")
}

#[test]
fn a_pair_that_delivers_at_least_once_is_no_loop_either() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    storm("at-least-once")
}
