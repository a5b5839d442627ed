//! A copy that is stopped, resumed and limited under load.

use anyhow::Result;
use sluice_model::RateLimits;
use sluice_tests::{EVERY_WAY, eventually, fake_clusters as clusters, stop};

use crate::ground::{append, assert_exact, bench, caught_up, length};

#[test]
fn stopping_and_resuming_under_load_neither_repeats_nor_loses() -> Result<()> {
    for way in EVERY_WAY {
        let (source, target) = clusters()?;
        source.create_topic("t", 2, &[])?;
        let bench = bench(&source, &target, &["t"], way)?;
        let mut written = 0;
        for round in 0..8 {
            let running = bench.start(false)?;
            for partition in 0..2 {
                append(&source, "t", partition, written, 2_000)?;
            }
            written += 2_000;
            eventually("it copies", || {
                Ok(length(&target, "t", 0)? > written - 2_000 + 100 * round)
            })?;
            stop(running)?;
        }
        bench.copy()?;
        assert_exact(&bench, &source, &target, "t", 2)?;
    }
    Ok(())
}

#[test]
fn limits_hold_from_the_step_after_they_are_changed() -> Result<()> {
    for way in EVERY_WAY {
        let (source, target) = clusters()?;
        source.create_topic("t", 1, &[])?;
        append(&source, "t", 0, 0, 3_000)?;
        let mut bench = bench(&source, &target, &["t"], way)?;
        bench.task.rate.records_per_second = Some(20);
        let running = bench.start(false)?;
        eventually("some are copied", || Ok(length(&target, "t", 0)? >= 20))?;
        let slow = length(&target, "t", 0)?;
        assert!(slow < 3_000, "{slow} records at 20 a second");
        running.set_rate(RateLimits::default());
        caught_up(&running, &target, "t", 0, 3_000)?;
        let ceiling = RateLimits {
            records_per_second: None,
            bytes_per_second: Some(200),
        };
        running.set_rate(ceiling);
        // A step that had begun has no ceiling, and takes what is appended meanwhile.
        eventually("the ceiling holds", || Ok(running.rate_in_force() == ceiling))?;
        append(&source, "t", 0, 3_000, 3_000)?;
        eventually("some more are copied", || Ok(length(&target, "t", 0)? > 3_000))?;
        let slow = length(&target, "t", 0)?;
        assert!(slow < 6_000, "{slow} records at 200 bytes a second");
        running.set_rate(RateLimits::default());
        caught_up(&running, &target, "t", 0, 6_000)?;
        stop(running)?;
        assert_exact(&bench, &source, &target, "t", 1)?;
    }
    Ok(())
}
