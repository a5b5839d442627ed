//! The two clusters of a task, connected, with what they say of themselves.

use std::collections::BTreeMap;
use std::time::Duration;

use sluice_kafka::{Admin, Capabilities, ErrorCode, KafkaError, Metadata};
use sluice_model::{Cluster, Task};
use xxhash_rust::xxh3::xxh3_64;

use crate::error::{EngineError, Result, Side};
use crate::position::Direction;

/// How long a cluster may take to answer for the first time.
const CONNECT_DEADLINE: Duration = Duration::from_secs(12);

/// One connected cluster.
pub(crate) struct Connected {
    pub(crate) side: Side,
    pub(crate) admin: Admin,
    pub(crate) metadata: Metadata,
    pub(crate) id: Option<String>,
    pub(crate) capabilities: Capabilities,
}

impl Connected {
    /// Connects, giving up within a second once `cancelled` says so.
    pub(crate) fn open(side: Side, cluster: &Cluster, cancelled: impl Fn() -> bool) -> Result<Self> {
        let fail = |error: KafkaError| EngineError::Connect {
            side,
            address: cluster.bootstrap().to_owned(),
            remedy: remedy(&error),
            cause: error.summary().to_owned(),
            code: error.code,
        };
        let admin = Admin::new(cluster).map_err(fail)?;
        let metadata = admin.connect_unless(CONNECT_DEADLINE, cancelled).map_err(fail)?;
        let id = admin.cluster_id();
        let capabilities = admin.capabilities();
        Ok(Self {
            side,
            admin,
            metadata,
            id,
            capabilities,
        })
    }

    /// Wraps an answer of this cluster.
    pub(crate) fn refuse(&self, what: impl Into<String>, error: KafkaError) -> EngineError {
        EngineError::Cluster {
            side: self.side,
            what: what.into(),
            error,
        }
    }

    /// Partition count of a topic; `None` when it does not exist here.
    pub(crate) fn partition_count(&self, topic: &str) -> Option<usize> {
        self.metadata
            .topics
            .get(topic)
            .filter(|info| info.error == ErrorCode::NONE && !info.partitions.is_empty())
            .map(|info| info.partitions.len())
    }

    /// Whether a topic has a partition of that number here.
    pub(crate) fn has_partition(&self, topic: &str, number: i32) -> bool {
        let count = self.partition_count(topic);
        count.is_some_and(|count| usize::try_from(number).is_ok_and(|number| number < count))
    }

    /// Ids of topics; empty on brokers before 2.8 (and where they cannot be asked for).
    pub(crate) fn topic_ids(&self, topics: &[&str]) -> BTreeMap<String, String> {
        self.admin.topic_ids(topics).unwrap_or_default()
    }

    /// Reads brokers and topics again.
    pub(crate) fn refresh(&mut self) -> Result<()> {
        self.metadata = self
            .admin
            .metadata()
            .map_err(|error| self.refuse("reading the topic list", error))?;
        Ok(())
    }
}

/// Both clusters of a task.
pub(crate) struct Pair {
    pub(crate) source: Connected,
    pub(crate) target: Connected,
}

impl Pair {
    pub(crate) fn connect(task: &Task, cancelled: &(dyn Fn() -> bool + Sync)) -> Result<Self> {
        task.check()?;
        std::thread::scope(|scope| {
            let source = scope.spawn(|| Connected::open(Side::Source, &task.source, cancelled));
            let target = Connected::open(Side::Target, &task.target, cancelled);
            let source = source
                .join()
                .map_err(|_| EngineError::Internal("the connection thread panicked".into()))??;
            Ok(Self {
                source,
                target: target?,
            })
        })
    }

    /// Whether both sides are one cluster, by cluster id rather than by the address that was given. Brokers before
    /// 0.10.1 have no id: there it is what they call themselves.
    pub(crate) fn same_cluster(&self) -> bool {
        match (&self.source.id, &self.target.id) {
            (Some(source), Some(target)) => source == target,
            (None, None) => {
                let target = &self.target.metadata.brokers;
                self.source
                    .metadata
                    .brokers
                    .iter()
                    .any(|broker| target.contains(broker))
            }
            _ => false,
        }
    }

    /// From which cluster to which records go; `None` where one of them has no id.
    pub(crate) fn direction(&self) -> Option<Direction> {
        let known = |id: &Option<String>| id.clone().filter(|id| !id.is_empty());
        Some(Direction {
            from: known(&self.source.id)?,
            to: known(&self.target.id)?,
        })
    }

    /// The name under which the target knows this task: transactional id and group of its positions.
    pub(crate) fn identity(&self, task: &Task) -> String {
        identity(
            task.name.as_str(),
            self.source.id.as_deref(),
            self.target.id.as_deref(),
        )
    }

    /// The same where another task has that name.
    pub(crate) fn identity_by_topics(&self, task: &Task) -> String {
        identity_by_topics(task, self.source.id.as_deref(), self.target.id.as_deref())
    }
}

/// `sluice.<name>.<hash>`: readable, and the same only for the same task between the same clusters.
pub(crate) fn identity(name: &str, source: Option<&str>, target: Option<&str>) -> String {
    of_facts(name, source, target, "")
}

/// Whether a group or transactional id is named as [`identity`] names them. Applications may have names that begin alike.
pub(crate) fn is_identity(name: &str) -> bool {
    let Some((front, hash)) = name.rsplit_once('.') else {
        return false;
    };
    front.starts_with("sluice.") && hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// As [`identity`], for a task that has the name of another one: its topics and their new names count as well.
pub(crate) fn identity_by_topics(task: &Task, source: Option<&str>, target: Option<&str>) -> String {
    let topics = format!("\u{1f}{:?}\u{1f}{:?}", task.objects, task.rename);
    of_facts(task.name.as_str(), source, target, &topics)
}

fn of_facts(name: &str, source: Option<&str>, target: Option<&str>, more: &str) -> String {
    let readable: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') {
                c
            } else {
                '_'
            }
        })
        .take(64)
        .collect();
    let hash = xxh3_64(
        format!(
            "{name}\u{1f}{}\u{1f}{}{more}",
            source.unwrap_or(""),
            target.unwrap_or("")
        )
        .as_bytes(),
    );
    format!("sluice.{readable}.{hash:016x}")
}

fn remedy(error: &KafkaError) -> &'static str {
    let text = error.message.to_ascii_lowercase();
    match error.code {
        ErrorCode::LOCAL_AUTHENTICATION if text.contains("failed to acquire sasl oauthbearer token") => {
            "See that tokens can be had on this computer: an AWS profile or key, or the client id and secret of the token endpoint"
        }
        ErrorCode::LOCAL_AUTHENTICATION | ErrorCode::SASL_AUTHENTICATION_FAILED => {
            "Check the user name, the password and sasl.mechanism"
        }
        ErrorCode::LOCAL_SSL if text.contains("expired") => {
            "A certificate has expired: have the broker's renewed, or renew this client's own; see that the clock of this computer is right"
        }
        ErrorCode::LOCAL_SSL
            if text.contains("certificate") || text.contains("ca ") || text.contains("verify") =>
        {
            "The broker's certificate is not signed by the CA in ssl.ca.location, or is for another host name; give the right CA file"
        }
        ErrorCode::LOCAL_SSL => {
            "Check security.protocol and the TLS files: one side may speak TLS and the other not"
        }
        ErrorCode::LOCAL_RESOLVE => {
            "The host name is unknown on this computer; check its spelling or the DNS"
        }
        ErrorCode::LOCAL_INVALID_ARG => "Correct that property in the cluster's configuration file",
        _ if text.contains("the socks5 proxy ") => {
            "Check the proxy of the data source: its address, its user and password, and that it lets this computer reach the brokers"
        }
        _ if text.contains("the address map leads to ") => {
            "Check the address map of the data source: the addresses that it leads to must be reachable from this computer"
        }
        // Known by its number, a broker's address is what the cluster said of itself, not what was entered.
        _ if error.known_broker().is_some() => {
            "The cluster answers, but sends clients to this address, which cannot be reached from here: open it in firewalls and DNS, or have advertised.listeners of the brokers changed to addresses that can be reached"
        }
        _ if text.contains("disconnected") || text.contains("apiversion") => {
            "The broker closed the connection; check that security.protocol fits the port (TLS, SASL or plaintext)"
        }
        _ => {
            "Check host and port, that the broker runs, that its advertised listeners can be reached from this computer, and that security.protocol fits the port"
        }
    }
}

/// Each name once: a request that names a topic twice is refused.
pub(crate) fn unique<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    names
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{identity, is_identity};

    #[test]
    fn names_of_applications_that_begin_alike_are_not_taken_for_those_of_tasks() {
        assert!(is_identity(&identity("orders v2", Some("s"), Some("t"))));
        assert!(is_identity("sluice.rp-1.v2.0123456789abcdef"));
        for other in [
            "sluice.orders",
            "sluice.orders.123",
            "billing.00ff00ff00ff00ff",
            "sluice-reader",
        ] {
            assert!(!is_identity(other), "{other}");
        }
    }

    #[test]
    fn the_identity_differs_between_clusters_and_names() {
        let a = identity("orders", Some("s"), Some("t"));
        assert!(a.starts_with("sluice.orders."), "{a}");
        assert_ne!(a, identity("orders", Some("s"), Some("u")));
        assert_ne!(a, identity("order s", Some("s"), Some("t")));
        assert_eq!(a, identity("orders", Some("s"), Some("t")));
        assert_eq!(
            a, "sluice.orders.796f1cf24cd49277",
            "states of earlier versions go on under it"
        );
    }
}
