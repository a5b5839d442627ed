//! Which rules of access stop every producer of a topic, by the rules that there are.

use std::collections::BTreeSet;

use sluice_model::{Cluster, PropertyValue};
use sluice_wire::Acl;

use super::record::FenceEntry;
use super::world::PlannedFence;

/// The principal that stands for all.
pub(super) const EVERYBODY: &str = "User:*";
/// The principal of clients that do not log in.
const ANONYMOUS: &str = "User:ANONYMOUS";

/// The rule of a fence on one topic.
pub(super) fn rule(entry: &FenceEntry) -> Acl {
    Acl {
        resource_type: Acl::TOPIC,
        resource: entry.topic.clone(),
        pattern_type: Acl::LITERAL,
        principal: entry.principal.clone(),
        host: entry.host.clone(),
        operation: Acl::WRITE,
        allows: false,
    }
}

/// The rules that deny WRITE on `topics` to whoever may write them now: each principal that a rule allows, without `own`,
/// this program's, and without what is denied already.
///
/// # Errors
/// A topic without any rule, where a first one could shut out readers; or no principal to deny.
pub(super) fn fence_rules(
    known: &[Acl],
    topics: &[String],
    own: Option<&str>,
) -> Result<PlannedFence, String> {
    let mut entries = Vec::new();
    let mut spared = None;
    for topic in topics {
        let on_topic: Vec<&Acl> = known.iter().filter(|acl| acl.is_about_topic(topic)).collect();
        if on_topic.is_empty() {
            return Err(format!(
                "topic '{topic}' has no rules of access: a first one would shut out all readers where the cluster allows what no rule is about, and would stop no producer where only super users write it"
            ));
        }
        let writers: BTreeSet<(&str, &str)> = on_topic
            .iter()
            .filter(|acl| acl.allows && acl.is_about_writing())
            .map(|acl| (acl.principal.as_str(), acl.host.as_str()))
            .collect();
        for (principal, host) in writers {
            let entry = FenceEntry {
                topic: topic.clone(),
                principal: principal.to_owned(),
                host: host.to_owned(),
                stands: false,
            };
            if own == Some(principal) {
                spared = Some(principal.to_owned());
            } else if !known.contains(&rule(&entry)) {
                // One that was there before this fence is not its own, and must not go with it.
                entries.push(entry);
            }
        }
    }
    if let Some(own) = spared.as_ref().filter(|_| entries.is_empty()) {
        return Err(format!(
            "{own} is the only one that rules let write these topics, and Sluice itself logs in as it: a fence would stop the copy back. Give the producers a user of their own"
        ));
    }
    if entries.is_empty() {
        return Err(
            "only super users may write these topics, and rules do not concern super users: a fence would stop no producer"
                .to_owned(),
        );
    }
    Ok(PlannedFence { entries, spared })
}

/// Whom a cluster takes this client for, where that follows from how it logs in: not with certificates, tokens and
/// Kerberos, whose names the brokers make.
pub(super) fn own_principal(cluster: &Cluster) -> Option<String> {
    let property = |name: &str| cluster.properties().get(name).map(PropertyValue::reveal);
    let protocol = property("security.protocol")
        .unwrap_or("plaintext")
        .to_ascii_lowercase();
    match protocol.as_str() {
        "plaintext" => Some(ANONYMOUS.to_owned()),
        "sasl_plaintext" | "sasl_ssl" => property("sasl.username").map(|name| format!("User:{name}")),
        _ => None,
    }
}

/// Whether a rule may stop this client, too.
pub(super) fn may_concern(entry: &FenceEntry, own: Option<&str>) -> bool {
    entry.principal == EVERYBODY || own.is_none_or(|own| own == entry.principal)
}

#[cfg(test)]
mod tests {
    const TOPIC: i8 = Acl::TOPIC;
    const LITERAL: i8 = Acl::LITERAL;
    const PREFIXED: i8 = Acl::PREFIXED;
    const ALL: i8 = Acl::ALL;
    const WRITE: i8 = Acl::WRITE;

    use super::*;

    fn acl(resource: &str, pattern_type: i8, principal: &str, operation: i8, allows: bool) -> Acl {
        Acl {
            resource_type: TOPIC,
            resource: resource.to_owned(),
            pattern_type,
            principal: principal.to_owned(),
            host: "*".to_owned(),
            operation,
            allows,
        }
    }

    fn named(entries: &[FenceEntry]) -> Vec<(&str, &str)> {
        entries
            .iter()
            .map(|entry| (entry.topic.as_str(), entry.principal.as_str()))
            .collect()
    }

    #[test]
    fn whoever_a_rule_lets_write_is_denied_by_name_whatever_the_rule_is_on() {
        let known = [
            acl("orders", LITERAL, "User:alice", WRITE, true),
            acl("ord", PREFIXED, "User:bob", ALL, true),
            acl("*", LITERAL, "User:*", WRITE, true),
            acl("orders", LITERAL, "User:reader", 3, true),
            acl("payments", LITERAL, "User:carol", WRITE, true),
            acl("orders", PREFIXED, "User:denied", WRITE, false),
        ];
        let planned = fence_rules(&known, &["orders".to_owned()], None).unwrap();
        let entries = planned.entries;
        assert_eq!(
            named(&entries),
            [
                ("orders", "User:*"),
                ("orders", "User:alice"),
                ("orders", "User:bob")
            ]
        );
        assert!(entries.iter().all(|entry| !entry.stands));
    }

    #[test]
    fn the_copy_itself_is_spared_and_a_rule_that_was_there_before_is_not_taken_for_its_own() {
        let known = [
            acl("orders", LITERAL, "User:alice", WRITE, true),
            acl("orders", LITERAL, "User:sluice", WRITE, true),
            acl("orders", LITERAL, "User:bob", WRITE, true),
            acl("orders", LITERAL, "User:bob", WRITE, false),
        ];
        let planned = fence_rules(&known, &["orders".to_owned()], Some("User:sluice")).unwrap();
        assert_eq!(named(&planned.entries), [("orders", "User:alice")]);
        assert_eq!(planned.spared.as_deref(), Some("User:sluice"), "and that is said");
        let alone = fence_rules(&known[1..2], &["orders".to_owned()], Some("User:sluice")).unwrap_err();
        assert!(alone.contains("User:sluice is the only one"), "{alone}");
    }

    #[test]
    fn a_topic_without_rules_and_one_that_only_super_users_write_are_refused() {
        let none = fence_rules(&[], &["orders".to_owned()], None).unwrap_err();
        assert!(none.contains("'orders' has no rules"), "{none}");
        let readers = [acl("orders", LITERAL, "User:reader", 3, true)];
        let refused = fence_rules(&readers, &["orders".to_owned()], None).unwrap_err();
        assert!(refused.contains("super users"), "{refused}");
    }

    #[test]
    fn this_client_is_known_by_its_login_and_by_nothing_else() {
        let mut cluster = Cluster::new("a:1").unwrap();
        assert_eq!(own_principal(&cluster).as_deref(), Some("User:ANONYMOUS"));
        cluster.set("security.protocol", "SASL_SSL");
        cluster.set("sasl.username", "sluice");
        assert_eq!(own_principal(&cluster).as_deref(), Some("User:sluice"));
        cluster.set("security.protocol", "ssl");
        assert_eq!(own_principal(&cluster), None);
        let entry = |principal: &str| FenceEntry {
            topic: "t".to_owned(),
            principal: principal.to_owned(),
            host: "*".to_owned(),
            stands: true,
        };
        assert!(may_concern(&entry("User:*"), Some("User:sluice")));
        assert!(!may_concern(&entry("User:alice"), Some("User:sluice")));
        assert!(may_concern(&entry("User:alice"), None), "it may be this client");
    }
}
