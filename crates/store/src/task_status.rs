use rusqlite::params;
use sluice_model::TaskName;

use crate::sqlite_store::Durability;
use crate::{Result, SqliteStore};

/// What the process that runs a task last said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskStatus {
    /// The task's name.
    pub task: String,
    /// The process.
    pub pid: u32,
    /// When, in ms since 1970.
    pub updated_at_ms: i64,
    /// What it said; the writer's format.
    pub json: String,
}

impl SqliteStore {
    /// Replaces what is said of `task`.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn publish_status(&self, task: &TaskName, pid: u32, at_ms: i64, json: &str) -> Result<()> {
        self.write(Durability::Wal, |t| {
            t.prepare_cached(
                "INSERT OR REPLACE INTO task_status (task, pid, updated_at_ms, json) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![task.as_str(), pid, at_ms, json])
            .map(drop)
        })
    }

    /// What was last said of each task.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn statuses(&self) -> Result<Vec<TaskStatus>> {
        self.read(|t| {
            t.prepare_cached("SELECT task, pid, updated_at_ms, json FROM task_status ORDER BY task")?
                .query_map([], |row| {
                    Ok(TaskStatus {
                        task: row.get(0)?,
                        pid: row.get(1)?,
                        updated_at_ms: row.get(2)?,
                        json: row.get(3)?,
                    })
                })?
                .collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_counts_and_others_hear_it() {
        let dir = tempfile::tempdir().unwrap();
        let writer = SqliteStore::open(dir.path()).unwrap();
        let reader = SqliteStore::open(dir.path()).unwrap();
        let task = TaskName::new("n").unwrap();
        writer.publish_status(&task, 1, 10, "{}").unwrap();
        writer.publish_status(&task, u32::MAX, 20, "{\"a\":1}").unwrap();
        let last = TaskStatus {
            task: "n".into(),
            pid: u32::MAX,
            updated_at_ms: 20,
            json: "{\"a\":1}".into(),
        };
        assert_eq!(reader.statuses().unwrap(), [last]);
    }
}
