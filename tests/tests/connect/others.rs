//! What other people do to a task's connectors.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use sluice_app::TaskResume;
use sluice_connect::{ConnectorKind, MARK};
use sluice_model::TaskState;
use sluice_tests::{Filler, eventually, skipped};

use crate::scene::{Scene, ground, somebody};

#[test]
fn a_connector_that_somebody_else_changes_stops_or_deletes_is_noticed_and_said() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = ground()?;
    let scene = Scene::new(&ground.source, &ground.target, &[ground.worker.url()])?;
    let desk = &scene.desk;
    let filler = Filler::new(&ground.source.bootstrap())?;
    filler.create("touched", 1, &[])?;
    filler.numbered("touched", 1, 0, 100, 50)?;
    let task = desk.launch(scene.settings("touched", &["touched"])?)?;
    desk.copies(&task, 100)?;
    let client = somebody(&ground.worker)?;
    let name = ConnectorKind::Source.name_of(&task);
    let says = |words: &str| {
        eventually(&format!("the task says: {words}"), || {
            let view = desk.show(&task)?;
            Ok(view.snapshot.state == TaskState::Abnormal
                && view
                    .snapshot
                    .last_error
                    .is_some_and(|error| error.contains(words)))
        })
    };
    let set_right = || -> Result<()> {
        desk.pauses(&task)?;
        desk.app.call(TaskResume { task: task.clone() })?;
        desk.reaches(&task, TaskState::Running)?;
        Ok(())
    };
    let mut changed = client.config(&name)?.context("a connector")?;
    changed.insert("tasks.max".to_owned(), "7".to_owned());
    client.reconfigure(&name, &changed)?;
    says("was changed by somebody else (tasks.max)")?;
    set_right()?;
    assert_eq!(client.config(&name)?.context("it")?["tasks.max"], "1");

    client.stop(&name)?;
    says("was stopped by somebody else")?;
    client.resume(&name)?;
    desk.reaches(&task, TaskState::Running)?;

    client.delete(&name)?;
    says("was deleted by somebody else")?;
    filler.numbered("touched", 1, 100, 50, 50)?;
    set_right()?;
    desk.copies(&task, 150)?;
    scene.is_equal(&task, 150)?;
    scene.remove(task)?;

    is_left_alone(&scene, &filler)
}

/// A connector of the task's name that somebody else made.
fn is_left_alone(scene: &Scene, filler: &Filler) -> Result<()> {
    let ground = ground()?;
    let client = somebody(&ground.worker)?;
    filler.create("foreign", 1, &[])?;
    let created = scene.desk.app.call(sluice_app::TaskCreate {
        settings: scene.settings("foreign", &["foreign"])?,
    })?;
    let task = created.id.to_string();
    let name = ConnectorKind::Source.name_of(&task);
    let config: BTreeMap<String, String> = [
        ("connector.class", ConnectorKind::Heartbeat.class()),
        ("source.cluster.alias", "a"),
        ("target.cluster.alias", "b"),
        (
            "source.cluster.bootstrap.servers",
            ground.source.bootstrap().as_str(),
        ),
        (
            "target.cluster.bootstrap.servers",
            ground.target.bootstrap().as_str(),
        ),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into();
    client.create(&name, &config, true)?;
    assert!(
        scene
            .desk
            .app
            .call(sluice_app::TaskCheck { task: task.clone() })?
            .may_start
    );
    scene.desk.app.call(sluice_app::TaskStart {
        task: task.clone(),
        confirm: None,
    })?;
    let view = scene.desk.reaches(&task, TaskState::Failed)?;
    let error = view.snapshot.last_error.unwrap_or_default();
    assert!(error.contains("that this task has not made"), "{error}");
    let there = client.config(&name)?.context("the other's connector")?;
    assert!(!there.contains_key(MARK) && there["source.cluster.alias"] == "a");
    client.delete(&name)?;
    Ok(())
}
