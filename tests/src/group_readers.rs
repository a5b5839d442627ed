//! Groups that commit without members, and consumers that continue where they stand.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use sluice_wire::{Client, GroupOffset, TopicPartition};

/// Commits offsets for groups without members.
///
/// # Errors
/// The cluster did not take them.
pub fn commit_group(
    bootstrap: &str,
    group: &str,
    offsets: &[(&str, i32, i64)],
    metadata: &str,
) -> Result<()> {
    commit_group_with(&group_client(bootstrap)?, group, offsets, metadata)
}

/// A client of ours.
///
/// # Errors
/// The address is none.
pub fn group_client(bootstrap: &str) -> Result<Client> {
    Ok(Client::new(&sluice_model::Cluster::new(bootstrap)?)?)
}

/// The same with a client.
///
/// # Errors
/// The cluster did not take them.
pub fn commit_group_with(
    client: &Client,
    group: &str,
    offsets: &[(&str, i32, i64)],
    metadata: &str,
) -> Result<()> {
    let offsets: BTreeMap<TopicPartition, GroupOffset> = offsets
        .iter()
        .map(|(topic, partition, offset)| {
            let offset = GroupOffset {
                offset: *offset,
                leader_epoch: None,
                metadata: metadata.to_owned(),
            };
            (TopicPartition::new(*topic, *partition), offset)
        })
        .collect();
    let outcome = client.offset_commit(group, &offsets)?;
    ensure!(
        offsets.keys().all(|place| outcome.get(place) == Some(&Ok(()))),
        "{outcome:?}"
    );
    Ok(())
}

/// What a consumer of librdkafka reads of each partition that continues where `group` has committed.
///
/// # Errors
/// It has committed nowhere, or the cluster did not answer.
pub fn continued(bootstrap: &str, group: &str, topic: &str, partitions: i32) -> Result<Vec<Vec<Vec<u8>>>> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("group.id", group)
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .set("isolation.level", "read_committed")
        // A position outside of the log must not be taken for another one.
        .set("auto.offset.reset", "error")
        .create()?;
    let mut list = TopicPartitionList::new();
    for partition in 0..partitions {
        list.add_partition_offset(topic, partition, Offset::Stored)?;
    }
    consumer.assign(&list)?;
    let mut values = vec![Vec::new(); usize::try_from(partitions)?];
    let (mut left, until) = (partitions, Instant::now() + Duration::from_secs(60));
    while left > 0 {
        ensure!(
            Instant::now() < until,
            "{group} has not come to the end of {topic} in 60 s"
        );
        match consumer.poll(Duration::from_millis(200)) {
            None => {}
            Some(Err(KafkaError::PartitionEOF(_))) => left -= 1,
            Some(Err(error)) => return Err(error.into()),
            Some(Ok(message)) => {
                values[usize::try_from(message.partition())?]
                    .push(message.payload().unwrap_or_default().to_vec());
            }
        }
    }
    Ok(values)
}
