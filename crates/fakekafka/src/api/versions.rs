//! ApiVersions: what the cluster speaks.

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::api_versions_response::ApiVersion;
use kafka_protocol::messages::{ApiKey, ApiVersionsResponse};

use crate::request::{Request, code};
use crate::shared::Shared;

/// The APIs and the versions of each that are answered in full.
const OFFERED: &[(ApiKey, i16, i16)] = &[
    (ApiKey::Produce, 3, 9),
    (ApiKey::Fetch, 4, 16),
    (ApiKey::ListOffsets, 1, 7),
    (ApiKey::Metadata, 0, 12),
    (ApiKey::OffsetCommit, 2, 8),
    (ApiKey::OffsetFetch, 1, 8),
    (ApiKey::FindCoordinator, 0, 4),
    (ApiKey::JoinGroup, 0, 7),
    (ApiKey::Heartbeat, 0, 4),
    (ApiKey::LeaveGroup, 0, 5),
    (ApiKey::SyncGroup, 0, 5),
    (ApiKey::DescribeGroups, 0, 5),
    (ApiKey::ListGroups, 0, 4),
    (ApiKey::SaslHandshake, 0, 1),
    (ApiKey::ApiVersions, 0, 3),
    (ApiKey::CreateTopics, 2, 7),
    (ApiKey::DeleteTopics, 1, 6),
    (ApiKey::DeleteRecords, 0, 2),
    (ApiKey::InitProducerId, 0, 4),
    (ApiKey::OffsetForLeaderEpoch, 2, 4),
    (ApiKey::AddPartitionsToTxn, 0, 3),
    (ApiKey::AddOffsetsToTxn, 0, 3),
    (ApiKey::EndTxn, 0, 3),
    (ApiKey::TxnOffsetCommit, 0, 3),
    (ApiKey::DescribeAcls, 1, 3),
    (ApiKey::DescribeConfigs, 1, 4),
    (ApiKey::AlterConfigs, 0, 2),
    (ApiKey::DescribeLogDirs, 1, 4),
    (ApiKey::SaslAuthenticate, 0, 2),
    (ApiKey::CreatePartitions, 0, 3),
    (ApiKey::DeleteGroups, 0, 2),
    (ApiKey::IncrementalAlterConfigs, 0, 1),
    (ApiKey::OffsetDelete, 0, 0),
    (ApiKey::DescribeCluster, 0, 1),
];

fn offered(shared: &Shared) -> impl Iterator<Item = (ApiKey, i16, i16)> + '_ {
    OFFERED
        .iter()
        .map(|(api, min, max)| {
            let cap = shared.version_caps.get(api).copied().unwrap_or(*max);
            (*api, *min, (*max).min(cap))
        })
        // A cap below the oldest version takes the API away.
        .filter(|(_, min, max)| min <= max)
}

/// Whether a version of an API may be used.
pub(crate) fn is_offered(shared: &Shared, api: ApiKey, version: i16) -> bool {
    offered(shared).any(|(key, min, max)| key == api && (min..=max).contains(&version))
}

fn listing(shared: &Shared) -> Vec<ApiVersion> {
    offered(shared)
        .map(|(api, min, max)| {
            ApiVersion::default()
                .with_api_key(api as i16)
                .with_min_version(min)
                .with_max_version(max)
        })
        .collect()
}

pub(crate) fn api_versions(cx: &Request<'_>) -> ApiVersionsResponse {
    ApiVersionsResponse::default()
        .with_error_code(code(&cx.fault()))
        .with_api_keys(listing(cx.shared))
}

/// The answer to an ApiVersions request in a version that is too new.
pub(crate) fn refusal(shared: &Shared) -> ApiVersionsResponse {
    ApiVersionsResponse::default()
        .with_error_code(ResponseError::UnsupportedVersion.code())
        .with_api_keys(listing(shared))
}
