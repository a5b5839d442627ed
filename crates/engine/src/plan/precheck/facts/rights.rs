use std::collections::BTreeMap;

use sluice_kafka::{ErrorCode, KafkaError, Right, Rights, TopicRights};
use sluice_model::Task;

use crate::plan::precheck::facts::{Clients, Outline};
use crate::plan::unique;
use crate::position::EffectiveDelivery;

/// What the clusters say this user may do.
#[derive(Debug, Clone, Default)]
pub(crate) struct KnownRights {
    /// By source topic.
    pub(crate) source: BTreeMap<String, TopicRights>,
    /// By target topic, of those that exist.
    pub(crate) target: BTreeMap<String, TopicRights>,
    /// On the target cluster itself; `None` where brokers do not tell (before 2.3).
    pub(crate) cluster: Option<Rights>,
    /// Why the group that keeps the positions on the target cannot be used.
    pub(crate) group: Option<KafkaError>,
}

impl KnownRights {
    /// Asks both clusters.
    ///
    /// # Errors
    /// A cluster does not answer.
    pub(crate) fn read(task: &Task, outline: &Outline, clients: &Clients) -> sluice_kafka::Result<Self> {
        let pair = &outline.pair;
        let sources = unique(outline.routes.iter().map(|route| route.source_topic.as_str()));
        let targets = unique(
            outline
                .routes
                .iter()
                .filter(|route| route.target_partitions.is_some())
                .map(|route| route.target_topic.as_str()),
        );
        // Its absence only makes sentences more careful.
        let cluster = clients.target.cluster_rights().unwrap_or_default();
        // Looking for a group's coordinator makes an untouched cluster create its internal topic, so it is not done for a
        // user whom no list of rights binds.
        let group = if outline.delivery == EffectiveDelivery::Transactions && bound(cluster) {
            clients
                .target
                .group_offsets(&pair.identity(task))
                .err()
                .filter(|error| error.code == ErrorCode::GROUP_AUTHORIZATION_FAILED)
        } else {
            None
        };
        Ok(Self {
            source: clients.source.topic_rights(&sources)?,
            target: clients.target.topic_rights(&targets)?,
            cluster,
            group,
        })
    }
}

/// Whether this user may be bound by a list of rights: whoever may do what brokers do among themselves is not.
pub(crate) fn bound(cluster: Option<Rights>) -> bool {
    cluster.is_none_or(|rights| !rights.allow(Right::ClusterAction))
}
