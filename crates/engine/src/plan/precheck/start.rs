//! `start_position`, `earlier_run`.

use jiff::Timestamp;
use sluice_model::{OutOfRange, Start, Task};

use crate::finding::Finding;
use crate::plan::precheck::facts::{Offsets, Outline};
use crate::plan::precheck::words::{counted, listed, span, time};

/// Whether the copy can begin where it is to begin.
pub(crate) fn position(task: &Task, outline: &Outline, offsets: &Offsets) -> Finding {
    const ID: &str = "start_position";
    if outline.launch.is_some() {
        return Finding::success(
            ID,
            "the task was launched before and continues from its positions",
        );
    }
    if !offsets.unresolved.is_empty() {
        return Finding::failed(
            ID,
            listed(&offsets.unresolved, "; "),
            "it is unknown where the copy begins",
            "correct the start",
        );
    }
    let mut outside = Vec::new();
    for (route, found) in outline.routes.iter().zip(&offsets.routes) {
        for (partition, start) in &found.start {
            let place = (route.source_topic.clone(), *partition);
            if let Some(range) = start.outside
                && !offsets.adopted.contains_key(&place)
            {
                outside.push(format!(
                    "{}-{partition}: {} is outside of the log [{}, {}], missing {range}",
                    route.source_topic, start.wanted, start.bounds.low, start.bounds.high
                ));
            }
        }
    }
    if outside.is_empty()
        && let Some(ahead) = ahead(task, Timestamp::now())
    {
        return Finding::warning(
            ID,
            ahead,
            "no record is that new: nothing that exists is copied, and the copy begins with what arrives after the launch, whatever its time",
            "choose an earlier time, or the newest record as the start",
        );
    }
    if outside.is_empty() {
        let own = task.start_overrides.len();
        let own = if own > 0 {
            format!(", {} with a start of their own", counted(own, "topic"))
        } else {
            String::new()
        };
        return Finding::success(ID, format!("the copy starts at {}{own}", task.start));
    }
    let cause = format!(
        "the start offset does not exist in {}: {}",
        counted(outside.len(), "partition"),
        listed(&outside, "; ")
    );
    match task.out_of_range {
        OutOfRange::Stop => Finding::failed(
            ID,
            cause,
            "records that were asked for cannot be copied",
            "choose another --start, or accept the nearest offset with --out-of-range nearest",
        ),
        OutOfRange::Nearest => Finding::warning(
            ID,
            cause,
            "the copy starts at the nearest offset; missing ranges go to the gap ledger",
            "none needed",
        ),
    }
}

/// That a start time lies in the future, where one does.
fn ahead(task: &Task, now: Timestamp) -> Option<String> {
    let starts = std::iter::once(&task.start).chain(task.start_overrides.values());
    let latest = starts
        .filter_map(|start| match start {
            Start::Time(time) if *time > now => Some(*time),
            _ => None,
        })
        .max()?;
    let ms = latest.as_millisecond().saturating_sub(now.as_millisecond());
    Some(format!(
        "the start time {} is {} ahead",
        time(latest.as_millisecond()),
        span(ms)
    ))
}

/// Whether this very task has run before, unknown to the local state.
pub(crate) fn earlier_run(task: &Task, offsets: &Offsets) -> Finding {
    const ID: &str = "earlier_run";
    if offsets.adopted.is_empty() {
        return Finding::success(
            ID,
            "the target holds no positions of this task that the state does not know",
        );
    }
    Finding::warning(
        ID,
        format!(
            "an earlier run of '{}' left its positions on the target, for {}",
            task.name,
            counted(offsets.adopted.len(), "partition")
        ),
        "the copy continues from them; --start and --existing do not apply to those partitions",
        "use another --name to copy it again",
    )
}

#[cfg(test)]
mod tests {
    use sluice_model::{Cluster, Objects, TaskName};

    use super::*;

    #[test]
    fn a_start_time_in_the_future_is_named_with_how_far_it_is_ahead() {
        let cluster = Cluster::new("a:1").unwrap();
        let name = TaskName::new("t").unwrap();
        let mut task = Task::new(name, cluster.clone(), cluster, Objects::all());
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let at = |text: &str| Start::Time(text.parse().unwrap());
        task.start = at("2025-12-31T00:00:00Z");
        assert_eq!(ahead(&task, now), None);
        task.start_overrides
            .insert("orders".into(), at("2026-01-06T00:00:00Z"));
        assert_eq!(
            ahead(&task, now).as_deref(),
            Some("the start time 2026-01-06T00:00:00Z is 5 days ahead")
        );
    }
}
