use std::time::{Duration, Instant};

use uuid::Uuid;

use crate::error::WireError;
use crate::error_code::ErrorCode;
use crate::fetch::driver::event::LogMarks;
use crate::fetch::request::FetchPartition;
use crate::topic_partition::TopicPartition;

/// The pauses of a partition that cannot be fetched.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(3));
/// A leader that moves is no news; one that is not found so often is.
const ATTEMPTS_TO_REPORT: u32 = 3;

/// One partition that is fetched.
#[derive(Debug)]
pub(crate) struct Partition {
    pub(crate) topic_id: Option<Uuid>,
    pub(crate) position: i64,
    /// The leader epoch of the last record that was read.
    pub(crate) last_epoch: Option<i32>,
    /// Who leads it, and its epoch.
    pub(crate) leader: Option<(i32, Option<i32>)>,
    /// The replica that its leader has named.
    pub(crate) nearest: Option<i32>,
    pub(crate) max_bytes: i32,
    pub(crate) paused: bool,
    pub(crate) halted: bool,
    /// When it is tried again.
    pub(crate) retry_at: Option<Instant>,
    pub(crate) marks: LogMarks,
    attempts: u32,
    reported: Option<WireError>,
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
            leader: None,
            nearest: None,
            max_bytes,
            paused: false,
            halted: false,
            retry_at: None,
            marks: LogMarks::default(),
            attempts: 0,
            reported: None,
        }
    }

    /// The broker that is asked for it; none while it is not fetched.
    pub(crate) fn broker(&self) -> Option<i32> {
        if self.paused || self.halted || self.retry_at.is_some() {
            return None;
        }
        let (leader, _) = self.leader?;
        Some(self.nearest.unwrap_or(leader))
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
        self.attempts += 1;
        self.leader = None;
        self.nearest = None;
        let doubled = BACK_OFF.0 * 2u32.saturating_pow(self.attempts.min(10) - 1);
        let retry_at = now + doubled.min(BACK_OFF.1);
        self.retry_at = Some(retry_at);
        let moves = match error.code() {
            Some(code) => code.is_stale_leader() || code == ErrorCode::INCONSISTENT_TOPIC_ID,
            None => error.is_retriable(),
        };
        let due = !moves || self.attempts >= ATTEMPTS_TO_REPORT;
        let is_new = self.reported.as_ref() != Some(error);
        if due && is_new {
            self.reported = Some(error.clone());
        }
        (retry_at, due && is_new)
    }

    /// It is fetched again. Returns whether that must be reported.
    pub(crate) fn succeeded(&mut self) -> bool {
        self.attempts = 0;
        self.reported.take().is_some()
    }
}
