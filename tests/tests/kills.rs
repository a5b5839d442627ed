//! `kill -9` at any moment, again and again, under load, with brokers that restart and instances that come back after
//! their successor: exactly once ends identical, at least once loses nothing and doubles at most what was in flight.
//! `SLUICE_KILL_ROUNDS` sets how often.

use std::collections::HashSet;
use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use sluice_testground::{Cluster, KafkaVersion};
use sluice_tests::{Filler, PlainRecord, cluster, companion, eventually, read_all, skipped, sluice};
use sluice_wire::{Client, Isolation, OffsetSpec, TopicPartition};

const TOPIC: &str = "load";
const PARTITIONS: i32 = 4;
/// Records that the writer produces at once in each partition, and how long it pauses then.
const BURST: (usize, Duration) = (250, Duration::from_millis(150));
/// Records of one partition that one kill may double: what the engine copies between two saves (250 ms) and what is in
/// flight (24 MB with its book-keeping) are both less, as long as the backlog is short.
const IN_FLIGHT: usize = 5_000;

/// The lanes, in turn: the next run takes over from the other one.
const LANES: [&str; 2] = ["wire", "record"];

fn rounds() -> usize {
    std::env::var("SLUICE_KILL_ROUNDS")
        .ok()
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(20)
}

/// What happens before a round's copy is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    None,
    SourceRestarts,
    TargetRestarts,
    /// The copy stands still while a successor takes over from another folder, and then goes on.
    Zombie,
}

impl Trouble {
    /// Two rounds of ten have a restart, and one has a zombie if the delivery fences it.
    fn of(round: usize, fences: bool) -> Self {
        match round % 10 {
            2 => Self::SourceRestarts,
            5 => Self::TargetRestarts,
            8 if fences => Self::Zombie,
            _ => Self::None,
        }
    }
}

/// A writer, and the copies that are killed.
struct Storm {
    source: Cluster,
    target: Cluster,
    delivery: &'static str,
    state: tempfile::TempDir,
    filler: Filler,
    /// Held while the writer writes, and while its broker is away.
    writing: Mutex<()>,
    done: AtomicBool,
}

impl Storm {
    fn begin(delivery: &'static str) -> Result<Self> {
        let (source, target) = (cluster(KafkaVersion::V4_3_1)?, cluster(KafkaVersion::V4_3_1)?);
        let filler = Filler::new(&source.bootstrap())?;
        filler.create(TOPIC, PARTITIONS, &[])?;
        filler.numbered(TOPIC, PARTITIONS, 0, 5_000, 120)?;
        Ok(Self {
            source,
            target,
            delivery,
            state: tempfile::tempdir()?,
            filler,
            writing: Mutex::new(()),
            done: AtomicBool::new(false),
        })
    }

    fn arguments(&self, command: &str, folder: &Path) -> Result<Vec<String>> {
        let folder = folder.to_str().context("a path in UTF-8")?;
        let (from, to) = (self.source.bootstrap(), self.target.bootstrap());
        Ok([
            command,
            "--from",
            &from,
            "--to",
            &to,
            "--topic",
            TOPIC,
            "--name",
            "kills",
            "--state",
            folder,
            "--delivery",
            self.delivery,
        ]
        .map(str::to_owned)
        .to_vec())
    }

    fn spawn(&self, folder: &Path, lane: &str) -> Result<Child> {
        let mut arguments = self.arguments("copy", folder)?;
        arguments.extend(["--lane".to_owned(), lane.to_owned()]);
        let log = File::options().create(true).append(true).open(self.log())?;
        Ok(Command::new(companion()?)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()?)
    }

    /// What all copies say.
    fn log(&self) -> PathBuf {
        self.state.path().join("copies.log")
    }

    fn last_words(&self) -> String {
        let log = std::fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }

    fn write(&self) -> Result<()> {
        for next in (5_000..).step_by(BURST.0) {
            if self.done.load(Ordering::Relaxed) {
                break;
            }
            {
                let _writing = self.writing.lock().map_err(|_| anyhow!("a round panicked"))?;
                self.filler.numbered(TOPIC, PARTITIONS, next, BURST.0, 120)?;
            }
            std::thread::sleep(BURST.1);
        }
        Ok(())
    }

    /// Stops a cluster's broker, or kills it, and starts it again.
    fn restart(&self, cluster: &Cluster, round: usize) -> Result<()> {
        let _writing = self.writing.lock().map_err(|_| anyhow!("the writer panicked"))?;
        let broker = &cluster.brokers()[0];
        if (round / 10).is_multiple_of(2) {
            broker.kill()?;
        } else {
            broker.stop()?;
        }
        broker.start()?;
        Ok(())
    }

    /// Where a reader of what is committed ends on the target, over all partitions.
    fn copied(&self) -> Result<i64> {
        let places: Vec<TopicPartition> = (0..PARTITIONS)
            .map(|partition| TopicPartition::new(TOPIC, partition))
            .collect();
        let client = Client::new(&sluice_model::Cluster::new(&self.target.bootstrap())?)?;
        let ends = client.list_offsets(&places, OffsetSpec::Latest, Isolation::Committed)?;
        ends.into_values().map(|end| Ok(end?.offset.unwrap_or(0))).sum()
    }

    /// Waits until the copy that was started has committed something. One that only begins would end with an error where a
    /// cluster is away, or begin behind its own successor.
    fn copies(&self) -> Result<()> {
        for _ in 0..2 {
            // The first step may be what the one before it left open.
            let before = self.copied()?;
            eventually("the copy commits", || Ok(self.copied()? > before))?;
        }
        Ok(())
    }

    /// Lets a successor take over from a stopped copy in a folder of its own, and then lets the stopped one go on: it must
    /// end as fenced. Returns the successor and its folder.
    fn overtake(&self, mut zombie: Child, folder: &Path, round: usize) -> Result<(Child, PathBuf)> {
        signal(&zombie, "-STOP")?;
        let own = self.state.path().join(format!("successor-{round}"));
        copy_folder(folder, &own)?;
        let before = self.copied()?;
        let successor = self.spawn(&own, LANES[(round + 1) % LANES.len()])?;
        eventually("the successor copies", || Ok(self.copied()? > before))?;
        signal(&zombie, "-CONT")?;
        eventually("the zombie ends", || Ok(zombie.try_wait()?.is_some()))?;
        ensure!(
            !zombie.wait()?.success(),
            "round {round}: the zombie ended as if all were well"
        );
        Ok((successor, own))
    }

    /// Runs and kills copies. Returns the folder of the last one.
    fn rounds(&self) -> Result<PathBuf> {
        let chance = RandomState::new();
        let mut folder = self.state.path().join("first");
        for round in 0..rounds() {
            let trouble = Trouble::of(round, self.delivery == "exactly-once");
            let mut copy = self.spawn(&folder, LANES[round % LANES.len()])?;
            let life = Duration::from_millis(100 + chance.hash_one(round) % 1_900);
            std::thread::sleep(life);
            if trouble != Trouble::None {
                self.copies()?;
            }
            match trouble {
                Trouble::None => {}
                Trouble::SourceRestarts => self.restart(&self.source, round)?,
                Trouble::TargetRestarts => self.restart(&self.target, round)?,
                Trouble::Zombie => (copy, folder) = self.overtake(copy, &folder, round)?,
            }
            ensure!(
                copy.try_wait()?.is_none(),
                "round {round}: the copy ended by itself, after {life:?} and {trouble:?}"
            );
            copy.kill()?;
            copy.wait()?;
        }
        Ok(folder)
    }

    /// Copies the rest and verifies it.
    fn end(&self, folder: &Path) -> Result<Copied> {
        let mut last = self.arguments("copy", folder)?;
        last.push("--until-caught-up".to_owned());
        let output = run(&last)?;
        ensure!(
            output.status.code() == Some(0),
            "the last copy: {:?}\n{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
        let verified = run(&self.arguments("verify", folder)?)?;
        let report = String::from_utf8_lossy(&verified.stdout);
        eprintln!("{}", report.lines().last().unwrap_or_default());
        let all = |cluster: &Cluster| {
            (0..PARTITIONS)
                .map(|partition| read_all(&cluster.bootstrap(), TOPIC, partition))
                .collect::<Result<Vec<_>>>()
        };
        Ok(Copied {
            source: all(&self.source)?,
            target: all(&self.target)?,
            verify_exit: verified.status.code(),
        })
    }
}

/// Sends a signal by its option of the shell's `kill`.
fn signal(process: &Child, name: &str) -> Result<()> {
    let line = format!("kill {name} {}", process.id());
    let done = Command::new("sh").args(["-c", &line]).status()?;
    ensure!(done.success(), "{line}: {done}");
    Ok(())
}

/// Copies a data folder whose program stands still. Locks do not go with it.
fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let (kind, copy) = (entry.file_type()?, to.join(entry.file_name()));
        if kind.is_dir() {
            copy_folder(&entry.path(), &copy)?;
        } else if kind.is_file() {
            std::fs::copy(entry.path(), copy)?;
        }
    }
    Ok(())
}

struct Copied {
    source: Vec<Vec<PlainRecord>>,
    target: Vec<Vec<PlainRecord>>,
    verify_exit: Option<i32>,
}

fn run(arguments: &[String]) -> Result<Output> {
    sluice(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
}

fn kill_rounds(delivery: &'static str) -> Result<Copied> {
    let storm = Storm::begin(delivery)?;
    let folder = std::thread::scope(|scope| -> Result<PathBuf> {
        let writer = scope.spawn(|| storm.write());
        let folder = storm.rounds().with_context(|| storm.last_words());
        storm.done.store(true, Ordering::Relaxed);
        writer.join().map_err(|_| anyhow!("the writer panicked"))??;
        folder
    })?;
    storm.end(&folder)
}

#[test]
fn exactly_once_ends_identical_after_kills_under_load() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let copied = kill_rounds("exactly-once")?;
    for (source, target) in copied.source.iter().zip(&copied.target) {
        assert_eq!(source.len(), target.len());
        assert!(source.iter().zip(target).all(|(a, b)| a.content() == b.content()));
    }
    assert_eq!(copied.verify_exit, Some(0));
    Ok(())
}

#[test]
fn at_least_once_loses_nothing_and_doubles_at_most_what_was_in_flight() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let copied = kill_rounds("at-least-once")?;
    for (source, target) in copied.source.iter().zip(&copied.target) {
        let mut seen = HashSet::new();
        let firsts: Vec<&PlainRecord> = target
            .iter()
            .filter(|record| seen.insert(&record.value))
            .collect();
        assert_eq!(source.len(), firsts.len(), "a record is lost");
        assert!(
            source.iter().zip(firsts).all(|(a, b)| a.content() == b.content()),
            "the order of first arrivals"
        );
        assert!(
            target.len() - source.len() <= rounds() * IN_FLIGHT,
            "{} doubled",
            target.len() - source.len()
        );
        eprintln!(
            "{} of {} records doubled in {} kills",
            target.len() - source.len(),
            source.len(),
            rounds()
        );
    }
    Ok(())
}
