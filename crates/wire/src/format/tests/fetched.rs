use super::sample::{CONTROL, Sample, TRANSACTIONAL, message, record};
use crate::format::{
    AbortedTransaction, Codec, ControlKind, FaultKind, Fetched, FetchedSet, IsolationLevel, OwnedRecord,
    RecordReader,
};

fn transactional(producer_id: i64, records: Vec<OwnedRecord>) -> Vec<u8> {
    let mut sample = Sample::new(records).attributes(TRANSACTIONAL).codec(Codec::Lz4);
    sample.producer = (producer_id, 0, 0);
    sample.bytes()
}

/// A marker: 0 aborts, 1 commits.
fn marker(producer_id: i64, offset: i64, kind: u8) -> Vec<u8> {
    let mut marker = record(offset, "", "");
    marker.key = Some(vec![0, 0, 0, kind]);
    marker.value = Some(vec![0, 0, 0, 0, 0, 9]);
    let mut sample = Sample::new(vec![marker]).attributes(TRANSACTIONAL | CONTROL);
    sample.producer = (producer_id, 0, -1);
    sample.bytes()
}

/// Two producers side by side: 1 aborts and then commits, 2 commits.
fn log() -> Vec<u8> {
    [
        transactional(1, vec![record(0, "1", "aborted"), record(1, "1", "aborted")]),
        transactional(2, vec![record(2, "2", "kept")]),
        Sample::new(vec![record(3, "plain", "kept")]).bytes(),
        transactional(1, vec![record(4, "1", "aborted")]),
        marker(1, 5, 0),
        transactional(1, vec![record(6, "1", "kept")]),
        marker(2, 7, 1),
        marker(1, 8, 1),
    ]
    .concat()
}

const ABORTED: AbortedTransaction = AbortedTransaction {
    first_offset: 0,
    producer_id: 1,
};

fn offsets(isolation: IsolationLevel, set: &[u8]) -> Vec<i64> {
    let mut reader = RecordReader::new(1 << 20);
    let records = FetchedSet::new(set, [ABORTED], isolation)
        .collect_records(&mut reader)
        .unwrap();
    records.iter().map(|record| record.offset).collect()
}

#[test]
fn aborted_records_are_left_out_up_to_the_producers_marker() {
    assert_eq!(offsets(IsolationLevel::ReadCommitted, &log()), [2, 3, 6]);
    assert_eq!(
        offsets(IsolationLevel::ReadUncommitted, &log()),
        [0, 1, 2, 3, 4, 6]
    );
}

#[test]
fn a_transaction_of_the_list_begins_no_earlier_than_its_first_offset() {
    let log = [
        transactional(1, vec![record(0, "1", "kept")]),
        marker(1, 1, 1),
        transactional(1, vec![record(2, "1", "aborted")]),
        marker(1, 3, 0),
    ]
    .concat();
    let aborted = AbortedTransaction {
        first_offset: 2,
        producer_id: 1,
    };
    let mut reader = RecordReader::new(1 << 20);
    let set = FetchedSet::new(&log, [aborted], IsolationLevel::ReadCommitted);
    let records = set.collect_records(&mut reader).unwrap();
    assert_eq!(
        records.iter().map(|record| record.offset).collect::<Vec<_>>(),
        [0]
    );
}

#[test]
fn markers_and_aborted_batches_are_reported_with_their_positions() {
    let log = log();
    let mut set = FetchedSet::new(&log, [ABORTED], IsolationLevel::ReadCommitted);
    let mut reader = RecordReader::new(1 << 20);
    let mut seen = Vec::new();
    while let Some(fetched) = set.next(&mut reader) {
        seen.push(match fetched.unwrap() {
            Fetched::Records { magic, records } => format!("records {magic} {}", records.next_offset()),
            Fetched::Control {
                kind,
                producer_id,
                next_offset,
                ..
            } => {
                format!("{kind:?} {producer_id} {next_offset}")
            }
            Fetched::Aborted {
                producer_id,
                first_offset,
                next_offset,
            } => {
                format!("aborted {producer_id} {first_offset} {next_offset}")
            }
            Fetched::Partial(partial) => format!("{partial:?}"),
        });
    }
    assert_eq!(
        seen,
        [
            "aborted 1 0 2",
            "records 2 3",
            "records 2 4",
            "aborted 1 4 5",
            "Abort 1 6",
            "records 2 7",
            "Commit 2 8",
            "Commit 1 9",
        ]
    );
}

#[test]
fn an_unknown_marker_is_reported_by_its_number() {
    let mut reader = RecordReader::new(1 << 20);
    for (bytes, expected) in [
        (marker(1, 0, 4), ControlKind::Other(4)),
        (
            {
                let mut odd = Sample::new(vec![record(0, "x", "")]).attributes(CONTROL);
                odd.producer = (1, 0, 0);
                odd.bytes()
            },
            ControlKind::Other(-1),
        ),
    ] {
        let mut set = FetchedSet::new(&bytes, [], IsolationLevel::ReadCommitted);
        let Some(Ok(Fetched::Control { kind, .. })) = set.next(&mut reader) else {
            panic!("a marker")
        };
        assert_eq!(kind, expected);
    }
}

#[test]
fn a_cut_entry_is_reported_and_a_damaged_one_does_not_hide_the_next() {
    let mut log = log();
    let second = transactional(1, vec![record(0, "1", "aborted"), record(1, "1", "aborted")]).len() + 70;
    log[second] ^= 1;
    log.extend(&message(1, 9, 0, 5, None, Some(b"v"))[..20]);
    let mut set = FetchedSet::new(&log, [ABORTED], IsolationLevel::ReadCommitted);
    let mut reader = RecordReader::new(1 << 20);
    assert!(matches!(set.next(&mut reader), Some(Ok(Fetched::Aborted { .. }))));
    let fault = set.next(&mut reader).unwrap().unwrap_err();
    assert!(matches!(fault.kind, FaultKind::BadCrc { .. }));
    assert!(matches!(set.next(&mut reader), Some(Ok(Fetched::Records { .. }))));
    let mut last = None;
    while let Some(fetched) = set.next(&mut reader) {
        last = Some(matches!(fetched.unwrap(), Fetched::Partial(partial) if partial.offset == Some(9)));
    }
    assert_eq!(last, Some(true));
}
