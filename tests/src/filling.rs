use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, AlterConfig, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};
use rdkafka::{ClientContext, config::FromClientConfigAndContext};

const DEADLINE: Duration = Duration::from_secs(30);

/// A record to produce, with everything that is easily lost on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OddRecord {
    /// Key.
    pub key: Option<Vec<u8>>,
    /// Value.
    pub value: Option<Vec<u8>>,
    /// Headers in order.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
    /// Milliseconds since 1970.
    pub timestamp: i64,
}

/// One record of each odd kind.
pub fn odd_records() -> Vec<OddRecord> {
    let base = 1_700_000_000_000;
    let record =
        |key: Option<&[u8]>, value: Option<&[u8]>, headers: &[(&str, Option<&[u8]>)], timestamp| OddRecord {
            key: key.map(<[u8]>::to_vec),
            value: value.map(<[u8]>::to_vec),
            headers: headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.map(<[u8]>::to_vec)))
                .collect(),
            timestamp,
        };
    vec![
        record(Some(b"key"), Some(b"value"), &[], base),
        record(None, Some(b"null key"), &[], base + 1),
        record(Some(b""), Some(b"empty key"), &[], base + 2),
        record(Some(b"tombstone"), None, &[], base + 3),
        record(Some(b"empty value"), Some(b""), &[], base + 4),
        record(None, None, &[], base + 5),
        record(
            Some(b"headers"),
            Some(b"v"),
            &[
                ("a", Some(b"1")),
                ("b", Some(b"2")),
                ("a", Some(b"1")),
                ("a", None),
                ("", Some(b"no name")),
                ("empty", Some(b"")),
            ],
            base + 6,
        ),
        record(
            Some(b"binary"),
            Some(&[0, 255, 128, 10, 13, 0]),
            &[
                ("bin", Some(&[0, 255, 1])),
                ("ключ-鍵", Some("значение".as_bytes())),
            ],
            base + 7,
        ),
        record(Some(b"old"), Some(b"1970"), &[], 1),
        record(Some(b"future"), Some(b"2100"), &[], 4_102_444_800_000),
        record(
            Some(b"backwards"),
            Some(b"earlier than its neighbours"),
            &[],
            base - 86_400_000,
        ),
        record(Some(b"large"), Some(&vec![b'x'; 300_000]), &[], base + 8),
    ]
}

/// Remembers the first record that was not written: a test that fills less than it thinks proves nothing.
#[derive(Default)]
struct Strict(Mutex<Option<KafkaError>>);

impl ClientContext for Strict {}

impl ProducerContext for Strict {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = result {
            self.0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .get_or_insert(error.clone());
        }
    }
}

/// Produces to one cluster.
pub struct Filler {
    producer: BaseProducer<Strict>,
    admin: AdminClient<DefaultClientContext>,
    bootstrap: String,
}

impl Filler {
    /// A producer to `bootstrap`.
    ///
    /// # Errors
    /// The client could not be made.
    pub fn new(bootstrap: &str) -> Result<Self> {
        Self::with_codec(bootstrap, "none")
    }

    /// A producer to `bootstrap` that compresses with `codec` (`compression.codec` of librdkafka).
    ///
    /// # Errors
    /// The client could not be made.
    pub fn with_codec(bootstrap: &str, codec: &str) -> Result<Self> {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", bootstrap)
            .set("compression.codec", codec)
            .set("linger.ms", "2")
            // A batch that is tried again must not overtake the next, also on brokers without idempotence.
            .set("max.in.flight.requests.per.connection", "1")
            .set("message.max.bytes", "1000000000")
            .set("queue.buffering.max.messages", "1000000");
        Ok(Self {
            producer: BaseProducer::from_config_and_context(&config, Strict::default())?,
            admin: config.create()?,
            bootstrap: bootstrap.to_owned(),
        })
    }

    /// Creates a topic and waits until it can be used.
    ///
    /// # Errors
    /// The cluster refused.
    pub fn create(&self, topic: &str, partitions: i32, config: &[(&str, &str)]) -> Result<()> {
        self.create_replicated(topic, partitions, 1, config)
    }

    /// As [`Filler::create`], with `replicas` copies of each partition.
    ///
    /// # Errors
    /// The cluster refused.
    pub fn create_replicated(
        &self,
        topic: &str,
        partitions: i32,
        replicas: i32,
        config: &[(&str, &str)],
    ) -> Result<()> {
        let mut new = NewTopic::new(topic, partitions, TopicReplication::Fixed(replicas));
        for (key, value) in config {
            new = new.set(key, value);
        }
        let results = futures_block(
            self.admin
                .create_topics([&new], &AdminOptions::new().operation_timeout(Some(DEADLINE))),
        )?;
        for result in results {
            result.map_err(|(topic, code)| anyhow!("{topic}: {code}"))?;
        }
        self.has_leaders(topic, usize::try_from(partitions)?)
    }

    /// Waits until brokers name a leader of so many partitions: the controller answers before they know of them.
    fn has_leaders(&self, topic: &str, partitions: usize) -> Result<()> {
        crate::eventually("the topic has leaders", || {
            let metadata = self.admin.inner().fetch_metadata(Some(topic), DEADLINE)?;
            Ok(metadata.topics().iter().any(|t| {
                t.partitions().len() == partitions && t.partitions().iter().all(|p| p.leader() >= 0)
            }))
        })
    }

    /// The admin client.
    pub fn admin(&self) -> &AdminClient<DefaultClientContext> {
        &self.admin
    }

    /// Deletes a topic and waits until it is gone.
    ///
    /// # Errors
    /// The cluster refused.
    pub fn delete(&self, topic: &str) -> Result<()> {
        futures_block(self.admin.delete_topics(&[topic], &AdminOptions::new()))?;
        crate::eventually("the topic is gone", || {
            let metadata = self.admin.inner().fetch_metadata(None, DEADLINE)?;
            Ok(metadata.topics().iter().all(|t| t.name() != topic))
        })
    }

    /// Gives a topic this configuration and no other: old brokers can only set all of it.
    ///
    /// # Errors
    /// The cluster refused.
    pub fn configure(&self, topic: &str, config: &[(&str, &str)]) -> Result<()> {
        let mut wanted = AlterConfig::new(ResourceSpecifier::Topic(topic));
        for (key, value) in config {
            wanted = wanted.set(key, value);
        }
        for result in futures_block(self.admin.alter_configs([&wanted], &AdminOptions::new()))? {
            result.map_err(|(resource, code)| anyhow!("{resource:?}: {code}"))?;
        }
        Ok(())
    }

    /// Grows a topic and waits for the leaders of its new partitions.
    ///
    /// # Errors
    /// The cluster refused.
    pub fn grow(&self, topic: &str, partitions: usize) -> Result<()> {
        let grow = rdkafka::admin::NewPartitions::new(topic, partitions);
        for result in futures_block(self.admin.create_partitions([&grow], &AdminOptions::new()))? {
            result.map_err(|(topic, code)| anyhow!("{topic}: {code}"))?;
        }
        self.has_leaders(topic, partitions)
    }

    /// Deletes the records of a partition before `offset`.
    ///
    /// # Errors
    /// The cluster refused.
    pub fn delete_records(&self, topic: &str, partition: i32, offset: i64) -> Result<()> {
        let mut list = rdkafka::TopicPartitionList::new();
        list.add_partition_offset(topic, partition, rdkafka::Offset::Offset(offset))?;
        let answer = futures_block(self.admin.delete_records(&list, &AdminOptions::new()))?;
        for element in answer.elements() {
            element.error()?;
        }
        Ok(())
    }

    /// Produces `records` to one partition and waits for the acknowledgement.
    ///
    /// # Errors
    /// The cluster refused.
    pub fn produce(&self, topic: &str, partition: i32, records: &[OddRecord]) -> Result<()> {
        for record in records {
            send(&self.producer, topic, partition, record)?;
        }
        self.written()
    }

    /// Produces `count` numbered records of about `size` bytes to each of `partitions` partitions.
    ///
    /// # Errors
    /// The cluster refused.
    pub fn numbered(
        &self,
        topic: &str,
        partitions: i32,
        from: usize,
        count: usize,
        size: usize,
    ) -> Result<()> {
        for number in from..from + count {
            for partition in 0..partitions {
                send(
                    &self.producer,
                    topic,
                    partition,
                    &numbered(partition, number, size),
                )?;
            }
        }
        self.written()
    }

    fn written(&self) -> Result<()> {
        self.producer.flush(DEADLINE).context("flush")?;
        match self
            .producer
            .context()
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
        {
            Some(error) => Err(error.into()),
            None => Ok(()),
        }
    }

    /// A transactional producer of the same cluster.
    ///
    /// # Errors
    /// The cluster refused.
    pub fn transactional(&self, id: &str) -> Result<Transactional> {
        let producer: BaseProducer = ClientConfig::new()
            .set("bootstrap.servers", &self.bootstrap)
            .set("transactional.id", id)
            .set("linger.ms", "1")
            .create()?;
        producer.init_transactions(DEADLINE)?;
        Ok(Transactional { producer })
    }
}

/// A numbered record: its content says where it belongs.
fn numbered(partition: i32, number: usize, size: usize) -> OddRecord {
    let mut value = format!("{partition}/{number}/").into_bytes();
    // Not a constant filler: compressed batches shall have a size worth the name.
    let mut state = number as u64 ^ 0x9e37_79b9_7f4a_7c15;
    while value.len() < size {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        value.extend_from_slice(format!("{:x} ", state >> 40).as_bytes());
    }
    value.truncate(size.max(1));
    OddRecord {
        key: Some(format!("k{number}").into_bytes()),
        value: Some(value),
        headers: vec![("n".to_owned(), Some(number.to_string().into_bytes()))],
        timestamp: 1_700_000_000_000 + number as i64,
    }
}

/// Writes transactions.
pub struct Transactional {
    producer: BaseProducer,
}

impl Transactional {
    /// One transaction with `records`, committed or aborted.
    ///
    /// # Errors
    /// The cluster refused.
    pub fn write(&self, topic: &str, partition: i32, records: &[OddRecord], commit: bool) -> Result<()> {
        self.open(topic, partition, records)?;
        if commit {
            self.producer.commit_transaction(DEADLINE)?
        } else {
            self.producer.abort_transaction(DEADLINE)?
        }
        Ok(())
    }

    /// Begins a transaction, writes `records` and leaves it open.
    ///
    /// # Errors
    /// The cluster refused.
    pub fn open(&self, topic: &str, partition: i32, records: &[OddRecord]) -> Result<()> {
        self.producer.begin_transaction()?;
        for record in records {
            send(&self.producer, topic, partition, record)?;
        }
        Ok(self.producer.flush(DEADLINE)?)
    }

    /// Commits what [`Transactional::open`] began.
    ///
    /// # Errors
    /// The cluster refused.
    pub fn commit(&self) -> Result<()> {
        Ok(self.producer.commit_transaction(DEADLINE)?)
    }
}

fn send<C: ProducerContext<DeliveryOpaque = ()>>(
    producer: &BaseProducer<C>,
    topic: &str,
    partition: i32,
    record: &OddRecord,
) -> Result<()> {
    let mut headers = OwnedHeaders::new();
    for (key, value) in &record.headers {
        headers = headers.insert(Header {
            key,
            value: value.as_ref(),
        });
    }
    let mut base: BaseRecord<'_, [u8], [u8]> = BaseRecord::to(topic)
        .partition(partition)
        .timestamp(record.timestamp);
    if let Some(key) = &record.key {
        base = base.key(key);
    }
    if let Some(value) = &record.value {
        base = base.payload(value);
    }
    if !record.headers.is_empty() {
        base = base.headers(headers);
    }
    loop {
        match producer.send(base) {
            Ok(()) => return Ok(()),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                producer.poll(Duration::from_millis(20));
                base = back;
            }
            Err((error, _)) => return Err(error.into()),
        }
    }
}

fn futures_block<T>(future: impl Future<Output = T>) -> T {
    use std::sync::Arc;
    use std::task::{Context, Poll, Wake, Waker};
    struct Unpark(std::thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::park(),
        }
    }
}
