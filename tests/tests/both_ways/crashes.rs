//! Between in-process clusters: a process that dies at its writes, and what a pair does and does not leave out.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use sluice_engine::{
    CheckpointStore, Direction, Ending, EngineError, RunOptions, VerificationResult, VerifyOptions,
    WriterNotes, inspect, start, verify,
};
use sluice_fakekafka::{FakeCluster, FakeRecord};
use sluice_model::{Cluster, Delivery, ExistingData, Objects, Task, TaskName};
use sluice_store::SqliteStore;
use sluice_tests::{BOTH, Chance, Death, DyingStore, dies, eventually, fake_clusters, stop, values};

use crate::rounds;

pub const TOPIC: &str = "t";
/// Tells a process that it is the one to die: source, target, state, direction, delivery, writes it survives, moment.
const VICTIM: &str = "SLUICE_PAIR_VICTIM";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    There,
    Back,
}

pub const WAYS: [Way; 2] = [Way::There, Way::Back];

impl Way {
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::There => ("there", "back"),
            Self::Back => ("back", "there"),
        }
    }
}

/// The task of one way between the clusters at `a` and `b`.
pub fn between(way: Way, a: &str, b: &str, delivery: Delivery) -> Result<Task> {
    let (own, partner) = way.names();
    let (source, target) = match way {
        Way::There => (a, b),
        Way::Back => (b, a),
    };
    let mut task = Task::new(
        TaskName::new(own)?,
        Cluster::new(source)?,
        Cluster::new(target)?,
        Objects::Topics(vec![TOPIC.to_owned()]),
    );
    task.delivery = delivery;
    task.existing = ExistingData::Append;
    task.both_ways = Some(TaskName::new(partner)?);
    Ok(task)
}

pub fn copy(task: Task, store: Arc<dyn CheckpointStore>) -> Result<()> {
    let options = RunOptions {
        until_caught_up: true,
        ..RunOptions::default()
    };
    match start(task, store, Arc::new(|_| {}), options)?.wait().ending {
        Ending::CaughtUp { incomplete } if incomplete.is_empty() => Ok(()),
        other => bail!("{other:?}"),
    }
}

/// Two clusters with the topic on both, and a state for both tasks.
pub struct Ground {
    pub a: FakeCluster,
    pub b: FakeCluster,
    state: tempfile::TempDir,
    pub store: Arc<SqliteStore>,
    written: BTreeMap<String, usize>,
    /// Applications of both sides whose producers have ids.
    applications: [BaseProducer; 2],
}

impl Ground {
    pub fn new() -> Result<Self> {
        let ground = Self::with_topic_on_a()?;
        ground.b.create_topic(TOPIC, 1, &[])?;
        Ok(ground)
    }

    /// With a topic that is compacted on both sides.
    pub fn compacted() -> Result<Self> {
        let policy = [("cleanup.policy", "compact")];
        let ground = Self::with_topic_on_a_of(&policy)?;
        ground.b.create_topic(TOPIC, 1, &policy)?;
        Ok(ground)
    }

    fn with_topic_on_a() -> Result<Self> {
        Self::with_topic_on_a_of(&[])
    }

    fn with_topic_on_a_of(configs: &[(&str, &str)]) -> Result<Self> {
        let (a, b) = fake_clusters()?;
        a.create_topic(TOPIC, 1, configs)?;
        let state = tempfile::tempdir()?;
        let store = Arc::new(SqliteStore::open(state.path())?);
        let application = |cluster: &FakeCluster| -> Result<BaseProducer> {
            Ok(ClientConfig::new()
                .set("bootstrap.servers", cluster.bootstrap())
                .set("enable.idempotence", "true")
                .create()?)
        };
        Ok(Self {
            applications: [application(&a)?, application(&b)?],
            a,
            b,
            state,
            store,
            written: BTreeMap::new(),
        })
    }

    pub fn task(&self, way: Way, delivery: Delivery) -> Result<Task> {
        between(way, &self.a.bootstrap(), &self.b.bootstrap(), delivery)
    }

    /// Applications write on the source of a way: one whose batches have no producer id and one whose batches do.
    pub fn write(&mut self, way: Way, count: u64) -> Result<()> {
        let (cluster, application) = match way {
            Way::There => (&self.a, &self.applications[0]),
            Way::Back => (&self.b, &self.applications[1]),
        };
        for number in 0..count {
            let value = format!("{way:?} {}", self.written.len());
            if number % 2 == 0 {
                let record = FakeRecord::new("k", value.clone()).at(1_700_000_000_000);
                cluster.append(TOPIC, 0, vec![record])?;
            } else {
                application
                    .send(BaseRecord::to(TOPIC).key("k").payload(&value).partition(0))
                    .map_err(|(error, _)| error)?;
                application.flush(Duration::from_secs(30))?;
            }
            self.written.insert(value, 1);
        }
        Ok(())
    }

    pub fn copy(&self, way: Way, delivery: Delivery) -> Result<()> {
        copy(self.task(way, delivery)?, self.store.clone()).with_context(|| format!("{way:?}"))
    }

    fn counts(&self) -> Result<[BTreeMap<String, usize>; 2]> {
        let of = |cluster: &FakeCluster| -> Result<BTreeMap<String, usize>> {
            let mut counts = BTreeMap::new();
            for value in values(cluster, TOPIC)? {
                *counts.entry(value).or_default() += 1;
            }
            Ok(counts)
        };
        Ok([of(&self.a)?, of(&self.b)?])
    }

    /// Whether each record is on both sides, once where it has to be.
    fn is_exact(&self, delivery: Delivery) -> Result<()> {
        for (side, found) in ["a", "b"].into_iter().zip(self.counts()?) {
            if delivery == Delivery::ExactlyOnce {
                ensure!(
                    found == self.written,
                    "{side} has {} of {} records, or some of them more than once: {:?}",
                    found.len(),
                    self.written.len(),
                    found
                        .iter()
                        .filter(|(_, count)| **count != 1)
                        .take(5)
                        .collect::<Vec<_>>()
                );
            } else {
                ensure!(found.keys().eq(self.written.keys()), "{side} has other records");
            }
        }
        Ok(())
    }

    /// Both directions, as they are verified.
    fn verified(&self, delivery: Delivery) -> Result<Vec<VerificationResult>> {
        WAYS.into_iter()
            .map(|way| {
                let never = std::sync::atomic::AtomicBool::new(false);
                let report = verify(
                    &self.task(way, delivery)?,
                    self.store.as_ref(),
                    VerifyOptions::default(),
                    &|_| {},
                    &never,
                )?;
                Ok(report.result)
            })
            .collect()
    }
}

#[test]
fn what_both_sides_have_and_get_is_on_both_once_and_nothing_comes_back() -> Result<()> {
    for delivery in BOTH {
        let mut ground = Ground::new()?;
        for way in WAYS {
            ground.write(way, 7)?;
        }
        for round in 0..3 {
            for way in WAYS {
                ground.write(way, 5)?;
                ground
                    .copy(way, delivery)
                    .with_context(|| format!("round {round}"))?;
            }
        }
        // What the last run brought is the other task's to pass.
        ground.copy(Way::There, delivery)?;
        let ends = (ground.a.end_offset(TOPIC, 0)?, ground.b.end_offset(TOPIC, 0)?);
        ground.is_exact(delivery)?;
        for way in WAYS {
            ground.copy(way, delivery)?;
        }
        ground.is_exact(delivery)?;
        assert_eq!(
            (ground.a.end_offset(TOPIC, 0)?, ground.b.end_offset(TOPIC, 0)?),
            ends,
            "a run with nothing to copy writes nothing, not even markers"
        );
        for way in WAYS {
            let (name, end) = match way {
                Way::There => ("there", ends.0),
                Way::Back => ("back", ends.1),
            };
            let state = ground.store.partitions(&TaskName::new(name)?)?;
            assert_eq!(state[0].position, end, "{name} has passed what is not its own");
        }
        assert_eq!(
            ground.verified(delivery)?,
            [VerificationResult::Equal, VerificationResult::Equal]
        );
    }
    Ok(())
}

#[test]
fn a_verification_of_a_pair_finds_what_is_missing_and_what_came_back() -> Result<()> {
    let mut ground = Ground::new()?;
    for way in WAYS {
        ground.write(way, 9)?;
        ground.copy(way, Delivery::ExactlyOnce)?;
    }
    ground.copy(Way::There, Delivery::ExactlyOnce)?;
    ground.is_exact(Delivery::ExactlyOnce)?;
    // As a copy would that does not know the pair: what it writes is not noted.
    let mut stranger = ground.task(Way::There, Delivery::ExactlyOnce)?;
    stranger.name = TaskName::new("stranger")?;
    stranger.both_ways = None;
    let other = tempfile::tempdir()?;
    copy(stranger, Arc::new(SqliteStore::open(other.path())?))?;
    assert_eq!(
        ground.verified(Delivery::ExactlyOnce)?[0],
        VerificationResult::Equal,
        "what others write on the target is theirs"
    );
    ground.copy(Way::Back, Delivery::ExactlyOnce)?;
    let [on_a, _] = ground.counts()?;
    assert!(
        on_a.values().any(|count| *count > 1),
        "the stranger's records were taken for the applications'"
    );
    assert_eq!(
        ground.verified(Delivery::ExactlyOnce)?[1],
        VerificationResult::Equal,
        "and each was copied once"
    );
    Ok(())
}

#[test]
fn a_pair_that_is_deleted_and_made_again_knows_what_the_first_one_wrote() -> Result<()> {
    let mut ground = Ground::new()?;
    for way in WAYS {
        ground.write(way, 6)?;
        ground.copy(way, Delivery::ExactlyOnce)?;
    }
    ground.copy(Way::There, Delivery::ExactlyOnce)?;
    let before = ground.a.end_offset(TOPIC, 0)?;
    for task in ["there", "back"] {
        ground.store.delete_task(task)?;
    }
    // Another task between the same clusters, in one direction of the pair.
    let mut again = ground.task(Way::Back, Delivery::ExactlyOnce)?;
    again.name = TaskName::new("again")?;
    again.both_ways = Some(TaskName::new("gone")?);
    copy(again, ground.store.clone())?;
    let [on_a, _] = ground.counts()?;
    for (value, count) in on_a {
        let expected = if value.starts_with("Back") { 2 } else { 1 };
        assert_eq!(
            count, expected,
            "{value}: the new task copies b's own once more, and nothing of a's"
        );
    }
    assert!(ground.a.end_offset(TOPIC, 0)? > before);
    Ok(())
}

#[test]
fn a_topic_that_one_side_lacks_is_made_by_the_one_task_and_then_followed_by_the_other() -> Result<()> {
    let mut ground = Ground::with_topic_on_a()?;
    let back = ground.task(Way::Back, Delivery::ExactlyOnce)?;
    let seen = inspect(&back, ground.store.as_ref())?;
    assert!(seen.may_start(), "{:?}", seen.findings);
    let running = start(
        back,
        ground.store.clone(),
        Arc::new(|_| {}),
        RunOptions::default(),
    )?;
    ground.write(Way::There, 4)?;
    ground.copy(Way::There, Delivery::ExactlyOnce)?;
    ground.write(Way::Back, 3)?;
    let written = ground.written.len();
    eventually("what b wrote is on a", || {
        Ok(values(&ground.a, TOPIC)?.len() >= written)
    })?;
    stop(running)?;
    ground.is_exact(Delivery::ExactlyOnce)
}

#[test]
fn an_id_that_cannot_be_noted_writes_nothing() -> Result<()> {
    for delivery in BOTH {
        let mut ground = Ground::new()?;
        ground.write(Way::There, 5)?;
        // The launch, then the note of the id.
        let store = Arc::new(DyingStore::after(ground.store.clone(), 1));
        let refused = copy(ground.task(Way::There, delivery)?, store).unwrap_err();
        assert!(
            refused
                .downcast_ref::<EngineError>()
                .is_some_and(EngineError::is_passing),
            "it is tried again: {refused:#}"
        );
        assert_eq!(ground.b.end_offset(TOPIC, 0)?, 0, "{delivery:?}");
        let copied = Direction {
            from: "source".to_owned(),
            to: "target".to_owned(),
        };
        assert!(!ground.store.has_writers(&copied)?);
        ground.copy(Way::There, delivery)?;
        ground.copy(Way::Back, delivery)?;
        ground.is_exact(delivery)?;
    }
    Ok(())
}

/// The process that dies. As a test of its own it does nothing.
#[test]
fn victim() -> Result<()> {
    let Ok(given) = std::env::var(VICTIM) else {
        return Ok(());
    };
    let given: Vec<&str> = given.split('|').collect();
    let [a, b, state, way, delivery, writes, moment] = given.as_slice() else {
        bail!("{given:?}");
    };
    let way = if *way == "There" { Way::There } else { Way::Back };
    let delivery = if *delivery == "once" {
        Delivery::ExactlyOnce
    } else {
        Delivery::AtLeastOnce
    };
    let death = if *moment == "before" {
        Death::Before
    } else {
        Death::After
    };
    let store = Arc::new(SqliteStore::open(Path::new(state))?);
    copy(
        between(way, a, b, delivery)?,
        Arc::new(DyingStore::dying(store, writes.parse()?, death)),
    )
}

#[test]
fn a_pair_that_dies_at_its_writes_again_and_again_ends_with_each_record_on_both_sides() -> Result<()> {
    for delivery in BOTH {
        let mut ground = Ground::new()?;
        let mut chance = Chance(0x0b07_4a75);
        let mut deaths = 0;
        for round in 0..rounds(8) {
            for way in WAYS {
                let count = chance.below(20);
                ground.write(way, count)?;
            }
            let given = [
                ground.a.bootstrap(),
                ground.b.bootstrap(),
                ground.state.path().display().to_string(),
                format!("{:?}", WAYS[usize::from(chance.below(2) == 0)]),
                if delivery == Delivery::ExactlyOnce {
                    "once"
                } else {
                    "least"
                }
                .to_owned(),
                chance.below(5).to_string(),
                if chance.below(2) == 0 { "before" } else { "after" }.to_owned(),
            ]
            .join("|");
            deaths += usize::from(
                dies("crashes::victim", VICTIM, &given).with_context(|| format!("round {round}: {given}"))?,
            );
        }
        for way in [Way::There, Way::Back, Way::There] {
            ground.copy(way, delivery)?;
        }
        ground
            .is_exact(delivery)
            .with_context(|| format!("{delivery:?} after {deaths} deaths"))?;
        assert!(
            deaths * 3 >= rounds(8),
            "only {deaths} deaths in {} rounds",
            rounds(8)
        );
        println!("{delivery:?}: {deaths} deaths in {} rounds", rounds(8));
    }
    Ok(())
}
