//! The numbers of all tasks in the OpenMetrics text format. They are collected when they are asked for, so that nothing is
//! spent where nobody asks.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Metric, Registry, Unit};
use sluice_engine::{PartitionCondition, PartitionProgress};
use sluice_model::TaskState;
use sluice_store::{TaskFilter, TaskRow};

use crate::core::{self, Core};
use crate::schema::TaskSnapshot;
use crate::tasks::{Supervisor, snapshot};
use crate::{AppError, ErrorCode, Result};

type Labels = Vec<(&'static str, String)>;
type Gauges = Family<Labels, Gauge<f64, AtomicU64>>;
type Counters = Family<Labels, Counter>;

/// The text that a scrape gets.
///
/// # Errors
/// The database cannot be read.
pub(crate) fn exposition(core: &Core, supervisor: &Supervisor) -> Result<String> {
    let mut registry = Registry::with_prefix("sluice");
    registry.register(
        "build",
        "The program that serves these numbers",
        Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]),
    );
    let tasks = TaskNumbers::registered(&mut registry);
    let partitions = PartitionNumbers::registered(&mut registry);
    let names: BTreeMap<String, String> = core
        .store
        .sources()?
        .into_iter()
        .map(|source| (source.id, source.name))
        .collect();
    let (rows, _) = core.store.tasks(&TaskFilter::default())?;
    for row in rows {
        let live = supervisor.live(&core::task_id(&row)?);
        let numbers = snapshot(core, &row, live.as_ref())?;
        let labels = vec![("task", row.name.clone()), ("task_id", row.id.clone())];
        tasks.set(&row, &numbers, &labels, &names);
        // What is over has no numbers that change, and a partition is a series each.
        if !matches!(numbers.state, TaskState::Terminated | TaskState::Completed) {
            for partition in &numbers.partitions {
                partitions.set(partition, &labels);
            }
        }
    }
    let mut text = String::new();
    encode(&mut text, &registry).map_err(|error| AppError::new(ErrorCode::Internal, error.to_string()))?;
    Ok(text)
}

fn registered<M: Metric + Clone + Default>(
    registry: &mut Registry,
    name: &str,
    help: &str,
    unit: Option<Unit>,
) -> M {
    let metric = M::default();
    match unit {
        Some(unit) => registry.register_with_unit(name, help, unit, metric.clone()),
        None => registry.register(name, help, metric.clone()),
    }
    metric
}

fn records() -> Option<Unit> {
    Some(Unit::Other("records".to_owned()))
}

fn offset() -> Option<Unit> {
    Some(Unit::Other("offset".to_owned()))
}

/// Sets a gauge where its value is known: without one, no sample is better than a zero.
fn set(family: &Gauges, labels: &Labels, value: Option<f64>) {
    if let Some(value) = value {
        family.get_or_create(labels).set(value);
    }
}

/// Milliseconds as OpenMetrics counts time.
fn seconds(ms: i64) -> f64 {
    ms as f64 / 1000.0
}

fn with(labels: &Labels, name: &'static str, value: impl Into<String>) -> Labels {
    let mut labels = labels.clone();
    labels.push((name, value.into()));
    labels
}

/// What is known of a task as a whole.
struct TaskNumbers {
    info: Gauges,
    state: Gauges,
    read: Counters,
    written: Counters,
    written_bytes: Counters,
    lag: Gauges,
    lag_bytes: Gauges,
    delay: Gauges,
    backlog_left: Gauges,
    full: Gauges,
    gaps: Gauges,
    quarantined: Gauges,
    stopped: Gauges,
    retention_left: Gauges,
    latency: Gauges,
}

impl TaskNumbers {
    fn registered(to: &mut Registry) -> Self {
        let seconds = || Some(Unit::Seconds);
        Self {
            info: registered(to, "task_clusters", "Always 1; the data sources of a task", None),
            state: registered(
                to,
                "task_state",
                "1 for the state that a task is in, 0 for the others",
                None,
            ),
            read: registered(
                to,
                "task_read",
                "Records read from the source since the launch",
                records(),
            ),
            written: registered(
                to,
                "task_written",
                "Records that the target acknowledged since the launch",
                records(),
            ),
            written_bytes: registered(
                to,
                "task_written",
                "Bytes of keys and values that the target acknowledged since the launch",
                Some(Unit::Bytes),
            ),
            lag: registered(
                to,
                "task_lag",
                "Offsets between the positions and the ends of the source",
                records(),
            ),
            lag_bytes: registered(to, "task_lag", "The lag in bytes, estimated", Some(Unit::Bytes)),
            delay: registered(
                to,
                "task_delay",
                "Age of the oldest record that is not on the target, 0 when caught up",
                seconds(),
            ),
            backlog_left: registered(
                to,
                "task_backlog_left",
                "Time until the backlog is copied at the present rate",
                seconds(),
            ),
            full: registered(
                to,
                "task_backlog_copied",
                "Share of the backlog at launch that is copied, 0 to 1",
                Some(Unit::Ratios),
            ),
            gaps: registered(to, "task_gaps", "Ranges that the source no longer had", None),
            quarantined: registered(
                to,
                "task_quarantined",
                "Records that the target refused",
                records(),
            ),
            stopped: registered(
                to,
                "task_stopped_partitions",
                "Partitions that wait for a person",
                None,
            ),
            retention_left: registered(
                to,
                "task_retention_left",
                "Time until the source deletes what is not copied, where that is within a day",
                seconds(),
            ),
            latency: registered(
                to,
                "task_latency",
                "Time from reading a record to its acknowledgement over the last minute, by quantile",
                seconds(),
            ),
        }
    }

    fn set(&self, row: &TaskRow, numbers: &TaskSnapshot, labels: &Labels, names: &BTreeMap<String, String>) {
        let name = |id: &str| names.get(id).cloned().unwrap_or_else(|| id.to_owned());
        let clusters = with(labels, "source", name(&row.source_id));
        set(
            &self.info,
            &with(&clusters, "target", name(&row.target_id)),
            Some(1.0),
        );
        for state in TaskState::ALL {
            let is_in = if state == numbers.state { 1.0 } else { 0.0 };
            set(&self.state, &with(labels, "state", state.word()), Some(is_in));
        }
        self.read.get_or_create(labels).inc_by(numbers.read_records);
        self.written.get_or_create(labels).inc_by(numbers.written_records);
        self.written_bytes
            .get_or_create(labels)
            .inc_by(numbers.written_bytes);
        set(&self.lag, labels, numbers.lag_records.map(|lag| lag as f64));
        set(&self.lag_bytes, labels, numbers.lag_bytes.map(|lag| lag as f64));
        set(&self.delay, labels, numbers.delay_ms.map(seconds));
        set(
            &self.backlog_left,
            labels,
            numbers.eta_seconds.map(|left| left as f64),
        );
        let full = numbers.stages.iter().find(|stage| stage.name == "full");
        set(&self.full, labels, full.map(|stage| stage.percent / 100.0));
        set(&self.gaps, labels, Some(numbers.gaps as f64));
        set(&self.quarantined, labels, Some(numbers.quarantined as f64));
        set(&self.stopped, labels, Some(numbers.stopped_partitions as f64));
        let left = numbers.retention_left_seconds.map(|left| left as f64);
        set(&self.retention_left, labels, left);
        if let Some(latency) = &numbers.latency {
            for (quantile, ms) in [
                ("0.5", latency.p50_ms),
                ("0.95", latency.p95_ms),
                ("0.99", latency.p99_ms),
                ("0.999", latency.p999_ms),
            ] {
                set(
                    &self.latency,
                    &with(labels, "quantile", quantile),
                    Some(ms / 1000.0),
                );
            }
        }
    }
}

/// What is known of a partition.
struct PartitionNumbers {
    position: Gauges,
    log_start: Gauges,
    log_end: Gauges,
    lag: Gauges,
    delay: Gauges,
    held: Gauges,
    stuck: Gauges,
    condition: Gauges,
    copied: Counters,
    copied_bytes: Counters,
}

impl PartitionNumbers {
    fn registered(to: &mut Registry) -> Self {
        Self {
            position: registered(to, "partition_position", "Next source offset to copy", offset()),
            log_start: registered(to, "partition_log_start", "Oldest offset in the source", offset()),
            log_end: registered(to, "partition_log_end", "End offset of the source", offset()),
            lag: registered(
                to,
                "partition_lag",
                "Offsets between the position and the end of the source",
                records(),
            ),
            delay: registered(
                to,
                "partition_delay",
                "Age of the oldest record that is not on the target, 0 when caught up",
                Some(Unit::Seconds),
            ),
            held: registered(
                to,
                "partition_held_by_transaction",
                "Offsets that an open transaction at the source holds back",
                records(),
            ),
            stuck: registered(
                to,
                "partition_stuck",
                "1 where there is more to copy and the position has not moved for a minute",
                None,
            ),
            condition: registered(
                to,
                "partition_condition",
                "1 for what a partition is doing, 0 for the others",
                None,
            ),
            copied: registered(to, "partition_copied", "Records copied in all", records()),
            copied_bytes: registered(
                to,
                "partition_copied",
                "Bytes of keys and values copied in all",
                Some(Unit::Bytes),
            ),
        }
    }

    fn set(&self, row: &PartitionProgress, task: &Labels) {
        let mut labels = with(task, "topic", row.topic.clone());
        labels.push(("partition", row.partition.to_string()));
        set(&self.position, &labels, Some(row.position as f64));
        set(
            &self.log_start,
            &labels,
            row.log_start.map(|offset| offset as f64),
        );
        set(&self.log_end, &labels, row.end.map(|offset| offset as f64));
        set(&self.lag, &labels, row.lag.map(|lag| lag as f64));
        set(&self.delay, &labels, row.delay_ms.map(seconds));
        set(&self.held, &labels, Some(row.held_by_transaction as f64));
        set(&self.stuck, &labels, Some(f64::from(u8::from(row.stuck))));
        for (condition, word) in [
            (PartitionCondition::Copying, "copying"),
            (PartitionCondition::CaughtUp, "caught_up"),
            (PartitionCondition::Retrying, "retrying"),
            (PartitionCondition::Stopped, "stopped"),
        ] {
            let is_in = f64::from(u8::from(condition == row.condition));
            set(&self.condition, &with(&labels, "condition", word), Some(is_in));
        }
        self.copied.get_or_create(&labels).inc_by(row.records);
        self.copied_bytes.get_or_create(&labels).inc_by(row.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text of one partition of a task whose name needs escaping.
    fn text() -> String {
        let mut registry = Registry::with_prefix("sluice");
        let partitions = PartitionNumbers::registered(&mut registry);
        let tasks = TaskNumbers::registered(&mut registry);
        let task = vec![
            ("task", "a \"b\"\\\nc".to_owned()),
            ("task_id", "task-1".to_owned()),
        ];
        set(&tasks.delay, &task, Some(seconds(1_500)));
        set(&tasks.lag, &task, None);
        tasks.written_bytes.get_or_create(&task).inc_by(7);
        let row = PartitionProgress {
            topic: "orders".to_owned(),
            partition: 3,
            position: 10,
            records: 9,
            condition: PartitionCondition::CaughtUp,
            ..PartitionProgress::default()
        };
        partitions.set(&row, &task);
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        text
    }

    #[test]
    fn names_have_their_units_and_counters_end_with_total() {
        let text = text();
        for line in [
            "# TYPE sluice_task_delay_seconds gauge",
            "# UNIT sluice_task_delay_seconds seconds",
            "# TYPE sluice_task_written_bytes counter",
            "# TYPE sluice_partition_copied_records counter",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}: {text}");
        }
        assert!(
            text.contains("sluice_task_delay_seconds{task=\"a \\\"b\\\"\\\\\\nc\",task_id=\"task-1\"} 1.5"),
            "{text}"
        );
        assert!(text.contains("sluice_task_written_bytes_total{"), "{text}");
        assert!(
            text.contains("topic=\"orders\",partition=\"3\",condition=\"caught_up\"} 1"),
            "{text}"
        );
        assert!(text.ends_with("# EOF\n"), "{text}");
    }

    #[test]
    fn the_dashboard_and_the_guide_name_only_metrics_that_there_are() {
        // A metric without a sample is left out: each gets one.
        let mut registry = Registry::with_prefix("sluice");
        let partition = PartitionNumbers::registered(&mut registry);
        let task = TaskNumbers::registered(&mut registry);
        for gauges in [
            &partition.position,
            &partition.log_start,
            &partition.log_end,
            &partition.lag,
            &partition.delay,
            &partition.held,
            &partition.stuck,
            &partition.condition,
            &task.info,
            &task.state,
            &task.lag,
            &task.lag_bytes,
            &task.delay,
            &task.backlog_left,
            &task.full,
            &task.gaps,
            &task.quarantined,
            &task.stopped,
            &task.retention_left,
            &task.latency,
        ] {
            set(gauges, &Vec::new(), Some(1.0));
        }
        for counters in [
            &partition.copied,
            &partition.copied_bytes,
            &task.read,
            &task.written,
            &task.written_bytes,
        ] {
            counters.get_or_create(&Vec::new()).inc();
        }
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        let known: Vec<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
            .collect();
        let is_known = |name: &str| {
            name == "sluice_build_info" || known.contains(&name.strip_suffix("_total").unwrap_or(name))
        };
        for document in [
            include_str!("../../../../docs/grafana-dashboard.json"),
            include_str!("../../../../docs/guide/metrics.md"),
        ] {
            let words = document.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
            let names: Vec<&str> = words.filter(|word| word.starts_with("sluice_")).collect();
            assert!(names.len() > 10);
            for name in names {
                assert!(is_known(name), "{name}: {known:?}");
            }
        }
    }

    #[test]
    fn what_is_not_known_has_no_sample() {
        let text = text();
        assert!(!text.contains("sluice_task_lag_records{"), "{text}");
        assert!(!text.contains("sluice_partition_log_end_offset{"), "{text}");
    }
}
