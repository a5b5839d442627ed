use std::{
    collections::BTreeMap,
    env,
    ffi::OsString,
    fs,
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use crate::{
    Certificates, Ended, Error, Jars, Jvm, KafkaVersion, Result,
    error::Doing,
    log_settings::Logging,
    ports::Ports,
    process::{self, Process},
    server_properties::to_text,
    workspace::Workspace,
};

/// How long a worker may take until its REST interface answers.
const PATIENCE: Duration = Duration::from_secs(120);
const PATIENCE_TO_STOP: Duration = Duration::from_secs(30);
/// How long one question to the REST interface may take.
const QUESTION: Duration = Duration::from_secs(5);
const HTTPS: &str = "https";
/// Of the key store of a worker: it guards nothing.
const STORE_PASSWORD: &str = "testground";
/// MirrorMaker's connectors lie in it.
const MIRROR_JAR: &str = "connect-mirror-";

/// A running worker of a Kafka Connect cluster, with MirrorMaker's connectors. Dropping it kills it.
#[derive(Debug)]
pub struct ConnectWorker {
    process: Process,
    scheme: &'static str,
    port: u16,
    workspace: Workspace,
    _ports: Ports,
}

/// What a worker is to be.
#[derive(Debug, Clone)]
pub struct ConnectWorkerBuilder {
    version: KafkaVersion,
    jvm: Jvm,
    group: String,
    login: Option<(String, String)>,
    certificates: Option<Certificates>,
    without_mirror: bool,
    properties: BTreeMap<String, String>,
}

impl ConnectWorker {
    /// Describes a worker of the Connect cluster `group` that stands on the Kafka at `bootstrap`. Workers of one group share
    /// the work; their three topics are made there.
    pub fn on(bootstrap: impl Into<String>, group: impl Into<String>) -> ConnectWorkerBuilder {
        let group = group.into();
        let mut properties = BTreeMap::new();
        let mut set = |key: &str, value: String| {
            properties.insert(key.to_owned(), value);
        };
        set("bootstrap.servers", bootstrap.into());
        set("group.id", group.clone());
        for kind in ["config", "offset", "status"] {
            set(&format!("{kind}.storage.topic"), format!("{group}-{kind}"));
            set(&format!("{kind}.storage.replication.factor"), "1".to_owned());
        }
        for kind in ["offset", "status"] {
            set(&format!("{kind}.storage.partitions"), "3".to_owned());
        }
        for kind in ["key", "value"] {
            set(
                &format!("{kind}.converter"),
                "org.apache.kafka.connect.json.JsonConverter".to_owned(),
            );
        }
        // A worker that was killed is noticed soon, and its work given to the others at once.
        set("session.timeout.ms", "6000".to_owned());
        set("heartbeat.interval.ms", "1500".to_owned());
        set("scheduled.rebalance.max.delay.ms", "0".to_owned());
        ConnectWorkerBuilder {
            version: KafkaVersion::V4_3_1,
            jvm: Jvm::quick(),
            group,
            login: None,
            certificates: None,
            without_mirror: false,
            properties,
        }
    }

    /// The address of its REST interface.
    pub fn url(&self) -> String {
        format!("{}://127.0.0.1:{}", self.scheme, self.port)
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// What it prints.
    pub fn log_file(&self) -> &Path {
        self.process.log()
    }

    /// The folder with its settings.
    pub fn dir(&self) -> &Path {
        self.workspace.path()
    }

    /// Whether the process lives.
    pub fn is_running(&mut self) -> bool {
        self.process.has_ended().is_none()
    }

    /// Asks it to shut down and waits; it is killed after 30 s.
    ///
    /// # Errors
    /// The operating system refuses, or has no signals.
    pub fn stop(&mut self) -> Result<Ended> {
        if !self.is_running() {
            return Ok(Ended::Before);
        }
        self.process.stop(PATIENCE_TO_STOP)
    }

    /// Kills it, as a power cut would.
    ///
    /// # Errors
    /// The operating system refuses.
    pub fn kill(&mut self) -> Result<()> {
        self.process.kill()
    }

    /// Waits until its REST interface answers, and it is a member of its cluster; over TLS only until it takes connections.
    ///
    /// # Errors
    /// It ends, or is not there in time; the error carries the end of its log.
    pub fn await_ready(&mut self) -> Result<()> {
        let since = Instant::now();
        loop {
            // The list of connectors is answered by members alone, after the first rebalance; a login that is asked for comes
            // before that, when the interface is up.
            let answer = match self.scheme {
                HTTPS => TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).map(|_| 200),
                _ => status_of(self.port, "/connectors"),
            };
            let reason = match answer {
                Ok(200 | 401) => return Ok(()),
                Ok(status) => format!("it answers with {status}"),
                Err(error) => format!("it does not answer: {error}"),
            };
            let waited = since.elapsed();
            let ended = self.process.has_ended();
            if ended.is_some() || waited >= PATIENCE {
                let log = self.log_file().to_owned();
                return Err(Error::Startup {
                    what: "a worker of Kafka Connect".to_owned(),
                    waited,
                    reason: ended.map_or(reason, |status| format!("it ended with {status}")),
                    tail: process::tail(&log),
                    log,
                });
            }
            process::a_moment();
        }
    }
}

impl ConnectWorkerBuilder {
    /// One line of the worker's settings. Overrides what would be set.
    #[must_use]
    pub fn property(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.properties.insert(key.into(), value.into());
        self
    }

    /// The version, 4.3.1 if not said.
    #[must_use]
    pub fn version(mut self, version: KafkaVersion) -> Self {
        self.version = version;
        self
    }

    /// How the Java virtual machine runs. [`Jvm::quick`] if not said.
    #[must_use]
    pub fn jvm(mut self, jvm: Jvm) -> Self {
        self.jvm = jvm;
        self
    }

    /// Source connectors may be exactly once.
    #[must_use]
    pub fn exactly_once(self) -> Self {
        self.property("exactly.once.source.support", "enabled")
    }

    /// The REST interface asks for this user and password.
    #[must_use]
    pub fn login(mut self, user: impl Into<String>, password: impl Into<String>) -> Self {
        self.login = Some((user.into(), password.into()));
        self
    }

    /// The REST interface speaks TLS alone, with the certificate that brokers have of these. Needs the program `openssl`, as
    /// Java's web server takes no PEM file.
    #[must_use]
    pub fn tls(mut self, certificates: &Certificates) -> Self {
        self.certificates = Some(certificates.clone());
        self
    }

    /// Without MirrorMaker's connectors.
    #[must_use]
    pub fn without_mirror(mut self) -> Self {
        self.without_mirror = true;
        self
    }

    /// Starts it and returns at once; [`ConnectWorker::await_ready`] waits for it.
    ///
    /// # Errors
    /// The jars cannot be had or the process cannot be started.
    pub fn launch(mut self) -> Result<ConnectWorker> {
        let jars = Jars::ensure(self.version)?;
        let workspace = Workspace::new(None)?;
        let mut ports = Ports::claim()?;
        let port = ports.next()?;
        let scheme = match &self.certificates {
            Some(certificates) => {
                let store = write_key_store(workspace.path(), certificates)?;
                for (key, value) in [
                    ("location", store.display().to_string().as_str()),
                    ("type", "PKCS12"),
                    ("password", STORE_PASSWORD),
                ] {
                    self.properties
                        .insert(format!("listeners.https.ssl.keystore.{key}"), value.to_owned());
                }
                HTTPS
            }
            None => "http",
        };
        self.properties
            .insert("listeners".to_owned(), format!("{scheme}://127.0.0.1:{port}"));
        self.properties
            .insert("rest.advertised.host.name".to_owned(), "127.0.0.1".to_owned());
        let mut command = self.jvm.command();
        Logging::Broker.set(jars.version(), workspace.path(), &mut command)?;
        if let Some((user, password)) = &self.login {
            let file = write_login(workspace.path(), user, password)?;
            command.arg(format!("-Djava.security.auth.login.config={}", file.display()));
            self.properties.insert(
                "rest.extension.classes".to_owned(),
                "org.apache.kafka.connect.rest.basic.auth.extension.BasicAuthSecurityRestExtension"
                    .to_owned(),
            );
        }
        let properties = workspace.path().join("worker.properties");
        fs::write(&properties, to_text(&self.properties))
            .doing(|| format!("writing {}", properties.display()))?;
        command
            .current_dir(workspace.path())
            .arg("-cp")
            .arg(self.classpath(&jars)?)
            .arg("org.apache.kafka.connect.cli.ConnectDistributed")
            .arg(&properties);
        let log = workspace.path().join("worker.log");
        let name = format!("a worker of the Connect cluster {}", self.group);
        let process = Process::spawn(&name, command, &log)?;
        Ok(ConnectWorker {
            process,
            scheme,
            port,
            workspace,
            _ports: ports,
        })
    }

    /// [`ConnectWorkerBuilder::launch`] and [`ConnectWorker::await_ready`].
    ///
    /// # Errors
    /// As these.
    pub fn start(self) -> Result<ConnectWorker> {
        let mut worker = self.launch()?;
        worker.await_ready()?;
        Ok(worker)
    }

    fn classpath(&self, jars: &Jars) -> Result<OsString> {
        if !self.without_mirror {
            return Ok(jars.classpath());
        }
        let entries = fs::read_dir(jars.dir()).doing(|| format!("reading {}", jars.dir().display()))?;
        let mut kept: Vec<PathBuf> = entries
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| {
                path.file_name()
                    .is_some_and(|name| !name.to_string_lossy().starts_with(MIRROR_JAR))
            })
            .collect();
        kept.sort();
        env::join_paths(kept).map_err(|error| Error::NotOffered(format!("a class path: {error}")))
    }
}

/// The broker's key and certificate as Java's web server reads them.
fn write_key_store(dir: &Path, certificates: &Certificates) -> Result<PathBuf> {
    let store = dir.join("worker.p12");
    let made = Command::new("openssl")
        .args(["pkcs12", "-export", "-name", "worker", "-in"])
        .arg(certificates.broker_keystore())
        .arg("-out")
        .arg(&store)
        .args(["-passout", &format!("pass:{STORE_PASSWORD}")])
        .output()
        .doing(|| "making a key store with openssl".to_owned())?;
    if made.status.success() {
        return Ok(store);
    }
    let said = String::from_utf8_lossy(&made.stderr).into_owned();
    Err(Error::NotOffered(format!("a key store of openssl: {said}")))
}

fn write_login(dir: &Path, user: &str, password: &str) -> Result<PathBuf> {
    let passwords = dir.join("passwords");
    fs::write(&passwords, format!("{user}={password}\n"))
        .doing(|| format!("writing {}", passwords.display()))?;
    let jaas = dir.join("jaas.conf");
    let text = format!(
        "KafkaConnect {{\n  org.apache.kafka.connect.rest.basic.auth.extension.PropertyFileLoginModule required\n  file=\"{}\";\n}};\n",
        passwords.display()
    );
    fs::write(&jaas, text).doing(|| format!("writing {}", jaas.display()))?;
    Ok(jaas)
}

/// The status with which the REST interface answers.
fn status_of(port: u16, path: &str) -> std::io::Result<u16> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, QUESTION)?;
    stream.set_read_timeout(Some(QUESTION))?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    )?;
    let mut head = [0u8; 12];
    stream.read_exact(&mut head)?;
    String::from_utf8_lossy(&head)
        .split_whitespace()
        .nth(1)
        .and_then(|status| status.parse().ok())
        .ok_or_else(|| std::io::Error::other("no HTTP"))
}
