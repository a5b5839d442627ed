use comfy_table::Table;
use serde::Serialize;
use sluice_engine::{
    CheckpointStore, Ending, Incomplete, Outcome, PartitionCondition, PartitionProgress, StoreError,
};
use sluice_model::Task;

use crate::exit::Exit;
use crate::tables;
use crate::words;

/// Quarantined records that a report lists; all are counted.
const LISTED: usize = 1000;

/// How a copy ended, for scripts. Fields are only ever added.
#[derive(Debug, Serialize)]
pub struct CopyReport {
    /// The task's name.
    pub name: String,
    /// `caught_up`, `incomplete` (the end was reached, but not everything could be copied), `stopped` or `failed`.
    pub ended: &'static str,
    /// The process's exit code.
    pub exit_code: u8,
    /// Why it failed.
    pub error: Option<String>,
    /// Source ranges that had to be copied and are not, with the reason; empty unless `ended` is `incomplete`.
    pub incomplete: Vec<Incomplete>,
    /// How records are delivered.
    pub delivery: String,
    /// Sums.
    pub totals: Totals,
    /// A row per partition.
    pub partitions: Vec<PartitionProgress>,
    /// Ranges that could not be copied, of all runs.
    pub gaps: Vec<GapRow>,
    /// Records the target refused, of all runs; the first thousand.
    pub quarantined: Vec<QuarantineRow>,
}

/// Sums over all partitions.
#[derive(Debug, Serialize)]
pub struct Totals {
    /// Partitions.
    pub partitions: usize,
    /// Partitions that wait for a person.
    pub stopped_partitions: u64,
    /// Records acknowledged by the target in this run.
    pub written_records: u64,
    /// Bytes of keys and values acknowledged in this run.
    pub written_bytes: u64,
    /// Records copied in all runs.
    pub records: u64,
    /// Bytes copied in all runs.
    pub bytes: u64,
    /// Records between the positions and the ends of the source; null if not known.
    pub lag_records: Option<i64>,
    /// Gaps, of all runs.
    pub gaps: u64,
    /// Records in quarantine, of all runs.
    pub quarantined: u64,
    /// How long this run took.
    pub duration_ms: u64,
}

/// One gap.
#[derive(Debug, Serialize)]
pub struct GapRow {
    /// Source topic.
    pub topic: String,
    /// Partition.
    pub partition: i32,
    /// First missing offset.
    pub from: i64,
    /// One past the last.
    pub to: i64,
    /// Why.
    pub reason: sluice_engine::GapReason,
    /// When it was found, in ms since 1970.
    pub found_at_ms: i64,
}

/// One refused record; its content stays in the state.
#[derive(Debug, Serialize)]
pub struct QuarantineRow {
    /// Source topic.
    pub topic: String,
    /// Partition.
    pub partition: i32,
    /// Source offset.
    pub offset: i64,
    /// Kafka's error code.
    pub code: i32,
    /// Why.
    pub reason: String,
    /// Bytes of key and value.
    pub size: u64,
}

impl CopyReport {
    /// Puts a run's end together with what the state knows of earlier ones.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn new(
        task: &Task,
        outcome: Outcome,
        interrupted: bool,
        duration_ms: u64,
        store: &dyn CheckpointStore,
    ) -> Result<Self, StoreError> {
        let gaps: Vec<GapRow> = store
            .gaps(&task.name)?
            .into_iter()
            .map(|gap| GapRow {
                topic: gap.key.topic,
                partition: gap.key.partition,
                from: gap.range.from,
                to: gap.range.to,
                reason: gap.reason,
                found_at_ms: gap.found_at_ms,
            })
            .collect();
        let quarantined = store
            .quarantined(&task.name, LISTED)?
            .into_iter()
            .map(|record| QuarantineRow {
                topic: record.key.topic,
                partition: record.key.partition,
                offset: record.offset,
                code: record.code,
                reason: record.reason,
                size: record.size,
            })
            .collect();
        let progress = outcome.progress;
        let totals = Totals {
            partitions: progress.partitions.len(),
            stopped_partitions: progress.stopped_partitions,
            written_records: progress.written_records,
            written_bytes: progress.written_bytes,
            records: progress.partitions.iter().map(|p| p.records).sum(),
            bytes: progress.partitions.iter().map(|p| p.bytes).sum(),
            lag_records: progress.lag_records,
            gaps: gaps.len() as u64,
            quarantined: store.quarantined_count(&task.name)?,
            duration_ms,
        };
        let (ended, incomplete, error) = match outcome.ending {
            Ending::CaughtUp { incomplete } if incomplete.is_empty() => ("caught_up", incomplete, None),
            Ending::CaughtUp { incomplete } => ("incomplete", incomplete, None),
            Ending::Stopped => ("stopped", Vec::new(), None),
            Ending::Failed(error) => ("failed", Vec::new(), Some(error.to_string())),
        };
        let whole = error.is_none()
            && incomplete.is_empty()
            && totals.gaps == 0
            && totals.quarantined == 0
            && totals.stopped_partitions == 0;
        let exit = match (interrupted && error.is_none(), whole) {
            (true, _) => Exit::Interrupted,
            (false, true) => Exit::Done,
            (false, false) => Exit::NotWhole,
        };
        Ok(Self {
            name: task.name.to_string(),
            ended,
            exit_code: exit.code(),
            error,
            incomplete,
            delivery: progress.delivery,
            totals,
            partitions: progress.partitions,
            gaps,
            quarantined,
        })
    }

    /// The exit code.
    pub fn exit(&self) -> Exit {
        [Exit::Done, Exit::NotWhole, Exit::Interrupted]
            .into_iter()
            .find(|exit| exit.code() == self.exit_code)
            .unwrap_or(Exit::NotWhole)
    }

    /// The end in a sentence.
    pub fn sentence(&self) -> String {
        let totals = &self.totals;
        let how = match self.ended {
            "caught_up" => "caught up",
            "incomplete" => "is incomplete",
            other => other,
        };
        let mut sentence = format!(
            "task '{}' {how}: {} records ({}) copied in {}",
            self.name,
            words::count(totals.written_records),
            words::bytes(totals.written_bytes as f64),
            words::span_ms(i64::try_from(totals.duration_ms).unwrap_or(i64::MAX)),
        );
        if totals.records > totals.written_records {
            sentence.push_str(&format!(", {} in all runs", words::count(totals.records)));
        }
        for (number, one, many) in [
            (
                totals.stopped_partitions,
                "partition stopped",
                "partitions stopped",
            ),
            (totals.gaps, "gap", "gaps"),
            (
                totals.quarantined,
                "record in quarantine",
                "records in quarantine",
            ),
        ] {
            if number > 0 {
                sentence.push_str(&format!(", {}", words::plural(number, one, many)));
            }
        }
        for incomplete in &self.incomplete {
            sentence.push_str(&format!("\n{incomplete}"));
        }
        if let Some(error) = &self.error {
            sentence.push_str(&format!("\n{error}"));
        }
        sentence
    }

    /// A row per topic.
    pub fn table(&self) -> Table {
        let header = [
            "source topic",
            "target topic",
            "partitions",
            "records",
            "bytes",
            "lag",
            "state",
        ];
        let mut table = tables::table(header, 2..6);
        let mut rest = self.partitions.as_slice();
        while let Some(first) = rest.first() {
            let count = rest.iter().take_while(|p| p.topic == first.topic).count();
            let (topic, others) = rest.split_at(count);
            rest = others;
            let lag: Option<i64> = topic.iter().map(|p| p.lag).sum();
            table.add_row([
                first.topic.clone(),
                first.target_topic.clone(),
                count.to_string(),
                words::count(topic.iter().map(|p| p.records).sum::<u64>()),
                words::bytes(topic.iter().map(|p| p.bytes).sum::<u64>() as f64),
                lag.map_or_else(|| "?".to_owned(), words::count),
                state(topic),
            ]);
        }
        table
    }
}

/// The state of a topic: that of its partition that needs most attention.
fn state(partitions: &[PartitionProgress]) -> String {
    let with = |condition: PartitionCondition| partitions.iter().filter(move |p| p.condition == condition);
    for condition in [
        PartitionCondition::Stopped,
        PartitionCondition::Retrying,
        PartitionCondition::Copying,
    ] {
        let count = with(condition).count();
        if let Some(first) = with(condition).next() {
            let reason = first
                .error
                .as_ref()
                .filter(|_| condition != PartitionCondition::Copying);
            return format!(
                "{} ({count}){}",
                words::word(&condition),
                reason.map(|r| format!(": {r}")).unwrap_or_default()
            );
        }
    }
    words::word(&PartitionCondition::CaughtUp)
}

#[cfg(test)]
mod tests {
    use sluice_engine::{EngineError, Gap, GapReason, IncompleteReason, PartitionKey, Progress};
    use sluice_model::{Cluster, Objects, OffsetRange, TaskName};
    use sluice_store::SqliteStore;

    use super::*;

    fn report(ending: Ending, interrupted: bool, with_gap: bool) -> CopyReport {
        let cluster = Cluster::new("a:1").unwrap();
        let task = Task::new(
            TaskName::new("n").unwrap(),
            cluster.clone(),
            cluster,
            Objects::all(),
        );
        let dir = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(dir.path()).unwrap();
        if with_gap {
            let gap = Gap {
                key: PartitionKey {
                    topic: "a".into(),
                    partition: 0,
                },
                range: OffsetRange { from: 0, to: 5 },
                reason: GapReason::Deleted,
                found_at_ms: 0,
                incarnation: 0,
            };
            let checkpoint = sluice_engine::Checkpoint {
                gaps: vec![gap],
                ..Default::default()
            };
            store.save(&task.name, &checkpoint).unwrap();
        }
        let row = |topic: &str, partition, condition| PartitionProgress {
            topic: topic.into(),
            target_topic: topic.into(),
            partition,
            condition,
            records: 1000,
            lag: Some(0),
            error: Some("why".into()),
            ..PartitionProgress::default()
        };
        let partitions = vec![
            row("a", 0, PartitionCondition::CaughtUp),
            row("a", 1, PartitionCondition::Retrying),
            row("b", 0, PartitionCondition::CaughtUp),
        ];
        let progress = Progress {
            partitions,
            written_records: 500,
            ..Progress::default()
        };
        CopyReport::new(&task, Outcome { ending, progress }, interrupted, 1500, &store).unwrap()
    }

    fn caught_up() -> Ending {
        Ending::CaughtUp {
            incomplete: Vec::new(),
        }
    }

    fn incomplete() -> Ending {
        Ending::CaughtUp {
            incomplete: vec![Incomplete {
                key: PartitionKey {
                    topic: "a".into(),
                    partition: 1,
                },
                range: OffsetRange { from: 7, to: 9 },
                reason: IncompleteReason::Fault {
                    sentence: "no leader".into(),
                },
            }],
        }
    }

    #[test]
    fn what_is_incomplete_is_listed_with_its_range_and_reason() {
        let report = report(incomplete(), false, false);
        assert_eq!(report.ended, "incomplete");
        assert!(
            report
                .sentence()
                .ends_with("\na-1: offsets [7, 9) are not copied: no leader"),
            "{}",
            report.sentence()
        );
    }

    #[test]
    fn exit_codes_follow_the_contract() {
        let failed = || Ending::Failed(EngineError::Refused("x".into()));
        for (ending, interrupted, gap, exit) in [
            (caught_up(), false, false, Exit::Done),
            (caught_up(), false, true, Exit::NotWhole),
            (incomplete(), false, false, Exit::NotWhole),
            (Ending::Stopped, true, false, Exit::Interrupted),
            (Ending::Stopped, true, true, Exit::Interrupted),
            (failed(), false, false, Exit::NotWhole),
            (failed(), true, false, Exit::NotWhole),
        ] {
            assert_eq!(report(ending, interrupted, gap).exit(), exit);
        }
    }

    #[test]
    fn the_sentence_and_the_table_say_how_it_went() {
        let report = report(caught_up(), false, true);
        assert_eq!(
            report.sentence(),
            "task 'n' caught up: 500 records (0 B) copied in 1 s, 3,000 in all runs, 1 gap"
        );
        let table = report.table().to_string();
        assert!(
            table.contains("retrying (1): why") && table.contains("2,000"),
            "{table}"
        );
    }
}
