use std::{
    env, fmt,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::{
    Ended, Error, Jars, Jvm, Link, Result,
    ask::{self, View},
    error::Doing,
    java_class::classes_dir,
    log_settings::Logging,
    process::{self, Process},
    server_properties::{BrokerPorts, broker_id},
};

/// A combined node that has lost its quorum waits minutes for a leader before it gives up; no test needs that.
const PATIENCE_TO_STOP: Duration = Duration::from_secs(20);

/// One broker of a cluster.
#[derive(Debug)]
pub struct Broker {
    id: i32,
    ports: BrokerPorts,
    link: Option<Link>,
    recipe: Recipe,
    life: Mutex<Life>,
}

/// How to start the process, again and again.
#[derive(Debug)]
pub(crate) struct Recipe {
    pub(crate) jars: Jars,
    pub(crate) jvm: Jvm,
    pub(crate) dir: PathBuf,
    pub(crate) properties: PathBuf,
    pub(crate) patience: Duration,
}

#[derive(Debug, Default)]
struct Life {
    process: Option<Process>,
    /// Its last life did not end by itself, so the cluster may still take it for alive.
    was_killed: bool,
}

impl Broker {
    pub(crate) fn new(index: usize, ports: BrokerPorts, link: Option<Link>, recipe: Recipe) -> Self {
        Self {
            id: broker_id(index),
            ports,
            link,
            recipe,
            life: Mutex::default(),
        }
    }

    /// Its id; the first broker is 1.
    pub fn id(&self) -> i32 {
        self.id
    }

    /// Its process id, while it runs.
    pub fn pid(&self) -> Option<u32> {
        let mut life = self.life();
        life.running().map(|process| process.pid())
    }

    /// Where clients reach it without a password: the link's address if it is behind one.
    pub fn address(&self) -> SocketAddr {
        loopback(self.ports.plain.advertised)
    }

    /// Where it can be reached whether or not its link is cut.
    pub fn direct_address(&self) -> SocketAddr {
        loopback(self.ports.internal)
    }

    /// The network between clients and this broker, if the cluster was built behind links.
    pub fn link(&self) -> Option<&Link> {
        self.link.as_ref()
    }

    /// What the process prints, over all its lives.
    pub fn log_file(&self) -> PathBuf {
        self.recipe.dir.join("broker.log")
    }

    /// The folder of its data: one folder for each partition.
    pub fn data_dir(&self) -> PathBuf {
        data_dir(&self.recipe.dir)
    }

    /// Whether the process lives. A paused process does.
    pub fn is_running(&self) -> bool {
        self.life().running().is_some()
    }

    /// Starts the broker if it is not running, and waits until it answers and counts itself in.
    ///
    /// # Errors
    /// It ends, or is not there in time; the error carries the end of its log.
    pub fn start(&self) -> Result<()> {
        self.launch()?;
        let own_id = self.id;
        self.await_view(Instant::now(), |view| {
            view.brokers.contains(&own_id) && view.controller.is_some()
        })
    }

    /// [`Broker::stop`] and [`Broker::start`].
    ///
    /// # Errors
    /// As these.
    pub fn restart(&self) -> Result<()> {
        self.stop()?;
        self.start()
    }

    /// Asks the broker to shut down, and waits for its end. It is killed if it takes longer than 20 s, as it does
    /// when the rest of a KRaft quorum is gone.
    ///
    /// # Errors
    /// The operating system refuses, or has no signals.
    pub fn stop(&self) -> Result<Ended> {
        self.ask_to_stop()?;
        self.wait_for_end()
    }

    /// Kills the broker as a power cut would: nothing is flushed, no one is informed.
    ///
    /// # Errors
    /// The operating system refuses.
    pub fn kill(&self) -> Result<()> {
        let mut life = self.life();
        if let Some(mut process) = life.process.take() {
            process.kill()?;
            life.was_killed = true;
        }
        Ok(())
    }

    /// Freezes the process: its connections stay open and nothing answers.
    ///
    /// # Errors
    /// It is not running, or the operating system has no signals.
    pub fn pause(&self) -> Result<()> {
        self.life()
            .running()
            .ok_or_else(|| Error::NotRunning(self.to_string()))?
            .pause()
    }

    /// Lets a paused process go on.
    ///
    /// # Errors
    /// It is not running, or the operating system has no signals.
    pub fn resume(&self) -> Result<()> {
        self.life()
            .running()
            .ok_or_else(|| Error::NotRunning(self.to_string()))?
            .resume()
    }

    pub(crate) fn ports(&self) -> &BrokerPorts {
        &self.ports
    }

    pub(crate) fn ask_to_stop(&self) -> Result<()> {
        match self.life().running() {
            Some(process) => process.ask_to_stop(),
            None => Ok(()),
        }
    }

    pub(crate) fn wait_for_end(&self) -> Result<Ended> {
        let mut life = self.life();
        let Some(mut process) = life.process.take() else {
            return Ok(Ended::Before);
        };
        let ended = process.wait_or_kill(PATIENCE_TO_STOP)?;
        life.was_killed = ended == Ended::Killed;
        Ok(ended)
    }

    /// Starts the process and returns at once.
    pub(crate) fn launch(&self) -> Result<()> {
        let mut life = self.life();
        if life.running().is_none() {
            life.process = Some(self.spawn()?);
        }
        Ok(())
    }

    /// Waits until what the broker knows of its cluster satisfies `ready`.
    pub(crate) fn await_view(&self, since: Instant, ready: impl Fn(&View) -> bool) -> Result<()> {
        loop {
            let reason = match ask::ask(self.ports.internal) {
                Ok(view) if ready(&view) => {
                    self.life().was_killed = false;
                    return Ok(());
                }
                Ok(view) => format!(
                    "it sees the brokers {:?}, controller {:?}",
                    view.brokers, view.controller
                ),
                Err(error) => format!("it does not answer: {error}"),
            };
            let waited = since.elapsed();
            let give_up = |reason| Error::Startup {
                what: self.to_string(),
                waited,
                reason,
                log: self.log_file(),
                tail: process::tail(&self.log_file()),
            };
            let mut life = self.life();
            let ended = life.process.as_mut().and_then(Process::has_ended);
            match ended {
                // ZooKeeper believes in a killed broker until its session is over, and the new one, refused,
                // gives up at once.
                Some(_) if life.was_killed && waited < self.recipe.patience => {
                    life.process = Some(self.spawn()?);
                }
                Some(status) => return Err(give_up(format!("it ended with {status}"))),
                None if life.process.is_none() => return Err(give_up("it was stopped meanwhile".to_owned())),
                None if waited >= self.recipe.patience => return Err(give_up(reason)),
                None => {}
            }
            drop(life);
            process::a_moment();
        }
    }

    fn spawn(&self) -> Result<Process> {
        let recipe = &self.recipe;
        let mut command = java(&recipe.jvm, &recipe.jars, &recipe.dir)?;
        command.arg("kafka.Kafka").arg(&recipe.properties);
        Process::spawn(&self.to_string(), command, &self.log_file())
    }

    fn life(&self) -> MutexGuard<'_, Life> {
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "broker {} of Kafka {}", self.id, self.recipe.jars.version())
    }
}

impl Life {
    fn running(&mut self) -> Option<&mut Process> {
        self.process
            .as_mut()
            .and_then(|process| match process.has_ended() {
                None => Some(process),
                Some(_) => None,
            })
    }
}

/// Where a broker with the folder `dir` keeps its data.
pub(crate) fn data_dir(dir: &Path) -> PathBuf {
    dir.join("data")
}

/// A `java` that finds the jars and the classes in `dir`, logs as a server and leaves what it drops in `dir`.
pub(crate) fn java(jvm: &Jvm, jars: &Jars, dir: &Path) -> Result<Command> {
    let mut command = jvm.command();
    Logging::Broker.set(jars.version(), dir, &mut command)?;
    let dir = dir
        .canonicalize()
        .doing(|| format!("looking up {}", dir.display()))?;
    let classpath = env::join_paths([classes_dir(&dir), jars.classpath().into()])
        .map_err(|error| Error::NotOffered(format!("a class path with {}: {error}", dir.display())))?;
    command.current_dir(dir).arg("-cp").arg(classpath);
    Ok(command)
}

pub(crate) fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}
