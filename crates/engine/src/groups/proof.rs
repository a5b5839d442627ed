//! The record that comes next, on both sides.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;

use serde::{Deserialize, Serialize};
use sluice_model::{OffsetRange, Task};
use sluice_wire::ApiKey;

use crate::cancellable::cancellable;
use crate::error::Result;
use crate::groups::clusters::{GroupCluster, GroupClusters};
use crate::groups::facts::Facts;
use crate::groups::next_record::{Fingerprint, Found, Look};
use crate::groups::readers::Lookers;
use crate::position::{CheckpointStore, PartitionKey, PartitionState};

/// How often it is looked behind records that one side has lost, or that are in quarantine.
const ROUNDS: usize = 100;
/// The first version of Produce (Kafka 0.11) whose brokers store headers.
const HAS_HEADERS: i16 = 3;

/// A position on both sides.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PositionToProve {
    /// Source partition.
    pub key: PartitionKey,
    /// What a group has committed at the source. One before the copy's start is proved from there.
    pub source_offset: i64,
    /// Its translation.
    pub target_offset: i64,
}

/// What the record that comes next has shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum ProofOutcome {
    /// It is the same on both sides, in every field.
    Equal {
        /// Its source offset.
        source_offset: i64,
        /// Its target offset.
        target_offset: i64,
    },
    /// Both sides have no more records, as far as the task has copied.
    BothAtEnd,
    /// It is another one.
    Different {
        /// Both, in words.
        detail: String,
    },
    /// One side has lost it since it was copied.
    Gone {
        /// Which, in words.
        reason: String,
    },
    /// It could not be read.
    NotRead {
        /// Why.
        reason: String,
    },
}

impl ProofOutcome {
    /// Whether the position is proved; `None` if there is nothing to compare.
    pub fn is_proved(&self) -> Option<bool> {
        match self {
            Self::Equal { .. } | Self::BothAtEnd => Some(true),
            Self::Different { .. } => Some(false),
            Self::Gone { .. } | Self::NotRead { .. } => None,
        }
    }

    /// Why there is nothing to compare.
    pub(crate) fn not_compared(&self) -> Option<&str> {
        match self {
            Self::Gone { reason } | Self::NotRead { reason } => Some(reason),
            Self::Equal { .. } | Self::BothAtEnd | Self::Different { .. } => None,
        }
    }
}

/// Reads the record that comes next at both offsets of each position, by the client that did not copy, and compares every
/// field. What the task has not copied yet counts as the end of both logs. Records in quarantine are passed over, as the
/// copy has done, and so are those that compaction has taken from one side since: what comes behind them is compared. The
/// answers are in the order of the positions.
///
/// # Errors
/// A cluster does not answer, or the state cannot be read. What concerns a position is its answer.
pub fn prove_positions(
    task: &Task,
    store: &dyn CheckpointStore,
    positions: &[PositionToProve],
    cancelled: &AtomicBool,
) -> Result<Vec<ProofOutcome>> {
    cancellable(cancelled, |cancel| {
        let clusters = GroupClusters::new(task, cancel)?;
        let wanted: BTreeSet<PartitionKey> = positions.iter().map(|position| position.key.clone()).collect();
        let facts = Facts::read(task, store, &clusters, &wanted)?;
        let mut lookers = Lookers::new(task, store, cancel)?;
        prove(positions, task, store, &facts, &clusters.target, &mut lookers)
    })
}

/// As [`prove_positions`], with what is known already. `facts` must not be older than the positions.
///
/// # Errors
/// As [`prove_positions`].
pub(crate) fn prove(
    positions: &[PositionToProve],
    task: &Task,
    store: &dyn CheckpointStore,
    facts: &Facts<'_>,
    target: &GroupCluster,
    lookers: &mut Lookers<'_>,
) -> Result<Vec<ProofOutcome>> {
    let mut outcomes: Vec<Option<ProofOutcome>> = vec![None; positions.len()];
    let mut pairs = Vec::new();
    for (index, position) in positions.iter().enumerate() {
        match looks(position, facts) {
            Ok((source, target)) => pairs.push(Pair {
                index,
                key: position.key.clone(),
                source,
                target,
                found: (None, None),
            }),
            Err(why) => set(&mut outcomes, index, why),
        }
    }
    let mut judge = Judge {
        task,
        store,
        headers: keeps_headers(target),
        quarantine: BTreeMap::new(),
    };
    for _ in 0..ROUNDS {
        read(&mut pairs, lookers)?;
        let mut open = Vec::new();
        for mut pair in pairs {
            match judge.judge(&mut pair)? {
                Some(outcome) => set(&mut outcomes, pair.index, outcome),
                None => open.push(pair),
            }
        }
        pairs = open;
        if pairs.is_empty() {
            break;
        }
    }
    Ok(outcomes
        .into_iter()
        .map(|outcome| {
            outcome.unwrap_or_else(|| ProofOutcome::NotRead {
                reason: "too many of the records that come next are gone on one of the sides".to_owned(),
            })
        })
        .collect())
}

fn set(outcomes: &mut [Option<ProofOutcome>], index: usize, outcome: ProofOutcome) {
    if let Some(slot) = outcomes.get_mut(index) {
        *slot = Some(outcome);
    }
}

/// Whether the target stores headers at all.
pub(crate) fn keeps_headers(target: &GroupCluster) -> bool {
    target.client.connections().iter().all(|connection| {
        connection
            .versions()
            .range(ApiKey::Produce)
            .is_some_and(|(_, highest)| highest >= HAS_HEADERS)
    })
}

/// What is to be read on both sides.
fn looks(position: &PositionToProve, facts: &Facts<'_>) -> std::result::Result<(Look, Look), ProofOutcome> {
    let not_read = |reason: String| ProofOutcome::NotRead { reason };
    let gone = |reason: String| ProofOutcome::Gone { reason };
    if let Some(why) = facts.replaced(&position.key) {
        return Err(not_read(why.to_owned()));
    }
    let Some(state) = facts.state(&position.key).filter(|state| state.is_pinned()) else {
        return Err(not_read("the partition is not copied yet".to_owned()));
    };
    let from = position.source_offset.max(state.start);
    let low = facts.logs(state).source_low;
    if low.is_some_and(|low| low > from) && from < state.position {
        return Err(gone(format!(
            "the source no longer has the record that comes next: its log begins at offset {}",
            low.unwrap_or_default()
        )));
    }
    Ok((
        look(&state.key.topic, state, from, state.position),
        look(
            &state.target_topic,
            state,
            position.target_offset,
            state.target_next,
        ),
    ))
}

fn look(topic: &str, state: &PartitionState, from: i64, to: i64) -> Look {
    Look {
        topic: topic.to_owned(),
        partition: state.key.partition,
        range: OffsetRange {
            from,
            to: to.max(from),
        },
    }
}

/// A position while it is being proved.
struct Pair {
    index: usize,
    key: PartitionKey,
    source: Look,
    target: Look,
    /// What was found on both sides; none where it is to be looked again.
    found: (Option<Found>, Option<Found>),
}

/// Reads what is open of each pair.
fn read(pairs: &mut [Pair], lookers: &mut Lookers<'_>) -> Result<()> {
    let open = |found: &Option<Found>, look: &Look| found.is_none().then(|| look.clone());
    let source: Vec<Look> = pairs
        .iter()
        .filter_map(|pair| open(&pair.found.0, &pair.source))
        .collect();
    let target: Vec<Look> = pairs
        .iter()
        .filter_map(|pair| open(&pair.found.1, &pair.target))
        .collect();
    let (source, target) = lookers.look(&source, &target)?;
    let (mut source, mut target) = (source.into_iter(), target.into_iter());
    for pair in pairs {
        if pair.found.0.is_none() {
            pair.found.0 = source.next();
        }
        if pair.found.1.is_none() {
            pair.found.1 = target.next();
        }
    }
    Ok(())
}

/// Compares what was found.
struct Judge<'a> {
    task: &'a Task,
    store: &'a dyn CheckpointStore,
    /// The target keeps headers.
    headers: bool,
    /// Source offsets of records that were never copied, or elsewhere.
    quarantine: BTreeMap<PartitionKey, BTreeSet<i64>>,
}

impl Judge<'_> {
    /// What a pair has shown; `None` where the next record of one side has no copy, and it is to be looked behind it.
    fn judge(&mut self, pair: &mut Pair) -> Result<Option<ProofOutcome>> {
        let not_read = |what: &str, error: &dyn std::fmt::Display| ProofOutcome::NotRead {
            reason: format!("the {what} cannot be read: {error}"),
        };
        let (source, target) = match &pair.found {
            (Some(Ok(source)), Some(Ok(target))) => (*source, *target),
            (Some(Err(error)), _) => return Ok(Some(not_read("source", error))),
            (_, Some(Err(error))) => return Ok(Some(not_read("target", error))),
            (None, _) | (_, None) => return Ok(None),
        };
        if let Some(record) = source
            && self.is_quarantined(&pair.key, record.offset)?
        {
            pair.look_at_source(record.offset + 1);
            return Ok(None);
        }
        let (source, target) = match (source, target) {
            (None, None) => return Ok(Some(ProofOutcome::BothAtEnd)),
            (Some(source), Some(target)) => (source, target),
            (Some(source), None) => return self.only_at_source(pair, &source).map(Some),
            (None, Some(target)) => return self.only_on_target(pair, &target).map(Some),
        };
        let fields = source.differences(&target, self.headers);
        if fields.is_empty() {
            return Ok(Some(ProofOutcome::Equal {
                source_offset: source.offset,
                target_offset: target.offset,
            }));
        }
        // Compaction may have taken the next record of one side: the map says whose copies both are.
        let noted = self.source_of(&pair.key, target.offset)?;
        match noted {
            Some(noted) if noted < source.offset => {
                let run = self
                    .store
                    .run_at_source(&self.task.name, &pair.key, source.offset)?;
                let place = run.and_then(|run| run.at_or_after_source(source.offset));
                if let Some((_, place)) = place.filter(|(_, place)| *place > target.offset) {
                    pair.look_on_target(place);
                    return Ok(None);
                }
            }
            Some(noted) if noted > source.offset => {
                pair.look_at_source(noted);
                return Ok(None);
            }
            Some(_) | None => {}
        }
        Ok(Some(ProofOutcome::Different {
            detail: format!(
                "the next records, at source offset {} and at target offset {}, differ in {}",
                source.offset,
                target.offset,
                fields.join(", ")
            ),
        }))
    }

    /// The target has no record that comes next.
    fn only_at_source(&self, pair: &Pair, source: &Fingerprint) -> Result<ProofOutcome> {
        let run = self
            .store
            .run_at_source(&self.task.name, &pair.key, source.offset)?;
        Ok(match run.and_then(|run| run.target_of(source.offset)) {
            Some(place) => ProofOutcome::Gone {
                reason: format!(
                    "the target no longer has the record that comes next, which was copied to offset {place}"
                ),
            },
            None => ProofOutcome::Different {
                detail: format!(
                    "the source's next record is at offset {}, and the target has none",
                    source.offset
                ),
            },
        })
    }

    /// The source has no record that comes next.
    fn only_on_target(&self, pair: &Pair, target: &Fingerprint) -> Result<ProofOutcome> {
        Ok(match self.source_of(&pair.key, target.offset)? {
            Some(noted) if pair.source.range.from <= noted => ProofOutcome::Gone {
                reason: format!(
                    "the source no longer has the record that comes next, which was copied from offset {noted}"
                ),
            },
            _ => ProofOutcome::Different {
                detail: format!(
                    "the target's next record is at offset {}, and the source has none",
                    target.offset
                ),
            },
        })
    }

    /// Of which record of the source the one at a target offset is the noted copy.
    fn source_of(&self, key: &PartitionKey, target: i64) -> Result<Option<i64>> {
        let run = self.store.run_at_target(&self.task.name, key, target)?;
        Ok(run.and_then(|run| run.source_of(target)))
    }

    /// Whether a record of the source is in quarantine, or was settled from there: its place on the target, if it has one,
    /// is another.
    fn is_quarantined(&mut self, key: &PartitionKey, offset: i64) -> Result<bool> {
        if !self.quarantine.contains_key(key) {
            let name = &self.task.name;
            let mut offsets: BTreeSet<i64> = self.store.quarantined_offsets(name, key)?.into_iter().collect();
            let settled = self.store.settled_quarantine(name, key)?;
            offsets.extend(settled.into_iter().map(|(offset, _)| offset));
            self.quarantine.insert(key.clone(), offsets);
        }
        Ok(self
            .quarantine
            .get(key)
            .is_some_and(|offsets| offsets.contains(&offset)))
    }
}

impl Pair {
    fn look_at_source(&mut self, from: i64) {
        self.source.range.from = from.min(self.source.range.to);
        self.found.0 = None;
    }

    fn look_on_target(&mut self, from: i64) {
        self.target.range.from = from.min(self.target.range.to);
        self.found.1 = None;
    }
}
