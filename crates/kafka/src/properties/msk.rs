//! The login of Amazon MSK's library for Java (aws-msk-iam-auth), in either of its two ways.

use std::collections::BTreeMap;

use sluice_model::{AWS_EXTERNAL_ID, AWS_PROFILE, AWS_ROLE_ARN, AWS_ROLE_SESSION, SaslMechanism};

use super::error::PropertiesError;
use super::jaas::LoginModule;
use super::java::{KEY, Login};
use super::parts::shown;

/// The login module of the mechanism AWS_MSK_IAM.
pub(super) const LOGIN_MODULE: &str = "IAMLoginModule";

/// What gives the credentials, to that module or to OAUTHBEARER's.
pub(super) const CALLBACK_HANDLERS: &[&str] = &[
    "IAMClientCallbackHandler",
    "IAMOAuthBearerLoginCallbackHandler",
    "STSAssumeRoleIAMClientCallbackHandler",
];

/// Options of the module and the properties that they become.
const OPTIONS: &[(&str, &str)] = &[
    ("awsProfileName", AWS_PROFILE),
    ("awsRoleArn", AWS_ROLE_ARN),
    ("awsRoleSessionName", AWS_ROLE_SESSION),
    ("awsRoleExternalId", AWS_EXTERNAL_ID),
];

/// Options that hold keys, which a data source does not keep.
const KEYS: &[&str] = &[
    "awsRoleAccessKeyId",
    "awsRoleSecretAccessKey",
    "awsRoleSessionToken",
];

/// Both mechanisms are one login here. Another one that the file names is left to what checks it.
pub(super) fn settle_mechanism(given: &mut BTreeMap<String, String>) {
    let named = ["sasl.mechanism", "sasl.mechanisms"].map(|name| given.get(name).cloned());
    let is_ours = |name: &String| {
        let name = name.trim();
        name.is_empty()
            || [SaslMechanism::OauthBearer, SaslMechanism::AwsMskIam]
                .iter()
                .any(|known| known.as_str().eq_ignore_ascii_case(name))
    };
    if named.iter().flatten().all(is_ours) {
        given.remove("sasl.mechanisms");
        given.insert(
            "sasl.mechanism".to_owned(),
            SaslMechanism::AwsMskIam.as_str().to_owned(),
        );
    }
}

impl Login<'_, '_> {
    /// Whose credentials of AWS log in.
    pub(super) fn msk(&mut self, module: LoginModule) {
        let LoginModule { class, mut options } = module;
        if class != LOGIN_MODULE && class != "OAuthBearerLoginModule" {
            self.findings.fault(PropertiesError::value(
                KEY,
                format!(
                    "has the login module {}, and the class that logs in is one of Amazon MSK: leave one of them",
                    shown(&class)
                ),
            ));
            return;
        }
        for (option, property) in OPTIONS {
            self.take(&mut options, option, property);
        }
        if KEYS.iter().any(|option| options.remove(*option).is_some()) {
            self.findings.fault(PropertiesError::value(
                KEY,
                "holds keys of AWS, which a data source does not keep: write them into a profile of ~/.aws/credentials and name that with awsProfileName=\"…\"",
            ));
        }
        if options.remove("awsStsRegion").is_some() {
            self.findings.note(
                "the option 'awsStsRegion' of the login module is left out: roles are taken on in the cluster's own region",
            );
        }
        for name in options.keys().filter(|name| name.starts_with("aws")) {
            self.findings.note(format!(
                "the option '{}' of the login module is left out",
                shown(name)
            ));
        }
    }
}
