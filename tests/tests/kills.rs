//! `kill -9` at any moment, again and again, under load: exactly once ends identical, at least once loses nothing and
//! doubles at most what was in flight.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use sluice_testground::KafkaVersion;
use sluice_tests::{Filler, PlainRecord, cluster, read_all, skipped, sluice, spawn_sluice};

const PARTITIONS: i32 = 4;
/// Records per partition that the writer produces while copies are killed.
const RECORDS: usize = 60_000;
/// Records of one partition that one kill may double: what the engine copies between two saves (250 ms) and what is in
/// flight (24 MB with its book-keeping) are both less, as long as the backlog is short.
const IN_FLIGHT: usize = 5_000;

/// The lanes, in turn: the next run takes over from the other one.
const LANES: [&str; 2] = ["wire", "record"];

fn rounds() -> usize {
    std::env::var("SLUICE_KILL_ROUNDS")
        .ok()
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(25)
}

struct Copied {
    source: Vec<Vec<PlainRecord>>,
    target: Vec<Vec<PlainRecord>>,
    verify_exit: Option<i32>,
}

fn kill_rounds(delivery: &str) -> Result<Copied> {
    let (source, target) = (cluster(KafkaVersion::V4_3_1)?, cluster(KafkaVersion::V4_3_1)?);
    let (from, to) = (source.bootstrap(), target.bootstrap());
    let filler = Filler::new(&from)?;
    filler.create("load", PARTITIONS, &[])?;
    filler.numbered("load", PARTITIONS, 0, 5_000, 120)?;
    let state = tempfile::tempdir()?;
    let state_dir = state.path().to_str().context("a path in UTF-8")?;
    let task = [
        "--from",
        &from,
        "--to",
        &to,
        "--topic",
        "load",
        "--name",
        "kills",
        "--state",
        state_dir,
        "--delivery",
        delivery,
    ];
    let mut endless = vec!["copy"];
    endless.extend(task);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| -> Result<()> {
        let writer = scope.spawn(|| -> Result<()> {
            let mut next = 5_000;
            while next < RECORDS && !done.load(Ordering::Relaxed) {
                filler.numbered("load", PARTITIONS, next, 250, 120)?;
                next += 250;
                std::thread::sleep(Duration::from_millis(100));
            }
            Ok(())
        });
        let chance = RandomState::new();
        for round in 0..rounds() {
            let mut arguments = endless.clone();
            arguments.extend(["--lane", LANES[round % LANES.len()]]);
            let mut copy = spawn_sluice(&arguments)?;
            let life = Duration::from_millis(100 + chance.hash_one(round) % 1_900);
            std::thread::sleep(life);
            ensure!(
                copy.try_wait()?.is_none(),
                "round {round}: the copy ended by itself before it was killed after {life:?}"
            );
            copy.kill()?;
            copy.wait()?;
        }
        done.store(true, Ordering::Relaxed);
        writer
            .join()
            .map_err(|_| anyhow::anyhow!("the writer panicked"))?
    })?;
    let mut last = endless.clone();
    last.push("--until-caught-up");
    let output = sluice(&last)?;
    ensure!(
        output.status.code() == Some(0),
        "the last copy: {:?}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    let mut verify = vec!["verify"];
    verify.extend(task);
    let verified = sluice(&verify)?;
    eprintln!(
        "{}",
        String::from_utf8_lossy(&verified.stdout)
            .lines()
            .last()
            .unwrap_or_default()
    );
    let all = |bootstrap: &str| {
        (0..PARTITIONS)
            .map(|partition| read_all(bootstrap, "load", partition))
            .collect::<Result<Vec<_>>>()
    };
    Ok(Copied {
        source: all(&from)?,
        target: all(&to)?,
        verify_exit: verified.status.code(),
    })
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
