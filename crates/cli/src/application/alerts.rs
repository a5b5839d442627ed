//! `sluice alerts`.

use std::path::Path;

use anyhow::{Context, anyhow};
use serde::de::DeserializeOwned;
use sluice_app::{
    AlertHistoryQuery, ChannelList, ChannelPut, ChannelRemove, ChannelTest, RuleList, RulePut, RuleRemove,
    TaskMute,
};

use super::arguments::{AlertsCommand, Place};
use super::backend::Backend;
use super::rule_file::{self, RuleFile};
use super::show;
use crate::exit::Exit;
use crate::screen::Screen;
use crate::{output, tables};

/// Carries out a command on alerts.
///
/// # Errors
/// As the command says.
pub fn alerts(command: AlertsCommand, place: &Place, screen: &Screen) -> anyhow::Result<Exit> {
    let app = Backend::open(place)?;
    match command {
        AlertsCommand::Rules { put: Some(file), .. } => {
            let file: RuleFile = read(&file, |error| error.to_string())?;
            let rule = app.call(RulePut {
                rule: file.rule(&app)?,
            })?;
            if place.json {
                output::write(&serde_json::to_string_pretty(&rule)?)?;
            } else {
                screen.say(&format!("the rule '{}' is in force", rule.name));
            }
        }
        AlertsCommand::Rules { rm: Some(id), .. } => app.call(RuleRemove { id })?,
        AlertsCommand::Rules { .. } => {
            let rules = app.call(RuleList {})?;
            if place.json {
                output::write(&serde_json::to_string_pretty(&rules)?)?;
                return Ok(Exit::Done);
            }
            let mut table = tables::table(["rule", "when", "task", "channels", "enabled", "id"], 0..0);
            for rule in rules {
                table.add_row([
                    rule.name,
                    rule_file::when(&rule.condition),
                    rule.task_id.unwrap_or_else(|| "all".to_owned()),
                    rule.channel_ids.join(", "),
                    if rule.enabled { "yes" } else { "no" }.to_owned(),
                    rule.id,
                ]);
            }
            output::write(&table.to_string())?;
        }
        AlertsCommand::Channels { put: Some(file), .. } => {
            let channel = app.call(ChannelPut {
                // The parser's own words may hold what stands in the file, and that may be a secret.
                channel: read(&file, |error| {
                    format!("see line {}, column {}", error.line(), error.column())
                })?,
            })?;
            if place.json {
                output::write(&serde_json::to_string_pretty(&channel)?)?;
            } else {
                screen.say(&format!(
                    "the channel '{}' is kept; try it with: sluice alerts test '{0}'",
                    channel.name
                ));
            }
        }
        AlertsCommand::Channels {
            rm: Some(channel), ..
        } => app.call(ChannelRemove { channel })?,
        AlertsCommand::Channels { .. } => {
            let channels = app.call(ChannelList {})?;
            if place.json {
                output::write(&serde_json::to_string_pretty(&channels)?)?;
                return Ok(Exit::Done);
            }
            let mut table = tables::table(["channel", "kind", "id"], 0..0);
            for channel in channels {
                table.add_row([channel.name, channel.config.word().to_owned(), channel.id]);
            }
            output::write(&table.to_string())?;
        }
        AlertsCommand::Test { channel } => {
            app.call(ChannelTest {
                channel: channel.clone(),
            })?;
            screen.say(&format!("'{channel}' has taken the message"));
        }
        AlertsCommand::History { task, limit } => {
            let mut rows = app.call(AlertHistoryQuery {
                task,
                limit: Some(limit),
                ..AlertHistoryQuery::default()
            })?;
            rows.reverse();
            if place.json {
                output::write(&serde_json::to_string_pretty(&rows)?)?;
                return Ok(Exit::Done);
            }
            let mut table = tables::table(["when", "task", "rule", "channel", "state", "message", ""], 0..0);
            for row in rows {
                table.add_row([
                    show::time(row.at_ms),
                    row.task_name,
                    row.rule_name,
                    row.channel_name,
                    row.state,
                    row.title,
                    row.detail.unwrap_or_default(),
                ]);
            }
            output::write(&table.to_string())?;
        }
        AlertsCommand::Mute { task, until, .. } => app.call(TaskMute {
            task,
            until_ms: until.map(jiff::Timestamp::as_millisecond),
        })?,
    }
    Ok(Exit::Done)
}

/// Reads a JSON file; `tell` says what is wrong in it.
fn read<T: DeserializeOwned>(
    file: &Path,
    tell: impl FnOnce(&serde_json::Error) -> String,
) -> anyhow::Result<T> {
    let text =
        std::fs::read_to_string(file).with_context(|| format!("'{}' cannot be read", file.display()))?;
    serde_json::from_str(&text).map_err(|error| {
        anyhow!(
            "'{}' is not what docs/alerts.md describes: {}",
            file.display(),
            tell(&error)
        )
    })
}
