//! Metadata, DescribeCluster and FindCoordinator: who is where.

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::describe_cluster_response::DescribeClusterBroker;
use kafka_protocol::messages::find_coordinator_response::Coordinator;
use kafka_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::{
    BrokerId, DescribeAclsResponse, DescribeClusterResponse, FindCoordinatorRequest, FindCoordinatorResponse,
    MetadataRequest, MetadataResponse,
};
use uuid::Uuid;

use crate::model::cluster_state::{Access, ClusterState};
use crate::model::topic::Topic;
use crate::model::topic_admin::NewTopic;
use crate::request::{Request, code, text, topic_name};

const HOST: &str = "127.0.0.1";
/// Versions in which clients may ask what they may do: topics from the first on, the cluster up to the last.
const RIGHTS: std::ops::RangeInclusive<i16> = 8..=10;
/// Bits of READ, WRITE, CREATE, DELETE, ALTER, DESCRIBE, DESCRIBE_CONFIGS and ALTER_CONFIGS, all that topics have.
const TOPIC_RIGHTS: i32 = 0b1101_1111_1000;
/// Bits of CREATE, ALTER, DESCRIBE, CLUSTER_ACTION, DESCRIBE_CONFIGS, ALTER_CONFIGS and IDEMPOTENT_WRITE.
const CLUSTER_RIGHTS: i32 = 0b1_1111_1010_0000;
const READ_BIT: i32 = 1 << 3;
const WRITE_BIT: i32 = 1 << 4;
/// First version in which "all topics" is null rather than an empty list.
const NULL_MEANS_ALL: i16 = 1;

pub(crate) fn metadata(cx: &Request<'_>, q: MetadataRequest) -> MetadataResponse {
    let mut state = cx.state();
    let of_topics = q.include_topic_authorized_operations && cx.version >= *RIGHTS.start();
    let of_cluster = q.include_cluster_authorized_operations && RIGHTS.contains(&cx.version);
    let all = q
        .topics
        .as_ref()
        .is_none_or(|t| t.is_empty() && cx.version < NULL_MEANS_ALL);
    let topics = if all {
        let names: Vec<String> = state.topics.keys().cloned().collect();
        names
            .iter()
            .map(|name| topic_metadata(cx, &mut state, name, false))
            .collect()
    } else {
        let asked = q.topics.unwrap_or_default();
        asked
            .into_iter()
            .map(|asked| match asked.name {
                Some(name) => topic_metadata(cx, &mut state, &name, q.allow_auto_topic_creation),
                None => match state.topic_names.get(&asked.topic_id).cloned() {
                    Some(name) => topic_metadata(cx, &mut state, &name, false),
                    None => MetadataResponseTopic::default()
                        .with_name(None)
                        .with_topic_id(asked.topic_id)
                        .with_error_code(ResponseError::UnknownTopicId.code()),
                },
            })
            .collect()
    };
    let topics = if of_topics {
        with_rights(&state, topics)
    } else {
        topics
    };
    let answer = MetadataResponse::default();
    let answer = if of_cluster {
        answer.with_cluster_authorized_operations(CLUSTER_RIGHTS)
    } else {
        answer
    };
    answer
        .with_brokers(
            state
                .nodes
                .iter()
                .filter(|(_, node)| node.alive)
                .map(|(id, node)| {
                    MetadataResponseBroker::default()
                        .with_node_id(BrokerId(*id))
                        .with_host(text(HOST))
                        .with_port(node.advertised.into())
                })
                .collect(),
        )
        .with_cluster_id(Some(text(&state.cluster_id)))
        .with_controller_id(BrokerId(state.controller()))
        .with_topics(topics)
}

/// Says of each topic what the client may do: everything but what was denied.
fn with_rights(state: &ClusterState, topics: Vec<MetadataResponseTopic>) -> Vec<MetadataResponseTopic> {
    topics
        .into_iter()
        .map(|topic| {
            let name = topic.name.as_ref().map_or("", |name| name.as_str());
            let denied = |access, bit| {
                if state.check_access(name, access).is_err() {
                    bit
                } else {
                    0
                }
            };
            let missing = denied(Access::Read, READ_BIT) | denied(Access::Write, WRITE_BIT);
            let known = state.topics.contains_key(name);
            topic.with_topic_authorized_operations(if known { TOPIC_RIGHTS & !missing } else { 0 })
        })
        .collect()
}

fn topic_metadata(
    cx: &Request<'_>,
    state: &mut ClusterState,
    name: &str,
    may_create: bool,
) -> MetadataResponseTopic {
    let found = cx
        .topic_fault(name)
        .and_then(|()| find_or_create(state, name, may_create));
    let answer = MetadataResponseTopic::default()
        .with_name(Some(topic_name(name)))
        .with_error_code(code(&found));
    match found {
        Err(_) => answer.with_topic_id(Uuid::nil()),
        Ok(()) => match state.topics.get(name) {
            None => answer,
            Some(topic) => answer
                .with_topic_id(topic.id)
                .with_partitions(partitions(state, topic)),
        },
    }
}

fn find_or_create(state: &mut ClusterState, name: &str, may_create: bool) -> Result<(), ResponseError> {
    if state.topics.contains_key(name) {
        return Ok(());
    }
    if !crate::model::topic::is_legal_name(name) {
        return Err(ResponseError::InvalidTopicException);
    }
    if !may_create || !state.settings.is_on("auto.create.topics.enable") {
        return Err(ResponseError::UnknownTopicOrPartition);
    }
    let new = NewTopic {
        name: name.to_owned(),
        partitions: -1,
        replication_factor: -1,
        ..NewTopic::default()
    };
    state.create_topic(&new, false).map(drop).map_err(|r| r.code)
}

fn partitions(state: &ClusterState, topic: &Topic) -> Vec<MetadataResponsePartition> {
    let ids = |alive: bool, replicas: &[i32]| {
        replicas
            .iter()
            .filter(|id| state.is_alive(**id) == alive)
            .map(|id| BrokerId(*id))
            .collect()
    };
    topic
        .partitions
        .iter()
        .enumerate()
        .map(|(index, p)| {
            let error = if p.leader.is_none() {
                ResponseError::LeaderNotAvailable.code()
            } else {
                0
            };
            MetadataResponsePartition::default()
                .with_error_code(error)
                .with_partition_index(index as i32)
                .with_leader_id(BrokerId(p.leader.unwrap_or(-1)))
                .with_leader_epoch(p.leader_epoch)
                .with_replica_nodes(p.replicas.iter().map(|id| BrokerId(*id)).collect())
                .with_isr_nodes(ids(true, &p.replicas))
                .with_offline_replicas(ids(false, &p.replicas))
        })
        .collect()
}

pub(crate) fn describe(cx: &Request<'_>) -> DescribeClusterResponse {
    let result = cx.fault();
    let state = cx.state();
    DescribeClusterResponse::default()
        .with_error_code(code(&result))
        .with_cluster_id(text(&state.cluster_id))
        .with_controller_id(BrokerId(state.controller()))
        .with_brokers(
            state
                .nodes
                .iter()
                .filter(|(_, node)| node.alive)
                .map(|(id, node)| {
                    DescribeClusterBroker::default()
                        .with_broker_id(BrokerId(*id))
                        .with_host(text(HOST))
                        .with_port(node.advertised.into())
                })
                .collect(),
        )
}

/// What a cluster without authorizer says.
pub(crate) fn describe_acls() -> DescribeAclsResponse {
    DescribeAclsResponse::default()
        .with_error_code(ResponseError::SecurityDisabled.code())
        .with_error_message(Some(text("No Authorizer is configured.")))
}

pub(crate) fn find_coordinator(cx: &Request<'_>, q: FindCoordinatorRequest) -> FindCoordinatorResponse {
    let result = cx.fault();
    let state = cx.state();
    let find = |key: &str| {
        let found = result.and_then(|()| {
            if key.is_empty() {
                return Err(ResponseError::InvalidGroupId);
            }
            state
                .coordinator(key)
                .ok_or(ResponseError::CoordinatorNotAvailable)
        });
        let node = found
            .as_ref()
            .ok()
            .and_then(|id| state.nodes.get(id).map(|node| (*id, node.advertised)));
        let (id, port) = node.map_or((-1, -1), |(id, port)| (id, port.into()));
        (
            code(&found),
            BrokerId(id),
            text(if id < 0 { "" } else { HOST }),
            port,
        )
    };
    if cx.version < 4 {
        let (error, id, host, port) = find(&q.key);
        return FindCoordinatorResponse::default()
            .with_error_code(error)
            .with_node_id(id)
            .with_host(host)
            .with_port(port);
    }
    let coordinators = q
        .coordinator_keys
        .into_iter()
        .map(|key| {
            let (error, id, host, port) = find(&key);
            Coordinator::default()
                .with_key(key)
                .with_error_code(error)
                .with_node_id(id)
                .with_host(host)
                .with_port(port)
        })
        .collect();
    FindCoordinatorResponse::default().with_coordinators(coordinators)
}
