use std::fs::TryLockError;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use crate::schema;
use crate::{Result, StateError, state_dir};

/// The database's name in the state directory.
pub const DATABASE_FILE: &str = "sluice.db";
/// Held while a process opens the database, so that two do not make or upgrade it at the same time.
const OPENING_FILE: &str = "opening.lock";
/// How long one process waits for another one's transaction.
const BUSY: Duration = Duration::from_secs(10);

/// The state of all tasks in one directory. Several processes may have it open; each call is one transaction.
///
/// Durability: the write-ahead log is handed to the system before a call returns, so a killed process loses nothing.
/// It is not forced to the disk at each checkpoint (`synchronous=NORMAL`), because a checkpoint that is lost with the
/// machine's power is older but whole: positions, runs, gaps and quarantine of one moment, from which a resume goes on
/// like from any older checkpoint. Launches are forced to the disk, because nothing could replace them: a `latest`
/// start would be pinned again at a later end, and a rewritten target would be deleted once more.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    connection: Mutex<Connection>,
}

/// What a power failure may do to a transaction that has returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// It is in the write-ahead log: it survives the process.
    Wal,
    /// It is forced to the disk: it survives the machine's power.
    Fsync,
}

impl SqliteStore {
    /// Opens the state in `dir`; makes it where it is missing, and brings an older one to the present format.
    ///
    /// # Errors
    /// The directory or the database cannot be written, is damaged, or belongs to a newer version.
    pub fn open(dir: &Path) -> Result<Self> {
        state_dir::create(dir)?;
        let path = dir.join(DATABASE_FILE);
        let directory = |error: &std::io::Error| StateError::directory(dir, error);
        let opening = state_dir::open_file(&dir.join(OPENING_FILE)).map_err(|error| directory(&error))?;
        let deadline = Instant::now() + BUSY;
        loop {
            match opening.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(TryLockError::WouldBlock) => return Err(StateError::Locked { path }),
                Err(TryLockError::Error(error)) => return Err(directory(&error)),
            }
        }
        // SQLite gives its side files the permissions of the main file.
        if !path.exists() {
            state_dir::open_file(&path).map_err(|error| directory(&error))?;
        }
        Self::connect(path)
        // `opening` is closed here, which releases it.
    }

    /// Opens the state in `dir` if there is one; makes nothing.
    ///
    /// # Errors
    /// As [`SqliteStore::open`].
    pub fn open_existing(dir: &Path) -> Result<Option<Self>> {
        match dir.join(DATABASE_FILE).try_exists() {
            Ok(true) => Self::open(dir).map(Some),
            Ok(false) => Ok(None),
            Err(error) => Err(StateError::directory(dir, &error)),
        }
    }

    fn connect(path: PathBuf) -> Result<Self> {
        let explain = |error: rusqlite::Error| StateError::from_sqlite(&path, &error);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(&path, flags).map_err(explain)?;
        // Where the file may only be read SQLite opens it all the same, and the first write would fail.
        if connection.is_readonly("main").map_err(explain)? {
            return Err(StateError::NotWritable {
                path,
                reason: "this user may only read it".to_owned(),
            });
        }
        connection.busy_timeout(BUSY).map_err(explain)?;
        connection
            .pragma_update(None, "journal_mode", "WAL")
            .map_err(explain)?;
        connection
            .pragma_update(None, "synchronous", "NORMAL")
            .map_err(explain)?;
        connection
            .pragma_update(None, "foreign_keys", true)
            .map_err(explain)?;
        connection.set_prepared_statement_cache_capacity(64);
        schema::migrate(&mut connection, &path, schema::STEPS)?;
        Ok(Self {
            path,
            connection: Mutex::new(connection),
        })
    }

    /// The database file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads within one transaction, so that all of it is of one moment.
    pub(crate) fn read<T>(&self, work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> Result<T> {
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = (|| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Deferred)?;
            let answer = work(&transaction)?;
            transaction.commit()?;
            Ok(answer)
        })();
        answer.map_err(|error| StateError::from_sqlite(&self.path, &error))
    }

    /// Writes within one transaction: all of it or nothing.
    pub(crate) fn write<T>(
        &self,
        durability: Durability,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T> {
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let written = (|| {
            if durability == Durability::Fsync {
                connection.pragma_update(None, "synchronous", "FULL")?;
            }
            // Immediate: a transaction that began by reading could not wait for another writer.
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let answer = work(&transaction)?;
            transaction.commit()?;
            Ok(answer)
        })();
        let restored = match durability {
            Durability::Fsync => connection.pragma_update(None, "synchronous", "NORMAL"),
            Durability::Wal => Ok(()),
        };
        written
            .and_then(|answer| restored.map(|()| answer))
            .map_err(|error| StateError::from_sqlite(&self.path, &error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_without_state_stays_empty_when_only_looked_at() {
        let dir = tempfile::tempdir().unwrap();
        assert!(
            SqliteStore::open_existing(&dir.path().join("none"))
                .unwrap()
                .is_none()
        );
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_file_that_is_no_database_is_named() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(DATABASE_FILE), "x".repeat(5000)).unwrap();
        let error = SqliteStore::open(dir.path()).unwrap_err();
        assert!(matches!(error, StateError::Corrupt { .. }), "{error}");
        assert!(error.to_string().contains("sluice.db"), "{error}");
    }

    #[test]
    fn many_may_open_a_new_directory_at_once() {
        let dir = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            let openings: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| SqliteStore::open(dir.path()).map(drop)))
                .collect();
            for opening in openings {
                opening.join().unwrap().unwrap();
            }
        });
    }

    #[test]
    fn a_checkpoint_waits_for_another_process_transaction() {
        let dir = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(dir.path()).unwrap();
        let mut other = Connection::open(store.path()).unwrap();
        let transaction = other
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .unwrap();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                store.write(Durability::Wal, |t| {
                    t.execute("DELETE FROM launches", []).map(drop)
                })
            });
            std::thread::sleep(Duration::from_millis(200));
            assert!(!waiting.is_finished(), "it waits");
            transaction.commit().unwrap();
            waiting.join().unwrap().unwrap();
        });
    }

    fn line(message: String) -> crate::LogRow {
        crate::LogRow {
            id: 0,
            task_id: "rp-1".to_owned(),
            at_ms: 1,
            level: "info".to_owned(),
            message,
            topic: None,
            partition: None,
            offset: None,
            event: None,
        }
    }

    #[test]
    fn a_full_disk_is_named_and_what_was_taken_before_stays_whole() {
        let dir = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(dir.path()).unwrap();
        store
            .read(|t| {
                t.pragma_update_and_check(None, "max_page_count", 200, |row| row.get::<_, i64>(0))
                    .map(drop)
            })
            .unwrap();
        // Two lines at a time: all of it or nothing.
        let lines = [line("x".repeat(30_000)), line("y".repeat(30_000))];
        let (taken, error) = (0..1_000)
            .find_map(|taken| store.append_task_log(&lines).err().map(|error| (taken, error)))
            .unwrap();
        assert!(matches!(error, StateError::DiskFull { .. }), "{error}");
        assert!(
            error.to_string().contains("Free some space and start again"),
            "{error}"
        );
        assert!(taken > 0, "there was room for some");
        let kept = |store: &SqliteStore| {
            store
                .task_log("rp-1", &crate::LogFilter::default())
                .unwrap()
                .len()
        };
        assert_eq!(kept(&store), 2 * taken, "it can still be read");
        drop(store);

        let store = SqliteStore::open(dir.path()).unwrap();
        store.append_task_log(&lines).unwrap();
        assert_eq!(kept(&store), 2 * taken + 2, "with room again it goes on");
        let health: String = store
            .read(|t| t.pragma_query_value(None, "integrity_check", |row| row.get(0)))
            .unwrap();
        assert_eq!(health, "ok");
    }

    #[test]
    fn a_database_that_another_process_never_lets_go_is_given_up_and_named() {
        let dir = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(dir.path()).unwrap();
        let patience = Duration::from_millis(50);
        store.connection.lock().unwrap().busy_timeout(patience).unwrap();
        let mut other = Connection::open(store.path()).unwrap();
        let transaction = other
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .unwrap();
        let error = store.append_task_log(&[line("a".to_owned())]).unwrap_err();
        assert!(matches!(error, StateError::Locked { .. }), "{error}");
        assert!(
            error
                .to_string()
                .contains("locked by another process for too long"),
            "{error}"
        );
        transaction.commit().unwrap();
        store.append_task_log(&[line("a".to_owned())]).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn others_may_not_read_the_database() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(dir.path()).unwrap();
        store
            .write(Durability::Fsync, |t| {
                t.execute("DELETE FROM launches", []).map(drop)
            })
            .unwrap();
        for file in std::fs::read_dir(dir.path()).unwrap() {
            let file = file.unwrap();
            assert_eq!(
                file.metadata().unwrap().permissions().mode() & 0o077,
                0,
                "{:?}",
                file.file_name()
            );
        }
    }
}
