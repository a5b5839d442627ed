//! Reads a part of a log again, for the hashes of records that were compared without taking them apart.

use std::time::{Duration, Instant};

use sluice_wire::WireError;
use sluice_wire::format::{Fault, Fetched, FetchedSet, IsolationLevel, RecordReader};

use crate::record_hash::{Fields, hash_parts};
use crate::verify::stored_log::{FETCH, StoredLog, aborted};
use crate::verify::wire_feed::EXPANDED;

/// How long a broker may give nothing.
const SILENCE: Duration = Duration::from_secs(10);

/// Why a part of a log could not be read again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RereadError {
    #[error("{0}")]
    Wire(#[from] WireError),
    #[error("{0}")]
    Stored(#[from] Fault),
    #[error("nothing came of it")]
    Silent,
}

/// The hashes of the committed records at the offsets `from..to`, in their order.
///
/// # Errors
/// The cluster cannot be asked, or the log is not readable there any more.
pub(crate) fn hashes(
    log: &mut dyn StoredLog,
    from: i64,
    to: i64,
    fields: Fields,
) -> Result<Vec<u64>, RereadError> {
    let mut expander = RecordReader::new(EXPANDED);
    let (mut hashes, mut next) = (Vec::new(), from);
    let mut until = Instant::now() + SILENCE;
    while next < to {
        let before = next;
        if let Some(fetched) = log.fetch(next, FETCH)? {
            let mut set = FetchedSet::new(&fetched.records, aborted(&fetched), IsolationLevel::ReadCommitted);
            while let Some(entry) = set.next(&mut expander) {
                match entry? {
                    Fetched::Partial(_) => break,
                    Fetched::Control { next_offset, .. } | Fetched::Aborted { next_offset, .. } => {
                        next = next_offset;
                    }
                    Fetched::Records { records, .. } => {
                        next = records.next_offset();
                        hashes.extend(
                            records
                                .iter()
                                .filter(|record| (from..to).contains(&record.offset))
                                .map(|record| {
                                    let headers =
                                        record.headers.iter().map(|header| (header.key, header.value));
                                    hash_parts(record.key, record.value, record.timestamp, headers, fields)
                                }),
                        );
                    }
                }
            }
        }
        if next > before {
            until = Instant::now() + SILENCE;
        } else if Instant::now() >= until {
            return Err(RereadError::Silent);
        }
    }
    Ok(hashes)
}
