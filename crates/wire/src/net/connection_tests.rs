//! A connection against a scripted peer.

use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::messages::{ApiKey, ListGroupsRequest};
use sluice_model::Cluster;

use crate::error::{Result, TlsFailure, Unsupported, WireError};
use crate::net::connection::Outgoing;
use crate::net::peer::{Asked, Peer, Reply, framed};
use crate::net::{Connection, Settings};
use crate::{Cancel, ErrorCode};

const GROUPS: &[(ApiKey, i16, i16)] = &[(ApiKey::ListGroups, 0, 2), (ApiKey::ApiVersions, 0, 3)];
const LOGIN: &[(ApiKey, i16, i16)] = &[
    (ApiKey::SaslHandshake, 0, 1),
    (ApiKey::SaslAuthenticate, 0, 1),
    (ApiKey::ListGroups, 0, 2),
];
const OLD_LOGIN: &[(ApiKey, i16, i16)] = &[(ApiKey::SaslHandshake, 0, 0), (ApiKey::ListGroups, 0, 0)];

const LONG: Duration = Duration::from_secs(20);
const ALL: (i16, i16) = (0, i16::MAX);

fn settings(pairs: &[(&str, &str)]) -> Arc<Settings> {
    let mut cluster = Cluster::new("unused:1").unwrap();
    for (name, value) in pairs {
        cluster.set(*name, *value);
    }
    Arc::new(Settings::new(&cluster).unwrap())
}

fn open(peer: &Peer) -> Result<Arc<Connection>> {
    Connection::open(&peer.address, &settings(&[]), LONG, &Cancel::new())
}

/// An empty ListGroups answer of version 1 or 2.
fn no_groups(throttle: i32) -> Vec<u8> {
    let mut out = BytesMut::new();
    out.put_i32(throttle);
    out.put_i16(0);
    out.put_i32(0);
    out.to_vec()
}

fn list_groups(connection: &Connection, timeout: Duration) -> Result<()> {
    connection
        .call(|_| ListGroupsRequest::default(), ALL, timeout, &Cancel::new())
        .map(|_| ())
}

#[test]
fn an_old_broker_that_refuses_our_version_is_asked_in_the_one_it_names() {
    for (named, then) in [(None, 0), (Some(2), 2)] {
        let peer = Peer::start(move |asked: Asked| {
            if asked.version == 3 {
                let mut out = BytesMut::new();
                out.put_i16(ErrorCode::UNSUPPORTED_VERSION.number());
                out.put_i32(i32::from(named.is_some()));
                for number in named.iter().flat_map(|highest| [18, 0, *highest]) {
                    out.put_i16(number);
                }
                Reply::Body(out.to_vec())
            } else {
                Reply::Body(crate::net::peer::versions(asked.version, GROUPS))
            }
        });
        let connection = open(&peer).unwrap();
        assert_eq!(connection.versions().range(ApiKey::ListGroups), Some((0, 2)));
        let versions: Vec<i16> = peer.asked().iter().map(|asked| asked.version).collect();
        assert_eq!(versions, [3, then]);
    }
}

#[test]
fn a_broker_that_closes_the_connection_on_our_version_is_asked_in_the_first_one() {
    let peer = Peer::start(|asked| match asked.version {
        0 => Reply::Body(crate::net::peer::versions(0, GROUPS)),
        _ => Reply::Close,
    });
    open(&peer).unwrap();
    assert_eq!(peer.asked().len(), 2);
}

#[test]
fn requests_are_pipelined_and_each_gets_its_own_answer() {
    let (release, held) = mpsc::channel::<()>();
    let peer = Peer::knowing(GROUPS, move |asked| {
        held.recv().unwrap();
        Reply::Body(asked.correlation.to_be_bytes().to_vec())
    });
    let connection = open(&peer).unwrap();
    let (sender, answers) = mpsc::channel();
    for index in 0..5 {
        let sender = sender.clone();
        let outgoing = Outgoing {
            api: ApiKey::ListGroups,
            version: 0,
            body: vec![Bytes::new()],
        };
        let on_answer = Box::new(move |answer| sender.send((index, answer)).unwrap());
        connection
            .send(outgoing, LONG, &Cancel::new(), on_answer)
            .unwrap();
    }
    assert_eq!(connection.in_flight(), 5);
    for _ in 0..5 {
        release.send(()).unwrap();
    }
    for index in 0..5 {
        let (which, answer) = answers.recv_timeout(LONG).unwrap();
        let number = i32::from_be_bytes(answer.unwrap()[..4].try_into().unwrap());
        assert_eq!((which, number), (index, index + 1));
    }
}

#[test]
fn a_request_without_an_answer_ends_in_time_and_takes_those_behind_it_along() {
    let peer = Peer::knowing(GROUPS, |_| Reply::Silence);
    let connection = open(&peer).unwrap();
    let behind = Arc::clone(&connection);
    let waiting = thread::spawn(move || list_groups(&behind, LONG));
    let error = list_groups(&connection, Duration::from_millis(300)).unwrap_err();
    assert!(matches!(error, WireError::Timeout { .. }), "{error}");
    assert!(waiting.join().unwrap().unwrap_err().is_retriable());
    assert!(connection.closed().is_some());
}

#[test]
fn a_wait_ends_when_it_is_cancelled() {
    let peer = Peer::knowing(GROUPS, |_| Reply::Silence);
    let connection = open(&peer).unwrap();
    let cancel = Cancel::new();
    let (asking, own) = (cancel.clone(), Arc::clone(&connection));
    let waiting = thread::spawn(move || {
        own.call(
            |_| ListGroupsRequest::default(),
            ALL,
            Duration::from_secs(3600),
            &asking,
        )
        .map(|_| ())
    });
    while connection.in_flight() == 0 {
        thread::yield_now();
    }
    cancel.cancel();
    assert_eq!(waiting.join().unwrap(), Err(WireError::Cancelled));
}

#[test]
fn answers_that_belong_to_nothing_are_too_long_or_not_kafka_end_the_connection() {
    type Script = fn(Asked) -> Reply;
    let scripts: [(&str, Script); 4] = [
        ("another number", |asked| {
            Reply::Raw(framed(asked.correlation + 1, &[0]).to_vec())
        }),
        ("not an answer", |_| Reply::Raw(vec![0x7f, 0xff, 0xff, 0xff])),
        ("not an answer", |_| Reply::Raw(vec![0xff; 4])),
        ("speaks TLS", |_| Reply::Raw(vec![0x15, 3, 3, 0, 2, 2, 70])),
    ];
    for (word, script) in scripts {
        let peer = Peer::knowing(GROUPS, script);
        let connection = open(&peer).unwrap();
        let error = list_groups(&connection, LONG).unwrap_err();
        assert!(error.to_string().contains(word), "{error}");
        assert!(!error.is_retriable(), "{error}");
    }
}

#[test]
fn a_tls_port_that_is_addressed_without_tls_is_recognized() {
    let peer = Peer::start(|_| Reply::Raw(vec![0x15, 3, 3, 0, 2, 2, 70]));
    let error = open(&peer).unwrap_err();
    assert!(
        matches!(
            error,
            WireError::Tls {
                reason: TlsFailure::Expected,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn nothing_is_sent_before_a_throttle_time_is_over() {
    let peer = Peer::knowing(GROUPS, |_| Reply::Body(no_groups(400)));
    let connection = open(&peer).unwrap();
    list_groups(&connection, LONG).unwrap();
    let until = connection.throttle().until.unwrap();
    list_groups(&connection, LONG).unwrap();
    assert!(Instant::now() >= until);
    assert_eq!(connection.throttle().total, Duration::from_millis(800));
    let cancel = Cancel::new();
    cancel.cancel();
    let error = connection.call(|_| ListGroupsRequest::default(), ALL, LONG, &cancel);
    assert_eq!(error.unwrap_err(), WireError::Cancelled);
}

#[test]
fn an_idle_connection_is_closed_and_one_in_use_is_not() {
    let peer = Peer::knowing(GROUPS, |_| Reply::Body(no_groups(0)));
    let settings = settings(&[("connections.max.idle.ms", "1")]);
    let connection = Connection::open(&peer.address, &settings, LONG, &Cancel::new()).unwrap();
    let until = Instant::now() + LONG;
    while connection.closed().is_none() && Instant::now() < until {
        thread::yield_now();
    }
    assert!(connection.closed().unwrap().to_string().contains("idle"));
}

#[test]
fn a_request_that_the_broker_does_not_know_is_not_sent() {
    let peer = Peer::knowing(GROUPS, |_| Reply::Close);
    let connection = open(&peer).unwrap();
    let request = kafka_protocol::messages::DescribeProducersRequest::default();
    let error = connection
        .call(|_| request, ALL, LONG, &Cancel::new())
        .unwrap_err();
    let WireError::Unsupported(Unsupported::Api { offered, since, .. }) = error else {
        panic!("{error}")
    };
    assert_eq!((offered, since), (None, Some("2.8")));
    assert_eq!(peer.asked().len(), 1);
}

fn log_in(peer: &Peer, mechanism: &str) -> Result<Arc<Connection>> {
    let settings = settings(&[
        ("security.protocol", "SASL_PLAINTEXT"),
        ("sasl.mechanism", mechanism),
        ("sasl.username", "u"),
        ("sasl.password", "hunter2"),
    ]);
    Connection::open(&peer.address, &settings, LONG, &Cancel::new())
}

/// A SaslHandshake answer.
fn handshake(code: i16, mechanism: &str) -> Vec<u8> {
    let mut out = BytesMut::new();
    out.put_i16(code);
    out.put_i32(1);
    out.put_i16(i16::try_from(mechanism.len()).unwrap());
    out.put_slice(mechanism.as_bytes());
    out.to_vec()
}

/// A SaslAuthenticate answer of version 1.
fn authenticated(code: i16, message: &str, lifetime: i64) -> Vec<u8> {
    let mut out = BytesMut::new();
    out.put_i16(code);
    out.put_i16(i16::try_from(message.len()).unwrap());
    out.put_slice(message.as_bytes());
    out.put_i32(0);
    out.put_i64(lifetime);
    out.to_vec()
}

#[test]
fn an_unknown_mechanism_is_reported_with_those_the_broker_has() {
    let peer = Peer::knowing(LOGIN, |_| Reply::Body(handshake(33, "SCRAM-SHA-512")));
    let error = log_in(&peer, "PLAIN").unwrap_err();
    assert!(error.to_string().contains("it offers SCRAM-SHA-512"), "{error}");
    assert!(!error.is_retriable());
}

#[test]
fn a_refused_login_has_the_brokers_words() {
    let peer = Peer::knowing(LOGIN, |asked| {
        Reply::Body(if asked.api == ApiKey::SaslHandshake as i16 {
            handshake(0, "PLAIN")
        } else {
            authenticated(58, "no such user", 0)
        })
    });
    let error = log_in(&peer, "PLAIN").unwrap_err();
    assert!(error.to_string().contains("no such user"), "{error}");
    assert!(!error.to_string().contains("hunter2"));
}

#[test]
fn a_session_that_ends_is_renewed_before_the_next_request() {
    let peer = Peer::knowing(LOGIN, |asked| {
        Reply::Body(if asked.api == ApiKey::SaslHandshake as i16 {
            handshake(0, "PLAIN")
        } else if asked.api == ApiKey::SaslAuthenticate as i16 {
            authenticated(0, "", 1_200)
        } else {
            no_groups(0)
        })
    });
    let connection = log_in(&peer, "PLAIN").unwrap();
    let until = Instant::now() + LONG;
    while connection.logins() < 3 && Instant::now() < until {
        list_groups(&connection, LONG).unwrap();
    }
    assert_eq!(connection.logins(), 3);
    let apis: Vec<i16> = peer.asked().iter().map(|asked| asked.api).collect();
    let groups = apis
        .iter()
        .rposition(|api| *api == ApiKey::ListGroups as i16)
        .unwrap();
    assert_eq!(
        apis[groups - 2..groups],
        [ApiKey::SaslHandshake as i16, ApiKey::SaslAuthenticate as i16]
    );
}

#[test]
fn brokers_before_1_0_take_bare_messages_and_close_on_a_wrong_password() {
    // After the handshake of version 0 a message has no header: its first bytes are not a request's.
    for accepted in [true, false] {
        let peer = Peer::knowing(OLD_LOGIN, move |asked| {
            if asked.api == ApiKey::SaslHandshake as i16 && asked.version == 0 {
                Reply::Body(handshake(0, "PLAIN"))
            } else if accepted {
                Reply::Raw(vec![0, 0, 0, 0])
            } else {
                Reply::Close
            }
        });
        let outcome = log_in(&peer, "PLAIN");
        if accepted {
            assert_eq!(outcome.unwrap().logins(), 1);
        } else {
            let error = outcome.unwrap_err();
            assert!(matches!(error, WireError::Authentication { .. }), "{error}");
        }
    }
}
