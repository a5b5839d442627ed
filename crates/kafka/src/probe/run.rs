use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use sluice_model::{Address, Cluster, PropertyValue, counted};
use sluice_reach::{ConnectFailure, Dialer};

use crate::admin::{Admin, Metadata};
use crate::error::{ErrorCode, KafkaError};
use crate::probe::course::{Course, Stopped};
use crate::probe::dial::{Found, dial_all, resolve};
use crate::probe::release::release;
use crate::probe::step::{BrokerFacts, ClusterFacts, ProbeReport, ProbeResult, ProbeStep};
use crate::probe::wire::{ApiRanges, WireAnswer, ask};
use crate::probe::words::{Stage, explain};

/// How long names are looked up.
const DNS_DEADLINE: Duration = Duration::from_secs(5);
/// How long connections may take to be accepted.
const TCP_DEADLINE: Duration = Duration::from_secs(5);
/// How long TLS, login and the first answer may take together.
const ANSWER_DEADLINE: Duration = Duration::from_secs(10);
/// How long a port may take to answer a plain request, out of [`ANSWER_DEADLINE`].
const PLAIN_DEADLINE: Duration = Duration::from_secs(3);
/// The same for a port that should speak TLS and may wait for more bytes.
const NOT_TLS_DEADLINE: Duration = Duration::from_secs(1);
/// How long looking up and reaching the advertised brokers may take together.
const ADVERTISED_DEADLINE: Duration = Duration::from_secs(5);

/// Tries step by step to use `cluster` and says at the first failure what is wrong and what to do. Passes every step
/// to `on_step` as it ends, also those that are left out; takes at most 25 s, and ends at the next wait once `cancel` is
/// set (within 5 s while connections are made, else within one).
///
/// TLS, login and metadata come out of one call; its duration stands at the step that failed, or else at TLS.
pub fn probe(cluster: &Cluster, cancel: &AtomicBool, on_step: &mut dyn FnMut(&ProbeStep)) -> ProbeReport {
    let mut course = Course::new(cancel, on_step);
    // The course knows why it stopped.
    if let Err(Stopped) = walk(cluster, &mut course) {
        tracing::debug!("the probe ended early");
    }
    course.finish()
}

/// What the cluster's settings ask for.
struct Protocol {
    tls: bool,
    login: bool,
    mechanism: String,
}

impl Protocol {
    fn of(cluster: &Cluster) -> Self {
        let property = |name: &str| cluster.properties().get(name).map(PropertyValue::reveal);
        let name = property("security.protocol")
            .unwrap_or("plaintext")
            .to_lowercase();
        Self {
            tls: name.ends_with("ssl"),
            login: name.starts_with("sasl"),
            mechanism: property("sasl.mechanism")
                .or_else(|| property("sasl.mechanisms"))
                .unwrap_or("GSSAPI")
                .to_owned(),
        }
    }
}

fn walk(cluster: &Cluster, course: &mut Course<'_>) -> Result<(), Stopped> {
    let places: Vec<Address> = cluster
        .bootstrap()
        .split(',')
        .filter_map(|text| text.parse().ok())
        .collect();
    let dialer = match Dialer::of(cluster) {
        Ok(dialer) => dialer,
        Err(error) => return course.end(ProbeResult::Failed, error.to_string()),
    };
    let found = look_up(&dialer, &places, course)?;
    let streams = connect(&dialer, &places, &found, course)?;
    let protocol = Protocol::of(cluster);
    let until = Instant::now() + ANSWER_DEADLINE;
    let ranges = ask_plainly(&streams, &protocol, until, course)?;
    drop(streams);
    let (admin, metadata) = enter(cluster, &protocol, until, course)?;
    let version = end_release(ranges.as_ref(), &admin, course)?;
    let mut facts = ClusterFacts {
        cluster_id: None,
        controller: None,
        brokers: Vec::new(),
        topics: metadata.topics.len(),
        partitions: metadata.topics.values().map(|topic| topic.partitions.len()).sum(),
        broker_version: version,
    };
    facts.cluster_id = admin.cluster_id();
    facts.controller = admin.controller_id();
    reach_brokers(&dialer, &metadata, facts, protocol.tls, course)?;
    let local = course.local_addresses.join(", ");
    let message = match dialer.proxy() {
        None => format!("this machine is {local} to the brokers: firewalls must let that address pass"),
        Some(proxy) => format!(
            "this machine is {local} to the SOCKS5 proxy {}; the brokers see the proxy's address",
            proxy.address
        ),
    };
    course.end(ProbeResult::Success, message)
}

fn look_up(dialer: &Dialer, places: &[Address], course: &mut Course<'_>) -> Result<Vec<Found>, Stopped> {
    let found = resolve(dialer, places, DNS_DEADLINE);
    let refused = refusals(places, &found);
    let message = if refused.is_empty() {
        found_names(dialer, places, &found)
    } else {
        format!(
            "{}; check the spelling, the DNS server, and whether a VPN is needed",
            refused.join("; ")
        )
    };
    course.end(verdict(places.len(), refused.len()), message)?;
    Ok(found)
}

/// What the names of the first hops stand for.
fn found_names(dialer: &Dialer, places: &[Address], found: &[Found]) -> String {
    let mut names: Vec<String> = Vec::new();
    for (place, found) in places.iter().zip(found) {
        let ips: Vec<String> = found
            .iter()
            .flatten()
            .map(|address| address.ip().to_string())
            .collect();
        let (hop, ips) = (dialer.first_hop(place), ips.join(", "));
        let name = if dialer.proxy().is_some() {
            format!("the SOCKS5 proxy {hop} is {ips}, and looks up the names of brokers")
        } else if hop == place {
            format!("{} is {ips}", place.host)
        } else {
            format!(
                "{place} leads to {hop} by the address map, and {} is {ips}",
                hop.host
            )
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join("; ")
}

fn connect(
    dialer: &Dialer,
    places: &[Address],
    found: &[Found],
    course: &mut Course<'_>,
) -> Result<Vec<(Address, TcpStream)>, Stopped> {
    let dialled = dial_all(dialer, places, found, TCP_DEADLINE, course.cancel());
    let refused = refusals(places, &dialled);
    for stream in dialled.iter().flatten() {
        course.remember(stream);
    }
    let message = if refused.is_empty() {
        let all = places.len();
        match dialer.proxy() {
            None => format!("{all} of {all} bootstrap addresses accept connections"),
            Some(proxy) => format!(
                "{all} of {all} bootstrap addresses accept connections through the SOCKS5 proxy {}",
                proxy.address
            ),
        }
    } else {
        refused.join("; ")
    };
    course.end(verdict(places.len(), refused.len()), message)?;
    Ok(places
        .iter()
        .cloned()
        .zip(dialled)
        .filter_map(|(place, stream)| Some((place, stream.ok()?)))
        .collect())
}

/// Finds out without a client library whether the ports speak TLS, which it would take for a lost connection.
/// Ends the step "tls" only when that is wrong.
fn ask_plainly(
    streams: &[(Address, TcpStream)],
    protocol: &Protocol,
    until: Instant,
    course: &mut Course<'_>,
) -> Result<Option<ApiRanges>, Stopped> {
    let left = || until.saturating_duration_since(Instant::now());
    if protocol.tls {
        if let Some((place, stream)) = streams.first()
            && let WireAnswer::Kafka(_) = ask(stream, NOT_TLS_DEADLINE, course.cancel())
        {
            course.end(
                ProbeResult::Failed,
                format!("{place} does not speak TLS: choose PLAINTEXT or SASL_PLAINTEXT"),
            )?;
        }
        return Ok(None);
    }
    let mut wrong = None;
    for (place, stream) in streams {
        // The call that follows needs time as well.
        if left() <= PLAIN_DEADLINE {
            break;
        }
        let message = match ask(stream, PLAIN_DEADLINE, course.cancel()) {
            WireAnswer::Kafka(ranges) => return Ok(Some(ranges)),
            WireAnswer::Silent => continue,
            WireAnswer::Tls => format!("{place} speaks TLS: choose SSL or SASL_SSL"),
            WireAnswer::Closed => format!(
                "{place} closed the connection: it may expect TLS (choose SSL or SASL_SSL) or a login (SASL_PLAINTEXT)"
            ),
            WireAnswer::Other => {
                format!("{place} answers, but not as a Kafka broker does: check that the port is a broker's")
            }
        };
        wrong.get_or_insert(message);
    }
    match wrong {
        Some(message) => course.end(ProbeResult::Failed, message).map(|()| None),
        None => Ok(None),
    }
}

/// Ends the steps "tls", "sasl" and "metadata".
fn enter(
    cluster: &Cluster,
    protocol: &Protocol,
    until: Instant,
    course: &mut Course<'_>,
) -> Result<(Admin, Metadata), Stopped> {
    let left = until.saturating_duration_since(Instant::now());
    let entered = Admin::new(cluster).and_then(|admin| {
        let metadata = admin.connect_unless(left, || course.cancel().load(Ordering::Relaxed))?;
        Ok((admin, metadata))
    });
    let (tls, login) = (protocol.tls, protocol.login);
    match entered {
        Ok((admin, metadata)) => {
            end_tls(tls, course)?;
            end_login(protocol, course)?;
            course.end(
                ProbeResult::Success,
                format!(
                    "{} and {} are visible",
                    counted(metadata.brokers.len(), "broker"),
                    counted(metadata.topics.len(), "topic")
                ),
            )?;
            Ok((admin, metadata))
        }
        Err(error) => {
            let (stage, message) = refused(&error, tls, login);
            if let (Stage::Metadata, Some(address)) = (stage, error.known_broker()) {
                // It answered, as the advertised broker shows; after that the client asks no other address.
                end_tls(tls, course)?;
                end_login(protocol, course)?;
                course.end(ProbeResult::Success, "the cluster answers and names its brokers")?;
                course.end(
                    ProbeResult::Skipped,
                    "not tried: no broker is reachable at the address it advertises",
                )?;
                let sentence = error.summary();
                let cause = sentence.split_once(": ").map_or(sentence, |(_, cause)| cause);
                let refusal = format!("{address}: {cause}");
                course.end(ProbeResult::Failed, unreachable(&[refusal]))?;
                return Err(Stopped);
            }
            let passed = error.code.is_access();
            if stage != Stage::Tls {
                match stage {
                    Stage::Metadata if tls && !passed => open("TLS", course)?,
                    _ => end_tls(tls, course)?,
                }
                if stage == Stage::Metadata {
                    if login && !passed {
                        open("the login", course)?;
                    } else {
                        end_login(protocol, course)?;
                    }
                }
            }
            course.end(ProbeResult::Failed, message)?;
            Err(Stopped)
        }
    }
}

fn refused(error: &KafkaError, tls: bool, login: bool) -> (Stage, String) {
    if error.code != ErrorCode::LOCAL_INVALID_ARG {
        return explain(error, tls, login);
    }
    // The client could not be set up; its words name the property.
    let stage = if error.message.contains("ssl.") {
        Stage::Tls
    } else if error.message.contains("sasl.") || error.message.contains("sluice.aws.") {
        Stage::Sasl
    } else {
        Stage::Metadata
    };
    (stage, error.message.clone())
}

fn end_tls(tls: bool, course: &mut Course<'_>) -> Result<(), Stopped> {
    if tls {
        course.end(
            ProbeResult::Success,
            "the connection is encrypted, and the certificates are accepted",
        )
    } else {
        course.end(ProbeResult::Skipped, "not used: the connection is not encrypted")
    }
}

fn end_login(protocol: &Protocol, course: &mut Course<'_>) -> Result<(), Stopped> {
    if protocol.login {
        course.end(
            ProbeResult::Success,
            format!("the login with {} is accepted", protocol.mechanism),
        )
    } else {
        course.end(
            ProbeResult::Skipped,
            "not used: there is no login with a user name",
        )
    }
}

/// Ends a step of unknown outcome.
fn open(what: &str, course: &mut Course<'_>) -> Result<(), Stopped> {
    course.end(
        ProbeResult::Skipped,
        format!("it is not known whether {what} works: no answer before the deadline"),
    )
}

fn end_release(
    ranges: Option<&ApiRanges>,
    admin: &Admin,
    course: &mut Course<'_>,
) -> Result<Option<String>, Stopped> {
    let capabilities = admin.capabilities();
    let version = ranges.and_then(release);
    let mut message = match (version, ranges) {
        (Some(version), _) => format!("the brokers' requests are those of Kafka {version}"),
        (None, Some(_)) => "the release is unknown: the broker announces no Fetch request".to_owned(),
        (None, None) => "the release is not known on this connection".to_owned(),
    };
    let mut result = ProbeResult::Success;
    if !capabilities.message_v2 {
        result = ProbeResult::Warning;
        message.push_str("; record headers and transactions are missing (they came with 0.11)");
    } else if !capabilities.zstd {
        result = ProbeResult::Warning;
        message.push_str("; zstd compression is missing (it came with 2.1)");
    } else if ranges.is_none() {
        message.push_str("; it is 2.1 or later");
    }
    course.end(result, message)?;
    Ok(version.map(str::to_owned))
}

fn reach_brokers(
    dialer: &Dialer,
    metadata: &Metadata,
    mut facts: ClusterFacts,
    tls: bool,
    course: &mut Course<'_>,
) -> Result<(), Stopped> {
    let until = Instant::now() + ADVERTISED_DEADLINE;
    let places: Vec<Address> = metadata
        .brokers
        .iter()
        .map(|broker| Address::new(&broker.host, broker.port))
        .collect();
    let found = resolve(dialer, &places, ADVERTISED_DEADLINE / 2);
    let left = until.saturating_duration_since(Instant::now());
    let mut dialled = dial_all(dialer, &places, &found, left, course.cancel());
    for stream in dialled.iter().flatten() {
        course.remember(stream);
    }
    if !tls {
        hear_all(&mut dialled, until, course.cancel());
    }
    facts.brokers = metadata
        .brokers
        .iter()
        .zip(&dialled)
        .map(|(broker, stream)| BrokerFacts {
            id: broker.id,
            host: broker.host.clone(),
            port: broker.port,
            reachable: stream.is_ok(),
        })
        .collect();
    facts.brokers.sort_by_key(|broker| broker.id);
    course.cluster = Some(facts);
    let refused = refusals(&places, &dialled);
    let message = if refused.is_empty() {
        format!(
            "{0} of {0} brokers are reachable at the addresses they advertise",
            places.len()
        )
    } else {
        unreachable(&refused)
    };
    course.end(verdict(places.len(), refused.len()), message)
}

fn unreachable(refusals: &[String]) -> String {
    format!(
        "{}. The cluster sends clients to these addresses: open them in firewalls and DNS, have advertised.listeners of the brokers changed to addresses that are reachable from here, or give such addresses in the address map",
        refusals.join("; ")
    )
}

/// Keeps the connections on which a broker answers: a proxy or load balancer accepts also for brokers that are gone.
fn hear_all(dialled: &mut [Result<TcpStream, ConnectFailure>], until: Instant, cancel: &AtomicBool) {
    thread::scope(|scope| {
        for outcome in dialled {
            scope.spawn(move || {
                let left = until.saturating_duration_since(Instant::now());
                if let Ok(stream) = outcome
                    && !matches!(ask(stream, left, cancel), WireAnswer::Kafka(_))
                {
                    *outcome = Err(ConnectFailure::Other(
                        "the connection is accepted, but no broker answers on it".to_owned(),
                    ));
                }
            });
        }
    });
}

fn refusals<T>(places: &[Address], outcomes: &[Result<T, ConnectFailure>]) -> Vec<String> {
    places
        .iter()
        .zip(outcomes)
        .filter_map(|(place, outcome)| Some(format!("{place}: {}", outcome.as_ref().err()?)))
        .collect()
}

fn verdict(all: usize, refused: usize) -> ProbeResult {
    match refused {
        0 => ProbeResult::Success,
        _ if refused < all => ProbeResult::Warning,
        _ => ProbeResult::Failed,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::net::TcpListener;

    use super::*;
    use crate::admin::Broker;

    fn reach(ports: &[u16]) -> ProbeReport {
        let metadata = Metadata {
            brokers: (1..)
                .zip(ports)
                .map(|(id, port)| Broker {
                    id,
                    host: "127.0.0.1".to_owned(),
                    port: *port,
                })
                .collect(),
            topics: BTreeMap::new(),
        };
        let facts = ClusterFacts {
            cluster_id: None,
            controller: None,
            brokers: Vec::new(),
            topics: 0,
            partitions: 0,
            broker_version: None,
        };
        let cancel = AtomicBool::new(false);
        let mut on_step = |_: &ProbeStep| {};
        let mut course = Course::new(&cancel, &mut on_step);
        for _ in 0..6 {
            course.end(ProbeResult::Success, "").unwrap();
        }
        reach_brokers(&Dialer::default(), &metadata, facts, true, &mut course).ok();
        course.finish()
    }

    #[test]
    fn brokers_that_cannot_be_reached_are_listed_with_their_addresses() {
        let open = TcpListener::bind("127.0.0.1:0").unwrap();
        let open_port = open.local_addr().unwrap().port();
        // No program listens there; a port that was free a moment ago may be another test's by now.
        let shut_port = 1;

        let some = reach(&[open_port, shut_port]);
        let step = &some.steps[6];
        assert_eq!(
            (step.id.as_str(), step.result),
            ("advertised", ProbeResult::Warning)
        );
        assert!(
            step.message.contains(&format!("127.0.0.1:{shut_port}:")),
            "{step:?}"
        );
        assert!(
            !step.message.contains(&format!("127.0.0.1:{open_port}:")),
            "{step:?}"
        );
        let reachable: Vec<bool> = some
            .cluster
            .unwrap()
            .brokers
            .iter()
            .map(|broker| broker.reachable)
            .collect();
        assert_eq!(reachable, [true, false]);

        let none = reach(&[shut_port]);
        let step = &none.steps[6];
        assert_eq!(step.result, ProbeResult::Failed);
        assert!(step.message.contains("advertised.listeners"), "{step:?}");
        assert_eq!(none.steps[7].result, ProbeResult::Skipped);
    }
}
