use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sluice_kafka::{ErrorCode, KafkaError, Message, PartitionOffset, Reader, TimestampKind};

use crate::record_hash::{Fields, hash_fields};
use crate::verify::failure::{Failure, Result};
use crate::verify::report::LogSide;

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
    side: LogSide,
    reader: &'a mut Reader,
    partition: PartitionOffset,
    ready: VecDeque<Record>,
    /// Bytes of keys and values in `ready`.
    bytes: usize,
    fields: Fields,
    /// Why nothing can be read behind `ready`.
    fault: Option<KafkaError>,
    ended: bool,
    cancel: &'a AtomicBool,
}

impl<'a> Stream<'a> {
    /// Opens a partition at the offset of `partition`.
    pub(crate) fn open(
        side: LogSide,
        reader: &'a mut Reader,
        partition: PartitionOffset,
        fields: Fields,
        cancel: &'a AtomicBool,
    ) -> Result<Self> {
        reader
            .assign(std::slice::from_ref(&partition))
            .map_err(|error| failure(side, error))?;
        Ok(Self {
            side,
            reader,
            partition,
            ready: VecDeque::new(),
            bytes: 0,
            fields,
            fault: None,
            ended: false,
            cancel,
        })
    }

    /// Leaves the time out of what counts.
    pub(crate) fn ignore_time(&mut self) {
        if !std::mem::take(&mut self.fields.time) {
            return;
        }
        for record in &mut self.ready {
            record.hash = hash_fields(&record.message, self.fields);
        }
    }

    /// Whether the time counts.
    pub(crate) fn has_time(&self) -> bool {
        self.fields.time
    }

    /// Whether the broker stamped the next record itself.
    pub(crate) fn is_stamped(&mut self) -> Result<bool> {
        Ok(self
            .peek(0)?
            .is_some_and(|record| record.message.timestamp().1 == TimestampKind::LogAppend))
    }

    /// Whether the next record has no time.
    pub(crate) fn lacks_time(&mut self) -> Result<bool> {
        Ok(self.peek(0)?.is_some_and(|record| lacks_time(&record.message)))
    }

    /// Bytes of the records that were looked at and not yet taken.
    pub(crate) fn held(&self) -> usize {
        self.bytes
    }

    /// The record `ahead` places from the next one; `None` behind the end.
    pub(crate) fn peek(&mut self, ahead: usize) -> Result<Option<&Record>> {
        let mut until = Instant::now() + SILENCE;
        while self.ready.len() <= ahead && !self.ended {
            if self.cancel.load(Ordering::Relaxed) {
                return Err(Failure::Cancelled);
            }
            let side = self.side;
            if let Some(fault) = &self.fault {
                return Err(failure(side, fault.clone()));
            }
            if self.read().map_err(|error| failure(side, error))? > 0 {
                until = Instant::now() + SILENCE;
            } else if Instant::now() >= until {
                let silence = format!("the broker sent nothing for {} s", SILENCE.as_secs());
                return Err(failure(
                    side,
                    KafkaError::new(ErrorCode::LOCAL_TIMED_OUT, silence),
                ));
            }
        }
        Ok(self.ready.get(ahead))
    }

    /// Takes in what the reader has. Returns how much that was.
    fn read(&mut self) -> sluice_kafka::Result<usize> {
        let Self {
            reader,
            partition,
            ready,
            ended,
            bytes,
            fields,
            fault,
            ..
        } = self;
        reader.read(STEP, Duration::from_millis(200), |message| {
            // What is left of another partition, or of the time before an error, is not ours.
            let ours = message.partition() == partition.partition && message.topic() == partition.topic;
            if !ours || fault.is_some() {
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
                // A record without readable headers is one as well: its copy cannot be called equal.
                code => *fault = Some(KafkaError::new(code, message.error_text())),
            }
        })
    }

    /// Takes the next record.
    pub(crate) fn pop(&mut self) -> Option<Record> {
        let record = self.ready.pop_front()?;
        self.bytes -= record.message.payload_len();
        Some(record)
    }
}

/// Whether a record has no timestamp: those of message format v0, and those whose producer wrote -1.
pub(crate) fn lacks_time(message: &Message) -> bool {
    matches!(message.timestamp(), (_, TimestampKind::None) | (-1, _))
}

fn failure(side: LogSide, error: KafkaError) -> Failure {
    match side {
        LogSide::Source => Failure::Source(error),
        LogSide::Target => Failure::Target(error),
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
