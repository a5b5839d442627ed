//! Groups of a task that another program copies: the offset map is found by reading both sides in step.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result, ensure};
use sluice_engine::{CheckpointStore, Goal, GroupsReport, OutsideCopy, PartitionKey, Translated, pair_up};
use sluice_fakekafka::{FakeCluster, FakeRecord, Isolation, Outcome};
use sluice_tests::{Bench, fake_clusters};

use crate::ground::{all, commit_fake, group, only, sync, values_from};

/// Two clusters, a task that is launched, and this test as the other program.
struct Other {
    source: FakeCluster,
    target: FakeCluster,
    bench: Bench,
    copy: OutsideCopy,
}

impl Other {
    fn new() -> Result<Self> {
        let (source, target) = fake_clusters()?;
        source.create_topic("t", 1, &[])?;
        target.create_topic("t", 1, &[])?;
        // Offsets of both sides differ from the first record on.
        target.append("t", 0, vec![FakeRecord::new("old", "old")])?;
        let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["t"])?;
        bench.task.existing = sluice_model::ExistingData::Append;
        let copy = OutsideCopy::begin(
            bench.task.clone(),
            bench.store.clone(),
            Arc::new(|_| {}),
            true,
            &|| false,
        )?;
        Ok(Self {
            source,
            target,
            bench,
            copy,
        })
    }

    /// The committed records of the source from an offset on.
    fn at_source(&self, from: i64) -> Result<Vec<FakeRecord>> {
        Ok(self
            .source
            .records("t", 0, Isolation::Committed)?
            .into_iter()
            .filter(|stored| stored.offset >= from)
            .map(|stored| stored.record)
            .collect())
    }

    /// The other program writes these records in transactions of several sizes.
    fn write(&self, records: &[FakeRecord]) -> Result<()> {
        let (mut rest, mut size) = (records, 1);
        while !rest.is_empty() {
            let (now, later) = rest.split_at(size.min(rest.len()));
            self.target
                .append_transaction("t", 0, now.to_vec(), Outcome::Committed)?;
            (rest, size) = (later, size % 7 + 1);
        }
        Ok(())
    }

    /// Its position is the end of the source, and it is at rest.
    fn note(&mut self) -> Result<()> {
        let end = self.source.end_offset("t", 0)?;
        let mut ask = || Ok(BTreeMap::from([(key(), end)]));
        let progress = self.copy.look(&mut ask, true, &|| false);
        ensure!(progress.error.is_none(), "{:?}", progress.error);
        Ok(())
    }

    /// A group at each offset of the source is moved.
    fn moved(&self) -> Result<GroupsReport> {
        for offset in 0..=self.source.end_offset("t", 0)? {
            commit_fake(&self.source, &format!("at-{offset:04}"), "t", offset, "");
        }
        sync(&self.bench, &all())
    }

    /// Which offsets have no place, and that all others go on with exactly what their group has not read.
    fn without_a_place(&self, report: &GroupsReport) -> Result<Vec<i64>> {
        let mut without = Vec::new();
        for offset in 0..=self.source.end_offset("t", 0)? {
            let position = only(report, &format!("at-{offset:04}"))?;
            let Some(put) = position.target_offset else {
                ensure!(
                    position.result == Translated::Unknown && !position.committed,
                    "{position:?}"
                );
                without.push(offset);
                continue;
            };
            ensure!(
                position.result.is_exact() && position.proved == Some(true) && position.committed,
                "{position:?}"
            );
            let (read, wanted) = (
                values_from(&self.target, "t", put)?,
                values_from(&self.source, "t", offset)?,
            );
            ensure!(read == wanted, "{offset} at {put}: {read:?} for {wanted:?}");
        }
        Ok(without)
    }

    fn noted(&self) -> Result<i64> {
        let runs = self
            .bench
            .store
            .runs_from(&self.bench.task.name, &key(), 0, usize::MAX)?;
        Ok(runs.iter().map(|run| run.length).sum())
    }
}

fn key() -> PartitionKey {
    PartitionKey {
        topic: "t".to_owned(),
        partition: 0,
    }
}

fn record(number: usize) -> FakeRecord {
    // Contents come again: a record is not known by them alone.
    FakeRecord::new(format!("k{}", number % 3), format!("v{}", number % 5)).at(1_700_000_000_000)
}

/// Records, transactions, and markers at the source. Returns its end.
fn fill(source: &FakeCluster, from: usize, rounds: usize) -> Result<i64> {
    let records = |first: usize, count: usize| (first..first + count).map(record).collect::<Vec<_>>();
    let mut next = from;
    for round in 0..rounds {
        source.append("t", 0, records(next, 4 + round % 3))?;
        source.append_transaction("t", 0, records(next + 7, 1 + round % 2), Outcome::Committed)?;
        source.append_transaction("t", 0, records(next + 9, 2), Outcome::Aborted)?;
        next += 11;
    }
    Ok(source.end_offset("t", 0)?)
}

#[test]
fn a_group_at_any_offset_of_what_another_program_copied_continues_exactly_where_it_stood() -> Result<()> {
    let mut other = Other::new()?;
    let end = fill(&other.source, 0, 12)?;
    other.write(&other.at_source(0)?)?;
    other.note()?;
    let report = other.moved()?;
    ensure!(other.without_a_place(&report)?.is_empty() && report.failed == 0);
    ensure!(
        group(&report, &format!("at-{end:04}"))?.lag_target == Some(0),
        "markers behind the last record are no lag"
    );
    ensure!(
        other.noted()? == i64::try_from(other.at_source(0)?.len())?,
        "each record is in the map now"
    );
    // What comes later is found behind it.
    fill(&other.source, 500, 5)?;
    let pending = other.moved()?;
    let behind = format!("at-{:04}", other.source.end_offset("t", 0)?);
    ensure!(
        only(&pending, &behind)?.result == Translated::Pending,
        "not copied yet"
    );
    other.write(&other.at_source(end)?)?;
    other.note()?;
    let report = other.moved()?;
    ensure!(other.without_a_place(&report)?.is_empty());
    Ok(())
}

#[test]
fn a_position_near_the_end_costs_no_reading_of_all_that_is_before_it() -> Result<()> {
    let mut other = Other::new()?;
    let records: Vec<FakeRecord> = (0..3_000).map(record).collect();
    other.source.append("t", 0, records.clone())?;
    other.target.append("t", 0, records)?;
    other.note()?;
    for (name, offset) in [("behind", 2_990), ("at-the-end", 3_000)] {
        commit_fake(&other.source, name, "t", offset, "");
    }
    let report = sync(&other.bench, &all())?;
    let behind = only(&report, "behind")?;
    ensure!(
        (behind.target_offset, behind.result, behind.proved) == (Some(2_991), Translated::Exact, Some(true)),
        "{behind:?}"
    );
    ensure!(only(&report, "at-the-end")?.target_offset == Some(3_001));
    ensure!(other.noted()? < 200, "{} records were paired", other.noted()?);
    Ok(())
}

#[test]
fn records_that_came_twice_are_never_taken_for_a_place_behind_what_was_not_read() -> Result<()> {
    let mut other = Other::new()?;
    let distinct: Vec<FakeRecord> = (0..40)
        .map(|number| FakeRecord::new(format!("k{number}"), format!("v{number}")))
        .collect();
    other.source.append("t", 0, distinct.clone())?;
    // A worker died behind record 25 and began again with record 15.
    other.target.append("t", 0, distinct[..25].to_vec())?;
    other.target.append("t", 0, distinct[15..].to_vec())?;
    other.note()?;
    let report = other.moved()?;
    for offset in 0..=40 {
        let position = only(&report, &format!("at-{offset:04}"))?;
        let put = position.target_offset.with_context(|| format!("{position:?}"))?;
        let mut read = values_from(&other.target, "t", put)?;
        let wanted = values_from(&other.source, "t", offset)?;
        ensure!(
            read.first() == wanted.first() && position.proved == Some(true),
            "{offset} at {put}: {read:?}"
        );
        read.sort();
        read.dedup();
        for value in &wanted {
            ensure!(read.contains(value), "{offset} at {put} loses {value}");
        }
    }
    Ok(())
}

#[test]
fn around_a_record_of_somebody_else_positions_are_refused_and_elsewhere_exact() -> Result<()> {
    let mut other = Other::new()?;
    let records: Vec<FakeRecord> = (0..30_000).map(record).collect();
    other.source.append("t", 0, records.clone())?;
    other.target.append("t", 0, records[..100].to_vec())?;
    other
        .target
        .append("t", 0, vec![FakeRecord::new("somebody", "else")])?;
    other.target.append("t", 0, records[100..200].to_vec())?;
    other
        .target
        .append("t", 0, vec![FakeRecord::new("somebody", "again")])?;
    other.target.append("t", 0, records[200..].to_vec())?;
    other.note()?;
    for offset in [0, 50, 99, 100, 150, 199, 200, 201, 15_000, 29_999, 30_000] {
        commit_fake(&other.source, &format!("at-{offset:05}"), "t", offset, "");
    }
    let report = sync(&other.bench, &all())?;
    let place = |offset: i64| -> Result<(Option<i64>, Translated)> {
        let position = only(&report, &format!("at-{offset:05}"))?;
        Ok((position.target_offset, position.result))
    };
    // One record was on the target before, and two are somebody else's.
    for (offset, put) in [
        (0, 1),
        (50, 51),
        (99, 100),
        (201, 204),
        (15_000, 15_003),
        (29_999, 30_002),
        (30_000, 30_003),
    ] {
        ensure!(
            place(offset)? == (Some(put), Translated::Exact),
            "{offset}: {:?}",
            place(offset)?
        );
    }
    let between = only(&report, "at-00150")?;
    ensure!(
        between.target_offset.is_none() && between.result == Translated::Unknown && !between.committed,
        "{between:?}"
    );
    Ok(())
}

#[test]
fn what_the_source_has_deleted_is_found_from_the_end_and_what_is_gone_is_refused() -> Result<()> {
    let mut other = Other::new()?;
    let records: Vec<FakeRecord> = (0..100).map(record).collect();
    other.source.append("t", 0, records.clone())?;
    other.target.append("t", 0, records)?;
    other.note()?;
    other.source.delete_records("t", 0, 60)?;
    for offset in [30, 60, 61] {
        commit_fake(&other.source, &format!("at-{offset}"), "t", offset, "");
    }
    let report = sync(&other.bench, &all())?;
    ensure!(only(&report, "at-61")?.target_offset == Some(62));
    ensure!(only(&report, "at-60")?.target_offset == Some(61));
    let gone = only(&report, "at-30")?;
    ensure!(gone.target_offset.is_none() && gone.reason.is_some(), "{gone:?}");
    Ok(())
}

#[test]
fn a_place_of_the_target_is_found_as_one_of_the_source_is() -> Result<()> {
    let mut other = Other::new()?;
    fill(&other.source, 0, 12)?;
    other.write(&other.at_source(0)?)?;
    other.note()?;
    let stored = other.target.records("t", 0, Isolation::Committed)?;
    let middle = stored[stored.len() / 2].offset;
    let sought = [(key(), Goal::Target(middle))].into();
    let store = other.bench.store.as_ref();
    let unpaired = pair_up(&other.bench.task, store, &sought, &AtomicBool::new(false))?;
    ensure!(unpaired.is_empty(), "{unpaired:?}");
    let run = store
        .run_at_target(&other.bench.task.name, &key(), middle)?
        .context("a run")?;
    let (source, target) = run.at_or_after_target(middle).context("a record")?;
    let rest = other.at_source(source)?.len();
    ensure!(
        target == middle && rest == stored.len() - stored.len() / 2,
        "{source} {rest}"
    );
    Ok(())
}
