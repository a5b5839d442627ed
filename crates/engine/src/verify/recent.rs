//! The records of the source that were read last, by which a repeated record is told from a foreign one.

use std::collections::{HashSet, VecDeque};

/// Records remembered.
const MEMORY: u64 = 200_000;

/// The last records of a side: by their hashes, or by their offsets where they were compared as whole batches.
#[derive(Default)]
pub(crate) struct Recent {
    hashes: HashSet<u64>,
    order: VecDeque<Entry>,
    /// Records in `order`.
    count: u64,
    /// Whether `order` has offsets.
    has_offsets: bool,
}

enum Entry {
    Hash(u64),
    /// Offsets that each have a record.
    Offsets(i64, i64),
}

impl Entry {
    fn count(&self) -> u64 {
        match self {
            Self::Hash(_) => 1,
            Self::Offsets(from, to) => u64::try_from(to - from).unwrap_or(0),
        }
    }
}

impl Recent {
    /// A record of this hash was read.
    pub(crate) fn saw(&mut self, hash: u64) {
        if self.hashes.insert(hash) {
            self.push(Entry::Hash(hash));
        }
    }

    /// The records of `from..to` were compared without reading them.
    pub(crate) fn saw_batch(&mut self, from: i64, to: i64) {
        self.has_offsets = true;
        self.push(Entry::Offsets(from, to));
    }

    fn push(&mut self, entry: Entry) {
        self.count += entry.count();
        self.order.push_back(entry);
        while let Some(oldest) = self.order.front().map(Entry::count)
            && self.count - oldest >= MEMORY
        {
            self.count -= oldest;
            if let Some(Entry::Hash(old)) = self.order.pop_front() {
                self.hashes.remove(&old);
            }
        }
    }

    /// Whether a record of this hash was read a while ago. `read` gives the hashes of records that are known by their
    /// offsets; those that it cannot give are forgotten.
    pub(crate) fn has(&mut self, hash: u64, read: &mut dyn FnMut(i64, i64) -> Vec<u64>) -> bool {
        if std::mem::take(&mut self.has_offsets) {
            self.read_offsets(read);
        }
        self.hashes.contains(&hash)
    }

    fn read_offsets(&mut self, read: &mut dyn FnMut(i64, i64) -> Vec<u64>) {
        let mut before = std::mem::take(self).order.into_iter().peekable();
        while let Some(entry) = before.next() {
            match entry {
                Entry::Hash(hash) => self.saw(hash),
                Entry::Offsets(from, mut to) => {
                    // Neighbours are read at once.
                    while let Some(Entry::Offsets(next, end)) = before.peek()
                        && *next == to
                    {
                        to = *end;
                        before.next();
                    }
                    read(from, to).into_iter().for_each(|hash| self.saw(hash));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nothing(_: i64, _: i64) -> Vec<u64> {
        panic!("nothing is read")
    }

    #[test]
    fn the_last_records_are_remembered_and_older_ones_are_not() {
        let mut recent = Recent::default();
        for hash in 0..MEMORY + 10 {
            recent.saw(hash);
            recent.saw(hash);
        }
        assert!(!recent.has(9, &mut nothing) && recent.has(10, &mut nothing));
        assert!(recent.has(MEMORY + 9, &mut nothing));
    }

    #[test]
    fn records_of_batches_are_read_once_when_one_is_asked_for() {
        let mut recent = Recent::default();
        recent.saw(1_000_000);
        for batch in 0..10 {
            recent.saw_batch(batch * 100, (batch + 1) * 100);
        }
        let mut asked = Vec::new();
        let mut read = |from: i64, to: i64| {
            asked.push((from, to));
            (from..to).map(|offset| offset.unsigned_abs()).collect()
        };
        assert!(
            recent.has(555, &mut read) && !recent.has(1_000, &mut read) && recent.has(1_000_000, &mut read)
        );
        assert_eq!(asked, [(0, 1_000)], "neighbours at once");
    }

    #[test]
    fn batches_are_forgotten_when_enough_followed() {
        let mut recent = Recent::default();
        recent.saw_batch(0, 100);
        for hash in 1_000..1_000 + MEMORY {
            recent.saw(hash);
        }
        assert!(!recent.has(50, &mut |_, _| (0..100).collect()));
    }
}
