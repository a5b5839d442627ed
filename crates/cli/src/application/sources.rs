//! `sluice source`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use sluice_app::{
    SecretsLeaveKeychain, SourceAdd, SourceEdit, SourceImport, SourceImported, SourceList, SourceRemove,
    SourceShow, SourceTest, SourceTopics,
};
use sluice_model::{DataSource, Environment, Secret, SourceForm};

use super::arguments::{Place, SourceAddArguments, SourceCommand, SourceEditArguments};
use super::backend::Backend;
use super::connect_source::connect_form;
use crate::exit::Exit;
use crate::screen::Screen;
use crate::{output, tables};

/// Carries out a command on data sources.
///
/// # Errors
/// As the command says.
pub fn sources(command: SourceCommand, place: &Place, screen: &Screen) -> anyhow::Result<Exit> {
    let app = Backend::open(place, screen)?;
    match command {
        SourceCommand::Add(arguments) => add(&app, &arguments, place, screen),
        SourceCommand::Edit(arguments) => edit(&app, &arguments, place, screen),
        SourceCommand::Import { file, name, env } => {
            let imported = if file.contains("://") {
                app.import(SourceImport::Url(Secret::new(file)))?
            } else {
                app.import(SourceImport::File(absolute(Path::new(&file))?))?
            };
            let mut form = with_notes(imported.form, &imported.notes, place, screen);
            form.name = name.unwrap_or(form.name);
            form.environment = env.map_or(form.environment, |tag| environment(&tag));
            save(&app, form, imported.secrets, place, screen)
        }
        SourceCommand::List => list(&app, place),
        SourceCommand::Show { source } => {
            let row = app.call(SourceShow { source })?;
            output::write(&serde_json::to_string_pretty(&row)?)?;
            Ok(Exit::Done)
        }
        SourceCommand::Test { source } => test(&app, source, place),
        SourceCommand::Rm { source } => {
            app.call(SourceRemove {
                source: source.clone(),
            })?;
            screen.say(&format!("the data source '{source}' is removed"));
            Ok(Exit::Done)
        }
        SourceCommand::LeaveKeychain => {
            let level = app.call(SecretsLeaveKeychain {})?;
            screen.say(&format!(
                "secrets are kept {} from now on; enter each again: `sluice source edit NAME --config FILE`, `sluice alerts channels --put FILE`",
                level.place()
            ));
            Ok(Exit::Done)
        }
        SourceCommand::Topics { source } => {
            let topics = app.call(SourceTopics { source })?;
            if place.json {
                output::write(&serde_json::to_string_pretty(&topics)?)?;
                return Ok(Exit::Done);
            }
            let mut table = tables::table(["topic", "partitions", "replicas", "records, about"], 1..4);
            for topic in topics.into_iter().filter(|topic| !topic.internal) {
                table.add_row([
                    topic.name,
                    topic.partitions.to_string(),
                    topic.replicas.to_string(),
                    super::show::number(topic.records_estimate),
                ]);
            }
            output::write(&tables::text(&table))?;
            Ok(Exit::Done)
        }
    }
}

fn add(
    app: &Backend,
    arguments: &SourceAddArguments,
    place: &Place,
    screen: &Screen,
) -> anyhow::Result<Exit> {
    if let Some(url) = &arguments.connect {
        let form = SourceForm {
            name: arguments.name.clone(),
            environment: arguments
                .env
                .as_deref()
                .map_or_else(Environment::default, environment),
            note: arguments.note.clone().unwrap_or_default(),
            ..SourceForm::default()
        };
        let (form, secrets) = connect_form(form, url, arguments.connect_config.as_deref())?;
        return save(app, form, secrets, place, screen);
    }
    let (mut form, secrets) = match &arguments.config {
        Some(file) => {
            let mut imported = app.import(SourceImport::File(absolute(file)?))?;
            if let Some(bootstrap) = &arguments.bootstrap {
                // A file without brokers is expected where they are given.
                imported.notes.retain(|note| !note.contains("no brokers"));
                imported.form.bootstrap.clone_from(bootstrap);
            }
            (
                with_notes(imported.form, &imported.notes, place, screen),
                imported.secrets,
            )
        }
        None => (
            SourceForm {
                bootstrap: arguments.bootstrap.clone().unwrap_or_default(),
                ..SourceForm::default()
            },
            BTreeMap::new(),
        ),
    };
    form.name.clone_from(&arguments.name);
    form.read_only = arguments.read_only;
    form.environment = arguments.env.as_deref().map_or(form.environment, environment);
    form.note = arguments.note.clone().unwrap_or(form.note);
    set_reach(&mut form, &arguments.address_map, arguments.proxy.as_deref());
    save(app, form, secrets, place, screen)
}

fn save(
    app: &Backend,
    form: SourceForm,
    secrets: BTreeMap<String, Secret>,
    place: &Place,
    screen: &Screen,
) -> anyhow::Result<Exit> {
    let source = app.call(SourceAdd { form, secrets })?;
    report(&source, "added", place, screen)
}

fn edit(
    app: &Backend,
    arguments: &SourceEditArguments,
    place: &Place,
    screen: &Screen,
) -> anyhow::Result<Exit> {
    let now = app.call(SourceShow {
        source: arguments.source.clone(),
    })?;
    let based_on_ms = Some(now.source.updated_ms);
    let old = now.source.form;
    let (mut form, secrets) = match &arguments.config {
        Some(file) => {
            let (mut form, secrets) = read(app, file, place, screen)?;
            form.environment = old.environment;
            form.read_only = old.read_only;
            form.note = old.note;
            form.name = old.name;
            if form.bootstrap.trim().is_empty() {
                form.bootstrap = old.bootstrap;
            }
            if form.address_map.trim().is_empty() {
                form.address_map = old.address_map;
            }
            if form.proxy.is_none() {
                form.proxy = old.proxy;
                form.proxy_user = form.proxy_user.or(old.proxy_user);
            }
            (form, secrets)
        }
        None => (old, BTreeMap::new()),
    };
    form.name = arguments.name.clone().unwrap_or(form.name);
    form.read_only = arguments.read_only.unwrap_or(form.read_only);
    form.bootstrap = arguments.bootstrap.clone().unwrap_or(form.bootstrap);
    form.note = arguments.note.clone().unwrap_or(form.note);
    form.environment = arguments.env.as_deref().map_or(form.environment, environment);
    set_reach(&mut form, &arguments.address_map, arguments.proxy.as_deref());
    let source = app.call(SourceEdit {
        source: arguments.source.clone(),
        form,
        secrets,
        based_on_ms,
    })?;
    report(&source, "changed", place, screen)
}

/// Takes over what is given; blank is given too.
fn set_reach(form: &mut SourceForm, address_map: &[String], proxy: Option<&str>) {
    if !address_map.is_empty() {
        form.address_map = address_map.join("\n");
    }
    if let Some(proxy) = proxy {
        form.proxy = Some(proxy.to_owned());
        if proxy.trim().is_empty() {
            form.proxy_user = None;
        }
    }
}

fn report(source: &DataSource, what: &str, place: &Place, screen: &Screen) -> anyhow::Result<Exit> {
    if place.json {
        output::write(&serde_json::to_string_pretty(source)?)?;
    } else {
        screen.say(&format!(
            "the data source '{}' ({}) is {what}",
            source.form.name, source.id
        ));
    }
    Ok(Exit::Done)
}

fn list(app: &Backend, place: &Place) -> anyhow::Result<Exit> {
    let rows = app.call(SourceList {})?;
    if place.json {
        output::write(&serde_json::to_string_pretty(&rows)?)?;
        return Ok(Exit::Done);
    }
    let mut table = tables::table(
        ["name", "environment", "brokers", "security", "used by", "id"],
        0..0,
    );
    for row in rows {
        let form = row.source.form;
        let is_connect = form.is_connect();
        table.add_row([
            form.name,
            if form.read_only {
                format!("{}, read-only", form.environment.name)
            } else {
                form.environment.name
            },
            if is_connect {
                format!("Connect: {}", form.connect.url)
            } else {
                form.bootstrap
            },
            if is_connect {
                String::new()
            } else {
                form.protocol.as_str().to_owned()
            },
            row.used_by.join(", "),
            row.source.id.to_string(),
        ]);
    }
    output::write(&tables::text(&table))?;
    Ok(Exit::Done)
}

fn test(app: &Backend, source: String, place: &Place) -> anyhow::Result<Exit> {
    let report = app.call(SourceTest {
        source: Some(source),
        ..SourceTest::default()
    })?;
    if place.json {
        output::write(&serde_json::to_string_pretty(&report)?)?;
    } else {
        let mut table = tables::table(["step", "result", "ms", "found"], 2..3);
        for step in &report.steps {
            let result = serde_json::to_value(step.result)?;
            table.add_row([
                step.id.clone(),
                result.as_str().unwrap_or_default().to_owned(),
                step.duration_ms.to_string(),
                step.message.clone(),
            ]);
        }
        output::write(&tables::text(&table))?;
    }
    Ok(if report.ok { Exit::Done } else { Exit::NotWhole })
}

fn read(
    app: &Backend,
    file: &Path,
    place: &Place,
    screen: &Screen,
) -> anyhow::Result<(SourceForm, BTreeMap<String, Secret>)> {
    let SourceImported { form, secrets, notes } = app.import(SourceImport::File(absolute(file)?))?;
    Ok((with_notes(form, &notes, place, screen), secrets))
}

fn with_notes(form: SourceForm, notes: &[String], place: &Place, screen: &Screen) -> SourceForm {
    notes.iter().for_each(|note| screen.say(&format!("note: {note}")));
    if let Some(host) = &place.host {
        for file in [&form.ca_file, &form.certificate_file].into_iter().flatten() {
            screen.say(&format!(
                "note: the file '{file}' is read on '{}' from now on; it must be there at this path",
                host.destination()
            ));
        }
    }
    form
}

/// The other process that may read it has another working directory.
fn absolute(file: &Path) -> anyhow::Result<PathBuf> {
    std::path::absolute(file).map_err(|error| anyhow!("'{}' is not a path: {error}", file.display()))
}

fn environment(tag: &str) -> Environment {
    let known = [Environment::production(), Environment::development()];
    known
        .into_iter()
        .find(|environment| environment.name.eq_ignore_ascii_case(tag))
        .unwrap_or_else(|| Environment {
            name: tag.to_owned(),
            ..Environment::development()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_map_and_proxy_that_are_not_given_stay_and_blank_ones_take_them_away() {
        let mut form = SourceForm {
            address_map: "a:1=b:1".to_owned(),
            proxy: Some("p:1".to_owned()),
            proxy_user: Some("me".to_owned()),
            ..SourceForm::default()
        };
        let before = form.clone();
        set_reach(&mut form, &[], None);
        assert_eq!(form, before);
        set_reach(
            &mut form,
            &["a:1=c:1".to_owned(), "d:1=e:1".to_owned()],
            Some("q:1"),
        );
        assert_eq!(form.address_map, "a:1=c:1\nd:1=e:1");
        assert_eq!(
            (form.proxy.as_deref(), form.proxy_user.as_deref()),
            (Some("q:1"), Some("me"))
        );
        set_reach(&mut form, &[String::new()], Some(""));
        let form = form.trimmed();
        assert_eq!(
            (form.address_map.as_str(), form.proxy, form.proxy_user),
            ("", None, None)
        );
    }
}
