//! The properties of one connection, each with its place, and what contradicts itself among them.

use std::collections::BTreeMap;

use super::error::PropertiesError;
use super::findings::Findings;
use super::syntax::Entry;

/// Where a property stands, as a sentence can name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// Its key in the spelling of the file.
    pub(super) key: String,
    /// Its line, from 1, where it is known.
    pub(super) line: Option<usize>,
}

/// Properties that were read and are not translated yet.
#[derive(Debug, Clone, Default)]
pub(super) struct Given {
    pub(super) values: BTreeMap<String, String>,
    pub(super) places: BTreeMap<String, Place>,
    conflicts: Vec<(Place, Place)>,
    /// Whether a value may be replaced by one that stands nearer to the connection.
    layers: BTreeMap<String, Option<String>>,
}

impl Given {
    /// Adds a property. A later line of the same layer that says something else contradicts an earlier one where it
    /// decides over the connection; elsewhere it counts, as for every reader of such files.
    pub(super) fn add(&mut self, name: String, entry: Entry) {
        let place = Place {
            key: entry.written,
            line: entry.line,
        };
        let is_same_layer = self.layers.get(&name) == Some(&entry.section);
        self.insert(name.clone(), entry.value, place, is_same_layer);
        self.layers.insert(name, entry.section);
    }

    fn insert(&mut self, name: String, value: String, place: Place, must_agree: bool) {
        if must_agree
            && let Some(old) = self.values.get(&name)
            && decides(&name)
            && !is_same(&name, old, &value)
            && let Some(first) = self.places.get(&name)
        {
            self.conflicts.push((first.clone(), place.clone()));
        }
        self.places.insert(name.clone(), place);
        self.values.insert(name, value);
    }

    /// Takes all of `other`, which counts before what is here.
    pub(super) fn replace_by(&mut self, other: Given) {
        self.take(other, false);
    }

    /// Takes all of `other`, which stands beside what is here and must not contradict it.
    pub(super) fn join(&mut self, other: Given) {
        self.take(other, true);
    }

    fn take(&mut self, other: Given, must_agree: bool) {
        let Given {
            values,
            mut places,
            conflicts,
            layers,
        } = other;
        for (name, value) in values {
            let place = places.remove(&name).unwrap_or(Place {
                key: name.clone(),
                line: None,
            });
            self.insert(name, value, place, must_agree);
        }
        self.conflicts.extend(conflicts);
        self.layers.extend(layers);
    }

    /// The properties whose names `is_taken`, with their places.
    pub(super) fn only(&self, is_taken: impl Fn(&str) -> bool) -> Given {
        let mut out = self.clone();
        out.values.retain(|name, _| is_taken(name));
        out.places.retain(|name, _| is_taken(name));
        out
    }

    /// Whether a property of this name has a value that is not blank.
    pub(super) fn has(&self, name: &str) -> bool {
        self.values
            .get(name)
            .is_some_and(|value| !value.trim().is_empty())
    }

    /// Whether both say the same of everything that both name.
    pub(super) fn agrees_with(&self, other: &Given) -> bool {
        self.values
            .iter()
            .all(|(name, value)| other.values.get(name).is_none_or(|of| is_same(name, value, of)))
    }

    /// Makes faults of what contradicts itself, and tells the places to who looks for more.
    pub(super) fn settle(self, findings: &mut Findings) -> BTreeMap<String, String> {
        for (first, second) in &self.conflicts {
            findings.fault(contradiction(first, second));
        }
        findings.places = self.places;
        self.values
    }
}

/// Whether a property decides where a connection goes, who logs in, or how it is protected.
fn decides(name: &str) -> bool {
    ["sasl.", "security.", "ssl.", "sluice."]
        .iter()
        .any(|root| name.starts_with(root))
        || matches!(
            name,
            "bootstrap.servers" | "metadata.broker.list" | "enable.ssl.certificate.verification"
        )
}

/// Whether two values mean the same.
pub(super) fn is_same(name: &str, one: &str, other: &str) -> bool {
    let letters = |text: &str| -> String {
        text.chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|c| c.to_ascii_lowercase())
            .collect()
    };
    let addresses = |text: &str| {
        let mut all: Vec<String> = text
            .trim_matches(['"', '\''])
            .split(',')
            .map(|entry| entry.trim().to_ascii_lowercase())
            .filter(|entry| !entry.is_empty())
            .collect();
        all.sort();
        all.dedup();
        all
    };
    match name {
        "bootstrap.servers" | "metadata.broker.list" => addresses(one) == addresses(other),
        "security.protocol" | "sasl.mechanism" | "sasl.mechanisms" => letters(one) == letters(other),
        "enable.ssl.certificate.verification" | "ssl.endpoint.identification.algorithm" => {
            one.trim().eq_ignore_ascii_case(other.trim())
        }
        _ => one.trim() == other.trim(),
    }
}

/// The fault of two places that say different things of one setting; no value is in it.
pub(super) fn contradiction(first: &Place, second: &Place) -> PropertiesError {
    let named = |place: &Place| super::parts::shown(&place.key).to_owned();
    PropertiesError::Contradiction {
        key: named(first),
        line: first.line,
        other: named(second),
        again: second.line,
    }
}
