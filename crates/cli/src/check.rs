//! `sluice check`: the pre-check.

use std::path::Path;

use comfy_table::{ContentArrangement, Table};
use serde::Serialize;
use sluice_engine::{Finding, Inspection, Verdict};
use sluice_store::TaskLock;

use crate::arguments::TaskArguments;
use crate::exit::Exit;
use crate::output;
use crate::prepared::{Prepared, prepare};
use crate::screen::Screen;
use crate::tables;
use crate::words;

/// The answer, for scripts.
#[derive(Serialize)]
struct CheckReport<'a> {
    name: &'a str,
    may_start: bool,
    delivery: &'a str,
    resumes: bool,
    source_cluster_id: Option<&'a str>,
    target_cluster_id: Option<&'a str>,
    routes: &'a [sluice_engine::RouteFacts],
    findings: &'a [Finding],
}

/// Says what a start would do and what would go wrong.
///
/// # Errors
/// The description is wrong, or a cluster cannot be reached.
pub fn check(arguments: &TaskArguments, file: Option<&Path>, screen: &Screen) -> anyhow::Result<Exit> {
    let prepared = prepare(arguments, file, screen)?;
    prepared.is_as_launched(true, arguments, screen)?;
    let Prepared {
        task,
        store,
        state_dir,
        ..
    } = prepared;
    let mut inspection = sluice_engine::inspect(&task, store.as_ref())?;
    if TaskLock::is_running(&state_dir, &task.name) {
        inspection.findings.push(Finding::failed(
            "already_running",
            format!("task '{}' is running in another process", task.name),
            "a second one would be refused",
            "stop that one first, or give this copy another --name",
        ));
    }
    let may_start = inspection.may_start();
    if arguments.json {
        let report = CheckReport {
            name: task.name.as_str(),
            may_start,
            delivery: &inspection.delivery,
            resumes: inspection.resumes,
            source_cluster_id: inspection.source_cluster_id.as_deref(),
            target_cluster_id: inspection.target_cluster_id.as_deref(),
            routes: &inspection.routes,
            findings: &inspection.findings,
        };
        output::write(&serde_json::to_string_pretty(&report)?)?;
    } else {
        output::write(&tables::text(&routes(&inspection)))?;
        output::write(&tables::text(&findings(&inspection)))?;
        output::write(&sentence(task.name.as_str(), &inspection))?;
    }
    Ok(if may_start { Exit::Done } else { Exit::NotStarted })
}

fn routes(inspection: &Inspection) -> Table {
    let header = [
        "source topic",
        "target topic",
        "partitions",
        "offsets to copy",
        "offsets on the target",
    ];
    let mut table = tables::table(header, 2..5);
    for route in &inspection.routes {
        let now = match route.target_partitions {
            None => "will be created".to_owned(),
            Some(_) => words::count(route.target_records),
        };
        table.add_row([
            route.source_topic.clone(),
            route.target_topic.clone(),
            route.partitions.to_string(),
            words::count(route.backlog),
            now,
        ]);
    }
    table
}

fn findings(inspection: &Inspection) -> Table {
    let mut table = tables::table(["", "inspection", "found", "effect", "what to do"], 0..0);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    // Worst first; within a verdict in the order they were made.
    let mut sorted: Vec<&Finding> = inspection.findings.iter().collect();
    sorted.sort_by_key(|finding| std::cmp::Reverse(finding.result));
    for finding in sorted {
        let mark = match finding.result {
            Verdict::Success => "ok",
            Verdict::Warning => "WARNING",
            Verdict::Failed => "FAILED",
        };
        let id = finding.id.replace('_', " ");
        table.add_row([mark, &id, &finding.cause, &finding.effect, &finding.remedy]);
    }
    table
}

fn sentence(name: &str, inspection: &Inspection) -> String {
    let count = |verdict: Verdict| {
        inspection
            .findings
            .iter()
            .filter(|finding| finding.result == verdict)
            .count() as u64
    };
    let (failed, warnings) = (count(Verdict::Failed), count(Verdict::Warning));
    let verb = if inspection.resumes { "resume" } else { "start" };
    let warned = if warnings > 0 {
        format!(", {}", words::plural(warnings, "warning", "warnings"))
    } else {
        String::new()
    };
    if failed > 0 {
        return format!(
            "task '{name}' would not {verb}: {} failed{warned}",
            words::plural(failed, "inspection", "inspections")
        );
    }
    let backlog: i64 = inspection.routes.iter().map(|route| route.backlog).sum();
    format!(
        "task '{name}' would {verb}: {} offsets to copy, delivery {}{warned}",
        words::count(backlog),
        inspection.delivery
    )
}
