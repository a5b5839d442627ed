use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, params};
use serde_json::Value;

use crate::json_column::{to_text, value};
use crate::sqlite_store::Durability;
use crate::{Result, SqliteStore};

/// Verifications of a task that the history has at most; older ones are forgotten.
const HISTORY: i64 = 100;

/// What a verification came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerificationRow {
    /// When it ended, in ms since 1970.
    pub at_ms: i64,
    /// The verdict's word, as `equal`.
    pub result: String,
    /// The verdict in a sentence.
    pub sentence: String,
    /// Records compared at the source.
    pub source_records: u64,
    /// Whether all of the task was verified.
    pub whole: bool,
    /// Whether it was made because of the task's schedule.
    pub scheduled: bool,
}

impl SqliteStore {
    /// Keeps the report of a task's verification instead of the one before, and what it came to beside those before.
    /// `satisfied`: nothing differs, and nothing is gone.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn keep_verification(
        &self,
        task: &str,
        row: &VerificationRow,
        satisfied: bool,
        report: &Value,
    ) -> Result<()> {
        self.write(Durability::Fsync, |t| {
            let before: Option<i64> = t
                .prepare_cached("SELECT not_equal_since_ms FROM verifications WHERE task = ?1")?
                .query_row([task], |row| row.get(0))
                .optional()?
                .flatten();
            // A part that is equal says nothing of a difference elsewhere.
            let since = match (satisfied, row.whole) {
                (true, true) => None,
                (true, false) => before,
                (false, _) => before.or(Some(row.at_ms)),
            };
            t.execute(
                "INSERT OR REPLACE INTO verifications (task, at_ms, report, not_equal_since_ms) VALUES (?1, ?2, ?3, ?4)",
                params![task, row.at_ms, to_text(report), since],
            )?;
            t.execute(
                "INSERT INTO verification_history (task, at_ms, result, sentence, source_records, whole, scheduled)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![
                    task,
                    row.at_ms,
                    row.result,
                    row.sentence,
                    i64::try_from(row.source_records).unwrap_or(i64::MAX),
                    row.whole,
                    row.scheduled
                ],
            )?;
            t.execute(
                "DELETE FROM verification_history WHERE task = ?1 AND id <= (
                     SELECT id FROM verification_history WHERE task = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
                params![task, HISTORY],
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

    /// When the last verification of a task ended, in ms since 1970.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn last_verified_ms(&self, task: &str) -> Result<Option<i64>> {
        self.read(|t| {
            t.prepare_cached("SELECT at_ms FROM verifications WHERE task = ?1")?
                .query_row([task], |row| row.get(0))
                .optional()
        })
    }

    /// What the verifications of a task came to, the newest first.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn verification_history(&self, task: &str) -> Result<Vec<VerificationRow>> {
        self.read(|t| {
            t.prepare_cached(
                "SELECT at_ms, result, sentence, source_records, whole, scheduled
                 FROM verification_history WHERE task = ?1 ORDER BY id DESC",
            )?
            .query_map([task], |row| {
                Ok(VerificationRow {
                    at_ms: row.get(0)?,
                    result: row.get(1)?,
                    sentence: row.get(2)?,
                    source_records: u64::try_from(row.get::<_, i64>(3)?).unwrap_or(0),
                    whole: row.get(4)?,
                    scheduled: row.get(5)?,
                })
            })?
            .collect()
        })
    }

    /// The tasks whose sides were found not equal, and since when, in ms since 1970.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn not_equal_since(&self) -> Result<BTreeMap<String, i64>> {
        self.read(|t| {
            t.prepare_cached(
                "SELECT task, not_equal_since_ms FROM verifications WHERE not_equal_since_ms IS NOT NULL",
            )?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{task, with_sources};

    fn row(at_ms: i64, result: &str, whole: bool) -> VerificationRow {
        VerificationRow {
            at_ms,
            result: result.to_owned(),
            sentence: format!("{result} at {at_ms}"),
            source_records: 7,
            whole,
            scheduled: at_ms % 2 == 1,
        }
    }

    #[test]
    fn the_last_report_of_a_task_and_what_each_came_to_are_kept_until_the_task_is_deleted() {
        let (_dir, store) = with_sources();
        store
            .insert_task(&task("rp-1", "orders", "ds-1", "ds-2"), 1)
            .unwrap();
        assert_eq!(store.last_verification("rp-1").unwrap(), None);
        let (first, second) = (row(5, "different", true), row(9, "equal", true));
        store
            .keep_verification("rp-1", &first, false, &json!({"result": "different"}))
            .unwrap();
        store
            .keep_verification("rp-1", &second, true, &json!({"result": "equal"}))
            .unwrap();
        assert_eq!(
            store.last_verification("rp-1").unwrap(),
            Some((9, json!({"result": "equal"})))
        );
        assert_eq!(store.last_verified_ms("rp-1").unwrap(), Some(9));
        assert_eq!(store.verification_history("rp-1").unwrap(), [second, first]);
        store.delete_task("rp-1").unwrap();
        assert_eq!(store.last_verification("rp-1").unwrap(), None);
        assert_eq!(store.verification_history("rp-1").unwrap(), []);
    }

    #[test]
    fn a_difference_stands_until_a_verification_of_everything_finds_none() {
        let (_dir, store) = with_sources();
        store
            .insert_task(&task("rp-1", "orders", "ds-1", "ds-2"), 1)
            .unwrap();
        let keep = |at_ms, result: &str, whole, satisfied| {
            store
                .keep_verification("rp-1", &row(at_ms, result, whole), satisfied, &json!({}))
                .unwrap();
            store.not_equal_since().unwrap().get("rp-1").copied()
        };
        assert_eq!(keep(1, "equal", true, true), None);
        assert_eq!(keep(2, "different", false, false), Some(2));
        assert_eq!(keep(3, "equal", false, true), Some(2), "another part is equal");
        assert_eq!(keep(4, "incomplete", true, false), Some(2));
        assert_eq!(keep(5, "behind", true, true), None);
    }

    #[test]
    fn the_history_does_not_grow_without_end() {
        let (_dir, store) = with_sources();
        store
            .insert_task(&task("rp-1", "orders", "ds-1", "ds-2"), 1)
            .unwrap();
        for at_ms in 0..HISTORY + 5 {
            store
                .keep_verification("rp-1", &row(at_ms, "equal", true), true, &json!({}))
                .unwrap();
        }
        let kept = store.verification_history("rp-1").unwrap();
        assert_eq!(kept.len(), usize::try_from(HISTORY).unwrap());
        assert_eq!(kept[0].at_ms, HISTORY + 4);
    }
}
