//! One Kafka cluster: client configuration, connection, topics, offsets, admin calls, reading and writing in batches.
//!
//! A thin safe layer over librdkafka. What stays out: everything that concerns two clusters (the engine's work) and
//! everything that waits for a person (the shells').

mod admin;
mod callbacks;
mod compression;
mod detour;
mod error;
mod fault;
mod ffi;
mod identity;
mod import;
mod leaders;
mod mailbox;
mod message;
mod native;
mod owned;
mod partition_list;
mod probe;
mod properties;
mod reader;
mod settings;
mod tokens;
mod traffic;
mod verdict;
mod writer;

pub use admin::{
    Admin, Broker, Capabilities, Config, ConfigEntry, ConfigOrigin, GroupListing, Metadata, NewTopic,
    OffsetQuery, PartitionInfo, Right, Rights, TopicInfo, TopicRights,
};
pub use compression::{Compression, CompressionCodec};
pub use error::{ErrorCode, KafkaError, Result};
pub use fault::{ReadFault, ReadFaultKind};
pub use import::{ImportError, Imported, import_file, import_text, import_url};
pub use mailbox::Notice;
pub use message::{Headers, Message, TimestampKind};
pub use native::TxnError;
pub use partition_list::PartitionOffset;
pub use probe::{
    BrokerFacts, ClusterFacts, FollowJump, FollowedRecords, FoundRecords, JumpCause, PROBE_STEPS,
    PartitionDetail, PeekFrom, PeekedHeader, PeekedRecord, ProbeReport, ProbeResult, ProbeStep, TopicDetail,
    TopicListing, TopicSetting, describe_topic, follow, list_topics, peek, probe, search_records,
};
pub use properties::{ClientProperties, Dialect, PropertiesError, apply_properties, parse_properties};
pub use reader::{Fetched, Isolation, Reader, ReaderTuning};
pub use settings::CALL_DEADLINE;
pub use writer::{Delivery, Guarantee, RefusedRecord, TopicHandle, Writer, WriterTuning};
