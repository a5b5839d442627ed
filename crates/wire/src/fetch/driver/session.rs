//! What one broker's fetch session has, and what the next request must say. No sockets and no clock.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use crate::error_code::ErrorCode;
use crate::fetch::request::{FetchPartition, FetchSession};
use crate::topic_partition::TopicPartition;

/// So many session errors one after the other, and the broker is asked without sessions.
const MAX_FAILURES: u32 = 3;

/// The parts of a request that belong to the session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parts {
    pub(crate) session: FetchSession,
    pub(crate) partitions: Vec<FetchPartition>,
    pub(crate) forgotten: Vec<(TopicPartition, Option<Uuid>)>,
}

/// The session with one broker. Without one, each request lists everything.
#[derive(Debug)]
pub(crate) struct Session {
    enabled: bool,
    id: i32,
    /// Of the next request; 0 asks for a new session.
    epoch: i32,
    by_ids: bool,
    /// What the broker was last asked of each partition.
    listed: BTreeMap<TopicPartition, FetchPartition>,
    names: BTreeMap<Uuid, String>,
    failures: u32,
    /// The partition that the last full list began with: the next one begins behind it, so that none comes last always.
    first: Option<TopicPartition>,
}

impl Session {
    pub(crate) fn new(enabled: bool) -> Self {
        Self {
            enabled,
            id: 0,
            epoch: 0,
            by_ids: false,
            listed: BTreeMap::new(),
            names: BTreeMap::new(),
            failures: 0,
            first: None,
        }
    }

    /// Whether requests go by topic ids.
    pub(crate) fn by_ids(&self) -> bool {
        self.by_ids
    }

    /// The name of a topic that was listed by its id.
    pub(crate) fn name_of(&self, id: Uuid) -> Option<&str> {
        self.names.get(&id).map(String::as_str)
    }

    /// What the broker was last asked of a partition.
    pub(crate) fn listed(&self, place: &TopicPartition) -> Option<&FetchPartition> {
        self.listed.get(place)
    }

    /// The next request. `all` are the partitions that are wanted, `changed` at least those that may be wanted in
    /// another way than before, or not any more; `wanted` returns what is asked of one. `has_ids` is whether the broker
    /// takes topic ids.
    pub(crate) fn next(
        &mut self,
        all: &BTreeSet<TopicPartition>,
        changed: &BTreeSet<TopicPartition>,
        wanted: impl Fn(&TopicPartition) -> Option<FetchPartition>,
        has_ids: bool,
    ) -> Parts {
        let is_incremental = self.enabled && self.epoch > 0;
        let lacks_id = |place: &TopicPartition| wanted(place).is_some_and(|one| one.topic_id.is_none());
        if !is_incremental || (self.by_ids && changed.iter().any(lacks_id)) {
            return self.full(all, wanted, has_ids);
        }
        let mut parts = Parts {
            session: FetchSession {
                id: self.id,
                epoch: self.epoch,
            },
            partitions: Vec::new(),
            forgotten: Vec::new(),
        };
        for place in changed {
            let (now, before) = (wanted(place), self.listed.get(place));
            if now.as_ref() == before {
                continue;
            }
            let before_id = before.map(|one| one.topic_id);
            if let Some(id) = before_id
                && now.as_ref().is_none_or(|now| now.topic_id != id)
            {
                parts.forgotten.push((place.clone(), id));
            }
            match now {
                Some(now) => {
                    self.list(now.clone());
                    parts.partitions.push(now);
                }
                None => {
                    self.listed.remove(place);
                }
            }
        }
        parts
    }

    fn list(&mut self, one: FetchPartition) {
        if let Some(id) = one.topic_id {
            self.names.entry(id).or_insert_with(|| one.place.topic.clone());
        }
        self.listed.insert(one.place.clone(), one);
    }

    fn full(
        &mut self,
        all: &BTreeSet<TopicPartition>,
        wanted: impl Fn(&TopicPartition) -> Option<FetchPartition>,
        has_ids: bool,
    ) -> Parts {
        self.listed.clear();
        self.names.clear();
        self.epoch = 0;
        let behind = all.iter().filter(|place| self.first.as_ref() < Some(*place));
        let before = all.iter().filter(|place| self.first.as_ref() >= Some(*place));
        let partitions: Vec<FetchPartition> = behind.chain(before).filter_map(wanted).collect();
        self.first = partitions.first().map(|one| one.place.clone());
        self.by_ids = has_ids && partitions.iter().all(|one| one.topic_id.is_some());
        for one in &partitions {
            self.list(one.clone());
        }
        Parts {
            session: if self.enabled {
                FetchSession {
                    id: self.id,
                    epoch: 0,
                }
            } else {
                FetchSession::NONE
            },
            partitions,
            forgotten: Vec::new(),
        }
    }

    /// An answer came; `id` is the session's number in it.
    pub(crate) fn answered(&mut self, id: i32) {
        self.failures = 0;
        if !self.enabled {
            return;
        }
        if self.epoch == 0 {
            // 0: the broker has no sessions, or no room for this one.
            self.id = id;
            self.epoch = i32::from(id != 0);
        } else {
            self.epoch = self.epoch.checked_add(1).unwrap_or(1);
        }
    }

    /// It is not known whether the broker has seen the last request: the next one closes the session and opens another.
    pub(crate) fn lost(&mut self) {
        self.epoch = 0;
    }

    /// The broker refused the last request. Returns whether the session was the reason, so that the next request may
    /// follow at once.
    pub(crate) fn refused(&mut self, code: ErrorCode) -> bool {
        let known = matches!(
            code,
            ErrorCode::FETCH_SESSION_ID_NOT_FOUND
                | ErrorCode::INVALID_FETCH_SESSION_EPOCH
                | ErrorCode::FETCH_SESSION_TOPIC_ID_ERROR
        );
        if code == ErrorCode::FETCH_SESSION_ID_NOT_FOUND {
            self.id = 0;
        }
        self.epoch = 0;
        if !known || !self.enabled {
            return false;
        }
        self.failures += 1;
        if self.failures >= MAX_FAILURES {
            self.enabled = false;
            self.id = 0;
        }
        true
    }
}
