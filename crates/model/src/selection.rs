use regex::Regex;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{InvalidTask, Result, check_topic_name};

/// Whether Kafka or its tools keep their own state in this topic. Such topics are never copied by a pattern or by
/// "all topics", because their content means something only to the cluster that wrote it.
pub fn is_internal_topic(name: &str) -> bool {
    name.starts_with("__")
}

/// Which source topics a task copies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Objects {
    /// These topics.
    Topics(Vec<String>),
    /// Every topic whose whole name matches `include` and does not match `exclude`; topics made later as well.
    Matching {
        /// Regular expression on the whole name; `.*` is all topics.
        include: String,
        /// Regular expression on the whole name; wins over `include`.
        exclude: Option<String>,
    },
}

impl Objects {
    /// All topics but the internal ones.
    pub fn all() -> Self {
        Self::Matching {
            include: ".*".to_owned(),
            exclude: None,
        }
    }

    /// Whether topics made after the launch can belong to it.
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Matching { .. })
    }

    /// # Errors
    /// Nothing chosen, a name Kafka would refuse, or a pattern that does not compile.
    pub fn check(&self) -> Result<()> {
        match self {
            Self::Topics(names) => {
                if names.is_empty() {
                    return Err(InvalidTask::NoObjects);
                }
                names.iter().try_for_each(|name| check_topic_name(name))
            }
            Self::Matching { include, exclude } => {
                whole("include", include)?;
                exclude
                    .as_deref()
                    .map(|pattern| whole("exclude", pattern))
                    .transpose()
                    .map(drop)
            }
        }
    }

    /// Whether a topic of this name belongs to the task.
    ///
    /// # Errors
    /// A pattern that does not compile.
    pub fn has(&self, name: &str) -> Result<bool> {
        Ok(!self.select([name])?.is_empty())
    }

    /// Keeps those of `names` that belong to the task, in their order.
    ///
    /// # Errors
    /// A pattern that does not compile.
    pub fn select<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Result<Vec<&'a str>> {
        match self {
            Self::Topics(chosen) => Ok(names
                .into_iter()
                .filter(|name| chosen.iter().any(|c| c == name))
                .collect()),
            Self::Matching { include, exclude } => {
                let include = whole("include", include)?;
                let exclude = exclude
                    .as_deref()
                    .map(|pattern| whole("exclude", pattern))
                    .transpose()?;
                Ok(names
                    .into_iter()
                    .filter(|name| !is_internal_topic(name))
                    .filter(|name| include.is_match(name))
                    .filter(|name| !exclude.as_ref().is_some_and(|pattern| pattern.is_match(name)))
                    .collect())
            }
        }
    }
}

/// A regular expression that must match the whole of a name; `what` is the field it stands in.
pub(crate) fn whole(what: &'static str, pattern: &str) -> Result<Regex> {
    Regex::new(&format!("^(?:{pattern})$")).map_err(|error| InvalidTask::Pattern {
        what,
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
    fn all_topics_leaves_out_internal_ones() {
        let names = ["a", "__consumer_offsets", "b", "_schemas"];
        assert_eq!(Objects::all().select(names).unwrap(), ["a", "b", "_schemas"]);
    }

    #[test]
    fn exclude_wins_and_patterns_match_whole_names() {
        let objects = Objects::Matching {
            include: "orders.*".into(),
            exclude: Some("orders\\.tmp".into()),
        };
        let names = ["orders.1", "orders.tmp", "my.orders.2", "orders.tmp2"];
        assert_eq!(objects.select(names).unwrap(), ["orders.1", "orders.tmp2"]);
    }

    #[test]
    fn alternatives_in_a_pattern_are_anchored_as_a_whole() {
        let objects = Objects::Matching {
            include: "a|b".into(),
            exclude: None,
        };
        assert_eq!(objects.select(["a", "ab", "b"]).unwrap(), ["a", "b"]);
    }

    #[test]
    fn bad_patterns_and_empty_lists_are_refused() {
        assert_eq!(Objects::Topics(vec![]).check(), Err(InvalidTask::NoObjects));
        let error = Objects::Matching {
            include: "(".into(),
            exclude: None,
        }
        .check()
        .unwrap_err();
        assert!(error.to_string().contains("include pattern '('"), "{error}");
    }
}
