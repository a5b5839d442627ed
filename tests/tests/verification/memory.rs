//! How much memory a verification takes.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use bytes::Bytes;
use sluice_engine::DifferenceKind;
use sluice_fakekafka::FakeRecord;

use crate::ground::{bench, pair};

/// Resident memory of this process in MiB: the peak since the last call, and now.
fn memory() -> Result<(u64, u64)> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let of = |name: &str| -> Result<u64> {
        let line = status
            .lines()
            .find(|line| line.starts_with(name))
            .context("no such line")?;
        Ok(line
            .split_whitespace()
            .nth(1)
            .context("no number")?
            .parse::<u64>()?
            / 1024)
    };
    let found = (of("VmHWM:")?, of("VmRSS:")?);
    std::fs::write("/proc/self/clear_refs", "5")?;
    Ok(found)
}

#[test]
fn memory_stays_bounded_whatever_the_partitions_hold() -> Result<()> {
    const RECORDS: usize = 150;
    let (source, target) = pair()?;
    for cluster in [&source, &target] {
        cluster.create_topic("big", 2, &[("max.message.bytes", "2000000")])?;
    }
    for n in 0..RECORDS {
        let value = Bytes::from(format!("{n:08}").repeat(131_072));
        for partition in 0..2 {
            source.append(
                "big",
                partition,
                vec![FakeRecord::new("k", value.clone()).at(n as i64 + 1)],
            )?;
            // Partition 1 has nothing in common with its source: the search for common records must be bounded as well.
            let other = if partition == 0 {
                value.clone()
            } else {
                Bytes::from(format!("{n:07}x").repeat(131_072))
            };
            target.append(
                "big",
                partition,
                vec![FakeRecord::new("k", other).at(n as i64 + 1)],
            )?;
        }
    }
    let bench = bench(&source, &target, "big")?;
    let (_, before) = memory()?;
    let report = bench.verify()?;
    let (peak, _) = memory()?;
    assert_eq!(
        report
            .partitions
            .iter()
            .map(|partition| partition.equal_records)
            .collect::<Vec<_>>(),
        [RECORDS as u64, 0],
        "{report:#?}"
    );
    assert_eq!(
        report.differences,
        BTreeMap::from([(DifferenceKind::Value, RECORDS as u64)]),
        "{:#?}",
        report.first_differences
    );
    // 600 MiB were compared; both readers, the windows and the fake brokers' own buffers take part of the rest.
    assert!(
        peak - before < 250,
        "{} MiB more than the {before} MiB before",
        peak - before
    );
    Ok(())
}
