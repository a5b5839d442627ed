#![expect(unsafe_code, reason = "calls librdkafka's admin client")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka_sys::bindings as rd;

use crate::admin::call::AdminFlag;
use crate::admin::client::Admin;
use crate::admin::metadata::metadata_of;
use crate::error::{ErrorCode, Result};
use crate::native::Native;
use crate::partition_list::{PartitionList, PartitionOffset, read_entry};
use crate::reader::Isolation;

/// How long offsets are asked for again while leaders are being elected and no further one answers.
const ELECTION_DEADLINE: Duration = Duration::from_secs(8);
/// How long they are asked for again in all: a broker takes a topic of 10 000 partitions over one after the other.
const ELECTIONS_DEADLINE: Duration = Duration::from_secs(30);
/// librdkafka's `RD_KAFKA_OFFSET_INVALID`.
const OFFSET_INVALID: i64 = -1001;

/// Which offset to look up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OffsetQuery {
    /// The first offset in the log.
    Earliest,
    /// One past the last record that the isolation level shows.
    Latest,
    /// The first record whose timestamp (ms since 1970) is not smaller.
    At(i64),
}

impl Admin {
    /// Looks up one offset for each partition, waiting out elections. `None` where no record matches ([`OffsetQuery::At`] behind the end).
    ///
    /// # Errors
    /// No broker answered; per-partition errors are in the entries.
    pub fn offsets(
        &self,
        partitions: &[(String, i32)],
        query: OffsetQuery,
        isolation: Isolation,
    ) -> Result<Vec<PartitionOffset>> {
        let end = Instant::now() + ELECTIONS_DEADLINE;
        let mut until = Instant::now() + ELECTION_DEADLINE;
        let mut settled = Vec::with_capacity(partitions.len());
        let mut open = partitions.to_vec();
        loop {
            let (unsettled, known): (Vec<_>, Vec<_>) = self
                .offsets_once(&open, query, isolation)?
                .into_iter()
                .partition(|entry| may_settle(entry.error));
            if !known.is_empty() {
                until = end.min(Instant::now() + ELECTION_DEADLINE);
            }
            settled.extend(known);
            if unsettled.is_empty() || Instant::now() >= until {
                settled.extend(unsettled);
                return Ok(settled);
            }
            open = unsettled
                .into_iter()
                .map(|entry| (entry.topic, entry.partition))
                .collect();
            std::thread::sleep(Duration::from_millis(200));
            // librdkafka asks the leaders that it remembers, with the epochs that it remembers, for minutes.
            self.metadata()?;
        }
    }

    fn offsets_once(
        &self,
        partitions: &[(String, i32)],
        query: OffsetQuery,
        isolation: Isolation,
    ) -> Result<Vec<PartitionOffset>> {
        if partitions.is_empty() {
            return Ok(Vec::new());
        }
        // Without the leaders librdkafka asks for them by name, which would create a deleted topic again on old brokers.
        let names_may_create = !self.agreed()?.metadata_forbids_creation;
        self.ask(|native, deadline| {
            hear_of_leaders(native, deadline, partitions, names_may_create)?;
            let mut asked = Vec::new();
            let mut found = Vec::new();
            for (topic, partition) in partitions {
                match native.leaders.leader((topic, *partition)) {
                    Some(false) => found.push(unanswered(topic, *partition, ErrorCode::LEADER_NOT_AVAILABLE)),
                    None if names_may_create => {
                        found.push(unanswered(
                            topic,
                            *partition,
                            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
                        ));
                    }
                    Some(true) | None => asked.push((topic.clone(), *partition)),
                }
            }
            found.extend(self.offsets_of(native, deadline, &asked, query, isolation)?);
            Ok(found)
        })
    }

    fn offsets_of(
        &self,
        native: &Arc<Native>,
        deadline: Duration,
        partitions: &[(String, i32)],
        query: OffsetQuery,
        isolation: Isolation,
    ) -> Result<Vec<PartitionOffset>> {
        if partitions.is_empty() {
            return Ok(Vec::new());
        }
        let spec = match query {
            OffsetQuery::Earliest => -2,
            OffsetQuery::Latest => -1,
            OffsetQuery::At(timestamp) => timestamp.max(0),
        };
        let wanted: Vec<PartitionOffset> = partitions
            .iter()
            .map(|(topic, partition)| PartitionOffset::new(topic.clone(), *partition, spec))
            .collect();
        let list = PartitionList::new(&wanted)?;
        let flags: &[AdminFlag] = match isolation {
            Isolation::Committed => &[AdminFlag::ReadCommitted],
            Isolation::Uncommitted => &[],
        };
        let event = self.call_within(
            native,
            deadline,
            rd::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_LISTOFFSETS,
            flags,
            |handle, options, queue| {
                // SAFETY: all live.
                unsafe { rd::rd_kafka_ListOffsets(handle, list.ptr(), options, queue) };
            },
        )?;
        // SAFETY: everything read belongs to the event.
        unsafe {
            let mut count = 0usize;
            let infos = rd::rd_kafka_ListOffsets_result_infos(
                rd::rd_kafka_event_ListOffsets_result(event.ptr()),
                &raw mut count,
            );
            Ok((0..count)
                .map(|index| {
                    let element = rd::rd_kafka_ListOffsetsResultInfo_topic_partition(*infos.add(index));
                    let mut entry = read_entry(element);
                    // A leader that did not answer leaves its partitions as they were made: without an error.
                    if entry.error == ErrorCode::NONE && (*element).offset == OFFSET_INVALID {
                        entry.error = ErrorCode::LOCAL_TIMED_OUT;
                    }
                    entry
                })
                .collect())
        }
    }
}

/// Whether a partition's error passes with an election, or with the news of it.
fn may_settle(error: ErrorCode) -> bool {
    error.is_election()
        || matches!(
            error,
            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
                | ErrorCode::LOCAL_UNKNOWN_PARTITION
                | ErrorCode::LOCAL_TIMED_OUT
                | ErrorCode::LOCAL_TRANSPORT
        )
}

/// Has the library hear of the leaders of these partitions, unless it has: where it begins without them, a change of what
/// it knows meets the beginning on another of its threads (see `LEAST_TIME` of a call).
///
/// # Errors
/// No broker answered within the deadline.
pub(super) fn hear_of_leaders(
    native: &Arc<Native>,
    deadline: Duration,
    partitions: &[(String, i32)],
    anew: bool,
) -> Result<()> {
    let mut places = partitions.iter().map(|(topic, number)| (topic.as_str(), *number));
    if anew || !native.leaders.has_all(&mut places) {
        metadata_of(native, deadline)?;
    }
    Ok(())
}

fn unanswered(topic: &str, partition: i32, error: ErrorCode) -> PartitionOffset {
    PartitionOffset {
        offset: None,
        error,
        ..PartitionOffset::new(topic, partition, 0)
    }
}
