//! On which side of a pair a group is: what one task has committed for it is not the group's own, and is not moved back by the other.

use crate::groups::{GroupMemory, GroupPosition, SyncedPosition};
use crate::position::PartitionKey;

/// What both tasks of a pair have done with a group.
#[derive(Clone, Copy)]
pub(crate) struct Whereabouts<'a> {
    /// Of the task that is to move it, and of the other one, which commits where this one reads.
    pub(crate) own: &'a GroupMemory,
    pub(crate) partner: &'a GroupMemory,
}

impl<'a> Whereabouts<'a> {
    /// The note of the other task by which it put the group where it stands at the source: the group has committed nothing there
    /// since. One that was found there already was the group's own.
    pub(crate) fn put_there(self, key: &PartitionKey, committed: i64) -> Option<&'a SyncedPosition> {
        let note = self.partner.positions.get(key)?;
        (note.target_offset == committed && note.before != Some(committed)).then_some(note)
    }

    /// Whether this task has moved the position, and neither side has gone on since.
    pub(crate) fn was_moved(self, position: &GroupPosition) -> bool {
        self.own.positions.get(&position.key()).is_some_and(|note| {
            note.source_offset == position.source_offset
                && position.target_committed == Some(note.target_offset)
        })
    }

    /// Whether the group left this position on the target behind when the other task moved it away from there.
    pub(crate) fn was_left(self, key: &PartitionKey, current: i64) -> bool {
        let Some(back) = self.partner.positions.get(key) else {
            return false;
        };
        let moved_since = self
            .own
            .positions
            .get(key)
            .is_none_or(|own| own.at_ms <= back.at_ms);
        back.source_offset == current && moved_since
    }

    /// Whether a group that was taken over on the target was moved away from there by the other task since, and has committed
    /// nothing there after that.
    pub(crate) fn is_given_back(self, taken_over_ms: i64, positions: &[GroupPosition]) -> bool {
        let was_moved = self
            .partner
            .last_sync_ms()
            .is_some_and(|at_ms| at_ms >= taken_over_ms);
        was_moved
            && positions.iter().all(|position| {
                let key = position.key();
                position.target_committed.is_none_or(|current| {
                    let own = self.own.positions.get(&key);
                    self.was_left(&key, current) || own.is_some_and(|own| own.target_offset == current)
                })
            })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn key() -> PartitionKey {
        PartitionKey {
            topic: "t".into(),
            partition: 0,
        }
    }

    fn memory(source_offset: i64, target_offset: i64, before: Option<i64>, at_ms: i64) -> GroupMemory {
        GroupMemory {
            taken_over_ms: None,
            positions: BTreeMap::from([(
                key(),
                SyncedPosition {
                    source_offset,
                    target_offset,
                    before,
                    at_ms,
                },
            )]),
        }
    }

    #[test]
    fn what_the_other_task_committed_is_not_the_groups_own_until_the_group_goes_on() {
        let (own, partner) = (GroupMemory::default(), memory(7, 20, Some(3), 10));
        let group = Whereabouts {
            own: &own,
            partner: &partner,
        };
        assert_eq!(
            group.put_there(&key(), 20).map(|note| note.source_offset),
            Some(7)
        );
        assert!(group.put_there(&key(), 21).is_none(), "it has read on");
        let found = memory(7, 20, Some(20), 10);
        let group = Whereabouts {
            own: &own,
            partner: &found,
        };
        assert!(group.put_there(&key(), 20).is_none(), "it stood there by itself");
    }

    #[test]
    fn a_position_was_left_if_the_other_task_moved_the_group_from_there_and_not_before_this_one_put_it_there()
    {
        let partner = memory(20, 9, Some(7), 100);
        let group = |own| Whereabouts {
            own,
            partner: &partner,
        };
        let (earlier, later) = (memory(7, 15, None, 50), memory(9, 20, None, 150));
        assert!(group(&earlier).was_left(&key(), 20));
        assert!(!group(&earlier).was_left(&key(), 22), "it has read on there");
        assert!(!group(&later).was_left(&key(), 20), "it was put there again");
    }
}
