use std::collections::{BTreeMap, BTreeSet};

use kafka_protocol::messages::describe_share_group_offsets_request::DescribeShareGroupOffsetsRequestGroup;
use kafka_protocol::messages::{
    ApiKey, DescribeShareGroupOffsetsRequest, GroupId, ShareGroupDescribeRequest,
};

use crate::client::core::Client;
use crate::client::text::text;
use crate::error::{Result, WireError};

/// A share group (KIP-932).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShareGroup {
    /// Its state in Kafka's word.
    pub state: String,
    /// Its members.
    pub members: Vec<ShareMember>,
}

/// A member of a share group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShareMember {
    /// Its id.
    pub member_id: String,
    /// The client's name.
    pub client_id: String,
    /// The client's address as the broker sees it.
    pub client_host: String,
    /// The topics it wants.
    pub topics: Vec<String>,
}

impl Client {
    /// Share groups in full, from their coordinators. Needs Kafka 4.1.
    ///
    /// # Errors
    /// It is cancelled. What concerns a group is its outcome, [`WireError::Unsupported`] on older brokers.
    pub fn share_group_describe(&self, groups: &[&str]) -> Result<BTreeMap<String, Result<ShareGroup>>> {
        self.by_coordinator(groups, |connection, groups, budget| {
            let (_, response) = self.ask(connection, (0, i16::MAX), budget, |_| {
                ShareGroupDescribeRequest::default()
                    .with_group_ids(groups.iter().map(|group| GroupId(text(group))).collect())
            })?;
            let outcomes = response.groups.into_iter().map(|described| {
                let message = described.error_message.as_deref();
                let outcome = WireError::check(ApiKey::ShareGroupDescribe, described.error_code, message);
                let id = described.group_id.to_string();
                let members = described.members.into_iter().map(|member| ShareMember {
                    member_id: member.member_id.to_string(),
                    client_id: member.client_id.to_string(),
                    client_host: member.client_host.to_string(),
                    topics: member
                        .subscribed_topic_names
                        .iter()
                        .map(|name| name.to_string())
                        .collect(),
                });
                let group = ShareGroup {
                    state: described.group_state.to_string(),
                    members: members.collect(),
                };
                (id, outcome.map(|()| group))
            });
            Ok(outcomes.collect())
        })
    }

    /// The topics of which the brokers keep what share groups have acknowledged. Needs Kafka 4.1.
    ///
    /// # Errors
    /// As [`Client::share_group_describe`].
    pub fn share_group_topics(&self, groups: &[&str]) -> Result<BTreeMap<String, Result<BTreeSet<String>>>> {
        self.by_coordinator(groups, |connection, groups, budget| {
            let (_, response) = self.ask(connection, (0, i16::MAX), budget, |_| {
                let all = groups.iter().map(|group| {
                    DescribeShareGroupOffsetsRequestGroup::default()
                        .with_group_id(GroupId(text(group)))
                        .with_topics(None)
                });
                DescribeShareGroupOffsetsRequest::default().with_groups(all.collect())
            })?;
            let outcomes = response.groups.into_iter().map(|described| {
                let message = described.error_message.as_deref();
                let outcome =
                    WireError::check(ApiKey::DescribeShareGroupOffsets, described.error_code, message);
                let topics = described.topics.iter().map(|topic| topic.topic_name.to_string());
                (described.group_id.to_string(), outcome.map(|()| topics.collect()))
            });
            Ok(outcomes.collect())
        })
    }
}
