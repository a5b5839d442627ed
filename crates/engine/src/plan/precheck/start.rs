//! `start_position`, `earlier_run`.

use sluice_model::{OutOfRange, Task};

use crate::finding::Finding;
use crate::plan::precheck::facts::{Offsets, Outline};
use crate::plan::precheck::words::{counted, listed};

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
