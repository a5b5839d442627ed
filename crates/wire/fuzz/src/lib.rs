//! What the fuzz targets share: the formats themselves, and wrapping of bytes so that checksums do not stop them.

// The formats alone, without the sockets of their crate: so the targets build in seconds.
#[path = "../../src/format/mod.rs"]
pub mod format;

use format::{
    BatchView, CanonicalFields, CanonicalHasher, Codec, Diagnosis, FetchedSet, IsolationLevel, Level, ProducerStamp,
    RecordReader, RecordSet, Splice, SpliceOptions, Spliced, Wanted, describe_fault_at, rewrite,
};

/// Bytes that an entry may expand to. Small, so that exceeding it is found.
const BUDGET: usize = 256 * 1024;

/// Reads a record set in every way there is, splices what can be read, and holds the result to what was read.
pub fn read_everything(set: &[u8]) {
    let mut reader = RecordReader::new(BUDGET);
    let mut hasher = CanonicalHasher::new();
    let mut splice = Splice::new(SpliceOptions {
        codec: Codec::None,
        level: Level::Default,
        max_batch_bytes: usize::MAX,
        missing_timestamp: None,
    });
    let mut hashes = Vec::new();
    let mut offset = 0;
    for entry in RecordSet::new(set).flatten() {
        let Ok(records) = reader.read(&entry) else {
            continue;
        };
        let mut count = 0;
        for record in &records {
            assert!((records.first_offset()..records.next_offset()).contains(&record.offset));
            assert_eq!(record.headers.iter().count(), record.headers.len());
            hashes.push(hasher.hash(&record, CanonicalFields::ALL));
            count += 1;
        }
        assert_eq!(count, records.len(), "every record that was checked is read");
        assert!(records.byte_len() <= BUDGET.max(set.len()));
        assert_eq!(splice.add(&records, &Wanted::ALL) as usize, count);
        offset = records.next_offset();
    }
    compare(&mut splice, &hashes);
    drop(FetchedSet::new(set, [], IsolationLevel::ReadCommitted).collect_records(&mut reader));
    if let Diagnosis::Damaged(fault) = describe_fault_at(set, offset, &mut reader) {
        assert!(!fault.to_string().is_empty());
    }
    let mut copy = set.to_vec();
    if rewrite(&mut copy, &ProducerStamp::NONE).is_err() {
        assert_eq!(copy, set, "a batch that is refused stays as it was");
    }
}

/// What was spliced is what was read.
fn compare(splice: &mut Splice, hashes: &[u64]) {
    let mut hasher = CanonicalHasher::new();
    let mut reader = RecordReader::new(usize::MAX);
    let mut copied = Vec::new();
    for built in splice.finish(&ProducerStamp::NONE).expect("no codec") {
        let Spliced::Batch(batch) = built else {
            panic!("without a limit nothing is too large")
        };
        let view = BatchView::parse(&batch.bytes).expect("a whole batch");
        view.check_crc().expect("its checksum");
        let records = reader.batch(&view).expect("its records");
        copied.extend(records.iter().map(|record| hasher.hash(&record, CanonicalFields::ALL)));
    }
    assert_eq!(copied, hashes, "spliced records are those that were read");
}

/// A message of format 0 or 1 with a right checksum.
pub fn message(magic: u8, offset: i64, attributes: u8, value: &[u8]) -> Vec<u8> {
    let mut covered = vec![magic, attributes];
    if magic == 1 {
        covered.extend(77_i64.to_be_bytes());
    }
    covered.extend((-1_i32).to_be_bytes());
    covered.extend((value.len() as i32).to_be_bytes());
    covered.extend(value);
    let mut out = Vec::new();
    out.extend(offset.to_be_bytes());
    out.extend((covered.len() as i32 + 4).to_be_bytes());
    out.extend(crc32(&covered).to_be_bytes());
    out.extend(covered);
    out
}

/// CRC-32, as messages of formats 0 and 1 have it.
pub fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// A batch of format 2 with a right checksum.
pub fn batch(attributes: u16, last_offset_delta: i32, count: i32, records: &[u8]) -> Vec<u8> {
    let mut covered = Vec::new();
    covered.extend(attributes.to_be_bytes());
    covered.extend(last_offset_delta.to_be_bytes());
    covered.extend(1_000_i64.to_be_bytes());
    covered.extend(2_000_i64.to_be_bytes());
    covered.extend([0xff; 14]);
    covered.extend(count.to_be_bytes());
    covered.extend(records);
    let mut out = Vec::new();
    out.extend(100_i64.to_be_bytes());
    out.extend((covered.len() as i32 + 9).to_be_bytes());
    out.extend([0, 0, 0, 0, 2]);
    out.extend(crc32c::crc32c(&covered).to_be_bytes());
    out.extend(covered);
    out
}
