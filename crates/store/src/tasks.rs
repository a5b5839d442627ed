use rusqlite::types::Value as SqlValue;
use rusqlite::{OptionalExtension, Row, Transaction, params, params_from_iter};
use serde_json::Value;

use crate::json_column::{optional, to_optional_text, to_text, value};
use crate::row_limit::{at_most, rows};
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
}

/// In which order tasks are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TaskOrder {
    /// The newest first.
    #[default]
    Newest,
    /// By name.
    Name,
    /// By state, then by name.
    State,
}

/// Which tasks are listed. The default is all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TaskFilter {
    /// Only those in one of these states; empty for any.
    pub states: Vec<String>,
    /// Only those whose name or id contains this, whatever the case.
    pub text: Option<String>,
    /// Only those that read this data source.
    pub source_id: Option<String>,
    /// Only those that write this data source.
    pub target_id: Option<String>,
    /// Order.
    pub order: TaskOrder,
    /// How many to leave out at the beginning.
    pub offset: usize,
    /// How many at most; `None` for all.
    pub limit: Option<usize>,
}

const COLUMNS: &str = "id, name, source_id, target_id, settings, state, desired_running, reason, pre_check, \
     muted_until_ms, created_ms, started_ms, ended_ms, updated_ms";

/// As [`COLUMNS`], without the report: that of a large task is large, and a list shows none.
const LISTED: &str = "id, name, source_id, target_id, settings, state, desired_running, reason, NULL, \
     muted_until_ms, created_ms, started_ms, ended_ms, updated_ms";

/// Tables with rows of a task, and their column for it. Not among them: the operation log and the history of alerts,
/// which outlive it, and what hangs on `run_partitions`.
const OWNED: &[(&str, &str)] = &[
    ("launches", "task"),
    ("partitions", "task"),
    ("gaps", "task"),
    ("quarantined", "task"),
    ("task_status", "task"),
    ("routes", "task_id"),
    ("task_log", "task_id"),
    ("modifications", "task_id"),
    ("metric_samples", "task_id"),
    ("verifications", "task"),
];

impl SqliteStore {
    /// Adds a task, unless `limit` tasks are not terminated already.
    ///
    /// # Errors
    /// There are, or the state cannot be written.
    pub fn insert_task(&self, row: &TaskRow, limit: usize) -> Result<()> {
        let full = self.write(Durability::Power, |t| {
            let count = not_terminated(t)?;
            if count >= limit {
                return Ok(Some(count));
            }
            t.execute(
                &format!(
                    "INSERT INTO tasks ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)"
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
                    row.updated_ms
                ],
            )?;
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

    /// Tasks without the reports of their pre-checks, and how many there are without offset and limit.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn tasks(&self, filter: &TaskFilter) -> Result<(Vec<TaskRow>, usize)> {
        let mut conditions = vec!["1".to_owned()];
        let mut values: Vec<SqlValue> = Vec::new();
        if !filter.states.is_empty() {
            conditions.push(format!(
                "state IN ({})",
                vec!["?"; filter.states.len()].join(", ")
            ));
            values.extend(filter.states.iter().cloned().map(SqlValue::from));
        }
        if let Some(text) = &filter.text {
            // instr knows no wildcards, which names may hold; lower-casing is SQLite's, for ASCII.
            conditions.push("(instr(lower(name), lower(?)) > 0 OR instr(id, lower(?)) > 0)".to_owned());
            values.extend([SqlValue::from(text.clone()), SqlValue::from(text.clone())]);
        }
        for (column, id) in [("source_id", &filter.source_id), ("target_id", &filter.target_id)] {
            if let Some(id) = id {
                conditions.push(format!("{column} = ?"));
                values.push(SqlValue::from(id.clone()));
            }
        }
        let conditions = conditions.join(" AND ");
        let order = match filter.order {
            TaskOrder::Newest => "created_ms DESC, id",
            TaskOrder::Name => "name COLLATE NOCASE, id",
            TaskOrder::State => "state, name COLLATE NOCASE, id",
        };
        let (limit, offset) = (at_most(filter.limit), rows(filter.offset));
        self.read(|t| {
            let total = t
                .prepare_cached(&format!("SELECT count(*) FROM tasks WHERE {conditions}"))?
                .query_row(params_from_iter(&values), count)?;
            let rows = t
                .prepare_cached(&format!(
                    "SELECT {LISTED} FROM tasks WHERE {conditions} ORDER BY {order} LIMIT {limit} OFFSET {offset}"
                ))?
                .query_map(params_from_iter(&values), task)?
                .collect::<rusqlite::Result<_>>()?;
            Ok((rows, total))
        })
    }

    /// Puts a task from one of the states `from` into `to`. Returns whether it was in one of them. The first `starting`
    /// is when it was started; `completed` and `terminated` are its end.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn change_task_state(
        &self,
        id: &str,
        from: &[&str],
        to: &str,
        reason: Option<&str>,
        now_ms: i64,
    ) -> Result<bool> {
        let marks = vec!["?"; from.len()].join(", ");
        let sql = format!(
            "UPDATE tasks SET state = ?, reason = ?, updated_ms = ?,
                 started_ms = CASE WHEN ? = 'starting' THEN coalesce(started_ms, ?) ELSE started_ms END,
                 ended_ms = CASE WHEN ? IN ('completed', 'terminated') THEN ? ELSE ended_ms END
             WHERE id = ? AND state IN ({marks})"
        );
        let mut values: Vec<SqlValue> = vec![
            to.to_owned().into(),
            reason.map(str::to_owned).into(),
            now_ms.into(),
            to.to_owned().into(),
            now_ms.into(),
            to.to_owned().into(),
            now_ms.into(),
            id.to_owned().into(),
        ];
        values.extend(from.iter().map(|state| SqlValue::from((*state).to_owned())));
        self.write(Durability::Power, |t| {
            Ok(t.prepare_cached(&sql)?.execute(params_from_iter(values))? > 0)
        })
    }

    /// Says whether a task is to run.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn set_task_desired(&self, id: &str, running: bool) -> Result<()> {
        self.write(Durability::Power, |t| {
            t.execute(
                "UPDATE tasks SET desired_running = ?2 WHERE id = ?1",
                params![id, running],
            )
            .map(drop)
        })
    }

    /// Replaces what the person decided.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn set_task_settings(
        &self,
        id: &str,
        name: &str,
        settings: &Value,
        source_id: &str,
        target_id: &str,
        now_ms: i64,
    ) -> Result<()> {
        self.write(Durability::Power, |t| {
            t.execute(
                "UPDATE tasks SET name = ?2, settings = ?3, source_id = ?4, target_id = ?5, updated_ms = ?6 WHERE id = ?1",
                params![id, name, to_text(settings), source_id, target_id, now_ms],
            )
            .map(drop)
        })
    }

    /// Keeps the last pre-check's report, or forgets it.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn set_task_pre_check(&self, id: &str, report: Option<&Value>) -> Result<()> {
        self.write(Durability::Power, |t| {
            t.execute(
                "UPDATE tasks SET pre_check = ?2 WHERE id = ?1",
                params![id, to_optional_text(report)],
            )
            .map(drop)
        })
    }

    /// Mutes a task's alerts until a time in ms since 1970, or no longer.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn set_task_muted(&self, id: &str, until_ms: Option<i64>) -> Result<()> {
        self.write(Durability::Power, |t| {
            t.execute(
                "UPDATE tasks SET muted_until_ms = ?2 WHERE id = ?1",
                params![id, until_ms],
            )
            .map(drop)
        })
    }

    /// How many tasks are not terminated.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn count_tasks_not_terminated(&self) -> Result<usize> {
        self.read(not_terminated)
    }

    /// Deletes a task with its positions, logs and samples. The operation log and the history of alerts stay. Returns
    /// whether it was there.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn delete_task(&self, id: &str) -> Result<bool> {
        self.write(Durability::Power, |t| {
            t.execute(
                "DELETE FROM offset_runs WHERE run_partition IN (SELECT id FROM run_partitions WHERE task = ?1)",
                [id],
            )?;
            t.execute("DELETE FROM run_partitions WHERE task = ?1", [id])?;
            for (table, column) in OWNED {
                t.execute(&format!("DELETE FROM {table} WHERE {column} = ?1"), [id])?;
            }
            Ok(t.execute("DELETE FROM tasks WHERE id = ?1", [id])? > 0)
        })
    }
}

fn not_terminated(t: &Transaction<'_>) -> rusqlite::Result<usize> {
    t.prepare_cached("SELECT count(*) FROM tasks WHERE state <> 'terminated'")?
        .query_row([], count)
}

fn count(row: &Row<'_>) -> rusqlite::Result<usize> {
    row.get::<_, u32>(0).map(|count| count as usize)
}

fn task(row: &Row<'_>) -> rusqlite::Result<TaskRow> {
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
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{task, with_sources};

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
                .change_task_state("rp-1", &["draft"], "terminated", None, 5)
                .unwrap()
        );
        store.insert_task(&third, 2).unwrap();
        assert_eq!(store.count_tasks_not_terminated().unwrap(), 2);
    }

    #[test]
    fn of_two_changes_from_one_state_only_the_first_is_made() {
        let (dir, first) = with_sources();
        let second = SqliteStore::open(dir.path()).unwrap();
        for round in 0..20 {
            let id = format!("rp-{round}");
            first.insert_task(&task(&id, "t", "ds-1", "ds-2"), 99).unwrap();
            let made = std::thread::scope(|scope| {
                let changes = [(&first, "starting"), (&second, "terminated")].map(|(store, to)| {
                    let id = &id;
                    scope.spawn(move || {
                        store
                            .change_task_state(id, &["draft"], to, Some(to), 7)
                            .unwrap()
                            .then_some(to)
                    })
                });
                changes.map(|change| change.join().unwrap())
            });
            let made: Vec<&str> = made.into_iter().flatten().collect();
            assert_eq!(made.len(), 1);
            let row = first.task(&id).unwrap().unwrap();
            assert_eq!(
                (row.state.as_str(), row.reason.as_deref()),
                (made[0], Some(made[0]))
            );
        }
    }

    #[test]
    fn a_change_from_no_state_at_all_is_never_made() {
        let (_dir, store) = with_sources();
        store.insert_task(&task("rp-1", "a", "ds-1", "ds-2"), 9).unwrap();
        assert!(!store.change_task_state("rp-1", &[], "running", None, 2).unwrap());
        assert_eq!(
            store.task("rp-1").unwrap(),
            Some(task("rp-1", "a", "ds-1", "ds-2"))
        );
    }

    #[test]
    fn a_state_changes_only_from_where_it_was_thought_to_be() {
        let (_dir, store) = with_sources();
        store.insert_task(&task("rp-1", "a", "ds-1", "ds-2"), 9).unwrap();
        let change =
            |from: &[&str], to, reason, now| store.change_task_state("rp-1", from, to, reason, now).unwrap();
        assert!(!change(&["running"], "paused", None, 2));
        assert!(change(&["draft", "paused"], "starting", None, 3));
        assert!(change(&["starting"], "abnormal", Some("no broker"), 4));
        assert!(change(&["abnormal"], "starting", None, 5));
        assert!(change(&["starting"], "terminated", None, 6));
        let row = store.task("rp-1").unwrap().unwrap();
        assert_eq!(
            (
                row.state.as_str(),
                row.reason,
                row.started_ms,
                row.ended_ms,
                row.updated_ms
            ),
            ("terminated", None, Some(3), Some(6), 6)
        );
        assert!(
            !store
                .change_task_state("nobody", &["draft"], "x", None, 7)
                .unwrap()
        );
    }

    #[test]
    fn tasks_are_found_by_state_text_and_data_source_and_paged() {
        let (_dir, store) = with_sources();
        for number in 0..200 {
            let mut row = task(
                &format!("rp-{number:03}"),
                &format!("Copy_{number}"),
                "ds-1",
                "ds-2",
            );
            row.created_ms = number;
            if number % 2 == 0 {
                row.state = "running".to_owned();
                row.target_id = "ds-1".to_owned();
            }
            store.insert_task(&row, 1000).unwrap();
        }
        let ids = |filter: TaskFilter| {
            let (rows, total) = store.tasks(&filter).unwrap();
            (rows.into_iter().map(|row| row.id).collect::<Vec<_>>(), total)
        };
        let (page, total) = ids(TaskFilter {
            states: vec!["running".into(), "failed".into()],
            offset: 1,
            limit: Some(2),
            ..TaskFilter::default()
        });
        assert_eq!(
            (page, total),
            (vec!["rp-196".to_owned(), "rp-194".to_owned()], 100)
        );
        let (found, total) = ids(TaskFilter {
            text: Some("copy_19".into()),
            order: TaskOrder::Name,
            target_id: Some("ds-2".into()),
            ..TaskFilter::default()
        });
        assert_eq!(
            found,
            ["rp-019", "rp-191", "rp-193", "rp-195", "rp-197", "rp-199"]
        );
        assert_eq!(total, 6);
        assert_eq!(
            ids(TaskFilter {
                text: Some("%".into()),
                ..TaskFilter::default()
            })
            .1,
            0,
            "wildcards are plain letters"
        );
        assert_eq!(store.tasks(&TaskFilter::default()).unwrap().0.len(), 200);
        assert_eq!(store.tasks_named("Copy_7").unwrap()[0].id, "rp-007");
    }

    /// Every table with a column for a task, and that column.
    fn tables_with_a_task(store: &SqliteStore) -> Vec<(String, String)> {
        store
            .read(|t| {
                t.prepare(
                    "SELECT m.name, c.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c
                     WHERE m.type = 'table' AND c.name IN ('task', 'task_id') ORDER BY 1",
                )?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
            })
            .unwrap()
    }

    fn rows_of(store: &SqliteStore, table: &str, column: &str, task: &str) -> i64 {
        let sql = format!("SELECT count(*) FROM {table} WHERE {column} = ?1");
        store
            .read(|t| t.query_row(&sql, [task], |row| row.get(0)))
            .unwrap()
    }

    #[test]
    fn a_deleted_task_leaves_the_operation_log_and_the_history_of_alerts_and_nothing_else() {
        let (_dir, store) = with_sources();
        for id in ["rp-1", "rp-2"] {
            store.insert_task(&task(id, "a", "ds-1", "ds-2"), 9).unwrap();
            store
                .write(Durability::Process, |t| {
                    t.execute_batch(&format!(
                        "INSERT INTO launches VALUES ('{id}', 'l', '', '', 1, '');
                         INSERT INTO partitions (task, topic, partition, target_topic, start, target_start, backlog_end,
                             position, target_next, records, bytes) VALUES ('{id}', 't', 0, 't', 0, 0, 0, 7, 7, 7, 7);
                         INSERT INTO run_partitions (task, topic, partition) VALUES ('{id}', 't', 0);
                         INSERT INTO offset_runs SELECT id, 0, 0, 7 FROM run_partitions WHERE task = '{id}';
                         INSERT INTO gaps VALUES ('{id}', 't', 0, 1, 2, 'deleted', 1);
                         INSERT INTO quarantined VALUES ('{id}', 't', 0, 3, 10, '', 1, 1, NULL, NULL, 1, x'', 1, NULL, NULL);
                         INSERT INTO task_status VALUES ('{id}', 1, 1, '{{}}');
                         INSERT INTO routes VALUES ('{id}', 't', 't', NULL, 'active', 1, NULL);
                         INSERT INTO task_log (task_id, at_ms, level, message) VALUES ('{id}', 1, 0, '');
                         INSERT INTO modifications (task_id, at_ms, before, after, status)
                             VALUES ('{id}', 1, '{{}}', '{{}}', 'done');
                         INSERT INTO verifications VALUES ('{id}', 1, '{{}}');
                         INSERT INTO metric_samples (task_id, resolution_s, at_s, read_records_rate, write_records_rate,
                             read_bytes_rate, write_bytes_rate) VALUES ('{id}', 10, 0, 1, 1, 1, 1);
                         INSERT INTO operation_log (at_ms, actor, action, object_kind, object_id, object_name, outcome)
                             VALUES (1, '', '', 'task', '{id}', 'a', 'ok');
                         INSERT INTO alert_history (at_ms, task_id, task_name, rule_name, kind, channel_name, state,
                             title, body) VALUES (1, '{id}', 'a', '', 'raised', '', 'sent', '', '');"
                    ))
                })
                .unwrap();
        }
        let tables = tables_with_a_task(&store);
        assert_eq!(
            tables.len(),
            12,
            "a table of this test is missing in it: {tables:?}"
        );
        for (table, column) in &tables {
            assert_eq!(rows_of(&store, table, column, "rp-1"), 1, "{table}");
        }

        assert!(store.delete_task("rp-1").unwrap());
        assert_eq!(store.task("rp-1").unwrap(), None);
        for (table, column) in &tables {
            let left = rows_of(&store, table, column, "rp-1");
            assert_eq!(left, i64::from(table == "alert_history"), "{table}");
            assert_eq!(
                rows_of(&store, table, column, "rp-2"),
                1,
                "{table} of another task"
            );
        }
        assert_eq!(rows_of(&store, "operation_log", "object_id", "rp-1"), 1);
        assert_eq!(
            rows_of(&store, "offset_runs", "length", "7"),
            1,
            "of the other task"
        );
        assert!(!store.delete_task("rp-1").unwrap(), "it is gone already");
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

    #[test]
    fn two_hundred_tasks_with_long_settings_are_listed_at_once() {
        let (_dir, store) = with_sources();
        let topics: Vec<String> = (0..1_000).map(|number| format!("topic-{number}")).collect();
        for number in 0..200 {
            let row = TaskRow {
                settings: serde_json::json!({ "topics": topics }),
                ..task(
                    &format!("rp-{number:03}"),
                    &format!("copy {number}"),
                    "ds-1",
                    "ds-2",
                )
            };
            store.insert_task(&row, 1_000).unwrap();
        }
        let filter = TaskFilter {
            text: Some("COPY".into()),
            order: TaskOrder::Name,
            limit: Some(50),
            ..TaskFilter::default()
        };
        // The best of several: the machine may do something else meanwhile.
        let fastest = (0..5).map(|_| {
            let begin = std::time::Instant::now();
            let (rows, total) = store.tasks(&filter).unwrap();
            assert_eq!((rows.len(), total), (50, 200));
            begin.elapsed()
        });
        let fastest = fastest.min().unwrap();
        assert!(
            fastest < std::time::Duration::from_millis(50),
            "a page took {fastest:?}"
        );
    }

    #[test]
    fn settings_reports_and_mutes_are_kept() {
        let (_dir, store) = with_sources();
        store.insert_task(&task("rp-1", "a", "ds-1", "ds-2"), 9).unwrap();
        let settings = serde_json::json!({"topics": ["x", "ключ"]});
        store
            .set_task_settings("rp-1", "b", &settings, "ds-2", "ds-1", 7)
            .unwrap();
        let report = serde_json::json!({"may_start": true});
        store.set_task_pre_check("rp-1", Some(&report)).unwrap();
        store.set_task_muted("rp-1", Some(70)).unwrap();
        store.set_task_desired("rp-1", true).unwrap();
        let expected = TaskRow {
            settings,
            pre_check: Some(report),
            muted_until_ms: Some(70),
            desired_running: true,
            updated_ms: 7,
            ..task("rp-1", "b", "ds-2", "ds-1")
        };
        assert_eq!(store.task("rp-1").unwrap(), Some(expected));
        store.set_task_pre_check("rp-1", None).unwrap();
        assert_eq!(store.task("rp-1").unwrap().unwrap().pre_check, None);
    }
}
