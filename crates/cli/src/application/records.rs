//! Records that were not copied: those that are gone, and those that the target refused.

use sluice_app::{
    TaskAcceptGaps, TaskGaps, TaskOpenGaps, TaskQuarantine, TaskQuarantineDiscard, TaskQuarantineReplay,
};
use sluice_engine::{AcceptedGap, PartitionKey};

use super::arguments::Place;
use super::backend::Backend;
use super::gap_place::GapPlace;
use super::record_place::RecordPlace;
use super::show;
use crate::exit::Exit;
use crate::screen::Screen;
use crate::{output, tables};

/// Prints the gap ledger, and the gaps at which partitions have stopped.
///
/// # Errors
/// As the command says.
pub fn gaps(app: &Backend, task: String, place: &Place) -> anyhow::Result<Exit> {
    let gaps = app.call(TaskGaps { task: task.clone() })?;
    if place.json {
        output::write(&serde_json::to_string_pretty(&gaps)?)?;
        return Ok(Exit::Done);
    }
    let mut table = tables::table(["found", "partition", "from", "to", "offsets", "why"], 2..5);
    for gap in gaps {
        table.add_row([
            show::time(gap.found_ms),
            format!("{}-{}", gap.topic, gap.partition),
            gap.from.to_string(),
            gap.to.to_string(),
            (gap.to - gap.from).to_string(),
            gap.reason.as_str().unwrap_or_default().replace('_', " "),
        ]);
    }
    output::write(&tables::text(&table))?;
    for gap in app.call(TaskOpenGaps { task, topic: None })? {
        output::write(&format!(
            "{}-{} has stopped at a gap ({}) and waits for a decision; --accept {} goes on behind it\n",
            gap.topic,
            gap.partition,
            gap.gap.reason,
            GapPlace::from(&gap)
        ))?;
    }
    Ok(Exit::Done)
}

/// Lets partitions go on behind the gaps at which they have stopped.
///
/// # Errors
/// One of them is none, or is another one by now; nothing is accepted then. As the command says.
pub fn accept_gaps(
    app: &Backend,
    task: String,
    wanted: &[GapPlace],
    screen: &Screen,
) -> anyhow::Result<Exit> {
    let open = app.call(TaskOpenGaps {
        task: task.clone(),
        topic: None,
    })?;
    let mut gaps = Vec::new();
    for place in wanted {
        let Some(found) = open.iter().find(|gap| place.names(gap)) else {
            anyhow::bail!(
                "no partition has stopped at the gap {place}; `sluice task gaps` lists those that wait as they are now"
            );
        };
        gaps.push(AcceptedGap {
            key: PartitionKey {
                topic: found.topic.clone(),
                partition: found.partition,
            },
            range: found.gap.range,
            reason: found.gap.reason,
        });
    }
    let view = app.call(TaskAcceptGaps { task, gaps })?;
    for place in wanted {
        screen.say(&format!("task '{}': the gap {place} is accepted", view.name));
    }
    Ok(Exit::Done)
}

/// Prints the records that the target refused and about which nothing was decided.
///
/// # Errors
/// As the command says.
pub fn quarantine(app: &Backend, task: String, place: &Place) -> anyhow::Result<Exit> {
    let mut records = Vec::new();
    loop {
        let page = app.call(TaskQuarantine {
            task: task.clone(),
            after_id: records
                .last()
                .map_or(0, |row: &sluice_app::QuarantineView| row.id),
            limit: None,
        })?;
        if page.is_empty() {
            break;
        }
        records.extend(page);
    }
    if place.json {
        output::write(&serde_json::to_string_pretty(&records)?)?;
        return Ok(Exit::Done);
    }
    let mut table = tables::table(["refused", "record", "bytes", "why"], 2..3);
    for record in records {
        table.add_row([
            show::time(record.at_ms),
            format!("{}-{}@{}", record.topic, record.partition, record.offset),
            record.size.to_string(),
            record.reason,
        ]);
    }
    output::write(&tables::text(&table))?;
    Ok(Exit::Done)
}

/// Writes a refused record to the target.
///
/// # Errors
/// As the command says.
pub fn replay(
    app: &Backend,
    task: String,
    record: RecordPlace,
    place: &Place,
    screen: &Screen,
) -> anyhow::Result<Exit> {
    let RecordPlace {
        topic,
        partition,
        offset,
    } = record;
    let view = app.call(TaskQuarantineReplay {
        task,
        topic,
        partition,
        offset,
    })?;
    if place.json {
        output::write(&serde_json::to_string_pretty(&view)?)?;
    } else {
        screen.say(&view.target_offset.map_or_else(
            || "the target has the record now".to_owned(),
            |offset| format!("the target has the record now, at offset {offset}"),
        ));
    }
    Ok(Exit::Done)
}

/// Leaves a refused record out for good.
///
/// # Errors
/// As the command says.
pub fn discard(app: &Backend, task: String, record: RecordPlace, screen: &Screen) -> anyhow::Result<Exit> {
    let RecordPlace {
        topic,
        partition,
        offset,
    } = record;
    app.call(TaskQuarantineDiscard {
        task,
        topic,
        partition,
        offset,
    })?;
    screen.say("the record stays out; a verification says so from now on");
    Ok(Exit::Done)
}
