//! What this user may do, as far as brokers report it (2.3 on).
#![expect(unsafe_code, reason = "calls librdkafka's admin client")]

use std::collections::BTreeMap;
use std::ffi::CStr;

use rdkafka_sys::bindings as rd;

use crate::admin::call::AdminFlag;
use crate::admin::client::Admin;
use crate::admin::topics::{described_topics, topic_error};
use crate::error::{ErrorCode, Result, text};

/// An operation of Kafka's access control. The numbers are the protocol's (`AclOperation`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// Fetch records; commit offsets.
    Read = 3,
    /// Produce records.
    Write = 4,
    /// Create topics.
    Create = 5,
    /// Delete topics, records or groups.
    Delete = 6,
    /// Change partitions.
    Alter = 7,
    /// See that it exists.
    Describe = 8,
    /// What brokers do among themselves.
    ClusterAction = 9,
    /// Read configuration.
    DescribeConfigs = 10,
    /// Change configuration.
    AlterConfigs = 11,
    /// Produce without repetitions.
    IdempotentWrite = 12,
}

/// A set of rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rights(u32);

impl Rights {
    /// These rights.
    pub fn of(rights: &[Right]) -> Self {
        Self(rights.iter().fold(0, |bits, right| bits | 1 << *right as u32))
    }

    /// Whether `right` is among them.
    pub fn allow(self, right: Right) -> bool {
        self.0 & (1 << right as u32) != 0
    }
}

/// What this user may do with a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TopicRights {
    /// Why the topic cannot be described; [`ErrorCode::NONE`] when it can.
    pub error: ErrorCode,
    /// The rights; `None` where the brokers do not report them (before 2.3).
    pub rights: Option<Rights>,
}

impl Admin {
    /// What this user may do with these topics.
    ///
    /// # Errors
    /// No broker answered.
    pub fn topic_rights(&self, topics: &[&str]) -> Result<BTreeMap<String, TopicRights>> {
        if topics.is_empty() {
            return Ok(BTreeMap::new());
        }
        if !self.agreed()?.metadata_forbids_creation {
            return self.listed_rights(topics);
        }
        let event = self.describe_topics(topics, &[AdminFlag::AuthorizedOperations])?;
        Ok(described_topics(&event)
            // SAFETY: everything read belongs to the event.
            .map(|topic| unsafe {
                let error = topic_error(rd::rd_kafka_TopicDescription_error(topic));
                let mut count = 0usize;
                let operations = rd::rd_kafka_TopicDescription_authorized_operations(topic, &raw mut count);
                (
                    text(CStr::from_ptr(rd::rd_kafka_TopicDescription_name(topic))),
                    TopicRights {
                        error,
                        rights: read_rights(operations, count),
                    },
                )
            })
            .collect())
    }

    /// The same from the list of all topics, for brokers that would create a topic that is asked for by name. They are
    /// older than those that report rights.
    fn listed_rights(&self, topics: &[&str]) -> Result<BTreeMap<String, TopicRights>> {
        let all = self.topics_all()?;
        let missing = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
        Ok(topics
            .iter()
            .map(|name| {
                let error = all.get(*name).map_or(missing, |topic| topic.error);
                ((*name).to_owned(), TopicRights { error, rights: None })
            })
            .collect())
    }

    /// What this user may do with the cluster itself; `None` where the brokers do not report it.
    ///
    /// # Errors
    /// No broker answered.
    pub fn cluster_rights(&self) -> Result<Option<Rights>> {
        let event = self.question(
            rd::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBECLUSTER,
            &[AdminFlag::AuthorizedOperations],
            |handle, options, queue| {
                // SAFETY: all live.
                unsafe { rd::rd_kafka_DescribeCluster(handle, options, queue) };
            },
        )?;
        // SAFETY: everything read belongs to the event.
        unsafe {
            let mut count = 0usize;
            let operations = rd::rd_kafka_DescribeCluster_result_authorized_operations(
                rd::rd_kafka_event_DescribeCluster_result(event.ptr()),
                &raw mut count,
            );
            Ok(read_rights(operations, count))
        }
    }
}

/// # Safety
/// `operations` is null, or has `count` entries.
unsafe fn read_rights(operations: *const rd::rd_kafka_AclOperation_t, count: usize) -> Option<Rights> {
    if operations.is_null() {
        return None;
    }
    // SAFETY: the library's array has the length it states; read as numbers, since a newer broker may send an operation
    // that the bindings' enum does not know.
    Some(unsafe {
        (0..count).fold(Rights::default(), |rights, index| {
            let bit = operations.add(index).cast::<u32>().read();
            Rights(rights.0 | 1u32.checked_shl(bit).unwrap_or(0))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_into_it_and_nothing_else() {
        let rights = Rights::of(&[Right::Read, Right::IdempotentWrite]);
        assert!(rights.allow(Right::Read) && rights.allow(Right::IdempotentWrite));
        assert!(!rights.allow(Right::Write) && !rights.allow(Right::ClusterAction));
    }
}
