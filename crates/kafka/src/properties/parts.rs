//! Files that hold more than one connection: sections, prefixes of other programs, MirrorMaker's clusters.

use std::collections::{BTreeMap, BTreeSet};

use super::error::PropertiesError;
use super::findings::Findings;
use super::syntax::Entry;
use super::{foreign, names};

type Properties = BTreeMap<String, String>;

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
pub(super) fn choose(entries: Vec<Entry>, part: Option<&str>, findings: &mut Findings) -> Properties {
    let mut part = part;
    let entries = sections(entries, &mut part, findings);
    prefixes(entries, part, findings)
}

fn has_brokers<'a>(mut keys: impl Iterator<Item = &'a str>) -> bool {
    keys.any(|key| BROKERS.contains(&key))
}

fn sections(entries: Vec<Entry>, part: &mut Option<&str>, findings: &mut Findings) -> Vec<Entry> {
    let names: BTreeSet<String> = entries.iter().filter_map(|entry| entry.section.clone()).collect();
    if names.is_empty() {
        return entries;
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
    let is_taken = |section: &Option<String>| is_common(section) || *section == chosen;
    for name in names.iter().filter(|name| !is_taken(&Some((*name).clone()))) {
        let keys: Vec<&str> = entries
            .iter()
            .filter(|entry| entry.section.as_ref() == Some(name))
            .map(|entry| shown(&entry.key))
            .collect();
        findings.note(format!(
            "the section [{}] is left out: {}",
            shown(name),
            keys.join(", ")
        ));
    }
    // A section of its own counts before what holds for all.
    let (own, common): (Vec<Entry>, Vec<Entry>) = entries
        .into_iter()
        .filter(|entry| is_taken(&entry.section))
        .partition(|entry| chosen.is_some() && entry.section == chosen);
    common.into_iter().chain(own).collect()
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

fn prefixes(entries: Vec<Entry>, part: Option<&str>, findings: &mut Findings) -> Properties {
    let kind = foreign::kind(entries.iter().map(|entry| entry.key.as_str()));
    // The last of two lines with one key counts, as for every reader of such files.
    let mut own = Properties::new();
    let mut others: BTreeMap<String, Properties> = BTreeMap::new();
    for Entry { key, value, .. } in entries {
        let key = if key.starts_with("spring.") {
            names::property(&key)
        } else {
            key
        };
        match names::split(&key) {
            Some((prefix, name)) if !prefix.is_empty() => {
                let group = others.entry(prefix.to_owned()).or_default();
                group.insert(name.to_owned(), value);
            }
            _ => {
                own.insert(key, value);
            }
        }
    }
    let chosen = chosen_prefix(&own, &others, part, kind, findings);
    let Some(chosen) = chosen else {
        leave_out(&others, &mut own, findings);
        return own;
    };
    for name in BROKERS {
        own.remove(*name);
    }
    // Spring keeps what it has no name for below `properties`.
    let nested = [
        chosen.clone(),
        format!("{chosen}.properties"),
        format!("{chosen}.configuration"),
        // Strimzi's resources.
        format!("{chosen}.config"),
        chosen.strip_suffix(".properties").unwrap_or(&chosen).to_owned(),
    ];
    for prefix in nested {
        own.extend(others.remove(&prefix).unwrap_or_default());
    }
    findings.note(format!(
        "the lines that begin with '{}.' are read",
        shown(&chosen)
    ));
    leave_out(&others, &mut own, findings);
    own
}

/// The prefix whose lines are the connection that is meant; `None` for the lines without one.
fn chosen_prefix(
    own: &Properties,
    others: &BTreeMap<String, Properties>,
    part: Option<&str>,
    kind: &'static str,
    findings: &mut Findings,
) -> Option<String> {
    let clusters: Vec<String> = others
        .iter()
        .filter(|(_, group)| has_brokers(group.keys().map(String::as_str)))
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
        None if has_brokers(own.keys().map(String::as_str)) => None,
        None => match clusters.as_slice() {
            // Without brokers at all: one prefix before everything is still one connection.
            [] if others.len() == 1 && own.keys().all(|key| !names::is_known(key)) => {
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
fn leave_out(others: &BTreeMap<String, Properties>, own: &mut Properties, findings: &mut Findings) {
    for prefix in others.keys() {
        let begin = format!("{prefix}.");
        own.retain(|key, _| !key.starts_with(&begin));
        findings.note(format!(
            "'{}.*' is left out: it belongs to another connection or program",
            shown(prefix)
        ));
    }
}
