use std::collections::BTreeMap;

use regex::Regex;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{InvalidTask, Result, check_topic_name};

/// One search-and-replace rule on topic names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RegexRename {
    /// Regular expression, searched anywhere in the source name.
    pub pattern: String,
    /// Replacement; `$1` or `${name}` stand for groups.
    pub replacement: String,
}

/// How source topic names become target topic names: an entry of `map` decides alone; otherwise the regex rules
/// apply in order, then prefix and suffix.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default, deny_unknown_fields)]
pub struct Rename {
    /// Source name → target name.
    pub map: BTreeMap<String, String>,
    /// Search-and-replace rules.
    pub regex: Vec<RegexRename>,
    /// Put before the name.
    pub prefix: String,
    /// Put behind the name.
    pub suffix: String,
}

impl Rename {
    /// # Errors
    /// A pattern that does not compile or a mapped name Kafka would refuse.
    pub fn check(&self) -> Result<()> {
        self.map.values().try_for_each(|name| check_topic_name(name))?;
        self.regex
            .iter()
            .try_for_each(|rule| compile(&rule.pattern).map(drop))
    }

    /// The target name of `source`.
    ///
    /// # Errors
    /// The result is no valid topic name.
    pub fn apply(&self, source: &str) -> Result<String> {
        if let Some(target) = self.map.get(source) {
            check_topic_name(target)?;
            return Ok(target.clone());
        }
        let name = replaced(&self.regex, source)?;
        let name = format!("{}{name}{}", self.prefix, self.suffix);
        check_topic_name(&name)?;
        Ok(name)
    }
}

/// `name` after all of `rules`, in their order.
///
/// # Errors
/// A pattern that does not compile.
pub(crate) fn replaced(rules: &[RegexRename], name: &str) -> Result<String> {
    let mut name = name.to_owned();
    for rule in rules {
        name = compile(&rule.pattern)?
            .replace_all(&name, rule.replacement.as_str())
            .into_owned();
    }
    Ok(name)
}

pub(crate) fn compile(pattern: &str) -> Result<Regex> {
    Regex::new(pattern).map_err(|error| InvalidTask::Pattern {
        what: "rename",
        pattern: pattern.to_owned(),
        reason: error
            .to_string()
            .lines()
            .last()
            .unwrap_or_default()
            .trim()
            .to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn map_decides_alone_and_the_rest_combine() {
        let rename = Rename {
            map: BTreeMap::from([("a".into(), "z".into())]),
            regex: vec![RegexRename {
                pattern: "^prod\\.(.*)$".into(),
                replacement: "$1".into(),
            }],
            prefix: "eu.".into(),
            suffix: ".copy".into(),
        };
        assert_eq!(rename.apply("a").unwrap(), "z");
        assert_eq!(rename.apply("prod.orders").unwrap(), "eu.orders.copy");
    }

    #[test]
    fn results_are_checked() {
        let rename = Rename {
            prefix: "bad name ".into(),
            ..Rename::default()
        };
        assert!(rename.apply("a").is_err());
    }
}
