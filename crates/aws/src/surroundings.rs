use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// The variables that say something of credentials.
const VARIABLES: &[&str] = &[
    "AWS_ACCESS_KEY_ID",
    "AWS_CONFIG_FILE",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
];

/// Where services of AWS are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// The security token service; that of the cluster's region without one.
    pub sts: Option<String>,
    /// The address that the credentials' path of a container is appended to.
    pub container: String,
    /// The metadata service of an EC2 instance.
    pub metadata: String,
}

impl Default for Endpoints {
    fn default() -> Self {
        Self {
            sts: None,
            container: "http://169.254.170.2".to_owned(),
            metadata: "http://169.254.169.254".to_owned(),
        }
    }
}

/// What credentials are looked for in: variables, the user's files, services.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// Variables of the process, by name; blank ones count as missing.
    pub variables: BTreeMap<String, String>,
    /// The user's own folder.
    pub home: Option<PathBuf>,
    /// Where services are.
    pub endpoints: Endpoints,
}

impl Surroundings {
    /// Those of this process.
    pub fn of_process() -> Self {
        let variables = VARIABLES
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?)))
            .collect();
        Self {
            variables,
            home: std::env::home_dir(),
            endpoints: Endpoints::default(),
        }
    }

    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.variables
            .get(name)
            .map(|text| text.trim())
            .filter(|text| !text.is_empty())
    }
}

impl fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Surroundings")
            // Their values are keys and tokens.
            .field("variables", &self.variables.keys())
            .field("home", &self.home)
            .field("endpoints", &self.endpoints)
            .finish()
    }
}
