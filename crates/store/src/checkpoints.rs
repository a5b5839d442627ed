//! [`CheckpointStore`] on SQLite.

use rusqlite::types::Type;
use rusqlite::{OptionalExtension, Row, Transaction, params};
use sluice_engine::{
    Anchor, Checkpoint, CheckpointStore, Gap, LaneKind, Launch, Ledger, OffsetRun, PartitionKey,
    PartitionState, QuarantineFate, QuarantinedRecord, StoreError,
};
use sluice_model::{Objects, TaskName};

use crate::counts::{signed, unsigned};
use crate::offset_runs::{self, Runs};
use crate::sqlite_store::Durability;
use crate::{SqliteStore, StateError, lanes, ledger};

const PARTITION_COLUMNS: &str = "topic, partition, target_topic, source_topic_id, target_topic_id, start, target_start, \
     backlog_end, position, leader_epoch, target_next, anchor_offset, anchor_hash, records, bytes, incarnation, until";

impl CheckpointStore for SqliteStore {
    fn launch(&self, task: &TaskName) -> Result<Option<Launch>, StoreError> {
        let sql = "SELECT task, launch_id, source_cluster, target_cluster, launched_at_ms, delivery, lanes, identity FROM launches WHERE task = ?1";
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
                "INSERT INTO launches (task, launch_id, source_cluster, target_cluster, launched_at_ms, delivery, lanes, identity)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING",
                params![
                    launch.task.as_str(),
                    launch.launch_id,
                    launch.source_cluster,
                    launch.target_cluster,
                    launch.launched_at_ms,
                    launch.delivery,
                    lanes::column(&launch.lanes),
                    launch.identity
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
        let sql = "SELECT task, launch_id, source_cluster, target_cluster, launched_at_ms, delivery, lanes, identity FROM launches ORDER BY task";
        Ok(self.read(|t| t.prepare_cached(sql)?.query_map([], launch)?.collect())?)
    }

    fn has_ended(&self, task: &TaskName, topic: &str) -> Result<bool, StoreError> {
        let Some(row) = self.task(task.as_str())? else {
            return Ok(false);
        };
        if matches!(row.state.as_str(), "terminated" | "completed") {
            return Ok(true);
        }
        // Topics that were taken from a task keep their positions.
        let objects = row.settings.get("objects").cloned().unwrap_or_default();
        let chosen = serde_json::from_value::<Objects>(objects)
            .ok()
            .and_then(|objects| objects.has(topic).ok());
        Ok(chosen == Some(false))
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
                 start, target_start, backlog_end, position, leader_epoch, target_next, anchor_offset, anchor_hash, records, bytes, incarnation, until)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)";
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
        state.until,
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
        identity: row.get(7)?,
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
        until: row.get(16)?,
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
mod tests;
