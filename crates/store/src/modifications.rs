use rusqlite::params;
use serde_json::Value;

use crate::json_column::{to_text, value};
use crate::sqlite_store::Durability;
use crate::{Result, SqliteStore};

/// A change of a task's topics.
#[derive(Debug, Clone, PartialEq)]
pub struct ModificationRow {
    /// Greater for later ones.
    pub id: i64,
    /// The task.
    pub task_id: String,
    /// When it began, in ms since 1970.
    pub at_ms: i64,
    /// What the task was.
    pub before: Value,
    /// What it was to be.
    pub after: Value,
    /// `running`, `done` or `failed`.
    pub status: String,
    /// What came of it.
    pub detail: Option<String>,
    /// When it ended, in ms since 1970.
    pub ended_ms: Option<i64>,
}

impl SqliteStore {
    /// Notes that a change begins; returns its id.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn begin_modification(
        &self,
        task_id: &str,
        before: &Value,
        after: &Value,
        now_ms: i64,
    ) -> Result<i64> {
        self.write(Durability::Fsync, |t| {
            t.execute(
                "INSERT INTO modifications (task_id, at_ms, before, after, status) VALUES (?1, ?2, ?3, ?4, 'running')",
                params![task_id, now_ms, to_text(before), to_text(after)],
            )?;
            Ok(t.last_insert_rowid())
        })
    }

    /// Notes how a change ended, as `done` or `failed`.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn end_modification(&self, id: i64, status: &str, detail: Option<&str>, now_ms: i64) -> Result<()> {
        self.write(Durability::Fsync, |t| {
            t.execute(
                "UPDATE modifications SET status = ?2, detail = ?3, ended_ms = ?4 WHERE id = ?1",
                params![id, status, detail, now_ms],
            )
            .map(drop)
        })
    }

    /// Changes that a program which was killed left `running` have failed.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn fail_running_modifications(&self, detail: &str, now_ms: i64) -> Result<usize> {
        self.write(Durability::Fsync, |t| {
            t.execute(
                "UPDATE modifications SET status = 'failed', detail = ?1, ended_ms = ?2 WHERE status = 'running'",
                params![detail, now_ms],
            )
        })
    }

    /// The changes of a task, the newest first.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn modifications(&self, task_id: &str) -> Result<Vec<ModificationRow>> {
        self.read(|t| {
            t.prepare_cached(
                "SELECT id, task_id, at_ms, before, after, status, detail, ended_ms FROM modifications
                 WHERE task_id = ?1 ORDER BY id DESC",
            )?
            .query_map([task_id], |row| {
                Ok(ModificationRow {
                    id: row.get(0)?,
                    task_id: row.get(1)?,
                    at_ms: row.get(2)?,
                    before: value(row, 3)?,
                    after: value(row, 4)?,
                    status: row.get(5)?,
                    detail: row.get(6)?,
                    ended_ms: row.get(7)?,
                })
            })?
            .collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::store;

    #[test]
    fn a_change_has_what_was_before_and_after_and_how_it_ended() {
        let (_dir, store) = store();
        let (before, after) = (json!({"topics": ["a"]}), json!({"topics": ["a", "b"]}));
        let first = store.begin_modification("rp-1", &before, &after, 1).unwrap();
        store.end_modification(first, "done", Some("1 added"), 2).unwrap();
        store.begin_modification("rp-1", &after, &before, 3).unwrap();
        assert_eq!(store.fail_running_modifications("killed", 4).unwrap(), 1);
        let rows = store.modifications("rp-1").unwrap();
        assert_eq!(
            rows[1],
            ModificationRow {
                id: first,
                task_id: "rp-1".into(),
                at_ms: 1,
                before,
                after,
                status: "done".into(),
                detail: Some("1 added".into()),
                ended_ms: Some(2),
            }
        );
        assert_eq!(
            (
                rows[0].status.as_str(),
                rows[0].detail.as_deref(),
                rows[0].ended_ms
            ),
            ("failed", Some("killed"), Some(4))
        );
    }
}
