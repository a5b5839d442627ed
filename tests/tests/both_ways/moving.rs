//! On real brokers: while applications write on both sides, with transactions on one, and the program is killed, groups are moved
//! to the other side and back. What consumers that are not ours read there is held against all that the logs say.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use serde_json::Value;
use sluice_tests::{Chance, commit_group_with, continued, eventually, group_client, read_all, skipped};
use sluice_wire::{Isolation, OffsetSpec, TopicPartition};

use crate::rounds;
use crate::storm::{Application, Ended, PARTITIONS, Storm, TASKS, TOPIC};

const GROUPS: usize = 32;
/// Consumers that continue at the same time.
const AT_ONCE: usize = 8;
const PATIENCE: Duration = Duration::from_secs(60);

/// The records of a side, by partition, with their offsets.
type Records = Vec<Vec<Stored>>;
/// A record's offset and value.
type Stored = (i64, Vec<u8>);

fn records(storm: &Storm, side: usize) -> Result<Records> {
    (0..PARTITIONS)
        .map(|partition| {
            let records = read_all(&storm.sides[side].bootstrap(), TOPIC, partition)?;
            Ok(records
                .into_iter()
                .map(|record| (record.offset, record.value.unwrap_or_default()))
                .collect())
        })
        .collect()
}

fn name(number: usize) -> String {
    format!("g{number:02}")
}

/// Offsets of the groups on a side, by group and partition.
type Positions = BTreeMap<String, Vec<i64>>;

/// Commits a position for each group on a side: at its beginning, at its end, and anywhere between, from `lowest` on.
fn settle(storm: &Storm, side: usize, chance: &mut Chance, lowest: &Positions) -> Result<Positions> {
    let client = group_client(&storm.sides[side].bootstrap())?;
    let places: Vec<TopicPartition> = (0..PARTITIONS)
        .map(|number| TopicPartition::new(TOPIC, number))
        .collect();
    let mut ends = Vec::new();
    for place in &places {
        let listed = client.list_offsets(
            std::slice::from_ref(place),
            OffsetSpec::Latest,
            Isolation::Committed,
        )?;
        let end = listed.into_values().next().context("an end")?;
        ends.push(
            end.map_err(|error| anyhow!("{error}"))?
                .offset
                .context("an end")?,
        );
    }
    let mut positions = Positions::new();
    for number in 0..GROUPS {
        let group = name(number);
        let mut offsets = Vec::new();
        for (partition, end) in ends.iter().enumerate() {
            let from = lowest
                .get(&group)
                .map_or(0, |offsets| offsets[partition])
                .min(*end);
            offsets.push(match (number + partition) % 8 {
                0 => from,
                1 => *end,
                2 => (end - i64::try_from(chance.below(20))?).max(from),
                _ => from + i64::try_from(chance.below(u64::try_from(end - from)? + 1))?,
            });
        }
        let places: Vec<(&str, i32, i64)> = (0..)
            .zip(&offsets)
            .map(|(number, offset)| (TOPIC, number, *offset))
            .collect();
        commit_group_with(&client, &group, &places, "")?;
        positions.insert(group, offsets);
    }
    Ok(positions)
}

/// Positions of a report, by group and partition.
type Moved = BTreeMap<String, Vec<Value>>;

/// Moves all groups with the companion, which answers with a report, or not where the program is killed meanwhile.
fn move_once(storm: &Storm, task: &str) -> Result<Moved> {
    // Whole or not, it says what became of each position.
    let output = storm.said(&["task", "groups", task, "--sync", "--all", "--json"])?;
    let words = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    let report: Value = serde_json::from_str(&words).with_context(|| format!("{words}\n{complaint}"))?;
    let groups = report["groups"].as_array().context("groups")?;
    groups
        .iter()
        .map(|group| {
            let name = group["group"].as_str().context("a name")?.to_owned();
            let mut positions = group["partitions"].as_array().context("partitions")?.clone();
            positions.sort_by_key(|position| position["partition"].as_i64());
            Ok((name, positions))
        })
        .collect()
}

/// Moves all groups, again until nothing waits for the copy. Returns its positions, by group and partition.
fn move_all(storm: &Storm, task: &str) -> Result<Moved> {
    let until = Instant::now() + PATIENCE;
    loop {
        let moved = move_once(storm, task)?;
        let is_open = |position: &Value| {
            let is_there = position["target_committed"].is_i64();
            position["result"] == "pending" || !is_there
        };
        if !moved.values().flatten().any(is_open) {
            return Ok(moved);
        }
        ensure!(Instant::now() < until, "{moved:#?}");
        std::thread::sleep(Duration::from_millis(300));
    }
}

/// What a group has read on a side before its position.
fn before(records: &[Stored], position: i64) -> BTreeSet<Vec<u8>> {
    records
        .iter()
        .filter(|(offset, _)| *offset < position)
        .map(|(_, value)| value.clone())
        .collect()
}

/// Without what stands on the side behind the position as well: at least once has copied it twice, and it comes twice there, too.
fn only_before(records: &[Stored], position: i64) -> BTreeSet<Vec<u8>> {
    let behind: BTreeSet<&Vec<u8>> = records
        .iter()
        .filter(|(offset, _)| *offset >= position)
        .map(|(_, value)| value)
        .collect();
    let mut before = before(records, position);
    before.retain(|value| !behind.contains(value));
    before
}

/// What groups have read on a side, by `of`.
fn read(positions: &Positions, records: &Records, of: fn(&[Stored], i64) -> BTreeSet<Vec<u8>>) -> Read {
    positions
        .iter()
        .map(|(name, offsets)| {
            let each = offsets.iter().zip(records);
            (
                name.clone(),
                each.map(|(offset, records)| of(records, *offset)).collect(),
            )
        })
        .collect()
}

/// How the positions of a move came out.
#[derive(Debug, Default)]
struct Outcome {
    exact: usize,
    earlier: usize,
    proved: usize,
    said: i64,
    again: usize,
}

/// What each group has read, by partition.
type Read = BTreeMap<String, Vec<BTreeSet<Vec<u8>>>>;

/// A move, and what is known of the groups.
struct Move<'a> {
    storm: &'a Storm,
    /// The side that they were moved to, and what it holds.
    side: usize,
    all: &'a Records,
    positions: &'a Moved,
    /// All that they have read, and what of it the program knows.
    read: &'a Read,
    counted: &'a Read,
}

impl Move<'_> {
    /// Whether each group that continues reads all that it has not read, and again at most what was said.
    fn each_continues(&self) -> Result<Outcome> {
        let names: Vec<&String> = self.read.keys().collect();
        let parts = std::thread::scope(|scope| -> Result<Vec<Outcome>> {
            let parts: Vec<_> = names
                .chunks(names.len().div_ceil(AT_ONCE))
                .map(|names| {
                    scope.spawn(move || {
                        names
                            .iter()
                            .map(|name| self.continues(name))
                            .collect::<Result<Vec<_>>>()
                    })
                })
                .collect();
            let mut all = Vec::new();
            for part in parts {
                all.extend(
                    part.join()
                        .map_err(|_| anyhow!("a consumer's thread panicked"))??,
                );
            }
            Ok(all)
        })?;
        Ok(parts.into_iter().fold(Outcome::default(), |sum, one| Outcome {
            exact: sum.exact + one.exact,
            earlier: sum.earlier + one.earlier,
            proved: sum.proved + one.proved,
            said: sum.said + one.said,
            again: sum.again + one.again,
        }))
    }

    fn continues(&self, name: &str) -> Result<Outcome> {
        let got = continued(&self.storm.sides[self.side].bootstrap(), name, TOPIC, PARTITIONS)?;
        let mut outcome = Outcome::default();
        for (partition, values) in got.into_iter().enumerate() {
            let position = &self.positions[name][partition];
            let (read, counted) = (&self.read[name][partition], &self.counted[name][partition]);
            let again = values.iter().filter(|value| counted.contains(*value)).count();
            let got: BTreeSet<&Vec<u8>> = values.iter().collect();
            let skipped: Vec<_> = self.all[partition]
                .iter()
                .filter(|(_, value)| !read.contains(value) && !got.contains(value))
                .take(3)
                .map(|(offset, value)| (offset, String::from_utf8_lossy(value)))
                .collect();
            ensure!(
                skipped.is_empty(),
                "{name}-{partition} skips {skipped:?}: {position}"
            );
            ensure!(position["proved"] != Value::Bool(false), "{position}");
            outcome.proved += usize::from(position["proved"] == Value::Bool(true));
            // One that was further already stays where its group has read to.
            if position["committed"] == Value::Bool(true) {
                let said = position["read_again"].as_i64().unwrap_or(0);
                ensure!(
                    i64::try_from(again)? <= said,
                    "{name}-{partition} reads {again} again: {position}"
                );
                outcome.exact += usize::from(position["result"] == "exact");
                outcome.earlier += usize::from(position["result"] == "earlier");
                outcome.said += said;
                outcome.again += again;
            }
        }
        Ok(outcome)
    }
}

/// Both sides are written and copied for a while.
fn a_while(seconds: u64) {
    std::thread::sleep(Duration::from_secs(seconds));
}

fn at_rest(storm: &Storm) -> Result<()> {
    eventually("both tasks have passed all", || storm.is_at_rest()).with_context(|| storm.last_words())
}

/// Writes on both sides while `during` runs.
fn while_written<T>(applications: &[Application; 2], during: impl FnOnce() -> Result<T>) -> Result<T> {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writers: Vec<_> = applications
            .iter()
            .map(|application| scope.spawn(|| application.write_until(&done)))
            .collect();
        let came = during();
        done.store(true, Ordering::Relaxed);
        for writer in writers {
            writer.join().map_err(|_| anyhow!("a writer panicked"))??;
        }
        came
    })
}

/// What came of moves during which the program was killed again and again.
#[derive(Default)]
struct Cut {
    answered: usize,
    unanswered: usize,
    /// Positions that a move has committed, as it said then.
    committed: BTreeMap<(String, usize), Value>,
}

impl Cut {
    /// The positions that a last move found in place, as the move said that brought them there.
    fn complete(&self, moved: &mut Moved) {
        for ((name, partition), said) in &self.committed {
            let Some(position) = moved.get_mut(name).and_then(|all| all.get_mut(*partition)) else {
                continue;
            };
            let stands = position["target_committed"] == said["target_committed"];
            if position["committed"] != Value::Bool(true) && stands {
                position.clone_from(said);
            }
        }
    }
}

/// Moves groups without a pause while the program is killed with SIGKILL at random moments, and started again.
fn move_under_kills(storm: &Storm, task: &str, daemon: Ended, chance: &mut Chance) -> Result<(Ended, Cut)> {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let moving = scope.spawn(|| {
            let mut cut = Cut::default();
            while !done.load(Ordering::Relaxed) {
                let Ok(moved) = move_once(storm, task) else {
                    cut.unanswered += 1;
                    continue;
                };
                cut.answered += 1;
                for (name, positions) in moved {
                    for (partition, position) in positions.into_iter().enumerate() {
                        if position["committed"] == Value::Bool(true) {
                            cut.committed.insert((name.clone(), partition), position);
                        }
                    }
                }
            }
            cut
        });
        let killed = (0..rounds(6)).try_fold(daemon, |mut daemon, _| -> Result<Ended> {
            std::thread::sleep(Duration::from_millis(200 + chance.below(2_500)));
            daemon.0.kill()?;
            daemon.0.wait()?;
            Ok(Ended(storm.daemon()?))
        });
        done.store(true, Ordering::Relaxed);
        let cut = moving.join().map_err(|_| anyhow!("the mover panicked"))?;
        Ok((killed?, cut))
    })
}

/// Moves all groups back to the first side under kills, and what is left then without.
fn move_back(storm: &Storm, daemon: Ended, chance: &mut Chance) -> Result<(Ended, Moved)> {
    let (daemon, cut) = move_under_kills(storm, TASKS[1], daemon, chance)?;
    let mut moved = move_all(storm, TASKS[1])?;
    cut.complete(&mut moved);
    println!(
        "back to a: {} moves answered and {} cut off by {} kills, {} positions committed between",
        cut.answered,
        cut.unanswered,
        rounds(6),
        cut.committed.len()
    );
    Ok((daemon, moved))
}

fn there_and_back(delivery: &str) -> Result<()> {
    let storm = Storm::begin(delivery)?;
    let applications = [
        Application::new("a", &storm.sides[0].bootstrap(), delivery != "exactly-once")?,
        Application::new("b", &storm.sides[1].bootstrap(), true)?,
    ];
    let mut chance = Chance(0x9_2a11);
    let mut daemon = Ended(storm.daemon()?);
    for task in TASKS {
        storm.run(&["task", "check", task])?;
        storm.run(&["task", "start", task])?;
    }
    let (on_a, moved) = while_written(&applications, || {
        a_while(3);
        // Killed between commits and checkpoints: what was copied then is in no map.
        for _ in 0..3 {
            daemon.0.kill()?;
            daemon.0.wait()?;
            daemon = Ended(storm.daemon()?);
            a_while(2);
        }
        let on_a = settle(&storm, 0, &mut chance, &Positions::new())?;
        let moved = move_all(&storm, TASKS[0])?;
        a_while(2);
        Ok((on_a, moved))
    })?;
    at_rest(&storm)?;
    let logs = [records(&storm, 0)?, records(&storm, 1)?];
    let mut known = read(&on_a, &logs[0], before);
    let outcome = Move {
        storm: &storm,
        side: 1,
        all: &logs[1],
        positions: &moved,
        read: &known,
        counted: &read(&on_a, &logs[0], only_before),
    }
    .each_continues()?;
    println!("{delivery}, to b: {outcome:?}");
    ensure!(outcome.exact > 0 && outcome.earlier > 0, "{outcome:?}");

    // They read on at b, and go back.
    let at = |position: &Value| position["target_committed"].as_i64().unwrap_or(0);
    let lowest: Positions = moved
        .iter()
        .map(|(name, positions)| (name.clone(), positions.iter().map(at).collect()))
        .collect();
    let (on_b, moved, _daemon) = while_written(&applications, || {
        let on_b = settle(&storm, 1, &mut chance, &lowest)?;
        let (daemon, moved) = move_back(&storm, daemon, &mut chance)?;
        a_while(1);
        Ok((on_b, moved, daemon))
    })?;
    at_rest(&storm)?;
    let logs = [records(&storm, 0)?, records(&storm, 1)?];
    for (name, offsets) in &on_b {
        let known = known.get_mut(name).context("a group")?;
        for ((known, offset), records) in known.iter_mut().zip(offsets).zip(&logs[1]) {
            known.extend(before(records, *offset));
        }
    }
    // What it reads again is counted by what it has read at b, which is all that the task to a knows.
    let outcome = Move {
        storm: &storm,
        side: 0,
        all: &logs[0],
        positions: &moved,
        read: &known,
        counted: &read(&on_b, &logs[1], only_before),
    }
    .each_continues()?;
    println!("{delivery}, back to a: {outcome:?}");
    Ok(())
}

#[test]
fn groups_are_moved_to_the_other_side_and_back_while_both_are_written_and_lose_nothing() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    there_and_back("exactly-once")
}

#[test]
fn groups_of_a_pair_that_delivers_at_least_once_lose_nothing_either() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    there_and_back("at-least-once")
}

/// What a group has committed in partition 0 of a side.
fn committed(storm: &Storm, side: usize, group: &str) -> Result<Option<i64>> {
    let found = group_client(&storm.sides[side].bootstrap())?.offset_fetch(group, None, false)?;
    let place = TopicPartition::new(TOPIC, 0);
    Ok(match found.get(&place) {
        Some(Ok(offset)) => Some(offset.offset),
        Some(Err(error)) => return Err(anyhow!("{error}")),
        None => None,
    })
}

/// Waits until each task has synced twice more.
fn both_have_looked(storm: &Storm) -> Result<()> {
    let last = |task: &str| -> Result<i64> {
        let view: Value = serde_json::from_str(&storm.run(&["task", "groups", task, "--json"])?)?;
        Ok(view["last_sync"]["at_ms"].as_i64().unwrap_or(0))
    };
    for _ in 0..2 {
        for task in TASKS {
            let before = last(task)?;
            eventually("the task has synced", || Ok(last(task)? > before))?;
        }
    }
    Ok(())
}

#[test]
fn groups_that_both_tasks_keep_in_step_follow_from_the_side_on_which_they_read() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let storm = Storm::begin("exactly-once")?;
    let applications = [
        Application::new("a", &storm.sides[0].bootstrap(), false)?,
        Application::new("b", &storm.sides[1].bootstrap(), true)?,
    ];
    let _daemon = Ended(storm.daemon()?);
    for task in TASKS {
        storm.run(&["task", "check", task])?;
        storm.run(&["task", "start", task])?;
        storm.run(&[
            "task",
            "set",
            task,
            "--sync-groups",
            "kept.*",
            "--sync-interval",
            "1",
        ])?;
    }
    while_written(&applications, || {
        a_while(3);
        Ok(())
    })?;
    at_rest(&storm)?;
    let logs = [records(&storm, 0)?, records(&storm, 1)?];
    let end = |side: usize| -> Result<i64> { Ok(logs[side][0].last().context("records")?.0 + 1) };
    let commit = |side: usize, offset: i64| {
        let client = group_client(&storm.sides[side].bootstrap())?;
        commit_group_with(&client, "kept", &[(TOPIC, 0, offset)], "")
    };
    // The value that it reads next on the side where it was put is one that it has not read, and it has read all before.
    let follows = |from: usize, offset: i64, known: &BTreeSet<Vec<u8>>| -> Result<i64> {
        let (to, mut place) = (1 - from, None);
        let own = before(&logs[from][0], offset);
        eventually("it follows", || {
            place = committed(&storm, to, "kept")?.filter(|place| {
                let read = before(&logs[to][0], *place);
                let next = logs[to][0].iter().find(|(at, _)| at >= place);
                read.is_subset(known) && next.is_none_or(|(_, value)| !own.contains(value))
            });
            Ok(place.is_some())
        })
        .with_context(|| {
            format!(
                "{:?} of {offset}: {}",
                committed(&storm, to, "kept"),
                storm.last_words()
            )
        })?;
        // What was put there is not put back.
        both_have_looked(&storm)?;
        ensure!(
            committed(&storm, from, "kept")? == Some(offset),
            "it stays where it reads"
        );
        place.context("it has a place")
    };
    let mut known = BTreeSet::new();
    for part in [3, 2] {
        let offset = end(0)? / part;
        commit(0, offset)?;
        known.extend(before(&logs[0][0], offset));
        follows(0, offset, &known)?;
    }
    let on_b = end(1)? * 3 / 4;
    commit(1, on_b)?;
    known.extend(before(&logs[1][0], on_b));
    follows(1, on_b, &known)?;
    let on_a = end(0)?;
    commit(0, on_a)?;
    known.extend(before(&logs[0][0], on_a));
    follows(0, on_a, &known)?;
    Ok(())
}
