//! Faults on demand.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use kafka_protocol::messages::{HeartbeatRequest, InitProducerIdRequest, MetadataRequest};
use sluice_fakekafka::{Access, ApiKey, FakeCluster, FakeError, FakeRecord, ResponseError};

use crate::client::{Batch, Client};

fn cluster(brokers: usize) -> FakeCluster {
    let cluster = FakeCluster::builder().brokers(brokers).start().unwrap();
    cluster.create_topic("t", 3, &[]).unwrap();
    cluster
}

#[test]
fn failures_happen_as_often_as_asked() {
    let cluster = cluster(1);
    let mut client = Client::connect(&cluster, 1);
    let batch = Batch::of(&["a"]).encode();
    cluster.fail_next(ApiKey::Produce, ResponseError::NotEnoughReplicas, 2);
    let codes: Vec<i16> = (0..3)
        .map(|_| client.produce("t", batch.clone()).error_code)
        .collect();
    assert_eq!(codes, [19, 19, 0]);
    cluster.fail_next_at(ApiKey::Produce, "t", Some(1), ResponseError::KafkaStorageError, 1);
    assert_eq!(client.produce("t", batch).error_code, 0, "another partition");
    cluster.fail_next(ApiKey::Heartbeat, ResponseError::NotCoordinator, 5);
    cluster.clear_faults();
    assert_eq!(
        client.call(4, &HeartbeatRequest::default()).error_code,
        ResponseError::InvalidGroupId.code()
    );
    assert_eq!(cluster.request_count(ApiKey::Produce), 4);
    assert_eq!(cluster.end_offset("t", 0).unwrap(), 2);
}

#[test]
fn a_lost_answer_leaves_the_records_written_once() {
    let cluster = cluster(1);
    let mut client = Client::connect(&cluster, 1);
    let id = client
        .call(4, &InitProducerIdRequest::default().with_transactional_id(None))
        .producer_id
        .0;
    let batch = Client::produce_request("t", 0, Batch::of(&["a"]).producer(id, 0, 0).encode());
    cluster.drop_before_response(ApiKey::Produce, 1);
    assert!(client.try_call(9, &batch).is_err());
    assert_eq!(cluster.end_offset("t", 0).unwrap(), 1);
    let answer = Client::connect(&cluster, 1).call(9, &batch);
    assert_eq!(answer.responses[0].partition_responses[0].error_code, 0);
    assert_eq!(cluster.end_offset("t", 0).unwrap(), 1);
}

#[test]
fn requests_are_held_back() {
    let cluster = cluster(1);
    let mut client = Client::connect(&cluster, 1);
    cluster.delay(ApiKey::Metadata, Duration::from_millis(150));
    let began = Instant::now();
    client.call(12, &MetadataRequest::default());
    assert!(began.elapsed() >= Duration::from_millis(150));
    cluster.delay(ApiKey::Metadata, Duration::from_secs(60));
    cluster.delay(ApiKey::Metadata, Duration::ZERO);
    let began = Instant::now();
    client.call(12, &MetadataRequest::default());
    assert!(began.elapsed() < Duration::from_secs(30), "no longer");
}

#[test]
fn a_stopped_broker_refuses_and_comes_back_at_its_address() {
    let cluster = cluster(3);
    let address = cluster.bootstrap().split(',').next().unwrap().to_owned();
    let mut open = Client::connect(&cluster, 1);
    open.call(12, &MetadataRequest::default());
    let led: Vec<i32> = (0..3).filter(|p| cluster.leader("t", *p) == Some(1)).collect();
    assert_eq!(led.len(), 1);
    cluster.stop_broker(1).unwrap();
    cluster.stop_broker(1).unwrap();
    assert!(open.try_call(12, &MetadataRequest::default()).is_err());
    assert!(TcpStream::connect(&address).is_err());
    assert_ne!(cluster.leader("t", led[0]), Some(1));
    assert_eq!(cluster.leader_epoch("t", led[0]), Some(1));
    let answer = Client::connect(&cluster, 2).call(12, &MetadataRequest::default().with_topics(None));
    assert_eq!(answer.brokers.len(), 2);
    assert_eq!(answer.topics[0].partitions[0].isr_nodes.len(), 2);

    cluster.start_broker(1).unwrap();
    Client::connect(&cluster, 1).call(12, &MetadataRequest::default());
    cluster.append("t", 0, vec![FakeRecord::new("k", "v")]).unwrap();
    assert!(matches!(cluster.stop_broker(9), Err(FakeError::UnknownBroker(9))));
}

#[test]
fn a_partition_without_running_replicas_waits_for_one() {
    let cluster = cluster(1);
    cluster.stop_broker(1).unwrap();
    assert_eq!(cluster.leader("t", 0), None);
    cluster.start_broker(1).unwrap();
    assert_eq!(cluster.leader("t", 0), Some(1));
    assert_eq!(cluster.leader_epoch("t", 0), Some(1));
}

#[test]
fn dropped_connections_may_be_opened_again() {
    let cluster = cluster(1);
    let mut client = Client::connect(&cluster, 1);
    client.call(12, &MetadataRequest::default());
    cluster.drop_connections(1).unwrap();
    // The broker's side notices on its own thread: a request that was faster may still be answered.
    let until = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while client.try_call(12, &MetadataRequest::default()).is_ok() {
        assert!(
            std::time::Instant::now() < until,
            "the connection was not dropped"
        );
    }
    Client::connect(&cluster, 1).call(12, &MetadataRequest::default());
}

#[test]
fn denied_topics_are_refused_until_allowed() {
    let cluster = cluster(1);
    let mut client = Client::connect(&cluster, 1);
    let batch = Batch::of(&["a"]).encode();
    cluster.deny("t", Access::Write);
    assert_eq!(client.produce("t", batch.clone()).error_code, 29);
    cluster.allow("t", Access::Write);
    cluster.deny("t", Access::Read);
    assert_eq!(client.produce("t", batch).error_code, 0);
}

#[test]
fn broken_frames_close_their_connection_only() {
    use std::io::{Read, Write};
    let cluster = cluster(1);
    let address = cluster.bootstrap();
    let frames: [&[u8]; 5] = [
        &[0xff, 0xff, 0xff, 0xff],
        &[0, 0, 0, 2, 1, 1],
        &[0, 0, 0, 8, 0x7f, 0, 0, 0, 0, 0, 0, 0],
        &[0, 0, 0, 12, 0, 3, 0, 12, 0, 0, 0, 1, 0, 90, 1, 2],
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ];
    for frame in frames {
        let mut stream = TcpStream::connect(&address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        stream.write_all(frame).unwrap();
        // Closed or reset, but not silent: a timeout would be an error of another kind.
        match stream.read(&mut [0; 1]) {
            Ok(read) => assert_eq!(read, 0),
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset),
        }
    }
    Client::connect(&cluster, 1).call(12, &MetadataRequest::default());
}

#[test]
fn dropping_the_cluster_ends_everything_promptly() {
    let cluster = cluster(3);
    let address = cluster.bootstrap().split(',').next().unwrap().to_owned();
    let mut waiting = Client::connect(&cluster, 1);
    waiting.call(12, &MetadataRequest::default());
    let began = Instant::now();
    drop(cluster);
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    assert!(TcpStream::connect(address).is_err());
    assert!(waiting.try_call(12, &MetadataRequest::default()).is_err());
}

#[test]
fn a_cluster_may_be_shared_between_threads() {
    fn shareable<T: Send + Sync + 'static>(_: &T) {}
    shareable(&cluster(1));
}

#[test]
fn a_cluster_may_be_used_inside_another_runtime() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let cluster = cluster(2);
        cluster.stop_broker(2).unwrap();
        cluster.start_broker(2).unwrap();
        drop(cluster);
    });
}
