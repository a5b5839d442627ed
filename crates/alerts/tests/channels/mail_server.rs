use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use rustls::ServerConfig;

use crate::stream::Stream;

/// A mail server that takes one connection after the other and remembers what it was told.
pub struct MailServer {
    pub port: u16,
    conversations: Receiver<Vec<String>>,
}

/// How it behaves.
#[derive(Clone, Default)]
pub struct Behaviour {
    /// Its first words instead of a friendly 220.
    pub greeting: Option<&'static str>,
    /// What it offers, as `AUTH PLAIN`.
    pub offers: Vec<&'static str>,
    /// Answers to commands that begin like this, instead of a friendly one.
    pub answers: Vec<(&'static str, &'static str)>,
    /// Its certificate.
    pub tls: Option<Arc<ServerConfig>>,
    /// Whether it is secure from the beginning.
    pub wrapped: bool,
}

impl MailServer {
    pub fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (heard, conversations) = channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut log = Vec::new();
                // A client that breaks off is part of some tests; they look at its side.
                converse(Stream::Plain(stream.unwrap()), &behaviour, &mut log).ok();
                if heard.send(log).is_err() {
                    return;
                }
            }
        });
        Self { port, conversations }
    }

    /// The lines of the next conversation, from the client; waits for its end. A line `<secure>` stands where it became secure.
    pub fn conversation(&self) -> Vec<String> {
        self.conversations.recv_timeout(Duration::from_secs(20)).unwrap()
    }
}

fn converse(stream: Stream, behaviour: &Behaviour, log: &mut Vec<String>) -> std::io::Result<()> {
    let mut stream = stream;
    let secured = |stream: Stream| match &behaviour.tls {
        Some(config) => stream.secured(config),
        None => stream,
    };
    if behaviour.wrapped {
        stream = secured(stream);
    }
    let say = |stream: &mut Stream, text: &str| -> std::io::Result<()> {
        stream.write_all(format!("{text}\r\n").as_bytes())?;
        stream.flush()
    };
    say(&mut stream, behaviour.greeting.unwrap_or("220 mail.test ready"))?;
    let mut in_message = false;
    loop {
        let line = stream.line()?;
        if line.is_empty() && !in_message {
            return Ok(());
        }
        log.push(line.clone());
        if in_message {
            if line == "." {
                in_message = false;
                let answer = behaviour.answers.iter().find(|(command, _)| *command == ".");
                say(&mut stream, answer.map_or("250 taken", |(_, answer)| answer))?;
            }
            continue;
        }
        let upper = line.to_ascii_uppercase();
        if let Some((_, answer)) = behaviour
            .answers
            .iter()
            .find(|(command, _)| upper.starts_with(command))
        {
            say(&mut stream, answer)?;
        } else if upper.starts_with("EHLO") {
            let mut lines = vec!["mail.test"];
            lines.extend(&behaviour.offers);
            let last = lines.len() - 1;
            for (i, line) in lines.iter().enumerate() {
                say(
                    &mut stream,
                    &format!("250{}{line}", if i == last { ' ' } else { '-' }),
                )?;
            }
        } else if upper == "STARTTLS" {
            say(&mut stream, "220 go ahead")?;
            stream = secured(stream);
            log.push("<secure>".to_owned());
        } else if upper.starts_with("AUTH") {
            say(&mut stream, "235 welcome")?;
        } else if upper == "DATA" {
            in_message = true;
            say(&mut stream, "354 go on")?;
        } else if upper == "QUIT" {
            return say(&mut stream, "221 bye");
        } else {
            say(&mut stream, "250 fine")?;
        }
    }
}
