use super::sample::{Sample, message, record, wrapper};
use crate::format::{Codec, Diagnosis, Edge, FaultKind, FaultRange, RecordReader, describe_fault_at};

fn describe(set: &[u8], offset: i64) -> Diagnosis {
    describe_fault_at(set, offset, &mut RecordReader::new(1 << 20))
}

fn numbered(first: i64, last: i64) -> Vec<u8> {
    Sample::new((first..=last).map(|n| record(n, "k", "v")).collect())
        .codec(Codec::Gzip)
        .bytes()
}

#[test]
fn a_damaged_batch_is_named_with_its_range_for_each_of_its_offsets() {
    let mut damaged = numbered(100, 149);
    let last = damaged.len() - 1;
    damaged[last] ^= 1;
    let set = [numbered(50, 99), damaged, numbered(150, 199)].concat();
    for offset in [100, 120, 149] {
        let Diagnosis::Damaged(fault) = describe(&set, offset) else {
            panic!("{:?}", describe(&set, offset))
        };
        assert!(matches!(fault.kind, FaultKind::BadCrc { .. }));
        let range = FaultRange {
            first: Edge::Exact(100),
            next: Edge::Exact(150),
        };
        assert_eq!(fault.range, range);
        assert!(
            fault
                .to_string()
                .starts_with("offsets 100 to 149: the checksum is "),
            "{fault}"
        );
    }
    assert_eq!(describe(&set, 99), Diagnosis::Sound { first: 50, last: 99 });
    assert_eq!(
        describe(&set, 150),
        Diagnosis::Sound {
            first: 150,
            last: 199
        }
    );
    assert_eq!(describe(&set, 200), Diagnosis::Nothing { next: None });
    assert_eq!(describe(&set, 10), Diagnosis::Nothing { next: Some(50) });
}

#[test]
fn a_batch_that_cannot_be_expanded_is_damaged_though_its_checksum_is_right() {
    let set = [
        Sample::new(vec![record(0, "k", "v"), record(1, "k", "v")])
            .codec(Codec::Zstd)
            .with_payload(b"no frame"),
        numbered(2, 3),
    ]
    .concat();
    let Diagnosis::Damaged(fault) = describe(&set, 1) else {
        panic!("damaged")
    };
    assert!(matches!(
        fault.kind,
        FaultKind::Decompress {
            codec: Codec::Zstd,
            ..
        }
    ));
    assert_eq!(
        (fault.range.first, fault.range.next),
        (Edge::Exact(0), Edge::Exact(2))
    );
}

#[test]
fn an_unknown_format_is_named() {
    let mut newer = numbered(0, 4);
    newer[16] = 3;
    let set = [newer, numbered(5, 9)].concat();
    let Diagnosis::Damaged(fault) = describe(&set, 2) else {
        panic!("damaged")
    };
    assert_eq!(fault.kind, FaultKind::UnknownMagic(3));
    assert_eq!(
        (fault.range.first, fault.range.next),
        (Edge::Exact(0), Edge::Exact(5))
    );
}

#[test]
fn formats_that_librdkafka_reads_as_nulls_are_named() {
    let inner = [0, 1, 2]
        .map(|n| message(1, n, 0, 5, Some(b"k"), Some(b"v")))
        .concat();
    let set = [
        message(0, 6, 0, 0, None, Some(b"v")),
        wrapper(1, 9, Codec::Snappy, 0, 5, &inner),
    ]
    .concat();
    let old = |magic, codec, first, last| Diagnosis::OldFormat {
        magic,
        codec,
        first,
        last,
    };
    assert_eq!(describe(&set, 6), old(0, Codec::None, 6, 6));
    for offset in 7..=9 {
        assert_eq!(describe(&set, offset), old(1, Codec::Snappy, 7, 9));
    }
}

#[test]
fn a_damaged_old_message_is_named_with_the_range_behind_the_entry_before() {
    let inner = [0, 1, 2]
        .map(|n| message(1, n, 0, 5, Some(b"k"), Some(b"v")))
        .concat();
    let mut damaged = wrapper(1, 9, Codec::Gzip, 0, 5, &inner);
    let last = damaged.len() - 1;
    damaged[last] ^= 1;
    let set = [
        message(0, 6, 0, 0, None, Some(b"v")),
        damaged,
        message(0, 10, 0, 0, None, Some(b"v")),
    ]
    .concat();
    for offset in 7..=9 {
        let Diagnosis::Damaged(fault) = describe(&set, offset) else {
            panic!("damaged")
        };
        assert_eq!(
            (fault.range.first, fault.range.next),
            (Edge::Claimed(7), Edge::Exact(10))
        );
    }
}

#[test]
fn an_entry_that_is_not_whole_says_nothing() {
    let set = [numbered(0, 4), numbered(5, 9)].concat();
    let Diagnosis::Partial(partial) = describe(&set[..set.len() - 1], 7) else {
        panic!("partial")
    };
    assert_eq!(partial.offset, Some(5));
}
