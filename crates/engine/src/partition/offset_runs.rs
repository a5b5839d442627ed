//! The offset runs of a partition while it is being copied: the one that grows, and those that are complete and not yet
//! saved, as of the last commit and as of the last acknowledgement.

use crate::position::{OffsetRun, PartitionKey, RunCut};

/// See the module. What is placed here is saved by [`crate::CheckpointStore::save`].
#[derive(Debug)]
pub struct OffsetRuns {
    key: PartitionKey,
    /// The run that still grows, as of the last commit and of the last acknowledgement.
    committed: Option<OffsetRun>,
    growing: Option<OffsetRun>,
    /// `growing` is not saved as it is.
    changed: bool,
    complete: Vec<OffsetRun>,
    /// Acknowledged records behind `growing` whose target offsets are not known.
    unplaced: i64,
    /// Saved runs hold no more from this source offset on.
    cut: Option<i64>,
}

impl OffsetRuns {
    /// Goes on behind the last saved run.
    pub fn new(key: PartitionKey, last: Option<OffsetRun>) -> Self {
        Self {
            key,
            committed: last.clone(),
            growing: last,
            changed: false,
            complete: Vec::new(),
            unplaced: 0,
            cut: None,
        }
    }

    /// Notes which target offsets `count` records with consecutive source offsets got: consecutive ones from `target` on;
    /// `None` where the target did not return them. Records without one lie between two known ones: when both sides have
    /// that many offsets between them, they are placed too.
    pub fn place(&mut self, source: i64, target: Option<i64>, count: i64) {
        match target {
            None => self.unplaced += count.max(0),
            Some(target) => self.place_span(source, target, count),
        }
    }

    /// Notes that `count` records with consecutive offsets from `source` on stand at consecutive offsets from `target` on.
    pub fn place_span(&mut self, source: i64, target: i64, count: i64) {
        if count < 1 {
            return;
        }
        let unplaced = std::mem::take(&mut self.unplaced);
        if unplaced > 0
            && let Some(run) = &mut self.growing
            && run.last() == (source - unplaced - 1, target - unplaced - 1)
        {
            let mut candidate = run.clone();
            if candidate.extend(source - unplaced, target - unplaced, unplaced) == unplaced {
                *run = candidate;
                self.changed = true;
            }
        }
        let taken = match &mut self.growing {
            Some(run) => run.extend(source, target, count),
            None => 0,
        };
        self.changed |= taken > 0;
        if taken < count {
            let rest = OffsetRun::contiguous(self.key.clone(), source + taken, target + taken, count - taken);
            if let Some(complete) = self.growing.replace(rest)
                && self.changed
            {
                self.complete.push(complete);
            }
            self.changed = true;
        }
    }

    /// What was placed is committed now. Returns the runs to save.
    pub fn commit(&mut self) -> Vec<OffsetRun> {
        let mut runs = std::mem::take(&mut self.complete);
        if std::mem::take(&mut self.changed) {
            runs.extend(self.growing.clone());
        }
        self.committed.clone_from(&self.growing);
        runs
    }

    /// What was placed and not committed is given up.
    pub fn roll_back(&mut self) {
        self.growing.clone_from(&self.committed);
        self.changed = false;
        self.complete.clear();
        self.unplaced = 0;
    }

    /// From `offset` on, the source has other records than those that were placed.
    pub fn cut(&mut self, offset: i64) {
        let keep = |run: OffsetRun| run.before(offset);
        self.growing = self.growing.take().and_then(keep);
        self.committed = self.committed.take().and_then(keep);
        self.complete = std::mem::take(&mut self.complete)
            .into_iter()
            .filter_map(keep)
            .collect();
        self.unplaced = 0;
        self.cut = Some(self.cut.map_or(offset, |cut| cut.min(offset)));
    }

    /// What is to be taken out of the saved runs, once; `incarnation` is the one that begins there.
    pub fn take_cut(&mut self, incarnation: u32) -> Option<RunCut> {
        let key = self.key.clone();
        self.cut.take().map(|from| RunCut {
            key,
            from,
            incarnation,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn runs() -> OffsetRuns {
        OffsetRuns::new(
            PartitionKey {
                topic: "t".into(),
                partition: 0,
            },
            None,
        )
    }

    /// The pairs that runs stand for.
    fn pairs(runs: &[OffsetRun]) -> Vec<(i64, i64)> {
        runs.iter()
            .flat_map(|run| (0..run.length).map(|index| run.pair(index)))
            .collect()
    }

    fn of(pairs: impl IntoIterator<Item = (i64, i64)>) -> Vec<OffsetRun> {
        let mut runs = runs();
        pairs
            .into_iter()
            .for_each(|(source, target)| runs.place(source, Some(target), 1));
        runs.commit()
    }

    #[test]
    fn a_trickle_of_one_record_per_transaction_is_one_run() {
        let trickle: Vec<(i64, i64)> = (0..10_000).map(|n| (n, 2 * n + 5)).collect();
        let found = of(trickle.clone());
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(pairs(&found), trickle);

        let both: Vec<(i64, i64)> = (0..10_000).map(|n| (2 * n, 2 * n)).collect();
        let found = of(both.clone());
        assert_eq!(
            (found.len(), pairs(&found)),
            (1, both),
            "transactions at the source too"
        );
    }

    #[test]
    fn transactions_of_several_records_are_one_run_whatever_came_before_them() {
        // A backlog of 5,000 records, then three per transaction; the source has a marker behind every second record.
        let records: Vec<(i64, i64)> = (0..10_000)
            .map(|n| (n + n / 2, if n < 5_000 { n } else { n + 1 + (n - 5_000) / 3 }))
            .collect();
        let found = of(records.clone());
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(pairs(&found), records);
    }

    #[test]
    fn an_irregular_transaction_costs_one_run_more_and_no_other() {
        let mut records = Vec::new();
        let mut target = 0;
        for transaction in 0..1_000 {
            for _ in 0..if transaction % 100 == 50 { 7 } else { 4 } {
                records.push((records.len() as i64, target));
                target += 1;
            }
            target += 1;
        }
        let found = of(records.clone());
        assert_eq!(pairs(&found), records);
        assert!(
            found.len() <= 21,
            "{} runs for 10 irregular transactions",
            found.len()
        );
    }

    #[test]
    fn a_run_breaks_where_the_holes_are_not_regular() {
        let mut runs = runs();
        for (source, target) in [(0, 10), (1, 11), (3, 12), (4, 13), (5, 15), (9, 19)] {
            runs.place(source, Some(target), 1);
        }
        let found = runs.commit();
        assert_eq!(
            found
                .iter()
                .map(|run| (run.source, run.length))
                .collect::<Vec<_>>(),
            [(0, 5), (9, 1)]
        );
        runs.place(10, Some(20), 1);
        let grown = runs.commit();
        assert_eq!(
            grown
                .iter()
                .map(|run| (run.source, run.length))
                .collect::<Vec<_>>(),
            [(9, 2)],
            "a run that grew is saved again under its first offset"
        );
        assert!(runs.commit().is_empty());
    }

    #[test]
    fn records_without_a_target_offset_are_placed_when_both_sides_agree() {
        let mut runs = runs();
        for (source, target) in [
            (0, Some(0)),
            (1, None),
            (2, None),
            (3, Some(3)),
            (4, None),
            (5, Some(9)),
        ] {
            runs.place(source, target, 1);
        }
        assert_eq!(pairs(&runs.commit()), [(0, 0), (1, 1), (2, 2), (3, 3), (5, 9)]);
    }

    #[test]
    fn what_was_not_committed_is_forgotten_on_roll_back() {
        let mut runs = runs();
        runs.place(0, Some(0), 1);
        runs.commit();
        runs.place(1, Some(1), 1);
        runs.place(2, Some(9), 1);
        runs.roll_back();
        runs.place(1, Some(5), 1);
        assert_eq!(pairs(&runs.commit()), [(0, 0), (1, 5)]);
    }

    #[test]
    fn nothing_is_left_from_a_cut_on() {
        let mut runs = runs();
        (0..100).for_each(|n| runs.place(n, Some(2 * n), 1));
        runs.commit();
        runs.cut(40);
        assert_eq!(runs.take_cut(1).map(|cut| cut.from), Some(40));
        assert_eq!(runs.take_cut(1), None, "once");
        (40..60).for_each(|n| runs.place(n, Some(200 + 2 * n), 1));
        assert_eq!(
            pairs(&runs.commit()),
            (40..60).map(|n| (n, 200 + 2 * n)).collect::<Vec<_>>(),
            "the cut is made in the saved runs"
        );
    }

    /// Spans of records: offsets left out before each on both sides, and its length.
    fn spans() -> impl Strategy<Value = Vec<(i64, i64, i64)>> {
        let regular = (0..3i64, 0..3i64, 1..6i64, 1..40usize)
            .prop_map(|(source, target, length, times)| vec![(source, target, length); times]);
        let odd = (0..5i64, 0..5i64, 1..9i64).prop_map(|span| vec![span]);
        prop::collection::vec(prop_oneof![regular, odd], 1..12).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn whatever_is_placed_is_found_again_exactly(spans in spans(), commits in 1..50usize, whole in any::<bool>()) {
            let (mut runs, mut saved) = (runs(), BTreeMap::new());
            let (mut source, mut target) = (3, 7);
            let mut expected = Vec::new();
            for (number, (source_hole, target_hole, length)) in spans.into_iter().enumerate() {
                source += source_hole;
                target += target_hole;
                if whole {
                    runs.place_span(source, target, length);
                } else {
                    (0..length).for_each(|n| runs.place(source + n, Some(target + n), 1));
                }
                expected.extend((0..length).map(|n| (source + n, target + n)));
                source += length;
                target += length;
                if number % commits == 0 {
                    saved.extend(runs.commit().into_iter().map(|run| (run.source, run)));
                }
            }
            saved.extend(runs.commit().into_iter().map(|run| (run.source, run)));
            let found: Vec<OffsetRun> = saved.into_values().collect();
            prop_assert_eq!(pairs(&found), expected.clone());

            let by_source: BTreeMap<i64, i64> = expected.iter().copied().collect();
            let by_target: BTreeMap<i64, i64> = expected.iter().map(|&(s, t)| (t, s)).collect();
            for run in &found {
                let (last_source, last_target) = run.last();
                for offset in run.source - 2..=last_source + 2 {
                    let inside = (run.source..=last_source).contains(&offset);
                    let known = by_source.get(&offset).copied().filter(|_| inside);
                    prop_assert_eq!(run.target_of(offset), known);
                    let next = by_source.range(offset.max(run.source)..).next().filter(|(s, _)| **s <= last_source);
                    prop_assert_eq!(run.at_or_after_source(offset), next.map(|(&s, &t)| (s, t)));
                    let left = run.clone().before(offset);
                    prop_assert_eq!(
                        pairs(left.as_slice()),
                        pairs(std::slice::from_ref(run)).into_iter().filter(|(s, _)| *s < offset).collect::<Vec<_>>()
                    );
                }
                for offset in run.target - 2..=last_target + 2 {
                    let inside = (run.target..=last_target).contains(&offset);
                    prop_assert_eq!(run.source_of(offset), by_target.get(&offset).copied().filter(|_| inside));
                    let next = by_target.range(offset.max(run.target)..).next().filter(|(t, _)| **t <= last_target);
                    prop_assert_eq!(run.at_or_after_target(offset), next.map(|(&t, &s)| (s, t)));
                }
            }
        }
    }
}
