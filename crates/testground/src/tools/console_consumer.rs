use std::{collections::BTreeMap, io::Write, time::Duration};

use super::{JavaTool, ToolOutput};
use crate::{Cluster, Error, KafkaVersion, Result, error::Doing, server_properties::to_text};

const PATIENCE: Duration = Duration::from_secs(300);
/// The silence doubles each time.
const ATTEMPTS: u32 = 4;

/// Kafka's console consumer: what a topic holds, said by someone else.
///
/// Reads from the beginning. A cluster is asked by a way that no link stands before, with the tools of
/// [`KafkaVersion::tools`].
#[derive(Debug, Clone)]
pub struct ConsoleConsumer {
    version: KafkaVersion,
    topic: String,
    partition: Option<i32>,
    max_records: Option<u64>,
    silence: Duration,
    patience: Duration,
    read_committed: bool,
    print: Vec<&'static str>,
    print_value: bool,
    client: BTreeMap<String, String>,
}

impl ConsoleConsumer {
    /// Reads `topic` of `cluster`.
    pub fn new(cluster: &Cluster, topic: impl Into<String>) -> Self {
        Self::at(cluster.version(), cluster.direct_bootstrap(), topic)
    }

    /// Reads `topic` of any cluster, whose brokers are of `version`.
    pub fn at(version: KafkaVersion, bootstrap: impl Into<String>, topic: impl Into<String>) -> Self {
        Self {
            version: version.tools(),
            topic: topic.into(),
            partition: None,
            max_records: None,
            silence: Duration::from_secs(5),
            patience: PATIENCE,
            read_committed: false,
            print: Vec::new(),
            print_value: true,
            client: BTreeMap::from([("bootstrap.servers".to_owned(), bootstrap.into())]),
        }
    }

    /// Only this partition. All of them if not said.
    #[must_use]
    pub fn partition(mut self, partition: i32) -> Self {
        self.partition = Some(partition);
        self
    }

    /// Ends after so many records. Knowing their number saves the wait for more.
    #[must_use]
    pub fn max_records(mut self, max_records: u64) -> Self {
        self.max_records = Some(max_records);
        self
    }

    /// Ends when no record has come for so long. 5 s if not said.
    #[must_use]
    pub fn silence(mut self, silence: Duration) -> Self {
        self.silence = silence;
        self
    }

    /// How long the program may run before it is killed. Five minutes if not said.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Leaves out records of transactions that were aborted or are still open.
    #[must_use]
    pub fn read_committed(mut self) -> Self {
        self.read_committed = true;
        self
    }

    /// Prints the timestamp.
    #[must_use]
    pub fn print_timestamp(self) -> Self {
        self.print("timestamp")
    }

    /// Prints the partition.
    #[must_use]
    pub fn print_partition(self) -> Self {
        self.print("partition")
    }

    /// Prints the offset.
    #[must_use]
    pub fn print_offset(self) -> Self {
        self.print("offset")
    }

    /// Prints the headers.
    #[must_use]
    pub fn print_headers(self) -> Self {
        self.print("headers")
    }

    /// Prints the key.
    #[must_use]
    pub fn print_key(self) -> Self {
        self.print("key")
    }

    /// Prints everything: `CreateTime:1\tPartition:0\tOffset:0\theader:value\tkey\tvalue`.
    #[must_use]
    pub fn print_all(self) -> Self {
        self.print_timestamp()
            .print_partition()
            .print_offset()
            .print_headers()
            .print_key()
    }

    /// Does not print the value.
    #[must_use]
    pub fn without_value(mut self) -> Self {
        self.print_value = false;
        self
    }

    /// Properties of the client, such as [`Cluster::secured_client_properties`].
    #[must_use]
    pub fn client_properties(mut self, properties: impl IntoIterator<Item = (String, String)>) -> Self {
        self.client.extend(properties);
        self
    }

    /// Reads, and returns one line a record.
    ///
    /// Kafka's program ends with success whatever happens, so its log is asked too: no records means that there
    /// was a topic, that it could be read, and that it was empty.
    ///
    /// # Errors
    /// It fails, for example because the topic is not there or the password is wrong.
    pub fn run(self) -> Result<Vec<String>> {
        let mut silence = self.silence;
        for _ in 1..ATTEMPTS {
            let output = self.read(silence)?;
            // One that continues where its group has committed does not say where it begins.
            if self.has_all(&output) {
                return Ok(output.lines());
            }
            // Beginning to read takes a group, which takes a while on a cluster that never had one, and the
            // silence counts from the start.
            if !began(&output) && is_silence(&output) && !output.stderr.contains("UNKNOWN_TOPIC_OR_PARTITION")
            {
                silence *= 2;
                continue;
            }
            return judge(output);
        }
        self.read(silence).and_then(judge)
    }

    /// Whether it has read as many records as were wanted.
    fn has_all(&self, output: &ToolOutput) -> bool {
        self.max_records
            .is_some_and(|wanted| usize::try_from(wanted) == Ok(output.lines().len()))
    }

    fn read(&self, silence: Duration) -> Result<ToolOutput> {
        let (config_flag, formatter_flag) = if self.version >= KafkaVersion::V4_3_1 {
            ("--command-config", "--formatter-property")
        } else {
            ("--consumer.config", "--property")
        };
        let mut config =
            tempfile::NamedTempFile::new().doing(|| "making a file of client properties".to_owned())?;
        config
            .write_all(to_text(&self.client).as_bytes())
            .doing(|| format!("writing {}", config.path().display()))?;
        let bootstrap = self.client.get("bootstrap.servers").cloned().unwrap_or_default();

        let mut tool = JavaTool::new(self.version, "org.apache.kafka.tools.consumer.ConsoleConsumer")
            .args(["--bootstrap-server", &bootstrap, "--topic", &self.topic])
            .arg(config_flag)
            .arg(config.path().display().to_string())
            .args(["--timeout-ms", &silence.as_millis().to_string()])
            .patience(self.patience);
        tool = match self.partition {
            Some(partition) => tool.args(["--partition", &partition.to_string(), "--offset", "earliest"]),
            None => tool.arg("--from-beginning"),
        };
        if let Some(max) = self.max_records {
            tool = tool.args(["--max-messages", &max.to_string()]);
        }
        if self.read_committed {
            tool = tool.args(["--isolation-level", "read_committed"]);
        }
        for what in &self.print {
            tool = tool.arg(formatter_flag).arg(format!("print.{what}=true"));
        }
        if !self.print_value {
            tool = tool.args([formatter_flag, "print.value=false"]);
        }
        tool.run()?.successful()
    }

    fn print(mut self, what: &'static str) -> Self {
        self.print.push(what);
        self
    }
}

const SILENCE: &str = "org.apache.kafka.common.errors.TimeoutException";

/// Whether the consumer got as far as an offset to read from.
fn began(output: &ToolOutput) -> bool {
    output.stderr.contains("Resetting offset for partition")
}

/// Whether it ended because no more records came.
fn is_silence(output: &ToolOutput) -> bool {
    output.stderr.lines().any(|line| line == SILENCE)
}

fn judge(output: ToolOutput) -> Result<Vec<String>> {
    let gave_up = output.stderr.contains("terminating consumer process");
    if began(&output) && (!gave_up || is_silence(&output)) {
        return Ok(output.lines());
    }
    let status = "ended without having read".to_owned();
    Err(Error::Tool {
        tool: output.tool,
        status,
        output: output.stderr,
    })
}
