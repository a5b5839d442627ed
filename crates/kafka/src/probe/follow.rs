use std::collections::VecDeque;

use sluice_model::Cluster;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::look::{Look, RECORD_LIMIT, holds, shorten};
use super::peek::{PeekFrom, PeekedRecord};
use crate::error::Result;
use crate::message::Message;

/// Most records that one call looks at. What is farther behind the end is passed over, so that the end is always seen.
const LOOKED_AT: usize = 1_000;
/// Bytes after which one call reads no further; the next one goes on.
const READ_BYTES: usize = 8 * 1024 * 1024;
/// Bytes of keys, values and headers that one answer has, beside its newest record.
const ANSWER_BYTES: usize = 1024 * 1024;

/// Why following did not go on at the offset that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum JumpCause {
    /// More records had come than one call looks at.
    TooMany,
    /// The cluster deletes records before this offset.
    Deleted,
    /// The log ends before the offset: the topic was recreated, or its log was cut.
    Shortened,
}

/// Offsets that were not looked at, or are there a second time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FollowJump {
    /// The offset that was asked for.
    #[ts(type = "number")]
    pub from: i64,
    /// Where it went on instead.
    #[ts(type = "number")]
    pub to: i64,
    /// Why.
    pub cause: JumpCause,
}

/// What has come to a partition since the last look.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FollowedRecords {
    /// The newest records that were asked for, in their order.
    pub records: Vec<PeekedRecord>,
    /// Where the next call goes on.
    #[ts(type = "number")]
    pub next: i64,
    /// Records before these that belong to the answer and found no place in it.
    #[ts(type = "number")]
    pub left_out: u64,
    /// Set where the look did not begin at the offset that was asked for.
    pub jump: Option<FollowJump>,
}

/// Looks at the committed records of a partition from `next` on, or at the newest where there is none yet, and returns
/// the newest `max_records` (at most 100) of those with `wanted` in them. One call looks at 1 000 records, reads 8 MiB and
/// answers 1 MiB at most. It waits for nothing to come, leaves no reader open, and commits nothing.
///
/// # Errors
/// The partition does not exist, may not be read, or no broker answered within 15 s.
pub fn follow(
    cluster: &Cluster,
    topic: &str,
    partition: i32,
    next: Option<i64>,
    max_records: usize,
    wanted: &[u8],
) -> Result<FollowedRecords> {
    let limit = max_records.clamp(1, RECORD_LIMIT);
    let back = if wanted.is_empty() { limit } else { LOOKED_AT };
    let from = next.map_or(PeekFrom::Latest, PeekFrom::Offset);
    let mut look = Look::begin(cluster, topic, partition, from, back)?;
    let jump = next.and_then(|next| jump(next, &mut look));
    let mut newest = Newest::new(limit);
    let (mut looked_at, mut read) = (0, 0);
    let next = look.read(&mut |message| {
        looked_at += 1;
        read += size(message);
        if wanted.is_empty() || holds(message, wanted) {
            newest.push(shorten(message));
        }
        looked_at < LOOKED_AT && read < READ_BYTES
    })?;
    if looked_at == 0 && next < look.end {
        return Err(look.unread());
    }
    Ok(FollowedRecords {
        records: newest.records.into(),
        next,
        left_out: newest.left_out,
        jump,
    })
}

/// Moves the look to where it can go on, and says why that is not `next`.
fn jump(next: i64, look: &mut Look<'_>) -> Option<FollowJump> {
    let reach = look
        .end
        .saturating_sub(i64::try_from(LOOKED_AT).unwrap_or(i64::MAX));
    let (to, cause) = if next > look.end {
        (look.end, JumpCause::Shortened)
    } else if look.first < reach {
        (reach, JumpCause::TooMany)
    } else if next < look.start {
        (look.start, JumpCause::Deleted)
    } else {
        return None;
    };
    look.first = to;
    Some(FollowJump {
        from: next,
        to,
        cause,
    })
}

/// The newest records that fit into an answer.
struct Newest {
    limit: usize,
    records: VecDeque<PeekedRecord>,
    bytes: usize,
    left_out: u64,
}

impl Newest {
    fn new(limit: usize) -> Self {
        Self {
            limit,
            records: VecDeque::with_capacity(limit + 1),
            bytes: 0,
            left_out: 0,
        }
    }

    fn push(&mut self, record: PeekedRecord) {
        self.bytes += kept(&record);
        self.records.push_back(record);
        while self.records.len() > self.limit || (self.bytes > ANSWER_BYTES && self.records.len() > 1) {
            if let Some(oldest) = self.records.pop_front() {
                self.bytes -= kept(&oldest);
                self.left_out += 1;
            }
        }
    }
}

fn kept(record: &PeekedRecord) -> usize {
    let length = |part: &Option<Vec<u8>>| part.as_ref().map_or(0, Vec::len);
    let headers: usize = record
        .headers
        .iter()
        .map(|(name, value)| name.len() + length(value))
        .sum();
    length(&record.key) + length(&record.value) + headers
}

fn size(message: &Message) -> usize {
    let headers: usize = message
        .headers()
        .map(|(name, value)| name.len() + value.map_or(0, <[u8]>::len))
        .sum();
    message.key().map_or(0, <[u8]>::len) + message.value().map_or(0, <[u8]>::len) + headers
}
