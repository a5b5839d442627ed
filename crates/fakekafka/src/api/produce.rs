//! Produce.

use bytes::Bytes;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::ProduceRequest;
use kafka_protocol::messages::ProduceResponse;
use kafka_protocol::messages::produce_response::{
    BatchIndexAndErrorMessage, PartitionProduceResponse, TopicProduceResponse,
};

use crate::format::BatchHeader;
use crate::model::cluster_state::Access;
use crate::model::intake::{Rejection, accept};
use crate::request::{Request, text};
use crate::shared::now_ms;

const ACKS_ALL: i16 = -1;

struct Written {
    base_offset: i64,
    /// -1 unless the topic stamps records on arrival.
    append_time_ms: i64,
    log_start_offset: i64,
}

pub(crate) fn produce(cx: &Request<'_>, q: ProduceRequest) -> ProduceResponse {
    let acks = q.acks;
    let throttle = cx.throttle_ms();
    let mut responses = Vec::new();
    for topic in q.topic_data {
        let mut partitions = Vec::new();
        for part in topic.partition_data {
            let data = part.records.unwrap_or_default();
            let result = write(cx, &topic.name, part.index, &data, acks);
            partitions.push(answer(part.index, result));
        }
        responses.push(
            TopicProduceResponse::default()
                .with_name(topic.name)
                .with_partition_responses(partitions),
        );
    }
    cx.announce();
    ProduceResponse::default()
        .with_responses(responses)
        .with_throttle_time_ms(throttle)
}

fn write(cx: &Request<'_>, topic: &str, index: i32, data: &Bytes, acks: i16) -> Result<Written, Rejection> {
    cx.partition_fault(topic, index)?;
    if !(-1..=1).contains(&acks) {
        return Err(ResponseError::InvalidRequiredAcks.into());
    }
    let rules = {
        let state = cx.state();
        state.check_access(topic, Access::Write)?;
        let partition = state.led_by(cx.broker, topic, index, -1)?;
        let rules = state.rules(topic)?;
        if acks == ACKS_ALL && state.in_sync(partition) < rules.min_in_sync {
            return Err(ResponseError::NotEnoughReplicas.into());
        }
        rules
    };
    // Checksums and decompression take time: others may use the state meanwhile.
    let batch = accept(data, &rules, cx.version, now_ms())?;
    let header = BatchHeader::parse(&batch)
        .map_err(|e| Rejection::new(ResponseError::CorruptMessage, e.to_string()))?;

    let mut state = cx.state();
    state.led_by(cx.broker, topic, index, -1)?;
    if header.is_transactional() {
        state.check_transactional_write(header.producer_id, header.producer_epoch, topic, index)?;
    }
    let partition = state.partition_mut(topic, index)?;
    let appended = partition.log.append_produced(batch, partition.leader_epoch)?;
    if let (true, Some(limit)) = (rules.deletable, rules.retention_bytes) {
        partition.log.retain_bytes(limit);
    }
    Ok(Written {
        base_offset: appended.base_offset,
        append_time_ms: if rules.append_time {
            appended.max_timestamp
        } else {
            -1
        },
        log_start_offset: partition.log.start_offset(),
    })
}

fn answer(index: i32, result: Result<Written, Rejection>) -> PartitionProduceResponse {
    let answer = PartitionProduceResponse::default().with_index(index);
    match result {
        Ok(written) => answer
            .with_base_offset(written.base_offset)
            .with_log_append_time_ms(written.append_time_ms)
            .with_log_start_offset(written.log_start_offset),
        Err(rejection) => {
            let faults = rejection
                .records
                .iter()
                .map(|(position, message)| {
                    BatchIndexAndErrorMessage::default()
                        .with_batch_index(*position)
                        .with_batch_index_error_message(Some(text(message)))
                })
                .collect();
            answer
                .with_error_code(rejection.code.code())
                .with_base_offset(-1)
                .with_log_append_time_ms(-1)
                .with_log_start_offset(-1)
                .with_record_errors(faults)
                .with_error_message(Some(text(&rejection.message)))
        }
    }
}
