//! Log segments that real brokers have written, in every format and codec, read here as Java's own consumer reads them.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use sluice_testground::tools::ConsoleConsumer;
use sluice_testground::{Cluster, KafkaVersion};
use sluice_tests::{Filler, OddRecord, cluster, eventually, skipped};
use sluice_wire::format::{
    AbortedTransaction, BatchView, Codec, Entry, Fetched, FetchedSet, IsolationLevel, Level, OwnedRecord,
    ProducerStamp, RecordReader, RecordSet, Splice, SpliceOptions, Spliced, TimestampKind, Wanted,
};

const BUDGET: usize = 16 << 20;
/// Records of each partition.
const RECORDS: usize = 300;

/// Records that a line of the console consumer shows without loss.
fn records(headers: bool) -> Vec<OddRecord> {
    (0..RECORDS)
        .map(|number| OddRecord {
            key: (number % 7 != 0).then(|| format!("key-{number}").into_bytes()),
            value: (number % 11 != 0).then(|| format!("value {number} ").repeat(number % 23).into_bytes()),
            headers: if headers && number % 3 == 0 {
                vec![
                    ("same".to_owned(), Some(b"1".to_vec())),
                    ("same".to_owned(), Some(number.to_string().into_bytes())),
                ]
            } else {
                Vec::new()
            },
            timestamp: 1_700_000_000_000 + (number * 37 % 101) as i64,
        })
        .collect()
}

/// The log of a partition, all segments of it.
fn log(cluster: &Cluster, topic: &str, partition: usize) -> Result<Vec<u8>> {
    let folder = cluster.broker(1).data_dir().join(format!("{topic}-{partition}"));
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .with_context(|| folder.display().to_string())?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "log"));
    files.sort();
    let mut all = Vec::new();
    for file in files {
        all.extend(fs::read(file)?);
    }
    Ok(all)
}

/// A record as Java's console consumer prints it.
fn line(partition: usize, record: &OwnedRecord) -> String {
    let text = |bytes: &Option<Vec<u8>>| {
        bytes.as_ref().map_or("null".to_owned(), |bytes| {
            String::from_utf8_lossy(bytes).into_owned()
        })
    };
    let time = match record.timestamp_kind {
        TimestampKind::None => "NO_TIMESTAMP".to_owned(),
        TimestampKind::Create => format!("CreateTime:{}", record.timestamp),
        TimestampKind::LogAppend => format!("LogAppendTime:{}", record.timestamp),
    };
    let headers: Vec<String> = record
        .headers
        .iter()
        .map(|(key, value)| format!("{}:{}", String::from_utf8_lossy(key), text(value)))
        .collect();
    let headers = if headers.is_empty() {
        "NO_HEADERS".to_owned()
    } else {
        headers.join(",")
    };
    format!(
        "{time}\tPartition:{partition}\tOffset:{}\t{headers}\t{}\t{}",
        record.offset,
        text(&record.key),
        text(&record.value)
    )
}

fn place(line: &str) -> (i64, i64) {
    let number = |field: &str| {
        line.split('\t')
            .find_map(|part| part.strip_prefix(field)?.parse().ok())
            .unwrap_or(-1)
    };
    (number("Partition:"), number("Offset:"))
}

/// Holds what is read here against what Java reads, record by record.
fn agrees_with_java(cluster: &Cluster, topic: &str, mut ours: Vec<String>, committed: bool) -> Result<()> {
    let mut consumer = ConsoleConsumer::new(cluster, topic)
        .max_records(ours.len() as u64)
        .print_all();
    if committed {
        consumer = consumer.read_committed();
    }
    let mut java = consumer.run()?;
    java.sort_by_key(|line| place(line));
    ours.sort_by_key(|line| place(line));
    ensure!(
        java.len() == ours.len(),
        "{topic}: Java reads {} records, not {}",
        java.len(),
        ours.len()
    );
    for (java, ours) in java.iter().zip(&ours) {
        ensure!(java == ours, "{topic}: Java reads\n{java}\nnot\n{ours}");
    }
    Ok(())
}

fn read(log: &[u8]) -> Result<Vec<OwnedRecord>> {
    let set = FetchedSet::new(log, [], IsolationLevel::ReadUncommitted);
    Ok(set.collect_records(&mut RecordReader::new(BUDGET))?)
}

/// All entries have the format and the codec expected, and compressed ones hold several records.
fn is_stored_as(log: &[u8], magic: u8, codec: Codec, kind: TimestampKind) -> Result<()> {
    let mut reader = RecordReader::new(BUDGET);
    let mut longest = 0;
    for entry in RecordSet::new(log) {
        let entry = entry?;
        let stored = match &entry {
            Entry::Batch(batch) => (
                2,
                batch.header().codec,
                batch.header().attributes.timestamp_kind(),
            ),
            Entry::Message(message) => (message.magic, message.codec, message.timestamp_kind),
            Entry::Partial(partial) => anyhow::bail!("{partial:?}"),
        };
        ensure!(stored == (magic, codec, kind), "stored as {stored:?}");
        longest = longest.max(reader.read(&entry)?.len());
    }
    let several = magic == 2 || codec != Codec::None;
    ensure!(longest > 1 || !several, "no entry has several records");
    Ok(())
}

/// Converting and splicing keeps everything but the kind of the timestamp.
fn splices_to_the_same(log: &[u8], codec: Codec, expected: &[OwnedRecord]) -> Result<()> {
    let mut splice = Splice::new(SpliceOptions {
        codec,
        level: Level::Default,
        max_batch_bytes: 10_000,
        missing_timestamp: None,
    });
    let mut reader = RecordReader::new(BUDGET);
    for entry in RecordSet::new(log) {
        splice.add(&reader.read(&entry?)?, &Wanted::ALL);
    }
    let mut copied = Vec::new();
    for built in splice.finish(&ProducerStamp::NONE)? {
        let Spliced::Batch(batch) = built else {
            anyhow::bail!("too large")
        };
        let offsets = batch
            .spans
            .iter()
            .flat_map(|span| (0..i64::from(span.len)).map(move |index| span.source + index));
        let view = BatchView::parse(&batch.bytes)?;
        view.check_crc()?;
        for (record, offset) in reader.batch(&view)?.iter().zip(offsets) {
            copied.push(OwnedRecord {
                offset,
                ..OwnedRecord::from(&record)
            });
        }
    }
    let expected: Vec<OwnedRecord> = expected
        .iter()
        .map(|record| OwnedRecord {
            timestamp_kind: TimestampKind::Create,
            ..record.clone()
        })
        .collect();
    ensure!(copied == expected, "spliced records differ");
    Ok(())
}

/// Fills a topic, one partition for each codec, and compares what its log holds with what was produced and with Java.
fn check_topic(
    cluster: &Cluster,
    topic: &str,
    settings: &[(&str, &str)],
    codecs: &[Codec],
    stored: (u8, TimestampKind),
) -> Result<()> {
    let (magic, kind) = stored;
    let filler = Filler::new(&cluster.bootstrap())?;
    filler.create(topic, codecs.len() as i32, settings)?;
    let produced = records(magic == 2);
    let mut lines = Vec::new();
    for (partition, codec) in codecs.iter().enumerate() {
        let filler = Filler::with_codec(&cluster.bootstrap(), codec.name())?;
        filler.produce(topic, partition as i32, &produced)?;
        let log = log(cluster, topic, partition)?;
        is_stored_as(&log, magic, *codec, kind).with_context(|| format!("{topic} {codec}"))?;
        let found = read(&log).with_context(|| format!("{topic} {codec}"))?;
        ensure!(
            found.len() == produced.len(),
            "{topic} {codec}: {} records",
            found.len()
        );
        for ((found, produced), offset) in found.iter().zip(&produced).zip(0..) {
            ensure!(
                (&found.key, &found.value, found.offset) == (&produced.key, &produced.value, offset),
                "{topic} {codec}: {produced:?} is read as {found:?}"
            );
            ensure!(
                kind != TimestampKind::Create || found.timestamp == produced.timestamp,
                "{topic} {codec}: {produced:?} is read as {found:?}"
            );
        }
        splices_to_the_same(&log, *codec, &found).with_context(|| format!("{topic} {codec}"))?;
        lines.extend(found.iter().map(|record| line(partition, record)));
    }
    agrees_with_java(cluster, topic, lines, false)
}

#[test]
fn logs_of_0_10_in_formats_0_and_1_and_every_codec_are_read_as_java_reads_them() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let cluster = cluster(KafkaVersion::V0_10_2_2)?;
    let codecs = [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4];
    let format_0 = &[("message.format.version", "0.9.0")];
    let format_1 = &[("message.format.version", "0.10.0")];
    let append = &[
        ("message.format.version", "0.10.0"),
        ("message.timestamp.type", "LogAppendTime"),
    ];
    check_topic(&cluster, "format-0", format_0, &codecs, (0, TimestampKind::None))?;
    check_topic(
        &cluster,
        "format-1",
        format_1,
        &codecs,
        (1, TimestampKind::Create),
    )?;
    check_topic(
        &cluster,
        "append-time",
        append,
        &codecs,
        (1, TimestampKind::LogAppend),
    )
}

#[test]
fn logs_of_4_3_in_every_codec_with_headers_and_append_time_are_read_as_java_reads_them() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let cluster = cluster(KafkaVersion::V4_3_1)?;
    let append = &[("message.timestamp.type", "LogAppendTime")];
    check_topic(&cluster, "format-2", &[], &Codec::ALL, (2, TimestampKind::Create))?;
    check_topic(
        &cluster,
        "append-time",
        append,
        &Codec::ALL,
        (2, TimestampKind::LogAppend),
    )?;
    transactions(&cluster)
}

/// Committed and aborted transactions with their markers.
fn transactions(cluster: &Cluster) -> Result<()> {
    let topic = "transactions";
    let filler = Filler::new(&cluster.bootstrap())?;
    filler.create(topic, 1, &[])?;
    let writer = filler.transactional("wire-format")?;
    writer.write(topic, 0, &records(true), true)?;
    writer.write(topic, 0, &records(false), false)?;
    writer.write(topic, 0, &records(true), true)?;

    // A broker writes the marker behind its answer to the producer.
    let end = 3 * (RECORDS as i64 + 1);
    eventually("the last marker is in the log", || {
        let log = log(cluster, topic, 0)?;
        let last = RecordSet::new(&log).last().context("an empty log")??;
        Ok(last.next_offset() == Some(end))
    })?;
    let log = log(cluster, topic, 0)?;
    // What a Fetch answer would name: the aborted transaction begins behind the first one and its marker.
    let first_offset = RECORDS as i64 + 1;
    let producer_id = RecordSet::new(&log)
        .find_map(|entry| match entry {
            Ok(Entry::Batch(batch)) if batch.header().base_offset == first_offset => {
                Some(batch.header().producer_id)
            }
            _ => None,
        })
        .context("the aborted transaction's first batch")?;
    let aborted = AbortedTransaction {
        first_offset,
        producer_id,
    };
    let mut set = FetchedSet::new(&log, [aborted], IsolationLevel::ReadCommitted);
    let mut reader = RecordReader::new(BUDGET);
    let (mut lines, mut markers) = (Vec::new(), Vec::new());
    while let Some(fetched) = set.next(&mut reader) {
        match fetched? {
            Fetched::Records { records, .. } => {
                lines.extend(records.iter().map(|record| line(0, &OwnedRecord::from(&record))));
            }
            Fetched::Control {
                kind, next_offset, ..
            } => markers.push(format!("{kind:?} {next_offset}")),
            Fetched::Aborted { .. } => {}
            Fetched::Partial(partial) => anyhow::bail!("{partial:?}"),
        }
    }
    let behind = |transactions: usize| transactions * (RECORDS + 1);
    let expected = ["Commit", "Abort", "Commit"]
        .iter()
        .zip(1..)
        .map(|(kind, transactions)| format!("{kind} {}", behind(transactions)));
    ensure!(markers == expected.collect::<Vec<_>>(), "{markers:?}");
    ensure!(lines.len() == 2 * RECORDS, "{} committed records", lines.len());
    agrees_with_java(cluster, topic, lines, true)
}
