use std::collections::BTreeSet;

use super::sample::{APPEND_TIME, CONTROL, DELETE_HORIZON, Sample, TRANSACTIONAL, odd_records, record};
use crate::format::{
    BatchView, Codec, CodecSet, FaultKind, OwnedRecord, PassRules, ProducerStamp, RecordReader, RewriteError,
    Route, SkipReason, SpliceReason, TimestampKind, Wanted, rewrite,
};

const STAMP: ProducerStamp = ProducerStamp {
    producer_id: 4_001,
    producer_epoch: 12,
    base_sequence: 345,
    transactional: true,
};

fn rules(wanted: Wanted<'_>) -> PassRules<'_> {
    PassRules {
        wanted,
        codecs: CodecSet::ALL,
        max_batch_bytes: 1 << 20,
        sets_missing_timestamps: false,
    }
}

fn route(sample: &Sample, rules: &PassRules<'_>) -> Route {
    BatchView::parse(&sample.bytes()).unwrap().route(rules)
}

fn sample() -> Sample {
    Sample::new(vec![
        record(10, "a", "1"),
        record(11, "b", "2"),
        record(12, "c", "3"),
    ])
}

#[test]
fn a_whole_batch_of_create_time_in_a_codec_of_the_target_is_passed() {
    for codec in Codec::ALL {
        assert_eq!(
            route(&sample().codec(codec), &rules(Wanted::ALL)),
            Route::Pass,
            "{codec}"
        );
    }
    assert_eq!(
        route(
            &sample().attributes(TRANSACTIONAL | DELETE_HORIZON),
            &rules(Wanted::ALL)
        ),
        Route::Pass
    );
    assert_eq!(route(&sample(), &rules(Wanted::from_offset(10))), Route::Pass);
}

#[test]
fn each_reason_to_splice_is_named() {
    let all = rules(Wanted::ALL);
    let mut holes = sample();
    holes.records.remove(1);
    assert_eq!(route(&holes, &all), Route::Splice(SpliceReason::Holes));
    // Compaction may have removed the first or the last record, too.
    let mut holes = sample();
    holes.base_offset = 9;
    assert_eq!(route(&holes, &all), Route::Splice(SpliceReason::Holes));
    assert_eq!(
        route(&sample().attributes(APPEND_TIME), &all),
        Route::Splice(SpliceReason::LogAppendTime)
    );

    let old_target = PassRules {
        codecs: CodecSet::BEFORE_ZSTD,
        ..all
    };
    assert_eq!(
        route(&sample().codec(Codec::Zstd), &old_target),
        Route::Splice(SpliceReason::Codec)
    );
    let len = sample().bytes().len();
    assert_eq!(
        route(
            &sample(),
            &PassRules {
                max_batch_bytes: len,
                ..all
            }
        ),
        Route::Pass
    );
    let small = PassRules {
        max_batch_bytes: len - 1,
        ..all
    };
    assert_eq!(route(&sample(), &small), Route::Splice(SpliceReason::Size));

    let mut timeless = sample();
    (timeless.base_timestamp, timeless.max_timestamp) = (-1, -1);
    assert_eq!(route(&timeless, &all), Route::Pass);
    let sets = PassRules {
        sets_missing_timestamps: true,
        ..all
    };
    assert_eq!(
        route(&timeless, &sets),
        Route::Splice(SpliceReason::MissingTimestamps)
    );
    assert_eq!(route(&sample(), &sets), Route::Pass);
}

#[test]
fn a_batch_that_is_wanted_in_part_is_spliced() {
    let refused = BTreeSet::from([9, 11, 13]);
    let elsewhere = BTreeSet::from([9, 13]);
    let partly = Route::Splice(SpliceReason::Partly);
    for (from, before, without, expected) in [
        (11, i64::MAX, &elsewhere, partly),
        (0, 12, &elsewhere, partly),
        (0, i64::MAX, &refused, partly),
        (10, 13, &elsewhere, Route::Pass),
        (13, i64::MAX, &elsewhere, Route::Skip(SkipReason::Unwanted)),
        (0, 10, &elsewhere, Route::Skip(SkipReason::Unwanted)),
    ] {
        let wanted = Wanted {
            from,
            before,
            without,
        };
        assert_eq!(route(&sample(), &rules(wanted)), expected, "{from} {before}");
    }
}

#[test]
fn markers_and_emptied_batches_are_not_written() {
    let marker = sample().attributes(CONTROL | TRANSACTIONAL);
    assert_eq!(
        route(&marker, &rules(Wanted::ALL)),
        Route::Skip(SkipReason::Control)
    );
    let mut empty = Sample::new(Vec::new());
    empty.last_offset = 4;
    assert_eq!(route(&empty, &rules(Wanted::ALL)), Route::Skip(SkipReason::Empty));
}

#[test]
fn a_rewritten_batch_has_the_targets_header_and_the_sources_records() {
    for codec in Codec::ALL {
        let mut source = Sample::new(odd_records(1_000))
            .codec(codec)
            .attributes(DELETE_HORIZON | TRANSACTIONAL);
        source.producer = (77, 3, 9);
        let original = source.bytes();
        let mut bytes = original.clone();
        rewrite(&mut bytes, &STAMP).unwrap();
        let view = BatchView::parse(&bytes).unwrap();
        view.check_crc().unwrap();
        let header = *view.header();
        assert_eq!((header.base_offset, header.leader_epoch), (0, -1));
        assert_eq!(
            (header.producer_id, header.producer_epoch, header.base_sequence),
            (4_001, 12, 345)
        );
        assert!(header.attributes.is_transactional() && !header.attributes.has_delete_horizon());
        assert_eq!(header.attributes.timestamp_kind(), TimestampKind::Create);
        assert_eq!(header.codec, codec);
        assert_eq!(&bytes[57..], &original[57..], "count and records");
        assert_eq!(&bytes[23..43], &original[23..43], "last delta and timestamps");

        let mut expected = odd_records(0);
        expected
            .iter_mut()
            .for_each(|record| record.timestamp_kind = TimestampKind::Create);
        let mut reader = RecordReader::new(1 << 20);
        let records: Vec<OwnedRecord> = reader
            .batch(&view)
            .unwrap()
            .iter()
            .map(|record| (&record).into())
            .collect();
        assert_eq!(records, expected, "{codec}");
    }
}

#[test]
fn rewriting_again_changes_only_the_producer() {
    let mut first = sample().codec(Codec::Lz4).bytes();
    rewrite(&mut first, &STAMP).unwrap();
    let mut second = first.clone();
    rewrite(&mut second, &ProducerStamp::NONE).unwrap();
    let header = *BatchView::parse(&second).unwrap().header();
    assert_eq!(
        (header.producer_id, header.producer_epoch, header.base_sequence),
        (-1, -1, -1)
    );
    assert!(!header.attributes.is_transactional());
    rewrite(&mut second, &STAMP).unwrap();
    assert_eq!(first, second);
}

#[test]
fn what_must_not_be_forwarded_is_refused_and_left_as_it_was() {
    let refused = |bytes: &[u8]| {
        let mut changed = bytes.to_vec();
        let error = rewrite(&mut changed, &STAMP).unwrap_err();
        assert_eq!(changed, bytes);
        error
    };
    assert_eq!(
        refused(&sample().attributes(APPEND_TIME).bytes()),
        RewriteError::LogAppendTime
    );
    assert_eq!(
        refused(&sample().attributes(CONTROL).bytes()),
        RewriteError::Control
    );
    let mut two = sample().bytes();
    two.push(0);
    assert_eq!(refused(&two), RewriteError::Trailing(1));
    let whole = sample().bytes();
    assert!(matches!(
        refused(&whole[..whole.len() - 1]),
        RewriteError::Fault(fault) if matches!(fault.kind, FaultKind::Truncated { .. })
    ));
    assert!(matches!(
        refused(&super::sample::message(1, 0, 0, 0, None, None)),
        RewriteError::Fault(_)
    ));
}

#[test]
fn sequence_numbers_go_on_at_zero_behind_the_greatest() {
    let stamp = |base_sequence| ProducerStamp {
        base_sequence,
        ..STAMP
    };
    assert_eq!(stamp(i32::MAX - 1).after(1).base_sequence, i32::MAX);
    assert_eq!(stamp(i32::MAX - 1).after(2).base_sequence, 0);
    assert_eq!(stamp(i32::MAX).after(5).base_sequence, 4);
    assert_eq!(ProducerStamp::NONE.after(5), ProducerStamp::NONE);
}
