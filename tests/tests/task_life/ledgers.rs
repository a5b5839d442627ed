//! Gaps and quarantined records of a task.

use std::collections::BTreeMap;

use anyhow::Result;
use sluice_app::{
    ErrorCode, TaskGaps, TaskPause, TaskQuarantine, TaskQuarantineDiscard, TaskQuarantineReplay, TaskResume,
    TaskVerify,
};
use sluice_engine::{Accepted, DifferenceKind, VerificationResult};
use sluice_fakekafka::FakeRecord;
use sluice_model::{ExistingData, OutOfRange, TaskState};
use sluice_tests::{eventually, values};

use crate::ground::{Scene, append, code};

#[test]
fn what_retention_took_and_what_the_target_refused_is_listed_with_its_offsets() -> Result<()> {
    let scene = Scene::new(&["a"])?;
    scene
        .target
        .create_topic("a", 1, &[("message.timestamp.before.max.ms", "1000000000000")])?;
    let (desk, source, target) = scene.desk()?;
    let mut settings = desk.settings("g", &source, &target, &["a"])?;
    settings.existing = ExistingData::Append;
    settings.out_of_range = OutOfRange::Nearest;
    let task = desk.launch(settings)?;
    desk.copies(&task, 100)?;
    desk.app.call(TaskPause { task: task.clone() })?;
    desk.reaches(&task, TaskState::Paused)?;
    append(&scene.source, "a", 100, 20)?;
    scene.source.delete_records("a", 0, 110)?;
    scene
        .source
        .append("a", 0, vec![FakeRecord::new("old", "refused").at(1)])?;
    append(&scene.source, "a", 121, 4)?;
    desk.app.call(TaskResume { task: task.clone() })?;
    eventually(
        "the rest arrives",
        || Ok(values(&scene.target, "a")?.len() == 114),
    )?;
    let gaps = desk.app.call(TaskGaps { task: task.clone() })?;
    assert_eq!(
        gaps.iter().map(|gap| (gap.from, gap.to)).collect::<Vec<_>>(),
        [(100, 110)]
    );
    let refused = desk.app.call(TaskQuarantine {
        task: task.clone(),
        after_id: 0,
        limit: None,
    })?;
    assert_eq!(refused.iter().map(|row| row.offset).collect::<Vec<_>>(), [120]);
    eventually("the numbers say so too", || {
        let snapshot = desk.show(&task)?.snapshot;
        Ok((snapshot.gaps, snapshot.quarantined) == (1, 1))
    })?;
    Ok(())
}

#[test]
fn a_refused_record_is_replayed_when_the_target_takes_it_or_discarded_and_a_verification_knows() -> Result<()>
{
    let scene = Scene::new(&["a"])?;
    scene
        .target
        .create_topic("a", 1, &[("message.timestamp.before.max.ms", "1000000000000")])?;
    let (desk, source, target) = scene.desk()?;
    let app = &desk.app;
    let mut settings = desk.settings("g", &source, &target, &["a"])?;
    settings.existing = ExistingData::Append;
    let task = desk.launch(settings)?;
    desk.copies(&task, 100)?;
    let old = |value: &'static str| FakeRecord::new("old", value).at(1);
    scene.source.append("a", 0, vec![old("wanted")])?;
    append(&scene.source, "a", 101, 4)?;
    scene.source.append("a", 0, vec![old("unwanted")])?;
    append(&scene.source, "a", 106, 4)?;
    let refused = || {
        app.call(TaskQuarantine {
            task: task.clone(),
            after_id: 0,
            limit: None,
        })
    };
    let offsets = || -> Result<Vec<i64>> { Ok(refused()?.iter().map(|row| row.offset).collect()) };
    eventually("both are refused", || Ok(offsets()? == [100, 105]))?;
    eventually(
        "the rest arrives",
        || Ok(values(&scene.target, "a")?.len() == 108),
    )?;
    let replay = |offset| {
        app.call(TaskQuarantineReplay {
            task: task.clone(),
            topic: "a".into(),
            partition: 0,
            offset,
        })
    };
    let verified = || {
        app.call(TaskVerify {
            task: task.clone(),
            ..TaskVerify::default()
        })
    };
    assert_eq!(verified()?.result, VerificationResult::Different);

    let still = replay(100).err().map(|error| error.message).unwrap_or_default();
    assert!(
        still.contains("a-0 offset 100") && still.contains("timestamp"),
        "{still}"
    );
    assert_eq!(offsets()?, [100, 105], "what was refused again stays");

    scene
        .target
        .set_topic_config("a", "message.timestamp.before.max.ms", None)?;
    let replayed = scene.target.end_offset("a", 0)?;
    assert_eq!(replay(100)?.target_offset, Some(replayed));
    assert_eq!(
        values(&scene.target, "a")?.last().map(String::as_str),
        Some("wanted")
    );
    assert_eq!(code(replay(100)), Some(ErrorCode::Refused), "once is enough");
    let discard = |offset| {
        app.call(TaskQuarantineDiscard {
            task: task.clone(),
            topic: "a".into(),
            partition: 0,
            offset,
        })
    };
    discard(105)?;
    assert_eq!(code(discard(105)), Some(ErrorCode::NotFound));
    assert_eq!(offsets()?, [0_i64; 0]);
    eventually("the numbers say so too", || {
        Ok(desk.show(&task)?.snapshot.quarantined == 0)
    })?;
    append(&scene.source, "a", 110, 5)?;
    eventually("the copy goes on behind it", || {
        Ok(values(&scene.target, "a")?.len() == 114)
    })?;
    eventually("a verification accepts what a person decided", || {
        let report = verified()?;
        Ok(report.result == VerificationResult::AcceptedDifferences
            && report.accepted == BTreeMap::from([(Accepted::Replayed, 1), (Accepted::Discarded, 1)]))
    })?;
    app.call(TaskPause { task: task.clone() })?;
    desk.reaches(&task, TaskState::Paused)?;
    scene.target.truncate("a", 0, replayed)?;
    let report = verified()?;
    assert_eq!(
        report.differences,
        BTreeMap::from([(DifferenceKind::Missing, 6)]),
        "the replayed record is missing like the five behind it"
    );
    Ok(())
}
