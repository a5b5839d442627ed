//! Old brokers: what they can be asked is compared and copied, the rest is said to be unknown.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use sluice_engine::parity::{
    AclOperation, AclSide, Cancel, ParityChange, ParityResult, ParityRules, Permission, apply_to, changes,
};
use sluice_testground::{Cluster, KafkaVersion};
use sluice_tests::{Filler, skipped};

use crate::ground::{ACLS, ALLOW, Ground, TOPICS, compared, grant, plain, rules_of, set_on};

/// A cluster that keeps ACLs in ZooKeeper; clients without a login may do everything.
fn with_simple_authorizer(version: KafkaVersion) -> Result<Cluster> {
    Ok(Cluster::builder(version)
        .property("authorizer.class.name", "kafka.security.auth.SimpleAclAuthorizer")
        .property("super.users", "User:ANONYMOUS")
        .property("log.retention.ms", "86400000")
        .start()?)
}

#[test]
fn kafka_2_0_is_compared_with_4_3_and_its_rules_and_values_are_copied() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = Ground::between(
        with_simple_authorizer(KafkaVersion::V2_0_1)?,
        Cluster::builder(KafkaVersion::V4_3_1).acls().start()?,
    )?;
    for cluster in [&ground.source, &ground.target] {
        Filler::new(&cluster.bootstrap())?.create("orders", 1, &[])?;
    }
    grant(
        &ground.source,
        ALLOW,
        "User:anna",
        "Write",
        &["--topic", "orders"],
    )?;
    let (code, shown, said) = ground.compare(&[])?;
    assert_eq!(code, Some(1), "{shown}{said}");
    ensure!(
        shown.contains("the quotas of the source cannot be read") && shown.contains("Kafka 2.6"),
        "{shown}"
    );
    let (code, shown, said) = ground.compare(&["--apply", "configuration,acls", "--yes"])?;
    assert_eq!(code, Some(0), "{shown}{said}");
    let set = set_on(&ground.target, "orders")?;
    ensure!(
        set.contains("retention.ms=86400000"),
        "the brokers' 24 hours of the source: {set}"
    );
    let rules = rules_of(&ground.target)?;
    ensure!(
        rules.contains("User:anna") && rules.contains("operation=WRITE"),
        "{rules}"
    );

    // The other way: brokers before 2.3 can only replace all values of a topic, so nothing is set there.
    Filler::new(&ground.target.bootstrap())?.configure("orders", &[("retention.ms", "5000000")])?;
    let rules = ParityRules::default();
    let back = compared(&plain(&ground.target)?, &plain(&ground.source)?, TOPICS, &rules)?;
    let wanted = changes(&back);
    ensure!(!wanted.is_empty(), "{back:#?}");
    let applied = apply_to(&plain(&ground.source)?, &wanted, &Cancel::new())?;
    ensure!(
        applied.iter().all(|one| one
            .error
            .as_ref()
            .is_some_and(|error| error.contains("Kafka 2.3") && error.contains("kafka-configs"))),
        "{applied:#?}"
    );
    // Rules of access can be made there.
    grant(
        &ground.target,
        ALLOW,
        "User:bert",
        "Write",
        &["--topic", "orders"],
    )?;
    let back = compared(&plain(&ground.target)?, &plain(&ground.source)?, ACLS, &rules)?;
    let applied = apply_to(&plain(&ground.source)?, &changes(&back), &Cancel::new())?;
    ensure!(
        applied.len() == 1 && applied.iter().all(|one| one.error.is_none()),
        "{applied:#?}"
    );
    let there = rules_of(&ground.source)?;
    ensure!(
        there.contains("User:bert") && there.contains("User:anna"),
        "{there}"
    );
    Ok(())
}

#[test]
fn rules_of_kafka_1_0_are_read_although_it_knows_no_patterns() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let old = with_simple_authorizer(KafkaVersion::V1_0_2)?;
    grant(&old, ALLOW, "User:anna", "Write", &["--topic", "orders"])?;
    grant(
        &old,
        "--deny-principal",
        "User:eve",
        "Read",
        &["--group", "readers"],
    )?;
    let address = plain(&old)?;
    let found = compared(&address, &address, ACLS, &ParityRules::default())?;
    let acls = found.acls.as_ref().context("ACLs")?;
    assert_eq!(
        acls.source,
        AclSide::Rules {
            rules: 2,
            of_other_kinds: 0
        },
        "{found:#?}"
    );
    let mut read: Vec<_> = acls
        .rows
        .iter()
        .filter_map(|row| row.source.as_ref())
        .map(|rule| {
            (
                rule.principal.as_str(),
                rule.name.as_str(),
                rule.operation,
                rule.permission,
            )
        })
        .collect();
    read.sort();
    assert_eq!(
        read,
        [
            ("User:anna", "orders", AclOperation::Write, Permission::Allow),
            ("User:eve", "readers", AclOperation::Read, Permission::Deny),
        ]
    );
    assert_eq!(found.result, ParityResult::Equal);
    let remove: Vec<ParityChange> = acls
        .rows
        .iter()
        .filter_map(|row| {
            Some(ParityChange::RemoveAcl {
                rule: row.target.clone()?,
            })
        })
        .collect();
    let applied = apply_to(&address, &remove, &Cancel::new())?;
    ensure!(
        applied.iter().all(|one| one
            .error
            .as_ref()
            .is_some_and(|error| error.contains("Kafka 2.0"))),
        "brokers without patterns are not written to: {applied:#?}"
    );
    Ok(())
}

#[test]
fn of_kafka_0_10_what_cannot_be_read_is_unknown_and_not_called_equal() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = Ground::between(
        Cluster::builder(KafkaVersion::V0_10_2_2).start()?,
        Cluster::builder(KafkaVersion::V4_3_1).start()?,
    )?;
    for cluster in [&ground.source, &ground.target] {
        Filler::new(&cluster.bootstrap())?.create("orders", 3, &[])?;
    }
    let (code, shown, said) = ground.compare(&["--json"])?;
    assert_eq!(code, Some(1), "{shown}{said}");
    let report: Value = serde_json::from_str(&shown)?;
    assert_eq!(report["result"], "unknown", "{report:#}");
    let topic = &report["topics"][0];
    assert_eq!(topic["state"], "unknown", "{report:#}");
    assert_eq!(topic["source"]["partitions"], 3);
    let unknown: Vec<(&str, &str)> = report["unknown"]
        .as_array()
        .context("what is unknown")?
        .iter()
        .filter_map(|one| Some((one["part"].as_str()?, one["reason"].as_str()?)))
        .collect();
    for part in ["configuration", "acls", "quotas"] {
        ensure!(unknown.contains(&(part, "too_old")), "{part}: {report:#}");
    }
    ensure!(!unknown.iter().any(|(part, _)| *part == "groups"), "{report:#}");
    let (_, shown, _) = ground.compare(&["--topic", "orders,misspelt"])?;
    for expected in ["quotas: not known", "'misspelt' is on neither side"] {
        ensure!(shown.contains(expected), "{expected}: {shown}");
    }
    let (code, shown, said) = ground.compare(&["--apply", "configuration", "--yes"])?;
    assert_eq!(code, Some(1), "{shown}{said}");
    ensure!(
        shown.contains("nothing to change") && said.contains("Kafka 0.11"),
        "{shown}{said}"
    );
    Ok(())
}
