use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use kafka_protocol::messages::{ApiKey, FindCoordinatorRequest};

use crate::client::coordinators::CoordinatorKind;
use crate::client::core::Client;
use crate::client::text::text;
use crate::error::{Result, WireError};
use crate::net::{Budget, Connection};

/// How long a group may be without a coordinator, or with one that is away, before that is its outcome: one group must
/// not hold up the answer for all others.
const COORDINATOR_GRACE: Duration = Duration::from_secs(10);
/// The pause between attempts.
const PAUSE: Duration = Duration::from_millis(100);
/// The first version of FindCoordinator that asks for several keys at once.
const SEVERAL_KEYS: i16 = 4;
/// Groups that one request is about: an answer with all their positions stays small.
const AT_ONCE: usize = 50;

/// An outcome for each group that was asked for.
pub(crate) type ByGroup<T> = BTreeMap<String, Result<T>>;

impl Client {
    /// Asks the coordinator of each group, all coordinators at once and each for many groups at a time, and again where
    /// another broker has become it.
    ///
    /// # Errors
    /// The cluster does not answer at all, or the call is cancelled. What concerns a group is its outcome.
    pub(crate) fn by_coordinator<T: Send>(
        &self,
        groups: &[&str],
        ask: impl Fn(&Arc<Connection>, &[&str], &Budget) -> Result<ByGroup<T>> + Sync,
    ) -> Result<ByGroup<T>> {
        let budget = self.budget();
        let grace = Instant::now() + COORDINATOR_GRACE.min(budget.total / 2);
        let mut open: BTreeSet<&str> = groups.iter().copied().collect();
        let mut done = ByGroup::new();
        loop {
            let sorted = self.sort_by_coordinator(&mut open, &mut done, &budget)?;
            for (group, outcome) in self.ask_coordinators(&sorted, &ask, &budget) {
                let again = outcome.as_ref().is_err_and(WireError::is_retriable);
                if again {
                    self.forget_coordinator(&group);
                    if Instant::now() < grace {
                        continue;
                    }
                }
                open.remove(group.as_str());
                done.insert(group, outcome);
            }
            budget.cancel.check()?;
            if Instant::now() >= grace {
                for group in std::mem::take(&mut open) {
                    done.insert(group.to_owned(), Err(no_coordinator(group)));
                }
            }
            if open.is_empty() {
                return Ok(done);
            }
            budget.cancel.sleep(PAUSE)?;
        }
    }

    /// Sorts groups by coordinator; those that have none now are left out, those that never will get their outcome.
    fn sort_by_coordinator<'g, T>(
        &self,
        open: &mut BTreeSet<&'g str>,
        done: &mut ByGroup<T>,
        budget: &Budget,
    ) -> Result<BTreeMap<i32, Vec<&'g str>>> {
        let unknown: Vec<&str> = open
            .iter()
            .copied()
            .filter(|group| self.known_coordinator(group).is_none())
            .collect();
        for (group, error) in self.find_coordinators(&unknown, budget)? {
            open.remove(group.as_str());
            done.insert(group, Err(error));
        }
        let mut sorted: BTreeMap<i32, Vec<&str>> = BTreeMap::new();
        for group in open.iter().copied() {
            if let Some(broker) = self.known_coordinator(group) {
                sorted.entry(broker).or_default().push(group);
            }
        }
        Ok(sorted)
    }

    /// Finds and keeps the coordinators of groups. Returns why there will be none for some of them.
    fn find_coordinators(&self, groups: &[&str], budget: &Budget) -> Result<Vec<(String, WireError)>> {
        let mut refused = Vec::new();
        for chunk in groups.chunks(AT_ONCE) {
            let connection = self.shared.pool.any(budget)?;
            let offered = connection.versions().range(ApiKey::FindCoordinator);
            if offered.is_none_or(|(_, highest)| highest < SEVERAL_KEYS) {
                for group in chunk {
                    match self.ask_coordinator(CoordinatorKind::Group, group, budget) {
                        Err(WireError::Cancelled) => return Err(WireError::Cancelled),
                        Err(error) if !error.is_retriable() => refused.push(((*group).to_owned(), error)),
                        Ok(_) | Err(_) => {}
                    }
                }
                continue;
            }
            let (_, response) = self.ask(&connection, (SEVERAL_KEYS, i16::MAX), budget, |_| {
                FindCoordinatorRequest::default()
                    .with_key_type(0)
                    .with_coordinator_keys(chunk.iter().map(|group| text(group)).collect())
            })?;
            for one in response.coordinators {
                let message = one.error_message.as_deref();
                match WireError::check(ApiKey::FindCoordinator, one.error_code, message) {
                    Ok(()) => self.learn_coordinator(&one.key, one.node_id.0),
                    Err(error) if !error.is_retriable() => refused.push((one.key.to_string(), error)),
                    Err(_) => {}
                }
            }
        }
        Ok(refused)
    }

    fn ask_coordinators<T: Send>(
        &self,
        sorted: &BTreeMap<i32, Vec<&str>>,
        ask: &(impl Fn(&Arc<Connection>, &[&str], &Budget) -> Result<ByGroup<T>> + Sync),
        budget: &Budget,
    ) -> Vec<(String, Result<T>)> {
        let one = |broker: i32, groups: &[&str]| {
            let mut outcomes = Vec::with_capacity(groups.len());
            for chunk in groups.chunks(AT_ONCE) {
                let answered = self
                    .connection(broker, budget)
                    .and_then(|connection| ask(&connection, chunk, budget));
                let mut answered = match answered {
                    Ok(answered) => answered,
                    Err(error) => {
                        outcomes.extend(
                            chunk
                                .iter()
                                .map(|group| ((*group).to_owned(), Err(error.clone()))),
                        );
                        continue;
                    }
                };
                outcomes.extend(chunk.iter().map(|group| {
                    let outcome = answered.remove(*group).unwrap_or_else(|| Err(left_out(group)));
                    ((*group).to_owned(), outcome)
                }));
            }
            outcomes
        };
        if sorted.len() <= 1 {
            return sorted
                .iter()
                .flat_map(|(broker, groups)| one(*broker, groups))
                .collect();
        }
        std::thread::scope(|scope| {
            let one = &one;
            let asked: Vec<_> = sorted
                .iter()
                .map(|(broker, groups)| scope.spawn(move || one(*broker, groups)))
                .collect();
            asked
                .into_iter()
                .flat_map(|asked| asked.join().unwrap_or_default())
                .collect()
        })
    }
}

fn no_coordinator(group: &str) -> WireError {
    WireError::Unavailable {
        what: format!("the group '{group}'"),
        role: "coordinator",
    }
}

fn left_out(group: &str) -> WireError {
    WireError::Malformed {
        what: format!("the group '{group}'"),
        reason: "the broker's answer leaves it out".to_owned(),
    }
}
