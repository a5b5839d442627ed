use super::{JavaTool, ToolOutput};
use crate::{Cluster, KafkaVersion, Result};

/// `kafka-topics`: `args` are those after the address of the cluster, for example `["--describe"]`.
///
/// # Errors
/// It fails; the error carries what it printed.
pub fn topic_command<S: Into<String>>(
    cluster: &Cluster,
    args: impl IntoIterator<Item = S>,
) -> Result<ToolOutput> {
    admin(
        cluster,
        "org.apache.kafka.tools.TopicCommand",
        "kafka.admin.TopicCommand",
        args,
    )
}

/// `kafka-configs`.
///
/// # Errors
/// It fails; the error carries what it printed.
pub fn config_command<S: Into<String>>(
    cluster: &Cluster,
    args: impl IntoIterator<Item = S>,
) -> Result<ToolOutput> {
    admin(
        cluster,
        "kafka.admin.ConfigCommand",
        "kafka.admin.ConfigCommand",
        args,
    )
}

/// `kafka-acls`. The cluster must have been built with ACLs.
///
/// # Errors
/// It fails; the error carries what it printed.
pub fn acls<S: Into<String>>(cluster: &Cluster, args: impl IntoIterator<Item = S>) -> Result<ToolOutput> {
    if let Some(zookeeper) = cluster.zookeeper() {
        return JavaTool::new(cluster.version(), "kafka.admin.AclCommand")
            .args([
                "--authorizer-properties".to_owned(),
                format!("zookeeper.connect={zookeeper}"),
            ])
            .args(args)
            .run()
            .and_then(ToolOutput::successful);
    }
    let class = match cluster.version() {
        KafkaVersion::V4_3_1 => "org.apache.kafka.tools.AclCommand",
        _ => "kafka.admin.AclCommand",
    };
    admin(cluster, class, class, args)
}

/// `kafka-producer-perf-test`, with `args` such as
/// `["--topic", "t", "--num-records", "1000", "--record-size", "100", "--throughput", "-1"]`.
///
/// # Errors
/// It fails; the error carries what it printed.
pub fn producer_performance<S: Into<String>>(
    cluster: &Cluster,
    args: impl IntoIterator<Item = S>,
) -> Result<ToolOutput> {
    let version = cluster.version().tools();
    let address = match version {
        KafkaVersion::V4_3_1 => ["--bootstrap-server".to_owned(), cluster.direct_bootstrap()],
        _ => [
            "--producer-props".to_owned(),
            format!("bootstrap.servers={}", cluster.direct_bootstrap()),
        ],
    };
    JavaTool::new(version, "org.apache.kafka.tools.ProducerPerformance")
        .args(args)
        .args(address)
        .run()
        .and_then(ToolOutput::successful)
}

/// An administrator's tool. Those of the old versions work on ZooKeeper, and only those know all about it.
fn admin<S: Into<String>>(
    cluster: &Cluster,
    class: &str,
    class_for_zookeeper: &str,
    args: impl IntoIterator<Item = S>,
) -> Result<ToolOutput> {
    let tool = match cluster.zookeeper() {
        Some(zookeeper) => {
            JavaTool::new(cluster.version(), class_for_zookeeper).args(["--zookeeper".to_owned(), zookeeper])
        }
        None => JavaTool::new(cluster.version(), class)
            .args(["--bootstrap-server".to_owned(), cluster.direct_bootstrap()]),
    };
    tool.args(args).run().and_then(ToolOutput::successful)
}
