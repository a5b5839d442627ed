//! One Kafka cluster: client configuration, connection, topics, offsets, admin calls, reading and writing in batches.
//!
//! A thin safe layer over librdkafka. What stays out: everything that concerns two clusters (the engine's work) and
//! everything that waits for a person (the shells').

mod admin;
mod error;
mod message;
mod native;
mod partition_list;
mod properties;
mod reader;
mod settings;
mod writer;

pub use admin::{
    Admin, Broker, Capabilities, ConfigEntry, ConfigOrigin, Metadata, NewTopic, OffsetQuery, PartitionInfo,
    TopicInfo,
};
pub use error::{ErrorCode, KafkaError, Result};
pub use message::{Headers, Message, TimestampKind};
pub use native::{Notice, TxnError};
pub use partition_list::PartitionOffset;
pub use properties::{ClientProperties, Dialect, PropertiesError, apply_properties, parse_properties};
pub use reader::{Isolation, Reader, ReaderTuning};
pub use settings::CALL_DEADLINE;
pub use writer::{Delivery, Guarantee, RefusedRecord, TopicHandle, Writer, WriterTuning};
