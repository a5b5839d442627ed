//! Limits of clients on both sides.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sluice_model::PrincipalRules;
use sluice_wire::ClientQuota;
use ts_rs::TS;

use crate::parity::{Known, ParityState};

/// Whom limits concern: kinds (`user`, `client-id`, `ip`) with names; none for the default of the kind.
pub type QuotaEntity = sluice_wire::QuotaEntity;

/// The limits of a cluster: by entity and name, such as `producer_byte_rate`.
pub type Quotas = BTreeMap<QuotaEntity, BTreeMap<String, f64>>;

/// What copying would do with a limit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case", tag = "action")]
pub enum QuotaSync {
    /// Nothing: both sides have the same.
    Nothing,
    /// Sets the source's limit on the target.
    Set {
        /// The limit.
        value: f64,
    },
    /// Removes the target's limit. Confirmed apart.
    Remove,
    /// Nothing, although the sides differ.
    Leave {
        /// Why.
        why: String,
    },
}

/// A limit on both sides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct QuotaRow {
    /// Whom it concerns, by the target's names.
    pub entity: QuotaEntity,
    /// Its name, such as `producer_byte_rate`.
    pub limit: String,
    /// At the source; none if it has none.
    pub source: Option<f64>,
    /// On the target; none if it has none.
    pub target: Option<f64>,
    /// How they stand to each other.
    pub state: ParityState,
    /// What copying would do.
    pub sync: QuotaSync,
}

/// The limits of one cluster as it reports them.
pub(crate) fn quotas_of(found: Vec<ClientQuota>) -> Quotas {
    found
        .into_iter()
        .map(|quota| (quota.entity, quota.limits))
        .collect()
}

/// Compares the limits of both sides; those of users by the names that the users have on the target. A side that could
/// not be read makes the other's unknown.
pub fn compare_quotas(
    source: &Known<Quotas>,
    target: &Known<Quotas>,
    principals: &PrincipalRules,
) -> Vec<QuotaRow> {
    let empty = Quotas::new();
    let mut ambiguous = BTreeSet::new();
    let mut wanted: BTreeMap<(QuotaEntity, String), f64> = BTreeMap::new();
    for (entity, limits) in source.as_ref().unwrap_or(&empty) {
        let renamed = entity_on_target(entity, principals);
        for (limit, value) in limits {
            let key = (renamed.clone(), limit.clone());
            if wanted
                .insert(key.clone(), *value)
                .is_some_and(|other| other != *value)
            {
                ambiguous.insert(key);
            }
        }
    }
    let there: BTreeMap<(QuotaEntity, String), f64> = target
        .as_ref()
        .unwrap_or(&empty)
        .iter()
        .flat_map(|(entity, limits)| {
            limits
                .iter()
                .map(|(limit, value)| ((entity.clone(), limit.clone()), *value))
        })
        .collect();
    let unread = source.as_ref().err().or(target.as_ref().err());
    let keys: BTreeSet<_> = wanted.keys().chain(there.keys()).collect();
    keys.into_iter()
        .map(|key| {
            let (source, target) = (wanted.get(key).copied(), there.get(key).copied());
            let leave = |why: &str| QuotaSync::Leave { why: why.to_owned() };
            let (state, sync) = match (unread, ParityState::of(source.as_ref(), target.as_ref())) {
                (Some(unknown), _) => (ParityState::Unknown, leave(&unknown.sentence)),
                (None, state) if ambiguous.contains(key) => (
                    state,
                    leave("the rules for principals make one user of several that have different limits"),
                ),
                (None, ParityState::Same) => (ParityState::Same, QuotaSync::Nothing),
                (None, state) => (
                    state,
                    source.map_or(QuotaSync::Remove, |value| QuotaSync::Set { value }),
                ),
            };
            QuotaRow {
                entity: key.0.clone(),
                limit: key.1.clone(),
                source,
                target,
                state,
                sync,
            }
        })
        .collect()
}

/// A quota names a user as the principal `User:NAME` has it. Where rules make another kind of principal of it, it stays.
fn entity_on_target(entity: &QuotaEntity, principals: &PrincipalRules) -> QuotaEntity {
    const KIND: &str = "User:";
    entity
        .iter()
        .map(|(kind, name)| {
            let renamed = name
                .as_ref()
                .filter(|_| kind == "user")
                .and_then(|name| principals.apply(&format!("{KIND}{name}")).ok())
                .and_then(|principal| principal.strip_prefix(KIND).map(str::to_owned));
            (kind.clone(), renamed.or_else(|| name.clone()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Side;
    use crate::parity::unknown::{ParityPart, Unknown, UnknownReason};

    fn of(user: Option<&str>, limits: &[(&str, f64)]) -> (QuotaEntity, BTreeMap<String, f64>) {
        (
            BTreeMap::from([("user".to_owned(), user.map(str::to_owned))]),
            limits
                .iter()
                .map(|(name, value)| ((*name).to_owned(), *value))
                .collect(),
        )
    }

    fn renaming(pairs: &[(&str, &str)]) -> PrincipalRules {
        PrincipalRules {
            map: pairs
                .iter()
                .map(|(from, to)| (format!("User:{from}"), format!("User:{to}")))
                .collect(),
            ..PrincipalRules::default()
        }
    }

    fn syncs(rows: &[QuotaRow]) -> Vec<(Option<String>, &str, QuotaSync)> {
        rows.iter()
            .map(|row| (row.entity["user"].clone(), row.limit.as_str(), row.sync.clone()))
            .collect()
    }

    #[test]
    fn limits_are_set_removed_or_left_by_the_names_that_users_have_on_the_target() {
        let source = Ok(Quotas::from([
            of(None, &[("consumer_byte_rate", 5.0)]),
            of(
                Some("alice"),
                &[("producer_byte_rate", 10.0), ("request_percentage", 50.0)],
            ),
        ]));
        let target = Ok(Quotas::from([
            of(None, &[("consumer_byte_rate", 5.0)]),
            of(Some("al"), &[("producer_byte_rate", 9.0)]),
            of(Some("zoe"), &[("producer_byte_rate", 1.0)]),
        ]));
        let rows = compare_quotas(&source, &target, &renaming(&[("alice", "al")]));
        assert_eq!(
            syncs(&rows),
            [
                (None, "consumer_byte_rate", QuotaSync::Nothing),
                (
                    Some("al".to_owned()),
                    "producer_byte_rate",
                    QuotaSync::Set { value: 10.0 }
                ),
                (
                    Some("al".to_owned()),
                    "request_percentage",
                    QuotaSync::Set { value: 50.0 }
                ),
                (Some("zoe".to_owned()), "producer_byte_rate", QuotaSync::Remove),
            ]
        );
    }

    #[test]
    fn users_that_become_one_are_not_given_a_limit_of_either() {
        let source = Ok(Quotas::from([
            of(Some("a"), &[("producer_byte_rate", 1.0)]),
            of(Some("b"), &[("producer_byte_rate", 2.0)]),
        ]));
        let rows = compare_quotas(&source, &Ok(Quotas::new()), &renaming(&[("a", "c"), ("b", "c")]));
        assert_eq!(rows.len(), 1);
        assert!(matches!(rows[0].sync, QuotaSync::Leave { .. }), "{rows:?}");
    }

    #[test]
    fn limits_of_a_side_that_cannot_be_read_are_unknown() {
        let unread = Err(Unknown {
            side: Side::Source,
            part: ParityPart::Quotas,
            reason: UnknownReason::TooOld,
            sentence: "too old".to_owned(),
        });
        let rows = compare_quotas(
            &unread,
            &Ok(Quotas::from([of(None, &[("consumer_byte_rate", 5.0)])])),
            &PrincipalRules::default(),
        );
        assert_eq!(rows[0].state, ParityState::Unknown);
        assert!(matches!(rows[0].sync, QuotaSync::Leave { .. }));
    }
}
