//! `cyclic_replication`: clusters are distinguished by their ids, never by their addresses.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use sluice_model::Task;

use crate::finding::Finding;
use crate::plan::precheck::context::OtherTask;
use crate::plan::precheck::facts::Outline;
use crate::plan::precheck::words::{listed, quoted};

/// A topic of a cluster.
type Node<'a> = (&'a str, &'a str);

const ID: &str = "cyclic_replication";

/// Whether copied records could come back.
pub(crate) fn cycles(task: &Task, outline: &Outline, others: &[&OtherTask]) -> Finding {
    if outline.pair.same_cluster()
        && let Some(finding) = within_one_cluster(task, outline)
    {
        return finding;
    }
    // The partner of a pair leaves out what this task writes.
    let others: Vec<&OtherTask> = others
        .iter()
        .copied()
        .filter(|other| !is_partner(task, other))
        .collect();
    let others = others.as_slice();
    if task.both_ways.is_some() && outline.pair.direction().is_none() {
        return Finding::failed(
            ID,
            "the clusters of a pair that copies both ways have no ids to tell them by",
            "what the other task of the pair wrote could not be left out, and would be copied without end",
            "copy one way only; clusters have ids from Kafka 0.10.1 on",
        );
    }
    let (Some(source), Some(target)) = (&outline.pair.source.id, &outline.pair.target.id) else {
        return Finding::success(
            ID,
            "no loop within this task; the clusters have no ids to compare",
        );
    };
    let own: Vec<(Node<'_>, Node<'_>)> = outline
        .routes
        .iter()
        .map(|route| {
            (
                (source.as_str(), route.source_topic.as_str()),
                (target.as_str(), route.target_topic.as_str()),
            )
        })
        .collect();
    let returning = loops(&own, others, true);
    if !returning.is_empty() {
        return Finding::failed(
            ID,
            listed(&returning, "; "),
            "each record would travel in a circle, without end",
            "rename the topics in one direction, or end the other task",
        );
    }
    let sleeping = loops(&own, others, false);
    if !sleeping.is_empty() {
        return Finding::warning(
            ID,
            format!("{}; that task does not run now", listed(&sleeping, "; ")),
            "once it runs, each record travels in a circle, without end",
            "rename the topics in one direction, or delete the other task",
        );
    }
    let chained = chains(&own, others);
    if !chained.is_empty() {
        return Finding::warning(
            ID,
            listed(&chained, "; "),
            "records travel on through several tasks: their delays add up, and each holds what the one before it let through",
            "none needed if this is meant",
        );
    }
    if task.both_ways.is_some() {
        return Finding::success(
            ID,
            "the other task of the pair copies in the other direction, and each leaves out what the other wrote",
        );
    }
    Finding::success(ID, "no loop")
}

/// What a task would copy again that copies within one cluster.
fn within_one_cluster(task: &Task, outline: &Outline) -> Option<Finding> {
    let onto_itself: Vec<&str> = outline
        .routes
        .iter()
        .filter(|route| route.source_topic == route.target_topic)
        .map(|route| route.source_topic.as_str())
        .collect();
    if !onto_itself.is_empty() {
        return Some(Finding::failed(
            ID,
            format!(
                "source and target are the same cluster, and {} would be copied onto itself",
                quoted(&onto_itself)
            ),
            "each copied record would be copied again, without end",
            "choose another target cluster, or rename the topics on the way (--rename, --prefix)",
        ));
    }
    if copies_its_own_output(task, outline) {
        return Some(Finding::failed(
            ID,
            "source and target are the same cluster, and a target topic is also a source of this task",
            "copied records would be copied again, without end",
            "narrow the topics (--exclude) so that no target topic is chosen as a source",
        ));
    }
    None
}

/// Whether it is the task that copies in the other direction of the same pair.
pub(crate) fn is_partner(task: &Task, other: &OtherTask) -> bool {
    task.both_ways
        .as_ref()
        .is_some_and(|partner| partner.as_str() == other.name)
}

fn copies_its_own_output(task: &Task, outline: &Outline) -> bool {
    let sources: BTreeSet<&str> = outline
        .routes
        .iter()
        .map(|route| route.source_topic.as_str())
        .collect();
    outline.routes.iter().any(|route| {
        let target = route.target_topic.as_str();
        sources.contains(target) || (task.objects.is_open() && task.objects.has(target) == Ok(true))
    })
}

/// The tasks' steps from topic to topic, with the name of the task.
fn steps<'a>(
    others: &[&'a OtherTask],
    active_only: bool,
) -> BTreeMap<Node<'a>, Vec<(Node<'a>, &'a OtherTask)>> {
    let mut steps: BTreeMap<Node<'a>, Vec<(Node<'a>, &'a OtherTask)>> = BTreeMap::new();
    for other in others.iter().filter(|other| other.active || !active_only) {
        let (Some(source), Some(target)) = (&other.source_cluster_id, &other.target_cluster_id) else {
            continue;
        };
        for (from, to) in &other.routes {
            steps
                .entry((source, from))
                .or_default()
                .push(((target, to), other));
        }
    }
    steps
}

/// Sentences on routes whose records come back to where they were taken from.
fn loops(own: &[(Node<'_>, Node<'_>)], others: &[&OtherTask], active_only: bool) -> Vec<String> {
    let steps = steps(others, active_only);
    let mut back: BTreeMap<Vec<&str>, Vec<&str>> = BTreeMap::new();
    for (from, to) in own {
        if let Some(through) = way(&steps, *to, *from) {
            back.entry(through).or_default().push(from.1);
        }
    }
    back.into_iter()
        .map(|(through, topics)| match through.as_slice() {
            [one] => format!("task '{one}' copies {} in the other direction", quoted(&topics)),
            several => format!("{} comes back through tasks {}", quoted(&topics), quoted(several)),
        })
        .collect()
}

/// The tasks on the shortest way from `from` to `to`.
fn way<'a>(
    steps: &BTreeMap<Node<'a>, Vec<(Node<'a>, &'a OtherTask)>>,
    from: Node<'_>,
    to: Node<'_>,
) -> Option<Vec<&'a str>> {
    let mut seen: BTreeSet<Node<'_>> = BTreeSet::from([from]);
    let mut queue = VecDeque::from([(from, Vec::new())]);
    while let Some((at, through)) = queue.pop_front() {
        for (next, task) in steps.get(&at).into_iter().flatten() {
            let mut longer = through.clone();
            longer.push(task.name.as_str());
            if *next == to {
                return Some(longer);
            }
            if seen.insert(*next) {
                queue.push_back((*next, longer));
            }
        }
    }
    None
}

/// Sentences on tasks that feed this one, or that this one feeds.
fn chains(own: &[(Node<'_>, Node<'_>)], others: &[&OtherTask]) -> Vec<String> {
    let mut loops = Vec::new();
    for other in others.iter().filter(|other| other.active) {
        let ends =
            |cluster: &Option<String>, of: fn(&(String, String)) -> &String| -> BTreeSet<(String, String)> {
                cluster
                    .iter()
                    .flat_map(|id| other.routes.iter().map(|route| (id.clone(), of(route).clone())))
                    .collect()
            };
        let (sources, targets) = (
            ends(&other.source_cluster_id, |route| &route.0),
            ends(&other.target_cluster_id, |route| &route.1),
        );
        let owned = |node: &Node<'_>| (node.0.to_owned(), node.1.to_owned());
        let fed: Vec<&str> = own
            .iter()
            .filter(|(from, _)| targets.contains(&owned(from)))
            .map(|(from, _)| from.1)
            .collect();
        if !fed.is_empty() {
            loops.push(format!(
                "task '{}' writes to {}, which this task reads",
                other.name,
                quoted(&fed)
            ));
        }
        let feeds: Vec<&str> = own
            .iter()
            .filter(|(_, to)| sources.contains(&owned(to)))
            .map(|(_, to)| to.1)
            .collect();
        if !feeds.is_empty() {
            loops.push(format!(
                "task '{}' reads {}, which this task writes to",
                other.name,
                quoted(&feeds)
            ));
        }
    }
    loops
}

#[cfg(test)]
mod tests {
    use super::*;

    fn other(name: &str, from: &str, to: &str, routes: &[(&str, &str)], active: bool) -> OtherTask {
        OtherTask {
            name: name.into(),
            source_cluster_id: Some(from.into()),
            target_cluster_id: Some(to.into()),
            routes: routes
                .iter()
                .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
                .collect(),
            active,
        }
    }

    const OWN: [(Node<'static>, Node<'static>); 1] = [(("A", "t"), ("B", "t"))];

    #[test]
    fn a_way_back_is_found_through_one_task_and_through_several() {
        let back = other("back", "B", "A", &[("t", "t")], true);
        assert_eq!(
            loops(&OWN, &[&back], true),
            ["task 'back' copies 't' in the other direction"]
        );
        let (on, home) = (
            other("on", "B", "C", &[("t", "u")], true),
            other("home", "C", "A", &[("u", "t")], true),
        );
        assert_eq!(
            loops(&OWN, &[&on, &home], true),
            ["'t' comes back through tasks 'on', 'home'"]
        );
    }

    #[test]
    fn other_topics_other_clusters_and_tasks_that_rest_make_no_loop() {
        let elsewhere = other("elsewhere", "B", "A", &[("t", "u"), ("u", "t")], true);
        let sleeping = other("sleeping", "B", "A", &[("t", "t")], false);
        let unknown = OtherTask {
            source_cluster_id: None,
            ..other("unknown", "B", "A", &[("t", "t")], true)
        };
        assert!(loops(&OWN, &[&elsewhere, &sleeping, &unknown], true).is_empty());
        assert_eq!(loops(&OWN, &[&sleeping], false).len(), 1);
    }

    #[test]
    fn tasks_that_feed_each_other_are_named() {
        let before = other("before", "Z", "A", &[("t", "t")], true);
        let after = other("after", "B", "C", &[("t", "t")], true);
        assert_eq!(
            chains(&OWN, &[&before, &after]),
            [
                "task 'before' writes to 't', which this task reads",
                "task 'after' reads 't', which this task writes to"
            ]
        );
    }
}
