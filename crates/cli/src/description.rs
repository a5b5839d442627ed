//! From arguments and a task file to a task.

use std::path::Path;

use anyhow::{anyhow, bail};
use sluice_kafka::ClientProperties;
use sluice_model::{
    ADDRESS_MAP, Cluster, InvalidTask, Objects, PROXY, PropertyValue, RateLimits, Rename, Task, TaskName,
    bootstrap_protocol,
};

use crate::arguments::TaskArguments;
use crate::asked_range::Named;
use crate::task_file::{ClusterSection, TaskFile};

/// Stands in a description until the name is known.
const UNNAMED: &str = "(unnamed)";

/// A described task.
#[derive(Debug)]
pub struct Description {
    /// The task; its name means something only if `named`.
    pub task: Task,
    /// Whether a name was given.
    pub named: bool,
    /// Which bounds of the copy were given.
    pub bounds: Named,
    /// What a person should know of the configuration files; without secrets.
    pub notes: Vec<String>,
}

/// Describes a task; arguments win over the file.
///
/// # Errors
/// Something is missing or wrong, in a sentence.
pub fn describe(arguments: &TaskArguments, file: Option<&Path>) -> anyhow::Result<Description> {
    let file = file.map(TaskFile::load).transpose()?.unwrap_or_default();
    let mut notes = Vec::new();
    let source = Side {
        name: "source",
        flag: "--from",
        bootstrap: arguments.from.as_deref(),
        config: arguments.from_config.as_deref(),
        address_map: &arguments.from_address_map,
        proxy: arguments.from_proxy.as_deref(),
        section: &file.source,
    };
    let target = Side {
        name: "target",
        flag: "--to",
        bootstrap: arguments.to.as_deref(),
        config: arguments.to_config.as_deref(),
        address_map: &arguments.to_address_map,
        proxy: arguments.to_proxy.as_deref(),
        section: &file.target,
    };
    let source = source.cluster(&file, &mut notes)?;
    let target = target.cluster(&file, &mut notes)?;
    let objects = objects(arguments, &file)?;
    let name = arguments.name.clone().or_else(|| file.name.clone());
    let named = name.is_some();
    let mut task = Task::new(
        name.map_or_else(|| TaskName::new(UNNAMED), Ok)?,
        source,
        target,
        objects,
    );
    task.rename = file.rename.clone();
    apply_renames(arguments, &mut task.rename);
    task.start = arguments
        .start
        .clone()
        .or_else(|| file.start.clone())
        .unwrap_or_default();
    task.start_overrides = file.start_overrides.clone();
    task.start_overrides.extend(arguments.start_topic.iter().cloned());
    task.end_overrides = file.end_overrides.clone();
    task.end_overrides.extend(arguments.end_topic.iter().cloned());
    task.end = arguments.end.clone().or_else(|| file.end.clone());
    task.existing = arguments.existing.or(file.existing).unwrap_or_default();
    task.delivery = arguments.delivery.or(file.delivery).unwrap_or_default();
    task.out_of_range = arguments.out_of_range.or(file.out_of_range).unwrap_or_default();
    task.forbidden_topics = arguments
        .forbidden_topics
        .or(file.forbidden_topics)
        .unwrap_or_default();
    task.missing_timestamps = arguments
        .missing_timestamps
        .or(file.missing_timestamps)
        .unwrap_or_default();
    task.lane = arguments.lane.or(file.lane).unwrap_or_default();
    task.rate = RateLimits {
        records_per_second: arguments
            .rate_records
            .or(file.limits.records_per_second)
            .map(|amount| amount.0),
        bytes_per_second: arguments
            .rate_bytes
            .or(file.limits.bytes_per_second)
            .map(|amount| amount.0),
    };
    task.replication_factor = arguments.replication_factor.or(file.replication_factor);
    if task.replication_factor == Some(0) {
        bail!("the replication factor must be at least 1; leave it out to take the source's");
    }
    task.compression = arguments.compression.or(file.compression).unwrap_or_default();
    task.check()?;
    check_topic_names(&task)?;
    let names_start = arguments.start.is_some() || file.start.is_some();
    let bounds = Named::by(&task, names_start);
    Ok(Description {
        task,
        named,
        bounds,
        notes,
    })
}

/// A misspelt name of a topic with its own name, start or end would otherwise just not apply.
fn check_topic_names(task: &Task) -> anyhow::Result<()> {
    let Objects::Topics(topics) = &task.objects else {
        return Ok(());
    };
    let mut named = task
        .rename
        .map
        .keys()
        .chain(task.start_overrides.keys())
        .chain(task.end_overrides.keys());
    if let Some(topic) = named.find(|topic| !topics.contains(topic)) {
        bail!(
            "'{topic}' has its own name, start or end but is not one of the topics to copy; correct its spelling or add it to the topics"
        );
    }
    Ok(())
}

fn objects(arguments: &TaskArguments, file: &TaskFile) -> anyhow::Result<Objects> {
    if let Some(objects) = objects_of_arguments(arguments) {
        return Ok(objects);
    }
    match (file.objects()?, &arguments.exclude) {
        (Some(Objects::Matching { include, .. }), Some(exclude)) => Ok(Objects::Matching {
            include,
            exclude: Some(exclude.clone()),
        }),
        (Some(Objects::Topics(_)) | None, Some(_)) => {
            bail!(
                "--exclude means something only with --include or --all; add --all to copy all other topics"
            )
        }
        (Some(objects), None) => Ok(objects),
        (None, None) => Err(anyhow!(
            "{} (--topic NAME, --include REGEX or --all)",
            InvalidTask::NoObjects
        )),
    }
}

/// The topics that arguments alone choose, if they choose any.
///
/// # Errors
/// They leave topics out of nothing.
pub fn objects_of(arguments: &TaskArguments) -> anyhow::Result<Option<Objects>> {
    let objects = objects_of_arguments(arguments);
    if objects.is_none() && arguments.exclude.is_some() {
        bail!("--exclude means something only with --include or --all; add --all to copy all other topics");
    }
    Ok(objects)
}

fn objects_of_arguments(arguments: &TaskArguments) -> Option<Objects> {
    if !arguments.topics.is_empty() {
        return Some(Objects::Topics(arguments.topics.clone()));
    }
    let include = arguments
        .include
        .clone()
        .or_else(|| arguments.all.then(|| ".*".to_owned()))?;
    Some(Objects::Matching {
        include,
        exclude: arguments.exclude.clone(),
    })
}

/// The names on the target that arguments alone give.
pub fn rename_of(arguments: &TaskArguments) -> Rename {
    let mut rename = Rename::default();
    apply_renames(arguments, &mut rename);
    rename
}

fn apply_renames(arguments: &TaskArguments, rename: &mut Rename) {
    rename.map.extend(
        arguments
            .rename
            .iter()
            .map(|pair| (pair.left.clone(), pair.right.clone())),
    );
    if !arguments.rename_regex.is_empty() {
        rename.regex.clone_from(&arguments.rename_regex);
    }
    if let Some(prefix) = &arguments.prefix {
        rename.prefix.clone_from(prefix);
    }
    if let Some(suffix) = &arguments.suffix {
        rename.suffix.clone_from(suffix);
    }
}

/// What is known of one cluster.
struct Side<'a> {
    name: &'static str,
    flag: &'static str,
    bootstrap: Option<&'a str>,
    config: Option<&'a Path>,
    address_map: &'a [String],
    proxy: Option<&'a str>,
    section: &'a ClusterSection,
}

impl Side<'_> {
    fn cluster(&self, file: &TaskFile, notes: &mut Vec<String>) -> anyhow::Result<Cluster> {
        // A configuration file in the arguments replaces all that the task file says of security: half of each would
        // be neither.
        let has_bootstrap = self.bootstrap.or(self.section.bootstrap.as_deref()).is_some();
        let load = |path: &Path| ClientProperties::load_complete(path, has_bootstrap);
        let layers = match self.config {
            Some(path) => vec![load(path)?],
            None => {
                let config = self
                    .section
                    .config
                    .as_deref()
                    .map(|path| load(&file.base_dir.join(path)));
                let own =
                    ClientProperties::from_pairs(self.section.property_pairs(self.name)?, &file.base_dir)
                        .and_then(|own| own.complete(has_bootstrap))
                        .map_err(|error| {
                            anyhow!("in [{}.properties] of the task file: {error}", self.name)
                        })?;
                config.transpose()?.into_iter().chain([own]).collect()
            }
        };
        let in_layers = layers.iter().rev().find_map(ClientProperties::bootstrap);
        let bootstrap = self.bootstrap.or(self.section.bootstrap.as_deref()).or(in_layers).ok_or_else(|| {
            anyhow!(
                "no {name} cluster: give its brokers with {flag} HOST:PORT, with bootstrap in [{name}] of a task file, or with bootstrap.servers in the file of {flag}-config",
                name = self.name,
                flag = self.flag
            )
        })?;
        let mut cluster =
            Cluster::new(bootstrap).map_err(|error| anyhow!("{} cluster: {error}", self.name))?;
        for layer in &layers {
            layer.apply(&mut cluster);
            notes.extend(
                layer
                    .notes()
                    .iter()
                    .map(|note| format!("{} cluster: {note}", self.name)),
            );
        }
        let named =
            bootstrap_protocol(bootstrap).map_err(|error| anyhow!("{} cluster: {error}", self.name))?;
        if let Some(named) = named {
            let given = cluster
                .properties()
                .get("security.protocol")
                .map(PropertyValue::reveal);
            if given.is_some_and(|given| !given.eq_ignore_ascii_case(named.as_str())) {
                bail!(
                    "{} cluster: the addresses begin with {named}://, and the security protocol is another: write host:port alone",
                    self.name
                );
            }
            cluster.set("security.protocol", named.as_str());
        }
        // As the brokers: what stands nearer to the copy wins over a file for all programs.
        let given = (!self.address_map.is_empty()).then(|| self.address_map.join(","));
        if let Some(map) = given.or_else(|| self.section.address_map()) {
            cluster.set(ADDRESS_MAP, map);
        }
        if let Some(proxy) = self.proxy.or(self.section.proxy.as_deref()) {
            cluster.set(PROXY, proxy);
        }
        cluster
            .reach()
            .map_err(|error| anyhow!("{} cluster: {error}", self.name))?;
        Ok(cluster)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use sluice_model::{Codec, Delivery, ExistingData, Start};

    use super::*;
    use crate::arguments::{Arguments, Command};

    fn described(file: Option<&str>, arguments: &[&str]) -> anyhow::Result<Description> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("task.toml");
        if let Some(text) = file {
            std::fs::write(&path, text).unwrap();
        }
        std::fs::write(
            dir.path().join("c.properties"),
            "bootstrap.servers=x:1\nclient.id=c\ngroup.id=g\n",
        )
        .unwrap();
        let line = ["sluice", "check"].iter().chain(arguments);
        let Command::Check(parsed) = Arguments::try_parse_from(line).unwrap().command else {
            panic!("a check")
        };
        describe(&parsed.task, file.map(|_| path.as_path()))
    }

    fn refused(file: Option<&str>, arguments: &[&str]) -> String {
        format!("{:#}", described(file, arguments).unwrap_err())
    }

    #[test]
    fn the_way_to_a_cluster_comes_from_file_and_arguments_and_a_wrong_one_names_the_cluster() {
        let file = r#"
            topics = ["a"]
            [source]
            bootstrap = "f:1"
            proxy = "bastion:1080"
            address_map = { "a.internal:9092" = "b:1", "c.internal:9092" = "[::1]:2" }
            [source.properties]
            "sluice.proxy.user" = "me"
            "sluice.proxy.password" = "hunter2"
            [target]
            bootstrap = "t:1"
        "#;
        let source = described(Some(file), &[]).unwrap().task.source;
        let reach = source.reach().unwrap();
        assert_eq!(
            reach.map.to_string(),
            "a.internal:9092=b:1,c.internal:9092=[::1]:2"
        );
        let proxy = reach.proxy.unwrap();
        assert_eq!(proxy.address.to_string(), "bastion:1080");
        assert_eq!(proxy.login.unwrap().0, "me");

        let arguments = [
            "--from-address-map",
            "x:1=y:1",
            "--from-address-map",
            "x:2=y:2",
            "--to-proxy",
            "p:1080",
        ];
        let task = described(Some(file), &arguments).unwrap().task;
        let reach = task.source.reach().unwrap();
        assert_eq!(reach.map.to_string(), "x:1=y:1,x:2=y:2");
        assert_eq!(
            task.target.reach().unwrap().proxy.unwrap().address.to_string(),
            "p:1080"
        );

        let error = refused(Some(file), &["--to-address-map", "x:1"]);
        assert!(
            error.contains("target cluster: sluice.address.map: 'x:1' leads nowhere"),
            "{error}"
        );
        assert!(!error.contains("hunter2"), "{error}");
    }

    const FILE: &str = r#"
        name = "file"
        topics = ["a", "b"]
        start = "latest"
        existing = "append"
        compression = "zstd"
        [source]
        config = "c.properties"
        properties = { "client.id" = "own" }
        [target]
        bootstrap = "t:1"
        [rename]
        prefix = "p."
        map = { a = "z" }
        [limits]
        bytes_per_second = "1k"
    "#;

    #[test]
    fn a_task_file_is_enough() {
        let Description {
            task, named, notes, ..
        } = described(Some(FILE), &[]).unwrap();
        assert!(named);
        assert_eq!(
            task.source.bootstrap(),
            "x:1",
            "the configuration file has the brokers"
        );
        assert_eq!(
            task.source.properties()["client.id"].reveal(),
            "own",
            "own properties win over the file's"
        );
        assert_eq!(
            (task.start, task.existing, task.compression),
            (Start::Latest, ExistingData::Append, Codec::Zstd)
        );
        assert_eq!(task.rate.bytes_per_second, Some(1000));
        assert!(
            notes
                .iter()
                .any(|note| note.contains("source cluster: 'group.id'")),
            "{notes:?}"
        );
    }

    #[test]
    fn arguments_win_over_the_file() {
        let arguments = [
            "--name",
            "n",
            "--from",
            "f:1",
            "--topic",
            "c",
            "--topic",
            "b",
            "--topic",
            "a",
            "--prefix",
            "q.",
            "--rename",
            "c=y",
            "--start",
            "earliest",
            "--existing",
            "stop",
            "--delivery",
            "at-least-once",
            "--rate-bytes",
            "2k",
            "--compression",
            "none",
        ];
        let task = described(Some(FILE), &arguments).unwrap().task;
        assert_eq!(task.name.as_str(), "n");
        assert_eq!(task.source.bootstrap(), "f:1");
        assert_eq!(
            task.objects,
            Objects::Topics(vec!["c".into(), "b".into(), "a".into()])
        );
        assert_eq!((task.rename.prefix.as_str(), task.rename.map.len()), ("q.", 2));
        assert_eq!(
            (task.start, task.existing, task.delivery),
            (Start::Earliest, ExistingData::Stop, Delivery::AtLeastOnce)
        );
        assert_eq!(
            (task.rate.bytes_per_second, task.compression),
            (Some(2000), Codec::None)
        );
    }

    #[test]
    fn patterns_may_be_narrowed() {
        let task = described(
            Some("all = true"),
            &["--from", "a:1", "--to", "b:1", "--exclude", "x"],
        )
        .unwrap()
        .task;
        assert_eq!(
            task.objects,
            Objects::Matching {
                include: ".*".into(),
                exclude: Some("x".into())
            }
        );
    }

    #[test]
    fn what_is_missing_is_named() {
        let both = ["--from", "a:1", "--to", "b:1"];
        let with = |more: &[&'static str]| both.iter().chain(more).copied().collect::<Vec<_>>();
        for (arguments, words) in [
            (
                vec!["--to", "b:1", "--topic", "t"],
                "no source cluster: give its brokers with --from",
            ),
            (
                vec!["--from", "a:1", "--topic", "t"],
                "no target cluster: give its brokers with --to",
            ),
            (with(&[]), "--topic NAME"),
            (with(&["--exclude", "x"]), "--exclude means something only with"),
            (with(&["--topic", "a b"]), "'a b' is no valid topic name"),
            (with(&["--include", "("]), "include pattern '('"),
            (with(&["--topic", "t", "--rate-records", "0"]), "greater than 0"),
            (with(&["--topic", "t", "--rename", "u=v"]), "'u' has its own name"),
            (
                vec!["--from", "a", "--to", "b:1", "--topic", "t"],
                "source cluster: 'a' is no bootstrap address",
            ),
            (
                with(&["--topic", "t", "--from-config", "/nowhere/c"]),
                "/nowhere/c",
            ),
        ] {
            let error = refused(None, &arguments);
            assert!(error.contains(words), "{arguments:?}: {error}");
        }
        assert!(refused(Some("replication_factor = 0"), &with(&["--topic", "t"])).contains("at least 1"));
    }
}
