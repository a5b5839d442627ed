use kafka_protocol::messages::TopicName;
use kafka_protocol::protocol::StrBytes;

/// A text as the protocol crate wants it.
pub(crate) fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

/// A topic's name as the protocol crate wants it.
pub(crate) fn topic_name(name: &str) -> TopicName {
    TopicName(text(name))
}
