//! What this user may do, as far as brokers tell (2.3 on).
#![expect(unsafe_code, reason = "calls librdkafka's admin client")]

use std::collections::BTreeMap;
use std::ffi::{CStr, CString, c_char};

use rdkafka_sys::bindings as rd;

use crate::admin::{Admin, AdminFlag};
use crate::error::{ErrorCode, Result, text};
use crate::ffi;
use crate::native::c_string;

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
    /// The rights; `None` where the brokers do not tell (before 2.3).
    pub rights: Option<Rights>,
}

impl Admin {
    /// What this user may do with these topics.
    ///
    /// # Errors
    /// Nobody answered.
    pub fn topic_rights(&self, topics: &[&str]) -> Result<BTreeMap<String, TopicRights>> {
        if topics.is_empty() {
            return Ok(BTreeMap::new());
        }
        let names: Vec<CString> = topics.iter().map(|name| c_string(name)).collect::<Result<_>>()?;
        let mut pointers: Vec<*const c_char> = names.iter().map(|name| name.as_ptr()).collect();
        // SAFETY: the collection copies the names and is destroyed after the call was made.
        let collection =
            unsafe { rd::rd_kafka_TopicCollection_of_topic_names(pointers.as_mut_ptr(), pointers.len()) };
        let answer = self.question(
            rd::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS,
            &[AdminFlag::AuthorizedOperations],
            |handle, options, queue| {
                // SAFETY: all live.
                unsafe { rd::rd_kafka_DescribeTopics(handle, collection, options, queue) };
            },
        );
        // SAFETY: ours.
        unsafe { rd::rd_kafka_TopicCollection_destroy(collection) };
        let event = answer?;
        // SAFETY: everything read belongs to the event.
        unsafe {
            let mut count = 0usize;
            let described = rd::rd_kafka_DescribeTopics_result_topics(
                rd::rd_kafka_event_DescribeTopics_result(event.ptr()),
                &raw mut count,
            );
            Ok((0..count)
                .map(|index| {
                    let topic = *described.add(index);
                    let error = rd::rd_kafka_TopicDescription_error(topic);
                    let error = if error.is_null() {
                        ErrorCode::NONE
                    } else {
                        ErrorCode(ffi::rd_kafka_error_code(error))
                    };
                    let mut count = 0usize;
                    let operations =
                        rd::rd_kafka_TopicDescription_authorized_operations(topic, &raw mut count);
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
    }

    /// What this user may do with the cluster itself; `None` where the brokers do not tell.
    ///
    /// # Errors
    /// Nobody answered.
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
