#![expect(unsafe_code, reason = "calls librdkafka's producer")]

use std::collections::HashMap;
use std::ffi::c_void;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use rdkafka_sys::bindings as rd;
use sluice_model::Cluster;

use crate::callbacks::TIMESTAMP_ZERO;
use crate::compression::{Compression, TopicConf};
use crate::error::{ErrorCode, KafkaError, Result, check};
use crate::ffi;
use crate::mailbox::Notice;
use crate::message::Message;
use crate::native::{Native, Role, TxnError, c_string, millis, take_error};
use crate::partition_list::{PartitionList, PartitionOffset};
use crate::settings::Settings;

/// The largest value of librdkafka's limit on a record, in bytes.
const LARGEST_RECORD: &str = "1000000000";
/// The largest value of librdkafka's limit on a queue, in KiB.
const LARGEST_QUEUE: &str = "2147483647";
/// How long after its deadline a call is waited for.
const ANSWER_GRACE: Duration = Duration::from_secs(3);

// A record's ticket travels in the pointer that librdkafka hands back with the acknowledgement.
const _: () = assert!(usize::BITS >= 64, "Sluice needs a 64-bit system");

/// How a writer guarantees what it writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Guarantee {
    /// Idempotent; a record that cannot be written stops the writer instead of leaving a hole.
    Idempotent,
    /// Idempotent and transactional under this id, which fences earlier writers of the same id.
    Transactional(String),
    /// For brokers before 0.11, which know neither: one request at a time keeps the order.
    Ordered,
}

/// What a writer needs to know about the target.
#[derive(Debug, Clone)]
pub struct WriterTuning {
    /// See [`Guarantee`].
    pub guarantee: Guarantee,
    /// Largest batch in bytes before compression; a bigger record travels alone.
    pub batch_bytes: u32,
    /// KiB of records waiting for their acknowledgement.
    pub queue_kib: u32,
    /// Timeout of a transaction on the broker, in ms.
    pub transaction_timeout_ms: u32,
}

/// A record that a target refused, in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedRecord {
    /// Key.
    pub key: Option<Vec<u8>>,
    /// Value.
    pub value: Option<Vec<u8>>,
    /// Headers in their order.
    pub headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    /// Timestamp in ms since 1970.
    pub timestamp: i64,
}

/// What became of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The number given to [`Writer::write`].
    pub ticket: u64,
    /// Offset on the target; `None` when the acknowledgement did not carry it (a retry that found the record written).
    pub offset: Option<i64>,
    /// [`ErrorCode::NONE`] when written.
    pub error: ErrorCode,
    /// The record itself, when `error` says that it was refused for what it is ([`ErrorCode::refuses_record`]).
    pub refused: Option<Box<RefusedRecord>>,
}

/// A target topic known to one writer. Another writer refuses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TopicHandle {
    writer: u64,
    index: usize,
}

/// Counts writers, so that a handle is recognized by its own.
static WRITERS: AtomicU64 = AtomicU64::new(0);

/// Writes records to one cluster and reports each one's fate in batches.
///
/// Its queue holds [`WriterTuning::queue_kib`] of records (keys, values, headers and their book-keeping), or one record
/// of any size.
pub struct Writer {
    id: u64,
    indexes: HashMap<String, usize>,
    topics: Vec<NonNull<rd::rd_kafka_topic_t>>,
    /// Bytes in the queue, and how many may be there.
    queued: usize,
    limit: usize,
    queue: NonNull<rd::rd_kafka_queue_t>,
    ready: Vec<*const rd::rd_kafka_message_t>,
    /// Shared with a call that never returned, if there is one.
    native: Arc<Native>,
}

// SAFETY: all library objects are thread-safe; the buffer is only used through &mut self.
unsafe impl Send for Writer {}

impl Writer {
    /// A writer to `cluster`. Connects in the background.
    ///
    /// # Errors
    /// A refused client property.
    pub fn new(cluster: &Cluster, tuning: &WriterTuning) -> Result<Self> {
        let mut settings = Settings::new(cluster)?;
        settings
            .set("acks", "all")
            // Infinite: an outage is waited for, never turned into a hole.
            .set("message.timeout.ms", "0")
            .set("allow.auto.create.topics", "false")
            .set("retries", "2147483647")
            .set("retry.backoff.ms", "50")
            .set("retry.backoff.max.ms", "1000")
            // The broker's limit decides, not ours: a compressible record may be far bigger than it.
            .set("message.max.bytes", LARGEST_RECORD)
            .set("batch.size", tuning.batch_bytes.to_string())
            .set("batch.num.messages", "10000")
            .set("linger.ms", "5")
            .set("queue.buffering.max.messages", "2000000")
            // Counted here: librdkafka counts values alone, and refuses a record that is larger than the whole queue.
            .set("queue.buffering.max.kbytes", LARGEST_QUEUE)
            .set("topic.metadata.refresh.interval.ms", "10000");
        match &tuning.guarantee {
            Guarantee::Idempotent => {
                settings
                    .set("enable.idempotence", "true")
                    .set("enable.gapless.guarantee", "true");
            }
            Guarantee::Transactional(id) => {
                settings
                    .set("enable.idempotence", "true")
                    .set("transactional.id", id.as_str())
                    .set(
                        "transaction.timeout.ms",
                        tuning.transaction_timeout_ms.to_string(),
                    );
            }
            Guarantee::Ordered => {
                settings
                    .set("enable.idempotence", "false")
                    .set("max.in.flight", "1");
            }
        }
        let native = Arc::new(Native::create(Role::Writer, &settings, true)?);
        // SAFETY: the handle is live; the queue is released in drop, before the handle.
        let queue = unsafe { rd::rd_kafka_queue_get_main(native.ptr()) };
        let queue = NonNull::new(queue).ok_or_else(|| KafkaError::from_code(ErrorCode::LOCAL_STATE))?;
        Ok(Self {
            id: WRITERS.fetch_add(1, Ordering::Relaxed),
            indexes: HashMap::new(),
            topics: Vec::new(),
            queued: 0,
            limit: usize::try_from(tuning.queue_kib)
                .unwrap_or(usize::MAX)
                .saturating_mul(1024),
            queue,
            ready: Vec::new(),
            native,
        })
    }

    /// The handle of a target topic, whose batches are compressed in this way. A topic that has one already keeps it with
    /// its compression: the library has one object of each topic.
    ///
    /// # Errors
    /// The library refused the name.
    pub fn topic(&mut self, name: &str, compression: Compression) -> Result<TopicHandle> {
        let writer = self.id;
        if let Some(&index) = self.indexes.get(name) {
            return Ok(TopicHandle { writer, index });
        }
        let name_c = c_string(name)?;
        let conf = TopicConf::new(&self.native, compression)?;
        // SAFETY: the handle is live; the configuration is the library's from here on, the topic is released in drop.
        let topic = unsafe { rd::rd_kafka_topic_new(self.native.ptr(), name_c.as_ptr(), conf.take()) };
        let topic = NonNull::new(topic).ok_or_else(|| {
            KafkaError::new(
                ErrorCode::LOCAL_UNKNOWN_TOPIC,
                format!("'{name}' cannot be written to"),
            )
        })?;
        let index = self.topics.len();
        self.topics.push(topic);
        self.indexes.insert(name.to_owned(), index);
        Ok(TopicHandle { writer, index })
    }

    /// The library's topic behind a handle of this very writer.
    fn native_topic(&self, topic: TopicHandle) -> Option<NonNull<rd::rd_kafka_topic_t>> {
        let ours = topic.writer == self.id;
        ours.then(|| self.topics.get(topic.index).copied()).flatten()
    }

    /// Queues a consumed record for `topic`, same partition number, key, value, headers and timestamp. Headers are
    /// taken out of `message` unless the queue refuses it. `ticket` comes back with its [`Delivery`].
    ///
    /// # Errors
    /// [`ErrorCode::LOCAL_QUEUE_FULL`]: poll, then write the same message again; an empty queue takes a record of any size.
    /// [`ErrorCode::LOCAL_UNKNOWN_TOPIC`]: the handle is another writer's. Any other: it was not taken.
    pub fn write(
        &mut self,
        topic: TopicHandle,
        message: &mut Message,
        ticket: u64,
    ) -> std::result::Result<(), ErrorCode> {
        let timestamp = message.timestamp().0;
        self.write_at(topic, message, timestamp, ticket)
    }

    /// As [`Writer::write`], with this timestamp in ms since 1970 instead of the record's.
    ///
    /// # Errors
    /// As [`Writer::write`].
    pub fn write_at(
        &mut self,
        topic: TopicHandle,
        message: &mut Message,
        timestamp: i64,
        ticket: u64,
    ) -> std::result::Result<(), ErrorCode> {
        let topic = self.native_topic(topic).ok_or(ErrorCode::LOCAL_UNKNOWN_TOPIC)?;
        let size = message.queued_len();
        if self.queued > 0 && self.queued.saturating_add(size) > self.limit {
            return Err(ErrorCode::LOCAL_QUEUE_FULL);
        }
        let timestamp = match timestamp {
            0 => TIMESTAMP_ZERO,
            other => other,
        };
        let headers = message.detach_headers()?;
        let argument = |vtype, u| rd::rd_kafka_vu_t { vtype, u };
        let bytes = |bytes: Option<&[u8]>| rd::rd_kafka_vu_s__bindgen_ty_1 {
            mem: rd::rd_kafka_vu_s__bindgen_ty_1__bindgen_ty_1 {
                ptr: bytes.map_or(std::ptr::null(), <[u8]>::as_ptr).cast_mut().cast(),
                size: bytes.map_or(0, <[u8]>::len),
            },
        };
        let arguments = [
            argument(
                rd::rd_kafka_vtype_t::RD_KAFKA_VTYPE_RKT,
                rd::rd_kafka_vu_s__bindgen_ty_1 { rkt: topic.as_ptr() },
            ),
            argument(
                rd::rd_kafka_vtype_t::RD_KAFKA_VTYPE_PARTITION,
                rd::rd_kafka_vu_s__bindgen_ty_1 {
                    i32_: message.partition(),
                },
            ),
            argument(
                rd::rd_kafka_vtype_t::RD_KAFKA_VTYPE_MSGFLAGS,
                rd::rd_kafka_vu_s__bindgen_ty_1 {
                    i: rd::RD_KAFKA_MSG_F_COPY,
                },
            ),
            argument(rd::rd_kafka_vtype_t::RD_KAFKA_VTYPE_VALUE, bytes(message.value())),
            argument(rd::rd_kafka_vtype_t::RD_KAFKA_VTYPE_KEY, bytes(message.key())),
            argument(
                rd::rd_kafka_vtype_t::RD_KAFKA_VTYPE_TIMESTAMP,
                rd::rd_kafka_vu_s__bindgen_ty_1 { i64_: timestamp },
            ),
            argument(
                rd::rd_kafka_vtype_t::RD_KAFKA_VTYPE_OPAQUE,
                rd::rd_kafka_vu_s__bindgen_ty_1 {
                    ptr: ticket as usize as *mut c_void,
                },
            ),
            argument(
                rd::rd_kafka_vtype_t::RD_KAFKA_VTYPE_HEADERS,
                rd::rd_kafka_vu_s__bindgen_ty_1 { headers },
            ),
        ];
        let used = if headers.is_null() {
            arguments.len() - 1
        } else {
            arguments.len()
        };
        // SAFETY: key and value are copied during the call; the topic belongs to this writer; on success the headers
        // belong to the library.
        let error = unsafe { rd::rd_kafka_produceva(self.native.ptr(), arguments.as_ptr(), used) };
        match take_error(error) {
            None => {
                self.queued += size;
                Ok(())
            }
            Some(refused) => {
                // SAFETY: on failure the headers are still ours; the message takes back what it gave.
                unsafe { message.attach_headers(headers) }
                Err(refused.error.code)
            }
        }
    }

    /// Waits up to `wait` for acknowledgements and passes those that are there to `each`. Returns how many.
    pub fn poll(&mut self, wait: Duration, mut each: impl FnMut(Delivery)) -> usize {
        let mut seen = 0;
        let mut wait = wait;
        loop {
            // SAFETY: the queue is live; the event is freed below, after its messages were read.
            let event = unsafe { rd::rd_kafka_queue_poll(self.queue.as_ptr(), millis(wait)) };
            if event.is_null() {
                return seen;
            }
            wait = Duration::ZERO;
            // SAFETY: as above.
            unsafe {
                if rd::rd_kafka_event_type(event) == rd::RD_KAFKA_EVENT_DR {
                    self.ready
                        .resize(rd::rd_kafka_event_message_count(event), std::ptr::null());
                    let count =
                        rd::rd_kafka_event_message_array(event, self.ready.as_mut_ptr(), self.ready.len());
                    for &message in &self.ready[..count] {
                        // SAFETY: the report owns the record until it is destroyed; the view is forgotten, so it is not
                        // freed here.
                        let record =
                            ManuallyDrop::new(Message::from_raw(NonNull::new_unchecked(message.cast_mut())));
                        self.queued = self.queued.saturating_sub(record.queued_len());
                        let error = ErrorCode(ffi::number!((*message).err));
                        each(Delivery {
                            ticket: (*message)._private as usize as u64,
                            offset: (record.offset() >= 0).then_some(record.offset()),
                            error,
                            refused: error.refuses_record().then(|| Box::new(copy_record(&record))),
                        });
                    }
                    seen += count;
                }
                rd::rd_kafka_event_destroy(event);
            }
        }
    }

    /// Drops what is queued but not on its way; each record comes back through [`Writer::poll`] as purged.
    ///
    /// # Errors
    /// The library refused.
    pub fn purge_queue(&mut self) -> Result<()> {
        // SAFETY: live.
        check(unsafe {
            ffi::rd_kafka_purge(
                self.native.ptr(),
                rd::RD_KAFKA_PURGE_F_QUEUE | rd::RD_KAFKA_PURGE_F_NON_BLOCKING,
            )
        })
    }

    /// The error that ended this writer, if one did.
    pub fn fatal(&self) -> Option<KafkaError> {
        self.native.fatal()
    }

    /// Why the open transaction can only be aborted, if that is so. Returned once.
    pub fn transaction_failure(&self) -> Option<KafkaError> {
        self.native.mailbox().take_transaction_failure()
    }

    /// What the library reported since the last call.
    pub fn notices(&self) -> Vec<Notice> {
        self.native.mailbox().take()
    }

    /// Takes the transactional id: fences earlier writers of it and ends what they left open.
    ///
    /// # Errors
    /// See [`TxnError`].
    pub fn init_transactions(&self, deadline: Duration) -> std::result::Result<(), TxnError> {
        // SAFETY: live.
        outcome(unsafe { rd::rd_kafka_init_transactions(self.native.ptr(), millis(deadline)) })
    }

    /// Opens a transaction.
    ///
    /// # Errors
    /// See [`TxnError`].
    pub fn begin(&self) -> std::result::Result<(), TxnError> {
        // SAFETY: live.
        outcome(unsafe { rd::rd_kafka_begin_transaction(self.native.ptr()) })
    }

    /// Puts `positions` for `group` into the open transaction. No client needs to be a member of the group.
    ///
    /// # Errors
    /// See [`TxnError`]. Without an answer some seconds after `deadline` the transaction must be given up, and this
    /// writer with it.
    pub fn send_positions(
        &self,
        group: &str,
        positions: &[PartitionOffset],
        deadline: Duration,
    ) -> std::result::Result<(), TxnError> {
        let plain = |error| TxnError {
            error,
            retriable: false,
            needs_abort: false,
            fatal: false,
        };
        let group = c_string(group).map_err(plain)?;
        let (positions, native) = (positions.to_vec(), Arc::clone(&self.native));
        let (answer, answered) = mpsc::sync_channel(1);
        // librdkafka waits for a group coordinator that left the cluster's metadata for good, and for one that is down
        // past any deadline (librdkafka issues 5511 and 5456, open in 2.14.2). Such a call is left to itself: it ends,
        // and frees the client, when a connection's state changes. The next writer of the id has fenced it by then.
        let call = move || {
            let list = match PartitionList::new(&positions) {
                Ok(list) => list,
                Err(error) => return Err(plain(error)),
            };
            // SAFETY: all live; the group description is freed after the call.
            unsafe {
                let metadata = rd::rd_kafka_consumer_group_metadata_new(group.as_ptr());
                let error = rd::rd_kafka_send_offsets_to_transaction(
                    native.ptr(),
                    list.ptr(),
                    metadata,
                    millis(deadline),
                );
                rd::rd_kafka_consumer_group_metadata_destroy(metadata);
                outcome(error)
            }
        };
        let spawned = std::thread::Builder::new()
            .name("sluice-positions".to_owned())
            .spawn(move || {
                // The receiver is gone when it took too long.
                answer.send(call()).unwrap_or_default();
            });
        if let Err(error) = spawned {
            let sentence = format!("no thread can be started to commit positions: {error}");
            return Err(plain(KafkaError::new(ErrorCode::LOCAL_STATE, sentence)));
        }
        answered
            .recv_timeout(deadline + ANSWER_GRACE)
            .unwrap_or_else(|_| {
                Err(TxnError {
                    error: KafkaError::new(
                        ErrorCode::LOCAL_TIMED_OUT,
                        "the target's group coordinator does not answer; the open transaction is written again",
                    ),
                    retriable: false,
                    needs_abort: true,
                    fatal: false,
                })
            })
    }

    /// Commits the open transaction. Every record must have been acknowledged before (poll until none is in flight).
    ///
    /// # Errors
    /// See [`TxnError`]; a passed deadline is retriable by the same call.
    pub fn commit(&self, deadline: Duration) -> std::result::Result<(), TxnError> {
        // SAFETY: live.
        outcome(unsafe { rd::rd_kafka_commit_transaction(self.native.ptr(), millis(deadline)) })
    }

    /// Aborts the open transaction.
    ///
    /// # Errors
    /// See [`TxnError`].
    pub fn abort(&self, deadline: Duration) -> std::result::Result<(), TxnError> {
        // SAFETY: live.
        outcome(unsafe { rd::rd_kafka_abort_transaction(self.native.ptr(), millis(deadline)) })
    }
}

fn outcome(error: *mut rd::rd_kafka_error_t) -> std::result::Result<(), TxnError> {
    take_error(error).map_or(Ok(()), Err)
}

/// Copies a record out of its delivery report.
fn copy_record(record: &Message) -> RefusedRecord {
    RefusedRecord {
        key: record.key().map(<[u8]>::to_vec),
        value: record.value().map(<[u8]>::to_vec),
        headers: record
            .headers()
            .map(|(name, value)| (name.to_vec(), value.map(<[u8]>::to_vec)))
            .collect(),
        timestamp: record.timestamp().0,
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // SAFETY: topics and queue go before the handle. What is still queued is purged, because destroying a
        // producer would otherwise wait for it; positions never include it.
        unsafe {
            ffi::rd_kafka_purge(
                self.native.ptr(),
                rd::RD_KAFKA_PURGE_F_QUEUE
                    | rd::RD_KAFKA_PURGE_F_INFLIGHT
                    | rd::RD_KAFKA_PURGE_F_NON_BLOCKING,
            );
            for topic in &self.topics {
                rd::rd_kafka_topic_destroy(topic.as_ptr());
            }
            rd::rd_kafka_queue_destroy(self.queue.as_ptr());
        }
    }
}
