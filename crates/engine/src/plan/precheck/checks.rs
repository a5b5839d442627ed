use std::sync::Arc;

use sluice_model::Task;

use crate::error::{EngineError, Side};
use crate::finding::{Finding, Verdict};
use crate::plan::precheck::context::PreCheckContext;
use crate::plan::precheck::estimate::Estimate;
use crate::plan::precheck::facts::{Growth, KnownRights, Offsets, Outline, Reached, Sample, Setup};
use crate::plan::precheck::{
    compaction, compression, connection, cycles, data, delivery, durability, end, estimate, formats, mirror,
    names, permission, retention, sizes, start, timestamps, topics, versions, writers,
};
use crate::position::EffectiveDelivery;

/// A question, or several, that items need the answer of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Need {
    Source,
    Target,
    Outline,
    Offsets,
    Setup,
    Rights,
    Sample,
    Growth,
}

/// An answer.
pub(crate) enum Fact<T> {
    Pending,
    Known(T),
    /// Why there is none.
    Missing(String),
}

impl<T> Fact<T> {
    fn known(&self) -> Option<&T> {
        match self {
            Self::Known(fact) => Some(fact),
            Self::Pending | Self::Missing(_) => None,
        }
    }

    fn is_pending(&self) -> bool {
        matches!(self, Self::Pending)
    }

    /// Leaves an answer that is there.
    pub(crate) fn give_up(&mut self, why: &str) {
        if self.is_pending() {
            *self = Self::Missing(why.to_owned());
        }
    }
}

/// All answers so far.
pub(crate) struct Facts {
    pub(crate) source: Fact<Result<Reached, EngineError>>,
    pub(crate) target: Fact<Result<Reached, EngineError>>,
    pub(crate) outline: Fact<Arc<Outline>>,
    pub(crate) offsets: Fact<Arc<Offsets>>,
    pub(crate) setup: Fact<Setup>,
    pub(crate) rights: Fact<KnownRights>,
    pub(crate) sample: Fact<Sample>,
    pub(crate) growth: Fact<Growth>,
}

impl Facts {
    pub(crate) fn none() -> Self {
        Self {
            source: Fact::Pending,
            target: Fact::Pending,
            outline: Fact::Pending,
            offsets: Fact::Pending,
            setup: Fact::Pending,
            rights: Fact::Pending,
            sample: Fact::Pending,
            growth: Fact::Pending,
        }
    }

    /// Whether there is an answer, or will be none; with why there will be none.
    pub(crate) fn settled(&self, need: Need) -> Option<Result<(), &str>> {
        fn of<T>(fact: &Fact<T>) -> Option<Result<(), &str>> {
            match fact {
                Fact::Pending => None,
                Fact::Known(_) => Some(Ok(())),
                Fact::Missing(why) => Some(Err(why)),
            }
        }
        match need {
            Need::Source => of(&self.source),
            Need::Target => of(&self.target),
            Need::Outline => of(&self.outline),
            Need::Offsets => of(&self.offsets),
            Need::Setup => of(&self.setup),
            Need::Rights => of(&self.rights),
            Need::Sample => of(&self.sample),
            Need::Growth => of(&self.growth),
        }
    }
}

/// What the items judge by.
pub(crate) struct Inputs<'a> {
    pub(crate) task: &'a Task,
    pub(crate) context: &'a PreCheckContext<'a>,
    pub(crate) facts: &'a Facts,
    /// Now, in ms since 1970.
    pub(crate) now: i64,
}

/// One item: what it waits for, and how it judges.
pub(crate) struct Check {
    pub(crate) id: &'static str,
    /// What it waits for.
    pub(crate) needs: &'static [Need],
    /// What it cannot do without; a subset of `needs`.
    pub(crate) must: &'static [Need],
    /// How it comes out when there is no answer.
    pub(crate) unanswered: Verdict,
    /// `None` only where something is missing that it cannot do without.
    pub(crate) judge: fn(&Inputs<'_>) -> Option<Finding>,
}

/// Ids of all items, in the order of a report.
pub const ITEMS: [&str; CHECKS.len()] = {
    let mut ids = [""; CHECKS.len()];
    let mut index = 0;
    while index < CHECKS.len() {
        ids[index] = CHECKS[index].id;
        index += 1;
    }
    ids
};

/// Every item.
pub(crate) const CHECKS: &[Check] = &[
    Check {
        id: "source_connection",
        needs: &[Need::Source],
        must: &[Need::Source],
        unanswered: Verdict::Failed,
        judge: |inputs| Some(connection::connection(Side::Source, inputs.facts.source.known()?)),
    },
    Check {
        id: "target_connection",
        needs: &[Need::Target],
        must: &[Need::Target],
        unanswered: Verdict::Failed,
        judge: |inputs| Some(connection::connection(Side::Target, inputs.facts.target.known()?)),
    },
    Check {
        id: "same_clusters",
        needs: &[Need::Outline],
        must: &[Need::Outline],
        unanswered: Verdict::Failed,
        judge: |inputs| {
            Some(connection::same_clusters(
                inputs.task,
                inputs.facts.outline.known()?,
            ))
        },
    },
    Check {
        id: "cyclic_replication",
        needs: &[Need::Outline],
        must: &[Need::Outline],
        unanswered: Verdict::Failed,
        judge: |inputs| {
            let outline = inputs.facts.outline.known()?;
            let others = outline.others(&inputs.context.other_tasks);
            Some(cycles::cycles(inputs.task, outline, &others))
        },
    },
    Check {
        id: "source_topics",
        needs: &[Need::Outline],
        must: &[Need::Outline],
        unanswered: Verdict::Failed,
        judge: |inputs| Some(topics::source_topics(inputs.task, inputs.facts.outline.known()?)),
    },
    Check {
        id: "source_permission",
        needs: &[Need::Outline, Need::Sample],
        must: &[Need::Outline],
        unanswered: Verdict::Warning,
        judge: |inputs| {
            let nothing_read = Sample::default();
            Some(permission::source(
                inputs.task,
                inputs.facts.outline.known()?,
                Some(inputs.facts.sample.known().unwrap_or(&nothing_read)),
            ))
        },
    },
    Check {
        id: "target_permission",
        needs: &[Need::Outline, Need::Offsets, Need::Setup, Need::Rights],
        must: &[Need::Outline, Need::Setup],
        unanswered: Verdict::Warning,
        judge: |inputs| {
            // Asked for and not answered is not the same as not asked for.
            let silent = KnownRights::default();
            Some(permission::target(
                inputs.task,
                inputs.facts.outline.known()?,
                inputs.facts.offsets.known().map(AsRef::as_ref),
                inputs.facts.setup.known()?,
                Some(inputs.facts.rights.known().unwrap_or(&silent)),
            ))
        },
    },
    Check {
        id: "name_collision",
        needs: &[Need::Outline],
        must: &[Need::Outline],
        unanswered: Verdict::Failed,
        judge: |inputs| Some(names::collisions(inputs.facts.outline.known()?)),
    },
    Check {
        id: "start_position",
        needs: &[Need::Outline, Need::Offsets],
        must: &[Need::Outline, Need::Offsets],
        unanswered: Verdict::Failed,
        judge: |inputs| {
            let (outline, offsets) = (inputs.facts.outline.known()?, inputs.facts.offsets.known()?);
            Some(start::position(inputs.task, outline, offsets))
        },
    },
    Check {
        id: "end_position",
        needs: &[Need::Outline, Need::Offsets],
        must: &[Need::Outline, Need::Offsets],
        unanswered: Verdict::Warning,
        judge: |inputs| {
            let (outline, offsets) = (inputs.facts.outline.known()?, inputs.facts.offsets.known()?);
            Some(end::position(inputs.task, outline, offsets))
        },
    },
    Check {
        id: "earlier_run",
        needs: &[Need::Offsets],
        must: &[Need::Offsets],
        unanswered: Verdict::Failed,
        judge: |inputs| Some(start::earlier_run(inputs.task, inputs.facts.offsets.known()?)),
    },
    Check {
        id: "source_retention",
        needs: &[Need::Outline, Need::Offsets, Need::Setup, Need::Sample],
        must: &[Need::Outline, Need::Offsets, Need::Setup, Need::Sample],
        unanswered: Verdict::Warning,
        judge: |inputs| {
            let facts = inputs.facts;
            let (outline, offsets) = (facts.outline.known()?, facts.offsets.known()?);
            let sample = facts.sample.known()?;
            let estimate = Estimate::of(inputs.task, outline, offsets, sample);
            let setup = facts.setup.known()?;
            Some(retention::source(
                outline, offsets, setup, sample, &estimate, inputs.now,
            ))
        },
    },
    Check {
        id: "target_topics",
        needs: &[Need::Outline, Need::Setup],
        must: &[Need::Outline, Need::Setup],
        unanswered: Verdict::Failed,
        judge: |inputs| {
            let (outline, setup) = (inputs.facts.outline.known()?, inputs.facts.setup.known()?);
            Some(topics::target_topics(outline, setup))
        },
    },
    Check {
        id: "topic_configuration",
        needs: &[Need::Outline, Need::Setup],
        must: &[Need::Outline, Need::Setup],
        unanswered: Verdict::Warning,
        judge: |inputs| {
            let (outline, setup) = (inputs.facts.outline.known()?, inputs.facts.setup.known()?);
            Some(topics::configuration(outline, setup))
        },
    },
    Check {
        id: "target_data",
        needs: &[Need::Outline, Need::Offsets],
        must: &[Need::Outline, Need::Offsets],
        unanswered: Verdict::Failed,
        judge: |inputs| {
            let (outline, offsets) = (inputs.facts.outline.known()?, inputs.facts.offsets.known()?);
            let others = outline.others(&inputs.context.other_tasks);
            Some(data::target_data(inputs.task, outline, offsets, &others))
        },
    },
    Check {
        id: "other_writers",
        needs: &[Need::Outline, Need::Growth],
        must: &[Need::Outline, Need::Growth],
        unanswered: Verdict::Warning,
        judge: |inputs| {
            let (outline, growth) = (inputs.facts.outline.known()?, inputs.facts.growth.known()?);
            Some(writers::writers(inputs.task, outline, growth))
        },
    },
    Check {
        id: "versions",
        needs: &[Need::Outline, Need::Sample],
        must: &[Need::Outline],
        unanswered: Verdict::Warning,
        judge: |inputs| {
            let outline = inputs.facts.outline.known()?;
            Some(versions::versions(
                inputs.task,
                outline,
                inputs.facts.sample.known(),
            ))
        },
    },
    Check {
        id: "message_format",
        needs: &[Need::Outline, Need::Setup, Need::Sample],
        must: &[Need::Outline, Need::Setup],
        unanswered: Verdict::Warning,
        judge: |inputs| {
            let (outline, setup) = (inputs.facts.outline.known()?, inputs.facts.setup.known()?);
            let sample = inputs.facts.sample.known();
            Some(formats::formats(outline, setup, sample))
        },
    },
    Check {
        id: "delivery",
        needs: &[
            Need::Outline,
            Need::Offsets,
            Need::Setup,
            Need::Rights,
            Need::Sample,
        ],
        must: &[Need::Outline, Need::Setup],
        unanswered: Verdict::Failed,
        judge: |inputs| {
            let facts = inputs.facts;
            let (outline, setup) = (facts.outline.known()?, facts.setup.known()?);
            let (task, rights) = (inputs.task, facts.rights.known());
            Some(if outline.delivery == EffectiveDelivery::Mirror {
                let offsets = facts.offsets.known().map(AsRef::as_ref);
                mirror::mirror(task, outline, offsets, setup, facts.sample.known(), rights)
            } else {
                delivery::delivery(task, outline, setup, rights)
            })
        },
    },
    Check {
        id: "lane",
        needs: &[Need::Outline],
        must: &[Need::Outline],
        unanswered: Verdict::Warning,
        judge: |inputs| Some(delivery::lane(inputs.facts.outline.known()?)),
    },
    Check {
        id: "message_size",
        needs: &[Need::Outline, Need::Setup, Need::Sample],
        must: &[Need::Outline, Need::Setup],
        unanswered: Verdict::Warning,
        judge: |inputs| {
            let (outline, setup) = (inputs.facts.outline.known()?, inputs.facts.setup.known()?);
            Some(sizes::message_size(outline, setup, inputs.facts.sample.known()))
        },
    },
    Check {
        id: "compression",
        needs: &[Need::Outline, Need::Setup, Need::Sample],
        must: &[Need::Outline, Need::Setup],
        unanswered: Verdict::Warning,
        judge: |inputs| {
            let (outline, setup) = (inputs.facts.outline.known()?, inputs.facts.setup.known()?);
            let sample = inputs.facts.sample.known();
            Some(compression::compression(inputs.task, outline, setup, sample))
        },
    },
    Check {
        id: "timestamp_window",
        needs: &[Need::Outline, Need::Setup, Need::Sample],
        must: &[Need::Outline, Need::Setup],
        unanswered: Verdict::Warning,
        judge: |inputs| {
            let (outline, setup) = (inputs.facts.outline.known()?, inputs.facts.setup.known()?);
            let sample = inputs.facts.sample.known();
            Some(timestamps::window(
                inputs.task,
                outline,
                setup,
                sample,
                inputs.now,
            ))
        },
    },
    Check {
        id: "target_retention",
        needs: &[Need::Outline, Need::Offsets, Need::Setup, Need::Sample],
        must: &[Need::Outline, Need::Setup],
        unanswered: Verdict::Warning,
        judge: |inputs| {
            let facts = inputs.facts;
            Some(retention::target(
                facts.outline.known()?,
                facts.offsets.known().map(AsRef::as_ref),
                facts.setup.known()?,
                facts.sample.known(),
                inputs.now,
            ))
        },
    },
    Check {
        id: "compaction_keys",
        needs: &[Need::Outline, Need::Setup, Need::Sample],
        must: &[Need::Outline, Need::Setup],
        unanswered: Verdict::Warning,
        judge: |inputs| {
            let (outline, setup) = (inputs.facts.outline.known()?, inputs.facts.setup.known()?);
            Some(compaction::compaction(
                inputs.task,
                outline,
                setup,
                inputs.facts.sample.known(),
            ))
        },
    },
    Check {
        id: "min_isr",
        needs: &[Need::Outline, Need::Setup],
        must: &[Need::Outline, Need::Setup],
        unanswered: Verdict::Warning,
        judge: |inputs| {
            let (outline, setup) = (inputs.facts.outline.known()?, inputs.facts.setup.known()?);
            Some(durability::min_isr(outline, setup))
        },
    },
    Check {
        id: "replication_factor",
        needs: &[Need::Outline, Need::Setup],
        must: &[Need::Outline, Need::Setup],
        unanswered: Verdict::Warning,
        judge: |inputs| {
            let (outline, setup) = (inputs.facts.outline.known()?, inputs.facts.setup.known()?);
            Some(durability::replication_factor(inputs.task, outline, setup))
        },
    },
    Check {
        id: "disk_estimate",
        needs: &[Need::Outline, Need::Offsets, Need::Setup, Need::Sample],
        must: &[Need::Outline, Need::Offsets, Need::Setup, Need::Sample],
        unanswered: Verdict::Warning,
        judge: |inputs| {
            let facts = inputs.facts;
            let (outline, offsets) = (facts.outline.known()?, facts.offsets.known()?);
            let sample = facts.sample.known()?;
            let estimate = Estimate::of(inputs.task, outline, offsets, sample);
            let setup = facts.setup.known()?;
            Some(estimate::disk(outline, offsets, setup, sample, &estimate))
        },
    },
    Check {
        id: "time_estimate",
        needs: &[Need::Outline, Need::Offsets, Need::Sample, Need::Growth],
        must: &[Need::Outline, Need::Offsets, Need::Sample],
        unanswered: Verdict::Warning,
        judge: |inputs| {
            let facts = inputs.facts;
            let sample = facts.sample.known()?;
            let estimate = Estimate::of(
                inputs.task,
                facts.outline.known()?,
                facts.offsets.known()?,
                sample,
            );
            Some(estimate::time(sample, facts.growth.known(), &estimate))
        },
    },
];

/// The findings that a start goes by: what can be had without reading records or waiting, and does not pass by itself
/// (a task that is resumed while a target broker is away waits for it).
pub(crate) fn at_launch(
    task: &Task,
    outline: &Outline,
    offsets: &Offsets,
    setup: &Setup,
    now: i64,
) -> Vec<Finding> {
    let others = outline.others(&[]);
    vec![
        connection::same_clusters(task, outline),
        topics::source_topics(task, outline),
        permission::source(task, outline, None),
        cycles::cycles(task, outline, &others),
        names::collisions(outline),
        versions::versions(task, outline, None),
        start::earlier_run(task, offsets),
        topics::target_topics(outline, setup),
        permission::target(task, outline, Some(offsets), setup, None),
        sizes::message_size(outline, setup, None),
        timestamps::window(task, outline, setup, None, now),
        compaction::compaction(task, outline, setup, None),
        retention::target(outline, Some(offsets), setup, None, now),
        start::position(task, outline, offsets),
        data::target_data(task, outline, offsets, &others),
        topics::configuration(outline, setup),
        formats::formats(outline, setup, None),
        delivery::lane(outline),
        if outline.delivery == EffectiveDelivery::Mirror {
            mirror::mirror(task, outline, Some(offsets), setup, None, None)
        } else {
            delivery::delivery(task, outline, setup, None)
        },
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_item_has_its_own_id_and_needs_what_it_cannot_do_without() {
        let ids: BTreeSet<&str> = ITEMS.into_iter().collect();
        assert_eq!(ids.len(), ITEMS.len());
        for check in CHECKS {
            assert!(
                check.must.iter().all(|must| check.needs.contains(must)),
                "{}",
                check.id
            );
        }
    }

    #[test]
    fn judges_ask_for_no_more_than_they_say() {
        let cluster = sluice_model::Cluster::new("a:1").unwrap();
        let task = Task::new(
            sluice_model::TaskName::new("t").unwrap(),
            cluster.clone(),
            cluster,
            sluice_model::Objects::all(),
        );
        let context = PreCheckContext::default();
        let inputs = Inputs {
            task: &task,
            context: &context,
            facts: &Facts::none(),
            now: 0,
        };
        for check in CHECKS {
            assert!(
                (check.judge)(&inputs).is_none(),
                "{} judges without any facts",
                check.id
            );
        }
    }
}
