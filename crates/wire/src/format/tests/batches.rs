use super::sample::{
    APPEND_TIME, CONTROL, DELETE_HORIZON, Sample, TRANSACTIONAL, odd_records, record, reseal,
};
use crate::format::{
    BatchView, Codec, Edge, Entry, Fault, FaultKind, FaultRange, OwnedRecord, RecordFault, RecordReader,
    RecordSet, TimestampKind,
};

const BUDGET: usize = 1 << 20;

pub(super) fn exact(first: i64, next: i64) -> FaultRange {
    FaultRange {
        first: Edge::Exact(first),
        next: Edge::Exact(next),
    }
}

fn read(batch: &[u8]) -> Result<Vec<OwnedRecord>, Fault> {
    let view = BatchView::parse(batch)?;
    view.check_crc()?;
    let mut reader = RecordReader::new(BUDGET);
    Ok(reader
        .batch(&view)?
        .iter()
        .map(|record| (&record).into())
        .collect())
}

#[test]
fn every_field_of_the_header_is_read() {
    let mut sample =
        Sample::new(odd_records(1_000)).attributes(TRANSACTIONAL | CONTROL | DELETE_HORIZON | APPEND_TIME);
    sample.codec = Codec::Zstd;
    sample.producer = (77, 3, 9);
    sample.last_offset = 1_010;
    let bytes = sample.bytes();
    let view = BatchView::parse(&bytes).unwrap();
    let header = view.header();
    assert_eq!(
        (header.base_offset, header.last_offset(), header.next_offset()),
        (1_000, 1_010, 1_011)
    );
    assert_eq!(
        (header.leader_epoch, header.count, header.codec),
        (5, 5, Codec::Zstd)
    );
    assert_eq!(
        (header.producer_id, header.producer_epoch, header.base_sequence),
        (77, 3, 9)
    );
    assert_eq!(
        (header.base_timestamp, header.max_timestamp),
        (1_700_000_000_000, i64::MAX)
    );
    let attributes = header.attributes;
    assert!(attributes.is_transactional() && attributes.is_control() && attributes.has_delete_horizon());
    assert_eq!(attributes.timestamp_kind(), TimestampKind::LogAppend);
    assert!(header.has_holes());
    view.check_crc().unwrap();
}

#[test]
fn records_of_every_codec_are_read_with_all_their_fields() {
    for codec in Codec::ALL {
        let records = odd_records(42);
        let bytes = Sample::new(records.clone()).codec(codec).bytes();
        assert_eq!(read(&bytes).unwrap(), records, "{codec}");
    }
}

#[test]
fn a_record_keeps_more_than_a_hundred_thousand_headers() {
    let mut many = record(0, "k", "v");
    many.headers = (0..150_000_u32)
        .map(|n| (b"same".to_vec(), (n % 3 != 0).then(|| n.to_be_bytes().to_vec())))
        .collect();
    let bytes = Sample::new(vec![many.clone()]).codec(Codec::Lz4).bytes();
    let view = BatchView::parse(&bytes).unwrap();
    let mut reader = RecordReader::new(8 << 20);
    let records = reader.batch(&view).unwrap();
    let headers = records.iter().next().unwrap().headers;
    assert_eq!(headers.len(), 150_000);
    assert_eq!(OwnedRecord::from(&records.iter().next().unwrap()), many);
}

#[test]
fn a_batch_of_append_time_gives_all_records_its_greatest_timestamp() {
    let mut sample = Sample::new(vec![record(0, "a", "1"), record(1, "b", "2")]).attributes(APPEND_TIME);
    sample.max_timestamp = 1_800_000_000_000;
    let records = read(&sample.bytes()).unwrap();
    assert!(
        records
            .iter()
            .all(|r| (r.timestamp, r.timestamp_kind) == (1_800_000_000_000, TimestampKind::LogAppend))
    );
}

#[test]
fn timestamps_count_from_a_delete_horizon_like_from_any_base() {
    let mut sample = Sample::new(vec![record(0, "a", "1")]).attributes(DELETE_HORIZON);
    sample.base_timestamp = 1_900_000_000_000;
    assert_eq!(read(&sample.bytes()).unwrap()[0].timestamp, 1_700_000_000_000);
}

#[test]
fn offsets_that_compaction_left_are_read_as_they_are() {
    let mut sample = Sample::new(vec![record(12, "a", "1"), record(17, "b", "2")]).codec(Codec::Gzip);
    sample.base_offset = 10;
    sample.last_offset = 19;
    let bytes = sample.bytes();
    assert_eq!(
        read(&bytes).unwrap().iter().map(|r| r.offset).collect::<Vec<_>>(),
        [12, 17]
    );
    assert!(BatchView::parse(&bytes).unwrap().header().has_holes());
}

#[test]
fn a_batch_that_compaction_emptied_has_no_records_whatever_its_codec() {
    for codec in Codec::ALL {
        let mut sample = Sample::new(Vec::new()).codec(codec);
        (sample.base_offset, sample.last_offset) = (30, 39);
        assert_eq!(read(&sample.bytes()).unwrap(), [], "{codec}");
    }
}

#[test]
fn a_wrong_checksum_is_a_fault_whose_end_is_only_claimed() {
    let mut bytes = Sample::new(vec![record(5, "a", "1"), record(6, "b", "2")]).bytes();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    let fault = read(&bytes).unwrap_err();
    assert!(matches!(fault.kind, FaultKind::BadCrc { stored, computed } if stored != computed));
    assert_eq!(
        (fault.range.first, fault.range.next),
        (Edge::Exact(5), Edge::Claimed(7))
    );
}

#[test]
fn every_cut_of_a_batch_is_truncated() {
    let bytes = Sample::new(odd_records(0)).bytes();
    for len in 0..bytes.len() {
        let fault = BatchView::parse(&bytes[..len]).unwrap_err();
        assert!(
            matches!(fault.kind, FaultKind::Truncated { available, .. } if available == len),
            "{len}: {fault:?}"
        );
    }
}

#[test]
fn every_flipped_byte_behind_the_leader_epoch_is_found() {
    for codec in [Codec::None, Codec::Zstd] {
        let bytes = Sample::new(odd_records(0)).codec(codec).bytes();
        for at in 8..bytes.len() {
            if (12..16).contains(&at) {
                continue;
            }
            let mut bad = bytes.clone();
            bad[at] ^= 0x41;
            assert!(read(&bad).is_err(), "{codec} byte {at}");
        }
    }
}

#[test]
fn an_impossible_length_an_unknown_magic_and_an_unknown_codec_are_different_faults() {
    let sample = Sample::new(vec![record(3, "a", "1")]);
    let mut short = sample.bytes();
    short[8..12].copy_from_slice(&48_i32.to_be_bytes());
    assert_eq!(
        BatchView::parse(&short).unwrap_err().kind,
        FaultKind::BadLength(48)
    );
    short[8..12].copy_from_slice(&(-1_i32).to_be_bytes());
    assert_eq!(
        BatchView::parse(&short).unwrap_err().kind,
        FaultKind::BadLength(-1)
    );

    let mut newer = sample.bytes();
    newer[16] = 3;
    let fault = BatchView::parse(&newer).unwrap_err();
    assert_eq!(
        (fault.kind, fault.range.first),
        (FaultKind::UnknownMagic(3), Edge::Exact(3))
    );

    let unknown = sample.attributes(7).bytes();
    let fault = BatchView::parse(&unknown).unwrap_err();
    assert_eq!(
        (fault.kind, fault.range),
        (FaultKind::UnknownCodec(7), exact(3, 4))
    );
}

#[test]
fn a_number_of_records_that_is_not_that_of_the_batch_is_a_mismatch() {
    let mut sample = Sample::new(vec![
        record(0, "a", "1"),
        record(1, "b", "2"),
        record(2, "c", "3"),
    ]);
    sample.last_offset = 9;
    for (declared, found) in [(2, 3), (4, 3), (1, 3)] {
        sample.count = Some(declared);
        let fault = read(&sample.bytes()).unwrap_err();
        let kind = FaultKind::CountMismatch {
            declared: declared.into(),
            found,
        };
        assert_eq!((fault.kind, fault.range), (kind, exact(0, 10)));
    }
    sample.count = Some(11);
    assert!(matches!(
        read(&sample.bytes()).unwrap_err().kind,
        FaultKind::CountMismatch { declared: 11, .. }
    ));
    sample.count = Some(-1);
    assert!(matches!(
        read(&sample.bytes()).unwrap_err().kind,
        FaultKind::CountMismatch { declared: -1, .. }
    ));
}

/// A batch of one record with these bytes.
fn with_record(bytes: &[u8]) -> Vec<u8> {
    Sample::new(vec![record(100, "", "")]).with_body(bytes)
}

#[test]
fn a_record_that_contradicts_its_size_is_a_fault_with_the_range_of_its_batch() {
    // length, attributes, timestamp delta, offset delta, key length, value length, number of headers
    assert!(
        read(&with_record(&[12, 0, 0, 0, 1, 1, 0])).is_ok(),
        "the smallest record"
    );
    for (bytes, reason) in [
        (&[10, 0, 0, 0, 1, 1][..], RecordFault::Cut),
        (&[14, 0, 0, 0, 1, 1, 0], RecordFault::Length),
        (&[14, 0, 0, 0, 1, 1, 0, 9], RecordFault::Leftover),
        (&[1, 0, 0, 0, 1, 1, 0], RecordFault::Length),
        (&[12, 0, 0, 0, 60, 1, 0], RecordFault::Length),
        (&[12, 0, 0, 0, 1, 1, 1], RecordFault::Length),
        (&[12, 0, 0, 0, 1, 1, 2], RecordFault::Cut),
        (&[16, 0, 0, 0, 1, 1, 2, 1, 1], RecordFault::Length),
        (&[12, 0, 0, 2, 1, 1, 0], RecordFault::Offset),
        (&[12, 0, 0, 1, 1, 1, 0], RecordFault::Offset),
        (&[0], RecordFault::Cut),
        (&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff], RecordFault::Number),
    ] {
        let fault = read(&with_record(bytes)).unwrap_err();
        assert_eq!(fault.kind, FaultKind::BadRecord { index: 0, reason }, "{bytes:?}");
        assert_eq!(fault.range, exact(100, 101));
    }
}

#[test]
fn two_records_with_one_offset_are_a_fault() {
    let mut twice = Sample::new(vec![record(0, "a", "1"), record(1, "b", "2")]);
    twice.records[1].offset = 0;
    let kind = read(&twice.bytes()).unwrap_err().kind;
    assert_eq!(
        kind,
        FaultKind::BadRecord {
            index: 1,
            reason: RecordFault::Offset
        }
    );
}

#[test]
fn a_record_set_ends_with_the_part_of_a_batch_that_the_broker_cut() {
    let first = Sample::new(vec![record(0, "a", "1")]).bytes();
    let second = Sample::new(vec![record(1, "b", "2")])
        .codec(Codec::Snappy)
        .bytes();
    let mut set = first.clone();
    set.extend(&second);
    let whole: Vec<_> = RecordSet::new(&set)
        .map(|entry| entry.unwrap().next_offset())
        .collect();
    assert_eq!(whole, [Some(1), Some(2)]);
    for cut in 1..second.len() {
        let bytes = &set[..first.len() + cut];
        let entries: Vec<_> = RecordSet::new(bytes).collect::<Result<_, _>>().unwrap();
        assert_eq!(entries.len(), 2);
        let Entry::Partial(partial) = entries[1] else {
            panic!("{:?}", entries[1])
        };
        assert_eq!(partial.available, cut);
        assert_eq!(partial.offset, (cut >= 8).then_some(1));
        assert_eq!(partial.needed, (cut >= 12).then_some(second.len()));
    }
}

#[test]
fn a_damaged_batch_ends_where_the_sound_one_behind_it_begins() {
    let mut set = Sample::new(vec![record(0, "a", "1")]).bytes();
    let mut damaged = Sample::new(vec![record(1, "b", "2"), record(2, "c", "3")]).bytes();
    // The last offset in the header is wrong, too.
    damaged[26] = 0x7f;
    let at = set.len();
    set.extend(&damaged);
    let mut third = Sample::new(vec![record(8, "d", "4")]);
    third.base_offset = 7;
    set.extend(third.bytes());

    let mut entries = RecordSet::new(&set);
    assert!(entries.next().unwrap().is_ok());
    let placed = entries.next_placed().unwrap();
    assert_eq!(placed.at, at);
    let fault = placed.entry.unwrap_err();
    assert!(matches!(fault.kind, FaultKind::BadCrc { .. }));
    assert_eq!(fault.range, exact(1, 7));
    assert_eq!(fault.range.to_string(), "offsets 1 to 6");
    assert_eq!(entries.next().unwrap().unwrap().next_offset(), Some(9));
    assert!(entries.next().is_none());
}

#[test]
fn an_unknown_format_is_passed_over_by_its_length_and_an_impossible_length_ends_the_set() {
    let mut set = Sample::new(vec![record(0, "a", "1")]).bytes();
    set[16] = 9;
    let second = Sample::new(vec![record(4, "b", "2")]).bytes();
    set.extend(&second);
    let mut entries = RecordSet::new(&set);
    let fault = entries.next().unwrap().unwrap_err();
    assert_eq!(
        (fault.kind, fault.range),
        (FaultKind::UnknownMagic(9), exact(0, 4))
    );
    assert!(entries.next().unwrap().is_ok());

    set[8..12].copy_from_slice(&13_i32.to_be_bytes());
    let mut entries = RecordSet::new(&set);
    let fault = entries.next().unwrap().unwrap_err();
    assert_eq!(fault.kind, FaultKind::BadLength(13));
    assert_eq!(
        (fault.range.first, fault.range.next),
        (Edge::Exact(0), Edge::Unknown)
    );
    assert!(entries.next().is_none());
}

#[test]
fn the_zeros_behind_the_data_of_a_segment_file_are_no_entry() {
    let mut segment = Sample::new(vec![record(0, "a", "1")]).bytes();
    segment.extend([0; 100]);
    let mut entries = RecordSet::new(&segment);
    assert!(entries.next().unwrap().is_ok());
    assert_eq!(entries.next().unwrap().unwrap_err().kind, FaultKind::BadLength(0));
}

#[test]
fn a_sum_of_offsets_beyond_the_type_is_a_fault() {
    let mut sample = Sample::new(vec![record(0, "a", "1")]);
    let mut bytes = sample.bytes();
    bytes[..8].copy_from_slice(&i64::MAX.to_be_bytes());
    assert!(BatchView::parse(&bytes).is_err());
    bytes[..8].copy_from_slice(&(-1_i64).to_be_bytes());
    assert!(BatchView::parse(&bytes).is_err());
    sample.records[0].timestamp = i64::MIN;
    sample.base_timestamp = i64::MAX;
    assert_eq!(
        read(&sample.bytes()).unwrap()[0].timestamp,
        i64::MIN,
        "times wrap around as in Kafka"
    );
}

#[test]
fn a_header_with_records_but_no_bytes_is_a_fault() {
    for codec in Codec::ALL {
        let mut bytes = Sample::new(vec![record(0, "a", "1")])
            .codec(codec)
            .with_payload(&[]);
        reseal(&mut bytes);
        assert!(read(&bytes).is_err(), "{codec}");
    }
}
