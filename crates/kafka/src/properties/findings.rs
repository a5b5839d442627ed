use super::error::PropertiesError;
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

    /// What `result` is; an error is kept with the others.
    pub(super) fn ok<T>(&mut self, result: Result<T, PropertiesError>) -> Option<T> {
        result.map_err(|fault| self.fault(fault)).ok()
    }
}
