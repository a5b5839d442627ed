//! Topics that come to the source while the task runs, and that it chooses by a pattern.

use std::time::{Duration, Instant};

use sluice_model::Objects;

use super::connect_run::Ground;
use super::deployment::Deployment;
use super::starting::{connectors, make_all};
use crate::Result;
use crate::core;

/// How often it is looked for them; MirrorMaker looks for new partitions as often.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// When it was looked last.
#[derive(Default)]
pub(super) struct Newcomers {
    looked: Option<Instant>,
    /// What was in the way then.
    trouble: Option<String>,
}

impl Newcomers {
    /// Takes new topics into the copy: they are launched as at a start, and the connectors are given them. Says what is in the
    /// way.
    pub(super) fn look(
        &mut self,
        ground: &mut Ground,
        cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Option<String> {
        if self.looked.is_some_and(|then| then.elapsed() < LOOK_EVERY) {
            return self.trouble.clone();
        }
        let is_first = self.looked.replace(Instant::now()).is_none();
        // The start has taken in what was there.
        if is_first {
            return None;
        }
        self.trouble = take_in(ground, cancelled)
            .err()
            .map(|error| format!("topics that are new at the source cannot be taken in: {error}"));
        self.trouble.clone()
    }
}

fn take_in(ground: &mut Ground, cancelled: &(dyn Fn() -> bool + Sync)) -> Result<()> {
    let row = ground.core.task(ground.id.as_str())?;
    let settings = core::settings(&row)?;
    if !matches!(settings.objects, Objects::Matching { .. }) || ground.bounded {
        return Ok(());
    }
    let new = ground.copy.take_in_topics(cancelled)?;
    if new.is_empty() {
        return Ok(());
    }
    let (connectors, alias) = connectors(&ground.core, &row, &settings, &ground.copy, ground.support)?;
    ground.connectors = connectors;
    let version = ground.client.version()?;
    let deployment = Deployment {
        client: &ground.client,
        version: &version,
        connectors: &ground.connectors,
        alias: &alias,
        cancelled,
    };
    make_all(&ground.core, &row, &deployment, &ground.copy)?;
    deployment.resume()?;
    ground.core.log(
        &ground.id,
        "info",
        format!("new at the source, and copied as well: {}", new.join(", ")),
    );
    Ok(())
}
