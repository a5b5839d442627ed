use rusqlite::{OptionalExtension, params};
use serde_json::Value;

use crate::json_column::{to_text, value};
use crate::sqlite_store::Durability;
use crate::{Result, SqliteStore};

impl SqliteStore {
    /// Keeps which partitions of a task waited for a person when its last run ended; an empty list forgets them.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn keep_stopped_partitions(&self, task: &str, partitions: &[Value]) -> Result<()> {
        self.write(Durability::Fsync, |t| {
            if partitions.is_empty() {
                return t
                    .execute("DELETE FROM stopped_partitions WHERE task = ?1", [task])
                    .map(drop);
            }
            t.execute(
                "INSERT INTO stopped_partitions (task, partitions) VALUES (?1, ?2)
                 ON CONFLICT (task) DO UPDATE SET partitions = excluded.partitions",
                params![task, to_text(&Value::Array(partitions.to_vec()))],
            )
            .map(drop)
        })
    }

    /// The partitions of a task that waited for a person when its last run ended.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn stopped_partitions(&self, task: &str) -> Result<Vec<Value>> {
        let kept = self.read(|t| {
            t.prepare_cached("SELECT partitions FROM stopped_partitions WHERE task = ?1")?
                .query_row([task], |row| value(row, 0))
                .optional()
        })?;
        Ok(match kept {
            Some(Value::Array(partitions)) => partitions,
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
