#![expect(unsafe_code, reason = "calls librdkafka's admin client")]

use std::time::{Duration, Instant};

use rdkafka_sys::bindings as rd;

use crate::admin::call::AdminFlag;
use crate::admin::client::Admin;
use crate::error::{ErrorCode, Result};
use crate::partition_list::{PartitionList, PartitionOffset, read_entry};
use crate::reader::Isolation;

/// How long offsets are asked for again while leaders are being elected.
const ELECTION_DEADLINE: Duration = Duration::from_secs(8);
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
        let until = Instant::now() + ELECTION_DEADLINE;
        loop {
            let found = self.offsets_once(partitions, query, isolation)?;
            let unsettled = found.iter().any(|entry| {
                entry.error.is_election()
                    || matches!(
                        entry.error,
                        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
                            | ErrorCode::LOCAL_TIMED_OUT
                            | ErrorCode::LOCAL_TRANSPORT
                    )
            });
            if !unsettled || Instant::now() >= until {
                return Ok(found);
            }
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
        let mut missing = Vec::new();
        let mut existing = partitions.to_vec();
        if !partitions.is_empty() && !self.agreed()?.metadata_forbids_creation {
            // The question below makes librdkafka ask for the leaders by name, which would create a deleted topic again.
            let all = self.topics_all()?;
            existing.retain(|(topic, partition)| {
                let is_known = all
                    .get(topic)
                    .is_some_and(|known| known.partitions.iter().any(|one| one.id == *partition));
                if !is_known {
                    let mut entry = PartitionOffset::new(topic.clone(), *partition, 0);
                    entry.offset = None;
                    entry.error = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
                    missing.push(entry);
                }
                is_known
            });
        }
        let mut found = self.offsets_of_existing(&existing, query, isolation)?;
        found.extend(missing);
        Ok(found)
    }

    fn offsets_of_existing(
        &self,
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
        let event = self.question(
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
