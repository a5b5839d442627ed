use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Instant,
};

use serde::Serialize;

use crate::{
    Broker, Certificates, ClusterBuilder, Ended, Error, KafkaVersion, Mechanism, Result, User, broker,
    ports::Ports, server_properties::BrokerPorts, workspace::Workspace, zookeeper::ZooKeeper,
};

/// A running Kafka cluster on loopback. Dropping it kills its processes and deletes its data.
///
/// It may be shared between threads, and kept in a `static` for all tests of a file: then nothing drops it, but on
/// Linux its processes still die with the test's, and the next cluster clears its folder away.
#[derive(Debug)]
pub struct Cluster {
    parts: Parts,
}

/// In the order in which they are dropped: the processes before the ports and the folder they use.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) version: KafkaVersion,
    pub(crate) brokers: Vec<Broker>,
    pub(crate) zookeeper: Option<ZooKeeper>,
    pub(crate) certificates: Option<Certificates>,
    pub(crate) users: Vec<User>,
    #[expect(dead_code, reason = "held so that no other cluster takes the ports")]
    pub(crate) ports: Ports,
    pub(crate) workspace: Workspace,
}

/// Where a cluster can be found: what `testground up` prints.
#[derive(Debug, Clone, Serialize)]
pub struct ClusterAddresses {
    /// The version.
    pub version: String,
    /// Bootstrap servers of the plain listener.
    pub bootstrap: String,
    /// Bootstrap servers that no link stands before.
    pub direct_bootstrap: String,
    /// Bootstrap servers of the listener with passwords over TLS.
    pub secured_bootstrap: Option<String>,
    /// Bootstrap servers of the listener with TLS only.
    pub ssl_bootstrap: Option<String>,
    /// The certificate authority, a PEM file.
    pub ca_file: Option<PathBuf>,
    /// Name and password of each user of the secured listener.
    pub users: BTreeMap<String, String>,
    /// Process ids of the brokers, in the order of their ids.
    pub pids: Vec<u32>,
    /// Log files of the brokers, in the same order.
    pub logs: Vec<PathBuf>,
    /// `host:port` of ZooKeeper.
    pub zookeeper: Option<String>,
    /// Process id of ZooKeeper.
    pub zookeeper_pid: Option<u32>,
    /// The folder of everything.
    pub dir: PathBuf,
}

impl Cluster {
    /// Describes a cluster to be started.
    pub fn builder(version: KafkaVersion) -> ClusterBuilder {
        ClusterBuilder::new(version)
    }

    pub(crate) fn new(parts: Parts) -> Self {
        Self { parts }
    }

    /// Its version.
    pub fn version(&self) -> KafkaVersion {
        self.parts.version
    }

    /// Bootstrap servers of the plain listener as they are advertised; the links' addresses, if it is behind links.
    pub fn bootstrap(&self) -> String {
        self.addresses_of(|ports| Some(ports.plain.advertised))
            .unwrap_or_default()
    }

    /// Bootstrap servers of a plain listener that no link stands before: for checks while a link is cut.
    pub fn direct_bootstrap(&self) -> String {
        let addresses: Vec<String> = self
            .brokers()
            .iter()
            .map(|broker| broker.direct_address().to_string())
            .collect();
        addresses.join(",")
    }

    /// Every address that the brokers advertise to clients (`host:port`), and where it leads.
    pub fn reachable(&self) -> Vec<(String, SocketAddr)> {
        self.brokers()
            .iter()
            .flat_map(|broker| {
                let ports = broker.ports();
                ports.for_clients().map(|listener| {
                    (
                        format!("{}:{}", ports.host(), listener.advertised),
                        broker::loopback(listener.bound),
                    )
                })
            })
            .collect()
    }

    /// Bootstrap servers of the listener with passwords over TLS.
    ///
    /// # Errors
    /// The cluster was not built with [`ClusterBuilder::secured`].
    pub fn secured_bootstrap(&self) -> Result<String> {
        self.addresses_of(|ports| ports.secured.map(|listener| listener.advertised))
            .ok_or_else(|| Error::NotOffered("a secured listener: the cluster was built without".to_owned()))
    }

    /// Bootstrap servers of the listener with TLS only.
    ///
    /// # Errors
    /// The cluster was not built with [`ClusterBuilder::ssl`].
    pub fn ssl_bootstrap(&self) -> Result<String> {
        self.addresses_of(|ports| ports.ssl.map(|listener| listener.advertised))
            .ok_or_else(|| Error::NotOffered("a TLS listener: the cluster was built without".to_owned()))
    }

    /// The authority that signed the brokers' certificates, a PEM file.
    ///
    /// # Errors
    /// The cluster has no listener with TLS.
    pub fn ca_file(&self) -> Result<PathBuf> {
        self.certificates().map(Certificates::ca_file)
    }

    /// The authority and the certificates it signed.
    ///
    /// # Errors
    /// The cluster has no listener with TLS.
    pub fn certificates(&self) -> Result<&Certificates> {
        let none = || Error::NotOffered("a certificate: the cluster was built without TLS".to_owned());
        self.parts.certificates.as_ref().ok_or_else(none)
    }

    /// The users of the secured listener.
    pub fn users(&self) -> &[User] {
        &self.parts.users
    }

    /// What a Java client needs to come in by the secured listener as `user`, as properties.
    ///
    /// # Errors
    /// There is no such listener or user.
    pub fn secured_client_properties(
        &self,
        user: &str,
        mechanism: Mechanism,
    ) -> Result<Vec<(String, String)>> {
        let none = || Error::NotOffered(format!("the user {user}: the cluster was built without"));
        let user = self
            .parts
            .users
            .iter()
            .find(|known| known.name == user)
            .ok_or_else(none)?;
        let jaas = format!(
            "{} required username=\"{}\" password=\"{}\";",
            mechanism.login_module(),
            user.name,
            user.password
        );
        Ok(owned([
            ("bootstrap.servers", &self.secured_bootstrap()?),
            ("security.protocol", "SASL_SSL"),
            ("sasl.mechanism", mechanism.name()),
            ("sasl.jaas.config", &jaas),
            ("ssl.truststore.type", "PEM"),
            ("ssl.truststore.location", &self.ca_file()?.display().to_string()),
        ]))
    }

    /// What a Java client needs to come in by the listener with TLS only, as properties; with the client's
    /// certificate, which a listener that does not ask for one ignores.
    ///
    /// # Errors
    /// There is no such listener.
    pub fn ssl_client_properties(&self) -> Result<Vec<(String, String)>> {
        Ok(owned([
            ("bootstrap.servers", &self.ssl_bootstrap()?),
            ("security.protocol", "SSL"),
            ("ssl.truststore.type", "PEM"),
            ("ssl.truststore.location", &self.ca_file()?.display().to_string()),
            ("ssl.keystore.type", "PEM"),
            (
                "ssl.keystore.location",
                &self.certificates()?.client_keystore().display().to_string(),
            ),
        ]))
    }

    /// All brokers, in the order of their ids.
    pub fn brokers(&self) -> &[Broker] {
        &self.parts.brokers
    }

    /// The broker with this id; the first is 1.
    ///
    /// # Panics
    /// There is no such broker.
    pub fn broker(&self, id: i32) -> &Broker {
        let Some(found) = self.parts.brokers.iter().find(|broker| broker.id() == id) else {
            panic!("no broker {id} in a cluster of {}", self.parts.brokers.len())
        };
        found
    }

    /// `host:port` of ZooKeeper, which clusters of old versions have.
    pub fn zookeeper(&self) -> Option<String> {
        self.parts
            .zookeeper
            .as_ref()
            .map(|zookeeper| format!("127.0.0.1:{}", zookeeper.port()))
    }

    /// The folder with the data, logs and certificates.
    pub fn dir(&self) -> &Path {
        self.parts.workspace.path()
    }

    /// Starts every broker that is not running, and waits until each knows all the others.
    ///
    /// # Errors
    /// A broker does not come up.
    pub fn start_all(&self) -> Result<()> {
        let since = Instant::now();
        for broker in self.brokers() {
            broker.launch()?;
        }
        let all: Vec<i32> = self.brokers().iter().map(Broker::id).collect();
        for broker in self.brokers() {
            broker.await_view(since, |view| view.brokers == all && view.controller.is_some())?;
        }
        Ok(())
    }

    /// Asks every broker to shut down and waits for all; ZooKeeper stays. The last brokers of a KRaft cluster
    /// lose their quorum over it and are killed after a while.
    ///
    /// # Errors
    /// The operating system refuses.
    pub fn stop_all(&self) -> Result<Vec<Ended>> {
        for broker in self.brokers() {
            broker.ask_to_stop()?;
        }
        self.brokers().iter().map(Broker::wait_for_end).collect()
    }

    /// Kills every broker; ZooKeeper stays.
    ///
    /// # Errors
    /// The operating system refuses.
    pub fn kill_all(&self) -> Result<()> {
        self.brokers().iter().try_for_each(Broker::kill)
    }

    /// Cuts the links of all brokers. Without links it does nothing.
    pub fn cut(&self) {
        self.brokers()
            .iter()
            .filter_map(Broker::link)
            .for_each(crate::Link::cut);
    }

    /// Restores the links of all brokers.
    pub fn restore(&self) {
        self.brokers()
            .iter()
            .filter_map(Broker::link)
            .for_each(crate::Link::restore);
    }

    /// Where it can be found, all in one.
    pub fn addresses(&self) -> ClusterAddresses {
        ClusterAddresses {
            version: self.version().to_string(),
            bootstrap: self.bootstrap(),
            direct_bootstrap: self.direct_bootstrap(),
            secured_bootstrap: self.secured_bootstrap().ok(),
            ssl_bootstrap: self.ssl_bootstrap().ok(),
            ca_file: self.ca_file().ok(),
            users: self
                .users()
                .iter()
                .map(|user| (user.name.clone(), user.password.clone()))
                .collect(),
            pids: self.brokers().iter().filter_map(Broker::pid).collect(),
            logs: self.brokers().iter().map(Broker::log_file).collect(),
            zookeeper: self.zookeeper(),
            zookeeper_pid: self.parts.zookeeper.as_ref().map(ZooKeeper::pid),
            dir: self.dir().to_owned(),
        }
    }

    fn addresses_of(&self, port: impl Fn(&BrokerPorts) -> Option<u16>) -> Option<String> {
        let addresses: Option<Vec<String>> = self
            .brokers()
            .iter()
            .map(|broker| {
                let ports = broker.ports();
                port(ports).map(|port| format!("{}:{port}", ports.host()))
            })
            .collect();
        addresses.map(|addresses| addresses.join(","))
    }
}

fn owned<const N: usize>(properties: [(&str, &str); N]) -> Vec<(String, String)> {
    properties
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .to_vec()
}
