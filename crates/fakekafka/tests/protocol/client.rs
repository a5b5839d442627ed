//! A client made of the protocol's codecs and a socket: one request, one answer, no retries.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::produce_response::PartitionProduceResponse;
use kafka_protocol::messages::{
    ApiKey, ProduceRequest, ProduceResponse, RequestHeader, ResponseHeader, TopicName, TransactionalId,
};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, Request, StrBytes};
use sluice_fakekafka::FakeCluster;

pub fn text(value: &str) -> StrBytes {
    StrBytes::from_string(value.to_owned())
}

pub fn topic(value: &str) -> TopicName {
    TopicName(text(value))
}

pub struct Client {
    stream: TcpStream,
    sent: i32,
}

impl Client {
    pub fn connect(cluster: &FakeCluster, broker: i32) -> Self {
        let addresses = cluster.bootstrap();
        let at = cluster.broker_ids().iter().position(|id| *id == broker).unwrap();
        let stream = TcpStream::connect(addresses.split(',').nth(at).unwrap()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        Client { stream, sent: 0 }
    }

    /// A connection to the leader of partition 0.
    pub fn to_leader(cluster: &FakeCluster, topic: &str) -> Self {
        Self::connect(cluster, cluster.leader(topic, 0).unwrap())
    }

    pub fn send<Q: Request>(&mut self, version: i16, request: &Q) {
        self.sent += 1;
        let mut out = BytesMut::new();
        out.put_i32(0);
        RequestHeader::default()
            .with_request_api_key(Q::KEY)
            .with_request_api_version(version)
            .with_correlation_id(self.sent)
            .with_client_id(Some(text("test")))
            .encode(&mut out, Q::header_version(version))
            .unwrap();
        request.encode(&mut out, version).unwrap();
        let len = (out.len() - 4) as i32;
        out[..4].copy_from_slice(&len.to_be_bytes());
        self.stream.write_all(&out).unwrap();
    }

    pub fn receive<Q: Request>(&mut self, version: i16) -> std::io::Result<Q::Response> {
        let mut len = [0; 4];
        self.stream.read_exact(&mut len)?;
        let mut frame = vec![0; i32::from_be_bytes(len) as usize];
        self.stream.read_exact(&mut frame)?;
        let mut frame = Bytes::from(frame);
        let header = ResponseHeader::decode(
            &mut frame,
            <Q::Response as HeaderVersion>::header_version(version),
        )
        .unwrap();
        assert_eq!(header.correlation_id, self.sent);
        let answer = Q::Response::decode(&mut frame, version).unwrap();
        assert!(
            frame.is_empty(),
            "bytes left in {:?} v{version}",
            ApiKey::try_from(Q::KEY)
        );
        Ok(answer)
    }

    pub fn try_call<Q: Request>(&mut self, version: i16, request: &Q) -> std::io::Result<Q::Response> {
        self.send(version, request);
        self.receive::<Q>(version)
    }

    pub fn call<Q: Request>(&mut self, version: i16, request: &Q) -> Q::Response {
        self.try_call(version, request).unwrap()
    }

    pub fn produce_request(name: &str, partition: i32, records: Bytes) -> ProduceRequest {
        ProduceRequest::default()
            .with_acks(-1)
            .with_timeout_ms(1000)
            .with_topic_data(vec![
                TopicProduceData::default()
                    .with_name(topic(name))
                    .with_partition_data(vec![
                        PartitionProduceData::default()
                            .with_index(partition)
                            .with_records(Some(records)),
                    ]),
            ])
    }

    pub fn produce(&mut self, name: &str, records: Bytes) -> PartitionProduceResponse {
        let answer = self.call(9, &Self::produce_request(name, 0, records));
        only(answer)
    }

    pub fn produce_transactional(
        &mut self,
        id: &str,
        name: &str,
        records: Bytes,
    ) -> PartitionProduceResponse {
        let request =
            Self::produce_request(name, 0, records).with_transactional_id(Some(TransactionalId(text(id))));
        only(self.call(9, &request))
    }
}

pub fn only(answer: ProduceResponse) -> PartitionProduceResponse {
    answer.responses[0].partition_responses[0].clone()
}

/// Record batches as a client would build them, and as it should not.
#[derive(Clone)]
pub struct Batch {
    pub records: Vec<(Option<&'static str>, Option<&'static str>)>,
    pub attributes: i16,
    pub producer: (i64, i16, i32),
    pub timestamp: i64,
    pub base_offset: i64,
    pub last_offset_delta: Option<i32>,
    pub spoil_crc: bool,
    pub body: Option<Vec<u8>>,
}

impl Batch {
    pub fn of(values: &[&'static str]) -> Self {
        Batch {
            records: values.iter().map(|v| (Some("k"), Some(*v))).collect(),
            attributes: 0,
            producer: (-1, -1, -1),
            timestamp: 1_000,
            base_offset: 0,
            last_offset_delta: None,
            spoil_crc: false,
            body: None,
        }
    }

    pub fn producer(mut self, id: i64, epoch: i16, sequence: i32) -> Self {
        self.producer = (id, epoch, sequence);
        self
    }

    pub fn transactional(mut self) -> Self {
        self.attributes |= 0x10;
        self
    }

    pub fn encode(&self) -> Bytes {
        let mut body = BytesMut::new();
        for (i, (key, value)) in self.records.iter().enumerate() {
            let mut one = BytesMut::new();
            one.put_i8(0);
            varint(&mut one, 0);
            varint(&mut one, i as i64);
            for part in [key, value] {
                match part {
                    None => varint(&mut one, -1),
                    Some(s) => {
                        varint(&mut one, s.len() as i64);
                        one.put_slice(s.as_bytes());
                    }
                }
            }
            varint(&mut one, 0);
            varint(&mut body, one.len() as i64);
            body.put_slice(&one);
        }
        let body = self.body.clone().unwrap_or_else(|| body.to_vec());
        let delta = self.last_offset_delta.unwrap_or(self.records.len() as i32 - 1);
        let mut out = BytesMut::new();
        out.put_i64(self.base_offset);
        out.put_i32(49 + body.len() as i32);
        out.put_i32(-1);
        out.put_i8(2);
        out.put_u32(0);
        out.put_i16(self.attributes);
        out.put_i32(delta);
        out.put_i64(self.timestamp);
        out.put_i64(self.timestamp);
        out.put_i64(self.producer.0);
        out.put_i16(self.producer.1);
        out.put_i32(self.producer.2);
        out.put_i32(self.records.len() as i32);
        out.put_slice(&body);
        let crc = crc32c::crc32c(&out[21..]) ^ u32::from(self.spoil_crc);
        out[17..21].copy_from_slice(&crc.to_be_bytes());
        out.freeze()
    }
}

fn varint(out: &mut BytesMut, value: i64) {
    let mut rest = ((value << 1) ^ (value >> 63)) as u64;
    while rest >= 0x80 {
        out.put_u8(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.put_u8(rest as u8);
}
