//! What one asks a cluster about itself, and what one tells it to change.
#![expect(unsafe_code, reason = "calls librdkafka's admin client")]

use std::collections::BTreeMap;
use std::ffi::{CStr, CString, c_char};
use std::ptr::NonNull;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka_sys::bindings as rd;
use sluice_model::Cluster;

use crate::error::{ErrorCode, KafkaError, Result, check, text};
use crate::ffi;
use crate::mailbox::Notice;
use crate::native::{Native, Role, c_string, millis, take_error};
use crate::partition_list::{PartitionList, PartitionOffset, read_entry, read_list};
use crate::reader::Isolation;
use crate::settings::{CALL_DEADLINE, Settings};
use crate::traffic::METADATA;

/// How long one try to hear of a cluster takes at first: what is refused is known soon.
const CONNECT_SLICE: Duration = Duration::from_millis(700);
/// The same for a cluster that refuses nothing and does not answer.
const LONGEST_CONNECT_SLICE: Duration = Duration::from_secs(5);
/// How long offsets are asked for again while leaders are being elected.
const ELECTION_DEADLINE: Duration = Duration::from_secs(8);
/// librdkafka's `RD_KAFKA_OFFSET_INVALID`.
const OFFSET_INVALID: i64 = -1001;
/// How long a question waits for its answer before it is asked again by a new client. librdkafka asks the controller or
/// coordinator that it remembers, and may wait for one that is gone (its issues 5456 and 5511).
const ASK_SLICE: Duration = Duration::from_secs(8);

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

/// What a cluster's brokers can do, by the request versions that they and librdkafka agreed on (ApiVersions). The oldest
/// broker that was asked decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Capabilities {
    /// Headers, idempotence and transactions (message format v2, 0.11 on).
    pub message_v2: bool,
    /// Zstandard (2.1 on).
    pub zstd: bool,
    /// A question for a topic's metadata can say that the topic must not be created by it (0.11 on). Without it, a
    /// question that names a deleted topic creates it again where `auto.create.topics.enable` is on.
    pub metadata_forbids_creation: bool,
}

impl Capabilities {
    /// Kafka 0.11 brought Metadata v4 (the flag against creation) together with Produce v3 and Fetch v4 (KIP-98's
    /// message format v2); Kafka 2.1 brought Metadata v7 together with Produce v7 and Fetch v10 (KIP-110's Zstandard).
    /// Source: the protocol's schemas of these releases.
    fn of_metadata_version(version: i16) -> Self {
        Self {
            message_v2: version >= 4,
            zstd: version >= 7,
            metadata_forbids_creation: version >= 4,
        }
    }
}

/// A client for questions and changes. Calls block until the answer or their deadline.
pub struct Admin {
    native: Mutex<Arc<Native>>,
    settings: Vec<(String, String)>,
    calls: Mutex<()>,
    deadline: Duration,
}

impl Admin {
    /// A client of `cluster`; connects in the background.
    ///
    /// # Errors
    /// A refused client property.
    pub fn new(cluster: &Cluster) -> Result<Self> {
        let mut settings = Settings::new(cluster)?;
        settings.set("allow.auto.create.topics", "false");
        Ok(Self {
            native: Mutex::new(Arc::new(Native::create(Role::Writer, settings.pairs(), false)?)),
            settings: settings.pairs().to_vec(),
            calls: Mutex::new(()),
            deadline: CALL_DEADLINE,
        })
    }

    /// Gives every later call this long instead of [`CALL_DEADLINE`].
    pub fn set_deadline(&mut self, deadline: Duration) {
        self.deadline = deadline;
    }

    fn native(&self) -> Arc<Native> {
        Arc::clone(&self.native.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Goes on with a new client, which knows nothing of brokers that are gone.
    fn renew(&self, stale: &Arc<Native>) -> Result<()> {
        let mut native = self.native.lock().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&native, stale) {
            return Ok(());
        }
        let fresh = Native::create(Role::Writer, &self.settings, false)?;
        fresh.mailbox().traffic.inherit(&stale.mailbox().traffic);
        *native = Arc::new(fresh);
        Ok(())
    }

    /// Asks until there is an answer, or an error that asking again would not change.
    pub(crate) fn ask<T>(&self, question: impl Fn(&Arc<Native>, Duration) -> Result<T>) -> Result<T> {
        let until = Instant::now() + self.deadline;
        loop {
            let native = self.native();
            let left = until.saturating_duration_since(Instant::now());
            match question(&native, left.min(ASK_SLICE)) {
                Err(error) if error.code == ErrorCode::LOCAL_TIMED_OUT => {
                    self.renew(&native)?;
                    if Instant::now() >= until {
                        return Err(error);
                    }
                }
                outcome => return outcome,
            }
        }
    }

    /// Waits until the cluster answers, and gives up as soon as it says why it will not (wrong password, bad
    /// certificate) rather than at the deadline.
    ///
    /// # Errors
    /// The most telling reason: a refused login or certificate before a refused connection before silence.
    pub fn connect(&self, deadline: Duration) -> Result<Metadata> {
        self.connect_unless(deadline, || false)
    }

    /// As [`Admin::connect`], and gives up soon once `cancelled` says so: within a second, or within five where the cluster
    /// takes its time.
    ///
    /// # Errors
    /// As [`Admin::connect`].
    pub fn connect_unless(&self, deadline: Duration, cancelled: impl Fn() -> bool) -> Result<Metadata> {
        let until = Instant::now() + deadline;
        let mut worst: Option<Notice> = None;
        let mut patience = CONNECT_SLICE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match Self::metadata_of(&self.native(), patience.min(left)) {
                Ok(metadata) => return Ok(metadata),
                Err(error) => {
                    self.collect(&mut worst);
                    if worst.is_none() {
                        // Nothing went wrong, so it is slow: many topics, or a long way.
                        patience = (patience * 2).min(LONGEST_CONNECT_SLICE);
                    }
                    let hopeless = worst
                        .as_ref()
                        .is_some_and(|notice| notice.code.is_access() || notice.code == ErrorCode::LOCAL_SSL);
                    if hopeless || Instant::now() >= until || cancelled() {
                        return Err(match worst {
                            Some(notice) => KafkaError::new(notice.code, notice.text),
                            None => error,
                        });
                    }
                }
            }
        }
    }

    fn collect(&self, worst: &mut Option<Notice>) {
        let native = self.native();
        // SAFETY: live; serves the error callbacks that wait on the main queue.
        unsafe { rd::rd_kafka_poll(native.ptr(), 0) };
        let rank = |code: ErrorCode| match code {
            code if code.is_access() => 3,
            ErrorCode::LOCAL_SSL => 3,
            ErrorCode::LOCAL_ALL_BROKERS_DOWN => 1,
            _ => 2,
        };
        for notice in native.mailbox().take() {
            if worst
                .as_ref()
                .is_none_or(|known| rank(notice.code) >= rank(known.code))
            {
                *worst = Some(notice);
            }
        }
    }

    /// The cluster's id; `None` before 0.10.1.
    pub fn cluster_id(&self) -> Option<String> {
        self.native().cluster_id(Duration::from_secs(10))
    }

    /// The controller's node id; `None` when the cluster does not tell. Ask after [`Admin::connect`].
    pub fn controller_id(&self) -> Option<i32> {
        self.native().controller_id(Duration::from_secs(2))
    }

    /// What the brokers can do. Ask after [`Admin::connect`].
    pub fn capabilities(&self) -> Capabilities {
        let metadata = self.native().mailbox().traffic.lowest_version(METADATA);
        Capabilities::of_metadata_version(metadata.unwrap_or(0))
    }

    /// All brokers and topics.
    ///
    /// # Errors
    /// Nobody answered within the deadline.
    pub fn metadata(&self) -> Result<Metadata> {
        self.ask(|native, deadline| Self::metadata_of(native, deadline))
    }

    fn metadata_of(native: &Native, deadline: Duration) -> Result<Metadata> {
        let mut found: *const rd::rd_kafka_metadata = std::ptr::null();
        // SAFETY: the result is read below and then destroyed.
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
            Ok(metadata)
        }
    }

    /// Ids of these topics. Topics without one (brokers before 2.8) are left out.
    ///
    /// # Errors
    /// Nobody answered, or the brokers refuse.
    pub fn topic_ids(&self, topics: &[&str]) -> Result<BTreeMap<String, String>> {
        const NO_ID: &str = "AAAAAAAAAAAAAAAAAAAAAA";
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
            &[],
            |handle, options, queue| {
                // SAFETY: all live.
                unsafe { rd::rd_kafka_DescribeTopics(handle, collection, options, queue) };
            },
        );
        // SAFETY: ours.
        unsafe { rd::rd_kafka_TopicCollection_destroy(collection) };
        let event = answer?;
        let mut ids = BTreeMap::new();
        // SAFETY: the event lives until the end of the block, and everything read from it belongs to it.
        unsafe {
            let mut count = 0usize;
            let described = rd::rd_kafka_DescribeTopics_result_topics(
                rd::rd_kafka_event_DescribeTopics_result(event.ptr()),
                &raw mut count,
            );
            for index in 0..count {
                let topic = *described.add(index);
                let error = rd::rd_kafka_TopicDescription_error(topic);
                if !error.is_null() && ErrorCode(ffi::rd_kafka_error_code(error)) != ErrorCode::NONE {
                    continue;
                }
                let id = rd::rd_kafka_TopicDescription_topic_id(topic);
                if id.is_null() {
                    continue;
                }
                let id = text(CStr::from_ptr(rd::rd_kafka_Uuid_base64str(id)));
                if id.trim_end_matches('=') != NO_ID {
                    ids.insert(
                        text(CStr::from_ptr(rd::rd_kafka_TopicDescription_name(topic))),
                        id,
                    );
                }
            }
        }
        Ok(ids)
    }

    /// Sets single topic configuration values and leaves all others alone (brokers from 2.3 on).
    ///
    /// # Errors
    /// Refused or too old a broker.
    pub fn set_topic_config(&self, topic: &str, values: &BTreeMap<String, String>) -> Result<()> {
        let name = c_string(topic)?;
        // SAFETY: the resource copies the texts and is destroyed after the call was made.
        unsafe {
            let resource = rd::rd_kafka_ConfigResource_new(
                rd::rd_kafka_ResourceType_t::RD_KAFKA_RESOURCE_TOPIC,
                name.as_ptr(),
            );
            for (key, value) in values {
                let (key, value) = (c_string(key)?, c_string(value)?);
                let set = rd::rd_kafka_AlterConfigOpType_t::RD_KAFKA_ALTER_CONFIG_OP_TYPE_SET;
                if let Some(error) = take_error(rd::rd_kafka_ConfigResource_add_incremental_config(
                    resource,
                    key.as_ptr(),
                    set,
                    value.as_ptr(),
                )) {
                    rd::rd_kafka_ConfigResource_destroy(resource);
                    return Err(error.error);
                }
            }
            let mut resources = [resource];
            let answer = self.call(
                rd::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_INCREMENTALALTERCONFIGS,
                &[],
                |handle, options, queue| {
                    rd::rd_kafka_IncrementalAlterConfigs(handle, resources.as_mut_ptr(), 1, options, queue);
                },
            );
            rd::rd_kafka_ConfigResource_destroy(resource);
            let event = answer?;
            let mut count = 0usize;
            let altered = rd::rd_kafka_IncrementalAlterConfigs_result_resources(
                rd::rd_kafka_event_IncrementalAlterConfigs_result(event.ptr()),
                &raw mut count,
            );
            for index in 0..count {
                check(ffi::rd_kafka_ConfigResource_error(*altered.add(index)))?;
            }
            Ok(())
        }
    }

    /// Creates a topic, or only asks whether it could be created.
    ///
    /// # Errors
    /// The cluster's reason.
    pub fn create_topic(&self, topic: &NewTopic, validate_only: bool) -> Result<()> {
        let name = c_string(&topic.name)?;
        let mut reason = [0 as c_char; 512];
        let count = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
        // SAFETY: the description copies all texts and is destroyed after the call was made.
        unsafe {
            let new = rd::rd_kafka_NewTopic_new(
                name.as_ptr(),
                count(topic.partitions),
                count(topic.replication_factor),
                reason.as_mut_ptr(),
                reason.len(),
            );
            if new.is_null() {
                return Err(KafkaError::new(
                    ErrorCode::LOCAL_INVALID_ARG,
                    text(CStr::from_ptr(reason.as_ptr())),
                ));
            }
            for (key, value) in &topic.config {
                let (key, value) = (c_string(key)?, c_string(value)?);
                check(ffi::rd_kafka_NewTopic_set_config(
                    new,
                    key.as_ptr(),
                    value.as_ptr(),
                ))?;
            }
            let mut list = [new];
            let flags: &[AdminFlag] = if validate_only {
                &[AdminFlag::ValidateOnly]
            } else {
                &[]
            };
            let answer = self.call(
                rd::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_CREATETOPICS,
                flags,
                |handle, options, queue| {
                    rd::rd_kafka_CreateTopics(handle, list.as_mut_ptr(), 1, options, queue);
                },
            );
            rd::rd_kafka_NewTopic_destroy(new);
            let event = answer?;
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
        // SAFETY: the description is destroyed after the call was made.
        unsafe {
            let delete = rd::rd_kafka_DeleteTopic_new(name.as_ptr());
            let mut list = [delete];
            let answer = self.call(
                rd::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DELETETOPICS,
                &[],
                |handle, options, queue| {
                    rd::rd_kafka_DeleteTopics(handle, list.as_mut_ptr(), 1, options, queue);
                },
            );
            rd::rd_kafka_DeleteTopic_destroy(delete);
            let event = answer?;
            let mut count = 0usize;
            let results = rd::rd_kafka_DeleteTopics_result_topics(
                rd::rd_kafka_event_DeleteTopics_result(event.ptr()),
                &raw mut count,
            );
            topic_results(results, count)
        }
    }

    /// Grows a topic to `total` partitions (brokers from 1.0 on).
    ///
    /// # Errors
    /// The cluster's reason.
    pub fn create_partitions(&self, topic: &str, total: usize) -> Result<()> {
        let name = c_string(topic)?;
        let mut reason = [0 as c_char; 512];
        // SAFETY: the description is destroyed after the call was made.
        unsafe {
            let grow =
                rd::rd_kafka_NewPartitions_new(name.as_ptr(), total, reason.as_mut_ptr(), reason.len());
            if grow.is_null() {
                return Err(KafkaError::new(
                    ErrorCode::LOCAL_INVALID_ARG,
                    text(CStr::from_ptr(reason.as_ptr())),
                ));
            }
            let mut list = [grow];
            let answer = self.call(
                rd::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_CREATEPARTITIONS,
                &[],
                |handle, options, queue| {
                    rd::rd_kafka_CreatePartitions(handle, list.as_mut_ptr(), 1, options, queue);
                },
            );
            rd::rd_kafka_NewPartitions_destroy(grow);
            let event = answer?;
            let mut count = 0usize;
            let results = rd::rd_kafka_CreatePartitions_result_topics(
                rd::rd_kafka_event_CreatePartitions_result(event.ptr()),
                &raw mut count,
            );
            topic_results(results, count)
        }
    }

    /// Deletes all records below each offset (brokers from 0.11 on).
    ///
    /// # Errors
    /// The first partition's reason.
    pub fn delete_records(&self, before: &[PartitionOffset]) -> Result<()> {
        let list = PartitionList::new(before)?;
        // SAFETY: the description copies the list and is destroyed after the call was made.
        unsafe {
            let delete = rd::rd_kafka_DeleteRecords_new(list.ptr());
            let mut requests = [delete];
            let answer = self.call(
                rd::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DELETERECORDS,
                &[],
                |handle, options, queue| {
                    rd::rd_kafka_DeleteRecords(handle, requests.as_mut_ptr(), 1, options, queue);
                },
            );
            rd::rd_kafka_DeleteRecords_destroy(delete);
            let event = answer?;
            let results = rd::rd_kafka_DeleteRecords_result_offsets(rd::rd_kafka_event_DeleteRecords_result(
                event.ptr(),
            ));
            for entry in read_list(results) {
                if entry.error != ErrorCode::NONE {
                    return Err(KafkaError::from_code(entry.error)
                        .context(format_args!("{}-{}", entry.topic, entry.partition)));
                }
            }
            Ok(())
        }
    }

    /// Looks up one offset for each partition, waiting out elections. `None` where no record matches ([`OffsetQuery::At`] behind the end).
    ///
    /// # Errors
    /// Nobody answered; per-partition errors are in the entries.
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

    /// Where a consumer group stands: all its committed offsets.
    ///
    /// # Errors
    /// The coordinator's reason.
    pub fn group_offsets(&self, group: &str) -> Result<Vec<PartitionOffset>> {
        let until = Instant::now() + self.deadline;
        loop {
            match self.group_offsets_once(group) {
                Err(error) if error.code.is_transient() && Instant::now() < until => {
                    std::thread::sleep(Duration::from_millis(200))
                }
                outcome => return outcome,
            }
        }
    }

    fn group_offsets_once(&self, group: &str) -> Result<Vec<PartitionOffset>> {
        let name = c_string(group)?;
        // librdkafka 2.12.1 answers "not coordinator" by asking its own group for the coordinator, and a client without a
        // group (a producer, as the other questions use) makes it crash there. A consumer has one, and never joins it.
        let mut settings = self.settings.clone();
        settings.push(("group.id".to_owned(), "sluice-admin".to_owned()));
        settings.push(("enable.auto.commit".to_owned(), "false".to_owned()));
        let native = Arc::new(Native::create(Role::Reader, &settings, false)?);
        // SAFETY: the request copies its texts and is destroyed after the call was made.
        unsafe {
            let request = rd::rd_kafka_ListConsumerGroupOffsets_new(name.as_ptr(), std::ptr::null());
            let requests = [request];
            let answer = self.call_within(
                &native,
                self.deadline.min(ASK_SLICE),
                rd::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS,
                &[],
                |handle, options, queue| {
                    let mut requests = requests;
                    rd::rd_kafka_ListConsumerGroupOffsets(handle, requests.as_mut_ptr(), 1, options, queue);
                },
            );
            rd::rd_kafka_ListConsumerGroupOffsets_destroy(request);
            let event = answer?;
            let mut count = 0usize;
            let groups = rd::rd_kafka_ListConsumerGroupOffsets_result_groups(
                rd::rd_kafka_event_ListConsumerGroupOffsets_result(event.ptr()),
                &raw mut count,
            );
            if count == 0 {
                return Ok(Vec::new());
            }
            let result = *groups;
            let error = rd::rd_kafka_group_result_error(result);
            if !error.is_null() {
                let code = ErrorCode(ffi::rd_kafka_error_code(error));
                return Err(KafkaError::new(
                    code,
                    text(CStr::from_ptr(rd::rd_kafka_error_string(error))),
                ));
            }
            Ok(read_list(rd::rd_kafka_group_result_partitions(result)))
        }
    }

    /// Asks for something that may be asked twice.
    pub(crate) fn question(
        &self,
        operation: rd::rd_kafka_admin_op_t,
        flags: &[AdminFlag],
        send: impl Fn(*mut rd::rd_kafka_t, *const rd::rd_kafka_AdminOptions_t, *mut rd::rd_kafka_queue_t),
    ) -> Result<Event> {
        self.ask(|native, deadline| self.call_within(native, deadline, operation, flags, &send))
    }

    /// Asks for a change, once.
    fn call(
        &self,
        operation: rd::rd_kafka_admin_op_t,
        flags: &[AdminFlag],
        send: impl FnOnce(*mut rd::rd_kafka_t, *const rd::rd_kafka_AdminOptions_t, *mut rd::rd_kafka_queue_t),
    ) -> Result<Event> {
        self.call_within(&self.native(), self.deadline, operation, flags, send)
    }

    fn call_within(
        &self,
        native: &Arc<Native>,
        deadline: Duration,
        operation: rd::rd_kafka_admin_op_t,
        flags: &[AdminFlag],
        send: impl FnOnce(*mut rd::rd_kafka_t, *const rd::rd_kafka_AdminOptions_t, *mut rd::rd_kafka_queue_t),
    ) -> Result<Event> {
        // One call at a time keeps answers and questions together without a table of tickets.
        let _turn = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let mut reason = [0 as c_char; 256];
        // SAFETY: options and queue live until the answer has arrived; a late answer to a destroyed queue is dropped
        // by the library.
        unsafe {
            let queue = rd::rd_kafka_queue_new(native.ptr());
            let options = rd::rd_kafka_AdminOptions_new(native.ptr(), operation);
            rd::rd_kafka_AdminOptions_set_request_timeout(
                options,
                millis(deadline),
                reason.as_mut_ptr(),
                reason.len(),
            );
            for flag in flags {
                match flag {
                    AdminFlag::ValidateOnly => {
                        rd::rd_kafka_AdminOptions_set_validate_only(
                            options,
                            1,
                            reason.as_mut_ptr(),
                            reason.len(),
                        );
                    }
                    AdminFlag::ReadCommitted => {
                        let level = rd::rd_kafka_IsolationLevel_t::RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED;
                        drop(take_error(rd::rd_kafka_AdminOptions_set_isolation_level(
                            options, level,
                        )));
                    }
                    AdminFlag::AuthorizedOperations => {
                        drop(take_error(
                            rd::rd_kafka_AdminOptions_set_include_authorized_operations(options, 1),
                        ));
                    }
                }
            }
            send(native.ptr(), options, queue);
            let event = rd::rd_kafka_queue_poll(queue, millis(deadline + Duration::from_secs(2)));
            rd::rd_kafka_AdminOptions_destroy(options);
            rd::rd_kafka_queue_destroy(queue);
            let event = NonNull::new(event)
                .map(|event| Event {
                    event,
                    _client: Arc::clone(native),
                })
                .ok_or_else(|| KafkaError::from_code(ErrorCode::LOCAL_TIMED_OUT))?;
            let code = ErrorCode(ffi::rd_kafka_event_error(event.ptr()));
            if code != ErrorCode::NONE {
                return Err(KafkaError::new(
                    code,
                    text(CStr::from_ptr(rd::rd_kafka_event_error_string(event.ptr()))),
                ));
            }
            Ok(event)
        }
    }
}

pub(crate) enum AdminFlag {
    ValidateOnly,
    ReadCommitted,
    AuthorizedOperations,
}

/// An answer, freed on drop.
pub(crate) struct Event {
    event: NonNull<rd::rd_kafka_event_t>,
    /// Outlives the answer.
    _client: Arc<Native>,
}

impl Event {
    pub(crate) fn ptr(&self) -> *mut rd::rd_kafka_event_t {
        self.event.as_ptr()
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        // SAFETY: ours.
        unsafe { rd::rd_kafka_event_destroy(self.event.as_ptr()) }
    }
}

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
