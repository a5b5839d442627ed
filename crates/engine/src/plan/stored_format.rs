//! In which format records are stored at the source, seen by the wire client: librdkafka does not report it.

use std::time::Duration;

use sluice_model::Cluster;
use sluice_wire::format::{Diagnosis, RecordReader, describe_fault_at};
use sluice_wire::{ApiKey, Client, Isolation, TopicPartition};

use crate::position::PartitionKey;

/// The Fetch version (Kafka 2.7) from which on librdkafka 2.5 to 2.15 takes records in the formats before 0.11 for
/// records of the newer one (its issue 5549).
const MISREAD_FROM: i16 = 12;
/// Bytes that are asked for: brokers return the first entry whole, however small the limit.
const LEAST_BYTES: i32 = 1;
/// What an entry may expand to. What is larger is not looked into: that it is there is enough.
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// Looks at stored records, one partition at a time.
pub(crate) struct StoredFormats {
    client: Client,
    reader: RecordReader,
}

impl StoredFormats {
    /// # Errors
    /// The wire client cannot use the cluster's properties (GSSAPI).
    pub(crate) fn new(source: &Cluster, deadline: Duration) -> sluice_wire::Result<Self> {
        Ok(Self {
            client: Client::new(source)?.with_timeout(deadline),
            reader: RecordReader::new(MOST_BYTES),
        })
    }

    /// The first offset from `offset` on that librdkafka would read as an empty record or not at all, if the entry there
    /// is in such a format.
    ///
    /// # Errors
    /// The source does not answer, or does not let this user read.
    pub(crate) fn misread_at(&mut self, key: &PartitionKey, offset: i64) -> sluice_wire::Result<Option<i64>> {
        let place = TopicPartition::new(&key.topic, key.partition);
        let (leader, _) = self.client.leader(&place)?;
        let offers = self.client.api_versions(leader)?.range(ApiKey::Fetch);
        if offers.is_none_or(|(_, highest)| highest < MISREAD_FROM) {
            return Ok(None);
        }
        let fetched = self.client.fetch_raw(
            &key.topic,
            key.partition,
            offset,
            LEAST_BYTES,
            Isolation::Uncommitted,
        )?;
        Ok(
            match describe_fault_at(&fetched.records, offset, &mut self.reader) {
                Diagnosis::OldFormat { first, .. } => Some(first.max(offset)),
                _ => None,
            },
        )
    }
}
