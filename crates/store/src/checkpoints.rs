//! [`CheckpointStore`] on SQLite.

use rusqlite::types::Type;
use rusqlite::{OptionalExtension, Row, Transaction, params};
use sluice_engine::{
    Anchor, Checkpoint, CheckpointStore, Gap, LaneKind, Launch, Ledger, OffsetRun, PartitionKey,
    PartitionState, QuarantineFate, QuarantinedRecord, StoreError,
};
use sluice_model::TaskName;

use crate::counts::{signed, unsigned};
use crate::offset_runs::{self, Runs};
use crate::sqlite_store::Durability;
use crate::{SqliteStore, StateError, lanes, ledger};

const PARTITION_COLUMNS: &str = "topic, partition, target_topic, source_topic_id, target_topic_id, start, target_start, \
     backlog_end, position, leader_epoch, target_next, anchor_offset, anchor_hash, records, bytes, incarnation";

impl CheckpointStore for SqliteStore {
    fn launch(&self, task: &TaskName) -> Result<Option<Launch>, StoreError> {
        let sql = "SELECT task, launch_id, source_cluster, target_cluster, launched_at_ms, delivery, lanes FROM launches WHERE task = ?1";
        Ok(self.read(|t| {
            t.prepare_cached(sql)?
                .query_row([task.as_str()], launch)
                .optional()
        })?)
    }

    fn begin(&self, launch: &Launch, partitions: &[PartitionState], gaps: &[Gap]) -> Result<(), StoreError> {
        let mut taken = false;
        let written = self.write(Durability::Fsync, |t| {
            let rows = t.execute(
                "INSERT INTO launches (task, launch_id, source_cluster, target_cluster, launched_at_ms, delivery, lanes)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
                params![
                    launch.task.as_str(),
                    launch.launch_id,
                    launch.source_cluster,
                    launch.target_cluster,
                    launch.launched_at_ms,
                    launch.delivery,
                    lanes::column(&launch.lanes)
                ],
            )?;
            taken = rows == 0;
            if taken {
                return Ok(());
            }
            partitions
                .iter()
                .try_for_each(|state| save_partition(t, &launch.task, state))?;
            ledger::save(t, &launch.task, gaps, &[])
        });
        if taken {
            return Err(StateError::AlreadyLaunched {
                task: launch.task.clone(),
            }
            .into());
        }
        Ok(written?)
    }

    fn note_lane(&self, task: &TaskName, lane: LaneKind) -> Result<(), StoreError> {
        Ok(self.write(Durability::Fsync, |t| lanes::add(t, task, lane))?)
    }

    fn partitions(&self, task: &TaskName) -> Result<Vec<PartitionState>, StoreError> {
        let sql =
            format!("SELECT {PARTITION_COLUMNS} FROM partitions WHERE task = ?1 ORDER BY topic, partition");
        Ok(self.read(|t| {
            t.prepare_cached(&sql)?
                .query_map([task.as_str()], partition_state)?
                .collect()
        })?)
    }

    fn save(&self, task: &TaskName, checkpoint: &Checkpoint) -> Result<(), StoreError> {
        if checkpoint.is_empty() {
            return Ok(());
        }
        Ok(self.write(Durability::Wal, |t| {
            checkpoint
                .partitions
                .iter()
                .try_for_each(|state| save_partition(t, task, state))?;
            for cut in &checkpoint.cuts {
                offset_runs::cut(t, task, cut)?;
                ledger::begin_incarnation(t, task, cut)?;
            }
            offset_runs::save(t, task, &checkpoint.runs)?;
            ledger::save(t, task, &checkpoint.gaps, &checkpoint.quarantined)
        })?)
    }

    fn note(&self, task: &TaskName, rows: &Ledger) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        Ok(self.write(Durability::Fsync, |t| {
            ledger::save(t, task, &rows.gaps, &rows.quarantined)
        })?)
    }

    fn runs_from(
        &self,
        task: &TaskName,
        key: &PartitionKey,
        source: i64,
        limit: usize,
    ) -> Result<Vec<OffsetRun>, StoreError> {
        Ok(self.read(|t| match Runs::find(t, task, key)? {
            Some(runs) => runs.page(source, limit),
            None => Ok(Vec::new()),
        })?)
    }

    fn run_at_source(
        &self,
        task: &TaskName,
        key: &PartitionKey,
        source: i64,
    ) -> Result<Option<OffsetRun>, StoreError> {
        self.run(task, key, |runs| runs.at_source(source))
    }

    fn run_at_target(
        &self,
        task: &TaskName,
        key: &PartitionKey,
        target: i64,
    ) -> Result<Option<OffsetRun>, StoreError> {
        self.run(task, key, |runs| runs.at_target(target))
    }

    fn run_before(
        &self,
        task: &TaskName,
        key: &PartitionKey,
        source: i64,
    ) -> Result<Option<OffsetRun>, StoreError> {
        self.run(task, key, |runs| runs.before(source))
    }

    fn prune_runs(
        &self,
        task: &TaskName,
        key: &PartitionKey,
        source_start: i64,
        target_start: i64,
    ) -> Result<usize, StoreError> {
        Ok(self.write(Durability::Wal, |t| match Runs::find(t, task, key)? {
            Some(runs) => runs.prune(source_start, target_start),
            None => Ok(0),
        })?)
    }

    fn gaps(&self, task: &TaskName) -> Result<Vec<Gap>, StoreError> {
        Ok(self.read(|t| ledger::gaps(t, task))?)
    }

    fn current_gaps(&self, task: &TaskName, key: &PartitionKey) -> Result<Vec<Gap>, StoreError> {
        Ok(self.read(|t| ledger::current_gaps(t, task, key))?)
    }

    fn quarantined(&self, task: &TaskName, limit: usize) -> Result<Vec<QuarantinedRecord>, StoreError> {
        Ok(self.read(|t| ledger::undecided(t, task, limit))?)
    }

    fn quarantined_offsets(&self, task: &TaskName, key: &PartitionKey) -> Result<Vec<i64>, StoreError> {
        Ok(self.read(|t| ledger::undecided_offsets(t, task, key))?)
    }

    fn quarantined_record(
        &self,
        task: &TaskName,
        key: &PartitionKey,
        offset: i64,
    ) -> Result<Option<QuarantinedRecord>, StoreError> {
        Ok(self.read(|t| ledger::undecided_at(t, task, key, offset))?)
    }

    fn settle_quarantined(
        &self,
        task: &TaskName,
        key: &PartitionKey,
        offset: i64,
        fate: QuarantineFate,
    ) -> Result<bool, StoreError> {
        Ok(self.write(Durability::Fsync, |t| ledger::settle(t, task, key, offset, fate))?)
    }

    fn settled_quarantine(
        &self,
        task: &TaskName,
        key: &PartitionKey,
    ) -> Result<Vec<(i64, QuarantineFate)>, StoreError> {
        Ok(self.read(|t| ledger::settled(t, task, key))?)
    }

    fn quarantined_count(&self, task: &TaskName) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM quarantined WHERE task = ?1 AND fate IS NULL";
        Ok(self.read(|t| {
            t.prepare_cached(sql)?
                .query_row([task.as_str()], |row| unsigned(row, 0))
        })?)
    }

    fn launches(&self) -> Result<Vec<Launch>, StoreError> {
        let sql = "SELECT task, launch_id, source_cluster, target_cluster, launched_at_ms, delivery, lanes FROM launches ORDER BY task";
        Ok(self.read(|t| t.prepare_cached(sql)?.query_map([], launch)?.collect())?)
    }
}

impl SqliteStore {
    fn run(
        &self,
        task: &TaskName,
        key: &PartitionKey,
        find: impl FnOnce(&Runs<'_>) -> rusqlite::Result<Option<OffsetRun>>,
    ) -> Result<Option<OffsetRun>, StoreError> {
        Ok(self.read(|t| match Runs::find(t, task, key)? {
            Some(runs) => find(&runs),
            None => Ok(None),
        })?)
    }
}

fn save_partition(t: &Transaction<'_>, task: &TaskName, state: &PartitionState) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO partitions (task, topic, partition, target_topic, source_topic_id, target_topic_id,
                 start, target_start, backlog_end, position, leader_epoch, target_next, anchor_offset, anchor_hash, records, bytes, incarnation)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)";
    t.prepare_cached(sql)?.execute(params![
        task.as_str(),
        state.key.topic,
        state.key.partition,
        state.target_topic,
        state.source_topic_id,
        state.target_topic_id,
        state.start,
        state.target_start,
        state.backlog_end,
        state.position,
        state.leader_epoch,
        state.target_next,
        state.anchor.map(|anchor| anchor.offset),
        state.anchor.map(|anchor| anchor.hash.cast_signed()),
        signed(state.records),
        signed(state.bytes),
        state.incarnation,
    ])?;
    Ok(())
}

fn launch(row: &Row<'_>) -> rusqlite::Result<Launch> {
    let name: String = row.get(0)?;
    Ok(Launch {
        task: TaskName::new(&name)
            .map_err(|error| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, error.into()))?,
        launch_id: row.get(1)?,
        source_cluster: row.get(2)?,
        target_cluster: row.get(3)?,
        launched_at_ms: row.get(4)?,
        delivery: row.get(5)?,
        lanes: lanes::read(row, 6)?,
    })
}

fn partition_state(row: &Row<'_>) -> rusqlite::Result<PartitionState> {
    let anchor = match (row.get::<_, Option<i64>>(11)?, row.get::<_, Option<i64>>(12)?) {
        (Some(offset), Some(hash)) => Some(Anchor {
            offset,
            hash: hash.cast_unsigned(),
        }),
        _ => None,
    };
    Ok(PartitionState {
        key: partition_key(row)?,
        target_topic: row.get(2)?,
        source_topic_id: row.get(3)?,
        target_topic_id: row.get(4)?,
        start: row.get(5)?,
        target_start: row.get(6)?,
        backlog_end: row.get(7)?,
        position: row.get(8)?,
        leader_epoch: row.get(9)?,
        target_next: row.get(10)?,
        anchor,
        records: unsigned(row, 13)?,
        bytes: unsigned(row, 14)?,
        incarnation: row.get(15)?,
    })
}

/// Topic and partition, the first two columns.
pub(crate) fn partition_key(row: &Row<'_>) -> rusqlite::Result<PartitionKey> {
    Ok(PartitionKey {
        topic: row.get(0)?,
        partition: row.get(1)?,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use sluice_engine::{GapReason, RunCut};
    use sluice_model::OffsetRange;
    use tempfile::TempDir;

    use super::*;

    fn store() -> (TempDir, SqliteStore) {
        let dir = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(dir.path()).unwrap();
        (dir, store)
    }

    fn name(text: &str) -> TaskName {
        TaskName::new(text).unwrap()
    }

    fn key(topic: &str, partition: i32) -> PartitionKey {
        PartitionKey {
            topic: topic.into(),
            partition,
        }
    }

    fn a_launch(task: &str) -> Launch {
        Launch {
            task: name(task),
            launch_id: "id".into(),
            source_cluster: "s".into(),
            target_cluster: String::new(),
            launched_at_ms: 1,
            delivery: "exactly-once".into(),
            lanes: BTreeSet::new(),
        }
    }

    fn a_state(topic: &str, partition: i32) -> PartitionState {
        PartitionState {
            key: key(topic, partition),
            target_topic: "t".into(),
            source_topic_id: Some("x".into()),
            target_topic_id: None,
            start: 1,
            target_start: 2,
            backlog_end: 3,
            position: 4,
            leader_epoch: Some(5),
            target_next: 6,
            anchor: Some(Anchor {
                offset: 7,
                hash: u64::MAX - 1,
            }),
            records: 8,
            bytes: 9,
            incarnation: 10,
        }
    }

    fn run(partition: i32, source: i64, target: i64, length: i64) -> OffsetRun {
        OffsetRun::contiguous(key("a", partition), source, target, length)
    }

    fn a_record(offset: i64) -> QuarantinedRecord {
        QuarantinedRecord {
            key: key("a", 0),
            offset,
            code: 10,
            reason: "too large".into(),
            size: 11,
            timestamp_ms: -1,
            record_key: Some(vec![]),
            value: None,
            value_complete: true,
            headers: vec![(b"h".to_vec(), None), (b"h".to_vec(), Some(vec![0]))],
            at_ms: 12,
            incarnation: 3,
        }
    }

    #[test]
    fn everything_saved_is_read_back_by_the_next_process() {
        let (dir, store) = store();
        let gap = Gap {
            key: key("a", 0),
            range: OffsetRange { from: 3, to: 9 },
            reason: GapReason::Recreated,
            found_at_ms: 4,
            incarnation: 2,
        };
        let bare = PartitionState {
            leader_epoch: None,
            anchor: None,
            ..a_state("a", 10)
        };
        store
            .begin(&a_launch("n"), &[a_state("a", 2), bare.clone()], &[])
            .unwrap();
        let checkpoint = Checkpoint {
            cuts: Vec::new(),
            partitions: vec![],
            runs: vec![run(0, 5, 50, 1)],
            gaps: vec![gap.clone()],
            quarantined: vec![a_record(7)],
        };
        store.save(&name("n"), &checkpoint).unwrap();
        drop(store);

        let store = SqliteStore::open(dir.path()).unwrap();
        assert_eq!(store.launch(&name("n")).unwrap(), Some(a_launch("n")));
        assert_eq!(store.launches().unwrap(), [a_launch("n")]);
        assert_eq!(store.partitions(&name("n")).unwrap(), [a_state("a", 2), bare]);
        assert_eq!(
            store.runs_from(&name("n"), &key("a", 0), 0, usize::MAX).unwrap(),
            [run(0, 5, 50, 1)]
        );
        assert_eq!(store.gaps(&name("n")).unwrap(), [gap]);
        assert_eq!(store.quarantined(&name("n"), 10).unwrap(), [a_record(7)]);
        assert_eq!(store.quarantined_count(&name("n")).unwrap(), 1);
        assert_eq!(store.launch(&name("other")).unwrap(), None);
    }

    #[test]
    fn a_run_that_grew_replaces_itself_and_the_last_one_is_found() {
        let (_dir, store) = store();
        let save = |runs| {
            store
                .save(
                    &name("n"),
                    &Checkpoint {
                        runs,
                        ..Checkpoint::default()
                    },
                )
                .unwrap()
        };
        save(vec![run(0, 100, 0, 5), run(1, 7, 7, 7), run(0, 0, 9, 5)]);
        save(vec![run(0, 100, 0, 50)]);
        assert_eq!(
            store.runs_from(&name("n"), &key("a", 0), 0, usize::MAX).unwrap(),
            [run(0, 0, 9, 5), run(0, 100, 0, 50)]
        );
        assert_eq!(
            store.last_run(&name("n"), &key("a", 0)).unwrap(),
            Some(run(0, 100, 0, 50))
        );
        assert_eq!(store.last_run(&name("n"), &key("a", 9)).unwrap(), None);
        assert_eq!(
            store.runs_from(&name("m"), &key("a", 0), 0, usize::MAX).unwrap(),
            []
        );
    }

    #[test]
    fn gaps_and_quarantined_records_saved_twice_stand_once() {
        let (_dir, store) = store();
        let gap = Gap {
            key: key("a", 0),
            range: OffsetRange { from: 0, to: 1 },
            reason: GapReason::Deleted,
            found_at_ms: 1,
            incarnation: 0,
        };
        let checkpoint = Checkpoint {
            gaps: vec![gap],
            quarantined: vec![a_record(1), a_record(2)],
            ..Checkpoint::default()
        };
        store.save(&name("n"), &checkpoint).unwrap();
        store.save(&name("n"), &checkpoint).unwrap();
        assert_eq!(store.gaps(&name("n")).unwrap().len(), 1);
        assert_eq!(store.quarantined_count(&name("n")).unwrap(), 2);
        assert_eq!(store.quarantined(&name("n"), 1).unwrap(), [a_record(1)]);
    }

    #[test]
    fn a_launch_and_the_gaps_that_its_start_leaves_are_there_together_or_not_at_all() {
        let (_dir, store) = store();
        let gap = |from| Gap {
            key: key("a", 0),
            range: OffsetRange { from, to: 9 },
            reason: GapReason::StartOutsideLog,
            found_at_ms: 1,
            incarnation: 0,
        };
        store.begin(&a_launch("n"), &[], &[gap(0)]).unwrap();
        assert_eq!(store.gaps(&name("n")).unwrap(), [gap(0)]);
        store.begin(&a_launch("n"), &[], &[gap(1)]).unwrap_err();
        assert_eq!(
            store.gaps(&name("n")).unwrap(),
            [gap(0)],
            "a launch that is refused leaves none"
        );
    }

    #[test]
    fn tasks_of_two_processes_keep_apart_in_one_directory() {
        let (dir, first) = store();
        let second = SqliteStore::open(dir.path()).unwrap();
        first.begin(&a_launch("one"), &[a_state("a", 0)], &[]).unwrap();
        second.begin(&a_launch("two"), &[a_state("a", 0)], &[]).unwrap();
        std::thread::scope(|scope| {
            for (store, task) in [(&first, "one"), (&second, "two")] {
                scope.spawn(move || {
                    for position in 1..=200 {
                        let state = PartitionState {
                            position,
                            ..a_state("a", 0)
                        };
                        let runs = vec![run(0, position, position, 1)];
                        let checkpoint = Checkpoint {
                            partitions: vec![state],
                            runs,
                            ..Checkpoint::default()
                        };
                        store.save(&name(task), &checkpoint).unwrap();
                    }
                });
            }
        });
        for (reader, task) in [(&second, "one"), (&first, "two")] {
            assert_eq!(reader.partitions(&name(task)).unwrap()[0].position, 200);
            assert_eq!(
                reader
                    .runs_from(&name(task), &key("a", 0), 0, usize::MAX)
                    .unwrap()
                    .len(),
                200
            );
        }
        assert_eq!(first.launches().unwrap().len(), 2);
    }

    #[test]
    fn a_second_first_launch_of_a_task_is_refused_and_changes_nothing() {
        let (dir, first) = store();
        let second = SqliteStore::open(dir.path()).unwrap();
        first.begin(&a_launch("n"), &[a_state("a", 0)], &[]).unwrap();
        let error = second
            .begin(&a_launch("n"), &[a_state("b", 0)], &[])
            .unwrap_err()
            .to_string();
        assert!(error.contains("another process"), "{error}");
        assert_eq!(first.partitions(&name("n")).unwrap(), [a_state("a", 0)]);
    }

    #[test]
    fn a_cut_takes_out_what_lies_behind_it_and_nothing_of_other_partitions() {
        let (_dir, store) = store();
        let task = name("n");
        store.begin(&a_launch("n"), &[], &[]).unwrap();
        let runs = vec![
            run(0, 0, 0, 10),
            run(0, 20, 11, 10),
            run(0, 40, 30, 5),
            run(1, 0, 0, 99),
        ];
        store
            .save(
                &task,
                &Checkpoint {
                    runs,
                    ..Checkpoint::default()
                },
            )
            .unwrap();
        store
            .save(
                &task,
                &Checkpoint {
                    cuts: vec![RunCut {
                        key: key("a", 0),
                        from: 25,
                        incarnation: 0,
                    }],
                    runs: vec![run(0, 25, 50, 3)],
                    ..Checkpoint::default()
                },
            )
            .unwrap();
        assert_eq!(
            store.runs_from(&task, &key("a", 0), 0, usize::MAX).unwrap(),
            [run(0, 0, 0, 10), run(0, 20, 11, 5), run(0, 25, 50, 3)]
        );
        assert_eq!(
            store.runs_from(&task, &key("a", 1), 0, usize::MAX).unwrap(),
            [run(1, 0, 0, 99)]
        );
    }
}
