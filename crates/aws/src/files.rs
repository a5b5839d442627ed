//! The two files that AWS's tools share: `credentials` and `config`.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::error::{AwsError, Result};
use crate::surroundings::Surroundings;

/// The settings of one profile.
pub(crate) type Profile = BTreeMap<String, String>;

/// The profiles of both files.
pub(crate) struct Profiles {
    by_name: BTreeMap<String, Profile>,
    /// The files, for people.
    pub(crate) files: String,
}

impl Profiles {
    /// Reads both files; one that does not exist has no profiles. What stands in `credentials` counts before what stands
    /// in `config`.
    ///
    /// # Errors
    /// A file is there and cannot be read.
    pub(crate) fn read(surroundings: &Surroundings) -> Result<Self> {
        let mut by_name: BTreeMap<String, Profile> = BTreeMap::new();
        let mut files = Vec::new();
        for (variable, name, is_config) in [
            ("AWS_CONFIG_FILE", "config", true),
            ("AWS_SHARED_CREDENTIALS_FILE", "credentials", false),
        ] {
            let Some(path) = path(surroundings, variable, name) else {
                continue;
            };
            files.push(path.display().to_string());
            for (name, settings) in parse(&text(&path)?, is_config) {
                by_name.entry(name).or_default().extend(settings);
            }
        }
        Ok(Self {
            by_name,
            files: if files.is_empty() {
                "~/.aws/config, ~/.aws/credentials".to_owned()
            } else {
                files.join(", ")
            },
        })
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Profile> {
        self.by_name.get(name)
    }
}

fn path(surroundings: &Surroundings, variable: &str, name: &str) -> Option<PathBuf> {
    match surroundings.variable(variable) {
        Some(path) => match (path.strip_prefix("~/"), &surroundings.home) {
            (Some(rest), Some(home)) => Some(home.join(rest)),
            _ => Some(PathBuf::from(path)),
        },
        None => Some(surroundings.home.as_ref()?.join(".aws").join(name)),
    }
}

fn text(path: &Path) -> Result<String> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(AwsError::File {
            what: "AWS profiles",
            path: path.to_owned(),
            reason: error.to_string(),
        }),
    }
}

/// The profiles of one file. In `config` their sections are called `profile NAME`, but for the default one; other sections
/// are none of profiles.
fn parse(text: &str, is_config: bool) -> Vec<(String, Profile)> {
    let mut profiles: Vec<(String, Profile)> = Vec::new();
    let mut is_within = false;
    for line in text.trim_start_matches('\u{feff}').lines() {
        let bare = line.trim();
        if bare.is_empty() || bare.starts_with(['#', ';']) {
            continue;
        }
        if let Some(section) = bare.strip_prefix('[') {
            let section = section.split(']').next().unwrap_or_default().trim();
            let name = match section.split_once(char::is_whitespace) {
                Some(("profile", name)) if is_config => Some(name.trim()),
                None if !is_config || section == "default" => Some(section),
                _ => None,
            };
            is_within = name.is_some();
            profiles.extend(name.map(|name| (unquoted(name).to_owned(), Profile::new())));
            continue;
        }
        // Indented lines belong to the setting above them, which is none of a login.
        let is_nested = line.starts_with([' ', '\t']);
        if let (true, false, Some((name, value)), Some((_, profile))) =
            (is_within, is_nested, bare.split_once('='), profiles.last_mut())
        {
            let value = value.split(" #").next().unwrap_or_default();
            let value = value.split(" ;").next().unwrap_or_default().trim();
            if !value.is_empty() {
                profile.insert(name.trim().to_ascii_lowercase(), value.to_owned());
            }
        }
    }
    profiles
}

fn unquoted(name: &str) -> &str {
    name.strip_prefix('"')
        .and_then(|name| name.strip_suffix('"'))
        .unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_of_both_files_are_one_and_credentials_count_first() {
        let dir = tempfile::tempdir().unwrap();
        let aws = dir.path().join(".aws");
        std::fs::create_dir(&aws).unwrap();
        std::fs::write(
            aws.join("config"),
            "\u{feff}[default]\nregion = eu-west-1 # here\n\n[profile two words]\nrole_arn=r\ns3 =\n  max_bandwidth = 1\n\
             [sso-session two]\nsso_start_url = u\n[profile x]\naws_access_key_id = C\n",
        )
        .unwrap();
        std::fs::write(
            aws.join("credentials"),
            "; mine\n[x]\r\naws_access_key_id = A\r\naws_secret_access_key = a=b+c/d#e\r\n",
        )
        .unwrap();
        let surroundings = Surroundings {
            home: Some(dir.path().to_owned()),
            ..Surroundings::default()
        };
        let profiles = Profiles::read(&surroundings).unwrap();
        assert_eq!(profiles.get("default").unwrap()["region"], "eu-west-1");
        let two = profiles.get("two words").unwrap();
        assert_eq!(
            two.iter().collect::<Vec<_>>(),
            [(&"role_arn".to_owned(), &"r".to_owned())]
        );
        let x = profiles.get("x").unwrap();
        assert_eq!(
            (
                x["aws_access_key_id"].as_str(),
                x["aws_secret_access_key"].as_str()
            ),
            ("A", "a=b+c/d#e")
        );
        assert!(profiles.get("sso-session two").is_none() && profiles.get("two").is_none());
    }

    #[test]
    fn a_file_that_is_missing_has_no_profiles_and_one_that_cannot_be_read_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let mut surroundings = Surroundings {
            home: Some(dir.path().to_owned()),
            ..Surroundings::default()
        };
        assert!(Profiles::read(&surroundings).unwrap().get("default").is_none());
        let folder = dir.path().display().to_string();
        surroundings
            .variables
            .insert("AWS_CONFIG_FILE".to_owned(), folder.clone());
        let error = Profiles::read(&surroundings).err().unwrap().to_string();
        assert!(error.contains(&folder), "{error}");
    }
}
