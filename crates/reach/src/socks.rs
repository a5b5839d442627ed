//! SOCKS5 (RFC 1928) with user and password (RFC 1929): the proxy resolves the broker's name.

use std::io::{Read, Write};
use std::net::{IpAddr, TcpStream};

use sluice_model::{Address, Proxy};

use crate::failure::ConnectFailure;
use crate::paced::Paced;
use crate::patience::Patience;

const VERSION: u8 = 5;
const NO_LOGIN: u8 = 0;
const PASSWORD: u8 = 2;
const PASSWORD_VERSION: u8 = 1;
const CONNECT: u8 = 1;
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;

/// Lets the proxy at the other end of `stream` connect to `target`.
pub(crate) fn ask(
    stream: &mut TcpStream,
    proxy: &Proxy,
    target: &Address,
    patience: &Patience<'_>,
) -> Result<(), ConnectFailure> {
    let failed = |reason: String| ConnectFailure::Proxy {
        proxy: proxy.address.to_string(),
        reason,
    };
    let check = || patience.left().map(drop);
    let mut stream = Paced::new(stream, &check);
    let asked = greet(&mut stream, proxy).and_then(|()| request(&mut stream, target));
    match asked {
        Ok(()) => stream.release().map_err(|error| failed(error.to_string())),
        Err(Refusal::Words(words)) => Err(failed(words)),
        Err(Refusal::Io(error)) => Err(match stream.ended() {
            Some(ConnectFailure::TimedOut) => failed(format!(
                "no answer in time: it is not a SOCKS5 proxy, or does not reach {target}"
            )),
            Some(ended) => ended,
            None => failed(format!("the connection to it ended: {error}")),
        }),
    }
}

enum Refusal {
    Words(String),
    Io(std::io::Error),
}

impl From<std::io::Error> for Refusal {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

fn words(text: &str) -> Refusal {
    Refusal::Words(text.to_owned())
}

fn greet(stream: &mut (impl Read + Write), proxy: &Proxy) -> Result<(), Refusal> {
    match &proxy.login {
        None => stream.write_all(&[VERSION, 1, NO_LOGIN])?,
        Some(_) => stream.write_all(&[VERSION, 2, NO_LOGIN, PASSWORD])?,
    }
    let mut chosen = [0; 2];
    stream.read_exact(&mut chosen)?;
    match (chosen, &proxy.login) {
        ([VERSION, NO_LOGIN], _) => Ok(()),
        ([VERSION, PASSWORD], Some((user, password))) => log_in(stream, user, password.reveal()),
        ([VERSION, _], None) => Err(words("it asks for a login: give user and password of the proxy")),
        ([VERSION, _], Some(_)) => Err(words("it takes no login with user and password")),
        _ => Err(words("what listens there is not a SOCKS5 proxy")),
    }
}

fn log_in(stream: &mut (impl Read + Write), user: &str, password: &str) -> Result<(), Refusal> {
    let mut message = vec![PASSWORD_VERSION];
    for (what, text) in [("user", user), ("password", password)] {
        let length = u8::try_from(text.len())
            .ok()
            .filter(|length| *length > 0)
            .ok_or_else(|| words(&format!("the {what} for it must have 1 to 255 bytes")))?;
        message.push(length);
        message.extend_from_slice(text.as_bytes());
    }
    stream.write_all(&message)?;
    let mut answer = [0; 2];
    stream.read_exact(&mut answer)?;
    if answer[1] != 0 {
        return Err(words("it refuses the user or the password"));
    }
    Ok(())
}

fn request(stream: &mut (impl Read + Write), target: &Address) -> Result<(), Refusal> {
    let mut message = vec![VERSION, CONNECT, 0];
    match target.host.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => {
            message.push(IPV4);
            message.extend_from_slice(&address.octets());
        }
        Ok(IpAddr::V6(address)) => {
            message.push(IPV6);
            message.extend_from_slice(&address.octets());
        }
        Err(_) => {
            let host = target.host.strip_suffix('.').unwrap_or(&target.host);
            let length = u8::try_from(host.len()).map_err(|_| {
                words("the broker's name is longer than 255 bytes, which SOCKS5 cannot carry")
            })?;
            message.extend_from_slice(&[NAME, length]);
            message.extend_from_slice(host.as_bytes());
        }
    }
    message.extend_from_slice(&target.port.to_be_bytes());
    stream.write_all(&message)?;
    let mut head = [0; 4];
    stream.read_exact(&mut head)?;
    if head[0] != VERSION {
        return Err(words("what listens there is not a SOCKS5 proxy"));
    }
    if head[1] != 0 {
        return Err(words(refusal(head[1])));
    }
    skip_bound_address(stream, head[3])
}

fn skip_bound_address(stream: &mut impl Read, kind: u8) -> Result<(), Refusal> {
    let length = match kind {
        IPV4 => 4,
        IPV6 => 16,
        NAME => {
            let mut length = [0];
            stream.read_exact(&mut length)?;
            usize::from(length[0])
        }
        _ => return Err(words("its answer is malformed")),
    };
    // With the port.
    let mut rest = vec![0; length + 2];
    stream.read_exact(&mut rest)?;
    Ok(())
}

/// The codes of RFC 1928, section 6.
fn refusal(code: u8) -> &'static str {
    match code {
        2 => "its rules forbid this connection",
        3 => "it has no way to the broker's network",
        4 => "it has no way to the broker's host, or does not know its name",
        5 => "the broker's host refused the connection",
        6 => "the connection took too long",
        7 => "it does not make connections",
        8 => "it does not know this kind of address",
        _ => "it failed",
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;
    use std::time::{Duration, Instant};

    use sluice_model::Secret;

    use super::*;

    /// A proxy that expects `asked` and says `answers`, in turn.
    fn scripted(script: Vec<(Vec<u8>, Vec<u8>)>) -> (Address, thread::JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let peer = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            for (asked, answer) in script {
                let mut got = vec![0; asked.len()];
                stream.read_exact(&mut got).unwrap();
                assert_eq!(got, asked);
                stream.write_all(&answer).unwrap();
            }
        });
        (Address::new("127.0.0.1", port), peer)
    }

    fn go(
        script: Vec<(Vec<u8>, Vec<u8>)>,
        login: Option<(&str, &str)>,
        target: &str,
    ) -> Result<(), ConnectFailure> {
        let (address, peer) = scripted(script);
        let proxy = Proxy {
            address: address.clone(),
            login: login.map(|(user, password)| (user.to_owned(), Secret::new(password))),
        };
        let mut stream = TcpStream::connect(("127.0.0.1", address.port)).unwrap();
        let patience = Patience::new(Instant::now() + Duration::from_secs(10), &|| false);
        let outcome = ask(&mut stream, &proxy, &target.parse().unwrap(), &patience);
        peer.join().unwrap();
        outcome
    }

    fn named(name: &str, port: u16) -> Vec<u8> {
        let mut message = vec![5, 1, 0, 3, u8::try_from(name.len()).unwrap()];
        message.extend(name.as_bytes());
        message.extend(port.to_be_bytes());
        message
    }

    const GRANTED: [u8; 10] = [5, 0, 0, 1, 127, 0, 0, 1, 0, 80];

    #[test]
    fn names_are_resolved_by_the_proxy() {
        let script = vec![
            (vec![5, 1, 0], vec![5, 0]),
            (named("b1.internal", 9092), GRANTED.to_vec()),
        ];
        go(script, None, "b1.internal:9092").unwrap();
    }

    #[test]
    fn ipv6_addresses_go_as_addresses_and_user_and_password_are_given_when_asked_for() {
        let mut address = vec![5, 1, 0, 4];
        address.extend([0; 15]);
        address.extend([1, 0x23, 0x84]);
        let script = vec![
            (vec![5, 2, 0, 2], vec![5, 2]),
            ([vec![1, 1, b'u', 2], b"pw".to_vec()].concat(), vec![1, 0]),
            (
                address,
                [vec![5, 0, 0, 3, 4], b"host".to_vec(), vec![0, 1]].concat(),
            ),
        ];
        go(script, Some(("u", "pw")), "[::1]:9092").unwrap();
    }

    #[test]
    fn refusals_have_words_without_the_password() {
        let error = go(vec![(vec![5, 1, 0], vec![5, 255])], None, "b:1").unwrap_err();
        assert!(error.to_string().contains("asks for a login"), "{error}");
        let script = vec![
            (vec![5, 2, 0, 2], vec![5, 2]),
            ([vec![1, 1, b'u', 7], b"hunter2".to_vec()].concat(), vec![1, 1]),
        ];
        let error = go(script, Some(("u", "hunter2")), "b:1").unwrap_err();
        assert!(
            error.to_string().contains("refuses the user") && !error.to_string().contains("hunter2"),
            "{error}"
        );
        let script = vec![(vec![5, 1, 0], vec![5, 0]), (named("b", 1), vec![5, 5, 0, 1])];
        let error = go(script, None, "b:1").unwrap_err();
        assert!(error.to_string().contains("refused the connection"), "{error}");
        let error = go(vec![(vec![5, 1, 0], b"HT".to_vec())], None, "b:1").unwrap_err();
        assert!(error.to_string().contains("not a SOCKS5 proxy"), "{error}");
    }

    #[test]
    fn a_proxy_that_says_nothing_is_given_up_in_time_and_a_cancelled_caller_at_once() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = Address::new("127.0.0.1", listener.local_addr().unwrap().port());
        let proxy = Proxy { address, login: None };
        let ask_within = |limit: Duration, cancelled: bool| {
            let mut stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let cancelled = || cancelled;
            let patience = Patience::new(Instant::now() + limit, &cancelled);
            ask(&mut stream, &proxy, &Address::new("b", 1), &patience).unwrap_err()
        };
        let error = ask_within(Duration::from_millis(100), false).to_string();
        assert!(
            error.contains("no answer in time") && error.contains("b:1"),
            "{error}"
        );
        assert_eq!(
            ask_within(Duration::from_secs(600), true),
            ConnectFailure::Cancelled
        );
    }
}
