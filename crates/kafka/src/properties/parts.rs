//! Files that hold more than one connection: sections, prefixes of other programs, MirrorMaker's clusters.

use std::collections::{BTreeMap, BTreeSet};

use super::error::PropertiesError;
use super::findings::Findings;
use super::given::Given;
use super::syntax::Entry;
use super::{foreign, names, roles};

/// What is not the connection's own, by the name before it.
pub(super) type Groups = BTreeMap<String, Given>;

/// Sections that hold for all programs that read a file.
const COMMON_SECTIONS: &[&str] = &[
    "default",
    "common",
    "global",
    "kafka",
    "client",
    "connection",
    "cluster",
    "main",
];

const BROKERS: &[&str] = &["bootstrap.servers", "metadata.broker.list"];

/// The properties of one connection; `part` is the name of a section or prefix, for files with several of them.
pub(super) fn choose(entries: Vec<Entry>, part: Option<&str>, findings: &mut Findings) -> Given {
    let mut part = part;
    let (entries, sections) = sections(entries, &mut part, findings);
    prefixes(entries, sections, part, findings)
}

pub(super) fn has_brokers<'a>(mut keys: impl Iterator<Item = &'a str>) -> bool {
    keys.any(|key| BROKERS.contains(&key))
}

/// The entries of the connection, and the sections that are none of it.
fn sections(
    entries: Vec<Entry>,
    part: &mut Option<&str>,
    findings: &mut Findings,
) -> (Vec<Entry>, BTreeMap<String, Vec<Entry>>) {
    let names: BTreeSet<String> = entries.iter().filter_map(|entry| entry.section.clone()).collect();
    if names.is_empty() {
        return (entries, BTreeMap::new());
    }
    let is_common = |section: &Option<String>| {
        section
            .as_ref()
            .is_none_or(|name| COMMON_SECTIONS.contains(&name.to_lowercase().as_str()))
    };
    let brokers_in = |section: &str| {
        has_brokers(
            entries
                .iter()
                .filter(|entry| entry.section.as_deref() == Some(section))
                .map(|entry| entry.key.as_str()),
        )
    };
    let common_has_brokers = has_brokers(
        entries
            .iter()
            .filter(|entry| is_common(&entry.section))
            .map(|entry| entry.key.as_str()),
    );
    let with_brokers: Vec<String> = names.iter().filter(|name| brokers_in(name)).cloned().collect();
    let chosen = match part.filter(|part| names.contains(*part)) {
        Some(name) => {
            *part = None;
            Some(name.to_owned())
        }
        None if common_has_brokers => None,
        None => match with_brokers.as_slice() {
            [] => None,
            [one] => Some(one.clone()),
            several => {
                findings.fault(PropertiesError::SeveralClusters {
                    what: "this file",
                    names: several.to_vec(),
                });
                None
            }
        },
    };
    let mut left: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
    let (mut common, mut own) = (Vec::new(), Vec::new());
    for mut entry in entries {
        if is_common(&entry.section) {
            entry.section = None;
            common.push(entry);
        } else if entry.section == chosen {
            own.push(entry);
        } else {
            left.entry(entry.section.take().unwrap_or_default())
                .or_default()
                .push(entry);
        }
    }
    // A section of its own counts before what holds for all.
    common.extend(own);
    (common, left)
}

/// A key or name that may be shown: not what somebody wrote in its place.
pub(super) fn shown(key: &str) -> &str {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"._->*".contains(&byte);
    if key.len() <= 100 && key.bytes().all(is_name) {
        key
    } else {
        "(a name that is not shown)"
    }
}

fn prefixes(
    entries: Vec<Entry>,
    sections: BTreeMap<String, Vec<Entry>>,
    part: Option<&str>,
    findings: &mut Findings,
) -> Given {
    let kind = foreign::kind(entries.iter().map(|entry| entry.key.as_str()));
    let (mut own, mut others) = grouped(entries);
    // The name of what adds its security to the connection, where it has no brokers of its own.
    let role = part.and_then(|name| roles::named(name, &others));
    let chosen = chosen_prefix(&own, &others, part.filter(|_| role.is_none()), kind, findings);
    if let Some(chosen) = &chosen {
        own = below(chosen, own, &mut others);
        findings.note(format!("the lines that begin with '{}.' are read", shown(chosen)));
    }
    let main = roles::Main {
        chosen: chosen.as_deref(),
        part,
        role: role.as_deref(),
    };
    let mut groups = others.clone();
    for (name, entries) in &sections {
        let group = groups.entry(name.clone()).or_default();
        for entry in entries {
            group.add(entry.key.clone(), entry.clone());
        }
    }
    let used = roles::complete(&mut own, &main, &groups, findings);
    for (name, entries) in sections.iter().filter(|(name, _)| !used.contains(*name)) {
        let keys: Vec<&str> = entries.iter().map(|entry| shown(&entry.key)).collect();
        findings.note(format!(
            "the section [{}] is left out: {}",
            shown(name),
            keys.join(", ")
        ));
    }
    leave_out(&others, &used, &mut own, findings);
    own
}

/// What has no name before it, and the rest by that name.
fn grouped(entries: Vec<Entry>) -> (Given, Groups) {
    let mut own = Given::default();
    let mut others = Groups::new();
    for entry in entries {
        let key = if entry.key.starts_with("spring.") {
            names::property(&entry.key)
        } else {
            entry.key.clone()
        };
        match names::split(&key) {
            Some((prefix, name)) if !prefix.is_empty() => {
                let group = others.entry(prefix.to_owned()).or_default();
                group.add(name.to_owned(), entry);
            }
            _ => own.add(key, entry),
        }
    }
    (own, others)
}

/// The connection of a prefix: what stands below it counts before what has none.
fn below(chosen: &str, mut own: Given, others: &mut Groups) -> Given {
    for name in BROKERS {
        own.values.remove(*name);
    }
    // Spring keeps what it has no name for below `properties`.
    let nested = [
        chosen.to_owned(),
        format!("{chosen}.properties"),
        format!("{chosen}.configuration"),
        // Strimzi's resources.
        format!("{chosen}.config"),
        chosen.strip_suffix(".properties").unwrap_or(chosen).to_owned(),
    ];
    let mut inner = Given::default();
    for prefix in nested {
        inner.join(others.remove(&prefix).unwrap_or_default());
    }
    own.replace_by(inner);
    own
}

/// The prefix whose lines are the connection that is meant; `None` for the lines without one.
fn chosen_prefix(
    own: &Given,
    others: &Groups,
    part: Option<&str>,
    kind: &'static str,
    findings: &mut Findings,
) -> Option<String> {
    let clusters: Vec<String> = others
        .iter()
        .filter(|(_, group)| has_brokers(group.values.keys().map(String::as_str)))
        .map(|(prefix, _)| prefix.clone())
        .collect();
    match part {
        Some(name) => {
            let found = others.keys().find(|prefix| {
                *prefix == name
                    || prefix.rsplit('.').next() == Some(name)
                    || prefix.split('.').next() == Some(name)
            });
            if found.is_none() {
                findings.fault(PropertiesError::NoSuchPart {
                    name: shown(name).to_owned(),
                    names: others.keys().map(|prefix| shown(prefix).to_owned()).collect(),
                });
            }
            found.cloned()
        }
        None if has_brokers(own.values.keys().map(String::as_str)) => None,
        None => match clusters.as_slice() {
            // Without brokers at all: one prefix before everything is still one connection.
            [] if others.len() == 1 && own.values.keys().all(|key| !names::is_known(key)) => {
                others.keys().next().cloned()
            }
            [] => None,
            [one] => Some(one.clone()),
            // As `spring.kafka`, with other brokers for `spring.kafka.consumer`.
            [first, rest @ ..] if rest.iter().all(|other| other.starts_with(&format!("{first}."))) => {
                Some(first.clone())
            }
            several => {
                let names = several.iter().map(|prefix| short(prefix).to_owned()).collect();
                findings.fault(PropertiesError::SeveralClusters { what: kind, names });
                None
            }
        },
    }
}

/// The name of a cluster among prefixes: `src.kafka` is `src`.
fn short(prefix: &str) -> &str {
    prefix.strip_suffix(".kafka").unwrap_or(prefix)
}

/// Names the connections that are not taken, and their keys that no client knows.
fn leave_out(others: &Groups, used: &BTreeSet<String>, own: &mut Given, findings: &mut Findings) {
    for (prefix, group) in others {
        let begin = format!("{prefix}.");
        let is_cluster = has_brokers(group.values.keys().map(String::as_str));
        // What speaks of security is judged by itself, unless it is another cluster's.
        own.values.retain(|key, value| {
            !key.starts_with(&begin) || !is_cluster && foreign::speaks_of_security(key, value)
        });
        if used.contains(prefix) {
            continue;
        }
        findings.note(format!(
            "'{}.*' is left out: it belongs to another connection or program",
            shown(prefix)
        ));
    }
}
