//! The `testground` program.

use std::{
    io::{BufRead, BufReader},
    net::TcpStream,
    process::{Command, Stdio},
};

use sluice_testground::skip_reason;

#[test]
fn up_prints_where_the_cluster_is_and_ends_it_with_its_input() {
    if skip_reason().is_some() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let port_file = dir.path().join("ports.json");
    let mut up = Command::new(env!("CARGO_BIN_EXE_testground"))
        .args(["up", "--version", "4.3.1", "--secured", "--port-file"])
        .arg(&port_file)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(up.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let said: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(std::fs::read_to_string(&port_file).unwrap(), line.trim_end());
    let bootstrap = said["bootstrap"].as_str().unwrap().to_owned();
    TcpStream::connect(&bootstrap).unwrap();
    TcpStream::connect(said["secured_bootstrap"].as_str().unwrap()).unwrap();
    assert!(
        std::fs::read_to_string(said["ca_file"].as_str().unwrap())
            .unwrap()
            .contains("BEGIN CERTIFICATE")
    );
    assert_eq!(said["users"]["alice"], "alice-secret");

    drop(up.stdin.take());
    assert!(up.wait().unwrap().success());
    assert!(TcpStream::connect(&bootstrap).is_err());
    assert!(!port_file.exists());
    assert!(!std::path::Path::new(said["dir"].as_str().unwrap()).exists());
}

#[cfg(target_os = "linux")]
#[test]
fn brokers_die_with_a_program_that_is_killed() {
    use std::thread;
    use std::time::{Duration, Instant};

    if skip_reason().is_some() {
        return;
    }
    let mut up = Command::new(env!("CARGO_BIN_EXE_testground"))
        .args(["up", "--version", "1.0.2"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(up.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let said: serde_json::Value = serde_json::from_str(&line).unwrap();
    up.kill().unwrap();
    up.wait().unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    for address in [&said["bootstrap"], &said["zookeeper"]] {
        while TcpStream::connect(address.as_str().unwrap()).is_ok() {
            assert!(Instant::now() < deadline, "a process outlived its parent: {said}");
            thread::sleep(Duration::from_millis(50));
        }
    }
}
