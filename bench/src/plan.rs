use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Result, bail};

use crate::{arguments::Arguments, tool::Tool, workload::Workload};

const DOCUMENT: &str = "docs/benchmarks.md";

/// What is measured, and how often.
#[derive(Debug)]
pub struct Plan {
    workloads: Vec<Workload>,
    tools: Vec<Tool>,
    runs: usize,
    limit: Duration,
    mirror_maker_everywhere: bool,
    other: Option<PathBuf>,
    document: Option<PathBuf>,
}

impl Plan {
    /// As the command line says.
    ///
    /// # Errors
    /// It names a workload or tool that is not there.
    pub fn new(arguments: &Arguments) -> Result<Self> {
        let mut workloads = if arguments.quick {
            vec![Workload::quick()]
        } else {
            Workload::all()
        };
        if let Some(only) = &arguments.only {
            workloads.retain(|workload| workload.name().contains(only));
        }
        if workloads.is_empty() {
            let names: Vec<String> = Workload::all().iter().map(Workload::name).collect();
            bail!("no workload is left; there are {}", names.join(", "));
        }
        // Parts of the matrix must not take the place of the whole in the published document.
        let whole = !arguments.quick
            && arguments.only.is_none()
            && arguments.tools.is_empty()
            && arguments.beside.is_none();
        Ok(Self {
            workloads,
            tools: chosen(&arguments.tools)?
                .into_iter()
                .filter(|tool| arguments.beside.is_some() || !tool.is_other())
                .collect(),
            runs: arguments
                .runs
                .map_or(if arguments.quick { 1 } else { 3 }, usize::from),
            limit: Duration::from_secs(arguments.limit),
            mirror_maker_everywhere: arguments.mm2_everywhere,
            other: arguments.beside.clone(),
            document: arguments
                .document
                .clone()
                .or_else(|| whole.then(|| PathBuf::from(DOCUMENT))),
        })
    }

    /// The workloads, in order.
    pub fn workloads(&self) -> &[Workload] {
        &self.workloads
    }

    /// All tools that run at all.
    pub fn tools(&self) -> &[Tool] {
        &self.tools
    }

    /// Those that run on this workload, in order.
    pub fn tools_for(&self, workload: &Workload) -> Vec<Tool> {
        if workload.is_of_sluice_alone() {
            let own = self.tools.iter().copied().filter(|tool| tool.is_sluice());
            return own.collect();
        }
        let all = self.mirror_maker_everywhere || workload.is_for_mirror_maker();
        self.tools
            .iter()
            .copied()
            .filter(|tool| all || !tool.is_mirror_maker())
            .collect()
    }

    /// The program of another build of Sluice.
    pub fn other(&self) -> Option<&Path> {
        self.other.as_deref()
    }

    /// How often each copy is made.
    pub fn runs(&self) -> usize {
        self.runs
    }

    /// How long a copy may take.
    pub fn limit(&self) -> Duration {
        self.limit
    }

    /// Where the result is published.
    pub fn document(&self) -> Option<&Path> {
        self.document.as_deref()
    }
}

fn chosen(names: &[String]) -> Result<Vec<Tool>> {
    let known = || Tool::ALL.map(Tool::name).join(", ");
    for name in names {
        if !Tool::ALL.iter().any(|tool| tool.name().starts_with(&**name)) {
            bail!("no tool is called `{name}`; there are {}", known());
        }
    }
    let is_chosen =
        |tool: &Tool| names.is_empty() || names.iter().any(|name| tool.name().starts_with(&**name));
    Ok(Tool::ALL.into_iter().filter(is_chosen).collect())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn plan(arguments: &[&str]) -> Result<Plan> {
        Plan::new(&Arguments::try_parse_from(
            ["sluice-bench"].iter().chain(arguments),
        )?)
    }

    #[test]
    fn only_the_whole_is_published_unasked() {
        assert_eq!(plan(&[]).unwrap().document(), Some(Path::new(DOCUMENT)));
        for part in [&["--quick"][..], &["--only", "lz4"], &["--tools", "kcat"]] {
            assert_eq!(plan(part).unwrap().document(), None, "{part:?}");
        }
        let asked = plan(&["--quick", "--document", "x.md"]).unwrap();
        assert_eq!(asked.document(), Some(Path::new("x.md")));
    }

    #[test]
    fn tools_are_chosen_by_the_beginning_of_their_names() {
        let some = plan(&["--tools", "record,mm2-d"]).unwrap();
        assert_eq!(some.tools().len(), 3);
        assert!(plan(&["--tools", "sluice,nothing"]).is_err());
    }

    #[test]
    fn what_shows_memory_is_copied_by_sluice_alone() {
        for only in ["headers", "letter"] {
            let plan = plan(&["--only", only, "--mm2-everywhere"]).unwrap();
            assert_eq!(plan.workloads().len(), 1, "{only}");
            assert!(
                plan.tools_for(&plan.workloads()[0])
                    .iter()
                    .all(|tool| tool.is_sluice()),
                "{only}"
            );
        }
    }

    #[test]
    fn mirror_maker_is_left_out_where_it_says_nothing_new() {
        let plan = plan(&["--only", "b-zstd"]).unwrap();
        assert!(
            plan.workloads()
                .iter()
                .all(|workload| !plan.tools_for(workload).iter().any(|tool| tool.is_mirror_maker()))
        );
    }
}
