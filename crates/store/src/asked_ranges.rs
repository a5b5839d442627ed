use rusqlite::{OptionalExtension, params};
use sluice_model::TaskName;

use crate::sqlite_store::Durability;
use crate::{Result, SqliteStore};

impl SqliteStore {
    /// What `task` was asked to begin and to end with at its last start, in the writer's format.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn asked_range(&self, task: &TaskName) -> Result<Option<String>> {
        self.read(|t| {
            t.prepare_cached("SELECT asked FROM asked_ranges WHERE task = ?1")?
                .query_row([task.as_str()], |row| row.get(0))
                .optional()
        })
    }

    /// Replaces it.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn note_asked_range(&self, task: &TaskName, asked: &str) -> Result<()> {
        self.write(Durability::Fsync, |t| {
            t.prepare_cached("INSERT OR REPLACE INTO asked_ranges (task, asked) VALUES (?1, ?2)")?
                .execute(params![task.as_str(), asked])
                .map(drop)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_range_asked_for_is_kept_for_each_task() {
        let dir = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(dir.path()).unwrap();
        let (one, other) = (TaskName::new("one").unwrap(), TaskName::new("other").unwrap());
        assert_eq!(store.asked_range(&one).unwrap(), None);
        store.note_asked_range(&one, "{}").unwrap();
        store.note_asked_range(&other, "[]").unwrap();
        store.note_asked_range(&one, "{\"end\":1}").unwrap();
        assert_eq!(store.asked_range(&one).unwrap().as_deref(), Some("{\"end\":1}"));
        assert_eq!(store.asked_range(&other).unwrap().as_deref(), Some("[]"));
    }
}
