//! Which notifications people get, and which they do not.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use sluice_alerts::{ChannelConfig, ChannelSecrets, Condition, WebhookFormat};
use sluice_app::{AppEvent, ChannelInput, ChannelPut, ErrorCode, SettingSet, TaskMute, TaskRetry, TaskTune};
use sluice_fakekafka::FakeRecord;
use sluice_model::{Objects, RateLimits, Spec, TaskState};
use sluice_store::RuleRow;
use sluice_tests::{Ground, TASK, ends, eventually, now_ms, spawn_sluice};

use crate::receiver::Receiver;

#[test]
fn a_failure_is_told_once_on_the_desktop_in_the_history_and_as_an_event_and_not_again_after_a_restart()
-> Result<()> {
    let mut ground = Ground::running()?;
    let id = ground.task()?.id;
    let events = ground.app()?.subscribe();
    ground.pause()?;
    let never = ground.app()?.call(SettingSet {
        key: "give_up_after_minutes".into(),
        value: 0.into(),
    });
    assert_eq!(
        never.map_err(|error| error.code),
        Err(ErrorCode::InvalidInput),
        "a minute is the least"
    );
    ground.gives_up_at_once()?;
    ground.target_goes()?;
    ground.resume()?;
    ground.reaches(TaskState::Failed)?;
    eventually("the history has it", || Ok(!ground.history()?.is_empty()))?;
    let shown = ground.shown()?;
    assert_eq!(shown.len(), 1, "{shown:#?}");
    let message = shown.first().context("a message")?;
    assert_eq!(message.task_id(), Some(id.as_str()), "a click opens the task");
    assert!(message.title.contains(TASK), "{}", message.title);
    let reason = ground.task()?.reason.unwrap_or_default();
    assert!(reason.contains("given up after 0 min"), "{reason}");
    assert!(message.body.contains("given up after"), "{}", message.body);
    assert!(
        message.body.contains("west") && message.body.contains("east"),
        "{}",
        message.body
    );
    let history = ground.history()?;
    assert_eq!(ends(&history), [("raised", "sent", "Desktop")]);
    let row = history.first().context("a row")?;
    assert_eq!(
        (row.task_id.as_str(), row.task_name.as_str()),
        (id.as_str(), TASK)
    );
    assert_eq!((&row.title, &row.body), (&message.title, &message.body));
    assert_eq!((row.rule_name.as_str(), &row.detail), ("Task failed", &None));
    let told: Vec<_> = events
        .try_iter()
        .filter_map(|event| match event {
            AppEvent::Alert { task_id, title, .. } => Some((task_id, title)),
            _ => None,
        })
        .collect();
    assert_eq!(told, [(id.as_str().to_owned(), message.title.clone())]);

    ground.reopen()?;
    assert_eq!(ground.task()?.snapshot.state, TaskState::Failed);
    told_by_another_rule(&ground)?;
    assert_eq!(ground.told_by("Task failed")?.len(), 1);
    let shown: Vec<_> = ground.shown()?.into_iter().map(|message| message.body).collect();
    assert_eq!(shown.len(), 1, "{shown:#?}");
    assert!(shown.concat().contains("Second look"), "{shown:#?}");
    Ok(())
}

/// Waits until a new rule on failures has told. It is looked at with the others: they have had their chance then.
fn told_by_another_rule(ground: &Ground) -> Result<()> {
    ground.rule("Second look", Condition::Failed, |_| {})?;
    ground.raised_by("Second look")?;
    Ok(())
}

#[test]
fn a_failure_that_was_over_is_told_anew_also_after_a_restart() -> Result<()> {
    let mut ground = Ground::running()?;
    ground.fail()?;
    let raised = |ground: &Ground| {
        let history = ground.history()?;
        anyhow::Ok(history.iter().filter(|row| row.kind == "raised").count())
    };
    eventually("the failure is told", || Ok(raised(&ground)? == 1))?;
    ground.target_refuses(false);
    ground.app()?.call(TaskRetry { task: TASK.into() })?;
    ground.reaches(TaskState::Running)?;
    eventually("the recovery is told", || {
        Ok(ground.history()?.iter().any(|row| row.kind == "recovered"))
    })?;
    assert_eq!(
        ends(&ground.history()?),
        [("recovered", "sent", "Desktop"), ("raised", "sent", "Desktop")]
    );
    assert_eq!(ground.shown()?.len(), 2);
    ground.reopen()?;
    ground.reaches(TaskState::Running)?;
    ground.fail()?;
    eventually("the second failure is told", || Ok(raised(&ground)? == 2))
}

#[test]
fn a_rule_that_had_nothing_to_tell_yet_is_not_a_new_one_after_a_restart() -> Result<()> {
    let mut ground = Ground::new()?;
    ground.append(0, 50)?;
    let mut settings = ground.settings()?;
    settings.out_of_range = sluice_model::OutOfRange::Nearest;
    ground.launch(settings)?;
    ground.has_exactly(50)?;
    let rule = ground.rule("Gaps", Condition::GapFound, |_| {})?;
    ground.in_force(&rule)?;
    ground.close();
    // The gap is found as soon as the task goes on, perhaps before the first look.
    ground.append(50, 50)?;
    ground.source.delete_records("t", 0, 60)?;
    ground.reopen()?;
    ground.raised_by("Gaps")?;
    Ok(())
}

#[test]
fn a_muted_task_is_in_the_history_as_suppressed_and_on_no_desktop() -> Result<()> {
    let ground = Ground::running()?;
    ground.app()?.call(TaskMute {
        task: TASK.into(),
        until_ms: Some(now_ms() + 3_600_000),
    })?;
    ground.fail()?;
    eventually("the history has it", || Ok(!ground.history()?.is_empty()))?;
    let history = ground.history()?;
    assert_eq!(ends(&history), [("raised", "suppressed", "Desktop")]);
    assert_eq!(
        history.first().and_then(|row| row.detail.as_deref()),
        Some("the task is muted")
    );
    assert_eq!(ground.shown()?, []);

    ground.app()?.call(TaskMute {
        task: TASK.into(),
        until_ms: None,
    })?;
    ground.target_refuses(false);
    ground.app()?.call(TaskRetry { task: TASK.into() })?;
    eventually("the recovery is told", || Ok(ground.shown()?.len() == 1))?;
    eventually("the history has it", || Ok(ground.history()?.len() == 2))?;
    assert_eq!(
        ends(&ground.history()?),
        [
            ("recovered", "sent", "Desktop"),
            ("raised", "suppressed", "Desktop")
        ]
    );
    Ok(())
}

#[test]
fn in_quiet_hours_nothing_is_shown_and_the_history_says_why() -> Result<()> {
    let ground = Ground::running()?;
    let quiet = |enabled: bool| {
        let days = [
            "monday",
            "tuesday",
            "wednesday",
            "thursday",
            "friday",
            "saturday",
            "sunday",
        ];
        ground.app()?.call(SettingSet {
            key: "quiet_hours".into(),
            // The same time twice is a whole day.
            value: serde_json::json!([{"from": "00:00", "to": "00:00", "days": days, "enabled": enabled}]),
        })?;
        anyhow::Ok(())
    };
    quiet(true)?;
    ground.fail()?;
    eventually("the history has it", || Ok(!ground.history()?.is_empty()))?;
    let history = ground.history()?;
    assert_eq!(ends(&history), [("raised", "suppressed", "Desktop")]);
    assert_eq!(
        history.first().and_then(|row| row.detail.as_deref()),
        Some("these are quiet hours")
    );
    assert_eq!(ground.shown()?, []);
    quiet(false)?;
    told_by_another_rule(&ground)?;
    assert_eq!(ground.shown()?.len(), 1, "what was suppressed is not told later");
    Ok(())
}

#[test]
fn a_message_on_its_way_when_the_program_is_killed_is_told_by_the_next_one_and_by_no_later_one() -> Result<()>
{
    let receiver = Receiver::answering("503 Service Unavailable")?;
    let mut ground = Ground::running()?;
    let channel = ground.app()?.call(ChannelPut {
        channel: ChannelInput {
            id: String::new(),
            name: "Operations".into(),
            config: ChannelConfig::Webhook {
                url: receiver.plain_url(),
                format: WebhookFormat::Generic,
                headers: BTreeMap::new(),
                ca_pem: None,
            },
            secrets: ChannelSecrets::default(),
        },
    })?;
    ground.rule("Failures", Condition::Failed, |rule| {
        rule.channel_ids = vec![channel.id.clone()]
    })?;
    ground.close();
    ground.target_refuses(true);
    let dir = ground.dir().display().to_string();
    let mut program = spawn_sluice(&["daemon", "--data", &dir])?;
    let asked = eventually("the receiver was asked", || Ok(!receiver.posts().is_empty()));
    // No chance to end anything: on unix this is SIGKILL.
    program.kill()?;
    program.wait()?;
    asked?;
    receiver.answers("200 OK");
    let before = receiver.posts().len();

    ground.reopen()?;
    assert_eq!(ground.task()?.snapshot.state, TaskState::Failed);
    let told = ground.raised_by("Failures")?;
    assert_eq!(
        (told.state.as_str(), told.channel_name.as_str()),
        ("sent", "Operations")
    );
    let posts = receiver.posts();
    assert_eq!(posts.len(), before + 1, "{posts:#?}");
    let bodies: BTreeSet<String> = posts
        .iter()
        .map(|post| String::from_utf8_lossy(&post.body).into_owned())
        .collect();
    assert_eq!(bodies.len(), 1, "one and the same message: {bodies:#?}");

    ground.reopen()?;
    told_by_another_rule(&ground)?;
    assert_eq!(receiver.posts().len(), before + 1);
    assert_eq!(ground.told_by("Failures")?.len(), 1);
    assert_eq!(
        ground.told_by("Task failed")?.len(),
        1,
        "the desktop of the other program was told"
    );
    Ok(())
}

#[test]
fn what_still_holds_is_told_again_after_the_interval_of_its_rule() -> Result<()> {
    let ground = Ground::running()?;
    let hasty = ground.rule("Again", Condition::Failed, |rule| rule.repeat_seconds = Some(59));
    let error = hasty.err().context("once a minute is the most")?;
    assert!(error.to_string().contains("outside of 60 to"), "{error:#}");
    let mut rule = ground.rule("Again", Condition::Failed, |rule| rule.repeat_seconds = Some(60))?;
    // A minute would be the whole test: what a person cannot set is the same rule, sooner.
    rule.repeat_seconds = Some(1);
    ground.store()?.put_rule(&RuleRow {
        id: rule.id.clone(),
        name: rule.name.clone(),
        body: serde_json::to_value(&rule)?,
        created_ms: now_ms(),
        updated_ms: now_ms(),
    })?;
    ground.fail()?;
    eventually("it is told three times", || {
        Ok(ground.told_by("Again")?.len() >= 3)
    })?;
    let mut told = ground.told_by("Again")?;
    told.reverse();
    assert!(told.iter().all(|row| row.state == "sent"), "{told:#?}");
    let (first, second) = (
        told.first().context("the first")?,
        told.get(1).context("the second")?,
    );
    assert!(second.at_ms - first.at_ms >= 1_000, "{told:#?}");
    assert!(second.title == format!("Still: {}", first.title), "{told:#?}");
    assert_eq!(
        ground.told_by("Task failed")?.len(),
        1,
        "this rule names no interval"
    );
    Ok(())
}

#[test]
fn a_long_outage_and_its_end_are_told_by_each_rule_and_what_waits_is_stuck_where_an_idle_topic_is_not()
-> Result<()> {
    let ground = Ground::new()?;
    ground.source.create_topic("idle", 1, &[])?;
    ground
        .source
        .append("idle", 0, vec![FakeRecord::new("k", "v").at(now_ms())])?;
    ground.append(0, 10)?;
    let mut settings = ground.settings()?;
    settings.objects = Objects::Topics(["t".to_owned(), "idle".to_owned()].into());
    settings.spec = Spec::Large;
    ground.launch(settings)?;
    ground.has_exactly(10)?;
    let delay = Condition::DelayOver {
        delay_seconds: 1,
        for_seconds: 1,
    };
    let abnormal = Condition::AbnormalLongerThan { seconds: 1 };
    ground.rule("Delay", delay, |_| {})?;
    ground.rule("Trouble", abnormal.clone(), |_| {})?;
    ground.rule("No end", abnormal, |rule| rule.notify_recovery = false)?;
    ground.rule("Stuck", Condition::Stuck { for_seconds: 1 }, |_| {})?;
    ground.target_goes()?;
    ground.append(10, 10)?;
    let stuck = || {
        let rows = ground.task()?.snapshot.partitions;
        anyhow::Ok(
            rows.into_iter()
                .filter(|row| row.stuck)
                .map(|row| row.topic)
                .collect::<Vec<_>>(),
        )
    };
    let late = ground.raised_by("Delay")?;
    assert!(late.title.contains("behind"), "{late:#?}");
    let trouble = ground.raised_by("Trouble")?;
    // Which of the two is seen first is a question of the machine.
    assert!(
        ["connection refused", "has acknowledged nothing"]
            .iter()
            .any(|reason| trouble.body.contains(reason)),
        "the reason: {trouble:#?}"
    );
    ground.raised_by("No end")?;
    assert_eq!(stuck()?, [""; 0], "a minute is not over");
    let until = Instant::now() + Duration::from_secs(100);
    while stuck()?.is_empty() {
        ensure!(Instant::now() < until, "nothing is stuck: {:#?}", ground.task());
        std::thread::sleep(Duration::from_millis(200));
    }
    assert_eq!(stuck()?, ["t"]);
    let told = ground.raised_by("Stuck")?;
    assert!(told.title.contains("stuck"), "{told:#?}");
    ground.target_returns()?;
    ground.has_exactly(20)?;
    for rule in ["Delay", "Trouble", "Stuck"] {
        ground.recovered_by(rule)?;
    }
    assert_eq!(stuck()?, [""; 0]);
    for (rule, expected) in [
        ("Delay", vec!["recovered", "raised"]),
        ("Trouble", vec!["recovered", "raised"]),
        ("Stuck", vec!["recovered", "raised"]),
        ("No end", vec!["raised"]),
        ("Task failed", vec![]),
    ] {
        let told = ground.told_by(rule)?;
        let kinds: Vec<_> = told.iter().map(|row| row.kind.as_str()).collect();
        assert_eq!(kinds, expected, "{rule}: {told:#?}");
    }
    Ok(())
}

#[test]
fn a_source_whose_clean_up_gains_on_a_slow_task_is_told_before_anything_is_lost() -> Result<()> {
    let ground = Ground::new()?;
    ground.append(0, 200)?;
    ground.launch(ground.settings()?)?;
    ground.has_exactly(200)?;
    ground.pause()?;
    ground.app()?.call(TaskTune {
        version: None,
        task: TASK.into(),
        spec: None,
        rate: Some(RateLimits {
            records_per_second: Some(5),
            bytes_per_second: None,
        }),
    })?;
    ground.append(200, 1_000)?;
    ground.rule(
        "Retention",
        Condition::RetentionRisk {
            horizon_seconds: 3_600,
        },
        |_| {},
    )?;
    ground.resume()?;
    ground.reaches(TaskState::Running)?;
    // The log began two hundred records behind the task; now it begins right behind it.
    eventually("the clean-up gains", || {
        let rows = ground.task()?.snapshot.partitions;
        let position = rows.first().context("a partition")?.position;
        ground.source.delete_records("t", 0, position - 3)?;
        Ok(ground.task()?.snapshot.retention_left_seconds.is_some())
    })?;
    let told = ground.raised_by("Retention")?;
    assert!(told.body.contains("delete"), "{told:#?}");
    assert_eq!(ground.task()?.snapshot.gaps, 0, "nothing is lost yet");
    Ok(())
}

#[test]
fn what_a_source_is_about_to_delete_under_a_paused_task_is_told_in_time() -> Result<()> {
    const HOUR: i64 = 3_600_000;
    let ground = Ground::new()?;
    ground
        .source
        .set_topic_config("t", "retention.ms", Some("86400000"))?;
    let append = |n: usize, age: i64| -> Result<()> {
        let record = FakeRecord::new(format!("k{n}"), format!("v{n}")).at(now_ms() - age * HOUR);
        ground.source.append("t", 0, vec![record])?;
        Ok(())
    };
    append(0, 30)?;
    append(1, 25)?;
    ground.launch(ground.settings()?)?;
    ground.has_exactly(2)?;
    ground.pause()?;
    // The first that waits is a day old in an hour.
    append(2, 23)?;
    append(3, 24)?;
    append(4, 1)?;
    ground.rule("Retention", retention_within_two_hours(), |_| {})?;
    let told = ground.raised_by("Retention")?;
    assert!(
        told.body.contains("In 5") && told.body.contains("minutes"),
        "{told:#?}"
    );
    let task = ground.task()?;
    let left = task.snapshot.retention_left_seconds;
    assert!(
        left.is_some_and(|left| (3_000..=3_600).contains(&left)),
        "{left:?}"
    );
    assert_eq!(task.snapshot.state, TaskState::Paused, "nothing runs for that");

    ground.resume()?;
    ground.has_exactly(5)?;
    ground.recovered_by("Retention")?;
    assert_eq!(ground.task()?.snapshot.retention_left_seconds, None);
    Ok(())
}

#[test]
fn what_a_source_has_deleted_under_a_paused_task_is_told_before_it_is_resumed() -> Result<()> {
    let ground = Ground::running()?;
    ground.pause()?;
    ground.append(10, 10)?;
    ground.source.delete_records("t", 0, 15)?;
    ground.rule("Retention", retention_within_two_hours(), |_| {})?;
    let told = ground.raised_by("Retention")?;
    assert!(
        told.body
            .contains("The source deletes records that were not copied yet."),
        "{told:#?}"
    );
    assert_eq!(ground.task()?.snapshot.retention_left_seconds, Some(0));
    Ok(())
}

fn retention_within_two_hours() -> Condition {
    Condition::RetentionRisk {
        horizon_seconds: 7_200,
    }
}
