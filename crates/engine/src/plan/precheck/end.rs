//! `end_position`.

use jiff::Timestamp;
use sluice_model::{End, Task};

use crate::finding::Finding;
use crate::plan::precheck::facts::{Offsets, Outline};
use crate::plan::precheck::words::{listed, time};

/// Where the copy ends, and whether it can.
pub(crate) fn position(task: &Task, outline: &Outline, offsets: &Offsets) -> Finding {
    const ID: &str = "end_position";
    if !task.has_ends() {
        return Finding::success(ID, "the copy has no end of its own");
    }
    if outline.launch.is_some() {
        return Finding::success(
            ID,
            "the task was launched before and ends where that was decided; topics added since end as it says",
        );
    }
    let mut places = Vec::new();
    let mut to_come = Vec::new();
    let mut is_anything_copied = false;
    for (route, found) in outline.routes.iter().zip(&offsets.routes) {
        for (partition, &until) in &found.end {
            let Some(start) = found.start.get(partition) else {
                continue;
            };
            let place = format!("{}-{partition}", route.source_topic);
            is_anything_copied |= until > start.nearest();
            if until > start.bounds.high {
                let log_end = start.bounds.high;
                to_come.push(format!(
                    "{place} before {until}, where the log ends at {log_end} now"
                ));
            }
            places.push(format!("{place} before {until}"));
        }
    }
    if !places.is_empty() && !is_anything_copied {
        return Finding::warning(
            ID,
            format!("no end lies behind its start: {}", listed(&places, "; ")),
            "nothing is copied, and the task is completed at once",
            "choose a later end, or an earlier start",
        );
    }
    if !to_come.is_empty() {
        return Finding::warning(
            ID,
            format!("the source has not come so far: {}", listed(&to_come, "; ")),
            "the copy waits until it has, and is not completed before",
            "none needed if that is meant; otherwise choose the end of the logs at launch",
        );
    }
    let times = task.end.iter().chain(task.end_overrides.values());
    let latest = times
        .filter_map(|end| match end {
            End::Time(wanted) => Some(*wanted),
            _ => None,
        })
        .max();
    if let Some(wanted) = latest
        && wanted > Timestamp::now()
    {
        return Finding::warning(
            ID,
            format!("the end time {} is ahead", time(wanted.as_millisecond())),
            "no record is that new yet: partitions end where their logs end at launch, and what arrives until then is not copied",
            "launch the task when that time has come, or let it follow the source and end it by hand",
        );
    }
    Finding::success(ID, format!("the copy ends at {}", listed(&places, "; ")))
}
