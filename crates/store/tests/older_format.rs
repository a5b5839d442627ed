//! State of an older format is brought up to the present one with everything in it, and a copy of it is kept.
#![expect(clippy::unwrap_used, reason = "a test may fail by it")]

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use sluice_engine::{CheckpointStore, GapReason, PartitionKey};
use sluice_model::{OffsetRange, TaskName};
use sluice_store::{DATABASE_FILE, OperationFilter, SqliteStore, TaskFilter};

const FIRST: &str = include_str!("../migrations/0001_initial.sql");
const SECOND: &str = include_str!("../migrations/0002_application.sql");

const ROWS: &str = "
    INSERT INTO launches VALUES ('orders', 'launch-7', 'src', 'dst', 11, 'exactly-once');
    INSERT INTO partitions VALUES ('orders', 'o', 3, 'o.copy', 'id-a', NULL, 1, 2, 3, 4711, 5, 6, 4710, -2, 8, 9);
    INSERT INTO run_partitions VALUES (5, 'orders', 'o', 3);
    INSERT INTO offset_runs VALUES (5, 100, 200, 50);
    INSERT INTO gaps VALUES ('orders', 'o', 3, 40, 60, 'deleted', 12);
    INSERT INTO quarantined VALUES ('orders', 'o', 3, 77, 10, 'too large', 9, 13, NULL, x'ff', 1, x'', 14);
    INSERT INTO task_status VALUES ('orders', 99, 15, '{\"a\":1}');";

/// The copy of the older format, whose name begins so and ends with the number of the present one.
fn only_copy(dir: &Path, begin: &str) -> PathBuf {
    let copies: Vec<PathBuf> = std::fs::read_dir(dir.join("before-upgrade"))
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    assert_eq!(copies.len(), 1, "{copies:?}");
    let name = copies[0].file_name().unwrap().to_string_lossy().into_owned();
    assert!(name.starts_with(begin), "{name}");
    copies[0].clone()
}

#[test]
fn positions_of_the_first_format_are_kept_and_so_is_a_copy_of_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let old = Connection::open(dir.path().join(DATABASE_FILE)).unwrap();
    old.pragma_update(None, "journal_mode", "WAL").unwrap();
    old.execute_batch(FIRST).unwrap();
    old.execute_batch(ROWS).unwrap();
    old.pragma_update(None, "user_version", 1).unwrap();
    drop(old);

    let store = SqliteStore::open(dir.path()).unwrap();
    let task = TaskName::new("orders").unwrap();
    let key = PartitionKey {
        topic: "o".to_owned(),
        partition: 3,
    };
    assert_eq!(store.launch(&task).unwrap().unwrap().launch_id, "launch-7");
    let partition = &store.partitions(&task).unwrap()[0];
    assert_eq!(
        (
            partition.position,
            partition.target_next,
            partition.anchor.unwrap().hash
        ),
        (4711, 6, u64::MAX - 1)
    );
    let run = store.last_run(&task, &key).unwrap().unwrap();
    assert_eq!(
        (run.pair(0), run.last(), run.length),
        ((100, 200), (149, 249), 50),
        "a run of the first format has no holes"
    );
    let gap = &store.gaps(&task).unwrap()[0];
    assert_eq!(
        (gap.range, gap.reason),
        (OffsetRange { from: 40, to: 60 }, GapReason::Deleted)
    );
    assert_eq!(store.quarantined(&task, 9).unwrap()[0].offset, 77);
    assert_eq!(store.quarantined_offsets(&task, &key).unwrap(), [77]);
    assert_eq!(store.current_gaps(&task, &key).unwrap().len(), 1);
    assert_eq!(store.statuses().unwrap()[0].json, "{\"a\":1}");
    assert_eq!(store.tasks(&TaskFilter::default()).unwrap().1, 0);
    drop(store);

    let copy = Connection::open(only_copy(dir.path(), "sluice-format-1-before-")).unwrap();
    let kept: (i64, i64) = copy
        .query_row(
            "SELECT position, (SELECT count(*) FROM quarantined) FROM partitions",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    assert_eq!(kept, (4711, 1));
    assert!(
        copy.prepare("SELECT * FROM tasks").is_err(),
        "the copy has the first format"
    );
    let version: i64 = copy
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap();
    assert_eq!(version, 1, "an older program can open the copy");
    SqliteStore::open(dir.path()).unwrap();
    assert_eq!(
        std::fs::read_dir(dir.path().join("before-upgrade"))
            .unwrap()
            .count(),
        1,
        "the present format is not copied"
    );
}

#[test]
fn samples_and_operations_of_the_second_format_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let old = Connection::open(dir.path().join(DATABASE_FILE)).unwrap();
    for sql in [
        FIRST,
        SECOND,
        "INSERT INTO metric_samples VALUES ('rp-1', 10, 600, 1.5, 2, 3, 4, 5, 6, 7, 8, 9, 10);
         INSERT INTO operation_log (at_ms, actor, action, object_kind, object_id, object_name, outcome)
             VALUES (7, 'ada', 'task_start', 'task', 'rp-1', 'orders', 'ok');",
    ] {
        old.execute_batch(sql).unwrap();
    }
    old.pragma_update(None, "user_version", 2).unwrap();
    drop(old);

    let store = SqliteStore::open(dir.path()).unwrap();
    let samples = store.metrics("rp-1", 600, 610, 10, 700).unwrap().1;
    assert_eq!(
        (
            samples[0].read_records_rate,
            samples[0].lag_records,
            samples[0].lag_bytes,
            samples[0].p999_us
        ),
        (1.5, Some(6), None, Some(10))
    );
    let operations = store.operations(&OperationFilter::default()).unwrap();
    assert_eq!(
        (operations[0].at_ms, operations[0].action.as_str()),
        (7, "task_start")
    );
    only_copy(dir.path(), "sluice-format-2-before-");
}
