//! The database's format and how an older one is brought up to it.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite_migration::{M, Migrations};

use crate::{Result, StateError};

/// Every format step in order; the number of steps is the format's number (SQLite's `user_version`). Steps that have
/// shipped are never changed: a new one is added behind them.
pub(crate) const STEPS: &[&str] = &[
    include_str!("../migrations/0001_initial.sql"),
    include_str!("../migrations/0002_application.sql"),
    include_str!("../migrations/0003_samples_and_log.sql"),
    include_str!("../migrations/0004_quarantine_fate.sql"),
    include_str!("../migrations/0005_verifications.sql"),
    include_str!("../migrations/0006_settings_version.sql"),
    include_str!("../migrations/0007_runs_and_ledgers.sql"),
    include_str!("../migrations/0008_lanes.sql"),
    include_str!("../migrations/0009_groups.sql"),
    include_str!("../migrations/0010_cutovers.sql"),
    include_str!("../migrations/0011_identity.sql"),
    include_str!("../migrations/0012_ends.sql"),
    include_str!("../migrations/0013_verification_history.sql"),
    include_str!("../migrations/0014_since.sql"),
    include_str!("../migrations/0015_log_events.sql"),
    include_str!("../migrations/0016_accepted_gaps.sql"),
    include_str!("../migrations/0017_writers.sql"),
    include_str!("../migrations/0018_asked_ranges.sql"),
];

/// Where copies of databases of an older format are kept.
const SNAPSHOT_DIR: &str = "before-upgrade";

/// Brings the database to the format of `steps`. The caller sees to it that no other process does so at the same time.
pub(crate) fn migrate(connection: &mut Connection, path: &Path, steps: &[&str]) -> Result<()> {
    let from_sqlite = |error: &rusqlite::Error| StateError::from_sqlite(path, error);
    let found: i64 = connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(|error| from_sqlite(&error))?;
    let known = i64::try_from(steps.len()).unwrap_or(i64::MAX);
    if found > known {
        return Err(StateError::Newer {
            path: path.to_owned(),
            found,
            known,
        });
    }
    if found == known {
        return Ok(());
    }
    if found > 0 {
        snapshot(connection, path, found, known)?;
    }
    Migrations::new(steps.iter().map(|sql| M::up(sql)).collect())
        .to_latest(connection)
        .map_err(|error| match error {
            rusqlite_migration::Error::RusqliteError { err, .. } => from_sqlite(&err),
            other => StateError::Database {
                path: path.to_owned(),
                reason: other.to_string(),
            },
        })
}

/// Keeps a copy of the database as it is, so that an older version of the program can be used again.
fn snapshot(connection: &Connection, path: &Path, from: i64, to: i64) -> Result<PathBuf> {
    let dir = path.parent().unwrap_or(Path::new(".")).join(SNAPSHOT_DIR);
    let copy = dir.join(format!("sluice-format-{from}-before-{to}.db"));
    let unfinished = copy.with_extension("db.part");
    let failed = |reason: String| StateError::Snapshot {
        path: path.to_owned(),
        copy: copy.clone(),
        reason,
    };
    crate::state_dir::create(&dir)?;
    if unfinished.exists() {
        fs::remove_file(&unfinished).map_err(|error| failed(error.to_string()))?;
    }
    // Not a copy of the file: its newest content may still stand in the write-ahead log.
    connection
        .execute("VACUUM INTO ?1", [unfinished.to_string_lossy()])
        .map_err(|error| failed(error.to_string()))?;
    fs::rename(&unfinished, &copy).map_err(|error| failed(error.to_string()))?;
    Ok(copy)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = "CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (7);";
    const SECOND: &str = "ALTER TABLE a ADD COLUMN y INTEGER DEFAULT 8;";

    fn open(path: &Path) -> Connection {
        let connection = Connection::open(path).unwrap();
        connection.pragma_update(None, "journal_mode", "WAL").unwrap();
        connection
    }

    #[test]
    fn an_older_database_is_copied_before_it_changes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sluice.db");
        let mut connection = open(&path);
        migrate(&mut connection, &path, &[FIRST]).unwrap();
        migrate(&mut connection, &path, &[FIRST, SECOND]).unwrap();
        let now: (i64, i64) = connection
            .query_row("SELECT x, y FROM a", [], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap();
        assert_eq!(now, (7, 8));

        let kept = Connection::open(dir.path().join("before-upgrade/sluice-format-1-before-2.db")).unwrap();
        assert_eq!(
            kept.query_row("SELECT x FROM a", [], |row| row.get::<_, i64>(0))
                .unwrap(),
            7
        );
        assert!(
            kept.prepare("SELECT y FROM a").is_err(),
            "the copy has the old format"
        );
        let version: i64 = kept
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .unwrap();
        assert_eq!(version, 1, "an older program can open the copy");
    }

    #[test]
    fn a_new_database_is_not_copied() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sluice.db");
        migrate(&mut open(&path), &path, &[FIRST, SECOND]).unwrap();
        assert!(!dir.path().join(SNAPSHOT_DIR).exists());
    }

    #[test]
    fn a_step_that_fails_leaves_the_older_format_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sluice.db");
        let mut connection = open(&path);
        migrate(&mut connection, &path, &[FIRST]).unwrap();
        let broken = "ALTER TABLE a ADD COLUMN y INTEGER; ALTER TABLE nowhere ADD COLUMN z INTEGER;";
        assert!(migrate(&mut connection, &path, &[FIRST, broken]).is_err());
        assert!(
            connection.prepare("SELECT y FROM a").is_err(),
            "half a step was rolled back"
        );
        migrate(&mut connection, &path, &[FIRST, SECOND]).unwrap();
    }

    #[test]
    fn a_newer_database_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sluice.db");
        let mut connection = open(&path);
        migrate(&mut connection, &path, &[FIRST, SECOND]).unwrap();
        let error = migrate(&mut connection, &path, &[FIRST]).unwrap_err().to_string();
        assert!(
            error.contains("newer version of Sluice (its format is 2, this version knows 1)"),
            "{error}"
        );
    }
}
