//! How the record lane compresses what it copies: as the source has it, and more strongly where a record does not fit.

use anyhow::{Context, Result, ensure};
use sluice_engine::{CheckpointStore, Event, PartitionKey, replay_quarantined};
use sluice_model::{Cluster as Address, Codec as Wanted, ExistingData, LaneChoice};
use sluice_testground::tools::ConsoleConsumer;
use sluice_testground::{Cluster, KafkaVersion};
use sluice_tests::{BOTH, Bench, Filler, OddRecord, PlainRecord, cluster, read_all, skipped};
use sluice_wire::format::{Codec, Entry, RecordSet};
use sluice_wire::{Client, Isolation};

/// Larger than the default limit of a topic on a batch, 1 048 588 bytes.
const LARGE: usize = 1_300_000;

fn clusters() -> Result<(Cluster, Cluster)> {
    Ok((cluster(KafkaVersion::V4_3_1)?, cluster(KafkaVersion::V4_3_1)?))
}

/// Bytes by chance; letters of an `alphabet` that is small.
fn by_chance(size: usize, alphabet: &[u8]) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    (0..size)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            alphabet[(state >> 33) as usize % alphabet.len()]
        })
        .collect()
}

/// A value of four bits a byte, without repetitions: zstd and gzip halve it, lz4 and snappy cannot make it smaller.
fn halved_by_zstd_alone() -> Vec<u8> {
    by_chance(LARGE, b"0123456789abcdef")
}

fn noise() -> Vec<u8> {
    let all: Vec<u8> = (0..=255).collect();
    by_chance(LARGE, &all)
}

fn record(number: i64, value: Vec<u8>) -> OddRecord {
    OddRecord {
        key: Some(format!("k{number}").into_bytes()),
        value: Some(value),
        headers: Vec::new(),
        timestamp: 1_700_000_000_000 + number,
    }
}

fn few(from: i64) -> Vec<OddRecord> {
    (from..from + 5)
        .map(|number| record(number, format!("value {number} ").repeat(30).into_bytes()))
        .collect()
}

/// The codec of each batch of partition 0 and the offset of its last record, as they are in the broker's log.
fn batches(bootstrap: &str, topic: &str) -> Result<Vec<(i64, Codec)>> {
    let client = Client::new(&Address::new(bootstrap)?)?;
    let (mut found, mut next) = (Vec::new(), 0);
    loop {
        let fetched = client.fetch_raw(topic, 0, next, 10_000_000, Isolation::Uncommitted)?;
        let before = next;
        for entry in RecordSet::new(&fetched.records).flatten() {
            if let Entry::Batch(batch) = entry {
                next = batch.header().next_offset();
                if !batch.header().attributes.is_control() {
                    found.push((batch.header().last_offset(), batch.header().codec));
                }
            }
        }
        if next == before {
            return Ok(found);
        }
    }
}

/// The codecs of a topic without repetitions, in the order of its log.
fn codecs(bootstrap: &str, topic: &str) -> Result<Vec<Codec>> {
    let mut codecs: Vec<Codec> = batches(bootstrap, topic)?
        .into_iter()
        .map(|(_, codec)| codec)
        .collect();
    codecs.dedup();
    Ok(codecs)
}

fn told(bench: &Bench) -> Vec<String> {
    let told = bench.events().into_iter().filter_map(|event| match event {
        Event::Info(sentence) => Some(sentence),
        _ => None,
    });
    told.collect()
}

#[test]
fn a_value_that_fits_only_with_its_sources_codec_is_copied_with_that_one() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let (source, target) = clusters()?;
    let filler = Filler::with_codec(&source.bootstrap(), "zstd")?;
    let value = halved_by_zstd_alone();
    for (topic, delivery) in ["once", "least"].into_iter().zip(BOTH) {
        filler.create(topic, 1, &[])?;
        filler.produce(topic, 0, &[record(0, value.clone())])?;
        let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &[topic])?;
        bench.task.lane = LaneChoice::Record;
        bench.task.delivery = delivery;
        let outcome = bench.copy()?;
        assert_eq!(outcome.progress.quarantined, 0, "{:?}", bench.events());
        let told = told(&bench);
        let chosen = format!("compression zstd for '{topic}', as the newest records at the source have it");
        assert!(told.contains(&chosen), "{told:?}");
        assert!(
            !told.iter().any(|sentence| sentence.contains("too large")),
            "{told:?}"
        );
        assert_eq!(codecs(&target.bootstrap(), topic)?, [Codec::Zstd], "{delivery:?}");
        let lines = ConsoleConsumer::new(&target, topic)
            .read_committed()
            .max_records(1)
            .run()?;
        ensure!(
            lines.len() == 1 && lines[0].as_bytes() == value,
            "{delivery:?}: a Java consumer reads another value"
        );
    }
    Ok(())
}

#[test]
fn a_record_that_does_not_fit_is_compressed_more_strongly_before_it_is_refused() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let (source, target) = clusters()?;
    let (from, to) = (
        Filler::new(&source.bootstrap())?,
        Filler::new(&target.bootstrap())?,
    );
    for (topic, delivery) in ["once", "least"].into_iter().zip(BOTH) {
        from.create(topic, 1, &[("max.message.bytes", "2000000")])?;
        to.create(topic, 1, &[])?;
        let mut records = few(0);
        records.push(record(5, halved_by_zstd_alone()));
        records.extend(few(6));
        records.push(record(11, noise()));
        records.push(record(12, halved_by_zstd_alone()));
        records.extend(few(13));
        from.produce(topic, 0, &records)?;
        let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &[topic])?;
        bench.task.lane = LaneChoice::Record;
        bench.task.delivery = delivery;
        let outcome = bench.copy()?;

        let kept = bench.store.quarantined(&bench.task.name, 10)?;
        assert_eq!(
            kept.iter().map(|record| record.offset).collect::<Vec<_>>(),
            [11],
            "{delivery:?}: {:?}",
            bench.events()
        );
        assert_eq!(outcome.progress.quarantined, 1);
        assert!(
            kept[0]
                .reason
                .ends_with("tried with compression none and zstd at level 12"),
            "{}",
            kept[0].reason
        );
        let copied = read_all(&target.bootstrap(), topic, 0)?;
        let mut expected = read_all(&source.bootstrap(), topic, 0)?;
        expected.remove(11);
        let keys = |records: &[PlainRecord]| -> Vec<_> {
            let keys = records.iter().flat_map(|record| &record.key);
            keys.map(|key| String::from_utf8_lossy(key).into_owned())
                .collect()
        };
        assert_eq!(keys(&copied), keys(&expected), "{delivery:?}");
        let same = |(copy, original): (&PlainRecord, &PlainRecord)| copy.content() == original.content();
        assert!(copied.iter().zip(&expected).all(same), "{delivery:?}");
        assert_eq!(
            codecs(&target.bootstrap(), topic)?,
            [Codec::None, Codec::Zstd, Codec::None, Codec::Zstd, Codec::None],
            "{delivery:?}: only what did not fit has another codec"
        );
        let sentence = format!(
            "{topic}-0 offset 5 was too large with compression none, and is written with zstd at level 12"
        );
        assert!(told(&bench).contains(&sentence), "{:?}", told(&bench));
    }
    Ok(())
}

#[test]
fn each_topic_keeps_the_codec_that_its_source_has() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let (source, target) = clusters()?;
    let names = ["none", "gzip", "snappy", "lz4", "zstd"];
    for codec in names {
        let filler = Filler::with_codec(&source.bootstrap(), codec)?;
        filler.create(codec, 2, &[])?;
        filler.produce(codec, 0, &few(0))?;
    }
    let filler = Filler::new(&source.bootstrap())?;
    // A marker stands behind the last record.
    filler.create("transactional", 1, &[])?;
    filler
        .transactional("writer")?
        .write("transactional", 0, &few(0), true)?;
    filler.create("set", 1, &[("compression.type", "gzip")])?;
    filler.create("empty", 1, &[])?;
    let to = Filler::new(&target.bootstrap())?;
    to.create("lz4", 2, &[("compression.type", "snappy")])?;

    let topics: Vec<&str> = names
        .into_iter()
        .chain(["transactional", "set", "empty"])
        .collect();
    let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &topics)?;
    bench.task.lane = LaneChoice::Record;
    let running = bench.start(false)?;
    // The first records of these come when the choice is made.
    filler.produce("set", 0, &few(0))?;
    filler.produce("empty", 0, &few(0))?;
    let expected = [
        ("none", Codec::None),
        ("gzip", Codec::Gzip),
        ("snappy", Codec::Snappy),
        ("lz4", Codec::Snappy),
        ("zstd", Codec::Zstd),
        ("transactional", Codec::None),
        ("set", Codec::Gzip),
        ("empty", Codec::Lz4),
    ];
    for (topic, codec) in expected {
        sluice_tests::eventually(&format!("the copy of '{topic}'"), || {
            Ok(read_all(&target.bootstrap(), topic, 0)?.len() == 5)
        })?;
        assert_eq!(codecs(&target.bootstrap(), topic)?, [codec], "{topic}");
    }
    sluice_tests::stop(running)?;
    let told = told(&bench);
    for sentence in [
        "compression none for 'none', 'transactional', as the newest records at the source have it",
        "compression zstd for 'zstd', as the newest records at the source have it",
        "compression gzip for 'set', as the target topic is set to it",
        "compression snappy for 'lz4', as the target topic is set to it",
        "compression lz4 for 'empty': the source holds no records to go by",
    ] {
        assert!(told.iter().any(|one| one == sentence), "{sentence}: {told:?}");
    }
    Ok(())
}

#[test]
fn a_quarantined_record_is_replayed_with_a_stronger_codec_where_it_needs_one() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let (source, target) = clusters()?;
    let (from, to) = (
        Filler::new(&source.bootstrap())?,
        Filler::new(&target.bootstrap())?,
    );
    from.create("t", 1, &[("max.message.bytes", "2000000")])?;
    // Brokers that store without compression leave nothing that is stronger.
    to.create("t", 1, &[("compression.type", "uncompressed")])?;
    from.produce("t", 0, &[record(0, halved_by_zstd_alone())])?;
    let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["t"])?;
    bench.task.existing = ExistingData::Append;
    bench.task.compression = Wanted::None;
    assert_eq!(bench.copy()?.progress.quarantined, 1);
    let key = PartitionKey {
        topic: "t".into(),
        partition: 0,
    };
    let store = bench.store.as_ref();
    replay_quarantined(&bench.task, store, &key, 0)
        .err()
        .context("the target took a record that is larger than its limit")?;

    to.configure("t", &[("compression.type", "producer")])?;
    replay_quarantined(&bench.task, store, &key, 0)?;
    assert_eq!(store.quarantined_count(&bench.task.name)?, 0);
    assert_eq!(codecs(&target.bootstrap(), "t")?, [Codec::Zstd]);
    let copied = read_all(&target.bootstrap(), "t", 0)?;
    assert!(copied.len() == 1 && copied[0].value == Some(halved_by_zstd_alone()));
    Ok(())
}
