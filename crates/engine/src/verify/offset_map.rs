//! The noted offsets of a partition, read a page at a time while the target's log is read.

use std::collections::VecDeque;

use sluice_model::TaskName;

use crate::error::StoreError;
use crate::position::{CheckpointStore, OffsetRun, PartitionKey};

/// Runs held at a time.
const PAGE: usize = 1_000;

/// Gives the runs from a source offset on, at most so many.
type Runs<'a> = Box<dyn Fn(i64, usize) -> Result<Vec<OffsetRun>, StoreError> + 'a>;

/// Translates target offsets into source offsets, in the order of the target's log.
pub(crate) struct OffsetMap<'a> {
    runs: Runs<'a>,
    page: VecDeque<OffsetRun>,
    /// The source offset from which on no run was read yet; `None` when all were.
    next: Option<i64>,
}

impl<'a> OffsetMap<'a> {
    /// Begins with the run that holds the source offset `from`, or the first one behind it.
    pub(crate) fn new(
        store: &'a dyn CheckpointStore,
        task: &'a TaskName,
        key: &'a PartitionKey,
        from: i64,
    ) -> Self {
        Self::of(
            Box::new(move |next, limit| store.runs_from(task, key, next, limit)),
            from,
        )
    }

    /// As [`OffsetMap::new`], wherever the runs are.
    pub(crate) fn of(runs: Runs<'a>, from: i64) -> Self {
        Self {
            runs,
            page: VecDeque::new(),
            next: Some(from),
        }
    }

    /// The source offset of the record at `target`, which is not before the one that was asked for last.
    pub(crate) fn source_of(&mut self, target: i64) -> Result<Option<i64>, StoreError> {
        while let Some(run) = self.front()? {
            if target <= run.last().1 {
                return Ok(run.source_of(target));
            }
            self.page.pop_front();
        }
        Ok(None)
    }

    /// Whether nothing that was noted contradicts that `count` records from `target` on are the copies of those from
    /// `source` on, both without holes. `target` is not before the one that was asked for last, and may be asked for
    /// again.
    pub(crate) fn agrees(&mut self, source: i64, target: i64, count: i64) -> Result<bool, StoreError> {
        let (mut index, mut at) = (0, 0);
        while at < count {
            if index == self.page.len() && !self.read_page()? {
                return Ok(true);
            }
            let Some(run) = self.page.get(index) else {
                return Ok(true);
            };
            let last = run.last().1;
            while at < count && target + at <= last {
                if run
                    .source_of(target + at)
                    .is_some_and(|noted| noted != source + at)
                {
                    return Ok(false);
                }
                at += 1;
            }
            index += 1;
        }
        // What ends before the range is of no use any more.
        while self.page.front().is_some_and(|run| run.last().1 < target) {
            self.page.pop_front();
        }
        Ok(true)
    }

    fn front(&mut self) -> Result<Option<&OffsetRun>, StoreError> {
        if self.page.is_empty() {
            self.read_page()?;
        }
        Ok(self.page.front())
    }

    /// Reads the next runs. Returns whether there were any.
    fn read_page(&mut self) -> Result<bool, StoreError> {
        let Some(next) = self.next else { return Ok(false) };
        let page = (self.runs)(next, PAGE)?;
        self.next = page
            .last()
            .filter(|_| page.len() == PAGE)
            .map(|run| run.last().0 + 1);
        let came = !page.is_empty();
        self.page.extend(page);
        Ok(came)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source offsets 0..10 at 0..10, 10..20 behind a marker at 11..21, 30..40 at 21..31.
    fn map() -> OffsetMap<'static> {
        let key = PartitionKey {
            topic: "t".into(),
            partition: 0,
        };
        let runs: Vec<OffsetRun> = [(0, 0, 10), (10, 11, 10), (30, 21, 10)]
            .map(|(source, target, length)| OffsetRun::contiguous(key.clone(), source, target, length))
            .into();
        of(runs)
    }

    fn of(runs: Vec<OffsetRun>) -> OffsetMap<'static> {
        let read = move |from: i64, limit: usize| -> Result<Vec<OffsetRun>, StoreError> {
            let rest = runs.iter().filter(|run| run.last().0 >= from);
            Ok(rest.take(limit).cloned().collect())
        };
        OffsetMap::of(Box::new(read), 0)
    }

    #[test]
    fn runs_are_read_on_where_a_page_ends() {
        let key = PartitionKey {
            topic: "t".into(),
            partition: 0,
        };
        let count = i64::try_from(PAGE).unwrap() * 2 + 5;
        let mut map = of((0..count)
            .map(|n| OffsetRun::contiguous(key.clone(), n, 2 * n, 1))
            .collect());
        assert!(!map.agrees(0, 0, count).unwrap(), "they are not side by side");
        for n in 0..count {
            assert!(map.agrees(n, 2 * n, 1).unwrap());
            assert!(!map.agrees(n + 1, 2 * n, 1).unwrap());
        }
    }

    #[test]
    fn copies_are_where_they_were_noted_also_over_two_runs() {
        let mut map = map();
        assert!(map.agrees(0, 0, 10).unwrap());
        assert!(map.agrees(0, 0, 10).unwrap(), "asked again");
        assert!(!map.agrees(1, 0, 3).unwrap(), "another place");
        assert!(map.agrees(10, 11, 10).unwrap());
        assert!(!map.agrees(18, 19, 4).unwrap(), "its last two are others' copies");
        assert_eq!(
            map.source_of(11).unwrap(),
            Some(10),
            "nothing is lost for the records"
        );
        assert_eq!(map.source_of(22).unwrap(), Some(31));
    }

    #[test]
    fn what_was_not_noted_contradicts_nothing() {
        let mut map = map();
        assert!(map.agrees(500, 31, 7).unwrap());
        assert!(map.agrees(7, 10, 1).unwrap(), "a hole between two runs");
    }
}
