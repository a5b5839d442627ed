use std::collections::BTreeSet;

use super::sample::{APPEND_TIME, Sample, message, odd_records, record, wrapper};
use crate::format::{
    BatchView, Codec, Level, NO_TIMESTAMP, OwnedRecord, PassRules, ProducerStamp, RecordReader, RecordSet,
    Route, Span, Splice, SpliceOptions, Spliced, SplicedBatch, TimestampKind, Wanted,
};

const STAMP: ProducerStamp = ProducerStamp {
    producer_id: 4_001,
    producer_epoch: 12,
    base_sequence: i32::MAX,
    transactional: true,
};

fn options(codec: Codec, max_batch_bytes: usize) -> SpliceOptions {
    SpliceOptions {
        codec,
        level: Level::Default,
        max_batch_bytes,
        missing_timestamp: None,
    }
}

fn add(splice: &mut Splice, set: &[u8], wanted: &Wanted<'_>) {
    let mut reader = RecordReader::new(8 << 20);
    for entry in RecordSet::new(set) {
        splice.add(&reader.read(&entry.unwrap()).unwrap(), wanted);
    }
}

pub(super) fn batches(spliced: Vec<Spliced>) -> Vec<SplicedBatch> {
    spliced
        .into_iter()
        .map(|item| match item {
            Spliced::Batch(batch) => batch,
            Spliced::TooLarge { offset, .. } => panic!("record {offset} is too large"),
        })
        .collect()
}

/// The records of a batch that was built, with the offsets of the source. Holds the batch to what brokers demand.
pub(super) fn read_back(batch: &SplicedBatch) -> Vec<OwnedRecord> {
    let view = BatchView::parse(&batch.bytes).unwrap();
    view.check_crc().unwrap();
    let header = view.header();
    assert_eq!(view.bytes().len(), batch.bytes.len());
    assert_eq!(
        (header.count, header.base_offset, header.leader_epoch),
        (batch.count, 0, -1)
    );
    assert!(!header.has_holes());
    assert_eq!(header.max_timestamp, batch.max_timestamp);
    let rules = PassRules {
        wanted: Wanted::ALL,
        codecs: crate::format::CodecSet::ALL,
        max_batch_bytes: usize::MAX,
        sets_missing_timestamps: false,
    };
    assert_eq!(view.route(&rules), Route::Pass);
    let mut reader = RecordReader::new(64 << 20);
    let records = reader.batch(&view).unwrap();
    assert_eq!(records.byte_len(), batch.record_bytes);
    let sources: Vec<i64> = batch
        .spans
        .iter()
        .flat_map(|span| (0..i64::from(span.len)).map(move |n| span.source + n))
        .collect();
    assert_eq!(sources.len(), records.len());
    assert_eq!(
        records.iter().map(|r| r.timestamp).max(),
        Some(batch.max_timestamp)
    );
    records
        .iter()
        .zip(sources)
        .zip(0..)
        .map(|((record, source), number)| {
            assert_eq!(record.offset, number);
            OwnedRecord {
                offset: source,
                ..OwnedRecord::from(&record)
            }
        })
        .collect()
}

#[test]
fn records_of_several_batches_and_codecs_become_one_batch() {
    let second: Vec<_> = (0..3).map(|n| record(20 + 2 * n, "k", "v")).collect();
    let mut set = Sample::new(odd_records(7)).codec(Codec::Zstd).bytes();
    set.extend(Sample::new(second.clone()).codec(Codec::Gzip).bytes());
    for codec in Codec::ALL {
        let mut splice = Splice::new(options(codec, 1 << 20));
        add(&mut splice, &set, &Wanted::ALL);
        assert_eq!(splice.count(), 8);
        let built = batches(splice.finish(&STAMP).unwrap());
        assert_eq!(built.len(), 1);
        assert_eq!(
            read_back(&built[0]),
            [odd_records(7), second.clone()].concat(),
            "{codec}"
        );
        let span = |source, len| Span { source, len };
        assert_eq!(
            built[0].spans,
            [span(7, 5), span(20, 1), span(22, 1), span(24, 1)]
        );
        assert_eq!(built[0].next_offset, 25);
        let header = *BatchView::parse(&built[0].bytes).unwrap().header();
        assert_eq!(header.codec, codec);
        assert_eq!(
            (header.producer_id, header.producer_epoch, header.base_sequence),
            (4_001, 12, i32::MAX)
        );
        assert!(header.attributes.is_transactional());
        assert!(splice.is_empty() && splice.finish(&STAMP).unwrap().is_empty());
    }
}

#[test]
fn the_bytes_of_a_record_behind_its_offset_are_copied_as_they_are() {
    let records = odd_records(0);
    let source = Sample::new(records);
    let mut splice = Splice::new(options(Codec::None, 1 << 20));
    add(&mut splice, &source.bytes(), &Wanted::ALL);
    let built = batches(splice.finish(&ProducerStamp::NONE).unwrap());
    assert_eq!(
        built[0].bytes[61..],
        source.body(),
        "nothing to change: same base, same offsets"
    );
}

#[test]
fn a_start_in_the_middle_an_end_and_refused_records_are_left_out() {
    let records: Vec<_> = (10..20).map(|n| record(n, "k", "v")).collect();
    let set = Sample::new(records.clone()).codec(Codec::Lz4).bytes();
    let without = BTreeSet::from([13, 14]);
    let wanted = Wanted {
        from: 12,
        before: 17,
        without: &without,
    };
    let mut splice = Splice::new(options(Codec::Lz4, 1 << 20));
    add(&mut splice, &set, &wanted);
    let built = batches(splice.finish(&ProducerStamp::NONE).unwrap());
    assert_eq!(
        read_back(&built[0]),
        [records[2].clone(), records[5].clone(), records[6].clone()]
    );
    assert_eq!(built[0].next_offset, 17, "not behind what is wanted");
}

#[test]
fn the_position_moves_behind_holes_and_left_out_records_at_the_end() {
    let mut sample = Sample::new(vec![record(10, "a", "1"), record(12, "b", "2")]);
    sample.last_offset = 19;
    let without = BTreeSet::from([12]);
    let wanted = Wanted {
        without: &without,
        ..Wanted::ALL
    };
    let mut splice = Splice::new(options(Codec::None, 1 << 20));
    add(&mut splice, &sample.bytes(), &wanted);
    let built = batches(splice.finish(&ProducerStamp::NONE).unwrap());
    assert_eq!((built[0].count, built[0].next_offset), (1, 20));
}

#[test]
fn append_time_becomes_the_records_own_time() {
    let mut sample = Sample::new(vec![record(0, "a", "1"), record(1, "b", "2")]).attributes(APPEND_TIME);
    sample.max_timestamp = 1_800_000_000_000;
    let mut splice = Splice::new(options(Codec::None, 1 << 20));
    add(&mut splice, &sample.bytes(), &Wanted::ALL);
    let built = batches(splice.finish(&ProducerStamp::NONE).unwrap());
    assert!(
        read_back(&built[0])
            .iter()
            .all(|r| (r.timestamp, r.timestamp_kind) == (1_800_000_000_000, TimestampKind::Create))
    );
}

#[test]
fn old_messages_are_converted() {
    let mut set = message(0, 3, 0, 0, None, Some(b""));
    let inner = [
        message(1, 0, 0, 1_000, Some(b"key"), None),
        message(1, 1, 0, 2_000, Some(&[1; 500]), Some(&[2; 70_000])),
    ];
    set.extend(wrapper(1, 9, Codec::Lz4, 0, 0, &inner.concat()));
    set.extend(Sample::new(vec![record(10, "k", "v")]).bytes());
    let mut splice = Splice::new(options(Codec::Zstd, 1 << 20));
    add(&mut splice, &set, &Wanted::ALL);
    let built = batches(splice.finish(&ProducerStamp::NONE).unwrap());
    let plain = |offset, timestamp, key: Option<&[u8]>, value: Option<&[u8]>| OwnedRecord {
        offset,
        timestamp,
        timestamp_kind: TimestampKind::Create,
        key: key.map(<[u8]>::to_vec),
        value: value.map(<[u8]>::to_vec),
        headers: Vec::new(),
    };
    assert_eq!(
        read_back(&built[0]),
        [
            plain(3, NO_TIMESTAMP, None, Some(b"")),
            plain(8, 1_000, Some(b"key"), None),
            plain(9, 2_000, Some(&[1; 500]), Some(&[2; 70_000])),
            record(10, "k", "v"),
        ]
    );
}

#[test]
fn a_missing_timestamp_is_set_only_where_that_is_asked_for() {
    let mut set = message(0, 0, 0, 0, None, Some(b"v"));
    set.extend(message(1, 1, 0, 5, None, Some(b"v")));
    let mut timeless = record(2, "k", "v");
    timeless.timestamp = -1;
    set.extend(Sample::new(vec![timeless]).bytes());
    let times = |missing_timestamp| {
        let mut splice = Splice::new(SpliceOptions {
            missing_timestamp,
            ..options(Codec::None, 1 << 20)
        });
        add(&mut splice, &set, &Wanted::ALL);
        let built = batches(splice.finish(&ProducerStamp::NONE).unwrap());
        read_back(&built[0])
            .iter()
            .map(|r| r.timestamp)
            .collect::<Vec<_>>()
    };
    assert_eq!(times(None), [-1, 5, -1]);
    assert_eq!(times(Some(99)), [99, 5, 99]);
}

#[test]
fn batches_are_split_to_the_targets_size_with_sequence_numbers_that_go_on() {
    let records: Vec<_> = (0..500)
        .map(|n| record(n, "key", &format!("value {n}").repeat(1 + n as usize % 9)))
        .collect();
    let set = Sample::new(records.clone()).codec(Codec::Zstd).bytes();
    for codec in Codec::ALL {
        for max in [300, 1_000, 5_000] {
            let mut splice = Splice::new(options(codec, max));
            add(&mut splice, &set, &Wanted::ALL);
            let built = batches(splice.finish(&STAMP).unwrap());
            assert!(built.len() > 1, "{codec} {max}");
            assert!(
                built.iter().all(|batch| batch.bytes.len() <= max),
                "{codec} {max}"
            );
            let all: Vec<_> = built.iter().flat_map(read_back).collect();
            assert_eq!(all, records, "{codec} {max}");
            let mut sequence = i32::MAX;
            for batch in &built {
                assert_eq!(
                    BatchView::parse(&batch.bytes).unwrap().header().base_sequence,
                    sequence
                );
                sequence = sequence.wrapping_add(batch.count) & i32::MAX;
            }
            let positions: Vec<_> = built.iter().map(|batch| batch.next_offset).collect();
            assert!(positions.is_sorted() && positions.last() == Some(&500));
        }
    }
}

#[test]
fn pieces_of_an_uncompressed_batch_are_nearly_as_large_as_they_may_be() {
    let records: Vec<_> = (0..1_000)
        .map(|n| record(n, "key", "a value of some length"))
        .collect();
    let mut splice = Splice::new(options(Codec::None, 4_096));
    add(&mut splice, &Sample::new(records).bytes(), &Wanted::ALL);
    let built = batches(splice.finish(&STAMP).unwrap());
    let smallest = built.iter().rev().skip(1).map(|batch| batch.bytes.len()).min();
    assert!(smallest.unwrap() > 4_000, "{smallest:?}");
}

#[test]
fn a_record_larger_than_the_target_takes_is_named_and_the_others_are_written() {
    let mut records: Vec<_> = (0..9).map(|n| record(n, "k", "v")).collect();
    let mut state = 1_u64;
    records[4].value = Some(
        std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 56) as u8
        })
        .take(9_000)
        .collect(),
    );
    let set = Sample::new(records.clone()).bytes();
    for codec in Codec::ALL {
        let mut splice = Splice::new(options(codec, 4_096));
        add(&mut splice, &set, &Wanted::ALL);
        let spliced = splice.finish(&STAMP).unwrap();
        let place = spliced
            .iter()
            .position(|item| matches!(item, Spliced::TooLarge { .. }))
            .unwrap();
        let Spliced::TooLarge { offset, batch_bytes } = spliced[place] else {
            panic!("a record")
        };
        assert_eq!(offset, 4);
        assert!((9_000..9_300).contains(&batch_bytes), "{codec} {batch_bytes}");
        let is_batch = |item: &Spliced| matches!(item, Spliced::Batch(_));
        let (before, behind): (Vec<_>, Vec<_>) = (
            spliced[..place].iter().filter(|i| is_batch(i)).cloned().collect(),
            spliced[place + 1..]
                .iter()
                .filter(|i| is_batch(i))
                .cloned()
                .collect(),
        );
        let before: Vec<_> = batches(before).iter().flat_map(read_back).collect();
        let behind: Vec<_> = batches(behind).iter().flat_map(read_back).collect();
        assert_eq!(
            (&before[..], &behind[..]),
            (&records[..4], &records[5..]),
            "{codec}"
        );
    }
    // The same record fits where it is compressed better.
    records[4].value = Some(vec![b'x'; 9_000]);
    let mut splice = Splice::new(options(Codec::Lz4, 4_096));
    add(&mut splice, &Sample::new(records.clone()).bytes(), &Wanted::ALL);
    let built = batches(splice.finish(&STAMP).unwrap());
    assert_eq!(built.iter().flat_map(read_back).collect::<Vec<_>>(), records);
}
