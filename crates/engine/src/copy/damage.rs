//! Which offsets a damaged batch of the source takes with it. librdkafka names the batch but not its end, so the wire client
//! reads its header.

use std::time::Duration;

use sluice_model::{Cluster, OffsetRange};
use sluice_wire::format::{Diagnosis, RecordReader, describe_fault_at};
use sluice_wire::{Client, Isolation};

use crate::position::PartitionKey;

/// How long one question to the source may take.
const DEADLINE: Duration = Duration::from_secs(5);
/// Bytes that are looked at first, and at most where the batch is larger.
const FIRST_BYTES: usize = 1024 * 1024;
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// The offsets from `position` to the end of the damaged batch there; only `position` itself where the end is unknown
/// (GSSAPI, a damaged length). Reading on then meets the same batch again, offset by offset.
pub(super) fn damaged_range(source: &Cluster, key: &PartitionKey, position: i64) -> OffsetRange {
    let next = end_of_damage(source, key, position)
        .inspect_err(
            |error| tracing::info!(%key, position, %error, "the end of a damaged batch is not known"),
        )
        .ok()
        .flatten()
        .filter(|next| *next > position);
    OffsetRange {
        from: position,
        to: next.unwrap_or(position + 1),
    }
}

fn end_of_damage(source: &Cluster, key: &PartitionKey, position: i64) -> sluice_wire::Result<Option<i64>> {
    let client = Client::new(source)?.with_timeout(DEADLINE);
    let mut reader = RecordReader::new(MOST_BYTES);
    let mut bytes = FIRST_BYTES;
    loop {
        let wanted = i32::try_from(bytes).unwrap_or(i32::MAX);
        let fetched = client.fetch_raw(
            &key.topic,
            key.partition,
            position,
            wanted,
            Isolation::Uncommitted,
        )?;
        match describe_fault_at(&fetched.records, position, &mut reader) {
            Diagnosis::Damaged(fault) => return Ok(fault.range.next.offset()),
            Diagnosis::Partial(partial) => {
                let needed = partial.needed.unwrap_or(bytes * 4).max(bytes * 2);
                if needed > MOST_BYTES {
                    return Ok(None);
                }
                bytes = needed;
            }
            Diagnosis::Nothing { next } => return Ok(next),
            // What librdkafka refuses and is whole: larger than it reads, or a codec that it does not know.
            Diagnosis::Sound { last, .. } | Diagnosis::OldFormat { last, .. } => return Ok(Some(last + 1)),
        }
    }
}
