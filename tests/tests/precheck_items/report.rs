//! The pre-check as a whole: what it leaves alone, how long it takes, how it is cancelled and repeated.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use sluice_engine::{ItemResult, PRE_CHECK_ITEMS, PreCheckContext, precheck};
use sluice_fakekafka::ApiKey;
use sluice_model::Objects;
use sluice_tests::fake_clusters as clusters;

use crate::ground::{bench, check, check_with, expect, filled, now, quick, records};

use ItemResult::{Failed, Success, Warning};

#[test]
fn a_plain_copy_passes_in_every_item_and_each_is_streamed_from_running_to_its_result() -> Result<()> {
    let (_source, target, bench) = filled()?;
    let seen: Mutex<BTreeMap<String, Vec<ItemResult>>> = Mutex::default();
    let report = precheck(
        &bench.task,
        bench.store.as_ref(),
        &quick(),
        &AtomicBool::new(false),
        &|item| {
            if let Ok(mut seen) = seen.lock() {
                seen.entry(item.id.clone()).or_default().push(item.result);
            }
        },
    );
    for item in &report.items {
        assert_eq!(item.result, Success, "{item:#?}");
    }
    assert!(report.may_start);
    let ids: Vec<&str> = report.items.iter().map(|item| item.id.as_str()).collect();
    assert_eq!(ids, PRE_CHECK_ITEMS);
    let seen = seen.into_inner().unwrap_or_default();
    for id in PRE_CHECK_ITEMS {
        assert_eq!(seen.get(id), Some(&vec![ItemResult::Running, Success]), "{id}");
    }
    assert_eq!(report.source_cluster_id.as_deref(), Some("source"));
    assert_eq!(report.target_cluster_id.as_deref(), Some("target"));
    assert_eq!(report.routes[0].backlog, 40);
    assert!((report.at_ms - now()).abs() < 60_000);
    assert!(target.topics().is_empty(), "nothing is created");
    Ok(())
}

#[test]
fn a_pre_check_writes_nothing_and_takes_no_transactional_id() -> Result<()> {
    let (source, target, bench) = filled()?;
    target.create_topic("t", 2, &[])?;
    target.append("t", 0, records(3, 1_000))?;
    check(&bench);
    for cluster in [&source, &target] {
        for api in [
            ApiKey::Produce,
            ApiKey::InitProducerId,
            ApiKey::AddPartitionsToTxn,
            ApiKey::OffsetCommit,
            ApiKey::DeleteRecords,
            ApiKey::DeleteTopics,
            ApiKey::CreatePartitions,
            ApiKey::IncrementalAlterConfigs,
        ] {
            assert_eq!(cluster.request_count(api), 0, "{api:?}");
        }
    }
    assert_eq!(
        (source.topics(), target.topics()),
        (vec!["t".into()], vec!["t".into()])
    );
    assert_eq!(target.end_offset("t", 0)?, 3);
    Ok(())
}

#[test]
fn no_topic_at_all_is_a_warning_and_no_panic() -> Result<()> {
    let (source, target) = clusters()?;
    let mut bench = bench(&source, &target, &["t"])?;
    bench.task.objects = Objects::all();
    let report = check(&bench);
    expect(
        &report,
        "source_topics",
        Warning,
        &["no topic of the source matches", "patterns"],
    );
    assert!(report.may_start, "{report:#?}");
    assert_eq!(report.items.len(), PRE_CHECK_ITEMS.len());
    Ok(())
}

#[test]
fn a_silent_cluster_costs_its_items_their_deadline_and_not_the_whole_check() -> Result<()> {
    let (source, _target, bench) = filled()?;
    source.delay(ApiKey::ListOffsets, Duration::from_secs(60));
    let context = PreCheckContext {
        item_deadline: Duration::from_secs(3),
        ..quick()
    };
    let begun = Instant::now();
    let report = check_with(&bench, &context);
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    expect(&report, "source_connection", Success, &[]);
    expect(&report, "target_topics", Success, &[]);
    expect(&report, "target_data", Failed, &["no answer within 3 s"]);
    expect(&report, "disk_estimate", Warning, &["no answer within 3 s"]);
    Ok(())
}

#[test]
fn a_cancelled_check_ends_soon_and_lets_nothing_start() -> Result<()> {
    let (source, _target, bench) = filled()?;
    source.delay(ApiKey::ListOffsets, Duration::from_secs(60));
    let cancel = AtomicBool::new(false);
    let begun = Instant::now();
    let report = precheck(&bench.task, bench.store.as_ref(), &quick(), &cancel, &|item| {
        if item.id == "source_connection" && item.result == Success {
            cancel.store(true, Ordering::Relaxed);
        }
    });
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    ensure!(!report.may_start, "{report:#?}");
    expect(&report, "target_data", Failed, &["cancelled"]);
    Ok(())
}

#[test]
fn the_repeat_at_launch_asks_only_for_connections_and_data() -> Result<()> {
    let (source, target, bench) = filled()?;
    let context = PreCheckContext {
        only: Some(&["source_connection", "target_connection", "target_data"]),
        ..quick()
    };
    let report = check_with(&bench, &context);
    let ids: Vec<&str> = report.items.iter().map(|item| item.id.as_str()).collect();
    assert_eq!(ids, ["source_connection", "target_connection", "target_data"]);
    assert!(report.may_start, "{report:#?}");
    for cluster in [&source, &target] {
        for api in [ApiKey::Fetch, ApiKey::DescribeConfigs, ApiKey::CreateTopics] {
            assert_eq!(cluster.request_count(api), 0, "{api:?}");
        }
    }
    Ok(())
}
