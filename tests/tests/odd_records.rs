//! Records that the client library cannot read, or reads wrongly: each is a fault that is named, and never another record.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use sluice_kafka::{ErrorCode, PartitionOffset, ReadFaultKind, Reader, ReaderTuning};
use sluice_model::Cluster as Address;
use sluice_testground::{Cluster, KafkaVersion};
use sluice_tests::{Filler, OddRecord, cluster, skipped};

const TOPIC: &str = "odd";
const SEGMENT: &str = "00000000000000000000.log";

/// What a reader delivered.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Record { offset: i64, value: Option<Vec<u8>> },
    Fault(ReadFaultKind),
    End(i64),
}

fn record(value: &str) -> Seen {
    let (_, offset) = value.rsplit_once('-').unwrap_or_default();
    Seen::Record {
        offset: offset.parse().unwrap_or(-1),
        value: Some(value.as_bytes().to_vec()),
    }
}

fn reader(cluster: &Cluster) -> Result<Reader> {
    Ok(Reader::new(
        &Address::new(&cluster.bootstrap())?,
        ReaderTuning::default(),
    )?)
}

/// Reads from `offset` until the partition's end, or until nothing has come for two seconds behind a fault.
fn read_from(reader: &mut Reader, offset: i64) -> Result<Vec<Seen>> {
    let partition = PartitionOffset::new(TOPIC.to_owned(), 0, offset);
    reader.unassign(std::slice::from_ref(&partition)).ok();
    reader.assign(&[partition])?;
    let (mut seen, mut until) = (Vec::new(), Instant::now() + Duration::from_secs(30));
    while Instant::now() < until {
        let before = seen.len();
        reader.read(100, Duration::from_millis(200), |message| {
            seen.push(match (message.fault(), message.error()) {
                (Some(fault), _) => Seen::Fault(fault.kind),
                (None, ErrorCode::LOCAL_PARTITION_EOF) => Seen::End(message.offset()),
                (None, _) => Seen::Record {
                    offset: message.offset(),
                    value: message.value().map(<[u8]>::to_vec),
                },
            });
        })?;
        if seen.iter().any(|one| matches!(one, Seen::End(_))) {
            return Ok(seen);
        }
        if seen.len() > before && seen.iter().any(|one| matches!(one, Seen::Fault(_))) {
            until = Instant::now() + Duration::from_secs(2);
        }
    }
    if seen.is_empty() {
        bail!("nothing came");
    }
    Ok(seen)
}

fn numbered(keyed: bool, number: i64) -> OddRecord {
    OddRecord {
        key: keyed.then(|| format!("key-{number}").into_bytes()),
        value: Some(format!("value-{number}").into_bytes()),
        headers: Vec::new(),
        timestamp: 1_700_000_000_000 + number,
    }
}

/// Writes three records, each in a batch of its own.
fn three_batches(cluster: &Cluster) -> Result<()> {
    let filler = Filler::new(&cluster.bootstrap())?;
    filler.create(TOPIC, 1, &[])?;
    for number in 0..3 {
        filler.produce(TOPIC, 0, &[numbered(true, number)])?;
    }
    Ok(())
}

/// Stops a broker, changes its partition's only segment, and starts it again. The broker trusts what it had derived from
/// the segment: it would cut off what is damaged if it had to derive it again.
fn with_segment(cluster: &Cluster, change: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let broker = cluster.broker(1);
    broker.stop()?;
    change(&broker.data_dir().join(format!("{TOPIC}-0")).join(SEGMENT))?;
    broker.start()?;
    Ok(())
}

/// Removes what a broker derived from a segment that was replaced, so that it derives it again.
fn forget_derived(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if name.ends_with("index") || name.ends_with(".snapshot") || name == "leader-epoch-checkpoint" {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

#[test]
fn a_record_in_an_old_format_is_a_fault_of_its_partition_and_never_a_null_record() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let old = cluster(KafkaVersion::V0_10_2_2)?;
    three_batches(&old)?;
    let all = [
        record("value-0"),
        record("value-1"),
        record("value-2"),
        Seen::End(3),
    ];
    assert_eq!(
        read_from(&mut reader(&old)?, 0)?,
        all,
        "brokers of that time say what they hold"
    );
    old.broker(1).stop()?;
    let written = old.broker(1).data_dir().join(format!("{TOPIC}-0")).join(SEGMENT);

    let new = cluster(KafkaVersion::V3_9_1)?;
    Filler::new(&new.bootstrap())?.create(TOPIC, 1, &[])?;
    with_segment(&new, |segment| {
        fs::copy(&written, segment).with_context(|| format!("copying {}", written.display()))?;
        forget_derived(segment.parent().context("a folder")?)
    })?;
    let mut reader = reader(&new)?;
    for offset in [0, 1] {
        assert_eq!(
            read_from(&mut reader, offset)?,
            [Seen::Fault(ReadFaultKind::OldFormat { offset })],
            "the first fault is delivered, and nothing behind it"
        );
    }
    Ok(())
}

#[test]
fn a_damaged_batch_is_a_fault_and_what_lies_behind_it_is_read_from_there_alone() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    for version in [KafkaVersion::V0_10_2_2, KafkaVersion::V4_3_1] {
        let cluster = cluster(version)?;
        three_batches(&cluster)?;
        with_segment(&cluster, |segment| {
            let mut bytes = fs::read(segment)?;
            let place = bytes
                .windows(7)
                .position(|window| window == b"value-1")
                .context("the second record")?;
            bytes[place] ^= 0x20;
            fs::write(segment, bytes)?;
            Ok(())
        })?;
        let mut reader = reader(&cluster)?;
        assert_eq!(
            read_from(&mut reader, 0)?,
            [
                record("value-0"),
                Seen::Fault(ReadFaultKind::Damaged { offset: 1 })
            ],
            "{version}"
        );
        assert_eq!(
            read_from(&mut reader, 2)?,
            [record("value-2"), Seen::End(3)],
            "{version}"
        );
    }
    Ok(())
}

#[test]
fn more_headers_than_the_client_reads_are_an_error_of_their_record_alone() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let cluster = cluster(KafkaVersion::V4_3_1)?;
    let filler = Filler::new(&cluster.bootstrap())?;
    filler.create(TOPIC, 1, &[("max.message.bytes", "10000000")])?;
    let with_headers = |number: i64, count: usize| OddRecord {
        headers: vec![("h".to_owned(), Some(b"v".to_vec())); count],
        ..numbered(true, number)
    };
    filler.produce(
        TOPIC,
        0,
        &[
            with_headers(0, 100_000),
            with_headers(1, 100_001),
            with_headers(2, 1),
        ],
    )?;
    let mut reader = reader(&cluster)?;
    assert_eq!(
        read_from(&mut reader, 0)?,
        [
            record("value-0"),
            Seen::Fault(ReadFaultKind::UnreadableHeaders { offset: 1 }),
            record("value-2"),
            Seen::End(3),
        ]
    );
    Ok(())
}

#[test]
fn headers_count_in_a_record_s_bytes() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let cluster = cluster(KafkaVersion::V4_3_1)?;
    let filler = Filler::new(&cluster.bootstrap())?;
    filler.create(TOPIC, 1, &[])?;
    let mut odd = numbered(true, 0);
    odd.headers = vec![
        ("name".to_owned(), Some(vec![7; 1_000])),
        ("null".to_owned(), None),
        (String::new(), Some(Vec::new())),
    ];
    filler.produce(TOPIC, 0, &[odd])?;
    let mut reader = reader(&cluster)?;
    reader.assign(&[PartitionOffset::new(TOPIC.to_owned(), 0, 0)])?;
    let until = Instant::now() + Duration::from_secs(30);
    let mut bytes = None;
    while bytes.is_none() && Instant::now() < until {
        reader.read(1, Duration::from_millis(200), |message| {
            assert_eq!(message.error(), ErrorCode::NONE);
            bytes = Some((message.payload_len(), message.memory()));
        })?;
    }
    let (payload, memory) = bytes.context("the record")?;
    assert_eq!(payload, "key-0".len() + "value-0".len() + 4 + 1_000 + 4);
    assert!(
        memory >= payload + 1_008,
        "what was parsed is held beside what came: {memory}"
    );
    Ok(())
}
