//! The same where Connect copies to the new side.

use std::time::Duration;

use anyhow::{Result, ensure};
use sluice_connect::{ConnectClient, ConnectorKind};
use sluice_model::{ConnectAccess, ConnectLogin};
use sluice_testground::KafkaVersion;
use sluice_testground::tools::ConnectWorker;
use sluice_tests::{cluster, skipped};

use super::ground::{Scene, TASK};
use super::whole_way::go_there_and_back;

/// No connector is left that somebody could resume beside the copy in the other direction, which runs here.
fn the_connectors_are_gone(scene: &Scene) -> Result<()> {
    let client = ConnectClient::new(&ConnectAccess {
        urls: vec![scene.worker()?.url()],
        login: ConnectLogin::None,
        user: String::new(),
        password: None,
        ca_file: None,
    })?;
    let task = scene.json(&["task", "show", TASK])?["id"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    for kind in ConnectorKind::ALL {
        ensure!(
            client.config(&kind.name_of(&task))?.is_none(),
            "{kind:?} is still there"
        );
    }
    let reverse = scene.cutover()?["reverse"]["id"].clone();
    let shown = scene.json(&["task", "show", reverse.as_str().unwrap_or_default()])?;
    ensure!(shown["settings"]["run_on"].is_null(), "{shown:#}");
    Ok(())
}

fn there_and_back(version: KafkaVersion, exactly_once: bool, kills: Option<Duration>) -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let (old, new) = (cluster(KafkaVersion::V4_3_1)?, cluster(KafkaVersion::V4_3_1)?);
    let worker = ConnectWorker::on(new.bootstrap(), "cutover").version(version);
    let worker = if exactly_once {
        worker.exactly_once()
    } else {
        worker.property("offset.flush.interval.ms", "1000")
    };
    let worker = worker.start()?;
    go_there_and_back(
        Scene::on_connect(old, new, worker)?,
        kills,
        the_connectors_are_gone,
    )
}

#[test]
fn a_consumer_goes_on_exactly_where_it_stood_there_and_back_when_connect_copies_there() -> Result<()> {
    there_and_back(KafkaVersion::V4_3_1, true, None)
}

#[test]
fn the_same_on_connect_with_the_program_killed_in_the_middle_of_each_step() -> Result<()> {
    there_and_back(KafkaVersion::V4_3_1, true, Some(Duration::from_millis(700)))
}

#[test]
fn the_same_on_workers_of_3_9_that_copy_at_least_once() -> Result<()> {
    there_and_back(KafkaVersion::V3_9_1, false, None)
}
