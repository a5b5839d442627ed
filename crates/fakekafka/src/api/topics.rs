//! CreateTopics, DeleteTopics and CreatePartitions.

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use kafka_protocol::messages::create_partitions_response::CreatePartitionsTopicResult;
use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::create_topics_response::{CreatableTopicConfigs, CreatableTopicResult};
use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::delete_topics_response::DeletableTopicResult;
use kafka_protocol::messages::{
    CreatePartitionsRequest, CreatePartitionsResponse, CreateTopicsRequest, CreateTopicsResponse,
    DeleteTopicsRequest, DeleteTopicsResponse,
};
use uuid::Uuid;

use crate::model::cluster_state::ClusterState;
use crate::model::intake::Rejection;
use crate::model::settings_table::TOPIC_SETTINGS;
use crate::model::topic::Topic;
use crate::model::topic_admin::{CONTROLLER_BATCH, NewTopic, too_large};
use crate::request::{Request, text, topic_name};

/// First version in which topics can be named by id.
const BY_ID: i16 = 6;

pub(crate) fn create(cx: &Request<'_>, q: CreateTopicsRequest) -> CreateTopicsResponse {
    let mut state = cx.state();
    let repeated = |name: &str| q.topics.iter().filter(|t| t.name.as_str() == name).count() > 1;
    let topics = q
        .topics
        .iter()
        .map(|asked| {
            let created = cx
                .topic_fault(&asked.name)
                .map_err(Rejection::from)
                .and_then(|()| {
                    if repeated(&asked.name) {
                        return Err(Rejection::new(
                            ResponseError::InvalidRequest,
                            "The topic is named twice in the request",
                        ));
                    }
                    let wanted = wanted(asked);
                    if 1 + wanted.settings.len() as i64 + i64::from(wanted.partitions) > CONTROLLER_BATCH {
                        return Err(too_large());
                    }
                    state.create_topic(&wanted, q.validate_only)
                });
            created_answer(&state, asked, created)
        })
        .collect();
    drop(state);
    cx.announce();
    CreateTopicsResponse::default().with_topics(topics)
}

fn wanted(asked: &CreatableTopic) -> NewTopic {
    NewTopic {
        name: asked.name.to_string(),
        partitions: asked.num_partitions,
        replication_factor: asked.replication_factor,
        assignments: asked
            .assignments
            .iter()
            .map(|a| (a.partition_index, a.broker_ids.iter().map(|id| id.0).collect()))
            .collect(),
        settings: asked
            .configs
            .iter()
            .map(|c| (c.name.to_string(), c.value.as_ref().map(ToString::to_string)))
            .collect(),
    }
}

fn created_answer(
    state: &ClusterState,
    asked: &CreatableTopic,
    created: Result<Topic, Rejection>,
) -> CreatableTopicResult {
    let answer = CreatableTopicResult::default().with_name(asked.name.clone());
    match created {
        Err(rejection) => answer
            .with_error_code(rejection.code.code())
            .with_error_message(Some(text(&rejection.message)))
            .with_num_partitions(-1)
            .with_replication_factor(-1)
            .with_configs(Some(Vec::new())),
        Ok(topic) => {
            let configs = TOPIC_SETTINGS.iter().map(|setting| {
                let effective = state.settings.for_topic(setting, &topic);
                CreatableTopicConfigs::default()
                    .with_name(text(setting.name))
                    .with_value(Some(text(effective.value())))
                    .with_config_source(effective.source() as i8)
            });
            answer
                .with_topic_id(topic.id)
                .with_num_partitions(topic.partitions.len() as i32)
                .with_replication_factor(topic.partitions.first().map_or(-1, |p| p.replicas.len() as i16))
                .with_configs(Some(configs.collect()))
        }
    }
}

pub(crate) fn delete(cx: &Request<'_>, q: DeleteTopicsRequest) -> DeleteTopicsResponse {
    let asked = if cx.version >= BY_ID {
        q.topics
    } else {
        q.topic_names
            .into_iter()
            .map(|name| DeleteTopicState::default().with_name(Some(name)))
            .collect()
    };
    let mut state = cx.state();
    let responses = asked
        .into_iter()
        .map(|asked| delete_one(cx, &mut state, asked))
        .collect();
    drop(state);
    cx.announce();
    DeleteTopicsResponse::default().with_responses(responses)
}

fn delete_one(cx: &Request<'_>, state: &mut ClusterState, asked: DeleteTopicState) -> DeletableTopicResult {
    let named = asked.name.map(|n| n.to_string());
    let name = match named.clone() {
        Some(name) => Ok(name),
        None => state
            .topic_names
            .get(&asked.topic_id)
            .cloned()
            .ok_or(ResponseError::UnknownTopicId),
    };
    let deleted = name.clone().and_then(|name| {
        cx.topic_fault(&name)?;
        state.delete_topic(&name)
    });
    let answer = DeletableTopicResult::default()
        .with_name(name.ok().or(named).map(|n| topic_name(&n)))
        .with_topic_id(*deleted.as_ref().unwrap_or(&Uuid::nil()));
    match deleted {
        Ok(_) => answer,
        Err(error) => answer
            .with_error_code(error.code())
            .with_error_message(Some(text(&error.to_string()))),
    }
}

pub(crate) fn create_partitions(cx: &Request<'_>, q: CreatePartitionsRequest) -> CreatePartitionsResponse {
    let mut state = cx.state();
    let validate_only = q.validate_only;
    let results = q
        .topics
        .into_iter()
        .map(|asked| grow(cx, &mut state, asked, validate_only))
        .collect();
    drop(state);
    cx.announce();
    CreatePartitionsResponse::default().with_results(results)
}

fn grow(
    cx: &Request<'_>,
    state: &mut ClusterState,
    asked: CreatePartitionsTopic,
    validate_only: bool,
) -> CreatePartitionsTopicResult {
    let assignments = asked.assignments.map(|all| {
        all.into_iter()
            .map(|a| a.broker_ids.iter().map(|id| id.0).collect())
            .collect()
    });
    let grown = cx
        .topic_fault(&asked.name)
        .map_err(Rejection::from)
        .and_then(|()| state.add_partitions(&asked.name, asked.count, assignments, validate_only));
    let answer = CreatePartitionsTopicResult::default().with_name(asked.name);
    match grown {
        Ok(()) => answer,
        Err(rejection) => answer
            .with_error_code(rejection.code.code())
            .with_error_message(Some(text(&rejection.message))),
    }
}
