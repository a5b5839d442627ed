//! How much memory a copy takes where librdkafka does not count what it holds: headers, and what batches expand to.
#![cfg(target_os = "linux")]

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rdkafka::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use sluice_testground::{Cluster, KafkaVersion};
use sluice_tests::{Filler, cluster, companion, skipped};

/// What a copy may hold of records by default: 32 MB fetched ahead and 24 MB in flight.
const BUDGET: u64 = 56 * 1024 * 1024;
/// Records with 64 KB of headers: 320 MB.
const RECORDS_WITH_HEADERS: usize = 5_000;
/// Records of 500 KB: 400 MB.
const LETTERS: usize = 800;
const PATIENCE: Duration = Duration::from_secs(170);

/// Half as much again as the budget, and 100 MB for the program itself.
const MOST: u64 = BUDGET / 2 * 3 + 100_000_000;

fn producer(cluster: &Cluster, settings: &[(&str, &str)]) -> Result<BaseProducer> {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", cluster.bootstrap())
        .set("message.max.bytes", "1000000000")
        .set("queue.buffering.max.kbytes", "200000")
        .set("linger.ms", "20");
    for (key, value) in settings {
        config.set(*key, *value);
    }
    Ok(config.create()?)
}

/// Sends `count` records that `make` makes, a few at a time.
fn send<'a>(
    producer: &BaseProducer,
    count: usize,
    make: impl Fn(usize) -> BaseRecord<'a, [u8], [u8]>,
) -> Result<()> {
    for from in (0..count).step_by(200) {
        for number in from..count.min(from + 200) {
            producer.send(make(number)).map_err(|(error, _)| error)?;
        }
        producer.flush(Duration::from_secs(120))?;
    }
    Ok(())
}

/// The most memory that the process had resident, in bytes, as it stood at the last look.
fn peak(process: &mut Child) -> Result<u64> {
    let until = Instant::now() + PATIENCE;
    let mut peak = 0;
    while process.try_wait()?.is_none() {
        ensure!(Instant::now() < until, "the copy takes too long");
        let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with("VmHWM"));
        let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
        peak = kib.map_or(peak, |kib| peak.max(kib * 1024));
        std::thread::sleep(Duration::from_millis(10));
    }
    ensure!(process.wait()?.success(), "the copy failed");
    Ok(peak)
}

/// Copies a topic as a user does, and returns how much memory that took.
fn copy(source: &Cluster, target: &Cluster, topic: &str) -> Result<u64> {
    let state = tempfile::tempdir()?;
    let state = state.path().to_str().context("the state's folder")?;
    let mut process = Command::new(companion()?)
        .args(["copy", "--from", &source.bootstrap(), "--to", &target.bootstrap()])
        .args(["--topic", topic, "--state", state, "--until-caught-up", "--quiet"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()?;
    peak(&mut process)
}

fn clusters() -> Result<(Cluster, Cluster)> {
    Ok((cluster(KafkaVersion::V4_3_1)?, cluster(KafkaVersion::V4_3_1)?))
}

#[test]
fn records_that_are_headers_alone_stay_within_the_budget() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let (source, target) = clusters()?;
    let filler = Filler::new(&source.bootstrap())?;
    for (topic, partitions) in [("headers", 1), ("headers-8", 8)] {
        filler.create(topic, partitions, &[])?;
        let value = vec![b'h'; 64_000];
        send(&producer(&source, &[])?, RECORDS_WITH_HEADERS, |number| {
            let headers = OwnedHeaders::new().insert(Header {
                key: "large",
                value: Some(&value),
            });
            BaseRecord::to(topic)
                .partition(i32::try_from(number).unwrap_or(0) % partitions)
                .key(&b"k"[..])
                .payload(&b"v"[..])
                .headers(headers)
        })?;
        let peak = copy(&source, &target, topic)?;
        assert!(peak < MOST, "{topic}: {} MB", peak / 1_000_000);
    }
    Ok(())
}

#[test]
fn records_that_are_stored_in_a_thousandth_of_their_size_stay_within_the_budget() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let (source, target) = clusters()?;
    let filler = Filler::new(&source.bootstrap())?;
    let value = vec![b'x'; 500_000];
    for (codec, per_batch, partitions) in [("zstd", "1", 1), ("zstd", "20", 1), ("lz4", "2", 8)] {
        let topic = format!("{codec}-{per_batch}-{partitions}p");
        filler.create(&topic, partitions, &[])?;
        let producer = producer(
            &source,
            &[
                ("compression.codec", codec),
                ("batch.num.messages", per_batch),
                ("batch.size", "20000000"),
            ],
        )?;
        send(&producer, LETTERS, |number| {
            BaseRecord::to(&topic)
                .partition(i32::try_from(number).unwrap_or(0) % partitions)
                .payload(&value[..])
        })?;
        let peak = copy(&source, &target, &topic)?;
        assert!(peak < MOST, "{topic}: {} MB", peak / 1_000_000);
    }
    Ok(())
}

/// Measures, prints, and asserts nothing but that all is copied: the number stands in `docs/architecture.md`.
#[test]
#[ignore = "measures memory; run it alone with --ignored --nocapture"]
fn memory_where_records_become_another_kind_in_the_middle() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let (source, target) = clusters()?;
    Filler::new(&source.bootstrap())?.create("changing", 1, &[])?;
    let mut state = 7u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    })
    .take(10_000)
    .collect();
    send(&producer(&source, &[])?, 20_000, |_| {
        BaseRecord::to("changing").partition(0).payload(&noise[..])
    })?;
    let letters = vec![b'x'; 500_000];
    let compressing = producer(
        &source,
        &[("compression.codec", "zstd"), ("batch.num.messages", "1")],
    )?;
    send(&compressing, 2_000, |_| {
        BaseRecord::to("changing").partition(0).payload(&letters[..])
    })?;
    println!("peak {} MB", copy(&source, &target, "changing")? / 1_000_000);
    Ok(())
}
