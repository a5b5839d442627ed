//! What the tests of several tables need.

use std::collections::BTreeMap;

use serde_json::json;

use crate::{DataSourceRow, SqliteStore, StateChange, TaskRow};

pub(crate) fn store() -> (tempfile::TempDir, SqliteStore) {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path()).unwrap();
    (dir, store)
}

pub(crate) fn source(id: &str, name: &str) -> DataSourceRow {
    DataSourceRow {
        id: id.to_owned(),
        name: name.to_owned(),
        settings: json!({"bootstrap": "a:1", "note": "ü"}),
        secrets: BTreeMap::from([("password".to_owned(), format!("{id}/password"))]),
        created_ms: 1,
        updated_ms: 1,
    }
}

pub(crate) fn task(id: &str, name: &str, source: &str, target: &str) -> TaskRow {
    TaskRow {
        id: id.to_owned(),
        name: name.to_owned(),
        source_id: source.to_owned(),
        target_id: target.to_owned(),
        settings: json!({"topics": ["t"]}),
        settings_version: 1,
        state: "draft".to_owned(),
        desired_running: false,
        reason: None,
        pre_check: None,
        muted_until_ms: None,
        created_ms: 1,
        started_ms: None,
        ended_ms: None,
        updated_ms: 1,
        since_ms: None,
        rest_lag: None,
    }
}

/// A store with the sources `ds-1` and `ds-2`.
pub(crate) fn with_sources() -> (tempfile::TempDir, SqliteStore) {
    let (dir, store) = store();
    store.insert_source(&source("ds-1", "a")).unwrap();
    store.insert_source(&source("ds-2", "b")).unwrap();
    (dir, store)
}

/// A draft's way into `to`.
pub(crate) fn from_draft(to: &str) -> StateChange<'_> {
    StateChange {
        from: &["draft"],
        to,
        desired_running: false,
        reason: None,
        pre_check: None,
        rest_lag: None,
        now_ms: 5,
    }
}
