use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What a group is. Kafka keeps all of them under one namespace of ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum GroupKind {
    /// Consumers of the classic protocol, and programs that only commit offsets.
    Classic,
    /// Consumers of the protocol of KIP-848.
    Consumer,
    /// A share group (KIP-932): the broker keeps the state of single records, no position.
    Share,
    /// A Kafka Streams application, of its own protocol (KIP-1071) or of the classic one: its state lies in internal topics
    /// as well.
    Streams,
    /// Members of another protocol, as Kafka Connect's workers.
    Other,
}

impl GroupKind {
    /// By the kind that the broker reports (since 3.8), else by the group's protocol type.
    pub(crate) fn of(kind: Option<&str>, protocol_type: &str) -> Self {
        match kind.map(str::to_ascii_lowercase).as_deref() {
            Some("consumer") => Self::Consumer,
            Some("share") => Self::Share,
            Some("streams") => Self::Streams,
            _ => match protocol_type {
                "" | "consumer" => Self::Classic,
                "share" => Self::Share,
                "streams" => Self::Streams,
                _ => Self::Other,
            },
        }
    }

    /// Whether its position is nothing but committed offsets.
    pub fn is_moved(self) -> bool {
        matches!(self, Self::Classic | Self::Consumer)
    }

    /// Why groups of this kind are not moved; `protocol` is the protocol type, `internal` an internal topic that shows a
    /// Streams application of the classic protocol.
    pub(crate) fn why_not_moved(self, protocol: &str, internal: Option<&str>) -> Option<String> {
        match (self, internal) {
            (Self::Streams, Some(topic)) => Some(format!(
                "it is a Kafka Streams application, as its internal topic '{topic}' shows: its state lies there too, and positions alone would tear both apart; use Kafka's application reset tool and start it on the target. If it is none, set its positions with kafka-consumer-groups"
            )),
            (kind, _) => kind.why_not(protocol),
        }
    }

    fn why_not(self, protocol: &str) -> Option<String> {
        match self {
            Self::Classic | Self::Consumer => None,
            Self::Share => Some(
                "it is a share group: its broker keeps which records were acknowledged, and no offset says that; start it on the target where it is to begin".to_owned(),
            ),
            Self::Streams => Some(
                "it is a Streams group: its state lies in internal topics too, which are not copied; use Kafka's application reset tool and start it on the target".to_owned(),
            ),
            Self::Other => Some(format!(
                "it is a group of the protocol '{protocol}' and not of consumers; its program keeps its positions elsewhere"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_what_the_broker_says_or_else_what_the_protocol_means() {
        assert_eq!(GroupKind::of(Some("Consumer"), "consumer"), GroupKind::Consumer);
        assert_eq!(GroupKind::of(Some("classic"), "connect"), GroupKind::Other);
        assert_eq!(GroupKind::of(Some("Share"), "share"), GroupKind::Share);
        assert_eq!(GroupKind::of(Some("Streams"), "streams"), GroupKind::Streams);
        assert_eq!(GroupKind::of(None, "consumer"), GroupKind::Classic);
        assert_eq!(
            GroupKind::of(None, ""),
            GroupKind::Classic,
            "one that only commits"
        );
        assert_eq!(GroupKind::of(None, "sr"), GroupKind::Other);
    }

    #[test]
    fn only_groups_of_consumers_are_moved_and_the_others_say_why_not() {
        for kind in [GroupKind::Classic, GroupKind::Consumer] {
            assert!(kind.is_moved() && kind.why_not_moved("consumer", None).is_none());
        }
        for kind in [GroupKind::Share, GroupKind::Streams, GroupKind::Other] {
            assert!(!kind.is_moved());
            assert!(kind.why_not_moved("connect", None).is_some());
        }
        assert!(
            GroupKind::Other
                .why_not_moved("connect", None)
                .unwrap()
                .contains("'connect'")
        );
        let streams = GroupKind::Streams.why_not_moved("consumer", Some("app-store-changelog"));
        assert!(streams.unwrap().contains("'app-store-changelog'"));
    }
}
