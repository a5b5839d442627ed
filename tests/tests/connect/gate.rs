use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};

use anyhow::{Context, Result};

/// A proxy before a worker's REST interface that lets those in who bring a token, as gateways of companies do. It ends with
/// the program.
pub struct TokenGate {
    address: SocketAddr,
}

impl TokenGate {
    /// Before the worker at `url`, with this token.
    pub fn before(url: &str, token: &str) -> Result<Self> {
        let worker: SocketAddr = url.strip_prefix("http://").context("no http")?.parse()?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let wanted = format!("authorization: bearer {token}").to_lowercase();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let wanted = wanted.clone();
                std::thread::spawn(move || {
                    if let Err(error) = pass(stream, worker, &wanted) {
                        eprintln!("a question to the worker was broken off: {error}");
                    }
                });
            }
        });
        Ok(Self { address })
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// Passes one question on and its answer back, then ends the connection.
fn pass(mut client: TcpStream, worker: SocketAddr, wanted: &str) -> std::io::Result<()> {
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
    if !head.iter().any(|line| line.to_lowercase() == wanted) {
        return client
            .write_all(b"HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    }
    let mut onward = TcpStream::connect(worker)?;
    head.retain(|line| !line.to_lowercase().starts_with("connection:"));
    write!(onward, "{}\r\nConnection: close\r\n\r\n", head.join("\r\n"))?;
    onward.write_all(&body)?;
    std::io::copy(&mut onward, &mut client).map(drop)
}
