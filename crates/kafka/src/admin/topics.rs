#![expect(unsafe_code, reason = "calls librdkafka's admin client")]

use std::collections::BTreeMap;
use std::ffi::{CStr, CString, c_char};

use rdkafka_sys::bindings as rd;

use crate::admin::call::{AdminFlag, Event};
use crate::admin::client::Admin;
use crate::error::{ErrorCode, KafkaError, Result, check, text};
use crate::ffi;
use crate::native::c_string;
use crate::owned::Owned;

/// A topic to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTopic {
    /// Name.
    pub name: String,
    /// Partition count.
    pub partitions: usize,
    /// Replicas of each partition.
    pub replication_factor: usize,
    /// Topic configuration.
    pub config: BTreeMap<String, String>,
}

/// Records that a controller of Kafka without ZooKeeper writes for one request (`QuorumController.MAX_RECORDS_PER_BATCH`):
/// one for the topic, and one for each of its partitions and values.
const CONTROLLER_BATCH: usize = 10_000;
/// Partitions by which a topic larger than that grows.
const GROWN_BY: usize = 5_000;

impl NewTopic {
    fn is_too_large_at_once(&self) -> bool {
        1 + self.partitions + self.config.len() > CONTROLLER_BATCH
    }
}

impl Admin {
    /// Ids of these topics. Topics without one (brokers before 2.8) and topics that do not exist are left out.
    ///
    /// # Errors
    /// No broker answered, or the brokers refuse.
    pub fn topic_ids(&self, topics: &[&str]) -> Result<BTreeMap<String, String>> {
        const NO_ID: &str = "AAAAAAAAAAAAAAAAAAAAAA";
        if topics.is_empty() || !self.agreed()?.topic_ids {
            return Ok(BTreeMap::new());
        }
        let event = self.describe_topics(topics, &[])?;
        let mut ids = BTreeMap::new();
        for topic in described_topics(&event) {
            // SAFETY: the event lives until the end of the function, and everything read from it belongs to it.
            unsafe {
                let error = rd::rd_kafka_TopicDescription_error(topic);
                let id = rd::rd_kafka_TopicDescription_topic_id(topic);
                if topic_error(error) != ErrorCode::NONE || id.is_null() {
                    continue;
                }
                let id = text(CStr::from_ptr(rd::rd_kafka_Uuid_base64str(id)));
                if id.trim_end_matches('=') != NO_ID {
                    let name = text(CStr::from_ptr(rd::rd_kafka_TopicDescription_name(topic)));
                    ids.insert(name, id);
                }
            }
        }
        Ok(ids)
    }

    /// Asks for the description of topics, by name.
    pub(super) fn describe_topics(&self, topics: &[&str], flags: &[AdminFlag]) -> Result<Event> {
        let names: Vec<CString> = topics.iter().map(|name| c_string(name)).collect::<Result<_>>()?;
        let mut pointers: Vec<*const c_char> = names.iter().map(|name| name.as_ptr()).collect();
        // SAFETY: the collection copies the names.
        let collection = unsafe {
            Owned::new(
                rd::rd_kafka_TopicCollection_of_topic_names(pointers.as_mut_ptr(), pointers.len()),
                rd::rd_kafka_TopicCollection_destroy,
            )?
        };
        self.question(
            rd::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS,
            flags,
            |handle, options, queue| {
                // SAFETY: all live.
                unsafe { rd::rd_kafka_DescribeTopics(handle, collection.ptr(), options, queue) };
            },
        )
    }

    /// Creates a topic, or only asks whether it could be created. One with more partitions than a controller takes in one
    /// request is made with fewer and grown.
    ///
    /// # Errors
    /// The cluster's reason. A topic that was made and could not be grown stays as it is.
    pub fn create_topic(&self, topic: &NewTopic, validate_only: bool) -> Result<()> {
        match self.create_topic_at_once(topic, validate_only) {
            Err(error) if error.code == ErrorCode::POLICY_VIOLATION && topic.is_too_large_at_once() => {}
            other => return other,
        }
        let first = NewTopic {
            partitions: GROWN_BY,
            ..topic.clone()
        };
        self.create_topic_at_once(&first, validate_only)?;
        if validate_only {
            return Ok(());
        }
        self.grow_in_steps(&topic.name, first.partitions, topic.partitions)
    }

    fn grow_in_steps(&self, topic: &str, mut total: usize, wanted: usize) -> Result<()> {
        while total < wanted {
            total = wanted.min(total + GROWN_BY);
            self.create_partitions_at_once(topic, total)?;
        }
        Ok(())
    }

    fn create_topic_at_once(&self, topic: &NewTopic, validate_only: bool) -> Result<()> {
        let name = c_string(&topic.name)?;
        let mut reason = [0 as c_char; 512];
        let count = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
        // SAFETY: the description copies all texts, and lives until the call was made.
        unsafe {
            let new = rd::rd_kafka_NewTopic_new(
                name.as_ptr(),
                count(topic.partitions),
                count(topic.replication_factor),
                reason.as_mut_ptr(),
                reason.len(),
            );
            if new.is_null() {
                return Err(invalid(&reason));
            }
            let new = Owned::new(new, rd::rd_kafka_NewTopic_destroy)?;
            for (key, value) in &topic.config {
                let (key, value) = (c_string(key)?, c_string(value)?);
                check(ffi::rd_kafka_NewTopic_set_config(
                    new.ptr(),
                    key.as_ptr(),
                    value.as_ptr(),
                ))?;
            }
            let mut list = [new.ptr()];
            let flags: &[AdminFlag] = if validate_only {
                &[AdminFlag::ValidateOnly]
            } else {
                &[]
            };
            let event = self.call(
                rd::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_CREATETOPICS,
                flags,
                |handle, options, queue| {
                    rd::rd_kafka_CreateTopics(handle, list.as_mut_ptr(), 1, options, queue);
                },
            )?;
            let mut count = 0usize;
            let results = rd::rd_kafka_CreateTopics_result_topics(
                rd::rd_kafka_event_CreateTopics_result(event.ptr()),
                &raw mut count,
            );
            topic_results(results, count)
        }
    }

    /// Deletes a topic.
    ///
    /// # Errors
    /// The cluster's reason.
    pub fn delete_topic(&self, topic: &str) -> Result<()> {
        let name = c_string(topic)?;
        // SAFETY: the description lives until the call was made.
        unsafe {
            let delete = Owned::new(
                rd::rd_kafka_DeleteTopic_new(name.as_ptr()),
                rd::rd_kafka_DeleteTopic_destroy,
            )?;
            let mut list = [delete.ptr()];
            let event = self.call(
                rd::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DELETETOPICS,
                &[],
                |handle, options, queue| {
                    rd::rd_kafka_DeleteTopics(handle, list.as_mut_ptr(), 1, options, queue);
                },
            )?;
            let mut count = 0usize;
            let results = rd::rd_kafka_DeleteTopics_result_topics(
                rd::rd_kafka_event_DeleteTopics_result(event.ptr()),
                &raw mut count,
            );
            topic_results(results, count)
        }
    }

    /// Grows a topic from `there` partitions to `total` (brokers from 1.0 on), in steps if a controller does not take all in
    /// one request.
    ///
    /// # Errors
    /// The cluster's reason. A topic that grew by some of the steps stays as it is.
    pub fn create_partitions(&self, topic: &str, there: usize, total: usize) -> Result<()> {
        match self.create_partitions_at_once(topic, total) {
            Err(error)
                if error.code == ErrorCode::POLICY_VIOLATION
                    && total.saturating_sub(there) >= CONTROLLER_BATCH =>
            {
                self.grow_in_steps(topic, there, total)
            }
            other => other,
        }
    }

    fn create_partitions_at_once(&self, topic: &str, total: usize) -> Result<()> {
        let name = c_string(topic)?;
        let mut reason = [0 as c_char; 512];
        // SAFETY: the description lives until the call was made.
        unsafe {
            let grow =
                rd::rd_kafka_NewPartitions_new(name.as_ptr(), total, reason.as_mut_ptr(), reason.len());
            if grow.is_null() {
                return Err(invalid(&reason));
            }
            let grow = Owned::new(grow, rd::rd_kafka_NewPartitions_destroy)?;
            let mut list = [grow.ptr()];
            let event = self.call(
                rd::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_CREATEPARTITIONS,
                &[],
                |handle, options, queue| {
                    rd::rd_kafka_CreatePartitions(handle, list.as_mut_ptr(), 1, options, queue);
                },
            )?;
            let mut count = 0usize;
            let results = rd::rd_kafka_CreatePartitions_result_topics(
                rd::rd_kafka_event_CreatePartitions_result(event.ptr()),
                &raw mut count,
            );
            topic_results(results, count)
        }
    }
}

/// What the library wrote into a buffer for the reason of a refusal.
fn invalid(reason: &[c_char]) -> KafkaError {
    // SAFETY: the library ends what it writes, and an untouched buffer is zero.
    let words = unsafe { text(CStr::from_ptr(reason.as_ptr())) };
    KafkaError::new(ErrorCode::LOCAL_INVALID_ARG, words)
}

/// The topics of an answer to [`Admin::describe_topics`].
pub(super) fn described_topics(
    event: &Event,
) -> impl Iterator<Item = *const rd::rd_kafka_TopicDescription_t> + '_ {
    let mut count = 0usize;
    // SAFETY: the event holds `count` descriptions, and outlives the iterator.
    let topics = unsafe {
        rd::rd_kafka_DescribeTopics_result_topics(
            rd::rd_kafka_event_DescribeTopics_result(event.ptr()),
            &raw mut count,
        )
    };
    // SAFETY: as above.
    (0..count).map(move |index| unsafe { *topics.add(index) })
}

/// The code of an error object that stays the library's.
///
/// # Safety
/// `error` is null or live.
pub(super) unsafe fn topic_error(error: *const rd::rd_kafka_error_t) -> ErrorCode {
    if error.is_null() {
        return ErrorCode::NONE;
    }
    // SAFETY: the caller's promise.
    ErrorCode(unsafe { ffi::rd_kafka_error_code(error) })
}

/// The first refusal among the results.
///
/// # Safety
/// `results` are `count` results of a live event.
unsafe fn topic_results(results: *mut *const rd::rd_kafka_topic_result_t, count: usize) -> Result<()> {
    // SAFETY: the caller's event holds `count` results.
    unsafe {
        for index in 0..count {
            let result = *results.add(index);
            let code = ErrorCode(ffi::rd_kafka_topic_result_error(result));
            if code != ErrorCode::NONE {
                let words = rd::rd_kafka_topic_result_error_string(result);
                let words = if words.is_null() {
                    code.describe()
                } else {
                    text(CStr::from_ptr(words))
                };
                return Err(KafkaError::new(code, words));
            }
        }
        Ok(())
    }
}
