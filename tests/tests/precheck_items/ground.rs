//! Two clusters with fresh records, and what is expected of one item of a report.

use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Result;
use sluice_engine::{ItemResult, PreCheckContext, PreCheckItem, PreCheckReport, precheck};
use sluice_fakekafka::{FakeCluster, FakeRecord};
use sluice_tests::{Bench, fake_clusters as clusters};

use ItemResult::{Failed, Success};

pub const HOUR: i64 = 3_600_000;

pub fn now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as i64)
}

/// Records of `age` ms ago.
pub fn records(count: usize, age: i64) -> Vec<FakeRecord> {
    (0..count)
        .map(|n| FakeRecord::new(format!("k{n}"), format!("value {n}")).at(now() - age))
        .collect()
}

pub fn bench(source: &FakeCluster, target: &FakeCluster, topics: &[&str]) -> Result<Bench> {
    Bench::new(&source.bootstrap(), &target.bootstrap(), topics)
}

/// Two clusters, and a topic `t` of two partitions with 40 fresh records.
pub fn filled() -> Result<(FakeCluster, FakeCluster, Bench)> {
    let (source, target) = clusters()?;
    source.create_topic("t", 2, &[])?;
    for partition in 0..2 {
        source.append("t", partition, records(20, 1_000))?;
    }
    let bench = bench(&source, &target, &["t"])?;
    Ok((source, target, bench))
}

pub fn quick() -> PreCheckContext<'static> {
    PreCheckContext {
        watch: Duration::from_millis(300),
        ..PreCheckContext::default()
    }
}

pub fn check_with(bench: &Bench, context: &PreCheckContext<'_>) -> PreCheckReport {
    let never = AtomicBool::new(false);
    precheck(&bench.task, bench.store.as_ref(), context, &never, &|_| {})
}

pub fn check(bench: &Bench) -> PreCheckReport {
    check_with(bench, &quick())
}

pub fn item<'a>(report: &'a PreCheckReport, id: &str) -> &'a PreCheckItem {
    report
        .items
        .iter()
        .find(|item| item.id == id)
        .unwrap_or_else(|| panic!("no item {id} in {report:#?}"))
}

/// The item came out so, says these words, and has effect and remedy where it must.
pub fn expect(report: &PreCheckReport, id: &str, result: ItemResult, words: &[&str]) {
    let item = item(report, id);
    assert_eq!(item.result, result, "{item:#?}");
    for word in words {
        let told = format!("{} | {} | {}", item.cause, item.effect, item.remedy);
        assert!(told.contains(word), "no '{word}' in {item:#?}");
    }
    assert!(!item.cause.is_empty(), "{item:#?}");
    assert_eq!(
        item.effect.is_empty() && item.remedy.is_empty(),
        result == Success,
        "{item:#?}"
    );
    if result == Failed {
        assert!(!report.may_start, "{id} failed, and the task may start");
    }
}

/// Does `act` once the first look at the offsets is over, and before the second.
pub fn check_while(bench: &Bench, act: impl Fn() -> Result<()> + Sync) -> Result<PreCheckReport> {
    let failed: Mutex<Option<anyhow::Error>> = Mutex::default();
    let context = PreCheckContext {
        watch: Duration::from_secs(2),
        ..PreCheckContext::default()
    };
    let report = precheck(
        &bench.task,
        bench.store.as_ref(),
        &context,
        &AtomicBool::new(false),
        &|item| {
            if item.id == "start_position"
                && item.result != ItemResult::Running
                && let Err(error) = act()
                && let Ok(mut failed) = failed.lock()
            {
                *failed = Some(error);
            }
        },
    );
    match failed.into_inner().unwrap_or_default() {
        Some(error) => Err(error),
        None => Ok(report),
    }
}
