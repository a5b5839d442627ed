use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// HMAC-SHA256 of `text`.
///
/// # Errors
/// It is no key.
pub fn hmac_sha256(key: &[u8], text: &[u8]) -> Result<Vec<u8>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key)?;
    mac.update(text);
    Ok(mac.finalize().into_bytes().to_vec())
}

/// A POST as it came.
#[derive(Debug, Clone)]
pub struct Post {
    /// Path.
    pub path: String,
    /// Headers with small names.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

impl Post {
    /// A header by its small name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Whether it was signed with `secret`, computed as docs/alerts.md tells receivers to.
    ///
    /// # Errors
    /// It is not signed.
    pub fn is_signed_with(&self, secret: &str) -> Result<bool> {
        let time = self.header("x-sluice-timestamp").context("no timestamp")?;
        let given = self.header("x-sluice-signature").context("no signature")?;
        let signed = [time.as_bytes(), b".", &self.body].concat();
        let digest: String = hmac_sha256(secret.as_bytes(), &signed)?
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Ok(given == format!("sha256={digest}"))
    }

    /// Its body.
    ///
    /// # Errors
    /// It is not JSON.
    pub fn json(&self) -> Result<serde_json::Value> {
        Ok(serde_json::from_slice(&self.body)?)
    }
}

/// An HTTP server on a port of its own that takes POSTs.
pub struct Receiver {
    port: u16,
    posts: Arc<Mutex<Vec<Post>>>,
    status: Arc<Mutex<&'static str>>,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Receiver {
    /// Starts one that answers with `status`, as `200 OK`.
    ///
    /// # Errors
    /// There is no port.
    pub fn answering(status: &'static str) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let (posts, ended): (Arc<Mutex<Vec<Post>>>, Arc<AtomicBool>) = Default::default();
        let status = Arc::new(Mutex::new(status));
        let thread = std::thread::spawn({
            let (posts, status, ended) = (Arc::clone(&posts), Arc::clone(&status), Arc::clone(&ended));
            move || {
                for stream in listener.incoming().flatten() {
                    if ended.load(Ordering::SeqCst) {
                        return;
                    }
                    let status = *status.lock().unwrap_or_else(PoisonError::into_inner);
                    match serve(stream, status) {
                        Ok(post) => posts.lock().unwrap_or_else(PoisonError::into_inner).push(post),
                        Err(error) => eprintln!("the receiver: {error:#}"),
                    }
                }
            }
        });
        Ok(Self {
            port,
            posts,
            status,
            ended,
            thread: Some(thread),
        })
    }

    /// Answers with `status` from now on.
    pub fn answers(&self, status: &'static str) {
        *self.status.lock().unwrap_or_else(PoisonError::into_inner) = status;
    }

    /// Its address without a path: nothing of it is a secret.
    pub fn plain_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("{}/hook/secret-path", self.plain_url())
    }

    /// What came so far.
    pub fn posts(&self) -> Vec<Post> {
        self.posts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        // Only to wake the thread that waits for connections.
        if TcpStream::connect(("127.0.0.1", self.port)).is_ok()
            && let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            eprintln!("the receiver's thread panicked");
        }
    }
}

fn serve(mut stream: TcpStream, status: &str) -> Result<Post> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let path = line.split(' ').nth(1).context("a path")?.to_owned();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    let mut post = Post {
        path,
        headers,
        body: Vec::new(),
    };
    let length = post.header("content-length").context("a length")?.parse()?;
    post.body = vec![0; length];
    reader.read_exact(&mut post.body)?;
    // What the providers of robots answer to what they take.
    let answer = r#"{"code":0,"errcode":0}"#;
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{answer}",
        answer.len()
    )?;
    Ok(post)
}
