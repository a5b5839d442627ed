//! What is in a cluster: creating topics, writing and reading records and offsets without a client.

use bytes::Bytes;
use kafka_protocol::error::ResponseError;
use uuid::Uuid;

use crate::cluster::{FakeCluster, partition_mut};
use crate::error::FakeError;
use crate::format::{BatchHeader, BatchSpec, Compression, Record, encode, mark_append_time};
use crate::model::compaction::compact;
use crate::model::group_offsets::CommittedOffset;
use crate::model::intake::Rejection;
use crate::model::log::PartitionLog;
use crate::model::settings::{Change, apply};
use crate::model::settings_table::TOPIC_SETTINGS;
use crate::model::topic_admin::NewTopic;
use crate::record::{FakeRecord, Isolation, Outcome, StoredBatch, StoredRecord};
use crate::shared::now_ms;

impl From<Rejection> for FakeError {
    fn from(rejection: Rejection) -> Self {
        FakeError::Refused {
            code: rejection.code,
            message: rejection.message,
        }
    }
}

impl FakeCluster {
    /// Creates a topic with as many replicas as the cluster usually gives (3, or all brokers if there are fewer),
    /// and returns its id.
    ///
    /// # Errors
    /// Whatever a CreateTopics request would be refused for.
    pub fn create_topic(
        &self,
        name: &str,
        partitions: i32,
        configs: &[(&str, &str)],
    ) -> Result<Uuid, FakeError> {
        let new = NewTopic {
            name: name.to_owned(),
            partitions,
            replication_factor: -1,
            assignments: Vec::new(),
            settings: configs
                .iter()
                .map(|(k, v)| ((*k).to_owned(), Some((*v).to_owned())))
                .collect(),
        };
        let id = self.shared.state().create_topic(&new, false)?.id;
        self.shared.changed.notify_waiters();
        Ok(id)
    }

    /// Deletes a topic, its records and what groups committed for it.
    ///
    /// # Errors
    /// If it does not exist.
    pub fn delete_topic(&self, name: &str) -> Result<(), FakeError> {
        let deleted = self.shared.state().delete_topic(name);
        self.shared.changed.notify_waiters();
        deleted
            .map(drop)
            .map_err(|_| FakeError::UnknownTopic(name.to_owned()))
    }

    /// Grows a topic to `count` partitions.
    ///
    /// # Errors
    /// If it does not exist or has as many already.
    pub fn add_partitions(&self, name: &str, count: i32) -> Result<(), FakeError> {
        Ok(self.shared.state().add_partitions(name, count, None, false)?)
    }

    /// Names of all topics, in order.
    pub fn topics(&self) -> Vec<String> {
        self.shared.state().topics.keys().cloned().collect()
    }

    /// The id of a topic. A topic deleted and created again has another.
    pub fn topic_id(&self, name: &str) -> Option<Uuid> {
        self.shared.state().topics.get(name).map(|t| t.id)
    }

    /// How many partitions a topic has.
    pub fn partitions(&self, name: &str) -> Option<i32> {
        self.shared
            .state()
            .topics
            .get(name)
            .map(|t| t.partitions.len() as i32)
    }

    /// The settings given to a topic, without those it has from the cluster.
    pub fn topic_configs(&self, name: &str) -> Option<Vec<(String, String)>> {
        let state = self.shared.state();
        Some(
            state
                .topics
                .get(name)?
                .settings
                .iter()
                .map(|(k, v)| (k.clone(), v.clone()))
                .collect(),
        )
    }

    /// Gives a topic a setting, or takes it back.
    ///
    /// # Errors
    /// If there is no such topic or setting, or the value is wrong.
    pub fn set_topic_config(&self, topic: &str, name: &str, value: Option<&str>) -> Result<(), FakeError> {
        let mut state = self.shared.state();
        let found = state
            .topics
            .get_mut(topic)
            .ok_or_else(|| FakeError::UnknownTopic(topic.to_owned()))?;
        let change = value.map_or(Change::Unset, Change::Set);
        apply(TOPIC_SETTINGS, &mut found.settings, name, "", change).map_err(|message| FakeError::Refused {
            code: ResponseError::InvalidConfig,
            message,
        })
    }

    /// Writes records as one uncompressed batch and returns the offset of the first. None of the limits for
    /// producers applies, only LogAppendTime.
    ///
    /// # Errors
    /// If there is no such partition, or the records do not fit a batch.
    pub fn append(&self, topic: &str, partition: i32, records: Vec<FakeRecord>) -> Result<i64, FakeError> {
        self.append_compressed(topic, partition, records, Compression::None)
    }

    /// Like [`append`](Self::append), but compressed.
    ///
    /// # Errors
    /// As [`append`](Self::append).
    pub fn append_compressed(
        &self,
        topic: &str,
        partition: i32,
        records: Vec<FakeRecord>,
        compression: Compression,
    ) -> Result<i64, FakeError> {
        let records = place(records);
        self.write(
            topic,
            partition,
            &records,
            BatchSpec::plain(compression, &records),
        )
    }

    fn write(
        &self,
        topic: &str,
        partition: i32,
        records: &[Record],
        spec: BatchSpec,
    ) -> Result<i64, FakeError> {
        if records.is_empty() {
            return self.end_offset(topic, partition);
        }
        let batch = encode(&spec, records)?;
        let mut state = self.shared.state();
        let rules = state
            .rules(topic)
            .map_err(|_| FakeError::UnknownTopic(topic.to_owned()))?;
        let found = partition_mut(&mut state, topic, partition)?;
        let batch = if rules.append_time {
            restamp(&batch)?
        } else {
            batch
        };
        let offset = found.log.append(batch, found.leader_epoch)?.base_offset;
        if let (true, Some(limit)) = (rules.deletable, rules.retention_bytes) {
            found.log.retain_bytes(limit);
        }
        drop(state);
        self.shared.changed.notify_waiters();
        Ok(offset)
    }

    /// Writes records as one batch of a transaction of their own producer, ends it as `outcome` says, and returns the offset
    /// of the first record.
    ///
    /// # Errors
    /// As [`append`](Self::append).
    pub fn append_transaction(
        &self,
        topic: &str,
        partition: i32,
        records: Vec<FakeRecord>,
        outcome: Outcome,
    ) -> Result<i64, FakeError> {
        let producer_id = self.shared.state().new_producer_id();
        let records = place(records);
        let spec = BatchSpec {
            transactional: true,
            producer_id,
            producer_epoch: 0,
            base_sequence: 0,
            ..BatchSpec::plain(Compression::None, &records)
        };
        let offset = self.write(topic, partition, &records, spec)?;
        match outcome {
            Outcome::Committed => self.end_hanging(topic, partition, Some(producer_id), true)?,
            Outcome::Aborted => self.end_hanging(topic, partition, Some(producer_id), false)?,
            Outcome::Open => {}
        }
        Ok(offset)
    }

    /// Ends the transactions [`append_transaction`](Self::append_transaction) left open in a partition. Those of
    /// connected producers are not touched.
    ///
    /// # Errors
    /// If there is no such partition.
    pub fn end_open_transactions(&self, topic: &str, partition: i32, commit: bool) -> Result<(), FakeError> {
        self.end_hanging(topic, partition, None, commit)
    }

    fn end_hanging(
        &self,
        topic: &str,
        partition: i32,
        only: Option<i64>,
        commit: bool,
    ) -> Result<(), FakeError> {
        let mut state = self.shared.state();
        let open = partition_mut(&mut state, topic, partition)?
            .log
            .open_transactions();
        for producer_id in open {
            let wanted = only.is_none_or(|id| id == producer_id);
            if !wanted || state.transactional_ids.contains_key(&producer_id) {
                continue;
            }
            let found = partition_mut(&mut state, topic, partition)?;
            found
                .log
                .append_marker(producer_id, 0, commit, found.leader_epoch, now_ms())?;
        }
        drop(state);
        self.shared.changed.notify_waiters();
        Ok(())
    }

    fn look<T>(
        &self,
        topic: &str,
        partition: i32,
        look: impl FnOnce(&PartitionLog) -> T,
    ) -> Result<T, FakeError> {
        let mut state = self.shared.state();
        partition_mut(&mut state, topic, partition).map(|p| look(&p.log))
    }

    /// All records of a partition, transaction markers left out.
    ///
    /// # Errors
    /// If there is no such partition.
    pub fn records(
        &self,
        topic: &str,
        partition: i32,
        isolation: Isolation,
    ) -> Result<Vec<StoredRecord>, FakeError> {
        let found = self.look(topic, partition, |log| {
            log.records(isolation == Isolation::Committed)
        })??;
        Ok(found
            .into_iter()
            .map(|(header, record)| StoredRecord::of(&header, record))
            .collect())
    }

    /// All batches of a partition, transaction markers included.
    ///
    /// # Errors
    /// If there is no such partition.
    pub fn batches(&self, topic: &str, partition: i32) -> Result<Vec<StoredBatch>, FakeError> {
        let describe = |b: &crate::model::log::StoredBatch| {
            Ok(StoredBatch {
                base_offset: b.header.base_offset,
                last_offset: b.header.last_offset(),
                count: b.header.count,
                compression: b.header.compression()?,
                producer_id: b.header.producer_id,
                producer_epoch: b.header.producer_epoch,
                base_sequence: b.header.base_sequence,
                transactional: b.header.is_transactional(),
                control: b.header.is_control(),
                leader_epoch: b.header.leader_epoch,
                bytes: b.bytes.clone(),
            })
        };
        self.look(topic, partition, |log| log.batches().map(describe).collect())?
    }

    /// The first offset still in the log.
    ///
    /// # Errors
    /// If there is no such partition.
    pub fn start_offset(&self, topic: &str, partition: i32) -> Result<i64, FakeError> {
        self.look(topic, partition, PartitionLog::start_offset)
    }

    /// The offset the next record gets.
    ///
    /// # Errors
    /// If there is no such partition.
    pub fn end_offset(&self, topic: &str, partition: i32) -> Result<i64, FakeError> {
        self.look(topic, partition, PartitionLog::end_offset)
    }

    /// The offset of the first record of an undecided transaction, or the end.
    ///
    /// # Errors
    /// If there is no such partition.
    pub fn last_stable_offset(&self, topic: &str, partition: i32) -> Result<i64, FakeError> {
        self.look(topic, partition, PartitionLog::last_stable_offset)
    }

    /// Forgets all records before an offset, as retention or DeleteRecords would, and returns the first that is left.
    ///
    /// # Errors
    /// If there is no such partition.
    pub fn delete_records(&self, topic: &str, partition: i32, before: i64) -> Result<i64, FakeError> {
        let mut state = self.shared.state();
        let log = &mut partition_mut(&mut state, topic, partition)?.log;
        log.delete_before(before);
        let start = log.start_offset();
        drop(state);
        self.shared.changed.notify_waiters();
        Ok(start)
    }

    /// Removes records that a later record of the same key supersedes, records without key, and aborted ones.
    /// Offsets stay, so the log has holes afterwards. Tombstones and transaction markers are kept, and so is
    /// everything from the first undecided transaction on. The topic need not be a compacted one.
    ///
    /// # Errors
    /// If there is no such partition.
    pub fn compact(&self, topic: &str, partition: i32) -> Result<(), FakeError> {
        let mut state = self.shared.state();
        Ok(compact(&mut partition_mut(&mut state, topic, partition)?.log)?)
    }

    /// Cuts off the end of a partition as an unclean election does, and returns the new end offset: a batch that
    /// holds `to_offset` goes as a whole. The leader stays the same broker; its epoch grows by one.
    ///
    /// # Errors
    /// If there is no such partition.
    pub fn truncate(&self, topic: &str, partition: i32, to_offset: i64) -> Result<i64, FakeError> {
        let mut state = self.shared.state();
        let found = partition_mut(&mut state, topic, partition)?;
        found.log.truncate(to_offset)?;
        found.elect(found.leader);
        let end = found.log.end_offset();
        drop(state);
        self.shared.changed.notify_waiters();
        Ok(end)
    }

    /// Damages the batch that holds an offset: one bit of its records changes and its checksum does not. Returns the
    /// batch's first offset, or none if no batch holds the offset.
    ///
    /// # Errors
    /// If there is no such partition.
    pub fn damage(&self, topic: &str, partition: i32, offset: i64) -> Result<Option<i64>, FakeError> {
        let mut state = self.shared.state();
        Ok(partition_mut(&mut state, topic, partition)?.log.damage(offset))
    }

    /// What a group has committed for a partition.
    pub fn committed(&self, group: &str, topic: &str, partition: i32) -> Option<CommittedOffset> {
        self.shared
            .state()
            .groups
            .get(group)?
            .offsets
            .get(topic, partition)
            .cloned()
    }

    /// Commits an offset for a group without asking anybody.
    pub fn commit(&self, group: &str, topic: &str, partition: i32, offset: CommittedOffset) {
        let mut state = self.shared.state();
        state
            .groups
            .entry(group.to_owned())
            .or_default()
            .offsets
            .commit(topic, partition, offset);
    }

    /// Names of all groups, in order.
    pub fn groups(&self) -> Vec<String> {
        self.shared.state().groups.keys().cloned().collect()
    }
}

fn place(records: Vec<FakeRecord>) -> Vec<Record> {
    records
        .into_iter()
        .enumerate()
        .map(|(i, r)| r.place(i as i64))
        .collect()
}

fn restamp(batch: &Bytes) -> Result<Bytes, FakeError> {
    let mut header = BatchHeader::parse(batch)?;
    let mut owned = bytes::BytesMut::from(&batch[..]);
    mark_append_time(&mut owned, &mut header, now_ms());
    Ok(owned.freeze())
}
