use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::parity::{Known, ParityState};

/// A consumer group on one side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct GroupFacts {
    /// Its state in Kafka's word; none before Kafka 2.6.
    pub state: Option<String>,
    /// `classic`, `consumer`, `share` or `streams`; none before Kafka 3.8.
    pub kind: Option<String>,
    /// `consumer`, `connect` and the like; empty for one that only commits.
    pub protocol_type: String,
}

/// A consumer group on both sides: whether it is there. Positions are not compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct GroupRow {
    /// Its name.
    pub group: String,
    /// At the source; none if it is not there.
    pub source: Option<GroupFacts>,
    /// On the target; none if it is not there.
    pub target: Option<GroupFacts>,
    /// Whether it is on both sides.
    pub state: ParityState,
}

/// Compares which groups there are.
pub fn compare_groups(
    source: &Known<BTreeMap<String, GroupFacts>>,
    target: &Known<BTreeMap<String, GroupFacts>>,
) -> Vec<GroupRow> {
    let empty = BTreeMap::new();
    let (there, here) = (
        source.as_ref().unwrap_or(&empty),
        target.as_ref().unwrap_or(&empty),
    );
    let names: BTreeSet<&String> = there.keys().chain(here.keys()).collect();
    names
        .into_iter()
        .map(|name| {
            let (one, other) = (there.get(name), here.get(name));
            let state = match (source.is_err() || target.is_err(), one, other) {
                (_, Some(_), Some(_)) => ParityState::Same,
                (true, ..) => ParityState::Unknown,
                (false, one, other) => ParityState::of(one, other),
            };
            GroupRow {
                group: name.clone(),
                source: one.cloned(),
                target: other.cloned(),
                state,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Side;
    use crate::parity::unknown::{ParityPart, Unknown, UnknownReason};

    fn groups(names: &[&str]) -> Known<BTreeMap<String, GroupFacts>> {
        let facts = GroupFacts {
            state: None,
            kind: None,
            protocol_type: "consumer".to_owned(),
        };
        Ok(names
            .iter()
            .map(|name| ((*name).to_owned(), facts.clone()))
            .collect())
    }

    #[test]
    fn groups_are_on_both_sides_or_on_one_and_of_an_unread_side_none_is_called_missing() {
        let states = |source: &_, target: &_| -> Vec<ParityState> {
            compare_groups(source, target)
                .iter()
                .map(|row| row.state)
                .collect()
        };
        assert_eq!(
            states(&groups(&["a", "b"]), &groups(&["b", "c"])),
            [
                ParityState::OnlySource,
                ParityState::Same,
                ParityState::OnlyTarget
            ]
        );
        let unread = Err(Unknown {
            side: Side::Target,
            part: ParityPart::Groups,
            reason: UnknownReason::NoRight,
            sentence: "no right".to_owned(),
        });
        assert_eq!(states(&groups(&["a"]), &unread), [ParityState::Unknown]);
    }
}
