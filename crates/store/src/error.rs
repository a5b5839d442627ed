use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;
use sluice_engine::StoreError;
use sluice_model::TaskName;
use thiserror::Error;

use crate::SecretError;

/// Shorthand for results of this crate.
pub type Result<T> = std::result::Result<T, StateError>;

/// Why the state cannot be used. Each sentence names the place and what to do.
#[derive(Debug, Error)]
pub enum StateError {
    /// The directory cannot be made, or nothing can be written there.
    #[error("the state directory '{}' cannot be used: {reason}. Choose a directory this user may write to", .dir.display())]
    Directory {
        /// The directory.
        dir: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// The database cannot be opened or written.
    #[error("the state database '{}' cannot be opened for writing: {reason}. Check its owner and permissions, or choose another state directory", .path.display())]
    NotWritable {
        /// The database file.
        path: PathBuf,
        /// SQLite's words.
        reason: String,
    },
    /// No room left.
    #[error("the disk that holds '{}' is full. Free some space and start again: nothing that was saved is lost", .path.display())]
    DiskFull {
        /// The database file.
        path: PathBuf,
    },
    /// Another process has held the database for longer than the busy time-out.
    #[error("the state database '{}' has been locked by another process for too long. See which process has it open (a backup, another sluice) and start again", .path.display())]
    Locked {
        /// The database file.
        path: PathBuf,
    },
    /// The file is damaged, or is not a database at all.
    #[error("the state database '{}' is damaged or is not a database ({reason}). Restore it from a backup, or choose another state directory: a task that is started there under its old name finds its positions on the target again where it delivers exactly once", .path.display())]
    Corrupt {
        /// The database file.
        path: PathBuf,
        /// SQLite's words.
        reason: String,
    },
    /// A newer version of the program has written it.
    #[error("the state database '{}' was written by a newer version of Sluice (its format is {found}, this version knows {known}). Use that version, or choose another state directory", .path.display())]
    Newer {
        /// The database file.
        path: PathBuf,
        /// The format's number in the file.
        found: i64,
        /// The newest number this version knows.
        known: i64,
    },
    /// The copy that is made before a database is brought to a new format failed.
    #[error("the state database '{}' was not brought to the new format, because the copy to keep of the old one could not be written to '{}': {reason}. Free some space or permit writing there", .path.display(), .copy.display())]
    Snapshot {
        /// The database file.
        path: PathBuf,
        /// Where the copy was to go.
        copy: PathBuf,
        /// What went wrong.
        reason: String,
    },
    /// The task was launched by another process in between.
    #[error("task '{task}' has been launched by another process a moment ago. Start again to resume it")]
    AlreadyLaunched {
        /// The task.
        task: TaskName,
    },
    /// Another process runs the task.
    #[error(
        "task '{task}' is already running in {owner}. Stop that one first, or give this copy another name"
    )]
    TaskRunning {
        /// The task.
        task: TaskName,
        /// "process 123" or "another process".
        owner: String,
    },
    /// Another data source has the name.
    #[error("there is a data source named '{name}' already; choose another name")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// Tasks use the data source.
    #[error("the data source is used by {}; delete {} first", names(.tasks), if .tasks.len() == 1 { "it" } else { "them" })]
    SourceInUse {
        /// Names of the tasks.
        tasks: Vec<String>,
    },
    /// There are as many tasks as may be.
    #[error(
        "{count} of at most {limit} tasks are not terminated; terminate one that is no longer needed, or raise the limit in the settings"
    )]
    TaskLimit {
        /// Tasks that are not terminated.
        count: usize,
        /// As many as there may be.
        limit: usize,
    },
    /// Another process owns the directory.
    #[error("the state directory '{}' is in use by {program} (process {pid}, since {}). Work in that one, or stop it and start again", .dir.display(), moment(*.since_ms))]
    Owned {
        /// The directory.
        dir: PathBuf,
        /// The owner's process.
        pid: u32,
        /// What the owner calls itself.
        program: String,
        /// Since when it owns it, in ms since 1970.
        since_ms: i64,
    },
    /// Another process owns the directory, and what it says of itself cannot be read.
    #[error("the state directory '{}' is in use by another process, which does not say who it is. See which process has '{}' open and stop it", .dir.display(), .lock.display())]
    OwnerUnknown {
        /// The directory.
        dir: PathBuf,
        /// The file it holds locked.
        lock: PathBuf,
    },
    /// Secrets cannot be read or written.
    #[error(transparent)]
    Secrets(#[from] SecretError),
    /// A stored value makes no sense.
    #[error("the state database '{}' holds a value that makes no sense: {what}. Restore it from a backup, or choose another state directory", .path.display())]
    Nonsense {
        /// The database file.
        path: PathBuf,
        /// Which.
        what: String,
    },
    /// Anything else SQLite says.
    #[error("the state database '{}' failed: {reason}", .path.display())]
    Database {
        /// The database file.
        path: PathBuf,
        /// SQLite's words.
        reason: String,
    },
}

impl StateError {
    pub(crate) fn directory(dir: &Path, error: &io::Error) -> Self {
        Self::Directory {
            dir: dir.to_owned(),
            reason: error.to_string(),
        }
    }

    pub(crate) fn from_sqlite(path: &Path, error: &rusqlite::Error) -> Self {
        let path = path.to_owned();
        let reason = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::DiskFull { path },
            Some(
                ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed,
            ) => Self::Locked { path },
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Corrupt { path, reason },
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                Self::NotWritable { path, reason }
            }
            _ if matches!(
                error,
                rusqlite::Error::FromSqlConversionFailure(..)
                    | rusqlite::Error::IntegralValueOutOfRange(..)
                    | rusqlite::Error::InvalidColumnType(..)
            ) =>
            {
                Self::Nonsense { path, what: reason }
            }
            _ => Self::Database { path, reason },
        }
    }
}

/// A moment as people read it, in UTC.
fn moment(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).map_or_else(
        |_| format!("{ms} ms"),
        |moment| moment.strftime("%F %T UTC").to_string(),
    )
}

/// The first names of a list, and how many more there are.
fn names(all: &[String]) -> String {
    let shown = all
        .iter()
        .take(5)
        .map(|name| format!("'{name}'"))
        .collect::<Vec<_>>()
        .join(", ");
    let task = if all.len() == 1 { "task" } else { "tasks" };
    match all.len().saturating_sub(5) {
        0 => format!("{task} {shown}"),
        more => format!("{task} {shown} and {more} more"),
    }
}

impl From<StateError> for StoreError {
    fn from(error: StateError) -> Self {
        Self(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence(code: i32) -> String {
        let error = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
        StateError::from_sqlite(Path::new("/s/sluice.db"), &error).to_string()
    }

    #[test]
    fn each_failure_of_sqlite_has_its_own_sentence() {
        for (code, words) in [
            (rusqlite::ffi::SQLITE_FULL, "is full"),
            (rusqlite::ffi::SQLITE_BUSY, "locked by another process"),
            (rusqlite::ffi::SQLITE_NOTADB, "is damaged or is not a database"),
            (rusqlite::ffi::SQLITE_CORRUPT, "is damaged or is not a database"),
            (rusqlite::ffi::SQLITE_READONLY, "cannot be opened for writing"),
            (rusqlite::ffi::SQLITE_CANTOPEN, "cannot be opened for writing"),
            (rusqlite::ffi::SQLITE_IOERR, "failed"),
        ] {
            let text = sentence(code);
            assert!(
                text.contains(words) && text.contains("/s/sluice.db"),
                "{code}: {text}"
            );
        }
    }
}
