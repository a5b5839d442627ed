//! Where credentials are looked for, in the order of AWS's own tools.

use std::path::Path;
use std::time::SystemTime;

use sluice_model::{AwsRole, MskLogin};

use crate::credentials::Credentials;
use crate::error::{AwsError, Result};
use crate::files::Profiles;
use crate::metadata::{of_container, of_instance};
use crate::profile::{Walk, of_environment, token_in};
use crate::sts::Sts;
use crate::surroundings::Surroundings;

/// The profile that counts where none is named.
const DEFAULT_PROFILE: &str = "default";

/// The credentials of a login: those of its profile, or else the first of variables, web identity, profile, container and
/// instance; and those of its role, taken on with them.
///
/// # Errors
/// There are none, or a place that has them cannot be used.
pub(crate) fn find(login: &MskLogin, surroundings: &Surroundings, now: SystemTime) -> Result<Credentials> {
    let sts = Sts {
        endpoints: &surroundings.endpoints,
        region: &login.region,
        now,
    };
    let base = match &login.profile {
        Some(profile) => named(profile, surroundings, sts)?,
        None => first(surroundings, sts)?,
    };
    match &login.role {
        Some(role) => sts.assume(role, &base),
        None => Ok(base),
    }
}

fn named(profile: &str, surroundings: &Surroundings, sts: Sts<'_>) -> Result<Credentials> {
    let profiles = Profiles::read(surroundings)?;
    let walk = Walk {
        surroundings,
        profiles: &profiles,
        sts,
    };
    walk.credentials(profile)?.ok_or_else(|| {
        AwsError::profile(
            profile,
            "has no credentials: it needs aws_access_key_id and aws_secret_access_key, role_arn, or credential_process",
        )
    })
}

fn first(surroundings: &Surroundings, sts: Sts<'_>) -> Result<Credentials> {
    if let Some(credentials) = of_environment(surroundings)? {
        return Ok(credentials);
    }
    if let Some(path) = surroundings.variable("AWS_WEB_IDENTITY_TOKEN_FILE") {
        let Some(arn) = surroundings.variable("AWS_ROLE_ARN") else {
            return Err(AwsError::HalfSet {
                variable: "AWS_WEB_IDENTITY_TOKEN_FILE",
                missing: "AWS_ROLE_ARN",
            });
        };
        let role = AwsRole {
            arn: arn.to_owned(),
            session_name: surroundings.variable("AWS_ROLE_SESSION_NAME").map(str::to_owned),
            external_id: None,
        };
        return sts.assume_with_token(&role, &token_in(Path::new(path))?);
    }
    let chosen = surroundings.variable("AWS_PROFILE");
    let profile = chosen.unwrap_or(DEFAULT_PROFILE);
    let profiles = Profiles::read(surroundings)?;
    // A profile that somebody chose must be there; the default one may be.
    if chosen.is_some() || profiles.get(profile).is_some() {
        let walk = Walk {
            surroundings,
            profiles: &profiles,
            sts,
        };
        if let Some(credentials) = walk.credentials(profile)? {
            return Ok(credentials);
        }
    }
    if let Some(credentials) = of_container(surroundings, sts.now)? {
        return Ok(credentials);
    }
    of_instance(surroundings, sts.now).map_err(|error| AwsError::NoCredentials {
        profile: profile.to_owned(),
        files: profiles.files,
        instance: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use sluice_model::Secret;

    use super::*;
    use crate::fake_http::{FakeHttp, json_answer, sts_answer};

    const ROLE: &str = "arn:aws:iam::111122223333:role/copy";

    /// Files, variables and a service of one test.
    struct Place {
        dir: tempfile::TempDir,
        surroundings: Surroundings,
        login: MskLogin,
    }

    impl Place {
        fn new(config: &str, credentials: &str) -> Self {
            let dir = tempfile::tempdir().unwrap();
            let aws = dir.path().join(".aws");
            std::fs::create_dir(&aws).unwrap();
            std::fs::write(aws.join("config"), config).unwrap();
            std::fs::write(aws.join("credentials"), credentials).unwrap();
            let mut surroundings = Surroundings {
                home: Some(dir.path().to_owned()),
                ..Surroundings::default()
            };
            // Nobody listens there.
            surroundings.endpoints.metadata = "http://127.0.0.1:1".to_owned();
            Self {
                dir,
                surroundings,
                login: MskLogin {
                    region: "eu-west-1".to_owned(),
                    profile: None,
                    role: None,
                },
            }
        }

        fn set(&mut self, name: &str, value: &str) {
            self.surroundings
                .variables
                .insert(name.to_owned(), value.to_owned());
        }

        fn profile(mut self, name: &str) -> Self {
            self.login.profile = Some(name.to_owned());
            self
        }

        fn find(&self) -> Result<Credentials> {
            find(&self.login, &self.surroundings, SystemTime::now())
        }

        fn refusal(&self) -> String {
            let error = self.find().unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains("hunter"), "{shown}");
            shown
        }

        fn found(&self) -> String {
            self.find().unwrap().access_key_id
        }
    }

    const KEYS: &str = "[default]\naws_access_key_id = AKIDDEFAULT\naws_secret_access_key = hunter2\n\
                        [two]\naws_access_key_id=AKIDTWO\naws_secret_access_key=hunter3\naws_session_token=hunter4\n";

    #[test]
    fn variables_come_before_profiles_and_a_profile_that_is_named_before_both() {
        let mut place = Place::new("", KEYS);
        assert_eq!(place.found(), "AKIDDEFAULT");
        place.set("AWS_PROFILE", "two");
        let two = place.find().unwrap();
        assert_eq!(two.access_key_id, "AKIDTWO");
        assert_eq!(two.session_token.as_ref().map(Secret::reveal), Some("hunter4"));
        place.set("AWS_ACCESS_KEY_ID", "AKIDENV");
        place.set("AWS_SECRET_ACCESS_KEY", "hunter5");
        assert_eq!(place.found(), "AKIDENV");
        assert_eq!(place.profile("default").found(), "AKIDDEFAULT");
    }

    #[test]
    fn files_may_be_elsewhere() {
        let mut place = Place::new("", "");
        let file = place.dir.path().join("keys");
        std::fs::write(&file, KEYS).unwrap();
        place.set("AWS_SHARED_CREDENTIALS_FILE", "~/keys");
        assert_eq!(place.found(), "AKIDDEFAULT");
    }

    #[test]
    fn a_role_of_a_profile_is_taken_on_with_the_keys_of_its_source() {
        let config = format!(
            "[profile copy]\nrole_arn={ROLE}\nsource_profile=two\nexternal_id=42\nrole_session_name=me\n"
        );
        let fake = FakeHttp::start(vec![("200 OK", sts_answer("ASIAROLE"))]);
        let mut place = Place::new(&config, KEYS).profile("copy");
        place.surroundings.endpoints.sts = Some(fake.url.clone());
        assert_eq!(place.found(), "ASIAROLE");
        let asked = fake.asked();
        assert!(
            asked.contains("Credential=AKIDTWO/")
                && asked.contains("ExternalId=42")
                && asked.contains("RoleSessionName=me"),
            "{asked}"
        );
    }

    #[test]
    fn the_role_of_the_login_is_taken_on_with_whatever_was_found() {
        let fake = FakeHttp::start(vec![("200 OK", sts_answer("ASIAROLE"))]);
        let mut place = Place::new("", KEYS);
        place.surroundings.endpoints.sts = Some(fake.url.clone());
        place.login.role = Some(AwsRole {
            arn: ROLE.to_owned(),
            session_name: None,
            external_id: None,
        });
        assert_eq!(place.found(), "ASIAROLE");
        assert!(fake.asked().contains("Credential=AKIDDEFAULT/"));
    }

    #[test]
    fn pods_show_the_token_of_their_service_account() {
        let fake = FakeHttp::start(vec![("200 OK", sts_answer("ASIAPOD"))]);
        let mut place = Place::new("", KEYS);
        let file = place.dir.path().join("token");
        std::fs::write(&file, "a.b.c\n").unwrap();
        place.surroundings.endpoints.sts = Some(fake.url.clone());
        place.set("AWS_WEB_IDENTITY_TOKEN_FILE", &file.display().to_string());
        assert!(place.refusal().contains("AWS_ROLE_ARN is not"));
        place.set("AWS_ROLE_ARN", ROLE);
        assert_eq!(place.found(), "ASIAPOD");
        let asked = fake.asked();
        assert!(
            asked.contains("Action=AssumeRoleWithWebIdentity") && asked.contains("WebIdentityToken=a.b.c"),
            "{asked}"
        );
        assert!(!asked.to_lowercase().contains("authorization:"), "{asked}");
    }

    #[test]
    fn containers_and_instances_come_last() {
        let fake = FakeHttp::start(vec![
            ("200 OK", json_answer("ASIAECS")),
            ("200 OK", "session".to_owned()),
            ("200 OK", "role".to_owned()),
            ("200 OK", json_answer("ASIAEC2")),
        ]);
        let mut place = Place::new("[default]\nregion=eu-west-1\n", "");
        place.surroundings.endpoints.metadata = fake.url.clone();
        place.surroundings.endpoints.container = fake.url;
        place.set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x");
        assert_eq!(place.found(), "ASIAECS");
        place.set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "");
        assert_eq!(place.found(), "ASIAEC2");
    }

    #[test]
    #[cfg(unix)]
    fn a_command_of_the_users_own_gives_credentials() {
        let config = "[profile tool]\ncredential_process = echo '{\"Version\":1,\"AccessKeyId\":\"AKIDTOOL\",\"SecretAccessKey\":\"hunter2\"}'\n";
        assert_eq!(Place::new(config, "").profile("tool").found(), "AKIDTOOL");
    }

    #[test]
    fn what_cannot_be_used_is_named_with_what_to_do() {
        let role = format!("role_arn={ROLE}");
        for (config, profile, word) in [
            (String::new(), Some("nobody"), "no AWS profile 'nobody'"),
            (
                "[profile x]\nregion=eu-west-1\n".to_owned(),
                Some("x"),
                "has no credentials",
            ),
            (
                "[profile x]\naws_access_key_id=A\n".to_owned(),
                Some("x"),
                "write both",
            ),
            (
                "[profile x]\nsso_session=s\nsso_account_id=1\n".to_owned(),
                Some("x"),
                "export-credentials --profile x",
            ),
            (
                format!("[profile x]\n{role}\n"),
                Some("x"),
                "neither source_profile",
            ),
            (
                format!("[profile x]\n{role}\nsource_profile=two\nmfa_serial=m\n"),
                Some("x"),
                "mfa_serial",
            ),
            (
                format!("[profile x]\n{role}\ncredential_source=Moon\n"),
                Some("x"),
                "unknown credential_source",
            ),
            (
                format!("[profile x]\n{role}\ncredential_source=Environment\n"),
                Some("x"),
                "from Environment",
            ),
            (
                format!("[profile x]\n{role}\nsource_profile=y\n[profile y]\n{role}\nsource_profile=x\n"),
                Some("x"),
                "end the circle",
            ),
            (String::new(), None, "no AWS credentials were found"),
        ] {
            let keys = if profile.is_some() { KEYS } else { "" };
            let place = Place::new(&config, keys);
            let place = match profile {
                Some(profile) => place.profile(profile),
                None => place,
            };
            let refusal = place.refusal();
            assert!(refusal.contains(word), "{config}: {refusal}");
        }
        let mut half = Place::new("", "");
        half.set("AWS_ACCESS_KEY_ID", "AKIDENV");
        assert!(half.refusal().contains("AWS_SECRET_ACCESS_KEY is not"));
        let mut chosen = Place::new("", KEYS);
        chosen.set("AWS_PROFILE", "nobody");
        assert!(chosen.refusal().contains("no AWS profile 'nobody'"));
    }
}
