//! Where secrets are kept on Linux with and without a keychain. Which bus a process uses is settled by its environment
//! and for its whole life, so each of these tests is a process of its own.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test may fail by it")]

mod rows_and_secrets;

use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use sluice_model::Secret;
use sluice_store::{SecretLevel, SecretPreference, SqliteStore, open_secrets};

/// Tells the test that it is the process with the other bus, and where its state is.
const CHILD: &str = "SLUICE_STORE_TEST_KEYCHAIN";
/// More than the 3 s a keychain has to prove itself, for a machine that does much else; less than any time-out of
/// D-Bus.
const DEADLINE: Duration = Duration::from_secs(15);

/// What the processes of these tests do after `start`, with the session bus at `bus`.
fn run(test: &str, start: &[&str], bus: Option<&str>, dir: &Path) {
    let program = std::env::current_exe().unwrap();
    let program = program.to_str().unwrap();
    let words: Vec<&str> = start
        .iter()
        .copied()
        .chain([program, "--exact", test, "--nocapture"])
        .collect();
    let mut command = Command::new(words[0]);
    command
        .args(&words[1..])
        .env(CHILD, dir)
        // A bus and a keyring of the user who runs the tests are not to be touched.
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
        .env_remove("GNOME_KEYRING_CONTROL")
        .env("XDG_RUNTIME_DIR", dir)
        .env("HOME", dir)
        .env_remove("XDG_DATA_HOME");
    if let Some(bus) = bus {
        command.env("DBUS_SESSION_BUS_ADDRESS", bus);
    }
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Whether this is the process of a test, and where its state is.
fn child() -> Option<std::path::PathBuf> {
    std::env::var_os(CHILD).map(Into::into)
}

fn installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(program).is_file())
}

/// Secrets go to a file, with a passphrase or a key beside it, and a keychain that was asked for is missed: each within
/// `DEADLINE`.
fn finds_no_keychain(dir: &Path) {
    for (passphrase, name) in [(None, "key"), (Some(Secret::new("correct horse")), "passphrase")] {
        let start = Instant::now();
        let preference = SecretPreference::Automatic { passphrase };
        let secrets = open_secrets(&dir.join(name), preference, false).unwrap();
        assert!(start.elapsed() < DEADLINE, "{name}: {:?}", start.elapsed());
        assert_eq!(secrets.level(), SecretLevel::File);
        secrets.put("ds-1", &Secret::new("hunter2")).unwrap();
        assert_eq!(secrets.get("ds-1").unwrap(), Some(Secret::new("hunter2")));
    }
    let error = open_secrets(dir, SecretPreference::Keychain, false)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("cannot be used")
            && error.contains("try again")
            && error.contains("enter the secrets again"),
        "{error}"
    );
    // Where the secrets are in a keychain its absence is an error, and nothing takes its place.
    let kept = dir.join("kept");
    let secrets = open_secrets(&kept, SecretPreference::Automatic { passphrase: None }, true).unwrap();
    assert!(secrets.get("ds-1").is_err() && secrets.put("ds-1", &Secret::new("hunter2")).is_err());
    assert_eq!(std::fs::read_dir(kept).unwrap().count(), 0);
}

/// A keychain that does not answer is an error of who needs a secret, within `DEADLINE`, and no key file takes its place.
fn waits_for_a_silent_keychain(dir: &Path) {
    let start = Instant::now();
    let secrets = open_secrets(dir, SecretPreference::Automatic { passphrase: None }, false).unwrap();
    assert_eq!(secrets.level(), SecretLevel::Keychain);
    let error = secrets.get("ds-1").unwrap_err().to_string();
    assert!(error.contains("has not answered"), "{error}");
    assert!(start.elapsed() < DEADLINE, "{:?}", start.elapsed());
    assert!(!dir.join("secrets.key").exists() && !dir.join("secrets.enc").exists());
    let passphrase = Some(Secret::new("correct horse"));
    let chosen = dir.join("chosen");
    let secrets = open_secrets(&chosen, SecretPreference::Automatic { passphrase }, false).unwrap();
    assert_eq!(secrets.level(), SecretLevel::File, "a passphrase was offered");
}

#[test]
fn without_a_bus_secrets_go_elsewhere_at_once() {
    if let Some(dir) = child() {
        return finds_no_keychain(&dir);
    }
    let dir = tempfile::tempdir().unwrap();
    let start = Instant::now();
    run(
        "without_a_bus_secrets_go_elsewhere_at_once",
        &[],
        Some("unix:path=/nonexistent/bus"),
        dir.path(),
    );
    assert!(start.elapsed() < DEADLINE, "{:?}", start.elapsed());
}

#[test]
fn a_bus_that_never_answers_is_given_up_and_the_process_still_ends() {
    if let Some(dir) = child() {
        let start = Instant::now();
        waits_for_a_silent_keychain(&dir);
        assert!(start.elapsed() >= Duration::from_secs(3), "it has had its time");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("bus");
    let _silent = UnixListener::bind(&socket).unwrap();
    run(
        "a_bus_that_never_answers_is_given_up_and_the_process_still_ends",
        &[],
        Some(&format!("unix:path={}", socket.display())),
        dir.path(),
    );
}

#[test]
fn a_bus_without_a_keychain_is_as_none() {
    if let Some(dir) = child() {
        return finds_no_keychain(&dir);
    }
    if !installed("dbus-run-session") || installed("gnome-keyring-daemon") {
        eprintln!("not shown: it needs dbus-run-session, and that no keychain is installed");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    run(
        "a_bus_without_a_keychain_is_as_none",
        &["dbus-run-session", "--"],
        None,
        dir.path(),
    );
}

#[test]
fn a_keychain_that_works_is_used_and_each_directory_has_its_own_entries() {
    if let Some(dir) = child() {
        let (one, other) = (dir.join("one"), dir.join("other"));
        let auto = || SecretPreference::Automatic { passphrase: None };
        let secrets = open_secrets(&one, auto(), false).unwrap();
        assert_eq!(secrets.level(), SecretLevel::Keychain);
        assert_eq!(secrets.get("ds-1").unwrap(), None);
        secrets.put("ds-1", &Secret::new("first")).unwrap();
        secrets.put("ds-1", &Secret::new("hünter2")).unwrap();
        assert_eq!(
            open_secrets(&other, auto(), false).unwrap().get("ds-1").unwrap(),
            None,
            "of another directory"
        );
        drop(secrets);
        let secrets = open_secrets(&one, SecretPreference::Keychain, false).unwrap();
        assert_eq!(secrets.get("ds-1").unwrap(), Some(Secret::new("hünter2")));
        secrets.put("ds-1", &Secret::new("")).unwrap();
        secrets.remove("ds-1").unwrap();
        assert_eq!(secrets.get("ds-1").unwrap(), None);
        let files = |dir: &Path| -> Vec<_> {
            std::fs::read_dir(dir)
                .unwrap()
                .map(|file| file.unwrap().file_name())
                .collect()
        };
        assert_eq!(files(&one), ["secrets.place"], "nothing else is on disk");
        assert!(files(&other).is_empty(), "it has no secret yet");
        let rows = dir.join("rows");
        let secrets = open_secrets(&rows, SecretPreference::Keychain, false).unwrap();
        let store = SqliteStore::open(&rows).unwrap();
        rows_and_secrets::save(&store, &*secrets);
        rows_and_secrets::are_not_below(&rows, None);
        drop(store);
        rows_and_secrets::are_not_below(&rows, None);
        return;
    }
    let needed = ["dbus-run-session", "dbus-send", "gnome-keyring-daemon"];
    if !needed.into_iter().all(installed) {
        eprintln!("not shown: it needs {}", needed.join(", "));
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    // The daemon goes to the background before its name is on the bus.
    let unlock = "printf pass | gnome-keyring-daemon --unlock --components=secrets >/dev/null || exit 1
        tries=600
        until dbus-send --session --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.NameHasOwner \
            string:org.freedesktop.secrets | grep -q 'boolean true'; do
            tries=$((tries - 1)); [ $tries -gt 0 ] || exit 1; sleep 0.05
        done
        exec \"$@\"";
    run(
        "a_keychain_that_works_is_used_and_each_directory_has_its_own_entries",
        &["dbus-run-session", "--", "sh", "-c", unlock, "sh"],
        None,
        dir.path(),
    );
}
