use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};

/// A proxy before a worker's REST interface. It ends with the program.
pub struct Gate {
    address: SocketAddr,
    is_starting: Arc<AtomicBool>,
}

impl Gate {
    /// Before the worker at `url`. With a token it lets those in who bring it, as gateways of companies do.
    pub fn before(url: &str, token: Option<&str>) -> Result<Self> {
        let worker: SocketAddr = url.strip_prefix("http://").context("no http")?.parse()?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let is_starting = Arc::new(AtomicBool::new(false));
        let door = Door {
            worker,
            wanted: token.map(|token| format!("authorization: bearer {token}").to_lowercase()),
            is_starting: Arc::clone(&is_starting),
        };
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let door = door.clone();
                std::thread::spawn(move || {
                    if let Err(error) = door.pass(stream) {
                        eprintln!("a question to the worker was broken off: {error}");
                    }
                });
            }
        });
        Ok(Self { address, is_starting })
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Answers as a worker does whose web server is there before its interface: everything is 404, in HTML.
    pub fn answers_as_while_starting(&self, is_so: bool) {
        self.is_starting.store(is_so, Ordering::SeqCst);
    }
}

#[derive(Clone)]
struct Door {
    worker: SocketAddr,
    wanted: Option<String>,
    is_starting: Arc<AtomicBool>,
}

impl Door {
    /// Passes one question on and its answer back, then ends the connection.
    fn pass(&self, mut client: TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(client.try_clone()?);
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? <= 2 {
                break;
            }
            head.push(line.trim_end().to_owned());
        }
        let header = |name: &str| {
            head.iter()
                .find(|line| line.to_lowercase().starts_with(name))
                .map(|line| line[name.len()..].trim().to_owned())
        };
        let length = header("content-length:").and_then(|length| length.parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        reader.read_exact(&mut body)?;
        if self.is_starting.load(Ordering::SeqCst) {
            let body = "<html><head><title>Error 404 Not Found</title></head></html>";
            return write!(
                client,
                "HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
        }
        let has = |wanted: &String| head.iter().any(|line| line.to_lowercase() == *wanted);
        if !self.wanted.as_ref().is_none_or(has) {
            return client
                .write_all(b"HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        }
        let mut onward = TcpStream::connect(self.worker)?;
        head.retain(|line| !line.to_lowercase().starts_with("connection:"));
        write!(onward, "{}\r\nConnection: close\r\n\r\n", head.join("\r\n"))?;
        onward.write_all(&body)?;
        std::io::copy(&mut onward, &mut client).map(drop)
    }
}
