use rusqlite::params_from_iter;
use rusqlite::types::Value as SqlValue;

use super::row::{count, task};
use crate::row_limit::{at_most, rows};
use crate::{Result, SqliteStore, TaskRow};

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
    /// Only those with this tag.
    pub tag: Option<String>,
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

/// The columns of a task without the report: that of a large task is large, and a list shows none.
const LISTED: &str = "id, name, source_id, target_id, settings, state, desired_running, reason, NULL, \
     muted_until_ms, created_ms, started_ms, ended_ms, updated_ms, settings_version, since_ms, rest_lag";

impl SqliteStore {
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
        if let Some(tag) = &filter.tag {
            conditions.push(
                "EXISTS (SELECT 1 FROM json_each(tasks.settings, '$.tags') WHERE value = ?)".to_owned(),
            );
            values.push(SqlValue::from(tag.clone()));
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{task, with_sources};

    #[test]
    fn tasks_are_found_by_a_tag_and_those_of_older_programs_have_none() {
        let (_dir, store) = with_sources();
        for (id, settings) in [
            ("rp-1", serde_json::json!({"tags": ["billing", "eu"]})),
            ("rp-2", serde_json::json!({"tags": ["billing-2"]})),
            ("rp-3", serde_json::json!({})),
        ] {
            let mut row = task(id, id, "ds-1", "ds-2");
            row.settings = settings;
            store.insert_task(&row, 1000).unwrap();
        }
        let filter = TaskFilter {
            tag: Some("billing".to_owned()),
            ..TaskFilter::default()
        };
        let (rows, total) = store.tasks(&filter).unwrap();
        assert_eq!(
            (rows.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), total),
            (vec!["rp-1"], 1)
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
}
