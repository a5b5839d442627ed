use std::time::Instant;

use uuid::Uuid;

use crate::client::Trouble;
use crate::error::WireError;
use crate::fetch::driver::epochs::EpochQuestion;
use crate::fetch::driver::event::LogMarks;
use crate::fetch::request::FetchPartition;
use crate::topic_partition::TopicPartition;

/// One partition that is fetched.
#[derive(Debug)]
pub(crate) struct Partition {
    pub(crate) topic_id: Option<Uuid>,
    pub(crate) position: i64,
    /// The leader epoch of the last record that was read.
    pub(crate) last_epoch: Option<i32>,
    /// The present leader has the log that was read.
    pub(crate) is_proven: bool,
    /// Who leads it, and its epoch.
    pub(crate) leader: Option<(i32, Option<i32>)>,
    /// The replica that its leader has named.
    pub(crate) nearest: Option<i32>,
    pub(crate) max_bytes: i32,
    pub(crate) paused: bool,
    pub(crate) halted: bool,
    pub(crate) trouble: Trouble,
    pub(crate) marks: LogMarks,
}

impl Partition {
    pub(crate) fn new(
        topic_id: Option<Uuid>,
        position: i64,
        last_epoch: Option<i32>,
        max_bytes: i32,
    ) -> Self {
        Self {
            topic_id,
            position,
            last_epoch,
            is_proven: false,
            leader: None,
            nearest: None,
            max_bytes,
            paused: false,
            halted: false,
            trouble: Trouble::default(),
            marks: LogMarks::default(),
        }
    }

    /// The broker that is asked for it; none while it is not fetched.
    pub(crate) fn broker(&self) -> Option<i32> {
        if self.paused || self.halted || self.trouble.retry_at.is_some() {
            return None;
        }
        let (leader, _) = self.leader?;
        Some(self.nearest.unwrap_or(leader))
    }

    /// Has it fetched from this leader.
    pub(crate) fn lead_by(&mut self, leader: (i32, Option<i32>)) {
        if self.leader != Some(leader) {
            self.is_proven = false;
        }
        self.leader = Some(leader);
    }

    /// What its leader is to be asked before it is fetched, where brokers do not compare epochs by themselves.
    pub(crate) fn question(&self, place: &TopicPartition) -> Option<EpochQuestion> {
        let epoch = self.last_epoch.filter(|_| !self.is_proven)?;
        Some(EpochQuestion {
            place: place.clone(),
            position: self.position,
            epoch,
        })
    }

    /// What a broker is asked.
    pub(crate) fn wanted(&self, place: &TopicPartition) -> FetchPartition {
        FetchPartition {
            place: place.clone(),
            topic_id: self.topic_id,
            offset: self.position,
            leader_epoch: self.leader.and_then(|(_, epoch)| epoch),
            last_epoch: self.last_epoch,
            max_bytes: self.max_bytes,
        }
    }

    /// It cannot be fetched now. Returns when it is tried again, and whether that must be reported.
    pub(crate) fn failed(&mut self, error: &WireError, now: Instant) -> (Instant, bool) {
        self.leader = None;
        self.nearest = None;
        self.trouble.failed(error, now)
    }
}
