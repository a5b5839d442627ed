//! Groups that read topics of several stages of a task, of which only some move.

use std::collections::BTreeSet;

use super::journal::{Journal, StoreJournal};
use super::record::{Cutover, CutoverDirection, CutoverState};
use crate::Result;

/// Another stage of the task that a cut-over moves, as seen from where the cut-over's groups read now.
pub(super) struct OtherStage {
    /// Its topics, named as on the cluster where the groups read.
    topics: BTreeSet<String>,
    /// Its topics stay on that cluster; otherwise they are on the other one already.
    stays: bool,
    /// Groups whose positions moved with it.
    groups: BTreeSet<String>,
}

/// A group whose topics are torn apart by a switch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TornGroup {
    pub(crate) group: String,
    /// Topics that have moved already, without this group.
    pub(crate) moved: Vec<String>,
    /// Topics that stay.
    pub(crate) staying: Vec<String>,
}

/// The other stages of the task of `cutover`, or of the task that it goes back on, whose switch has been made.
///
/// # Errors
/// They cannot be read.
pub(super) fn other_stages(journal: &StoreJournal<'_>, cutover: &Cutover) -> Result<Vec<OtherStage>> {
    let mut first = cutover.clone();
    while let Some(earlier) = &first.goes_back_on
        && let Some(found) = journal.load(earlier)?
    {
        first = found;
    }
    let mut stages = Vec::new();
    for other in journal.of_task(first.task.as_str())? {
        if other.id == first.id || !other.is_switched() {
            continue;
        }
        let last = last_switched(journal, other.clone())?;
        let reads_at_source = cutover.direction == CutoverDirection::Forward;
        stages.push(OtherStage {
            topics: other
                .topics
                .iter()
                .map(|pair| {
                    if reads_at_source {
                        pair.source.clone()
                    } else {
                        pair.target.clone()
                    }
                })
                .collect(),
            stays: last.direction != cutover.direction,
            groups: last.groups.into_iter().collect(),
        });
    }
    Ok(stages)
}

/// The last switch of a stage: its own, or that of a way back or forth behind it.
fn last_switched(journal: &StoreJournal<'_>, mut stage: Cutover) -> Result<Cutover> {
    while stage.state == CutoverState::WentBack
        && let Some(back) = &stage.back
        && let Some(found) = journal.load(back)?
    {
        stage = found;
    }
    Ok(stage)
}

/// What of `outside`, the topics that `group` reads besides those of the cut-over's task, is torn from those that move.
pub(super) fn torn(group: &str, outside: &BTreeSet<String>, stages: &[OtherStage]) -> Option<TornGroup> {
    let mut torn = TornGroup {
        group: group.to_owned(),
        moved: Vec::new(),
        staying: Vec::new(),
    };
    for stage in stages {
        let read = outside.intersection(&stage.topics).cloned();
        if stage.stays {
            torn.staying.extend(read);
        } else if !stage.groups.contains(group) {
            torn.moved.extend(read);
        }
    }
    (!torn.moved.is_empty() || !torn.staying.is_empty()).then_some(torn)
}

#[cfg(test)]
mod tests {
    use sluice_model::TaskId;
    use sluice_store::SqliteStore;

    use super::super::record::TopicPair;
    use super::super::step::CutoverStep;
    use super::*;

    /// A cut-over of `task` that has switched one topic, with group `both`.
    fn switched(id: &str, task: &str, direction: CutoverDirection, names: (&str, &str)) -> Cutover {
        Cutover {
            direction,
            step: CutoverStep::Window,
            groups: vec!["both".to_owned()],
            topics: vec![TopicPair {
                source: names.0.to_owned(),
                target: names.1.to_owned(),
            }],
            ..Cutover::at_beginning(id.to_owned(), TaskId::parse(task).unwrap(), "shop".to_owned(), 1)
        }
    }

    fn found(
        journal: &StoreJournal<'_>,
        cutover: &Cutover,
        group: &str,
        reads: &str,
    ) -> Option<(usize, usize)> {
        let stages = other_stages(journal, cutover).unwrap();
        torn(group, &BTreeSet::from([reads.to_owned()]), &stages)
            .map(|torn| (torn.moved.len(), torn.staying.len()))
    }

    #[test]
    fn a_group_is_torn_by_a_stage_that_moved_without_it_and_by_one_that_stays_where_it_leaves() {
        let dir = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(dir.path()).unwrap();
        let journal = StoreJournal(&store);
        let (task, back_task) = ("rp-000000000001", "rp-000000000002");
        let save = |mut cutover: Cutover| {
            cutover.revision = journal.load(&cutover.id).unwrap().map_or(0, |kept| kept.revision);
            journal.save(&mut cutover).unwrap();
            cutover
        };
        let mut mail = save(switched(
            "co-mail",
            task,
            CutoverDirection::Forward,
            ("mail", "new.mail"),
        ));
        let orders = save(switched(
            "co-orders",
            task,
            CutoverDirection::Forward,
            ("orders", "new.orders"),
        ));

        // Forward: the position of a group that did not move with the earlier stage is not known there.
        assert_eq!(found(&journal, &orders, "late", "mail"), Some((1, 0)));
        assert_eq!(found(&journal, &orders, "both", "mail"), None);
        assert_eq!(found(&journal, &orders, "late", "elsewhere"), None);

        // On the way back of one stage the other stays where the group reads now, under its name there.
        let back = save(Cutover {
            goes_back_on: Some("co-orders".to_owned()),
            ..switched(
                "co-orders-back",
                back_task,
                CutoverDirection::Back,
                ("new.orders", "orders"),
            )
        });
        assert_eq!(found(&journal, &back, "both", "new.mail"), Some((0, 1)));
        assert_eq!(found(&journal, &back, "both", "mail"), None);

        // Once the other has gone back as well, with this group, its position there is known.
        mail.state = CutoverState::WentBack;
        mail.back = Some("co-mail-back".to_owned());
        save(mail);
        save(switched(
            "co-mail-back",
            "rp-000000000003",
            CutoverDirection::Back,
            ("new.mail", "mail"),
        ));
        assert_eq!(found(&journal, &back, "both", "new.mail"), None);
        assert_eq!(found(&journal, &back, "late", "new.mail"), Some((1, 0)));
    }
}
