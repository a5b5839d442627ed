use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use crossbeam_channel::Receiver;
use sluice_app::{
    AppEvent, ErrorCode, FarApp, SourceAdd, SourceList, SourceRemove, Standing, TaskList, TaskShow, TaskStart,
};
use sluice_model::{SourceForm, TaskState};
use sluice_tests::{append_numbered, eventually, has_exactly_numbered};

use crate::scene::Scene;

/// Longer than anything takes: a connection that fell silent is given up after 20 s.
const PATIENCE: Duration = Duration::from_secs(120);

/// Waits for an event.
fn hear(events: &Receiver<AppEvent>, what: &str, is_it: impl Fn(&AppEvent) -> bool) -> Result<()> {
    let until = Instant::now() + PATIENCE;
    while let Ok(event) = events.recv_deadline(until) {
        if is_it(&event) {
            return Ok(());
        }
    }
    bail!("not within {} s: {what}", PATIENCE.as_secs());
}

fn add(app: &FarApp, name: &str) -> Result<()> {
    let form = SourceForm {
        name: name.to_owned(),
        bootstrap: "127.0.0.1:1".to_owned(),
        ..SourceForm::default()
    };
    app.call(SourceAdd {
        form,
        secrets: BTreeMap::new(),
    })?;
    Ok(())
}

#[test]
fn a_connection_that_is_cut_under_load_comes_back_and_nothing_is_missed() -> Result<()> {
    let Some(mut scene) = Scene::start()? else {
        return Ok(());
    };
    append_numbered(&scene.source, 0, 100)?;
    scene.start_daemon()?;
    scene.prepare()?;
    let app = scene.far(PATIENCE)?;
    let events = app.subscribe();
    app.call(TaskStart {
        task: "o".into(),
        confirm: None,
    })?;
    hear(&events, "the task runs", |event| {
        matches!(
            event,
            AppEvent::TaskState {
                state: TaskState::Running,
                ..
            }
        )
    })?;
    let (is_over, answers) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| -> Result<()> {
        // Four readers, which never see an error, while the connection is cut again and again.
        let readers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| -> Result<()> {
                    while !is_over.load(Ordering::Relaxed) {
                        app.call(TaskList::default())?;
                        answers.fetch_add(1, Ordering::Relaxed);
                    }
                    Ok(())
                })
            })
            .collect();
        let cut = (|| {
            for round in 1..=4 {
                append_numbered(&scene.source, round * 100, 100)?;
                let (clients, before) = (scene.server.clients()?.len(), answers.load(Ordering::Relaxed));
                eventually("all readers are at work", || {
                    Ok(answers.load(Ordering::Relaxed) > before + 20)
                })?;
                scene.server.signal_client("KILL")?;
                hear(&events, "what was missed is to be asked for", |event| {
                    *event == AppEvent::Resync
                })?;
                eventually("there is a new connection", || {
                    Ok(scene.server.clients()?.len() > clients)
                })?;
                let shown = app.call(TaskShow {
                    task: "o".into(),
                    brief: None,
                })?;
                ensure!(
                    shown.snapshot.state == TaskState::Running,
                    "{:?}",
                    shown.snapshot.state
                );
            }
            Ok(())
        })();
        is_over.store(true, Ordering::Relaxed);
        for reader in readers {
            match reader.join() {
                Ok(read) => read?,
                Err(_) => bail!("a reader panicked"),
            }
        }
        cut
    })?;
    // Events flow on the last connection as on the first.
    hear(
        &events,
        "the task goes on",
        |event| matches!(event, AppEvent::TaskProgress { snapshot } if snapshot.written_records == 500),
    )?;
    has_exactly_numbered(&scene.target, 500)
}

#[test]
fn a_connection_that_sleeps_is_given_up_and_made_again() -> Result<()> {
    let Some(mut scene) = Scene::start()? else {
        return Ok(());
    };
    scene.start_daemon()?;
    let app = scene.far(PATIENCE)?;
    let events = app.subscribe();
    hear(&events, "events have begun", |event| *event == AppEvent::Resync)?;
    scene.server.signal_client("STOP")?;
    // Asked while nothing comes through; answered by the next connection.
    app.call(SourceList {})?;
    hear(&events, "what was missed is to be asked for", |event| {
        *event == AppEvent::Resync
    })?;
    ensure!(scene.server.clients()?.len() >= 2);
    add(&app, "after")?;
    hear(&events, "events come again", |event| {
        *event == AppEvent::SourcesChanged
    })
}

#[test]
fn a_change_whose_answer_was_lost_is_not_repeated_and_says_so() -> Result<()> {
    let Some(mut scene) = Scene::start()? else {
        return Ok(());
    };
    scene.start_daemon()?;
    let app = scene.far(PATIENCE)?;
    scene.server.signal_client("STOP")?;
    let error = app
        .call(SourceRemove { source: "x".into() })
        .expect_err("no answer came");
    ensure!(
        error.code == ErrorCode::PlaceUnreachable
            && error.message.contains("look there whether it was carried out"),
        "{error:?}"
    );
    // The next one waits for the next connection.
    add(&app, "x")?;
    Ok(())
}

#[test]
fn two_clients_of_one_daemon_hear_of_each_other() -> Result<()> {
    let Some(mut scene) = Scene::start()? else {
        return Ok(());
    };
    scene.start_daemon()?;
    let (one, other) = (scene.far(PATIENCE)?, scene.far(PATIENCE)?);
    let (of_one, of_other) = (one.subscribe(), other.subscribe());
    for events in [&of_one, &of_other] {
        hear(events, "events have begun", |event| *event == AppEvent::Resync)?;
    }
    add(&one, "by one")?;
    hear(&of_other, "the other hears of it", |event| {
        *event == AppEvent::SourcesChanged
    })?;
    add(&other, "by the other")?;
    hear(&of_one, "the one hears of it", |event| {
        *event == AppEvent::SourcesChanged
    })?;
    std::thread::scope(|scope| {
        let adding: Vec<_> = [("a", &one), ("b", &other)]
            .into_iter()
            .map(|(name, app)| scope.spawn(move || (0..20).try_for_each(|n| add(app, &format!("{name}{n}")))))
            .collect();
        for added in adding {
            match added.join() {
                Ok(added) => added?,
                Err(_) => bail!("a client panicked"),
            }
        }
        Ok(())
    })?;
    ensure!(one.call(SourceList {})?.len() == 42);
    // The connection of one is none of the other's.
    drop(one);
    add(&other, "alone")?;
    Ok(())
}

#[test]
fn a_daemon_that_ends_and_begins_is_seen_on_the_same_connection() -> Result<()> {
    let Some(mut scene) = Scene::start()? else {
        return Ok(());
    };
    scene.start_daemon()?;
    let app = scene.far(PATIENCE)?;
    let runs = || matches!(app.standing(), Standing::Connected(info) if info.runs_tasks);
    let events = app.subscribe();
    ensure!(runs());
    scene.kill_daemon()?;
    eventually("it is seen that nothing runs tasks", || Ok(!runs()))?;
    // Commands go on, and their events come.
    add(&app, "meanwhile")?;
    hear(&events, "the change is heard of", |event| {
        *event == AppEvent::SourcesChanged
    })?;
    scene.start_daemon()?;
    eventually("it is seen that tasks run again", || Ok(runs()))?;
    ensure!(app.call(SourceList {})?.len() == 1);
    ensure!(scene.server.clients()?.len() == 1, "one connection");
    Ok(())
}
