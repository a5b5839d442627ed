use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sluice_model::{Cluster, Task};
use sluice_wire::{Cancel, Client, Isolation, OffsetSpec, TopicPartition, WireError};

use crate::error::{EngineError, Result, Side};
use crate::position::Launch;
use crate::topic_id;

/// How long one call may take.
const CALL_DEADLINE: Duration = Duration::from_secs(20);

/// One side's cluster, as its groups are asked for.
#[derive(Debug, Clone)]
pub(crate) struct GroupCluster {
    pub(crate) side: Side,
    pub(crate) client: Client,
    cluster: Cluster,
    cancel: Cancel,
}

/// Offsets of partitions; one that could not be asked for is left out.
pub(crate) type Offsets = BTreeMap<TopicPartition, i64>;

impl GroupCluster {
    /// Nothing is connected yet.
    ///
    /// # Errors
    /// The wire client lacks what the cluster asks for, as GSSAPI.
    pub(crate) fn new(side: Side, cluster: &Cluster, cancel: &Cancel) -> Result<Self> {
        let client = client(side, cluster, cancel)?;
        Ok(Self {
            side,
            client,
            cluster: cluster.clone(),
            cancel: cancel.clone(),
        })
    }

    /// A client with connections of its own: brokers answer one connection's requests in turn.
    ///
    /// # Errors
    /// As [`GroupCluster::new`].
    pub(crate) fn another_client(&self) -> Result<Client> {
        client(self.side, &self.cluster, &self.cancel)
    }

    /// Whether it is the cluster that the task was launched with; `noted` is that one's id, empty where it has none.
    ///
    /// # Errors
    /// The cluster does not answer, or is another one.
    pub(crate) fn check_identity(&self, noted: &str) -> Result<()> {
        let found = self
            .client
            .cluster()
            .map_err(|error| self.refuse("asking for its id", error))?;
        match found.id {
            Some(id) if !noted.is_empty() && id != noted => Err(EngineError::Refused(format!(
                "the {} is another cluster now ({id}) than the one the task was launched with ({noted}): offsets of the one mean nothing in the other; correct the address of its data source",
                self.side
            ))),
            _ => Ok(()),
        }
    }

    /// Wraps an answer of this cluster.
    pub(crate) fn refuse(&self, what: impl Into<String>, error: WireError) -> EngineError {
        EngineError::Wire {
            side: self.side,
            what: what.into(),
            error,
        }
    }

    /// Where partitions begin or end. What cannot be asked for is left out.
    ///
    /// # Errors
    /// The cluster does not answer at all.
    pub(crate) fn offsets(
        &self,
        places: &BTreeSet<TopicPartition>,
        spec: OffsetSpec,
        isolation: Isolation,
    ) -> Result<Offsets> {
        if places.is_empty() {
            return Ok(Offsets::new());
        }
        let places: Vec<TopicPartition> = places.iter().cloned().collect();
        let found = self
            .client
            .list_offsets(&places, spec, isolation)
            .map_err(|error| self.refuse("reading the topics' offsets", error))?;
        Ok(found
            .into_iter()
            .filter_map(|(place, listed)| {
                let listed = listed
                    .inspect_err(
                        |error| tracing::info!(%place, side = %self.side, %error, "an offset is not known"),
                    )
                    .ok()?;
                Some((place, listed.offset?))
            })
            .collect())
    }

    /// Ids of topics, as the checkpoints have them; none where the brokers have none (before 2.8), or a topic is not there.
    ///
    /// # Errors
    /// The cluster does not answer at all.
    pub(crate) fn topic_ids(&self, topics: &BTreeSet<&str>) -> Result<BTreeMap<String, String>> {
        if topics.is_empty() {
            return Ok(BTreeMap::new());
        }
        let names: Vec<&str> = topics.iter().copied().collect();
        let found = self
            .client
            .topics(Some(&names))
            .map_err(|error| self.refuse("reading the topic list", error))?;
        Ok(found
            .into_iter()
            .filter(|topic| topic.error.is_none())
            .filter_map(|topic| Some((topic.name, topic_id::text(topic.id?))))
            .collect())
    }
}

fn client(side: Side, cluster: &Cluster, cancel: &Cancel) -> Result<Client> {
    match Client::new(cluster) {
        Ok(client) => Ok(client.with_timeout(CALL_DEADLINE).with_cancel(cancel.clone())),
        Err(error) => Err(EngineError::Refused(format!(
            "the consumer groups of the {side} cannot be asked for: {error}"
        ))),
    }
}

/// Both clusters of a task.
#[derive(Debug, Clone)]
pub(crate) struct GroupClusters {
    pub(crate) source: GroupCluster,
    pub(crate) target: GroupCluster,
}

impl GroupClusters {
    /// # Errors
    /// The task is wrong, or as [`GroupCluster::new`].
    pub(crate) fn new(task: &Task, cancel: &Cancel) -> Result<Self> {
        task.check()?;
        Ok(Self {
            source: GroupCluster::new(Side::Source, &task.source, cancel)?,
            target: GroupCluster::new(Side::Target, &task.target, cancel)?,
        })
    }

    /// Whether both are those that the task was launched with.
    ///
    /// # Errors
    /// One does not answer, or is another one.
    pub(crate) fn check_identity(&self, launch: &Launch) -> Result<()> {
        both(
            || self.source.check_identity(&launch.source_cluster),
            || self.target.check_identity(&launch.target_cluster),
        )
        .map(drop)
    }
}

/// Both answers, asked for at the same time.
///
/// # Errors
/// The first error of the two, or a thread that panicked.
pub(crate) fn both<A: Send, B>(
    first: impl FnOnce() -> Result<A> + Send,
    second: impl FnOnce() -> Result<B>,
) -> Result<(A, B)> {
    std::thread::scope(|scope| {
        let first = scope.spawn(first);
        let second = second();
        let first = first
            .join()
            .map_err(|_| EngineError::Internal("a thread that asks a cluster panicked".into()))??;
        Ok((first, second?))
    })
}
