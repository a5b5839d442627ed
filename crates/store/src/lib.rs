//! SQLite: launches, positions, offset runs, gaps, quarantined records and the status of every task, in one directory
//! that several processes may share.

mod checkpoints;
mod error;
mod gap_reason;
mod header_blob;
mod schema;
mod sqlite_store;
mod state_dir;
mod task_lock;
mod task_status;

pub use error::{Result, StateError};
pub use sqlite_store::{DATABASE_FILE, SqliteStore};
pub use task_lock::TaskLock;
pub use task_status::TaskStatus;
