//! `no_members`.

use std::collections::{BTreeMap, BTreeSet};

use sluice_wire::{ClassicMember, ConsumerMember, ListedGroup, WireError};

use crate::error::Side;
use crate::plan::precheck::words::{counted, listed};
use crate::readiness::answer::Answer;
use crate::readiness::evidence::Evidence;
use crate::readiness::facts::{Facts, Known};
use crate::readiness::unknown::Unknown;

/// Kafka's word for a group without members.
const EMPTY: &str = "Empty";
/// The type of the protocol of consumers.
const CONSUMERS: &str = "consumer";

/// A running consumer.
struct Member {
    side: Side,
    group: String,
    client_id: String,
    host: String,
    member_id: String,
    instance_id: Option<String>,
    /// Topics that it has partitions of, or wants.
    topics: BTreeSet<String>,
}

/// What the groups of one side have.
#[derive(Default)]
struct Found {
    members: Vec<Member>,
    /// Groups whose members are not known.
    unknown: Vec<(String, Unknown)>,
}

/// Whether a consumer of the task's topics runs: at the source they must have stopped, on the target they must not have
/// started. Besides the members of the groups that are to move these are consumers that have topics of the task without
/// having committed anything.
pub(crate) fn none(facts: &Facts<'_>) -> Known<Answer> {
    let groups = facts.group_names()?;
    let routes = facts.routes();
    let runs_on = |member: &Member| {
        let may_run = facts.context.may_run.as_ref();
        member.side == Side::Source && may_run.is_some_and(|groups| groups.contains(&member.group))
    };
    let mut members = Vec::new();
    let mut unknown = Vec::new();
    for side in [Side::Source, Side::Target] {
        let topics: BTreeSet<&str> = match side {
            Side::Source => routes.keys().copied().collect(),
            Side::Target => routes.values().copied().collect(),
        };
        let found = consumers(facts, side, &groups)?;
        members.extend(found.members.into_iter().filter(|member| {
            let reads = || member.topics.iter().any(|topic| topics.contains(topic.as_str()));
            groups.contains(&member.group) || (!runs_on(member) && reads())
        }));
        unknown.extend(
            found
                .unknown
                .into_iter()
                .filter(|(group, _)| groups.contains(group)),
        );
    }
    if !members.is_empty() {
        return Ok(running(&members));
    }
    if let Some((group, unknown)) = unknown.into_iter().next() {
        return Ok(Answer::unknown(
            format!(
                "the members of the group '{group}' are not known: {}",
                unknown.cause
            ),
            unknown.remedy,
        ));
    }
    let rows = groups
        .iter()
        .map(|group| Evidence::about(group).with("members", 0i64));
    Ok(Answer::success(format!(
        "no consumer of these topics runs on either side ({} to move)",
        counted(groups.len(), "group")
    ))
    .with(rows))
}

fn running(members: &[Member]) -> Answer {
    let at_source = members.iter().any(|member| member.side == Side::Source);
    let on_target = members.iter().any(|member| member.side == Side::Target);
    let sentences: Vec<String> = members
        .iter()
        .map(|member| {
            format!(
                "'{}' of the group '{}' at {} ({})",
                member.client_id, member.group, member.host, member.side
            )
        })
        .collect();
    let remedy = match (at_source, on_target) {
        (true, true) => "stop these consumers on both clusters; on the target they start after the switch",
        (true, false) => {
            "stop these consumers: what they read from now on they would read again on the target"
        }
        _ => "stop these consumers: they start on the target after the switch",
    };
    Answer::failed(
        format!(
            "{} still running: {}",
            counted(members.len(), "consumer"),
            listed(&sentences, ", ")
        ),
        remedy,
    )
    .with(members.iter().map(|member| {
        Evidence::about(&member.group)
            .with("side", member.side.to_string())
            .with("client_id", member.client_id.as_str())
            .with("host", member.host.as_str())
            .with("member_id", member.member_id.as_str())
            .maybe("instance_id", member.instance_id.as_ref())
    }))
}

/// The members of the consumer groups of one side: of `groups` alone where they were chosen, unless every consumer at the
/// source counts. Only groups that the cluster lists are asked for: asking for the coordinator of another one makes an unused
/// cluster create its internal topic.
fn consumers(facts: &Facts<'_>, side: Side, groups: &BTreeSet<String>) -> Known<Found> {
    let client = facts.client(side)?;
    let listed = client.list_groups().map_err(|error| Unknown::of(side, &error))?;
    if let Some(error) = listed.failed.values().next() {
        return Err(Unknown::of(side, error));
    }
    let every = facts.context.may_run.is_some() && side == Side::Source;
    let chosen = facts.context.groups.is_some() && !every;
    let is_of_kind = |group: &ListedGroup, word: &str| {
        let kind = group.kind.as_deref().unwrap_or("classic");
        kind.eq_ignore_ascii_case(word)
    };
    let asked: Vec<&ListedGroup> = listed
        .found
        .iter()
        .filter(|group| group.state.as_deref() != Some(EMPTY))
        .filter(|group| groups.contains(&group.group) || !chosen)
        .collect();
    let names = |wanted: &dyn Fn(&ListedGroup) -> bool| -> Vec<&str> {
        let wanted = asked.iter().filter(|group| wanted(group));
        wanted.map(|group| group.group.as_str()).collect()
    };
    let classic = names(&|group| is_of_kind(group, "classic") && group.protocol_type == CONSUMERS);
    let new = names(&|group| is_of_kind(group, CONSUMERS));
    let mut found = Found::default();
    found.add(
        side,
        &classic,
        |groups| client.describe_groups(groups),
        |group, described| {
            let members = described.members.into_iter();
            members.map(|member| of_classic(side, group, member)).collect()
        },
    )?;
    found.add(
        side,
        &new,
        |groups| client.consumer_group_describe(groups),
        |group, described| {
            let members = described.members.into_iter();
            members.map(|member| of_consumer(side, group, member)).collect()
        },
    )?;
    Ok(found)
}

impl Found {
    /// Takes in what `describe` says of groups of one kind; `members` are those of one of them.
    fn add<D>(
        &mut self,
        side: Side,
        groups: &[&str],
        describe: impl FnOnce(&[&str]) -> sluice_wire::Result<BTreeMap<String, sluice_wire::Result<D>>>,
        members: impl Fn(&str, D) -> Vec<Member>,
    ) -> Known<()> {
        if groups.is_empty() {
            return Ok(());
        }
        for (group, outcome) in describe(groups).map_err(|error| Unknown::of(side, &error))? {
            match outcome {
                Ok(described) => self.members.extend(members(&group, described)),
                Err(error) => self.note(side, group, &error),
            }
        }
        Ok(())
    }

    /// Notes a group that was not described. One that is gone has no members.
    fn note(&mut self, side: Side, group: String, error: &WireError) {
        if error.code() != Some(sluice_wire::ErrorCode::GROUP_ID_NOT_FOUND) {
            self.unknown.push((group, Unknown::of(side, error)));
        }
    }
}

fn of_classic(side: Side, group: &str, member: ClassicMember) -> Member {
    Member {
        side,
        group: group.to_owned(),
        topics: assigned_topics(&member.assignment),
        client_id: member.client_id,
        host: member.client_host,
        member_id: member.member_id,
        instance_id: member.instance_id,
    }
}

fn of_consumer(side: Side, group: &str, member: ConsumerMember) -> Member {
    let assigned = member.assignment.into_iter().map(|(place, _)| place.topic);
    Member {
        side,
        group: group.to_owned(),
        topics: member.topics.into_iter().chain(assigned).collect(),
        client_id: member.client_id,
        host: member.client_host,
        member_id: member.member_id,
        instance_id: member.instance_id,
    }
}

/// The topics of Kafka's ConsumerProtocolAssignment: a version, then topics with the numbers of their partitions. What
/// cannot be read names none.
fn assigned_topics(assignment: &[u8]) -> BTreeSet<String> {
    fn read<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
        let (head, tail) = rest.split_first_chunk::<N>()?;
        *rest = tail;
        Some(*head)
    }
    fn topic(rest: &mut &[u8]) -> Option<String> {
        let length = usize::try_from(i16::from_be_bytes(read::<2>(rest)?)).ok()?;
        let (name, tail) = rest.split_at_checked(length)?;
        *rest = tail;
        let partitions = usize::try_from(i32::from_be_bytes(read::<4>(rest)?)).ok()?;
        *rest = rest.get(partitions.checked_mul(4)?..)?;
        Some(String::from_utf8_lossy(name).into_owned())
    }
    let mut rest = assignment.get(2..).unwrap_or_default();
    let count = read::<4>(&mut rest).map_or(0, i32::from_be_bytes);
    (0..count).map_while(|_| topic(&mut rest)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_of_an_assignment_are_read_and_damage_names_none() {
        let mut bytes = vec![0, 1, 0, 0, 0, 2];
        for (name, partitions) in [("orders", 3u8), ("clicks", 0)] {
            bytes.extend([0, name.len() as u8]);
            bytes.extend(name.as_bytes());
            bytes.extend([0, 0, 0, partitions]);
            bytes.extend(std::iter::repeat_n([0, 0, 0, 7], partitions.into()).flatten());
        }
        bytes.extend([255; 4]);
        let found: Vec<String> = assigned_topics(&bytes).into_iter().collect();
        assert_eq!(found, ["clicks", "orders"]);
        assert_eq!(
            assigned_topics(&bytes[..20]).len(),
            0,
            "cut off within the first topic"
        );
        assert!(assigned_topics(&[]).is_empty() && assigned_topics(&[0, 0, 127, 255, 255, 255]).is_empty());
    }
}
