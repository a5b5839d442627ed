//! Tasks that copied the same topics one after the other, each in the other direction: what stands where on both sides
//! since the first of them.
//!
//! Each task's map of offsets holds what it copied. A position on one side lies in the part of exactly one of them; its
//! place on the other side is that of the first record that is not before it, whoever copied that record.

use std::collections::BTreeMap;

use sluice_engine::{CheckpointStore, OffsetRun, PartitionKey, PartitionState};
use sluice_model::{TaskId, TaskName};

use crate::Result;

/// The same place on the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The offset of the first record that is not before the position, or the place of the next one that will be copied.
    Exact(i64),
    /// The position lies before everything that was ever copied: the offset of the first record that was.
    BeforeStart(i64),
    /// Records before the position are not copied yet.
    Pending,
}

/// One task of a lineage, as far as one partition is concerned.
struct Part<'a> {
    task: &'a TaskName,
    state: &'a PartitionState,
    /// Whether it copies from the side of the position.
    along: bool,
}

impl Part<'_> {
    /// Where its part of the log begins, on the side of the position.
    fn begin(&self) -> i64 {
        if self.along {
            self.state.start
        } else {
            self.state.target_start
        }
    }

    /// The place of its first record that is not before `offset`.
    fn first_from(&self, store: &dyn CheckpointStore, offset: i64) -> Result<Option<i64>> {
        let mut next = offset;
        loop {
            let run = if self.along {
                store.run_at_source(self.task, &self.state.key, next)?
            } else {
                store.run_at_target(self.task, &self.state.key, next)?
            };
            let Some(run) = run else {
                return Ok(None);
            };
            if let Some(found) = self.place_in(&run, next) {
                return Ok(Some(found));
            }
            // The position stands behind the last record of the run.
            let (source, target) = run.last();
            let behind = if self.along { source } else { target } + 1;
            if behind <= next {
                next += 1;
            } else {
                next = behind;
            }
        }
    }

    fn place_in(&self, run: &OffsetRun, offset: i64) -> Option<i64> {
        if self.along {
            run.at_or_after_source(offset).map(|(_, target)| target)
        } else {
            run.at_or_after_target(offset).map(|(source, _)| source)
        }
    }
}

/// One task of a lineage with its partitions, under their names on the side of positions.
struct Generation {
    task: TaskName,
    along: bool,
    states: BTreeMap<PartitionKey, PartitionState>,
}

/// Tasks that copied the same topics, the oldest first; each copies in the other direction than the one before.
pub(super) struct Lineage<'a> {
    store: &'a dyn CheckpointStore,
    generations: Vec<Generation>,
}

impl<'a> Lineage<'a> {
    /// Reads where the tasks stand. Positions are those of the side that the last one copies from.
    ///
    /// # Errors
    /// The state cannot be read.
    pub(super) fn read(store: &'a dyn CheckpointStore, tasks: &[&TaskId]) -> Result<Self> {
        let mut generations = Vec::new();
        for (age, id) in tasks.iter().rev().enumerate() {
            let along = age % 2 == 0;
            let task = TaskName::new(id.as_str())?;
            let states = store
                .partitions(&task)?
                .into_iter()
                .filter(PartitionState::is_pinned)
                .map(|state| {
                    let here = PartitionKey {
                        topic: if along {
                            state.key.topic.clone()
                        } else {
                            state.target_topic.clone()
                        },
                        partition: state.key.partition,
                    };
                    (here, state)
                })
                .collect();
            generations.push(Generation { task, along, states });
        }
        generations.reverse();
        Ok(Self { store, generations })
    }

    /// Where `offset` of a partition stands on the other side; `None` for a partition that the last task does not copy.
    ///
    /// # Errors
    /// The state cannot be read.
    pub(super) fn place(&self, key: &PartitionKey, offset: i64) -> Result<Option<Place>> {
        let parts = self.parts(key);
        let Some(last) = parts.last() else {
            return Ok(None);
        };
        if offset > last.state.position {
            return Ok(Some(Place::Pending));
        }
        let own = parts.iter().rposition(|part| part.begin() <= offset).unwrap_or(0);
        let is_before = parts.first().is_some_and(|first| offset < first.begin());
        for (index, part) in parts.iter().enumerate().skip(own) {
            // Everything of a later task stands behind the position.
            let from = if index == own { offset } else { part.begin() };
            if let Some(found) = part.first_from(self.store, from)? {
                return Ok(Some(if is_before {
                    Place::BeforeStart(found)
                } else {
                    Place::Exact(found)
                }));
            }
        }
        let next = last.state.target_next;
        Ok(Some(if is_before && offset < last.state.position {
            Place::BeforeStart(next)
        } else {
            Place::Exact(next)
        }))
    }

    /// The parts of the last task's source partition `key`.
    fn parts(&self, key: &PartitionKey) -> Vec<Part<'_>> {
        let mut parts: Vec<Part<'_>> = self
            .generations
            .iter()
            .rev()
            // A partition that came later: what is older is not in it.
            .map_while(|generation| {
                Some(Part {
                    task: &generation.task,
                    state: generation.states.get(key)?,
                    along: generation.along,
                })
            })
            .collect();
        parts.reverse();
        parts
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use sluice_engine::{Checkpoint, Launch};
    use sluice_store::SqliteStore;

    use super::*;

    /// Three tasks on one partition. On the old side `t`: records 0..10, written there; 10..15, copied back from 22..27 of
    /// `u`; 15..20, written there again. On the new side `u`: 2..12 copied, a marker at 12, foreign holes up to 22, 22..27
    /// written there, and 30..35 copied again.
    fn store() -> (tempfile::TempDir, SqliteStore, Vec<TaskId>) {
        let dir = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(dir.path()).unwrap();
        let ids: Vec<TaskId> = (1..=3)
            .map(|number| TaskId::parse(&format!("rp-00000000000{number}")).unwrap())
            .collect();
        let parts = [
            ("t", "u", 0, 2, 10, 13, (0, 2, 10)),
            ("u", "t", 22, 10, 28, 15, (22, 10, 5)),
            ("t", "u", 15, 28, 20, 36, (15, 30, 5)),
        ];
        for (id, (from, to, start, target_start, position, target_next, run)) in ids.iter().zip(parts) {
            let task = TaskName::new(id.as_str()).unwrap();
            let key = PartitionKey {
                topic: from.to_owned(),
                partition: 0,
            };
            let state = PartitionState {
                key: key.clone(),
                target_topic: to.to_owned(),
                source_topic_id: None,
                target_topic_id: None,
                start,
                target_start,
                backlog_end: start,
                until: None,
                position,
                leader_epoch: None,
                target_next,
                anchor: None,
                records: 0,
                bytes: 0,
                incarnation: 0,
            };
            let launch = Launch {
                task: task.clone(),
                launch_id: id.to_string(),
                source_cluster: String::new(),
                target_cluster: String::new(),
                launched_at_ms: 1,
                delivery: String::new(),
                lanes: BTreeSet::new(),
                identity: None,
            };
            store.begin(&launch, std::slice::from_ref(&state), &[]).unwrap();
            let (source, target, length) = run;
            let checkpoint = Checkpoint {
                partitions: vec![state],
                runs: vec![OffsetRun::contiguous(key, source, target, length)],
                ..Checkpoint::default()
            };
            store.save(&task, &checkpoint).unwrap();
        }
        (dir, store, ids)
    }

    fn found(store: &SqliteStore, lineage: &[TaskId], topic: &str, offset: i64) -> Option<Place> {
        let key = PartitionKey {
            topic: topic.to_owned(),
            partition: 0,
        };
        let lineage: Vec<&TaskId> = lineage.iter().collect();
        Lineage::read(store, &lineage)
            .unwrap()
            .place(&key, offset)
            .unwrap()
    }

    #[test]
    fn one_task_alone_translates_by_its_own_map() {
        let (_dir, store, ids) = store();
        let first = &ids[..1];
        assert_eq!(found(&store, first, "t", 0), Some(Place::Exact(2)));
        assert_eq!(found(&store, first, "t", 9), Some(Place::Exact(11)));
        assert_eq!(
            found(&store, first, "t", 10),
            Some(Place::Exact(13)),
            "the place of the next record"
        );
        assert_eq!(found(&store, first, "t", 11), Some(Place::Pending));
        assert_eq!(found(&store, first, "other", 0), None);
    }

    #[test]
    fn on_the_way_back_what_was_copied_forward_is_found_by_the_first_map_from_the_other_end() {
        let (_dir, store, ids) = store();
        let back = &ids[..2];
        for (position, there) in [(2, 0), (7, 5), (11, 9)] {
            assert_eq!(found(&store, back, "u", position), Some(Place::Exact(there)));
        }
        for between in [12, 13, 21, 22] {
            assert_eq!(
                found(&store, back, "u", between),
                Some(Place::Exact(10)),
                "behind what was copied forward comes the first record that was copied back"
            );
        }
        assert_eq!(found(&store, back, "u", 26), Some(Place::Exact(14)));
        assert_eq!(
            found(&store, back, "u", 28),
            Some(Place::Exact(15)),
            "behind a marker at its end"
        );
        assert_eq!(found(&store, back, "u", 0), Some(Place::BeforeStart(0)));
    }

    #[test]
    fn forward_again_every_record_is_found_whoever_copied_it() {
        let (_dir, store, ids) = store();
        for (position, there) in [(0, 2), (9, 11), (10, 22), (14, 26), (15, 30), (19, 34), (20, 36)] {
            assert_eq!(
                found(&store, &ids, "t", position),
                Some(Place::Exact(there)),
                "position {position}"
            );
        }
        assert_eq!(found(&store, &ids, "t", 21), Some(Place::Pending));
    }
}
