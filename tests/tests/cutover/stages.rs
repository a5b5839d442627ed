//! Some applications move first; the task goes on with the topics of the others.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use sluice_testground::KafkaVersion;
use sluice_testground::tools::ConnectWorker;
use sluice_tests::{Filler, cluster, eventually, read_all, skipped};

use super::ground::{GROUP, PARTITIONS, Scene, TASK, TOPIC, read_and_commit};

const OTHER_TOPIC: &str = "payments";
const OTHER_GROUP: &str = "mail";

/// A transaction of an application that writes both topics, open until it is dropped.
fn tied(scene: &Scene) -> Result<BaseProducer> {
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", scene.old.bootstrap())
        .set("transactional.id", "an application that ties")
        .create()?;
    let patience = Duration::from_secs(30);
    producer.init_transactions(patience)?;
    producer.begin_transaction()?;
    for topic in [TOPIC, OTHER_TOPIC] {
        producer
            .send(BaseRecord::<[u8], [u8]>::to(topic).partition(0).payload(b"0/0/"))
            .map_err(|(error, _)| error)?;
    }
    producer.flush(patience)?;
    Ok(producer)
}

#[test]
fn some_groups_move_with_their_topics_and_the_task_goes_on_with_the_others() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    a_stage_moves(Scene::new()?)
}

#[test]
fn the_same_where_connect_copies() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let (old, new) = (cluster(KafkaVersion::V4_3_1)?, cluster(KafkaVersion::V4_3_1)?);
    let worker = ConnectWorker::on(new.bootstrap(), "stages")
        .exactly_once()
        .start()?;
    a_stage_moves(Scene::on_connect(old, new, worker)?)
}

fn a_stage_moves(mut scene: Scene) -> Result<()> {
    let filler = Filler::new(&scene.old.bootstrap())?;
    filler.create(OTHER_TOPIC, PARTITIONS, &[])?;
    filler.numbered(OTHER_TOPIC, PARTITIONS, 0, 10, 40)?;
    scene.ok(&["task", "modify", TASK, "--add", OTHER_TOPIC])?;
    scene.caught_up(TASK)?;
    scene.read_old(usize::MAX)?;
    read_and_commit(&scene.old.bootstrap(), OTHER_TOPIC, OTHER_GROUP, 4)?;

    // One transaction writes both topics: they move together or not at all.
    let tie = tied(&scene)?;
    let refused = scene.run(&["cutover", "plan", TASK, "--group", GROUP, "--silence", "1"])?;
    let sentence = String::from_utf8_lossy(&refused.stderr).into_owned();
    ensure!(
        refused.status.code() == Some(2) && sentence.contains(OTHER_TOPIC),
        "{sentence}"
    );
    tie.abort_transaction(Duration::from_secs(30))?;
    scene.caught_up(TASK)?;

    scene.ok(&["cutover", "plan", TASK, "--group", GROUP, "--silence", "1"])?;
    let planned = scene.cutover()?;
    ensure!(
        planned["is_stage"] == true && planned["topics"].as_array().is_some_and(|all| all.len() == 1),
        "{planned:#}"
    );
    while scene.step()? != "window" {
        scene.next(&[])?;
    }
    // The stage has left the task, which goes on with the other topic.
    scene.caught_up(TASK)?;
    let task = scene.json(&["task", "show", TASK])?;
    ensure!(
        task["settings"]["objects"]["topics"] == serde_json::json!([OTHER_TOPIC]),
        "{task:#}"
    );
    filler.numbered(OTHER_TOPIC, PARTITIONS, 10, 5, 40)?;
    let new = scene.new.bootstrap();
    eventually("the other topic is copied", || {
        Ok(read_all(&new, OTHER_TOPIC, 1)?.len() == 15)
    })?;
    // The stage is complete in itself: consumer, producers, the old side that follows, and the way back.
    scene.write_new(4)?;
    scene.read_new(2)?;
    let reverse = scene.cutover()?["reverse"]["id"]
        .as_str()
        .context("a task")?
        .to_owned();
    scene.run(&["cutover", "next", TASK])?;
    scene.caught_up(&reverse)?;
    scene.both_sides_hold_everything_once()?;
    scene.ok(&["cutover", "back", TASK, "--silence", "1"])?;
    while scene.step()? != "window" {
        let step = scene.step()?;
        let overrule: &[&str] = if step == "drain" { &["groups_drained"] } else { &[] };
        scene.next(overrule)?;
    }
    scene.write_old(1)?;
    scene.read_old(usize::MAX)?;
    scene.everything_was_read_once()?;
    scene.caught_up(TASK)
}
