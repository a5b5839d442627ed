use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use rustls::ServerConfig;

use crate::stream::Stream;

/// What a webhook sent.
#[derive(Debug)]
pub struct Request {
    pub line: String,
    /// By name in lower case.
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

/// An HTTP server that answers each connection with the next of its answers, and then is gone.
pub struct HttpReceiver {
    pub address: SocketAddr,
    requests: Receiver<Request>,
}

/// An answer with a status line and a body.
pub fn answer(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

impl HttpReceiver {
    pub fn new(answers: &[String]) -> Self {
        Self::start(answers, None)
    }

    pub fn secure(answers: &[String], config: Arc<ServerConfig>) -> Self {
        Self::start(answers, Some(config))
    }

    fn start(answers: &[String], tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let (seen, requests) = channel();
        let answers = answers.to_vec();
        thread::spawn(move || {
            for answer in answers {
                let (stream, _) = listener.accept().unwrap();
                let mut stream = Stream::Plain(stream);
                if let Some(config) = &tls {
                    stream = stream.secured(config);
                }
                // A client that breaks off is part of some tests; they look at its side.
                serve(&mut stream, &answer, &seen).ok();
            }
        });
        Self { address, requests }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The next request; waits for it.
    pub fn request(&self) -> Request {
        self.requests.recv_timeout(Duration::from_secs(20)).unwrap()
    }

    /// Whether nothing has come so far.
    pub fn is_untouched(&self) -> bool {
        self.requests.try_recv().is_err()
    }
}

fn serve(stream: &mut Stream, answer: &str, seen: &Sender<Request>) -> std::io::Result<()> {
    let line = stream.line()?;
    let mut headers = BTreeMap::new();
    loop {
        let header = stream.line()?;
        let Some((name, value)) = header.split_once(':') else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length: usize = headers
        .get("content-length")
        .map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    let request = Request {
        line,
        headers,
        body: String::from_utf8(body).unwrap(),
    };
    seen.send(request).unwrap();
    stream.write_all(answer.as_bytes())?;
    stream.flush()
}
