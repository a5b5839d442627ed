#![expect(unsafe_code, reason = "calls librdkafka's batch consumer")]

use std::collections::HashSet;
use std::ptr::NonNull;
use std::time::{Duration, Instant};

use rdkafka_sys::bindings as rd;
use sluice_model::Cluster;

use crate::error::{ErrorCode, KafkaError, Result, check};
use crate::ffi;
use crate::mailbox::Notice;
use crate::message::Message;
use crate::native::{Native, Role, c_string, millis, take_error};
use crate::partition_list::{PartitionList, PartitionOffset};
use crate::settings::Settings;
use crate::traffic::FETCH;

/// The first Fetch version (Kafka 2.7) whose answers librdkafka 2.5 to 2.15 cannot read message formats v0 and v1 from:
/// it takes their fixed-width lengths for compact ones (its issue 5549).
const FLEXIBLE_FETCH: i16 = 12;

/// Which records a reader sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Isolation {
    /// Records of committed transactions and of none.
    #[default]
    Committed,
    /// Everything, aborted records as well.
    Uncommitted,
}

/// Answers to a reader's fetch requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fetched {
    /// How many have arrived. Brokers hold an empty one for [`ReaderTuning::fetch_wait_ms`].
    pub responses: u64,
    /// Their bytes as they came over the network: compressed, headers of the protocol included.
    pub bytes: u64,
}

/// Memory and latency of a reader.
///
/// librdkafka asks for more while it holds fewer than [`ReaderTuning::prefetch_records`] records and less than
/// [`ReaderTuning::prefetch_kib`], of which it counts the values alone, after decompression. One answer then brings up to
/// [`ReaderTuning::partition_fetch_kib`] of each partition as it is stored (whole batches, at least one,
/// [`ReaderTuning::fetch_max_bytes`] over all partitions), and is decompressed at once. A batch stays in memory until its
/// last record is dropped, and cannot be held in parts. So what is held beyond the first two limits is one answer of each
/// broker, times what it expands to.
#[derive(Debug, Clone, Copy)]
pub struct ReaderTuning {
    /// KiB of values fetched ahead, over all partitions.
    pub prefetch_kib: u32,
    /// Records fetched ahead, over all partitions; what bounds the memory of keys and headers.
    pub prefetch_records: u32,
    /// KiB that one answer brings of a partition, as stored; a larger batch comes alone.
    pub partition_fetch_kib: u32,
    /// Bytes of one answer at most (1 000 or more), unless its first batch alone is bigger. A broker with a quota sends nothing at all when
    /// one answer is more than the quota allows in its window (10 s by default), and librdkafka asks for twice as much
    /// after each answer without a visible record.
    pub fetch_max_bytes: u32,
    /// How long a broker may hold an empty fetch, in ms.
    pub fetch_wait_ms: u32,
    /// Records seen.
    pub isolation: Isolation,
}

impl Default for ReaderTuning {
    fn default() -> Self {
        Self {
            prefetch_kib: 32 * 1024,
            prefetch_records: 100_000,
            partition_fetch_kib: 1024,
            fetch_max_bytes: 16 * 1024 * 1024,
            fetch_wait_ms: 100,
            isolation: Isolation::Committed,
        }
    }
}

/// Reads partitions in batches. Never joins a group, never resets a position by itself.
///
/// A partition with a fault that the client library would go on behind (a damaged batch, an old or unknown format, a
/// missing position) delivers nothing more after it until it is assigned again or sought.
pub struct Reader {
    queue: NonNull<rd::rd_kafka_queue_t>,
    batch: Vec<*mut rd::rd_kafka_message_t>,
    stopped: HashSet<(String, i32)>,
    native: Native,
}

// SAFETY: the queue is a thread-safe library object; the pointer buffer is only used through &mut self.
unsafe impl Send for Reader {}

impl Reader {
    /// A reader of `cluster`. Connects in the background.
    ///
    /// # Errors
    /// A refused client property.
    pub fn new(cluster: &Cluster, tuning: ReaderTuning) -> Result<Self> {
        Self::with_group(cluster, tuning, "sluice-reader")
    }

    /// A reader whose group name serves for offset look-ups; it never joins that group.
    ///
    /// # Errors
    /// A refused client property.
    pub fn with_group(cluster: &Cluster, tuning: ReaderTuning, group: &str) -> Result<Self> {
        let mut settings = Settings::new(cluster)?;
        let isolation = match tuning.isolation {
            Isolation::Committed => "read_committed",
            Isolation::Uncommitted => "read_uncommitted",
        };
        settings
            .set("group.id", group)
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            // Anything else would skip or repeat silently when a position is gone.
            .set("auto.offset.reset", "error")
            .set("enable.partition.eof", "true")
            .set("check.crcs", "true")
            .set("allow.auto.create.topics", "false")
            .set("isolation.level", isolation)
            // The default of 1 s stalls the fetcher each time the local queue is full.
            .set("fetch.queue.backoff.ms", "10")
            .set("fetch.error.backoff.ms", "200")
            .set("fetch.wait.max.ms", tuning.fetch_wait_ms.to_string())
            .set("queued.min.messages", tuning.prefetch_records.max(1).to_string())
            .set("queued.max.messages.kbytes", tuning.prefetch_kib.to_string())
            .set(
                "fetch.message.max.bytes",
                u64::from(tuning.partition_fetch_kib)
                    .saturating_mul(1024)
                    .min(tuning.fetch_max_bytes.into())
                    .to_string(),
            )
            .set("fetch.max.bytes", tuning.fetch_max_bytes.to_string())
            // A limit of producers, which librdkafka wants no answer to be smaller than.
            .set(
                "message.max.bytes",
                tuning.fetch_max_bytes.clamp(1_000, 1_000_000).to_string(),
            )
            // A record may be bigger than any limit above; this one only guards against garbage.
            .set("receive.message.max.bytes", "2147483647")
            .set("topic.metadata.refresh.interval.ms", "10000");
        let native = Native::create(Role::Reader, &settings, false)?;
        // SAFETY: the handle is live; the queue is released in drop, before the handle.
        let queue = unsafe { rd::rd_kafka_queue_get_consumer(native.ptr()) };
        let queue = NonNull::new(queue).ok_or_else(|| KafkaError::from_code(ErrorCode::LOCAL_STATE))?;
        Ok(Self {
            queue,
            batch: Vec::new(),
            stopped: HashSet::new(),
            native,
        })
    }

    /// Adds partitions, each from its offset.
    ///
    /// # Errors
    /// A partition that is assigned already.
    pub fn assign(&mut self, partitions: &[PartitionOffset]) -> Result<()> {
        if partitions.is_empty() {
            return Ok(());
        }
        let list = PartitionList::new(partitions)?;
        self.release(partitions);
        // SAFETY: both live.
        let error = unsafe { rd::rd_kafka_incremental_assign(self.native.ptr(), list.ptr()) };
        take_error(error).map_or(Ok(()), |e| Err(e.error))
    }

    /// Takes partitions away; what was fetched of them is dropped.
    ///
    /// # Errors
    /// A partition that is not assigned.
    pub fn unassign(&mut self, partitions: &[PartitionOffset]) -> Result<()> {
        if partitions.is_empty() {
            return Ok(());
        }
        let list = PartitionList::new(partitions)?;
        // SAFETY: both live.
        let error = unsafe { rd::rd_kafka_incremental_unassign(self.native.ptr(), list.ptr()) };
        take_error(error).map_or(Ok(()), |e| Err(e.error))
    }

    /// Goes on at other offsets; what was fetched before is dropped.
    ///
    /// # Errors
    /// A partition that is not assigned, or the deadline passed.
    pub fn seek(&mut self, partitions: &[PartitionOffset], deadline: Duration) -> Result<()> {
        if partitions.is_empty() {
            return Ok(());
        }
        let list = PartitionList::new(partitions)?;
        self.release(partitions);
        // SAFETY: both live.
        let error = unsafe { rd::rd_kafka_seek_partitions(self.native.ptr(), list.ptr(), millis(deadline)) };
        if let Some(error) = take_error(error) {
            return Err(error.error);
        }
        match list
            .entries()
            .into_iter()
            .find(|entry| entry.error != ErrorCode::NONE)
        {
            Some(entry) => Err(KafkaError::from_code(entry.error)
                .context(format_args!("{}-{}", entry.topic, entry.partition))),
            None => Ok(()),
        }
    }

    /// Stops delivering these partitions until [`Reader::resume`].
    ///
    /// # Errors
    /// The library refused.
    pub fn pause(&mut self, partitions: &[PartitionOffset]) -> Result<()> {
        let list = PartitionList::new(partitions)?;
        // SAFETY: both live.
        check(unsafe { ffi::rd_kafka_pause_partitions(self.native.ptr(), list.ptr()) })
    }

    /// Ends [`Reader::pause`].
    ///
    /// # Errors
    /// The library refused.
    pub fn resume(&mut self, partitions: &[PartitionOffset]) -> Result<()> {
        let list = PartitionList::new(partitions)?;
        // SAFETY: both live.
        check(unsafe { ffi::rd_kafka_resume_partitions(self.native.ptr(), list.ptr()) })
    }

    /// Waits up to `wait` for the next records and events and passes at most `limit` of them to `each`, in order.
    /// Returns how many there were.
    ///
    /// # Errors
    /// The library refused to read.
    pub fn read(&mut self, limit: usize, wait: Duration, mut each: impl FnMut(Message)) -> Result<usize> {
        self.batch.resize(limit.max(1), std::ptr::null_mut());
        // The call waits for the whole time unless the array fills, so it first takes what is there.
        let mut count = self.take(Duration::ZERO)?;
        if count == 0 && !wait.is_zero() {
            let wanted = self.batch.len();
            self.batch.truncate(1);
            count = self.take(wait)?;
            self.batch.resize(wanted, std::ptr::null_mut());
        }
        for index in 0..count {
            let raw = std::mem::replace(&mut self.batch[index], std::ptr::null_mut());
            let Some(raw) = NonNull::new(raw) else { continue };
            // SAFETY: the library handed it over in this batch, once.
            let mut message = unsafe { Message::from_raw(raw) };
            if self.admit(&mut message) {
                each(message);
            }
        }
        Ok(count)
    }

    /// Whether the message is to be delivered: nothing is, behind a fault that leaves a hole.
    fn admit(&mut self, message: &mut Message) -> bool {
        if !self.stopped.is_empty()
            && self
                .stopped
                .contains(&(message.topic().to_owned(), message.partition()))
        {
            return false;
        }
        if message.is_record() {
            if message.leader_epoch().is_some() || !self.misreads_old_formats(message) {
                return true;
            }
            message.mark_old_format();
        }
        if message.fault().is_some_and(|fault| fault.kind.leaves_a_hole()) {
            self.stopped
                .insert((message.topic().to_owned(), message.partition()));
        }
        true
    }

    /// Whether a record without a leader epoch is one in an old format that was misread. Brokers stamp every batch of
    /// format v2 with the epoch; formats v0 and v1 have no place for it.
    fn misreads_old_formats(&self, message: &Message) -> bool {
        let traffic = &self.native.mailbox().traffic;
        let version = match message.broker() {
            Some(broker) => traffic.version(broker, FETCH),
            None => traffic.highest_version(FETCH),
        };
        version.is_some_and(|version| version >= FLEXIBLE_FETCH)
    }

    fn release(&mut self, partitions: &[PartitionOffset]) {
        if !self.stopped.is_empty() {
            for partition in partitions {
                self.stopped
                    .remove(&(partition.topic.clone(), partition.partition));
            }
        }
    }

    fn take(&mut self, wait: Duration) -> Result<usize> {
        // SAFETY: the queue is live and the array has the length given.
        let count = unsafe {
            rd::rd_kafka_consume_batch_queue(
                self.queue.as_ptr(),
                millis(wait),
                self.batch.as_mut_ptr(),
                self.batch.len(),
            )
        };
        usize::try_from(count)
            .map_err(|_| KafkaError::new(ErrorCode::LOCAL_STATE, "the reader's queue could not be read"))
    }

    /// Log start and end offset that the last fetch of the partition reported; `None` before the first.
    pub fn cached_watermarks(&self, topic: &str, partition: i32) -> Option<(i64, i64)> {
        let topic = c_string(topic).ok()?;
        let (mut low, mut high) = (0i64, 0i64);
        // SAFETY: the numbers outlive the call.
        let found = unsafe {
            ffi::rd_kafka_get_watermark_offsets(
                self.native.ptr(),
                topic.as_ptr(),
                partition,
                &raw mut low,
                &raw mut high,
            )
        };
        (found == 0 && low >= 0 && high >= 0).then_some((low, high))
    }

    /// Where the group named at creation stands in these partitions: offset, epoch and text of the last commit.
    ///
    /// # Errors
    /// The coordinator did not answer within `deadline`, or refuses.
    pub fn committed(
        &self,
        partitions: &[PartitionOffset],
        deadline: Duration,
    ) -> Result<Vec<PartitionOffset>> {
        let until = Instant::now() + deadline;
        loop {
            let list = PartitionList::new(partitions)?;
            // SAFETY: both live.
            match check(unsafe { ffi::rd_kafka_committed(self.native.ptr(), list.ptr(), millis(deadline)) }) {
                // A cluster that never had a group makes its internal topic first.
                Err(error) if error.code.is_transient() && Instant::now() < until => {
                    std::thread::sleep(Duration::from_millis(200))
                }
                outcome => return outcome.map(|()| list.entries()),
            }
        }
    }

    /// Commits these offsets for the group named at creation, without being its member.
    ///
    /// # Errors
    /// The coordinator refuses.
    pub fn commit(&self, partitions: &[PartitionOffset]) -> Result<()> {
        let list = PartitionList::new(partitions)?;
        // SAFETY: both live; 0 asks for a synchronous commit.
        check(unsafe { ffi::rd_kafka_commit(self.native.ptr(), list.ptr(), 0) })
    }

    /// What this reader has received from the brokers so far, aborted and damaged batches included.
    pub fn fetched(&self) -> Fetched {
        let (responses, bytes) = self.native.mailbox().traffic.fetched();
        Fetched { responses, bytes }
    }

    /// What the library reported since the last call.
    pub fn notices(&self) -> Vec<Notice> {
        self.native.mailbox().take()
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        // SAFETY: the queue goes before the handle, whose own drop follows.
        unsafe { rd::rd_kafka_queue_destroy(self.queue.as_ptr()) }
    }
}
