//! What the clusters say of their groups.

use std::collections::{BTreeMap, BTreeSet};

use sluice_wire::{ApiKey, Client, GroupOffset, ListedGroup, TopicPartition, WireError};

use crate::error::{EngineError, Result};
use crate::groups::clusters::GroupCluster;
use crate::groups::other_kinds::{share_topics, sink_note, streams};
use crate::groups::{GroupChoice, GroupKind};
use crate::plan::is_identity;

/// The first version of ListGroups whose brokers no longer meet consumers that keep offsets in ZooKeeper: those were
/// removed from Kafka 2.0, and 2.4 is the first release with this version.
const NO_ZOOKEEPER_CONSUMERS: i16 = 3;

/// A group of the source.
#[derive(Debug, Clone)]
pub(crate) struct SourceGroup {
    pub(crate) group: String,
    pub(crate) kind: GroupKind,
    pub(crate) protocol: String,
    /// Members; none if it is not known.
    pub(crate) members: Option<u32>,
    /// Its committed offsets, or why they cannot be read.
    pub(crate) offsets: std::result::Result<BTreeMap<TopicPartition, GroupOffset>, String>,
    /// Positions that cannot be read, with the reason.
    pub(crate) unreadable: BTreeMap<TopicPartition, String>,
    /// Topics that it reads without having positions in them, as share groups do.
    pub(crate) wants: BTreeSet<String>,
    /// The internal topic that shows a Streams application of the classic protocol.
    pub(crate) internal_topic: Option<String>,
}

impl SourceGroup {
    /// Topics that it reads, as far as that is known.
    pub(crate) fn topics(&self) -> BTreeSet<&String> {
        let positions = self.offsets.iter().flatten().map(|(place, _)| &place.topic);
        positions.chain(&self.wants).collect()
    }
}

/// The groups of the source that were chosen, and what is to be said beside them.
#[derive(Debug, Default)]
pub(crate) struct SourceGroups {
    pub(crate) groups: Vec<SourceGroup>,
    pub(crate) notes: Vec<String>,
}

/// Reads the groups of the source. `is_inside`: whether the task copies a topic.
///
/// # Errors
/// The cluster does not answer, or has no group of a name that was given.
pub(crate) fn source_groups(
    source: &GroupCluster,
    choice: &GroupChoice,
    is_inside: &dyn Fn(&str) -> bool,
) -> Result<SourceGroups> {
    let listed = listed(source)?;
    let mut found = SourceGroups {
        notes: notes(&source.client, &listed.failed)?,
        groups: Vec::new(),
    };
    if let GroupChoice::Named(names) = choice
        && let Some(missing) = names.iter().find(|name| !listed.groups.contains_key(*name))
    {
        return Err(EngineError::Refused(format!(
            "the source has no consumer group '{missing}'; `sluice task groups TASK` lists those that read the task's topics"
        )));
    }
    let chosen: BTreeMap<&str, &ListedGroup> = listed
        .groups
        .iter()
        .filter(|(name, _)| choice.takes(name))
        .map(|(name, group)| (name.as_str(), group))
        .collect();
    let mut offsets = offsets(source, &chosen)?;
    let mut shared = share_topics(source, &chosen)?;
    let streams = streams(source, &listed.groups, &chosen)?;
    let mut groups = Vec::new();
    for (name, listed) in &chosen {
        let internal_topic = streams.get(*name).cloned();
        let kind = match &internal_topic {
            Some(_) => GroupKind::Streams,
            None => GroupKind::of(listed.kind.as_deref(), &listed.protocol_type),
        };
        let (offsets, unreadable) = match offsets.remove(*name) {
            Some(Ok(offsets)) => split(offsets),
            Some(Err(error)) => (Err(error.to_string()), BTreeMap::new()),
            None => (Ok(BTreeMap::new()), BTreeMap::new()),
        };
        let group = SourceGroup {
            group: (*name).to_owned(),
            kind,
            protocol: listed.protocol_type.clone(),
            members: None,
            offsets,
            unreadable,
            wants: shared.remove(*name).unwrap_or_default(),
            internal_topic,
        };
        let topics = group.topics();
        let reads_inside = group.offsets.is_err() || topics.iter().any(|topic| is_inside(topic));
        // What cannot be moved is shown where its topics are not known.
        let is_unclear = !kind.is_moved() && topics.is_empty();
        if reads_inside || is_unclear || matches!(choice, GroupChoice::Named(_)) {
            groups.push(group);
        }
    }
    found.notes.extend(groups.iter().filter_map(sink_note));
    let asked: Vec<(&str, GroupKind, Option<&str>)> = groups
        .iter()
        .filter_map(|group| {
            let listed = chosen.get(group.group.as_str())?;
            // As it is described: Streams applications of the classic protocol are groups of that.
            let kind = GroupKind::of(listed.kind.as_deref(), &listed.protocol_type);
            Some((group.group.as_str(), kind, listed.state.as_deref()))
        })
        .collect();
    let mut members = members(source, &asked)?;
    for group in &mut groups {
        group.members = members.remove(&group.group).and_then(std::result::Result::ok);
    }
    found.groups = groups;
    Ok(found)
}

type Split = (
    std::result::Result<BTreeMap<TopicPartition, GroupOffset>, String>,
    BTreeMap<TopicPartition, String>,
);

fn split(offsets: sluice_wire::GroupOffsets) -> Split {
    let (mut readable, mut unreadable) = (BTreeMap::new(), BTreeMap::new());
    for (place, outcome) in offsets {
        match outcome {
            Ok(offset) => drop(readable.insert(place, offset)),
            Err(error) => drop(unreadable.insert(place, error.to_string())),
        }
    }
    (Ok(readable), unreadable)
}

/// The groups of a cluster by name, without those in which tasks keep their own positions.
struct Listed {
    groups: BTreeMap<String, ListedGroup>,
    failed: BTreeMap<i32, WireError>,
}

fn listed(cluster: &GroupCluster) -> Result<Listed> {
    let listed = cluster
        .client
        .list_groups()
        .map_err(|error| cluster.refuse("listing the consumer groups", error))?;
    if listed.found.is_empty()
        && let Some(error) = listed.failed.values().next()
    {
        return Err(cluster.refuse("listing the consumer groups", error.clone()));
    }
    Ok(Listed {
        groups: listed
            .found
            .into_iter()
            .filter(|group| !is_identity(&group.group))
            .map(|group| (group.group.clone(), group))
            .collect(),
        failed: listed.failed,
    })
}

fn notes(source: &Client, failed: &BTreeMap<i32, WireError>) -> Result<Vec<String>> {
    let mut notes: Vec<String> = failed
        .iter()
        .map(|(broker, error)| {
            format!("broker {broker} of the source does not answer, and groups that it coordinates are missing here: {error}")
        })
        .collect();
    let knows_zookeeper = source.connections().iter().any(|connection| {
        connection
            .versions()
            .range(ApiKey::ListGroups)
            .is_some_and(|(_, highest)| highest < NO_ZOOKEEPER_CONSUMERS)
    });
    if knows_zookeeper {
        notes.push(
            "consumers from before Kafka 0.9, and those with offsets.storage=zookeeper, keep their offsets in ZooKeeper: they are not listed here and not moved"
                .to_owned(),
        );
    }
    Ok(notes)
}

/// The committed offsets of groups.
fn offsets(
    source: &GroupCluster,
    groups: &BTreeMap<&str, &ListedGroup>,
) -> Result<BTreeMap<String, sluice_wire::Result<sluice_wire::GroupOffsets>>> {
    let names: Vec<&str> = groups
        .iter()
        .filter(|(_, listed)| {
            GroupKind::of(listed.kind.as_deref(), &listed.protocol_type) != GroupKind::Share
        })
        .map(|(name, _)| *name)
        .collect();
    source
        .client
        .offset_fetch_groups(&names, true)
        .map_err(|error| source.refuse("reading the committed offsets", error))
}

/// How many members groups have, each with the kind and the state that are known of it. A group that does not exist has
/// none.
///
/// # Errors
/// The cluster does not answer at all.
pub(crate) fn members(
    cluster: &GroupCluster,
    groups: &[(&str, GroupKind, Option<&str>)],
) -> Result<BTreeMap<String, std::result::Result<u32, String>>> {
    let what = "describing the consumer groups";
    let mut found = BTreeMap::new();
    let (mut classic, mut consumer, mut share) = (Vec::new(), Vec::new(), Vec::new());
    for (group, kind, state) in groups {
        match (*state, kind) {
            (Some("Empty" | "Dead"), _) => drop(found.insert((*group).to_owned(), Ok(0))),
            (_, GroupKind::Share) => share.push(*group),
            (_, GroupKind::Streams) => {}
            (_, GroupKind::Consumer) => consumer.push(*group),
            (_, GroupKind::Classic | GroupKind::Other) => classic.push(*group),
        }
    }
    let described = cluster
        .client
        .describe_groups(&classic)
        .map_err(|error| cluster.refuse(what, error))?;
    let known: BTreeSet<&str> = classic.iter().copied().collect();
    for (group, outcome) in described {
        match outcome {
            Ok(described) => drop(found.insert(group, Ok(count(described.members.len())))),
            // Not of the classic protocol any more, where the broker does not list the protocol.
            Err(error) if error.code() == Some(sluice_wire::ErrorCode::GROUP_ID_NOT_FOUND) => {
                consumer.extend(known.get(group.as_str()));
            }
            Err(error) => drop(found.insert(group, Err(error.to_string()))),
        }
    }
    let described = cluster
        .client
        .consumer_group_describe(&consumer)
        .map_err(|error| cluster.refuse(what, error))?;
    for (group, outcome) in described {
        found.insert(group, counted(outcome, |described| described.members.len()));
    }
    let described = cluster
        .client
        .share_group_describe(&share)
        .map_err(|error| cluster.refuse(what, error))?;
    for (group, outcome) in described {
        found.insert(group, counted(outcome, |described| described.members.len()));
    }
    Ok(found)
}

/// Members of a group that was described. One that is gone has none.
fn counted<D>(
    outcome: sluice_wire::Result<D>,
    members: impl Fn(&D) -> usize,
) -> std::result::Result<u32, String> {
    match outcome {
        Ok(described) => Ok(count(members(&described))),
        Err(error) if error.code() == Some(sluice_wire::ErrorCode::GROUP_ID_NOT_FOUND) => Ok(0),
        Err(error) => Err(error.to_string()),
    }
}

fn count(members: usize) -> u32 {
    u32::try_from(members).unwrap_or(u32::MAX)
}

/// What the target knows of a group.
#[derive(Debug, Clone, Default)]
pub(crate) struct TargetGroup {
    /// Its kind there; none if it is not there, or is not listed.
    pub(crate) kind: Option<GroupKind>,
    /// Members, or why they are not known.
    pub(crate) members: Option<std::result::Result<u32, String>>,
    /// Its committed offsets, or why they cannot be read.
    pub(crate) offsets: Option<std::result::Result<BTreeMap<TopicPartition, GroupOffset>, String>>,
}

/// Reads what the target has of some groups; one that it does not have has neither members nor offsets.
///
/// # Errors
/// The cluster does not answer.
pub(crate) fn target_groups(target: &GroupCluster, names: &[&str]) -> Result<BTreeMap<String, TargetGroup>> {
    let listed = listed(target)?;
    // A broker that does not answer may have groups that are not listed: all are asked for then.
    let is_complete = listed.failed.is_empty();
    let there: Vec<&str> = names
        .iter()
        .copied()
        .filter(|name| !is_complete || listed.groups.contains_key(*name))
        .collect();
    let asked: Vec<(&str, GroupKind, Option<&str>)> = there
        .iter()
        .map(|name| match listed.groups.get(*name) {
            Some(group) => (
                *name,
                GroupKind::of(group.kind.as_deref(), &group.protocol_type),
                group.state.as_deref(),
            ),
            None => (*name, GroupKind::Classic, None),
        })
        .collect();
    let mut members = members(target, &asked)?;
    let mut offsets = target
        .client
        .offset_fetch_groups(&there, false)
        .map_err(|error| target.refuse("reading the committed offsets", error))?;
    Ok(names
        .iter()
        .map(|name| {
            if !there.contains(name) {
                let nothing = TargetGroup {
                    kind: None,
                    members: Some(Ok(0)),
                    offsets: Some(Ok(BTreeMap::new())),
                };
                return ((*name).to_owned(), nothing);
            }
            let offsets = offsets.remove(*name).map(|outcome| match outcome {
                // One that cannot be read must not look as if it were not there.
                Ok(offsets) => offsets
                    .into_iter()
                    .map(|(place, offset)| Ok((place, offset.map_err(|error| error.to_string())?)))
                    .collect(),
                Err(error) => Err(error.to_string()),
            });
            let group = TargetGroup {
                kind: listed
                    .groups
                    .get(*name)
                    .map(|group| GroupKind::of(group.kind.as_deref(), &group.protocol_type)),
                members: members.remove(*name),
                offsets,
            };
            ((*name).to_owned(), group)
        })
        .collect())
}
