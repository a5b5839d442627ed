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
    let app = Backend::open(place, screen)?;
    match command {
        AlertsCommand::Rules { put: Some(file), .. } => put_rule(&app, &file, place, screen)?,
        AlertsCommand::Rules { rm: Some(id), .. } => app.call(RuleRemove { id })?,
        AlertsCommand::Rules { .. } => list_rules(&app, place)?,
        AlertsCommand::Channels { put: Some(file), .. } => put_channel(&app, &file, place, screen)?,
        AlertsCommand::Channels {
            rm: Some(channel), ..
        } => app.call(ChannelRemove { channel })?,
        AlertsCommand::Channels { .. } => list_channels(&app, place)?,
        AlertsCommand::Test { channel } => {
            app.call(ChannelTest {
                channel: channel.clone(),
            })?;
            screen.say(&format!("'{channel}' has taken the message"));
        }
        AlertsCommand::History { task, limit } => history(&app, task, limit, place)?,
        AlertsCommand::Mute { task, until, .. } => app.call(TaskMute {
            task,
            until_ms: until.map(jiff::Timestamp::as_millisecond),
        })?,
    }
    Ok(Exit::Done)
}

fn put_rule(app: &Backend, file: &Path, place: &Place, screen: &Screen) -> anyhow::Result<()> {
    let file: RuleFile = read(file, |error| error.to_string())?;
    let rule = app.call(RulePut {
        rule: file.rule(app)?,
    })?;
    if place.json {
        return output::write(&serde_json::to_string_pretty(&rule)?);
    }
    screen.say(&format!("the rule '{}' is in force", rule.name));
    Ok(())
}

fn list_rules(app: &Backend, place: &Place) -> anyhow::Result<()> {
    let rules = app.call(RuleList {})?;
    if place.json {
        return output::write(&serde_json::to_string_pretty(&rules)?);
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
    output::write(&tables::text(&table))
}

fn put_channel(app: &Backend, file: &Path, place: &Place, screen: &Screen) -> anyhow::Result<()> {
    let channel = app.call(ChannelPut {
        // The parser's own words may hold what stands in the file, and that may be a secret.
        channel: read(file, |error| {
            format!("see line {}, column {}", error.line(), error.column())
        })?,
    })?;
    if place.json {
        return output::write(&serde_json::to_string_pretty(&channel)?);
    }
    screen.say(&format!(
        "the channel '{}' is kept; try it with: sluice alerts test '{0}'",
        channel.name
    ));
    Ok(())
}

fn list_channels(app: &Backend, place: &Place) -> anyhow::Result<()> {
    let channels = app.call(ChannelList {})?;
    if place.json {
        return output::write(&serde_json::to_string_pretty(&channels)?);
    }
    let mut table = tables::table(["channel", "kind", "id"], 0..0);
    for channel in channels {
        table.add_row([channel.name, channel.config.word().to_owned(), channel.id]);
    }
    output::write(&tables::text(&table))
}

fn history(app: &Backend, task: Option<String>, limit: usize, place: &Place) -> anyhow::Result<()> {
    let mut rows = app.call(AlertHistoryQuery {
        task,
        limit: Some(limit),
        ..AlertHistoryQuery::default()
    })?;
    rows.reverse();
    if place.json {
        return output::write(&serde_json::to_string_pretty(&rows)?);
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
    output::write(&tables::text(&table))
}

/// Reads a JSON file; `describe` says what is wrong in it.
fn read<T: DeserializeOwned>(
    file: &Path,
    describe: impl FnOnce(&serde_json::Error) -> String,
) -> anyhow::Result<T> {
    let text =
        std::fs::read_to_string(file).with_context(|| format!("'{}' cannot be read", file.display()))?;
    serde_json::from_str(&text).map_err(|error| {
        anyhow!(
            "'{}' is not what docs/alerts.md describes: {}",
            file.display(),
            describe(&error)
        )
    })
}
