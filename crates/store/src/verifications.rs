use rusqlite::{OptionalExtension, params};
use serde_json::Value;

use crate::json_column::{to_text, value};
use crate::sqlite_store::Durability;
use crate::{Result, SqliteStore};

impl SqliteStore {
    /// Keeps the report of a task's verification, which ended at `at_ms` (ms since 1970), instead of the one before.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn keep_verification(&self, task: &str, at_ms: i64, report: &Value) -> Result<()> {
        self.write(Durability::Fsync, |t| {
            t.execute(
                "INSERT OR REPLACE INTO verifications (task, at_ms, report) VALUES (?1, ?2, ?3)",
                params![task, at_ms, to_text(report)],
            )
            .map(drop)
        })
    }

    /// The last verification of a task: when it ended (ms since 1970), and its report.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn last_verification(&self, task: &str) -> Result<Option<(i64, Value)>> {
        self.read(|t| {
            t.prepare_cached("SELECT at_ms, report FROM verifications WHERE task = ?1")?
                .query_row([task], |row| Ok((row.get(0)?, value(row, 1)?)))
                .optional()
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{task, with_sources};

    #[test]
    fn the_last_report_of_a_task_is_kept_until_the_task_is_deleted() {
        let (_dir, store) = with_sources();
        store
            .insert_task(&task("rp-1", "orders", "ds-1", "ds-2"), 1)
            .unwrap();
        assert_eq!(store.last_verification("rp-1").unwrap(), None);
        store
            .keep_verification("rp-1", 5, &json!({"result": "different"}))
            .unwrap();
        store
            .keep_verification("rp-1", 9, &json!({"result": "equal"}))
            .unwrap();
        assert_eq!(
            store.last_verification("rp-1").unwrap(),
            Some((9, json!({"result": "equal"})))
        );
        store.delete_task("rp-1").unwrap();
        assert_eq!(store.last_verification("rp-1").unwrap(), None);
    }
}
