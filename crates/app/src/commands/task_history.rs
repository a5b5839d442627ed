use std::time::Duration;

use serde::{Deserialize, Serialize};
use sluice_engine::CheckpointStore;
use sluice_model::TaskName;
use sluice_store::LogFilter;
use ts_rs::TS;

use super::command::Command;
use crate::clock::now_ms;
use crate::schema::LogEvent;
use crate::{App, AppError, ErrorCode, Result};

/// Lines of a page of a log if the caller says nothing.
const PAGE: usize = 500;
/// How long the latest lines may take to be written before a log is shown without them.
pub(super) const LATEST_LINES: Duration = Duration::from_secs(1);
/// Points of a chart if the caller says nothing: one for each pixel or two.
const POINTS: usize = 720;

/// Lines of a task's log, the newest first.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields, default)]
pub struct TaskLogQuery {
    /// Name or id.
    pub task: String,
    /// `info`, `warning` or `error`: only those of this level or above.
    pub min_level: Option<String>,
    /// Only those that contain this.
    pub text: Option<String>,
    /// Only those not before this, in ms since 1970.
    #[ts(type = "number | null")]
    pub from_ms: Option<i64>,
    /// Only those before this, in ms since 1970.
    #[ts(type = "number | null")]
    pub to_ms: Option<i64>,
    /// Only those older than this line.
    #[ts(type = "number | null")]
    pub before_id: Option<i64>,
    /// Only those newer than this line.
    #[ts(type = "number | null")]
    pub after_id: Option<i64>,
    /// How many at most; 500 if not said.
    #[ts(type = "number | null")]
    pub limit: Option<usize>,
}

/// A line of a task's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LogView {
    /// Greater for later ones.
    #[ts(type = "number")]
    pub id: i64,
    /// When, in ms since 1970.
    #[ts(type = "number")]
    pub at_ms: i64,
    /// `info`, `warning` or `error`.
    pub level: String,
    /// What happened.
    pub message: String,
    /// The source topic concerned.
    pub topic: Option<String>,
    /// Its partition.
    pub partition: Option<i32>,
    /// The source offset.
    #[ts(type = "number | null")]
    pub offset: Option<i64>,
    /// What of the task's life it is about, if it is.
    pub event: Option<LogEvent>,
}

/// What was changed of a task's topics, the newest first.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TaskChanges {
    /// Name or id.
    pub task: String,
}

/// A change of a task's topics.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ChangeView {
    /// Greater for later ones.
    #[ts(type = "number")]
    pub id: i64,
    /// When it began, in ms since 1970.
    #[ts(type = "number")]
    pub at_ms: i64,
    /// The settings before.
    #[ts(type = "unknown")]
    pub before: serde_json::Value,
    /// The settings after.
    #[ts(type = "unknown")]
    pub after: serde_json::Value,
    /// `running`, `done` or `failed`.
    pub status: String,
    /// What came of it.
    pub detail: Option<String>,
    /// When it ended, in ms since 1970.
    #[ts(type = "number | null")]
    pub ended_ms: Option<i64>,
}

/// Points of a task's charts.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TaskMetrics {
    /// Name or id.
    pub task: String,
    /// From when, in ms since 1970.
    #[ts(type = "number")]
    pub from_ms: i64,
    /// To when, in ms since 1970; now if not said.
    #[serde(default)]
    #[ts(type = "number | null")]
    pub to_ms: Option<i64>,
    /// Points at most; 720 if not said.
    #[serde(default)]
    #[ts(type = "number | null")]
    pub max_points: Option<usize>,
}

/// Points of charts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Metrics {
    /// Seconds that a point stands for.
    #[ts(type = "number")]
    pub resolution_s: i64,
    /// The points, in order of time.
    pub points: Vec<MetricPoint>,
}

/// A point of charts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct MetricPoint {
    /// Its beginning, in ms since 1970.
    #[ts(type = "number")]
    pub ts: i64,
    /// Records read per second.
    pub read_rate: f64,
    /// Records acknowledged per second.
    pub write_rate: f64,
    /// Bytes read per second.
    pub read_bytes_rate: f64,
    /// Bytes acknowledged per second.
    pub write_bytes_rate: f64,
    /// Greatest delay in ms.
    #[ts(type = "number | null")]
    pub delay_ms: Option<i64>,
    /// Greatest lag in records.
    #[ts(type = "number | null")]
    pub lag_records: Option<i64>,
    /// Greatest lag in bytes of keys and values, estimated from the mean size of the records copied.
    #[ts(type = "number | null")]
    pub lag_bytes: Option<i64>,
    /// Latency from reading to acknowledgement in ms: median, 95th, 99th and 99.9th percentile.
    pub p50_ms: Option<f64>,
    /// 95th percentile.
    pub p95_ms: Option<f64>,
    /// 99th percentile.
    pub p99_ms: Option<f64>,
    /// 99.9th percentile.
    pub p999_ms: Option<f64>,
}

/// The gap ledger of a task.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TaskGaps {
    /// Name or id.
    pub task: String,
}

/// Source offsets that can no longer be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct GapView {
    /// Source topic.
    pub topic: String,
    /// Partition.
    pub partition: i32,
    /// The first missing offset.
    #[ts(type = "number")]
    pub from: i64,
    /// The offset behind the last missing one.
    #[ts(type = "number")]
    pub to: i64,
    /// Why.
    #[ts(type = "unknown")]
    pub reason: serde_json::Value,
    /// When it was found, in ms since 1970.
    #[ts(type = "number")]
    pub found_ms: i64,
}

impl Command for TaskLogQuery {
    const NAME: &'static str = "task_log";
    type Answer = Vec<LogView>;

    fn run(self, app: &App) -> Result<Vec<LogView>> {
        if let Some(level) = &self.min_level
            && !["info", "warning", "error"].contains(&level.as_str())
        {
            return Err(AppError::field(
                "min_level",
                format!("there is no level '{level}'; choose info, warning or error"),
            ));
        }
        let row = app.core.task(&self.task)?;
        let filter = LogFilter {
            min_level: self.min_level,
            events: false,
            text: self.text,
            from_ms: self.from_ms,
            to_ms: self.to_ms,
            before_id: self.before_id,
            after_id: self.after_id,
            limit: Some(self.limit.unwrap_or(PAGE)),
        };
        // What has just happened is on its way to the store.
        app.core.task_log.flush(LATEST_LINES);
        let lines = app.core.store.task_log(&row.id, &filter)?;
        Ok(lines
            .into_iter()
            .map(|line| LogView {
                id: line.id,
                at_ms: line.at_ms,
                level: line.level,
                message: line.message,
                topic: line.topic,
                partition: line.partition,
                offset: line.offset,
                event: line.event.as_deref().and_then(LogEvent::from_word),
            })
            .collect())
    }
}

impl Command for TaskChanges {
    const NAME: &'static str = "task_changes";
    type Answer = Vec<ChangeView>;

    fn run(self, app: &App) -> Result<Vec<ChangeView>> {
        let row = app.core.task(&self.task)?;
        Ok(app
            .core
            .store
            .modifications(&row.id)?
            .into_iter()
            .map(|change| ChangeView {
                id: change.id,
                at_ms: change.at_ms,
                before: change.before,
                after: change.after,
                status: change.status,
                detail: change.detail,
                ended_ms: change.ended_ms,
            })
            .collect())
    }
}

/// Whether a time that is asked about is one.
///
/// # Errors
/// It ends where it begins, or before.
pub(super) fn check_range(from_ms: i64, to_ms: i64) -> Result<()> {
    if to_ms <= from_ms {
        return Err(AppError::field(
            "from_ms",
            "the beginning must lie before the end",
        ));
    }
    Ok(())
}

impl Command for TaskMetrics {
    const NAME: &'static str = "task_metrics";
    type Answer = Metrics;

    fn run(self, app: &App) -> Result<Metrics> {
        let row = app.core.task(&self.task)?;
        let now = now_ms();
        let to = self.to_ms.unwrap_or(now + 1000);
        check_range(self.from_ms, to)?;
        let (resolution_s, samples) = app.core.store.metrics(
            &row.id,
            self.from_ms.div_euclid(1000),
            to.div_euclid(1000),
            self.max_points.unwrap_or(POINTS),
            now / 1000,
        )?;
        let ms = |us: Option<i64>| us.map(|us| us as f64 / 1000.0);
        Ok(Metrics {
            resolution_s,
            points: samples
                .into_iter()
                .map(|sample| MetricPoint {
                    ts: sample.at_s * 1000,
                    read_rate: sample.read_records_rate,
                    write_rate: sample.write_records_rate,
                    read_bytes_rate: sample.read_bytes_rate,
                    write_bytes_rate: sample.write_bytes_rate,
                    delay_ms: sample.delay_ms,
                    lag_records: sample.lag_records,
                    lag_bytes: sample.lag_bytes,
                    p50_ms: ms(sample.p50_us),
                    p95_ms: ms(sample.p95_us),
                    p99_ms: ms(sample.p99_us),
                    p999_ms: ms(sample.p999_us),
                })
                .collect(),
        })
    }
}

impl Command for TaskGaps {
    const NAME: &'static str = "task_gaps";
    type Answer = Vec<GapView>;

    fn run(self, app: &App) -> Result<Vec<GapView>> {
        let row = app.core.task(&self.task)?;
        let name = TaskName::new(&row.id)?;
        let gaps = app.core.store.gaps(&name)?;
        gaps.into_iter()
            .map(|gap| {
                Ok(GapView {
                    topic: gap.key.topic,
                    partition: gap.key.partition,
                    from: gap.range.from,
                    to: gap.range.to,
                    reason: serde_json::to_value(gap.reason)
                        .map_err(|error| AppError::new(ErrorCode::Internal, error.to_string()))?,
                    found_ms: gap.found_at_ms,
                })
            })
            .collect()
    }
}
