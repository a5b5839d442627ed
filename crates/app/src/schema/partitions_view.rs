use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sluice_engine::{OpenGap, PartitionCondition, PartitionProgress};
use ts_rs::TS;

/// Topics that are named of those with a trouble; of more, their number says enough.
const NAMED: usize = 4;
/// A partition that is less late than this keeps up: what arrives is copied at once.
const KEEPS_UP_MS: f64 = 5000.0;
/// The fullest a partition's cell can be: fillings are told as one hexadecimal digit.
const FULL: f64 = 15.0;

/// How a partition is, at a glance; of several, the worst counts. The worst comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum PartitionHealth {
    /// It waits for a person.
    Stopped,
    /// An error is being retried, or it is stuck.
    Troubled,
    /// It copies what it is behind with.
    Behind,
    /// It does not run, or its end is not known yet.
    AtRest,
    /// What arrives is copied at once.
    KeepsUp,
}

/// All partitions of a task, in a few letters for each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PartitionsView {
    /// How many there are.
    #[ts(type = "number")]
    pub count: usize,
    /// How many have caught up.
    #[ts(type = "number")]
    pub caught_up: usize,
    /// A letter for each partition, in the order of the task: `s`topped, `t`roubled, `b`ehind, at `r`est, `k`eeps up.
    pub health: String,
    /// A hexadecimal digit for each partition: how much of the way from its start to its end is copied, `f` for all of it.
    pub filled: String,
    /// How many have stopped at a gap.
    #[ts(type = "number")]
    pub gaps: usize,
    /// The first topics with such partitions.
    pub gap_topics: Vec<GapTopic>,
    /// How many topics have an error that is no gap.
    #[ts(type = "number")]
    pub troubled: usize,
    /// The first of them.
    pub troubled_topics: Vec<String>,
}

/// A topic of which partitions have stopped at a gap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct GapTopic {
    /// Source topic.
    pub topic: String,
    /// How many of its partitions.
    #[ts(type = "number")]
    pub gaps: usize,
    /// The first of these partitions.
    pub partition: i32,
    /// Its gap.
    pub gap: OpenGap,
}

impl PartitionHealth {
    /// How `row` is.
    pub(crate) fn of(row: &PartitionProgress) -> Self {
        match row.condition {
            PartitionCondition::Stopped => Self::Stopped,
            PartitionCondition::Retrying => Self::Troubled,
            _ if row.stuck => Self::Troubled,
            PartitionCondition::AtRest => Self::AtRest,
            PartitionCondition::CaughtUp if row.end.is_some() => Self::KeepsUp,
            _ if row.end.is_none() => Self::AtRest,
            // Between two looks at the source the delay may not be known; then what is left at the present rate counts.
            _ => {
                let late = row.delay_ms.map(|ms| ms as f64).or_else(|| {
                    row.lag.map(|lag| {
                        if lag == 0 {
                            0.0
                        } else {
                            lag as f64 / row.rate * 1000.0
                        }
                    })
                });
                match late {
                    Some(late) if late < KEEPS_UP_MS => Self::KeepsUp,
                    _ => Self::Behind,
                }
            }
        }
    }

    fn letter(self) -> char {
        match self {
            Self::Stopped => 's',
            Self::Troubled => 't',
            Self::Behind => 'b',
            Self::AtRest => 'r',
            Self::KeepsUp => 'k',
        }
    }
}

impl PartitionsView {
    /// What `rows` are together.
    pub(crate) fn of(rows: &[PartitionProgress]) -> Self {
        let mut gap_topics: BTreeMap<&str, GapTopic> = BTreeMap::new();
        let mut troubled: BTreeSet<&str> = BTreeSet::new();
        for row in rows {
            if let Some(gap) = row.gap {
                gap_topics
                    .entry(&row.topic)
                    .and_modify(|known| known.gaps += 1)
                    .or_insert_with(|| GapTopic {
                        topic: row.topic.clone(),
                        gaps: 1,
                        partition: row.partition,
                        gap,
                    });
            } else if needs_attention(row) && row.error.is_some() {
                troubled.insert(&row.topic);
            }
        }
        Self {
            count: rows.len(),
            caught_up: rows
                .iter()
                .filter(|row| row.condition == PartitionCondition::CaughtUp)
                .count(),
            health: rows.iter().map(|row| PartitionHealth::of(row).letter()).collect(),
            filled: rows
                .iter()
                .filter_map(|row| char::from_digit(filling(row), 16))
                .collect(),
            gaps: gap_topics.values().map(|topic| topic.gaps).sum(),
            troubled: troubled.len(),
            troubled_topics: troubled.into_iter().take(NAMED).map(str::to_owned).collect(),
            gap_topics: gap_topics.into_values().take(NAMED).collect(),
        }
    }
}

/// Whether a partition has stopped, or tries again what failed.
pub(crate) fn needs_attention(row: &PartitionProgress) -> bool {
    matches!(
        row.condition,
        PartitionCondition::Stopped | PartitionCondition::Retrying
    )
}

/// How much of the way from its start to its end `row` has behind it, 0 to 15.
fn filling(row: &PartitionProgress) -> u32 {
    let share = match row.end {
        _ if row.condition == PartitionCondition::CaughtUp => 1.0,
        Some(end) if end > row.start => (row.position - row.start) as f64 / (end - row.start) as f64,
        // Nothing is known of the end of a partition that does not run: it is shown as it was left.
        None if row.condition != PartitionCondition::AtRest => 0.0,
        _ => 1.0,
    };
    (share.clamp(0.0, 1.0) * FULL) as u32
}

#[cfg(test)]
mod tests {
    use sluice_engine::GapReason;
    use sluice_model::OffsetRange;

    use super::*;

    fn row(topic: &str, partition: i32, condition: PartitionCondition) -> PartitionProgress {
        PartitionProgress {
            topic: topic.into(),
            partition,
            condition,
            end: Some(100),
            ..PartitionProgress::default()
        }
    }

    #[test]
    fn each_partition_is_told_in_a_letter_and_a_digit_in_the_order_of_the_task() {
        let rows = [
            PartitionProgress {
                position: 100,
                ..row("a", 0, PartitionCondition::CaughtUp)
            },
            PartitionProgress {
                position: 50,
                lag: Some(50),
                rate: 1.0,
                ..row("a", 1, PartitionCondition::Copying)
            },
            PartitionProgress {
                position: 99,
                delay_ms: Some(200),
                ..row("b", 0, PartitionCondition::Copying)
            },
            PartitionProgress {
                stuck: true,
                ..row("b", 1, PartitionCondition::Copying)
            },
            PartitionProgress {
                end: None,
                ..row("b", 2, PartitionCondition::Copying)
            },
            PartitionProgress {
                end: None,
                ..row("c", 0, PartitionCondition::AtRest)
            },
            row("c", 1, PartitionCondition::Retrying),
            row("c", 2, PartitionCondition::Stopped),
        ];
        let view = PartitionsView::of(&rows);
        assert_eq!((view.count, view.caught_up), (8, 1));
        assert_eq!(view.health, "kbktrrts");
        assert_eq!(view.filled, "f7e00f00");
    }

    #[test]
    fn ten_thousand_partitions_are_told_in_two_letters_each() {
        let rows: Vec<_> = (0..10_000)
            .map(|n| row("topic", n, PartitionCondition::CaughtUp))
            .collect();
        let told = serde_json::to_string(&PartitionsView::of(&rows)).unwrap();
        assert!(told.len() < 20_500, "{} bytes", told.len());
    }

    #[test]
    fn topics_with_a_gap_are_counted_apart_from_those_with_another_error() {
        let gap = OpenGap {
            range: OffsetRange { from: 3, to: 8 },
            reason: GapReason::Deleted,
            resume_at: 8,
        };
        let stopped = |topic: &str, partition| PartitionProgress {
            gap: Some(gap),
            error: Some("gone".into()),
            ..row(topic, partition, PartitionCondition::Stopped)
        };
        let mut rows = vec![stopped("a", 1), stopped("a", 2), stopped("b", 0)];
        rows.extend((0..6).map(|n| PartitionProgress {
            error: Some("denied".into()),
            ..row(&format!("t{n}"), 0, PartitionCondition::Retrying)
        }));
        let view = PartitionsView::of(&rows);
        assert_eq!((view.gaps, view.troubled), (3, 6));
        let told = |topic: &str, gaps, partition| GapTopic {
            topic: topic.into(),
            gaps,
            partition,
            gap,
        };
        assert_eq!(view.gap_topics, [told("a", 2, 1), told("b", 1, 0)]);
        assert_eq!(view.troubled_topics, ["t0", "t1", "t2", "t3"]);
    }
}
