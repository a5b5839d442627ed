use rusqlite::{OptionalExtension, params};
use serde_json::Value;

use crate::json_column::{to_text, value};
use crate::sqlite_store::Durability;
use crate::{Result, SqliteStore};

/// A table that keeps one list for each task: its name, and the column of the list.
struct Lists(&'static str, &'static str);

/// Partitions that waited for a person when the last run of a task ended.
const STOPPED: Lists = Lists("stopped_partitions", "partitions");
/// Gaps that a person has accepted and that the copy has not passed yet.
const ACCEPTED: Lists = Lists("accepted_gaps", "gaps");

impl SqliteStore {
    /// Keeps which partitions of a task waited for a person when its last run ended; an empty list forgets them.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn keep_stopped_partitions(&self, task: &str, partitions: &[Value]) -> Result<()> {
        self.keep_list(&STOPPED, task, partitions)
    }

    /// The partitions of a task that waited for a person when its last run ended.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn stopped_partitions(&self, task: &str) -> Result<Vec<Value>> {
        self.list(&STOPPED, task)
    }

    /// Keeps which gaps of a task a person has accepted and the copy has not passed yet; an empty list forgets them.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn keep_accepted_gaps(&self, task: &str, gaps: &[Value]) -> Result<()> {
        self.keep_list(&ACCEPTED, task, gaps)
    }

    /// The gaps of a task that a person has accepted and the copy has not passed yet.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn accepted_gaps(&self, task: &str) -> Result<Vec<Value>> {
        self.list(&ACCEPTED, task)
    }

    fn keep_list(&self, Lists(table, column): &Lists, task: &str, list: &[Value]) -> Result<()> {
        self.write(Durability::Fsync, |t| {
            if list.is_empty() {
                return t
                    .execute(&format!("DELETE FROM {table} WHERE task = ?1"), [task])
                    .map(drop);
            }
            t.execute(
                &format!(
                    "INSERT INTO {table} (task, {column}) VALUES (?1, ?2)
                     ON CONFLICT (task) DO UPDATE SET {column} = excluded.{column}"
                ),
                params![task, to_text(&Value::Array(list.to_vec()))],
            )
            .map(drop)
        })
    }

    fn list(&self, Lists(table, column): &Lists, task: &str) -> Result<Vec<Value>> {
        let kept = self.read(|t| {
            t.prepare_cached(&format!("SELECT {column} FROM {table} WHERE task = ?1"))?
                .query_row([task], |row| value(row, 0))
                .optional()
        })?;
        Ok(match kept {
            Some(Value::Array(list)) => list,
            _ => Vec::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{store, task, with_sources};

    #[test]
    fn what_waits_for_a_person_is_kept_until_nothing_waits() {
        let (_dir, store) = store();
        let waiting = [json!({"topic": "a", "partition": 3}), json!({"topic": "b"})];
        store.keep_stopped_partitions("rp-1", &waiting).unwrap();
        store.keep_stopped_partitions("rp-2", &waiting[..1]).unwrap();
        assert_eq!(store.stopped_partitions("rp-1").unwrap(), waiting);
        store.keep_stopped_partitions("rp-1", &waiting[1..]).unwrap();
        assert_eq!(store.stopped_partitions("rp-1").unwrap(), waiting[1..]);
        store.keep_stopped_partitions("rp-1", &[]).unwrap();
        assert!(store.stopped_partitions("rp-1").unwrap().is_empty());
        assert_eq!(
            store.stopped_partitions("rp-2").unwrap(),
            waiting[..1],
            "another task's stay"
        );
        store.keep_accepted_gaps("rp-2", &waiting).unwrap();
        assert_eq!(store.accepted_gaps("rp-2").unwrap(), waiting);
        assert!(store.accepted_gaps("rp-1").unwrap().is_empty());
        assert_eq!(
            store.stopped_partitions("rp-2").unwrap(),
            waiting[..1],
            "what is accepted is a list of its own"
        );
    }

    #[test]
    fn nothing_waits_for_a_task_that_is_deleted() {
        let (_dir, store) = with_sources();
        store.insert_task(&task("rp-1", "a", "ds-1", "ds-2"), 9).unwrap();
        store
            .keep_stopped_partitions("rp-1", &[json!({"topic": "a"})])
            .unwrap();
        assert!(store.delete_task("rp-1").unwrap());
        assert!(store.stopped_partitions("rp-1").unwrap().is_empty());
    }
}
