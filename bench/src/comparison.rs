use anyhow::Result;

use crate::{measurement::Measurement, median::median, tool::Tool, workload::Workload};

/// What was measured so far, workload by workload.
#[derive(Debug, Default)]
pub struct Comparison {
    chapters: Vec<Chapter>,
}

/// One workload.
#[derive(Debug)]
pub struct Chapter {
    /// Which.
    pub workload: Workload,
    /// Bytes of its log on the source.
    pub log_bytes: u64,
    /// Each tool's copies.
    pub copies: Vec<Copies>,
}

/// All copies of a workload by one tool.
#[derive(Debug)]
pub struct Copies {
    /// Who.
    pub tool: Tool,
    /// What they took.
    pub measurements: Vec<Measurement>,
    /// What verification said, if there was one.
    pub verified: Option<bool>,
    /// How many failed.
    pub failures: usize,
}

/// Medians of what copies took.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figures {
    /// Seconds.
    pub wall: f64,
    /// Records per second.
    pub records_per_second: f64,
    /// Megabytes of values per second.
    pub megabytes_per_second: f64,
    /// CPU seconds per gigabyte of values.
    pub cpu_per_gigabyte: Option<f64>,
    /// Peak memory in megabytes.
    pub peak_megabytes: Option<f64>,
}

impl Comparison {
    /// What comes next is of this workload.
    pub fn begin(&mut self, workload: Workload, log_bytes: u64) {
        self.chapters.push(Chapter {
            workload,
            log_bytes,
            copies: Vec::new(),
        });
    }

    /// Takes note of a copy.
    pub fn add(&mut self, tool: Tool, outcome: Result<(Measurement, Option<bool>)>) {
        let Some(chapter) = self.chapters.last_mut() else {
            return;
        };
        let index = chapter.copies.iter().position(|copies| copies.tool == tool);
        let index = index.unwrap_or_else(|| {
            chapter.copies.push(Copies {
                tool,
                measurements: Vec::new(),
                verified: None,
                failures: 0,
            });
            chapter.copies.len() - 1
        });
        let Some(copies) = chapter.copies.get_mut(index) else {
            return;
        };
        match outcome {
            Ok((measurement, verified)) => {
                copies.measurements.push(measurement);
                copies.verified = copies.verified.or(verified);
            }
            Err(_) => copies.failures += 1,
        }
    }

    /// The workloads.
    pub fn chapters(&self) -> &[Chapter] {
        &self.chapters
    }

    /// Whether nothing failed and nothing was found unequal.
    pub fn is_sound(&self) -> bool {
        self.chapters
            .iter()
            .flat_map(|chapter| &chapter.copies)
            .all(|copies| copies.failures == 0 && copies.verified != Some(false))
    }
}

impl Chapter {
    /// Bytes of the log per byte of the values.
    pub fn ratio(&self) -> f64 {
        self.log_bytes as f64 / self.workload.bytes_of(self.workload.records) as f64
    }

    /// What MirrorMaker 2 took with its defaults, if it was measured.
    pub fn yardstick(&self) -> Option<Figures> {
        self.copies
            .iter()
            .find(|copies| copies.tool == Tool::MirrorMakerDefaults)
            .and_then(|copies| copies.figures(&self.workload))
    }
}

impl Copies {
    /// The medians, each for itself; `None` if all failed.
    pub fn figures(&self, workload: &Workload) -> Option<Figures> {
        let per_second = |amount: f64, measurement: &Measurement| {
            // No copy takes less than a look at it.
            amount / measurement.wall.as_secs_f64().max(0.001)
        };
        let bytes = |measurement: &Measurement| workload.bytes_of(measurement.records) as f64;
        let all = || self.measurements.iter();
        Some(Figures {
            wall: median(all().map(|one| one.wall.as_secs_f64()))?,
            records_per_second: median(all().map(|one| per_second(one.records as f64, one)))?,
            megabytes_per_second: median(all().map(|one| per_second(bytes(one) / 1e6, one)))?,
            cpu_per_gigabyte: median(all().filter_map(|one| {
                let gigabytes = bytes(one) / 1e9;
                (gigabytes > 0.0).then_some(one.cpu?.as_secs_f64() / gigabytes)
            })),
            peak_megabytes: median(all().filter_map(|one| Some(one.peak_memory? as f64 / 1e6))),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn took(seconds: u64, cpu: u64) -> Measurement {
        Measurement {
            records: 1_000_000,
            wall: Duration::from_secs(seconds),
            cpu: Some(Duration::from_secs(cpu)),
            peak_memory: Some(50_000_000),
            whole: true,
        }
    }

    #[test]
    fn figures_are_medians_per_gigabyte_of_values() {
        let workload = Workload::all()[0];
        let mut comparison = Comparison::default();
        comparison.begin(workload, 600_000_000);
        for (seconds, cpu) in [(10, 4), (20, 40), (8, 5)] {
            comparison.add(Tool::MirrorMakerDefaults, Ok((took(seconds, cpu), None)));
        }
        let chapter = &comparison.chapters()[0];
        let expected = Figures {
            wall: 10.0,
            records_per_second: 100_000.0,
            megabytes_per_second: 100.0,
            cpu_per_gigabyte: Some(5.0),
            peak_megabytes: Some(50.0),
        };
        assert_eq!(chapter.yardstick(), Some(expected));
        assert!((chapter.ratio() - 0.6).abs() < 1e-9);
        assert!(comparison.is_sound());
    }

    #[test]
    fn a_failure_or_a_difference_is_not_sound() {
        let mut failed = Comparison::default();
        failed.begin(Workload::quick(), 1);
        failed.add(Tool::Kcat, Err(anyhow::anyhow!("gone")));
        assert!(!failed.is_sound());
        assert!(
            failed.chapters()[0].copies[0]
                .figures(&Workload::quick())
                .is_none()
        );

        let mut different = Comparison::default();
        different.begin(Workload::quick(), 1);
        different.add(Tool::RecordExactlyOnce, Ok((took(1, 1), Some(false))));
        different.add(Tool::RecordExactlyOnce, Ok((took(1, 1), None)));
        assert!(!different.is_sound());
    }
}
