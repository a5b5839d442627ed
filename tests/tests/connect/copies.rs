//! Copies that Connect makes.

use anyhow::{Context, Result};
use sluice_app::{TaskDelete, TaskGaps, TaskResume, TaskTerminate};
use sluice_connect::ConnectorKind;
use sluice_model::{Start, TaskState};
use sluice_testground::KafkaVersion;
use sluice_testground::tools::ConnectWorker;
use sluice_tests::{Filler, eventually, odd_records, read_all, skipped};

use crate::scene::{Scene, ground, somebody, worker};

#[test]
fn a_worker_that_is_killed_under_load_neither_loses_nor_repeats_a_record() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = ground()?;
    let mut second = worker(&ground.target).start()?;
    // The one that will be killed is asked first.
    let scene = Scene::new(
        &ground.source,
        &ground.target,
        &[second.url(), ground.worker.url()],
    )?;
    let filler = Filler::new(&ground.source.bootstrap())?;
    // One of the odd records has a time far ahead.
    filler.create(
        "load",
        4,
        &[("message.timestamp.after.max.ms", "9223372036854775807")],
    )?;
    let odd = odd_records();
    filler.produce("load", 0, &odd)?;
    filler.numbered("load", 4, 0, 5_000, 400)?;
    let task = scene.desk.launch(scene.settings("load", &["load"])?)?;
    scene.desk.reaches(&task, TaskState::Running)?;
    let killed = std::thread::scope(|scope| -> Result<()> {
        let load = scope
            .spawn(|| (1..=4).try_for_each(|round| filler.numbered("load", 4, round * 5_000, 5_000, 400)));
        eventually("some records are copied", || {
            Ok(scene.desk.show(&task)?.snapshot.written_records > 2_000)
        })?;
        second.kill()?;
        load.join().map_err(|_| anyhow::anyhow!("the load panicked"))?
    });
    killed?;
    let records = 4 * 25_000 + odd.len() as u64;
    scene.desk.copies(&task, records)?;
    scene.is_equal(&task, records)?;
    let there = read_all(&ground.target.bootstrap(), "load", 0)?;
    let here = read_all(&ground.source.bootstrap(), "load", 0)?;
    assert!(
        here.iter()
            .map(|record| record.content())
            .eq(there.iter().map(|record| record.content())),
        "by a reader that is not ours: headers, nulls and times are those of the source"
    );

    // A restart of this program leaves Connect at work, and finds it again.
    let Scene { desk, dir, .. } = scene;
    desk.app.close();
    filler.numbered("load", 4, 25_000, 100, 400)?;
    let client = somebody(&ground.worker)?;
    let name = ConnectorKind::Source.name_of(&task);
    let alias = format!("sluice-{task}");
    eventually("Connect copies while nobody watches", || {
        let positions = client.offsets(&name, &alias)?;
        Ok(positions.iter().map(|at| at.position).sum::<i64>() == i64::try_from(records + 400)?)
    })?;
    let desk = sluice_tests::Desk::open(dir.path())?;
    desk.copies(&task, records + 400)?;

    desk.app.call(TaskTerminate { task: task.clone() })?;
    desk.reaches(&task, TaskState::Terminated)?;
    assert!(client.status(&name)?.is_some_and(|status| status.is_stopped()));
    desk.app.call(TaskDelete {
        task: task.clone(),
        connectors: true,
        ..TaskDelete::default()
    })?;
    for kind in ConnectorKind::ALL {
        assert_eq!(
            client.config(&kind.name_of(&task))?,
            None,
            "nothing is left on Connect"
        );
    }
    Ok(())
}

#[test]
fn a_copy_begins_where_the_task_says_and_what_the_source_deletes_meanwhile_is_listed() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = ground()?;
    let scene = Scene::new(&ground.source, &ground.target, &[ground.worker.url()])?;
    let filler = Filler::new(&ground.source.bootstrap())?;
    filler.create("from-here", 1, &[])?;
    filler.numbered("from-here", 1, 0, 100, 50)?;
    // A marker at the end of the log is no record that is waited for.
    let transactional = filler.transactional("connect-test")?;
    transactional.write("from-here", 0, &odd_records()[..1], true)?;
    let mut settings = scene.settings("from", &["from-here"])?;
    settings.start = Start::Offset(40);
    let task = scene.desk.launch(settings)?;
    eventually("the rest is copied, and the marker is passed over", || {
        let now = scene.desk.show(&task)?.snapshot;
        Ok(now.state == TaskState::Running && now.lag_records == Some(0))
    })?;
    assert_eq!(read_all(&ground.target.bootstrap(), "from-here", 0)?.len(), 61);
    scene.is_equal(&task, 61)?;

    scene.desk.pauses(&task)?;
    filler.numbered("from-here", 1, 100, 50, 50)?;
    filler.delete_records("from-here", 0, 130)?;
    scene.desk.app.call(TaskResume { task: task.clone() })?;
    eventually("the gap is listed, and the rest is copied", || {
        let gaps = scene.desk.app.call(TaskGaps { task: task.clone() })?;
        let copied = read_all(&ground.target.bootstrap(), "from-here", 0)?.len();
        Ok(gaps.len() == 1 && copied == 61 + 22)
    })?;
    let gaps = scene.desk.app.call(TaskGaps { task: task.clone() })?;
    // 100 numbered, one in a transaction, its marker, which is nothing to copy; then 50 more from 102 on.
    assert_eq!((gaps[0].from, gaps[0].to), (102, 130));
    let log = scene.log(&task)?;
    assert!(
        log.iter().any(|line| line.message.starts_with("gap: ")),
        "{log:#?}"
    );
    scene.remove(task)
}

#[test]
fn workers_of_3_9_copy_at_least_once_to_their_end_and_say_so() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = ground()?;
    let worker = ConnectWorker::on(ground.target.bootstrap(), "old")
        .version(KafkaVersion::V3_9_1)
        // Positions are written at intervals there.
        .property("offset.flush.interval.ms", "1000")
        .start()?;
    let scene = Scene::new(&ground.source, &ground.target, &[worker.url()])?;
    let filler = Filler::new(&ground.source.bootstrap())?;
    filler.create("bounded", 2, &[])?;
    filler.numbered("bounded", 2, 0, 300, 50)?;
    let mut settings = scene.settings("bounded", &["bounded"])?;
    settings.bounded = true;
    settings.rename.prefix = "eu.".to_owned();
    let created = scene.desk.app.call(sluice_app::TaskCreate { settings })?;
    let task = created.id.to_string();
    let report = scene
        .desk
        .app
        .call(sluice_app::TaskCheck { task: task.clone() })?;
    let item = report
        .items
        .iter()
        .find(|item| item.id == "connect_delivery")
        .context("what is said of the delivery")?;
    assert!(
        item.cause.contains("exactly.once.source.support is off"),
        "{item:?}"
    );
    assert!(report.may_start, "{report:#?}");
    scene.desk.app.call(sluice_app::TaskStart {
        task: task.clone(),
        confirm: None,
    })?;
    scene.desk.reaches(&task, TaskState::Completed)?;
    assert_eq!(read_all(&ground.target.bootstrap(), "eu.bounded", 1)?.len(), 300);
    scene.is_equal(&task, 600)?;
    let client = somebody(&worker)?;
    let name = ConnectorKind::Source.name_of(&task);
    assert!(client.status(&name)?.is_some_and(|status| status.is_stopped()));
    Ok(())
}
