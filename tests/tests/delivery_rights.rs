//! The rights that a delivery needs on the target, found by the pre-check on every version.

use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result};
use sluice_engine::{ItemResult, PreCheckContext, PreCheckItem, precheck};
use sluice_model::Delivery;
use sluice_testground::{Cluster, KafkaVersion, tools::acls};
use sluice_tests::{Bench, Filler, cluster, read_all, skipped};

fn delivery(bench: &Bench) -> Result<PreCheckItem> {
    let report = precheck(
        &bench.task,
        bench.store.as_ref(),
        &PreCheckContext::default(),
        &AtomicBool::new(false),
        &|_| {},
    );
    report
        .items
        .into_iter()
        .find(|item| item.id == "delivery")
        .context("no item about the delivery")
}

#[test]
fn at_least_once_without_the_right_to_idempotent_writes_is_refused_by_the_pre_check_before_2_8() -> Result<()>
{
    if skipped() {
        return Ok(());
    }
    let source = cluster(KafkaVersion::V4_3_1)?;
    let target = Cluster::builder(KafkaVersion::V2_0_1)
        .property("authorizer.class.name", "kafka.security.auth.SimpleAclAuthorizer")
        .property("allow.everyone.if.no.acl.found", "true")
        .start()?;
    let filler = Filler::new(&source.bootstrap())?;
    filler.create("t", 1, &[])?;
    filler.numbered("t", 1, 0, 10, 50)?;
    Filler::new(&target.bootstrap())?.create("t", 1, &[])?;
    let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["t"])?;
    bench.task.delivery = Delivery::AtLeastOnce;
    assert_eq!(delivery(&bench)?.result, ItemResult::Success);

    // The first entry for a resource closes it to everything else.
    let grant = |operation: &str| {
        acls(
            &target,
            [
                "--add",
                "--allow-principal",
                "User:ANONYMOUS",
                "--operation",
                operation,
                "--cluster",
            ],
        )
    };
    grant("ClusterAction")?;
    let item = delivery(&bench)?;
    assert_eq!(item.result, ItemResult::Failed, "{item:#?}");
    assert!(item.remedy.contains("IDEMPOTENT_WRITE"), "{item:#?}");

    grant("IdempotentWrite")?;
    assert_eq!(delivery(&bench)?.result, ItemResult::Success);
    bench.copy()?;
    assert_eq!(read_all(&target.bootstrap(), "t", 0)?.len(), 10);
    Ok(())
}
