use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    time::{Duration, Instant},
};

use crate::{
    Error, Jars, Jvm, Result, broker,
    error::Doing,
    process::{self, Process},
};

const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// The ZooKeeper of one cluster of an old version. It lives as long as the cluster.
#[derive(Debug)]
pub(crate) struct ZooKeeper {
    port: u16,
    process: Process,
}

impl ZooKeeper {
    /// Starts it and waits until it says that it is well.
    pub(crate) fn start(jars: &Jars, dir: &Path, port: u16, patience: Duration) -> Result<Self> {
        let since = Instant::now();
        let config = dir.join("zookeeper.cfg");
        let data = dir.join("data");
        // The tick is half the default, so that a killed broker is forgotten sooner.
        let text = format!(
            "clientPort={port}\n\
             clientPortAddress=127.0.0.1\n\
             dataDir={}\n\
             tickTime=1000\n\
             maxClientCnxns=0\n\
             4lw.commands.whitelist=ruok\n\
             admin.enableServer=false\n",
            data.display().to_string().replace('\\', "\\\\")
        );
        fs::write(&config, text).doing(|| format!("writing {}", config.display()))?;
        // A test's ZooKeeper need not survive a power cut.
        let jvm = Jvm::quick()
            .heap_megabytes(128)
            .option("-Dzookeeper.forceSync=no");
        let mut command = broker::java(&jvm, jars, dir)?;
        command
            .arg("org.apache.zookeeper.server.quorum.QuorumPeerMain")
            .arg(&config);
        let name = format!("ZooKeeper of Kafka {}", jars.version());
        let process = Process::spawn(&name, command, &dir.join("zookeeper.log"))?;

        let mut started = Self { port, process };
        while !started.is_well() {
            let ended = started.process.has_ended();
            if ended.is_some() || since.elapsed() >= patience {
                let log = started.process.log().to_owned();
                return Err(Error::Startup {
                    what: name,
                    waited: since.elapsed(),
                    reason: ended.map_or_else(
                        || "it does not answer".to_owned(),
                        |status| format!("it ended with {status}"),
                    ),
                    tail: process::tail(&log),
                    log,
                });
            }
            process::a_moment();
        }
        Ok(started)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.pid()
    }

    fn is_well(&self) -> bool {
        let ask = || {
            let mut stream = TcpStream::connect_timeout(&broker::loopback(self.port), ANSWER_WITHIN)?;
            stream.set_read_timeout(Some(ANSWER_WITHIN))?;
            stream.write_all(b"ruok")?;
            let mut answer = [0; 4];
            stream.read_exact(&mut answer)?;
            Ok::<_, std::io::Error>(answer == *b"imok")
        };
        ask().unwrap_or(false)
    }
}
