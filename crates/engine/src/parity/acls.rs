//! Rules of access on both sides.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::parity::acl_rule::{AclOperation, AclRule, ResourceKind};
use crate::parity::acl_translation::AclTranslation;
use crate::parity::{Known, ParityState};

/// What a cluster says of access.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Acls {
    /// It has no authorizer: there are no rules, and everyone may do everything.
    NoAuthorizer,
    /// Its rules.
    Rules {
        /// They.
        rules: BTreeSet<AclRule>,
        /// Rules of kinds that came after this version of Sluice: they are not compared.
        of_other_kinds: usize,
    },
}

/// Which rules are compared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum AclScope {
    /// All.
    #[default]
    Whole,
    /// Those about some topics and groups, and what their principals need besides: transactional ids, and idempotent
    /// writing on the cluster.
    Of {
        /// Names of the topics at the source and on the target.
        routes: Vec<(String, String)>,
        /// Groups; none for every group of principals that have a rule about the topics.
        groups: Option<BTreeSet<String>>,
    },
}

/// How one side stands with rules of access.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum AclSide {
    /// It has no authorizer: everyone may do everything.
    NoAuthorizer,
    /// Its rules were read.
    Rules {
        /// All rules.
        #[ts(type = "number")]
        rules: usize,
        /// Of kinds that came after this version of Sluice, and are not compared.
        #[ts(type = "number")]
        of_other_kinds: usize,
    },
    /// They could not be read.
    Unknown,
}

/// What copying would do with a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case", tag = "action")]
pub enum AclSync {
    /// Nothing: it is on both sides.
    Nothing,
    /// Creates it on the target.
    Create,
    /// Removes it from the target. Confirmed apart.
    Remove,
    /// Nothing, although it is on one side only.
    Leave {
        /// Why.
        why: String,
    },
}

/// A rule on both sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AclRow {
    /// As it is at the source.
    pub source: Option<AclRule>,
    /// As it is on the target, or would be.
    pub target: Option<AclRule>,
    /// How they stand to each other.
    pub state: ParityState,
    /// What copying would do.
    pub sync: AclSync,
}

impl AclRow {
    /// Whether it counts as a difference. What brokers need between themselves is each cluster's own.
    pub fn is_difference(&self) -> bool {
        let is_brokers_own = [&self.source, &self.target]
            .into_iter()
            .flatten()
            .any(|rule| rule.operation == AclOperation::ClusterAction);
        self.state != ParityState::Same && !is_brokers_own
    }
}

/// The rules of both sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AclComparison {
    /// The source's.
    pub source: AclSide,
    /// The target's.
    pub target: AclSide,
    /// Rule by rule: those of the source, then those on the target alone.
    pub rows: Vec<AclRow>,
}

impl AclComparison {
    /// Whether one side checks rights and the other does not, or a rule differs.
    pub fn differs(&self) -> bool {
        let is_open = |side| side == AclSide::NoAuthorizer;
        is_open(self.source) != is_open(self.target) || self.rows.iter().any(AclRow::is_difference)
    }
}

/// Compares the rules of both sides. A side that could not be read makes the other side's rules unknown, not different.
pub fn compare_acls(
    source: &Known<Acls>,
    target: &Known<Acls>,
    translation: &AclTranslation,
    scope: &AclScope,
) -> AclComparison {
    let source_rules = in_scope(rules(source), &Names::of_source(scope));
    let target_rules = in_scope(rules(target), &Names::of_target(scope));
    let mut rows = Vec::new();
    let mut expected = BTreeSet::new();
    for rule in &source_rules {
        let translated = translation.apply(rule);
        expected.extend(translated.clone().ok());
        rows.push(row_of_source(rule, translated, target, &target_rules));
    }
    for rule in target_rules.iter().filter(|rule| !expected.contains(*rule)) {
        rows.push(row_of_target(rule, source));
    }
    AclComparison {
        source: side_of(source),
        target: side_of(target),
        rows,
    }
}

fn row_of_source(
    rule: &AclRule,
    translated: Result<AclRule, String>,
    target: &Known<Acls>,
    target_rules: &BTreeSet<AclRule>,
) -> AclRow {
    let leave = |why: &str| AclSync::Leave { why: why.to_owned() };
    let (state, sync) = match (target, &translated) {
        (Err(unknown), _) => (ParityState::Unknown, leave(&unknown.sentence)),
        (Ok(_), Ok(wanted)) if target_rules.contains(wanted) => (ParityState::Same, AclSync::Nothing),
        (Ok(Acls::NoAuthorizer), Ok(_)) => (
            ParityState::OnlySource,
            leave("the target has no authorizer, so it takes no rules"),
        ),
        (Ok(Acls::Rules { .. }), Ok(_)) => (ParityState::OnlySource, AclSync::Create),
        (Ok(_), Err(why)) => (ParityState::OnlySource, leave(why)),
    };
    AclRow {
        source: Some(rule.clone()),
        target: translated.ok(),
        state,
        sync,
    }
}

fn row_of_target(rule: &AclRule, source: &Known<Acls>) -> AclRow {
    let leave = |why: &str| AclSync::Leave { why: why.to_owned() };
    let (state, sync) = match source {
        Err(unknown) => (ParityState::Unknown, leave(&unknown.sentence)),
        Ok(_) if rule.operation == AclOperation::ClusterAction => (
            ParityState::OnlyTarget,
            leave("it belongs to the brokers of its cluster"),
        ),
        Ok(Acls::NoAuthorizer) => (
            ParityState::OnlyTarget,
            leave("the source has no authorizer, so it does not say who may do what"),
        ),
        Ok(Acls::Rules { .. }) => (ParityState::OnlyTarget, AclSync::Remove),
    };
    AclRow {
        source: None,
        target: Some(rule.clone()),
        state,
        sync,
    }
}

fn side_of(side: &Known<Acls>) -> AclSide {
    match side {
        Err(_) => AclSide::Unknown,
        Ok(Acls::NoAuthorizer) => AclSide::NoAuthorizer,
        Ok(Acls::Rules {
            rules,
            of_other_kinds,
        }) => AclSide::Rules {
            rules: rules.len() + of_other_kinds,
            of_other_kinds: *of_other_kinds,
        },
    }
}

fn rules(side: &Known<Acls>) -> BTreeSet<AclRule> {
    match side {
        Ok(Acls::Rules { rules, .. }) => rules.clone(),
        Ok(Acls::NoAuthorizer) | Err(_) => BTreeSet::new(),
    }
}

/// The names of one side that rules have to be about.
enum Names<'a> {
    Every,
    Some {
        topics: Vec<&'a str>,
        groups: Option<&'a BTreeSet<String>>,
    },
}

impl<'a> Names<'a> {
    fn of_source(scope: &'a AclScope) -> Self {
        Self::of(scope, |(source, _)| source)
    }

    fn of_target(scope: &'a AclScope) -> Self {
        Self::of(scope, |(_, target)| target)
    }

    fn of(scope: &'a AclScope, side: impl Fn(&'a (String, String)) -> &'a str) -> Self {
        match scope {
            AclScope::Whole => Self::Every,
            AclScope::Of { routes, groups } => Self::Some {
                topics: routes.iter().map(side).collect(),
                groups: groups.as_ref(),
            },
        }
    }
}

fn in_scope(rules: BTreeSet<AclRule>, names: &Names<'_>) -> BTreeSet<AclRule> {
    let Names::Some { topics, groups } = names else {
        return rules;
    };
    let is_named = |rule: &AclRule| match rule.resource {
        ResourceKind::Topic => topics
            .iter()
            .any(|topic| rule.concerns(ResourceKind::Topic, topic)),
        ResourceKind::Group => groups.is_some_and(|groups| {
            groups
                .iter()
                .any(|group| rule.concerns(ResourceKind::Group, group))
        }),
        _ => false,
    };
    // By principal, so that ten thousand rules are gone over twice and not by each other.
    let principals: BTreeSet<String> = rules
        .iter()
        .filter(|rule| is_named(rule))
        .map(|rule| rule.principal.clone())
        .collect();
    let is_needed_besides = |rule: &AclRule| match rule.resource {
        ResourceKind::TransactionalId => true,
        ResourceKind::Cluster => matches!(rule.operation, AclOperation::IdempotentWrite | AclOperation::All),
        ResourceKind::Group => groups.is_none(),
        _ => false,
    };
    rules
        .into_iter()
        .filter(|rule| is_named(rule) || (principals.contains(&rule.principal) && is_needed_besides(rule)))
        .collect()
}

#[cfg(test)]
mod tests {
    use sluice_model::Rename;

    use super::*;
    use crate::error::Side;
    use crate::parity::acl_rule::{PatternKind, Permission};
    use crate::parity::unknown::{ParityPart, Unknown, UnknownReason};

    fn rule(resource: ResourceKind, name: &str, principal: &str, operation: AclOperation) -> AclRule {
        AclRule {
            resource,
            pattern: PatternKind::Literal,
            name: name.to_owned(),
            principal: format!("User:{principal}"),
            host: "*".to_owned(),
            operation,
            permission: Permission::Allow,
        }
    }

    fn topic(name: &str, principal: &str, operation: AclOperation) -> AclRule {
        rule(ResourceKind::Topic, name, principal, operation)
    }

    fn known(rules: &[AclRule]) -> Known<Acls> {
        Ok(Acls::Rules {
            rules: rules.iter().cloned().collect(),
            of_other_kinds: 0,
        })
    }

    fn renaming(source: &str, target: &str) -> AclTranslation {
        let mut rename = Rename::default();
        rename.map.insert(source.to_owned(), target.to_owned());
        AclTranslation {
            rename,
            ..AclTranslation::default()
        }
    }

    fn unknown(side: Side) -> Known<Acls> {
        Err(Unknown {
            side,
            part: ParityPart::Acls,
            reason: UnknownReason::NoRight,
            sentence: "no right".to_owned(),
        })
    }

    #[test]
    fn rules_are_compared_by_what_they_are_on_the_target_and_writing_is_among_them() {
        let source = known(&[
            topic("a", "alice", AclOperation::Write),
            topic("a", "alice", AclOperation::Read),
        ]);
        let target = known(&[
            topic("b", "alice", AclOperation::Read),
            topic("a", "mallory", AclOperation::Write),
        ]);
        let found = compare_acls(&source, &target, &renaming("a", "b"), &AclScope::Whole);
        let shown: Vec<_> = found
            .rows
            .iter()
            .map(|row| (row.target.clone().unwrap(), row.state, row.sync.clone()))
            .collect();
        assert_eq!(
            shown,
            [
                (
                    topic("b", "alice", AclOperation::Read),
                    ParityState::Same,
                    AclSync::Nothing
                ),
                (
                    topic("b", "alice", AclOperation::Write),
                    ParityState::OnlySource,
                    AclSync::Create
                ),
                (
                    topic("a", "mallory", AclOperation::Write),
                    ParityState::OnlyTarget,
                    AclSync::Remove
                ),
            ]
        );
        assert!(found.differs());
    }

    #[test]
    fn a_side_that_cannot_be_read_makes_rules_unknown_and_nothing_is_created_or_removed() {
        let rules = known(&[topic("a", "alice", AclOperation::Read)]);
        for (source, target) in [
            (rules.clone(), unknown(Side::Target)),
            (unknown(Side::Source), rules),
        ] {
            let found = compare_acls(&source, &target, &AclTranslation::default(), &AclScope::Whole);
            assert_eq!(found.rows.len(), 1);
            let row = found.rows.first().unwrap();
            assert_eq!(row.state, ParityState::Unknown);
            assert_eq!(
                row.sync,
                AclSync::Leave {
                    why: "no right".to_owned()
                }
            );
        }
    }

    #[test]
    fn a_side_without_authorizer_differs_from_one_with_it_and_is_no_reason_to_remove_rules() {
        let rules = known(&[topic("a", "alice", AclOperation::Read)]);
        let open = Ok(Acls::NoAuthorizer);
        let plain = AclTranslation::default();
        for (source, target) in [(&rules, &open), (&open, &rules)] {
            let found = compare_acls(source, target, &plain, &AclScope::Whole);
            assert!(found.differs());
            assert!(
                found
                    .rows
                    .iter()
                    .all(|row| matches!(row.sync, AclSync::Leave { .. })),
                "{found:?}"
            );
        }
        assert!(compare_acls(&open, &known(&[]), &plain, &AclScope::Whole).differs());
        assert!(!compare_acls(&open, &open, &plain, &AclScope::Whole).differs());
    }

    #[test]
    fn rules_of_brokers_are_each_clusters_own() {
        let brokers = |name: &str| {
            rule(
                ResourceKind::Cluster,
                "kafka-cluster",
                name,
                AclOperation::ClusterAction,
            )
        };
        let found = compare_acls(
            &known(&[brokers("one")]),
            &known(&[brokers("two")]),
            &AclTranslation::default(),
            &AclScope::Whole,
        );
        assert!(!found.differs());
        assert!(
            found
                .rows
                .iter()
                .all(|row| matches!(row.sync, AclSync::Leave { .. })),
            "{found:?}"
        );
    }

    #[test]
    fn of_some_topics_and_groups_only_what_their_principals_need_is_compared() {
        let source = known(&[
            topic("a", "alice", AclOperation::Write),
            topic("*", "root", AclOperation::All),
            topic("other", "carol", AclOperation::Write),
            rule(ResourceKind::Group, "g", "bob", AclOperation::Read),
            rule(ResourceKind::Group, "h", "bob", AclOperation::Read),
            rule(ResourceKind::TransactionalId, "t", "alice", AclOperation::Write),
            rule(ResourceKind::TransactionalId, "t", "carol", AclOperation::Write),
        ]);
        let scope = |groups: Option<&[&str]>| AclScope::Of {
            routes: vec![("a".to_owned(), "b".to_owned())],
            groups: groups.map(|groups| groups.iter().map(|group| (*group).to_owned()).collect()),
        };
        let seen = |scope: &AclScope| {
            let found = compare_acls(&source, &known(&[]), &renaming("a", "b"), scope);
            let name = |row: &AclRow| {
                let rule = row.source.clone().unwrap();
                format!("{} {}", rule.principal, rule.name)
            };
            found.rows.iter().map(name).collect::<BTreeSet<_>>()
        };
        let expected: BTreeSet<String> = ["User:alice a", "User:root *", "User:bob g", "User:alice t"]
            .map(str::to_owned)
            .into();
        assert_eq!(seen(&scope(Some(&["g"]))), expected);
        let target = known(&[
            topic("a", "old", AclOperation::Read),
            topic("b", "new", AclOperation::Read),
        ]);
        let found = compare_acls(&known(&[]), &target, &renaming("a", "b"), &scope(None));
        let left: Vec<_> = found.rows.iter().filter_map(|row| row.target.clone()).collect();
        assert_eq!(
            left,
            [topic("b", "new", AclOperation::Read)],
            "the target's names count there"
        );
    }
}
