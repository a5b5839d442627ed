use std::collections::BTreeMap;

use bytes::Bytes;
use kafka_protocol::messages::consumer_group_describe_response::{
    DescribedGroup as DescribedConsumerGroup, Member as DescribedMember,
};
use kafka_protocol::messages::describe_groups_response::DescribedGroup;
use kafka_protocol::messages::{
    ApiKey, ConsumerGroupDescribeRequest, DescribeGroupsRequest, GroupId, ListGroupsRequest,
};
use uuid::Uuid;

use crate::client::cluster_info::PerBroker;
use crate::client::core::Client;
use crate::client::text::text;
use crate::error::{Result, WireError};
use crate::topic_partition::TopicPartition;

/// A group that a coordinator knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedGroup {
    /// Its id.
    pub group: String,
    /// `consumer`, `connect` and the like; empty for one that only commits.
    pub protocol_type: String,
    /// Its state in Kafka's word; none before Kafka 2.6.
    pub state: Option<String>,
    /// `classic`, `consumer`, `share` or `streams`; none before Kafka 3.8.
    pub kind: Option<String>,
    /// The broker that coordinates it.
    pub coordinator: i32,
}

/// A group of the classic protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassicGroup {
    /// Its state in Kafka's word; `Dead` for one that does not exist.
    pub state: String,
    /// `consumer`, `connect` and the like.
    pub protocol_type: String,
    /// The assignor its members agreed on.
    pub protocol: String,
    /// Its members.
    pub members: Vec<ClassicMember>,
}

/// A member of a classic group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassicMember {
    /// Its id.
    pub member_id: String,
    /// Its static id, if it has one.
    pub instance_id: Option<String>,
    /// The client's name.
    pub client_id: String,
    /// The client's address as the broker sees it.
    pub client_host: String,
    /// Its assignment in the words of the group's protocol (for consumers: Kafka's ConsumerProtocolAssignment).
    pub assignment: Bytes,
}

/// A group of the consumer protocol (KIP-848).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsumerGroup {
    /// Its state in Kafka's word.
    pub state: String,
    /// Rises with each change of members or subscriptions.
    pub epoch: i32,
    /// The epoch its assignment belongs to.
    pub assignment_epoch: i32,
    /// Who assigns partitions.
    pub assignor: String,
    /// Its members.
    pub members: Vec<ConsumerMember>,
}

/// A member of a consumer group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsumerMember {
    /// Its id.
    pub member_id: String,
    /// Its static id, if it has one.
    pub instance_id: Option<String>,
    /// The client's name.
    pub client_id: String,
    /// The client's address as the broker sees it.
    pub client_host: String,
    /// The topics it wants.
    pub topics: Vec<String>,
    /// The partitions it has, with their topics' ids.
    pub assignment: Vec<(TopicPartition, Uuid)>,
}

fn filled(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

impl Client {
    /// The groups that the brokers coordinate. Who coordinates them is kept for the calls that follow.
    ///
    /// # Errors
    /// The cluster does not answer. Brokers that fail are named in the answer.
    pub fn list_groups(&self) -> Result<PerBroker<ListedGroup>> {
        let all = self.each_broker(|connection, budget| {
            let (_, response) = self.ask(connection, (0, i16::MAX), budget, |_| {
                ListGroupsRequest::default()
            })?;
            WireError::check(ApiKey::ListGroups, response.error_code, None)?;
            Ok(response.groups)
        })?;
        for (coordinator, group) in &all.found {
            self.learn_coordinator(&group.group_id, *coordinator);
        }
        Ok(PerBroker {
            found: all
                .found
                .into_iter()
                .map(|(coordinator, group)| ListedGroup {
                    group: group.group_id.to_string(),
                    protocol_type: group.protocol_type.to_string(),
                    state: filled(&group.group_state),
                    kind: filled(&group.group_type),
                    coordinator,
                })
                .collect(),
            failed: all.failed,
        })
    }

    /// Classic groups in full, from their coordinators.
    ///
    /// # Errors
    /// It is cancelled. What concerns a group is its outcome; from Kafka 4.0 on, one that is not of this kind is not
    /// found.
    pub fn describe_groups(&self, groups: &[&str]) -> Result<BTreeMap<String, Result<ClassicGroup>>> {
        self.by_coordinator(groups, |connection, groups, budget| {
            let (_, response) = self.ask(connection, (0, i16::MAX), budget, |_| {
                DescribeGroupsRequest::default()
                    .with_groups(groups.iter().map(|group| GroupId(text(group))).collect())
            })?;
            let outcomes = response.groups.into_iter().map(|described| {
                let message = described.error_message.as_deref();
                let outcome = WireError::check(ApiKey::DescribeGroups, described.error_code, message);
                let id = described.group_id.to_string();
                (id, outcome.map(|()| classic_group(described)))
            });
            Ok(outcomes.collect())
        })
    }

    /// Groups of the consumer protocol in full, from their coordinators. Needs Kafka 4.0 (3.7 where it is switched on).
    ///
    /// # Errors
    /// It is cancelled. What concerns a group is its outcome, [`WireError::Unsupported`] on older brokers.
    pub fn consumer_group_describe(
        &self,
        groups: &[&str],
    ) -> Result<BTreeMap<String, Result<ConsumerGroup>>> {
        self.by_coordinator(groups, |connection, groups, budget| {
            let (_, response) = self.ask(connection, (0, i16::MAX), budget, |_| {
                ConsumerGroupDescribeRequest::default()
                    .with_group_ids(groups.iter().map(|group| GroupId(text(group))).collect())
            })?;
            let outcomes = response.groups.into_iter().map(|described| {
                let message = described.error_message.as_deref();
                let outcome = WireError::check(ApiKey::ConsumerGroupDescribe, described.error_code, message);
                let id = described.group_id.to_string();
                (id, outcome.map(|()| consumer_group(described)))
            });
            Ok(outcomes.collect())
        })
    }
}

fn classic_group(described: DescribedGroup) -> ClassicGroup {
    ClassicGroup {
        state: described.group_state.to_string(),
        protocol_type: described.protocol_type.to_string(),
        protocol: described.protocol_data.to_string(),
        members: described
            .members
            .into_iter()
            .map(|member| ClassicMember {
                member_id: member.member_id.to_string(),
                instance_id: member.group_instance_id.map(|id| id.to_string()),
                client_id: member.client_id.to_string(),
                client_host: member.client_host.to_string(),
                assignment: member.member_assignment,
            })
            .collect(),
    }
}

fn consumer_group(described: DescribedConsumerGroup) -> ConsumerGroup {
    ConsumerGroup {
        state: described.group_state.to_string(),
        epoch: described.group_epoch,
        assignment_epoch: described.assignment_epoch,
        assignor: described.assignor_name.to_string(),
        members: described.members.into_iter().map(consumer_member).collect(),
    }
}

fn consumer_member(member: DescribedMember) -> ConsumerMember {
    ConsumerMember {
        member_id: member.member_id.to_string(),
        instance_id: member.instance_id.map(|id| id.to_string()),
        client_id: member.client_id.to_string(),
        client_host: member.client_host.to_string(),
        topics: member
            .subscribed_topic_names
            .iter()
            .map(|name| name.to_string())
            .collect(),
        assignment: member
            .assignment
            .topic_partitions
            .iter()
            .flat_map(|topic| {
                let (name, id) = (topic.topic_name.as_str(), topic.topic_id);
                topic
                    .partitions
                    .iter()
                    .map(move |number| (TopicPartition::new(name, *number), id))
            })
            .collect(),
    }
}
