//! Security that a file names for its consumer and its producer, and not for the connection that both have.

use std::collections::BTreeSet;

use sluice_model::bootstrap_protocol;

use super::error::PropertiesError;
use super::findings::Findings;
use super::given::Given;
use super::parts::{Groups, has_brokers, shown};
use super::{foreign, wording};

/// What programs call the parts of one connection.
const ROLES: &[&str] = &[
    "admin",
    "client",
    "common",
    "config",
    "configuration",
    "consumer",
    "override",
    "producer",
    "properties",
    "security",
    "streams",
];

/// Names of programs that stand before the variables of one connection.
const PROGRAMS: &[&str] = &["", "kafka", "connect", "confluent"];

/// The connection that was chosen.
pub(super) struct Main<'a> {
    /// The prefix whose lines it is; `None` for the lines without one.
    pub(super) chosen: Option<&'a str>,
    /// The part that the user asked for.
    pub(super) part: Option<&'a str>,
    /// The group among its parts that this is.
    pub(super) role: Option<&'a str>,
}

impl Main<'_> {
    /// Whether a group is a part of this connection.
    fn has(&self, group: &str) -> bool {
        let group = group.to_ascii_lowercase().replace(['-', '_'], ".");
        let are_roles = |rest: &str| rest.split('.').all(|part| ROLES.contains(&part));
        let Some(chosen) = self.chosen else {
            return PROGRAMS
                .iter()
                .any(|program| below(&group, program).is_some_and(are_roles));
        };
        let chosen = chosen.to_ascii_lowercase();
        // As `spring.kafka` beside brokers in `spring.kafka.consumer`.
        let mut bases = vec![chosen.as_str()];
        while let Some((outer, part)) = bases.last().copied().and_then(|base| base.rsplit_once('.'))
            && (ROLES.contains(&part) || part == "kafka")
        {
            if ROLES.contains(&part) && group == outer {
                return true;
            }
            bases.push(outer);
        }
        if PROGRAMS.contains(&chosen.as_str()) {
            bases.push("");
        }
        bases
            .iter()
            .any(|base| below(&group, base).is_some_and(are_roles))
    }
}

/// What follows a prefix in a name.
fn below<'a>(name: &'a str, prefix: &str) -> Option<&'a str> {
    if prefix.is_empty() {
        return Some(name);
    }
    name.strip_prefix(prefix)?.strip_prefix('.')
}

/// The group without brokers of its own that a part's name means, as `kafka.consumer`.
pub(super) fn named(part: &str, others: &Groups) -> Option<String> {
    let group = others.get(part)?;
    let is_role = !has_brokers(group.values.keys().map(String::as_str))
        && part.split('.').any(|name| ROLES.contains(&name));
    is_role.then(|| part.to_owned())
}

fn is_security(name: &str) -> bool {
    ["sasl.", "security.", "ssl."]
        .iter()
        .any(|root| name.starts_with(root))
        || name == "enable.ssl.certificate.verification"
}

/// Whether properties name the security protocol, or a scheme before the brokers does.
fn names_protocol(own: &Given) -> bool {
    let has_scheme = ["bootstrap.servers", "metadata.broker.list"]
        .iter()
        .filter_map(|name| own.values.get(*name))
        .any(|list| list.contains("://") || matches!(bootstrap_protocol(list), Ok(Some(_))));
    has_scheme
        || own.has("security.protocol")
        || own
            .values
            .iter()
            .any(|(key, value)| wording::names_protocol(key, value))
}

/// Adds to a connection without a security protocol what its own parts say of it; what is left out and says more than
/// the connection would have is a fault. Returns the groups that were taken.
pub(super) fn complete(
    own: &mut Given,
    main: &Main<'_>,
    groups: &Groups,
    findings: &mut Findings,
) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    if let Some(role) = main.role.and_then(|role| Some((role, groups.get(role)?))) {
        let (name, group) = role;
        own.replace_by(group.only(is_security));
        used.insert(name.to_owned());
        note(name, findings);
        return used;
    }
    let is_undecided = findings.faults.iter().any(|fault| {
        matches!(
            fault,
            PropertiesError::SeveralClusters { .. } | PropertiesError::NoSuchPart { .. }
        )
    });
    if is_undecided || names_protocol(own) {
        return used;
    }
    let without_brokers = |group: &Given| !has_brokers(group.values.keys().map(String::as_str));
    let speaking: Vec<(&String, Given)> = groups
        .iter()
        .filter(|(name, group)| Some(name.as_str()) != main.chosen && without_brokers(group))
        .map(|(name, group)| (name, group.only(is_security)))
        .filter(|(_, group)| group.values.iter().any(|(key, value)| says_something(key, value)))
        .collect();
    let (parts, others): (Vec<_>, Vec<_>) = speaking.into_iter().partition(|(name, _)| main.has(name));
    let agree = parts
        .iter()
        .enumerate()
        .all(|(at, (_, one))| parts[at + 1..].iter().all(|(_, other)| one.agrees_with(other)));
    if !agree {
        findings.fault(PropertiesError::SeveralLogins {
            names: parts.iter().map(|(name, _)| shown(name).to_owned()).collect(),
        });
        return used;
    }
    let is_of_another = |name: &str| {
        groups.iter().any(|(other, group)| {
            let other = other.strip_suffix(".kafka").unwrap_or(other);
            !without_brokers(group) && below(name, other).is_some()
        })
    };
    if main.part.is_none() && parts.is_empty() {
        for (name, group) in &others {
            if !is_of_another(name) && !foreign::is_elsewhere(name) {
                let key = group
                    .values
                    .iter()
                    .find(|(key, value)| says_something(key, value));
                let key = format!("{name}.{}", key.map_or("", |(key, _)| key));
                findings.fault(PropertiesError::value(
                    shown(&key),
                    "asks for security that the connection would not have, since the file names none for its brokers: write security.protocol for them, PLAINTEXT where they have none",
                ));
            }
        }
    }
    for (name, group) in parts {
        own.join(group);
        used.insert(name.clone());
        note(name, findings);
    }
    used
}

/// Whether a property asks for more than a connection in clear.
fn says_something(key: &str, value: &str) -> bool {
    let value = value.trim();
    match key {
        "security.protocol" => !value.is_empty() && !value.eq_ignore_ascii_case("PLAINTEXT"),
        _ => foreign::speaks_of_security(key, value) && key != "ssl.endpoint.identification.algorithm",
    }
}

fn note(name: &str, findings: &mut Findings) {
    findings.note(format!(
        "the security of '{}' is taken for the connection, and nothing else of it",
        shown(name)
    ));
}
