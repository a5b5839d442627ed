use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, Row, Transaction, params};
use serde_json::Value;

use crate::json_column::{object, to_text, value};
use crate::sqlite_store::Durability;
use crate::{Result, SqliteStore, StateError};

/// A Kafka cluster a person has entered.
#[derive(Debug, Clone, PartialEq)]
pub struct DataSourceRow {
    /// Id, `ds-…`.
    pub id: String,
    /// Name; no two have the same, upper and lower case being equal.
    pub name: String,
    /// The form, without secrets.
    pub settings: Value,
    /// Handles of its secrets, by field.
    pub secrets: BTreeMap<String, String>,
    /// When it was made, in ms since 1970.
    pub created_ms: i64,
    /// When it was last changed, in ms since 1970.
    pub updated_ms: i64,
}

const COLUMNS: &str = "id, name, settings, secrets, created_ms, updated_ms";

impl SqliteStore {
    /// Whether a data source or an alert channel has a secret, wherever that is kept.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn has_secrets(&self) -> Result<bool> {
        self.read(|t| {
            t.query_row(
                "SELECT EXISTS (SELECT 1 FROM data_sources WHERE secrets <> '{}')
                     OR EXISTS (SELECT 1 FROM alert_channels WHERE secrets <> '{}')",
                [],
                |row| row.get(0),
            )
        })
    }

    /// Adds a data source.
    ///
    /// # Errors
    /// Its name is taken, or the state cannot be written.
    pub fn insert_source(&self, row: &DataSourceRow) -> Result<()> {
        self.put_source(row, true)
    }

    /// Replaces a data source; `created_ms` stays.
    ///
    /// # Errors
    /// Its name is another's, or the state cannot be written.
    pub fn update_source(&self, row: &DataSourceRow) -> Result<()> {
        self.put_source(row, false)
    }

    fn put_source(&self, row: &DataSourceRow, new: bool) -> Result<()> {
        let taken = self.write(Durability::Fsync, |t| {
            let others = ids_of_name(t, &row.name)?;
            if others.iter().any(|id| new || *id != row.id) {
                return Ok(true);
            }
            let sql = if new {
                "INSERT INTO data_sources (id, name, settings, secrets, created_ms, updated_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
            } else {
                "UPDATE data_sources SET name = ?2, settings = ?3, secrets = ?4, updated_ms = ?6
                 WHERE id = ?1 AND ?5 IS NOT NULL"
            };
            t.execute(
                sql,
                params![
                    row.id,
                    row.name,
                    to_text(&row.settings),
                    object(&row.secrets),
                    row.created_ms,
                    row.updated_ms
                ],
            )?;
            Ok(false)
        })?;
        if taken {
            return Err(StateError::NameTaken {
                name: row.name.clone(),
            });
        }
        Ok(())
    }

    /// All data sources by name.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn sources(&self) -> Result<Vec<DataSourceRow>> {
        self.read(|t| {
            t.prepare_cached(&format!("SELECT {COLUMNS} FROM data_sources ORDER BY name"))?
                .query_map([], data_source)?
                .collect()
        })
    }

    /// The data source of an id or name.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn source(&self, id_or_name: &str) -> Result<Option<DataSourceRow>> {
        self.read(|t| {
            let sql = format!("SELECT {COLUMNS} FROM data_sources WHERE id = ?1");
            let mut by_id = t.prepare_cached(&sql)?;
            match by_id.query_row([id_or_name], data_source).optional()? {
                Some(row) => Ok(Some(row)),
                None => match ids_of_name(t, id_or_name)?.first() {
                    Some(id) => by_id.query_row([id], data_source).optional(),
                    None => Ok(None),
                },
            }
        })
    }

    /// Deletes a data source that no task uses. Returns whether it was there.
    ///
    /// # Errors
    /// Tasks use it, or the state cannot be written.
    pub fn delete_source(&self, id: &str) -> Result<bool> {
        let answer = self.write(Durability::Fsync, |t| {
            let tasks: Vec<String> = t
                .prepare_cached(
                    "SELECT name FROM tasks
                     WHERE source_id = ?1 OR target_id = ?1 OR json_extract(settings, '$.run_on') = ?1 ORDER BY name",
                )?
                .query_map([id], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?;
            if !tasks.is_empty() {
                return Ok(Err(tasks));
            }
            Ok(Ok(t.execute("DELETE FROM data_sources WHERE id = ?1", [id])? > 0))
        })?;
        answer.map_err(|tasks| StateError::SourceInUse { tasks })
    }

    /// Names of the tasks that use each data source, by its id.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn source_use(&self) -> Result<BTreeMap<String, Vec<String>>> {
        self.read(|t| {
            let mut by_source: BTreeMap<String, Vec<String>> = BTreeMap::new();
            let mut statement = t.prepare_cached(
                "SELECT source_id, name FROM tasks
                 UNION ALL SELECT target_id, name FROM tasks WHERE target_id <> source_id
                 UNION ALL SELECT json_extract(settings, '$.run_on'), name FROM tasks
                     WHERE json_extract(settings, '$.run_on') IS NOT NULL ORDER BY 1, 2",
            )?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                by_source.entry(row.get(0)?).or_default().push(row.get(1)?);
            }
            Ok(by_source)
        })
    }
}

/// The ids of the data sources with a name, the very same before those in other letters: a database may hold several
/// that differ in the case of letters beyond ASCII, of which SQLite knows nothing. There are never more than some dozens.
fn ids_of_name(t: &Transaction<'_>, name: &str) -> rusqlite::Result<Vec<String>> {
    let wanted = name.to_lowercase();
    let mut statement =
        t.prepare_cached("SELECT id, name FROM data_sources ORDER BY name <> ?1 COLLATE BINARY, id")?;
    let mut rows = statement.query([name])?;
    let mut ids = Vec::new();
    while let Some(row) = rows.next()? {
        if row.get::<_, String>(1)?.to_lowercase() == wanted {
            ids.push(row.get(0)?);
        }
    }
    Ok(ids)
}

fn data_source(row: &Row<'_>) -> rusqlite::Result<DataSourceRow> {
    Ok(DataSourceRow {
        id: row.get(0)?,
        name: row.get(1)?,
        settings: value(row, 2)?,
        secrets: crate::json_column::map(row, 3)?,
        created_ms: row.get(4)?,
        updated_ms: row.get(5)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{from_draft, source, store, task, with_sources};

    #[test]
    fn names_are_taken_whatever_their_case_and_found_like_ids() {
        let (_dir, store) = store();
        store.insert_source(&source("ds-1", "Prod A")).unwrap();
        let error = store.insert_source(&source("ds-2", "prod a")).unwrap_err();
        assert!(error.to_string().contains("'prod a'"), "{error}");
        store.insert_source(&source("ds-2", "b")).unwrap();
        let error = store.update_source(&source("ds-2", "PROD A")).unwrap_err();
        assert!(matches!(error, StateError::NameTaken { .. }), "{error}");
        let mut renamed = source("ds-1", "prod a");
        renamed.updated_ms = 9;
        store.update_source(&renamed).unwrap();
        assert_eq!(store.source("PROD a").unwrap(), Some(renamed.clone()));
        assert_eq!(store.source("ds-1").unwrap(), Some(renamed));
        assert_eq!(store.source("unknown").unwrap(), None);
        let names: Vec<String> = store.sources().unwrap().into_iter().map(|row| row.name).collect();
        assert_eq!(names, ["b", "prod a"]);
    }

    #[test]
    fn the_case_of_letters_beyond_ascii_makes_no_other_name_either() {
        let (_dir, store) = store();
        store.insert_source(&source("ds-1", "Zürich ПРОД")).unwrap();
        let error = store.insert_source(&source("ds-2", "ZÜRICH прод")).unwrap_err();
        assert!(
            matches!(&error, StateError::NameTaken { name } if name == "ZÜRICH прод"),
            "{error}"
        );
        assert_eq!(store.sources().unwrap(), [source("ds-1", "Zürich ПРОД")]);
        assert_eq!(store.source("zürich прод").unwrap().unwrap().id, "ds-1");
        store
            .update_source(&source("ds-1", "zürich prod"))
            .expect("its own name is not taken");
    }

    #[test]
    fn of_two_names_that_once_counted_as_different_the_very_same_is_found() {
        let (_dir, store) = store();
        store.insert_source(&source("ds-1", "ä")).unwrap();
        store.insert_source(&source("ds-2", "b")).unwrap();
        store
            .write(Durability::Wal, |t| {
                t.execute("UPDATE data_sources SET name = 'Ä' WHERE id = 'ds-2'", [])
            })
            .unwrap();
        assert_eq!(store.source("Ä").unwrap().unwrap().id, "ds-2");
        assert_eq!(store.source("ä").unwrap().unwrap().id, "ds-1");
        let error = store.update_source(&source("ds-1", "ä")).unwrap_err();
        assert!(matches!(error, StateError::NameTaken { .. }), "{error}");
    }

    #[test]
    fn an_id_goes_before_a_name_that_looks_like_it() {
        let (_dir, store) = store();
        store.insert_source(&source("ds-1", "ds-2")).unwrap();
        store.insert_source(&source("ds-2", "b")).unwrap();
        assert_eq!(store.source("ds-2").unwrap().unwrap().name, "b");
        assert_eq!(store.source("DS-2").unwrap().unwrap().id, "ds-1");
    }

    #[test]
    fn all_tasks_that_use_it_are_named_terminated_ones_too_and_each_once() {
        let (_dir, store) = with_sources();
        let tasks = [
            ("rp-1", "orders", "ds-1", "ds-2"),
            ("rp-2", "loop", "ds-1", "ds-1"),
            ("rp-3", "back", "ds-2", "ds-1"),
        ];
        for (id, name, from, to) in tasks {
            store.insert_task(&task(id, name, from, to), 9).unwrap();
        }
        assert!(
            store
                .change_task_state("rp-3", &from_draft("terminated"))
                .unwrap()
        );
        let error = store.delete_source("ds-1").unwrap_err();
        assert!(
            matches!(&error, StateError::SourceInUse { tasks } if tasks == &["back", "loop", "orders"]),
            "{error}"
        );
        assert_eq!(
            store.source_use().unwrap(),
            BTreeMap::from([
                (
                    "ds-1".to_owned(),
                    vec!["back".to_owned(), "loop".to_owned(), "orders".to_owned()]
                ),
                ("ds-2".to_owned(), vec!["back".to_owned(), "orders".to_owned()]),
            ])
        );
        assert_eq!(store.sources().unwrap().len(), 2, "nothing was deleted");
    }

    #[test]
    fn a_used_one_is_not_deleted_and_its_tasks_are_named() {
        let (_dir, store) = store();
        store.insert_source(&source("ds-1", "a")).unwrap();
        store.insert_source(&source("ds-2", "b")).unwrap();
        store
            .insert_task(&task("rp-1", "orders", "ds-1", "ds-2"), 10)
            .unwrap();
        let error = store.delete_source("ds-2").unwrap_err();
        assert!(
            matches!(&error, StateError::SourceInUse { tasks } if tasks == &["orders"]),
            "{error}"
        );
        assert_eq!(store.source_use().unwrap()["ds-1"], ["orders"]);
        store.delete_task("rp-1").unwrap();
        assert!(store.delete_source("ds-2").unwrap());
        assert!(!store.delete_source("ds-2").unwrap(), "it is gone already");
    }
}
