//! The last record of each key of a compacted log, written by either side.

use std::collections::HashMap;

use crate::verify::failure::Result;
use crate::verify::stream::Stream;
use crate::verify::superseded::key_hash;

/// Keys of a log that are remembered beside those that are asked for: 16 MiB.
pub(crate) const KEYS: usize = 400_000;

/// The last record of a key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Last {
    pub(crate) offset: i64,
    /// The record itself.
    pub(crate) hash: u64,
    /// It has a value.
    pub(crate) is_alive: bool,
    /// It is of what is compared.
    pub(crate) counts: bool,
}

/// The last records of a log, by what stands for their keys.
#[derive(Debug, Default)]
pub(crate) struct LastRecords {
    by_key: HashMap<u64, Last>,
    /// Of the keys that are asked for: where their last tombstone stands that is not of what is compared.
    tombstones: HashMap<u64, i64>,
    /// There were more than [`KEYS`].
    is_cut: bool,
}

impl LastRecords {
    /// Reads a log from `from` to its end. Of the keys that are `asked` for nothing is left out.
    ///
    /// # Errors
    /// The log cannot be read.
    pub(crate) fn read(stream: &mut Stream<'_>, from: i64, asked: impl Fn(u64) -> bool) -> Result<Self> {
        let mut found = Self::default();
        stream.read_everything(from);
        while stream.peek(0)?.is_some() {
            let Some(record) = stream.pop() else { break };
            if record.key().is_none() {
                continue;
            }
            let key = key_hash(&record);
            let is_asked = asked(key);
            let is_alive = record.value().is_some();
            if is_asked && !is_alive && !record.counts {
                found.tombstones.insert(key, record.offset());
            }
            if !is_asked && found.by_key.len() >= KEYS && !found.by_key.contains_key(&key) {
                found.is_cut = true;
                continue;
            }
            let last = Last {
                offset: record.offset(),
                hash: record.hash,
                is_alive,
                counts: record.counts,
            };
            found.by_key.insert(key, last);
        }
        Ok(found)
    }

    pub(crate) fn of(&self, key: u64) -> Option<Last> {
        self.by_key.get(&key).copied()
    }

    /// Where the last tombstone of a key that was asked for stands that is not of what is compared.
    pub(crate) fn tombstone_beside(&self, key: u64) -> Option<i64> {
        self.tombstones.get(&key).copied()
    }

    /// Whether the last record of each key is there.
    pub(crate) fn is_whole(&self) -> bool {
        !self.is_cut
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, Last)> {
        self.by_key.iter().map(|(key, last)| (*key, *last))
    }
}
