//! [`GroupStore`] on SQLite.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, params};
use sluice_engine::{GroupMemory, GroupStore, PartitionKey, StoreError, SyncedPosition};
use sluice_model::TaskName;

use crate::SqliteStore;
use crate::sqlite_store::Durability;

impl GroupStore for SqliteStore {
    fn group_memory(
        &self,
        task: &TaskName,
        groups: &[&str],
    ) -> Result<BTreeMap<String, GroupMemory>, StoreError> {
        Ok(self.read(|t| {
            let mut taken_over =
                t.prepare_cached("SELECT at_ms FROM taken_over_groups WHERE task = ?1 AND group_name = ?2")?;
            let mut positions = t.prepare_cached(
                "SELECT topic, partition, source_offset, target_offset, target_before, at_ms FROM synced_positions
                 WHERE task = ?1 AND group_name = ?2",
            )?;
            let mut found = BTreeMap::new();
            for group in groups {
                let key = params![task.as_str(), group];
                let memory = GroupMemory {
                    taken_over_ms: taken_over.query_row(key, |row| row.get(0)).optional()?,
                    positions: positions
                        .query_map(key, |row| {
                            let key = PartitionKey {
                                topic: row.get(0)?,
                                partition: row.get(1)?,
                            };
                            let position = SyncedPosition {
                                source_offset: row.get(2)?,
                                target_offset: row.get(3)?,
                                before: row.get(4)?,
                                at_ms: row.get(5)?,
                            };
                            Ok((key, position))
                        })?
                        .collect::<rusqlite::Result<_>>()?,
                };
                if memory != GroupMemory::default() {
                    found.insert((*group).to_owned(), memory);
                }
            }
            Ok(found)
        })?)
    }

    fn note_group_positions(
        &self,
        task: &TaskName,
        groups: &BTreeMap<String, BTreeMap<PartitionKey, SyncedPosition>>,
    ) -> Result<(), StoreError> {
        Ok(self.write(Durability::Fsync, |t| {
            let mut insert = t.prepare_cached(
                "INSERT OR REPLACE INTO synced_positions
                     (task, group_name, topic, partition, source_offset, target_offset, target_before, at_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?;
            for (group, positions) in groups {
                for (key, position) in positions {
                    insert.execute(params![
                        task.as_str(),
                        group,
                        key.topic,
                        key.partition,
                        position.source_offset,
                        position.target_offset,
                        position.before,
                        position.at_ms
                    ])?;
                }
            }
            Ok(())
        })?)
    }

    fn note_taken_over(&self, task: &TaskName, groups: &[&str], at_ms: i64) -> Result<(), StoreError> {
        Ok(self.write(Durability::Fsync, |t| {
            let mut insert = t.prepare_cached(
                "INSERT INTO taken_over_groups (task, group_name, at_ms) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            )?;
            groups.iter().try_for_each(|group| {
                insert
                    .execute(params![task.as_str(), group, at_ms])
                    .map(drop)
            })
        })?)
    }

    fn note_given_back(&self, task: &TaskName, groups: &[&str]) -> Result<(), StoreError> {
        Ok(self.write(Durability::Fsync, |t| {
            let mut delete =
                t.prepare_cached("DELETE FROM taken_over_groups WHERE task = ?1 AND group_name = ?2")?;
            groups
                .iter()
                .try_for_each(|group| delete.execute(params![task.as_str(), group]).map(drop))
        })?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::store;

    fn name(name: &str) -> TaskName {
        TaskName::new(name).unwrap()
    }

    fn key(partition: i32) -> PartitionKey {
        PartitionKey {
            topic: "t".to_owned(),
            partition,
        }
    }

    fn position(target_offset: i64, before: Option<i64>) -> SyncedPosition {
        SyncedPosition {
            source_offset: 5,
            target_offset,
            before,
            at_ms: 10 * target_offset,
        }
    }

    #[test]
    fn what_was_committed_for_a_group_is_replaced_by_what_is_committed_later() {
        let (_dir, store) = store();
        let note = |positions: Vec<(PartitionKey, SyncedPosition)>| {
            let groups = BTreeMap::from([("g".to_owned(), positions.into_iter().collect())]);
            store.note_group_positions(&name("a"), &groups).unwrap();
        };
        note(vec![(key(0), position(1, None)), (key(1), position(2, Some(1)))]);
        note(vec![(key(0), position(7, Some(1)))]);
        let memory = store.group_memory(&name("a"), &["g", "other"]).unwrap();
        let expected = GroupMemory {
            taken_over_ms: None,
            positions: BTreeMap::from([(key(0), position(7, Some(1))), (key(1), position(2, Some(1)))]),
        };
        assert_eq!(memory, BTreeMap::from([("g".to_owned(), expected)]));
        assert_eq!(memory["g"].last_sync_ms(), Some(70));
        assert!(store.group_memory(&name("b"), &["g"]).unwrap().is_empty());
    }

    #[test]
    fn a_group_that_is_taken_over_stays_so_since_the_first_time() {
        let (_dir, store) = store();
        store.note_taken_over(&name("a"), &["g", "h"], 5).unwrap();
        store.note_taken_over(&name("a"), &["g"], 9).unwrap();
        let memory = store.group_memory(&name("a"), &["g", "h", "i"]).unwrap();
        let since: Vec<Option<i64>> = memory.values().map(|group| group.taken_over_ms).collect();
        assert_eq!(since, [Some(5), Some(5)]);
        store.note_given_back(&name("a"), &["g"]).unwrap();
        let memory = store.group_memory(&name("a"), &["g", "h"]).unwrap();
        assert_eq!(memory.keys().collect::<Vec<_>>(), ["h"], "the other one stays so");
    }
}
