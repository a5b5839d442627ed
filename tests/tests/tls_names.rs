//! TLS to brokers whose address is spelled otherwise than certificates spell it: in brackets, or with a dot at its end.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::atomic::AtomicBool;
use std::thread;

use anyhow::{Context, Result};
use sluice_kafka::{ProbeResult, probe};
use sluice_model::Cluster as Address;
use sluice_testground::{Cluster, KafkaVersion};
use sluice_tests::skipped;

/// Passes connections to a port of `host` on to `to`, until the process ends. The address that clients connect to.
fn forward(host: &str, to: SocketAddr) -> Result<SocketAddr> {
    let listener = TcpListener::bind((host, 0)).with_context(|| format!("this machine is not {host}"))?;
    let from = listener.local_addr()?;
    thread::spawn(move || {
        for client in listener.incoming() {
            let (Ok(client), Ok(server)) = (client, TcpStream::connect(to)) else {
                return;
            };
            for (mut read, mut write) in [
                (client.try_clone(), server.try_clone()),
                (server.try_clone(), client.try_clone()),
            ]
            .into_iter()
            .filter_map(|(read, write)| Some((read.ok()?, write.ok()?)))
            {
                thread::spawn(move || io::copy(&mut read, &mut write).ok());
            }
        }
    });
    Ok(from)
}

fn steps(cluster: &Cluster, bootstrap: &str) -> Result<(bool, String)> {
    let mut address = Address::new(bootstrap)?;
    address.set("security.protocol", "SSL");
    address.set("ssl.ca.location", cluster.ca_file()?.display().to_string());
    let report = probe(&address, &AtomicBool::new(false), &mut |_| {});
    let failed: Vec<String> = report
        .steps
        .iter()
        .filter(|step| step.result == ProbeResult::Failed)
        .map(|step| format!("{}: {}", step.id, step.message))
        .collect();
    Ok((report.ok, failed.join("; ")))
}

#[test]
fn a_broker_is_reached_at_an_ipv6_address_and_at_a_name_with_a_dot_if_its_certificate_names_them()
-> Result<()> {
    if skipped() {
        return Ok(());
    }
    let cluster = Cluster::builder(KafkaVersion::V4_3_1).ssl().start()?;
    let plain: SocketAddr = cluster.ssl_bootstrap()?.parse()?;
    let ipv6 = forward("::1", plain)?;
    let mut all = vec![
        format!("[::1]:{}", ipv6.port()),
        format!("127.0.0.1:{}", plain.port()),
    ];
    let dotted = format!("localhost.:{}", plain.port());
    if dotted.to_socket_addrs().is_ok() {
        all.push(dotted);
    } else {
        eprintln!("not tried: this machine does not resolve 'localhost.'");
    }
    for bootstrap in all {
        assert_eq!(steps(&cluster, &bootstrap)?, (true, String::new()), "{bootstrap}");
    }
    Ok(())
}

#[test]
fn a_certificate_that_does_not_name_the_address_is_refused() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let cluster = Cluster::builder(KafkaVersion::V4_3_1).ssl().start()?;
    let plain: SocketAddr = cluster.ssl_bootstrap()?.parse()?;
    let elsewhere = forward("127.0.0.2", plain)?;
    let (ok, failed) = steps(&cluster, &elsewhere.to_string())?;
    assert!(!ok, "the certificate does not name 127.0.0.2");
    assert!(failed.starts_with("tls: "), "{failed}");
    Ok(())
}
