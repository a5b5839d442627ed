use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    Broker, Certificates, Cluster, Error, Jars, Jvm, KafkaVersion, Link, Result, Validity,
    broker::{self, Recipe},
    cache,
    cluster::Parts,
    error::Doing,
    java_class::JavaClass,
    ports::Ports,
    server_properties::{BrokerPorts, Listener, server_properties},
    storage_format::format_storage,
    workspace::Workspace,
    zookeeper::ZooKeeper,
};

const PATIENCE_TO_START: Duration = Duration::from_secs(90);

/// A user of the secured listener, known under every mechanism.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The name.
    pub name: String,
    /// The password.
    pub password: String,
    /// Whether ACLs do not concern the user.
    pub is_super: bool,
}

/// What a cluster is to be like. Made by [`Cluster::builder`].
#[derive(Debug, Clone)]
pub struct ClusterBuilder {
    layout: Layout,
    validity: Validity,
    behind_link: bool,
    advertised_host: Option<String>,
    jvm: Jvm,
    patience: Duration,
    parent_dir: Option<PathBuf>,
    classes: Vec<JavaClass>,
}

/// The part of it that the brokers' settings depend on.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    pub(crate) version: KafkaVersion,
    /// Metadata in ZooKeeper also where the version can keep it itself.
    pub(crate) zookeeper: bool,
    pub(crate) brokers: usize,
    pub(crate) secured: bool,
    pub(crate) ssl: bool,
    pub(crate) client_certificates: bool,
    pub(crate) acls: bool,
    pub(crate) users: Vec<User>,
    pub(crate) properties: Vec<(String, String)>,
}

impl Layout {
    /// Whether the brokers keep their metadata themselves.
    pub(crate) fn is_kraft(&self) -> bool {
        self.version.is_kraft() && !self.zookeeper
    }
}

impl ClusterBuilder {
    pub(crate) fn new(version: KafkaVersion) -> Self {
        Self {
            layout: Layout {
                version,
                zookeeper: false,
                brokers: 1,
                secured: false,
                ssl: false,
                client_certificates: false,
                acls: false,
                users: Vec::new(),
                properties: Vec::new(),
            },
            validity: Validity::Valid,
            behind_link: false,
            advertised_host: None,
            jvm: Jvm::quick(),
            patience: PATIENCE_TO_START,
            parent_dir: None,
            classes: Vec::new(),
        }
    }

    /// How many brokers, 1 to 3. One if not said.
    #[must_use]
    pub fn brokers(mut self, brokers: usize) -> Self {
        self.layout.brokers = brokers;
        self
    }

    /// Metadata in ZooKeeper, which 3.9 still can: with an `inter.broker.protocol.version` before 3.0 such brokers keep
    /// records in older formats.
    #[must_use]
    pub fn zookeeper(mut self) -> Self {
        self.layout.zookeeper = true;
        self
    }

    /// One line of `server.properties`, for every broker. Overrides what the cluster would set.
    #[must_use]
    pub fn property(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.layout.properties.push((key.into(), value.into()));
        self
    }

    /// A listener with passwords over TLS beside the plain one. Known on it: `admin`, whom ACLs do not
    /// concern, `alice` and `bob`, each with the password `<name>-secret`, and those added by
    /// [`ClusterBuilder::user`].
    #[must_use]
    pub fn secured(mut self) -> Self {
        self.layout.secured = true;
        self
    }

    /// One more user of the secured listener.
    #[must_use]
    pub fn user(mut self, name: impl Into<String>, password: impl Into<String>) -> Self {
        self.layout.users.push(User {
            name: name.into(),
            password: password.into(),
            is_super: false,
        });
        self.secured()
    }

    /// A listener over TLS without passwords beside the plain one.
    #[must_use]
    pub fn ssl(mut self) -> Self {
        self.layout.ssl = true;
        self
    }

    /// As [`ClusterBuilder::ssl`], and clients must show a certificate of the cluster's authority.
    #[must_use]
    pub fn ssl_with_client_certificates(mut self) -> Self {
        self.layout.client_certificates = true;
        self.ssl()
    }

    /// From when to when the brokers' certificates are valid.
    #[must_use]
    pub fn certificate_validity(mut self, validity: Validity) -> Self {
        self.validity = validity;
        self
    }

    /// Access control: clients of the plain listener, and `admin`, may do everything; others only what
    /// they are granted.
    #[must_use]
    pub fn acls(mut self) -> Self {
        self.layout.acls = true;
        self
    }

    /// Puts a [`Link`] before each broker, which is the address that clients get. Traffic among the brokers does
    /// not pass through it.
    #[must_use]
    pub fn behind_link(mut self) -> Self {
        self.behind_link = true;
        self
    }

    /// Has the brokers send their clients to `host`, and to ports that nobody listens on: whoever wants to reach them must
    /// know that [`Cluster::reachable`] is where they are. Certificates carry the name.
    #[must_use]
    pub fn advertised_host(mut self, host: impl Into<String>) -> Self {
        self.advertised_host = Some(host.into());
        self
    }

    /// A Java class that the brokers find, for properties that name one. `source` is the text of its file, and it is in no
    /// package. It needs a compiler, which a Java runtime alone does not have.
    #[must_use]
    pub fn java_class(mut self, name: impl Into<String>, source: impl Into<String>) -> Self {
        self.classes.push(JavaClass {
            name: name.into(),
            source: source.into(),
        });
        self
    }

    /// How the Java virtual machines run. [`Jvm::quick`] if not said.
    #[must_use]
    pub fn jvm(mut self, jvm: Jvm) -> Self {
        self.jvm = jvm;
        self
    }

    /// How long a start may take before it counts as failed. 90 s if not said.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The folder in which the cluster makes its own, for data on a particular disk. The system's folder for
    /// temporary files if not said.
    #[must_use]
    pub fn parent_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.parent_dir = Some(dir.into());
        self
    }

    /// Starts the cluster and waits until every broker answers and knows all the others.
    ///
    /// Only one cluster of a user comes up at a time, so that tests that all start one do not starve each
    /// other; the time spent in that queue does not count as patience.
    ///
    /// # Errors
    /// The jars cannot be had, this version cannot do what was asked, or a process does not come up; then the
    /// error carries the end of its log.
    pub fn start(mut self) -> Result<Cluster> {
        self.check()?;
        if self.layout.secured {
            let known = ["admin", "alice", "bob"].map(|name| User {
                name: name.to_owned(),
                password: format!("{name}-secret"),
                is_super: name == "admin",
            });
            self.layout.users.extend(known);
        }
        let jars = Jars::ensure(self.layout.version)?;
        let queue = cache::lock_file("start.lock")?;
        queue
            .lock()
            .doing(|| "waiting for another cluster to come up".to_owned())?;

        let workspace = Workspace::new(self.parent_dir.as_deref())?;
        let mut ports = Ports::claim()?;
        let certificates = if self.layout.secured || self.layout.ssl {
            let names: Vec<&str> = self.advertised_host.as_deref().into_iter().collect();
            Some(Certificates::generate_for(
                workspace.path().join("certificates"),
                self.validity,
                &names,
            )?)
        } else {
            None
        };
        let zookeeper = if self.layout.is_kraft() {
            None
        } else {
            Some(ZooKeeper::start(
                &jars,
                &workspace.subdir("zookeeper")?,
                ports.next()?,
                self.patience,
            )?)
        };
        let brokers = self.make_brokers(
            &jars,
            &workspace,
            &mut ports,
            zookeeper.as_ref(),
            certificates.as_ref(),
        )?;
        if zookeeper.is_none() {
            let data_dirs: Vec<PathBuf> = brokers.iter().map(Broker::data_dir).collect();
            let scram_users = if self.layout.secured {
                &*self.layout.users
            } else {
                &[]
            };
            format_storage(
                &jars,
                &properties_file(&workspace.path().join("broker-1")),
                &data_dirs,
                scram_users,
            )?;
        }

        let cluster = Cluster::new(Parts {
            version: self.layout.version,
            brokers,
            zookeeper,
            certificates,
            users: self.layout.users,
            ports,
            workspace,
        });
        cluster.start_all()?;
        Ok(cluster)
    }

    fn check(&self) -> Result<()> {
        let Layout {
            version,
            brokers,
            secured,
            ssl,
            acls,
            zookeeper,
            ..
        } = &self.layout;
        if *zookeeper && *version >= KafkaVersion::V4_3_1 {
            return Err(Error::NotOffered(format!(
                "ZooKeeper with Kafka {version}: it has none"
            )));
        }
        if !(1..=3).contains(brokers) {
            return Err(Error::NotOffered(format!(
                "a cluster of {brokers} brokers; 1 to 3 are"
            )));
        }
        if self.behind_link && self.advertised_host.is_some() {
            return Err(Error::NotOffered(
                "another advertised host behind a link: clients would not come through the link".to_owned(),
            ));
        }
        if (*secured || *ssl || *acls) && !self.layout.is_kraft() {
            return Err(Error::NotOffered(format!(
                "TLS, passwords and ACLs with Kafka {version}: it reads no PEM files; 3.9.1 and later do"
            )));
        }
        Ok(())
    }

    fn make_brokers(
        &self,
        jars: &Jars,
        workspace: &Workspace,
        ports: &mut Ports,
        zookeeper: Option<&ZooKeeper>,
        certificates: Option<&Certificates>,
    ) -> Result<Vec<Broker>> {
        let all_ports: Vec<BrokerPorts> = (0..self.layout.brokers)
            .map(|_| self.ports_of_one(ports))
            .collect::<Result<_>>()?;
        let mut brokers = Vec::new();
        for (index, own_ports) in all_ports.iter().enumerate() {
            let dir = workspace.subdir(&format!("broker-{}", index + 1))?;
            let data = broker::data_dir(&dir);
            fs::create_dir_all(&data).doing(|| format!("making {}", data.display()))?;
            let text = server_properties(
                &self.layout,
                &all_ports,
                index,
                &data.display().to_string(),
                zookeeper.map(ZooKeeper::port),
                certificates,
            );
            let properties = properties_file(&dir);
            fs::write(&properties, text).doing(|| format!("writing {}", properties.display()))?;
            for class in &self.classes {
                class.compile(jars, &dir)?;
            }
            let recipe = Recipe {
                jars: jars.clone(),
                jvm: self.jvm.clone(),
                dir,
                properties,
                patience: self.patience,
            };
            brokers.push(Broker::new(
                index,
                own_ports.clone(),
                self.link_to(own_ports)?,
                recipe,
            ));
        }
        Ok(brokers)
    }

    fn ports_of_one(&self, ports: &mut Ports) -> Result<BrokerPorts> {
        let mut listener = || {
            let bound = ports.next()?;
            let elsewhere = self.behind_link || self.advertised_host.is_some();
            let advertised = if elsewhere { ports.next()? } else { bound };
            Ok::<_, Error>(Listener { bound, advertised })
        };
        let plain = listener()?;
        let secured = self.layout.secured.then(&mut listener).transpose()?;
        let ssl = self.layout.ssl.then(&mut listener).transpose()?;
        let controller = self.layout.is_kraft().then(|| ports.next()).transpose()?;
        Ok(BrokerPorts {
            advertised_host: self.advertised_host.clone(),
            internal: ports.next()?,
            controller,
            plain,
            secured,
            ssl,
        })
    }

    fn link_to(&self, ports: &BrokerPorts) -> Result<Option<Link>> {
        if !self.behind_link {
            return Ok(None);
        }
        let mut link = Link::unconnected();
        for Listener { bound, advertised } in ports.for_clients() {
            link.forward(advertised, broker::loopback(bound))?;
        }
        Ok(Some(link))
    }
}

fn properties_file(dir: &Path) -> PathBuf {
    dir.join("server.properties")
}
