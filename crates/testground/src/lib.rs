//! Real Apache Kafka on loopback, for integration tests and benchmarks.
//!
//! The jars come from the Maven registry and are cached outside the checkout; the brokers are child
//! processes of the caller, listen on 127.0.0.1 only and end with it. Nothing here is asynchronous, and
//! nothing here uses the project's own Kafka code: what checks must not share the faults of what is checked.
//!
//! ```no_run
//! use sluice_testground::{Cluster, KafkaVersion};
//!
//! let cluster = Cluster::builder(KafkaVersion::V4_3_1).brokers(3).secured().start()?;
//! println!("{}", cluster.bootstrap());
//! cluster.broker(1).kill()?;
//! # Ok::<(), sluice_testground::Error>(())
//! ```

mod ask;
mod available;
mod broker;
mod cache;
mod certificates;
mod cluster;
mod cluster_builder;
mod error;
mod jars;
mod java_class;
mod jvm;
mod link;
mod log_settings;
mod mechanism;
mod ports;
mod process;
mod server_properties;
mod socks_proxy;
mod spawner;
mod storage_format;
pub mod tools;
mod version;
mod workspace;
mod zookeeper;

pub use available::{available, skip_reason};
pub use broker::Broker;
pub use certificates::{Certificates, Validity};
pub use cluster::{Cluster, ClusterAddresses};
pub use cluster_builder::{ClusterBuilder, User};
pub use error::{Error, Result};
pub use jars::Jars;
pub use jvm::Jvm;
pub use link::{Link, LinkState};
pub use mechanism::Mechanism;
pub use process::Ended;
pub use socks_proxy::SocksProxy;
pub use version::KafkaVersion;
