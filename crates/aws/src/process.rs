//! Credentials from a command of the user's own (`credential_process`).

use std::io::{self, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crate::credentials::Credentials;
use crate::error::{AwsError, Result};

/// How long a command may take, as with AWS's tools.
const DEADLINE: Duration = Duration::from_secs(60);
/// How often is looked whether a command has ended that has said all.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);
/// More than any credentials are.
const ANSWER_LIMIT: u64 = 64 * 1024;

/// Runs the command of a profile, which prints credentials as JSON.
///
/// # Errors
/// It cannot be run, fails, takes too long or prints something else.
pub(crate) fn run(command: &str, profile: &str, now: SystemTime) -> Result<Credentials> {
    let failed =
        |reason: String| AwsError::profile(profile, format!("has a credential_process that {reason}"));
    let mut child = shell(command)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        // What it says there may be anything.
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| failed(format!("cannot be run: {error}")))?;
    let Some(stdout) = child.stdout.take() else {
        return Err(failed("prints nothing".to_owned()));
    };
    let until = Instant::now() + DEADLINE;
    let (sender, receiver) = mpsc::sync_channel(1);
    // Ends with the command's output; nobody waits for it after the deadline.
    let reading = thread::Builder::new()
        .name("sluice-credentials".to_owned())
        .spawn(move || {
            let mut printed = Vec::new();
            let read = stdout.take(ANSWER_LIMIT).read_to_end(&mut printed);
            // The receiver is gone after the deadline.
            sender.send(read.map(|_| printed)).ok();
        });
    // Where there is no thread, nothing is ever received.
    if let Err(error) = &reading {
        tracing::warn!("no thread for a command's output: {error}");
    }
    let printed = receiver.recv_timeout(DEADLINE).ok();
    let until = if printed.is_some() { until } else { Instant::now() };
    let status =
        ended(&mut child, until).map_err(|error| failed(format!("cannot be waited for: {error}")))?;
    let (Some(Ok(printed)), Some(status)) = (printed, status) else {
        return Err(failed(format!("did not answer within {} s", DEADLINE.as_secs())));
    };
    if !status.success() {
        return Err(failed(format!(
            "failed ({status}): run it in a terminal to see why"
        )));
    }
    let json: serde_json::Value = serde_json::from_slice(&printed).unwrap_or_default();
    if json["Version"] != 1 {
        return Err(failed(
            "printed something else than credentials of version 1".to_owned(),
        ));
    }
    let service = format!("the credential_process of the AWS profile '{profile}'");
    Credentials::from_json(&json, "SessionToken", &service, now)
}

/// Waits for a command's end, and makes it end when its time is over.
fn ended(child: &mut Child, until: Instant) -> io::Result<Option<ExitStatus>> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if until <= Instant::now() {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(LOOK_INTERVAL);
    }
}

#[cfg(unix)]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", command]);
    shell
}

#[cfg(windows)]
fn shell(command: &str) -> Command {
    use std::os::windows::process::CommandExt;
    /// No window opens for it.
    const CREATE_NO_WINDOW: u32 = 0x0800_0000;
    let mut shell = Command::new("cmd.exe");
    // As it stands: cmd has its own rules for quotes. With /S it takes off the outermost pair and nothing else; without, it takes the first and
    // the last of a command with several, and a program in a folder with blanks is not found. /D: nothing runs before it.
    shell
        .args(["/D", "/S", "/C"])
        .raw_arg(format!("\"{command}\""))
        .creation_flags(CREATE_NO_WINDOW);
    shell
}

#[cfg(windows)]
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_in_a_folder_with_blanks_gets_its_arguments_as_they_were_written() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("my tools");
        std::fs::create_dir(&folder).unwrap();
        let program = folder.join("say it.cmd");
        std::fs::write(
            &program,
            "@echo {\"Version\":1,\"AccessKeyId\":\"%~1\",\"SecretAccessKey\":\"%~2\"}\r\n",
        )
        .unwrap();
        let command = format!("\"{}\" \"a key\" \"hunter 2\"", program.display());
        let read = run(&command, "x", SystemTime::now()).unwrap();
        assert_eq!(read.access_key_id, "a key");
        assert_eq!(read.secret_access_key.reveal(), "hunter 2");
    }

    #[test]
    fn a_command_that_fails_is_named_and_what_it_printed_is_not_shown() {
        let error = run("echo hunter2& exit 3", "x", SystemTime::now())
            .unwrap_err()
            .to_string();
        assert!(error.contains("failed") && error.contains("'x'"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use sluice_model::Secret;

    use super::*;

    fn ran(command: &str) -> Result<Credentials> {
        run(command, "x", SystemTime::now())
    }

    #[test]
    fn what_the_command_prints_is_taken() {
        let read = ran(
            r#"echo '{"Version":1,"AccessKeyId":"A","SecretAccessKey":"hunter2","SessionToken":"t","Expiration":"2199-01-01T00:00:00Z"}'"#,
        )
        .unwrap();
        assert_eq!(read.access_key_id, "A");
        assert_eq!(read.session_token.as_ref().map(Secret::reveal), Some("t"));
        assert!(read.expires.is_some());
    }

    #[test]
    fn a_command_that_fails_is_named_and_what_it_printed_is_not_shown() {
        for (command, word) in [
            ("echo hunter2; exit 3", "failed"),
            ("echo hunter2", "something else"),
            (r#"echo '{"Version":2,"SecretAccessKey":"hunter2"}'"#, "version 1"),
            (
                r#"echo '{"Version":1,"SecretAccessKey":"hunter2"}'"#,
                "no AccessKeyId",
            ),
        ] {
            let error = ran(command).unwrap_err().to_string();
            assert!(error.contains(word) && error.contains("'x'"), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
