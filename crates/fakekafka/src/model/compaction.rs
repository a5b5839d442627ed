//! What the log cleaner leaves of a partition.

use std::collections::{HashMap, VecDeque};

use bytes::Bytes;

use super::log::{PartitionLog, StoredBatch};
use crate::format::{BatchHeader, BatchSpec, Compression, FormatError, decode, encode};

/// Removes records a later record of the same key supersedes, records without key and aborted records. Offsets
/// stay: batches keep their range and get holes. Tombstones and transaction markers are kept, and nothing at or
/// after the first undecided transaction is touched.
pub(crate) fn compact(log: &mut PartitionLog) -> Result<(), FormatError> {
    let clean_to = log.last_stable_offset();
    let mut newest: HashMap<Bytes, i64> = HashMap::new();
    for batch in log.batches() {
        if batch.header.is_control()
            || log.is_aborted(&batch.header)
            || batch.header.last_offset() >= clean_to
        {
            continue;
        }
        for record in decode(&batch.header, &batch.bytes)? {
            if let Some(key) = record.key {
                newest.insert(key, record.offset);
            }
        }
    }

    let mut kept = VecDeque::new();
    for batch in log.batches() {
        if batch.header.is_control() || batch.header.last_offset() >= clean_to {
            kept.push_back(batch.clone());
            continue;
        }
        let mut records = decode(&batch.header, &batch.bytes)?;
        if log.is_aborted(&batch.header) {
            records.clear();
        }
        records.retain(|r| r.key.as_ref().and_then(|key| newest.get(key)) == Some(&r.offset));
        if records.len() == batch.header.count as usize {
            kept.push_back(batch.clone());
            continue;
        }
        // The sequence numbers of a producer live in its newest batch, so that one stays without records.
        if records.is_empty() && !(batch.header.producer_id >= 0 && log.producers().is_newest(&batch.header))
        {
            continue;
        }
        let mut spec = BatchSpec::like(&batch.header)?;
        if records.is_empty() {
            // As Kafka writes it: an empty batch is a bare header, and clients refuse to decompress nothing.
            spec.compression = Compression::None;
        }
        if !spec.append_time {
            spec.max_timestamp = records
                .iter()
                .map(|r| r.timestamp)
                .max()
                .unwrap_or(spec.max_timestamp);
        }
        let bytes = encode(&spec, &records)?;
        kept.push_back(StoredBatch {
            header: BatchHeader::parse(&bytes)?,
            bytes,
        });
    }
    log.replace(kept);
    Ok(())
}
