//! What tests of several modules need.

use std::path::Path;
use std::sync::Arc;

use sluice_store::{SecretPreference, SqliteStore, open_secrets};

use super::{Core, RetentionEnds, StoppedPartitions, TaskLog, Turns};
use crate::schema::EventBus;

/// What commands and tasks share, on a folder of a test.
pub(crate) fn core_in(dir: &Path) -> Core {
    let store = Arc::new(SqliteStore::open(dir).unwrap());
    Core {
        dir: dir.to_owned(),
        task_log: TaskLog::start(Arc::clone(&store)).unwrap(),
        stopped: StoppedPartitions::new(Arc::clone(&store)),
        store,
        secrets: open_secrets(dir, SecretPreference::Session, false).unwrap(),
        bus: EventBus::default(),
        turns: Turns::default(),
        retention_ends: RetentionEnds::default(),
    }
}
