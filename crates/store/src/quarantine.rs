use rusqlite::params;

use crate::row_limit::rows;
use crate::{Result, SqliteStore};

/// A record the target refused, for a list; its content is had by `CheckpointStore::quarantined_record`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantineRow {
    /// Stands for the row.
    pub id: i64,
    /// Source topic.
    pub topic: String,
    /// Partition.
    pub partition: i32,
    /// Source offset.
    pub offset: i64,
    /// Kafka's error code.
    pub code: i32,
    /// What the target said.
    pub reason: String,
    /// Bytes of key and value.
    pub size: i64,
    /// The record's timestamp, in ms since 1970.
    pub timestamp_ms: i64,
    /// When it was refused, in ms since 1970.
    pub at_ms: i64,
}

impl SqliteStore {
    /// Quarantined records of a task in the order in which they were refused, from behind the row `after` on.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn quarantine_rows(&self, task: &str, after: i64, limit: usize) -> Result<Vec<QuarantineRow>> {
        self.read(|t| {
            t.prepare_cached(
                "SELECT rowid, topic, partition, record_offset, reason, size, timestamp_ms, at_ms, code FROM quarantined
                 WHERE task = ?1 AND fate IS NULL AND rowid > ?2 ORDER BY rowid LIMIT ?3",
            )?
            .query_map(
                params![task, after, rows(limit)],
                |row| {
                    Ok(QuarantineRow {
                        id: row.get(0)?,
                        topic: row.get(1)?,
                        partition: row.get(2)?,
                        offset: row.get(3)?,
                        reason: row.get(4)?,
                        size: row.get(5)?,
                        timestamp_ms: row.get(6)?,
                        at_ms: row.get(7)?,
                        code: row.get(8)?,
                    })
                },
            )?
            .collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use sluice_engine::{Checkpoint, CheckpointStore, PartitionKey, QuarantineFate, QuarantinedRecord};
    use sluice_model::TaskName;

    use crate::testing::store;

    fn key(partition: i32) -> PartitionKey {
        PartitionKey {
            topic: "orders".to_owned(),
            partition,
        }
    }

    fn record(partition: i32, offset: i64) -> QuarantinedRecord {
        QuarantinedRecord {
            key: key(partition),
            offset,
            code: 10,
            reason: "too large".to_owned(),
            size: 3,
            timestamp_ms: 5,
            record_key: None,
            value: Some(vec![0, 0xff]),
            value_complete: false,
            headers: vec![(b"h".to_vec(), None)],
            at_ms: 6,
            incarnation: 0,
        }
    }

    #[test]
    fn refused_records_are_listed_page_by_page_shown_and_discarded_one_by_one() {
        let (_dir, store) = store();
        let refused = [record(1, 9), record(0, 7), record(0, 8)];
        for task in ["rp-1", "rp-2"] {
            let checkpoint = Checkpoint {
                quarantined: refused.to_vec(),
                ..Checkpoint::default()
            };
            store.save(&TaskName::new(task).unwrap(), &checkpoint).unwrap();
        }
        let first = store.quarantine_rows("rp-1", 0, 2).unwrap();
        let rest = store.quarantine_rows("rp-1", first[1].id, 2).unwrap();
        let places: Vec<(i32, i64)> = first
            .iter()
            .chain(&rest)
            .map(|row| (row.partition, row.offset))
            .collect();
        assert_eq!(places, [(1, 9), (0, 7), (0, 8)], "in the order of refusal");
        let (one, other) = (TaskName::new("rp-1").unwrap(), TaskName::new("rp-2").unwrap());
        assert_eq!(
            store.quarantined_record(&one, &key(0), 7).unwrap(),
            Some(record(0, 7))
        );

        let replayed = QuarantineFate::Replayed {
            target_offset: Some(40),
        };
        assert!(store.settle_quarantined(&one, &key(0), 8, replayed).unwrap());
        assert!(
            store
                .settle_quarantined(&one, &key(0), 7, QuarantineFate::Discarded)
                .unwrap()
        );
        assert!(
            !store.settle_quarantined(&one, &key(0), 7, replayed).unwrap(),
            "it is decided already"
        );
        assert_eq!(store.quarantined_record(&one, &key(0), 7).unwrap(), None);
        assert_eq!(
            store.settled_quarantine(&one, &key(0)).unwrap(),
            [(7, QuarantineFate::Discarded), (8, replayed)]
        );
        assert_eq!(store.settled_quarantine(&other, &key(0)).unwrap(), []);
        assert_eq!(store.quarantined_offsets(&one, &key(0)).unwrap(), [0_i64; 0]);
        assert_eq!(store.quarantined_count(&one).unwrap(), 1);
        let again = Checkpoint {
            quarantined: vec![record(0, 7)],
            ..Checkpoint::default()
        };
        store.save(&one, &again).unwrap();
        assert_eq!(
            store.quarantined_count(&one).unwrap(),
            1,
            "refused once more after a kill, it stays decided"
        );
        assert_eq!(store.quarantine_rows("rp-1", 0, 9).unwrap().len(), 1);
        assert_eq!(
            store.quarantine_rows("rp-2", 0, 9).unwrap().len(),
            3,
            "another task's stay"
        );
    }
}
