use rusqlite::types::Value as SqlValue;
use rusqlite::{params, params_from_iter};
use serde_json::Value;

use crate::json_column::{optional, to_optional_text};
use crate::row_limit::at_most;
use crate::sqlite_store::Durability;
use crate::{Result, SqliteStore};

/// Who did what, when, and how it came out.
#[derive(Debug, Clone, PartialEq)]
pub struct OperationRow {
    /// Greater for later ones; 0 in a row that is yet to be added.
    pub id: i64,
    /// When, in ms since 1970.
    pub at_ms: i64,
    /// The user of this computer.
    pub actor: String,
    /// What was done, as `task_pause`.
    pub action: String,
    /// What it was done to: `source`, `task`, `rule`, `channel`, `setting`.
    pub object_kind: String,
    /// Its id.
    pub object_id: String,
    /// Its name at the time.
    pub object_name: String,
    /// What it was, without secrets.
    pub before: Option<Value>,
    /// What it was to be, without secrets.
    pub after: Option<Value>,
    /// `ok`, `refused` or `failed`.
    pub outcome: String,
    /// Why it was refused or failed.
    pub detail: Option<String>,
}

/// Which operations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OperationFilter {
    /// Only this action.
    pub action: Option<String>,
    /// Only on things of this kind.
    pub object_kind: Option<String>,
    /// Only on this thing.
    pub object_id: Option<String>,
    /// Only those whose action, object's name or detail contains this, whatever the case.
    pub text: Option<String>,
    /// Only those not before this, in ms since 1970.
    pub from_ms: Option<i64>,
    /// Only those before this, in ms since 1970.
    pub to_ms: Option<i64>,
    /// Only those older than this row: the next page.
    pub before_id: Option<i64>,
    /// How many at most; `None` for all.
    pub limit: Option<usize>,
}

impl SqliteStore {
    /// Adds a row. Nothing can change or remove it afterwards.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn append_operation(&self, row: &OperationRow) -> Result<()> {
        self.write(Durability::Fsync, |t| {
            t.prepare_cached(
                "INSERT INTO operation_log
                 (at_ms, actor, action, object_kind, object_id, object_name, before, after, outcome, detail)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )?
            .execute(params![
                row.at_ms,
                row.actor,
                row.action,
                row.object_kind,
                row.object_id,
                row.object_name,
                to_optional_text(row.before.as_ref()),
                to_optional_text(row.after.as_ref()),
                row.outcome,
                row.detail
            ])
            .map(drop)
        })
    }

    /// Operations, the newest first.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn operations(&self, filter: &OperationFilter) -> Result<Vec<OperationRow>> {
        let mut sql = "SELECT id, at_ms, actor, action, object_kind, object_id, object_name, before, after, outcome, detail
                       FROM operation_log WHERE 1"
            .to_owned();
        let mut values: Vec<SqlValue> = Vec::new();
        let mut narrow = |condition: &str, value: Option<SqlValue>| {
            if let Some(value) = value {
                sql.push_str(condition);
                values.push(value);
            }
        };
        narrow(" AND action = ?", filter.action.clone().map(SqlValue::from));
        narrow(
            " AND object_kind = ?",
            filter.object_kind.clone().map(SqlValue::from),
        );
        narrow(" AND object_id = ?", filter.object_id.clone().map(SqlValue::from));
        narrow(
            " AND instr(lower(action || ' ' || object_name || ' ' || coalesce(detail, '')), lower(?)) > 0",
            filter.text.clone().map(SqlValue::from),
        );
        narrow(" AND at_ms >= ?", filter.from_ms.map(SqlValue::from));
        narrow(" AND at_ms < ?", filter.to_ms.map(SqlValue::from));
        narrow(" AND id < ?", filter.before_id.map(SqlValue::from));
        sql.push_str(&format!(" ORDER BY id DESC LIMIT {}", at_most(filter.limit)));
        self.read(|t| {
            t.prepare_cached(&sql)?
                .query_map(params_from_iter(&values), |row| {
                    Ok(OperationRow {
                        id: row.get(0)?,
                        at_ms: row.get(1)?,
                        actor: row.get(2)?,
                        action: row.get(3)?,
                        object_kind: row.get(4)?,
                        object_id: row.get(5)?,
                        object_name: row.get(6)?,
                        before: optional(row, 7)?,
                        after: optional(row, 8)?,
                        outcome: row.get(9)?,
                        detail: row.get(10)?,
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
    use crate::testing::{store, task, with_sources};

    fn row(at_ms: i64, action: &str, object_id: &str) -> OperationRow {
        OperationRow {
            id: 0,
            at_ms,
            actor: "ada".to_owned(),
            action: action.to_owned(),
            object_kind: "task".to_owned(),
            object_id: object_id.to_owned(),
            object_name: "Orders".to_owned(),
            before: Some(json!({"state": "running"})),
            after: None,
            outcome: "refused".to_owned(),
            detail: Some("not in this state".to_owned()),
        }
    }

    #[test]
    fn not_even_sql_changes_or_removes_a_row() {
        let (_dir, store) = store();
        store.append_operation(&row(1, "task_pause", "rp-1")).unwrap();
        for sql in [
            "UPDATE operation_log SET actor = 'eve'",
            "UPDATE OR REPLACE operation_log SET id = id",
            "DELETE FROM operation_log",
            "REPLACE INTO operation_log SELECT id, at_ms, 'eve', action, object_kind, object_id, object_name, before,
                 after, outcome, detail FROM operation_log",
            "INSERT INTO operation_log SELECT id, at_ms, 'eve', action, object_kind, object_id, object_name, before,
                 after, outcome, detail FROM operation_log WHERE 1 ON CONFLICT DO UPDATE SET actor = excluded.actor",
        ] {
            let error = store
                .write(Durability::Wal, |t| t.execute(sql, []))
                .unwrap_err();
            assert!(error.to_string().contains("append-only"), "{error}");
        }
        let kept = store.operations(&OperationFilter::default()).unwrap();
        assert_eq!(
            OperationRow {
                id: 0,
                ..kept[0].clone()
            },
            row(1, "task_pause", "rp-1")
        );
        assert_eq!(kept.len(), 1);
    }

    #[test]
    fn rows_outlive_their_task_and_are_found() {
        let (_dir, store) = with_sources();
        store
            .insert_task(&task("rp-1", "Orders", "ds-1", "ds-2"), 9)
            .unwrap();
        for (at, action, id) in [
            (1, "task_create", "rp-1"),
            (2, "task_pause", "rp-1"),
            (3, "task_create", "rp-2"),
        ] {
            store.append_operation(&row(at, action, id)).unwrap();
        }
        store.delete_task("rp-1").unwrap();
        let times = |filter: OperationFilter| -> Vec<i64> {
            let rows = store.operations(&filter).unwrap();
            rows.into_iter().map(|row| row.at_ms).collect()
        };
        let filter = OperationFilter::default;
        assert_eq!(
            times(OperationFilter {
                object_id: Some("rp-1".into()),
                ..filter()
            }),
            [2, 1]
        );
        assert_eq!(
            times(OperationFilter {
                action: Some("task_create".into()),
                limit: Some(1),
                ..filter()
            }),
            [3]
        );
        assert_eq!(
            times(OperationFilter {
                text: Some("orders".into()),
                from_ms: Some(2),
                to_ms: Some(3),
                ..filter()
            }),
            [2]
        );
        assert!(
            times(OperationFilter {
                object_kind: Some("source".into()),
                ..filter()
            })
            .is_empty()
        );
    }
}
