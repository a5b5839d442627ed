use crate::position::OffsetRun;

/// A partition's runs, for translating offsets in both directions.
#[derive(Debug, Default)]
pub(crate) struct OffsetMap {
    runs: Vec<OffsetRun>,
}

impl OffsetMap {
    pub(crate) fn new(mut runs: Vec<OffsetRun>) -> Self {
        runs.sort_by_key(|run| run.target);
        Self { runs }
    }

    /// The source offset of the record at `target`.
    pub(crate) fn source_of(&self, target: i64) -> Option<i64> {
        let index = self
            .runs
            .partition_point(|run| run.target <= target)
            .checked_sub(1)?;
        self.runs[index].source_of(target)
    }

    /// The smallest target offset that holds a source offset not before `source`.
    pub(crate) fn target_from(&self, source: i64) -> Option<i64> {
        self.runs
            .iter()
            .find_map(|run| run.at_or_after_source(source))
            .map(|(_, target)| target)
    }

    /// The smallest source offset that stands at a target offset not before `target`.
    pub(crate) fn source_from(&self, target: i64) -> Option<i64> {
        self.runs
            .iter()
            .find_map(|run| run.at_or_after_target(target))
            .map(|(source, _)| source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::position::PartitionKey;

    #[test]
    fn offsets_translate_both_ways_and_gaps_have_no_partner() {
        let run = |source, target, length| {
            let key = PartitionKey {
                topic: "t".into(),
                partition: 0,
            };
            OffsetRun::contiguous(key, source, target, length)
        };
        let map = OffsetMap::new(vec![run(0, 100, 10), run(12, 111, 5)]);
        assert_eq!(
            (
                map.source_of(100),
                map.source_of(109),
                map.source_of(110),
                map.source_of(111)
            ),
            (Some(0), Some(9), None, Some(12))
        );
        assert_eq!(
            (map.target_from(5), map.target_from(10), map.target_from(17)),
            (Some(105), Some(111), None)
        );
        assert_eq!(
            (map.source_from(90), map.source_from(110), map.source_from(116)),
            (Some(0), Some(12), None)
        );
    }
}
