//! How to log in to Amazon MSK as an identity of AWS.

use crate::{Cluster, InvalidTask, Result, SaslMechanism, SecurityProtocol};

/// The property with the cluster's region; without it, the host names of its brokers tell it.
pub const AWS_REGION: &str = "sluice.aws.region";
/// The property with the profile that has the credentials.
pub const AWS_PROFILE: &str = "sluice.aws.profile";
/// The property with the role that is taken on with these credentials.
pub const AWS_ROLE_ARN: &str = "sluice.aws.role.arn";
/// The property with the name of the role's session.
pub const AWS_ROLE_SESSION: &str = "sluice.aws.role.session.name";
/// The property with the external id that the role asks for.
pub const AWS_EXTERNAL_ID: &str = "sluice.aws.role.external.id";

/// All of Sluice's own properties of this login.
pub(crate) const MSK_PROPERTIES: [&str; 5] = [
    AWS_REGION,
    AWS_PROFILE,
    AWS_ROLE_ARN,
    AWS_ROLE_SESSION,
    AWS_EXTERNAL_ID,
];

/// The longest name of a session (STS, AssumeRole).
const LONGEST_SESSION: usize = 64;
/// The longest external id (STS, AssumeRole).
const LONGEST_EXTERNAL_ID: usize = 1224;

/// Says what is wrong with a text.
pub(crate) type Check = fn(&str) -> std::result::Result<(), &'static str>;

/// Whose AWS credentials log in to Amazon MSK, and in which region it is. The credentials themselves are never a part of
/// a data source: they are where AWS's own tools have them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MskLogin {
    /// The cluster's region, as `eu-west-1`.
    pub region: String,
    /// The profile that has the credentials; without one they are looked for where AWS's tools do.
    pub profile: Option<String>,
    /// A role that is taken on with these credentials.
    pub role: Option<AwsRole>,
}

/// A role of AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsRole {
    /// Its name in full, as `arn:aws:iam::111122223333:role/copy`.
    pub arn: String,
    /// What AWS's logs call the session.
    pub session_name: Option<String>,
    /// What the role asks for, if it belongs to somebody else.
    pub external_id: Option<String>,
}

/// The region that the host names of a bootstrap list tell, as those of Amazon MSK do: it stands behind `kafka` or
/// `kafka-serverless`.
pub fn region_of_brokers(bootstrap: &str) -> Option<String> {
    bootstrap
        .split(|c: char| c == ',' || c == ';' || c.is_whitespace())
        .find_map(|entry| {
            let host = entry.rsplit_once(':').map_or(entry, |(host, _)| host);
            let host = host.trim_end_matches('.').to_ascii_lowercase();
            let host = host
                .strip_suffix(".amazonaws.com")
                .or_else(|| host.strip_suffix(".amazonaws.com.cn"))?;
            let (rest, region) = host.rsplit_once('.')?;
            let service = rest.rsplit('.').next()?;
            (matches!(service, "kafka" | "kafka-serverless") && check_region(region).is_ok())
                .then(|| region.to_owned())
        })
}

/// Checks the name of a region, which becomes a part of host names.
///
/// # Errors
/// It is none, in a sentence.
pub fn check_region(region: &str) -> std::result::Result<(), &'static str> {
    let is_name = region.contains('-')
        && region.len() <= 32
        && region.starts_with(|c: char| c.is_ascii_lowercase())
        && region.ends_with(|c: char| c.is_ascii_digit())
        && region
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    is_name
        .then_some(())
        .ok_or("write a region as AWS names it, for example eu-west-1")
}

/// Checks the ARN of a role.
///
/// # Errors
/// It is none, in a sentence.
pub fn check_role_arn(arn: &str) -> std::result::Result<(), &'static str> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let is_role = matches!(parts[..], ["arn", partition, "iam", "", account, role]
        if partition.starts_with("aws")
            && account.len() == 12
            && account.bytes().all(|byte| byte.is_ascii_digit())
            && role.strip_prefix("role/").is_some_and(|name| !name.is_empty() && !name.contains(char::is_whitespace)));
    is_role
        .then_some(())
        .ok_or("write the ARN of a role, for example arn:aws:iam::111122223333:role/copy")
}

/// Checks the name of a role's session.
///
/// # Errors
/// AWS does not take it, in a sentence.
pub fn check_session_name(name: &str) -> std::result::Result<(), &'static str> {
    is_text_of_sts(name, LONGEST_SESSION, "")
        .then_some(())
        .ok_or("the name of a session has 2 to 64 letters, digits and =,.@-_")
}

/// Checks the external id of a role.
///
/// # Errors
/// AWS does not take it, in a sentence.
pub fn check_external_id(id: &str) -> std::result::Result<(), &'static str> {
    is_text_of_sts(id, LONGEST_EXTERNAL_ID, ":/")
        .then_some(())
        .ok_or("an external id has 2 to 1224 letters, digits and =,.@:/-_")
}

fn is_text_of_sts(text: &str, longest: usize, beside: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c) || beside.contains(c);
    (2..=longest).contains(&text.len()) && text.chars().all(is_allowed)
}

impl Cluster {
    /// How to log in to Amazon MSK as an identity of AWS, if its properties ask for that.
    ///
    /// # Errors
    /// The region is not known, or one of the properties is wrong; the sentence names it.
    pub fn msk_login(&self) -> Result<Option<MskLogin>> {
        let word = |name: &str| self.own(name).unwrap_or_default();
        let protocol = word("security.protocol").parse::<SecurityProtocol>();
        let mechanism = self.own("sasl.mechanism").or_else(|| self.own("sasl.mechanisms"));
        let mechanism = mechanism.and_then(|mechanism| mechanism.parse::<SaslMechanism>().ok());
        if !protocol.is_ok_and(SecurityProtocol::has_sasl) || mechanism != Some(SaslMechanism::AwsMskIam) {
            return Ok(None);
        }
        let region = match self.own(AWS_REGION) {
            Some(region) => {
                check_region(region).map_err(|reason| wrong(AWS_REGION, reason))?;
                region.to_owned()
            }
            None => region_of_brokers(self.bootstrap()).ok_or_else(|| {
                wrong(
                    AWS_REGION,
                    "it is missing, and the brokers' host names do not tell it as those of Amazon MSK do",
                )
            })?,
        };
        let checked = |name: &'static str, check: Check| {
            self.own(name)
                .map(|text| check(text).map(|()| text.to_owned()))
                .transpose()
                .map_err(|reason| wrong(name, reason))
        };
        let session_name = checked(AWS_ROLE_SESSION, check_session_name)?;
        let external_id = checked(AWS_EXTERNAL_ID, check_external_id)?;
        let role = checked(AWS_ROLE_ARN, check_role_arn)?.map(|arn| AwsRole {
            arn,
            session_name,
            external_id,
        });
        Ok(Some(MskLogin {
            region,
            profile: self.own(AWS_PROFILE).map(str::to_owned),
            role,
        }))
    }
}

fn wrong(property: &str, reason: &str) -> InvalidTask {
    InvalidTask::MskLogin {
        property: property.to_owned(),
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BROKER: &str = "b-1.demo.abc123.c2.kafka.eu-west-1.amazonaws.com:9098";
    const ROLE: &str = "arn:aws:iam::111122223333:role/team/copy";

    fn cluster(bootstrap: &str, properties: &[(&str, &str)]) -> Cluster {
        let mut cluster = Cluster::new(bootstrap).unwrap();
        cluster.set("security.protocol", "SASL_SSL");
        cluster.set("sasl.mechanism", "AWS_MSK_IAM");
        for (name, value) in properties {
            cluster.set(*name, *value);
        }
        cluster
    }

    #[test]
    fn the_region_is_told_by_the_host_names_of_msk() {
        for (bootstrap, region) in [
            (BROKER, Some("eu-west-1")),
            (
                "boot-x1.c3.kafka-serverless.us-east-2.amazonaws.com:9098",
                Some("us-east-2"),
            ),
            (
                "b-1-public.d.e.c4.kafka.ap-southeast-1.amazonaws.com:9198",
                Some("ap-southeast-1"),
            ),
            (
                "b-1.d.e.c2.kafka.cn-north-1.amazonaws.com.cn:9098",
                Some("cn-north-1"),
            ),
            (
                "10.0.0.1:9098, B-2.d.e.c2.Kafka.us-gov-west-1.amazonaws.com:9098",
                Some("us-gov-west-1"),
            ),
            ("kafka.example.com:9098", None),
            ("b-1.sqs.eu-west-1.amazonaws.com:1", None),
            ("kafka.eu-west-1.amazonaws.com.evil.example:1", None),
        ] {
            assert_eq!(region_of_brokers(bootstrap).as_deref(), region, "{bootstrap}");
        }
    }

    #[test]
    fn profile_and_role_are_read_and_a_region_that_is_given_wins() {
        let login = cluster(BROKER, &[]).msk_login().unwrap().unwrap();
        assert_eq!(
            login,
            MskLogin {
                region: "eu-west-1".to_owned(),
                profile: None,
                role: None
            }
        );
        let login = cluster(
            BROKER,
            &[
                (AWS_REGION, "us-east-1"),
                (AWS_PROFILE, " copy "),
                (AWS_ROLE_ARN, ROLE),
                (AWS_ROLE_SESSION, "nightly"),
                (AWS_EXTERNAL_ID, "a:1/2"),
            ],
        );
        let login = login.msk_login().unwrap().unwrap();
        assert_eq!(
            (login.region.as_str(), login.profile.as_deref()),
            ("us-east-1", Some("copy"))
        );
        let role = login.role.unwrap();
        assert_eq!(role.arn, ROLE);
        assert_eq!(role.session_name.as_deref(), Some("nightly"));
        assert_eq!(role.external_id.as_deref(), Some("a:1/2"));
    }

    #[test]
    fn other_logins_are_none_of_msk() {
        for (name, value) in [("sasl.mechanism", "OAUTHBEARER"), ("security.protocol", "SSL")] {
            assert_eq!(cluster(BROKER, &[(name, value)]).msk_login().unwrap(), None);
        }
    }

    #[test]
    fn what_is_wrong_names_its_property() {
        for (bootstrap, name, value, word) in [
            (
                "kafka.example.com:9098",
                "client.id",
                "x",
                "sluice.aws.region: it is missing",
            ),
            (BROKER, AWS_REGION, "Ireland", "for example eu-west-1"),
            (
                BROKER,
                AWS_REGION,
                "eu-west-1.evil.example/x-1",
                "for example eu-west-1",
            ),
            (BROKER, AWS_ROLE_ARN, "copy", "for example arn:aws:iam"),
            (
                BROKER,
                AWS_ROLE_ARN,
                "arn:aws:iam::1:role/copy",
                "for example arn:aws:iam",
            ),
            (
                BROKER,
                AWS_ROLE_ARN,
                "arn:aws:iam::111122223333:user/me",
                "for example arn:aws:iam",
            ),
            (BROKER, AWS_ROLE_SESSION, "two words", "letters, digits"),
            (BROKER, AWS_EXTERNAL_ID, "x", "2 to 1224"),
        ] {
            let error = cluster(bootstrap, &[(name, value)])
                .msk_login()
                .unwrap_err()
                .to_string();
            assert!(error.contains(word), "{name}={value}: {error}");
        }
    }
}
