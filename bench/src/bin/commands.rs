//! `sluice-bench-commands`: how long the application's commands take that ask no cluster, on a store with 200 tasks, one
//! of them with 1 000 topics of 10 partitions.
//!
//! Each is measured as the window gives it (by name, the answer as JSON) and, where nothing is changed, as another program
//! does (through the control socket), with the bytes of its answer.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use interprocess::local_socket::prelude::*;
use interprocess::local_socket::{GenericFilePath, Stream};
use serde_json::{Value, json};
use sluice_app::{
    App, ControlServer, Opening, SettingSet, SourceAdd, TaskCheck, TaskCreate, TaskShow, TaskStart,
};
use sluice_fakekafka::{FakeCluster, FakeRecord};
use sluice_model::{Objects, SourceForm, SourceId, TaskName, TaskSettings, TaskState};
use sluice_store::{Owner, SecretPreference};

const TASKS: usize = 200;
/// Of them so many run, besides the large one.
const RUNNING: usize = 20;
const TOPICS: usize = 1_000;
const PARTITIONS: i32 = 10;
/// How often each command is given.
const TIMES: usize = 30;
/// What every command is to stay under.
const AIM: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_secs(180);

fn main() -> Result<()> {
    let source = FakeCluster::builder().cluster_id("source").start()?;
    let target = FakeCluster::builder().cluster_id("target").start()?;
    for number in 0..TOPICS {
        source.create_topic(&topic(number), PARTITIONS, &[])?;
        source.append(&topic(number), 0, vec![FakeRecord::new("k", "v")])?;
    }
    let dir = tempfile::tempdir()?;
    let app = Arc::new(App::open(Opening {
        dir: dir.path().to_owned(),
        program: "sluice-bench".to_owned(),
        secrets: SecretPreference::Session,
        runs_tasks: true,
        desktop: None,
        demo: None,
    })?);
    let server = ControlServer::start(Arc::clone(&app))?;
    app.call(SettingSet {
        key: "max_tasks".into(),
        value: (5 * TASKS).into(),
    })?;
    let sides = (add(&app, "from", &source)?, add(&app, "to", &target)?);
    let all = launch_all(&app, &sides)?;
    let running = RUNNING + 1;
    println!(
        "{TASKS} tasks, {running} of them run, one of them with 10 000 partitions; resident memory, both clusters included: {} MB\n",
        resident_mb()
    );
    println!("| command | by name: median / worst ms | through the socket: median / worst ms | answer KB |");
    println!("|---|---|---|---|");
    let endpoint = Owner::read(dir.path())?
        .and_then(|owner| owner.endpoint)
        .context("an endpoint")?;
    let mut slow = Vec::new();
    for (command, note, request) in looks(&all) {
        let mut bytes = 0;
        let here = timed(|_| {
            bytes = app.call_by_name(command, request.clone())?.get().len();
            Ok(())
        })?;
        let there = timed(|_| through(&endpoint, command, &request))?;
        report(&format!("{command}{note}"), here, Some(there), bytes, &mut slow);
    }
    changes(&app, &sides, &mut slow)?;
    println!("\nresident memory afterwards: {} MB", resident_mb());
    drop(server);
    ensure!(
        slow.is_empty(),
        "slower than {} ms: {}",
        AIM.as_millis(),
        slow.join(", ")
    );
    Ok(())
}

fn topic(number: usize) -> String {
    format!("bench.topic-{number:04}")
}

/// Makes every task; returns the id of the one with all topics.
fn launch_all(app: &App, sides: &(SourceId, SourceId)) -> Result<String> {
    let began = Instant::now();
    let all = launch(
        app,
        settings(
            sides,
            "all",
            Objects::Matching {
                include: "bench\\..*".into(),
                exclude: None,
            },
        )?,
    )?;
    eprintln!(
        "10 000 partitions are checked, made and copied after {:.1} s",
        began.elapsed().as_secs_f64()
    );
    for number in 0..TASKS - 1 {
        let mut one = settings(
            sides,
            &format!("task {number}"),
            Objects::Topics(vec![topic(number)]),
        )?;
        one.rename.prefix = format!("copy-{number}.");
        if number < RUNNING {
            launch(app, one)?;
        } else {
            app.call(TaskCreate { settings: one })?;
        }
    }
    Ok(all)
}

/// What is only looked at.
fn looks(all: &str) -> Vec<(&'static str, &'static str, Value)> {
    let (one, all) = (json!({ "task": "task 0" }), json!({ "task": all }));
    let metrics = json!({ "task": all["task"], "from_ms": 0 });
    let page = json!({ "text": "task 1", "order": "name", "limit": 10 });
    vec![
        ("task_list", "", json!({})),
        ("task_list", ", a page", page),
        ("task_show", "", one.clone()),
        ("task_show", ", 10 000 partitions", all.clone()),
        ("task_log", "", one.clone()),
        ("task_log", ", 10 000 partitions", all.clone()),
        ("task_changes", "", one),
        ("task_metrics", "", metrics),
        ("task_gaps", "", all.clone()),
        ("task_quarantine", "", all.clone()),
        ("task_export", "", all),
        ("source_list", "", json!({})),
        ("source_show", "", json!({ "source": "from" })),
        ("rule_list", "", json!({})),
        ("channel_list", "", json!({})),
        ("alert_history", "", json!({})),
        ("operation_list", "", json!({})),
        ("settings_show", "", json!({})),
        ("app_info", "", json!({})),
    ]
}

/// What changes something; each is done to tasks of its own.
fn changes(app: &App, sides: &(SourceId, SourceId), slow: &mut Vec<String>) -> Result<()> {
    type Step = (&'static str, fn(&str, Value) -> Value);
    let steps: [Step; 6] = [
        ("task_create", |_, settings| json!({ "settings": settings })),
        (
            "task_edit",
            |task, settings| json!({ "task": task, "settings": settings }),
        ),
        ("task_tune", |task, _| json!({ "task": task, "spec": "small" })),
        ("task_mute", |task, _| json!({ "task": task, "until_ms": 1 })),
        (
            "task_copy",
            |task, _| json!({ "task": task, "name": format!("copy of {task}") }),
        ),
        ("task_delete", |task, _| json!({ "task": task })),
    ];
    for (command, request) in steps {
        let requests: Vec<Value> = (0..TIMES)
            .map(|number| {
                let name = format!("later {number}");
                let settings = settings(sides, &name, Objects::Topics(vec![topic(number)]))?;
                Ok(request(&name, serde_json::to_value(settings)?))
            })
            .collect::<Result<_>>()?;
        let mut bytes = 0;
        let here = timed(|number| {
            let answer = app.call_by_name(command, requests[number].clone())?;
            bytes = answer.get().len();
            Ok(())
        })?;
        report(command, here, None, bytes, slow);
    }
    Ok(())
}

fn settings((from, to): &(SourceId, SourceId), name: &str, objects: Objects) -> Result<TaskSettings> {
    Ok(TaskSettings::new(
        TaskName::new(name)?,
        from.clone(),
        to.clone(),
        objects,
    ))
}

fn add(app: &App, name: &str, cluster: &FakeCluster) -> Result<SourceId> {
    let form = SourceForm {
        name: name.to_owned(),
        bootstrap: cluster.bootstrap(),
        ..SourceForm::default()
    };
    Ok(app
        .call(SourceAdd {
            form,
            secrets: BTreeMap::new(),
        })?
        .id)
}

/// Makes a task and starts it; it has caught up when this returns.
fn launch(app: &App, settings: TaskSettings) -> Result<String> {
    let task = app.call(TaskCreate { settings })?.id.to_string();
    let report = app.call(TaskCheck { task: task.clone() })?;
    ensure!(report.may_start, "{report:#?}");
    app.call(TaskStart {
        task: task.clone(),
        confirm: None,
    })?;
    let until = Instant::now() + PATIENCE;
    loop {
        let view = app.call(TaskShow {
            task: task.clone(),
            brief: None,
        })?;
        if view.snapshot.state == TaskState::Running && view.snapshot.lag_records == Some(0) {
            return Ok(task);
        }
        ensure!(
            Instant::now() < until,
            "{} {:?}",
            view.snapshot.state,
            view.snapshot.last_error
        );
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Median and worst of some times.
type Times = (Duration, Duration);

fn timed(mut work: impl FnMut(usize) -> Result<()>) -> Result<Times> {
    let mut times = Vec::with_capacity(TIMES);
    for number in 0..TIMES {
        let began = Instant::now();
        work(number)?;
        times.push(began.elapsed());
    }
    times.sort();
    Ok((times[TIMES / 2], times[TIMES - 1]))
}

fn through(endpoint: &str, command: &str, request: &Value) -> Result<()> {
    let stream = Stream::connect(endpoint.to_fs_name::<GenericFilePath>()?)?;
    let mut line = json!({ "command": command, "request": request }).to_string();
    line.push('\n');
    (&stream).write_all(line.as_bytes())?;
    let mut answer = String::new();
    BufReader::new(&stream).read_line(&mut answer)?;
    ensure!(answer.starts_with("{\"ok\""), "{answer}");
    Ok(())
}

fn report(command: &str, here: Times, there: Option<Times>, bytes: usize, slow: &mut Vec<String>) {
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let text = |(median, worst): Times| format!("{:.1} / {:.1}", ms(median), ms(worst));
    println!(
        "| {command} | {} | {} | {:.1} |",
        text(here),
        there.map_or_else(|| "–".to_owned(), text),
        bytes as f64 / 1e3
    );
    if [Some(here), there]
        .into_iter()
        .flatten()
        .any(|(median, _)| median > AIM)
    {
        slow.push(command.to_owned());
    }
}

/// Memory of this program, both clusters included; 0 where the system does not tell.
fn resident_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|text| text.trim().trim_end_matches(" kB").parse::<u64>().ok())
        .unwrap_or_default()
        / 1024
}
