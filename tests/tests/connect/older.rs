//! Workers that cannot do all that newer ones can.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Context, Result};
use sluice_app::{ErrorCode, SourceTest, TaskCheck, TaskCreate, TaskDelete, TaskMove, TaskResume};
use sluice_connect::{Connector, ConnectorKind};
use sluice_engine::ItemResult;
use sluice_kafka::ProbeResult;
use sluice_model::{Start, TaskName, TaskState};
use sluice_testground::KafkaVersion;
use sluice_testground::tools::ConnectWorker;
use sluice_tests::{Desk, Filler, eventually, read_all, skipped};

use crate::scene::{Scene, add_connect, ground, somebody};

#[test]
fn workers_of_3_6_copy_from_given_positions_alone_and_also_where_the_program_died_before_they_had_them()
-> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = ground()?;
    let worker = ConnectWorker::on(ground.target.bootstrap(), "positions")
        .version(KafkaVersion::V3_6_2)
        .exactly_once()
        .start()?;
    let scene = Scene::new(&ground.source, &ground.target, &[worker.url()])?;
    let (desk, client) = (&scene.desk, somebody(&worker)?);
    let filler = Filler::new(&ground.source.bootstrap())?;
    filler.create("late", 2, &[])?;
    filler.numbered("late", 2, 0, 300, 50)?;
    let mut settings = scene.settings("late", &["late"])?;
    settings.start = Start::Latest;
    let task = desk.launch(settings)?;
    desk.reaches(&task, TaskState::Running)?;
    filler.numbered("late", 2, 300, 100, 50)?;
    desk.copies(&task, 200)?;
    let first = read_all(&ground.target.bootstrap(), "late", 0)?;
    assert!(
        first.len() == 100 && first.iter().all(|record| record.offset < 100),
        "nothing was copied before the positions were there"
    );

    let rest = || desk.pauses(&task);
    let moved = |run_on: Option<&str>| {
        desk.app.call(TaskMove {
            task: task.clone(),
            run_on: run_on.map(str::to_owned),
        })
    };
    rest()?;
    moved(None)?;
    filler.numbered("late", 2, 400, 100, 50)?;
    moved(Some("there"))?;
    // As a program leaves it that dies before the positions are set: without topics, at work, and without offsets.
    let name = ConnectorKind::Source.name_of(&task);
    let idle = Connector {
        kind: ConnectorKind::Source,
        name: name.clone(),
        config: client.config(&name)?.context("the connector is there")?,
        secrets: Vec::new(),
    }
    .idle();
    client.forget_offsets(&name)?;
    client.delete(&name)?;
    eventually("it is gone", || Ok(client.config(&name)?.is_none()))?;
    client.create(&name, &idle, false)?;
    desk.app.call(TaskResume { task: task.clone() })?;
    desk.copies(&task, 400)?;
    rest()?;
    scene.is_equal(&task, 400)
}

#[test]
fn workers_of_3_5_begin_with_the_earliest_record_and_a_task_moves_away_from_them_alone() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = ground()?;
    let worker = ConnectWorker::on(ground.target.bootstrap(), "earliest")
        .version(KafkaVersion::V3_5_1)
        .exactly_once()
        .start()?;
    let scene = Scene::new(&ground.source, &ground.target, &[worker.url()])?;
    let (desk, client) = (&scene.desk, somebody(&worker)?);
    let filler = Filler::new(&ground.source.bootstrap())?;
    filler.create("early", 2, &[])?;
    filler.numbered("early", 2, 0, 300, 50)?;
    let settings = scene.settings("early", &["early"])?;
    let mut late = settings.clone();
    (late.name, late.start) = (TaskName::new("late-start")?, Start::Latest);
    let created = desk.app.call(TaskCreate { settings: late })?.id.to_string();
    let report = desk.app.call(TaskCheck { task: created })?;
    let positions = report.items.iter().find(|item| item.id == "connect_positions");
    assert_eq!(
        positions.map(|item| item.result),
        Some(ItemResult::Failed),
        "{report:#?}"
    );

    let task = desk.launch(settings)?;
    desk.copies(&task, 600)?;
    let rest = || desk.pauses(&task);
    rest()?;
    filler.numbered("early", 2, 300, 100, 50)?;
    desk.app.call(TaskResume { task: task.clone() })?;
    desk.copies(&task, 800)?;
    rest()?;
    desk.app.call(TaskMove {
        task: task.clone(),
        run_on: None,
    })?;
    let back = desk.app.call(TaskMove {
        task: task.clone(),
        run_on: Some("there".to_owned()),
    });
    assert_eq!(
        back.map_err(|error| error.code).err(),
        Some(ErrorCode::Refused),
        "it would begin again"
    );
    filler.numbered("early", 2, 400, 100, 50)?;
    desk.app.call(TaskResume { task: task.clone() })?;
    desk.copies(&task, 1_000)?;
    scene.is_equal(&task, 1_000)?;

    filler.create("early-too", 1, &[])?;
    let second = desk.launch(scene.settings("early too", &["early-too"])?)?;
    desk.reaches(&second, TaskState::Running)?;
    desk.pauses(&second)?;
    desk.app.call(TaskDelete {
        task: second.clone(),
        connectors: true,
        ..TaskDelete::default()
    })?;
    assert_eq!(client.config(&ConnectorKind::Source.name_of(&second))?, None);
    Ok(())
}

#[test]
fn workers_that_do_not_tell_where_a_connector_stands_are_refused() -> Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let url = format!("http://{}", listener.local_addr()?);
    // It ends with the program.
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that leaves early has its own complaint.
            if let Err(error) = answer(stream) {
                eprintln!("a question was broken off: {error}");
            }
        }
    });
    let dir = tempfile::tempdir()?;
    let desk = Desk::open(dir.path())?;
    let on = add_connect(&desk, "old", &url, None)?;
    let report = desk.app.call(SourceTest {
        source: Some(on.to_string()),
        ..SourceTest::default()
    })?;
    let results: Vec<ProbeResult> = report.steps.iter().map(|step| step.result).collect();
    assert_eq!(results[0], ProbeResult::Failed, "{report:#?}");
    assert!(
        report.steps[0].message.contains("Use workers of 3.5 or later"),
        "{report:#?}"
    );
    assert_eq!(results[1..], [ProbeResult::Skipped; 4], "{report:#?}");
    Ok(())
}

/// Answers one question as a worker of 3.4 does that is asked who it is.
fn answer(mut stream: std::net::TcpStream) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    let body = r#"{"version":"3.4.1","commit":"8a516edc2755df89","kafka_cluster_id":"another"}"#;
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}
