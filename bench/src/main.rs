//! `sluice-bench`: copies the same topics between the same two brokers with Sluice, kcat, MirrorMaker 2 and Connect, and
//! compares what it took.
//!
//! It uses the programs as their users do, as processes, and none of Sluice's code but the admin client: nobody is
//! measured by himself.

mod arguments;
mod comparison;
mod delayed_link;
mod die_with_parent;
mod document;
mod grounds;
mod interrupt;
mod machine;
mod measurement;
mod median;
mod network;
mod observed;
mod payload;
mod plan;
mod process_figures;
mod program_versions;
mod reap;
mod round;
mod table;
mod tool;
mod with_connect;
mod with_kcat;
mod with_mirror_maker;
mod with_sluice;
mod workload;

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;

use arguments::Arguments;
use comparison::Comparison;
use grounds::Grounds;
use machine::Machine;
use plan::Plan;
use program_versions::ProgramVersions;
use round::Round;

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("sluice-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether every copy was whole and every verification equal.
fn run(arguments: &Arguments) -> Result<bool> {
    let plan = Plan::new(arguments)?;
    // Before the start, so that a Ctrl-C during it clears up as well.
    interrupt::install()?;
    let versions = ProgramVersions::ask(&plan)?;
    eprintln!("starting two brokers");
    let grounds = Grounds::start(arguments.data.as_deref())?;

    let mut comparison = Comparison::default();
    let outcome = plan
        .workloads()
        .iter()
        .enumerate()
        .try_for_each(|(index, workload)| {
            Round {
                grounds: &grounds,
                plan: &plan,
                workload,
                warm_up: index == 0,
            }
            .run(&mut comparison)
        });
    // What was measured before a failure is not lost.
    let table = table::render(&comparison);
    println!("{table}");
    outcome?;

    let machine = Machine::here();
    if let Some(file) = plan.document() {
        let section = document::section(&plan, &versions, &machine, &table);
        document::write(file, &section).with_context(|| format!("writing {}", file.display()))?;
        eprintln!("written: {}", file.display());
    }
    Ok(comparison.is_sound())
}
