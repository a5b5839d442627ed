use std::collections::BTreeMap;

use crate::{
    Certificates, KafkaVersion, Mechanism,
    cluster_builder::{Layout, User},
};

/// Clients without a password; the administrator's when there are ACLs.
const PLAIN: &str = "PLAINTEXT";
/// Clients with a password over TLS.
const SECURED: &str = "SASL_SSL";
/// Clients over TLS without a password.
const SSL: &str = "SSL";
/// Brokers among themselves and the checks of this crate: never behind a link, so that cutting the clients off
/// does not tear the cluster apart.
const INTERNAL: &str = "INTERNAL";
/// The KRaft quorum.
const CONTROLLER: &str = "CONTROLLER";
/// Where everything listens.
const LOOPBACK: &str = "127.0.0.1";

/// The ports of one broker. Where it is behind a link, `advertised` are the link's and `bound` its own; where it
/// advertises another host, nobody listens on the advertised ones.
#[derive(Debug, Clone)]
pub(crate) struct BrokerPorts {
    /// The host that clients are sent to; 127.0.0.1 without one.
    pub(crate) advertised_host: Option<String>,
    pub(crate) internal: u16,
    pub(crate) controller: Option<u16>,
    pub(crate) plain: Listener,
    pub(crate) secured: Option<Listener>,
    pub(crate) ssl: Option<Listener>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Listener {
    pub(crate) bound: u16,
    pub(crate) advertised: u16,
}

impl BrokerPorts {
    /// The host that clients are sent to.
    pub(crate) fn host(&self) -> &str {
        self.advertised_host.as_deref().unwrap_or(LOOPBACK)
    }

    pub(crate) fn for_clients(&self) -> impl Iterator<Item = Listener> {
        [Some(self.plain), self.secured, self.ssl].into_iter().flatten()
    }
}

/// `server.properties` of the broker at `index` of a cluster.
pub(crate) fn server_properties(
    layout: &Layout,
    ports: &[BrokerPorts],
    index: usize,
    log_dir: &str,
    zookeeper: Option<u16>,
    certificates: Option<&Certificates>,
) -> String {
    let mine = &ports[index];
    let id = broker_id(index).to_string();
    let replicas = ports.len().min(3).to_string();
    // A killed broker is let in again only when its last session is over. Among several, a short session makes
    // a busy machine look like a dead broker; a single one is its own controller, and both are slow together.
    let (session, heartbeat) = if ports.len() == 1 {
        ("3000", "500")
    } else {
        ("6000", "1000")
    };
    let mut all: BTreeMap<String, String> = BTreeMap::new();
    let mut set = |key: &str, value: &str| {
        all.insert(key.to_owned(), value.to_owned());
    };

    for (key, value) in [
        ("auto.create.topics.enable", "false"),
        ("delete.topic.enable", "true"),
        ("group.initial.rebalance.delay.ms", "0"),
        ("log.dirs", log_dir),
        // Time in test records is invented: no record may vanish because it looks old.
        ("log.retention.ms", "-1"),
        // The default of 128 MB is taken from the heap at once.
        ("log.cleaner.dedupe.buffer.size", "4194304"),
        ("num.io.threads", "4"),
        ("num.network.threads", "2"),
        ("offsets.topic.num.partitions", "4"),
        ("offsets.topic.replication.factor", &replicas),
        ("inter.broker.listener.name", INTERNAL),
    ] {
        set(key, value);
    }
    if layout.version.has_transactions() {
        set("transaction.state.log.num.partitions", "4");
        set("transaction.state.log.replication.factor", &replicas);
        set("transaction.state.log.min.isr", "1");
    }
    match zookeeper {
        Some(port) => {
            set("broker.id", &id);
            set("zookeeper.connect", &format!("127.0.0.1:{port}"));
            set("zookeeper.session.timeout.ms", "4000");
        }
        None => {
            set("node.id", &id);
            set("process.roles", "broker,controller");
            set("controller.listener.names", CONTROLLER);
            set("controller.quorum.voters", &voters(ports));
            set("broker.session.timeout.ms", session);
            set("broker.heartbeat.interval.ms", heartbeat);
            if layout.version >= KafkaVersion::V4_3_1 {
                set("share.coordinator.state.topic.num.partitions", "4");
                set("share.coordinator.state.topic.replication.factor", &replicas);
                set("share.coordinator.state.topic.min.isr", "1");
            }
        }
    }

    set_listeners(mine, &mut set);
    set_security(layout, mine, certificates, &mut set);
    all.extend(layout.properties.iter().cloned());
    to_text(&all)
}

/// Where the broker listens, and the addresses that clients get.
fn set_listeners(mine: &BrokerPorts, set: &mut dyn FnMut(&str, &str)) {
    let mut listeners = vec![(INTERNAL, mine.internal), (PLAIN, mine.plain.bound)];
    let mut advertised = vec![(PLAIN, mine.plain.advertised)];
    for (name, listener) in [(SECURED, mine.secured), (SSL, mine.ssl)] {
        if let Some(Listener {
            bound,
            advertised: outside,
        }) = listener
        {
            listeners.push((name, bound));
            advertised.push((name, outside));
        }
    }
    let advertised = [
        addresses(LOOPBACK, &[(INTERNAL, mine.internal)]),
        addresses(mine.host(), &advertised),
    ];
    set("advertised.listeners", &advertised.join(","));
    if let Some(port) = mine.controller {
        listeners.push((CONTROLLER, port));
    }
    set("listeners", &addresses(LOOPBACK, &listeners));
    let protocols: Vec<String> = listeners
        .iter()
        .map(|(name, _)| match *name {
            SECURED | SSL => format!("{name}:{name}"),
            _ => format!("{name}:PLAINTEXT"),
        })
        .collect();
    set("listener.security.protocol.map", &protocols.join(","));
}

/// Certificates, logins and rights.
fn set_security(
    layout: &Layout,
    mine: &BrokerPorts,
    certificates: Option<&Certificates>,
    set: &mut dyn FnMut(&str, &str),
) {
    if let Some(certificates) = certificates {
        set("ssl.keystore.type", "PEM");
        set(
            "ssl.keystore.location",
            &certificates.broker_keystore().display().to_string(),
        );
        set("ssl.truststore.type", "PEM");
        set(
            "ssl.truststore.location",
            &certificates.ca_file().display().to_string(),
        );
        if layout.client_certificates {
            set("listener.name.ssl.ssl.client.auth", "required");
        }
    }
    if mine.secured.is_some() {
        set(
            "sasl.enabled.mechanisms",
            &Mechanism::ALL.map(Mechanism::name).join(","),
        );
        for mechanism in Mechanism::ALL {
            set(
                &format!(
                    "listener.name.sasl_ssl.{}.sasl.jaas.config",
                    mechanism.name().to_lowercase()
                ),
                &jaas(mechanism, &layout.users),
            );
        }
    }
    if layout.acls {
        set(
            "authorizer.class.name",
            "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        );
        let named = layout
            .users
            .iter()
            .filter(|user| user.is_super)
            .map(|user| format!(";User:{}", user.name));
        set(
            "super.users",
            &format!("User:ANONYMOUS{}", named.collect::<String>()),
        );
    }
}

/// Brokers count from 1, as in Kafka's own examples.
pub(crate) fn broker_id(index: usize) -> i32 {
    i32::try_from(index + 1).unwrap_or(i32::MAX)
}

/// A Java properties file. A backslash there is an escape, which matters to Windows paths.
pub(crate) fn to_text(properties: &BTreeMap<String, String>) -> String {
    properties
        .iter()
        .map(|(key, value)| format!("{key}={}\n", value.replace('\\', "\\\\")))
        .collect()
}

fn voters(ports: &[BrokerPorts]) -> String {
    let voters: Vec<String> = ports
        .iter()
        .enumerate()
        .filter_map(|(index, ports)| Some(format!("{}@127.0.0.1:{}", broker_id(index), ports.controller?)))
        .collect();
    voters.join(",")
}

fn addresses(host: &str, listeners: &[(&str, u16)]) -> String {
    let addresses: Vec<String> = listeners
        .iter()
        .map(|(name, port)| format!("{name}://{host}:{port}"))
        .collect();
    addresses.join(",")
}

fn jaas(mechanism: Mechanism, users: &[User]) -> String {
    let module = mechanism.login_module();
    match mechanism {
        // These look their users up in the cluster's metadata.
        Mechanism::ScramSha256 | Mechanism::ScramSha512 => format!("{module} required;"),
        Mechanism::Plain => {
            let users: String = users
                .iter()
                .map(|user| format!(" user_{}=\"{}\"", user.name, user.password))
                .collect();
            format!("{module} required{users};")
        }
    }
}
