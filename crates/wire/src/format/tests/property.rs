use std::collections::BTreeSet;

use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;

use super::sample::{APPEND_TIME, Sample, message, wrapper};
use super::splicing::{batches, read_back};
use crate::format::{
    Codec, Diagnosis, FetchedSet, IsolationLevel, Level, NO_TIMESTAMP, OwnedRecord, ProducerStamp,
    RecordReader, RecordSet, Splice, SpliceOptions, TimestampKind, Wanted, describe_fault_at, rewrite,
};

const BUDGET: usize = 1 << 20;

fn codec() -> impl Strategy<Value = Codec> {
    prop::sample::select(Codec::ALL.to_vec())
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![4 => vec(any::<u8>(), 0..40), 1 => (any::<u8>(), 0..3_000_usize).prop_map(|(b, n)| vec![b; n])]
}

fn timestamp() -> impl Strategy<Value = i64> {
    prop_oneof![
        8 => 1_600_000_000_000..1_800_000_000_000_i64,
        1 => Just(NO_TIMESTAMP),
        1 => any::<i64>(),
    ]
}

/// Records whose offsets grow, with holes.
fn records(headers: bool) -> impl Strategy<Value = Vec<OwnedRecord>> {
    let header = (bytes(), option::of(bytes()));
    let one = (
        prop_oneof![6 => Just(1_i64), 1 => 2..50_i64],
        timestamp(),
        option::of(bytes()),
        option::of(bytes()),
        vec(header, 0..if headers { 4 } else { 1 }),
    );
    vec(one, 1..12).prop_map(|all| {
        let mut offset = -1;
        all.into_iter()
            .map(|(step, timestamp, key, value, headers)| {
                offset += step;
                OwnedRecord {
                    offset,
                    timestamp,
                    timestamp_kind: TimestampKind::Create,
                    key,
                    value,
                    headers,
                }
            })
            .collect()
    })
}

/// An entry of any format as a broker might hold it, and the records in it.
#[derive(Debug, Clone)]
struct Written {
    bytes: Vec<u8>,
    records: Vec<OwnedRecord>,
}

fn moved(records: Vec<OwnedRecord>, base: i64) -> Vec<OwnedRecord> {
    records
        .into_iter()
        .map(|record| OwnedRecord {
            offset: record.offset + base,
            ..record
        })
        .collect()
}

fn new_entry() -> impl Strategy<Value = (Vec<OwnedRecord>, Codec, bool, i64)> {
    (records(true), codec(), any::<bool>(), timestamp())
}

fn write_new(
    base: i64,
    (records, codec, append_time, time): (Vec<OwnedRecord>, Codec, bool, i64),
) -> Written {
    let mut records = moved(records, base);
    let mut sample = Sample::new(records.clone()).codec(codec);
    sample.base_offset = base;
    if append_time {
        sample.attributes = APPEND_TIME;
        sample.max_timestamp = time;
        for record in &mut records {
            (record.timestamp, record.timestamp_kind) = (time, TimestampKind::LogAppend);
        }
    }
    Written {
        bytes: sample.bytes(),
        records,
    }
}

fn write_old(
    base: i64,
    magic: u8,
    codec: Codec,
    append_time: Option<i64>,
    records: Vec<OwnedRecord>,
) -> Written {
    let relative = records.clone();
    let mut records = moved(records, base);
    let last = records.last().map_or(0, |record| record.offset);
    // A wrapper with offset 0 has absolute offsets inside, so there may be only one.
    let codec = if codec == Codec::Zstd || last == 0 {
        Codec::None
    } else {
        codec
    };
    let stored = if magic == 1 && codec != Codec::None {
        &relative
    } else {
        &records
    };
    let messages: Vec<u8> = stored
        .iter()
        .flat_map(|r| {
            message(
                magic,
                r.offset,
                0,
                r.timestamp,
                r.key.as_deref(),
                r.value.as_deref(),
            )
        })
        .collect();
    let append_time = append_time.filter(|_| magic == 1 && codec != Codec::None);
    for record in &mut records {
        record.headers.clear();
        if magic == 0 {
            (record.timestamp, record.timestamp_kind) = (NO_TIMESTAMP, TimestampKind::None);
        } else if let Some(time) = append_time {
            (record.timestamp, record.timestamp_kind) = (time, TimestampKind::LogAppend);
        }
    }
    let bytes = if codec == Codec::None {
        messages
    } else {
        let flags = if append_time.is_some() { 8 } else { 0 };
        wrapper(magic, last, codec, flags, append_time.unwrap_or(77), &messages)
    };
    Written { bytes, records }
}

#[derive(Debug, Clone)]
enum Plan {
    New((Vec<OwnedRecord>, Codec, bool, i64)),
    Old(u8, Codec, Option<i64>, Vec<OwnedRecord>),
}

/// Entries of all formats, one behind the other.
fn log() -> impl Strategy<Value = Vec<Written>> {
    let plan = prop_oneof![
        new_entry().prop_map(Plan::New),
        (0..=1_u8, codec(), option::of(timestamp()), records(false))
            .prop_map(|(magic, codec, time, records)| Plan::Old(magic, codec, time, records)),
    ];
    vec(plan, 1..5).prop_map(|plans| {
        let mut base = 0;
        plans
            .into_iter()
            .map(|plan| {
                let written = match plan {
                    Plan::New(entry) => write_new(base, entry),
                    Plan::Old(magic, codec, time, records) => write_old(base, magic, codec, time, records),
                };
                base = written.records.last().map_or(base, |record| record.offset + 1);
                written
            })
            .collect()
    })
}

fn concat(log: &[Written]) -> (Vec<u8>, Vec<OwnedRecord>) {
    (
        log.iter().flat_map(|entry| entry.bytes.clone()).collect(),
        log.iter().flat_map(|entry| entry.records.clone()).collect(),
    )
}

/// Everything there is to do with bytes of unknown origin. Nothing may panic.
fn do_everything(set: &[u8], offset: i64) {
    let mut reader = RecordReader::new(BUDGET);
    let mut splice = Splice::new(SpliceOptions {
        codec: Codec::Lz4,
        level: Level::Default,
        max_batch_bytes: 2_000,
        missing_timestamp: None,
    });
    for entry in RecordSet::new(set).flatten() {
        if let Ok(records) = reader.read(&entry) {
            assert_eq!(records.iter().count(), records.len());
            assert!(
                records
                    .iter()
                    .all(|r| (records.first_offset()..records.next_offset()).contains(&r.offset))
            );
            splice.add(&records, &Wanted::from_offset(offset));
        }
    }
    splice.finish(&ProducerStamp::NONE).unwrap();
    drop(FetchedSet::new(set, [], IsolationLevel::ReadCommitted).collect_records(&mut reader));
    let diagnosis = describe_fault_at(set, offset, &mut reader);
    if let Diagnosis::Damaged(fault) = diagnosis {
        assert!(!fault.to_string().is_empty());
    }
    let mut copy = set.to_vec();
    if rewrite(&mut copy, &ProducerStamp::NONE).is_err() {
        assert_eq!(copy, set);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn every_format_is_read_as_it_was_written(log in log()) {
        let (set, expected) = concat(&log);
        let mut reader = RecordReader::new(BUDGET);
        let fetched = FetchedSet::new(&set, [], IsolationLevel::ReadCommitted);
        prop_assert_eq!(fetched.collect_records(&mut reader).unwrap(), expected);
    }

    #[test]
    fn spliced_batches_hold_exactly_the_wanted_records(
        log in log(),
        codec in codec(),
        max in 200..20_000_usize,
        from in 0..20_i64,
        before in 10..400_i64,
        without in btree_set(0..60_i64, 0..5),
    ) {
        let (set, source) = concat(&log);
        let wanted = Wanted { from, before, without: &without };
        let largest = 10_000;
        let mut splice = Splice::new(SpliceOptions {
            codec,
            level: Level::Default,
            max_batch_bytes: max.max(largest),
            missing_timestamp: None,
        });
        let mut reader = RecordReader::new(BUDGET);
        for entry in RecordSet::new(&set) {
            splice.add(&reader.read(&entry.unwrap()).unwrap(), &wanted);
        }
        let stamp = ProducerStamp { producer_id: 5, producer_epoch: 0, base_sequence: i32::MAX - 3, transactional: false };
        let built = batches(splice.finish(&stamp).unwrap().into_iter().filter(|item| {
            matches!(item, crate::format::Spliced::Batch(_))
        }).collect());
        let copied: Vec<_> = built.iter().flat_map(read_back).collect();
        let too_large: BTreeSet<i64> = source.iter()
            .filter(|r| r.headers.iter().map(|(k, v)| k.len() + v.as_ref().map_or(0, Vec::len)).sum::<usize>()
                + r.key.as_ref().map_or(0, Vec::len) + r.value.as_ref().map_or(0, Vec::len) > 9_000)
            .map(|r| r.offset).collect();
        let expected: Vec<_> = source.into_iter()
            .filter(|r| r.offset >= from && r.offset < before && !without.contains(&r.offset))
            .map(|r| OwnedRecord { timestamp_kind: TimestampKind::Create, ..r })
            .collect();
        let kept = |r: &&OwnedRecord| !too_large.contains(&r.offset);
        prop_assert_eq!(
            copied.iter().filter(kept).collect::<Vec<_>>(),
            expected.iter().filter(kept).collect::<Vec<_>>()
        );
    }

    #[test]
    fn random_bytes_never_panic(set in vec(any::<u8>(), 0..400), offset in any::<i64>()) {
        do_everything(&set, offset);
    }

    #[test]
    fn damaged_entries_never_panic(
        log in log(),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
        offset in 0..50_i64,
    ) {
        let (mut set, _) = concat(&log);
        for (at, byte) in damage {
            let at = at.index(set.len());
            set[at] = byte;
        }
        do_everything(&set, offset);
        do_everything(&set[..cut.index(set.len())], offset);
    }

    #[test]
    fn damaged_entries_under_right_checksums_never_panic(
        log in log(),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        offset in 0..50_i64,
    ) {
        let mut set = Vec::new();
        for entry in &log {
            let mut bytes = entry.bytes.clone();
            for (at, byte) in &damage {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            if bytes[16] == 2 && bytes.len() > 61 {
                super::sample::reseal(&mut bytes);
            } else {
                let mut crc = flate2::Crc::new();
                crc.update(&bytes[16..]);
                let sum = crc.sum();
                bytes[12..16].copy_from_slice(&sum.to_be_bytes());
            }
            set.extend(bytes);
        }
        do_everything(&set, offset);
    }
}
