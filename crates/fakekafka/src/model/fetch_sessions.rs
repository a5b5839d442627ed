//! Incremental fetch sessions (KIP-227): what each client has asked for and was answered.

use std::collections::{BTreeMap, HashMap, HashSet};

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::fetch_request::FetchPartition;
use kafka_protocol::messages::fetch_response::PartitionData;
use kafka_protocol::messages::{FetchRequest, TopicName};
use uuid::Uuid;

/// First version that names topics by id.
const BY_ID: i16 = 13;
/// Sessions that are kept; the default of a real broker.
const MOST_SESSIONS: usize = 1_000;
/// The epoch of a request that does without a session.
const NO_SESSION: i32 = -1;

/// One partition that is fetched.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) topic: TopicName,
    pub(crate) topic_id: Uuid,
    pub(crate) partition: FetchPartition,
}

impl Wanted {
    fn key(&self) -> Key {
        (self.topic.to_string(), self.topic_id, self.partition.partition)
    }
}

type Key = (String, Uuid, i32);

#[derive(Debug)]
struct Session {
    broker: i32,
    /// The epoch that the next request must have.
    epoch: i32,
    by_id: bool,
    /// In the order in which they are read: those with records go to the end.
    wanted: Vec<Wanted>,
    /// High watermark and log start as they were last sent.
    sent: HashMap<Key, (i64, i64)>,
}

/// All sessions of a cluster.
#[derive(Debug, Default)]
pub(crate) struct FetchSessions {
    sessions: BTreeMap<i32, Session>,
    last_id: i32,
}

/// How a request is answered.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The session's number; 0 without one.
    pub(crate) id: i32,
    /// Whether only news are sent.
    pub(crate) incremental: bool,
    /// What is fetched.
    pub(crate) wanted: Vec<Wanted>,
}

fn listed(q: &FetchRequest) -> Vec<Wanted> {
    q.topics
        .iter()
        .flat_map(|topic| {
            topic.partitions.iter().map(|partition| Wanted {
                topic: topic.topic.clone(),
                topic_id: topic.topic_id,
                partition: partition.clone(),
            })
        })
        .collect()
}

impl FetchSessions {
    /// Opens, continues or closes the session that a request names.
    pub(crate) fn plan(
        &mut self,
        broker: i32,
        version: i16,
        q: &FetchRequest,
    ) -> Result<Plan, ResponseError> {
        let by_id = version >= BY_ID;
        if q.session_epoch == NO_SESSION || q.session_epoch == 0 {
            self.sessions.remove(&q.session_id);
            let wanted = listed(q);
            let opens = q.session_epoch == 0 && !wanted.is_empty();
            let id = if opens {
                self.open(broker, by_id, wanted.clone())
            } else {
                0
            };
            return Ok(Plan {
                id,
                incremental: false,
                wanted,
            });
        }
        let session = self
            .sessions
            .get_mut(&q.session_id)
            .filter(|session| session.broker == broker)
            .ok_or(ResponseError::FetchSessionIdNotFound)?;
        if session.epoch != q.session_epoch {
            return Err(ResponseError::InvalidFetchSessionEpoch);
        }
        if session.by_id != by_id {
            return Err(ResponseError::FetchSessionTopicIdError);
        }
        session.epoch = session.epoch.checked_add(1).unwrap_or(1);
        let forgotten: HashSet<Key> = q
            .forgotten_topics_data
            .iter()
            .flat_map(|topic| {
                let of = |partition| (topic.topic.to_string(), topic.topic_id, partition);
                topic.partitions.iter().copied().map(of)
            })
            .collect();
        session.wanted.retain(|one| !forgotten.contains(&one.key()));
        session.sent.retain(|key, _| !forgotten.contains(key));
        for one in listed(q) {
            let key = one.key();
            match session.wanted.iter_mut().find(|known| known.key() == key) {
                Some(known) => *known = one,
                None => session.wanted.push(one),
            }
        }
        Ok(Plan {
            id: q.session_id,
            incremental: true,
            wanted: session.wanted.clone(),
        })
    }

    fn open(&mut self, broker: i32, by_id: bool, wanted: Vec<Wanted>) -> i32 {
        if self.sessions.len() >= MOST_SESSIONS {
            self.sessions.pop_first();
        }
        self.last_id += 1;
        let session = Session {
            broker,
            epoch: 1,
            by_id,
            wanted,
            sent: HashMap::new(),
        };
        self.sessions.insert(self.last_id, session);
        self.last_id
    }

    /// Whether a partition's answer has to be sent: it has records, an error, or marks that were not sent yet.
    pub(crate) fn is_news(&self, id: i32, wanted: &Wanted, data: &PartitionData) -> bool {
        let marks = (data.high_watermark, data.log_start_offset);
        data.records.as_ref().is_some_and(|records| !records.is_empty())
            || data.error_code != 0
            || data.diverging_epoch.end_offset >= 0
            || self
                .sessions
                .get(&id)
                .is_none_or(|session| session.sent.get(&wanted.key()) != Some(&marks))
    }

    /// Notes what is sent.
    pub(crate) fn sent(&mut self, id: i32, answered: &[(Wanted, PartitionData)]) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        for (wanted, data) in answered {
            let key = wanted.key();
            if data.error_code == 0 {
                let marks = (data.high_watermark, data.log_start_offset);
                session.sent.insert(key.clone(), marks);
            } else {
                session.sent.remove(&key);
            }
            let has_records = data.records.as_ref().is_some_and(|records| !records.is_empty());
            if let Some(at) = session.wanted.iter().position(|one| one.key() == key)
                && has_records
            {
                let moved = session.wanted.remove(at);
                session.wanted.push(moved);
            }
        }
    }

    /// Forgets all sessions, as a broker that needs the room does.
    pub(crate) fn forget(&mut self) {
        self.sessions.clear();
    }

    /// Makes every session expect another epoch than its client will send.
    pub(crate) fn skew(&mut self) {
        for session in self.sessions.values_mut() {
            session.epoch = session.epoch.saturating_add(7);
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.sessions.len()
    }
}
