//! Offsets committed by groups, plainly or as part of a transaction.

use std::collections::{BTreeMap, HashMap};

use kafka_protocol::error::ResponseError;

use super::group::{Group, GroupPhase};

/// An offset a group committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommittedOffset {
    /// The next offset the group wants to read.
    pub offset: i64,
    /// Leader epoch of the last record read; -1 if not known.
    pub leader_epoch: i32,
    /// Free text the committer added.
    pub metadata: String,
}

/// Who commits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Committer<'a> {
    pub(crate) member_id: &'a str,
    pub(crate) instance_id: Option<&'a str>,
    /// -1 for a client that is no member.
    pub(crate) generation: i32,
    pub(crate) transactional: bool,
}

type Place = (String, i32);

/// The offsets of one group.
#[derive(Debug, Default)]
pub(crate) struct Offsets {
    /// With the number of the commit: later ones win, whenever a transaction is decided.
    committed: BTreeMap<Place, (u64, CommittedOffset)>,
    pending: HashMap<i64, BTreeMap<Place, (u64, CommittedOffset)>>,
    commits: u64,
}

impl Offsets {
    pub(crate) fn get(&self, topic: &str, partition: i32) -> Option<&CommittedOffset> {
        self.committed
            .get(&(topic.to_owned(), partition))
            .map(|(_, offset)| offset)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (&Place, &CommittedOffset)> {
        self.committed.iter().map(|(place, (_, offset))| (place, offset))
    }

    /// Whether an undecided transaction may still change the offset.
    pub(crate) fn is_pending(&self, topic: &str, partition: i32) -> bool {
        let place = (topic.to_owned(), partition);
        self.pending.values().any(|places| places.contains_key(&place))
    }

    pub(crate) fn commit(&mut self, topic: &str, partition: i32, offset: CommittedOffset) {
        self.commits += 1;
        self.committed
            .insert((topic.to_owned(), partition), (self.commits, offset));
    }

    pub(crate) fn commit_pending(
        &mut self,
        producer: i64,
        topic: &str,
        partition: i32,
        offset: CommittedOffset,
    ) {
        self.commits += 1;
        let places = self.pending.entry(producer).or_default();
        places.insert((topic.to_owned(), partition), (self.commits, offset));
    }

    pub(crate) fn remove(&mut self, topic: &str, partition: i32) {
        self.committed.remove(&(topic.to_owned(), partition));
    }
}

impl Group {
    /// Whether the client may commit now.
    pub(crate) fn check_commit(&self, who: Committer<'_>) -> Result<(), ResponseError> {
        let empty = self.phase == GroupPhase::Empty;
        if who.generation < 0 && empty {
            return Ok(());
        }
        if who.generation >= 0 || !who.member_id.is_empty() || who.instance_id.is_some() {
            self.check_member(who.member_id, who.instance_id)?;
            if who.generation != self.generation {
                return Err(ResponseError::IllegalGeneration);
            }
        } else if !who.transactional && !empty {
            return Err(ResponseError::UnknownMemberId);
        }
        if !who.transactional && self.phase == GroupPhase::AwaitingSync {
            return Err(ResponseError::RebalanceInProgress);
        }
        Ok(())
    }

    /// Applies or drops what a transaction committed.
    pub(crate) fn settle(&mut self, producer_id: i64, commit: bool) {
        let Some(places) = self.offsets.pending.remove(&producer_id) else {
            return;
        };
        if !commit {
            return;
        }
        for (place, (number, offset)) in places {
            let newer = self
                .offsets
                .committed
                .get(&place)
                .is_some_and(|(have, _)| *have > number);
            if !newer {
                self.offsets.committed.insert(place, (number, offset));
            }
        }
    }

    pub(crate) fn forget_topic(&mut self, name: &str) {
        self.offsets.committed.retain(|(topic, _), _| topic != name);
        for places in self.offsets.pending.values_mut() {
            places.retain(|(topic, _), _| topic != name);
        }
    }
}
