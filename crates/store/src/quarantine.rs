use rusqlite::params;

use crate::{Result, SqliteStore};

/// A record the target refused, for a list; its content is had by the engine's own call.
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
    /// What the target said.
    pub reason: String,
    /// Bytes of key, value and headers.
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
                "SELECT rowid, topic, partition, record_offset, reason, size, timestamp_ms, at_ms FROM quarantined
                 WHERE task = ?1 AND rowid > ?2 ORDER BY rowid LIMIT ?3",
            )?
            .query_map(
                params![task, after, i64::try_from(limit).unwrap_or(i64::MAX)],
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
                    })
                },
            )?
            .collect()
        })
    }
}
