//! Which topics a pattern chooses and what they are called on the target, for a form that shows it as it is filled in.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::rename::{compile, replaced};
use crate::selection::whole;
use crate::topic_name::topic_name_problem;
use crate::{InvalidTask, Objects, Rename, TopicNameProblem};

/// What is wrong with a target name, or may surprise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum NameProblem {
    /// Kafka refuses the name.
    Refused {
        /// The rule that it breaks.
        rule: TopicNameProblem,
    },
    /// The topic would be copied onto itself.
    Itself,
    /// Another topic would be written there too.
    Twice {
        /// Its source name.
        other: String,
    },
    /// Kafka writes this name and that of another topic in the same way in its metrics.
    Collision {
        /// The source name of the other one.
        other: String,
    },
}

/// A topic that is chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NamedTopic {
    /// Its name at the source.
    pub source: String,
    /// Its name on the target.
    pub target: String,
    /// Its name on the target without an entry of its own.
    pub by_rules: String,
    /// What is wrong with the target name.
    pub problem: Option<NameProblem>,
}

/// What a choice of topics and rules of renaming come to with the topics there are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Naming {
    /// The topics that are chosen, in the order in which they were given.
    pub topics: Vec<NamedTopic>,
    /// Why the pattern of the topics to copy is no regular expression.
    pub include: Option<String>,
    /// Why the pattern of the topics to leave out is no regular expression.
    pub exclude: Option<String>,
    /// Of each rule of renaming, why its pattern is no regular expression. Such a rule does nothing.
    pub rules: Vec<Option<String>>,
}

impl NameProblem {
    /// Whether the name cannot stay as it is; a collision is only worth knowing.
    pub fn is_error(&self) -> bool {
        !matches!(self, Self::Collision { .. })
    }
}

/// Names the chosen ones of `topics`. `same_cluster`: source and target are one data source. Nothing is refused: what
/// cannot stay is in the answer.
pub fn name_topics(objects: &Objects, rename: &Rename, topics: &[String], same_cluster: bool) -> Naming {
    let mut naming = Naming {
        rules: rename
            .regex
            .iter()
            .map(|rule| reason(compile(&rule.pattern)))
            .collect(),
        ..Naming::default()
    };
    let chosen: Vec<&str> = match objects {
        // Also those that the source no longer has: they are to be seen.
        Objects::Topics(names) => names.iter().map(String::as_str).collect(),
        Objects::Matching { include, exclude } => {
            naming.include = reason(whole("include", include));
            naming.exclude = exclude
                .as_deref()
                .and_then(|pattern| reason(whole("exclude", pattern)));
            // A pattern to leave out that is none leaves nothing out; without one to copy, nothing is copied.
            let usable = Objects::Matching {
                include: include.clone(),
                exclude: exclude.clone().filter(|_| naming.exclude.is_none()),
            };
            if include.is_empty() {
                Vec::new()
            } else {
                usable
                    .select(topics.iter().map(String::as_str))
                    .unwrap_or_default()
            }
        }
    };
    let usable: Vec<_> = rename
        .regex
        .iter()
        .zip(&naming.rules)
        .filter(|(_, problem)| problem.is_none())
        .map(|(rule, _)| rule.clone())
        .collect();
    naming.topics = chosen
        .into_iter()
        .map(|source| {
            let name = replaced(&usable, source).unwrap_or_else(|_| source.to_owned());
            let by_rules = format!("{}{name}{}", rename.prefix, rename.suffix);
            NamedTopic {
                source: source.to_owned(),
                target: rename
                    .map
                    .get(source)
                    .cloned()
                    .unwrap_or_else(|| by_rules.clone()),
                by_rules,
                problem: None,
            }
        })
        .collect();
    find_problems(&mut naming.topics, same_cluster);
    naming
}

fn find_problems(topics: &mut [NamedTopic], same_cluster: bool) {
    let mut by_name: HashMap<String, usize> = HashMap::new();
    let mut by_metric: HashMap<String, usize> = HashMap::new();
    for place in 0..topics.len() {
        let target = topics[place].target.clone();
        if let Some(rule) = topic_name_problem(&target) {
            topics[place].problem = Some(NameProblem::Refused { rule });
            continue;
        }
        if let Some(&first) = by_name.get(&target) {
            let (one, other) = (topics[first].source.clone(), topics[place].source.clone());
            topics[place].problem = Some(NameProblem::Twice { other: one });
            topics[first].problem = Some(NameProblem::Twice { other });
            continue;
        }
        by_name.insert(target.clone(), place);
        if same_cluster && topics[place].source == target {
            topics[place].problem = Some(NameProblem::Itself);
            continue;
        }
        if let Some(&alike) = by_metric.get(&target.replace('.', "_")) {
            let other = topics[alike].source.clone();
            topics[place].problem = Some(NameProblem::Collision { other });
        }
        by_metric.insert(target.replace('.', "_"), place);
    }
}

fn reason<T>(compiled: crate::Result<T>) -> Option<String> {
    match compiled {
        Ok(_) => None,
        Err(InvalidTask::Pattern { reason, .. }) => Some(reason),
        Err(other) => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::RegexRename;

    fn matching(include: &str, exclude: Option<&str>) -> Objects {
        Objects::Matching {
            include: include.to_owned(),
            exclude: exclude.map(str::to_owned),
        }
    }

    fn sources(naming: &Naming) -> Vec<&str> {
        naming.topics.iter().map(|topic| topic.source.as_str()).collect()
    }

    #[test]
    fn patterns_are_judged_by_the_expressions_that_the_copy_uses() {
        let topics = ["orders", "Orders-2", "clicks", "__consumer_offsets"].map(str::to_owned);
        let name = |include: &str, exclude: Option<&str>| {
            name_topics(&matching(include, exclude), &Rename::default(), &topics, false)
        };
        assert_eq!(sources(&name("(?i)orders.*", None)), ["orders", "Orders-2"]);
        let look_ahead = name("(?=o)orders.*", None);
        assert!(look_ahead.include.is_some() && look_ahead.topics.is_empty());
        let wrong_exclude = name(".*", Some("("));
        assert!(wrong_exclude.exclude.is_some());
        assert_eq!(sources(&wrong_exclude), ["orders", "Orders-2", "clicks"]);
        assert_eq!(sources(&name(".*", Some("c.*"))), ["orders", "Orders-2"]);
        assert!(name("", None).topics.is_empty());
    }

    #[test]
    fn an_entry_of_its_own_decides_and_what_the_rules_come_to_is_known_as_well() {
        let rename = Rename {
            map: BTreeMap::from([("a".into(), "z".into())]),
            regex: vec![
                RegexRename {
                    pattern: "(".into(),
                    replacement: String::new(),
                },
                RegexRename {
                    pattern: "^prod\\.(.*)$".into(),
                    replacement: "$1".into(),
                },
            ],
            prefix: "eu.".into(),
            suffix: String::new(),
        };
        let objects = Objects::Topics(vec!["a".into(), "prod.b".into()]);
        let naming = name_topics(&objects, &rename, &[], false);
        let names: Vec<_> = naming
            .topics
            .iter()
            .map(|topic| (topic.target.as_str(), topic.by_rules.as_str()))
            .collect();
        assert_eq!(names, [("z", "eu.a"), ("eu.b", "eu.b")]);
        assert!(naming.rules[0].is_some() && naming.rules[1].is_none());
    }

    #[test]
    fn every_problem_of_a_target_name_is_named() {
        let rename = Rename {
            map: [
                ("a", "x"),
                ("b", "x"),
                ("c", "y.z"),
                ("d", "y_z"),
                ("e", "a b"),
                ("f", ""),
            ]
            .map(|(from, to)| (from.to_owned(), to.to_owned()))
            .into(),
            ..Rename::default()
        };
        let objects = Objects::Topics(["a", "b", "c", "d", "e", "f", "g"].map(str::to_owned).into());
        let naming = name_topics(&objects, &rename, &[], true);
        let problems: Vec<_> = naming.topics.into_iter().map(|topic| topic.problem).collect();
        assert_eq!(
            problems,
            [
                Some(NameProblem::Twice { other: "b".into() }),
                Some(NameProblem::Twice { other: "a".into() }),
                None,
                Some(NameProblem::Collision { other: "c".into() }),
                Some(NameProblem::Refused {
                    rule: TopicNameProblem::Characters
                }),
                Some(NameProblem::Refused {
                    rule: TopicNameProblem::Empty
                }),
                Some(NameProblem::Itself),
            ]
        );
    }

    #[test]
    fn ten_thousand_topics_get_each_their_own_name() {
        let topics: Vec<String> = (0..10_000).map(|number| format!("topic-{number}")).collect();
        let rename = Rename {
            prefix: "eu.".into(),
            ..Rename::default()
        };
        let naming = name_topics(&Objects::all(), &rename, &topics, false);
        assert!(naming.topics.iter().all(|topic| topic.problem.is_none()));
        assert_eq!(naming.topics.len(), 10_000);
    }
}
