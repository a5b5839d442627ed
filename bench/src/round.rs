use std::time::Duration;

use anyhow::{Context, Result};

use crate::{
    comparison::Comparison, grounds::Grounds, interrupt, measurement::Measurement, plan::Plan, tool::Tool,
    with_connect, with_kcat, with_mirror_maker, with_sluice, workload::Workload,
};

/// All copies of one workload.
pub struct Round<'a> {
    /// Where.
    pub grounds: &'a Grounds,
    /// What.
    pub plan: &'a Plan,
    /// Of which records.
    pub workload: &'a Workload,
    /// Whether a copy that does not count goes before: brokers that have just started are slow.
    pub warm_up: bool,
}

impl Round<'_> {
    /// Makes the topic, copies it with each tool and as often as planned, and deletes it.
    ///
    /// A copy that fails is noted, and the others go on.
    ///
    /// # Errors
    /// The topic cannot be made or deleted, or Ctrl-C was pressed.
    pub fn run(&self, comparison: &mut Comparison) -> Result<()> {
        let tools = self.plan.tools_for(self.workload);
        let Some(first) = tools.first() else {
            return Ok(());
        };
        eprintln!("{}: producing {} records", self.workload, self.workload.records);
        let log_bytes = self
            .grounds
            .fill(self.workload)
            .with_context(|| format!("producing {}", self.workload))?;
        comparison.begin(*self.workload, log_bytes);
        if self.warm_up {
            eprintln!("  one copy to warm the brokers up");
            // If it fails, so will the one that counts, and that is noted.
            self.copy(*first, false).ok();
            self.grounds.clear_copy(self.workload)?;
        }
        // Tools take turns, so that whatever slows the machine down for a while does not hit one alone.
        for run in 0..self.plan.runs() {
            for tool in &tools {
                interrupt::check()?;
                let outcome = self.copy(*tool, run == 0);
                interrupt::check()?;
                self.say(*tool, &outcome);
                comparison.add(*tool, outcome);
                self.grounds.clear_copy(self.workload)?;
            }
        }
        self.grounds.clear_source(self.workload)
    }

    /// One copy; and what its verification said, if it was verified.
    fn copy(&self, tool: Tool, verify: bool) -> Result<(Measurement, Option<bool>)> {
        let (grounds, workload, limit) = (self.grounds, self.workload, self.plan.limit());
        if tool.is_sluice() {
            let program = match self.plan.other() {
                Some(other) if tool.is_other() => other.to_owned(),
                _ => with_sluice::binary()?,
            };
            let copy = with_sluice::copy(grounds, workload, tool, &program, limit)?;
            let verified = if verify && copy.measurement.whole {
                Some(copy.verify(grounds, workload)?)
            } else {
                None
            };
            return Ok((copy.measurement, verified));
        }
        grounds.prepare_target(workload)?;
        let measurement = match tool {
            Tool::Kcat => with_kcat::copy(grounds, workload, limit)?,
            _ if tool.is_on_connect() => with_connect::copy(grounds, workload, tool, limit)?,
            _ => with_mirror_maker::copy(grounds, workload, tool, limit)?,
        };
        Ok((measurement, None))
    }

    fn say(&self, tool: Tool, outcome: &Result<(Measurement, Option<bool>)>) {
        match outcome {
            Ok((measurement, verified)) => eprintln!(
                "  {}: {} records in {:.2} s, CPU {:.2} s{}{}",
                tool.title(),
                measurement.records,
                measurement.wall.as_secs_f64(),
                measurement.cpu.unwrap_or(Duration::ZERO).as_secs_f64(),
                if measurement.whole { "" } else { ", stopped" },
                match verified {
                    Some(true) => ", verified",
                    Some(false) => ", NOT EQUAL",
                    None => "",
                },
            ),
            Err(error) => eprintln!("  {}: failed: {error:#}", tool.title()),
        }
    }
}
