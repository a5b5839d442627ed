#![expect(unsafe_code, reason = "calls librdkafka's batch consumer")]

use std::ptr::NonNull;
use std::time::{Duration, Instant};

use rdkafka_sys::bindings as rd;
use sluice_model::Cluster;

use crate::error::{ErrorCode, KafkaError, Result, check};
use crate::message::Message;
use crate::native::{Native, Notice, Role, c_string, millis, take_error};
use crate::partition_list::{PartitionList, PartitionOffset};
use crate::settings::Settings;

/// Which records a reader sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Isolation {
    /// Records of committed transactions and of none.
    #[default]
    Committed,
    /// Everything, aborted records as well.
    Uncommitted,
}

/// Memory and latency of a reader.
#[derive(Debug, Clone, Copy)]
pub struct ReaderTuning {
    /// KiB of records fetched ahead, over all partitions.
    pub prefetch_kib: u32,
    /// How long a broker may hold an empty fetch, in ms.
    pub fetch_wait_ms: u32,
    /// Records seen.
    pub isolation: Isolation,
}

impl Default for ReaderTuning {
    fn default() -> Self {
        Self {
            prefetch_kib: 32 * 1024,
            fetch_wait_ms: 100,
            isolation: Isolation::Committed,
        }
    }
}

/// Reads partitions in batches. Never joins a group, never resets a position by itself.
pub struct Reader {
    queue: NonNull<rd::rd_kafka_queue_t>,
    batch: Vec<*mut rd::rd_kafka_message_t>,
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
            .set("queued.min.messages", "100000")
            .set("queued.max.messages.kbytes", tuning.prefetch_kib.to_string())
            .set("fetch.message.max.bytes", "1048576")
            .set("fetch.max.bytes", "16777216")
            // A record may be bigger than any limit above; this one only guards against garbage.
            .set("receive.message.max.bytes", "2147483647")
            .set("topic.metadata.refresh.interval.ms", "10000");
        let native = Native::create(Role::Reader, settings.pairs(), false)?;
        // SAFETY: the handle is live; the queue is released in drop, before the handle.
        let queue = unsafe { rd::rd_kafka_queue_get_consumer(native.ptr()) };
        let queue = NonNull::new(queue).ok_or_else(|| KafkaError::from_code(ErrorCode::LOCAL_STATE))?;
        Ok(Self {
            queue,
            batch: Vec::new(),
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
        check(unsafe { rd::rd_kafka_pause_partitions(self.native.ptr(), list.ptr()) })
    }

    /// Ends [`Reader::pause`].
    ///
    /// # Errors
    /// The library refused.
    pub fn resume(&mut self, partitions: &[PartitionOffset]) -> Result<()> {
        let list = PartitionList::new(partitions)?;
        // SAFETY: both live.
        check(unsafe { rd::rd_kafka_resume_partitions(self.native.ptr(), list.ptr()) })
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
            if let Some(raw) = NonNull::new(std::mem::replace(&mut self.batch[index], std::ptr::null_mut())) {
                each(Message::from_raw(raw));
            }
        }
        Ok(count)
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
            rd::rd_kafka_get_watermark_offsets(
                self.native.ptr(),
                topic.as_ptr(),
                partition,
                &raw mut low,
                &raw mut high,
            )
        };
        (found as i32 == 0 && low >= 0 && high >= 0).then_some((low, high))
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
            match check(unsafe { rd::rd_kafka_committed(self.native.ptr(), list.ptr(), millis(deadline)) }) {
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
        check(unsafe { rd::rd_kafka_commit(self.native.ptr(), list.ptr(), 0) })
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
