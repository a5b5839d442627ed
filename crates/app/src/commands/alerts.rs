use serde::{Deserialize, Serialize};
use sluice_alerts::{
    Channel, ChannelConfig, ChannelSecrets, DESKTOP_CHANNEL_ID, FAILURE_RULE_ID, InvalidField, Rule,
};
use sluice_model::FieldError;
use sluice_store::{AlertFilter, RuleRow};
use ts_rs::TS;

use super::command::Command;
use crate::clock::now_ms;
use crate::core::Operation;
use crate::{App, AppError, ErrorCode, Result};

/// Rows of a page if the caller says nothing.
const PAGE: usize = 500;

/// Lists the rules.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RuleList {}

/// Adds a rule, or replaces the one of its id.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RulePut {
    /// The rule; with an empty id it is a new one.
    pub rule: Rule,
}

/// Removes a rule.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RuleRemove {
    /// Id.
    pub id: String,
}

/// Lists the channels.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ChannelList {}

/// A channel as it was entered.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ChannelInput {
    /// Id; empty for a new one.
    #[serde(default)]
    pub id: String,
    /// Name, 1 to 24 characters.
    pub name: String,
    /// Where messages go.
    pub config: ChannelConfig,
    /// What must not be seen; what is not given stays.
    #[serde(default)]
    #[ts(type = "Record<string, unknown>")]
    pub secrets: ChannelSecrets,
}

/// Adds a channel, or replaces the one of its id.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ChannelPut {
    /// The channel.
    pub channel: ChannelInput,
}

/// Removes a channel that no rule uses.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ChannelRemove {
    /// Id or name.
    pub channel: String,
}

/// Sends a message to a channel and waits for its delivery.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ChannelTest {
    /// Id or name of a saved one.
    pub channel: String,
}

/// A channel as it may be seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ChannelView {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Where messages go.
    pub config: ChannelConfig,
    /// Whether something that must not be seen is kept for it.
    pub has_secrets: bool,
}

/// The history of messages, the newest first.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields, default)]
pub struct AlertHistoryQuery {
    /// Only about this task (name or id).
    pub task: Option<String>,
    /// Only `sent`, `suppressed` or `undeliverable` ones.
    pub state: Option<String>,
    /// Only those that contain this.
    pub text: Option<String>,
    /// Only those not before this, in ms since 1970.
    #[ts(type = "number | null")]
    pub from_ms: Option<i64>,
    /// Only those before this, in ms since 1970.
    #[ts(type = "number | null")]
    pub to_ms: Option<i64>,
    /// Only those older than this row.
    #[ts(type = "number | null")]
    pub before_id: Option<i64>,
    /// How many at most; 500 if not said.
    #[ts(type = "number | null")]
    pub limit: Option<usize>,
}

/// A message that was sent, suppressed, or could not be delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AlertView {
    /// Greater for later ones.
    #[ts(type = "number")]
    pub id: i64,
    /// When, in ms since 1970.
    #[ts(type = "number")]
    pub at_ms: i64,
    /// The task; empty for a test.
    pub task_id: String,
    /// Its name at the time.
    pub task_name: String,
    /// The rule's name at the time.
    pub rule_name: String,
    /// `raised`, `recovered` or `test`.
    pub kind: String,
    /// The channel's name at the time.
    pub channel_name: String,
    /// `sent`, `suppressed` or `undeliverable`.
    pub state: String,
    /// One line.
    pub title: String,
    /// What happened and what to do.
    pub body: String,
    /// Why it was not delivered.
    pub detail: Option<String>,
}

impl Command for RuleList {
    const NAME: &'static str = "rule_list";
    type Answer = Vec<Rule>;

    fn run(self, app: &App) -> Result<Vec<Rule>> {
        app.alarm.rules()
    }
}

impl Command for RulePut {
    const NAME: &'static str = "rule_put";
    type Answer = Rule;

    fn run(self, app: &App) -> Result<Rule> {
        let mut rule = self.rule;
        let before = app.alarm.rules()?.into_iter().find(|known| known.id == rule.id);
        if rule.id.is_empty() {
            rule.id = uuid::Uuid::new_v4().to_string();
        }
        let value = |rule: &Rule| {
            serde_json::to_value(rule).map_err(|error| AppError::new(ErrorCode::Internal, error.to_string()))
        };
        let mut operation = Operation::new(Self::NAME, "rule", &rule.id, &rule.name).after(value(&rule)?);
        if let Some(before) = &before {
            operation = operation.before(value(before)?);
        }
        operation.run(&app.core.store, || {
            if let Some(before) = &before {
                before
                    .check_editable()
                    .map_err(|error| AppError::new(ErrorCode::Refused, error.to_string()))?;
            }
            rule.builtin = false;
            if let Some(task) = &rule.task_id {
                rule.task_id = Some(app.core.task(task)?.id);
            }
            let channels = app.alarm.channels()?;
            let mut errors = fields(rule.check());
            for id in &rule.channel_ids {
                if channels.iter().all(|channel| channel.id != *id) {
                    errors.push(FieldError::new(
                        "channel_ids",
                        format!("there is no channel '{id}'"),
                    ));
                }
            }
            if !errors.is_empty() {
                return Err(AppError::fields(errors));
            }
            let now = now_ms();
            app.core.store.put_rule(&RuleRow {
                id: rule.id.clone(),
                name: rule.name.clone(),
                body: value(&rule)?,
                created_ms: now,
                updated_ms: now,
            })?;
            Ok(rule.clone())
        })
    }
}

impl Command for RuleRemove {
    const NAME: &'static str = "rule_remove";
    type Answer = ();

    fn run(self, app: &App) -> Result<()> {
        let known = app
            .alarm
            .rules()?
            .into_iter()
            .find(|rule| rule.id == self.id || rule.name == self.id)
            .ok_or_else(|| AppError::not_found("alert rule", &self.id))?;
        Operation::new(Self::NAME, "rule", &known.id, &known.name).run(&app.core.store, || {
            if known.id == FAILURE_RULE_ID {
                return Err(AppError::new(
                    ErrorCode::Refused,
                    "the rule for failed tasks is always there; mute a task instead",
                ));
            }
            app.core.store.delete_rule(&known.id)?;
            Ok(())
        })
    }
}

impl Command for ChannelList {
    const NAME: &'static str = "channel_list";
    type Answer = Vec<ChannelView>;

    fn run(self, app: &App) -> Result<Vec<ChannelView>> {
        Ok(app.alarm.channels()?.into_iter().map(view).collect())
    }
}

impl Command for ChannelPut {
    const NAME: &'static str = "channel_put";
    type Answer = ChannelView;

    fn run(self, app: &App) -> Result<ChannelView> {
        let input = self.channel;
        let before = app
            .alarm
            .channels()?
            .into_iter()
            .find(|channel| !input.id.is_empty() && channel.id == input.id);
        let id = if input.id.is_empty() {
            uuid::Uuid::new_v4().to_string()
        } else {
            input.id.clone()
        };
        Operation::new(Self::NAME, "channel", &id, &input.name).run(&app.core.store, || {
            if id == DESKTOP_CHANNEL_ID {
                return Err(AppError::new(
                    ErrorCode::Refused,
                    "the desktop is always a channel; it cannot be changed",
                ));
            }
            if !input.id.is_empty() && before.is_none() {
                return Err(AppError::not_found("alert channel", &input.id));
            }
            let mut secrets = before
                .as_ref()
                .map(|channel| channel.secrets.clone())
                .unwrap_or_default();
            let new = input.secrets;
            secrets.url = new.url.or(secrets.url);
            secrets.signing_secret = new.signing_secret.or(secrets.signing_secret);
            secrets.password = new.password.or(secrets.password);
            secrets.headers.extend(new.headers);
            let mut channel = Channel {
                id: id.clone(),
                name: input.name.clone(),
                config: input.config,
                secrets,
            };
            channel.config.take_secrets(&mut channel.secrets);
            let errors = fields(channel.check());
            if !errors.is_empty() {
                return Err(AppError::fields(errors));
            }
            app.alarm.keep_channel(channel.clone())?;
            Ok(view(channel))
        })
    }
}

impl Command for ChannelRemove {
    const NAME: &'static str = "channel_remove";
    type Answer = ();

    fn run(self, app: &App) -> Result<()> {
        let channel = find(app, &self.channel)?;
        Operation::new(Self::NAME, "channel", &channel.id, &channel.name).run(&app.core.store, || {
            let users: Vec<String> = app
                .alarm
                .rules()?
                .into_iter()
                .filter(|rule| rule.channel_ids.contains(&channel.id))
                .map(|rule| rule.name)
                .collect();
            if !users.is_empty() || channel.id == DESKTOP_CHANNEL_ID {
                return Err(AppError::new(
                    ErrorCode::Refused,
                    format!(
                        "the channel is used by the rules {}; change them first",
                        users.join(", ")
                    ),
                ));
            }
            app.core.store.delete_channel(&channel.id)?;
            Ok(app.core.secrets.remove(&format!("channel/{}", channel.id))?)
        })
    }
}

impl Command for ChannelTest {
    const NAME: &'static str = "channel_test";
    type Answer = ();

    fn run(self, app: &App) -> Result<()> {
        let channel = find(app, &self.channel)?;
        Operation::new(Self::NAME, "channel", &channel.id, &channel.name)
            .run(&app.core.store, || app.alarm.test(&channel))
    }
}

impl Command for AlertHistoryQuery {
    const NAME: &'static str = "alert_history";
    type Answer = Vec<AlertView>;

    fn run(self, app: &App) -> Result<Vec<AlertView>> {
        let (task_id, gone) = match self.task.map(|task| (app.core.task(&task), task)) {
            Some((Ok(row), _)) => (Some(row.id), None),
            Some((Err(error), task)) if error.code == ErrorCode::NotFound => (Some(task), Some(error)),
            Some((Err(error), _)) => return Err(error),
            None => (None, None),
        };
        let is_whole = self.before_id.is_none()
            && self.state.is_none()
            && self.text.is_none()
            && self.from_ms.is_none()
            && self.to_ms.is_none();
        let rows = app.core.store.alert_history(&AlertFilter {
            task_id,
            state: self.state,
            text: self.text,
            from_ms: self.from_ms,
            to_ms: self.to_ms,
            before_id: self.before_id,
            limit: Some(self.limit.unwrap_or(PAGE)),
        })?;
        // A task that is gone has its history still.
        if let (Some(error), true, true) = (gone, is_whole, rows.is_empty()) {
            return Err(error);
        }
        Ok(rows
            .into_iter()
            .map(|row| AlertView {
                id: row.id,
                at_ms: row.at_ms,
                task_id: row.task_id,
                task_name: row.task_name,
                rule_name: row.rule_name,
                kind: row.kind,
                channel_name: row.channel_name,
                state: row.state,
                title: row.title,
                body: row.body,
                detail: row.detail,
            })
            .collect())
    }
}

fn find(app: &App, id_or_name: &str) -> Result<Channel> {
    app.alarm
        .channels()?
        .into_iter()
        .find(|channel| channel.id == id_or_name || channel.name == id_or_name)
        .ok_or_else(|| AppError::not_found("alert channel", id_or_name))
}

fn view(channel: Channel) -> ChannelView {
    ChannelView {
        has_secrets: !channel.secrets.is_empty(),
        id: channel.id,
        name: channel.name,
        config: channel.config,
    }
}

fn fields(invalid: Vec<InvalidField>) -> Vec<FieldError> {
    invalid
        .into_iter()
        .map(|field| FieldError::new(field.field, field.message))
        .collect()
}
