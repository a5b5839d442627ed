//! Charts, ceilings, and what is published of both.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use sluice_app::{
    AppEvent, MetricPoint, Metrics, TaskMetrics, TaskPartition, TaskShow, TaskTerminate, TaskTopics,
    TaskTune, TopicLine,
};
use sluice_model::{
    Codec, Delivery, ExistingData, Objects, OutOfRange, RateLimits, Spec, Start, TaskAction, TaskState,
};
use sluice_store::MetricSample;
use sluice_tests::{Ground, TASK, eventually, now_ms};

fn metrics(ground: &Ground, from_ms: i64, to_ms: Option<i64>, max_points: usize) -> Result<Metrics> {
    Ok(ground.app()?.call(TaskMetrics {
        task: TASK.into(),
        from_ms,
        to_ms,
        max_points: Some(max_points),
    })?)
}

#[test]
fn charts_give_the_exact_numbers_that_were_kept_also_after_a_restart() -> Result<()> {
    let mut ground = Ground::new()?;
    ground.launch(ground.settings()?)?;
    ground.pause()?;
    let id = ground.task()?.id;
    // Two hours ago, before the task: nothing else is there.
    let begin = (now_ms() / 1000 - 7_200) / 60 * 60;
    let store = ground.store()?;
    for n in 0..12 {
        store.record_metrics(
            id.as_str(),
            &MetricSample {
                at_s: begin + 10 * n,
                read_records_rate: 10.0 * n as f64,
                write_records_rate: 5.0 * n as f64,
                read_bytes_rate: 1_000.5 * n as f64,
                write_bytes_rate: 500.25 * n as f64,
                delay_ms: Some(100 * n),
                lag_records: (n % 2 == 0).then_some(n),
                lag_bytes: (n % 2 == 0).then_some(1_000 * n),
                p50_us: Some(1_500),
                p95_us: Some(2_500 + n),
                p99_us: Some(3_500),
                p999_us: None,
            },
        )?;
    }
    let (from, to) = (begin * 1000, Some((begin + 120) * 1000));
    let fine = metrics(&ground, from, to, 720)?;
    assert_eq!((fine.resolution_s, fine.points.len()), (10, 12));
    for (n, point) in (0i64..).zip(&fine.points) {
        assert_eq!(point.ts, (begin + 10 * n) * 1000);
        assert_eq!(
            (point.read_rate, point.write_rate),
            (10.0 * n as f64, 5.0 * n as f64)
        );
        assert_eq!(point.read_bytes_rate, 1_000.5 * n as f64);
        assert_eq!(point.write_bytes_rate, 500.25 * n as f64);
        assert_eq!(point.delay_ms, Some(100 * n));
        assert_eq!(point.lag_records, (n % 2 == 0).then_some(n));
        assert_eq!(point.lag_bytes, (n % 2 == 0).then_some(1_000 * n));
        assert_eq!(point.p50_ms, Some(1.5));
        assert_eq!(point.p95_ms, Some((2_500 + n) as f64 / 1000.0));
        assert_eq!((point.p99_ms, point.p999_ms), (Some(3.5), None));
    }
    store.roll_up_metrics(now_ms() / 1000)?;
    let coarse = metrics(&ground, from, to, 2)?;
    assert_eq!((coarse.resolution_s, coarse.points.len()), (60, 2));
    let means: Vec<(f64, f64)> = coarse
        .points
        .iter()
        .map(|point| (point.read_rate, point.write_rate))
        .collect();
    assert_eq!(
        means,
        [(25.0, 12.5), (85.0, 42.5)],
        "means of the six of each minute"
    );
    let greatest: Vec<_> = coarse.points.iter().map(|point| point.delay_ms).collect();
    assert_eq!(greatest, [Some(500), Some(1_100)]);
    let part = metrics(&ground, from + 30_000, Some(from + 50_000), 720)?;
    let times: Vec<i64> = part.points.iter().map(|point| point.ts - from).collect();
    assert_eq!(times, [30_000, 40_000], "from the beginning to before the end");
    drop(store);

    ground.reopen()?;
    assert_eq!(metrics(&ground, from, to, 720)?, fine);
    assert_eq!(metrics(&ground, from, to, 2)?, coarse);
    let backwards = metrics(&ground, from, Some(from), 720);
    ensure!(backwards.is_err(), "a range of nothing is refused");
    Ok(())
}

/// Records and bytes read, records and bytes written, as the chart since `from_ms` has them.
fn charted(ground: &Ground, from_ms: i64) -> Result<[f64; 4]> {
    let metrics = metrics(ground, from_ms, None, 720)?;
    assert_eq!(metrics.resolution_s, 10);
    let sum = |pick: fn(&MetricPoint) -> f64| 10.0 * metrics.points.iter().map(pick).sum::<f64>();
    Ok([
        sum(|point| point.read_rate),
        sum(|point| point.read_bytes_rate),
        sum(|point| point.write_rate),
        sum(|point| point.write_bytes_rate),
    ])
}

#[test]
fn charts_agree_with_the_load_that_was_counted_through_pauses_and_survive_a_restart() -> Result<()> {
    let mut ground = Ground::new()?;
    let begin = now_ms() - 10_000;
    // Several short runs: most of them share their ten seconds with another.
    for run in 0..4 {
        ground.append(500 * run, 500)?;
        if run == 0 {
            ground.launch(ground.settings()?)?;
        } else {
            ground.resume()?;
            ground.reaches(TaskState::Running)?;
        }
        ground.has_exactly(500 * (run + 1))?;
        ground.pause()?;
    }
    // The wire lane counts records as they are stored, without the 61 bytes of a batch's head; small batches become larger
    // ones on the way, in which a record takes a byte more.
    let stored = ground.source.batches("t", 0)?;
    let bytes: usize = stored.iter().map(|batch| batch.bytes.len() - 61).sum();
    let counted = [2_000.0, bytes as f64, 2_000.0, bytes as f64];
    let chart = charted(&ground, begin)?;
    for (charted, counted) in chart.iter().zip(counted) {
        assert!(
            (0.9 * counted..=1.1 * counted).contains(charted),
            "{chart:?} instead of {counted:?}"
        );
    }
    ground.reopen()?;
    assert_eq!(charted(&ground, begin)?, chart);
    ground.append(2_000, 500)?;
    ground.resume()?;
    ground.has_exactly(2_500)?;
    ground.pause()?;
    let more = charted(&ground, begin)?;
    assert!((2_375.0..=2_625.0).contains(&more[2]), "{more:?}");
    Ok(())
}

#[test]
fn everything_that_was_decided_and_when_is_shown_also_after_a_restart() -> Result<()> {
    let mut ground = Ground::new()?;
    ground.source.create_topic("u", 2, &[])?;
    ground.append(0, 20)?;
    let before = now_ms();
    let mut settings = ground.settings()?;
    settings.objects = Objects::Topics(["t".to_owned(), "u".to_owned()].into());
    settings.rename.map = [("u".to_owned(), "u-copy".to_owned())].into();
    settings.start_overrides = [("u".to_owned(), Start::Latest)].into();
    settings.existing = ExistingData::Append;
    settings.delivery = Delivery::AtLeastOnce;
    settings.out_of_range = OutOfRange::Nearest;
    settings.spec = Spec::Large;
    settings.rate = RateLimits {
        records_per_second: Some(9_000),
        bytes_per_second: Some(8_000_000),
    };
    settings.replication_factor = Some(2);
    settings.compression = Codec::Zstd;
    ground.launch(settings.clone())?;
    ground.has_exactly(20)?;
    let running = ground.task()?;
    assert_eq!(running.settings, settings);
    assert_eq!(
        (running.source_name.as_str(), running.target_name.as_str()),
        ("west", "east")
    );
    let now = now_ms();
    assert!((before..=now).contains(&running.created_ms), "{running:#?}");
    assert!(
        running
            .started_ms
            .is_some_and(|at| (running.created_ms..=now).contains(&at)),
        "{running:#?}"
    );
    assert_eq!((running.ended_ms, running.muted_until_ms), (None, None));
    assert!(
        running.pre_check.is_some() && running.allowed.contains(&TaskAction::Pause),
        "{running:#?}"
    );
    let routes: Vec<_> = running
        .snapshot
        .partitions
        .iter()
        .map(|row| (row.topic.as_str(), row.target_topic.as_str(), row.partition))
        .collect();
    assert_eq!(routes, [("t", "t", 0), ("u", "u-copy", 0), ("u", "u-copy", 1)]);
    assert!(
        running.snapshot.delivery.contains("at-least-once"),
        "{}",
        running.snapshot.delivery
    );

    ground.app()?.call(TaskTerminate { task: TASK.into() })?;
    ground.reaches(TaskState::Terminated)?;
    ground.reopen()?;
    let ended = ground.task()?;
    assert_eq!(ended.settings, settings);
    assert_eq!(
        (ended.created_ms, ended.started_ms),
        (running.created_ms, running.started_ms)
    );
    assert!(ended.ended_ms >= running.started_ms, "{ended:#?}");
    assert_eq!(ended.snapshot.written_records, 20);
    Ok(())
}

/// Waits until so many numbers of the running task were published.
fn samples(ground: &Ground, events: &crossbeam_channel::Receiver<AppEvent>, count: usize) -> Result<()> {
    let mut seen = 0;
    while seen < count {
        let event = events
            .recv_timeout(Duration::from_secs(20))
            .with_context(|| format!("no numbers of {:#?}", ground.task()))?;
        if let AppEvent::TaskProgress { snapshot } = event
            && snapshot.state == TaskState::Running
        {
            seen += 1;
        }
    }
    Ok(())
}

#[test]
fn a_ceiling_of_its_own_holds_and_another_applies_while_the_task_runs() -> Result<()> {
    let ground = Ground::new()?;
    ground.append(0, 500)?;
    let mut settings = ground.settings()?;
    settings.rate.records_per_second = Some(10);
    let events = ground.app()?.subscribe();
    ground.launch(settings)?;
    samples(&ground, &events, 12)?;
    let slow = ground.arrived()?.len();
    assert!(
        slow < 250,
        "{slow} of 500 records at 10 records/s in some seconds"
    );
    let tuned = ground.app()?.call(TaskTune {
        version: None,
        task: TASK.into(),
        spec: None,
        rate: Some(RateLimits::default()),
    })?;
    assert_eq!(tuned.settings.rate, RateLimits::default());
    ground.has_exactly(500)?;
    assert_eq!(ground.task()?.snapshot.state, TaskState::Running);

    ground.app()?.call(TaskTune {
        version: None,
        task: TASK.into(),
        spec: None,
        rate: Some(RateLimits {
            records_per_second: Some(10),
            bytes_per_second: None,
        }),
    })?;
    // A step that has begun goes on at the old speed, for a fraction of a second.
    let events = ground.app()?.subscribe();
    samples(&ground, &events, 2)?;
    ground.append(500, 500)?;
    samples(&ground, &events, 12)?;
    let slow = ground.arrived()?.len();
    assert!(
        slow < 750,
        "{} of 500 records after the ceiling is back",
        slow - 500
    );
    let refused = ground.app()?.call(TaskTune {
        version: None,
        task: TASK.into(),
        spec: None,
        rate: Some(RateLimits {
            records_per_second: Some(0),
            bytes_per_second: None,
        }),
    });
    let fields = refused.err().map(|error| error.fields).unwrap_or_default();
    assert_eq!(fields.first().map(|field| field.field.as_str()), Some("rate"));
    ground.pause()
}

#[test]
fn micro_holds_a_task_to_two_hundred_records_a_second_and_another_spec_lifts_that() -> Result<()> {
    let ground = Ground::new()?;
    // With Micro they would take longer than anything is waited for.
    ground.append(0, 20_000)?;
    let mut settings = ground.settings()?;
    settings.spec = Spec::Micro;
    ground.launch(settings)?;
    let look = || {
        let snapshot = ground.task()?.snapshot;
        anyhow::Ok((snapshot.at_ms, snapshot.written_records))
    };
    eventually("the first records have arrived", || Ok(look()?.1 > 0))?;
    let (begin, before) = look()?;
    eventually("five seconds of numbers", || Ok(look()?.0 >= begin + 5_000))?;
    let (end, after) = look()?;
    let rate = (after - before) as f64 * 1000.0 / (end - begin) as f64;
    assert!(rate > 0.0 && rate <= 230.0, "{rate} records/s with Micro");
    ground.app()?.call(TaskTune {
        version: None,
        task: TASK.into(),
        spec: Some(Spec::Xlarge),
        rate: None,
    })?;
    ground.has_exactly(20_000)
}

#[test]
fn states_and_numbers_are_published_at_most_four_times_a_second() -> Result<()> {
    let ground = Ground::new()?;
    let events = ground.app()?.subscribe();
    ground.append(0, 100)?;
    ground.launch(ground.settings()?)?;
    ground.has_exactly(100)?;
    let mut states = Vec::new();
    let mut by_second: BTreeMap<i64, usize> = BTreeMap::new();
    let mut last = None;
    let mut hear = || {
        for event in events.try_iter() {
            match event {
                AppEvent::TaskState { state, .. } => states.push(state),
                AppEvent::TaskProgress { snapshot } => {
                    *by_second.entry(snapshot.at_ms / 1000).or_default() += 1;
                    last = Some(snapshot);
                }
                _ => {}
            }
        }
        (by_second.len(), states.contains(&TaskState::Paused))
    };
    eventually("numbers of four seconds", || Ok(hear().0 >= 4))?;
    ground.pause()?;
    // A state is published when it is kept, a moment after who asks for it may see it.
    eventually("the pause is published", || Ok(hear().1))?;
    assert_eq!(
        states,
        [
            TaskState::PreChecking,
            TaskState::PreCheckPassed,
            TaskState::Starting,
            TaskState::Running,
            TaskState::Pausing,
            TaskState::Paused
        ]
    );
    // One more for the end of the run, one for where the second begins.
    assert!(by_second.values().all(|count| *count <= 6), "{by_second:?}");
    let last = last.context("numbers were published")?;
    assert_eq!((last.written_records, last.delay_ms), (100, Some(0)));
    Ok(())
}

#[test]
fn a_page_is_given_sums_and_the_rows_it_asks_for_and_a_script_every_partition() -> Result<()> {
    let ground = Ground::new()?;
    ground.append(0, 100)?;
    ground.launch(ground.settings()?)?;
    ground.has_exactly(100)?;
    ground.pause()?;
    let whole = ground.task()?;
    assert!(
        !serde_json::to_string(&whole)?.contains("\"summary\""),
        "what scripts read is as it was"
    );
    let rows = whole.snapshot.partitions;
    ensure!(!rows.is_empty(), "the partitions are known");
    let show = |brief| {
        anyhow::Ok(ground.app()?.call(TaskShow {
            task: TASK.into(),
            brief,
        })?)
    };
    assert_eq!(show(Some(false))?.snapshot.partitions.len(), rows.len());
    let brief = show(Some(true))?.snapshot;
    assert_eq!((brief.partitions.len(), brief.written_records), (0, 100));
    let summary = brief.summary.context("brief numbers have a summary")?;
    assert_eq!(
        (summary.count, summary.health),
        (rows.len(), "r".repeat(rows.len()))
    );

    let view = ground.app()?.call(TaskTopics {
        task: TASK.into(),
        open: true,
        ..TaskTopics::default()
    })?;
    assert_eq!(
        (view.partitions, view.topics, view.total),
        (rows.len(), 1, rows.len() + 1)
    );
    let Some(TopicLine::Topic(sums)) = view.rows.first() else {
        anyhow::bail!("a topic comes first: {view:?}");
    };
    assert_eq!((sums.topic.as_str(), sums.records), (rows[0].topic.as_str(), 100));
    let last = rows.len() - 1;
    let one = |index| {
        anyhow::Ok(ground.app()?.call(TaskPartition {
            task: TASK.into(),
            index,
        })?)
    };
    let found = one(last)?.context("there is a last one")?;
    assert_eq!(
        (&found.topic, found.partition),
        (&rows[last].topic, rows[last].partition)
    );
    assert_eq!(one(last + 1)?, None);
    Ok(())
}
