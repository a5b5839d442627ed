//! A copy on Connect to whose source records come without a pause: it is never asked twice at one position.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Result, ensure};
use sluice_app::TaskGroupsSync;
use sluice_engine::{Translated, VerificationResult};
use sluice_model::TaskState;
use sluice_tests::{Filler, commit_group, eventually, skipped};

use crate::scene::{Scene, ground};

const PARTITIONS: i32 = 2;
/// Records that are written to each partition before they are waited for.
const AT_ONCE: usize = 20;

/// What is asked of a task while it goes on.
fn questions(scene: &Scene, task: &str, source: &str) -> Result<()> {
    let mut verified = 0;
    for round in 0..3 {
        let report = scene.verify(task)?;
        ensure!(
            report.result == VerificationResult::Equal && report.source_records > verified,
            "round {round}, behind {verified}: {report:#?}"
        );
        verified = report.source_records;
    }
    let place = i64::try_from(verified)? / i64::from(PARTITIONS) - 10;
    commit_group(source, "going", &[("going", 0, place), ("going", 1, place)], "")?;
    eventually("the group has the same place on the target", || {
        let report = scene.desk.app.call(TaskGroupsSync {
            task: task.to_owned(),
            groups: vec!["going".to_owned()],
            all: false,
            rewind: false,
            exact_only: false,
            dry_run: false,
        })?;
        let positions: Vec<_> = report.groups.iter().flat_map(|group| &group.partitions).collect();
        Ok(positions.len() == 2
            && positions.iter().all(|position| {
                position.result == Translated::Exact && position.proved == Some(true) && position.committed
            }))
    })
}

#[test]
fn records_that_come_without_a_pause_are_verified_and_groups_move_beside_them() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = ground()?;
    let scene = Scene::new(&ground.source, &ground.target, &[ground.worker.url()])?;
    let source = ground.source.bootstrap();
    let filler = Filler::new(&source)?;
    filler.create("going", PARTITIONS, &[])?;
    filler.numbered("going", PARTITIONS, 0, 500, 100)?;
    let task = scene.desk.launch(scene.settings("going", &["going"])?)?;
    scene.desk.reaches(&task, TaskState::Running)?;
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| -> Result<()> {
        let load = scope.spawn(|| -> Result<usize> {
            let mut number = 500;
            while !over.load(Ordering::Relaxed) {
                filler.numbered("going", PARTITIONS, number, AT_ONCE, 100)?;
                number += AT_ONCE;
            }
            Ok(number)
        });
        let begun = eventually("it has begun", || {
            Ok(scene.desk.show(&task)?.snapshot.written_records >= 1_000)
        });
        let answers = begun.and_then(|()| questions(&scene, &task, &source));
        over.store(true, Ordering::Relaxed);
        let written = load.join().map_err(|_| anyhow::anyhow!("the load panicked"))??;
        answers?;
        let all = written as u64 * PARTITIONS as u64;
        scene.desk.copies(&task, all)?;
        scene.is_equal(&task, all)
    })?;
    scene.remove(task)
}
