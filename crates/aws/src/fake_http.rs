//! A service on loopback that gives each of its answers once.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;

pub(crate) struct FakeHttp {
    pub(crate) url: String,
    asked: mpsc::Receiver<String>,
}

impl FakeHttp {
    pub(crate) fn start(answers: Vec<(&'static str, String)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (sender, asked) = mpsc::channel();
        thread::spawn(move || {
            for (status, body) in answers {
                let (stream, _) = listener.accept().unwrap();
                let mut reader = BufReader::new(stream);
                let (mut request, mut length) = (String::new(), 0);
                loop {
                    let mut line = String::new();
                    reader.read_line(&mut line).unwrap();
                    if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                        length = value.trim().parse().unwrap();
                    }
                    if line == "\r\n" {
                        break;
                    }
                    request.push_str(&line.replace('\r', ""));
                }
                let mut form = vec![0; length];
                reader.read_exact(&mut form).unwrap();
                sender.send(request + &String::from_utf8(form).unwrap()).unwrap();
                let answer = format!(
                    "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                    body.len()
                );
                reader.get_mut().write_all(answer.as_bytes()).unwrap();
            }
        });
        Self { url, asked }
    }

    /// The next request that came.
    pub(crate) fn asked(&self) -> String {
        self.asked.recv_timeout(Duration::from_secs(20)).unwrap()
    }
}

fn hour() -> SystemTime {
    SystemTime::now() + Duration::from_secs(3600)
}

/// Credentials as containers and instances get them.
pub(crate) fn json_answer(id: &str) -> String {
    let end = Timestamp::try_from(hour()).unwrap();
    format!(
        r#"{{"Code":"Success","AccessKeyId":"{id}","SecretAccessKey":"s","Token":"t","Expiration":"{end}"}}"#
    )
}

/// Credentials of a role.
pub(crate) fn sts_answer(id: &str) -> String {
    sts_answer_until(id, hour())
}

pub(crate) fn sts_answer_until(id: &str, end: SystemTime) -> String {
    let end = Timestamp::try_from(end).unwrap();
    format!(
        "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials>\
         <AccessKeyId>{id}</AccessKeyId><SecretAccessKey>role/secret</SecretAccessKey>\
         <SessionToken>role+token==</SessionToken><Expiration>{end}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
    )
}
