//! What several questions need, asked once: the first question that needs it asks, the others wait for the answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sluice_model::{Cluster, Task};
use sluice_wire::{
    Acl, Cancel, Client, ErrorCode, Isolation, OffsetSpec, TopicInfo, TopicPartition, WireError,
};

use crate::clock::now_ms;
use crate::error::{EngineError, Result, Side, StoreError};
use crate::groups::{GroupChoice, GroupStore, GroupsReport, group_inventory};
use crate::plan::identity;
use crate::position::{EffectiveDelivery, Launch, PartitionKey, PartitionState};
use crate::readiness::context::ReadinessContext;
use crate::readiness::unknown::Unknown;

/// How long one request may take with all its attempts: several in a row, and the window, fit into an item's deadline.
const REQUEST: Duration = Duration::from_secs(5);
/// How often it is looked whether the questions were given up.
const SLICE: Duration = Duration::from_millis(25);

/// An answer, or why there is none.
pub(crate) type Known<T> = std::result::Result<T, Unknown>;
/// What each partition answered.
pub(crate) type ByPlace<T> = BTreeMap<TopicPartition, std::result::Result<T, WireError>>;

/// The ends of the source's logs, and where the task stood right after they were read.
#[derive(Debug)]
pub(crate) struct LogSnapshot {
    pub(crate) at: Instant,
    /// Ends with records of open and aborted transactions.
    pub(crate) ends: ByPlace<i64>,
    /// Last stable offsets: the ends for readers of committed records.
    pub(crate) stable: ByPlace<i64>,
    pub(crate) positions: BTreeMap<PartitionKey, i64>,
}

/// Who may do what on a cluster.
#[derive(Debug)]
pub(crate) enum Access {
    /// Everybody everything: the cluster has no authorizer.
    Open,
    Rules(Vec<Acl>),
}

/// The task, both clusters, and what they answered.
pub(crate) struct Facts<'a> {
    pub(crate) task: &'a Task,
    pub(crate) store: &'a dyn GroupStore,
    pub(crate) context: &'a ReadinessContext<'a>,
    pub(crate) launch: Launch,
    /// Topics that are in the task now.
    chosen: BTreeSet<String>,
    /// Their partitions, as they stood at the beginning.
    pub(crate) states: Vec<PartitionState>,
    cancel: Cancel,
    /// Set with `cancel`.
    given_up: AtomicBool,
    groups: OnceLock<Known<GroupsReport>>,
    source: Known<Client>,
    target: Known<Client>,
    source_topics: OnceLock<Known<Vec<TopicInfo>>>,
    first: OnceLock<Known<LogSnapshot>>,
    second: OnceLock<Known<LogSnapshot>>,
    access: [OnceLock<Known<Access>>; 2],
}

impl<'a> Facts<'a> {
    /// Reads where the task stands. No cluster is asked yet.
    ///
    /// # Errors
    /// The state cannot be read.
    pub(crate) fn new(
        task: &'a Task,
        store: &'a dyn GroupStore,
        context: &'a ReadinessContext<'a>,
        launch: Launch,
    ) -> Result<Self> {
        let all = store.partitions(&task.name)?;
        let chosen: BTreeSet<String> = task
            .objects
            .select(all.iter().map(|state| state.key.topic.as_str()))?
            .into_iter()
            .map(str::to_owned)
            .collect();
        let cancel = Cancel::new();
        let request = REQUEST.min(context.item_deadline);
        let client = |side, cluster: &Cluster| {
            Client::new(cluster)
                .map(|client| client.with_timeout(request).with_cancel(cancel.clone()))
                .map_err(|error| {
                    Unknown::new(
                        format!("the {side} cluster cannot be asked by this client: {error}"),
                        "look at it by hand",
                    )
                })
        };
        Ok(Self {
            source: client(Side::Source, &task.source),
            target: client(Side::Target, &task.target),
            states: all
                .into_iter()
                .filter(|state| chosen.contains(&state.key.topic))
                .collect(),
            chosen,
            task,
            store,
            context,
            launch,
            cancel,
            given_up: AtomicBool::new(false),
            groups: OnceLock::new(),
            source_topics: OnceLock::new(),
            first: OnceLock::new(),
            second: OnceLock::new(),
            access: [OnceLock::new(), OnceLock::new()],
        })
    }

    /// Ends every question that is still out.
    pub(crate) fn give_up(&self) {
        self.given_up.store(true, Ordering::Relaxed);
        self.cancel.cancel();
    }

    /// Ends calls of the wire client when the questions are given up.
    pub(crate) fn cancel(&self) -> &Cancel {
        &self.cancel
    }

    /// Set when the questions are given up.
    pub(crate) fn given_up_flag(&self) -> &AtomicBool {
        &self.given_up
    }

    pub(crate) fn is_given_up(&self) -> bool {
        self.cancel.is_cancelled()
    }

    pub(crate) fn client(&self, side: Side) -> Known<&Client> {
        match side {
            Side::Source => &self.source,
            Side::Target => &self.target,
        }
        .as_ref()
        .map_err(Clone::clone)
    }

    /// The name under which the target knows the task: its transactional id and the group of its positions.
    pub(crate) fn identity(&self) -> String {
        if let Some(identity) = &self.launch.identity {
            return identity.clone();
        }
        let id = |id: &String| Some(id.clone()).filter(|id| !id.is_empty());
        identity(
            self.task.name.as_str(),
            id(&self.launch.source_cluster).as_deref(),
            id(&self.launch.target_cluster).as_deref(),
        )
    }

    /// The source partitions that the task copies.
    pub(crate) fn source_places(&self) -> Vec<TopicPartition> {
        self.states.iter().map(|state| place(&state.key)).collect()
    }

    /// Where they are copied to.
    pub(crate) fn target_places(&self) -> Vec<TopicPartition> {
        self.states.iter().map(target_place).collect()
    }

    /// Source topics with their target topics, each once.
    pub(crate) fn routes(&self) -> BTreeMap<&str, &str> {
        self.states
            .iter()
            .map(|state| (state.key.topic.as_str(), state.target_topic.as_str()))
            .collect()
    }

    /// All topics of the source that this user sees.
    pub(crate) fn source_topics(&self) -> Known<&Vec<TopicInfo>> {
        self.source_topics
            .get_or_init(|| {
                self.client(Side::Source)?
                    .topics(None)
                    .map_err(|error| Unknown::of(Side::Source, &error))
            })
            .as_ref()
            .map_err(Clone::clone)
    }

    /// The first look at the source's logs.
    pub(crate) fn first_snapshot(&self) -> Known<&LogSnapshot> {
        self.first
            .get_or_init(|| self.snapshot())
            .as_ref()
            .map_err(Clone::clone)
    }

    /// The second look, the window later.
    pub(crate) fn second_snapshot(&self) -> Known<&LogSnapshot> {
        self.second
            .get_or_init(|| {
                let until = self.first_snapshot()?.at + self.context.window;
                self.wait_until(until)?;
                self.snapshot()
            })
            .as_ref()
            .map_err(Clone::clone)
    }

    /// Waits until `until`.
    pub(crate) fn wait_until(&self, until: Instant) -> Known<()> {
        loop {
            if self.cancel.is_cancelled() {
                return Err(Unknown::new("the questions were given up", "ask again"));
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            std::thread::sleep(left.min(SLICE));
        }
    }

    fn snapshot(&self) -> Known<LogSnapshot> {
        let places = self.source_places();
        let (stable, ends) = std::thread::scope(|scope| {
            let stable = scope.spawn(|| self.ends(Side::Source, &places, Isolation::Committed));
            let ends = self.ends(Side::Source, &places, Isolation::Uncommitted);
            let stable = stable.join().unwrap_or_else(|_| {
                Err(Unknown::new(
                    "the question for the ends of the logs failed",
                    "ask again",
                ))
            });
            (stable, ends)
        });
        Ok(LogSnapshot {
            stable: stable?,
            ends: ends?,
            // Read last: what was there when the ends were read must be copied by then.
            positions: self
                .states_now()?
                .into_iter()
                .map(|state| (state.key, state.position))
                .collect(),
            at: Instant::now(),
        })
    }

    /// Where the logs of partitions end.
    pub(crate) fn ends(
        &self,
        side: Side,
        places: &[TopicPartition],
        isolation: Isolation,
    ) -> Known<ByPlace<i64>> {
        self.offsets(side, places, OffsetSpec::Latest, isolation)
    }

    /// An offset of each partition.
    pub(crate) fn offsets(
        &self,
        side: Side,
        places: &[TopicPartition],
        spec: OffsetSpec,
        isolation: Isolation,
    ) -> Known<ByPlace<i64>> {
        let listed = self
            .client(side)?
            .list_offsets(places, spec, isolation)
            .map_err(|error| Unknown::of(side, &error))?;
        Ok(listed
            .into_iter()
            .filter_map(|(place, outcome)| match outcome {
                Ok(listed) => Some((place, Ok(listed.offset?))),
                Err(error) => Some((place, Err(error))),
            })
            .collect())
    }

    /// Where the task stands now.
    pub(crate) fn states_now(&self) -> Known<Vec<PartitionState>> {
        let mut states = self
            .store
            .partitions(&self.task.name)
            .map_err(|error| state_error(&error))?;
        states.retain(|state| self.chosen.contains(&state.key.topic));
        Ok(states)
    }

    /// Whether the task writes in transactions.
    pub(crate) fn is_transactional(&self) -> bool {
        self.launch.delivery == EffectiveDelivery::Transactions.describe()
    }

    pub(crate) fn is_mirror(&self) -> bool {
        self.launch.delivery == EffectiveDelivery::Mirror.describe()
    }

    /// The groups of the source that are to move, with their places on the target.
    pub(crate) fn groups(&self) -> Known<&GroupsReport> {
        self.groups
            .get_or_init(|| {
                let choice = match &self.context.groups {
                    Some(names) => GroupChoice::Named(names.clone()),
                    None => GroupChoice::All,
                };
                group_inventory(self.task, self.store, &choice, &self.given_up)
                    .map_err(|error| engine_error(&error))
            })
            .as_ref()
            .map_err(Clone::clone)
    }

    /// Names of the groups that have positions in the task's topics, or were chosen.
    pub(crate) fn group_names(&self) -> Known<BTreeSet<String>> {
        let chosen = self.context.groups.is_some();
        Ok(self
            .groups()?
            .groups
            .iter()
            .filter(|group| chosen || !group.partitions.is_empty())
            .map(|group| group.group.clone())
            .collect())
    }

    /// The rules of access of a cluster.
    pub(crate) fn access(&self, side: Side) -> Known<&Access> {
        let fact = match side {
            Side::Source => &self.access[0],
            Side::Target => &self.access[1],
        };
        fact.get_or_init(|| match self.client(side)?.describe_acls() {
            Ok(rules) => Ok(Access::Rules(rules)),
            Err(error) if error.code() == Some(ErrorCode::SECURITY_DISABLED) => Ok(Access::Open),
            Err(error) => Err(Unknown::of(side, &error)),
        })
        .as_ref()
        .map_err(Clone::clone)
    }

    /// How many ms ago a time (ms since 1970) was.
    pub(crate) fn age(time_ms: i64) -> i64 {
        now_ms().saturating_sub(time_ms)
    }
}

/// A source partition as requests name it.
pub(crate) fn place(key: &PartitionKey) -> TopicPartition {
    TopicPartition::new(key.topic.as_str(), key.partition)
}

/// The target partition of a source partition.
pub(crate) fn target_place(state: &PartitionState) -> TopicPartition {
    TopicPartition::new(state.target_topic.as_str(), state.key.partition)
}

/// Why nothing is known of what the task itself keeps.
pub(crate) fn state_error(error: &StoreError) -> Unknown {
    Unknown::new(
        format!("the task's state cannot be read: {error}"),
        "see that the disk has room and the data folder can be read, and ask again",
    )
}

/// Why the groups are not known.
pub(crate) fn engine_error(error: &EngineError) -> Unknown {
    Unknown::new(
        error.to_string(),
        "see that both clusters answer and that the users have DESCRIBE on these groups, and ask again",
    )
}

/// The first partition that was not answered, as the reason for not knowing.
pub(crate) fn first_error<T>(side: Side, answers: &ByPlace<T>) -> Option<Unknown> {
    let (place, error) = answers
        .iter()
        .find_map(|(place, outcome)| Some((place, outcome.as_ref().err()?)))?;
    let silent = answers.values().filter(|outcome| outcome.is_err()).count();
    let mut unknown = Unknown::of(side, error);
    unknown.cause = match silent {
        1 => format!("{place} has no answer: {}", unknown.cause),
        more => format!("{place} and {} more have no answer: {}", more - 1, unknown.cause),
    };
    Some(unknown)
}
