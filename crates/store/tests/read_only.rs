//! Places that this user may not write to. Root may write everywhere, so each of these tests
//! looks from a process of its own, as a user without rights.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test may fail by it")]

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use sluice_store::{DATABASE_FILE, Owner, SqliteStore, StateError};

/// Tells the test that it is the process without rights, and where the state is.
const CHILD: &str = "SLUICE_STORE_TEST_READ_ONLY";
/// The user and group "nobody" of every Linux distribution we know; any number that owns nothing will do.
const NOBODY: u32 = 65_534;

fn child() -> Option<PathBuf> {
    std::env::var_os(CHILD).map(Into::into)
}

fn permit(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// Whether this user may write where no one is permitted to.
fn is_root(dir: &Path) -> bool {
    let probe = dir.join("probe");
    fs::write(&probe, "").unwrap();
    permit(&probe, 0o400);
    fs::OpenOptions::new().write(true).open(&probe).is_ok()
}

/// Does the test `name` in another process that looks at `state`.
fn look(name: &str, dir: &Path, state: &Path) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", name, "--nocapture"])
        .current_dir("/")
        .env(CHILD, state);
    if is_root(dir) {
        permit(dir, 0o755);
        command.uid(NOBODY).gid(NOBODY);
    }
    let output = match command.output() {
        // The tests were built where only root may look.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            eprintln!("not shown: another user cannot start the tests");
            return;
        }
        output => output.unwrap(),
    };
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn a_directory_that_may_only_be_read_is_named_and_another_asked_for() {
    if let Some(state) = child() {
        for (error, place) in [
            (SqliteStore::open(&state.join("new")).unwrap_err(), "state/new"),
            (SqliteStore::open(&state).unwrap_err(), "state"),
            (Owner::take(&state, "Sluice").unwrap_err(), "state"),
        ] {
            assert!(matches!(error, StateError::Directory { .. }), "{error:?}");
            let text = error.to_string();
            assert!(
                text.contains(&format!("{place}' cannot be used"))
                    && text.contains("Choose a directory this user may write to"),
                "{text}"
            );
        }
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state");
    drop(SqliteStore::open(&state).unwrap());
    for file in fs::read_dir(&state).unwrap() {
        permit(&file.unwrap().path(), 0o444);
    }
    permit(&state, 0o555);
    look(
        "a_directory_that_may_only_be_read_is_named_and_another_asked_for",
        dir.path(),
        &state,
    );
    permit(&state, 0o755);
}

#[test]
fn a_database_that_may_only_be_read_is_named_with_what_to_check() {
    if let Some(state) = child() {
        let error = SqliteStore::open(&state).unwrap_err();
        assert!(matches!(error, StateError::NotWritable { .. }), "{error:?}");
        let text = error.to_string();
        assert!(
            text.contains(DATABASE_FILE)
                && text.contains("cannot be opened for writing")
                && text.contains("Check its owner and permissions"),
            "{text}"
        );
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state");
    drop(SqliteStore::open(&state).unwrap());
    for file in fs::read_dir(&state).unwrap() {
        permit(&file.unwrap().path(), 0o666);
    }
    permit(&state.join(DATABASE_FILE), 0o444);
    permit(&state, 0o777);
    look(
        "a_database_that_may_only_be_read_is_named_with_what_to_check",
        dir.path(),
        &state,
    );
}
