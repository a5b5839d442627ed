//! One Kafka cluster over its own protocol: connections, logins, versions, every request Sluice needs, and record
//! batches as bytes. Below it nothing but sockets; what concerns two clusters stays out.

pub mod format;
