use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use serde::Deserialize;
use sluice_model::{
    Codec, Delivery, End, ExistingData, ForbiddenTopics, LaneChoice, MissingTimestamps, Objects, OutOfRange,
    Rename, Start, TaskName,
};

use crate::amount::Amount;

/// A task described in TOML; docs/task.md explains each field.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TaskFile {
    pub name: Option<TaskName>,
    pub source: ClusterSection,
    pub target: ClusterSection,
    pub topics: Option<Vec<String>>,
    pub all: bool,
    pub include: Option<String>,
    pub exclude: Option<String>,
    pub rename: Rename,
    pub start: Option<Start>,
    pub start_overrides: BTreeMap<String, Start>,
    pub end: Option<End>,
    pub end_overrides: BTreeMap<String, End>,
    pub existing: Option<ExistingData>,
    pub delivery: Option<Delivery>,
    pub out_of_range: Option<OutOfRange>,
    pub forbidden_topics: Option<ForbiddenTopics>,
    pub missing_timestamps: Option<MissingTimestamps>,
    pub lane: Option<LaneChoice>,
    pub limits: LimitsSection,
    pub replication_factor: Option<u16>,
    pub compression: Option<Codec>,
    /// The directory that relative paths start from.
    #[serde(skip)]
    pub base_dir: PathBuf,
}

/// `[source]` or `[target]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClusterSection {
    pub bootstrap: Option<String>,
    pub config: Option<PathBuf>,
    pub address_map: BTreeMap<String, String>,
    pub proxy: Option<String>,
    pub properties: BTreeMap<String, toml::Value>,
}

/// `[limits]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsSection {
    pub records_per_second: Option<Amount>,
    pub bytes_per_second: Option<Amount>,
}

impl TaskFile {
    /// Reads a task file.
    ///
    /// # Errors
    /// It cannot be read, or a field is wrong; the sentence has the line.
    pub fn load(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("the task file '{}' cannot be read", path.display()))?;
        let mut file =
            Self::parse(&text).map_err(|error| anyhow!("the task file '{}', {error}", path.display()))?;
        file.base_dir = path.parent().unwrap_or(Path::new(".")).to_owned();
        Ok(file)
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        // Windows editors put a mark before the text that TOML does not know.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        toml::from_str(text).map_err(|error| anyhow!(explain(text, &error)))
    }

    /// The topics, if the file says anything of them.
    ///
    /// # Errors
    /// It says more than one thing.
    pub fn objects(&self) -> anyhow::Result<Option<Objects>> {
        let ways = [self.topics.is_some(), self.all, self.include.is_some()];
        if ways.into_iter().filter(|&chosen| chosen).count() > 1 {
            bail!(
                "the task file chooses its topics in more than one way; leave one of topics, all and include"
            );
        }
        if let Some(topics) = &self.topics {
            if self.exclude.is_some() {
                bail!(
                    "the task file has exclude beside topics, where it means nothing; leave topics you do not want out of the list"
                );
            }
            return Ok(Some(Objects::Topics(topics.clone())));
        }
        let include = self.include.clone().or_else(|| self.all.then(|| ".*".to_owned()));
        match include {
            Some(include) => Ok(Some(Objects::Matching {
                include,
                exclude: self.exclude.clone(),
            })),
            None if self.exclude.is_some() => {
                bail!("the task file has exclude without include or all; add all = true")
            }
            None => Ok(None),
        }
    }
}

impl ClusterSection {
    /// The address map as its property has it, if there is one.
    pub fn address_map(&self) -> Option<String> {
        let entries: Vec<String> = self
            .address_map
            .iter()
            .map(|(advertised, reachable)| format!("{advertised}={reachable}"))
            .collect();
        (!entries.is_empty()).then(|| entries.join(","))
    }

    /// The properties as texts.
    ///
    /// # Errors
    /// A value is no text, number or switch.
    pub fn property_pairs(&self, section: &str) -> anyhow::Result<Vec<(String, String)>> {
        self.properties
            .iter()
            .map(|(key, value)| {
                let text = match value {
                    toml::Value::String(text) => text.clone(),
                    toml::Value::Integer(number) => number.to_string(),
                    toml::Value::Boolean(switch) => switch.to_string(),
                    _ => bail!(
                        "the task file has a property {key} in [{section}.properties] that is not text; put names with dots in quotes, as \"sasl.mechanism\" = \"PLAIN\""
                    ),
                };
                Ok((key.clone(), text))
            })
            .collect()
    }
}

/// Line and field of an error. The line itself is not shown: it may hold a password.
fn explain(text: &str, error: &toml::de::Error) -> String {
    let message = error.message();
    let Some(span) = error.span() else {
        return message.to_owned();
    };
    let before = text.get(..span.start).unwrap_or(text);
    let number = before.matches('\n').count() + 1;
    let line = text.lines().nth(number - 1).unwrap_or_default().trim();
    let field = line.split_once('=').map_or(line, |(key, _)| key.trim());
    let named = !field.is_empty() && field.len() <= 60;
    if named {
        format!("line {number} ({field}): {message}")
    } else {
        format!("line {number}: {message}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_in_the_documentation_is_valid() {
        let page = include_str!("../../../docs/task.md");
        let mut examples = 0;
        for block in page.split("```toml\n").skip(1) {
            let text = block.split("```").next().unwrap();
            let file = TaskFile::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
            file.objects().unwrap();
            examples += 1;
        }
        assert!(examples >= 2);
    }

    #[test]
    fn every_field_is_read() {
        let file = TaskFile::parse(
            r#"
            name = "orders to eu"
            include = "orders.*"
            exclude = "orders\\.tmp"
            start = "time:2026-01-31T08:00:00Z"
            existing = "append"
            delivery = "at-least-once"
            out_of_range = "nearest"
            forbidden_topics = "leave-out"
            missing_timestamps = "previous"
            replication_factor = 3
            compression = "zstd"
            [source]
            bootstrap = "a:1,b:2"
            config = "source.properties"
            proxy = "bastion:1080"
            address_map = { "a.internal:9092" = "b:1" }
            [source.properties]
            "security.protocol" = "SSL"
            "socket.timeout.ms" = 10000
            "enable.ssl.certificate.verification" = true
            [target]
            bootstrap = "c:1"
            [rename]
            prefix = "eu."
            suffix = ".copy"
            map = { a = "b" }
            regex = [{ pattern = "^p", replacement = "q" }]
            [start_overrides]
            "orders.1" = "offset:7"
            [end_overrides]
            "orders.1" = "records:100"
            [limits]
            records_per_second = 5000
            bytes_per_second = "10M"
            "#,
        )
        .unwrap();
        assert_eq!(file.limits.bytes_per_second, Some(Amount(10_000_000)));
        assert_eq!(file.rename.regex[0].pattern, "^p");
        assert_eq!(file.start_overrides["orders.1"], Start::Offset(7));
        assert_eq!(file.end_overrides["orders.1"], End::Records(100));
        let pairs = file.source.property_pairs("source").unwrap();
        assert_eq!(
            pairs[0],
            (
                "enable.ssl.certificate.verification".to_owned(),
                "true".to_owned()
            )
        );
        assert!(matches!(
            file.objects().unwrap(),
            Some(Objects::Matching { exclude: Some(_), .. })
        ));
    }

    #[test]
    fn mistakes_have_their_line_and_field_but_not_its_value() {
        for (text, words) in [
            ("\n\nsorce = 1", "line 3 (sorce): unknown field `sorce`"),
            ("name = 5", "line 1 (name): "),
            (
                "all = true\nexisting = \"drop\"",
                "line 2 (existing): unknown variant `drop`, expected one of `stop`",
            ),
            (
                "start = \"yesterday\"",
                "line 1 (start): 'yesterday' is no start position",
            ),
            (
                "[limits]\nbytes_per_second = \"fast\"",
                "line 2 (bytes_per_second): 'fast' is not an amount",
            ),
            (
                "[limits]\nbytes_per_second = -1",
                "line 2 (bytes_per_second): it must not be negative",
            ),
            ("topics = [\"a\"", "line 1"),
            (
                "[source]\npasword = \"hunter2\"",
                "line 2 (pasword): unknown field",
            ),
        ] {
            let error = TaskFile::parse(text).unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn topics_are_chosen_in_one_way() {
        for (text, word) in [
            ("topics = [\"a\"]\nall = true", "more than one way"),
            ("topics = [\"a\"]\nexclude = \"b\"", "exclude beside topics"),
            ("exclude = \"b\"", "exclude without"),
        ] {
            let error = TaskFile::parse(text).unwrap().objects().unwrap_err().to_string();
            assert!(error.contains(word), "{text}: {error}");
        }
        assert_eq!(TaskFile::parse("").unwrap().objects().unwrap(), None);
    }

    #[test]
    fn nested_properties_are_explained() {
        let file = TaskFile::parse("[source.properties]\nsasl.password = \"hunter2\"").unwrap();
        let error = file.source.property_pairs("source").unwrap_err().to_string();
        assert!(
            error.contains("in quotes") && !error.contains("hunter2"),
            "{error}"
        );
    }
}
