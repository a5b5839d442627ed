use rusqlite::{OptionalExtension, Row, Transaction, params};
use serde_json::Value;

use crate::json_column::{optional, to_optional_text, to_text, value};
use crate::sqlite_store::Durability;
use crate::{Result, SqliteStore, StateError};

/// A replication as a person described it, and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskRow {
    /// Id, `rp-…`; its positions are kept under it.
    pub id: String,
    /// Name; several may have the same.
    pub name: String,
    /// Data source it reads.
    pub source_id: String,
    /// Data source it writes.
    pub target_id: String,
    /// What the person decided.
    pub settings: Value,
    /// Counts the changes of the settings, from 1.
    pub settings_version: i64,
    /// What it is doing, in one word.
    pub state: String,
    /// Whether it is to run.
    pub desired_running: bool,
    /// Why it is in its state, where a person should know.
    pub reason: Option<String>,
    /// The last pre-check's report.
    pub pre_check: Option<Value>,
    /// Until when its alerts are muted, in ms since 1970.
    pub muted_until_ms: Option<i64>,
    /// When it was made, in ms since 1970.
    pub created_ms: i64,
    /// When it was first started, in ms since 1970.
    pub started_ms: Option<i64>,
    /// When it was completed or terminated, in ms since 1970.
    pub ended_ms: Option<i64>,
    /// When its state or settings last changed, in ms since 1970.
    pub updated_ms: i64,
    /// Since when it is in its state, in ms since 1970; none where that was not noted.
    pub since_ms: Option<i64>,
    /// Offsets of the source that were not copied when it came to rest; none where they were not known.
    pub rest_lag: Option<i64>,
}

const COLUMNS: &str = "id, name, source_id, target_id, settings, state, desired_running, reason, pre_check, \
     muted_until_ms, created_ms, started_ms, ended_ms, updated_ms, settings_version, since_ms, rest_lag";

impl SqliteStore {
    /// Adds a task, unless `limit` tasks are not terminated already.
    ///
    /// # Errors
    /// There are, or the state cannot be written.
    pub fn insert_task(&self, row: &TaskRow, limit: usize) -> Result<()> {
        self.insert_tasks(std::slice::from_ref(row), limit)
    }

    /// Adds tasks, all or none, unless more than `limit` tasks would not be terminated.
    ///
    /// # Errors
    /// They would, or the state cannot be written.
    pub fn insert_tasks(&self, rows: &[TaskRow], limit: usize) -> Result<()> {
        let full = self.write(Durability::Fsync, |t| {
            let count = not_terminated(t)?;
            if count.saturating_add(rows.len()) > limit {
                return Ok(Some(count));
            }
            rows.iter().try_for_each(|row| insert(t, row))?;
            Ok(None)
        })?;
        match full {
            Some(count) => Err(StateError::TaskLimit { count, limit }),
            None => Ok(()),
        }
    }

    /// The task of an id.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn task(&self, id: &str) -> Result<Option<TaskRow>> {
        self.read(|t| {
            t.prepare_cached(&format!("SELECT {COLUMNS} FROM tasks WHERE id = ?1"))?
                .query_row([id], task)
                .optional()
        })
    }

    /// The tasks of a name, the oldest first.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn tasks_named(&self, name: &str) -> Result<Vec<TaskRow>> {
        self.read(|t| {
            t.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM tasks WHERE name = ?1 ORDER BY created_ms, id"
            ))?
            .query_map([name], task)?
            .collect()
        })
    }

    /// How many tasks are not terminated.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn count_tasks_not_terminated(&self) -> Result<usize> {
        self.read(not_terminated)
    }
}

fn insert(t: &Transaction<'_>, row: &TaskRow) -> rusqlite::Result<()> {
    t.execute(
        &format!(
            "INSERT INTO tasks ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,
             ?17)"
        ),
        params![
            row.id,
            row.name,
            row.source_id,
            row.target_id,
            to_text(&row.settings),
            row.state,
            row.desired_running,
            row.reason,
            to_optional_text(row.pre_check.as_ref()),
            row.muted_until_ms,
            row.created_ms,
            row.started_ms,
            row.ended_ms,
            row.updated_ms,
            row.settings_version,
            row.since_ms,
            row.rest_lag
        ],
    )
    .map(drop)
}

fn not_terminated(t: &Transaction<'_>) -> rusqlite::Result<usize> {
    t.prepare_cached("SELECT count(*) FROM tasks WHERE state <> 'terminated'")?
        .query_row([], count)
}

pub(super) fn count(row: &Row<'_>) -> rusqlite::Result<usize> {
    row.get::<_, u32>(0).map(|count| count as usize)
}

pub(super) fn task(row: &Row<'_>) -> rusqlite::Result<TaskRow> {
    Ok(TaskRow {
        id: row.get(0)?,
        name: row.get(1)?,
        source_id: row.get(2)?,
        target_id: row.get(3)?,
        settings: value(row, 4)?,
        state: row.get(5)?,
        desired_running: row.get(6)?,
        reason: row.get(7)?,
        pre_check: optional(row, 8)?,
        muted_until_ms: row.get(9)?,
        created_ms: row.get(10)?,
        started_ms: row.get(11)?,
        ended_ms: row.get(12)?,
        updated_ms: row.get(13)?,
        settings_version: row.get(14)?,
        since_ms: row.get(15)?,
        rest_lag: row.get(16)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{from_draft, task, with_sources};

    #[test]
    fn terminated_tasks_do_not_count_against_the_limit() {
        let (_dir, store) = with_sources();
        store.insert_task(&task("rp-1", "a", "ds-1", "ds-2"), 2).unwrap();
        store.insert_task(&task("rp-2", "b", "ds-1", "ds-2"), 2).unwrap();
        let third = task("rp-3", "c", "ds-1", "ds-2");
        let error = store.insert_task(&third, 2).unwrap_err();
        assert!(
            matches!(error, StateError::TaskLimit { count: 2, limit: 2 }),
            "{error}"
        );
        assert_eq!(store.task("rp-3").unwrap(), None);
        assert!(
            store
                .change_task_state("rp-1", &from_draft("terminated"))
                .unwrap()
        );
        store.insert_task(&third, 2).unwrap();
        assert_eq!(store.count_tasks_not_terminated().unwrap(), 2);
    }

    #[test]
    fn of_tasks_that_are_added_together_all_are_there_or_none() {
        let (_dir, store) = with_sources();
        let pair = |a: &str, b: &str| [task(a, "a", "ds-1", "ds-2"), task(b, "b", "ds-2", "ds-1")];
        store.insert_tasks(&pair("rp-1", "rp-2"), 3).unwrap();
        assert!(
            store.insert_tasks(&pair("rp-3", "rp-4"), 3).is_err(),
            "no room for both"
        );
        assert!(
            store.insert_tasks(&pair("rp-3", "rp-1"), 9).is_err(),
            "one is there already"
        );
        assert_eq!(store.count_tasks_not_terminated().unwrap(), 2);
    }

    #[test]
    fn two_that_add_tasks_at_once_do_not_pass_the_limit_together() {
        let (dir, store) = with_sources();
        let other = SqliteStore::open(dir.path()).unwrap();
        std::thread::scope(|scope| {
            for (number, store) in [&store, &other].into_iter().enumerate() {
                scope.spawn(move || {
                    for count in 0..20 {
                        let row = task(&format!("rp-{number}-{count}"), "a", "ds-1", "ds-2");
                        let added = store.insert_task(&row, 10);
                        assert!(
                            matches!(added, Ok(()) | Err(StateError::TaskLimit { count: 10, .. })),
                            "{added:?}"
                        );
                    }
                });
            }
        });
        assert_eq!(store.count_tasks_not_terminated().unwrap(), 10);
    }
}
