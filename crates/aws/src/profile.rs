//! What the settings of a profile say about its credentials.

use std::path::Path;

use sluice_model::{AwsRole, Secret};

use crate::credentials::Credentials;
use crate::error::{AwsError, Result};
use crate::files::{Profile, Profiles};
use crate::metadata::{of_container, of_instance};
use crate::process;
use crate::sts::Sts;
use crate::surroundings::Surroundings;

/// A way through the profiles.
pub(crate) struct Walk<'a> {
    pub(crate) surroundings: &'a Surroundings,
    pub(crate) profiles: &'a Profiles,
    pub(crate) sts: Sts<'a>,
}

impl Walk<'_> {
    /// The credentials of a profile; none if it has no settings for them.
    ///
    /// # Errors
    /// It does not exist, cannot be used, or a service refuses.
    pub(crate) fn credentials(&self, name: &str) -> Result<Option<Credentials>> {
        self.follow(name, &mut Vec::new())
    }

    fn follow<'n>(&'n self, name: &'n str, passed: &mut Vec<&'n str>) -> Result<Option<Credentials>> {
        let profile = self.profiles.get(name).ok_or_else(|| AwsError::NoProfile {
            profile: name.to_owned(),
            files: self.profiles.files.clone(),
        })?;
        if passed.contains(&name) {
            // A profile with keys and a role may name itself as their source.
            if passed.last() == Some(&name) {
                return keys(name, profile);
            }
            return Err(AwsError::profile(
                name,
                "takes its credentials from profiles that take them from it: end the circle of source_profile",
            ));
        }
        passed.push(name);
        if let Some(arn) = profile.get("role_arn") {
            return self.role(name, profile, arn, passed).map(Some);
        }
        if let Some(credentials) = keys(name, profile)? {
            return Ok(Some(credentials));
        }
        if let Some(command) = profile.get("credential_process") {
            return process::run(command, name, self.sts.now).map(Some);
        }
        let is_interactive = |key: &str| key.starts_with("sso_") || key == "login_session";
        if profile.keys().any(|key| is_interactive(key)) {
            return Err(AwsError::profile(
                name,
                format!(
                    "logs in through a browser (IAM Identity Center), which only AWS's own command does: add a profile with credential_process = aws configure export-credentials --profile {name}, and name that one"
                ),
            ));
        }
        Ok(None)
    }

    fn role<'n>(
        &'n self,
        name: &'n str,
        profile: &'n Profile,
        arn: &str,
        passed: &mut Vec<&'n str>,
    ) -> Result<Credentials> {
        let text = |key: &str| profile.get(key).cloned();
        let role = AwsRole {
            arn: arn.to_owned(),
            session_name: text("role_session_name"),
            external_id: text("external_id"),
        };
        if let Some(path) = profile.get("web_identity_token_file") {
            return self.sts.assume_with_token(&role, &token_in(Path::new(path))?);
        }
        if profile.contains_key("mfa_serial") {
            return Err(AwsError::profile(
                name,
                "asks for the code of a device (mfa_serial), which nobody can enter here: name a profile without it",
            ));
        }
        let base = match (profile.get("source_profile"), profile.get("credential_source")) {
            (Some(source), _) => self.follow(source, passed)?.ok_or_else(|| {
                AwsError::profile(source, "is the source of another one and has no credentials")
            })?,
            (None, Some(source)) => self.named_source(name, source)?,
            (None, None) => {
                return Err(AwsError::profile(
                    name,
                    "has a role_arn and neither source_profile nor credential_source: say with whose credentials the role is taken on",
                ));
            }
        };
        self.sts.assume(&role, &base)
    }

    fn named_source(&self, name: &str, source: &str) -> Result<Credentials> {
        let nothing = || {
            AwsError::profile(
                name,
                format!("takes its credentials from {source}, which has none"),
            )
        };
        match source {
            "Environment" => of_environment(self.surroundings)?.ok_or_else(nothing),
            "EcsContainer" => of_container(self.surroundings, self.sts.now)?.ok_or_else(nothing),
            "Ec2InstanceMetadata" => of_instance(self.surroundings, self.sts.now),
            _ => Err(AwsError::profile(
                name,
                "has an unknown credential_source: write Environment, EcsContainer or Ec2InstanceMetadata",
            )),
        }
    }
}

/// The credentials in the process's variables.
///
/// # Errors
/// Only one half of a key is there.
pub(crate) fn of_environment(surroundings: &Surroundings) -> Result<Option<Credentials>> {
    const ID: &str = "AWS_ACCESS_KEY_ID";
    const KEY: &str = "AWS_SECRET_ACCESS_KEY";
    let half = |variable, missing| Err(AwsError::HalfSet { variable, missing });
    match (surroundings.variable(ID), surroundings.variable(KEY)) {
        (None, None) => Ok(None),
        (Some(_), None) => half(ID, KEY),
        (None, Some(_)) => half(KEY, ID),
        (Some(id), Some(key)) => Ok(Some(Credentials {
            access_key_id: id.to_owned(),
            secret_access_key: Secret::new(key),
            session_token: surroundings.variable("AWS_SESSION_TOKEN").map(Secret::new),
            expires: None,
        })),
    }
}

/// The token of another identity provider in a file, which is written anew before it ends.
pub(crate) fn token_in(path: &Path) -> Result<Secret> {
    let text = std::fs::read_to_string(path).map_err(|error| AwsError::File {
        what: "the web identity token",
        path: path.to_owned(),
        reason: error.to_string(),
    })?;
    Ok(Secret::new(text.trim()))
}

fn keys(name: &str, profile: &Profile) -> Result<Option<Credentials>> {
    match (
        profile.get("aws_access_key_id"),
        profile.get("aws_secret_access_key"),
    ) {
        (None, None) => Ok(None),
        (Some(id), Some(key)) => Ok(Some(Credentials {
            access_key_id: id.clone(),
            secret_access_key: Secret::new(key),
            session_token: profile.get("aws_session_token").map(Secret::new),
            expires: None,
        })),
        _ => Err(AwsError::profile(
            name,
            "has one of aws_access_key_id and aws_secret_access_key alone: write both",
        )),
    }
}
