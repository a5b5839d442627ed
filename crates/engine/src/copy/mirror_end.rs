//! Where a mirrored partition goes on: at the end of the target's log. Nothing else is needed after a crash, as long as what
//! stands behind the last checkpoint is the source's.

use std::time::{Duration, Instant};

use sluice_kafka::Admin;
use sluice_model::{OffsetRange, Task};

use crate::copy::mirror_tail::compare;
use crate::error::{EngineError, Result, Side};
use crate::lane::MirrorPlace;
use crate::partition::Track;
use crate::position::{Checkpoint, CheckpointStore, LogBounds, bounds};
use crate::progress::{Event, Observer};

/// How long a leader that has come back may take to know its end, and how often it is asked meanwhile.
const SETTLES_WITHIN: Duration = Duration::from_secs(5);
const ASKED_EVERY: Duration = Duration::from_millis(250);

/// Moves `track` to the end of its target's log, and saves that.
///
/// # Errors
/// A cluster does not answer, or the state cannot be written. [`EngineError::Refused`]: the target holds something else
/// than the source; the partition must not go on.
pub(crate) fn meet_end(
    target: &Admin,
    task: &Task,
    store: &dyn CheckpointStore,
    track: &mut Track,
    observer: &Observer,
) -> Result<()> {
    track.roll_back();
    let now = settled_bounds(target, track)?;
    let (known, start) = (track.state.target_next, track.state.start);
    if now.high < known {
        let from = now.high.max(start);
        observer(Event::Warning(format!(
            "{}: the target's log ends at offset {}, and had ended at {known}: the target has lost records, which are copied again",
            track.state.key, now.high
        )));
        track.cut_runs(from);
        track.move_to(from);
    } else {
        let range = OffsetRange {
            from: track.state.position.max(known).max(now.low).max(start),
            to: now.high,
        };
        if !range.is_empty() {
            let compared = compare(&task.source, &task.target, track, range)?;
            if !compared.deleted.is_empty() {
                observer(Event::Warning(format!(
                    "{}: the source deleted offsets {} since the last run, so that what the target holds there could not be compared",
                    track.state.key, compared.deleted
                )));
            }
            compared.passed.iter().for_each(|passed| {
                track.absorb(passed);
            });
        }
    }
    if now.high < start {
        observer(Event::Info(format!(
            "{}: the {} target offsets before {start} are filled first, so that the first record gets its own",
            track.state.key,
            start - now.high
        )));
    }
    track.state.target_next = now.high;
    track.ahead.target_next = now.high;
    track.mirror = Some(MirrorPlace {
        end: now.high,
        delete_before: (now.low < start).then_some(start),
    });
    let runs = track.promote();
    let mut checkpoint = Checkpoint {
        partitions: vec![track.state.clone()],
        runs,
        ..Checkpoint::default()
    };
    checkpoint.cuts.extend(track.take_cut());
    store.save(&task.name, &checkpoint)?;
    Ok(())
}

/// Where the target's log begins and ends. A leader that has just come back answers for a moment with an end that may lie
/// before what it has acknowledged; so an end before that is asked for again for a while.
fn settled_bounds(admin: &Admin, track: &Track) -> Result<LogBounds> {
    let place = (track.state.target_topic.clone(), track.state.key.partition);
    let until = Instant::now() + SETTLES_WITHIN;
    let mut before = None;
    loop {
        let now = bounds(admin, std::slice::from_ref(&place), Side::Target)?
            .remove(&place)
            .ok_or_else(|| EngineError::Cluster {
                side: Side::Target,
                what: format!("reading where {}-{} ends", place.0, place.1),
                error: sluice_kafka::KafkaError::from_code(sluice_kafka::ErrorCode::LOCAL_TIMED_OUT),
            })?;
        let agrees = !track.unmatched || before == Some(now.high);
        if agrees && now.high >= track.state.target_next || Instant::now() >= until {
            return Ok(now);
        }
        before = Some(now.high);
        std::thread::sleep(ASKED_EVERY);
    }
}
