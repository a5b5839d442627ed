//! One Kafka cluster over its own protocol: connections, logins, versions, every request Sluice needs, and record
//! batches as bytes. Below it nothing but sockets; what concerns two clusters stays out.

mod cancel;
mod client;
mod error;
mod error_code;
mod fetch;
mod fields;
pub mod format;
#[cfg(fuzzing)]
pub mod fuzzing;
mod net;
mod produce;
mod topic_partition;
mod versions;

pub use cancel::Cancel;
pub use client::{
    Acl, BrokerInfo, ClassicGroup, ClassicMember, Client, ClientQuota, ClusterInfo, ConfigChange,
    ConfigEntry, ConfigResource, ConfigSource, ConfigSynonym, Configs, ConsumerGroup, ConsumerMember,
    CoordinatorKind, GroupOffset, GroupOffsets, IdWitness, Isolation, ListedGroup, ListedOffset,
    ListedTransaction, LogDir, MissingDetail, OffsetSpec, OpenTransaction, PartitionInfo, PerBroker,
    ProducerState, QuotaChanges, QuotaEntity, ShareGroup, ShareMember, TopicInfo, TransactionDescription,
    TransactionFilter, Wake,
};
pub use error::{Result, TlsFailure, Unsupported, WireError};
pub use error_code::ErrorCode;
pub use fetch::{
    AbortedTransaction, Divergence, FetchAnswer, FetchEvent, FetchFrom, FetchHalt, FetchPartition,
    FetchRequest, FetchSession, FetchSettings, FetchedBatches, FetchedPartition, Fetcher, LogMarks,
    PendingFetch,
};
pub use kafka_protocol::messages::ApiKey;
pub use net::{Address, Connection, Settings, ThrottleReport};
pub use produce::{
    Event, FillEvent, FillSettings, Hole, HoleFiller, LastBatch, MAX_IN_FLIGHT, Outcome, PendingProduce,
    ProduceAnswer, ProduceBatch, ProduceEvent, ProduceRequest, ProduceSettings, ProducedPartition, Producer,
    ProducerIdentity, RecordError, SendError, Sequences, Ticket, ToSend, TransactionFault,
    TransactionSettings, Unresolved, UnsettledBatch, WrongState, advance,
};
pub use sluice_reach::ConnectFailure;
pub use topic_partition::TopicPartition;
pub use versions::ApiVersions;
