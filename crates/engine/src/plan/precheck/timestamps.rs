//! `timestamp_window`: what the target does to the records' times.

use sluice_model::{MissingTimestamps, Task};

use crate::finding::Finding;
use crate::plan::precheck::facts::{Outline, Route, RouteSetup, Sample, Setup};
use crate::plan::precheck::words::{listed, quoted, span, time};

const ID: &str = "timestamp_window";

/// How far from its own clock a target topic takes records, in ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Window {
    before: i64,
    after: i64,
}

impl Window {
    fn of(setup: &Setup, route: &RouteSetup) -> Self {
        let number = |key| setup.target_number(route, key);
        let either_way = number("message.timestamp.difference.max.ms").unwrap_or(i64::MAX);
        // Brokers from 3.6 to 3.9 know both; the old setting counts where the new one was left at its default.
        let bound = |key| {
            number(key)
                .filter(|bound| *bound != i64::MAX)
                .unwrap_or(either_way)
        };
        Self {
            before: bound("message.timestamp.before.max.ms"),
            after: bound("message.timestamp.after.max.ms"),
        }
    }

    /// What of a topic it refuses. Too old and too far ahead have different remedies; where both occur, it is about the
    /// oldest.
    fn refusal(self, route: &Route, (first, last): (i64, i64), now: i64) -> String {
        let (source, target) = (&route.source_topic, &route.target_topic);
        if now.saturating_sub(first) <= self.before {
            format!(
                "'{source}' holds records of {}, '{target}' takes none more than {} ahead of its clock (message.timestamp.after.max.ms)",
                time(last),
                span(self.after)
            )
        } else {
            format!(
                "'{source}' holds records of {}, '{target}' takes none older than {} (message.timestamp.before.max.ms or difference.max.ms)",
                time(first),
                span(self.before)
            )
        }
    }

    fn takes(self, at: i64, now: i64) -> bool {
        now.saturating_sub(at) <= self.before && at.saturating_sub(now) <= self.after
    }
}

/// How to make the target take them: a topic with the age of its oldest record in ms, if one is too old.
fn wider(too_old: Option<(&str, i64)>) -> String {
    too_old.map_or_else(
        || "raise message.timestamp.after.max.ms on the target topic".to_owned(),
        |(topic, age)| {
            // A tenth more, for the time that passes until they are copied.
            let room = age.saturating_add(age / 10);
            format!(
                "set message.timestamp.before.max.ms={room} or more on '{topic}' of the target (message.timestamp.difference.max.ms before 3.6)"
            )
        },
    )
}

/// Records from before 0.10 have no time.
fn without_time(task: &Task, topics: &[&str]) -> Finding {
    Finding::warning(
        ID,
        format!(
            "records of {} have no timestamp: they were written before 0.10",
            quoted(topics)
        ),
        match task.missing_timestamps {
            MissingTimestamps::CopyTime => {
                "they get the time of the copy; verification lists it as an accepted difference"
            }
            MissingTimestamps::Previous => {
                "they get the time of the record before; verification lists it as an accepted difference"
            }
        },
        "none needed; --missing-timestamps says which time they get",
    )
}

/// Whether the target takes records as old (or as far ahead) as the source holds.
pub(crate) fn window(
    task: &Task,
    outline: &Outline,
    setup: &Setup,
    sample: Option<&Sample>,
    now: i64,
) -> Finding {
    let (mut none, mut some, mut restamped, mut untimed) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut wanted: Option<(&str, i64)> = None;
    for (route, found) in outline.routes.iter().zip(&setup.routes) {
        let target = route.target_topic.as_str();
        if setup.target(found, "message.timestamp.type").as_deref() == Some("LogAppendTime") {
            restamped.push(format!("'{target}' has message.timestamp.type=LogAppendTime"));
            continue;
        }
        let sampled = sample.and_then(|sample| sample.topics.get(&route.source_topic));
        if sampled.is_some_and(|topic| topic.untimed > 0) {
            untimed.push(route.source_topic.as_str());
        }
        let Some((first, last)) = sampled.and_then(|topic| topic.times) else {
            continue;
        };
        let window = Window::of(setup, found);
        let (takes_first, takes_last) = (window.takes(first, now), window.takes(last, now));
        if takes_first && takes_last {
            continue;
        }
        if now.saturating_sub(first) > window.before {
            wanted.get_or_insert((target, now - first));
        }
        let cause = window.refusal(route, (first, last), now);
        if takes_first || takes_last {
            some.push(cause);
        } else {
            none.push(cause);
        }
    }
    let remedy = || wider(wanted);
    if !none.is_empty() {
        return Finding::failed(
            ID,
            listed(&none, "; "),
            "the target refuses every record that was looked at: they would all go to quarantine",
            remedy(),
        );
    }
    if !some.is_empty() {
        return Finding::warning(
            ID,
            listed(&some, "; "),
            "the target refuses such records, and they go to quarantine",
            remedy(),
        );
    }
    if !restamped.is_empty() {
        return Finding::warning(
            ID,
            listed(&restamped, "; "),
            "the target replaces every record's time by the time of the copy; verification lists it as an accepted difference",
            "set message.timestamp.type=CreateTime to keep the times",
        );
    }
    if !untimed.is_empty() {
        return without_time(task, &untimed);
    }
    Finding::success(ID, "the target keeps the records' times")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_open_to_both_sides_as_far_as_it_says() {
        let window = Window { before: 10, after: 5 };
        assert!(window.takes(90, 100) && window.takes(105, 100));
        assert!(!window.takes(89, 100) && !window.takes(106, 100));
        let open = Window {
            before: i64::MAX,
            after: i64::MAX,
        };
        assert!(open.takes(0, i64::MAX) && open.takes(i64::MAX, 0));
    }
}
