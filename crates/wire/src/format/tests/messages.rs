use super::batches::exact;
use super::sample::{message, reseal, wrapper};
use crate::format::{
    Codec, Edge, Entry, Fault, FaultKind, Message, NO_TIMESTAMP, OwnedRecord, RecordFault, RecordReader,
    RecordSet, TimestampKind,
};

const CODECS: [Codec; 3] = [Codec::Gzip, Codec::Snappy, Codec::Lz4];
const LOG_APPEND: u8 = 8;

fn read(set: &[u8]) -> Result<Vec<OwnedRecord>, Fault> {
    let mut reader = RecordReader::new(1 << 20);
    let mut all = Vec::new();
    for entry in RecordSet::new(set) {
        all.extend(
            reader
                .read(&entry?)?
                .iter()
                .map(|record| OwnedRecord::from(&record)),
        );
    }
    Ok(all)
}

fn plain(
    offset: i64,
    timestamp: i64,
    kind: TimestampKind,
    key: Option<&[u8]>,
    value: Option<&[u8]>,
) -> OwnedRecord {
    OwnedRecord {
        offset,
        timestamp,
        timestamp_kind: kind,
        key: key.map(<[u8]>::to_vec),
        value: value.map(<[u8]>::to_vec),
        headers: Vec::new(),
    }
}

/// Messages with the offsets given, at time 1000 + their place.
fn inner(magic: u8, offsets: &[i64]) -> Vec<u8> {
    offsets
        .iter()
        .zip(1_000..)
        .flat_map(|(offset, time)| message(magic, *offset, 0, time, Some(b"k"), Some(b"value value value")))
        .collect()
}

fn offsets_and_times(set: &[u8]) -> Vec<(i64, i64, TimestampKind)> {
    read(set)
        .unwrap()
        .iter()
        .map(|record| (record.offset, record.timestamp, record.timestamp_kind))
        .collect()
}

#[test]
fn plain_messages_keep_null_and_empty_apart_and_format_0_has_no_timestamp() {
    let mut set = message(0, 7, 0, 0, None, Some(b""));
    set.extend(message(0, 8, 0, 0, Some(b""), None));
    set.extend(message(1, 9, 0, 1_234, Some(b"k"), Some(b"v")));
    set.extend(message(1, 10, LOG_APPEND, 5_678, None, None));
    set.extend(message(1, 11, 0, -1, None, None));
    assert_eq!(
        read(&set).unwrap(),
        [
            plain(7, NO_TIMESTAMP, TimestampKind::None, None, Some(b"")),
            plain(8, NO_TIMESTAMP, TimestampKind::None, Some(b""), None),
            plain(9, 1_234, TimestampKind::Create, Some(b"k"), Some(b"v")),
            plain(10, 5_678, TimestampKind::LogAppend, None, None),
            plain(11, NO_TIMESTAMP, TimestampKind::Create, None, None),
        ]
    );
}

#[test]
fn compressed_messages_of_format_0_have_absolute_offsets_and_no_timestamp() {
    for codec in CODECS {
        let set = wrapper(0, 52, codec, 0, 0, &inner(0, &[49, 50, 52]));
        assert_eq!(
            offsets_and_times(&set),
            [49, 50, 52].map(|offset| (offset, NO_TIMESTAMP, TimestampKind::None)),
            "{codec}"
        );
    }
}

#[test]
fn compressed_messages_of_format_1_count_back_from_the_wrapper() {
    for codec in CODECS {
        let set = wrapper(1, 102, codec, 0, 9_999, &inner(1, &[0, 1, 2]));
        assert_eq!(
            offsets_and_times(&set),
            [(100, 1_000), (101, 1_001), (102, 1_002)].map(|(o, t)| (o, t, TimestampKind::Create)),
            "{codec}"
        );
        // Compaction removes records and leaves the numbers.
        let set = wrapper(1, 109, codec, 0, 9_999, &inner(1, &[2, 5, 9]));
        let offsets: Vec<_> = read(&set).unwrap().iter().map(|record| record.offset).collect();
        assert_eq!(offsets, [102, 105, 109], "{codec}");
    }
}

#[test]
fn the_append_time_of_a_wrapper_is_that_of_its_messages() {
    let set = wrapper(1, 1, Codec::Gzip, LOG_APPEND, 7_777, &inner(1, &[0, 1]));
    assert_eq!(
        offsets_and_times(&set),
        [0, 1].map(|offset| (offset, 7_777, TimestampKind::LogAppend))
    );
}

#[test]
fn messages_of_format_0_inside_a_wrapper_of_format_1_have_no_timestamp() {
    let set = wrapper(1, 11, Codec::Gzip, LOG_APPEND, 7_777, &inner(0, &[0, 1]));
    assert_eq!(
        offsets_and_times(&set),
        [10, 11].map(|offset| (offset, NO_TIMESTAMP, TimestampKind::None))
    );
}

#[test]
fn a_wrapper_of_format_1_with_offset_0_has_absolute_offsets_inside() {
    let set = wrapper(1, 0, Codec::Snappy, 0, 5, &inner(1, &[0, 1, 2]));
    let offsets: Vec<_> = read(&set).unwrap().iter().map(|record| record.offset).collect();
    assert_eq!(offsets, [0, 1, 2]);
}

#[test]
fn a_wrapper_whose_offset_is_below_those_inside_is_a_fault() {
    for (magic, offsets) in [(1, &[0, 1, 2, 3][..]), (0, &[5, 6, 9])] {
        let fault = read(&wrapper(magic, 2, Codec::Gzip, 0, 5, &inner(magic, offsets))).unwrap_err();
        assert!(
            matches!(
                fault.kind,
                FaultKind::BadRecord {
                    reason: RecordFault::Offset,
                    ..
                }
            ),
            "{fault:?}"
        );
        assert_eq!(fault.range.next, Edge::Exact(3));
    }
}

/// The head of an LZ4 frame with its checksum over the magic number, too, as Kafka before 0.10 wrote it.
fn with_broken_lz4_head(wrapper: &[u8]) -> Vec<u8> {
    let at = wrapper
        .windows(4)
        .position(|window| window == [0x04, 0x22, 0x4d, 0x18])
        .unwrap();
    let mut broken = wrapper.to_vec();
    let right = broken[at + 6];
    broken[at + 6] = (xxhash_rust::xxh32::xxh32(&broken[at..at + 6], 0) >> 8) as u8;
    assert_ne!(broken[at + 6], right);
    let mut crc = flate2::Crc::new();
    crc.update(&broken[16..]);
    let sum = crc.sum();
    broken[12..16].copy_from_slice(&sum.to_be_bytes());
    broken
}

#[test]
fn the_wrong_checksum_of_an_lz4_head_is_read_in_format_0_only() {
    let old = with_broken_lz4_head(&wrapper(0, 1, Codec::Lz4, 0, 0, &inner(0, &[0, 1])));
    assert_eq!(read(&old).unwrap().len(), 2);
    let newer = with_broken_lz4_head(&wrapper(1, 1, Codec::Lz4, 0, 0, &inner(1, &[0, 1])));
    assert!(matches!(
        read(&newer).unwrap_err().kind,
        FaultKind::Decompress {
            codec: Codec::Lz4,
            reason: crate::format::CodecFault::Checksum
        }
    ));
}

#[test]
fn a_wrong_checksum_is_found_outside_and_inside() {
    let mut outside = message(1, 4, 0, 5, Some(b"k"), Some(b"v"));
    let last = outside.len() - 1;
    outside[last] ^= 1;
    let fault = read(&outside).unwrap_err();
    assert!(matches!(fault.kind, FaultKind::BadCrc { .. }));
    assert_eq!(
        (fault.range.first, fault.range.next),
        (Edge::Unknown, Edge::Exact(5))
    );

    let mut messages = inner(1, &[0, 1]);
    let last = messages.len() - 1;
    messages[last] ^= 1;
    let fault = read(&wrapper(1, 1, Codec::Gzip, 0, 5, &messages)).unwrap_err();
    assert_eq!(
        fault.kind,
        FaultKind::BadRecord {
            index: 1,
            reason: RecordFault::Crc
        }
    );
}

#[test]
fn the_range_of_a_damaged_wrapper_begins_where_the_entry_before_ended() {
    let mut set = message(1, 9, 0, 5, None, Some(b"v"));
    let mut damaged = wrapper(1, 19, Codec::Gzip, 0, 5, &inner(1, &[0, 1, 2]));
    let last = damaged.len() - 1;
    damaged[last] ^= 1;
    set.extend(&damaged);
    set.extend(message(1, 20, 0, 5, None, Some(b"v")));
    let faults: Vec<_> = RecordSet::new(&set).filter_map(Result::err).collect();
    assert_eq!(faults.len(), 1);
    assert_eq!(
        (faults[0].range.first, faults[0].range.next),
        (Edge::Claimed(10), Edge::Exact(20))
    );
    let alone: Vec<_> = RecordSet::from_offset(&damaged, 15)
        .filter_map(Result::err)
        .collect();
    assert_eq!(alone[0].range.first, Edge::Claimed(15));
}

#[test]
fn nesting_deeper_than_one_is_a_fault() {
    let middle = wrapper(1, 1, Codec::Gzip, 0, 5, &inner(1, &[0, 1]));
    let fault = read(&wrapper(1, 1, Codec::Gzip, 0, 5, &middle)).unwrap_err();
    assert_eq!(
        fault.kind,
        FaultKind::BadRecord {
            index: 0,
            reason: RecordFault::Nested
        }
    );
}

#[test]
fn a_wrapper_without_value_or_messages_or_with_a_cut_one_is_a_fault() {
    let kind = |set: &[u8]| read(set).unwrap_err().kind;
    assert_eq!(
        kind(&message(1, 3, Codec::Gzip.code(), 5, None, None)),
        FaultKind::BadRecord {
            index: 0,
            reason: RecordFault::NoValue
        }
    );
    assert_eq!(
        kind(&wrapper(1, 3, Codec::Gzip, 0, 5, &[])),
        FaultKind::CountMismatch {
            declared: 1,
            found: 0
        }
    );
    let two = inner(1, &[0, 1]);
    assert_eq!(
        kind(&wrapper(1, 3, Codec::Gzip, 0, 5, &two[..two.len() - 1])),
        FaultKind::BadRecord {
            index: 1,
            reason: RecordFault::Cut
        }
    );
    assert!(matches!(
        kind(&message(1, 3, 1, 5, None, Some(b"no gzip"))),
        FaultKind::Decompress { .. }
    ));
    assert_eq!(
        kind(&message(1, 3, 4, 5, None, Some(b"zstd"))),
        FaultKind::UnknownCodec(4)
    );
}

#[test]
fn a_batch_of_format_2_inside_a_wrapper_is_a_fault() {
    let batch = super::sample::Sample::new(vec![super::sample::record(0, "a", "b")]).bytes();
    assert_eq!(
        read(&wrapper(1, 0, Codec::Gzip, 0, 5, &batch)).unwrap_err().kind,
        FaultKind::BadRecord {
            index: 0,
            reason: RecordFault::Magic(2)
        }
    );
}

#[test]
fn a_message_whose_lengths_contradict_its_size_is_a_fault_even_under_a_right_checksum() {
    let mut bytes = message(0, 3, 0, 0, Some(b"key"), Some(b"value"));
    bytes[18..22].copy_from_slice(&300_i32.to_be_bytes());
    let mut crc = flate2::Crc::new();
    crc.update(&bytes[16..]);
    let sum = crc.sum();
    bytes[12..16].copy_from_slice(&sum.to_be_bytes());
    let fault = read(&bytes).unwrap_err();
    assert_eq!(
        fault.kind,
        FaultKind::BadRecord {
            index: 0,
            reason: RecordFault::Length
        }
    );
    assert_eq!(fault.range.next, Edge::Exact(4));
}

#[test]
fn every_cut_of_a_message_is_truncated_and_every_flipped_byte_is_found() {
    let bytes = message(1, 3, 0, 77, Some(b"key"), Some(b"value"));
    for len in 0..bytes.len() {
        assert!(matches!(
            Message::parse(&bytes[..len]).unwrap_err().kind,
            FaultKind::Truncated { .. }
        ));
    }
    for at in 12..bytes.len() {
        let mut bad = bytes.clone();
        bad[at] ^= 0x21;
        assert!(
            Message::parse(&bad).and_then(|m| m.check_crc()).is_err(),
            "byte {at}"
        );
    }
}

#[test]
fn formats_may_change_within_one_record_set() {
    let mut set = message(0, 0, 0, 0, None, Some(b"a"));
    set.extend(wrapper(1, 2, Codec::Lz4, 0, 5, &inner(1, &[0, 1])));
    let mut batch = super::sample::Sample::new(vec![super::sample::record(3, "k", "v")]).bytes();
    reseal(&mut batch);
    set.extend(batch);
    assert_eq!(
        read(&set)
            .unwrap()
            .iter()
            .map(|record| record.offset)
            .collect::<Vec<_>>(),
        [0, 1, 2, 3]
    );
    let magics: Vec<_> = RecordSet::new(&set).map(|entry| entry.unwrap().magic()).collect();
    assert_eq!(magics, [Some(0), Some(1), Some(2)]);
    assert!(
        matches!(RecordSet::new(&set).next().unwrap().unwrap(), Entry::Message(m) if m.first_offset() == Some(0))
    );
    assert_eq!(exact(1, 2).to_string(), "offset 1");
}

#[test]
fn a_message_that_expands_beyond_the_budget_is_too_large() {
    let big = message(1, 0, 0, 5, None, Some(&vec![b'x'; 100_000]));
    for codec in CODECS {
        let set = wrapper(1, 0, codec, 0, 5, &big);
        let Entry::Message(outer) = RecordSet::new(&set).next().unwrap().unwrap() else {
            panic!("a message")
        };
        let fault = RecordReader::new(99_999).message(&outer).unwrap_err();
        assert_eq!(fault.kind, FaultKind::TooLarge { limit: 99_999 }, "{codec}");
        assert!(RecordReader::new(big.len()).message(&outer).is_ok(), "{codec}");
    }
}

#[test]
fn an_offset_that_has_none_behind_it_is_a_fault() {
    let offset_fault = |set: &[u8]| {
        let kind = read(set).unwrap_err().kind;
        assert!(
            matches!(
                kind,
                FaultKind::BadRecord {
                    reason: RecordFault::Offset,
                    ..
                }
            ),
            "{kind:?}"
        );
    };
    for offset in [i64::MAX, -1, i64::MIN] {
        offset_fault(&message(1, offset, 0, 5, None, Some(b"v")));
        offset_fault(&wrapper(1, offset, Codec::Gzip, 0, 5, &inner(1, &[0, 1])));
        offset_fault(&wrapper(0, 9, Codec::Gzip, 0, 5, &inner(0, &[offset])));
    }
    assert!(read(&message(1, i64::MAX - 1, 0, 5, None, Some(b"v"))).is_ok());
}
