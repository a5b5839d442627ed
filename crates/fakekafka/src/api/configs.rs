//! DescribeConfigs, AlterConfigs and IncrementalAlterConfigs, for topics and brokers.

use std::collections::BTreeMap;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::alter_configs_response::AlterConfigsResourceResponse as AlteredAll;
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::describe_configs_response::{
    DescribeConfigsResourceResult, DescribeConfigsResult, DescribeConfigsSynonym,
};
use kafka_protocol::messages::incremental_alter_configs_response::AlterConfigsResourceResponse as AlteredSome;
use kafka_protocol::messages::{
    AlterConfigsRequest, AlterConfigsResponse, DescribeConfigsRequest, DescribeConfigsResponse,
    IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse,
};
use kafka_protocol::protocol::StrBytes;

use crate::model::cluster_state::ClusterState;
use crate::model::intake::Rejection;
use crate::model::settings::{Change, Effective, apply, find};
use crate::model::settings_table::{BROKER_SETTINGS, Setting, TOPIC_SETTINGS};
use crate::request::{Request, text};

/// What settings belong to.
enum Resource {
    Topic(String),
    /// One broker, or none for the values all brokers share.
    Broker(Option<i32>),
}

impl Resource {
    fn of(cx: &Request<'_>, kind: i8, name: &str) -> Result<Self, Rejection> {
        match kind {
            2 => {
                cx.topic_fault(name)?;
                Ok(Resource::Topic(name.to_owned()))
            }
            4 if name.is_empty() => {
                cx.fault()?;
                Ok(Resource::Broker(None))
            }
            4 => {
                cx.fault()?;
                let id = name.parse().ok().filter(|id| *id == cx.broker);
                let id = id.ok_or_else(|| {
                    Rejection::new(
                        ResponseError::InvalidRequest,
                        format!("Unexpected broker id, expected {} but received {name}", cx.broker),
                    )
                })?;
                Ok(Resource::Broker(Some(id)))
            }
            other => Err(Rejection::new(
                ResponseError::InvalidRequest,
                format!("Resource type {other} has no settings here"),
            )),
        }
    }

    fn table(&self) -> &'static [Setting] {
        match self {
            Resource::Topic(_) => TOPIC_SETTINGS,
            Resource::Broker(_) => BROKER_SETTINGS,
        }
    }

    fn effective(&self, state: &ClusterState, setting: &'static Setting) -> Result<Effective, ResponseError> {
        match self {
            Resource::Topic(name) => Ok(state.settings.for_topic(setting, state.topic(name)?)),
            Resource::Broker(id) => Ok(state.settings.effective(setting, *id)),
        }
    }

    /// The values set on this resource itself.
    fn own<'s>(
        &self,
        state: &'s mut ClusterState,
    ) -> Result<&'s mut BTreeMap<String, String>, ResponseError> {
        match self {
            Resource::Topic(name) => state
                .topics
                .get_mut(name)
                .map(|t| &mut t.settings)
                .ok_or(ResponseError::UnknownTopicOrPartition),
            Resource::Broker(None) => Ok(&mut state.settings.all),
            Resource::Broker(Some(id)) => Ok(state.settings.one.entry(*id).or_default()),
        }
    }
}

pub(crate) fn describe(cx: &Request<'_>, q: DescribeConfigsRequest) -> DescribeConfigsResponse {
    let synonyms = q.include_synonyms;
    let results = q
        .resources
        .into_iter()
        .map(|asked| {
            let found = describe_one(cx, &asked, synonyms);
            let answer = DescribeConfigsResult::default()
                .with_resource_type(asked.resource_type)
                .with_resource_name(asked.resource_name);
            match found {
                Ok(configs) => answer.with_configs(configs),
                Err(rejection) => answer
                    .with_error_code(rejection.code.code())
                    .with_error_message(Some(text(&rejection.message))),
            }
        })
        .collect();
    DescribeConfigsResponse::default().with_results(results)
}

fn describe_one(
    cx: &Request<'_>,
    asked: &DescribeConfigsResource,
    synonyms: bool,
) -> Result<Vec<DescribeConfigsResourceResult>, Rejection> {
    let resource = Resource::of(cx, asked.resource_type, &asked.resource_name)?;
    let state = cx.state();
    if let Resource::Topic(name) = &resource {
        state.topic(name)?;
    }
    let wanted = |setting: &&Setting| {
        // An empty list of names is what older clients send for "all".
        asked
            .configuration_keys
            .as_ref()
            .is_none_or(|keys| keys.is_empty() || keys.iter().any(|k| k.as_str() == setting.name))
    };
    let mut out = Vec::new();
    for setting in resource.table().iter().filter(wanted) {
        let effective = resource.effective(&state, setting)?;
        let behind = effective
            .values
            .iter()
            .filter(|_| synonyms)
            .map(|(name, value, source)| {
                DescribeConfigsSynonym::default()
                    .with_name(text(name))
                    .with_value(Some(text(value)))
                    .with_source(*source as i8)
            });
        out.push(
            DescribeConfigsResourceResult::default()
                .with_name(text(setting.name))
                .with_value(Some(text(effective.value())))
                .with_config_source(effective.source() as i8)
                .with_config_type(setting.kind.code())
                .with_synonyms(behind.collect()),
        );
    }
    Ok(out)
}

pub(crate) fn alter(cx: &Request<'_>, q: AlterConfigsRequest) -> AlterConfigsResponse {
    let responses = q
        .resources
        .into_iter()
        .map(|r| {
            // The old request replaces everything: what it does not name goes back to its default.
            let changes: Vec<_> = r
                .configs
                .iter()
                .map(|c| (c.name.clone(), 0, c.value.clone()))
                .collect();
            let done = change(
                cx,
                r.resource_type,
                &r.resource_name,
                &changes,
                true,
                q.validate_only,
            );
            let (code, message) = outcome(&done);
            AlteredAll::default()
                .with_error_code(code)
                .with_error_message(message)
                .with_resource_type(r.resource_type)
                .with_resource_name(r.resource_name)
        })
        .collect();
    AlterConfigsResponse::default().with_responses(responses)
}

pub(crate) fn alter_incrementally(
    cx: &Request<'_>,
    q: IncrementalAlterConfigsRequest,
) -> IncrementalAlterConfigsResponse {
    let responses = q
        .resources
        .into_iter()
        .map(|r| {
            let changes: Vec<_> = r
                .configs
                .iter()
                .map(|c| (c.name.clone(), c.config_operation, c.value.clone()))
                .collect();
            let done = change(
                cx,
                r.resource_type,
                &r.resource_name,
                &changes,
                false,
                q.validate_only,
            );
            let (code, message) = outcome(&done);
            AlteredSome::default()
                .with_error_code(code)
                .with_error_message(message)
                .with_resource_type(r.resource_type)
                .with_resource_name(r.resource_name)
        })
        .collect();
    IncrementalAlterConfigsResponse::default().with_responses(responses)
}

fn outcome(done: &Result<(), Rejection>) -> (i16, Option<StrBytes>) {
    match done {
        Ok(()) => (0, None),
        Err(rejection) => (rejection.code.code(), Some(text(&rejection.message))),
    }
}

/// Name, operation number and value of each change.
type Changes = [(StrBytes, i8, Option<StrBytes>)];

fn change(
    cx: &Request<'_>,
    kind: i8,
    name: &str,
    changes: &Changes,
    replace: bool,
    validate_only: bool,
) -> Result<(), Rejection> {
    let resource = Resource::of(cx, kind, name)?;
    let mut state = cx.state();
    let mut values = resource.own(&mut state)?.clone();
    if replace {
        values.clear();
    }
    for (i, (key, operation, value)) in changes.iter().enumerate() {
        if changes[..i].iter().any(|(earlier, _, _)| earlier == key) {
            return Err(Rejection::new(
                ResponseError::InvalidRequest,
                format!("{key} is named twice"),
            ));
        }
        let missing = || {
            let message = format!("Null value not supported for : {key}");
            Rejection::new(ResponseError::InvalidRequest, message)
        };
        let given = value.as_ref().map(StrBytes::as_str).ok_or_else(missing);
        let change = match operation {
            0 => Change::Set(given?),
            1 => Change::Unset,
            2 => Change::Append(given?),
            3 => Change::Subtract(given?),
            other => {
                return Err(Rejection::new(
                    ResponseError::InvalidRequest,
                    format!("Unknown operation type {other}"),
                ));
            }
        };
        let current = match find(resource.table(), key) {
            Some(setting) => resource.effective(&state, setting)?.value().to_owned(),
            None => String::new(),
        };
        apply(resource.table(), &mut values, key, &current, change)
            .map_err(|message| Rejection::new(ResponseError::InvalidConfig, message))?;
    }
    if !validate_only {
        *resource.own(&mut state)? = values;
    }
    Ok(())
}
