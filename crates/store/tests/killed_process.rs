//! A process that is killed keeps everything whose save returned.
#![expect(clippy::unwrap_used, reason = "a test may fail by it")]

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;
use sluice_engine::{Checkpoint, CheckpointStore, Launch, OffsetRun, PartitionKey, PartitionState};
use sluice_model::TaskName;
use sluice_store::{
    DataSourceRow, LogFilter, LogRow, MetricSample, OperationFilter, OperationRow, SqliteStore, StateChange,
    TaskLock, TaskRow,
};

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
        until: None,
        position,
        leader_epoch: None,
        target_next: position,
        anchor: None,
        records: 0,
        bytes: 0,
        incarnation: 0,
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
            lanes: BTreeSet::new(),
            identity: None,
        };
        store.begin(&launch, &[state(0)], &[]).unwrap();
    }
    let mut position = store.partitions(task).unwrap()[0].position;
    loop {
        position += 1;
        let runs = vec![OffsetRun::contiguous(state(0).key, position - 1, position - 1, 1)];
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

/// The words of a task's life in this test, one behind the other.
const STATES: [&str; 4] = ["draft", "starting", "running", "paused"];

fn source(id: &str) -> DataSourceRow {
    DataSourceRow {
        id: id.to_owned(),
        name: id.to_owned(),
        settings: json!({}),
        secrets: BTreeMap::new(),
        created_ms: 0,
        updated_ms: 0,
    }
}

fn task_row() -> TaskRow {
    TaskRow {
        id: "rp-1".to_owned(),
        name: "orders".to_owned(),
        source_id: "ds-1".to_owned(),
        target_id: "ds-2".to_owned(),
        settings: json!({}),
        settings_version: 1,
        state: STATES[0].to_owned(),
        desired_running: false,
        reason: None,
        pre_check: None,
        muted_until_ms: None,
        created_ms: 0,
        started_ms: None,
        ended_ms: None,
        updated_ms: 0,
        since_ms: None,
        rest_lag: None,
    }
}

/// How many times the task's state changed.
fn changes(store: &SqliteStore) -> i64 {
    store.task("rp-1").unwrap().unwrap().updated_ms
}

/// Changes a task's state, notes it in the logs, takes and rolls up samples, and says so, until it is killed.
fn work_for_ever(dir: &Path) {
    let store = SqliteStore::open(dir).unwrap();
    if store.task("rp-1").unwrap().is_none() {
        for id in ["ds-1", "ds-2"] {
            if store.source(id).unwrap().is_none() {
                store.insert_source(&source(id)).unwrap();
            }
        }
        store.insert_task(&task_row(), 10).unwrap();
    }
    let mut change = changes(&store);
    loop {
        let from = store.task("rp-1").unwrap().unwrap().state;
        change += 1;
        let to = STATES[usize::try_from(change).unwrap() % STATES.len()];
        // The state is changed last: a change that did not come so far is done once more by the next process.
        store
            .append_operation(&OperationRow {
                id: 0,
                at_ms: change,
                actor: "ada".to_owned(),
                action: "task_change".to_owned(),
                object_kind: "task".to_owned(),
                object_id: "rp-1".to_owned(),
                object_name: "orders".to_owned(),
                before: Some(json!(from)),
                after: Some(json!(to)),
                outcome: "ok".to_owned(),
                detail: None,
            })
            .unwrap();
        let sample = MetricSample {
            at_s: change * 10,
            read_records_rate: 6.0,
            delay_ms: Some(change),
            ..MetricSample::default()
        };
        store.record_metrics("rp-1", &sample).unwrap();
        store.roll_up_metrics(change * 10 + 10).unwrap();
        let pair = ["one", "two"].map(|message| LogRow {
            id: 0,
            task_id: "rp-1".to_owned(),
            at_ms: change,
            level: "info".to_owned(),
            message: message.to_owned(),
            topic: None,
            partition: None,
            offset: None,
            event: None,
        });
        store.append_task_log(&pair).unwrap();
        let step = StateChange {
            from: &[&from],
            to,
            desired_running: false,
            reason: None,
            pre_check: None,
            rest_lag: None,
            now_ms: change,
        };
        assert!(store.change_task_state("rp-1", &step).unwrap());
        println!("changed {change}");
        std::io::stdout().flush().unwrap();
    }
}

/// Starts this program again for the test `name` alone, listens until it has said `word` and a number `times` times, and
/// kills it. The last number.
fn kill_after(name: &str, dir: &Path, word: &str, times: usize) -> i64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(VICTIM, dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let last = lines
        .map_while(Result::ok)
        .filter_map(|line| Some(line.split(word).nth(1)?.trim().parse().unwrap()))
        .nth(times - 1);
    child.kill().unwrap();
    child.wait().unwrap();
    last.unwrap()
}

#[test]
fn every_checkpoint_that_was_saved_survives_kill() {
    let task = TaskName::new("victim").unwrap();
    if let Ok(dir) = std::env::var(VICTIM) {
        save_for_ever(Path::new(&dir), &task);
    }
    let dir = tempfile::tempdir().unwrap();
    for round in 1..=5_usize {
        let said = kill_after(
            "every_checkpoint_that_was_saved_survives_kill",
            dir.path(),
            "saved ",
            20 * round,
        );

        let store = SqliteStore::open(dir.path()).unwrap();
        let position = store.partitions(&task).unwrap()[0].position;
        assert!(
            position >= said,
            "round {round}: {said} was saved, {position} is there"
        );
        let runs = store.runs_from(&task, &state(0).key, 0, usize::MAX).unwrap();
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

#[test]
fn every_change_of_a_task_that_was_written_survives_kill_and_none_is_half_there() {
    if let Ok(dir) = std::env::var(VICTIM) {
        work_for_ever(Path::new(&dir));
    }
    let dir = tempfile::tempdir().unwrap();
    for round in 1..=5_usize {
        let said = kill_after(
            "every_change_of_a_task_that_was_written_survives_kill_and_none_is_half_there",
            dir.path(),
            "changed ",
            20 * round,
        );
        let store = SqliteStore::open(dir.path()).unwrap();
        let task = store.task("rp-1").unwrap().unwrap();
        let change = task.updated_ms;
        assert!(
            change >= said,
            "round {round}: {said} was written, {change} is there"
        );
        assert_eq!(
            task.state,
            STATES[usize::try_from(change).unwrap() % STATES.len()],
            "a state and its time are of one moment"
        );
        let noted = store.operations(&OperationFilter::default()).unwrap();
        assert!(noted[0].at_ms == change || noted[0].at_ms == change + 1);
        let times: std::collections::BTreeSet<i64> = noted.iter().map(|row| row.at_ms).collect();
        assert!(
            times.into_iter().eq(1..=noted[0].at_ms),
            "none is done without a note"
        );
        let log = store.task_log("rp-1", &LogFilter::default()).unwrap();
        assert_eq!(log.len() % 2, 0, "two lines that were added together");
        assert!(log[0].at_ms >= said && log[0].at_ms == log[1].at_ms);

        let now = change * 10 + 10;
        store.roll_up_metrics(now).unwrap();
        let (resolution, minutes) = store.metrics("rp-1", 0, now, 60, now).unwrap();
        if resolution == 60 {
            for (number, minute) in minutes.iter().enumerate() {
                assert_eq!(
                    minute.at_s,
                    60 * i64::try_from(number).unwrap(),
                    "no minute is missing"
                );
                assert_eq!(minute.read_records_rate, 6.0);
                assert_eq!(
                    minute.delay_ms,
                    Some(minute.at_s / 10 + 5),
                    "the greatest of its six"
                );
            }
            // One more where the sample of the next change ended a minute.
            assert!((now / 60..=now / 60 + 1).contains(&i64::try_from(minutes.len()).unwrap()));
        }
    }
}
