use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sluice_kafka::{import_file, import_text, import_url};
use sluice_model::{DataSource, FieldError, Secret, SourceForm, SourceId, SourceSecrets};
use sluice_store::{DataSourceRow, SecretLevel};
use ts_rs::TS;

use super::command::Command;
use crate::clock::now_ms;
use crate::core::Operation;
use crate::core::{self, Core};
use crate::cutover::none_moves;
use crate::schema::AppEvent;
use crate::{App, AppError, ErrorCode, Result};

/// Adds a data source.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SourceAdd {
    /// What was entered.
    pub form: SourceForm,
    /// Its secrets by field; see [`SourceSecrets::FIELDS`].
    #[serde(default)]
    #[ts(type = "Record<string, string>")]
    pub secrets: BTreeMap<String, Secret>,
}

/// Describes a data source again. Tasks that run go on as they are until they are paused and resumed.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SourceEdit {
    /// Name or id.
    pub source: String,
    /// What was entered.
    pub form: SourceForm,
    /// Secrets by field; those that are not given stay.
    #[serde(default)]
    #[ts(type = "Record<string, string>")]
    pub secrets: BTreeMap<String, Secret>,
    /// When what was changed was last kept, in ms since 1970: refused where another change came since. Without it the form
    /// takes the place of whatever there is.
    #[serde(default)]
    #[ts(optional, type = "number")]
    pub based_on_ms: Option<i64>,
}

/// Lists the data sources.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SourceList {}

/// Shows a data source.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SourceShow {
    /// Name or id.
    pub source: String,
}

/// Removes a data source that no task uses.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SourceRemove {
    /// Name or id.
    pub source: String,
}

/// Whether secrets can be kept and read now, and where.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SecretsCheck {
    /// Wait 60 s for a keychain that asks its owner for a password, instead of 3 s.
    #[serde(default)]
    pub wait_for_owner: bool,
}

/// Leaves a keychain that is gone for good: secrets are kept in a file from now on, and each has to be entered again.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SecretsLeaveKeychain {}

/// Reads what another program knows of a cluster; saves nothing.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SourceImport {
    /// A Java `client.properties`, or a configuration of librdkafka or kcat.
    File(#[ts(type = "string")] PathBuf),
    /// The text of one.
    Text(String),
    /// A URL, as `SASL_SSL://user:password@host:9092`.
    Url(#[ts(type = "string")] Secret),
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct SourceImported {
    /// The form, filled in.
    pub form: SourceForm,
    /// Secrets by field, to be added with the form.
    #[ts(type = "Record<string, string>")]
    pub secrets: BTreeMap<String, Secret>,
    /// What was left out or changed, and why.
    pub notes: Vec<String>,
}

/// A data source in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct SourceRow {
    /// The data source.
    #[serde(flatten)]
    pub source: DataSource,
    /// Names of the tasks that use it.
    pub used_by: Vec<String>,
}

impl Command for SourceAdd {
    const NAME: &'static str = "source_add";
    type Answer = DataSource;

    fn run(self, app: &App) -> Result<DataSource> {
        let core = &app.core;
        let form = self.form.trimmed();
        let id = SourceId::generate();
        Operation::new(Self::NAME, "source", id.as_str(), &form.name)
            .after(shown(&form)?)
            .run(&core.store, || {
                let secrets = given(self.secrets)?;
                checked(&form, &secrets)?;
                let now = now_ms();
                let mut row = DataSourceRow {
                    id: id.as_str().to_owned(),
                    name: form.name.clone(),
                    settings: shown(&form)?,
                    secrets: BTreeMap::new(),
                    created_ms: now,
                    updated_ms: now,
                };
                for (field, _) in secrets.given() {
                    row.secrets.insert(field.to_owned(), handle(&row.id, field));
                }
                // The row first: its name may be taken, and a secret without a row would stay for ever.
                core.store.insert_source(&row)?;
                if let Err(error) = keep(core, &row.id, &secrets) {
                    core.store.delete_source(&row.id)?;
                    return Err(error);
                }
                core.bus.publish(&AppEvent::SourcesChanged);
                view(&row)
            })
    }
}

impl Command for SourceEdit {
    const NAME: &'static str = "source_edit";
    type Answer = DataSource;

    fn run(self, app: &App) -> Result<DataSource> {
        let core = &app.core;
        let before = core.source(&self.source)?;
        let form = self.form.trimmed();
        Operation::new(Self::NAME, "source", &before.id, &before.name)
            .before(before.settings.clone())
            .after(shown(&form)?)
            .run(&core.store, || {
                if self.based_on_ms.is_some_and(|at| at != before.updated_ms) {
                    return Err(AppError::new(
                        ErrorCode::StateForbids,
                        format!(
                            "the data source '{}' was changed meanwhile; look at it again and repeat the change",
                            before.name
                        ),
                    ));
                }
                let new = given(self.secrets)?;
                let all = core.secrets_with(&new, &before)?;
                checked(&form, &all)?;
                let mut row = DataSourceRow {
                    name: form.name.clone(),
                    settings: shown(&form)?,
                    updated_ms: now_ms(),
                    ..before.clone()
                };
                for (field, _) in new.given() {
                    row.secrets.insert(field.to_owned(), handle(&row.id, field));
                }
                let was_connect = core::form(&before)?.is_connect();
                let is_used = || core.store.source_use().map(|used| used.contains_key(&row.id));
                if form.is_connect() != was_connect && is_used()? {
                    return Err(AppError::field(
                        "kind",
                        "tasks use this data source; add another one instead of making it another kind",
                    ));
                }
                let is_marked = form.read_only && !core::form(&before)?.read_only;
                if is_marked {
                    core.no_task_writes_to(&row.id)?;
                    none_moves(core, &row.id)?;
                }
                core.store.update_source(&row)?;
                // One that has begun meanwhile has read the mark, or is found here.
                if is_marked && let Err(error) = core.no_task_writes_to(&row.id) {
                    core.store.update_source(&before)?;
                    return Err(error);
                }
                keep(core, &row.id, &new)?;
                core.bus.publish(&AppEvent::SourcesChanged);
                view(&row)
            })
    }
}

impl Command for SourceList {
    const NAME: &'static str = "source_list";
    type Answer = Vec<SourceRow>;

    fn run(self, app: &App) -> Result<Vec<SourceRow>> {
        let mut used = app.core.store.source_use()?;
        app.core
            .store
            .sources()?
            .iter()
            .map(|row| {
                Ok(SourceRow {
                    source: view(row)?,
                    used_by: used.remove(&row.id).unwrap_or_default(),
                })
            })
            .collect()
    }
}

impl Command for SourceShow {
    const NAME: &'static str = "source_show";
    type Answer = SourceRow;

    fn run(self, app: &App) -> Result<SourceRow> {
        let row = app.core.source(&self.source)?;
        Ok(SourceRow {
            source: view(&row)?,
            used_by: app.core.store.source_use()?.remove(&row.id).unwrap_or_default(),
        })
    }
}

impl Command for SourceRemove {
    const NAME: &'static str = "source_remove";
    type Answer = ();

    fn run(self, app: &App) -> Result<()> {
        let core = &app.core;
        let row = core.source(&self.source)?;
        Operation::new(Self::NAME, "source", &row.id, &row.name)
            .before(row.settings.clone())
            .run(&core.store, || {
                core.store.delete_source(&row.id)?;
                for handle in row.secrets.values() {
                    core.secrets.remove(handle)?;
                }
                core.bus.publish(&AppEvent::SourcesChanged);
                Ok(())
            })
    }
}

impl Command for SecretsCheck {
    const NAME: &'static str = "secrets_check";
    type Answer = SecretLevel;

    fn run(self, app: &App) -> Result<SecretLevel> {
        let secrets = &app.core.secrets;
        secrets.check(self.wait_for_owner)?;
        Ok(secrets.level())
    }
}

impl Command for SecretsLeaveKeychain {
    const NAME: &'static str = "secrets_leave_keychain";
    type Answer = SecretLevel;

    fn run(self, app: &App) -> Result<SecretLevel> {
        let core = &app.core;
        Operation::new(Self::NAME, "secrets", "secrets", "secrets").run(&core.store, || {
            core.secrets.leave_keychain()?;
            Ok(core.secrets.level())
        })
    }
}

impl Command for SourceImport {
    const NAME: &'static str = "source_import";
    type Answer = SourceImported;

    fn run(self, _: &App) -> Result<SourceImported> {
        self.read()
    }
}

impl SourceImport {
    /// Reads it; no application is needed.
    ///
    /// # Errors
    /// There is no such file, or it is not understood.
    pub fn read(&self) -> Result<SourceImported> {
        let imported = match self {
            Self::File(path) => import_file(path),
            Self::Text(text) => import_text(text, Path::new(".")),
            Self::Url(url) => import_url(url.reveal()),
        }
        .map_err(|error| AppError::new(ErrorCode::InvalidInput, error.to_string()))?;
        Ok(SourceImported {
            form: imported.form,
            secrets: imported
                .secrets
                .given()
                .map(|(field, secret)| (field.to_owned(), secret.clone()))
                .collect(),
            notes: imported.notes,
        })
    }
}

/// The secrets among `secrets`, by the fields there are.
pub(super) fn given(secrets: BTreeMap<String, Secret>) -> Result<SourceSecrets> {
    let mut known = SourceSecrets::default();
    for (field, secret) in secrets {
        let place = match field.as_str() {
            "password" => &mut known.password,
            "key_password" => &mut known.key_password,
            "key_pem" => &mut known.key_pem,
            "oauth_client_secret" => &mut known.oauth_client_secret,
            "proxy_password" => &mut known.proxy_password,
            _ => {
                return Err(AppError::field(
                    &field,
                    format!(
                        "there is no secret '{field}'; the fields are {}",
                        SourceSecrets::FIELDS.join(", ")
                    ),
                ));
            }
        };
        *place = Some(secret);
    }
    Ok(known)
}

fn checked(form: &SourceForm, secrets: &SourceSecrets) -> Result<()> {
    let errors: Vec<FieldError> = form.check();
    if !errors.is_empty() {
        return Err(AppError::fields(errors));
    }
    if form.is_connect() {
        form.connect_access(secrets).map(drop).map_err(AppError::fields)
    } else {
        form.cluster(secrets).map(drop).map_err(AppError::fields)
    }
}

fn keep(core: &Core, id: &str, secrets: &SourceSecrets) -> Result<()> {
    for (field, secret) in secrets.given() {
        core.secrets.put(&handle(id, field), secret)?;
    }
    Ok(())
}

fn handle(id: &str, field: &str) -> String {
    format!("{id}/{field}")
}

fn shown(form: &SourceForm) -> Result<serde_json::Value> {
    serde_json::to_value(form).map_err(|error| AppError::new(ErrorCode::Internal, error.to_string()))
}

fn view(row: &DataSourceRow) -> Result<DataSource> {
    Ok(DataSource {
        id: core::source_id(row)?,
        form: core::form(row)?,
        secret_fields: row.secrets.keys().cloned().collect(),
        created_ms: row.created_ms,
        updated_ms: row.updated_ms,
    })
}
