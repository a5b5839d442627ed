//! From what is to be compared and what both logs still have to the comparison of each partition.

use std::collections::{BTreeMap, BTreeSet};

use sluice_model::{Delivery, OffsetRange, Start, Task};

use crate::error::{EngineError, Result, Side};
use crate::plan::{Pair, unique};
use crate::position::{CheckpointStore, GapReason};
use crate::verify::ends::{AllEnds, Ends, ends};
use crate::verify::job::{Job, Work};
use crate::verify::only_on_target::{copied_to, only_on_target};
use crate::verify::policy::{Policies, Policy};
use crate::verify::proof::Identity;
use crate::verify::ranges::{Copied, Range, SourceGone, described, launched};
use crate::verify::report::{Gone, GoneReason, LogSide, NotCopied, PartitionReport};
use crate::verify::rules::{Cut, Rules};
use crate::verify::run::VerifyOptions;
use crate::verify::scope::first_since;
use crate::verify::verdict::LeftOut;

/// What a verification looks at.
pub(crate) struct Jobs {
    pub(crate) partitions: Vec<Job>,
    pub(crate) left_out: LeftOut,
}

/// All partitions to compare.
pub(crate) fn jobs(
    pair: &Pair,
    task: &Task,
    store: &dyn CheckpointStore,
    options: &VerifyOptions,
) -> Result<Jobs> {
    let (ranges, topics) = if store.launch(&task.name)?.is_some() {
        launched(pair, task, store)?
    } else {
        (described(pair, task)?, Vec::new())
    };
    let copied_to = copied_to(&ranges);
    let ranges = options.scope.apply(ranges, &task.name, &pair.source.admin)?;
    let (foreign, partitions) = only_on_target(pair, task, &options.scope, &ranges, &copied_to)?;
    // What was left out of the task has no part in one that is chosen.
    let topics = if options.scope.topics.is_empty() {
        topics
    } else {
        Vec::new()
    };
    let mut facts = Facts {
        task,
        store,
        options,
        target_ends: target_ends(pair, &ranges)?,
        target_since: target_since(pair, &ranges, options)?,
        target_ids: pair
            .target
            .topic_ids(&unique(ranges.iter().map(|range| range.target_topic.as_str()))),
        source_ids: pair
            .source
            .topic_ids(&unique(ranges.iter().map(|range| range.key.topic.as_str()))),
        policies: Policies::new(pair),
        headers: pair.target.capabilities.message_v2,
    };
    let mut jobs = ranges
        .into_iter()
        .map(|range| facts.job(range))
        .collect::<Result<Vec<_>>>()?;
    jobs.extend(foreign);
    Ok(Jobs {
        partitions: jobs,
        left_out: LeftOut { topics, partitions },
    })
}

fn target_ends(pair: &Pair, ranges: &[Range]) -> Result<AllEnds> {
    ends(&pair.target.admin, &target_places(pair, ranges), Side::Target)
}

/// Where the target's records of the scope's time begin, for what was copied without notes.
fn target_since(pair: &Pair, ranges: &[Range], options: &VerifyOptions) -> Result<Since> {
    let has_no_notes = ranges
        .first()
        .is_some_and(|range| matches!(range.copied, Copied::Described));
    match &options.scope.since {
        None => Ok(Since::new()),
        Some(_) if !has_no_notes => Ok(Since::new()),
        Some(Start::Time(time)) => first_since(
            &pair.target.admin,
            &target_places(pair, ranges),
            time.as_millisecond(),
            Side::Target,
        ),
        Some(_) => Err(EngineError::Refused(
            "offsets of the source say nothing about the target's, because this state does not have the task's; write a time"
                .into(),
        )),
    }
}

/// The target partitions that exist.
fn target_places(pair: &Pair, ranges: &[Range]) -> Vec<(String, i32)> {
    let there: BTreeSet<(String, i32)> = ranges
        .iter()
        .filter(|range| {
            pair.target
                .partition_count(&range.target_topic)
                .is_some_and(|count| usize::try_from(range.key.partition).is_ok_and(|n| n < count))
        })
        .map(|range| (range.target_topic.clone(), range.key.partition))
        .collect();
    there.into_iter().collect()
}

/// First offsets by partition; `None` where there is no such record.
type Since = BTreeMap<(String, i32), Option<i64>>;

/// What was asked for once for all partitions.
struct Facts<'a> {
    task: &'a Task,
    store: &'a dyn CheckpointStore,
    options: &'a VerifyOptions,
    target_ends: AllEnds,
    target_since: Since,
    target_ids: BTreeMap<String, String>,
    source_ids: BTreeMap<String, String>,
    policies: Policies<'a>,
    headers: bool,
}

impl Facts<'_> {
    fn job(&mut self, range: Range) -> Result<Job> {
        let mut report = PartitionReport {
            topic: range.key.topic.clone(),
            target_topic: range.target_topic.clone(),
            partition: range.key.partition,
            ..PartitionReport::default()
        };
        let target = self
            .target_ends
            .remove(&(range.target_topic.clone(), range.key.partition));
        let source = match &range.source_ends {
            Ok(source) => *source,
            Err(SourceGone::NoPartition) => {
                let problem = "the source has no such partition any more".to_owned();
                return Ok(unreadable(range, report, problem));
            }
            Err(SourceGone::Unanswered(error)) => {
                let problem = format!("the source could not be read: {error}");
                return Ok(unreadable(range, report, problem));
            }
        };
        report.not_copied = self.not_copied(&range, source);
        if matches!(range.copied, Copied::NotBegun) {
            return Ok(Job {
                source_from: range.source.to,
                target_from: 0,
                key: range.key,
                report,
                work: Work::CountUncopied,
                identity: None,
                noted_meanwhile: None,
            });
        }
        match target {
            Some(Ok(target)) => self.comparison(range, report, source, target),
            Some(Err(error)) => {
                let problem = format!("the target could not be read: {error}");
                Ok(unreadable(range, report, problem))
            }
            None => Ok(unreadable(
                range,
                report,
                "the target has no such partition".to_owned(),
            )),
        }
    }

    /// What lies behind the part that must be on the target.
    fn not_copied(&self, range: &Range, source: Ends) -> Option<NotCopied> {
        let rest = OffsetRange {
            from: range.source.to,
            to: source.high,
        };
        let held_back = source.high - source.committed.max(rest.from);
        (!rest.is_empty()).then(|| NotCopied {
            range: rest,
            records: None,
            held_back: u64::try_from(held_back).unwrap_or(0),
            on_the_way: self.options.running
                && !matches!(range.copied, Copied::Described)
                && !self.options.waiting.contains(&range.key),
        })
    }

    fn comparison(
        &mut self,
        range: Range,
        mut report: PartitionReport,
        source: Ends,
        target: Ends,
    ) -> Result<Job> {
        let policies = (
            self.policies.of(LogSide::Source, &range.key.topic),
            self.policies.of(LogSide::Target, &range.target_topic),
        );
        let mut identity = self.identity(&range);
        let (range, begin) = match self.part(&range, source, target, policies)? {
            Part::Begins(begin) => {
                identity = None;
                (range, begin)
            }
            part => {
                if matches!(part, Part::From(_)) {
                    identity = None;
                }
                report.continued = matches!(part, Part::Proved { .. });
                let range = part.of(range);
                let begin = self.beginning(&range, &mut report, source, target, policies)?;
                (range, begin)
            }
        };
        if !range.source.is_empty()
            && begin.source_from >= range.source.to
            && let Some((_, why)) = report.not_checked.last()
        {
            report.problem = Some(format!("nothing is left to compare: {} are {why}", range.source));
        }
        let target_end = self.target_end(&range, target);
        report.source_range = Some(OffsetRange {
            from: begin.source_from,
            to: range.source.to,
        });
        report.target_range = Some(OffsetRange {
            from: begin.target_from,
            to: target_end,
        });
        let name = &self.task.name;
        let rules = Rules {
            headers: self.headers,
            compacted: (policies.0.compacted, policies.1.compacted),
            log_starts: (source.low, target.low),
            source_end: range.source.to,
            target_end,
            target_high: target.high,
            mapped: begin.mapped,
            equal_offsets: self.task.delivery == Delivery::Mirror,
            cut: begin.cut,
            quarantined: self
                .store
                .quarantined_offsets(name, &range.key)?
                .into_iter()
                .collect(),
            settled: self
                .store
                .settled_quarantine(name, &range.key)?
                .into_iter()
                .collect(),
            gone_reasons: (policies.0.gone_reason, policies.1.gone_reason),
        };
        Ok(Job {
            noted_meanwhile: self.noted_meanwhile(&range),
            key: range.key,
            source_from: begin.source_from,
            target_from: begin.target_from,
            work: Work::Compare(rules),
            identity,
            report,
        })
    }

    /// Where to begin, when retention may have taken the oldest records of either side.
    fn beginning(
        &self,
        range: &Range,
        report: &mut PartitionReport,
        source: Ends,
        target: Ends,
        policies: (Policy, Policy),
    ) -> Result<Beginning> {
        let source_from = range.source.from.max(source.low);
        let mut begin = Beginning {
            source_from,
            target_from: target.low,
            mapped: false,
            cut: cut(source.low > 0 && source_from == source.low, target.low > 0),
        };
        let Copied::Noted {
            target_from,
            target_id,
            ..
        } = &range.copied
        else {
            return Ok(begin);
        };
        let never_copied = self.never_copied(range)?;
        for gap in &never_copied {
            report.note_gone(Gone {
                side: LogSide::Source,
                range: *gap,
                records: None,
                reason: GoneReason::NeverCopied,
            });
        }
        note_gone_at_source(report, range, &never_copied, source.low, policies.0.gone_reason);
        if !self.is_same_topic(range, target_id.as_ref()) {
            return Ok(begin);
        }
        begin.target_from = (*target_from).max(target.low);
        let lost = (source.low > range.source.from, target.low > *target_from);
        begin.cut = cut(lost.0, lost.1);
        let name = &self.task.name;
        let run = self.store.run_at_source(name, &range.key, source_from)?;
        let Some(first) = run.and_then(|run| run.at_or_after_source(source_from)) else {
            return Ok(begin);
        };
        begin.mapped = true;
        // Records before the first that was noted may have been copied without a note, when the state was lost.
        let follows =
            first.0 == source_from || self.store.run_before(name, &range.key, source_from)?.is_some();
        if !follows {
            return Ok(begin);
        }
        begin.cut = None;
        let is_behind_start = lost.0 || range.since.is_some();
        begin.target_from = begin.target_from.max(if is_behind_start { first.1 } else { 0 });
        if first.1 < target.low {
            let resume = self
                .store
                .run_at_target(name, &range.key, target.low)?
                .and_then(|run| run.at_or_after_target(target.low))
                .map_or(range.source.to, |(at_source, _)| at_source.min(range.source.to));
            report.note_gone(Gone {
                side: LogSide::Target,
                range: OffsetRange {
                    from: first.0,
                    to: resume,
                },
                records: None,
                reason: policies.1.gone_reason,
            });
            begin.source_from = resume;
        }
        Ok(begin)
    }

    /// Target offset behind the last record to compare, as far as that is known before anything is read.
    fn target_end(&self, range: &Range, target: Ends) -> i64 {
        match &range.copied {
            Copied::Noted { target_next, .. } if self.options.running => *target_next,
            _ => target.high,
        }
    }

    fn noted_meanwhile(&self, range: &Range) -> Option<u32> {
        let Copied::Noted {
            incarnation,
            target_id,
            ..
        } = &range.copied
        else {
            return None;
        };
        (self.options.running && self.is_same_topic(range, target_id.as_ref())).then_some(*incarnation)
    }

    /// Offsets noted for another topic of this name say nothing about the one that is there now.
    fn is_same_topic(&self, range: &Range, noted: Option<&String>) -> bool {
        noted.is_none() || self.target_ids.get(&range.target_topic) == noted
    }

    /// The logs that a partition is copied between, if they are known to be those that are there now.
    fn identity(&self, range: &Range) -> Option<Identity> {
        let Copied::Noted {
            source_id: Some(source_id),
            target_id: Some(target_id),
            incarnation,
            ..
        } = &range.copied
        else {
            return None;
        };
        let is_there = self.source_ids.get(&range.key.topic) == Some(source_id)
            && self.target_ids.get(&range.target_topic) == Some(target_id);
        is_there.then(|| Identity {
            source_topic_id: source_id.clone(),
            target_topic_id: target_id.clone(),
            incarnation: *incarnation,
        })
    }

    /// What is newer than an earlier verification proved, if both logs still go on from there.
    fn proved(&self, range: &Range, source: Ends, target: Ends) -> Option<Part> {
        let proof = self
            .options
            .earlier
            .get(&range.key)
            .filter(|_| self.options.continues)?;
        let target_end = self.target_end(range, target);
        let goes_on = self.identity(range)?.is_of(proof)
            && range.source.from <= proof.source_to
            && (source.low..=range.source.to).contains(&proof.source_to)
            && (target.low..=target_end).contains(&proof.target_to);
        goes_on.then_some(Part::Proved {
            source: proof.source_to,
            target: proof.target_to,
        })
    }

    /// Where the part of a partition that is to be verified begins.
    fn part(&self, range: &Range, source: Ends, target: Ends, policies: (Policy, Policy)) -> Result<Part> {
        if let Some(part) = self.proved(range, source, target) {
            return Ok(part);
        }
        let Some(since) = range.since.filter(|since| *since > range.source.from) else {
            return Ok(Part::Whole);
        };
        let from = since.min(range.source.to);
        let (target_next, target_id) = match &range.copied {
            Copied::NotBegun => return Ok(Part::Whole),
            Copied::Described => return Ok(self.part_by_time(range, from, source, target, policies.1)),
            Copied::Noted {
                target_next,
                target_id,
                ..
            } => (*target_next, target_id.as_ref()),
        };
        if !self.is_same_topic(range, target_id) {
            return Ok(Part::Whole);
        }
        let name = &self.task.name;
        let first = self
            .store
            .run_at_source(name, &range.key, from)?
            .and_then(|run| run.at_or_after_source(from))
            .filter(|_| from < range.source.to);
        let is_noted_before = self.store.run_before(name, &range.key, from)?.is_some();
        Ok(match first {
            Some((at, _)) if at == from || is_noted_before => Part::From(from),
            // Nothing was copied from there on.
            None if is_noted_before => Part::Begins(Beginning {
                source_from: from.max(source.low.min(range.source.to)),
                target_from: target_next.max(target.low),
                mapped: false,
                cut: None,
            }),
            _ => Part::Whole,
        })
    }

    /// Without notes the records of both sides are found by their times, which a target that stamps them does not keep.
    fn part_by_time(&self, range: &Range, from: i64, source: Ends, target: Ends, policy: Policy) -> Part {
        let place = (range.target_topic.clone(), range.key.partition);
        match self.target_since.get(&place) {
            Some(first) if !policy.stamps => {
                let source_from = from.max(source.low.min(range.source.to));
                let target_from = first.unwrap_or(target.high).max(target.low);
                Part::Begins(Beginning {
                    source_from,
                    target_from,
                    mapped: false,
                    cut: cut(
                        source.low > 0 && source_from == source.low,
                        target.low > 0 && target_from == target.low,
                    ),
                })
            }
            _ => Part::Whole,
        }
    }

    /// Ranges before the position that the source could not give any more: the others of the ledger stand for records
    /// that were copied, or lie before the start.
    fn never_copied(&self, range: &Range) -> Result<Vec<OffsetRange>> {
        let gaps = self.store.current_gaps(&self.task.name, &range.key)?;
        Ok(gaps
            .iter()
            .filter(|gap| {
                !matches!(
                    gap.reason,
                    GapReason::Truncated | GapReason::Recreated | GapReason::StartOutsideLog
                )
            })
            .map(|gap| OffsetRange {
                from: gap.range.from.max(range.source.from),
                to: gap.range.to.min(range.source.to),
            })
            .filter(|gap| !gap.is_empty())
            .collect())
    }
}

/// Which part of a partition is verified.
enum Part {
    /// All of it: none was asked for, or it is not known where it stands on the target.
    Whole,
    /// Behind what an earlier verification proved on both sides.
    Proved { source: i64, target: i64 },
    /// From this source offset on, which the notes have on the target.
    From(i64),
    /// From these places on.
    Begins(Beginning),
}

impl Part {
    /// The range that is compared.
    fn of(self, mut range: Range) -> Range {
        match self {
            Self::From(from) => range.source.from = from,
            Self::Proved { source, target } => {
                (range.source.from, range.since) = (source, None);
                if let Copied::Noted { target_from, .. } = &mut range.copied {
                    *target_from = target;
                }
            }
            Self::Whole | Self::Begins(_) => range.since = None,
        }
        range
    }
}

/// Where a comparison begins.
struct Beginning {
    source_from: i64,
    target_from: i64,
    /// The records have notes of where they went.
    mapped: bool,
    /// The content has to show which records of one side the other side cannot have.
    cut: Option<Cut>,
}

fn cut(at_source: bool, on_target: bool) -> Option<Cut> {
    match (at_source, on_target) {
        (true, true) => Some(Cut::Both),
        (true, false) => Some(Cut::Source),
        (false, true) => Some(Cut::Target),
        (false, false) => None,
    }
}

/// What was copied and is no longer at the source: before `low` and not among `never_copied`, which is in order.
fn note_gone_at_source(
    report: &mut PartitionReport,
    range: &Range,
    never_copied: &[OffsetRange],
    low: i64,
    reason: GoneReason,
) {
    let end = low.min(range.source.to);
    let mut from = range.source.from;
    let ends = [OffsetRange { from: end, to: end }];
    for gap in never_copied.iter().chain(&ends) {
        report.note_gone(Gone {
            side: LogSide::Source,
            range: OffsetRange {
                from,
                to: gap.from.min(end),
            },
            records: None,
            reason,
        });
        from = from.max(gap.to);
    }
}

/// A partition that cannot be compared at all.
fn unreadable(range: Range, mut report: PartitionReport, problem: String) -> Job {
    report.problem = Some(problem);
    report.not_compared = Some(range.source).filter(|range| !range.is_empty());
    Job {
        key: range.key,
        report,
        source_from: range.source.to,
        target_from: 0,
        work: Work::CountUncopied,
        identity: None,
        noted_meanwhile: None,
    }
}
