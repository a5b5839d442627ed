use rusqlite::params;
use sluice_engine::Gap;

use crate::ledger::{GAP_COLUMNS, gap};
use crate::{Result, SqliteStore};

impl SqliteStore {
    /// A page of a task's gap ledger by topic, partition and offset, and how many gaps there are in all.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn gap_page(&self, task: &str, offset: usize, limit: usize) -> Result<(Vec<Gap>, usize)> {
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.read(|t| {
            let total: u32 = t
                .prepare_cached("SELECT count(*) FROM gaps WHERE task = ?1")?
                .query_row([task], |row| row.get(0))?;
            let gaps = t
                .prepare_cached(&format!(
                    "SELECT {GAP_COLUMNS} FROM gaps WHERE task = ?1
                     ORDER BY topic, partition, incarnation, from_offset, to_offset LIMIT ?2 OFFSET ?3"
                ))?
                .query_map(params![task, number(limit), number(offset)], gap)?
                .collect::<rusqlite::Result<_>>()?;
            Ok((gaps, total as usize))
        })
    }
}

#[cfg(test)]
mod tests {
    use sluice_engine::{Checkpoint, CheckpointStore, GapReason, PartitionKey};
    use sluice_model::{OffsetRange, TaskName};

    use super::*;
    use crate::testing::store;

    #[test]
    fn the_gap_ledger_is_read_page_by_page() {
        let (_dir, store) = store();
        let gap = |from| Gap {
            key: PartitionKey {
                topic: "orders".to_owned(),
                partition: 0,
            },
            range: OffsetRange { from, to: from + 5 },
            reason: GapReason::Deleted,
            found_at_ms: 1,
            incarnation: 0,
        };
        let checkpoint = Checkpoint {
            gaps: vec![gap(30), gap(10), gap(20)],
            ..Checkpoint::default()
        };
        store.save(&TaskName::new("rp-1").unwrap(), &checkpoint).unwrap();
        assert_eq!(store.gap_page("rp-1", 0, 2).unwrap(), (vec![gap(10), gap(20)], 3));
        assert_eq!(store.gap_page("rp-1", 2, 2).unwrap(), (vec![gap(30)], 3));
        assert_eq!(store.gap_page("rp-2", 0, 2).unwrap(), (vec![], 0));
    }
}
