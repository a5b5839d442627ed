//! A server of OpenSSH on loopback for the tests of the page (`SshServer`): it prints one line of JSON with where everything is, or
//! says on standard error why there is none, and runs until its standard input ends.

#[cfg(unix)]
fn main() -> anyhow::Result<()> {
    use std::io::Read;

    use serde_json::json;
    use sluice_tests::{SshServer, companion};

    let Some(server) = SshServer::start()? else {
        return Ok(());
    };
    let said = json!({
        "client": server.client(),
        "dir": server.dir(),
        "folder": server.dir().join("state/sluice"),
        "companion": companion()?,
    });
    println!("{said}");
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

#[cfg(not(unix))]
fn main() -> anyhow::Result<()> {
    anyhow::bail!("places are computers with a shell of Unix")
}
