//! Records that are on the target already.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use sluice_engine::{Event, VerificationResult};
use sluice_model::{ExistingData, Objects, TaskName};
use sluice_tests::Bench;

use crate::ground::{bench, numbers, pair, records, refusal};

#[test]
fn records_already_on_the_target_stop_the_start_stay_or_are_deleted_as_told() -> Result<()> {
    let (source, target) = pair()?;
    for name in ["stop", "append", "rewrite", "compacted"] {
        source.create_topic(name, 1, &[])?;
        source.append(name, 0, records(0, 5))?;
        let policy: &[(&str, &str)] = if name == "compacted" {
            &[("cleanup.policy", "compact")]
        } else {
            &[]
        };
        target.create_topic(name, 1, policy)?;
        target.append(name, 0, records(100, 103))?;
    }
    let bench = |topic: &str, existing| -> Result<Bench> {
        let mut bench = self::bench(&source, &target, topic)?;
        bench.task.existing = existing;
        Ok(bench)
    };

    let sentence = refusal(&bench("stop", ExistingData::Stop)?)?;
    assert!(
        sentence.contains("1 target topics hold data: 'stop' (3 offsets)")
            && sentence.contains("--existing append"),
        "{sentence}"
    );
    assert_eq!(numbers(&target, "stop", 0)?, [100, 101, 102]);

    let append = bench("append", ExistingData::Append)?;
    append.copy()?;
    assert_eq!(numbers(&target, "append", 0)?, [100, 101, 102, 0, 1, 2, 3, 4]);
    assert_eq!(
        append.verify()?.result,
        VerificationResult::Equal,
        "what stood there before is none of its business"
    );

    for name in ["rewrite", "compacted"] {
        let rewrite = bench(name, ExistingData::Rewrite)?;
        rewrite.copy()?;
        assert_eq!(numbers(&target, name, 0)?, [0, 1, 2, 3, 4], "{name}");
        let deleted = rewrite
            .events()
            .iter()
            .filter(|event| matches!(event, Event::Info(text) if text.contains("deleted everything in target topic") && text.contains("(3 offsets)")))
            .count();
        assert_eq!(deleted, 1, "{name}: {:#?}", rewrite.events());
        source.append(name, 0, records(5, 8))?;
        rewrite.copy()?;
        assert_eq!(
            numbers(&target, name, 0)?,
            [0, 1, 2, 3, 4, 5, 6, 7],
            "a resume deletes nothing"
        );
        assert_eq!(rewrite.verify()?.result, VerificationResult::Equal, "{name}");
    }
    assert!(
        target
            .topic_configs("compacted")
            .context("the topic")?
            .contains(&("cleanup.policy".to_owned(), "compact".to_owned())),
        "created again as it was"
    );
    Ok(())
}

#[test]
fn a_topic_that_is_also_a_source_is_never_rewritten() -> Result<()> {
    let (source, target) = pair()?;
    for name in ["a", "b"] {
        source.create_topic(name, 1, &[])?;
        source.append(name, 0, records(0, 5))?;
    }
    // Of this task.
    let mut bench = Bench::new(&source.bootstrap(), &source.bootstrap(), &["a", "b"])?;
    bench.task.existing = ExistingData::Rewrite;
    bench.task.rename.map =
        BTreeMap::from([("a".to_owned(), "b".to_owned()), ("b".to_owned(), "c".to_owned())]);
    let sentence = refusal(&bench)?;
    assert!(sentence.contains("'b' is also a source of a task"), "{sentence}");

    // Of another task in the same state.
    let mut other = self::bench(&source, &target, "b")?;
    other.copy()?;
    other.task.name = TaskName::new("second")?;
    other.task.source = other.task.target.clone();
    other.task.target = sluice_model::Cluster::new(&source.bootstrap())?;
    other.task.rename.map = BTreeMap::from([("b".to_owned(), "b".to_owned())]);
    other.task.existing = ExistingData::Rewrite;
    let sentence = refusal(&other)?;
    assert!(
        sentence.contains("'b' is also a source of a task") || sentence.contains("without end"),
        "{sentence}"
    );
    assert_eq!(numbers(&source, "b", 0)?, [0, 1, 2, 3, 4]);

    target.create_topic("else", 1, &[])?;
    target.append("else", 0, records(0, 3))?;
    other.task.objects = Objects::Topics(vec!["else".to_owned()]);
    other.task.rename.map = BTreeMap::from([("else".to_owned(), "b".to_owned())]);
    let sentence = refusal(&other)?;
    assert!(sentence.contains("'b' is also a source of a task"), "{sentence}");
    assert_eq!(numbers(&source, "b", 0)?, [0, 1, 2, 3, 4]);
    Ok(())
}
