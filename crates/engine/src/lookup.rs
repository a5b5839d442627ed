//! Reading single records, outside of any copy.

use std::time::{Duration, Instant};

use sluice_kafka::{ErrorCode, KafkaError, Message, PartitionOffset, Reader, ReaderTuning};
use sluice_model::Cluster;

use crate::position::PartitionKey;
use crate::record_hash::hash_message;

const DEADLINE: Duration = Duration::from_secs(15);

/// Hash of the record at exactly `offset`; `None` when there is none (compacted, a marker, or the end).
pub(crate) fn record_hash_at(
    cluster: &Cluster,
    key: &PartitionKey,
    offset: i64,
) -> sluice_kafka::Result<Option<u64>> {
    with_record_at(cluster, key, offset, |message| hash_message(message, false))
}

/// What `take` makes of the record at exactly `offset`; `None` when there is none (compacted, a marker, or the end).
pub(crate) fn with_record_at<T>(
    cluster: &Cluster,
    key: &PartitionKey,
    offset: i64,
    take: impl FnOnce(&mut Message) -> T,
) -> sluice_kafka::Result<Option<T>> {
    let found = with_first_record_from(cluster, key, offset, |message| {
        (message.offset() == offset).then(|| take(message))
    })?;
    Ok(found.flatten())
}

/// What `take` makes of the first committed record at or behind `offset`; `None` when there is none.
pub(crate) fn with_first_record_from<T>(
    cluster: &Cluster,
    key: &PartitionKey,
    offset: i64,
    take: impl FnOnce(&mut Message) -> T,
) -> sluice_kafka::Result<Option<T>> {
    let mut reader = Reader::new(
        cluster,
        ReaderTuning {
            prefetch_kib: 1024,
            ..ReaderTuning::default()
        },
    )?;
    reader.assign(&[PartitionOffset::new(key.topic.clone(), key.partition, offset)])?;
    let until = Instant::now() + DEADLINE;
    loop {
        let mut first: Option<Message> = None;
        reader.read(1, Duration::from_millis(200), |message| {
            first.get_or_insert(message);
        })?;
        if let Some(mut message) = first {
            return match message.error() {
                ErrorCode::NONE => Ok(Some(take(&mut message))),
                ErrorCode::LOCAL_PARTITION_EOF | ErrorCode::LOCAL_AUTO_OFFSET_RESET => Ok(None),
                code => Err(KafkaError::new(code, message.error_text())),
            };
        }
        if Instant::now() >= until {
            return Err(KafkaError::from_code(ErrorCode::LOCAL_TIMED_OUT));
        }
    }
}
