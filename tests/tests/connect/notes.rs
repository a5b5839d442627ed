//! What is noted of a copy that another program makes: exactly what belongs together on both sides, and what was lost.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result};
use sluice_engine::{CheckpointStore, Event, OutsideCopy, PartitionKey, PartitionState, Progress};
use sluice_fakekafka::{FakeCluster, FakeRecord, Outcome};
use sluice_model::{Cluster, Objects, OffsetRange, Task, TaskName};
use sluice_store::SqliteStore;
use sluice_tests::{Chance, fake_clusters};

/// Another program between two clusters, which is this test.
struct Other {
    source: FakeCluster,
    target: FakeCluster,
    store: Arc<SqliteStore>,
    events: Arc<Mutex<Vec<String>>>,
    task: Task,
    _dir: tempfile::TempDir,
}

impl Other {
    fn new() -> Result<Self> {
        let (source, target) = fake_clusters()?;
        source.create_topic("t", 1, &[])?;
        let dir = tempfile::tempdir()?;
        let task = Task::new(
            TaskName::new("outside")?,
            Cluster::new(&source.bootstrap())?,
            Cluster::new(&target.bootstrap())?,
            Objects::Topics(vec!["t".to_owned()]),
        );
        Ok(Self {
            source,
            target,
            store: Arc::new(SqliteStore::open(dir.path())?),
            events: Arc::default(),
            task,
            _dir: dir,
        })
    }

    fn begin(&self, exactly_once: bool) -> Result<OutsideCopy> {
        let events = Arc::clone(&self.events);
        let observer = Arc::new(move |event| {
            let line = match event {
                Event::Gap(gap) => format!("gap {}", gap.range),
                Event::Warning(words) => words,
                _ => return,
            };
            events
                .lock()
                .map(|mut lines| lines.push(line))
                .unwrap_or_default();
        });
        let store = self.store.clone();
        Ok(OutsideCopy::begin(
            self.task.clone(),
            store,
            observer,
            exactly_once,
            &|| false,
        )?)
    }

    fn append(cluster: &FakeCluster, count: usize) -> Result<()> {
        let records = (0..count)
            .map(|number| FakeRecord::new("k", format!("v{number}")))
            .collect();
        cluster.append("t", 0, records)?;
        Ok(())
    }

    fn note(&self) -> Result<PartitionState> {
        self.store
            .partitions(&self.task.name)?
            .pop()
            .context("a partition")
    }
}

fn key() -> PartitionKey {
    PartitionKey {
        topic: "t".to_owned(),
        partition: 0,
    }
}

/// Looks while the other program says these positions, one at each question.
fn look(copy: &mut OutsideCopy, says: [i64; 2], at_rest: bool) -> Progress {
    let mut says = says.into_iter();
    let mut ask = || -> std::result::Result<BTreeMap<PartitionKey, i64>, String> {
        let position = says.next().ok_or("asked once more")?;
        Ok(BTreeMap::from([(key(), position)]))
    };
    copy.look(&mut ask, at_rest, &|| false)
}

#[test]
fn only_what_belongs_together_on_both_sides_is_noted() -> Result<()> {
    let other = Other::new()?;
    Other::append(&other.source, 10)?;
    let mut copy = other.begin(true)?;
    assert_eq!(
        copy.positions().into_values().collect::<Vec<_>>(),
        [0],
        "pinned before anything is copied"
    );
    Other::append(&other.target, 5)?;
    let progress = look(&mut copy, [5, 5], false);
    assert_eq!(progress.error, None);
    assert_eq!(
        (progress.partitions[0].position, progress.lag_records),
        (5, Some(5)),
        "what is shown is what the other program says"
    );
    assert_eq!((other.note()?.position, other.note()?.target_next), (5, 5));
    Other::append(&other.target, 5)?;
    let progress = look(&mut copy, [10, 10], false);
    assert!(progress.caught_up && copy.has_all_of_the_beginning() && copy.incomplete().is_empty());
    assert_eq!(progress.written_records, 10);
    Ok(())
}

#[test]
fn a_copy_that_never_rests_is_noted_by_the_last_record_that_it_wrote() -> Result<()> {
    let other = Other::new()?;
    Other::append(&other.source, 10)?;
    let mut copy = other.begin(true)?;
    Other::append(&other.target, 6)?;
    let progress = look(&mut copy, [4, 9], false);
    assert_eq!(
        progress.partitions[0].position, 9,
        "what is shown is its own word"
    );
    assert_eq!((other.note()?.position, other.note()?.target_next), (6, 6));
    Ok(())
}

/// The other program while it is asked: each time it goes on by some records before it is asked again.
struct Busy<'a> {
    target: &'a FakeCluster,
    records: Vec<FakeRecord>,
    copied: usize,
    chance: Chance,
}

impl Busy<'_> {
    fn goes_on(&mut self) -> Result<()> {
        let next = self.copied + self.chance.below(6) as usize;
        let part = self.records[self.copied..next].to_vec();
        self.copied = next;
        if !part.is_empty() {
            self.target.append_transaction("t", 0, part, Outcome::Committed)?;
        }
        Ok(())
    }

    /// Says where it stands, and goes on.
    fn says(&mut self) -> Result<i64> {
        let position = i64::try_from(self.copied)?;
        self.goes_on()?;
        Ok(position)
    }
}

#[test]
fn however_records_repeat_what_is_noted_of_a_moving_copy_belongs_together() -> Result<()> {
    let other = Other::new()?;
    let mut chance = Chance(7);
    let records: Vec<FakeRecord> = (0..1_000)
        .map(|_| FakeRecord::new("k", format!("{}", chance.below(4))))
        .collect();
    other.source.append("t", 0, records.clone())?;
    let mut busy = Busy {
        target: &other.target,
        records,
        copied: 0,
        chance,
    };
    let (mut noted, mut last) = (0, (0, 0));
    for round in 0..60 {
        // Each run looks for the last record once.
        let mut copy = other.begin(true)?;
        let mut on_target = Vec::new();
        let mut ask = || -> std::result::Result<BTreeMap<PartitionKey, i64>, String> {
            // As it stands when its positions were asked before, and the target's end after.
            let ends = other
                .target
                .end_offset("t", 0)
                .map_err(|error| error.to_string())?;
            on_target.push((i64::try_from(busy.copied).unwrap_or(0), ends));
            let position = busy.says().map_err(|error| error.to_string())?;
            Ok(BTreeMap::from([(key(), position)]))
        };
        let progress = copy.look(&mut ask, false, &|| false);
        assert_eq!(progress.error, None);
        let note = (other.note()?.position, other.note()?.target_next);
        if note != last {
            assert_eq!(note, on_target[1], "round {round}, behind {last:?}");
            noted += 1;
        }
        last = note;
    }
    assert!(noted > 40, "{noted} of 60 looks noted something");
    Ok(())
}

#[test]
fn while_a_transaction_is_open_on_the_target_nothing_is_noted_and_a_copy_at_rest_says_so() -> Result<()> {
    let other = Other::new()?;
    Other::append(&other.source, 10)?;
    let mut copy = other.begin(true)?;
    Other::append(&other.target, 5)?;
    let open = vec![FakeRecord::new("k", "open")];
    other.target.append_transaction("t", 0, open, Outcome::Open)?;
    look(&mut copy, [4, 6], false);
    look(&mut copy, [5, 5], true);
    assert_eq!((other.note()?.position, other.note()?.target_next), (0, 0));
    let why = copy.not_noted().unwrap_or_default();
    assert!(why.contains("t-0"), "{why}");
    other.target.end_open_transactions("t", 0, false)?;
    look(&mut copy, [5, 5], true);
    assert_eq!(other.note()?.position, 5);
    assert_eq!(copy.not_noted(), None);
    Ok(())
}

#[test]
fn a_last_record_that_may_be_one_of_several_notes_nothing() -> Result<()> {
    let other = Other::new()?;
    let same =
        |cluster: &FakeCluster, count| cluster.append("t", 0, vec![FakeRecord::new("k", "same"); count]);
    same(&other.source, 10)?;
    let mut copy = other.begin(true)?;
    same(&other.target, 6)?;
    look(&mut copy, [4, 9], false);
    assert_eq!((other.note()?.position, other.note()?.target_next), (0, 0));
    look(&mut copy, [6, 6], false);
    assert_eq!((other.note()?.position, other.note()?.target_next), (6, 6));
    Ok(())
}

#[test]
fn a_program_that_writes_its_positions_late_is_noted_where_it_rests_or_has_everything() -> Result<()> {
    let other = Other::new()?;
    Other::append(&other.source, 10)?;
    let mut copy = other.begin(false)?;
    Other::append(&other.target, 7)?;
    look(&mut copy, [5, 5], false);
    look(&mut copy, [5, 8], false);
    assert_eq!(other.note()?.position, 0, "the target may have more than it says");
    look(&mut copy, [7, 7], true);
    assert_eq!((other.note()?.position, other.note()?.target_next), (7, 7));
    assert_eq!(copy.incomplete().len(), 1);
    Other::append(&other.target, 3)?;
    look(&mut copy, [10, 10], false);
    assert_eq!((other.note()?.position, other.note()?.target_next), (10, 10));
    Ok(())
}

#[test]
fn what_the_source_deletes_is_in_the_ledger_and_a_position_that_goes_back_is_an_error() -> Result<()> {
    let other = Other::new()?;
    Other::append(&other.source, 20)?;
    let mut copy = other.begin(true)?;
    look(&mut copy, [3, 3], false);
    other.source.delete_records("t", 0, 8)?;
    look(&mut copy, [3, 3], false);
    look(&mut copy, [3, 3], false);
    other.source.delete_records("t", 0, 12)?;
    look(&mut copy, [15, 15], false);
    let ranges: Vec<OffsetRange> = other
        .store
        .gaps(&other.task.name)?
        .into_iter()
        .map(|gap| gap.range)
        .collect();
    let of = |from, to| OffsetRange { from, to };
    assert_eq!(ranges, [of(3, 8), of(8, 12)]);
    let lines = other.events.lock().map(|lines| lines.clone()).unwrap_or_default();
    assert!(
        lines
            .iter()
            .any(|line| line.contains("while they were being copied")),
        "of the second it is not known: {lines:?}"
    );
    let progress = look(&mut copy, [2, 2], false);
    let error = progress.partitions[0].error.clone().unwrap_or_default();
    assert!(error.contains("went back from 15 to 2"), "{error}");
    assert_eq!(other.note()?.position, 15, "what was known stays");
    Ok(())
}
