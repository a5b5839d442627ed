use std::collections::BTreeMap;

use super::error::PropertiesError;
use super::given::{Place, contradiction, is_same};
use super::placeholders::Open;

/// What reading a file finds beside its properties; all of it is reported at once.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// What was left out and what looks like a mistake; without secrets.
    pub(super) notes: Vec<String>,
    /// What has to be changed before the file can be used.
    pub(super) faults: Vec<PropertiesError>,
    /// Properties whose values only another program can know.
    pub(super) gaps: Vec<Gap>,
    /// Where the properties stand, by their names.
    pub(super) places: BTreeMap<String, Place>,
}

/// A property whose value is not in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Gap {
    /// The property.
    pub(super) key: String,
    /// Why, and what to do; follows the key.
    pub(super) reason: String,
}

impl Gap {
    pub(super) fn sentence(&self) -> String {
        format!("'{}' {}", self.key, self.reason)
    }
}

impl Findings {
    pub(super) fn note(&mut self, note: impl Into<String>) {
        let note = note.into();
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    pub(super) fn fault(&mut self, fault: PropertiesError) {
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    /// A value, if it is known; else why it is not is kept.
    pub(super) fn resolved(&mut self, key: &str, value: Result<String, Open>) -> Option<String> {
        match value {
            Ok(value) => Some(value),
            Err(Open::Fault(fault)) => {
                self.fault(fault);
                None
            }
            Err(Open::Gap(reason)) => {
                self.gap(key, reason);
                None
            }
        }
    }

    pub(super) fn gap(&mut self, key: &str, reason: String) {
        let gap = Gap {
            key: key.to_owned(),
            reason,
        };
        if !self.gaps.contains(&gap) {
            self.gaps.push(gap);
        }
    }

    /// Takes a value for a property that another name may have set already, which must agree: `from` and `other` are the
    /// names in the file. A blank value is none.
    pub(super) fn agree(
        &mut self,
        properties: &mut BTreeMap<String, String>,
        name: &str,
        value: String,
        from: &str,
        other: &str,
    ) {
        let old = properties.get(name).filter(|old| !old.trim().is_empty());
        if let Some(old) = old {
            if value.trim().is_empty() {
                return;
            }
            if !is_same(name, old, &value) {
                self.contradict(other, from);
            }
        }
        properties.insert(name.to_owned(), value);
    }

    /// What the file calls the first of these properties that it has.
    pub(super) fn name_of(&self, names: &[&str]) -> String {
        names
            .iter()
            .find_map(|name| self.places.get(*name))
            .map(|place| super::parts::shown(&place.key).to_owned())
            .or_else(|| names.last().map(|name| (*name).to_owned()))
            .unwrap_or_default()
    }

    /// Two properties say different things of one setting.
    pub(super) fn contradict(&mut self, one: &str, other: &str) {
        let place = |name: &str| {
            self.places.get(name).cloned().unwrap_or(Place {
                key: name.to_owned(),
                line: None,
            })
        };
        let (mut first, mut second) = (place(one), place(other));
        if second.line < first.line {
            std::mem::swap(&mut first, &mut second);
        }
        self.fault(contradiction(&first, &second));
    }

    /// What `result` is; an error is kept with the others.
    pub(super) fn ok<T>(&mut self, result: Result<T, PropertiesError>) -> Option<T> {
        result.map_err(|fault| self.fault(fault)).ok()
    }
}
