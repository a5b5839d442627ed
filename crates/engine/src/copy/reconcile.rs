//! Exactly-once on targets without transactions: after a crash, what the target received behind the last checkpoint is
//! matched with the source, and the copy goes on behind the last match. Right as long as no other program writes to the
//! partition; a foreign record is noticed and stops the start.

use std::time::{Duration, Instant};

use sluice_kafka::{
    Admin, ErrorCode, Isolation, KafkaError, OffsetQuery, PartitionOffset, Reader, ReaderTuning,
    TimestampKind,
};
use sluice_model::{Cluster, Task};

use crate::error::{EngineError, Result, Side};
use crate::lane::{Passed, Span};
use crate::partition::Track;
use crate::position::every_offset;
use crate::position::{Checkpoint, CheckpointStore};
use crate::progress::{Event, Observer};
use crate::record_hash::{Fields, hash_fields, hash_message};

/// Why a partition waits that cannot be matched yet.
pub(crate) const UNMATCHED: &str = "the partition has no leader on one of the clusters, so the end of its target cannot be matched with its source; it is copied when one is back";

const DEADLINE: Duration = Duration::from_secs(30);
/// How long a leader that has come back may take to know its end, and how often it is asked meanwhile.
const SETTLES_WITHIN: Duration = Duration::from_secs(5);
const ASKED_EVERY: Duration = Duration::from_millis(250);
/// Source records that may lie between two matches: those the target refused.
const LOOKAHEAD: usize = 10_000;

struct Seen {
    offset: i64,
    hash: u64,
    /// Hash without the time.
    bare: u64,
    /// The broker stamped it: its time says nothing of where it comes from.
    stamped: bool,
    /// It has no time: its copy has one all the same.
    untimed: bool,
    bytes: u32,
}

/// Moves `track` behind what the target received after the last checkpoint, and saves that: it is no work of this run.
pub(crate) fn reconcile(
    target_admin: &Admin,
    task: &Task,
    store: &dyn CheckpointStore,
    track: &mut Track,
    observer: &Observer,
) -> Result<()> {
    let state = &track.state;
    let target = (state.target_topic.clone(), state.key.partition);
    let fail = |side, error| unmatchable(&target, side, error);
    let end = settled_end(target_admin, &target, track)?;
    if end <= state.target_next {
        return Ok(());
    }
    let received = read(&task.target, &target, state.target_next, Some(end), usize::MAX)
        .map_err(|error| fail(Side::Target, error))?;
    let wanted = received.len() + LOOKAHEAD;
    let source = (state.key.topic.clone(), state.key.partition);
    let expected = read(&task.source, &source, state.position, None, wanted)
        .map_err(|error| fail(Side::Source, error))?;
    let matches = match_in_order(&received, &expected, &target)?;
    for (index, offset) in matches.found {
        let found = &expected[index];
        track.absorb(&Passed::Span(Span {
            source: found.offset,
            records: 1,
            target: Some(offset),
            bytes: u64::from(found.bytes),
            leader_epoch: None,
            greatest_timestamp: -1,
            anchor: Some(found.hash),
        }));
    }
    observer(Event::Info(format!(
        "{}: the target had received {} records behind the last checkpoint; the copy goes on behind them",
        track.state.key,
        received.len()
    )));
    if matches.repeated > 0 {
        observer(Event::Warning(format!(
            "{}: {} records are twice on the target, from a write that was repeated",
            track.state.key, matches.repeated
        )));
    }
    track.ahead.target_next = track.ahead.target_next.max(end);
    let runs = track.promote();
    store.save(
        &task.name,
        &Checkpoint {
            partitions: vec![track.state.clone()],
            runs,
            ..Checkpoint::default()
        },
    )?;
    Ok(())
}

fn unmatchable(target: &(String, i32), side: Side, error: KafkaError) -> EngineError {
    EngineError::Cluster {
        side,
        what: format!("matching the end of {}-{} with its source", target.0, target.1),
        error,
    }
}

/// Where the target's log ends.
///
/// A leader that has just come back answers for a moment with the high watermark that it had last written down, which may
/// lie before what it has acknowledged. So an end before that is asked for again for a while, and one of a partition that
/// waited for its leader until two answers agree. An end that stays before it is what the target has lost.
fn settled_end(admin: &Admin, target: &(String, i32), track: &Track) -> Result<i64> {
    let until = Instant::now() + SETTLES_WITHIN;
    let mut before = None;
    loop {
        let end = end_of(admin, target)?;
        let agrees = !track.unmatched || before == Some(end);
        if agrees && end >= track.state.target_next || Instant::now() >= until {
            return Ok(end);
        }
        before = Some(end);
        std::thread::sleep(ASKED_EVERY);
    }
}

fn end_of(admin: &Admin, target: &(String, i32)) -> Result<i64> {
    let fail = |error| unmatchable(target, Side::Target, error);
    let asked = admin
        .offsets(
            std::slice::from_ref(target),
            OffsetQuery::Latest,
            Isolation::Uncommitted,
        )
        .map_err(fail)?;
    // Without the target's end it is unknown what a broken connection left there.
    every_offset(asked, Side::Target)?
        .into_values()
        .next()
        .ok_or_else(|| fail(KafkaError::from_code(ErrorCode::LOCAL_TIMED_OUT)))
}

/// What of the target's records comes from the source.
#[derive(Default)]
struct Matches {
    /// Index of the source's record, and the offset of its copy.
    found: Vec<(usize, i64)>,
    /// Copies of records that were matched already.
    repeated: u64,
}

/// Matches what the target `received` with what the source holds. The order is the same on both sides.
fn match_in_order(received: &[Seen], expected: &[Seen], target: &(String, i32)) -> Result<Matches> {
    let same = |candidate: &Seen, record: &Seen| {
        if record.stamped || candidate.untimed {
            candidate.bare == record.bare
        } else {
            candidate.hash == record.hash
        }
    };
    let (mut next, mut matches) = (0usize, Matches::default());
    for record in received {
        if let Some(ahead) = expected[next..]
            .iter()
            .position(|candidate| same(candidate, record))
        {
            matches.found.push((next + ahead, record.offset));
            next += ahead + 1;
        } else if expected[..next].iter().any(|candidate| same(candidate, record)) {
            matches.repeated += 1;
        } else {
            return Err(EngineError::Refused(format!(
                "the target partition {}-{} holds a record at offset {} that does not come from this copy: another program writes to it. Stop that program, or choose --delivery at-least-once",
                target.0, target.1, record.offset
            )));
        }
    }
    Ok(matches)
}

fn read(
    cluster: &Cluster,
    partition: &(String, i32),
    from: i64,
    to: Option<i64>,
    limit: usize,
) -> sluice_kafka::Result<Vec<Seen>> {
    let mut reader = Reader::new(
        cluster,
        ReaderTuning {
            prefetch_kib: 8 * 1024,
            ..ReaderTuning::default()
        },
    )?;
    reader.assign(&[PartitionOffset::new(partition.0.clone(), partition.1, from)])?;
    let (mut seen, mut ended, mut failure) = (Vec::new(), false, None);
    let mut until = Instant::now() + DEADLINE;
    while !ended && seen.len() < limit {
        let count = reader.read(1_000, Duration::from_millis(200), |message| {
            match message.error() {
                ErrorCode::NONE if to.is_some_and(|to| message.offset() >= to) => ended = true,
                ErrorCode::NONE => {
                    let bytes = u32::try_from(message.payload_len()).unwrap_or(u32::MAX);
                    seen.push(Seen {
                        offset: message.offset(),
                        hash: hash_message(&message, false),
                        bare: hash_fields(
                            &message,
                            Fields {
                                headers: false,
                                time: false,
                            },
                        ),
                        stamped: message.timestamp().1 == TimestampKind::LogAppend,
                        untimed: message.timestamp().1 == TimestampKind::None,
                        bytes,
                    });
                    ended |= to == Some(message.offset() + 1);
                }
                ErrorCode::LOCAL_PARTITION_EOF => ended = true,
                // The position is gone at the source: the copier will say so with its range.
                ErrorCode::LOCAL_AUTO_OFFSET_RESET => ended = true,
                code => failure = Some(KafkaError::new(code, message.error_text())),
            }
        })?;
        if let Some(error) = failure {
            return Err(error);
        }
        if count > 0 {
            until = Instant::now() + DEADLINE;
        } else if Instant::now() >= until {
            return Err(KafkaError::from_code(ErrorCode::LOCAL_TIMED_OUT));
        }
    }
    Ok(seen)
}
