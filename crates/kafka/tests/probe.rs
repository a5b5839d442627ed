//! What a probe says of ports that are not what the settings call them. No broker is needed: the listeners are ours.
#![expect(clippy::unwrap_used, reason = "a test may fail by it")]

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use sluice_kafka::{PROBE_STEPS, ProbeReport, ProbeResult, ProbeStep, probe};
use sluice_model::Cluster;

/// All deadlines of a probe, and some time for a busy machine.
const LONGEST: Duration = Duration::from_secs(30);

/// A port whose every connection `serve` gets; closed and joined on drop.
struct Port {
    address: String,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Port {
    fn serving(serve: impl Fn(&mut TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let over = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&over);
        let thread = thread::spawn(move || {
            let mut held = Vec::new();
            for stream in listener.incoming() {
                if seen.load(Ordering::Relaxed) {
                    break;
                }
                let mut stream = stream.unwrap();
                serve(&mut stream);
                held.push(stream);
            }
        });
        Self {
            address,
            over,
            thread: Some(thread),
        }
    }

    /// Answers whatever comes with these bytes.
    fn answering(bytes: &'static [u8]) -> Self {
        Self::serving(move |stream| {
            let mut request = [0u8; 20];
            // The probe's first connection is closed without a request when another port answered before.
            if stream.read_exact(&mut request).is_ok() {
                stream.write_all(bytes).ok();
            }
        })
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        // Wakes the thread that accepts.
        TcpStream::connect(&self.address).ok();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

/// A port without a listener: a port that was free a moment ago may be another test's by now.
const CLOSED: &str = "127.0.0.1:1";

fn cluster(bootstrap: &str, properties: &[(&str, &str)]) -> Cluster {
    let mut cluster = Cluster::new(bootstrap).unwrap();
    for (key, value) in properties {
        cluster.set(*key, *value);
    }
    cluster
}

fn run(cluster: &Cluster) -> ProbeReport {
    let mut reported = Vec::new();
    let report = probe(cluster, &AtomicBool::new(false), &mut |step: &ProbeStep| {
        reported.push(step.clone());
    });
    assert_eq!(reported, report.steps, "each step is reported as it ends");
    let ids: Vec<&str> = report.steps.iter().map(|step| step.id.as_str()).collect();
    assert_eq!(ids, PROBE_STEPS);
    report
}

/// Checks that `id` failed with these words, and that nothing after it was tried.
fn assert_failed(report: &ProbeReport, id: &str, words: &[&str]) {
    assert!(!report.ok);
    assert_eq!(report.cluster, None);
    let failed = report.steps.iter().position(|step| step.id == id).unwrap();
    let step = &report.steps[failed];
    assert_eq!(step.result, ProbeResult::Failed, "{:#?}", report.steps);
    for word in words {
        assert!(step.message.contains(word), "{word}: {}", step.message);
    }
    for later in &report.steps[failed + 1..] {
        assert_eq!(later.result, ProbeResult::Skipped, "{later:?}");
    }
}

#[test]
fn a_name_that_does_not_exist_fails_the_first_step() {
    let report = run(&cluster("no-such-host.invalid:9092", &[]));
    assert_failed(&report, "dns", &["no-such-host.invalid", "check the spelling"]);
}

#[test]
fn a_port_without_a_listener_is_called_refused() {
    let report = run(&cluster(CLOSED, &[]));
    assert_failed(&report, "tcp", &[CLOSED, "refused", "check port and broker"]);
    assert_eq!(report.steps[0].result, ProbeResult::Success);
}

#[test]
fn one_dead_bootstrap_address_of_two_is_a_warning() {
    let open = Port::answering(b"\x15\x03\x03\x00\x02\x02\x50");
    let report = run(&cluster(&format!("{CLOSED},{}", open.address), &[]));
    let tcp = &report.steps[1];
    assert_eq!(tcp.result, ProbeResult::Warning, "{tcp:?}");
    assert!(
        tcp.message.contains(CLOSED) && !tcp.message.contains(&open.address),
        "{tcp:?}"
    );
    assert_eq!(report.local_addresses, ["127.0.0.1"]);
}

#[test]
fn a_tls_port_is_recognized_at_once() {
    let port = Port::answering(b"\x15\x03\x03\x00\x02\x02\x50");
    let began = Instant::now();
    let report = run(&cluster(&port.address, &[]));
    assert_failed(&report, "tls", &[&port.address, "choose SSL or SASL_SSL"]);
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
}

#[test]
fn a_port_that_hangs_up_may_expect_tls_or_a_login() {
    let port = Port::serving(|stream| stream.shutdown(Shutdown::Both).unwrap());
    let report = run(&cluster(&port.address, &[]));
    assert_failed(&report, "tls", &["closed the connection", "TLS", "login"]);
}

#[test]
fn a_web_server_is_not_taken_for_a_broker() {
    let port = Port::answering(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    let report = run(&cluster(&port.address, &[]));
    assert_failed(&report, "tls", &["not as a Kafka broker"]);
}

#[test]
fn a_plain_port_behind_tls_settings_is_recognized_by_its_answer() {
    // One range: Fetch 0 to 11.
    let port = Port::answering(b"\0\0\0\x10slce\0\0\0\0\0\x01\0\x01\0\0\0\x0b");
    let report = run(&cluster(&port.address, &[("security.protocol", "ssl")]));
    assert_failed(
        &report,
        "tls",
        &[&port.address, "does not speak TLS", "choose PLAINTEXT"],
    );
}

#[test]
fn a_silent_port_fails_within_the_deadlines() {
    let port = Port::serving(|_| {});
    let began = Instant::now();
    let report = run(&cluster(&port.address, &[]));
    assert_failed(&report, "metadata", &["no broker answered in time"]);
    assert!(began.elapsed() < LONGEST, "{:?}", began.elapsed());
}

#[test]
fn a_silent_port_ends_soon_after_a_cancellation() {
    let port = Port::serving(|_| {});
    let cancel = AtomicBool::new(false);
    let began = Instant::now();
    // Set between the connection and the first question.
    let report = probe(&cluster(&port.address, &[]), &cancel, &mut |step: &ProbeStep| {
        if step.id == "tcp" {
            cancel.store(true, Ordering::Relaxed);
        }
    });
    assert!(!report.ok);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    for step in &report.steps[2..] {
        assert_eq!(step.result, ProbeResult::Skipped);
        assert!(step.message.contains("cancelled"), "{step:?}");
    }
}

#[test]
fn a_certificate_file_that_is_missing_is_a_matter_of_tls() {
    let port = Port::serving(|_| {});
    let report = run(&cluster(
        &port.address,
        &[
            ("security.protocol", "SSL"),
            ("ssl.ca.location", "/no/such/ca.pem"),
        ],
    ));
    assert_failed(&report, "tls", &["ssl.ca.location"]);
}
