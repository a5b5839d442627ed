#![expect(unsafe_code, reason = "calls librdkafka's admin client")]

use std::collections::{BTreeMap, HashMap};
use std::ffi::CStr;
use std::sync::Arc;
use std::time::Duration;

use rdkafka_sys::bindings as rd;

use crate::admin::client::Admin;
use crate::error::{ErrorCode, Result, check, text};
use crate::ffi;
use crate::native::{Native, millis};

/// A broker as the cluster advertises it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broker {
    /// Node id.
    pub id: i32,
    /// Advertised host.
    pub host: String,
    /// Advertised port.
    pub port: u16,
}

/// A partition as the cluster's metadata shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionInfo {
    /// Number.
    pub id: i32,
    /// Node id of the leader; `None` while there is none.
    pub leader: Option<i32>,
    /// How many replicas it has.
    pub replicas: usize,
    /// How many of them are in sync.
    pub in_sync: usize,
}

/// A topic as the cluster's metadata shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicInfo {
    /// Name.
    pub name: String,
    /// Partitions by number.
    pub partitions: Vec<PartitionInfo>,
    /// Why it cannot be described; [`ErrorCode::NONE`] when it can.
    pub error: ErrorCode,
}

/// A cluster's brokers and topics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// Brokers that are up.
    pub brokers: Vec<Broker>,
    /// Topics that this user may describe, by name.
    pub topics: BTreeMap<String, TopicInfo>,
}

impl Admin {
    /// All brokers and topics. The question names no topic, so it creates none either, on any version.
    ///
    /// # Errors
    /// No broker answered within the deadline.
    pub fn metadata(&self) -> Result<Metadata> {
        self.ask(metadata_of)
    }

    /// All topics that this user may describe, by name; as [`Admin::metadata`].
    ///
    /// # Errors
    /// As [`Admin::metadata`].
    pub fn topics_all(&self) -> Result<BTreeMap<String, TopicInfo>> {
        Ok(self.metadata()?.topics)
    }
}

/// Asks once.
pub(super) fn metadata_of(native: &Arc<Native>, deadline: Duration) -> Result<Metadata> {
    let mut found: *const rd::rd_kafka_metadata = std::ptr::null();
    // SAFETY: the answer is read below and then freed.
    unsafe {
        check(ffi::rd_kafka_metadata(
            native.ptr(),
            1,
            std::ptr::null_mut(),
            &raw mut found,
            millis(deadline),
        ))?;
        let metadata = read_metadata(found);
        rd::rd_kafka_metadata_destroy(found);
        native.leaders.learn(leaders_of(&metadata));
        Ok(metadata)
    }
}

fn leaders_of(metadata: &Metadata) -> HashMap<String, HashMap<i32, bool>> {
    let led = |topic: &TopicInfo| {
        let partitions = topic.partitions.iter();
        partitions.map(|one| (one.id, one.leader.is_some())).collect()
    };
    let topics = metadata.topics.iter();
    topics.map(|(name, topic)| (name.clone(), led(topic))).collect()
}

/// Copies what a cluster answered.
///
/// # Safety
/// `raw` is a live answer. It is read through pointers, since its topics carry codes that the bindings may not know.
unsafe fn read_metadata(raw: *const rd::rd_kafka_metadata) -> Metadata {
    let length = |n: i32| usize::try_from(n).unwrap_or(0);
    // SAFETY: the library's arrays have the lengths it states.
    unsafe {
        let brokers = (0..length((*raw).broker_cnt))
            .map(|index| (*raw).brokers.add(index))
            .map(|broker| Broker {
                id: (*broker).id,
                host: text(CStr::from_ptr((*broker).host)),
                port: u16::try_from((*broker).port).unwrap_or(0),
            })
            .collect();
        let topics = (0..length((*raw).topic_cnt))
            .map(|index| (*raw).topics.add(index))
            .map(|topic| {
                let mut partitions: Vec<PartitionInfo> = (0..length((*topic).partition_cnt))
                    .map(|index| (*topic).partitions.add(index))
                    .map(|partition| PartitionInfo {
                        id: (*partition).id,
                        leader: ((*partition).leader >= 0).then_some((*partition).leader),
                        replicas: length((*partition).replica_cnt),
                        in_sync: length((*partition).isr_cnt),
                    })
                    .collect();
                partitions.sort_by_key(|partition| partition.id);
                let name = text(CStr::from_ptr((*topic).topic));
                (
                    name.clone(),
                    TopicInfo {
                        name,
                        partitions,
                        error: ErrorCode(ffi::number!((*topic).err)),
                    },
                )
            })
            .collect();
        Metadata { brokers, topics }
    }
}
