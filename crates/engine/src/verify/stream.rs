use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sluice_kafka::{ErrorCode, KafkaError, Message, PartitionOffset, Reader, TimestampKind};

use crate::record_hash::{Fields, hash_fields};

/// How long a broker may be silent in the middle of a partition.
const SILENCE: Duration = Duration::from_secs(30);
/// Messages taken from the reader at once.
const STEP: usize = 1_000;

/// A record with the hash of everything in it that counts.
pub(crate) struct Record {
    pub(crate) message: Message,
    pub(crate) hash: u64,
}

impl Record {
    pub(crate) fn offset(&self) -> i64 {
        self.message.offset()
    }
}

/// The records of one partition in order, up to its committed end.
pub(crate) struct Stream<'a> {
    reader: &'a mut Reader,
    partition: PartitionOffset,
    ready: VecDeque<Record>,
    /// Bytes of keys and values in `ready`.
    bytes: usize,
    fields: Fields,
    ended: bool,
    cancel: &'a AtomicBool,
}

impl<'a> Stream<'a> {
    /// Opens the partition at `from`.
    pub(crate) fn open(
        reader: &'a mut Reader,
        topic: &str,
        partition: i32,
        from: i64,
        fields: Fields,
        cancel: &'a AtomicBool,
    ) -> sluice_kafka::Result<Self> {
        let partition = PartitionOffset::new(topic.to_owned(), partition, from);
        reader.assign(std::slice::from_ref(&partition))?;
        Ok(Self {
            reader,
            partition,
            ready: VecDeque::new(),
            bytes: 0,
            fields,
            ended: false,
            cancel,
        })
    }

    /// Leaves the time out of what counts.
    pub(crate) fn ignore_time(&mut self) {
        self.fields.time = false;
        for record in &mut self.ready {
            record.hash = hash_fields(&record.message, self.fields);
        }
    }

    /// Whether the broker stamped the next record itself.
    pub(crate) fn is_stamped(&mut self) -> sluice_kafka::Result<bool> {
        Ok(self
            .peek(0)?
            .is_some_and(|record| record.message.timestamp().1 == TimestampKind::LogAppend))
    }

    /// Bytes of the records that were looked at and not yet taken.
    pub(crate) fn held(&self) -> usize {
        self.bytes
    }

    /// The record `ahead` places from the next one; `None` behind the end.
    pub(crate) fn peek(&mut self, ahead: usize) -> sluice_kafka::Result<Option<&Record>> {
        let mut until = Instant::now() + SILENCE;
        while self.ready.len() <= ahead && !self.ended {
            if self.cancel.load(Ordering::Relaxed) {
                return Err(KafkaError::new(
                    ErrorCode::LOCAL_DESTROY,
                    "the verification was cancelled",
                ));
            }
            let Self {
                reader,
                partition,
                ready,
                ended,
                bytes,
                fields,
                ..
            } = self;
            let mut failure = None;
            let count = reader.read(STEP, Duration::from_millis(200), |message| {
                // What is left of another partition, or of the time before an error, is not ours.
                if message.partition() != partition.partition || message.topic() != partition.topic {
                    return;
                }
                match message.error() {
                    ErrorCode::NONE if !*ended => {
                        *bytes += message.payload_len();
                        ready.push_back(Record {
                            hash: hash_fields(&message, *fields),
                            message,
                        });
                    }
                    ErrorCode::LOCAL_PARTITION_EOF => *ended = true,
                    ErrorCode::NONE => {}
                    code => failure = Some(KafkaError::new(code, message.error_text())),
                }
            })?;
            if let Some(error) = failure {
                return Err(error);
            }
            if count > 0 {
                until = Instant::now() + SILENCE;
            } else if Instant::now() >= until {
                return Err(KafkaError::new(
                    ErrorCode::LOCAL_TIMED_OUT,
                    format!("the broker sent nothing for {} s", SILENCE.as_secs()),
                ));
            }
        }
        Ok(self.ready.get(ahead))
    }

    /// Takes the next record.
    pub(crate) fn pop(&mut self) -> Option<Record> {
        let record = self.ready.pop_front()?;
        self.bytes -= record.message.payload_len();
        Some(record)
    }
}

impl Drop for Stream<'_> {
    fn drop(&mut self) {
        // A partition that cannot be given back leaves records of no interest, which peek passes over.
        if let Err(error) = self.reader.unassign(std::slice::from_ref(&self.partition)) {
            tracing::debug!(%error, "unassigning after verification");
        }
    }
}
