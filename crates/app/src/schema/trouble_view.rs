use serde::{Deserialize, Serialize};
use sluice_engine::Side;
use ts_rs::TS;

/// What stands behind a trouble, as far as a shell can offer something to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum TroubleCause {
    /// Records are gone at the source; a person can accept the gap.
    Gap,
    /// A cluster does not accept the user or the password.
    Login,
    /// The user lacks a right.
    Rights,
    /// A cluster cannot be reached, or does not answer.
    Connection,
    /// The state cannot be stored.
    Storage,
    /// Something else.
    Other,
}

/// What is wrong with a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TroubleView {
    /// What happened.
    pub sentence: String,
    /// What stands behind it.
    pub cause: TroubleCause,
    /// Which cluster it concerns, where that is known.
    pub side: Option<Side>,
    /// The addresses at which that cluster is entered.
    pub brokers: Vec<String>,
    /// Since when the task is in its state, in ms since 1970.
    #[ts(type = "number | null")]
    pub since_ms: Option<i64>,
    /// When it tries again by itself, in ms since 1970; none where it does not, or is on it.
    #[ts(type = "number | null")]
    pub next_try_ms: Option<i64>,
}

impl TroubleCause {
    /// What stands behind a sentence of the engine. The engine's own words are looked for, and Kafka's names of errors.
    pub(crate) fn of(sentence: &str) -> Self {
        let lower = sentence.to_lowercase();
        let has = |parts: &[&str]| parts.iter().any(|part| lower.contains(part));
        if has(&["authentication", "refused the login", "enter it again"]) {
            Self::Login
        } else if has(&[
            "authorization",
            "may not read",
            "does not let this user",
            "lacks the right",
        ]) {
            Self::Rights
        } else if has(&[
            "cannot connect",
            "acknowledged nothing",
            "transport failure",
            "timed out",
            "no answer",
            "connection refused",
            "could not be resolved",
            "does not answer",
            "unavailable",
            "connection",
        ]) {
            Self::Connection
        } else if has(&["cannot be saved", "database", "disk"]) {
            Self::Storage
        } else {
            Self::Other
        }
    }
}

/// Which cluster a sentence of the engine is about: it names one, or the one it names first.
pub(crate) fn side_of(sentence: &str) -> Option<Side> {
    let lower = sentence.to_lowercase();
    match (lower.find("source"), lower.find("target")) {
        (Some(source), Some(target)) if source < target => Some(Side::Source),
        (Some(_), Some(_)) | (None, Some(_)) => Some(Side::Target),
        (Some(_), None) => Some(Side::Source),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_of_a_trouble_is_read_from_what_the_engine_says() {
        for (sentence, cause, side) in [
            (
                "cannot connect to the target cluster at a:9092: Local: Broker transport failure. Check host and port",
                TroubleCause::Connection,
                Some(Side::Target),
            ),
            (
                "cannot connect to the source cluster at a:9092: Local: Authentication failure. Check the password",
                TroubleCause::Login,
                Some(Side::Source),
            ),
            (
                "the target has acknowledged nothing for 8 s; trying again",
                TroubleCause::Connection,
                Some(Side::Target),
            ),
            (
                "orders-0: this user may not read the source topic; give it READ (Broker: Topic authorization failed); trying again",
                TroubleCause::Rights,
                Some(Side::Source),
            ),
            ("the state has another version", TroubleCause::Other, None),
        ] {
            assert_eq!(
                (TroubleCause::of(sentence), side_of(sentence)),
                (cause, side),
                "{sentence}"
            );
        }
    }
}
