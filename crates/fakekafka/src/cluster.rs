//! The handle of a running cluster: brokers, leadership and faults. Topics and records are in `contents`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::ApiKey;
use tokio::runtime::{Builder, Runtime};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::broker::{Broker, listen};
use crate::builder::FakeClusterBuilder;
use crate::error::FakeError;
use crate::model::cluster_state::{Access, Node};
use crate::shared::{Shared, lock, now_ms};

/// How often sessions and transactions are looked at for having run out.
const TICK: Duration = Duration::from_millis(20);
/// How long stopping may take before remaining tasks are abandoned.
const SHUTDOWN: Duration = Duration::from_secs(5);

/// A running in-process Kafka cluster.
///
/// It has its own threads, so all methods may be called from ordinary code and from async code alike; none of them
/// waits for the network. Dropping it closes all connections and ends all threads.
#[derive(Debug)]
pub struct FakeCluster {
    pub(crate) shared: Arc<Shared>,
    brokers: Mutex<BTreeMap<i32, Broker>>,
    token: CancellationToken,
    /// None only while the cluster is being dropped.
    runtime: Option<Runtime>,
}

impl FakeCluster {
    /// Begins to set up a cluster.
    pub fn builder() -> FakeClusterBuilder {
        FakeClusterBuilder::default()
    }

    pub(crate) fn launch(shared: Arc<Shared>, brokers: usize, threads: usize) -> Result<Self, FakeError> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_name("fakekafka")
            .enable_all()
            .build()
            .map_err(FakeError::Threads)?;
        let token = CancellationToken::new();
        let cluster = FakeCluster {
            shared,
            brokers: Mutex::default(),
            token,
            runtime: Some(runtime),
        };
        let listeners = (1..=brokers as i32).map(|id| Ok((id, listen(0)?)));
        let listeners = listeners.collect::<Result<Vec<_>, FakeError>>()?;
        // All brokers are known before the first client can ask for them.
        for (id, listener) in &listeners {
            let port = listener
                .local_addr()
                .map_err(|source| FakeError::Listen { port: 0, source })?
                .port();
            cluster.shared.state().nodes.insert(
                *id,
                Node {
                    port,
                    advertised: port,
                    alive: true,
                },
            );
        }
        let runtime = cluster.runtime()?;
        for (id, listener) in listeners {
            let broker = Broker::start(
                id,
                listener,
                Arc::clone(&cluster.shared),
                &cluster.token,
                runtime.handle(),
            )?;
            lock(&cluster.brokers).insert(id, broker);
        }
        runtime.spawn(expire(Arc::clone(&cluster.shared), cluster.token.clone()));
        Ok(cluster)
    }

    fn runtime(&self) -> Result<&Runtime, FakeError> {
        self.runtime
            .as_ref()
            .ok_or_else(|| FakeError::Settings("the cluster is being dropped".to_owned()))
    }

    /// Addresses of all brokers, running or not, for `bootstrap.servers`.
    pub fn bootstrap(&self) -> String {
        let state = self.shared.state();
        let all: Vec<String> = state
            .nodes
            .values()
            .map(|n| format!("127.0.0.1:{}", n.port))
            .collect();
        all.join(",")
    }

    /// The id of the cluster.
    pub fn cluster_id(&self) -> String {
        self.shared.state().cluster_id.clone()
    }

    /// Ids of all brokers, running or not.
    pub fn broker_ids(&self) -> Vec<i32> {
        self.shared.state().nodes.keys().copied().collect()
    }

    /// The broker that coordinates a group or a transactional id; none if no broker runs.
    pub fn coordinator(&self, key: &str) -> Option<i32> {
        self.shared.state().coordinator(key)
    }

    /// Stops a broker: its port is closed, its partitions get other leaders among their replicas, if any of those
    /// runs. Nothing happens if it does not run.
    ///
    /// # Errors
    /// If there is no such broker, or its connections do not end.
    pub fn stop_broker(&self, id: i32) -> Result<(), FakeError> {
        self.check_broker(id)?;
        let Some(broker) = lock(&self.brokers).remove(&id) else {
            return Ok(());
        };
        let stopped = broker.stop(id, self.runtime()?.handle());
        self.shared.state().set_alive(id, false);
        self.shared.changed.notify_waiters();
        stopped
    }

    /// Starts a stopped broker on its old port. It leads only partitions that have no leader. Nothing happens if it
    /// runs already.
    ///
    /// # Errors
    /// If there is no such broker, or its port has been taken.
    pub fn start_broker(&self, id: i32) -> Result<(), FakeError> {
        let port = self.check_broker(id)?;
        let mut brokers = lock(&self.brokers);
        if brokers.contains_key(&id) {
            return Ok(());
        }
        let listener = listen(port)?;
        self.shared.state().set_alive(id, true);
        let broker = Broker::start(
            id,
            listener,
            Arc::clone(&self.shared),
            &self.token,
            self.runtime()?.handle(),
        )?;
        brokers.insert(id, broker);
        Ok(())
    }

    /// Sends clients to another port of 127.0.0.1 from now on, as a broker with wrong `advertised.listeners` does.
    ///
    /// # Errors
    /// If there is no such broker.
    pub fn advertise(&self, id: i32, port: u16) -> Result<(), FakeError> {
        self.check_broker(id)?;
        if let Some(node) = self.shared.state().nodes.get_mut(&id) {
            node.advertised = port;
        }
        Ok(())
    }

    /// Closes all connections of a broker. Clients may connect again at once.
    ///
    /// # Errors
    /// If there is no such broker.
    pub fn drop_connections(&self, id: i32) -> Result<(), FakeError> {
        self.check_broker(id)?;
        if let Some(broker) = lock(&self.brokers).get(&id) {
            broker.drop_connections();
        }
        Ok(())
    }

    fn check_broker(&self, id: i32) -> Result<u16, FakeError> {
        self.shared
            .state()
            .nodes
            .get(&id)
            .map(|n| n.port)
            .ok_or(FakeError::UnknownBroker(id))
    }

    /// The broker that leads a partition; none if there is no such partition or no leader.
    pub fn leader(&self, topic: &str, partition: i32) -> Option<i32> {
        self.shared
            .state()
            .topics
            .get(topic)?
            .partition(partition)?
            .leader
    }

    /// How many times the partition has changed its leader.
    pub fn leader_epoch(&self, topic: &str, partition: i32) -> Option<i32> {
        Some(
            self.shared
                .state()
                .topics
                .get(topic)?
                .partition(partition)?
                .leader_epoch,
        )
    }

    /// Makes another broker the leader; the leader epoch grows by one. It becomes a replica if it was none.
    ///
    /// # Errors
    /// If there is no such partition or broker, or the broker does not run.
    pub fn move_leader(&self, topic: &str, partition: i32, broker: i32) -> Result<(), FakeError> {
        self.check_broker(broker)?;
        let mut state = self.shared.state();
        if !state.is_alive(broker) {
            return Err(FakeError::UnknownBroker(broker));
        }
        let partition = partition_mut(&mut state, topic, partition)?;
        if !partition.replicas.contains(&broker) {
            partition.replicas.push(broker);
        }
        partition.elect(Some(broker));
        drop(state);
        self.shared.changed.notify_waiters();
        Ok(())
    }

    /// Sends consumers that name a rack to another broker of the partition (KIP-392), or to the leader again.
    ///
    /// # Errors
    /// If there is no such partition or broker.
    pub fn set_nearest(&self, topic: &str, partition: i32, broker: Option<i32>) -> Result<(), FakeError> {
        if let Some(broker) = broker {
            self.check_broker(broker)?;
        }
        let mut state = self.shared.state();
        partition_mut(&mut state, topic, partition)?.nearest = broker;
        drop(state);
        self.shared.changed.notify_waiters();
        Ok(())
    }

    /// Answers the next `times` requests of an API with an error instead of doing what they ask. In requests about
    /// several topics or partitions, all of them get the error.
    pub fn fail_next(&self, api: ApiKey, error: ResponseError, times: u32) {
        lock(&self.shared.faults).fail(api, None, None, error, times);
    }

    /// Like [`fail_next`](Self::fail_next), but only for one topic or one partition of it. Requests that do not
    /// name it are not counted.
    pub fn fail_next_at(
        &self,
        api: ApiKey,
        topic: &str,
        partition: Option<i32>,
        error: ResponseError,
        times: u32,
    ) {
        lock(&self.shared.faults).fail(api, Some(topic.to_owned()), partition, error, times);
    }

    /// Holds every request of an API for a while before it is looked at. Zero ends it.
    pub fn delay(&self, api: ApiKey, by: Duration) {
        lock(&self.shared.faults).delay(api, by);
    }

    /// Does what the next `times` requests of an API ask, then closes the connection instead of answering.
    pub fn drop_before_response(&self, api: ApiKey, times: u32) {
        lock(&self.shared.faults).lose_answers(api, times);
    }

    /// Tells clients in the next `times` answers to Fetch or Produce to be quiet for a while. The answers themselves
    /// are not delayed, as since Kafka 2.0.
    pub fn throttle(&self, api: ApiKey, by: Duration, times: u32) {
        lock(&self.shared.faults).throttle_next(api, by, times);
    }

    /// Forgets all fetch sessions, as a broker does that needs the room: FETCH_SESSION_ID_NOT_FOUND comes next.
    pub fn forget_fetch_sessions(&self) {
        self.shared.state().fetch_sessions.forget();
    }

    /// Makes all fetch sessions expect other epochs: INVALID_FETCH_SESSION_EPOCH comes next.
    pub fn skew_fetch_sessions(&self) {
        self.shared.state().fetch_sessions.skew();
    }

    /// How many fetch sessions there are.
    pub fn fetch_sessions(&self) -> usize {
        self.shared.state().fetch_sessions.len()
    }

    /// Forgets all failures, delays, throttle times and lost answers still to come. What was denied stays denied.
    pub fn clear_faults(&self) {
        lock(&self.shared.faults).clear();
    }

    /// Answers TOPIC_AUTHORIZATION_FAILED to everybody who wants this of the topic.
    pub fn deny(&self, topic: &str, access: Access) {
        self.shared.state().denied.insert((topic.to_owned(), access));
        self.shared.changed.notify_waiters();
    }

    /// Takes [`deny`](Self::deny) back.
    pub fn allow(&self, topic: &str, access: Access) {
        self.shared.state().denied.remove(&(topic.to_owned(), access));
    }

    /// How many requests of an API have arrived since the start, those that failed included.
    pub fn request_count(&self, api: ApiKey) -> u64 {
        lock(&self.shared.faults).count(api)
    }
}

impl Drop for FakeCluster {
    fn drop(&mut self) {
        self.token.cancel();
        let Some(runtime) = self.runtime.take() else {
            return;
        };
        // A runtime must not be awaited on a thread of another one, where this may well be running.
        let stopping = thread::Builder::new()
            .name("fakekafka-stop".to_owned())
            .spawn(move || runtime.shutdown_timeout(SHUTDOWN));
        if let Ok(stopping) = stopping
            && stopping.join().is_err()
        {
            tracing::warn!("a thread of the fake cluster panicked while stopping");
        }
    }
}

pub(crate) fn partition_mut<'s>(
    state: &'s mut crate::model::cluster_state::ClusterState,
    topic: &str,
    partition: i32,
) -> Result<&'s mut crate::model::topic::Partition, FakeError> {
    let found = state
        .topics
        .get_mut(topic)
        .ok_or_else(|| FakeError::UnknownTopic(topic.to_owned()))?;
    found
        .partition_mut(partition)
        .ok_or_else(|| FakeError::UnknownPartition {
            topic: topic.to_owned(),
            partition,
        })
}

/// Ends sessions and transactions whose time is over, until the cluster ends.
async fn expire(shared: Arc<Shared>, token: CancellationToken) {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while token.run_until_cancelled(ticks.tick()).await.is_some() {
        let now = std::time::Instant::now();
        let aborted = {
            let mut state = shared.state();
            for group in state.groups.values_mut() {
                group.expire(now);
            }
            state.expire_transactions(now, now_ms())
        };
        if aborted {
            shared.changed.notify_waiters();
        }
    }
}
