use std::fs;
use std::process::Output;

use anyhow::{Result, ensure};
use sluice_app::{ErrorCode, FarApp, Ssh, Standing};
use sluice_tests::SshServer;

use crate::scene::said;

/// It has failed as a command that could not start, with these words.
fn refused(output: &Output, words: &[&str]) -> Result<()> {
    let said = said(output);
    ensure!(output.status.code() == Some(2), "{:?}: {said}", output.status);
    for word in words {
        ensure!(said.contains(word), "'{word}' is not in: {said}");
    }
    Ok(())
}

#[test]
fn a_host_key_that_is_not_the_known_one_is_refused_and_nothing_is_sent() -> Result<()> {
    let Some(server) = SshServer::start()? else {
        return Ok(());
    };
    let list = ["--host", "place", "source", "list"];
    ensure!(server.sluice(&list)?.status.success());
    server.forget_key()?;
    refused(
        &server.sluice(&list)?,
        &[
            "host key of 'place' is not known here",
            "compare the key's fingerprint",
            "ssh place",
        ],
    )?;
    let other = server.other_key()?;
    server.trust(&other.with_extension("pub"))?;
    refused(
        &server.sluice(&list)?,
        &[
            "'place' has another host key than before",
            "Nothing was sent",
            "ssh-keygen -R place",
        ],
    )?;
    // It is not tried again by itself, but when a person says so.
    let app = FarApp::start(
        "place".parse()?,
        Ssh::named(server.client(), false),
        std::time::Duration::ZERO,
        |_| (),
    )?;
    let error = app.connected().expect_err("the key is another one");
    ensure!(
        error.code == ErrorCode::PlaceUnreachable && !error.retryable,
        "{error:?}"
    );
    ensure!(
        matches!(app.standing(), Standing::Refused(_)),
        "{:?}",
        app.standing()
    );
    let attempts = server.clients()?.len();
    server.trust(&server.dir().join("host_key.pub"))?;
    ensure!(server.clients()?.len() == attempts, "nothing was tried meanwhile");
    app.try_now();
    sluice_tests::eventually("it is connected", || {
        Ok(matches!(app.standing(), Standing::Connected(_)))
    })
}

#[test]
fn what_keeps_a_connection_from_coming_about_is_said_with_what_to_do() -> Result<()> {
    let Some(server) = SshServer::start()? else {
        return Ok(());
    };
    let list = ["--host", "place", "source", "list"];
    let nowhere = ["--host", "nowhere", "source", "list"];
    refused(
        &server.sluice(&nowhere)?,
        &["'nowhere' cannot be reached", "Connection refused"],
    )?;
    refused(
        &server.sluice(&["--host=-oProxyCommand=true", "source", "list"])?,
        &["must not begin with '-'"],
    )?;
    refused(
        &server.sluice(&["--host", "place", "demo"])?,
        &["`sluice demo`", "log in there"],
    )?;
    let mut without = server.command(&list)?;
    refused(
        &without.env("SLUICE_SSH", server.dir().join("missing")).output()?,
        &["ssh cannot be started here", "install OpenSSH's client"],
    )?;
    fs::rename(server.bin().join("sluice"), server.dir().join("aside"))?;
    refused(
        &server.sluice(&list)?,
        &[
            "`sluice` was not found on 'place'",
            "/usr/local/bin",
            "docs/guide/places.md",
        ],
    )?;
    fs::write(server.bin().join("sluice"), "not a program")?;
    refused(&server.sluice(&list)?, &["'place'"])?;
    fs::rename(server.dir().join("aside"), server.bin().join("sluice"))?;
    ensure!(server.sluice(&list)?.status.success());
    server.lock_out()?;
    refused(
        &server.sluice(&list)?,
        &["'place' refuses the login", "Permission denied", "ssh-copy-id"],
    )
}

#[test]
fn a_folder_that_cannot_be_used_is_said_in_the_words_of_the_other_side() -> Result<()> {
    let Some(server) = SshServer::start()? else {
        return Ok(());
    };
    let file = server.dir().join("file");
    fs::write(&file, "")?;
    let host = format!("place:{}", file.display());
    refused(
        &server.sluice(&["--host", &host, "source", "list"])?,
        &["Sluice on 'place' cannot work", "file"],
    )
}
