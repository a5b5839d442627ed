//! Both clusters side by side.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sluice_model::{InvalidTask, Objects, PrincipalRules, Rename};
use ts_rs::TS;

use crate::parity::acl_translation::AclTranslation;
use crate::parity::acls::{AclComparison, AclScope, AclSide, compare_acls};
use crate::parity::facts::SideFacts;
use crate::parity::groups::{GroupRow, compare_groups};
use crate::parity::quotas::{QuotaRow, compare_quotas};
use crate::parity::topics::{TopicRow, compare_topic, lonely};
use crate::parity::unknown::Unknown;
use crate::parity::{AclRow, ParityState};

/// What is compared, and by which names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ParityRules {
    /// Only these topics, what their principals may do, the groups that read them, and no topic of the target alone; none for
    /// everything.
    pub objects: Option<Objects>,
    /// Names of the topics on the target.
    pub rename: Rename,
    /// Names of the principals on the target.
    pub principals: PrincipalRules,
    /// Settings of topics that are synchronised although they are left alone otherwise, by name.
    pub asked_for: BTreeSet<String>,
    /// Whether settings that are the same are listed, too.
    pub every_setting: bool,
}

impl ParityRules {
    /// # Errors
    /// A pattern that does not compile, a name that Kafka would refuse, or nothing chosen.
    pub fn check(&self) -> Result<(), InvalidTask> {
        self.objects.as_ref().map_or(Ok(()), Objects::check)?;
        self.rename.check()?;
        self.principals.check()
    }
}

/// How two clusters stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ParityResult {
    /// Everything that was compared is the same.
    Equal,
    /// Something differs.
    Different,
    /// Nothing is known to differ, and something could not be read.
    Unknown,
}

/// Two clusters side by side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Comparison {
    /// How they stand to each other.
    pub result: ParityResult,
    /// The source's id; none before Kafka 0.10.1.
    pub source_cluster_id: Option<String>,
    /// The target's id; none before Kafka 0.10.1.
    pub target_cluster_id: Option<String>,
    /// Topics; none if they were not asked for.
    pub topics: Option<Vec<TopicRow>>,
    /// Rules of access; none if they were not asked for.
    pub acls: Option<AclComparison>,
    /// Limits of clients; none if they were not asked for.
    pub quotas: Option<Vec<QuotaRow>>,
    /// Consumer groups; none if they were not asked for.
    pub groups: Option<Vec<GroupRow>>,
    /// What could not be read.
    pub unknown: Vec<Unknown>,
}

/// Compares what was read of both sides.
///
/// # Errors
/// A pattern that does not compile, a name that Kafka would refuse, a setting that no topic has, or two topics that get one
/// name.
pub fn compare(
    source: &SideFacts,
    target: &SideFacts,
    rules: &ParityRules,
) -> Result<Comparison, InvalidTask> {
    rules.check()?;
    check_settings(source, target, &rules.asked_for)?;
    let routes = routes(source, rules)?;
    let topics = compare_topics(source, target, &routes, rules);
    let translation = AclTranslation {
        rename: rules.rename.clone(),
        principals: rules.principals.clone(),
    };
    let scope = match &rules.objects {
        None => AclScope::Whole,
        Some(_) => AclScope::Of { routes, groups: None },
    };
    let acls = match (&source.acls, &target.acls) {
        (Some(there), Some(here)) => Some(compare_acls(there, here, &translation, &scope)),
        _ => None,
    };
    let quotas = match (&source.quotas, &target.quotas) {
        (Some(there), Some(here)) => Some(compare_quotas(there, here, &rules.principals)),
        _ => None,
    };
    let groups = match (&source.groups, &target.groups) {
        (Some(there), Some(here)) => Some(groups_of(source, target, compare_groups(there, here))),
        _ => None,
    };
    let mut compared = Comparison {
        result: ParityResult::Equal,
        source_cluster_id: source.cluster_id.clone(),
        target_cluster_id: target.cluster_id.clone(),
        topics,
        acls,
        quotas,
        groups,
        unknown: unknown_of(source).chain(unknown_of(target)).collect(),
    };
    compared.result = result_of(&compared);
    Ok(compared)
}

/// Of `rows`, the groups that read the compared topics on either side.
fn groups_of(source: &SideFacts, target: &SideFacts, mut rows: Vec<GroupRow>) -> Vec<GroupRow> {
    let reads = |side: &SideFacts, group: &str| {
        let readers = side.readers.as_ref();
        readers.is_none_or(|readers| readers.contains(group))
    };
    rows.retain(|row| {
        row.source.is_some() && reads(source, &row.group) || row.target.is_some() && reads(target, &row.group)
    });
    rows
}

/// Whether some topic has each setting that is asked for by name, as far as settings could be read.
fn check_settings(
    source: &SideFacts,
    target: &SideFacts,
    asked_for: &BTreeSet<String>,
) -> Result<(), InvalidTask> {
    let read = || {
        [source, target]
            .into_iter()
            .flat_map(|side| side.configurations.values().flatten())
    };
    if read().next().is_none() {
        return Ok(());
    }
    let unknown = asked_for
        .iter()
        .find(|name| !read().any(|values| values.contains_key(*name)));
    unknown.map_or(Ok(()), |name| {
        Err(InvalidTask::UnknownSetting { name: name.clone() })
    })
}

/// The chosen topics of the source with the names they have on the target.
///
/// # Errors
/// As [`compare`].
pub(crate) fn routes(source: &SideFacts, rules: &ParityRules) -> Result<Vec<(String, String)>, InvalidTask> {
    let known = source.topics.iter().flatten().flat_map(BTreeMap::keys);
    let known = known.map(String::as_str);
    let chosen: BTreeSet<&str> = match &rules.objects {
        // One that is named is looked for, be it there or not.
        Some(Objects::Topics(names)) => names.iter().map(String::as_str).collect(),
        Some(objects @ Objects::Matching { .. }) => objects.select(known)?.into_iter().collect(),
        None => known.collect(),
    };
    paired(chosen.into_iter(), &rules.rename)
}

fn paired<'a>(
    names: impl Iterator<Item = &'a str>,
    rename: &Rename,
) -> Result<Vec<(String, String)>, InvalidTask> {
    let mut taken: BTreeMap<String, String> = BTreeMap::new();
    names
        .map(|name| {
            let target = rename.apply(name)?;
            match taken.insert(target.clone(), name.to_owned()) {
                Some(first) => Err(InvalidTask::Merge {
                    first,
                    second: name.to_owned(),
                    target,
                }),
                None => Ok((name.to_owned(), target)),
            }
        })
        .collect()
}

fn compare_topics(
    source: &SideFacts,
    target: &SideFacts,
    routes: &[(String, String)],
    rules: &ParityRules,
) -> Option<Vec<TopicRow>> {
    let (there, here) = (source.topics.as_ref()?, target.topics.as_ref()?);
    let mut rows: Vec<TopicRow> = routes
        .iter()
        .map(|(source_topic, target_topic)| topic_row((source_topic, source), (target_topic, target), rules))
        .collect();
    if rules.objects.is_none()
        && let Ok(topics) = here
    {
        let taken: BTreeSet<&String> = routes.iter().map(|(_, target)| target).collect();
        let alone = topics.iter().filter(|(name, _)| !taken.contains(name));
        rows.extend(alone.map(|(name, shape)| lonely(None, name, None, Some(*shape))));
    }
    if there.is_err() || here.is_err() {
        for row in &mut rows {
            row.state = ParityState::Unknown;
        }
    }
    Some(rows)
}

fn topic_row(
    (source_topic, source): (&str, &SideFacts),
    (target_topic, target): (&str, &SideFacts),
    rules: &ParityRules,
) -> TopicRow {
    let shapes = (source.shape(source_topic), target.shape(target_topic));
    let configurations = (
        source.configurations.get(source_topic),
        target.configurations.get(target_topic),
    );
    match (shapes, configurations) {
        ((Some(there), Some(here)), (Some(one), Some(other))) => compare_topic(
            (source_topic, target_topic),
            (there, here),
            (one, other),
            &rules.asked_for,
            rules.every_setting,
        ),
        ((Some(there), Some(here)), _) => TopicRow {
            state: match there == here {
                true => ParityState::Unknown,
                false => ParityState::Differs,
            },
            ..lonely(Some(source_topic), target_topic, Some(there), Some(here))
        },
        ((there, here), _) => lonely(Some(source_topic), target_topic, there, here),
    }
}

fn unknown_of(side: &SideFacts) -> impl Iterator<Item = Unknown> {
    let parts = [
        side.topics.as_ref().and_then(|part| part.as_ref().err()),
        // One of a kind is enough: ten thousand topics of an old cluster have one reason.
        side.configurations.values().find_map(|part| part.as_ref().err()),
        side.acls.as_ref().and_then(|part| part.as_ref().err()),
        side.quotas.as_ref().and_then(|part| part.as_ref().err()),
        side.groups.as_ref().and_then(|part| part.as_ref().err()),
    ];
    let found: Vec<Unknown> = parts.into_iter().flatten().cloned().collect();
    found.into_iter()
}

fn result_of(compared: &Comparison) -> ParityResult {
    let is_known_to_differ = |state: ParityState| !matches!(state, ParityState::Same | ParityState::Unknown);
    let acls = compared.acls.as_ref();
    let states = (compared.topics.iter().flatten().map(|row| row.state))
        .chain(compared.quotas.iter().flatten().map(|row| row.state))
        .chain(compared.groups.iter().flatten().map(|row| row.state))
        .chain(
            acls.iter()
                .flat_map(|acls| &acls.rows)
                .filter(|row| AclRow::is_difference(row))
                .map(|row| row.state),
        )
        .collect::<Vec<_>>();
    let one_side_is_open = acls.is_some_and(|acls| {
        let sides = [acls.source, acls.target];
        sides.contains(&AclSide::NoAuthorizer)
            && sides.iter().any(|side| matches!(side, AclSide::Rules { .. }))
    });
    let has_other_kinds = acls.is_some_and(|acls| {
        [acls.source, acls.target]
            .iter()
            .any(|side| matches!(side, AclSide::Rules { of_other_kinds, .. } if *of_other_kinds > 0))
    });
    if one_side_is_open || states.iter().copied().any(is_known_to_differ) {
        ParityResult::Different
    } else if states.contains(&ParityState::Unknown) || !compared.unknown.is_empty() || has_other_kinds {
        ParityResult::Unknown
    } else {
        ParityResult::Equal
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Side;
    use crate::parity::configuration::{EffectiveValue, ValueOrigin};
    use crate::parity::topics::TopicShape;
    use crate::parity::unknown::{ParityPart, UnknownReason};
    use crate::parity::{Acls, ParityChange, changes};

    /// A side whose topics have one partition and this retention of their own.
    fn side(topics: &[(&str, &str)]) -> SideFacts {
        let shape = TopicShape {
            partitions: 1,
            replicas: 1,
        };
        let own = |value: &str| EffectiveValue {
            value: Some(value.to_owned()),
            origin: ValueOrigin::Topic,
            inherited: None,
            read_only: false,
            sensitive: false,
        };
        SideFacts {
            topics: Some(Ok(topics
                .iter()
                .map(|(name, _)| ((*name).to_owned(), shape))
                .collect())),
            configurations: topics
                .iter()
                .map(|(name, retention)| {
                    let values = BTreeMap::from([("retention.ms".to_owned(), own(retention))]);
                    ((*name).to_owned(), Ok(values))
                })
                .collect(),
            ..SideFacts::default()
        }
    }

    fn only(topics: &[&str]) -> ParityRules {
        ParityRules {
            objects: Some(Objects::Topics(
                topics.iter().map(|name| (*name).to_owned()).collect(),
            )),
            ..ParityRules::default()
        }
    }

    fn states(compared: &Comparison) -> Vec<(String, ParityState)> {
        let rows = compared.topics.iter().flatten();
        rows.map(|row| (row.target_topic.clone(), row.state)).collect()
    }

    #[test]
    fn a_setting_that_no_topic_has_is_refused_by_name() {
        let asking = |name: &str| {
            let rules = ParityRules {
                asked_for: BTreeSet::from([name.to_owned()]),
                ..ParityRules::default()
            };
            compare(&side(&[("a", "1")]), &side(&[("a", "1")]), &rules)
        };
        assert!(asking("retention.ms").is_ok());
        let refused = asking("retention.msec").unwrap_err().to_string();
        assert!(refused.contains("'retention.msec'"), "{refused}");
    }

    #[test]
    fn topics_of_one_side_are_named_and_what_is_the_same_on_both_is_equal() {
        let rules = ParityRules::default();
        let found = compare(
            &side(&[("a", "1"), ("b", "1")]),
            &side(&[("b", "1"), ("c", "1")]),
            &rules,
        )
        .unwrap();
        assert_eq!(
            states(&found),
            [
                ("a".to_owned(), ParityState::OnlySource),
                ("b".to_owned(), ParityState::Same),
                ("c".to_owned(), ParityState::OnlyTarget),
            ]
        );
        assert_eq!(found.result, ParityResult::Different);
        let found = compare(&side(&[("a", "1")]), &side(&[("a", "1")]), &rules).unwrap();
        assert_eq!(found.result, ParityResult::Equal);
    }

    #[test]
    fn of_some_topics_no_other_of_the_target_counts_and_one_that_is_nowhere_is_not_equal() {
        let (source, target) = (side(&[("a", "1")]), side(&[("a", "1"), ("z", "1")]));
        let found = compare(&source, &target, &only(&["a"])).unwrap();
        assert_eq!(found.result, ParityResult::Equal);
        let found = compare(&source, &target, &only(&["a", "misspelt"])).unwrap();
        assert_eq!(found.result, ParityResult::Unknown);
        let row = found
            .topics
            .iter()
            .flatten()
            .find(|row| row.target_topic == "misspelt")
            .unwrap();
        assert!(
            row.unknown.iter().any(|why| why.contains("on neither side")),
            "{row:?}"
        );
    }

    #[test]
    fn two_topics_that_get_one_name_are_refused() {
        let mut rules = ParityRules::default();
        rules.rename.map.insert("a".to_owned(), "b".to_owned());
        let error = compare(&side(&[("a", "1"), ("b", "1")]), &side(&[]), &rules).unwrap_err();
        assert!(matches!(error, InvalidTask::Merge { .. }), "{error}");
    }

    #[test]
    fn changes_are_about_the_targets_topic() {
        let mut rules = only(&["a"]);
        rules.rename.map.insert("a".to_owned(), "b".to_owned());
        let found = compare(&side(&[("a", "5")]), &side(&[("b", "6")]), &rules).unwrap();
        assert_eq!(
            changes(&found),
            [ParityChange::SetValue {
                topic: "b".to_owned(),
                key: "retention.ms".to_owned(),
                value: "5".to_owned(),
                was: Some("6".to_owned()),
            }]
        );
    }

    #[test]
    fn what_cannot_be_read_makes_the_result_unknown_and_a_difference_outweighs_it() {
        let unread = Unknown {
            side: Side::Target,
            part: ParityPart::Acls,
            reason: UnknownReason::NoRight,
            sentence: "no right".to_owned(),
        };
        let mut source = side(&[("a", "1")]);
        source.acls = Some(Ok(Acls::NoAuthorizer));
        let mut target = side(&[("a", "1")]);
        target.acls = Some(Err(unread.clone()));
        let found = compare(&source, &target, &ParityRules::default()).unwrap();
        assert_eq!(
            (found.result, found.unknown.as_slice()),
            (ParityResult::Unknown, &[unread][..])
        );
        target.topics = side(&[]).topics;
        let found = compare(&source, &target, &ParityRules::default()).unwrap();
        assert_eq!(found.result, ParityResult::Different);
    }

    #[test]
    fn a_configuration_that_was_not_read_is_not_called_equal() {
        let source = side(&[("a", "1")]);
        let mut target = side(&[("a", "1")]);
        target.configurations.clear();
        let found = compare(&source, &target, &ParityRules::default()).unwrap();
        assert_ne!(found.result, ParityResult::Equal);
    }
}
