use std::ffi::OsString;
use std::process::{Command, Stdio};

use super::failure::FarFailure;
use super::host::Host;

/// Names another program than `ssh`, as for one that needs options of its own.
const PROGRAM: &str = "SLUICE_SSH";
/// How long `ssh` may take to connect, in seconds.
const CONNECT_SECONDS: u32 = 15;

/// What runs there. The shell that carries it out is the user's login shell, whichever that is, so all it has to understand is
/// quotes. Commands of ssh often have a shorter PATH than a terminal.
const FOLDER_OF_USER: &str = r#"PATH="$PATH:/usr/local/bin:$HOME/.local/bin"; exec sluice control --stdio"#;
const FOLDER_GIVEN: &str =
    r#"PATH="$PATH:/usr/local/bin:$HOME/.local/bin"; exec sluice control --stdio --data="$1""#;

/// The person's own `ssh`, with its configuration, agent, jump hosts and host keys.
#[derive(Debug, Clone)]
pub struct Ssh {
    program: OsString,
    may_ask: bool,
}

impl Ssh {
    /// The program that SLUICE_SSH names, or `ssh`. Where `may_ask`, it may ask the person at the terminal for what it needs;
    /// otherwise what would need an answer fails.
    pub fn of_environment(may_ask: bool) -> Self {
        let program = std::env::var_os(PROGRAM).filter(|program| !program.is_empty());
        Self::named(program.unwrap_or_else(|| "ssh".into()), may_ask)
    }

    /// A program that takes the same arguments.
    pub fn named(program: impl Into<OsString>, may_ask: bool) -> Self {
        Self {
            program: program.into(),
            may_ask,
        }
    }

    /// Whether it may ask the person at the terminal.
    pub(super) fn may_ask(&self) -> bool {
        self.may_ask
    }

    /// The command that starts `sluice` on `host`.
    ///
    /// # Errors
    /// The data folder cannot be named in a command.
    pub(super) fn command(&self, host: &Host) -> Result<Command, FarFailure> {
        let mut command = Command::new(&self.program);
        command
            .arg("-T")
            .args([
                "-o",
                if self.may_ask {
                    "BatchMode=no"
                } else {
                    "BatchMode=yes"
                },
            ])
            .args(["-o", &format!("ConnectTimeout={CONNECT_SECONDS}")])
            // This connection is for one thing: whatever else the configuration wants of connections to this host is not made.
            .args(["-o", "ClearAllForwardings=yes"])
            .args(["-o", "ForwardAgent=no", "-o", "ForwardX11=no"])
            .args(["-o", "RemoteCommand=none"])
            // A connection that others share is used, but others do not depend on this one: it is ended when it falls silent.
            .args(["-o", "ControlMaster=no"])
            .args(["--", host.destination()])
            .arg(there(host)?)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        #[cfg(windows)]
        {
            use std::os::windows::process::CommandExt;
            /// Without this a console window would open for it.
            const CREATE_NO_WINDOW: u32 = 0x0800_0000;
            if !self.may_ask {
                command.creation_flags(CREATE_NO_WINDOW);
            }
        }
        Ok(command)
    }
}

/// The command line for the shell there.
fn there(host: &Host) -> Result<String, FarFailure> {
    let mut words = vec!["exec", "sh", "-c"];
    match host.folder() {
        None => words.push(FOLDER_OF_USER),
        Some(folder) => words.extend([FOLDER_GIVEN, "sluice", folder]),
    }
    shlex::try_join(words).map_err(|error| FarFailure::Folder {
        reason: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_there_reads_the_folder_as_it_was_written() {
        for folder in [
            "/var/lib/sluice",
            "my data/grün",
            "it's \"$HOME\" `x` $(y) !z \\",
            "-x",
            "*?[a]",
        ] {
            let host: Host = format!("a@b:{folder}").parse().unwrap();
            let words = shlex::split(&there(&host).unwrap()).unwrap();
            assert_eq!(words, ["exec", "sh", "-c", FOLDER_GIVEN, "sluice", folder]);
        }
    }

    #[test]
    fn a_host_is_behind_all_options() {
        let host: Host = "anna@kafka-1".parse().unwrap();
        let command = Ssh::of_environment(false).command(&host).unwrap();
        let words: Vec<_> = command
            .get_args()
            .map(|word| word.to_string_lossy().into_owned())
            .collect();
        let place = words.iter().position(|word| word == "--").unwrap();
        assert_eq!(words[place + 1], "anna@kafka-1");
        assert_eq!(words.len(), place + 3);
        assert!(words.contains(&"BatchMode=yes".to_owned()));
    }
}
