//! A mirror has every offset of its source, so groups keep theirs as they are.

use anyhow::{Result, ensure};
use sluice_engine::{Ending, Translated};
use sluice_fakekafka::{FakeCluster, FakeRecord, Outcome};
use sluice_model::Delivery;
use sluice_tests::{Bench, fake_clusters};

use crate::ground::{all, commit_fake, only, sync, values_from};

fn records(from: usize, count: usize) -> Vec<FakeRecord> {
    (from..from + count)
        .map(|n| FakeRecord::new(format!("k{n}"), format!("v{n}")).at(1_700_000_000_000 + n as i64))
        .collect()
}

fn log(source: &FakeCluster) -> Result<i64> {
    source.create_topic("t", 1, &[])?;
    source.append("t", 0, records(0, 20))?;
    source.delete_records("t", 0, 8)?;
    for round in 1..4 {
        source.append_transaction("t", 0, records(round * 20, 3), Outcome::Committed)?;
        source.append_transaction("t", 0, records(round * 20 + 5, 4), Outcome::Aborted)?;
        source.append("t", 0, records(round * 20 + 10, 2))?;
    }
    source.append_transaction("t", 0, records(90, 2), Outcome::Committed)?;
    Ok(source.end_offset("t", 0)?)
}

#[test]
fn every_offset_is_kept_as_it_is_on_markers_and_at_the_end_as_well() -> Result<()> {
    let (source, target) = fake_clusters()?;
    let end = log(&source)?;
    for offset in 8..=end {
        commit_fake(&source, &format!("at-{offset:04}"), "t", offset, "note");
    }
    let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["t"])?;
    bench.task.delivery = Delivery::Mirror;
    let ending = bench.copy()?.ending;
    ensure!(
        matches!(&ending, Ending::CaughtUp { incomplete } if incomplete.is_empty()),
        "{ending:?}"
    );
    let report = sync(&bench, &all())?;
    for offset in 8..=end {
        let name = format!("at-{offset:04}");
        let position = only(&report, &name)?;
        assert_eq!(position.target_offset, Some(offset), "{position:#?}");
        assert_eq!(
            (position.result, position.proved),
            (Translated::Exact, Some(true)),
            "{position:#?}"
        );
        assert_eq!(
            target.committed(&name, "t", 0).map(|one| one.offset),
            Some(offset)
        );
        assert_eq!(
            values_from(&target, "t", offset)?,
            values_from(&source, "t", offset)?
        );
    }
    Ok(())
}

#[test]
fn a_group_before_the_mirror_or_ahead_of_it_is_said() -> Result<()> {
    let (source, target) = fake_clusters()?;
    let end = log(&source)?;
    commit_fake(&source, "old", "t", 3, "");
    commit_fake(&source, "ahead", "t", end + 5, "");
    let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["t"])?;
    bench.task.delivery = Delivery::Mirror;
    bench.copy()?;
    let report = sync(&bench, &all())?;
    let old = only(&report, "old")?;
    assert_eq!(
        (old.result, old.target_offset),
        (Translated::Expired, Some(8)),
        "{old:#?}"
    );
    let ahead = only(&report, "ahead")?;
    assert_eq!(
        (ahead.result, ahead.target_offset),
        (Translated::Pending, None),
        "{ahead:#?}"
    );
    Ok(())
}
