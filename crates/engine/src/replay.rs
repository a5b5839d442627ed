//! A quarantined record written to the target after all, when whatever made the target refuse it was changed.

use std::time::{Duration, Instant};

use sluice_kafka::{Compression, Delivery, ErrorCode, KafkaError, Message, Writer, WriterTuning};
use sluice_model::Task;

use crate::clock::now_ms;
use crate::error::{EngineError, Result, Side};
use crate::lane::effective_time;
use crate::lookup::with_record_at;
use crate::plan::Connected;
use crate::plan::compression::{COMPRESSION_TYPE, Choice, Seen, TopicFacts, choose, codec_at};
use crate::position::EffectiveDelivery;
use crate::position::{CheckpointStore, PartitionKey, PartitionState, QuarantineFate, QuarantinedRecord};

/// How long the target may take to acknowledge the record.
const ACKNOWLEDGED_WITHIN: Duration = Duration::from_secs(30);
/// KiB of the record's queue: a record has room in it whatever its size, because a queue takes one that exceeds it.
const QUEUE_KIB: u32 = 4 * 1024;

/// Reads a quarantined record of `task` from the source again and appends it to its target partition, outside of any
/// transaction and behind whatever is there: the order of its partition is not what it was at the source. Returns its
/// offset on the target if the target said it.
///
/// # Errors
/// It is not in quarantine; the source does not have it any more, or has another one there; the target refuses it again
/// or does not acknowledge it within 30 s. It stays in quarantine then.
pub fn replay_quarantined(
    task: &Task,
    store: &dyn CheckpointStore,
    key: &PartitionKey,
    offset: i64,
) -> Result<Option<i64>> {
    if task.delivery == sluice_model::Delivery::Mirror {
        return Err(EngineError::Refused(format!(
            "{key} offset {offset} cannot be written behind the others: in a mirror every record keeps its offset, and this one's is filled. Write it to another topic, or discard it"
        )));
    }
    if task.both_ways.is_some() {
        return Err(EngineError::Refused(
            "a record cannot be replayed by a task of a pair that copies both ways: the other task would take it for an application's and copy it back; discard it, and have its application write it again".to_owned(),
        ));
    }
    let record = store
        .quarantined_record(&task.name, key, offset)?
        .ok_or_else(|| EngineError::Refused(format!("{key} offset {offset} is not in quarantine")))?;
    let state = store
        .partitions(&task.name)?
        .into_iter()
        .find(|state| state.key == *key)
        .ok_or_else(|| EngineError::Refused(format!("{key} is not copied by this task")))?;
    let target = Connected::open(Side::Target, &task.target, || false)?;
    let compression = compression(task, &target, key, offset, &state.target_topic).compression;
    let mut tries = vec![compression.usual];
    tries.extend(
        compression
            .stronger
            .filter(|stronger| *stronger != compression.usual),
    );
    let mut outcome = Err(ErrorCode::MESSAGE_TOO_LARGE);
    for with in tries {
        outcome = write(task, &target, &record, &state, with)?;
        if !outcome.is_err_and(ErrorCode::concerns_size) {
            break;
        }
    }
    let target_offset = outcome.map_err(|code| {
        let what = format!("writing {key} offset {offset}");
        target.refuse(what, KafkaError::from_code(code))
    })?;
    let fate = QuarantineFate::Replayed { target_offset };
    store.settle_quarantined(&task.name, key, offset, fate)?;
    Ok(target_offset)
}

/// How the record is compressed: as the batch at the source that holds it.
fn compression(
    task: &Task,
    target: &Connected,
    key: &PartitionKey,
    offset: i64,
    target_topic: &str,
) -> Choice {
    let seen = match codec_at(&task.source, &key.topic, key.partition, offset) {
        Ok(codec) => codec.map_or(Seen::Empty, |codec| Seen::Codecs(vec![codec])),
        Err(error) => {
            tracing::info!(%key, offset, %error, "the source's batch cannot be looked at");
            Seen::Unknown
        }
    };
    let config = target.admin.topic_config(target_topic).ok();
    let setting = config
        .as_ref()
        .and_then(|config| config.get(COMPRESSION_TYPE)?.value.as_deref());
    let facts = TopicFacts {
        source_setting: None,
        target_setting: setting,
        seen: &seen,
        target_zstd: target.capabilities.zstd,
    };
    choose(task.compression, facts)
}

/// Writes the record with a client of its own: what one was refused, it cannot follow up. Returns its offset on the
/// target if the target said it, or the code with which the target refused it.
fn write(
    task: &Task,
    target: &Connected,
    record: &QuarantinedRecord,
    state: &PartitionState,
    compression: Compression,
) -> Result<std::result::Result<Option<i64>, ErrorCode>> {
    let (key, offset) = (&record.key, record.offset);
    let mut writer = Writer::new(
        &task.target,
        &WriterTuning {
            // A record alone needs no transaction; an open one would only keep readers waiting.
            guarantee: EffectiveDelivery::choose(sluice_model::Delivery::AtLeastOnce, target.capabilities)
                .guarantee(""),
            batch_bytes: 1_000_000,
            queue_kib: QUEUE_KIB,
            transaction_timeout_ms: 60_000,
        },
    )
    .map_err(|error| target.refuse("opening a writer", error))?;
    let topic = writer
        .topic(&state.target_topic, compression)
        .map_err(|error| target.refuse("opening a writer", error))?;
    let written = with_record_at(&task.source, key, offset, |message| {
        let time = effective_time(task.missing_timestamps, message.timestamp(), None, now_ms);
        same(message, record, record.incarnation == state.incarnation)
            .then(|| writer.write_at(topic, message, time, 0))
    })
    .map_err(|error| EngineError::Cluster {
        side: Side::Source,
        what: format!("reading {key} offset {offset}"),
        error,
    })?;
    match written {
        None => {
            return Err(EngineError::Refused(format!(
                "{key} offset {offset} is no longer at the source (retention, DeleteRecords or compaction), so it cannot be replayed; discard it, or write it by other means"
            )));
        }
        Some(None) => {
            return Err(EngineError::Refused(format!(
                "the source has another record at {key} offset {offset} now: the topic was created again; discard the record that was refused"
            )));
        }
        Some(Some(Err(code))) => return Ok(Err(code)),
        Some(Some(Ok(()))) => {}
    }
    let delivery = acknowledged(&mut writer).ok_or_else(|| {
        EngineError::Refused(format!(
            "the target did not acknowledge {key} offset {offset} within {} s; it may still have it: look there, or verify the task, before you replay it again",
            ACKNOWLEDGED_WITHIN.as_secs()
        ))
    })?;
    Ok(match delivery.error {
        ErrorCode::NONE => Ok(delivery.offset),
        code => Err(code),
    })
}

/// Whether the record at the source is still the one that was refused, as far as that was kept. `current`: its log is
/// still the one that was copied then.
fn same(message: &Message, record: &QuarantinedRecord, current: bool) -> bool {
    let value = message.value();
    let kept = record.value.as_deref();
    // Brokers that refused a whole batch left nothing of the record but its place.
    let unknown = record.record_key.is_none() && kept.is_none() && record.size == 0;
    if unknown {
        return current;
    }
    message.key() == record.record_key.as_deref()
        && match (value, kept) {
            (Some(value), Some(kept)) => value.starts_with(kept),
            (value, kept) => value.is_none() && kept.is_none(),
        }
}

fn acknowledged(writer: &mut Writer) -> Option<Delivery> {
    let until = Instant::now() + ACKNOWLEDGED_WITHIN;
    let mut delivery = None;
    while delivery.is_none() && Instant::now() < until {
        writer.poll(Duration::from_millis(100), |each| delivery = Some(each));
    }
    delivery
}
