//! Changing the target: what was confirmed, and nothing else.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sluice_wire::{Client, ConfigChange, ConfigResource, ErrorCode, QuotaChanges, WireError};
use ts_rs::TS;

use crate::parity::acl_rule::{AclRule, Permission};
use crate::parity::change::ParityChange;
use crate::parity::quotas::QuotaEntity;

/// Topics that one request changes: what of it came through is known of each request as a whole when it fails.
const TOPICS_AT_ONCE: usize = 100;
/// Rules that one request creates or removes.
const RULES_AT_ONCE: usize = 200;

/// What is said of a change that the target's answer leaves out.
const UNANSWERED: &str = "the target did not say what became of it; compare again";

/// A change and how it came out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Applied {
    /// The change.
    pub change: ParityChange,
    /// Why it was not made; none if it was.
    pub error: Option<String>,
}

/// Makes `changes` on the target, each with its own outcome, in their order. One that fails does not keep others back.
///
/// Rules that deny are created before those that allow and removed after them: at no moment is something allowed that is
/// denied before and after.
pub fn apply(target: &Client, changes: &[ParityChange]) -> Vec<Applied> {
    let mut outcomes: Vec<Option<Result<(), String>>> = vec![None; changes.len()];
    let mut note = |places: &[usize], outcome: &Result<(), String>| {
        for place in places {
            if let Some(slot) = outcomes.get_mut(*place) {
                *slot = Some(outcome.clone());
            }
        }
    };
    set_values(target, changes, &mut note);
    set_rules(target, changes, &mut note);
    set_quotas(target, changes, &mut note);
    changes
        .iter()
        .zip(outcomes)
        .map(|(change, outcome)| Applied {
            change: change.clone(),
            error: match outcome {
                Some(Ok(())) => None,
                Some(Err(error)) => Some(error),
                None => Some(UNANSWERED.to_owned()),
            },
        })
        .collect()
}

type Note<'a> = &'a mut dyn FnMut(&[usize], &Result<(), String>);

fn set_values(target: &Client, changes: &[ParityChange], note: Note<'_>) {
    let mut wanted: BTreeMap<ConfigResource, BTreeMap<String, ConfigChange>> = BTreeMap::new();
    let mut places: BTreeMap<ConfigResource, Vec<usize>> = BTreeMap::new();
    for (place, change) in changes.iter().enumerate() {
        let Some((resource, key, value)) = value_change(change) else {
            continue;
        };
        wanted.entry(resource.clone()).or_default().insert(key, value);
        places.entry(resource).or_default().push(place);
    }
    let resources: Vec<(&ConfigResource, &Vec<usize>)> = places.iter().collect();
    for some in resources.chunks(TOPICS_AT_ONCE) {
        let now: BTreeMap<_, _> = some
            .iter()
            .filter_map(|(resource, _)| Some(((*resource).clone(), wanted.remove(*resource)?)))
            .collect();
        let outcomes = target.incremental_alter_configs(&now, false);
        for (resource, places) in some {
            match outcomes.as_ref().map(|outcomes| outcomes.get(*resource)) {
                // The broker refuses all values of a topic because of one: the others are still wanted.
                Ok(Some(Err(error))) if places.len() > 1 && error.code().is_some_and(is_about_a_value) => {
                    for place in *places {
                        let outcome = set_value(target, changes.get(*place));
                        note(&[*place], &outcome);
                    }
                }
                Ok(Some(outcome)) => note(places, &outcome.clone().map_err(|error| error.to_string())),
                Ok(None) => {}
                Err(error) => note(places, &Err(configuration_refused(error))),
            }
        }
    }
}

/// Whether another value could still be set on the same topic.
fn is_about_a_value(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::INVALID_CONFIG | ErrorCode::INVALID_REQUEST | ErrorCode::POLICY_VIOLATION
    )
}

/// Makes one change of a value by itself.
fn set_value(target: &Client, change: Option<&ParityChange>) -> Result<(), String> {
    let Some((resource, key, value)) = change.and_then(value_change) else {
        return Ok(());
    };
    let alone = BTreeMap::from([(resource.clone(), BTreeMap::from([(key, value)]))]);
    let outcomes = target
        .incremental_alter_configs(&alone, false)
        .map_err(|error| configuration_refused(&error))?;
    match outcomes.get(&resource) {
        Some(outcome) => outcome.clone().map_err(|error| error.to_string()),
        None => Err(UNANSWERED.to_owned()),
    }
}

/// The topic, the setting and what becomes of it, of a change of a value.
fn value_change(change: &ParityChange) -> Option<(ConfigResource, String, ConfigChange)> {
    let (topic, key, value) = match change {
        ParityChange::SetValue {
            topic, key, value, ..
        } => (topic, key, ConfigChange::Set(value.clone())),
        ParityChange::RemoveValue { topic, key, .. } => (topic, key, ConfigChange::Delete),
        ParityChange::CreateAcl { .. }
        | ParityChange::RemoveAcl { .. }
        | ParityChange::SetQuota { .. }
        | ParityChange::RemoveQuota { .. } => return None,
    };
    Some((ConfigResource::Topic(topic.clone()), key.clone(), value))
}

/// Brokers before 2.3 replace all values of a topic at once: what another sets at that moment would be lost.
fn configuration_refused(error: &WireError) -> String {
    match error {
        WireError::Unsupported(_) => format!(
            "{error}; older brokers can only replace all values of a topic together, which may undo what others set meanwhile: set it with kafka-configs on the target"
        ),
        _ => error.to_string(),
    }
}

fn set_rules(target: &Client, changes: &[ParityChange], note: Note<'_>) {
    let mut created = Vec::new();
    let mut removed = Vec::new();
    for (place, change) in changes.iter().enumerate() {
        match change {
            ParityChange::CreateAcl { rule } => created.push((place, rule)),
            ParityChange::RemoveAcl { rule } => removed.push((place, rule)),
            _ => {}
        }
    }
    created.sort_by_key(|(_, rule)| rule.permission != Permission::Deny);
    removed.sort_by_key(|(_, rule)| rule.permission == Permission::Deny);
    let mut each = |rules: &[(usize, &AclRule)], create: bool| {
        for some in rules.chunks(RULES_AT_ONCE) {
            let acls: Vec<_> = some.iter().map(|(_, rule)| rule.to_wire()).collect();
            let outcomes = match create {
                true => target.create_acls(&acls),
                // One that is gone already is as it was to be.
                false => target
                    .delete_acls(&acls)
                    .map(|outcomes| outcomes.into_iter().map(|one| one.map(drop)).collect()),
            };
            match outcomes {
                Ok(outcomes) => {
                    for ((place, _), outcome) in some.iter().zip(outcomes) {
                        note(&[*place], &outcome.map_err(|error| error.to_string()));
                    }
                }
                Err(error) => {
                    let places: Vec<usize> = some.iter().map(|(place, _)| *place).collect();
                    note(&places, &Err(error.to_string()));
                }
            }
        }
    };
    each(&created, true);
    each(&removed, false);
}

fn set_quotas(target: &Client, changes: &[ParityChange], note: Note<'_>) {
    let mut wanted = QuotaChanges::new();
    let mut places: BTreeMap<QuotaEntity, Vec<usize>> = BTreeMap::new();
    for (place, change) in changes.iter().enumerate() {
        let (entity, limit, value) = match change {
            ParityChange::SetQuota {
                entity, limit, value, ..
            } => (entity, limit, Some(*value)),
            ParityChange::RemoveQuota { entity, limit, .. } => (entity, limit, None),
            _ => continue,
        };
        wanted
            .entry(entity.clone())
            .or_default()
            .insert(limit.clone(), value);
        places.entry(entity.clone()).or_default().push(place);
    }
    let outcomes = target.alter_client_quotas(&wanted);
    for (entity, places) in &places {
        match &outcomes {
            Ok(outcomes) => {
                if let Some(outcome) = outcomes.get(entity) {
                    note(places, &outcome.clone().map_err(|error| error.to_string()));
                }
            }
            Err(error) => note(places, &Err(error.to_string())),
        }
    }
}
