use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use kafka_protocol::messages::ApiKey;

use crate::client::core::Client;
use crate::error::{Result, WireError};
use crate::error_code::ErrorCode;
use crate::net::{Budget, Connection};
use crate::topic_partition::TopicPartition;

/// How long a partition may be without a leader, or with one that is away, before that is its outcome: one partition
/// must not hold up the answer for all others.
const LEADER_GRACE: Duration = Duration::from_secs(3);
/// The pause between attempts.
const PAUSE: Duration = Duration::from_millis(100);

/// An outcome for each partition that was asked for.
pub(crate) type ByPartition<T> = BTreeMap<TopicPartition, Result<T>>;

impl Client {
    /// Asks each partition's leader, all leaders at once, and again where the leader has moved.
    ///
    /// # Errors
    /// The cluster does not answer at all, or the call is cancelled. What concerns a partition is its outcome.
    pub(crate) fn by_leader<I, T>(
        &self,
        wanted: &[(TopicPartition, I)],
        ask: impl Fn(&Arc<Connection>, &[(TopicPartition, I)], &Budget) -> Result<ByPartition<T>> + Sync,
    ) -> Result<ByPartition<T>>
    where
        I: Clone + Send + Sync,
        T: Send,
    {
        let budget = self.budget();
        let grace = Instant::now() + LEADER_GRACE.min(budget.total / 2);
        let mut open: BTreeMap<TopicPartition, I> = wanted.iter().cloned().collect();
        let mut done = ByPartition::new();
        loop {
            let groups = self.group_by_leader(&mut open, &mut done, &budget)?;
            for (place, outcome) in self.ask_leaders(groups, &ask, &budget) {
                let again = outcome.as_ref().is_err_and(is_worth_another_try);
                if again {
                    self.forget_leader(&place);
                }
                if again && Instant::now() < grace {
                    continue;
                }
                open.remove(&place);
                done.insert(place, outcome);
            }
            budget.cancel.check()?;
            // Those without a leader that were waited for long enough.
            if Instant::now() >= grace {
                for (place, _) in std::mem::take(&mut open) {
                    let error = no_leader(&place);
                    done.insert(place, Err(error));
                }
            }
            if open.is_empty() {
                return Ok(done);
            }
            budget.cancel.sleep(PAUSE)?;
        }
    }

    /// Sorts partitions by leader. Those that do not exist get their outcome at once.
    fn group_by_leader<I: Clone, T>(
        &self,
        open: &mut BTreeMap<TopicPartition, I>,
        done: &mut ByPartition<T>,
        budget: &Budget,
    ) -> Result<BTreeMap<i32, Vec<(TopicPartition, I)>>> {
        let unknown: BTreeSet<&str> = open
            .keys()
            .filter(|place| {
                self.known_leader(place)
                    .is_none_or(|known| known.leader.is_none())
            })
            .map(|place| place.topic.as_str())
            .collect();
        if !unknown.is_empty() {
            let (_, topics) = self.retrying_metadata(&unknown, budget)?;
            let refused: BTreeMap<String, ErrorCode> = topics
                .into_iter()
                .filter_map(|topic| Some((topic.name, topic.error?)))
                .collect();
            open.retain(|place, _| {
                let code = match refused.get(&place.topic) {
                    Some(code) if !code.is_retriable() || *code == ErrorCode::UNKNOWN_TOPIC_OR_PARTITION => {
                        *code
                    }
                    None if self.known_leader(place).is_none() => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
                    _ => return true,
                };
                done.insert(
                    place.clone(),
                    Err(WireError::Kafka {
                        api: ApiKey::Metadata,
                        code,
                        message: None,
                    }),
                );
                false
            });
        }
        let mut groups: BTreeMap<i32, Vec<(TopicPartition, I)>> = BTreeMap::new();
        for (place, item) in open.iter() {
            if let Some(leader) = self.known_leader(place).and_then(|known| known.leader) {
                groups
                    .entry(leader)
                    .or_default()
                    .push((place.clone(), item.clone()));
            }
        }
        Ok(groups)
    }

    fn retrying_metadata(
        &self,
        names: &BTreeSet<&str>,
        budget: &Budget,
    ) -> Result<(crate::ClusterInfo, Vec<crate::TopicInfo>)> {
        loop {
            match self.ask_metadata(Some(names), budget) {
                Err(error) if error.is_retriable() && budget.left() > PAUSE => budget.cancel.sleep(PAUSE)?,
                other => return other,
            }
        }
    }

    fn ask_leaders<I, T>(
        &self,
        groups: BTreeMap<i32, Vec<(TopicPartition, I)>>,
        ask: &(impl Fn(&Arc<Connection>, &[(TopicPartition, I)], &Budget) -> Result<ByPartition<T>> + Sync),
        budget: &Budget,
    ) -> Vec<(TopicPartition, Result<T>)>
    where
        I: Send + Sync,
        T: Send,
    {
        let one = |leader: i32, group: &[(TopicPartition, I)]| {
            let answered = self
                .connection(leader, budget)
                .and_then(|connection| ask(&connection, group, budget));
            let mut outcomes = match answered {
                Ok(outcomes) => outcomes,
                Err(error) => {
                    let all = group.iter().map(|(place, _)| (place.clone(), Err(error.clone())));
                    return all.collect();
                }
            };
            group
                .iter()
                .map(|(place, _)| {
                    let outcome = outcomes.remove(place).unwrap_or_else(|| Err(left_out(place)));
                    (place.clone(), outcome)
                })
                .collect::<Vec<_>>()
        };
        if groups.len() <= 1 {
            return groups
                .iter()
                .flat_map(|(leader, group)| one(*leader, group))
                .collect();
        }
        std::thread::scope(|scope| {
            let one = &one;
            let asked: Vec<_> = groups
                .iter()
                .map(|(leader, group)| scope.spawn(move || one(*leader, group)))
                .collect();
            asked
                .into_iter()
                .flat_map(|asked| asked.join().unwrap_or_default())
                .collect()
        })
    }
}

fn is_worth_another_try(error: &WireError) -> bool {
    match error.code() {
        Some(code) => code.is_stale_leader() || code.is_retriable(),
        None => error.is_retriable(),
    }
}

fn no_leader(place: &TopicPartition) -> WireError {
    WireError::Unavailable {
        what: place.to_string(),
        role: "leader",
    }
}

fn left_out(place: &TopicPartition) -> WireError {
    WireError::Malformed {
        what: place.to_string(),
        reason: "the broker's answer leaves it out".to_owned(),
    }
}
