use std::time::Duration;

use sluice_kafka::{ErrorCode, KafkaError, PartitionOffset, Reader};

use crate::verify::feed::{Fed, Feed, ReadError};
use crate::verify::record::Content;

/// Messages taken from the reader at once.
const STEP: usize = 1_000;

/// One partition, read by librdkafka. It is assigned with the first read.
pub(crate) struct LibraryFeed<'a> {
    reader: &'a mut Reader,
    partition: PartitionOffset,
    assigned: bool,
    /// No record before it is wanted.
    next: i64,
}

impl<'a> LibraryFeed<'a> {
    /// From the offset of `partition` on.
    pub(crate) fn open(reader: &'a mut Reader, partition: PartitionOffset) -> Self {
        Self {
            reader,
            next: partition.offset.unwrap_or(0),
            partition,
            assigned: false,
        }
    }

    fn unassign(&mut self) {
        if !std::mem::take(&mut self.assigned) {
            return;
        }
        // A partition that cannot be given back leaves records of no interest, which are passed over.
        if let Err(error) = self.reader.unassign(std::slice::from_ref(&self.partition)) {
            tracing::debug!(%error, "unassigning after verification");
        }
    }
}

impl Feed for LibraryFeed<'_> {
    fn read(&mut self, take: &mut dyn FnMut(Fed)) -> Result<usize, ReadError> {
        if !self.assigned {
            self.reader.assign(std::slice::from_ref(&self.partition))?;
            self.assigned = true;
        }
        let Self {
            reader,
            partition,
            next,
            ..
        } = self;
        let count = reader.read(STEP, Duration::from_millis(200), |message| {
            // What is left of another partition, or of the time before an error, is not ours.
            if message.partition() != partition.partition || message.topic() != partition.topic {
                return;
            }
            take(match message.error() {
                // Nor is what was fetched before this place was gone to.
                ErrorCode::NONE if message.offset() < *next => return,
                ErrorCode::NONE => {
                    *next = message.offset() + 1;
                    Fed::Record(Content::Library(message))
                }
                ErrorCode::LOCAL_PARTITION_EOF => Fed::End,
                // A record without readable headers is one as well: its copy cannot be called equal.
                code => Fed::Fault(KafkaError::new(code, message.error_text()).into()),
            });
        })?;
        Ok(count)
    }

    fn go_to(&mut self, offset: i64) {
        self.unassign();
        self.partition.offset = Some(offset);
        self.next = offset;
    }

    fn rest(&mut self) {
        self.unassign();
    }
}

impl Drop for LibraryFeed<'_> {
    fn drop(&mut self) {
        self.unassign();
    }
}
