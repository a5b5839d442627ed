//! Records far larger than any queue or batch, within the limits of the brokers.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use sluice_kafka::{
    Compression, ErrorCode, Guarantee, Message, PartitionOffset, Reader, ReaderTuning, Writer, WriterTuning,
};
use sluice_model::Cluster as Address;
use sluice_testground::{Cluster, Jvm, KafkaVersion};
use sluice_tests::{BOTH, Bench, Filler, OddRecord, read_all, skipped};

const TOPIC: &str = "large";
const LARGE: usize = 105_000_000;
/// Records of 500 KB whose memory is measured.
#[cfg(target_os = "linux")]
const RECORDS: usize = 1_000;

fn generous() -> Result<Cluster> {
    Ok(Cluster::builder(KafkaVersion::V4_3_1)
        .property("message.max.bytes", "300000000")
        .property("replica.fetch.max.bytes", "300000000")
        .property("socket.request.max.bytes", "320000000")
        .jvm(Jvm::quick().heap_megabytes(1_500))
        .start()?)
}

/// Values that no codec makes smaller.
fn noise(size: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let mut bytes = Vec::with_capacity(size + 8);
    while bytes.len() < size {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(size);
    bytes
}

fn odd(number: i64, size: usize) -> OddRecord {
    OddRecord {
        key: Some(format!("key-{number}").into_bytes()),
        value: Some(noise(size, number.unsigned_abs() + 1)),
        headers: vec![("size".to_owned(), Some(size.to_string().into_bytes()))],
        timestamp: 1_700_000_000_000 + number,
    }
}

#[test]
fn a_record_of_105_megabytes_is_copied_in_both_deliveries() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let (source, target) = (generous()?, generous()?);
    let filler = Filler::new(&source.bootstrap())?;
    let (once, least) = ("large-once", "large-least");
    for (topic, delivery) in [once, least].into_iter().zip(BOTH) {
        filler.create(topic, 1, &[])?;
        filler.produce(topic, 0, &[odd(0, 10), odd(1, LARGE), odd(2, 20)])?;
        let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &[topic])?;
        bench.task.delivery = delivery;
        bench.copy()?;
        let copied = read_all(&target.bootstrap(), topic, 0)?;
        let original = read_all(&source.bootstrap(), topic, 0)?;
        assert_eq!(original.len(), 3);
        assert!(
            copied.iter().zip(&original).all(|(copy, original)| {
                copy.key == original.key && copy.value == original.value && copy.headers == original.headers
            }),
            "{delivery:?}"
        );
        assert_eq!(copied.len(), 3, "{delivery:?}");
    }
    Ok(())
}

#[test]
fn an_empty_queue_takes_a_record_larger_than_itself_and_a_filled_one_asks_to_wait() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let cluster = generous()?;
    let filler = Filler::new(&cluster.bootstrap())?;
    filler.create(TOPIC, 1, &[])?;
    filler.create("copy", 1, &[])?;
    filler.produce(TOPIC, 0, &[odd(0, 3_000_000), odd(1, 3_000_000)])?;
    let address = Address::new(&cluster.bootstrap())?;
    // Messages go before the reader they came from: the library ends a reader only when they are gone.
    let (_reader, mut messages) = records(&address, 2)?;

    let mut writer = Writer::new(
        &address,
        &WriterTuning {
            guarantee: Guarantee::Idempotent,
            batch_bytes: 1_000_000,
            queue_kib: 1_024,
            transaction_timeout_ms: 60_000,
        },
    )?;
    let topic = writer.topic("copy", Compression::NONE)?;
    assert_eq!(writer.write(topic, &mut messages[0], 0), Ok(()));
    assert_eq!(
        writer.write(topic, &mut messages[1], 1),
        Err(ErrorCode::LOCAL_QUEUE_FULL)
    );
    assert_eq!(
        messages[1].headers().count(),
        1,
        "a record that was not taken keeps its headers"
    );
    acknowledged(&mut writer, 0)?;
    assert_eq!(writer.write(topic, &mut messages[1], 1), Ok(()));
    acknowledged(&mut writer, 1)?;

    let mut other = Writer::new(
        &address,
        &WriterTuning {
            guarantee: Guarantee::Idempotent,
            batch_bytes: 1_000_000,
            queue_kib: 1_024,
            transaction_timeout_ms: 60_000,
        },
    )?;
    assert_eq!(
        other.write(topic, &mut messages[0], 2),
        Err(ErrorCode::LOCAL_UNKNOWN_TOPIC),
        "a handle is of use to its own writer alone"
    );
    Ok(())
}

/// The first `count` records of the topic.
fn records(address: &Address, count: usize) -> Result<(Reader, Vec<Message>)> {
    let mut reader = Reader::new(address, ReaderTuning::default())?;
    reader.assign(&[PartitionOffset::new(TOPIC.to_owned(), 0, 0)])?;
    let mut found = Vec::new();
    let until = Instant::now() + Duration::from_secs(60);
    while found.len() < count && Instant::now() < until {
        reader.read(count, Duration::from_millis(200), |message| {
            if message.error() == ErrorCode::NONE {
                found.push(message);
            }
        })?;
    }
    anyhow::ensure!(found.len() == count, "{} of {count} records", found.len());
    Ok((reader, found))
}

fn acknowledged(writer: &mut Writer, ticket: u64) -> Result<()> {
    let until = Instant::now() + Duration::from_secs(60);
    let mut delivered = None;
    while delivered.is_none() && Instant::now() < until {
        writer.poll(Duration::from_millis(200), |delivery| delivered = Some(delivery));
    }
    let delivery = delivered.context("no acknowledgement")?;
    anyhow::ensure!(
        delivery.ticket == ticket && delivery.error == ErrorCode::NONE,
        "{delivery:?}"
    );
    Ok(())
}

/// Measures, prints, and asserts nothing but that all records came: what a reader takes that is not tuned to its source.
#[cfg(target_os = "linux")]
#[test]
#[ignore = "measures memory; run it alone with --ignored --nocapture"]
fn memory_of_a_reader_of_well_compressed_batches() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let cluster = generous()?;
    let filler = Filler::new(&cluster.bootstrap())?;
    for (topic, per_batch) in [("one-batch", RECORDS), ("small-batches", 50)] {
        filler.create(topic, 1, &[])?;
        well_compressed(&cluster, topic, RECORDS, per_batch)?;
    }
    for (topic, partition_fetch_kib) in [
        ("one-batch", 1_024),
        ("small-batches", 1_024),
        ("small-batches", 16),
        ("small-batches", 4),
    ] {
        let mut reader = Reader::new(
            &Address::new(&cluster.bootstrap())?,
            ReaderTuning {
                partition_fetch_kib,
                ..ReaderTuning::default()
            },
        )?;
        reader.assign(&[PartitionOffset::new(topic.to_owned(), 0, 0)])?;
        // Forgets the peak so far.
        std::fs::write("/proc/self/clear_refs", "5")?;
        let (mut seen, mut bytes, mut failure) = (0, 0, None);
        let until = Instant::now() + Duration::from_secs(120);
        while seen < RECORDS && failure.is_none() && Instant::now() < until {
            reader.read(100, Duration::from_millis(200), |message| match message.fault() {
                Some(fault) => failure = Some(fault),
                None if message.error() == ErrorCode::NONE => {
                    seen += 1;
                    bytes += message.payload_len();
                }
                None => {}
            })?;
        }
        anyhow::ensure!(seen == RECORDS, "{topic}: {seen} records came; {failure:?}");
        let status = std::fs::read_to_string("/proc/self/status")?;
        let peak = status
            .lines()
            .find(|line| line.starts_with("VmHWM"))
            .unwrap_or_default();
        println!(
            "{topic}, {partition_fetch_kib} KiB a fetch: {} MB of records, {} KB fetched, {peak}",
            bytes / 1_000_000,
            reader.fetched().bytes / 1_000
        );
    }
    Ok(())
}

/// Writes `count` records of 500 KB of one letter, `per_batch` to a zstd batch.
#[cfg(target_os = "linux")]
fn well_compressed(cluster: &Cluster, topic: &str, count: usize, per_batch: usize) -> Result<()> {
    use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
    let producer: BaseProducer = rdkafka::ClientConfig::new()
        .set("bootstrap.servers", cluster.bootstrap())
        .set("compression.codec", "zstd")
        .set("message.max.bytes", "1000000000")
        .set("batch.size", "2147483647")
        .set("batch.num.messages", per_batch.to_string())
        .set("queue.buffering.max.kbytes", "2000000")
        .set("linger.ms", "60000")
        .create()?;
    let value = vec![b'x'; 500_000];
    for _ in 0..count {
        producer
            .send(BaseRecord::<(), _>::to(topic).partition(0).payload(&value))
            .map_err(|(error, _)| error)?;
    }
    producer.flush(Duration::from_secs(120))?;
    Ok(())
}
