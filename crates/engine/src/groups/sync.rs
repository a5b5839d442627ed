//! From the groups of the source to what is committed on the target.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use sluice_model::{Objects, Task};
use sluice_wire::{Cancel, GroupOffset};

use crate::cancellable::cancellable;
use crate::clock::now_ms;
use crate::error::Result;
use crate::groups::both_ways::{Pair, prove_both_ways, resolve_both_ways};
use crate::groups::clusters::GroupClusters;
use crate::groups::commit::{Commit, commit};
use crate::groups::facts::{Facts, on_target};
use crate::groups::inventory::{SourceGroup, SourceGroups, source_groups, target_groups};
use crate::groups::pairing::{Goal, Unpaired, is_paired, pair};
use crate::groups::plan::{Planned, Planning};
use crate::groups::proof::{PositionToProve, ProofOutcome, keeps_headers, prove};
use crate::groups::readers::Lookers;
use crate::groups::resolve::{Resolved, Wanted, resolve};
use crate::groups::{GroupChoice, GroupMemory, GroupStore, GroupsReport, SyncOptions, SyncedPosition};
use crate::position::PartitionKey;

/// The groups of the source that read the task's topics, where they stand on both sides, and how their positions translate.
/// Changes nothing, and remembers nothing.
///
/// # Errors
/// A cluster does not answer or cannot be asked by the wire client, or the state cannot be read. What concerns a group or a
/// position stands in the report.
pub fn group_inventory(
    task: &Task,
    store: &dyn GroupStore,
    choice: &GroupChoice,
    cancelled: &AtomicBool,
) -> Result<GroupsReport> {
    let options = SyncOptions {
        choice: choice.clone(),
        dry_run: true,
        ..SyncOptions::default()
    };
    let mut report = sync_groups(task, store, &options, cancelled)?;
    report.committed = 0;
    for group in &mut report.groups {
        for position in &mut group.partitions {
            position.committed = false;
        }
    }
    Ok(report)
}

/// Commits on the target where the source's groups stand, translated exactly: for groups without members there, forward
/// only, and nothing that is pending. Groups that have members on the target, or whose offsets another program has
/// committed there since the last sync, are taken over: they are left alone for good.
///
/// # Errors
/// As [`group_inventory`]; what was committed until then is committed.
pub fn sync_groups(
    task: &Task,
    store: &dyn GroupStore,
    options: &SyncOptions,
    cancelled: &AtomicBool,
) -> Result<GroupsReport> {
    let begun = Instant::now();
    let mut report = cancellable(cancelled, |cancel| Sync::new(task, store, options, cancel)?.run())?;
    report.took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(report)
}

struct Sync<'a> {
    task: &'a Task,
    store: &'a dyn GroupStore,
    options: &'a SyncOptions,
    cancel: &'a Cancel,
    clusters: GroupClusters,
}

impl<'a> Sync<'a> {
    fn new(
        task: &'a Task,
        store: &'a dyn GroupStore,
        options: &'a SyncOptions,
        cancel: &'a Cancel,
    ) -> Result<Self> {
        Ok(Self {
            task,
            store,
            options,
            cancel,
            clusters: GroupClusters::new(task, cancel)?,
        })
    }

    fn run(&self) -> Result<GroupsReport> {
        if let Some(launch) = self.store.launch(&self.task.name)? {
            self.clusters.check_identity(&launch)?;
        }
        let inside = Inside::new(self.task);
        let SourceGroups { groups, notes } =
            source_groups(&self.clusters.source, &self.options.choice, &|topic| {
                inside.has(topic)
            })?;
        let wanted = wanted(&groups, &inside);
        let partitions: BTreeSet<PartitionKey> = wanted.iter().map(|(key, _)| key.clone()).collect();
        // The state is read behind the offsets, and the map behind the state: what is newer translates as well.
        let pair = Pair::read(self.task, self.store)?;
        let facts = Facts::read(self.task, self.store, &self.clusters, &partitions)?;
        let mut lookers = Lookers::new(self.task, self.store, self.cancel)?;
        let target = &self.clusters.target;
        let resolved = self.resolve(&wanted, pair.as_ref(), &facts, &mut lookers)?;
        let names: Vec<&str> = groups.iter().map(|group| group.group.as_str()).collect();
        let memory = self.store.group_memory(&self.task.name, &names)?;
        let proofs = self.proofs(&groups, &resolved, &memory, &facts, pair.as_ref(), &mut lookers)?;
        // Last, and right before the commits: whoever starts on the target between the two is refused by the broker.
        let moved: Vec<&str> = groups
            .iter()
            .filter(|group| group.kind.is_moved())
            .map(|group| group.group.as_str())
            .collect();
        let on_target = target_groups(target, &moved)?;
        let partner = match &pair {
            Some(pair) => Some(self.store.group_memory(pair.partner, &names)?),
            None => None,
        };
        let planning = Planning {
            options: self.options,
            facts: &facts,
            resolved: &resolved,
            proofs: &proofs,
            inside: &inside,
            partner: partner.as_ref(),
            now_ms: now_ms(),
        };
        let nothing = GroupMemory::default();
        let mut planned: Vec<Planned> = groups
            .iter()
            .map(|group| {
                let known = memory.get(&group.group).unwrap_or(&nothing);
                planning.plan(group, on_target.get(&group.group), known)
            })
            .collect();
        planned.sort_by(|a, b| a.report.group.cmp(&b.report.group));
        if !self.options.dry_run {
            self.carry_out(&mut planned, &facts)?;
        }
        Ok(report(planned, notes, !self.options.dry_run, &facts))
    }

    fn resolve(
        &self,
        wanted: &BTreeSet<Wanted>,
        pair: Option<&Pair<'_>>,
        facts: &Facts<'_>,
        lookers: &mut Lookers<'_>,
    ) -> Result<BTreeMap<Wanted, Resolved>> {
        if let Some(pair) = pair {
            return resolve_both_ways(
                wanted,
                pair,
                self.task,
                self.store,
                facts,
                &self.clusters,
                self.cancel,
            );
        }
        let unpaired = self.pair_up(wanted, facts)?;
        resolve(
            wanted,
            self.store,
            self.task,
            facts,
            &unpaired,
            &self.clusters.target,
            lookers,
        )
    }

    /// Completes the map of what another program has copied, around the positions.
    fn pair_up(&self, wanted: &BTreeSet<Wanted>, facts: &Facts<'_>) -> Result<Unpaired> {
        if !is_paired(self.store, self.task)? {
            return Ok(Unpaired::new());
        }
        let sought = wanted
            .iter()
            .map(|(key, committed)| (key.clone(), Goal::Source(*committed)))
            .collect();
        let headers = keeps_headers(&self.clusters.target);
        pair(self.task, self.store, &sought, facts, headers, self.cancel)
    }

    /// Proves positions, each once; in a row of syncs those that are new.
    fn proofs(
        &self,
        groups: &[SourceGroup],
        resolved: &BTreeMap<Wanted, Resolved>,
        memory: &BTreeMap<String, GroupMemory>,
        facts: &Facts<'_>,
        pair: Option<&Pair<'_>>,
        lookers: &mut Lookers<'_>,
    ) -> Result<BTreeMap<Wanted, ProofOutcome>> {
        if !self.options.prove {
            return Ok(BTreeMap::new());
        }
        let mut wanted: BTreeMap<Wanted, PositionToProve> = BTreeMap::new();
        for group in groups.iter().filter(|group| group.kind.is_moved()) {
            let Ok(offsets) = &group.offsets else { continue };
            for (place, committed) in offsets {
                let key = key_of(place);
                let of = (key.clone(), committed.offset);
                let Some(one) = resolved.get(&of) else { continue };
                let Some(target) = one.target else { continue };
                let is_known = self.options.continuous
                    && memory
                        .get(&group.group)
                        .and_then(|known| known.positions.get(&key))
                        .is_some_and(|known| {
                            (known.source_offset, known.target_offset) == (committed.offset, target)
                        });
                if !is_known && !wanted.contains_key(&of) {
                    let position = PositionToProve {
                        source_offset: self.proved_from(&of, one, facts)?,
                        key,
                        target_offset: target,
                    };
                    wanted.insert(of, position);
                }
            }
        }
        let positions: Vec<PositionToProve> = wanted.values().cloned().collect();
        let outcomes = match pair {
            Some(pair) => {
                let headers = keeps_headers(&self.clusters.source) && keeps_headers(&self.clusters.target);
                prove_both_ways(&positions, self.task, pair, self.store, facts, headers, lookers)?
            }
            None => prove(
                &positions,
                self.task,
                self.store,
                facts,
                &self.clusters.target,
                lookers,
            )?,
        };
        Ok(wanted.into_keys().zip(outcomes).collect())
    }

    /// The source offset whose next record is to stand at the translation: another one than was committed where the
    /// target has lost records.
    fn proved_from(&self, wanted: &Wanted, one: &Resolved, facts: &Facts<'_>) -> Result<i64> {
        let (key, committed) = wanted;
        let Some(target) = one
            .target
            .filter(|_| one.moved_to_low && self.task.both_ways.is_none())
        else {
            return Ok(*committed);
        };
        let noted = self
            .store
            .run_at_target(&self.task.name, key, target)?
            .and_then(|run| run.at_or_after_target(target));
        let end = facts.state(key).map_or(*committed, |state| state.position);
        Ok(noted.map_or(end, |(source, _)| source))
    }

    /// Remembers and commits what was planned.
    fn carry_out(&self, planned: &mut [Planned], facts: &Facts<'_>) -> Result<()> {
        let taken_over: Vec<&str> = planned
            .iter()
            .filter(|group| group.is_newly_taken_over)
            .map(|group| group.report.group.as_str())
            .collect();
        if !taken_over.is_empty() {
            self.store
                .note_taken_over(&self.task.name, &taken_over, now_ms())?;
        }
        let given_back: Vec<&str> = planned
            .iter()
            .filter(|group| group.is_given_back)
            .map(|group| group.report.group.as_str())
            .collect();
        if !given_back.is_empty() {
            self.store.note_given_back(&self.task.name, &given_back)?;
        }
        let now = now_ms();
        let mut notes: BTreeMap<String, BTreeMap<PartitionKey, SyncedPosition>> = planned
            .iter()
            .filter(|group| !group.answered.is_empty())
            .map(|group| (group.report.group.clone(), group.answered.clone()))
            .collect();
        let mut commits = Vec::new();
        for group in planned.iter().filter(|group| !group.commits.is_empty()) {
            let mut offsets = BTreeMap::new();
            for (key, wanted) in &group.commits {
                let Some(state) = facts.state(key) else { continue };
                let offset = GroupOffset {
                    offset: wanted.target_offset,
                    // That of the source means nothing on the target.
                    leader_epoch: None,
                    metadata: wanted.metadata.clone(),
                };
                offsets.insert(on_target(state), offset);
                let note = SyncedPosition {
                    source_offset: wanted.source_offset,
                    target_offset: wanted.target_offset,
                    before: wanted.before,
                    at_ms: now,
                };
                notes
                    .entry(group.report.group.clone())
                    .or_default()
                    .insert(key.clone(), note);
            }
            commits.push(Commit {
                group: group.report.group.clone(),
                offsets,
            });
        }
        if !notes.is_empty() {
            self.store.note_group_positions(&self.task.name, &notes)?;
        }
        if commits.is_empty() {
            return Ok(());
        }
        let mut outcomes = commit(&self.clusters.target, commits)?;
        let mut live = Vec::new();
        for group in planned.iter_mut().filter(|group| !group.commits.is_empty()) {
            let outcomes = outcomes.remove(&group.report.group).unwrap_or_default();
            if group.take_outcomes(&outcomes, facts, now) {
                live.push(group.report.group.clone());
            }
        }
        if !live.is_empty() {
            let live: Vec<&str> = live.iter().map(String::as_str).collect();
            self.store.note_taken_over(&self.task.name, &live, now_ms())?;
        }
        Ok(())
    }
}

/// Which topics a task copies.
pub(crate) struct Inside<'a> {
    objects: &'a Objects,
}

impl<'a> Inside<'a> {
    pub(crate) fn new(task: &'a Task) -> Self {
        Self {
            objects: &task.objects,
        }
    }

    /// Whether the task copies a topic of this name. What the patterns are was checked when the task was.
    pub(crate) fn has(&self, topic: &str) -> bool {
        self.objects.has(topic) == Ok(true)
    }
}

/// The source partition of a place at the source.
pub(crate) fn key_of(place: &sluice_wire::TopicPartition) -> PartitionKey {
    PartitionKey {
        topic: place.topic.clone(),
        partition: place.partition,
    }
}

/// All positions in the task's topics, each once.
fn wanted(groups: &[SourceGroup], inside: &Inside<'_>) -> BTreeSet<Wanted> {
    // A task may have thousands of topics, and each group names the same ones again.
    let mut known: BTreeMap<&str, bool> = BTreeMap::new();
    groups
        .iter()
        .filter(|group| group.kind.is_moved())
        .filter_map(|group| group.offsets.as_ref().ok())
        .flatten()
        .filter(|(place, _)| {
            *known
                .entry(place.topic.as_str())
                .or_insert_with(|| inside.has(&place.topic))
        })
        .map(|(place, offset)| (key_of(place), offset.offset))
        .collect()
}

fn report(planned: Vec<Planned>, notes: Vec<String>, synced: bool, facts: &Facts<'_>) -> GroupsReport {
    let mut report = GroupsReport {
        notes,
        synced,
        ..GroupsReport::default()
    };
    for mut group in planned {
        group.finish(facts);
        for position in &group.report.partitions {
            report.committed += u64::from(position.committed);
            report.failed += u64::from(position.proved == Some(false));
        }
        report.failed += group.failed;
        report.groups.push(group.report);
    }
    report
}
