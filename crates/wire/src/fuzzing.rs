//! Entrances for the fuzz targets of answers and logins, which are no part of this crate's interface. `cargo fuzz` alone
//! builds them.

use bytes::Bytes;
use kafka_protocol::messages::{
    AddPartitionsToTxnRequest, ApiKey, ApiVersionsRequest, ConsumerGroupDescribeRequest, DescribeAclsRequest,
    DescribeClientQuotasRequest, DescribeConfigsRequest, DescribeGroupsRequest, DescribeLogDirsRequest,
    DescribeProducersRequest, DescribeTransactionsRequest, EndTxnRequest, FindCoordinatorRequest,
    InitProducerIdRequest, ListGroupsRequest, ListOffsetsRequest, ListTransactionsRequest, MetadataRequest,
    OffsetCommitRequest, OffsetFetchRequest, SaslAuthenticateRequest, SaslHandshakeRequest,
};
use kafka_protocol::protocol::{Message, Request};
use sluice_model::{SaslMechanism, Secret};

use crate::net::{Exchange, Step, decode};
use crate::{fetch, produce};

/// Reads an answer: the first byte chooses its request, the second its version.
pub fn read_answer(input: &[u8]) {
    let Some((&[choice, version], body)) = input.split_first_chunk::<2>() else {
        return;
    };
    let body = Bytes::copy_from_slice(body);
    let readers: &[fn(u8, Bytes)] = &[
        read_fetch,
        read_produce,
        read_as::<ApiVersionsRequest>,
        read_as::<MetadataRequest>,
        read_as::<ListOffsetsRequest>,
        read_as::<FindCoordinatorRequest>,
        read_as::<InitProducerIdRequest>,
        read_as::<AddPartitionsToTxnRequest>,
        read_as::<EndTxnRequest>,
        read_as::<ListGroupsRequest>,
        read_as::<DescribeGroupsRequest>,
        read_as::<ConsumerGroupDescribeRequest>,
        read_as::<OffsetFetchRequest>,
        read_as::<OffsetCommitRequest>,
        read_as::<DescribeConfigsRequest>,
        read_as::<DescribeAclsRequest>,
        read_as::<DescribeClientQuotasRequest>,
        read_as::<DescribeLogDirsRequest>,
        read_as::<DescribeProducersRequest>,
        read_as::<DescribeTransactionsRequest>,
        read_as::<ListTransactionsRequest>,
        read_as::<SaslHandshakeRequest>,
        read_as::<SaslAuthenticateRequest>,
    ];
    readers[usize::from(choice) % readers.len()](version, body);
}

fn read_fetch(version: u8, body: Bytes) {
    let length = body.len();
    let version = i16::from(version % 18);
    if let Ok(answer) = fetch::read_with(version, body, |_| Some("topic")) {
        let records: usize = answer.partitions.iter().map(|one| one.records.len()).sum();
        assert!(records <= length, "records are slices of the answer");
    }
}

fn read_produce(version: u8, body: Bytes) {
    let length = body.len();
    let (first, last) = produce::VERSIONS;
    let version = first + i16::from(version) % (last - first + 1);
    if let Ok(answer) = produce::read(version, body) {
        assert!(
            answer.partitions.len() <= length,
            "a partition takes a byte at least"
        );
    }
}

fn read_as<R: Request>(version: u8, body: Bytes) {
    let versions = R::Response::VERSIONS;
    let version = versions.min + i16::from(version) % (versions.max - versions.min + 1);
    let api = ApiKey::try_from(R::KEY).expect("a request that is known");
    drop(decode::<R>(api, version, body));
}

/// Lets a broker lead a login: the first byte chooses the mechanism, lines are the broker's messages.
///
/// # Panics
/// A broker that was given nothing of the password is believed to know it, or the login has no end.
pub fn log_in(input: &[u8]) {
    let Some((&choice, rest)) = input.split_first() else {
        return;
    };
    let password = Secret::new("pencil");
    let mechanism = [
        SaslMechanism::Plain,
        SaslMechanism::ScramSha256,
        SaslMechanism::ScramSha512,
        SaslMechanism::OauthBearer,
    ][usize::from(choice) % 4];
    let mut exchange =
        Exchange::password(mechanism, "user", &password).unwrap_or_else(|| Exchange::token(&password, &[]));
    let Ok(Step::Send(first)) = exchange.step(None) else {
        panic!("a login begins with a message");
    };
    // What a broker could know: the nonce that was sent stands for `N` in what it answers.
    let first = String::from_utf8(first).expect("text");
    let nonce = first.rsplit_once("r=").map_or("", |(_, nonce)| nonce);
    for line in rest.split(|byte| *byte == b'\n').take(4) {
        let answer = match line.strip_prefix(b"r=N") {
            Some(behind) => [b"r=", nonce.as_bytes(), behind].concat(),
            None => line.to_vec(),
        };
        match exchange.step(Some(&answer)) {
            Ok(Step::Send(_)) => {}
            Ok(Step::Done) => {
                let proves = matches!(mechanism, SaslMechanism::ScramSha256 | SaslMechanism::ScramSha512);
                assert!(!proves, "a signature was guessed");
                return;
            }
            Err(reason) => {
                let said_by_the_broker = answer.windows(6).any(|six| six == b"pencil");
                assert!(
                    said_by_the_broker || !reason.contains("pencil"),
                    "the password is in an error"
                );
                return;
            }
        }
    }
}
