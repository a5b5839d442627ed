use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::{companion, eventually};

/// Where systems keep the server; it must be started by its whole path.
const SERVERS: [&str; 3] = ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd"];
/// Where a server of root wants an empty folder.
const OF_ROOT: &str = "/run/sshd";

/// A real server of OpenSSH on a port of loopback with keys and a configuration of its own, and a client's configuration in
/// which it is called `place`. What runs there finds `sluice`, has a home of its own, and keeps its state in it.
pub struct SshServer {
    child: Child,
    port: u16,
    dir: TempDir,
}

impl SshServer {
    /// Starts one; `None` where there is no OpenSSH, which is said on standard error.
    ///
    /// # Errors
    /// It did not start.
    pub fn start() -> Result<Option<Self>> {
        let server = SERVERS.into_iter().find(|path| Path::new(path).exists());
        let has_client = Command::new("ssh")
            .arg("-V")
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        let Some(server) = server.filter(|_| has_client) else {
            let reason = "places need OpenSSH's server and client (Debian: openssh-server)";
            assert!(std::env::var_os("CI").is_none(), "CI must not skip: {reason}");
            eprintln!("SKIPPED: {reason}");
            return Ok(None);
        };
        let dir = tempfile::tempdir()?;
        for folder in ["bin", "home", "state"] {
            fs::create_dir(dir.path().join(folder))?;
        }
        key(&dir.path().join("host_key"))?;
        key(&dir.path().join("key"))?;
        fs::copy(dir.path().join("key.pub"), dir.path().join("authorized_keys"))?;
        symlink(companion()?, dir.path().join("bin/sluice"))?;
        if user()? == "root" && !Path::new(OF_ROOT).exists() {
            fs::create_dir(OF_ROOT)?;
        }
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let child = launch(server, port, dir.path())?;
        let this = Self { child, port, dir };
        this.write_client()?;
        this.trust(&this.dir.path().join("host_key.pub"))?;
        eventually("the server of ssh listens", || {
            Ok(TcpStream::connect(("127.0.0.1", port)).is_ok())
        })?;
        Ok(Some(this))
    }

    /// A folder with everything of this server.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The home of those who log in.
    pub fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    /// Where commands that come through ssh are looked for first.
    pub fn bin(&self) -> PathBuf {
        self.dir.path().join("bin")
    }

    /// A program to be used as `ssh`, which knows the server as `place` and notes its process and its arguments.
    pub fn client(&self) -> PathBuf {
        self.dir.path().join("ssh")
    }

    /// Puts a script in the place of `sluice` there.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn install(&self, script: &str) -> Result<()> {
        let place = self.bin().join("sluice");
        fs::remove_file(&place)?;
        self::script(&place, script)
    }

    /// Has the client know this key as the server's.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn trust(&self, public_key: &Path) -> Result<()> {
        let line = format!("[127.0.0.1]:{} {}", self.port, fs::read_to_string(public_key)?);
        Ok(fs::write(self.dir.path().join("known_hosts"), line)?)
    }

    /// Has the client know no key of the server.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn forget_key(&self) -> Result<()> {
        Ok(fs::write(self.dir.path().join("known_hosts"), "")?)
    }

    /// Makes another pair of keys; returns where the private one is.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn other_key(&self) -> Result<PathBuf> {
        let place = self.dir.path().join("other");
        key(&place)?;
        Ok(place)
    }

    /// Lets nobody in with the client's key any more.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn lock_out(&self) -> Result<()> {
        Ok(fs::write(self.dir.path().join("authorized_keys"), "")?)
    }

    /// Runs `sluice` here.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn sluice(&self, arguments: &[&str]) -> Result<Output> {
        self.command(arguments)
            .and_then(|mut command| Ok(command.output()?))
    }

    /// `sluice` of a person who uses this server's client, and keeps nothing on this computer.
    ///
    /// # Errors
    /// It was not built.
    pub fn command(&self, arguments: &[&str]) -> Result<Command> {
        let mut command = Command::new(companion()?);
        command
            .args(arguments)
            .env("SLUICE_SSH", self.client())
            .env("XDG_STATE_HOME", self.dir.path().join("local"))
            .env("HOME", self.dir.path().join("local"))
            .stdin(Stdio::null());
        Ok(command)
    }

    /// Processes of the client that were started so far, the last one at the end; some have ended.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn clients(&self) -> Result<Vec<i32>> {
        let noted = fs::read_to_string(self.dir.path().join("processes")).unwrap_or_default();
        noted.lines().map(|line| Ok(line.trim().parse()?)).collect()
    }

    /// Everything that clients were given as arguments.
    pub fn arguments(&self) -> String {
        fs::read_to_string(self.dir.path().join("arguments")).unwrap_or_default()
    }

    /// Sends a signal, as `KILL` or `STOP`, to the client that was started last.
    ///
    /// # Errors
    /// There is none.
    pub fn signal_client(&self, signal: &str) -> Result<()> {
        let client = *self.clients()?.last().context("a client")?;
        let sent = Command::new("kill")
            .args([&format!("-{signal}"), "--", &client.to_string()])
            .status()?;
        ensure!(sent.success(), "{signal} could not be sent to {client}");
        Ok(())
    }

    fn write_client(&self) -> Result<()> {
        let dir = self.dir.path().display();
        let config = format!(
            "Host place\n HostName 127.0.0.1\n Port {port}\n User {user}\n IdentityFile {dir}/key\n IdentitiesOnly yes\n \
             IdentityAgent none\n UserKnownHostsFile {dir}/known_hosts\n GlobalKnownHostsFile /dev/null\n \
             StrictHostKeyChecking ask\n UpdateHostKeys no\nHost nowhere\n HostName 127.0.0.1\n Port 1\n",
            port = self.port,
            user = user()?,
        );
        fs::write(self.dir.path().join("config"), config)?;
        script(
            &self.client(),
            &format!(
                "#!/bin/sh\necho $$ >> {dir}/processes\nprintf '%s\\n' \"$@\" >> {dir}/arguments\nexec ssh -F {dir}/config \"$@\"\n"
            ),
        )
    }
}

impl Drop for SshServer {
    fn drop(&mut self) {
        // Connections that are open end with their clients.
        let ended = self.child.kill().and_then(|()| self.child.wait());
        if let Err(error) = ended {
            eprintln!("the server of ssh could not be ended: {error}");
        }
    }
}

fn launch(server: &str, port: u16, dir: &Path) -> Result<Child> {
    let place = dir.display();
    let config = format!(
        "Port {port}\nListenAddress 127.0.0.1\nHostKey {place}/host_key\nAuthorizedKeysFile {place}/authorized_keys\nPidFile none\n\
         StrictModes no\nUsePAM no\nPermitRootLogin yes\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPrintMotd no\n\
         MaxStartups 100\nMaxSessions 100\n\
         SetEnv PATH={place}/bin:/usr/bin:/bin HOME={place}/home XDG_STATE_HOME={place}/state\n"
    );
    let file = dir.join("sshd_config");
    fs::write(&file, config)?;
    let log = File::create(dir.join("sshd.log"))?;
    Command::new(server)
        .args(["-D", "-e", "-f"])
        .arg(&file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .with_context(|| format!("{server} cannot be started"))
}

fn key(place: &Path) -> Result<()> {
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f"])
        .arg(place)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()?;
    ensure!(made.success(), "ssh-keygen made no key");
    Ok(())
}

fn script(place: &Path, text: &str) -> Result<()> {
    use std::io::Write;

    let mut file = File::options()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o755)
        .open(place)?;
    file.write_all(text.as_bytes())?;
    file.set_permissions(fs::Permissions::from_mode(0o755))?;
    Ok(())
}

fn user() -> Result<String> {
    let said = Command::new("id").arg("-un").output()?;
    Ok(String::from_utf8(said.stdout)?.trim().to_owned())
}
