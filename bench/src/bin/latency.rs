//! `sluice-bench-latency`: how long it takes from a record's production at the source until a reader of committed records has
//! it from the target. Producer and reader are programs of their own towards the copy: they share a clock with each other
//! and nothing with Sluice. What the ground itself takes is measured first: there the reader reads the source.

use std::collections::BTreeMap;
use std::env;
use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};
use sluice_kafka::{Admin, NewTopic};
use sluice_testground::{Cluster, KafkaVersion};

const PARTITIONS: i32 = 8;
const RECORD_BYTES: usize = 1_000;
const PATIENCE: Duration = Duration::from_secs(60);

/// Measures the time from production at the source to a committed read on the target.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Records per second.
    #[arg(long, value_delimiter = ',', default_values_t = [300, 1_000])]
    rates: Vec<u32>,
    /// How long each is measured, in seconds, behind two seconds that do not count.
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// Lanes, as `--lane` takes them.
    #[arg(long, value_delimiter = ',', default_values_t = ["wire".to_owned(), "record".to_owned()])]
    lanes: Vec<String>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let program = env::current_exe()?.with_file_name(format!("sluice{}", env::consts::EXE_SUFFIX));
    ensure!(
        program.exists(),
        "build sluice first: cargo build --release -p sluice-cli"
    );
    let source = Cluster::builder(KafkaVersion::V4_3_1).start()?;
    let target = Cluster::builder(KafkaVersion::V4_3_1).start()?;
    println!("| lane | delivery | records/s | p50 ms | p90 ms | p99 ms | most ms | records |");
    println!("|---|---|---|---|---|---|---|---|");
    let (from, to, time) = (
        source.bootstrap(),
        target.bootstrap(),
        Duration::from_secs(arguments.seconds),
    );
    for &rate in &arguments.rates {
        let course = Course {
            program: &program,
            from: &from,
            to: &from,
            topic: &format!("source-{rate}"),
        };
        print_row(
            "no copy: the source is read",
            "-",
            rate,
            course.measure(None, rate, time)?,
        );
    }
    for lane in &arguments.lanes {
        for delivery in ["at-least-once", "exactly-once"] {
            for &rate in &arguments.rates {
                let course = Course {
                    program: &program,
                    from: &from,
                    to: &to,
                    topic: &format!("{lane}-{delivery}-{rate}"),
                };
                print_row(
                    lane,
                    delivery,
                    rate,
                    course.measure(Some((lane, delivery)), rate, time)?,
                );
            }
        }
    }
    Ok(())
}

fn print_row(lane: &str, delivery: &str, rate: u32, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: f64| {
        let index = (times.len().saturating_sub(1) as f64 * share).round() as usize;
        times.get(index).map_or(0.0, |time| time.as_secs_f64() * 1e3)
    };
    println!(
        "| {lane} | {delivery} | {rate} | {:.1} | {:.1} | {:.1} | {:.1} | {} |",
        at(0.5),
        at(0.9),
        at(0.99),
        at(1.0),
        times.len()
    );
}

/// One topic that is copied while it is produced and read.
struct Course<'a> {
    program: &'a Path,
    from: &'a str,
    to: &'a str,
    topic: &'a str,
}

impl Course<'_> {
    /// Without a lane and a delivery, nothing is copied.
    fn measure(&self, copy: Option<(&str, &str)>, rate: u32, time: Duration) -> Result<Vec<Duration>> {
        Admin::new(&sluice_model::Cluster::new(self.from)?)?.create_topic(
            &NewTopic {
                name: self.topic.to_owned(),
                partitions: PARTITIONS as usize,
                replication_factor: 1,
                config: BTreeMap::new(),
            },
            false,
        )?;
        let state = tempfile::tempdir()?;
        let mut copy = copy
            .map(|(lane, delivery)| Running::start(self.copy(lane, delivery, state.path())))
            .transpose()?;
        let epoch = Instant::now();
        let (done, counted) = (AtomicBool::new(false), Duration::from_secs(2));
        let times = std::thread::scope(|scope| -> Result<Vec<Duration>> {
            let writer = scope.spawn(|| self.write(rate, epoch, &done));
            let read = self.read(epoch, counted, time);
            done.store(true, Ordering::Relaxed);
            writer
                .join()
                .map_err(|_| anyhow::anyhow!("the writer panicked"))??;
            read
        })?;
        if let Some(copy) = &mut copy {
            copy.still_running()?;
        }
        Ok(times)
    }

    fn copy(&self, lane: &str, delivery: &str, state: &Path) -> Command {
        let mut command = Command::new(self.program);
        command
            .arg("copy")
            .args(["--from", self.from, "--to", self.to, "--topic", self.topic])
            .args(["--lane", lane, "--delivery", delivery, "--quiet"])
            .arg("--state")
            .arg(state);
        command
    }

    /// Produces `rate` records per second, each with its time.
    fn write(&self, rate: u32, epoch: Instant, done: &AtomicBool) -> Result<()> {
        let producer: BaseProducer = ClientConfig::new()
            .set("bootstrap.servers", self.from)
            .set("linger.ms", "0")
            .create()?;
        let pause = Duration::from_secs(1) / rate;
        let mut next = Instant::now();
        let mut number = 0;
        while !done.load(Ordering::Relaxed) {
            producer.poll(next.saturating_duration_since(Instant::now()));
            std::thread::sleep(next.saturating_duration_since(Instant::now()));
            let value = format!("{:<RECORD_BYTES$}", epoch.elapsed().as_nanos());
            let record = BaseRecord::<(), _>::to(self.topic)
                .partition(number % PARTITIONS)
                .payload(&value);
            producer
                .send(record)
                .map_err(|(error, _)| error)
                .context("producing")?;
            number += 1;
            next += pause;
        }
        producer.flush(PATIENCE)?;
        Ok(())
    }

    /// Reads the target, and returns how old the records were that came `counted` after the first one and `time` long.
    fn read(&self, epoch: Instant, counted: Duration, time: Duration) -> Result<Vec<Duration>> {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", self.to)
            .set("group.id", "outside")
            .set("isolation.level", "read_committed")
            .set("enable.auto.commit", "false")
            .set("topic.metadata.refresh.interval.ms", "500")
            .set("allow.auto.create.topics", "false")
            .create()?;
        let until = Instant::now() + PATIENCE;
        while consumer
            .fetch_metadata(Some(self.topic), PATIENCE)?
            .topics()
            .first()
            .is_none_or(|topic| topic.partitions().len() != PARTITIONS as usize)
        {
            ensure!(Instant::now() < until, "the target topic was not made");
        }
        let mut all = TopicPartitionList::new();
        for partition in 0..PARTITIONS {
            all.add_partition_offset(self.topic, partition, Offset::Beginning)?;
        }
        consumer.assign(&all)?;
        let mut first: Option<Instant> = None;
        let mut times = Vec::new();
        loop {
            let now = Instant::now();
            if first.is_some_and(|first| now >= first + counted + time) {
                return Ok(times);
            }
            ensure!(first.is_some() || now < until, "nothing arrives on the target");
            let Some(message) = consumer.poll(Duration::from_millis(100)) else {
                continue;
            };
            let message = message?;
            let arrived = Instant::now();
            let since = *first.get_or_insert(arrived);
            let text = std::str::from_utf8(message.payload().context("a value")?)?;
            let produced = Duration::from_nanos(text.trim_end().parse()?);
            if arrived >= since + counted {
                times.push(arrived.duration_since(epoch).saturating_sub(produced));
            }
        }
    }
}

/// A copy that ends with this.
struct Running {
    process: Child,
    log: tempfile::NamedTempFile,
}

impl Running {
    fn start(mut command: Command) -> Result<Self> {
        let log = tempfile::NamedTempFile::new()?;
        let process = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(log.path())?)
            .spawn()
            .context("starting sluice")?;
        Ok(Self { process, log })
    }

    fn still_running(&mut self) -> Result<()> {
        ensure!(
            self.process.try_wait()?.is_none(),
            "the copy ended: {}",
            std::fs::read_to_string(self.log.path())?
        );
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A process that has ended cannot be killed, which is as good.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
