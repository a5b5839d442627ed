//! A comparison as tables.

use std::collections::BTreeSet;

use sluice_app::ParityView;
use sluice_engine::parity::{
    AclComparison, AclRule, AclSide, AclSync, Applied, EffectiveValue, GroupRow, ParityChange, ParityPart,
    ParityResult, ParityState, PatternKind, Permission, QuotaEntity, QuotaRow, SettingRow, SettingSync,
    TopicRow, TopicShape, ValueOrigin,
};

use crate::tables;

/// The whole comparison; with `all`, also what is the same.
pub fn render(view: &ParityView, all: bool) -> String {
    let found = &view.comparison;
    let is_unread = |part| found.unknown.iter().any(|unknown| unknown.part == part);
    let mut parts: Vec<String> = Vec::new();
    if let Some(topics) = &found.topics {
        parts.push(topics_table(topics, all, is_unread(ParityPart::Topics)));
        parts.extend(settings_table(topics, all));
    }
    if let Some(acls) = &found.acls {
        parts.push(acls_table(acls, all, is_unread(ParityPart::Acls)));
    }
    if let Some(quotas) = &found.quotas {
        parts.push(quotas_table(quotas, all, is_unread(ParityPart::Quotas)));
    }
    if let Some(groups) = &found.groups {
        parts.push(groups_table(groups, all, is_unread(ParityPart::Groups)));
    }
    let unknown: BTreeSet<String> = (found.unknown.iter().map(ToString::to_string))
        .chain(
            found
                .topics
                .iter()
                .flatten()
                .flat_map(|topic| topic.unknown.clone()),
        )
        .collect();
    parts.extend(unknown.iter().map(|sentence| format!("unknown: {sentence}")));
    parts.push(verdict(view));
    parts.join("\n\n")
}

/// Changes with what came of them.
pub fn changes(changes: &[ParityChange], applied: Option<&[Applied]>) -> String {
    let mut table = tables::table(["change", "of", "now", "then", "result"], 0..0);
    for (index, change) in changes.iter().enumerate() {
        let [what, of, now, then] = words(change);
        let outcome = match applied.and_then(|applied| applied.get(index)) {
            None => String::new(),
            Some(Applied { error: None, .. }) => "done".to_owned(),
            Some(Applied {
                error: Some(error), ..
            }) => format!("failed: {error}"),
        };
        table.add_row([what, of, now, then, outcome]);
    }
    tables::text(&table)
}

fn verdict(view: &ParityView) -> String {
    let (source, target) = (&view.source_name, &view.target_name);
    match view.comparison.result {
        ParityResult::Equal => format!("'{source}' and '{target}' are equal in what was compared."),
        ParityResult::Different => format!("'{source}' and '{target}' differ."),
        ParityResult::Unknown => {
            format!("'{source}' and '{target}': no difference was found, but not everything could be read.")
        }
    }
}

/// A table of rows, or the sentence that there is none; what could not be read is not called the same.
fn section(title: &str, header: &[&str], rows: Vec<Vec<String>>, same: usize, unread: bool) -> String {
    let count = match same {
        0 => String::new(),
        _ => format!(" ({same} the same)"),
    };
    if rows.is_empty() && unread {
        return format!("{title}: not known{count}");
    }
    if rows.is_empty() {
        return format!("{title}: no difference{count}");
    }
    let mut table = tables::table(header.to_vec(), 0..0);
    for row in rows {
        table.add_row(row);
    }
    format!("{title}{count}\n{}", tables::text(&table))
}

fn state(state: ParityState) -> String {
    match state {
        ParityState::Same => "same",
        ParityState::Differs => "differs",
        ParityState::OnlySource => "only at the source",
        ParityState::OnlyTarget => "only on the target",
        ParityState::Unknown => "unknown",
    }
    .to_owned()
}

fn topics_table(topics: &[TopicRow], all: bool, unread: bool) -> String {
    let shape = |shape: Option<TopicShape>| {
        shape.map_or_else(
            || "–".to_owned(),
            |shape| format!("{} × {}", shape.partitions, shape.replicas),
        )
    };
    let name = |row: &TopicRow| match &row.source_topic {
        Some(source) if *source != row.target_topic => format!("{source} → {}", row.target_topic),
        _ => row.target_topic.clone(),
    };
    let rows: Vec<Vec<String>> = topics
        .iter()
        .filter(|row| all || row.state != ParityState::Same)
        .map(|row| {
            let differing = row.settings.iter().filter(|row| row.is_difference()).count();
            vec![
                name(row),
                state(row.state),
                shape(row.source),
                shape(row.target),
                match row.unknown.is_empty() {
                    true => differing.to_string(),
                    false => "unknown".to_owned(),
                },
            ]
        })
        .collect();
    let same = topics.iter().filter(|row| row.state == ParityState::Same).count();
    section(
        "topics",
        &[
            "topic",
            "state",
            "partitions × replicas at the source",
            "on the target",
            "settings that differ",
        ],
        rows,
        same,
        unread,
    )
}

fn settings_table(topics: &[TopicRow], all: bool) -> Option<String> {
    let rows: Vec<Vec<String>> = topics
        .iter()
        .flat_map(|topic| topic.settings.iter().map(move |setting| (topic, setting)))
        .filter(|(_, setting)| all || setting.is_difference())
        .map(|(topic, setting)| {
            vec![
                topic.target_topic.clone(),
                setting.key.clone(),
                value(setting.source.as_ref()),
                value(setting.target.as_ref()),
                setting_sync(setting),
            ]
        })
        .collect();
    (!rows.is_empty()).then(|| {
        section(
            "configuration (* set on the topic, + set on the brokers, the rest is Kafka's default)",
            &["topic", "setting", "source", "target", "a sync would"],
            rows,
            0,
            false,
        )
    })
}

fn value(value: Option<&EffectiveValue>) -> String {
    let Some(value) = value else {
        return "–".to_owned();
    };
    let mark = match value.origin {
        ValueOrigin::Topic => "*",
        ValueOrigin::Broker => "+",
        ValueOrigin::Default => "",
    };
    match (&value.value, value.sensitive) {
        (_, true) => "hidden".to_owned(),
        (Some(text), false) => format!("{text}{mark}"),
        (None, false) => mark.to_owned(),
    }
}

fn setting_sync(setting: &SettingRow) -> String {
    match &setting.sync {
        SettingSync::Nothing => String::new(),
        SettingSync::Set { value } => format!("set {value}"),
        SettingSync::Remove { inherited } => format!("remove it (then {inherited})"),
        SettingSync::Leave { why } => format!("leave it: {why}"),
    }
}

fn acls_table(acls: &AclComparison, all: bool, unread: bool) -> String {
    let open = |side: AclSide, name: &str| {
        (side == AclSide::NoAuthorizer)
            .then(|| format!("the {name} has no authorizer: everyone may do everything there"))
    };
    let others = |side: AclSide, name: &str| match side {
        AclSide::Rules { of_other_kinds, .. } if of_other_kinds > 0 => Some(format!(
            "{of_other_kinds} rules of the {name} are of kinds that came after this version of Sluice, and were not compared"
        )),
        _ => None,
    };
    let rows: Vec<Vec<String>> = acls
        .rows
        .iter()
        .filter(|row| all || row.state != ParityState::Same)
        .filter_map(|row| {
            let rule = row.source.as_ref().or(row.target.as_ref())?;
            let sync = match &row.sync {
                AclSync::Nothing => String::new(),
                AclSync::Create => "create it".to_owned(),
                AclSync::Remove => "remove it".to_owned(),
                AclSync::Leave { why } => format!("leave it: {why}"),
            };
            let there = match (&row.source, &row.target) {
                (Some(source), Some(target)) if source != target => acl_rule(target),
                _ => String::new(),
            };
            Some(vec![acl_rule(rule), there, state(row.state), sync])
        })
        .collect();
    let same = acls
        .rows
        .iter()
        .filter(|row| row.state == ParityState::Same)
        .count();
    let table = section(
        "ACLs",
        &["rule", "on the target", "state", "copying would"],
        rows,
        same,
        unread,
    );
    [
        open(acls.source, "source"),
        open(acls.target, "target"),
        others(acls.source, "source"),
        others(acls.target, "target"),
        Some(table),
    ]
    .into_iter()
    .flatten()
    .collect::<Vec<_>>()
    .join("\n")
}

/// `allow User:alice WRITE TOPIC orders*`, where `*` stands behind a prefix.
fn acl_rule(rule: &AclRule) -> String {
    let permission = match rule.permission {
        Permission::Allow => "allow",
        Permission::Deny => "deny",
    };
    let host = match rule.host.as_str() {
        "*" => String::new(),
        host => format!(" from {host}"),
    };
    let pattern = match rule.pattern {
        PatternKind::Literal => "",
        PatternKind::Prefixed => "*",
    };
    format!(
        "{permission} {}{host} {} {} {}{pattern}",
        rule.principal,
        rule.operation.word(),
        rule.resource.word(),
        rule.name
    )
}

fn quota_entity(entity: &QuotaEntity) -> String {
    let parts: Vec<String> = entity
        .iter()
        .map(|(kind, name)| format!("{kind} {}", name.as_deref().unwrap_or("(default)")))
        .collect();
    parts.join(", ")
}

fn limit(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| value.to_string())
}

fn quotas_table(quotas: &[QuotaRow], all: bool, unread: bool) -> String {
    let rows = quotas
        .iter()
        .filter(|row| all || row.state != ParityState::Same)
        .map(|row| {
            vec![
                quota_entity(&row.entity),
                row.limit.clone(),
                limit(row.source),
                limit(row.target),
                state(row.state),
            ]
        })
        .collect();
    let same = quotas.iter().filter(|row| row.state == ParityState::Same).count();
    section(
        "quotas",
        &["of", "limit", "source", "target", "state"],
        rows,
        same,
        unread,
    )
}

fn groups_table(groups: &[GroupRow], all: bool, unread: bool) -> String {
    let rows = groups
        .iter()
        .filter(|row| all || row.state != ParityState::Same)
        .map(|row| vec![row.group.clone(), state(row.state)])
        .collect();
    let same = groups.iter().filter(|row| row.state == ParityState::Same).count();
    section("consumer groups", &["group", "state"], rows, same, unread)
}

/// What a change does, of what, and its values before and after.
fn words(change: &ParityChange) -> [String; 4] {
    let none = || "–".to_owned();
    let was = |was: &Option<String>| was.clone().unwrap_or_else(none);
    match change {
        ParityChange::SetValue {
            topic,
            key,
            value,
            was: now,
        } => [format!("set {key}"), topic.clone(), was(now), value.clone()],
        ParityChange::RemoveValue {
            topic,
            key,
            inherited,
            was: now,
        } => [
            format!("remove {key}"),
            topic.clone(),
            was(now),
            inherited.clone(),
        ],
        ParityChange::CreateAcl { rule } => [
            "create ACL".to_owned(),
            acl_rule(rule),
            String::new(),
            String::new(),
        ],
        ParityChange::RemoveAcl { rule } => [
            "remove ACL".to_owned(),
            acl_rule(rule),
            String::new(),
            String::new(),
        ],
        ParityChange::SetQuota {
            entity,
            limit: name,
            value,
            was,
        } => [
            format!("set {name}"),
            quota_entity(entity),
            limit(*was),
            value.to_string(),
        ],
        ParityChange::RemoveQuota {
            entity,
            limit: name,
            was,
        } => [
            format!("remove {name}"),
            quota_entity(entity),
            limit(*was),
            none(),
        ],
    }
}
