//! A process that is killed keeps every checkpoint whose save returned.
#![expect(clippy::unwrap_used, reason = "a test may fail by it")]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use sluice_engine::{Checkpoint, CheckpointStore, Launch, OffsetRun, PartitionKey, PartitionState};
use sluice_model::TaskName;
use sluice_store::{SqliteStore, TaskLock};

/// Tells the test that it is the process to be killed, and where its state is.
const VICTIM: &str = "SLUICE_STORE_TEST_VICTIM";

fn state(position: i64) -> PartitionState {
    PartitionState {
        key: PartitionKey {
            topic: "a".into(),
            partition: 0,
        },
        target_topic: "a".into(),
        source_topic_id: None,
        target_topic_id: None,
        start: 0,
        target_start: 0,
        backlog_end: 0,
        position,
        leader_epoch: None,
        target_next: position,
        anchor: None,
        records: 0,
        bytes: 0,
    }
}

/// Saves checkpoints and says so, until it is killed.
fn save_for_ever(dir: &Path, task: &TaskName) {
    let store = SqliteStore::open(dir).unwrap();
    let _lock = TaskLock::acquire(dir, task).unwrap();
    if store.launch(task).unwrap().is_none() {
        let launch = Launch {
            task: task.clone(),
            launch_id: "id".into(),
            source_cluster: String::new(),
            target_cluster: String::new(),
            launched_at_ms: 0,
            delivery: String::new(),
        };
        store.begin(&launch, &[state(0)]).unwrap();
    }
    let mut position = store.partitions(task).unwrap()[0].position;
    loop {
        position += 1;
        let runs = vec![OffsetRun {
            key: state(0).key,
            source: position - 1,
            target: position - 1,
            length: 1,
        }];
        let checkpoint = Checkpoint {
            partitions: vec![state(position)],
            runs,
            ..Checkpoint::default()
        };
        store.save(task, &checkpoint).unwrap();
        println!("saved {position}");
        std::io::stdout().flush().unwrap();
    }
}

#[test]
fn every_checkpoint_that_was_saved_survives_kill() {
    let task = TaskName::new("victim").unwrap();
    if let Ok(dir) = std::env::var(VICTIM) {
        save_for_ever(Path::new(&dir), &task);
    }
    let dir = tempfile::tempdir().unwrap();
    let mut said = 0;
    for round in 1..=5_usize {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "every_checkpoint_that_was_saved_survives_kill",
                "--nocapture",
            ])
            .env(VICTIM, dir.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut heard = 0;
        while heard < 20 * round {
            let line = lines.next().unwrap().unwrap();
            if let Some(position) = line.split("saved ").nth(1) {
                said = position.parse::<i64>().unwrap();
                heard += 1;
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();

        let store = SqliteStore::open(dir.path()).unwrap();
        let position = store.partitions(&task).unwrap()[0].position;
        assert!(
            position >= said,
            "round {round}: {said} was saved, {position} is there"
        );
        let runs = store.runs(&task, &state(0).key).unwrap();
        assert_eq!(
            runs.len(),
            usize::try_from(position).unwrap(),
            "position and runs are of one moment"
        );
        assert!(
            !TaskLock::is_running(dir.path(), &task),
            "the lock went with the process"
        );
    }
}
