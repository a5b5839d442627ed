//! `sluice source add NAME --connect URL`: a data source that is a Connect cluster.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, bail};
use sluice_model::{ConnectLogin, ConnectSettings, Secret, SourceForm, SourceKind};

/// What a file with a login may name.
const KEYS: [&str; 4] = ["username", "password", "token", "ca_file"];

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
    let mut said = login(file)?;
    form.ca_file = said.remove("ca_file");
    let (username, password, token) = (
        said.remove("username"),
        said.remove("password"),
        said.remove("token"),
    );
    if token.is_some() && (username.is_some() || password.is_some()) {
        bail!(
            "'{}' names a token and a user or password; leave out what is not the login",
            file.display()
        );
    }
    if token.is_some() {
        form.connect.login = ConnectLogin::Bearer;
    } else if username.is_some() || password.is_some() {
        form.connect.login = ConnectLogin::Basic;
    }
    form.username = username;
    if let Some(secret) = token.or(password) {
        secrets.insert("password".to_owned(), Secret::new(secret));
    }
    Ok((form, secrets))
}

/// What a file says of a login. Values do not appear in errors.
fn login(file: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let text =
        std::fs::read_to_string(file).with_context(|| format!("'{}' cannot be read", file.display()))?;
    let mut said = BTreeMap::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let place = format!("line {} of '{}'", number + 1, file.display());
        let Some((key, value)) = line.split_once('=') else {
            bail!("{place} is not KEY=VALUE");
        };
        let (key, value) = (key.trim(), value.trim());
        if !KEYS.contains(&key) {
            bail!("'{key}' in {place} is not known; there are username, password, token and ca_file");
        }
        if value.contains("${") {
            bail!(
                "'{key}' in {place} has a placeholder, which nothing replaces here; write the value itself"
            );
        }
        if said.insert(key.to_owned(), value.to_owned()).is_some() {
            bail!("'{key}' stands there twice, the second time in {place}; keep one");
        }
    }
    Ok(said)
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
    fn what_contradicts_itself_or_is_left_open_is_refused() {
        for text in [
            "token=hunter2\nusername=me",
            "token=hunter2\npassword=hunter3",
            "token=hunter2\ntoken=hunter3",
            "token=${env:HUNTER2}",
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(!error.to_lowercase().contains("hunter"), "{error}");
        }
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
