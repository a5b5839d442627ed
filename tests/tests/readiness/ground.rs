//! A finished copy between two clusters, what is asked of it, and who disturbs it.

use anyhow::{Context, Result};
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use sluice_engine::ReadinessResult::Success;
use sluice_engine::{
    EvidenceValue, QUESTIONS, Question, ReadinessContext, ReadinessItem, ReadinessReport, ReadinessResult,
    VerificationReport, readiness,
};
use sluice_model::Delivery;
use sluice_testground::{Cluster, KafkaVersion};
use sluice_tests::{Bench, Filler, Shared, cluster, odd_records};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub struct Ground {
    pub source: Cluster,
    pub target: Cluster,
    pub filler: Filler,
}

static NEW: Shared<Ground> = Shared::new();
static OLD: Shared<Ground> = Shared::new();

impl Ground {
    pub fn between(source: KafkaVersion) -> Result<Self> {
        let source = cluster(source)?;
        let target = cluster(KafkaVersion::V4_3_1)?;
        let filler = Filler::new(&source.bootstrap())?;
        Ok(Self {
            source,
            target,
            filler,
        })
    }

    /// 4.3.1 → 4.3.1
    pub fn new() -> Result<Arc<Self>> {
        NEW.get(|| Self::between(KafkaVersion::V4_3_1))
    }

    /// 2.0.1 → 4.3.1
    pub fn old() -> Result<Arc<Self>> {
        OLD.get(|| Self::between(KafkaVersion::V2_0_1))
    }

    /// A topic of two partitions with records of now, copied and verified.
    pub fn copied(&self, topic: &str, delivery: Delivery) -> Result<Moved> {
        self.filler.create(topic, 2, &[("retention.ms", "-1")])?;
        for partition in 0..2 {
            self.filler.produce(topic, partition, &odd_records()[..5])?;
        }
        let mut bench =
            Bench::new(&self.source.bootstrap(), &self.target.bootstrap(), &[topic])?.named(topic)?;
        bench.task.delivery = delivery;
        bench.copy()?;
        let verification = bench.verify()?;
        Ok(Moved { bench, verification })
    }
}

/// A finished copy with its verification.
pub struct Moved {
    pub bench: Bench,
    pub verification: VerificationReport,
}

impl Moved {
    pub fn ask_with(
        &self,
        only: Option<&[Question]>,
        change: impl FnOnce(&mut ReadinessContext<'_>),
    ) -> Result<ReadinessReport> {
        let mut context = ReadinessContext {
            only,
            verification: Some(&self.verification),
            window: Duration::from_secs(1),
            ..ReadinessContext::default()
        };
        change(&mut context);
        let streamed: Mutex<Vec<ReadinessItem>> = Mutex::default();
        let never = AtomicBool::new(false);
        let report = readiness(
            &self.bench.task,
            self.bench.store.as_ref(),
            &context,
            &never,
            &|item| {
                if let Ok(mut streamed) = streamed.lock() {
                    streamed.push(item.clone());
                }
            },
        )?;
        let asked = only.map_or(QUESTIONS.len(), <[Question]>::len);
        let streamed = streamed.into_inner().unwrap_or_default();
        assert_eq!(
            streamed.len(),
            2 * asked,
            "each is streamed when it begins and when it ends"
        );
        Ok(report)
    }

    pub fn ask(&self) -> Result<ReadinessReport> {
        self.ask_with(None, |_| ())
    }

    pub fn one(&self, question: Question) -> Result<ReadinessItem> {
        let report = self.ask_with(Some(&[question]), |_| ())?;
        assert!(!report.ready, "one question makes nothing ready");
        report.item(question).cloned().context("it was asked")
    }
}

/// The item came out so, has a remedy where it must, and says these words somewhere.
pub fn expect(item: &ReadinessItem, result: ReadinessResult, words: &[&str]) {
    assert_eq!(item.result, result, "{item:#?}");
    let told = format!("{item:?}");
    for word in words {
        assert!(told.contains(word), "no '{word}' in {item:#?}");
    }
    assert_eq!(item.remedy.is_empty(), result == Success, "{item:#?}");
    assert!(
        !item.cause.is_empty() && item.expires_at_ms > item.asked_at_ms,
        "{item:#?}"
    );
}

pub fn number(item: &ReadinessItem, about: &str, fact: &str) -> Option<i64> {
    let row = item.evidence.iter().find(|row| row.about == about)?;
    match row.facts.get(fact)? {
        EvidenceValue::Number(number) => Some(*number),
        EvidenceValue::Truth(_) | EvidenceValue::Text(_) => None,
    }
}

/// An idempotent producer, as Java's are by default.
pub fn idempotent(cluster: &Cluster) -> Result<BaseProducer> {
    Ok(ClientConfig::new()
        .set("bootstrap.servers", cluster.bootstrap())
        .set("enable.idempotence", "true")
        .set("linger.ms", "0")
        .create()?)
}

pub fn write(producer: &BaseProducer, topic: &str) -> Result<()> {
    producer
        .send(
            BaseRecord::<(), [u8]>::to(topic)
                .partition(0)
                .payload(b"forgotten"),
        )
        .map_err(|(error, _)| error)?;
    Ok(producer.flush(Duration::from_secs(10))?)
}

/// Writes until `done` is over, so that whoever looks twice sees it.
pub fn while_writing<T>(
    producer: &BaseProducer,
    topic: &str,
    asked: impl FnOnce() -> Result<T> + Send,
) -> Result<T>
where
    T: Send,
{
    std::thread::scope(|scope| {
        let asked = scope.spawn(asked);
        while !asked.is_finished() {
            write(producer, topic)?;
            std::thread::sleep(Duration::from_millis(100));
        }
        asked.join().map_err(|_| anyhow::anyhow!("asking panicked"))?
    })
}
