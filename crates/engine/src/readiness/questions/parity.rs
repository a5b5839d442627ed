//! `topic_parity` and `acl_parity`.

use std::collections::BTreeMap;

use crate::error::Side;
use crate::parity::{
    AclComparison, AclOperation, AclRow, AclRule, AclSide, Comparison, EffectiveValue, ParityError,
    ParityRules, ParityState, Parts, Permission, SettingRow, TopicRow, compare_clusters,
};
use crate::plan::precheck::words::{counted, listed, quoted};
use crate::readiness::answer::Answer;
use crate::readiness::evidence::{Evidence, EvidenceValue};
use crate::readiness::facts::{Facts, Known};
use crate::readiness::unknown::Unknown;

fn compared(facts: &Facts<'_>, parts: Parts) -> Known<Comparison> {
    let rules = ParityRules {
        objects: Some(facts.task.objects.clone()),
        rename: facts.task.rename.clone(),
        ..ParityRules::default()
    };
    let (source, target) = (&facts.task.source, &facts.task.target);
    compare_clusters(source, target, parts, &rules, facts.cancel()).map_err(|error| match error {
        ParityError::Cluster { side, error } => Unknown::of(side, &error),
        ParityError::Rules(error) => Unknown::new(error.to_string(), "correct the task's topics or renames"),
    })
}

/// Whether the topics are set up alike on both sides, by what is in force for them.
pub(crate) fn topics(facts: &Facts<'_>) -> Known<Answer> {
    let parts = Parts {
        topics: true,
        ..Parts::NONE
    };
    let found = compared(facts, parts)?;
    let rows: Vec<TopicRow> = found.topics.unwrap_or_default();
    let (mut fewer, mut decisive, mut other, mut evidence) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for row in &rows {
        let name = row.target_topic.as_str();
        let shapes = row.source.zip(row.target);
        if shapes.is_none_or(|(source, target)| target.partitions < source.partitions) {
            fewer.push(name);
        }
        let differing: Vec<&SettingRow> = row
            .settings
            .iter()
            .filter(|setting| setting.is_difference() && setting.state != ParityState::OnlyTarget)
            .filter(|setting| !is_no_limit_there(setting))
            .collect();
        if differing.iter().any(|setting| refuses_or_deletes(setting)) {
            decisive.push(name);
        } else if !differing.is_empty() || row.source != row.target {
            other.push(name);
        }
        evidence.extend(shape_row(row));
        evidence.extend(differing.into_iter().map(|setting| setting_row(name, setting)));
    }
    let answer = if !fewer.is_empty() {
        Answer::failed(
            format!(
                "topics with fewer partitions on the target, or none at all: {}",
                quoted(&fewer)
            ),
            "give them as many partitions as at the source",
        )
    } else if !decisive.is_empty() {
        Answer::failed(
            format!(
                "topics that treat records differently on the target: {}",
                quoted(&decisive)
            ),
            "give cleanup.policy and max.message.bytes of these topics the source's values",
        )
    } else if !other.is_empty() {
        Answer::warning(
            format!(
                "topics that are set up differently on the target: {}",
                quoted(&other)
            ),
            "see the settings in the evidence, and change those that are not meant",
        )
    } else if let Some(unknown) = found.unknown.into_iter().next() {
        return Err(Unknown::new(unknown.sentence, "compare these topics by hand"));
    } else {
        Answer::success(format!(
            "{} set up alike on both sides",
            counted(rows.len(), "topic")
        ))
    };
    Ok(answer.with(evidence))
}

/// Whether the source says that it has no limit where the target, being older, knows none.
fn is_no_limit_there(setting: &SettingRow) -> bool {
    let unlimited = i64::MAX.to_string();
    setting.state == ParityState::OnlySource
        && matches!(
            setting.key.as_str(),
            "message.timestamp.before.max.ms" | "message.timestamp.after.max.ms"
        )
        && setting.source.as_ref().and_then(|value| value.value.as_ref()) == Some(&unlimited)
}

/// Whether the target refuses records that the source accepts, or deletes other ones, because of a setting.
fn refuses_or_deletes(setting: &SettingRow) -> bool {
    let value = |side: &Option<EffectiveValue>| side.as_ref()?.value.clone();
    let (source, target) = (value(&setting.source), value(&setting.target));
    match setting.key.as_str() {
        "cleanup.policy" => true,
        "max.message.bytes" => {
            let number = |text: Option<String>| text?.parse::<i64>().ok();
            number(target)
                .zip(number(source))
                .is_some_and(|(target, source)| target < source)
        }
        _ => false,
    }
}

fn shape_row(row: &TopicRow) -> Option<Evidence> {
    if row.source == row.target {
        return None;
    }
    let count = |value: Option<usize>| value.map(EvidenceValue::from);
    Some(
        Evidence::about(&row.target_topic)
            .maybe(
                "source_partitions",
                count(row.source.map(|shape| shape.partitions)),
            )
            .maybe(
                "target_partitions",
                count(row.target.map(|shape| shape.partitions)),
            )
            .maybe("source_replicas", count(row.source.map(|shape| shape.replicas)))
            .maybe("target_replicas", count(row.target.map(|shape| shape.replicas))),
    )
}

fn setting_row(topic: &str, setting: &SettingRow) -> Evidence {
    Evidence::about(topic)
        .with("setting", setting.key.as_str())
        .maybe(
            "source",
            setting.source.as_ref().and_then(|value| value.value.as_ref()),
        )
        .maybe(
            "target",
            setting.target.as_ref().and_then(|value| value.value.as_ref()),
        )
}

/// Whether principals that may use these topics and their groups at the source may on the target.
pub(crate) fn acls(facts: &Facts<'_>) -> Known<Answer> {
    let parts = Parts {
        acls: true,
        ..Parts::NONE
    };
    let found = compared(facts, parts)?;
    if let Some(unknown) = found.unknown.into_iter().next() {
        return Err(Unknown::new(
            unknown.sentence,
            format!(
                "give the user of the {} data source the right DESCRIBE on the cluster, or compare the rules by hand",
                unknown.side
            ),
        ));
    }
    let Some(acls) = found.acls else {
        return Err(Unknown::new(
            "the rules of access were not compared",
            "compare them by hand",
        ));
    };
    Ok(judged(&acls))
}

fn judged(acls: &AclComparison) -> Answer {
    match (acls.source, acls.target) {
        (AclSide::NoAuthorizer, AclSide::NoAuthorizer) => {
            return Answer::success("neither cluster checks rights: everyone may do everything");
        }
        (_, AclSide::NoAuthorizer) => {
            return Answer::warning(
                "the target does not check rights, and the source does: everyone may do everything there",
                "set up an authorizer on the target if this is not meant",
            );
        }
        (AclSide::NoAuthorizer, _) => {
            return Answer::warning(
                "the target checks rights, and the source does not: it does not say who needs which",
                "give each application its rights on the target before the switch",
            );
        }
        _ => {}
    }
    let missing: Vec<&AclRule> = acls
        .rows
        .iter()
        .filter(|row| row.is_difference() && row.state == ParityState::OnlySource)
        .filter_map(|row| row.source.as_ref())
        .collect();
    let denied: Vec<&AclRule> = acls
        .rows
        .iter()
        .filter(|row| row.is_difference() && row.state == ParityState::OnlyTarget)
        .filter_map(|row| row.target.as_ref())
        .filter(|rule| rule.permission == Permission::Deny)
        .collect();
    let lacking: Vec<&AclRule> = missing
        .iter()
        .filter(|rule| rule.permission == Permission::Allow && rule.operation != AclOperation::ClusterAction)
        .copied()
        .collect();
    let evidence = missing.iter().map(|rule| rule_row(rule, Side::Target));
    let evidence: Vec<Evidence> = evidence
        .chain(denied.iter().map(|rule| rule_row(rule, Side::Source)))
        .collect();
    let answer = if !lacking.is_empty() {
        Answer::failed(
            format!(
                "rights that are missing on the target: {}",
                listed(&by_principal(&lacking), "; ")
            ),
            "give these principals the rights on the target (sluice compare --acls shows and copies them)",
        )
    } else if !evidence.is_empty() {
        Answer::warning(
            format!(
                "{} to deny access on one side only",
                counted(evidence.len(), "rule")
            ),
            "see the rules in the evidence, and make them alike if that is meant",
        )
    } else {
        let same = acls.rows.iter().filter(|row| !AclRow::is_difference(row)).count();
        Answer::success(format!(
            "{} for these topics and groups, the same on both sides",
            counted(same, "rule")
        ))
    };
    answer.with(evidence)
}

/// What each principal lacks: `User:a: WRITE, READ on 'orders'`.
fn by_principal(rules: &[&AclRule]) -> Vec<String> {
    let mut by: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for rule in rules {
        by.entry((&rule.principal, &rule.name))
            .or_default()
            .push(rule.operation.word());
    }
    by.into_iter()
        .map(|((principal, name), operations)| format!("{principal}: {} on '{name}'", operations.join(", ")))
        .collect()
}

fn rule_row(rule: &AclRule, missing_on: Side) -> Evidence {
    Evidence::about(&rule.principal)
        .with("missing", missing_on.to_string())
        .with("operation", rule.operation.word())
        .with("resource", format!("{:?} {}", rule.resource, rule.name))
        .with("pattern", format!("{:?}", rule.pattern))
        .with("host", rule.host.as_str())
        .with("allows", rule.permission == Permission::Allow)
}
