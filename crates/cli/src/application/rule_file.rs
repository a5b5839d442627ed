//! Alert rules as files describe them and as lists show them.

use serde::Deserialize;
use sluice_alerts::{Condition, DESKTOP_CHANNEL_ID, Rule};
use sluice_app::{ChannelList, TaskShow};

use super::backend::Backend;

/// A rule as it stands in a file: what is left out is as the window proposes it (docs/alerts.md).
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleFile {
    /// Id of the rule to replace; empty for a new one.
    #[serde(default)]
    id: String,
    name: String,
    condition: Condition,
    /// Id or name of the only task; none for all.
    #[serde(default, alias = "task")]
    task_id: Option<String>,
    /// Ids or names.
    #[serde(default = "desktop", alias = "channels")]
    channel_ids: Vec<String>,
    #[serde(default = "yes")]
    enabled: bool,
    /// Stands in what `--json` prints; only the program's own rule has it.
    #[serde(default)]
    builtin: bool,
    #[serde(default = "yes")]
    notify_recovery: bool,
    #[serde(default)]
    repeat_seconds: Option<u64>,
}

fn desktop() -> Vec<String> {
    vec![DESKTOP_CHANNEL_ID.to_owned()]
}

fn yes() -> bool {
    true
}

impl RuleFile {
    /// The rule, with the ids of what the file names.
    ///
    /// # Errors
    /// There is no such task. A channel that is not there is reported when the rule is kept.
    pub fn rule(self, app: &Backend) -> anyhow::Result<Rule> {
        let task_id = match self.task_id {
            Some(task) => Some(app.call(TaskShow { task, brief: None })?.id.to_string()),
            None => None,
        };
        let known = app.call(ChannelList {})?;
        let channel_ids = self
            .channel_ids
            .into_iter()
            .map(|given| {
                let named = known.iter().find(|channel| channel.name == given);
                match named {
                    Some(channel) if known.iter().all(|channel| channel.id != given) => channel.id.clone(),
                    _ => given,
                }
            })
            .collect();
        Ok(Rule {
            id: self.id,
            name: self.name,
            task_id,
            condition: self.condition,
            channel_ids,
            enabled: self.enabled,
            builtin: self.builtin,
            notify_recovery: self.notify_recovery,
            repeat_seconds: self.repeat_seconds,
        })
    }
}

/// What a rule watches for, in words.
pub fn when(condition: &Condition) -> String {
    match condition {
        Condition::Failed => "the task has failed".to_owned(),
        Condition::AbnormalLongerThan { seconds } => format!("abnormal for {seconds} s"),
        Condition::DelayOver {
            delay_seconds,
            for_seconds,
        } => format!("delay over {delay_seconds} s for {for_seconds} s"),
        Condition::Stuck { for_seconds } => format!("stuck for {for_seconds} s"),
        Condition::GapFound => "a gap is found".to_owned(),
        Condition::RecordQuarantined => "a record is quarantined".to_owned(),
        Condition::RetentionRisk { horizon_seconds } => {
            format!("the source deletes what is not copied within {horizon_seconds} s")
        }
        Condition::NotEqual => "a verification finds both sides not equal".to_owned(),
        Condition::Completed => "the task is complete".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde::de::DeserializeOwned;
    use sluice_app::ChannelInput;

    use super::*;

    /// Every JSON file of the documentation in which `part` stands.
    fn documented<T: DeserializeOwned>(part: &str) -> Vec<T> {
        let files: Vec<T> = include_str!("../../../../docs/alerts.md")
            .split("```json")
            .skip(1)
            .filter_map(|rest| rest.split("```").next())
            .filter(|text| text.contains(part))
            .map(|text| serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}")))
            .collect();
        assert!(!files.is_empty());
        files
    }

    #[test]
    fn the_rules_of_the_documentation_are_rules() {
        for file in documented::<RuleFile>("\"condition\": {") {
            assert!(file.enabled && !file.builtin);
            assert!(!file.channel_ids.is_empty());
        }
    }

    #[test]
    fn the_channels_of_the_documentation_are_channels() {
        for file in documented::<ChannelInput>("\"config\"") {
            assert!(!file.secrets.is_empty());
        }
    }

    #[test]
    fn a_word_that_is_no_field_is_refused() {
        let text = r#"{"name": "a", "condition": {"kind": "failed"}, "repeat_second": 60}"#;
        let error = serde_json::from_str::<RuleFile>(text).unwrap_err().to_string();
        assert!(error.contains("repeat_second"), "{error}");
    }
}
