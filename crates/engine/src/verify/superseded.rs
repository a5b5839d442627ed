//! Records that one side of a compacted topic lacks, until their successor is seen there.

use std::collections::HashMap;

use xxhash_rust::xxh3::xxh3_64;

use crate::verify::detail::shorten;
use crate::verify::record::Record;
use crate::verify::report::DifferenceKind;

/// Superseded records remembered until their successor is seen.
pub(crate) const PENDING_LIMIT: usize = 1_000_000;

/// Keys whose superseded record is gone on a side, until a later record of that key is seen there.
#[derive(Default)]
pub(crate) struct Superseded(HashMap<u64, Awaited>);

/// Small, because there may be many.
pub(crate) struct Awaited {
    pub(crate) kind: DifferenceKind,
    pub(crate) offset: i64,
    pub(crate) key: Box<str>,
    /// The record itself: on logs that agree nowhere near, its copy may come later than expected.
    hash: u64,
}

impl Superseded {
    /// Waits for a later record of `record`'s key. A tombstone needs none: cleaners remove it for good, and with it goes
    /// the reason to wait for what it deleted. Returns whether there was room.
    pub(crate) fn wait(&mut self, record: &Record, kind: DifferenceKind) -> bool {
        let key = key_hash(record);
        if record.value().is_none() {
            self.0.remove(&key);
            return true;
        }
        if self.0.len() >= PENDING_LIMIT && !self.0.contains_key(&key) {
            return false;
        }
        // Two records of one key wait for the same successor; only the later is given back if it never comes.
        self.0.insert(
            key,
            Awaited {
                kind,
                offset: record.offset(),
                key: shorten(record.key()).into(),
                hash: record.hash,
            },
        );
        true
    }

    /// A record of this key is there.
    pub(crate) fn saw(&mut self, message: &Record) {
        self.0.remove(&key_hash(message));
    }

    /// Whether `record` is the very one that was taken for superseded.
    pub(crate) fn is_late(&self, record: &Record) -> bool {
        self.0
            .get(&key_hash(record))
            .is_some_and(|awaited| awaited.hash == record.hash)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those whose successor never came, in the order of their offsets.
    pub(crate) fn take(&mut self) -> Vec<Awaited> {
        let mut awaited: Vec<Awaited> = std::mem::take(&mut self.0).into_values().collect();
        awaited.sort_unstable_by_key(|awaited| awaited.offset);
        awaited
    }
}

fn key_hash(message: &Record) -> u64 {
    message.key().map_or(0, xxh3_64)
}
