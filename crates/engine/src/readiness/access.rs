//! Reading rules of access.

use std::collections::BTreeSet;

use sluice_wire::Acl;

/// Principals that may write to a topic, without those whom a rule denies it. Superusers have no rules.
pub(crate) fn writers<'a>(rules: &'a [Acl], topic: &str) -> BTreeSet<&'a str> {
    let about = |rule: &&Acl| rule.is_about_writing() && rule.is_about_topic(topic);
    let named = |allows: bool| {
        rules
            .iter()
            .filter(about)
            .filter(move |rule| rule.allows == allows)
            .map(|rule| rule.principal.as_str())
    };
    let forbidden: BTreeSet<&str> = named(false).collect();
    named(true)
        .filter(|principal| !forbidden.contains(principal))
        .collect()
}

#[cfg(test)]
mod tests {
    const TOPIC: i8 = Acl::TOPIC;
    const LITERAL: i8 = Acl::LITERAL;
    const PREFIXED: i8 = Acl::PREFIXED;
    const ALL: i8 = Acl::ALL;
    const WRITE: i8 = Acl::WRITE;

    use super::*;

    fn rule(resource: &str, pattern_type: i8, principal: &str, operation: i8, allows: bool) -> Acl {
        Acl {
            resource_type: TOPIC,
            resource: resource.into(),
            pattern_type,
            principal: principal.into(),
            host: "*".into(),
            operation,
            allows,
        }
    }

    #[test]
    fn principals_allowed_by_any_pattern_are_writers_unless_another_rule_denies_it() {
        let rules = [
            rule("orders", LITERAL, "User:a", WRITE, true),
            rule("ord", PREFIXED, "User:b", ALL, true),
            rule("*", LITERAL, "User:c", WRITE, true),
            rule("orders", LITERAL, "User:reader", 3, true),
            rule("other", LITERAL, "User:other", WRITE, true),
            rule("*", LITERAL, "User:d", WRITE, true),
            rule("orders", LITERAL, "User:d", WRITE, false),
        ];
        let found: Vec<&str> = writers(&rules, "orders").into_iter().collect();
        assert_eq!(found, ["User:a", "User:b", "User:c"]);
    }
}
