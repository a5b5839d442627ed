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
