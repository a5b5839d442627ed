use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{Error, KafkaVersion, Result, available, cache, error::Doing};

/// The jars of one Kafka version, in the cache.
#[derive(Debug, Clone)]
pub struct Jars {
    version: KafkaVersion,
    dir: PathBuf,
}

impl Jars {
    /// The jars of `version`, fetched with Maven if the cache does not hold them yet.
    ///
    /// Two processes that ask at once fetch once: the second waits for the first.
    ///
    /// # Errors
    /// Java or Maven is missing, or Maven fails.
    pub fn ensure(version: KafkaVersion) -> Result<Self> {
        available::require_java()?;
        let jars = Self {
            version,
            dir: dir(version)?,
        };
        if !is_complete(version, &jars.dir) {
            let lock = cache::lock_file(&format!("jars-{version}.lock"))?;
            lock.lock()
                .doing(|| format!("waiting for another fetch of Kafka {version}"))?;
            if !is_complete(version, &jars.dir) {
                jars.fetch()?;
            }
        }
        Ok(jars)
    }

    /// The version these are of.
    pub fn version(&self) -> KafkaVersion {
        self.version
    }

    /// The folder they lie in.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// What `java -cp` takes to find all of them.
    pub fn classpath(&self) -> OsString {
        self.dir.join("*").into_os_string()
    }

    fn fetch(&self) -> Result<()> {
        available::require_maven()?;
        let parent = self.dir.parent().unwrap_or(&self.dir);
        fs::create_dir_all(parent).doing(|| format!("making {}", parent.display()))?;
        // In the same folder, so that the rename below stays on one file system and is atomic.
        let fetching = tempfile::Builder::new()
            .prefix(".fetching-")
            .tempdir_in(parent)
            .doing(|| format!("making a folder in {}", parent.display()))?;
        let pom = fetching.path().join(POM);
        fs::write(&pom, pom_of(self.version)).doing(|| format!("writing {}", pom.display()))?;

        tracing::info!(version = %self.version, "fetching the Kafka jars");
        let mut output_directory = OsString::from("-DoutputDirectory=");
        output_directory.push(fetching.path());
        let output = Command::new("mvn")
            .args(["-q", "-B", "-Dstyle.color=never", "dependency:copy-dependencies"])
            .arg(output_directory)
            .current_dir(fetching.path())
            .stdin(Stdio::null())
            .output()
            .doing(|| "running mvn".to_owned())?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
            return Err(Error::Fetch {
                version: self.version,
                reason: said.trim().to_owned(),
            });
        }

        if self.dir.exists() {
            // Left by an older recipe.
            fs::remove_dir_all(&self.dir).doing(|| format!("removing the old {}", self.dir.display()))?;
        }
        let fetched = fetching.keep();
        fs::rename(&fetched, &self.dir).doing(|| format!("moving the jars to {}", self.dir.display()))
    }
}

/// Whether the cache already holds the jars of `version`.
pub(crate) fn are_cached(version: KafkaVersion) -> bool {
    dir(version).is_ok_and(|dir| is_complete(version, &dir))
}

/// Lies beside the jars and says by which recipe they were fetched.
const POM: &str = "pom.xml";

fn dir(version: KafkaVersion) -> Result<PathBuf> {
    Ok(cache::cache_dir()?.join("kafka").join(version.number()))
}

fn is_complete(version: KafkaVersion, dir: &Path) -> bool {
    fs::read_to_string(dir.join(POM)).is_ok_and(|pom| pom == pom_of(version))
}

fn pom_of(version: KafkaVersion) -> String {
    let dependencies: String = dependencies(version)
        .into_iter()
        .map(|(group, artifact, version)| {
            format!(
                "    <dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId>\
                 <version>{version}</version></dependency>\n"
            )
        })
        .collect();
    format!(
        "<project xmlns=\"http://maven.apache.org/POM/4.0.0\">\n  \
           <modelVersion>4.0.0</modelVersion>\n  \
           <groupId>sluice</groupId>\n  \
           <artifactId>testground</artifactId>\n  \
           <version>{version}</version>\n  \
           <packaging>pom</packaging>\n  \
           <dependencies>\n{dependencies}  </dependencies>\n\
         </project>\n"
    )
}

fn dependencies(version: KafkaVersion) -> Vec<(&'static str, &'static str, &'static str)> {
    const KAFKA: &str = "org.apache.kafka";
    const LOG4J_1: (&str, &str, &str) = ("org.slf4j", "slf4j-log4j12", "1.7.25");
    let number = version.number();
    let with_connect = |logging: &[(&'static str, &'static str, &'static str)]| {
        [
            "kafka_2.13",
            "kafka-tools",
            "connect-mirror",
            "connect-runtime",
            "connect-basic-auth-extension",
        ]
        .into_iter()
        .map(|artifact| (KAFKA, artifact, number))
        .chain(logging.iter().copied())
        .collect()
    };
    match version {
        KafkaVersion::V4_3_1 => with_connect(&[
            ("org.apache.logging.log4j", "log4j-slf4j-impl", "2.25.1"),
            ("org.apache.logging.log4j", "log4j-core", "2.25.1"),
        ]),
        KafkaVersion::V3_5_1 | KafkaVersion::V3_6_2 | KafkaVersion::V3_9_1 => {
            with_connect(&[("org.slf4j", "slf4j-reload4j", "1.7.36")])
        }
        KafkaVersion::V2_0_1 => vec![
            (KAFKA, "kafka_2.12", number),
            LOG4J_1,
            // Its own 3.4.13 fails with UnresolvedAddressException on Java 14 and later.
            ("org.apache.zookeeper", "zookeeper", "3.4.10"),
        ],
        KafkaVersion::V1_0_2 => vec![(KAFKA, "kafka_2.12", number), LOG4J_1],
        KafkaVersion::V0_10_2_2 => vec![
            (KAFKA, "kafka_2.12", number),
            LOG4J_1,
            // Left the JDK with Java 11.
            ("javax.xml.bind", "jaxb-api", "2.3.1"),
        ],
    }
}
