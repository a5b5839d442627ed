use sluice_wire::format::BatchView;
use sluice_wire::{Client, Isolation, TopicPartition, WireError};

/// Bytes asked for at once.
const AT_ONCE: i32 = 256 * 1024;
/// How often is asked: what is longer is judged by its beginning.
const ROUNDS: usize = 16;

/// A stored batch, as far as it says who wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StoredBatch {
    pub(crate) offset: i64,
    /// Offsets that it takes.
    pub(crate) offsets: i64,
    /// None for producers that are not idempotent, and in formats that have no place for it (before 0.11).
    pub(crate) producer_id: Option<i64>,
    /// The greatest timestamp, in ms since 1970.
    pub(crate) timestamp: Option<i64>,
    /// Whether it is a marker of a transaction and no records.
    pub(crate) is_marker: bool,
}

/// The batches of a partition from `from` up to `to`, as far as a few requests reach.
///
/// # Errors
/// The partition's leader does not answer.
pub(crate) fn stored_batches(
    client: &Client,
    place: &TopicPartition,
    from: i64,
    to: i64,
) -> Result<Vec<StoredBatch>, WireError> {
    let mut found = Vec::new();
    let mut next = from;
    for _ in 0..ROUNDS {
        if next >= to {
            break;
        }
        let fetched = client.fetch_raw(
            &place.topic,
            place.partition,
            next,
            AT_ONCE,
            Isolation::Uncommitted,
        )?;
        let begun = next;
        next = read_batches(&fetched.records, next, to, &mut found);
        if next == begun {
            break;
        }
    }
    Ok(found)
}

/// Adds what stands in `bytes` to `found`; returns where to go on.
fn read_batches(bytes: &[u8], from: i64, to: i64, found: &mut Vec<StoredBatch>) -> i64 {
    let (mut next, mut at) = (from, 0);
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        match BatchView::parse(rest) {
            Ok(batch) => {
                let header = batch.header();
                at += batch.bytes().len();
                // The first may begin before what was asked for.
                if header.next_offset() <= next {
                    continue;
                }
                if header.base_offset >= to {
                    return to;
                }
                found.push(StoredBatch {
                    offset: header.base_offset.max(next),
                    offsets: header.next_offset() - header.base_offset.max(next),
                    producer_id: Some(header.producer_id).filter(|id| *id >= 0),
                    timestamp: Some(header.max_timestamp).filter(|time| *time >= 0),
                    is_marker: header.attributes.is_control(),
                });
                next = header.next_offset();
            }
            // A batch that is cut off is asked for again; older formats do not say who wrote them.
            Err(_) if next > from => return next,
            Err(_) if rest.len() < AT_ONCE as usize / 2 && !rest.is_empty() => {
                found.push(StoredBatch {
                    offset: next,
                    offsets: to - next,
                    producer_id: None,
                    timestamp: None,
                    is_marker: false,
                });
                return to;
            }
            Err(_) => return next,
        }
    }
    next
}
