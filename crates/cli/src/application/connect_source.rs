//! `sluice source add NAME --connect URL`: a data source that is a Connect cluster.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, bail};
use sluice_model::{ConnectLogin, ConnectSettings, Secret, SourceForm, SourceKind};

/// Turns a form into that of a Connect cluster at `url`, with what the file of `config` says of the login. Returns its secrets.
///
/// # Errors
/// The file cannot be read, or has something in it that is not understood.
pub fn connect_form(
    form: SourceForm,
    url: &str,
    config: Option<&Path>,
) -> anyhow::Result<(SourceForm, BTreeMap<String, Secret>)> {
    let mut form = SourceForm {
        kind: SourceKind::Connect,
        connect: ConnectSettings {
            url: url.to_owned(),
            ..form.connect
        },
        ..form
    };
    let mut secrets = BTreeMap::new();
    let Some(file) = config else {
        return Ok((form, secrets));
    };
    let text =
        std::fs::read_to_string(file).with_context(|| format!("'{}' cannot be read", file.display()))?;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some((key, value)) = line.split_once('=') else {
            bail!("line {} of '{}' is not KEY=VALUE", number + 1, file.display());
        };
        let value = value.trim();
        match key.trim() {
            "username" => {
                form.username = Some(value.to_owned());
                form.connect.login = ConnectLogin::Basic;
            }
            "password" => {
                secrets.insert("password".to_owned(), Secret::new(value));
            }
            "token" => {
                form.connect.login = ConnectLogin::Bearer;
                secrets.insert("password".to_owned(), Secret::new(value));
            }
            "ca_file" => form.ca_file = Some(value.to_owned()),
            other => bail!(
                "'{other}' in line {} of '{}' is not known; there are username, password, token and ca_file",
                number + 1,
                file.display()
            ),
        }
    }
    Ok((form, secrets))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> anyhow::Result<(SourceForm, BTreeMap<String, Secret>)> {
        let dir = tempfile::tempdir()?;
        let file = dir.path().join("connect.properties");
        std::fs::write(&file, text)?;
        connect_form(SourceForm::default(), "http://localhost:8083", Some(&file))
    }

    #[test]
    fn a_file_says_how_to_log_in_and_its_secrets_stay_apart() {
        let (form, secrets) = read("# mine\nusername = me\npassword=a=b\n").unwrap();
        assert_eq!(
            (form.kind, form.connect.login, form.username.as_deref()),
            (SourceKind::Connect, ConnectLogin::Basic, Some("me"))
        );
        assert_eq!(secrets["password"].reveal(), "a=b");
        let (form, secrets) = read("token=t\nca_file=/ca.pem").unwrap();
        assert_eq!(form.connect.login, ConnectLogin::Bearer);
        assert_eq!(form.ca_file.as_deref(), Some("/ca.pem"));
        assert_eq!(secrets["password"].reveal(), "t");
    }

    #[test]
    fn what_is_not_known_is_named_without_its_value() {
        let error = read("pasword=hunter2").unwrap_err().to_string();
        assert!(
            error.contains("'pasword' in line 1") && !error.contains("hunter2"),
            "{error}"
        );
        assert!(read("hunter2").is_err_and(|error| !error.to_string().contains("hunter2")));
    }
}
