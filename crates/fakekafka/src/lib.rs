//! An in-process Kafka: it speaks the protocol on loopback ports, keeps everything in memory and fails on demand.
//!
//! It serves a demonstration that needs nothing installed, and tests that must be fast, repeatable and able to
//! provoke what a real cluster does once a year. librdkafka 2.12 takes it for a cluster.
//!
//! ```
//! use sluice_fakekafka::{FakeCluster, FakeRecord};
//!
//! let cluster = FakeCluster::builder().brokers(3).start()?;
//! cluster.create_topic("orders", 6, &[("cleanup.policy", "compact")])?;
//! cluster.append("orders", 0, vec![FakeRecord::new("key", "value")])?;
//! println!("bootstrap.servers={}", cluster.bootstrap());
//! # Ok::<(), sluice_fakekafka::FakeError>(())
//! ```
//!
//! # What it has
//!
//! * Several brokers with ports, leaders and leader epochs of their own; a broker that is stopped refuses connections.
//! * Produce with the checks of a real broker: one batch of magic 2 per partition, checksum, offset range, size,
//!   keys of compacted topics, timestamp bounds, LogAppendTime, recompression, sequence numbers, producer epochs.
//! * Fetch with long polling, incremental sessions, isolation level, aborted transactions, leader epochs and hints,
//!   nearest replicas; by topic name and by id.
//! * Transactions with markers, fencing, time-out and offsets; groups of the classic protocol, static members too.
//! * Topics, partitions, settings, groups and offsets through the admin requests.
//! * SASL PLAIN.
//! * Faults: errors, delays, lost answers, lost connections, stopped brokers, moved leaders, denied topics, truncated
//!   and compacted logs, damaged batches.
//!
//! # What it lacks
//!
//! * Replication: a partition has one log. Brokers only take turns in serving it, nothing is lost when one stops, and
//!   the high watermark is always the end.
//! * A disk: only memory is kept. `retention.bytes` is kept to, batch by batch; retention by time is not,
//!   and neither does compaction run by itself.
//! * TLS, SASL mechanisms other than PLAIN, and ACLs other than [`FakeCluster::deny`].
//! * Quotas other than [`FakeCluster::throttle`], followers, KRaft and ZooKeeper requests, share groups, the new
//!   consumer group protocol, transactions of version 2, DescribeProducers and the other transaction inspections.
//! * Message formats 0 and 1, so also clients and brokers before Kafka 0.11.
//! * Real delays: coordinators load at once, topics are deleted at once, a group's first rebalance does not wait, a
//!   transaction ends within the request, so CONCURRENT_TRANSACTIONS only comes from [`FakeCluster::fail_next`].
//! * Armour: it listens on loopback only and trusts that lengths in requests are meant, record batches excepted.

mod api;
mod broker;
mod builder;
mod cluster;
mod connection;
mod contents;
mod error;
mod faults;
mod format;
mod model;
mod record;
mod request;
mod shared;

pub use builder::FakeClusterBuilder;
pub use cluster::FakeCluster;
pub use error::FakeError;
pub use format::{Compression, FormatError};
pub use kafka_protocol::error::ResponseError;
pub use kafka_protocol::messages::ApiKey;
pub use model::cluster_state::Access;
pub use model::group_offsets::CommittedOffset;
pub use record::{FakeHeader, FakeRecord, Isolation, Outcome, StoredBatch, StoredRecord};
