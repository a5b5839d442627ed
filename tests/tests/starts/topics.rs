//! Topics: which are chosen, their names, partitions and configuration on the target.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use sluice_engine::{Verdict, VerificationResult, inspect};
use sluice_fakekafka::FakeCluster;
use sluice_model::{Objects, RegexRename, TaskName};
use sluice_tests::Bench;

use crate::ground::{bench, numbers, pair, records, refusal};

#[test]
fn topics_are_chosen_by_patterns_and_renamed_on_the_way() -> Result<()> {
    let (source, target) = pair()?;
    for name in [
        "orders.1",
        "orders.2",
        "orders.tmp",
        "my.orders",
        "prod.users",
        "__internal",
    ] {
        source.create_topic(name, 1, &[])?;
        source.append(name, 0, records(0, 3))?;
    }
    let mut bench = bench(&source, &target, "orders.1")?;
    bench.task.objects = Objects::Matching {
        include: "orders\\..*|prod\\..*".to_owned(),
        exclude: Some(".*\\.tmp".to_owned()),
    };
    bench
        .task
        .rename
        .map
        .insert("orders.2".to_owned(), "second".to_owned());
    bench.task.rename.regex.push(RegexRename {
        pattern: "^prod\\.(.*)$".to_owned(),
        replacement: "$1".to_owned(),
    });
    bench.task.rename.prefix = "eu.".to_owned();
    bench.task.rename.suffix = ".copy".to_owned();
    bench.copy()?;
    let copied: Vec<String> = target
        .topics()
        .into_iter()
        .filter(|name| !name.starts_with("__"))
        .collect();
    assert_eq!(copied, ["eu.orders.1.copy", "eu.users.copy", "second"]);
    for name in copied {
        assert_eq!(numbers(&target, &name, 0)?, [0, 1, 2], "{name}");
    }
    let report = bench.verify()?;
    assert_eq!(
        (report.result, report.partitions.len()),
        (VerificationResult::Equal, 3),
        "{report:#?}"
    );

    let mut all = self::bench(&source, &target, "orders.1")?;
    all.task.name = TaskName::new("all")?;
    all.task.objects = Objects::all();
    all.task.rename.prefix = "all.".to_owned();
    all.copy()?;
    let copied: Vec<String> = target
        .topics()
        .into_iter()
        .filter(|name| name.starts_with("all."))
        .collect();
    assert_eq!(
        copied,
        [
            "all.my.orders",
            "all.orders.1",
            "all.orders.2",
            "all.orders.tmp",
            "all.prod.users"
        ],
        "internal topics never"
    );
    Ok(())
}

#[test]
fn two_topics_are_never_merged_into_one() -> Result<()> {
    let (source, target) = pair()?;
    for name in ["a", "b"] {
        source.create_topic(name, 1, &[])?;
    }
    let mut bench = Bench::new(&source.bootstrap(), &target.bootstrap(), &["a", "b"])?;
    bench.task.rename.map.insert("a".to_owned(), "b".to_owned());
    let sentence = refusal(&bench)?;
    assert!(sentence.contains("'a'") && sentence.contains("'b'"), "{sentence}");
    assert_eq!(target.topics(), Vec::<String>::new());
    Ok(())
}

#[test]
fn a_target_topic_with_too_few_partitions_is_refused_and_with_more_is_warned_of() -> Result<()> {
    let (source, target) = pair()?;
    for (name, there) in [("fewer", 1), ("more", 3)] {
        source.create_topic(name, 2, &[])?;
        source.append(name, 1, records(0, 3))?;
        target.create_topic(name, there, &[])?;
    }
    let sentence = refusal(&bench(&source, &target, "fewer")?)?;
    assert!(
        sentence.contains("the target topic 'fewer' has 1 partitions, its source 'fewer' has 2"),
        "{sentence}"
    );
    let more = bench(&source, &target, "more")?;
    let inspection = inspect(&more.task, more.store.as_ref())?;
    assert!(
        inspection
            .findings
            .iter()
            .any(|finding| finding.id == "target_topics" && finding.result == Verdict::Warning),
        "{inspection:#?}"
    );
    more.copy()?;
    assert_eq!(numbers(&target, "more", 1)?, [0, 1, 2]);
    Ok(())
}

#[test]
fn a_created_topic_carries_its_configuration_and_what_it_cannot_carry_is_listed() -> Result<()> {
    let source = FakeCluster::builder().brokers(3).start()?;
    let target = FakeCluster::builder().start()?;
    let carried = [
        ("cleanup.policy", "compact,delete"),
        ("retention.ms", "123456789"),
        ("max.message.bytes", "2000000"),
    ];
    let left_behind = [
        ("message.timestamp.type", "LogAppendTime"),
        ("min.insync.replicas", "2"),
    ];
    source.create_topic("configured", 3, &[&carried[..], &left_behind[..]].concat())?;
    source.append("configured", 2, records(0, 3))?;
    let bench = bench(&source, &target, "configured")?;
    let inspection = inspect(&bench.task, bench.store.as_ref())?;
    let listed = inspection
        .findings
        .iter()
        .find(|finding| finding.id == "topic_configuration")
        .context("the list")?;
    assert_eq!(listed.result, Verdict::Warning);
    for words in [
        "'message.timestamp.type=LogAppendTime' of 'configured' is not carried over: the target keeps the times that the records carry",
        "min.insync.replicas=2 of 'configured' becomes 1 on the target",
        "gets 1 replicas instead of 3: the target has 1 brokers",
    ] {
        assert!(listed.cause.contains(words), "{}", listed.cause);
    }
    assert!(target.topics().is_empty(), "an inspection changes nothing");
    bench.copy()?;
    let configs: BTreeMap<String, String> = target
        .topic_configs("configured")
        .context("the topic")?
        .into_iter()
        .collect();
    for (key, value) in carried {
        assert_eq!(configs.get(key).map(String::as_str), Some(value), "{configs:#?}");
    }
    assert_eq!(configs.get("message.timestamp.type"), None);
    assert_eq!(target.partitions("configured"), Some(3));
    assert_eq!(bench.verify()?.result, VerificationResult::Equal);
    Ok(())
}
