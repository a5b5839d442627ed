//! Batches: their bytes, their order, and those that are refused.

use std::collections::BTreeMap;
use std::time::Instant;

use bytes::Bytes;
use sluice_fakekafka::FakeCluster;
use sluice_wire::format::{
    Codec, Level, ProducerStamp, RecordReader, RecordSet, RewriteError, Splice, SpliceOptions, Spliced,
    Wanted,
};
use sluice_wire::{ApiKey, ErrorCode, ProduceEvent, ProduceSettings, SendError, Ticket};

use crate::ground::{Run, batch, client, ground, one, place, values};

fn zstd(value: &str) -> Bytes {
    let mut splice = Splice::new(SpliceOptions {
        codec: Codec::Zstd,
        level: Level::default(),
        max_batch_bytes: 1 << 20,
        missing_timestamp: None,
    });
    let plain = one(value);
    let mut reader = RecordReader::new(1 << 20);
    let Some(Ok(sluice_wire::format::Entry::Batch(view))) = RecordSet::new(&plain).next() else {
        panic!("a batch")
    };
    splice.add(&reader.batch(&view).unwrap(), &Wanted::ALL);
    let stamp = ProducerStamp::NONE;
    let Spliced::Batch(batch) = splice.finish(&stamp).unwrap().remove(0) else {
        panic!("a batch")
    };
    batch.bytes.into()
}

#[test]
fn batches_of_many_partitions_arrive_with_their_bytes_and_go_together_in_requests() {
    let cluster = ground(3, 12);
    let mut run = Run::idempotent(&cluster);
    let mut sent: BTreeMap<i32, Vec<(Ticket, Bytes)>> = BTreeMap::new();
    for round in 0..20 {
        for partition in 0..12 {
            let values: Vec<String> = (0..=round % 4)
                .map(|index| format!("{partition} {round} {index}"))
                .collect();
            let batch = batch(&values);
            let ticket = run.producer.send(&place(partition), batch.clone()).unwrap();
            sent.entry(partition).or_default().push((ticket, batch));
        }
    }
    run.drain();
    for (partition, sent) in sent {
        let stored = cluster.batches("t", partition).unwrap();
        assert_eq!(stored.len(), sent.len());
        let mut sequence = 0;
        let acknowledged = &run.acknowledged[&place(partition)];
        for ((stored, (ticket, batch)), acknowledged) in stored.iter().zip(&sent).zip(acknowledged) {
            assert_eq!(stored.bytes[61..], batch[61..], "the records' bytes");
            assert_eq!((stored.base_sequence, stored.producer_epoch), (sequence, 0));
            assert_eq!(stored.producer_id, run.producer.identity().id);
            assert_eq!(*acknowledged, (*ticket, Some(stored.base_offset)));
            sequence += stored.count;
        }
    }
    let requests = cluster.request_count(ApiKey::Produce);
    assert!(
        requests <= 80,
        "{requests} requests for 240 batches of 12 partitions"
    );
    assert_eq!(run.producer.queued_bytes(), 0);
    assert_eq!(run.others, []);
}

#[test]
fn a_refused_batch_names_its_records_and_those_behind_it_wait_for_a_decision() {
    let cluster = FakeCluster::builder().start().unwrap();
    cluster
        .create_topic("t", 1, &[("cleanup.policy", "compact")])
        .unwrap();
    let mut run = Run::idempotent(&cluster);
    let first = run.send(0, "without a key");
    run.drain();
    let [
        ProduceEvent::Refused {
            ticket,
            code,
            records,
            message,
            ..
        },
    ] = &run.others[..]
    else {
        panic!("{:?}", run.others)
    };
    assert_eq!((*ticket, *code), (first, ErrorCode::INVALID_RECORD));
    assert!(message.as_ref().unwrap().contains("without key"), "{message:?}");
    assert_eq!(records[0].index, 0);
    run.producer.go_on(&place(0));
    cluster
        .set_topic_config("t", "cleanup.policy", Some("delete"))
        .unwrap();
    cluster
        .set_topic_config("t", "max.message.bytes", Some("500"))
        .unwrap();
    let refused = |run: &mut Run| {
        run.others.clear();
        run.send(0, "a");
        let large = run.send(0, &"x".repeat(1_000));
        let behind = [run.send(0, "b"), run.send(0, "c")];
        run.until("the large one is refused", |run| {
            matches!(&run.others[..], [ProduceEvent::Refused { ticket, code, .. }]
                if *ticket == large && *code == ErrorCode::MESSAGE_TOO_LARGE)
        });
        assert_eq!(run.producer.poll(Instant::now()).unwrap(), []);
        assert_eq!(run.producer.unsettled(), 2);
        behind
    };
    refused(&mut run);
    assert_eq!(values(&cluster, 0), ["a"]);
    run.producer.go_on(&place(0));
    run.drain();
    assert_eq!(values(&cluster, 0), ["a", "b", "c"]);
    let behind = refused(&mut run);
    assert_eq!(run.producer.withdraw(&place(0)), behind);
    assert_eq!((run.producer.unsettled(), run.producer.queued_bytes()), (0, 0));
    run.send(0, "d");
    run.drain();
    assert_eq!(values(&cluster, 0), ["a", "b", "c", "a", "d"]);
}

#[test]
fn zstd_is_refused_for_brokers_that_do_not_know_it_and_other_codecs_are_written() {
    let cluster = FakeCluster::builder()
        .max_version(ApiKey::Produce, 6)
        .start()
        .unwrap();
    cluster.create_topic("t", 2, &[]).unwrap();
    let mut run = Run::idempotent(&cluster);
    let refused = run.producer.send(&place(0), zstd("a")).unwrap();
    run.send(1, "b");
    run.drain();
    assert!(
        matches!(&run.others[..], [ProduceEvent::Refused { ticket, code, .. }]
        if *ticket == refused && *code == ErrorCode::UNSUPPORTED_COMPRESSION_TYPE)
    );
    assert_eq!(
        (values(&cluster, 0).len(), values(&cluster, 1)),
        (0, vec!["b".to_owned()])
    );
    let newer = ground(1, 1);
    let mut run = Run::idempotent(&newer);
    run.producer.send(&place(0), zstd("a")).unwrap();
    run.drain();
    assert_eq!(values(&newer, 0), ["a"]);
}

#[test]
fn a_full_queue_and_batches_that_brokers_refuse_are_not_taken() {
    let cluster = ground(1, 1);
    let settings = ProduceSettings {
        queue_bytes: 1_000,
        ..ProduceSettings::default()
    };
    let mut run = Run::open(&client(&cluster), settings);
    // One that is larger than the queue still goes alone.
    run.send(0, &"x".repeat(2_000));
    assert_eq!(run.producer.send(&place(0), one("y")), Err(SendError::Full));
    run.drain();
    run.send(0, "y");
    let mut marker = one("z").to_vec();
    marker[22] |= 0x20;
    let mut holes = one("z").to_vec();
    holes[26] = 7;
    let mut append_time = one("z").to_vec();
    append_time[22] |= 0x08;
    let mut send = |bytes: Vec<u8>| run.producer.send(&place(0), bytes.into()).unwrap_err();
    assert_eq!(send(marker), SendError::Batch(RewriteError::Control));
    assert_eq!(
        send(holes),
        SendError::Holes {
            records: 1,
            offsets: 8
        }
    );
    assert_eq!(send(append_time), SendError::Batch(RewriteError::LogAppendTime));
    assert!(matches!(
        send(vec![1, 2, 3]),
        SendError::Batch(RewriteError::Fault(_))
    ));
    run.drain();
    assert_eq!(values(&cluster, 0).len(), 2);
}
