//! Admin calls. Their futures are answered by a thread of the client, so blocking on them is enough.

use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

use rdkafka::admin::{
    AdminClient, AdminOptions, ConfigSource, NewPartitions, NewTopic, ResourceSpecifier, TopicReplication,
};
use rdkafka::client::DefaultClientContext;
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{Offset, TopicPartitionList};
use sluice_fakekafka::{CommittedOffset, FakeCluster, FakeRecord};

use crate::setup::{PATIENCE, config};

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn wait<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park_timeout(PATIENCE),
        }
    }
}

fn options() -> AdminOptions {
    AdminOptions::new()
        .request_timeout(Some(PATIENCE))
        .operation_timeout(Some(PATIENCE))
}

#[test]
fn topics_are_made_grown_described_and_deleted() {
    let cluster = FakeCluster::builder().brokers(3).start().unwrap();
    let admin: AdminClient<DefaultClientContext> = config(&cluster).create().unwrap();
    let new = |name, partitions, replicas| NewTopic::new(name, partitions, TopicReplication::Fixed(replicas));
    let made = wait(admin.create_topics(
        &[
            new("t", 2, 3).set("cleanup.policy", "compact"),
            new("wide", 1, 4),
            new("bad", 1, 1).set("nonsense", "1"),
        ],
        &options(),
    ))
    .unwrap();
    assert_eq!(made[0], Ok("t".to_owned()));
    assert_eq!(
        made[1],
        Err(("wide".to_owned(), RDKafkaErrorCode::InvalidReplicationFactor))
    );
    assert_eq!(made[2], Err(("bad".to_owned(), RDKafkaErrorCode::InvalidConfig)));
    let checked = wait(admin.create_topics(&[new("dry", 1, 1)], &options().validate_only(true))).unwrap();
    assert_eq!(checked[0], Ok("dry".to_owned()));
    assert_eq!(cluster.topics(), ["t"]);

    let grown = wait(admin.create_partitions(&[NewPartitions::new("t", 5)], &options())).unwrap();
    assert_eq!(grown[0], Ok("t".to_owned()));
    assert_eq!(cluster.partitions("t"), Some(5));

    let resources = [ResourceSpecifier::Topic("t"), ResourceSpecifier::Broker(2)];
    let described = wait(admin.describe_configs(&resources, &options())).unwrap();
    let topic = described[0].as_ref().unwrap().entry_map();
    assert_eq!(topic["cleanup.policy"].value.as_deref(), Some("compact"));
    assert_eq!(topic["cleanup.policy"].source, ConfigSource::DynamicTopic);
    assert_eq!(topic["max.message.bytes"].value.as_deref(), Some("1048588"));
    assert_eq!(topic["max.message.bytes"].source, ConfigSource::Default);
    assert!(
        described[1]
            .as_ref()
            .unwrap()
            .entry_map()
            .contains_key("message.max.bytes")
    );

    let gone = wait(admin.delete_topics(&["t", "none"], &options())).unwrap();
    assert_eq!(gone[0], Ok("t".to_owned()));
    assert_eq!(
        gone[1],
        Err(("none".to_owned(), RDKafkaErrorCode::UnknownTopicOrPartition))
    );
}

#[test]
fn records_and_groups_are_deleted() {
    let cluster = FakeCluster::builder().brokers(2).start().unwrap();
    cluster.create_topic("t", 1, &[]).unwrap();
    cluster
        .append("t", 0, vec![FakeRecord::new("a", "1"), FakeRecord::new("b", "2")])
        .unwrap();
    let offset = CommittedOffset {
        offset: 1,
        leader_epoch: -1,
        metadata: "m".to_owned(),
    };
    cluster.commit("g", "t", 0, offset);
    let admin: AdminClient<DefaultClientContext> = config(&cluster).create().unwrap();
    let mut before = TopicPartitionList::new();
    before.add_partition_offset("t", 0, Offset::Offset(1)).unwrap();
    wait(admin.delete_records(&before, &options())).unwrap();
    assert_eq!(cluster.start_offset("t", 0).unwrap(), 1);
    let gone = wait(admin.delete_groups(&["g"], &options())).unwrap();
    assert_eq!(gone[0], Ok("g".to_owned()));
    assert!(cluster.groups().is_empty());
}
