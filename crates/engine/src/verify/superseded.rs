//! Records that one side lacks although its log or the other's is compacted, until something explains it.

use std::collections::HashMap;

use xxhash_rust::xxh3::xxh3_64;

use crate::verify::detail::shorten;
use crate::verify::record::Record;
use crate::verify::report::{DifferenceKind, LogSide};

/// Records remembered until something explains that they are gone.
pub(crate) const PENDING_LIMIT: usize = 1_000_000;

/// What a side lacks.
#[derive(Default)]
pub(crate) struct Superseded {
    /// By key: values, until a later record of the key is seen on the side.
    values: HashMap<u64, Awaited>,
    /// By key: tombstones, until a later record of the key is seen on the side. Cleaners remove them for good, but never
    /// before what they delete.
    tombstones: HashMap<u64, Awaited>,
    /// By content: records that no cleaner of the side can have removed. On logs that agree nowhere near, a copy may come later
    /// than expected.
    copies: HashMap<u64, Vec<Awaited>>,
    copies_in_all: usize,
}

/// Small, because there may be many.
pub(crate) struct Awaited {
    pub(crate) kind: DifferenceKind,
    pub(crate) offset: i64,
    pub(crate) key: Box<str>,
    pub(crate) is_tombstone: bool,
    /// The record itself.
    hash: u64,
}

/// What was found to be lacking after all.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Lacking {
    /// A value without a successor.
    Value,
    /// A tombstone of a key that lives on.
    Tombstone,
    /// A record that no cleaner of the side can have removed.
    Copy,
}

impl Lacking {
    /// In words, of a record of the side that is not `lacking` it.
    pub(crate) fn detail(self, lacking: LogSide, key: &str, offset: i64) -> String {
        match (self, lacking) {
            (Self::Value, LogSide::Source) => {
                format!(
                    "target key {key} at offset {offset}, and no later record of this key on the other side"
                )
            }
            (Self::Value, LogSide::Target) => {
                format!(
                    "source key {key} at offset {offset}, and no later record of this key on the other side"
                )
            }
            (Self::Tombstone, LogSide::Source) => format!(
                "target key {key} at offset {offset}, a tombstone that the other side lacks, where the key lives on"
            ),
            (Self::Tombstone, LogSide::Target) => format!(
                "source key {key} at offset {offset}, a tombstone that the other side lacks, where the key lives on"
            ),
            (Self::Copy, LogSide::Source) => {
                format!(
                    "target key {key} at offset {offset}, which the other side lacks; its log is not compacted"
                )
            }
            (Self::Copy, LogSide::Target) => {
                format!(
                    "source key {key} at offset {offset}, which the other side lacks; its log is not compacted"
                )
            }
        }
    }
}

impl Superseded {
    /// Waits for what explains that the side lacks `record`: a later record of its key, where the side is compacted, or else
    /// the record itself. Returns whether there was room.
    pub(crate) fn wait(&mut self, record: &Record, kind: DifferenceKind, is_compacted: bool) -> bool {
        let awaited = Awaited {
            kind,
            offset: record.offset(),
            key: shorten(record.key()).into(),
            is_tombstone: record.value().is_none(),
            hash: record.hash,
        };
        if self.values.len() + self.tombstones.len() + self.copies_in_all >= PENDING_LIMIT {
            return false;
        }
        if !is_compacted {
            self.copies.entry(record.hash).or_default().push(awaited);
            self.copies_in_all += 1;
            return true;
        }
        // Two records of one key wait for the same successor; only the later is given back if it never comes.
        let key = key_hash(record);
        let (same, other) = match record.value() {
            Some(_) => (&mut self.values, &mut self.tombstones),
            None => (&mut self.tombstones, &mut self.values),
        };
        other.remove(&key);
        same.insert(key, awaited);
        true
    }

    /// A record of this key is there.
    pub(crate) fn saw(&mut self, message: &Record) {
        if self.is_empty() {
            return;
        }
        let key = key_hash(message);
        self.values.remove(&key);
        self.tombstones.remove(&key);
    }

    /// Whether `record` is the very one that was taken for lacking.
    pub(crate) fn is_late(&self, record: &Record) -> bool {
        let key = key_hash(record);
        let is_it = |awaited: &Awaited| awaited.hash == record.hash;
        self.values.get(&key).is_some_and(is_it)
            || self.tombstones.get(&key).is_some_and(is_it)
            || self.copies.contains_key(&record.hash)
    }

    /// The record itself came late.
    pub(crate) fn came_late(&mut self, record: &Record) {
        if let Some(same) = self.copies.get_mut(&record.hash) {
            same.pop();
            self.copies_in_all -= 1;
            if same.is_empty() {
                self.copies.remove(&record.hash);
            }
        }
    }

    /// Whether no later record of a key explains anything.
    pub(crate) fn is_empty(&self) -> bool {
        self.values.is_empty() && self.tombstones.is_empty()
    }

    /// Whether a later record of a key would explain something.
    pub(crate) fn awaits(&self, key: u64) -> bool {
        self.values.contains_key(&key) || self.tombstones.contains_key(&key)
    }

    /// All that a later record of its key would explain, in the order of their offsets, with what stands for the key.
    pub(crate) fn take_all(&mut self) -> Vec<(u64, Awaited)> {
        let values = std::mem::take(&mut self.values).into_iter();
        let mut all: Vec<(u64, Awaited)> = values.chain(std::mem::take(&mut self.tombstones)).collect();
        all.sort_unstable_by_key(|(_, awaited)| awaited.offset);
        all
    }

    pub(crate) fn has_tombstones(&self) -> bool {
        !self.tombstones.is_empty()
    }

    /// Whether a tombstone of the record's key is lacking.
    pub(crate) fn lacks_tombstone_of(&self, record: &Record) -> Option<u64> {
        let key = key_hash(record);
        self.tombstones.contains_key(&key).then_some(key)
    }

    /// Values whose successor never came, in the order of their offsets.
    pub(crate) fn take_values(&mut self) -> Vec<Awaited> {
        in_order(std::mem::take(&mut self.values).into_values())
    }

    /// Records that never came and that no cleaner can have removed, in the order of their offsets.
    pub(crate) fn take_copies(&mut self) -> Vec<Awaited> {
        self.copies_in_all = 0;
        in_order(std::mem::take(&mut self.copies).into_values().flatten())
    }

    /// Tombstones of these keys, in the order of their offsets; the others are explained.
    pub(crate) fn take_tombstones(&mut self, is_alive: impl Fn(u64) -> bool) -> Vec<Awaited> {
        let all = std::mem::take(&mut self.tombstones).into_iter();
        in_order(all.filter(|(key, _)| is_alive(*key)).map(|(_, awaited)| awaited))
    }
}

fn in_order(awaited: impl Iterator<Item = Awaited>) -> Vec<Awaited> {
    let mut awaited: Vec<Awaited> = awaited.collect();
    awaited.sort_unstable_by_key(|awaited| awaited.offset);
    awaited
}

/// What stands for a record's key.
pub(crate) fn key_hash(message: &Record) -> u64 {
    message.key().map_or(0, xxh3_64)
}
