//! Two clusters, `sluice` between them, and what Kafka's own tools say of them.

use std::path::Path;
use std::process::Output;
use std::sync::Arc;

use anyhow::{Result, ensure};
use sluice_engine::parity::{Cancel, Comparison, ParityRules, Parts, compare_clusters};
use sluice_model::{Cluster as Address, Objects, Rename};
use sluice_testground::tools::{acls, config_command};
use sluice_testground::{Cluster, KafkaVersion};
use sluice_tests::{Shared, sluice};

/// Two clusters with ACLs and the data sources `old` and `new`.
pub struct Ground {
    pub source: Cluster,
    pub target: Cluster,
    pub dir: tempfile::TempDir,
}

pub static GROUND: Shared<Ground> = Shared::new();

impl Ground {
    pub fn get() -> Result<Arc<Self>> {
        GROUND.get(|| {
            Self::between(
                Cluster::builder(KafkaVersion::V4_3_1).secured().acls().start()?,
                Cluster::builder(KafkaVersion::V4_3_1).secured().acls().start()?,
            )
        })
    }

    pub fn between(source: Cluster, target: Cluster) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        for (name, cluster) in [("old", &source), ("new", &target)] {
            let args = ["source", "add", name, "--bootstrap", &cluster.bootstrap()];
            let added = at(dir.path(), &args)?;
            ensure!(added.status.success(), "{added:?}");
        }
        Ok(Self { source, target, dir })
    }

    /// `sluice compare old new ARGS`: its exit code, what it printed, and what it said.
    pub fn compare(&self, args: &[&str]) -> Result<(Option<i32>, String, String)> {
        let output = at(self.dir.path(), &[&["compare", "old", "new"], args].concat())?;
        Ok((
            output.status.code(),
            String::from_utf8_lossy(&output.stdout).into_owned(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        ))
    }

    pub fn compared(&self, parts: Parts, rules: &ParityRules) -> Result<Comparison> {
        compared(&plain(&self.source)?, &plain(&self.target)?, parts, rules)
    }
}

pub fn at(dir: &Path, args: &[&str]) -> Result<Output> {
    let dir = dir.display().to_string();
    sluice(&[args, &["--data", &dir]].concat())
}

pub fn plain(cluster: &Cluster) -> Result<Address> {
    Ok(Address::new(&cluster.bootstrap())?)
}

pub fn compared(source: &Address, target: &Address, parts: Parts, rules: &ParityRules) -> Result<Comparison> {
    Ok(compare_clusters(source, target, parts, rules, &Cancel::new())?)
}

pub fn renamed(source: &str, target: &str) -> ParityRules {
    let mut rename = Rename::default();
    rename.map.insert(source.to_owned(), target.to_owned());
    ParityRules {
        objects: Some(Objects::Topics(vec![source.to_owned()])),
        rename,
        ..ParityRules::default()
    }
}

/// What Kafka's own tool says is set on a topic.
pub fn set_on(cluster: &Cluster, topic: &str) -> Result<String> {
    let args = ["--describe", "--entity-type", "topics", "--entity-name", topic];
    Ok(config_command(cluster, args)?.text())
}

/// The rules of access as Kafka's own tool lists them, in order.
pub fn rules_of(cluster: &Cluster) -> Result<String> {
    let text = acls(cluster, ["--list"])?.text();
    // The tool lists resources, and the rules of each, in any order.
    let mut resources: Vec<String> = text.split("\n\n").map(in_order).collect();
    resources.sort();
    Ok(resources.join("\n\n"))
}

/// A resource, and its rules in order.
fn in_order(resource: &str) -> String {
    let mut lines: Vec<&str> = resource.trim().lines().collect();
    if let Some(rules) = lines.get_mut(1..) {
        rules.sort_unstable();
    }
    lines.join("\n")
}

pub fn grant(cluster: &Cluster, kind: &str, principal: &str, operation: &str, on: &[&str]) -> Result<()> {
    let mut args = vec!["--add", kind, principal, "--operation", operation];
    args.extend(on);
    acls(cluster, args)?;
    Ok(())
}

pub const ALLOW: &str = "--allow-principal";
pub const PREFIXED: [&str; 2] = ["--resource-pattern-type", "prefixed"];

pub const TOPICS: Parts = Parts {
    topics: true,
    ..Parts::NONE
};
pub const ACLS: Parts = Parts {
    acls: true,
    ..Parts::NONE
};
