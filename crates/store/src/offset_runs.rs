//! The rows of the offset map.

use rusqlite::{OptionalExtension, Row, Transaction, params};
use sluice_engine::{OffsetRun, PartitionKey, RunCut, Stride};
use sluice_model::TaskName;

const COLUMNS: &str = "source_base, target_base, length, source_first, source_block, source_hole, \
     target_first, target_block, target_hole";

/// Rows that one call deletes at most, so that a checkpoint never waits long for it.
const PRUNED_AT_ONCE: usize = 10_000;

/// The runs of one partition. A run's key is its first source offset; runs are in the same order on both sides.
pub(crate) struct Runs<'a> {
    t: &'a Transaction<'a>,
    key: &'a PartitionKey,
    /// Stands for task, topic and partition.
    id: i64,
}

impl<'a> Runs<'a> {
    /// The runs of a partition that has some.
    pub(crate) fn find(
        t: &'a Transaction<'a>,
        task: &TaskName,
        key: &'a PartitionKey,
    ) -> rusqlite::Result<Option<Self>> {
        let id = t
            .prepare_cached(
                "SELECT id FROM run_partitions WHERE task = ?1 AND topic = ?2 AND partition = ?3",
            )?
            .query_row(params![task.as_str(), key.topic, key.partition], |row| row.get(0))
            .optional()?;
        Ok(id.map(|id| Self { t, key, id }))
    }

    fn find_or_add(t: &'a Transaction<'a>, task: &TaskName, key: &'a PartitionKey) -> rusqlite::Result<Self> {
        if let Some(found) = Self::find(t, task, key)? {
            return Ok(found);
        }
        let id = t
            .prepare_cached("INSERT INTO run_partitions (task, topic, partition) VALUES (?1, ?2, ?3)")?
            .insert(params![task.as_str(), key.topic, key.partition])?;
        Ok(Self { t, key, id })
    }

    fn first_where(&self, condition: &str, offset: i64) -> rusqlite::Result<Option<OffsetRun>> {
        self.t
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM offset_runs WHERE run_partition = ?1 AND {condition} LIMIT 1"
            ))?
            .query_row(params![self.id, offset], |row| run(self.key, row))
            .optional()
    }

    /// The last run that begins before a source offset.
    pub(crate) fn before(&self, source: i64) -> rusqlite::Result<Option<OffsetRun>> {
        self.first_where("source_base < ?2 ORDER BY source_base DESC", source)
    }

    /// The last run that begins at a source offset or before it.
    fn up_to(&self, source: i64) -> rusqlite::Result<Option<OffsetRun>> {
        self.first_where("source_base <= ?2 ORDER BY source_base DESC", source)
    }

    /// The first run that begins behind a source offset.
    fn behind(&self, source: i64) -> rusqlite::Result<Option<OffsetRun>> {
        self.first_where("source_base > ?2 ORDER BY source_base", source)
    }

    /// The run that holds a source offset, or the next one.
    pub(crate) fn at_source(&self, source: i64) -> rusqlite::Result<Option<OffsetRun>> {
        match self.up_to(source)? {
            Some(run) if run.last().0 >= source => Ok(Some(run)),
            _ => self.behind(source),
        }
    }

    /// The last run that begins at a target offset or before it. Halves the range of source offsets until it is found:
    /// an index by target offset would cost every run more than this costs the few questions.
    fn up_to_target(&self, target: i64) -> rusqlite::Result<Option<OffsetRun>> {
        let (Some(first), Some(last)) = (self.behind(-1)?, self.before(i64::MAX)?) else {
            return Ok(None);
        };
        if first.target > target {
            return Ok(None);
        }
        let (mut from, mut to) = (first.source, last.source);
        while from < to {
            let middle = from + (to - from + 1) / 2;
            match self.up_to(middle)? {
                Some(run) if run.target > target => to = run.source - 1,
                _ => from = middle,
            }
        }
        self.up_to(from)
    }

    /// The run that holds a target offset, or the next one.
    pub(crate) fn at_target(&self, target: i64) -> rusqlite::Result<Option<OffsetRun>> {
        match self.up_to_target(target)? {
            Some(run) if run.last().1 >= target => Ok(Some(run)),
            Some(run) => self.behind(run.source),
            None => self.behind(-1),
        }
    }

    /// The run that holds a source offset or the next one, and those behind it.
    pub(crate) fn page(&self, source: i64, limit: usize) -> rusqlite::Result<Vec<OffsetRun>> {
        let from = self.at_source(source)?.map_or(i64::MAX, |run| run.source);
        self.t
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM offset_runs WHERE run_partition = ?1 AND source_base >= ?2
                 ORDER BY source_base LIMIT ?3"
            ))?
            .query_map(
                params![self.id, from, i64::try_from(limit).unwrap_or(i64::MAX)],
                |row| run(self.key, row),
            )?
            .collect()
    }

    /// Deletes runs all of whose records lie before both offsets, but not the last run. Returns how many.
    pub(crate) fn prune(&self, source: i64, target: i64) -> rusqlite::Result<usize> {
        let Some(last) = self.before(i64::MAX)? else {
            return Ok(0);
        };
        let begins = |run: Option<OffsetRun>| run.map_or(last.source, |run| run.source);
        let kept = begins(self.at_source(source)?).min(begins(self.at_target(target)?));
        self.t
            .prepare_cached(
                "DELETE FROM offset_runs WHERE run_partition = ?1 AND source_base IN
                   (SELECT source_base FROM offset_runs WHERE run_partition = ?1 AND source_base < ?2
                    ORDER BY source_base LIMIT ?3)",
            )?
            .execute(params![
                self.id,
                kept,
                i64::try_from(PRUNED_AT_ONCE).unwrap_or(i64::MAX)
            ])
    }

    fn put(&self, run: &OffsetRun) -> rusqlite::Result<()> {
        let (source, target) = (run.source_stride, run.target_stride);
        self.t
            .prepare_cached(&format!(
                "INSERT OR REPLACE INTO offset_runs (run_partition, {COLUMNS})
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
            ))?
            .execute(params![
                self.id,
                run.source,
                run.target,
                run.length,
                source.first,
                source.block,
                source.hole,
                target.first,
                target.block,
                target.hole
            ])
            .map(drop)
    }
}

/// Saves runs; those that grew replace themselves.
pub(crate) fn save(t: &Transaction<'_>, task: &TaskName, runs: &[OffsetRun]) -> rusqlite::Result<()> {
    // Runs come grouped by partition, so the last id is most often the next one too.
    let mut known: Option<Runs<'_>> = None;
    for run in runs {
        let of = match known.take() {
            Some(of) if *of.key == run.key => of,
            _ => Runs::find_or_add(t, task, &run.key)?,
        };
        of.put(run)?;
        known = Some(of);
    }
    Ok(())
}

/// Takes out what runs hold from a source offset on.
pub(crate) fn cut(t: &Transaction<'_>, task: &TaskName, cut: &RunCut) -> rusqlite::Result<()> {
    let Some(runs) = Runs::find(t, task, &cut.key)? else {
        return Ok(());
    };
    t.prepare_cached("DELETE FROM offset_runs WHERE run_partition = ?1 AND source_base >= ?2")?
        .execute(params![runs.id, cut.from])?;
    if let Some(run) = runs.before(cut.from)?
        && run.last().0 >= cut.from
        && let Some(rest) = run.before(cut.from)
    {
        runs.put(&rest)?;
    }
    Ok(())
}

fn run(key: &PartitionKey, row: &Row<'_>) -> rusqlite::Result<OffsetRun> {
    let stride = |first: usize| -> rusqlite::Result<Stride> {
        Ok(Stride {
            first: row.get(first)?,
            block: row.get(first + 1)?,
            hole: row.get(first + 2)?,
        })
    };
    Ok(OffsetRun {
        key: key.clone(),
        source: row.get(0)?,
        target: row.get(1)?,
        length: row.get(2)?,
        source_stride: stride(3)?,
        target_stride: stride(6)?,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sluice_engine::{Checkpoint, CheckpointStore};

    use super::*;
    use crate::testing::store;

    fn task() -> TaskName {
        TaskName::new("n").unwrap()
    }

    fn key() -> PartitionKey {
        PartitionKey {
            topic: "a".into(),
            partition: 0,
        }
    }

    /// Every second offset on the target, two of three at the source.
    fn with_holes(source: i64, target: i64, length: i64) -> OffsetRun {
        OffsetRun {
            source_stride: Stride {
                first: 2,
                block: 2,
                hole: 1,
            },
            target_stride: Stride {
                first: 1,
                block: 1,
                hole: 1,
            },
            ..OffsetRun::contiguous(key(), source, target, length)
        }
    }

    fn saved(runs: Vec<OffsetRun>) -> (tempfile::TempDir, crate::SqliteStore) {
        let (dir, store) = store();
        let checkpoint = Checkpoint {
            runs,
            ..Checkpoint::default()
        };
        store.save(&task(), &checkpoint).unwrap();
        (dir, store)
    }

    #[test]
    fn a_run_with_holes_is_read_back_and_cut_between_its_records() {
        let run = with_holes(30, 100, 10);
        let (_dir, store) = saved(vec![run.clone()]);
        assert_eq!(store.last_run(&task(), &key()).unwrap(), Some(run));
        let cut = RunCut {
            key: key(),
            from: 37,
            incarnation: 1,
        };
        let checkpoint = Checkpoint {
            cuts: vec![cut],
            ..Checkpoint::default()
        };
        store.save(&task(), &checkpoint).unwrap();
        let left = store.last_run(&task(), &key()).unwrap().unwrap();
        assert_eq!(left.length, 5);
        assert_eq!((left.last(), left.target_of(37)), ((36, 108), None));
    }

    #[test]
    fn runs_before_the_starts_of_both_logs_are_deleted_and_no_other() {
        let runs: Vec<OffsetRun> = (0..10).map(|n| with_holes(100 * n, 1_000 * n, 10)).collect();
        let (_dir, store) = saved(runs.clone());
        let left = |store: &crate::SqliteStore| store.runs_from(&task(), &key(), 0, usize::MAX).unwrap();
        assert_eq!(
            store.prune_runs(&task(), &key(), 500, 0).unwrap(),
            0,
            "the target still has all"
        );
        assert_eq!(
            store.prune_runs(&task(), &key(), 0, 5_000).unwrap(),
            0,
            "the source still has all"
        );
        assert_eq!(store.prune_runs(&task(), &key(), 304, 9_000).unwrap(), 3);
        assert_eq!(left(&store), runs[3..], "the run that holds the start stays");
        assert_eq!(store.prune_runs(&task(), &key(), i64::MAX, i64::MAX).unwrap(), 6);
        assert_eq!(left(&store), runs[9..], "the last one stays to be continued");
        assert_eq!(store.prune_runs(&task(), &key(), i64::MAX, i64::MAX).unwrap(), 0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20))]
        #[test]
        fn every_offset_finds_the_run_that_holds_it_or_the_next(
            parts in prop::collection::vec((1..9i64, 1..9i64, 1..6i64), 1..40)
        ) {
            let (mut source, mut target, mut runs) = (0, 0, Vec::new());
            for (source_hole, target_hole, length) in parts {
                let run = with_holes(source + source_hole, target + target_hole, length);
                (source, target) = run.last();
                runs.push(run);
            }
            let (_dir, store) = saved(runs.clone());
            for offset in 0..source + 2 {
                let found = store.run_at_source(&task(), &key(), offset).unwrap();
                prop_assert_eq!(found.as_ref(), runs.iter().find(|run| run.last().0 >= offset));
                let before = store.run_before(&task(), &key(), offset).unwrap();
                prop_assert_eq!(before.as_ref(), runs.iter().rfind(|run| run.source < offset));
                let page = store.runs_from(&task(), &key(), offset, 3).unwrap();
                let expected: Vec<OffsetRun> =
                    runs.iter().filter(|run| run.last().0 >= offset).take(3).cloned().collect();
                prop_assert_eq!(page, expected);
            }
            for offset in 0..target + 2 {
                let found = store.run_at_target(&task(), &key(), offset).unwrap();
                prop_assert_eq!(found.as_ref(), runs.iter().find(|run| run.last().1 >= offset));
            }
        }
    }
}
