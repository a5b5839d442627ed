use std::collections::BTreeMap;

use kafka_protocol::messages::ApiKey;
use kafka_protocol::messages::api_versions_response::ApiVersion;

use crate::error::{Result, Unsupported};

/// Which requests a broker knows, and in which versions: its answer to ApiVersions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApiVersions {
    broker: String,
    ranges: BTreeMap<i16, (i16, i16)>,
}

impl ApiVersions {
    /// What `broker` (`host:port`) offers.
    pub(crate) fn new(broker: &str, listed: &[ApiVersion]) -> Self {
        let ranges = listed
            .iter()
            .map(|api| (api.api_key, (api.min_version, api.max_version)))
            .collect();
        Self {
            broker: broker.to_owned(),
            ranges,
        }
    }

    /// Nothing: of a connection that has not asked yet.
    pub(crate) const fn none() -> Self {
        Self {
            broker: String::new(),
            ranges: BTreeMap::new(),
        }
    }

    /// Every API key with its versions, those that this client does not know included.
    pub fn ranges(&self) -> &BTreeMap<i16, (i16, i16)> {
        &self.ranges
    }

    /// The versions of a request that the broker offers.
    pub fn range(&self, api: ApiKey) -> Option<(i16, i16)> {
        self.ranges.get(&(api as i16)).copied()
    }

    /// The greatest version between `low` and `high` that the broker offers.
    ///
    /// # Errors
    /// [`Unsupported::Api`] if there is none.
    pub fn pick(&self, api: ApiKey, low: i16, high: i16) -> Result<i16, Unsupported> {
        let offered = self.range(api);
        offered
            .map(|(from, to)| (from.max(low), to.min(high)))
            .filter(|(from, to)| from <= to)
            .map(|(_, to)| to)
            .ok_or_else(|| Unsupported::Api {
                api,
                broker: self.broker.clone(),
                offered,
                needed: (low, high),
                since: first_release(api, low),
            })
    }
}

/// The first release of Kafka with a request at `version` or newer, as far as sentences need it. From the protocol's
/// message definitions and KIPs.
fn first_release(api: ApiKey, version: i16) -> Option<&'static str> {
    Some(match (api, version) {
        (ApiKey::CreateAcls | ApiKey::DeleteAcls, 1..) => "2.0",
        (ApiKey::DescribeConfigs | ApiKey::DescribeAcls | ApiKey::DeleteRecords, _)
        | (ApiKey::InitProducerId | ApiKey::AddPartitionsToTxn | ApiKey::EndTxn, _)
        | (ApiKey::AddOffsetsToTxn | ApiKey::TxnOffsetCommit | ApiKey::OffsetForLeaderEpoch, _) => "0.11",
        (ApiKey::DescribeLogDirs | ApiKey::CreatePartitions, _) => "1.0",
        (ApiKey::IncrementalAlterConfigs, _) => "2.3",
        (ApiKey::OffsetDelete, _) => "2.4",
        (ApiKey::DescribeClientQuotas | ApiKey::AlterClientQuotas, _) => "2.6",
        (ApiKey::DescribeProducers | ApiKey::DescribeCluster, _) => "2.8",
        (ApiKey::DescribeTransactions | ApiKey::ListTransactions, _) => "3.0",
        (ApiKey::ConsumerGroupDescribe, _) => "3.7",
        (ApiKey::ShareGroupDescribe | ApiKey::DescribeShareGroupOffsets, _) => "4.1",
        (ApiKey::ListOffsets, 1..) => "0.10.1",
        (ApiKey::Fetch, 4..) | (ApiKey::Produce, 3..) => "0.11",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offers(api: ApiKey, low: i16, high: i16) -> ApiVersions {
        let listed = ApiVersion::default()
            .with_api_key(api as i16)
            .with_min_version(low)
            .with_max_version(high);
        ApiVersions::new("b:1", &[listed])
    }

    #[test]
    fn the_greatest_version_that_both_know_is_taken() {
        let versions = offers(ApiKey::Metadata, 2, 9);
        assert_eq!(versions.pick(ApiKey::Metadata, 0, 13), Ok(9));
        assert_eq!(versions.pick(ApiKey::Metadata, 0, 5), Ok(5));
        assert_eq!(versions.pick(ApiKey::Metadata, 9, 9), Ok(9));
    }

    #[test]
    fn without_a_common_version_the_error_has_both_ranges() {
        let error = offers(ApiKey::Fetch, 0, 3)
            .pick(ApiKey::Fetch, 4, 18)
            .unwrap_err();
        assert_eq!(
            error,
            Unsupported::Api {
                api: ApiKey::Fetch,
                broker: "b:1".to_owned(),
                offered: Some((0, 3)),
                needed: (4, 18),
                since: Some("0.11"),
            }
        );
        let missing = offers(ApiKey::Fetch, 0, 3).pick(ApiKey::DescribeProducers, 0, 0);
        assert!(missing.unwrap_err().to_string().contains("Kafka 2.8"));
    }
}
