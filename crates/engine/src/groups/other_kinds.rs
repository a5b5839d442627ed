//! Groups whose committed offsets are not all that they are: share groups, Streams applications, sink connectors.

use std::collections::{BTreeMap, BTreeSet};

use sluice_wire::ListedGroup;

use crate::error::Result;
use crate::groups::GroupKind;
use crate::groups::clusters::GroupCluster;
use crate::groups::inventory::SourceGroup;

/// The topics of share groups: those of which the brokers keep what was acknowledged, and those that members want. A group
/// of which neither can be asked is left out.
pub(crate) fn share_topics(
    source: &GroupCluster,
    groups: &BTreeMap<&str, &ListedGroup>,
) -> Result<BTreeMap<String, BTreeSet<String>>> {
    let what = "describing the consumer groups";
    let names: Vec<&str> = groups
        .iter()
        .filter(|(_, listed)| {
            GroupKind::of(listed.kind.as_deref(), &listed.protocol_type) == GroupKind::Share
        })
        .map(|(name, _)| *name)
        .collect();
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    if names.is_empty() {
        return Ok(found);
    }
    let kept = source
        .client
        .share_group_topics(&names)
        .map_err(|error| source.refuse(what, error))?;
    for (group, topics) in kept {
        match topics {
            Ok(topics) => found.entry(group).or_default().extend(topics),
            Err(error) => tracing::info!(group, %error, "the topics of a share group are not known"),
        }
    }
    let described = source
        .client
        .share_group_describe(&names)
        .map_err(|error| source.refuse(what, error))?;
    for (group, described) in described {
        if let Ok(described) = described {
            let wanted = described.members.into_iter().flat_map(|member| member.topics);
            found.entry(group).or_default().extend(wanted);
        }
    }
    Ok(found)
}

/// The groups of `chosen` that are Streams applications of the classic protocol, each with one of its internal topics. The
/// protocol is that of any consumer, so only these topics show it.
pub(crate) fn streams(
    source: &GroupCluster,
    listed: &BTreeMap<String, ListedGroup>,
    chosen: &BTreeMap<&str, &ListedGroup>,
) -> Result<BTreeMap<String, String>> {
    let is_classic = |group: &ListedGroup| {
        GroupKind::of(group.kind.as_deref(), &group.protocol_type) == GroupKind::Classic
    };
    if !chosen.values().any(|group| is_classic(group)) {
        return Ok(BTreeMap::new());
    }
    let topics = source
        .client
        .topics(None)
        .map_err(|error| source.refuse("reading the topic list", error))?;
    let mut found = BTreeMap::new();
    for topic in topics {
        if let Some(application) = application(&topic.name, |name| listed.contains_key(name))
            && chosen.get(application).is_some_and(|group| is_classic(group))
        {
            let application = application.to_owned();
            found.entry(application).or_insert(topic.name);
        }
    }
    Ok(found)
}

/// The Streams application that a topic is internal to, going by its name: `<application>-<name>-changelog` or
/// `<application>-<name>-repartition`, as Kafka's developer guide for Streams has it ("Manage application topics"). Names of
/// applications may begin with each other: the longest one that is a group's has it.
fn application(topic: &str, is_group: impl Fn(&str) -> bool) -> Option<&str> {
    let stem = topic
        .strip_suffix("-changelog")
        .or_else(|| topic.strip_suffix("-repartition"))?;
    stem.match_indices('-')
        .rev()
        .filter(|(at, _)| at + 1 < stem.len())
        .map(|(at, _)| &stem[..at])
        .find(|name| is_group(name))
}

/// What is to be known of a group that looks like a sink connector's: Connect names it so, and some connectors keep what
/// counts for them elsewhere.
pub(crate) fn sink_note(group: &SourceGroup) -> Option<String> {
    let connector = group.group.strip_prefix("connect-")?;
    (group.kind.is_moved() && !connector.is_empty()).then(|| {
        format!(
            "'{}' looks like the group of Kafka Connect's sink connector '{connector}': its positions move like those of any consumer; stop the connector first, and see whether it keeps positions of its own where it writes to",
            group.group
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_internal_topic_belongs_to_the_application_with_the_longest_name_that_is_a_groups() {
        let groups = ["app", "app-v2", "orders", "app-v2-KSTREAM"];
        let owner = |topic: &'static str| application(topic, |name| groups.contains(&name));
        assert_eq!(owner("app-counts-changelog"), Some("app"));
        assert_eq!(owner("app-v2-counts-repartition"), Some("app-v2"));
        assert_eq!(
            owner("orders-KSTREAM-AGGREGATE-STATE-STORE-0000000003-changelog"),
            Some("orders")
        );
        for none in [
            "app-changelog",
            "app",
            "apps-counts-changelog",
            "app-counts-changelogs",
            "-changelog",
        ] {
            assert_eq!(owner(none), None, "{none}");
        }
    }
}
