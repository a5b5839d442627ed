//! What one cluster is read for. Each part is known or not for itself: a missing right for ACLs leaves topics known.

use std::collections::{BTreeMap, BTreeSet};

use sluice_model::is_internal_topic;
use sluice_wire::{
    Client, ConfigEntry, ConfigResource, ConfigSource, Configs, ErrorCode, TopicInfo, WireError,
};

use crate::error::Side;
use crate::parity::acl_rule::AclRule;
use crate::parity::acls::Acls;
use crate::parity::configuration::{EffectiveValue, TopicConfiguration, ValueOrigin};
use crate::parity::groups::GroupFacts;
use crate::parity::quotas::{Quotas, quotas_of};
use crate::parity::topics::TopicShape;
use crate::parity::unknown::{Known, ParityPart, Unknown, UnknownReason};
use crate::plan::{in_topic_units, is_identity};

/// Which parts are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts {
    /// Topics with their partitions and their configuration.
    pub topics: bool,
    /// Rules of access.
    pub acls: bool,
    /// Limits of clients.
    pub quotas: bool,
    /// Consumer groups.
    pub groups: bool,
}

impl Parts {
    /// All of them.
    pub const ALL: Self = Self {
        topics: true,
        acls: true,
        quotas: true,
        groups: true,
    };

    /// None, to be filled in.
    pub const NONE: Self = Self {
        topics: false,
        acls: false,
        quotas: false,
        groups: false,
    };
}

/// What was read of one cluster. A part that was not asked for is none.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SideFacts {
    /// Its id; none before Kafka 0.10.1.
    pub cluster_id: Option<String>,
    /// Its topics by name, without Kafka's own.
    pub topics: Option<Known<BTreeMap<String, TopicShape>>>,
    /// Their configuration, each known or not for itself.
    pub configurations: BTreeMap<String, Known<TopicConfiguration>>,
    /// Its rules of access.
    pub acls: Option<Known<Acls>>,
    /// Its limits of clients.
    pub quotas: Option<Known<Quotas>>,
    /// Its consumer groups by name.
    pub groups: Option<Known<BTreeMap<String, GroupFacts>>>,
    /// Those of them that read the compared topics; none where all groups are compared.
    pub readers: Option<BTreeSet<String>>,
}

impl SideFacts {
    /// How a topic is divided; none if it is not there, or topics are not known.
    pub fn shape(&self, topic: &str) -> Option<TopicShape> {
        self.topics.as_ref()?.as_ref().ok()?.get(topic).copied()
    }
}

/// Which topics a side is read for.
pub type Wanted<'a> = &'a dyn Fn(&str) -> bool;

/// Reads `parts` of a cluster; of topics, the configuration of those that `wanted` says yes to. With `only_theirs`, of the
/// groups it is read which ones have positions in these topics.
///
/// # Errors
/// The cluster does not answer at all, or does not let this user in. What concerns one part is in it.
pub fn read_side(
    client: &Client,
    side: Side,
    parts: Parts,
    wanted: Wanted<'_>,
    only_theirs: bool,
) -> sluice_wire::Result<SideFacts> {
    let mut facts = SideFacts {
        cluster_id: client.cluster()?.id,
        ..SideFacts::default()
    };
    if parts.topics {
        let topics = client
            .topics(None)
            .map(shapes)
            .map_err(|error| Unknown::of(side, ParityPart::Topics, &error));
        if let Ok(topics) = &topics {
            let names: Vec<&str> = topics
                .keys()
                .map(String::as_str)
                .filter(|name| wanted(name))
                .collect();
            facts.configurations = read_configurations(client, side, &names);
        }
        facts.topics = Some(topics);
    }
    if parts.acls {
        facts.acls = Some(read_acls(client, side));
    }
    if parts.quotas {
        facts.quotas = Some(read_quotas(client, side));
    }
    if parts.groups {
        let groups = read_groups(client, side);
        facts.groups = Some(match (only_theirs, groups) {
            (true, Ok(groups)) => readers(client, &groups, wanted)
                .map(|readers| {
                    facts.readers = Some(readers);
                    groups
                })
                .map_err(|error| Unknown::of(side, ParityPart::Groups, &error)),
            (_, groups) => groups,
        });
    }
    Ok(facts)
}

fn shapes(topics: Vec<TopicInfo>) -> BTreeMap<String, TopicShape> {
    topics
        .into_iter()
        .filter(|topic| !topic.internal && !is_internal_topic(&topic.name))
        .filter(|topic| topic.error != Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION))
        .map(|topic| {
            let shape = TopicShape {
                partitions: topic.partitions.len(),
                replicas: topic
                    .partitions
                    .first()
                    .map_or(0, |partition| partition.replicas.len()),
            };
            (topic.name, shape)
        })
        .collect()
}

/// The effective configuration of topics, each with its own outcome.
pub fn read_configurations(
    client: &Client,
    side: Side,
    topics: &[&str],
) -> BTreeMap<String, Known<TopicConfiguration>> {
    let resources: Vec<ConfigResource> = topics
        .iter()
        .map(|name| ConfigResource::Topic((*name).to_owned()))
        .collect();
    let unknown = |error: &WireError| Unknown::of(side, ParityPart::Configuration, error);
    if resources.is_empty() {
        return BTreeMap::new();
    }
    match client.describe_configs_with_synonyms(&resources) {
        Ok(found) => found
            .into_iter()
            .filter_map(|(resource, outcome)| match resource {
                ConfigResource::Topic(name) => Some((
                    name,
                    outcome.map(configuration_of).map_err(|error| unknown(&error)),
                )),
                ConfigResource::Broker(_) | ConfigResource::Group(_) => None,
            })
            .collect(),
        Err(error) => topics
            .iter()
            .map(|name| ((*name).to_owned(), Err(unknown(&error))))
            .collect(),
    }
}

fn configuration_of(configs: Configs) -> TopicConfiguration {
    configs
        .into_iter()
        .map(|(key, entry)| {
            let value = effective(&key, entry);
            (key, value)
        })
        .collect()
}

fn effective(key: &str, entry: ConfigEntry) -> EffectiveValue {
    let origin = match entry.source {
        ConfigSource::Topic => ValueOrigin::Topic,
        ConfigSource::DynamicBroker
        | ConfigSource::DynamicDefaultBroker
        | ConfigSource::StaticBroker
        | ConfigSource::Group
        | ConfigSource::Other(_) => ValueOrigin::Broker,
        ConfigSource::Default => ValueOrigin::Default,
    };
    let inherited = entry
        .synonyms
        .into_iter()
        .find(|synonym| synonym.source != ConfigSource::Topic)
        .filter(|_| origin == ValueOrigin::Topic)
        .and_then(|synonym| Some(in_topic_units(key, &synonym.name, synonym.value?)));
    EffectiveValue {
        value: entry.value,
        origin,
        inherited,
        read_only: entry.read_only,
        sensitive: entry.sensitive,
    }
}

/// The rules of access of a cluster.
///
/// # Errors
/// Why they are not known.
pub fn read_acls(client: &Client, side: Side) -> Known<Acls> {
    match client.describe_acls() {
        Ok(found) => {
            let all = found.len();
            let rules: Vec<AclRule> = found.iter().filter_map(AclRule::from_wire).collect();
            Ok(Acls::Rules {
                of_other_kinds: all - rules.len(),
                rules: rules.into_iter().collect(),
            })
        }
        Err(error) if error.code() == Some(ErrorCode::SECURITY_DISABLED) => Ok(Acls::NoAuthorizer),
        Err(error) => Err(Unknown::of(side, ParityPart::Acls, &error)),
    }
}

/// The limits of clients of a cluster.
///
/// # Errors
/// Why they are not known.
pub fn read_quotas(client: &Client, side: Side) -> Known<Quotas> {
    client
        .describe_client_quotas()
        .map(quotas_of)
        .map_err(|error| Unknown::of(side, ParityPart::Quotas, &error))
}

/// The groups that have positions in `wanted` topics, and those of which that is not known.
fn readers(
    client: &Client,
    groups: &BTreeMap<String, GroupFacts>,
    wanted: Wanted<'_>,
) -> sluice_wire::Result<BTreeSet<String>> {
    let names: Vec<&str> = groups.keys().map(String::as_str).collect();
    let offsets = client.offset_fetch_groups(&names, false)?;
    Ok(groups
        .keys()
        .filter(|group| match offsets.get(*group) {
            Some(Ok(offsets)) => offsets.is_empty() || offsets.keys().any(|place| wanted(&place.topic)),
            Some(Err(_)) | None => true,
        })
        .cloned()
        .collect())
}

fn read_groups(client: &Client, side: Side) -> Known<BTreeMap<String, GroupFacts>> {
    let unknown = |error: &WireError| Unknown::of(side, ParityPart::Groups, error);
    let listed = client.list_groups().map_err(|error| unknown(&error))?;
    // Of a broker that does not answer, no group may be called missing.
    if let Some((broker, error)) = listed.failed.first_key_value() {
        return Err(Unknown {
            reason: UnknownReason::NoAnswer,
            sentence: format!(
                "the groups that broker {broker} of the {side} coordinates cannot be read: {error}"
            ),
            ..unknown(error)
        });
    }
    Ok(listed
        .found
        .into_iter()
        // Where a copy keeps its positions: they are of no use to applications, and belong to one side.
        .filter(|group| !is_identity(&group.group))
        .map(|group| {
            let facts = GroupFacts {
                state: group.state,
                kind: group.kind,
                protocol_type: group.protocol_type,
            };
            (group.group, facts)
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use sluice_wire::ConfigSynonym;

    use super::*;

    fn entry(value: &str, source: ConfigSource, synonyms: &[(&str, &str, ConfigSource)]) -> ConfigEntry {
        ConfigEntry {
            value: Some(value.to_owned()),
            source,
            read_only: false,
            sensitive: false,
            synonyms: synonyms
                .iter()
                .map(|(name, value, source)| ConfigSynonym {
                    name: (*name).to_owned(),
                    value: Some((*value).to_owned()),
                    source: *source,
                })
                .collect(),
        }
    }

    #[test]
    fn what_a_topic_would_inherit_is_in_the_topics_unit() {
        let own = ("retention.ms", "5", ConfigSource::Topic);
        let hours = ("log.retention.hours", "168", ConfigSource::StaticBroker);
        let found = effective("retention.ms", entry("5", ConfigSource::Topic, &[own, hours]));
        assert_eq!(found.origin, ValueOrigin::Topic);
        assert_eq!(found.inherited.as_deref(), Some("604800000"));
        let found = effective(
            "retention.ms",
            entry("604800000", ConfigSource::StaticBroker, &[hours]),
        );
        assert_eq!((found.origin, found.inherited), (ValueOrigin::Broker, None));
    }
}
