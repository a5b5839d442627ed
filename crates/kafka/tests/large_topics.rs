//! Topics with more partitions than a controller takes in one request.

use std::collections::BTreeMap;

use sluice_fakekafka::FakeCluster;
use sluice_kafka::{Admin, NewTopic};
use sluice_model::Cluster;

#[test]
fn a_topic_larger_than_one_request_may_be_is_made_whole() {
    let cluster = FakeCluster::builder().start().unwrap();
    let admin = Admin::new(&Cluster::new(&cluster.bootstrap()).unwrap()).unwrap();
    for (name, partitions) in [("9 999", 9_999), ("10 000", 10_000), ("15 001", 15_001)] {
        let topic = NewTopic {
            name: name.replace(' ', "-"),
            partitions,
            replication_factor: 1,
            config: BTreeMap::from([("retention.ms".to_owned(), "1234".to_owned())]),
        };
        admin.create_topic(&topic, true).unwrap();
        assert!(!cluster.topics().contains(&topic.name), "only asked for");
        admin.create_topic(&topic, false).unwrap();
        let made = admin.metadata().unwrap().topics.remove(&topic.name).unwrap();
        assert_eq!(made.partitions.len(), partitions);
        let config = cluster.topic_configs(&topic.name).unwrap();
        assert!(
            config.contains(&("retention.ms".to_owned(), "1234".to_owned())),
            "{config:?}"
        );
    }
}

#[test]
fn a_topic_grows_by_more_partitions_than_one_request_may_make() {
    let cluster = FakeCluster::builder().start().unwrap();
    let admin = Admin::new(&Cluster::new(&cluster.bootstrap()).unwrap()).unwrap();
    let topic = NewTopic {
        name: "grows".to_owned(),
        partitions: 2,
        replication_factor: 1,
        config: BTreeMap::new(),
    };
    admin.create_topic(&topic, false).unwrap();
    for (there, total) in [(2, 10_003), (10_003, 10_004)] {
        admin.create_partitions("grows", there, total).unwrap();
        let grown = admin.metadata().unwrap().topics.remove("grows").unwrap();
        assert_eq!(grown.partitions.len(), total);
    }
}
