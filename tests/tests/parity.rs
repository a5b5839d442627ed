//! Two clusters side by side: what differs is found, a preview changes nothing, what is confirmed is changed, and Kafka's
//! own tools see it.

#[path = "parity/ground.rs"]
mod ground;
#[path = "parity/groups.rs"]
mod groups;
#[path = "parity/versions.rs"]
mod versions;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use sluice_app::{TaskLogQuery, TaskSyncConfiguration};
use sluice_engine::parity::{
    AclSide, AclSync, Cancel, ParityChange, ParityResult, ParityRules, ParityState, SettingSync,
    UnknownReason, ValueOrigin, apply_to, changes,
};
use sluice_model::{Cluster as Address, ConfigurationSync};
use sluice_testground::tools::config_command;
use sluice_testground::{Cluster, KafkaVersion, Mechanism};
use sluice_tests::{Desk, Filler, eventually, skipped};

use ground::{ACLS, ALLOW, Ground, PREFIXED, TOPICS, compared, grant, plain, renamed, rules_of, set_on};

#[test]
fn configuration_is_compared_by_effective_values_and_set_after_a_preview_that_changes_nothing() -> Result<()>
{
    if skipped() {
        return Ok(());
    }
    let ground = Ground::get()?;
    Filler::new(&ground.source.bootstrap())?.create(
        "conf",
        2,
        &[
            ("retention.ms", "1000000"),
            ("cleanup.policy", "compact,delete"),
            ("min.insync.replicas", "1"),
            ("message.timestamp.type", "LogAppendTime"),
        ],
    )?;
    Filler::new(&ground.target.bootstrap())?.create(
        "conf.eu",
        2,
        &[("segment.bytes", "2097152"), ("cleanup.policy", "delete,compact")],
    )?;
    let found = ground.compared(TOPICS, &renamed("conf", "conf.eu"))?;
    let topic = found
        .topics
        .as_ref()
        .and_then(|topics| topics.first())
        .context("the topic")?;
    let setting = |key: &str| {
        let row = topic.settings.iter().find(|row| row.key == key);
        row.with_context(|| format!("no {key} in {topic:#?}"))
    };
    let retention = setting("retention.ms")?;
    assert_eq!(
        retention.source.as_ref().map(|value| value.origin),
        Some(ValueOrigin::Topic)
    );
    assert_ne!(
        retention.target.as_ref().map(|value| value.origin),
        Some(ValueOrigin::Topic)
    );
    assert_eq!(
        retention.sync,
        SettingSync::Set {
            value: "1000000".to_owned()
        }
    );
    assert_eq!(
        setting("cleanup.policy")?.state,
        ParityState::Same,
        "one policy in another order"
    );
    assert!(
        matches!(setting("segment.bytes")?.sync, SettingSync::Remove { .. }),
        "{topic:#?}"
    );
    assert!(
        matches!(setting("message.timestamp.type")?.sync, SettingSync::Leave { .. }),
        "{topic:#?}"
    );

    let only = [
        "--topic",
        "conf",
        "--rename",
        "conf=conf.eu",
        "--apply",
        "configuration",
    ];
    let before = set_on(&ground.target, "conf.eu")?;
    let (code, shown, said) = ground.compare(&only)?;
    assert_eq!(code, Some(1), "{shown}{said}");
    ensure!(
        shown.contains("set retention.ms") && said.contains("add --yes"),
        "{shown}{said}"
    );
    assert_eq!(
        set_on(&ground.target, "conf.eu")?,
        before,
        "a preview changes nothing"
    );

    let (code, shown, said) = ground.compare(&[&only[..], &["--yes"]].concat())?;
    assert_eq!(code, Some(0), "{shown}{said}");
    ensure!(said.contains("add --remove"), "{said}");
    let after = set_on(&ground.target, "conf.eu")?;
    ensure!(after.contains("retention.ms=1000000"), "{after}");
    ensure!(
        after.contains("segment.bytes=2097152"),
        "removals are confirmed apart: {after}"
    );
    ensure!(!after.contains("LogAppendTime"), "{after}");

    let (code, shown, said) = ground.compare(&[&only[..], &["--yes", "--remove"]].concat())?;
    assert_eq!(code, Some(0), "{shown}{said}");
    let after = set_on(&ground.target, "conf.eu")?;
    ensure!(!after.contains("segment.bytes"), "{after}");
    Ok(())
}

#[test]
fn a_value_that_the_target_refuses_keeps_no_other_one_back() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = Ground::get()?;
    Filler::new(&ground.target.bootstrap())?.create("refusing", 1, &[])?;
    let set = |key: &str, value: &str| ParityChange::SetValue {
        topic: "refusing".to_owned(),
        key: key.to_owned(),
        value: value.to_owned(),
        was: None,
    };
    let wanted = [
        set("segment.bytes", "3000000"),
        set("cleanup.policy", "shred"),
        set("retention.ms", "77000"),
    ];
    let applied = apply_to(&plain(&ground.target)?, &wanted, &Cancel::new())?;
    let failed: Vec<bool> = applied.iter().map(|one| one.error.is_some()).collect();
    assert_eq!(failed, [false, true, false], "{applied:#?}");
    let error = applied
        .get(1)
        .and_then(|one| one.error.clone())
        .context("the refusal")?;
    ensure!(
        error.contains("INVALID_CONFIG") && error.contains("shred"),
        "{error}"
    );
    let there = set_on(&ground.target, "refusing")?;
    ensure!(
        there.contains("segment.bytes=3000000") && there.contains("retention.ms=77000"),
        "{there}"
    );
    Ok(())
}

#[test]
fn acls_are_copied_with_renames_and_writing_and_removed_only_when_that_is_confirmed() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = Ground::get()?;
    for operation in ["Read", "Write"] {
        grant(
            &ground.source,
            ALLOW,
            "User:CN=anna,O=shop",
            operation,
            &["--topic", "acl"],
        )?;
    }
    grant(
        &ground.source,
        "--deny-principal",
        "User:eve",
        "Write",
        &["--topic", "acl"],
    )?;
    grant(
        &ground.source,
        ALLOW,
        "User:bert",
        "Write",
        &[&["--topic", "ac"][..], &PREFIXED].concat(),
    )?;
    grant(
        &ground.source,
        ALLOW,
        "User:CN=anna,O=shop",
        "Read",
        &["--group", "readers"],
    )?;
    grant(
        &ground.source,
        ALLOW,
        "User:other",
        "Write",
        &["--topic", "elsewhere"],
    )?;
    grant(
        &ground.target,
        ALLOW,
        "User:mallory",
        "Write",
        &["--topic", "acl.eu"],
    )?;
    grant(
        &ground.target,
        ALLOW,
        "User:zoe",
        "Write",
        &["--topic", "quite.another"],
    )?;

    let only = [
        "--topic",
        "acl",
        "--rename",
        "acl=acl.eu",
        "--principal",
        "User:CN=anna,O=shop=>User:anna",
        "--apply",
        "acls",
    ];
    let before = rules_of(&ground.target)?;
    let (code, shown, _) = ground.compare(&only)?;
    assert_eq!(code, Some(1), "{shown}");
    assert_eq!(rules_of(&ground.target)?, before, "a preview changes nothing");
    let (_, report, _) = ground.compare(&[&only[..6], &["--acls"]].concat())?;
    ensure!(
        report.contains("no one beginning covers"),
        "of a prefix it is said why: {report}"
    );

    let (code, shown, said) = ground.compare(&[&only[..], &["--yes", "--json"]].concat())?;
    assert_eq!(code, Some(0), "{shown}{said}");
    let report: Value = serde_json::from_str(&shown)?;
    let applied = report["applied"].as_array().context("what was applied")?;
    assert_eq!(applied.len(), 4, "{report:#}");
    assert_eq!(report["removals_left"], 1, "{report:#}");
    let after = rules_of(&ground.target)?;
    for expected in [
        "(principal=User:anna, host=*, operation=READ, permissionType=ALLOW)",
        "(principal=User:anna, host=*, operation=WRITE, permissionType=ALLOW)",
        "(principal=User:eve, host=*, operation=WRITE, permissionType=DENY)",
        "(principal=User:mallory, host=*, operation=WRITE, permissionType=ALLOW)",
        "name=acl.eu, patternType=LITERAL",
        "resourceType=GROUP, name=readers",
    ] {
        ensure!(after.contains(expected), "{expected}: {after}");
    }
    for absent in ["name=acl,", "User:CN=anna", "User:bert", "User:other"] {
        ensure!(!after.contains(absent), "{absent}: {after}");
    }

    let (code, shown, said) = ground.compare(&[&only[..], &["--yes", "--remove"]].concat())?;
    assert_eq!(code, Some(0), "{shown}{said}");
    let after = rules_of(&ground.target)?;
    ensure!(!after.contains("User:mallory"), "{after}");
    ensure!(
        after.contains("User:zoe") && after.contains("User:anna"),
        "{after}"
    );
    Ok(())
}

#[test]
fn quotas_are_compared_and_copied_by_the_targets_names() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = Ground::get()?;
    let quota = |cluster: &Cluster, user: &str, limit: &str| {
        let args = [
            "--alter",
            "--entity-type",
            "users",
            "--entity-name",
            user,
            "--add-config",
            limit,
        ];
        config_command(cluster, args).map(drop)
    };
    quota(&ground.source, "quinn", "producer_byte_rate=1048576")?;
    quota(&ground.target, "old.one", "consumer_byte_rate=1024")?;
    let described = || -> Result<String> {
        Ok(config_command(&ground.target, ["--describe", "--entity-type", "users"])?.text())
    };
    let only = ["--principal", "User:quinn=>User:q", "--apply", "quotas"];
    let before = described()?;
    let (code, shown, _) = ground.compare(&only)?;
    assert_eq!(code, Some(1), "{shown}");
    assert_eq!(described()?, before, "a preview changes nothing");
    let (code, shown, said) = ground.compare(&[&only[..], &["--yes"]].concat())?;
    assert_eq!(code, Some(0), "{shown}{said}");
    let after = described()?;
    ensure!(
        after.contains("'q'") && after.contains("producer_byte_rate=1048576"),
        "{after}"
    );
    ensure!(
        after.contains("'old.one'"),
        "removals are confirmed apart: {after}"
    );
    let (_, _, _) = ground.compare(&[&only[..], &["--yes", "--remove"]].concat())?;
    let after = described()?;
    ensure!(after.contains("'q'") && !after.contains("'old.one'"), "{after}");
    Ok(())
}

#[test]
fn a_missing_right_leaves_acls_unknown_and_nothing_is_made_of_it() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = Ground::get()?;
    grant(
        &ground.source,
        ALLOW,
        "User:carl",
        "Write",
        &["--topic", "rights"],
    )?;
    let mut alice = Address::new(&ground.target.secured_bootstrap()?)?;
    alice.set("security.protocol", "SASL_SSL");
    alice.set("sasl.mechanism", Mechanism::Plain.name());
    alice.set("sasl.username", "alice");
    alice.set("sasl.password", "alice-secret");
    alice.set("ssl.ca.location", ground.target.ca_file()?.display().to_string());
    let found = compared(&plain(&ground.source)?, &alice, ACLS, &ParityRules::default())?;
    let unknown = found.unknown.first().context("something unknown")?;
    assert_eq!(unknown.reason, UnknownReason::NoRight);
    ensure!(unknown.sentence.contains("DESCRIBE on the cluster"), "{unknown}");
    let rules = found.acls.as_ref().context("ACLs")?;
    assert_eq!(rules.target, AclSide::Unknown);
    ensure!(
        rules.rows.iter().all(|row| row.state == ParityState::Unknown),
        "{rules:#?}"
    );
    assert_eq!(found.result, ParityResult::Unknown);
    assert_eq!(changes(&found), []);

    // What is refused is said of each change, and the target stays as it is.
    let as_admin = ground.compared(ACLS, &ParityRules::default())?;
    let wanted: Vec<ParityChange> = changes(&as_admin)
        .into_iter()
        .filter(|change| matches!(change, ParityChange::CreateAcl { rule } if rule.principal == "User:carl"))
        .collect();
    assert_eq!(wanted.len(), 1, "{as_admin:#?}");
    let applied = apply_to(&alice, &wanted, &Cancel::new())?;
    let error = applied
        .first()
        .and_then(|one| one.error.clone())
        .context("an error")?;
    ensure!(error.contains("CLUSTER_AUTHORIZATION_FAILED"), "{error}");
    ensure!(!rules_of(&ground.target)?.contains("User:carl"));
    Ok(())
}

#[test]
fn two_clusters_without_an_authorizer_are_equal_and_one_with_it_differs() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = Ground::get()?;
    let open = Cluster::builder(KafkaVersion::V4_3_1).start()?;
    let plain_rules = ParityRules::default();
    let address = plain(&open)?;
    let found = compared(&address, &address, ACLS, &plain_rules)?;
    assert_eq!(found.result, ParityResult::Equal);
    grant(&ground.source, ALLOW, "User:dora", "Write", &["--topic", "open"])?;
    let found = compared(&plain(&ground.source)?, &address, ACLS, &plain_rules)?;
    assert_eq!(found.result, ParityResult::Different);
    let rules = found.acls.context("ACLs")?;
    assert_eq!(rules.target, AclSide::NoAuthorizer);
    ensure!(
        rules
            .rows
            .iter()
            .all(|row| matches!(row.sync, AclSync::Leave { .. })),
        "{rules:#?}"
    );
    Ok(())
}

#[test]
fn the_configuration_of_a_running_task_follows_the_source_once_that_is_turned_on_and_throttles_do_not()
-> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = Ground::get()?;
    let filler = Filler::new(&ground.source.bootstrap())?;
    // Longer than the records are old: the broker looks for what is to be deleted half a minute after its start.
    filler.create("kept", 1, &[("retention.ms", "3000000000000")])?;
    filler.numbered("kept", 1, 0, 10, 50)?;
    let dir = tempfile::tempdir()?;
    let desk = Desk::open(dir.path())?;
    let source = desk.source("old", &ground.source.bootstrap())?;
    let target = desk.source("new", &ground.target.bootstrap())?;
    let task = desk.launch(desk.settings("kept", &source, &target, &["kept"])?)?;
    desk.copies(&task, 10)?;
    ensure!(set_on(&ground.target, "kept")?.contains("retention.ms=3000000000000"));
    filler.configure(
        "kept",
        &[
            ("retention.ms", "4000000000000"),
            ("leader.replication.throttled.replicas", "0:1"),
        ],
    )?;
    let refused = desk.app.call(TaskSyncConfiguration {
        task: task.clone(),
        sync: ConfigurationSync {
            on: true,
            with: ["message.timestamp.type".to_owned()].into(),
            ..ConfigurationSync::default()
        },
    });
    ensure!(refused.is_err(), "it would change the times of copied records");
    let view = desk.app.call(TaskSyncConfiguration {
        task: task.clone(),
        sync: ConfigurationSync {
            on: true,
            ..ConfigurationSync::default()
        },
    })?;
    ensure!(view.settings.configuration_sync.on, "{view:#?}");
    eventually("the target topic has the source's value", || {
        Ok(set_on(&ground.target, "kept")?.contains("retention.ms=4000000000000"))
    })?;
    ensure!(!set_on(&ground.target, "kept")?.contains("throttled"));
    let log = desk.app.call(TaskLogQuery {
        task,
        text: Some("as at the source".to_owned()),
        ..TaskLogQuery::default()
    })?;
    ensure!(
        log.iter()
            .any(|line| line.message.contains("'retention.ms'") && line.message.contains("'kept'")),
        "{log:#?}"
    );
    Ok(())
}
