use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use kafka_protocol::messages::*;

/// Answers with how long the broker throttles this client, in milliseconds.
pub(crate) trait Throttled {
    /// The answer's field; 0 where its version has none.
    fn throttle_ms(&self) -> i32;
}

macro_rules! throttled {
    ($($response:ty),* $(,)?) => {
        $(impl Throttled for $response {
            fn throttle_ms(&self) -> i32 {
                self.throttle_time_ms
            }
        })*
    };
}

throttled!(
    AddOffsetsToTxnResponse,
    AddPartitionsToTxnResponse,
    AlterClientQuotasResponse,
    ApiVersionsResponse,
    ConsumerGroupDescribeResponse,
    CreateAclsResponse,
    DeleteAclsResponse,
    DeleteRecordsResponse,
    DescribeAclsResponse,
    DescribeClientQuotasResponse,
    DescribeConfigsResponse,
    DescribeGroupsResponse,
    DescribeLogDirsResponse,
    DescribeProducersResponse,
    DescribeShareGroupOffsetsResponse,
    DescribeTransactionsResponse,
    EndTxnResponse,
    FindCoordinatorResponse,
    IncrementalAlterConfigsResponse,
    InitProducerIdResponse,
    ListGroupsResponse,
    ListOffsetsResponse,
    ListTransactionsResponse,
    MetadataResponse,
    OffsetCommitResponse,
    OffsetFetchResponse,
    ShareGroupDescribeResponse,
    TxnOffsetCommitResponse,
);

impl Throttled for SaslHandshakeResponse {
    fn throttle_ms(&self) -> i32 {
        0
    }
}

impl Throttled for SaslAuthenticateResponse {
    fn throttle_ms(&self) -> i32 {
        0
    }
}

/// The first version of a request after whose answer the client keeps quiet by itself (KIP-219). Before it, the
/// broker had already delayed the answer.
fn client_waits_from(api: ApiKey) -> i16 {
    match api {
        ApiKey::Fetch => 8,
        ApiKey::Produce | ApiKey::Metadata => 6,
        ApiKey::OffsetCommit | ApiKey::OffsetFetch => 4,
        ApiKey::ListOffsets => 3,
        ApiKey::FindCoordinator
        | ApiKey::ListGroups
        | ApiKey::DescribeGroups
        | ApiKey::ApiVersions
        | ApiKey::DescribeConfigs => 2,
        ApiKey::IncrementalAlterConfigs
        | ApiKey::DescribeClientQuotas
        | ApiKey::AlterClientQuotas
        | ApiKey::DescribeProducers
        | ApiKey::DescribeTransactions
        | ApiKey::ListTransactions
        | ApiKey::ConsumerGroupDescribe
        | ApiKey::ShareGroupDescribe
        | ApiKey::DescribeShareGroupOffsets => 0,
        _ => 1,
    }
}

/// What one connection was throttled so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ThrottleReport {
    /// All of it.
    pub total: Duration,
    /// The latest answer's.
    pub latest: Duration,
    /// Until when no request is sent; in the past if it is over.
    pub until: Option<Instant>,
}

/// The throttle times of one broker.
#[derive(Debug, Default)]
pub(crate) struct Throttle(Mutex<ThrottleReport>);

impl Throttle {
    /// Notes an answer's throttle time.
    pub(crate) fn note(&self, api: ApiKey, version: i16, milliseconds: i32) {
        let latest = Duration::from_millis(u64::try_from(milliseconds).unwrap_or(0));
        let mut report = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        report.latest = latest;
        report.total += latest;
        if version >= client_waits_from(api) && !latest.is_zero() {
            let until = Instant::now() + latest;
            report.until = Some(report.until.map_or(until, |earlier| earlier.max(until)));
        }
    }

    pub(crate) fn report(&self) -> ThrottleReport {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn throttle_times_are_summed_and_obeyed_only_where_the_broker_has_not_waited_itself() {
        let throttle = Throttle::default();
        throttle.note(ApiKey::Fetch, 4, 300);
        assert_eq!(throttle.report().until, None);
        let before = Instant::now();
        throttle.note(ApiKey::Fetch, 11, 500);
        throttle.note(ApiKey::Metadata, 9, 0);
        let report = throttle.report();
        assert_eq!(
            (report.total, report.latest),
            (Duration::from_millis(800), Duration::ZERO)
        );
        assert!(report.until.unwrap() >= before + Duration::from_millis(500));
    }
}
