//! Committed offsets written to the target.

use std::collections::BTreeMap;
use std::sync::Mutex;

use sluice_wire::{Client, GroupOffset, TopicPartition, WireError};

use crate::error::{EngineError, Result};
use crate::groups::clusters::GroupCluster;
use crate::lock::lock;

/// Clients that commit at the same time: a broker appends one connection's commits one after the other.
const WORKERS: usize = 6;
/// Groups for which another client is worth its connections.
const GROUPS_PER_WORKER: usize = 20;
/// Bytes that the commits of one request become in the offsets topic at most; brokers take 1 MB by default, and refuse the
/// whole request otherwise.
const REQUEST_BYTES: usize = 256 * 1024;
/// Bytes of a commit beside names and metadata.
const COMMIT_OVERHEAD: usize = 96;

/// What is to be committed for a group.
#[derive(Debug, Clone)]
pub(crate) struct Commit {
    pub(crate) group: String,
    pub(crate) offsets: BTreeMap<TopicPartition, GroupOffset>,
}

/// What became of each position of a group.
pub(crate) type Outcomes = BTreeMap<TopicPartition, std::result::Result<(), WireError>>;

/// Commits for groups without members, several at the same time. A group that is missing in the answer was not asked for.
///
/// # Errors
/// No client can be made. What concerns a group or a position is its outcome.
pub(crate) fn commit(target: &GroupCluster, commits: Vec<Commit>) -> Result<BTreeMap<String, Outcomes>> {
    let workers = (commits.len() / GROUPS_PER_WORKER + 1).min(WORKERS);
    let mut clients = vec![target.client.clone()];
    for _ in 1..workers {
        clients.push(target.another_client()?);
    }
    let waiting = Mutex::new(commits.into_iter());
    let done = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        let workers: Vec<_> = clients
            .iter()
            .map(|client| {
                let (waiting, done) = (&waiting, &done);
                scope.spawn(move || {
                    loop {
                        let next = lock(waiting).next();
                        let Some(commit) = next else { return };
                        let outcomes = one(client, &commit);
                        lock(done).insert(commit.group, outcomes);
                    }
                })
            })
            .collect();
        workers.into_iter().try_for_each(|worker| {
            worker
                .join()
                .map_err(|_| EngineError::Internal("a thread that commits offsets panicked".into()))
        })
    })?;
    Ok(std::mem::take(&mut *lock(&done)))
}

fn one(client: &Client, commit: &Commit) -> Outcomes {
    let mut outcomes = Outcomes::new();
    for request in requests(commit) {
        match client.offset_commit(&commit.group, &request) {
            Ok(found) => {
                for place in request.into_keys() {
                    let outcome = found.get(&place).cloned().unwrap_or_else(|| {
                        Err(WireError::Malformed {
                            what: place.to_string(),
                            reason: "the broker's answer leaves it out".to_owned(),
                        })
                    });
                    outcomes.insert(place, outcome);
                }
            }
            Err(error) => outcomes.extend(request.into_keys().map(|place| (place, Err(error.clone())))),
        }
    }
    outcomes
}

/// The commits in requests that brokers take.
fn requests(commit: &Commit) -> Vec<BTreeMap<TopicPartition, GroupOffset>> {
    let (mut requests, mut bytes) = (vec![BTreeMap::new()], 0);
    for (place, offset) in &commit.offsets {
        let size = commit.group.len() + place.topic.len() + offset.metadata.len() + COMMIT_OVERHEAD;
        if bytes > 0 && bytes + size > REQUEST_BYTES {
            requests.push(BTreeMap::new());
            bytes = 0;
        }
        bytes += size;
        if let Some(request) = requests.last_mut() {
            request.insert(place.clone(), offset.clone());
        }
    }
    requests
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_request_is_larger_than_brokers_take_and_nothing_is_left_out() {
        let offset = |metadata: &str| GroupOffset {
            offset: 1,
            leader_epoch: None,
            metadata: metadata.to_owned(),
        };
        let metadata = "m".repeat(4_000);
        let commit = Commit {
            group: "g".to_owned(),
            offsets: (0..1_000)
                .map(|number| (TopicPartition::new("t", number), offset(&metadata)))
                .collect(),
        };
        let requests = requests(&commit);
        assert!(requests.len() > 10, "{}", requests.len());
        assert!(
            requests
                .iter()
                .all(|request| request.len() * 4_000 <= REQUEST_BYTES)
        );
        assert_eq!(requests.iter().map(BTreeMap::len).sum::<usize>(), 1_000);
    }
}
