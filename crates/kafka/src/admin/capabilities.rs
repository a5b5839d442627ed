/// What a cluster's brokers can do, by the request versions that they and librdkafka agreed on (ApiVersions). The oldest
/// broker that was asked decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Capabilities {
    /// Headers, idempotence and transactions (message format v2, 0.11 on).
    pub message_v2: bool,
    /// Zstandard (2.1 on).
    pub zstd: bool,
    /// A question for a topic's metadata can say that the topic must not be created by it (0.11 on). Without it, a
    /// question that names a deleted topic creates it again where `auto.create.topics.enable` is on. Calls of
    /// [`Admin`](crate::Admin) never name such a topic. Readers and writers do: librdkafka 2.12.1 asks by name every 10 s,
    /// and at once when a partition has lost its leader, so a topic that is assigned or written to while it is deleted is
    /// back within a moment. Neither a setting nor a call of the library prevents that.
    pub metadata_forbids_creation: bool,
    /// Topics have ids, which differ when a topic is deleted and created again (2.8 on).
    pub topic_ids: bool,
}

impl Capabilities {
    /// Kafka 0.11 brought Metadata v4 (the flag against creation) together with Produce v3 and Fetch v4 (KIP-98's
    /// message format v2); Kafka 2.1 brought Metadata v7 together with Produce v7 and Fetch v10 (KIP-110's Zstandard); Kafka 2.8 brought Metadata v10
    /// (KIP-516's topic ids).
    /// Source: the protocol's schemas of these releases.
    pub(super) fn of_metadata_version(version: i16) -> Self {
        Self {
            message_v2: version >= 4,
            zstd: version >= 7,
            metadata_forbids_creation: version >= 4,
            topic_ids: version >= 10,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_grow_with_the_version_that_brokers_agree_on() {
        let flags = |version| {
            let known = Capabilities::of_metadata_version(version);
            (
                known.message_v2,
                known.metadata_forbids_creation,
                known.zstd,
                known.topic_ids,
            )
        };
        // 0.10.2, 0.11, 2.0, 2.1, 2.7, 2.8.
        assert_eq!(flags(2), (false, false, false, false));
        assert_eq!(flags(4), (true, true, false, false));
        assert_eq!(flags(6), (true, true, false, false));
        assert_eq!(flags(7), (true, true, true, false));
        assert_eq!(flags(9), (true, true, true, false));
        assert_eq!(flags(10), (true, true, true, true));
    }
}
