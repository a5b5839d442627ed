use std::collections::BTreeSet;

use sluice_engine::{GapReason, RunCut};
use sluice_model::OffsetRange;
use tempfile::TempDir;

use super::*;

fn store() -> (TempDir, SqliteStore) {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path()).unwrap();
    (dir, store)
}

fn name(text: &str) -> TaskName {
    TaskName::new(text).unwrap()
}

fn key(topic: &str, partition: i32) -> PartitionKey {
    PartitionKey {
        topic: topic.into(),
        partition,
    }
}

#[test]
fn a_task_copies_a_topic_no_more_when_it_was_terminated_or_the_topic_was_taken_from_it() {
    let (_dir, store) = crate::testing::with_sources();
    let mut row = crate::testing::task("rp-1", "orders", "ds-1", "ds-2");
    row.settings = serde_json::json!({"objects": {"topics": ["orders"]}});
    store.insert_task(&row, 1).unwrap();
    let ended = |topic| store.has_ended(&name("rp-1"), topic).unwrap();
    assert!(!ended("orders") && ended("payments"));
    store
        .change_task_state("rp-1", &crate::testing::from_draft("terminated"))
        .unwrap();
    assert!(ended("orders"));
    assert!(
        !store
            .has_ended(&name("a copy of the terminal"), "orders")
            .unwrap()
    );
}

fn a_launch(task: &str) -> Launch {
    Launch {
        task: name(task),
        launch_id: "id".into(),
        source_cluster: "s".into(),
        target_cluster: String::new(),
        launched_at_ms: 1,
        delivery: "exactly-once".into(),
        lanes: BTreeSet::new(),
        identity: None,
    }
}

fn a_state(topic: &str, partition: i32) -> PartitionState {
    PartitionState {
        key: key(topic, partition),
        target_topic: "t".into(),
        source_topic_id: Some("x".into()),
        target_topic_id: None,
        start: 1,
        target_start: 2,
        backlog_end: 3,
        until: None,
        position: 4,
        leader_epoch: Some(5),
        target_next: 6,
        anchor: Some(Anchor {
            offset: 7,
            hash: u64::MAX - 1,
        }),
        records: 8,
        bytes: 9,
        incarnation: 10,
    }
}

fn run(partition: i32, source: i64, target: i64, length: i64) -> OffsetRun {
    OffsetRun::contiguous(key("a", partition), source, target, length)
}

fn a_record(offset: i64) -> QuarantinedRecord {
    QuarantinedRecord {
        key: key("a", 0),
        offset,
        code: 10,
        reason: "too large".into(),
        size: 11,
        timestamp_ms: -1,
        record_key: Some(vec![]),
        value: None,
        value_complete: true,
        headers: vec![(b"h".to_vec(), None), (b"h".to_vec(), Some(vec![0]))],
        at_ms: 12,
        incarnation: 3,
    }
}

#[test]
fn everything_saved_is_read_back_by_the_next_process() {
    let (dir, store) = store();
    let gap = Gap {
        key: key("a", 0),
        range: OffsetRange { from: 3, to: 9 },
        reason: GapReason::Recreated,
        found_at_ms: 4,
        incarnation: 2,
    };
    let bare = PartitionState {
        leader_epoch: None,
        anchor: None,
        ..a_state("a", 10)
    };
    store
        .begin(&a_launch("n"), &[a_state("a", 2), bare.clone()], &[])
        .unwrap();
    let checkpoint = Checkpoint {
        cuts: Vec::new(),
        partitions: vec![],
        runs: vec![run(0, 5, 50, 1)],
        gaps: vec![gap.clone()],
        quarantined: vec![a_record(7)],
    };
    store.save(&name("n"), &checkpoint).unwrap();
    drop(store);

    let store = SqliteStore::open(dir.path()).unwrap();
    assert_eq!(store.launch(&name("n")).unwrap(), Some(a_launch("n")));
    assert_eq!(store.launches().unwrap(), [a_launch("n")]);
    assert_eq!(store.partitions(&name("n")).unwrap(), [a_state("a", 2), bare]);
    assert_eq!(
        store.runs_from(&name("n"), &key("a", 0), 0, usize::MAX).unwrap(),
        [run(0, 5, 50, 1)]
    );
    assert_eq!(store.gaps(&name("n")).unwrap(), [gap]);
    assert_eq!(store.quarantined(&name("n"), 10).unwrap(), [a_record(7)]);
    assert_eq!(store.quarantined_count(&name("n")).unwrap(), 1);
    assert_eq!(store.launch(&name("other")).unwrap(), None);
}

#[test]
fn a_run_that_grew_replaces_itself_and_the_last_one_is_found() {
    let (_dir, store) = store();
    let save = |runs| {
        store
            .save(
                &name("n"),
                &Checkpoint {
                    runs,
                    ..Checkpoint::default()
                },
            )
            .unwrap()
    };
    save(vec![run(0, 100, 0, 5), run(1, 7, 7, 7), run(0, 0, 9, 5)]);
    save(vec![run(0, 100, 0, 50)]);
    assert_eq!(
        store.runs_from(&name("n"), &key("a", 0), 0, usize::MAX).unwrap(),
        [run(0, 0, 9, 5), run(0, 100, 0, 50)]
    );
    assert_eq!(
        store.last_run(&name("n"), &key("a", 0)).unwrap(),
        Some(run(0, 100, 0, 50))
    );
    assert_eq!(store.last_run(&name("n"), &key("a", 9)).unwrap(), None);
    assert_eq!(
        store.runs_from(&name("m"), &key("a", 0), 0, usize::MAX).unwrap(),
        []
    );
}

#[test]
fn gaps_and_quarantined_records_saved_twice_stand_once() {
    let (_dir, store) = store();
    let gap = Gap {
        key: key("a", 0),
        range: OffsetRange { from: 0, to: 1 },
        reason: GapReason::Deleted,
        found_at_ms: 1,
        incarnation: 0,
    };
    let checkpoint = Checkpoint {
        gaps: vec![gap],
        quarantined: vec![a_record(1), a_record(2)],
        ..Checkpoint::default()
    };
    store.save(&name("n"), &checkpoint).unwrap();
    store.save(&name("n"), &checkpoint).unwrap();
    assert_eq!(store.gaps(&name("n")).unwrap().len(), 1);
    assert_eq!(store.quarantined_count(&name("n")).unwrap(), 2);
    assert_eq!(store.quarantined(&name("n"), 1).unwrap(), [a_record(1)]);
}

#[test]
fn a_launch_and_the_gaps_that_its_start_leaves_are_there_together_or_not_at_all() {
    let (_dir, store) = store();
    let gap = |from| Gap {
        key: key("a", 0),
        range: OffsetRange { from, to: 9 },
        reason: GapReason::StartOutsideLog,
        found_at_ms: 1,
        incarnation: 0,
    };
    store.begin(&a_launch("n"), &[], &[gap(0)]).unwrap();
    assert_eq!(store.gaps(&name("n")).unwrap(), [gap(0)]);
    store.begin(&a_launch("n"), &[], &[gap(1)]).unwrap_err();
    assert_eq!(
        store.gaps(&name("n")).unwrap(),
        [gap(0)],
        "a launch that is refused leaves none"
    );
}

#[test]
fn tasks_of_two_processes_keep_apart_in_one_directory() {
    let (dir, first) = store();
    let second = SqliteStore::open(dir.path()).unwrap();
    first.begin(&a_launch("one"), &[a_state("a", 0)], &[]).unwrap();
    second.begin(&a_launch("two"), &[a_state("a", 0)], &[]).unwrap();
    std::thread::scope(|scope| {
        for (store, task) in [(&first, "one"), (&second, "two")] {
            scope.spawn(move || {
                for position in 1..=200 {
                    let state = PartitionState {
                        position,
                        ..a_state("a", 0)
                    };
                    let runs = vec![run(0, position, position, 1)];
                    let checkpoint = Checkpoint {
                        partitions: vec![state],
                        runs,
                        ..Checkpoint::default()
                    };
                    store.save(&name(task), &checkpoint).unwrap();
                }
            });
        }
    });
    for (reader, task) in [(&second, "one"), (&first, "two")] {
        assert_eq!(reader.partitions(&name(task)).unwrap()[0].position, 200);
        assert_eq!(
            reader
                .runs_from(&name(task), &key("a", 0), 0, usize::MAX)
                .unwrap()
                .len(),
            200
        );
    }
    assert_eq!(first.launches().unwrap().len(), 2);
}

#[test]
fn a_second_first_launch_of_a_task_is_refused_and_changes_nothing() {
    let (dir, first) = store();
    let second = SqliteStore::open(dir.path()).unwrap();
    first.begin(&a_launch("n"), &[a_state("a", 0)], &[]).unwrap();
    let error = second
        .begin(&a_launch("n"), &[a_state("b", 0)], &[])
        .unwrap_err()
        .to_string();
    assert!(error.contains("another process"), "{error}");
    assert_eq!(first.partitions(&name("n")).unwrap(), [a_state("a", 0)]);
}

#[test]
fn a_cut_takes_out_what_lies_behind_it_and_nothing_of_other_partitions() {
    let (_dir, store) = store();
    let task = name("n");
    store.begin(&a_launch("n"), &[], &[]).unwrap();
    let runs = vec![
        run(0, 0, 0, 10),
        run(0, 20, 11, 10),
        run(0, 40, 30, 5),
        run(1, 0, 0, 99),
    ];
    store
        .save(
            &task,
            &Checkpoint {
                runs,
                ..Checkpoint::default()
            },
        )
        .unwrap();
    store
        .save(
            &task,
            &Checkpoint {
                cuts: vec![RunCut {
                    key: key("a", 0),
                    from: 25,
                    incarnation: 0,
                }],
                runs: vec![run(0, 25, 50, 3)],
                ..Checkpoint::default()
            },
        )
        .unwrap();
    assert_eq!(
        store.runs_from(&task, &key("a", 0), 0, usize::MAX).unwrap(),
        [run(0, 0, 0, 10), run(0, 20, 11, 5), run(0, 25, 50, 3)]
    );
    assert_eq!(
        store.runs_from(&task, &key("a", 1), 0, usize::MAX).unwrap(),
        [run(1, 0, 0, 99)]
    );
}
