//! `kill -9` of a mirror at any moment, again and again, under load, with transactions at the source: both sides end with the
//! same records at the same offsets. `SLUICE_KILL_ROUNDS=50` makes a campaign of it (`make mirror-kills`).

use std::hash::{BuildHasher, RandomState};
use std::path::Path;
#[cfg(unix)]
use std::process::{Child, Command};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use sluice_testground::KafkaVersion;
#[cfg(unix)]
use sluice_tests::eventually;
use sluice_tests::{Filler, HoleMaker, OddRecord, cluster, equal_offsets, skipped, sluice, spawn_sluice};

const PARTITIONS: i32 = 3;

fn rounds() -> usize {
    std::env::var("SLUICE_KILL_ROUNDS")
        .ok()
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(6)
}

fn records(from: usize, count: usize) -> Vec<OddRecord> {
    (from..from + count)
        .map(|number| OddRecord {
            key: Some(format!("k{number}").into_bytes()),
            value: Some(format!("{number} {}", "x".repeat(number % 300)).into_bytes()),
            headers: Vec::new(),
            timestamp: 1_700_000_000_000 + number as i64,
        })
        .collect()
}

/// What is done to the copies of a task, whose command line this makes of a data folder. Returns the folder that goes on.
type Disturb = fn(&dyn Fn(&str) -> Vec<String>, &Path) -> Result<String>;

/// A mirror under load is disturbed; both sides must end with the same records at the same offsets.
fn under_load(target: KafkaVersion, disturb: Disturb) -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let (source, target) = (cluster(KafkaVersion::V4_3_1)?, cluster(target)?);
    let (from, to) = (source.bootstrap(), target.bootstrap());
    let filler = Filler::with_codec(&from, "lz4")?;
    filler.create("load", PARTITIONS, &[])?;
    let maker = HoleMaker::new(&from, "maker")?;
    maker.begin_at("load", 0, 3_000_000)?;
    filler.numbered("load", PARTITIONS, 0, 5_000, 120)?;
    let state = tempfile::tempdir()?;
    let command = |word: &str, folder: &str| -> Vec<String> {
        [
            word,
            "--from",
            &from,
            "--to",
            &to,
            "--topic",
            "load",
            "--name",
            "kills",
            "--state",
            folder,
            "--delivery",
            "mirror",
        ]
        .map(str::to_owned)
        .to_vec()
    };
    let done = AtomicBool::new(false);
    let folder = std::thread::scope(|scope| -> Result<String> {
        let writer = scope.spawn(|| -> Result<()> {
            let transactional = filler.transactional("writer")?;
            let mut next = 5_000;
            while !done.load(Ordering::Relaxed) {
                filler.numbered("load", PARTITIONS, next, 200, 120)?;
                let partition = i32::try_from(next / 200 % 3)?;
                transactional.write(
                    "load",
                    partition,
                    &records(next, 1 + next / 200 % 30),
                    next % 600 != 0,
                )?;
                maker.hole("load", partition, [1, 3, 1, 1_000][next / 200 % 4])?;
                next += 200;
                std::thread::sleep(Duration::from_millis(30));
            }
            Ok(())
        });
        let disturbed = disturb(&|folder| command("copy", folder), state.path());
        done.store(true, Ordering::Relaxed);
        let written = writer
            .join()
            .map_err(|_| anyhow::anyhow!("the writer panicked"))?;
        written.and(disturbed)
    })?;
    let last: Vec<String> = [command("copy", &folder), vec!["--until-caught-up".to_owned()]].concat();
    let output = sluice(&words(&last))?;
    ensure!(
        output.status.code() == Some(0),
        "the last copy: {:?}\n{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    let count = equal_offsets(&from, &to, ("load", "load"), PARTITIONS)?;
    let verified = sluice(&words(&command("verify", &folder)))?;
    ensure!(
        verified.status.code() == Some(0),
        "{}\n{}",
        String::from_utf8_lossy(&verified.stdout),
        String::from_utf8_lossy(&verified.stderr)
    );
    eprintln!("{count} records at equal offsets after {} rounds", rounds());
    Ok(())
}

fn words(command: &[String]) -> Vec<&str> {
    command.iter().map(String::as_str).collect()
}

/// Starts the copy again and again, and kills it after a while.
fn kill(endless: &dyn Fn(&str) -> Vec<String>, state: &Path) -> Result<String> {
    let folder = state.to_str().context("a path in UTF-8")?.to_owned();
    let endless = endless(&folder);
    let chance = RandomState::new();
    for round in 0..rounds() {
        let mut copy = spawn_sluice(&words(&endless))?;
        let life = Duration::from_millis(100 + chance.hash_one(round) % 1_900);
        std::thread::sleep(life);
        ensure!(
            copy.try_wait()?.is_none(),
            "round {round}: the copy ended by itself before it was killed after {life:?}"
        );
        copy.kill()?;
        copy.wait()?;
    }
    Ok(folder)
}

/// The machine of a copy stands still, another one takes the task over, and the first one wakes up again and again.
#[cfg(unix)]
fn stand_still(endless: &dyn Fn(&str) -> Vec<String>, state: &Path) -> Result<String> {
    let folder = |round: usize| -> Result<String> {
        let folder = state.join(round.to_string());
        Ok(folder.to_str().context("a path in UTF-8")?.to_owned())
    };
    let signal = |copy: &Child, signal: &str| -> Result<()> {
        let sent = Command::new("kill")
            .args([signal, &copy.id().to_string()])
            .status()?;
        ensure!(sent.success(), "{signal} was not sent");
        Ok(())
    };
    let chance = RandomState::new();
    let (mut last, mut owner) = (spawn_sluice(&words(&endless(&folder(0)?)))?, 0);
    for round in 1..=rounds() {
        std::thread::sleep(Duration::from_millis(500 + chance.hash_one(round) % 1_500));
        ensure!(last.try_wait()?.is_none(), "round {round}: it ended by itself");
        signal(&last, "-STOP")?;
        let mut next = spawn_sluice(&words(&endless(&folder(round)?)))?;
        std::thread::sleep(Duration::from_millis(
            500 + chance.hash_one(round + 1_000) % 2_500,
        ));
        signal(&last, "-CONT")?;
        // The earlier one, unless it stood still before it had said on the target that it writes there.
        eventually("one of both ends", || {
            Ok(last.try_wait()?.is_some() || next.try_wait()?.is_some())
        })
        .with_context(|| format!("round {round}"))?;
        if last.try_wait()?.is_some() {
            (last, owner) = (next, round);
        }
    }
    last.kill()?;
    last.wait()?;
    folder(owner)
}

#[test]
fn a_mirror_on_4_3_1_ends_identical_with_equal_offsets_after_kills() -> Result<()> {
    under_load(KafkaVersion::V4_3_1, kill)
}

#[test]
fn a_mirror_on_2_0_1_ends_identical_with_equal_offsets_after_kills() -> Result<()> {
    under_load(KafkaVersion::V2_0_1, kill)
}

#[cfg(unix)]
#[test]
fn a_copy_that_stood_still_and_wakes_up_beside_its_successor_shifts_nothing() -> Result<()> {
    under_load(KafkaVersion::V4_3_1, stand_still)
}
