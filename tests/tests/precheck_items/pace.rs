//! How long the copy takes, and whether it is fast enough.

use anyhow::Result;
use sluice_engine::ItemResult;
use sluice_fakekafka::Access;
use sluice_model::RateLimits;
use sluice_tests::fake_clusters as clusters;

use crate::ground::{HOUR, bench, check, check_while, expect, filled, records};

use ItemResult::{Success, Warning};

#[test]
fn a_source_that_deletes_before_the_copy_gets_there_is_warned_of() -> Result<()> {
    let (source, target) = clusters()?;
    source.create_topic("due", 1, &[("retention.ms", "3600000")])?;
    source.append("due", 0, records(5, 2 * HOUR))?;
    expect(
        &check(&bench(&source, &target, &["due"])?),
        "source_retention",
        Warning,
        &["'due'", "keeps them for 1 h", "gaps"],
    );
    source.create_topic("slow", 1, &[("retention.ms", "3600000")])?;
    for _ in 0..10 {
        source.append("slow", 0, records(1_000, 1_000))?;
    }
    let mut slow = bench(&source, &target, &["slow"])?;
    slow.task.rate = RateLimits {
        records_per_second: Some(2),
        bytes_per_second: None,
    };
    expect(
        &check(&slow),
        "source_retention",
        Warning,
        &["copying what is there takes about 83 min"],
    );
    slow.task.rate = RateLimits::default();
    expect(&check(&slow), "source_retention", Success, &[]);
    Ok(())
}

#[test]
fn estimates_say_what_they_rest_on_and_when_there_is_nothing_to_rest_on() -> Result<()> {
    let (source, _target, bench) = filled()?;
    let report = check(&bench);
    expect(
        &report,
        "disk_estimate",
        Success,
        &["40 offsets", "sampled records", "by hand"],
    );
    source.deny("t", Access::Read);
    let report = check(&bench);
    expect(&report, "disk_estimate", Warning, &["no record could be read"]);
    expect(&report, "time_estimate", Warning, &["no record could be read"]);
    Ok(())
}

#[test]
fn a_copy_slower_than_its_source_grows_never_catches_up() -> Result<()> {
    let (source, _target, mut bench) = filled()?;
    bench.task.rate = RateLimits {
        records_per_second: Some(1),
        bytes_per_second: None,
    };
    let report = check_while(&bench, || Ok(source.append("t", 0, records(500, 0)).map(drop)?))?;
    expect(
        &report,
        "time_estimate",
        Warning,
        &["allows 1 records/s", "never catches up"],
    );
    Ok(())
}
