//! Two real clusters, the companion with its daemon, and applications that know nothing of it.

use std::collections::BTreeMap;
use std::process::{Child, Output};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use serde_json::Value;
use sluice_store::{Owner, SqliteStore};
use sluice_testground::tools::ConnectWorker;
use sluice_testground::{Cluster, KafkaVersion};
use sluice_tests::{Filler, cluster, eventually, sluice, spawn_sluice};

/// The task of a scene.
pub const TASK: &str = "orders";
/// The group of its consumer.
pub const GROUP: &str = "billing";
/// The topic at the source, and what it is called on the target.
pub const TOPIC: &str = "orders";
pub const NEW_TOPIC: &str = "orders.new";
/// Partitions of the topic.
pub const PARTITIONS: i32 = 2;

/// Numbers of records by partition, in the order in which they came.
pub type Numbers = BTreeMap<i32, Vec<usize>>;

/// Clusters, a data folder with a daemon, and what applications have written and read.
pub struct Scene {
    daemon: Option<Child>,
    pub old: Cluster,
    pub new: Cluster,
    dir: tempfile::TempDir,
    /// What the topic is called on the target.
    new_topic: &'static str,
    /// Where the task runs, if not here.
    worker: Option<ConnectWorker>,
    next: usize,
    pub written: Numbers,
    pub read: Numbers,
}

impl Drop for Scene {
    fn drop(&mut self) {
        if let Err(error) = self.kill() {
            eprintln!("the daemon was not ended: {error}");
        }
    }
}

impl Scene {
    /// Two clusters and a task that copies between them and runs.
    pub fn new() -> Result<Self> {
        Self::between(cluster(KafkaVersion::V4_3_1)?, cluster(KafkaVersion::V4_3_1)?)
    }

    /// As [`Scene::new`], between clusters of one's own that take everybody.
    pub fn between(old: Cluster, new: Cluster) -> Result<Self> {
        Self::with(old, new, None)
    }

    /// As [`Scene::between`], with the task on a Connect cluster of the new side, where topics keep their names.
    pub fn on_connect(old: Cluster, new: Cluster, worker: ConnectWorker) -> Result<Self> {
        Self::with(old, new, Some(worker))
    }

    fn with(old: Cluster, new: Cluster, worker: Option<ConnectWorker>) -> Result<Self> {
        let mut scene = Self {
            daemon: None,
            old,
            new,
            dir: tempfile::tempdir()?,
            new_topic: if worker.is_some() { TOPIC } else { NEW_TOPIC },
            worker,
            next: 0,
            written: Numbers::new(),
            read: Numbers::new(),
        };
        Filler::new(&scene.old.bootstrap())?.create(TOPIC, PARTITIONS, &[])?;
        if scene.old.version().has_transactions() {
            // Offsets of both sides differ from the first record on: an aborted transaction comes first.
            let filler = Filler::new(&scene.old.bootstrap())?;
            filler
                .transactional("an application")?
                .write(TOPIC, 0, &sluice_tests::odd_records(), false)?;
            // Its marker is written before the next one of its kind begins: no record stands before it.
            drop(filler.transactional("an application")?);
        }
        scene.write_old(20)?;
        for (name, bootstrap) in [("old", scene.old.bootstrap()), ("new", scene.new.bootstrap())] {
            scene.ok(&["source", "add", name, "--bootstrap", &bootstrap])?;
        }
        let mut create = vec![
            "task", "create", TASK, "--from", "old", "--to", "new", "--topic", TOPIC,
        ];
        let rename = format!("{TOPIC}={NEW_TOPIC}");
        match scene.worker.as_ref().map(ConnectWorker::url) {
            Some(url) => {
                scene.ok(&["source", "add", "workers", "--connect", &url])?;
                create.extend(["--run-on", "workers"]);
            }
            None => create.extend(["--rename", &rename]),
        }
        scene.ok(&create)?;
        scene.ok(&["task", "check", TASK])?;
        scene.start()?;
        scene.ok(&["task", "start", TASK])?;
        scene.caught_up(TASK)?;
        Ok(scene)
    }

    /// Starts the daemon, and waits until it takes commands.
    pub fn start(&mut self) -> Result<()> {
        let data = self.data()?;
        self.daemon = Some(spawn_sluice(&["daemon", "--data", &data])?);
        let dir = self.dir.path().to_owned();
        eventually("the daemon takes commands", || {
            Ok(Owner::read(&dir)?.is_some_and(|owner| owner.endpoint.is_some()))
        })
    }

    /// The Connect cluster that the task runs on.
    pub fn worker(&self) -> Result<&ConnectWorker> {
        self.worker.as_ref().context("the task runs here")
    }

    /// Kills the daemon as a power failure does.
    pub fn kill(&mut self) -> Result<()> {
        if let Some(mut daemon) = self.daemon.take() {
            daemon.kill()?;
            daemon.wait()?;
        }
        Ok(())
    }

    fn data(&self) -> Result<String> {
        Ok(self.dir.path().to_str().context("a path in UTF-8")?.to_owned())
    }

    pub fn run(&self, arguments: &[&str]) -> Result<Output> {
        sluice(&[arguments, &["--data", &self.data()?]].concat())
    }

    /// Runs a command that is to succeed.
    pub fn ok(&self, arguments: &[&str]) -> Result<Output> {
        let output = self.run(arguments)?;
        ensure!(
            output.status.success(),
            "{arguments:?}: {:?}\n{}{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(output)
    }

    pub fn json(&self, arguments: &[&str]) -> Result<Value> {
        let output = self.run(&[arguments, &["--json"]].concat())?;
        serde_json::from_slice(&output.stdout)
            .with_context(|| format!("{arguments:?}: {}", String::from_utf8_lossy(&output.stderr)))
    }

    /// What is kept of the present cut-over.
    pub fn cutover(&self) -> Result<Value> {
        Ok(self.json(&["cutover", "status", TASK])?["cutover"].clone())
    }

    pub fn step(&self) -> Result<String> {
        Ok(self.cutover()?["step"].as_str().context("a step")?.to_owned())
    }

    /// Waits until a task has nothing left to copy.
    pub fn caught_up(&self, task: &str) -> Result<()> {
        eventually("the task has caught up", || {
            let view = self.json(&["task", "show", task])?;
            Ok(view["state"] == "running" && view["lag_records"] == 0 && view["delay_ms"] == 0)
        })
        .with_context(|| format!("{:#?}", self.json(&["task", "show", task])))
    }

    /// Carries the next step out; nothing may hold it but `overrule`.
    pub fn next(&self, overrule: &[&str]) -> Result<()> {
        let mut arguments = vec!["cutover", "next", TASK];
        for question in overrule {
            arguments.extend(["--overrule", question]);
        }
        self.ok(&arguments).map(drop)
    }

    /// Carries the next step out, or has it held; returns whether it is done.
    pub fn try_next(&self, overrule: &[&str]) -> Result<bool> {
        let mut arguments = vec!["cutover", "next", TASK];
        for question in overrule {
            arguments.extend(["--overrule", question]);
        }
        let output = self.run(&arguments)?;
        ensure!(matches!(output.status.code(), Some(0 | 1)), "{output:?}");
        Ok(output.status.success())
    }

    /// Carries the next step out, and kills daemon and companion in the middle of it, at first as soon as something was
    /// kept, then `later` after that.
    pub fn next_with_kills(&mut self, overrule: &[&str], later: Duration) -> Result<()> {
        let before = self.cutover()?;
        for after in [Duration::ZERO, later] {
            self.kill_during_next(overrule, after)?;
            self.start()?;
            let now = self.cutover()?;
            if now["step"] != before["step"] || now["id"] != before["id"] {
                return Ok(());
            }
        }
        self.try_next(overrule).map(drop)
    }

    fn kill_during_next(&mut self, overrule: &[&str], after: Duration) -> Result<()> {
        let data = self.data()?;
        let mut arguments = vec!["cutover", "next", TASK, "--data", &data];
        for question in overrule {
            arguments.extend(["--overrule", question]);
        }
        let store = SqliteStore::open(self.dir.path())?;
        let revisions = |store: &SqliteStore| -> Result<i64> {
            Ok(store.open_cutovers()?.iter().map(|row| row.revision).sum())
        };
        let then = revisions(&store)?;
        let mut next = spawn_sluice(&arguments)?;
        let until = Instant::now() + Duration::from_secs(2);
        while revisions(&store)? == then && next.try_wait()?.is_none() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(2));
        }
        std::thread::sleep(after);
        self.kill()?;
        next.kill()?;
        next.wait()?;
        Ok(())
    }

    /// An application writes `count` records to each partition at the old side.
    pub fn write_old(&mut self, count: usize) -> Result<()> {
        let bootstrap = self.old.bootstrap();
        self.write(&bootstrap, TOPIC, count)
    }

    /// The same at the new side.
    pub fn write_new(&mut self, count: usize) -> Result<()> {
        let bootstrap = self.new.bootstrap();
        self.write(&bootstrap, self.new_topic, count)
    }

    /// Another topic at the old side.
    pub fn create_old(&self, topic: &str) -> Result<()> {
        Filler::new(&self.old.bootstrap())?.create(topic, PARTITIONS, &[])
    }

    fn write(&mut self, bootstrap: &str, topic: &str, count: usize) -> Result<()> {
        Filler::new(bootstrap)?.numbered(topic, PARTITIONS, self.next, count, 40)?;
        for partition in 0..PARTITIONS {
            self.written
                .entry(partition)
                .or_default()
                .extend(self.next..self.next + count);
        }
        self.next += count;
        Ok(())
    }

    /// A consumer of the group reads up to `count` records of each partition at the old side, commits, and leaves.
    pub fn read_old(&mut self, count: usize) -> Result<()> {
        let bootstrap = self.old.bootstrap();
        self.consume(&bootstrap, TOPIC, count)
    }

    /// The same at the new side.
    pub fn read_new(&mut self, count: usize) -> Result<()> {
        let bootstrap = self.new.bootstrap();
        self.consume(&bootstrap, self.new_topic, count)
    }

    fn consume(&mut self, bootstrap: &str, topic: &str, count: usize) -> Result<()> {
        let read = read_and_commit(bootstrap, topic, GROUP, count)?;
        for (partition, numbers) in read {
            self.read.entry(partition).or_default().extend(numbers);
        }
        Ok(())
    }

    /// Every record that was written was read once, in order.
    pub fn everything_was_read_once(&self) -> Result<()> {
        for (partition, written) in &self.written {
            let read = self.read.get(partition).cloned().unwrap_or_default();
            ensure!(
                read == *written,
                "partition {partition}: written {written:?}\nread {read:?}"
            );
        }
        Ok(())
    }

    /// Both sides hold every record once, in order.
    pub fn both_sides_hold_everything_once(&self) -> Result<()> {
        for (bootstrap, topic) in [
            (self.old.bootstrap(), TOPIC),
            (self.new.bootstrap(), self.new_topic),
        ] {
            for (partition, written) in &self.written {
                let there: Vec<usize> = sluice_tests::read_all(&bootstrap, topic, *partition)?
                    .iter()
                    .map(|record| number(record.value.as_deref().unwrap_or_default()))
                    .collect::<Result<_>>()?;
                ensure!(
                    there == *written,
                    "{topic}-{partition}: {written:?}\nholds {there:?}"
                );
            }
        }
        Ok(())
    }
}

/// Reads up to `count` records of each partition as a member of a group, from where it stands, commits and leaves. A
/// group that stands nowhere in a partition begins at its start, so that a position that was lost shows.
pub fn read_and_commit(bootstrap: &str, topic: &str, group: &str, count: usize) -> Result<Numbers> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("group.id", group)
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .set("auto.offset.reset", "earliest")
        .set("isolation.level", "read_committed")
        .create()?;
    consumer.subscribe(&[topic])?;
    let (mut read, mut ended) = (Numbers::new(), std::collections::BTreeSet::new());
    let mut position = TopicPartitionList::new();
    let until = Instant::now() + Duration::from_secs(60);
    while ended.len() < PARTITIONS as usize {
        ensure!(
            Instant::now() < until,
            "not read within a minute: {read:?}, {ended:?}"
        );
        match consumer.poll(Duration::from_millis(100)) {
            None => {}
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                ended.insert(partition);
            }
            Some(Err(error)) => bail!(error),
            Some(Ok(message)) => {
                let partition = message.partition();
                let taken = read.entry(partition).or_default();
                if taken.len() < count {
                    taken.push(number(message.payload().unwrap_or_default())?);
                    position = positioned(&position, topic, partition, message.offset() + 1)?;
                }
                if taken.len() >= count {
                    ended.insert(partition);
                }
            }
        }
    }
    if position.count() > 0 {
        consumer.commit(&position, CommitMode::Sync)?;
    }
    consumer.unsubscribe();
    Ok(read)
}

fn positioned(
    known: &TopicPartitionList,
    topic: &str,
    partition: i32,
    offset: i64,
) -> Result<TopicPartitionList> {
    let mut list = TopicPartitionList::new();
    for element in known.elements() {
        if element.partition() != partition {
            list.add_partition_offset(topic, element.partition(), element.offset())?;
        }
    }
    list.add_partition_offset(topic, partition, Offset::Offset(offset))?;
    Ok(list)
}

/// The number that a record was written with.
fn number(value: &[u8]) -> Result<usize> {
    let text = String::from_utf8_lossy(value);
    text.split('/')
        .nth(1)
        .and_then(|number| number.parse().ok())
        .with_context(|| format!("no number in '{text}'"))
}
