use std::{
    fs,
    hash::{BuildHasher, RandomState},
    path::{Path, PathBuf},
};

use crate::{
    Jars, Mechanism, Result,
    cluster_builder::User,
    error::Doing,
    tools::{JavaTool, ToolOutput},
};

const META: &str = "meta.properties";
const BOOTSTRAP: &str = "bootstrap.checkpoint";

/// Makes the data folders of a KRaft cluster ready for their first start.
///
/// Kafka's own tool formats the first; the others differ from it in their ids only and are copied, which saves
/// two starts of a JVM.
pub(crate) fn format_storage(
    jars: &Jars,
    properties: &Path,
    data_dirs: &[PathBuf],
    scram_users: &[User],
) -> Result<()> {
    let Some((first, others)) = data_dirs.split_first() else {
        return Ok(());
    };
    let mut format = JavaTool::new(jars.version(), "kafka.tools.StorageTool")
        .args(["format", "--ignore-formatted", "-t", &random_id(), "-c"])
        .arg(properties.display().to_string());
    for user in scram_users {
        for mechanism in [Mechanism::ScramSha256, Mechanism::ScramSha512] {
            let credentials = format!("{mechanism}=[name={},password={}]", user.name, user.password);
            format = format.args(["--add-scram".to_owned(), credentials]);
        }
    }
    format.run().and_then(ToolOutput::successful)?;

    let meta = read(&first.join(META))?;
    let bootstrap = first.join(BOOTSTRAP);
    for (index, dir) in (1..).zip(others) {
        let own: String = meta
            .lines()
            .filter(|line| !line.starts_with("node.id=") && !line.starts_with("directory.id="))
            .map(|line| format!("{line}\n"))
            .collect();
        let id = crate::server_properties::broker_id(index);
        let own = format!("{own}node.id={id}\ndirectory.id={}\n", random_id());
        let path = dir.join(META);
        fs::write(&path, own).doing(|| format!("writing {}", path.display()))?;
        fs::copy(&bootstrap, dir.join(BOOTSTRAP))
            .doing(|| format!("copying {} to {}", bootstrap.display(), dir.display()))?;
    }
    Ok(())
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).doing(|| format!("reading {}", path.display()))
}

/// A UUID as Kafka writes it: 22 characters of base64. Letters only, since an id that begins with a dash looks
/// like an option on the command line; the last one carries two bits, so it is fixed.
fn random_id() -> String {
    (0..21_u8)
        .map(|n| char::from(b'a' + (RandomState::new().hash_one(n) % 26) as u8))
        .chain(['A'])
        .collect()
}
