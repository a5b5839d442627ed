//! Topics, settings, versions and logging in.

use bytes::Bytes;
use kafka_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use kafka_protocol::messages::create_topics_request::{
    CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig,
};
use kafka_protocol::messages::create_topics_response::CreatableTopicResult;
use kafka_protocol::messages::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::describe_configs_response::DescribeConfigsResourceResult;
use kafka_protocol::messages::incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::{
    ApiVersionsRequest, BrokerId, CreatePartitionsRequest, CreateTopicsRequest, DeleteRecordsRequest,
    DeleteTopicsRequest, DescribeAclsRequest, DescribeClusterRequest, DescribeConfigsRequest,
    FindCoordinatorRequest, IncrementalAlterConfigsRequest, MetadataRequest, SaslAuthenticateRequest,
    SaslHandshakeRequest,
};
use sluice_fakekafka::{ApiKey, FakeCluster, FakeError, FakeRecord, ResponseError};

use crate::client::{Batch, Client, text, topic};

fn new_topic(name: &str, partitions: i32, factor: i16) -> CreatableTopic {
    CreatableTopic::default()
        .with_name(topic(name))
        .with_num_partitions(partitions)
        .with_replication_factor(factor)
}

fn with_config(name: &str, value: Option<&str>) -> CreatableTopic {
    new_topic("c", 1, 1).with_configs(vec![
        CreatableTopicConfig::default()
            .with_name(text(name))
            .with_value(value.map(text)),
    ])
}

fn create(
    client: &mut Client,
    version: i16,
    new: CreatableTopic,
    validate_only: bool,
) -> CreatableTopicResult {
    let request = CreateTopicsRequest::default()
        .with_topics(vec![new])
        .with_validate_only(validate_only);
    client.call(version, &request).topics[0].clone()
}

#[test]
fn topics_are_created_or_refused_as_a_broker_would() {
    let cluster = FakeCluster::builder().brokers(3).start().unwrap();
    let mut client = Client::connect(&cluster, 2);
    assert_eq!(create(&mut client, 7, new_topic("t", 4, 2), true).error_code, 0);
    assert_eq!(cluster.partitions("t"), None);
    let made = create(&mut client, 7, new_topic("t", 4, 2), false);
    assert_eq!(
        (made.error_code, made.num_partitions, made.replication_factor),
        (0, 4, 2)
    );
    assert_eq!(Some(made.topic_id), cluster.topic_id("t"));
    for version in 2..=7 {
        let again = create(&mut client, version, new_topic("t", 4, 2), false);
        assert_eq!(again.error_code, ResponseError::TopicAlreadyExists.code());
    }
    let cases = [
        (new_topic("p", 0, 1), ResponseError::InvalidPartitions),
        (new_topic("p", 1, 4), ResponseError::InvalidReplicationFactor),
        (new_topic("p", 1, 0), ResponseError::InvalidReplicationFactor),
        (new_topic("a b", 1, 1), ResponseError::InvalidTopicException),
        (
            with_config("message.format.version", Some("3.0")),
            ResponseError::InvalidConfig,
        ),
        (
            with_config("retention.ms", Some("soon")),
            ResponseError::InvalidConfig,
        ),
        (
            with_config("cleanup.policy", Some("shred")),
            ResponseError::InvalidConfig,
        ),
        (with_config("retention.ms", None), ResponseError::InvalidConfig),
    ];
    for (new, expected) in cases {
        let answer = create(&mut client, 7, new, false);
        assert_eq!(answer.error_code, expected.code(), "{:?}", answer.error_message);
        assert!(answer.error_message.is_some());
    }
    let placed = new_topic("placed", -1, -1).with_assignments(vec![
        CreatableReplicaAssignment::default()
            .with_partition_index(0)
            .with_broker_ids(vec![BrokerId(3), BrokerId(1)]),
    ]);
    assert_eq!(create(&mut client, 7, placed, false).error_code, 0);
    assert_eq!(cluster.leader("placed", 0), Some(3));
    assert_eq!(
        create(&mut client, 4, new_topic("defaults", -1, -1), false).error_code,
        0
    );
    assert_eq!(cluster.partitions("defaults"), Some(1));
}

#[test]
fn metadata_tells_leaders_and_ids_in_every_version() {
    let cluster = FakeCluster::builder()
        .brokers(3)
        .cluster_id("my-cluster")
        .start()
        .unwrap();
    let id = cluster.create_topic("t", 6, &[]).unwrap();
    let mut client = Client::connect(&cluster, 1);
    for version in 0..=12 {
        let asked = MetadataRequestTopic::default().with_name(Some(topic("t")));
        let unknown = MetadataRequestTopic::default().with_name(Some(topic("none")));
        let answer = client.call(
            version,
            &MetadataRequest::default().with_topics(Some(vec![asked, unknown])),
        );
        assert_eq!(answer.brokers.len(), 3);
        assert_eq!(answer.topics[0].partitions.len(), 6);
        let leaders: std::collections::BTreeSet<i32> = answer.topics[0]
            .partitions
            .iter()
            .map(|p| p.leader_id.0)
            .collect();
        assert_eq!(leaders.len(), 3, "leaders are spread");
        assert_eq!(
            answer.topics[1].error_code,
            ResponseError::UnknownTopicOrPartition.code()
        );
        if version >= 2 {
            assert_eq!(answer.cluster_id.unwrap().as_str(), "my-cluster");
        }
        if version >= 10 {
            assert_eq!(answer.topics[0].topic_id, id);
        }
        let all = if version == 0 { Some(Vec::new()) } else { None };
        assert_eq!(
            client
                .call(version, &MetadataRequest::default().with_topics(all))
                .topics
                .len(),
            1
        );
    }
    let by_id = MetadataRequestTopic::default().with_topic_id(id).with_name(None);
    let request = MetadataRequest::default().with_topics(Some(vec![by_id]));
    assert_eq!(client.call(12, &request).topics[0].name, Some(topic("t")));

    cluster.delete_topic("t").unwrap();
    assert_ne!(
        cluster.create_topic("t", 6, &[]).unwrap(),
        id,
        "a topic made again is another"
    );
    assert_eq!(
        client.call(12, &request).topics[0].error_code,
        ResponseError::UnknownTopicId.code()
    );
    assert_eq!(
        client.call(1, &DescribeClusterRequest::default()).brokers.len(),
        3
    );
}

#[test]
fn topics_are_created_on_demand_only_when_told() {
    let asked = || MetadataRequestTopic::default().with_name(Some(topic("new")));
    let request = || {
        MetadataRequest::default()
            .with_topics(Some(vec![asked()]))
            .with_allow_auto_topic_creation(true)
    };
    let cluster = FakeCluster::builder().start().unwrap();
    assert_eq!(
        Client::connect(&cluster, 1).call(12, &request()).topics[0].error_code,
        3
    );
    let cluster = FakeCluster::builder().auto_create_topics(true).start().unwrap();
    assert_eq!(
        Client::connect(&cluster, 1).call(12, &request()).topics[0].error_code,
        0
    );
}

#[test]
fn topics_grow_and_go() {
    let cluster = FakeCluster::builder().start().unwrap();
    let id = cluster.create_topic("t", 2, &[]).unwrap();
    let mut client = Client::connect(&cluster, 1);
    let mut grow = |count| {
        let asked = CreatePartitionsTopic::default()
            .with_name(topic("t"))
            .with_count(count)
            .with_assignments(None);
        client
            .call(3, &CreatePartitionsRequest::default().with_topics(vec![asked]))
            .results[0]
            .error_code
    };
    assert_eq!(grow(2), ResponseError::InvalidPartitions.code());
    assert_eq!(grow(5), 0);
    assert_eq!(cluster.partitions("t"), Some(5));
    let state = DeleteTopicState::default().with_name(None).with_topic_id(id);
    let request = DeleteTopicsRequest::default().with_topics(vec![state]);
    assert_eq!(client.call(6, &request).responses[0].error_code, 0);
    assert_eq!(
        client.call(6, &request).responses[0].error_code,
        ResponseError::UnknownTopicId.code()
    );
    let by_name = DeleteTopicsRequest::default().with_topic_names(vec![topic("t")]);
    assert_eq!(client.call(3, &by_name).responses[0].error_code, 3);
}

fn describe(client: &mut Client, kind: i8, name: &str) -> Vec<DescribeConfigsResourceResult> {
    let resource = DescribeConfigsResource::default()
        .with_resource_type(kind)
        .with_resource_name(text(name))
        .with_configuration_keys(None);
    let request = DescribeConfigsRequest::default()
        .with_resources(vec![resource])
        .with_include_synonyms(true);
    let answer = client.call(4, &request).results[0].clone();
    assert_eq!(answer.error_code, 0, "{:?}", answer.error_message);
    answer.configs
}

fn value(all: &[DescribeConfigsResourceResult], name: &str) -> (String, i8) {
    let found = all.iter().find(|c| c.name.as_str() == name).unwrap();
    (found.value.as_ref().unwrap().to_string(), found.config_source)
}

fn alter(client: &mut Client, kind: i8, resource: &str, changes: &[(&str, i8, Option<&str>)]) -> i16 {
    let configs = changes
        .iter()
        .map(|(name, operation, value)| {
            AlterableConfig::default()
                .with_name(text(name))
                .with_config_operation(*operation)
                .with_value(value.map(text))
        })
        .collect();
    let resource = AlterConfigsResource::default()
        .with_resource_type(kind)
        .with_resource_name(text(resource))
        .with_configs(configs);
    let request = IncrementalAlterConfigsRequest::default().with_resources(vec![resource]);
    client.call(1, &request).responses[0].error_code
}

#[test]
fn settings_show_where_they_come_from() {
    let cluster = FakeCluster::builder()
        .broker_config("message.max.bytes", "5000000")
        .start()
        .unwrap();
    cluster.create_topic("t", 1, &[("retention.ms", "1000")]).unwrap();
    let mut client = Client::connect(&cluster, 1);
    let all = describe(&mut client, 2, "t");
    assert_eq!(value(&all, "retention.ms"), ("1000".to_owned(), 1));
    assert_eq!(value(&all, "max.message.bytes"), ("5000000".to_owned(), 4));
    assert_eq!(value(&all, "cleanup.policy"), ("delete".to_owned(), 5));
    assert_eq!(
        value(&describe(&mut client, 4, "1"), "message.max.bytes"),
        ("5000000".to_owned(), 4)
    );

    assert_eq!(
        alter(
            &mut client,
            2,
            "t",
            &[("retention.ms", 1, None), ("cleanup.policy", 2, Some("compact"))]
        ),
        0
    );
    let all = describe(&mut client, 2, "t");
    assert_eq!(value(&all, "retention.ms"), ("604800000".to_owned(), 5));
    assert_eq!(value(&all, "cleanup.policy"), ("delete,compact".to_owned(), 1));
    assert_eq!(
        alter(&mut client, 2, "t", &[("cleanup.policy", 3, Some("delete"))]),
        0
    );
    assert_eq!(
        value(&describe(&mut client, 2, "t"), "cleanup.policy"),
        ("compact".to_owned(), 1)
    );

    assert_eq!(
        alter(&mut client, 4, "", &[("message.max.bytes", 0, Some("77"))]),
        0
    );
    assert_eq!(
        value(&describe(&mut client, 2, "t"), "max.message.bytes"),
        ("77".to_owned(), 3)
    );
    assert_eq!(alter(&mut client, 2, "t", &[("nonsense", 0, Some("1"))]), 40);
    assert_eq!(
        alter(&mut client, 2, "none", &[("retention.ms", 0, Some("1"))]),
        3
    );
    assert_eq!(
        alter(&mut client, 4, "9", &[("message.max.bytes", 0, Some("1"))]),
        42
    );
}

#[test]
fn records_are_deleted_up_to_an_offset() {
    let cluster = FakeCluster::builder().start().unwrap();
    cluster.create_topic("t", 1, &[]).unwrap();
    cluster
        .create_topic("compacted", 1, &[("cleanup.policy", "compact")])
        .unwrap();
    for _ in 0..4 {
        cluster.append("t", 0, vec![FakeRecord::new("k", "v")]).unwrap();
    }
    let mut client = Client::connect(&cluster, 1);
    let mut delete = |name: &str, offset| {
        let partition = DeleteRecordsPartition::default().with_offset(offset);
        let asked = DeleteRecordsTopic::default()
            .with_name(topic(name))
            .with_partitions(vec![partition]);
        let answer = client.call(2, &DeleteRecordsRequest::default().with_topics(vec![asked]));
        let p = &answer.topics[0].partitions[0];
        (p.error_code, p.low_watermark)
    };
    assert_eq!(delete("t", 3), (0, 3));
    assert_eq!(delete("t", 1), (0, 3), "what is gone stays gone");
    assert_eq!(delete("t", 9), (1, -1));
    assert_eq!(delete("t", -1), (0, 4));
    assert_eq!(
        delete("compacted", 0),
        (ResponseError::PolicyViolation.code(), -1)
    );
}

#[test]
fn versions_can_be_held_back() {
    let cluster = FakeCluster::builder()
        .max_version(ApiKey::Produce, 6)
        .max_version(ApiKey::InitProducerId, -1)
        .start()
        .unwrap();
    cluster.create_topic("t", 1, &[]).unwrap();
    let mut client = Client::connect(&cluster, 1);
    let newest = |client: &mut Client, api: ApiKey| {
        let answer = client.call(3, &ApiVersionsRequest::default());
        answer
            .api_keys
            .iter()
            .find(|v| v.api_key == api as i16)
            .map(|v| v.max_version)
    };
    assert_eq!(newest(&mut client, ApiKey::Produce), Some(6));
    assert_eq!(newest(&mut client, ApiKey::InitProducerId), None);
    let batch = Client::produce_request("t", 0, Batch::of(&["a"]).encode());
    assert!(client.try_call(7, &batch).is_err(), "the connection is closed");
}

#[test]
fn there_is_no_authorizer_to_ask() {
    let cluster = FakeCluster::builder().start().unwrap();
    let answer = Client::connect(&cluster, 1).call(2, &DescribeAclsRequest::default());
    assert_eq!(answer.error_code, ResponseError::SecurityDisabled.code());
}

#[test]
fn coordinators_are_found_and_others_refuse() {
    let cluster = FakeCluster::builder().brokers(3).start().unwrap();
    let mut client = Client::connect(&cluster, 1);
    let expected = cluster.coordinator("g").unwrap();
    for version in 0..=4 {
        let request = if version < 4 {
            FindCoordinatorRequest::default().with_key(text("g"))
        } else {
            FindCoordinatorRequest::default().with_coordinator_keys(vec![text("g")])
        };
        let answer = client.call(version, &request);
        let id = if version < 4 {
            answer.node_id
        } else {
            answer.coordinators[0].node_id
        };
        assert_eq!(id.0, expected);
    }
}

fn log_in(client: &mut Client, user: &str, password: &str) -> i16 {
    let shake = client.call(1, &SaslHandshakeRequest::default().with_mechanism(text("PLAIN")));
    assert_eq!(shake.error_code, 0);
    let token = Bytes::from(format!("\0{user}\0{password}"));
    client
        .call(2, &SaslAuthenticateRequest::default().with_auth_bytes(token))
        .error_code
}

#[test]
fn users_must_log_in() {
    let cluster = FakeCluster::builder()
        .sasl_plain_user("ada", "secret")
        .start()
        .unwrap();
    let connect = || Client::connect(&cluster, 1);
    assert!(connect().try_call(12, &MetadataRequest::default()).is_err());
    let mut right = connect();
    right.call(3, &ApiVersionsRequest::default());
    assert_eq!(log_in(&mut right, "ada", "secret"), 0);
    right.call(12, &MetadataRequest::default());
    for (user, password) in [("ada", "wrong"), ("bob", "secret"), ("", "")] {
        let mut wrong = connect();
        assert_eq!(
            log_in(&mut wrong, user, password),
            ResponseError::SaslAuthenticationFailed.code()
        );
        assert!(
            wrong.try_call(12, &MetadataRequest::default()).is_err(),
            "the connection is closed"
        );
    }
    let scram = SaslHandshakeRequest::default().with_mechanism(text("SCRAM-SHA-256"));
    assert_eq!(
        connect().call(1, &scram).error_code,
        ResponseError::UnsupportedSaslMechanism.code()
    );
}

#[test]
fn impossible_clusters_are_refused() {
    assert!(matches!(
        FakeCluster::builder().brokers(0).start(),
        Err(FakeError::Settings(_))
    ));
    let unknown = FakeCluster::builder().broker_config("nonsense", "1").start();
    assert!(matches!(unknown, Err(FakeError::Settings(_))));
}
