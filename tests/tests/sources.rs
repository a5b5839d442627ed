//! What a data source tells of itself before a task uses it: the steps of a probe, its topics, a look at records.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use sluice_fakekafka::{FakeCluster, FakeRecord};
use sluice_kafka::{
    Admin, FollowJump, FollowedRecords, JumpCause, PeekFrom, ProbeReport, ProbeResult, ProbeStep,
    TopicListing, follow, list_topics, peek, probe, search_records,
};
use sluice_model::Cluster as Address;
use sluice_testground::{Certificates, Cluster, KafkaVersion, Validity};
use sluice_tests::skipped;

/// A refused login or certificate is told at once rather than at a deadline (10 s).
const AT_ONCE: Duration = Duration::from_secs(7);

fn address(bootstrap: &str, properties: &[(&str, &str)]) -> Result<Address> {
    let mut address = Address::new(bootstrap)?;
    for (key, value) in properties {
        address.set(*key, *value);
    }
    Ok(address)
}

fn run(address: &Address) -> ProbeReport {
    probe(address, &AtomicBool::new(false), &mut |_: &ProbeStep| {})
}

fn step<'a>(report: &'a ProbeReport, id: &str) -> Result<&'a ProbeStep> {
    report
        .steps
        .iter()
        .find(|step| step.id == id)
        .with_context(|| format!("no step {id}"))
}

fn results(report: &ProbeReport) -> BTreeMap<&str, ProbeResult> {
    report
        .steps
        .iter()
        .map(|step| (step.id.as_str(), step.result))
        .collect()
}

fn assert_failed(report: &ProbeReport, id: &str, words: &str) -> Result<()> {
    let failed = step(report, id)?;
    ensure!(failed.result == ProbeResult::Failed, "{:#?}", report.steps);
    ensure!(failed.message.contains(words), "{words}: {}", failed.message);
    ensure!(!report.ok && report.cluster.is_none(), "{report:#?}");
    Ok(())
}

fn fake_login(fake: &FakeCluster, password: &str) -> Result<Address> {
    address(
        &fake.bootstrap(),
        &[
            ("security.protocol", "SASL_PLAINTEXT"),
            ("sasl.mechanism", "PLAIN"),
            ("sasl.username", "alice"),
            ("sasl.password", password),
        ],
    )
}

#[test]
fn a_cluster_that_is_reached_tells_its_facts() -> Result<()> {
    let fake = FakeCluster::builder().brokers(2).cluster_id("facts").start()?;
    fake.create_topic("orders", 3, &[])?;
    let report = run(&address(&fake.bootstrap(), &[])?);
    ensure!(report.ok, "{report:#?}");
    for (id, result) in results(&report) {
        let expected = match id {
            "tls" | "sasl" => ProbeResult::Skipped,
            _ => ProbeResult::Success,
        };
        ensure!(result == expected, "{id}: {:?}", step(&report, id)?);
    }
    let facts = report.cluster.context("facts")?;
    assert_eq!(facts.cluster_id.as_deref(), Some("facts"));
    assert_eq!((facts.topics, facts.partitions), (1, 3));
    let reachable: Vec<bool> = facts.brokers.iter().map(|broker| broker.reachable).collect();
    assert_eq!(reachable, [true, true]);
    ensure!(facts.controller.is_some(), "{facts:?}");
    assert_eq!(report.local_addresses, ["127.0.0.1"]);
    Ok(())
}

#[test]
fn a_wrong_password_is_told_at_once_and_never_shown() -> Result<()> {
    let fake = FakeCluster::builder().sasl_plain_user("alice", "right").start()?;
    ensure!(run(&fake_login(&fake, "right")?).ok);
    let began = Instant::now();
    let report = run(&fake_login(&fake, "entirely-wrong")?);
    assert_failed(&report, "sasl", "user name and password")?;
    ensure!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
    ensure!(!format!("{report:?}").contains("entirely-wrong"), "{report:?}");
    Ok(())
}

#[test]
fn topics_are_listed_with_what_they_hold() -> Result<()> {
    let fake = FakeCluster::builder().brokers(2).start()?;
    fake.create_topic("empty", 2, &[])?;
    fake.create_topic("orders", 2, &[])?;
    for partition in 0..2 {
        let records = (0..3 + partition)
            .map(|n| FakeRecord::new("k", n.to_string()))
            .collect();
        fake.append("orders", partition, records)?;
    }
    let admin = Admin::new(&address(&fake.bootstrap(), &[])?)?;
    let listing = |name: &str, records| TopicListing {
        name: name.to_owned(),
        partitions: 2,
        replicas: 1,
        records_estimate: Some(records),
        internal: false,
    };
    let mut found = list_topics(&admin, admin.metadata()?)?;
    for topic in &mut found {
        ensure!(topic.replicas >= 1, "{topic:?}");
        topic.replicas = 1;
    }
    assert_eq!(found, [listing("empty", 0), listing("orders", 7)]);
    Ok(())
}

#[test]
fn a_look_at_records_begins_where_it_is_told_to_and_cuts_what_is_long() -> Result<()> {
    let fake = FakeCluster::builder().start()?;
    fake.create_topic("t", 1, &[])?;
    let mut records: Vec<FakeRecord> = (0..10)
        .map(|n| {
            FakeRecord::new(format!("k{n}"), "v")
                .at(1_000 + n)
                .header("h", None)
        })
        .collect();
    records.push(FakeRecord::tombstone("gone").at(2_000));
    records.push(FakeRecord::new("long", vec![7u8; 100 * 1024]).at(3_000));
    fake.append("t", 0, records)?;
    let source = address(&fake.bootstrap(), &[])?;
    let offsets = |from, limit| -> Result<Vec<i64>> {
        Ok(peek(&source, "t", 0, from, limit)?
            .iter()
            .map(|record| record.offset)
            .collect())
    };
    assert_eq!(offsets(PeekFrom::Earliest, 3)?, [0, 1, 2]);
    assert_eq!(offsets(PeekFrom::Latest, 2)?, [10, 11]);
    assert_eq!(offsets(PeekFrom::Offset(8), 100)?, [8, 9, 10, 11]);
    assert_eq!(offsets(PeekFrom::Offset(12), 5)?, [0i64; 0]);

    let first = peek(&source, "t", 0, PeekFrom::Earliest, 1)?.remove(0);
    assert_eq!(
        (first.key.as_deref(), first.value.as_deref()),
        (Some(&b"k0"[..]), Some(&b"v"[..]))
    );
    assert_eq!((first.timestamp_ms, first.truncated), (1_000, false));
    assert_eq!(first.headers, [("h".to_owned(), None)]);
    let last = peek(&source, "t", 0, PeekFrom::Latest, 2)?;
    assert_eq!(last[0].value, None);
    assert_eq!(last[1].value.as_ref().map(Vec::len), Some(64 * 1024));
    ensure!(last[1].truncated);
    let unknown = peek(&source, "t", 9, PeekFrom::Earliest, 1);
    ensure!(unknown.is_err(), "{unknown:?}");

    assert_eq!(offsets(PeekFrom::Time(1_008), 2)?, [8, 9]);
    assert_eq!(offsets(PeekFrom::Time(1_500), 9)?, [10, 11]);
    assert_eq!(offsets(PeekFrom::Time(3_001), 9)?, [0i64; 0]);
    Ok(())
}

#[test]
fn a_search_finds_a_text_in_keys_values_and_headers_and_says_where_to_go_on() -> Result<()> {
    let fake = FakeCluster::builder().start()?;
    fake.create_topic("t", 1, &[])?;
    let mut records: Vec<FakeRecord> = (0..400)
        .map(|n| FakeRecord::new(format!("k{n}"), "v").at(1_000 + n))
        .collect();
    records[20] = FakeRecord::new("order-7", "v").at(1_020);
    records[150] = FakeRecord::new("k", r#"{"id":"order-7"}"#).at(1_150);
    records[151] = FakeRecord::new("k", "Order-7").at(1_151);
    records[300] = FakeRecord::new("k", "v")
        .at(1_300)
        .header("cause", Some(b"of order-7"));
    records[301] = FakeRecord::tombstone("k").at(1_301).header("order-7", None);
    fake.append("t", 0, records)?;
    let source = address(&fake.bootstrap(), &[])?;
    let search = |from, limit| -> Result<(Vec<i64>, u64, Option<i64>)> {
        let found = search_records(&source, "t", 0, from, limit, b"order-7")?;
        let offsets = found.records.iter().map(|record| record.offset).collect();
        Ok((offsets, found.looked_at, found.goes_on_at))
    };
    assert_eq!(
        search(PeekFrom::Earliest, 100)?,
        (vec![20, 150, 300, 301], 400, None)
    );
    assert_eq!(search(PeekFrom::Earliest, 2)?, (vec![20, 150], 151, Some(151)));
    assert_eq!(
        search(PeekFrom::Offset(151), 2)?,
        (vec![300, 301], 151, Some(302))
    );
    assert_eq!(search(PeekFrom::Time(1_302), 2)?, (vec![], 98, None));
    assert_eq!(search(PeekFrom::Latest, 1)?, (vec![20], 21, Some(21)));
    assert_eq!(search(PeekFrom::Offset(400), 1)?, (vec![], 0, None));
    Ok(())
}

fn numbered(numbers: std::ops::Range<i64>) -> Vec<FakeRecord> {
    numbers.map(|n| FakeRecord::new(format!("k{n}"), "v")).collect()
}

fn seen(found: &FollowedRecords) -> Vec<i64> {
    found.records.iter().map(|record| record.offset).collect()
}

fn jumped(from: i64, to: i64, cause: JumpCause) -> Option<FollowJump> {
    Some(FollowJump { from, to, cause })
}

#[test]
fn following_begins_with_the_newest_and_goes_on_where_the_last_look_ended() -> Result<()> {
    let fake = FakeCluster::builder().start()?;
    fake.create_topic("t", 1, &[])?;
    fake.append("t", 0, numbered(0..30))?;
    let source = address(&fake.bootstrap(), &[])?;
    let look = |next, limit, wanted: &str| follow(&source, "t", 0, next, limit, wanted.as_bytes());

    let first = look(None, 3, "")?;
    assert_eq!(
        (seen(&first), first.next, first.left_out, first.jump),
        (vec![27, 28, 29], 30, 0, None)
    );
    let nothing = look(Some(30), 3, "")?;
    assert_eq!((seen(&nothing), nothing.next), (vec![], 30));

    fake.append("t", 0, numbered(30..35))?;
    let next = look(Some(30), 3, "")?;
    assert_eq!(
        (seen(&next), next.next, next.left_out, next.jump),
        (vec![32, 33, 34], 35, 2, None)
    );
    let wanted = look(Some(30), 3, "k31")?;
    assert_eq!((seen(&wanted), wanted.next, wanted.left_out), (vec![31], 35, 0));
    let groups = Admin::new(&source)?.groups()?;
    ensure!(groups.is_empty(), "following commits nothing: {groups:?}");
    Ok(())
}

#[test]
fn following_says_which_offsets_it_did_not_look_at() -> Result<()> {
    let fake = FakeCluster::builder().start()?;
    fake.create_topic("t", 1, &[])?;
    fake.append("t", 0, numbered(0..1_500))?;
    let source = address(&fake.bootstrap(), &[])?;
    let look = |next| follow(&source, "t", 0, Some(next), 2, b"");

    let behind = look(100)?;
    assert_eq!(behind.jump, jumped(100, 500, JumpCause::TooMany));
    assert_eq!(
        (seen(&behind), behind.next, behind.left_out),
        (vec![1_498, 1_499], 1_500, 998)
    );

    fake.delete_records("t", 0, 1_490)?;
    let deleted = look(1_480)?;
    assert_eq!(deleted.jump, jumped(1_480, 1_490, JumpCause::Deleted));
    assert_eq!((deleted.next, deleted.left_out), (1_500, 8));

    fake.delete_topic("t")?;
    fake.create_topic("t", 1, &[])?;
    fake.append("t", 0, numbered(0..5))?;
    let shortened = look(1_500)?;
    assert_eq!(shortened.jump, jumped(1_500, 5, JumpCause::Shortened));
    assert_eq!((seen(&shortened), shortened.next), (vec![], 5));
    Ok(())
}

#[test]
fn one_look_answers_so_many_bytes_and_its_newest_record_always() -> Result<()> {
    let fake = FakeCluster::builder().start()?;
    fake.create_topic("t", 1, &[])?;
    for _ in 0..40 {
        fake.append("t", 0, vec![FakeRecord::new("k", vec![7_u8; 60 * 1024])])?;
    }
    let source = address(&fake.bootstrap(), &[])?;
    let found = follow(&source, "t", 0, Some(0), 100, b"")?;
    assert_eq!(found.next, 40);
    assert_eq!(found.records.last().map(|record| record.offset), Some(39));
    assert_eq!((found.records.len(), found.left_out), (17, 23));
    Ok(())
}

/// Against real brokers from here on.
#[test]
fn secured_brokers_tell_a_wrong_password_from_a_wrong_authority() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let cluster = Cluster::builder(KafkaVersion::V3_9_1)
        .secured()
        .ssl_with_client_certificates()
        .start()?;
    let login = |password: &str, ca: &str| {
        address(
            &cluster.secured_bootstrap()?,
            &[
                ("security.protocol", "SASL_SSL"),
                ("sasl.mechanism", "SCRAM-SHA-512"),
                ("sasl.username", "alice"),
                ("sasl.password", password),
                ("ssl.ca.location", ca),
            ],
        )
    };
    let ca = cluster.ca_file()?.display().to_string();
    let good = run(&login("alice-secret", &ca)?);
    ensure!(good.ok, "{good:#?}");
    assert_eq!(results(&good)["tls"], ProbeResult::Success);
    assert_eq!(results(&good)["sasl"], ProbeResult::Success);

    let began = Instant::now();
    let report = run(&login("wrong", &ca)?);
    assert_failed(&report, "sasl", "user name and password")?;
    assert_eq!(results(&report)["tls"], ProbeResult::Success);
    ensure!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());

    let dir = tempfile::tempdir()?;
    let other = Certificates::generate(dir.path(), Validity::Valid)?;
    let report = run(&login("alice-secret", &other.ca_file().display().to_string())?);
    assert_failed(&report, "tls", "another authority")?;

    // The listener that asks for a client's certificate, without one.
    let tls = [("security.protocol", "SSL"), ("ssl.ca.location", ca.as_str())];
    let report = run(&address(&cluster.ssl_bootstrap()?, &tls)?);
    assert_failed(&report, "tls", "client certificate")?;

    // Each kind of port called by the other's name.
    let report = run(&address(&cluster.ssl_bootstrap()?, &[])?);
    ensure!(results(&report)["tls"] == ProbeResult::Failed, "{report:#?}");
    let report = run(&address(&cluster.bootstrap(), &tls)?);
    assert_failed(&report, "tls", "does not speak TLS")
}

#[test]
fn an_expired_certificate_is_called_expired() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let cluster = Cluster::builder(KafkaVersion::V3_9_1)
        .ssl()
        .certificate_validity(Validity::Expired)
        .start()?;
    let ca = cluster.ca_file()?.display().to_string();
    let tls = [("security.protocol", "SSL"), ("ssl.ca.location", ca.as_str())];
    assert_failed(&run(&address(&cluster.ssl_bootstrap()?, &tls)?), "tls", "expired")
}

#[test]
fn a_broker_behind_a_cut_link_is_a_warning_that_names_advertised_listeners() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let cluster = Cluster::builder(KafkaVersion::V4_3_1)
        .brokers(2)
        .behind_link()
        .start()?;
    let source = address(&cluster.bootstrap(), &[])?;
    ensure!(run(&source).ok);
    let cut = &cluster.brokers()[1];
    cut.link().context("a link")?.cut();
    let report = run(&source);
    let advertised = step(&report, "advertised")?;
    ensure!(advertised.result == ProbeResult::Warning, "{:#?}", report.steps);
    ensure!(
        advertised.message.contains("advertised.listeners"),
        "{advertised:?}"
    );
    let facts = report.cluster.context("facts")?;
    let reachable: Vec<bool> = facts.brokers.iter().map(|broker| broker.reachable).collect();
    assert_eq!(reachable, [true, false]);
    Ok(())
}

#[test]
fn the_release_is_guessed_from_old_brokers_and_new_ones() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    for (version, release) in [
        (KafkaVersion::V0_10_2_2, "0.10"),
        (KafkaVersion::V1_0_2, "1.0"),
        (KafkaVersion::V2_0_1, "2.0"),
        (KafkaVersion::V3_9_1, "3.9"),
        (KafkaVersion::V4_3_1, "4.1 or later"),
    ] {
        let cluster = Cluster::builder(version).start()?;
        let report = run(&address(&cluster.bootstrap(), &[])?);
        ensure!(report.ok, "{}: {:#?}", version.number(), report.steps);
        let facts = report.cluster.context("facts")?;
        assert_eq!(
            facts.broker_version.as_deref(),
            Some(release),
            "{}",
            version.number()
        );
        ensure!(facts.cluster_id.is_some(), "{}", version.number());
        let warned = results_of_versions(version);
        assert_eq!(step_result(&report.steps, "versions"), Some(warned));
    }
    Ok(())
}

fn results_of_versions(version: KafkaVersion) -> ProbeResult {
    // Transactions and headers are missing before 0.11, zstd before 2.1.
    if version >= KafkaVersion::V3_9_1 {
        ProbeResult::Success
    } else {
        ProbeResult::Warning
    }
}

fn step_result(steps: &[ProbeStep], id: &str) -> Option<ProbeResult> {
    steps.iter().find(|step| step.id == id).map(|step| step.result)
}
