use anyhow::{Result, ensure};
use serde_json::json;
use sluice_tests::{SshServer, companion};

use crate::scene::said;

/// A program that answers `hello` so, and all that follows with an empty list.
fn answering(hello: &serde_json::Value) -> String {
    let hello = hello.to_string().replace('\'', "");
    format!(
        "#!/bin/sh\nread line\nprintf '%s\\n' '{{\"id\":1,\"ok\":{hello}}}'\n\
         while read line; do id=${{line#*\\\"id\\\":}}; id=${{id%%,*}}; \
         case $line in *alive*) ;; *) printf '{{\"id\":%s,\"ok\":[]}}\\n' \"$id\" ;; esac; done\n"
    )
}

#[test]
fn another_version_there_is_named_and_what_it_does_not_know_is_refused() -> Result<()> {
    let Some(server) = SshServer::start()? else {
        return Ok(());
    };
    let hello = json!({
        "protocol": 1, "version": "9.8.7", "data_dir": "/d", "commands": ["source_list"],
        "presence": {"runs_tasks": true, "version": "9.8.6"},
    });
    server.install(&answering(&hello))?;
    let listed = server.sluice(&["--host", "place", "source", "list"])?;
    ensure!(listed.status.success(), "{}", said(&listed));
    for words in ["is version 9.8.7", "still version 9.8.6"] {
        ensure!(said(&listed).contains(words), "{words}: {}", said(&listed));
    }
    let removed = server.sluice(&["--host", "place", "source", "rm", "x"])?;
    ensure!(
        removed.status.code() == Some(2)
            && said(&removed).contains("is version 9.8.7 and does not know source_remove"),
        "{}",
        said(&removed)
    );
    Ok(())
}

#[test]
fn a_program_that_is_driven_another_way_is_told_apart_from_one_that_cannot_be() -> Result<()> {
    let Some(server) = SshServer::start()? else {
        return Ok(());
    };
    let list = ["--host", "place", "source", "list"];
    let hello = json!({
        "protocol": 2, "version": "9.8.7", "data_dir": "/d", "commands": [], "presence": {"runs_tasks": false},
    });
    server.install(&answering(&hello))?;
    let newer = server.sluice(&list)?;
    ensure!(said(&newer).contains("update Sluice here"), "{}", said(&newer));
    server.install("#!/bin/sh\necho \"error: unrecognized subcommand 'control'\" >&2\nexit 2\n")?;
    let older = server.sluice(&list)?;
    ensure!(
        said(&older).contains("is too old to be driven from here"),
        "{}",
        said(&older)
    );
    Ok(())
}

#[test]
fn what_login_scripts_print_before_is_left_out() -> Result<()> {
    let Some(server) = SshServer::start()? else {
        return Ok(());
    };
    let list = ["--host", "place", "source", "list"];
    let real = companion()?;
    server.install(&format!(
        "#!/bin/sh\necho 'Welcome to the server!'\necho\necho '*** 3 updates ***'\nexec {} \"$@\"\n",
        real.display()
    ))?;
    let listed = server.sluice(&list)?;
    ensure!(listed.status.success(), "{}", said(&listed));
    server.install("#!/bin/sh\nwhile :; do echo noise; done\n")?;
    let noisy = server.sluice(&list)?;
    ensure!(
        said(&noisy).contains("is not an answer of `sluice`"),
        "{}",
        said(&noisy)
    );
    Ok(())
}
