use rusqlite::{OptionalExtension, Row, params};
use serde_json::Value;

use crate::json_column::{to_text, value};
use crate::sqlite_store::Durability;
use crate::{Result, SqliteStore};

/// A cut-over of a task.
#[derive(Debug, Clone, PartialEq)]
pub struct CutoverRow {
    /// Id, `co-…`.
    pub id: String,
    /// The task that copies to where applications go.
    pub task_id: String,
    /// Counts its changes, from 1.
    pub revision: i64,
    /// Whether it goes on.
    pub open: bool,
    /// Everything about it.
    pub body: Value,
    /// When it was planned, in ms since 1970.
    pub created_ms: i64,
}

const COLUMNS: &str = "id, task_id, revision, open, body, created_ms";

impl SqliteStore {
    /// Keeps a cut-over, if what is kept of it has still the revision `seen`; 0 for one that is new. Returns whether it
    /// had. It survives a power failure: what is kept is about to be done to clusters.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn put_cutover(&self, row: &CutoverRow, seen: i64) -> Result<bool> {
        self.write(Durability::Fsync, |t| {
            let values = params![
                row.id,
                row.task_id,
                row.revision,
                row.open,
                to_text(&row.body),
                row.created_ms,
                seen
            ];
            let changed = if seen == 0 {
                t.execute(
                    &format!(
                        "INSERT INTO cutovers ({COLUMNS}) SELECT ?1, ?2, ?3, ?4, ?5, ?6
                         WHERE ?7 = 0 AND NOT EXISTS (SELECT 1 FROM cutovers WHERE id = ?1)"
                    ),
                    values,
                )?
            } else {
                t.execute(
                    "UPDATE cutovers SET task_id = ?2, revision = ?3, open = ?4, body = ?5, created_ms = ?6
                     WHERE id = ?1 AND revision = ?7",
                    values,
                )?
            };
            Ok(changed > 0)
        })
    }

    /// The cut-over of an id.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn cutover(&self, id: &str) -> Result<Option<CutoverRow>> {
        self.read(|t| {
            t.prepare_cached(&format!("SELECT {COLUMNS} FROM cutovers WHERE id = ?1"))?
                .query_row([id], cutover)
                .optional()
        })
    }

    /// The cut-overs of a task, the newest first.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn cutovers_of(&self, task_id: &str) -> Result<Vec<CutoverRow>> {
        self.read(|t| {
            t.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM cutovers WHERE task_id = ?1 ORDER BY created_ms DESC, id DESC"
            ))?
            .query_map([task_id], cutover)?
            .collect()
        })
    }

    /// The cut-overs that go on, the oldest first.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn open_cutovers(&self) -> Result<Vec<CutoverRow>> {
        self.read(|t| {
            t.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM cutovers WHERE open = 1 ORDER BY created_ms, id"
            ))?
            .query_map([], cutover)?
            .collect()
        })
    }
}

fn cutover(row: &Row<'_>) -> rusqlite::Result<CutoverRow> {
    Ok(CutoverRow {
        id: row.get(0)?,
        task_id: row.get(1)?,
        revision: row.get(2)?,
        open: row.get(3)?,
        body: value(row, 4)?,
        created_ms: row.get(5)?,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::store;

    fn row(id: &str, revision: i64, open: bool) -> CutoverRow {
        CutoverRow {
            id: id.to_owned(),
            task_id: "rp-1".to_owned(),
            revision,
            open,
            body: json!({"step": revision}),
            created_ms: if id == "co-1" { 1 } else { 2 },
        }
    }

    #[test]
    fn a_change_that_was_made_without_knowing_the_last_one_is_not_kept() {
        let (_dir, store) = store();
        assert!(store.put_cutover(&row("co-1", 1, true), 0).unwrap());
        assert!(
            !store.put_cutover(&row("co-1", 1, true), 0).unwrap(),
            "it is there already"
        );
        assert!(store.put_cutover(&row("co-1", 2, true), 1).unwrap());
        assert!(!store.put_cutover(&row("co-1", 2, false), 1).unwrap());
        assert_eq!(store.cutover("co-1").unwrap(), Some(row("co-1", 2, true)));
        assert_eq!(store.cutover("co-2").unwrap(), None);
    }

    #[test]
    fn the_cut_overs_of_a_task_are_listed_and_those_that_go_on() {
        let (_dir, store) = store();
        store.put_cutover(&row("co-1", 1, true), 0).unwrap();
        store.put_cutover(&row("co-2", 1, false), 0).unwrap();
        let ids = |rows: Vec<CutoverRow>| rows.into_iter().map(|row| row.id).collect::<Vec<_>>();
        assert_eq!(ids(store.cutovers_of("rp-1").unwrap()), ["co-2", "co-1"]);
        assert_eq!(ids(store.open_cutovers().unwrap()), ["co-1"]);
        assert!(store.cutovers_of("rp-2").unwrap().is_empty());
    }
}
