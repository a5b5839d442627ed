//! Producers are stopped by rules of access, which are removed on the way back.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use sluice_testground::tools::acls;
use sluice_testground::{Cluster, KafkaVersion};
use sluice_tests::{cluster, eventually, skipped};

use super::ground::{Scene, TASK, TOPIC};

const WRITER: &str = "alice";

fn may_write(cluster: &Cluster) -> Result<()> {
    let user = format!("User:{WRITER}");
    acls(
        cluster,
        [
            "--add",
            "--allow-principal",
            &user,
            "--operation",
            "Write",
            "--operation",
            "Describe",
            "--topic",
            TOPIC,
        ],
    )?;
    Ok(())
}

/// Whether a record of the application's own user arrives.
fn arrives(scene: &Scene) -> Result<bool> {
    let count = || -> Result<usize> { Ok(sluice_tests::read_all(&scene.old.bootstrap(), TOPIC, 0)?.len()) };
    let before = count()?;
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", scene.old.secured_bootstrap()?)
        .set("security.protocol", "sasl_ssl")
        .set("sasl.mechanism", "SCRAM-SHA-512")
        .set("sasl.username", WRITER)
        .set("sasl.password", format!("{WRITER}-secret"))
        .set("ssl.ca.location", scene.old.ca_file()?.display().to_string())
        .set("message.timeout.ms", "8000")
        .create()?;
    producer
        .send(
            BaseRecord::<[u8], [u8]>::to(TOPIC)
                .partition(0)
                .payload(b"0/99999/"),
        )
        .map_err(|(error, _)| error)?;
    producer.flush(Duration::from_secs(10))?;
    Ok(count()? > before)
}

/// The rules that deny, as Kafka's own tool lists them.
fn denied(scene: &Scene) -> Result<Vec<String>> {
    let listed = acls(&scene.old, ["--list", "--topic", TOPIC])?;
    Ok(listed
        .text()
        .lines()
        .filter(|line| line.contains("DENY"))
        .map(str::to_owned)
        .collect())
}

#[test]
fn a_fence_stops_a_producer_by_name_and_is_gone_after_the_way_back() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let old = Cluster::builder(KafkaVersion::V4_3_1).secured().acls().start()?;
    may_write(&old)?;
    let mut scene = Scene::between(old, cluster(KafkaVersion::V4_3_1)?)?;
    scene.read_old(usize::MAX)?;
    scene.ok(&["cutover", "plan", TASK, "--fence", "acl", "--silence", "1"])?;
    scene.ok(&["cutover", "rehearse", TASK])?;
    ensure!(denied(&scene)?.is_empty(), "a rehearsal writes nothing");
    let shown = format!("{}", scene.cutover()?["answers"]);
    ensure!(
        shown.contains("DENY WRITE on topic 'orders' for User:alice from *"),
        "{shown}"
    );
    scene.next_with_kills(&[], Duration::from_millis(50))?;
    ensure!(scene.step()? == "prove_silence");
    let rules = denied(&scene)?;
    ensure!(rules.len() == 1 && rules[0].contains("User:alice"), "{rules:?}");
    ensure!(!arrives(&scene)?, "the fence stops the producer");
    while scene.step()? != "window" {
        scene.next(&[])?;
    }
    ensure!(
        denied(&scene)?.len() == 1,
        "the old side stays closed in the window"
    );
    scene.write_new(3)?;
    let reverse = scene.cutover()?["reverse"]["id"]
        .as_str()
        .context("a task")?
        .to_owned();
    scene.run(&["cutover", "next", TASK])?;
    scene.caught_up(&reverse)?;
    scene.both_sides_hold_everything_once()?;
    scene.ok(&["cutover", "back", TASK, "--silence", "1"])?;
    scene.read_new(usize::MAX)?;
    while scene.step()? != "window" {
        scene.next(&[])?;
    }
    ensure!(denied(&scene)?.is_empty(), "the fence is lifted on the way back");
    scene.everything_was_read_once()?;
    // A broker may take a moment until it has forgotten a rule.
    eventually("the producer writes again", || arrives(&scene))
}
