//! Kafka's own programs: the independent voice in checks, and the rival in benchmarks.
//!
//! Each costs the start of a JVM, one to two seconds. They say what is in a cluster; they are not for preparing one.

mod cluster_commands;
mod connect_worker;
mod console_consumer;
mod java_tool;
mod kcat;
mod mirror_maker;
mod run;

pub use cluster_commands::{acls, config_command, producer_performance, topic_command};
pub use connect_worker::{ConnectWorker, ConnectWorkerBuilder};
pub use console_consumer::ConsoleConsumer;
pub use java_tool::JavaTool;
pub use kcat::kcat;
pub use mirror_maker::{MirrorMaker, MirrorMakerBuilder};
pub use run::ToolOutput;
