use std::time::Duration;

use sluice_kafka::{ErrorCode, KafkaError, PartitionOffset, Reader};

use crate::verify::feed::{Fed, Feed, ReadError};
use crate::verify::record::Content;

/// Messages taken from the reader at once.
const STEP: usize = 1_000;

/// One partition, read by librdkafka.
pub(crate) struct LibraryFeed<'a> {
    reader: &'a mut Reader,
    partition: PartitionOffset,
}

impl<'a> LibraryFeed<'a> {
    /// From the offset of `partition` on.
    pub(crate) fn open(reader: &'a mut Reader, partition: PartitionOffset) -> Result<Self, ReadError> {
        reader.assign(std::slice::from_ref(&partition))?;
        Ok(Self { reader, partition })
    }
}

impl Feed for LibraryFeed<'_> {
    fn read(&mut self, take: &mut dyn FnMut(Fed)) -> Result<usize, ReadError> {
        let Self { reader, partition } = self;
        let count = reader.read(STEP, Duration::from_millis(200), |message| {
            // What is left of another partition, or of the time before an error, is not ours.
            if message.partition() != partition.partition || message.topic() != partition.topic {
                return;
            }
            take(match message.error() {
                ErrorCode::NONE => Fed::Record(Content::Library(message)),
                ErrorCode::LOCAL_PARTITION_EOF => Fed::End,
                // A record without readable headers is one as well: its copy cannot be called equal.
                code => Fed::Fault(KafkaError::new(code, message.error_text()).into()),
            });
        })?;
        Ok(count)
    }
}

impl Drop for LibraryFeed<'_> {
    fn drop(&mut self) {
        // A partition that cannot be given back leaves records of no interest, which are passed over.
        if let Err(error) = self.reader.unassign(std::slice::from_ref(&self.partition)) {
            tracing::debug!(%error, "unassigning after verification");
        }
    }
}
