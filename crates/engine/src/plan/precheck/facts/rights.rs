use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use sluice_kafka::{ErrorCode, Guarantee, KafkaError, Right, Rights, TopicRights, Writer, WriterTuning};
use sluice_model::Task;

use crate::plan::precheck::facts::{Clients, Outline};
use crate::plan::unique;
use crate::position::EffectiveDelivery;

/// How long a writer is watched for the target's refusal of its producer id; the answer takes a round trip, and a right
/// that is there is not reported.
const PRODUCER_ID_WAIT: Duration = Duration::from_millis(1_500);

/// What the clusters say this user may do.
#[derive(Debug, Clone, Default)]
pub(crate) struct KnownRights {
    /// By target topic, of those that exist.
    pub(crate) target: BTreeMap<String, TopicRights>,
    /// On the target cluster itself; `None` where brokers do not report them (before 2.3).
    pub(crate) cluster: Option<Rights>,
    /// Why the group that keeps the positions on the target cannot be used.
    pub(crate) group: Option<KafkaError>,
    /// Why records cannot be written idempotently: targets before 2.8 ask for a right of its own.
    pub(crate) idempotence: Option<KafkaError>,
}

impl KnownRights {
    /// Asks the target.
    ///
    /// # Errors
    /// It does not answer.
    pub(crate) fn read(task: &Task, outline: &Outline, clients: &Clients) -> sluice_kafka::Result<Self> {
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
        let in_transactions = [EffectiveDelivery::Transactions, EffectiveDelivery::Mirror];
        let group = if in_transactions.contains(&outline.delivery) && bound(cluster) {
            clients
                .target
                .group_offsets(&outline.identity(task))
                .err()
                .filter(|error| error.code == ErrorCode::GROUP_AUTHORIZATION_FAILED)
        } else {
            None
        };
        let granted = cluster.is_some_and(|rights| rights.allow(Right::IdempotentWrite));
        let idempotence = if outline.delivery == EffectiveDelivery::AtLeastOnce && bound(cluster) && !granted
        {
            refused_producer_id(task)?
        } else {
            None
        };
        Ok(Self {
            idempotence,
            target: clients.target.topic_rights(&targets)?,
            cluster,
            group,
        })
    }
}

/// Asks for a producer id, as the copy will: brokers before 2.3 do not say what this user may do. Nothing is written.
fn refused_producer_id(task: &Task) -> sluice_kafka::Result<Option<KafkaError>> {
    let writer = Writer::new(
        &task.target,
        &WriterTuning {
            guarantee: Guarantee::Idempotent,
            batch_bytes: 1_000,
            queue_kib: 64,
            transaction_timeout_ms: 60_000,
        },
    )?;
    let until = Instant::now() + PRODUCER_ID_WAIT;
    while Instant::now() < until {
        if let Some(error) = writer.fatal() {
            return Ok(error.code.is_access().then_some(error));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(None)
}

/// Whether this user may be bound by a list of rights: a user with the right of brokers among themselves is not.
pub(crate) fn bound(cluster: Option<Rights>) -> bool {
    cluster.is_none_or(|rights| !rights.allow(Right::ClusterAction))
}
