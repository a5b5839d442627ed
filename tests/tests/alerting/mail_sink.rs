use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A mail that was taken.
#[derive(Debug, Clone, Default)]
pub struct Mail {
    /// What the client logged in with, decoded.
    pub login: Option<String>,
    /// The sender.
    pub from: String,
    /// The recipients.
    pub to: Vec<String>,
    /// Headers and body.
    pub lines: Vec<String>,
}

/// A mail server on a port of its own that takes every mail but those for a `refused` one.
pub struct MailSink {
    port: u16,
    mails: Arc<Mutex<Vec<Mail>>>,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl MailSink {
    /// Starts one.
    ///
    /// # Errors
    /// There is no port.
    pub fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let (mails, ended): (Arc<Mutex<Vec<Mail>>>, Arc<AtomicBool>) = Default::default();
        let thread = std::thread::spawn({
            let (mails, ended) = (Arc::clone(&mails), Arc::clone(&ended));
            move || {
                for stream in listener.incoming().flatten() {
                    if ended.load(Ordering::SeqCst) {
                        return;
                    }
                    if let Err(error) = converse(stream, &mails) {
                        eprintln!("the mail server: {error:#}");
                    }
                }
            }
        });
        Ok(Self {
            port,
            mails,
            ended,
            thread: Some(thread),
        })
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What it has taken so far.
    pub fn mails(&self) -> Vec<Mail> {
        self.mails.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for MailSink {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        // Only to wake the thread that waits for connections.
        if TcpStream::connect(("127.0.0.1", self.port)).is_ok()
            && let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            eprintln!("the mail server's thread panicked");
        }
    }
}

fn converse(mut stream: TcpStream, mails: &Mutex<Vec<Mail>>) -> Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut mail = Mail::default();
    write!(stream, "220 mail.test ready\r\n")?;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let line = line.trim_end();
        let path = || -> Result<String> {
            let (_, rest) = line.split_once('<').context("no address")?;
            let (path, _) = rest.split_once('>').context("no end of the address")?;
            Ok(path.to_owned())
        };
        let answer = if line.starts_with("EHLO") {
            "250-mail.test\r\n250 AUTH PLAIN"
        } else if let Some(login) = line.strip_prefix("AUTH PLAIN ") {
            mail.login = Some(String::from_utf8(STANDARD.decode(login)?)?);
            "235 welcome"
        } else if line.starts_with("MAIL FROM:") {
            mail.from = path()?;
            "250 fine"
        } else if line.starts_with("RCPT TO:<refused") {
            "550 no such person"
        } else if line.starts_with("RCPT TO:") {
            mail.to.push(path()?);
            "250 fine"
        } else if line == "DATA" {
            write!(stream, "354 go on\r\n")?;
            loop {
                let mut line = String::new();
                reader.read_line(&mut line)?;
                match line.trim_end() {
                    "." => break,
                    line => mail.lines.push(line.to_owned()),
                }
            }
            mails
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(std::mem::take(&mut mail));
            "250 taken"
        } else if line == "QUIT" {
            write!(stream, "221 bye\r\n")?;
            return Ok(());
        } else {
            "250 fine"
        };
        write!(stream, "{answer}\r\n")?;
    }
}
