//! Topics that join and leave a task that runs on Connect.

use anyhow::{Result, ensure};
use sluice_app::{TaskForesee, TaskModify, TaskTerminate};
use sluice_model::{Objects, TaskSettings, TaskState};
use sluice_tests::{Filler, eventually, read_all, skipped};

use crate::scene::{Scene, ground};

#[test]
fn topics_are_added_and_taken_out_while_connect_copies_and_go_on_where_they_stood() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = ground()?;
    let scene = Scene::new(&ground.source, &ground.target, &[ground.worker.url()])?;
    let (filler, target) = (
        Filler::new(&ground.source.bootstrap())?,
        ground.target.bootstrap(),
    );
    for topic in ["joins-a", "joins-b"] {
        filler.create(topic, 1, &[])?;
        filler.numbered(topic, 1, 0, 30, 50)?;
    }
    let settings = scene.settings("joins", &["joins-a"])?;
    let task = scene.desk.launch(settings.clone())?;
    scene.desk.copies(&task, 30)?;
    let with = |topics: &[&str]| TaskSettings {
        objects: Objects::Topics(topics.iter().map(|&topic| topic.to_owned()).collect()),
        ..settings.clone()
    };
    let change = |topics: &[&str]| {
        scene.desk.app.call(TaskModify {
            task: task.clone(),
            settings: with(topics),
            version: None,
            copy_again: Default::default(),
        })
    };
    let foreseen = scene.desk.app.call(TaskForesee {
        task: task.clone(),
        settings: with(&["joins-a", "joins-b"]),
        copy_again: Default::default(),
    })?;
    ensure!(
        foreseen.topics.iter().any(|topic| topic.source == "joins-b"),
        "{foreseen:#?}"
    );
    change(&["joins-a", "joins-b"])?;
    scene.desk.copies(&task, 60)?;
    change(&["joins-a"])?;
    filler.numbered("joins-a", 1, 30, 20, 50)?;
    filler.numbered("joins-b", 1, 30, 20, 50)?;
    eventually("the one that stayed is copied on", || {
        Ok(read_all(&target, "joins-a", 0)?.len() == 50)
    })?;
    ensure!(read_all(&target, "joins-b", 0)?.len() == 30, "the other is not");
    change(&["joins-a", "joins-b"])?;
    eventually("it goes on where it stood", || {
        Ok(read_all(&target, "joins-b", 0)?.len() == 50)
    })?;
    scene.is_equal(&task, 100)?;
    scene.desk.app.call(TaskTerminate { task: task.clone() })?;
    scene.desk.reaches(&task, TaskState::Terminated)?;
    Ok(())
}

#[test]
fn a_topic_that_comes_later_and_matches_is_copied_without_a_pause() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = ground()?;
    let scene = Scene::new(&ground.source, &ground.target, &[ground.worker.url()])?;
    let (filler, target) = (
        Filler::new(&ground.source.bootstrap())?,
        ground.target.bootstrap(),
    );
    filler.create("later-a", 1, &[])?;
    filler.numbered("later-a", 1, 0, 30, 50)?;
    let mut settings = scene.settings("later", &[])?;
    settings.objects = Objects::Matching {
        include: "later-.*".to_owned(),
        exclude: None,
    };
    let task = scene.desk.launch(settings)?;
    scene.desk.copies(&task, 30)?;
    filler.create("later-b", 2, &[])?;
    filler.numbered("later-b", 2, 0, 40, 50)?;
    eventually("it is copied", || {
        let copied = read_all(&target, "later-b", 1).map(|records| records.len());
        Ok(copied.is_ok_and(|copied| copied == 40))
    })?;
    ensure!(scene.desk.show(&task)?.snapshot.state == TaskState::Running);
    let log = scene.log(&task)?;
    ensure!(
        log.iter()
            .any(|line| line.message == "new at the source, and copied as well: later-b"),
        "{log:#?}"
    );
    scene.desk.copies(&task, 110)?;
    scene.is_equal(&task, 110)?;
    scene.desk.app.call(TaskTerminate { task: task.clone() })?;
    scene.desk.reaches(&task, TaskState::Terminated)?;
    Ok(())
}
