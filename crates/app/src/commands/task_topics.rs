//! The topics of a task, as far as they are seen: a task may have 10 000 partitions.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sluice_engine::{OpenGap, PartitionCondition, PartitionProgress};
use ts_rs::TS;

use super::command::Command;
use crate::schema::{PartitionHealth, needs_attention};
use crate::tasks::snapshot;
use crate::{App, Result};

/// Rows of a page if the caller says nothing.
const PAGE: usize = 200;

/// By what topics are sorted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum TopicOrder {
    /// By name.
    #[default]
    Topic,
    /// By the name on the target.
    Target,
    /// By the number of partitions.
    Partitions,
    /// The worst first.
    State,
    /// By what is not copied yet.
    Lag,
    /// By the records copied since the launch.
    Copied,
    /// By records copied per second.
    Rate,
}

/// Lists a task's topics with their sums, the partitions of opened ones below them: the rows `offset` to
/// `offset + limit` of that list.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields, default)]
pub struct TaskTopics {
    /// Name or id.
    pub task: String,
    /// Only topics whose name, or name on the target, contains this in any case.
    pub text: String,
    /// Only partitions with an error, a gap, or that are stuck, and their topics.
    pub troubled: bool,
    /// By what they are sorted; topics that are equal in it by name.
    pub order: TopicOrder,
    /// The greatest first; of states the best.
    pub descending: bool,
    /// Whether topics are open, but for those in `except`.
    pub open: bool,
    /// Topics that are not as `open` says.
    pub except: BTreeSet<String>,
    /// How many rows to leave out at the beginning.
    #[ts(type = "number")]
    pub offset: usize,
    /// How many rows at most; 200 if not said.
    #[ts(type = "number | null")]
    pub limit: Option<usize>,
}

/// A part of a task's topics.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct TopicsView {
    /// Partitions of the task, whatever is searched for.
    #[ts(type = "number")]
    pub partitions: usize,
    /// Topics that fit.
    #[ts(type = "number")]
    pub topics: usize,
    /// Rows of the whole list: topics, and partitions of those that are open.
    #[ts(type = "number")]
    pub total: usize,
    /// The rows that were asked for.
    pub rows: Vec<TopicLine>,
}

/// A row of the list of topics.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TopicLine {
    /// A topic.
    Topic(Box<TopicSums>),
    /// A partition of the opened topic above it.
    Partition(Box<PartitionLine>),
}

/// A topic of a task, with what its partitions are together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct TopicSums {
    /// Source topic.
    pub topic: String,
    /// Target topic.
    pub target_topic: String,
    /// Whether its partitions are listed below it.
    pub is_open: bool,
    /// Partitions.
    #[ts(type = "number")]
    pub partitions: usize,
    /// How the worst partition is.
    pub health: PartitionHealth,
    /// What that one does.
    pub condition: PartitionCondition,
    /// Whether that one is stuck.
    pub stuck: bool,
    /// Offsets that are not copied yet; none where no end is known.
    #[ts(type = "number | null")]
    pub lag: Option<i64>,
    /// Records copied in all.
    #[ts(type = "number")]
    pub records: u64,
    /// Records copied per second.
    pub rate: f64,
    /// The error of its worst partition that has one.
    pub error: Option<String>,
    /// Partitions that have stopped at a gap.
    #[ts(type = "number")]
    pub gaps: usize,
}

/// A partition of a task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct PartitionLine {
    /// How it is.
    pub health: PartitionHealth,
    /// Its numbers.
    #[serde(flatten)]
    pub progress: PartitionProgress,
}

/// Shows the partition at a place of a task's list of all partitions; none where there is none.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TaskPartition {
    /// Name or id.
    pub task: String,
    /// Its place, from 0.
    #[ts(type = "number")]
    pub index: usize,
}

/// Lists the partitions that have stopped at a gap.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TaskOpenGaps {
    /// Name or id.
    pub task: String,
    /// Only those of this source topic.
    #[serde(default)]
    pub topic: Option<String>,
}

/// A partition that has stopped at a gap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct StoppedAtGap {
    /// Source topic.
    pub topic: String,
    /// Partition.
    pub partition: i32,
    /// The gap.
    pub gap: OpenGap,
}

impl Command for TaskTopics {
    const NAME: &'static str = "task_topics";
    type Answer = TopicsView;

    fn run(self, app: &App) -> Result<TopicsView> {
        let rows = partitions(app, &self.task)?;
        Ok(self.of(rows))
    }
}

impl Command for TaskPartition {
    const NAME: &'static str = "task_partition";
    type Answer = Option<PartitionProgress>;

    fn run(self, app: &App) -> Result<Option<PartitionProgress>> {
        Ok(partitions(app, &self.task)?.into_iter().nth(self.index))
    }
}

impl Command for TaskOpenGaps {
    const NAME: &'static str = "task_open_gaps";
    type Answer = Vec<StoppedAtGap>;

    fn run(self, app: &App) -> Result<Vec<StoppedAtGap>> {
        Ok(partitions(app, &self.task)?
            .into_iter()
            .filter(|row| self.topic.as_ref().is_none_or(|topic| *topic == row.topic))
            .filter_map(|row| {
                row.gap.map(|gap| StoppedAtGap {
                    topic: row.topic,
                    partition: row.partition,
                    gap,
                })
            })
            .collect())
    }
}

/// Every partition of a task, in the task's order.
fn partitions(app: &App, task: &str) -> Result<Vec<PartitionProgress>> {
    let row = app.core.task(task)?;
    let live = app.supervisor.live(&crate::core::task_id(&row)?);
    Ok(snapshot(&app.core, &row, live.as_ref())?.partitions)
}

impl TaskTopics {
    /// The rows of the list that are asked for, out of all partitions.
    fn of(&self, all: Vec<PartitionProgress>) -> TopicsView {
        let count = all.len();
        let wanted = self.text.trim().to_lowercase();
        let mut by_topic: BTreeMap<String, Vec<PartitionProgress>> = BTreeMap::new();
        for row in all {
            let is_named = wanted.is_empty()
                || [&row.topic, &row.target_topic]
                    .iter()
                    .any(|name| name.to_lowercase().contains(&wanted));
            if is_named && (!self.troubled || is_troubled(&row)) {
                by_topic.entry(row.topic.clone()).or_default().push(row);
            }
        }
        let mut topics: Vec<(TopicSums, Vec<PartitionProgress>)> = by_topic
            .into_iter()
            .map(|(topic, mut rows)| {
                rows.sort_by_key(|row| row.partition);
                (self.sums(topic, &rows), rows)
            })
            .collect();
        topics.sort_by(|(a, _), (b, _)| {
            let ordering = self.compare(a, b);
            if self.descending {
                ordering.reverse()
            } else {
                ordering
            }
        });
        let total = topics
            .iter()
            .map(|(sums, rows)| 1 + if sums.is_open { rows.len() } else { 0 })
            .sum();
        let found = topics.len();
        let rows = topics
            .into_iter()
            .flat_map(|(sums, rows)| {
                let below = if sums.is_open { rows } else { Vec::new() };
                std::iter::once(TopicLine::Topic(Box::new(sums))).chain(below.into_iter().map(|progress| {
                    TopicLine::Partition(Box::new(PartitionLine {
                        health: PartitionHealth::of(&progress),
                        progress,
                    }))
                }))
            })
            .skip(self.offset)
            .take(self.limit.unwrap_or(PAGE))
            .collect();
        TopicsView {
            partitions: count,
            topics: found,
            total,
            rows,
        }
    }

    fn compare(&self, a: &TopicSums, b: &TopicSums) -> Ordering {
        match self.order {
            TopicOrder::Topic => a.topic.cmp(&b.topic),
            TopicOrder::Target => a.target_topic.cmp(&b.target_topic),
            TopicOrder::Partitions => a.partitions.cmp(&b.partitions),
            TopicOrder::State => a.health.cmp(&b.health),
            TopicOrder::Lag => a.lag.cmp(&b.lag),
            TopicOrder::Copied => a.records.cmp(&b.records),
            TopicOrder::Rate => a.rate.total_cmp(&b.rate),
        }
    }

    /// What `rows`, of which there is at least one, are together.
    fn sums(&self, topic: String, rows: &[PartitionProgress]) -> TopicSums {
        let worst = rows.iter().min_by_key(|row| PartitionHealth::of(row));
        let lags = || rows.iter().filter_map(|row| row.lag);
        TopicSums {
            target_topic: worst.map_or_else(String::new, |row| row.target_topic.clone()),
            is_open: self.open != self.except.contains(&topic),
            partitions: rows.len(),
            health: worst.map_or(PartitionHealth::AtRest, PartitionHealth::of),
            condition: worst.map_or(PartitionCondition::AtRest, |row| row.condition),
            stuck: worst.is_some_and(|row| row.stuck),
            lag: lags().next().map(|_| lags().sum()),
            records: rows.iter().map(|row| row.records).sum(),
            rate: rows.iter().map(|row| row.rate).sum(),
            error: rows
                .iter()
                .filter(|row| row.error.is_some())
                .min_by_key(|row| PartitionHealth::of(row))
                .and_then(|row| row.error.clone()),
            gaps: rows.iter().filter(|row| row.gap.is_some()).count(),
            topic,
        }
    }
}

fn is_troubled(row: &PartitionProgress) -> bool {
    row.error.is_some() || row.stuck || needs_attention(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(topic: &str, partition: i32, lag: i64) -> PartitionProgress {
        PartitionProgress {
            topic: topic.into(),
            target_topic: format!("copy.{topic}"),
            partition,
            condition: PartitionCondition::Copying,
            end: Some(1000),
            lag: Some(lag),
            records: 10,
            rate: 1.5,
            ..PartitionProgress::default()
        }
    }

    fn task() -> Vec<PartitionProgress> {
        let denied = PartitionProgress {
            condition: PartitionCondition::Retrying,
            error: Some("may not read".into()),
            ..row("b", 1, 7)
        };
        vec![
            row("a", 0, 5),
            row("b", 0, 0),
            denied,
            row("c", 0, 900),
            row("c", 1, 1),
            row("c", 2, 2),
        ]
    }

    /// A row in short: a topic with its lag, or a partition.
    fn said(view: &TopicsView) -> Vec<String> {
        view.rows
            .iter()
            .map(|row| match row {
                TopicLine::Topic(sums) => format!("{} {}", sums.topic, sums.lag.unwrap_or(-1)),
                TopicLine::Partition(row) => format!("{}-{}", row.progress.topic, row.progress.partition),
            })
            .collect()
    }

    #[test]
    fn a_topic_says_what_its_partitions_are_together_and_the_worst_of_them_its_state() {
        let view = TaskTopics::default().of(task());
        assert_eq!((view.partitions, view.topics, view.total), (6, 3, 3));
        assert_eq!(said(&view), ["a 5", "b 7", "c 903"]);
        let TopicLine::Topic(b) = &view.rows[1] else {
            panic!("{view:?}");
        };
        assert_eq!((b.partitions, b.records, b.rate), (2, 20, 3.0));
        assert_eq!(b.target_topic, "copy.b");
        assert_eq!(
            (b.health, b.condition),
            (PartitionHealth::Troubled, PartitionCondition::Retrying)
        );
        assert_eq!(b.error.as_deref(), Some("may not read"));
    }

    #[test]
    fn only_the_rows_that_are_seen_are_given_and_the_partitions_of_an_opened_topic_stand_below_it() {
        let opened = |offset, limit| TaskTopics {
            except: ["c".to_owned()].into(),
            offset,
            limit: Some(limit),
            ..TaskTopics::default()
        };
        let whole = opened(0, 100).of(task());
        assert_eq!(said(&whole), ["a 5", "b 7", "c 903", "c-0", "c-1", "c-2"]);
        let part = opened(2, 3).of(task());
        assert_eq!(
            (part.total, said(&part)),
            (6, vec!["c 903".into(), "c-0".into(), "c-1".into()])
        );
        let all = TaskTopics {
            open: true,
            except: ["c".to_owned()].into(),
            ..TaskTopics::default()
        };
        assert_eq!(
            said(&all.of(task())),
            ["a 5", "a-0", "b 7", "b-0", "b-1", "c 903"]
        );
    }

    #[test]
    fn topics_are_sorted_by_any_of_their_numbers_and_found_by_either_name_or_their_trouble() {
        let order = |order, descending| {
            said(
                &TaskTopics {
                    order,
                    descending,
                    ..TaskTopics::default()
                }
                .of(task()),
            )
        };
        assert_eq!(order(TopicOrder::Lag, true), ["c 903", "b 7", "a 5"]);
        assert_eq!(order(TopicOrder::Partitions, false), ["a 5", "b 7", "c 903"]);
        assert_eq!(order(TopicOrder::State, false)[0], "b 7", "the worst first");
        let search = |text: &str, troubled| {
            said(
                &TaskTopics {
                    text: text.into(),
                    troubled,
                    open: true,
                    ..TaskTopics::default()
                }
                .of(task()),
            )
        };
        assert_eq!(search("COPY.A", false), ["a 5", "a-0"]);
        assert_eq!(search("", true), ["b 7", "b-1"], "only partitions with a trouble");
        assert!(search("nothing", false).is_empty());
    }
}
