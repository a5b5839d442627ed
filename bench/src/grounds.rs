use std::{
    collections::BTreeMap,
    fs, io,
    io::Write,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use sluice_kafka::{Admin, Isolation, NewTopic, OffsetQuery};
use sluice_testground::{
    Cluster, Jvm, KafkaVersion,
    tools::{JavaTool, kcat},
};

use crate::{
    interrupt, machine, payload,
    workload::{Content, Workload},
};

/// As Kafka's own start script gives a broker.
const BROKER_HEAP_MEGABYTES: u32 = 1024;
const VERSION: KafkaVersion = KafkaVersion::V4_3_1;
const PATIENCE: Duration = Duration::from_secs(60);
const PATIENCE_TO_FILL: Duration = Duration::from_secs(1800);
/// Files that a broker maps for a partition (its two indexes), twice: of the copy, and of one before it that is being deleted.
/// Without them the broker ends.
const MAPPED_FILES_PER_PARTITION: u64 = 4;
/// What a broker maps besides.
const OTHER_MAPPED_FILES: u64 = 20_000;
/// kcat holds all headers of one call in memory.
const RECORDS_AT_ONCE: u64 = 2_000;
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// The two clusters, of one broker each, that everything is copied between.
pub struct Grounds {
    source: Side,
    target: Side,
}

/// How a cluster is reached with TLS.
pub struct TlsSide {
    /// Its bootstrap servers.
    pub bootstrap: String,
    /// What a client needs besides.
    pub properties: Vec<(String, String)>,
}

/// One of them.
struct Side {
    cluster: Cluster,
    admin: Admin,
}

impl Grounds {
    /// Starts both, with their data below `data` or the system's folder for temporary files.
    ///
    /// # Errors
    /// A broker does not come up.
    pub fn start(data: Option<&Path>) -> Result<Self> {
        Ok(Self {
            source: Side::start(data).context("the source")?,
            target: Side::start(data).context("the target")?,
        })
    }

    /// Bootstrap servers of the source.
    pub fn source(&self) -> String {
        self.source.cluster.bootstrap()
    }

    /// Bootstrap servers of the target.
    pub fn target(&self) -> String {
        self.target.cluster.bootstrap()
    }

    /// The source with TLS.
    ///
    /// # Errors
    /// It has no such listener.
    pub fn source_tls(&self) -> Result<TlsSide> {
        self.source.tls()
    }

    /// The target with TLS.
    ///
    /// # Errors
    /// It has no such listener.
    pub fn target_tls(&self) -> Result<TlsSide> {
        self.target.tls()
    }

    /// Makes the workload's topic on the source, and returns how many bytes its log takes there.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn fill(&self, workload: &Workload) -> Result<u64> {
        let needed = OTHER_MAPPED_FILES + MAPPED_FILES_PER_PARTITION * u64::try_from(workload.partitions)?;
        if let Some(allowed) = machine::mapped_files()
            && allowed < needed
        {
            bail!(
                "{} partitions need vm.max_map_count={needed} for the brokers (sysctl -w), and it is {allowed}",
                workload.partitions
            );
        }
        self.source.create(workload)?;
        match workload.content {
            Content::Text => self.write_values(workload, &payload::lines(workload.record_bytes))?,
            Content::OneLetter => self.write_values(workload, &payload::letters(workload.record_bytes))?,
            Content::Headers => self.write_headers(workload)?,
        }
        let filled = self.source.records(workload)?;
        if filled != workload.records {
            bail!("{filled} records in the source instead of {}", workload.records);
        }
        Ok(log_bytes(self.source.cluster.dir(), &workload.name())?)
    }

    /// Writes lines as values with Kafka's own producer.
    fn write_values(&self, workload: &Workload, lines: &str) -> Result<()> {
        let mut values = tempfile::NamedTempFile::new()?;
        values.write_all(lines.as_bytes())?;
        values.flush()?;
        let codec = format!("compression.type={}", workload.codec.option());
        let batch = format!("batch.size={}", workload.batch_bytes());
        JavaTool::new(VERSION, "org.apache.kafka.tools.ProducerPerformance")
            .jvm(Jvm::full(BROKER_HEAP_MEGABYTES))
            .patience(PATIENCE_TO_FILL)
            .args(["--topic", &workload.name(), "--throughput", "-1"])
            .args(["--num-records", &workload.records.to_string()])
            .arg("--payload-file")
            .arg(values.path().display().to_string())
            .args(["--bootstrap-server", &self.source()])
            .arg("--command-property")
            .args([&batch, "linger.ms=20", &codec])
            .run()?
            .successful()?;
        Ok(())
    }

    /// Writes records of a value of one byte and a header with kcat, which Kafka's own producer cannot.
    fn write_headers(&self, workload: &Workload) -> Result<()> {
        let header = format!("large={}", payload::letters(workload.record_bytes).trim_end());
        let mut left = workload.records;
        while left > 0 {
            interrupt::check()?;
            let some = left.min(RECORDS_AT_ONCE);
            let mut lines = tempfile::NamedTempFile::new()?;
            lines.write_all("v\n".repeat(usize::try_from(some)?).as_bytes())?;
            lines.flush()?;
            let file = lines.path().display().to_string();
            let (topic, source) = (workload.name(), self.source());
            let args = [
                "-P", "-b", &source, "-t", &topic, "-p", "0", "-H", &header, "-l", &file,
            ];
            kcat(args)?.successful()?;
            left -= some;
        }
        Ok(())
    }

    /// Makes the empty topic on the target, for tools that make none.
    ///
    /// # Errors
    /// The cluster refuses.
    pub fn prepare_target(&self, workload: &Workload) -> Result<()> {
        self.target.create(workload)
    }

    /// Records of the workload that the target holds, by its end offsets. After transactions it is a few too many:
    /// their markers take offsets too.
    ///
    /// # Errors
    /// The cluster does not answer.
    pub fn copied(&self, workload: &Workload) -> Result<u64> {
        self.target.records(workload)
    }

    /// Deletes what a copy has left: the workload's topic on the target, and what MirrorMaker 2 keeps on both sides.
    /// With its positions still there, its next run would copy nothing, silently.
    ///
    /// # Errors
    /// A cluster refuses.
    pub fn clear_copy(&self, workload: &Workload) -> Result<()> {
        self.target
            .delete(|topic| topic == workload.name() || is_of_mirror_maker(topic))?;
        self.source.delete(is_of_mirror_maker)
    }

    /// Deletes the workload's topic on the source.
    ///
    /// # Errors
    /// The cluster refuses.
    pub fn clear_source(&self, workload: &Workload) -> Result<()> {
        self.source.delete(|topic| topic == workload.name())
    }
}

impl Side {
    fn start(data: Option<&Path>) -> Result<Self> {
        let mut builder = Cluster::builder(VERSION)
            .jvm(Jvm::full(BROKER_HEAP_MEGABYTES))
            // A deleted copy is gone before the next one is measured.
            .property("log.segment.delete.delay.ms", "1000")
            .ssl();
        if let Some(dir) = data {
            builder = builder.parent_dir(dir);
        }
        let cluster = builder.start()?;
        let admin = Admin::new(&sluice_model::Cluster::new(&cluster.bootstrap())?)?;
        admin.connect(PATIENCE)?;
        Ok(Self { cluster, admin })
    }

    fn tls(&self) -> Result<TlsSide> {
        let mut properties = self.cluster.ssl_client_properties()?;
        properties.retain(|(key, _)| key == "security.protocol" || key.starts_with("ssl.truststore"));
        Ok(TlsSide {
            bootstrap: self.cluster.ssl_bootstrap()?,
            properties,
        })
    }

    fn create(&self, workload: &Workload) -> Result<()> {
        let topic = NewTopic {
            name: workload.name(),
            partitions: workload.partitions,
            replication_factor: 1,
            config: BTreeMap::new(),
        };
        self.admin.create_topic(&topic, false)?;
        self.wait_until(&format!("{} to appear", topic.name), |topics| {
            topics.contains(&topic.name)
        })?;
        // A broker takes 10 000 partitions over one after the other; a producer that is there before waits in time-outs.
        self.records(workload).map(|_| ())
    }

    fn records(&self, workload: &Workload) -> Result<u64> {
        let partitions: Vec<(String, i32)> = (0..workload.partitions)
            .map(|partition| Ok((workload.name(), i32::try_from(partition)?)))
            .collect::<Result<_>>()?;
        let ends = self
            .admin
            .offsets(&partitions, OffsetQuery::Latest, Isolation::Uncommitted)?;
        let mut sum = 0;
        for end in ends {
            let Some(offset) = end.offset else {
                bail!("no end offset of {}: {}", end.topic, end.error.describe());
            };
            sum += u64::try_from(offset)?;
        }
        Ok(sum)
    }

    fn delete(&self, is_meant: impl Fn(&str) -> bool) -> Result<()> {
        for topic in self.topics()?.iter().filter(|topic| is_meant(topic)) {
            self.admin.delete_topic(topic)?;
        }
        self.wait_until("topics to vanish", |topics| {
            !topics.iter().any(|topic| is_meant(topic))
        })
    }

    fn topics(&self) -> Result<Vec<String>> {
        Ok(self.admin.metadata()?.topics.into_keys().collect())
    }

    fn wait_until(&self, what: &str, is_so: impl Fn(&[String]) -> bool) -> Result<()> {
        let until = Instant::now() + PATIENCE;
        while !is_so(&self.topics()?) {
            interrupt::check()?;
            if Instant::now() >= until {
                bail!("waited too long for {what}");
            }
            thread::sleep(LOOK_AGAIN);
        }
        Ok(())
    }
}

fn is_of_mirror_maker(topic: &str) -> bool {
    topic == "heartbeats" || topic.starts_with("mm2-") || topic.ends_with(".checkpoints.internal")
}

/// Bytes of the log files of a topic's partitions, in a cluster's folder.
fn log_bytes(dir: &Path, topic: &str) -> io::Result<u64> {
    let mut sum = 0;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if entry.file_type()?.is_dir() {
            sum += log_bytes(&entry.path(), topic)?;
        } else if name.ends_with(".log") && is_partition_of(topic, dir) {
            sum += entry.metadata()?.len();
        }
    }
    Ok(sum)
}

/// Whether the folder is `topic-N`.
fn is_partition_of(topic: &str, dir: &Path) -> bool {
    let name = dir.file_name().unwrap_or_default().to_string_lossy();
    name.rsplit_once('-')
        .is_some_and(|(before, number)| before == topic && number.parse::<u32>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_mirror_makers_own_topics_are_its() {
        for topic in [
            "heartbeats",
            "mm2-offsets.source.internal",
            "source.checkpoints.internal",
        ] {
            assert!(is_of_mirror_maker(topic), "{topic}");
        }
        assert!(!is_of_mirror_maker("1kb-none-8p") && !is_of_mirror_maker("__consumer_offsets"));
    }

    #[test]
    fn logs_are_counted_by_topic() {
        let dir = tempfile::tempdir().unwrap();
        for (partition, bytes) in [("t-0", 3), ("t-1", 4), ("t-x-0", 100)] {
            let partition = dir.path().join("data").join(partition);
            fs::create_dir_all(&partition).unwrap();
            fs::write(partition.join("0.log"), vec![0; bytes]).unwrap();
            fs::write(partition.join("0.index"), vec![0; 1000]).unwrap();
        }
        assert_eq!(log_bytes(dir.path(), "t").unwrap(), 7);
    }
}
