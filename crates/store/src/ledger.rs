//! The ledgers: gaps and quarantined records. A row's key has the incarnation of its partition's source log, so a row of
//! an earlier one never hides one of the new; saving a row twice changes nothing.

use rusqlite::types::Type;
use rusqlite::{OptionalExtension, Row, Transaction, params};
use sluice_engine::{Gap, PartitionKey, QuarantineFate, QuarantinedRecord, RunCut};
use sluice_model::{OffsetRange, TaskName};

use crate::checkpoints::partition_key;
use crate::counts::{signed, unsigned};
use crate::{gap_reason, header_blob};

pub(crate) const GAP_COLUMNS: &str =
    "topic, partition, from_offset, to_offset, reason, found_at_ms, incarnation";
const RECORD_COLUMNS: &str = "topic, partition, record_offset, code, reason, size, timestamp_ms, record_key, value, \
     value_complete, headers, at_ms, incarnation";

/// Words of the column `fate`.
const REPLAYED: &str = "replayed";
const DISCARDED: &str = "discarded";

/// What keeps rows whose offset stands for another record by now out of a query on `ledger`, whose offset is in `column`.
fn is_current(ledger: &str, column: &str) -> String {
    format!(
        "NOT EXISTS (SELECT 1 FROM incarnations later
           WHERE later.task = {ledger}.task AND later.topic = {ledger}.topic AND later.partition = {ledger}.partition
             AND later.incarnation > {ledger}.incarnation AND later.from_offset <= {ledger}.{column})"
    )
}

/// From a cut on, offsets stand for other records than before.
pub(crate) fn begin_incarnation(t: &Transaction<'_>, task: &TaskName, cut: &RunCut) -> rusqlite::Result<()> {
    if cut.incarnation == 0 {
        return Ok(());
    }
    t.prepare_cached(
        "INSERT INTO incarnations (task, topic, partition, incarnation, from_offset) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO NOTHING",
    )?
    .execute(params![
        task.as_str(),
        cut.key.topic,
        cut.key.partition,
        cut.incarnation,
        cut.from
    ])
    .map(drop)
}

pub(crate) fn gaps(t: &Transaction<'_>, task: &TaskName) -> rusqlite::Result<Vec<Gap>> {
    t.prepare_cached(&format!(
        "SELECT {GAP_COLUMNS} FROM gaps WHERE task = ?1 ORDER BY topic, partition, incarnation, from_offset, to_offset"
    ))?
    .query_map([task.as_str()], gap)?
    .collect()
}

pub(crate) fn current_gaps(
    t: &Transaction<'_>,
    task: &TaskName,
    key: &PartitionKey,
) -> rusqlite::Result<Vec<Gap>> {
    let current = is_current("gaps", "from_offset");
    t.prepare_cached(&format!(
        "SELECT {GAP_COLUMNS} FROM gaps WHERE task = ?1 AND topic = ?2 AND partition = ?3 AND {current}
         ORDER BY from_offset, to_offset"
    ))?
    .query_map(params![task.as_str(), key.topic, key.partition], gap)?
    .collect()
}

/// Saves rows of both ledgers.
pub(crate) fn save(
    t: &Transaction<'_>,
    task: &TaskName,
    gaps: &[Gap],
    quarantined: &[QuarantinedRecord],
) -> rusqlite::Result<()> {
    gaps.iter().try_for_each(|gap| save_gap(t, task, gap))?;
    quarantined
        .iter()
        .try_for_each(|record| save_quarantined(t, task, record))
}

fn save_gap(t: &Transaction<'_>, task: &TaskName, gap: &Gap) -> rusqlite::Result<()> {
    let sql =
        "INSERT INTO gaps (task, topic, partition, incarnation, from_offset, to_offset, reason, found_at_ms)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING";
    t.prepare_cached(sql)?
        .execute(params![
            task.as_str(),
            gap.key.topic,
            gap.key.partition,
            gap.incarnation,
            gap.range.from,
            gap.range.to,
            gap_reason::word(gap.reason),
            gap.found_at_ms,
        ])
        .map(drop)
}

fn save_quarantined(
    t: &Transaction<'_>,
    task: &TaskName,
    record: &QuarantinedRecord,
) -> rusqlite::Result<()> {
    let sql =
        "INSERT INTO quarantined (task, topic, partition, incarnation, record_offset, code, reason, size,
                 timestamp_ms, record_key, value, value_complete, headers, at_ms)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) ON CONFLICT DO NOTHING";
    t.prepare_cached(sql)?
        .execute(params![
            task.as_str(),
            record.key.topic,
            record.key.partition,
            record.incarnation,
            record.offset,
            record.code,
            record.reason,
            signed(record.size),
            record.timestamp_ms,
            record.record_key,
            record.value,
            record.value_complete,
            header_blob::encode(&record.headers),
            record.at_ms,
        ])
        .map(drop)
}

pub(crate) fn undecided(
    t: &Transaction<'_>,
    task: &TaskName,
    limit: usize,
) -> rusqlite::Result<Vec<QuarantinedRecord>> {
    t.prepare_cached(&format!(
        "SELECT {RECORD_COLUMNS} FROM quarantined WHERE task = ?1 AND fate IS NULL
         ORDER BY topic, partition, incarnation, record_offset LIMIT ?2"
    ))?
    .query_map(
        params![task.as_str(), i64::try_from(limit).unwrap_or(i64::MAX)],
        quarantined_record,
    )?
    .collect()
}

pub(crate) fn undecided_offsets(
    t: &Transaction<'_>,
    task: &TaskName,
    key: &PartitionKey,
) -> rusqlite::Result<Vec<i64>> {
    let current = is_current("quarantined", "record_offset");
    t.prepare_cached(&format!(
        "SELECT record_offset FROM quarantined
         WHERE task = ?1 AND topic = ?2 AND partition = ?3 AND fate IS NULL AND {current} ORDER BY record_offset"
    ))?
    .query_map(params![task.as_str(), key.topic, key.partition], |row| row.get(0))?
    .collect()
}

/// The record of the newest incarnation that is undecided at an offset.
pub(crate) fn undecided_at(
    t: &Transaction<'_>,
    task: &TaskName,
    key: &PartitionKey,
    offset: i64,
) -> rusqlite::Result<Option<QuarantinedRecord>> {
    t.prepare_cached(&format!(
        "SELECT {RECORD_COLUMNS} FROM quarantined
         WHERE task = ?1 AND topic = ?2 AND partition = ?3 AND record_offset = ?4 AND fate IS NULL
         ORDER BY incarnation DESC LIMIT 1"
    ))?
    .query_row(
        params![task.as_str(), key.topic, key.partition, offset],
        quarantined_record,
    )
    .optional()
}

/// Decides about the record of [`undecided_at`]. Returns whether there was one.
pub(crate) fn settle(
    t: &Transaction<'_>,
    task: &TaskName,
    key: &PartitionKey,
    offset: i64,
    fate: QuarantineFate,
) -> rusqlite::Result<bool> {
    let (word, replayed_to) = match fate {
        QuarantineFate::Replayed { target_offset } => (REPLAYED, target_offset),
        QuarantineFate::Discarded => (DISCARDED, None),
    };
    let sql =
        "UPDATE quarantined SET fate = ?5, replayed_to = ?6, record_key = NULL, value = NULL, headers = x''
               WHERE rowid = (SELECT rowid FROM quarantined
                 WHERE task = ?1 AND topic = ?2 AND partition = ?3 AND record_offset = ?4 AND fate IS NULL
                 ORDER BY incarnation DESC LIMIT 1)";
    let rows = t.prepare_cached(sql)?.execute(params![
        task.as_str(),
        key.topic,
        key.partition,
        offset,
        word,
        replayed_to
    ])?;
    Ok(rows > 0)
}

pub(crate) fn settled(
    t: &Transaction<'_>,
    task: &TaskName,
    key: &PartitionKey,
) -> rusqlite::Result<Vec<(i64, QuarantineFate)>> {
    let current = is_current("quarantined", "record_offset");
    t.prepare_cached(&format!(
        "SELECT record_offset, fate, replayed_to FROM quarantined
         WHERE task = ?1 AND topic = ?2 AND partition = ?3 AND fate IS NOT NULL AND {current} ORDER BY record_offset"
    ))?
    .query_map(params![task.as_str(), key.topic, key.partition], |row| {
        let fate: String = row.get(1)?;
        let fate = if fate == REPLAYED {
            QuarantineFate::Replayed {
                target_offset: row.get(2)?,
            }
        } else {
            QuarantineFate::Discarded
        };
        Ok((row.get(0)?, fate))
    })?
    .collect()
}

pub(crate) fn gap(row: &Row<'_>) -> rusqlite::Result<Gap> {
    let word: String = row.get(4)?;
    let reason = gap_reason::from_word(&word).ok_or_else(|| {
        rusqlite::Error::FromSqlConversionFailure(
            4,
            Type::Text,
            format!("'{word}' is no reason of a gap").into(),
        )
    })?;
    Ok(Gap {
        key: partition_key(row)?,
        range: OffsetRange {
            from: row.get(2)?,
            to: row.get(3)?,
        },
        reason,
        found_at_ms: row.get(5)?,
        incarnation: row.get(6)?,
    })
}

fn quarantined_record(row: &Row<'_>) -> rusqlite::Result<QuarantinedRecord> {
    let headers: Vec<u8> = row.get(10)?;
    Ok(QuarantinedRecord {
        key: partition_key(row)?,
        offset: row.get(2)?,
        code: row.get(3)?,
        reason: row.get(4)?,
        size: unsigned(row, 5)?,
        timestamp_ms: row.get(6)?,
        record_key: row.get(7)?,
        value: row.get(8)?,
        value_complete: row.get(9)?,
        headers: header_blob::decode(&headers).ok_or_else(|| {
            rusqlite::Error::FromSqlConversionFailure(
                10,
                Type::Blob,
                "the headers of a record are cut".into(),
            )
        })?,
        at_ms: row.get(11)?,
        incarnation: row.get(12)?,
    })
}

#[cfg(test)]
mod tests {
    use sluice_engine::{Checkpoint, CheckpointStore, GapReason, Ledger};

    use super::*;
    use crate::SqliteStore;
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

    fn refused(offset: i64, incarnation: u32) -> QuarantinedRecord {
        QuarantinedRecord {
            key: key(),
            offset,
            code: 10,
            reason: "too large".into(),
            size: 11,
            timestamp_ms: -1,
            record_key: None,
            value: None,
            value_complete: true,
            headers: Vec::new(),
            at_ms: 12,
            incarnation,
        }
    }

    fn missing(from: i64, incarnation: u32) -> Gap {
        Gap {
            key: key(),
            range: OffsetRange { from, to: from + 10 },
            reason: GapReason::Deleted,
            found_at_ms: 1,
            incarnation,
        }
    }

    fn ledger(incarnation: u32) -> Ledger {
        Ledger {
            gaps: vec![missing(0, incarnation), missing(50, incarnation)],
            quarantined: vec![refused(7, incarnation), refused(60, incarnation)],
        }
    }

    fn begin(store: &SqliteStore, from: i64, incarnation: u32) {
        let cut = RunCut {
            key: key(),
            from,
            incarnation,
        };
        let checkpoint = Checkpoint {
            cuts: vec![cut],
            ..Checkpoint::default()
        };
        store.save(&task(), &checkpoint).unwrap();
    }

    #[test]
    fn what_was_noted_before_a_commit_stands_once_after_its_checkpoint() {
        let (_dir, store) = store();
        let Ledger { gaps, quarantined } = ledger(0);
        store.note(&task(), &ledger(0)).unwrap();
        store.note(&task(), &ledger(0)).unwrap();
        let checkpoint = Checkpoint {
            gaps,
            quarantined,
            ..Checkpoint::default()
        };
        store.save(&task(), &checkpoint).unwrap();
        assert_eq!(store.gaps(&task()).unwrap(), checkpoint.gaps);
        assert_eq!(store.quarantined_count(&task()).unwrap(), 2);
    }

    #[test]
    fn rows_of_a_topic_that_was_created_again_hide_none_of_the_new_one() {
        let (_dir, store) = store();
        store.note(&task(), &ledger(0)).unwrap();
        assert!(
            store
                .settle_quarantined(&task(), &key(), 7, QuarantineFate::Discarded)
                .unwrap()
        );
        begin(&store, 0, 1);
        assert_eq!(store.quarantined_offsets(&task(), &key()).unwrap(), [0_i64; 0]);
        assert_eq!(store.settled_quarantine(&task(), &key()).unwrap(), []);
        assert_eq!(store.current_gaps(&task(), &key()).unwrap(), []);

        store.note(&task(), &ledger(1)).unwrap();
        assert_eq!(store.quarantined_offsets(&task(), &key()).unwrap(), [7, 60]);
        assert_eq!(store.current_gaps(&task(), &key()).unwrap(), ledger(1).gaps);
        assert_eq!(
            store.gaps(&task()).unwrap().len(),
            4,
            "the earlier ones stay in the ledger"
        );
        assert_eq!(store.quarantined_count(&task()).unwrap(), 3);
        assert_eq!(
            store.quarantined_record(&task(), &key(), 60).unwrap(),
            Some(refused(60, 1)),
            "the newest of an offset first"
        );
        for left in [1, 0] {
            assert!(
                store
                    .settle_quarantined(&task(), &key(), 60, QuarantineFate::Discarded)
                    .unwrap()
            );
            let next = store.quarantined_record(&task(), &key(), 60).unwrap();
            assert_eq!(next.is_some(), left == 1);
        }
    }

    #[test]
    fn rows_before_the_offset_at_which_a_log_was_cut_go_on_counting() {
        let (_dir, store) = store();
        store.note(&task(), &ledger(0)).unwrap();
        begin(&store, 40, 1);
        assert_eq!(store.quarantined_offsets(&task(), &key()).unwrap(), [7]);
        assert_eq!(store.current_gaps(&task(), &key()).unwrap(), [missing(0, 0)]);
        let rows = Ledger {
            quarantined: vec![refused(60, 1)],
            ..Ledger::default()
        };
        store.note(&task(), &rows).unwrap();
        assert_eq!(store.quarantined_offsets(&task(), &key()).unwrap(), [7, 60]);
    }
}
