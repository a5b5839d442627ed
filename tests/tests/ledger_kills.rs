//! A process that dies at its writes, again and again: every source offset is on the target, in quarantine or in a gap,
//! and in exactly once no copied one is in the ledger as well. `SLUICE_KILL_ROUNDS` sets how often.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use sluice_engine::{CheckpointStore, Ending, PartitionKey, RunOptions, start};
use sluice_fakekafka::{FakeCluster, FakeRecord};
use sluice_model::{Cluster, Delivery, Objects, OutOfRange, Task, TaskName};
use sluice_store::SqliteStore;
use sluice_tests::{BOTH, Chance, Death, DyingStore, dies, fake_clusters, values};

const TOPIC: &str = "t";
/// Tells a process that it is the one to die: source, target, state, delivery, writes it survives, moment of its death.
const VICTIM: &str = "SLUICE_LEDGER_VICTIM";
/// What the target takes at most, in bytes.
const LIMIT: &str = "20000";

fn rounds() -> usize {
    std::env::var("SLUICE_KILL_ROUNDS")
        .ok()
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(8)
}

fn task(source: &str, target: &str, delivery: Delivery) -> Result<Task> {
    let mut task = Task::new(
        TaskName::new("ledger")?,
        Cluster::new(source)?,
        Cluster::new(target)?,
        Objects::Topics(vec![TOPIC.to_owned()]),
    );
    task.delivery = delivery;
    task.out_of_range = OutOfRange::Nearest;
    Ok(task)
}

fn copy(task: Task, store: Arc<dyn CheckpointStore>) -> Result<()> {
    let options = RunOptions {
        until_caught_up: true,
        ..RunOptions::default()
    };
    match start(task, store, Arc::new(|_| {}), options)?.wait().ending {
        Ending::CaughtUp { incomplete } if incomplete.is_empty() => Ok(()),
        other => bail!("{other:?}"),
    }
}

/// The process that dies. As a test of its own it does nothing.
#[test]
fn victim() -> Result<()> {
    let Ok(given) = std::env::var(VICTIM) else {
        return Ok(());
    };
    let given: Vec<&str> = given.split('|').collect();
    let [source, target, state, delivery, writes, moment] = given.as_slice() else {
        bail!("{given:?}");
    };
    let delivery = if *delivery == "once" {
        Delivery::ExactlyOnce
    } else {
        Delivery::AtLeastOnce
    };
    let death = if *moment == "before" {
        Death::Before
    } else {
        Death::After
    };
    let store = Arc::new(SqliteStore::open(Path::new(state))?);
    copy(
        task(source, target, delivery)?,
        Arc::new(DyingStore::dying(store, writes.parse()?, death)),
    )
}

/// Appends some records, among them some that the target does not take, and deletes the oldest now and then.
fn change(source: &FakeCluster, chance: &mut Chance, refused: &mut BTreeSet<i64>) -> Result<()> {
    let mut next = source.end_offset(TOPIC, 0)?;
    for _ in 0..5 + chance.below(30) {
        let mut value = next.to_string();
        if chance.below(12) == 0 {
            let noise = (0..30_000).map(|_| char::from(33 + u8::try_from(chance.below(90)).unwrap_or(0)));
            value.push(' ');
            value.extend(noise);
            refused.insert(next);
        }
        source.append(TOPIC, 0, vec![FakeRecord::new("k", value).at(1_700_000_000_000)])?;
        next += 1;
    }
    if chance.below(4) == 0 {
        let first = source.start_offset(TOPIC, 0)?;
        let held = u64::try_from(next - first)?;
        source.delete_records(TOPIC, 0, first + i64::try_from(chance.below(held))?)?;
    }
    Ok(())
}

fn is_exact(
    target: &FakeCluster,
    store: &SqliteStore,
    task: &Task,
    end: i64,
    refused: &BTreeSet<i64>,
) -> Result<()> {
    let mut copied: BTreeMap<i64, usize> = BTreeMap::new();
    let mut last = -1;
    for value in values(target, TOPIC)? {
        let offset: i64 = value.parse().with_context(|| format!("{} bytes", value.len()))?;
        if !copied.contains_key(&offset) {
            ensure!(offset > last, "{offset} came behind {last}");
            last = offset;
        }
        *copied.entry(offset).or_default() += 1;
    }
    let quarantined: Vec<i64> = store
        .quarantined(&task.name, 100_000)?
        .into_iter()
        .map(|row| row.offset)
        .collect();
    let kept: BTreeSet<i64> = quarantined.iter().copied().collect();
    ensure!(quarantined.len() == kept.len(), "a record is twice in quarantine");
    ensure!(
        kept.is_subset(refused),
        "in quarantine without a reason: {:?}",
        kept.difference(refused).collect::<Vec<_>>()
    );
    let key = PartitionKey {
        topic: TOPIC.to_owned(),
        partition: 0,
    };
    let gone: BTreeSet<i64> = store
        .current_gaps(&task.name, &key)?
        .into_iter()
        .flat_map(|gap| gap.range.from..gap.range.to)
        .collect();
    // What was deleted before the launch was never the task's.
    let start = store
        .partitions(&task.name)?
        .first()
        .context("a partition")?
        .start;
    for offset in start..end {
        let places = (
            copied.contains_key(&offset),
            kept.contains(&offset),
            gone.contains(&offset),
        );
        ensure!(
            places != (false, false, false),
            "{offset} is neither copied nor noted"
        );
        ensure!(!(places.0 && places.1), "{offset} is copied and in quarantine");
        if task.delivery == Delivery::ExactlyOnce {
            ensure!(!(places.0 && places.2), "{offset} is copied and in a gap");
            ensure!(
                copied.get(&offset).is_none_or(|&times| times == 1),
                "{offset} is twice there"
            );
        }
    }
    Ok(())
}

#[test]
fn a_copy_that_dies_at_its_writes_again_and_again_ends_exact_with_its_ledger() -> Result<()> {
    for delivery in BOTH {
        let (source, target) = fake_clusters()?;
        source.create_topic(TOPIC, 1, &[])?;
        target.create_topic(TOPIC, 1, &[("max.message.bytes", LIMIT)])?;
        let state = tempfile::tempdir()?;
        let store = Arc::new(SqliteStore::open(state.path())?);
        let task = task(&source.bootstrap(), &target.bootstrap(), delivery)?;
        let mut chance = Chance(0x51ce_5eed);
        let (mut refused, mut deaths) = (BTreeSet::new(), 0);
        for round in 0..rounds() {
            change(&source, &mut chance, &mut refused)?;
            let given = [
                source.bootstrap(),
                target.bootstrap(),
                state.path().display().to_string(),
                if delivery == Delivery::ExactlyOnce {
                    "once"
                } else {
                    "least"
                }
                .to_owned(),
                chance.below(7).to_string(),
                if chance.below(2) == 0 { "before" } else { "after" }.to_owned(),
            ]
            .join("|");
            deaths += usize::from(
                dies("victim", VICTIM, &given).with_context(|| format!("round {round}: {given}"))?,
            );
        }
        copy(task.clone(), store.clone())?;
        is_exact(&target, &store, &task, source.end_offset(TOPIC, 0)?, &refused)
            .with_context(|| format!("{delivery:?} after {deaths} deaths"))?;
        assert!(
            deaths * 3 >= rounds(),
            "only {deaths} deaths in {} rounds",
            rounds()
        );
        println!("{delivery:?}: {deaths} deaths in {} rounds", rounds());
    }
    Ok(())
}
