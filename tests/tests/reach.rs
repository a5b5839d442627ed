//! Clusters that send their clients to addresses which lead nowhere from here, reached by an address map and through a
//! SOCKS5 proxy, by both clients; and proxies that do not let them through.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use sluice_engine::{Ending, ReadBy, VerificationResult};
use sluice_fakekafka::FakeCluster;
use sluice_kafka::{Admin, KafkaError, ProbeReport, ProbeResult, probe};
use sluice_model::{ADDRESS_MAP, Cluster as Source, Delivery, LaneChoice, PROXY, PROXY_PASSWORD, PROXY_USER};
use sluice_testground::{Cluster, KafkaVersion, SocksProxy};
use sluice_tests::{BOTH, Bench, Filler, Shared, eventually, read_all, skipped, stop};
use sluice_wire::Client;

/// A name that no resolver knows (RFC 6761, section 6.4).
const HOST: &str = "kafka.invalid";
const LOGIN: (&str, &str) = ("me", "hunter2");
/// How long a client that is asked to give up may take in these tests; none of them should.
const PATIENCE: Duration = Duration::from_secs(60);

/// Two clusters out of reach.
struct Ground {
    source: Cluster,
    target: Cluster,
}

static GROUND: Shared<Ground> = Shared::new();

impl Ground {
    fn get() -> Result<Arc<Self>> {
        GROUND.get(|| {
            let far = || {
                Cluster::builder(KafkaVersion::V4_3_1)
                    .advertised_host(HOST)
                    .ssl()
                    .start()
            };
            Ok(Self {
                source: far()?,
                target: far()?,
            })
        })
    }

    fn filled(&self, topic: &str) -> Result<()> {
        let filler = Filler::new(&self.source.direct_bootstrap())?;
        filler.create(topic, 2, &[])?;
        filler.numbered(topic, 2, 0, 2_000, 200)
    }

    fn bench(&self, topic: &str) -> Result<Bench> {
        Bench::new(&self.source.bootstrap(), &self.target.bootstrap(), &[topic])
    }

    /// Copies in both lanes with both deliveries as `reaching` sets it up, and has the copies verified and compared.
    fn copies(&self, what: &str, reaching: impl Fn(&mut Source, &Cluster)) -> Result<()> {
        for lane in [LaneChoice::Record, LaneChoice::Wire] {
            for delivery in BOTH {
                let topic = format!("{what}-{lane:?}-{delivery:?}").to_lowercase();
                self.filled(&topic)?;
                let mut bench = self.bench(&topic)?;
                bench.task.lane = lane;
                bench.task.delivery = delivery;
                reaching(&mut bench.task.source, &self.source);
                reaching(&mut bench.task.target, &self.target);
                let outcome = bench.copy()?;
                ensure!(
                    matches!(&outcome.ending, Ending::CaughtUp { incomplete } if incomplete.is_empty()),
                    "{topic}: {:?}",
                    outcome.ending
                );
                let report = bench.verify()?;
                assert_eq!(report.result, VerificationResult::Equal, "{topic}: {report:#?}");
                let other = match lane {
                    LaneChoice::Wire => ReadBy::Librdkafka,
                    LaneChoice::Record | LaneChoice::Auto => ReadBy::Wire,
                };
                assert_eq!(
                    report.target_read_by, other,
                    "{topic}: another client judges the copy"
                );
                for partition in 0..2 {
                    let there = read_all(&self.source.direct_bootstrap(), &topic, partition)?;
                    let here = read_all(&self.target.direct_bootstrap(), &topic, partition)?;
                    ensure!(there.len() == 2_000, "{topic}: {} records", there.len());
                    let values = |records: &[sluice_tests::PlainRecord]| -> Vec<_> {
                        records.iter().map(|record| record.value.clone()).collect()
                    };
                    assert_eq!(values(&there), values(&here), "{topic}");
                }
            }
        }
        Ok(())
    }
}

fn map_of(cluster: &Cluster) -> String {
    let entries: Vec<String> = cluster
        .reachable()
        .iter()
        .map(|(advertised, reachable)| format!("{advertised}={reachable}"))
        .collect();
    entries.join(",")
}

fn proxied(source: &mut Source, proxy: SocketAddr, login: Option<(&str, &str)>) {
    source.set(PROXY, proxy.to_string());
    if let Some((user, password)) = login {
        source.set(PROXY_USER, user);
        source.set(PROXY_PASSWORD, password);
    }
}

#[test]
fn brokers_that_advertise_a_dead_address_are_copied_by_an_address_map() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    Ground::get()?.copies("mapped", |source, cluster| {
        source.set(ADDRESS_MAP, map_of(cluster));
    })
}

#[test]
fn brokers_that_only_a_proxy_knows_are_copied_through_it() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = Ground::get()?;
    let routes = [ground.source.reachable(), ground.target.reachable()].concat();
    let proxy = SocksProxy::start(routes, None)?;
    ground.copies("proxied", |source, _| proxied(source, proxy.address(), None))?;
    let names = [ground.source.bootstrap(), ground.target.bootstrap()];
    ensure!(
        names.iter().all(|name| proxy.asked().contains(name)),
        "{:?}",
        proxy.asked()
    );
    Ok(())
}

#[test]
fn a_proxy_that_asks_for_a_login_gets_it_and_is_asked_for_mapped_addresses() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = Ground::get()?;
    // The proxy knows brokers by names of its own.
    let inside = |cluster: &Cluster| -> Vec<(String, SocketAddr)> {
        let renamed = |(index, (_, reachable)): (usize, (String, SocketAddr))| {
            (format!("inside.invalid:{}", 7_000 + index), reachable)
        };
        cluster.reachable().into_iter().enumerate().map(renamed).collect()
    };
    let source_proxy = SocksProxy::start(inside(&ground.source), Some(LOGIN))?;
    let target_proxy = SocksProxy::start(inside(&ground.target), Some(LOGIN))?;
    let is_source = |cluster: &Cluster| cluster.bootstrap() == ground.source.bootstrap();
    ground.copies("logged-in", |source, cluster| {
        let entries: Vec<String> = cluster
            .reachable()
            .iter()
            .zip(inside(cluster))
            .map(|((advertised, _), (name, _))| format!("{advertised}={name}"))
            .collect();
        source.set(ADDRESS_MAP, entries.join(","));
        let proxy = if is_source(cluster) {
            &source_proxy
        } else {
            &target_proxy
        };
        proxied(source, proxy.address(), Some(LOGIN));
    })?;
    for proxy in [source_proxy, target_proxy] {
        ensure!(
            proxy
                .asked()
                .iter()
                .all(|name| name.starts_with("inside.invalid:")),
            "{:?}",
            proxy.asked()
        );
    }
    Ok(())
}

#[test]
fn a_copy_goes_on_when_the_proxy_has_torn_every_connection() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = Ground::get()?;
    let routes = [ground.source.reachable(), ground.target.reachable()].concat();
    for lane in [LaneChoice::Record, LaneChoice::Wire] {
        let proxy = SocksProxy::start(routes.clone(), None)?;
        let topic = format!("torn-{lane:?}").to_lowercase();
        ground.filled(&topic)?;
        let mut bench = ground.bench(&topic)?;
        bench.task.lane = lane;
        proxied(&mut bench.task.source, proxy.address(), None);
        proxied(&mut bench.task.target, proxy.address(), None);
        let running = bench.start(false)?;
        let arrived = |records: usize| {
            eventually(&format!("{topic}: {records} records have arrived"), || {
                // The topic is made by the copy.
                let there = read_all(&ground.target.direct_bootstrap(), &topic, 1).unwrap_or_default();
                Ok(there.len() == records)
            })
        };
        arrived(2_000)?;
        proxy.cut();
        Filler::new(&ground.source.direct_bootstrap())?.numbered(&topic, 2, 2_000, 1_000, 200)?;
        arrived(3_000)?;
        stop(running)?;
        let report = bench.verify()?;
        assert_eq!(report.result, VerificationResult::Equal, "{topic}: {report:#?}");
    }
    Ok(())
}

fn tls(cluster: &Cluster) -> Result<Source> {
    let mut source = Source::new(&cluster.ssl_bootstrap()?)?;
    source.set("security.protocol", "SSL");
    source.set("ssl.ca.location", cluster.ca_file()?.display().to_string());
    Ok(source)
}

fn probed(source: &Source) -> ProbeReport {
    probe(source, &AtomicBool::new(false), &mut |_| {})
}

fn said<'a>(report: &'a ProbeReport, id: &str) -> Result<(ProbeResult, &'a str)> {
    let step = report.steps.iter().find(|step| step.id == id);
    let step = step.with_context(|| format!("no step {id}"))?;
    Ok((step.result, &step.message))
}

#[test]
fn tls_goes_on_checking_the_advertised_name_behind_a_map_and_behind_a_proxy() -> Result<()> {
    if skipped() {
        return Ok(());
    }
    let ground = Ground::get()?;
    let proxy = SocksProxy::start(ground.source.reachable(), None)?;
    let mut ways = [tls(&ground.source)?, tls(&ground.source)?];
    ways[0].set(ADDRESS_MAP, map_of(&ground.source));
    proxied(&mut ways[1], proxy.address(), None);
    for source in ways {
        let report = probed(&source);
        ensure!(report.ok, "{report:#?}");
        Client::new(&source)?.cluster()?;
    }
    // The certificate carries the advertised name alone: another one that leads to the same broker is refused.
    let (advertised, reachable) = ground
        .source
        .reachable()
        .into_iter()
        .find(|(name, _)| ground.source.ssl_bootstrap().is_ok_and(|tls| tls == *name))
        .context("the listener with TLS")?;
    let mut other = Source::new("other.invalid:9093")?;
    for (name, value) in tls(&ground.source)?.properties() {
        other.set(name, value.reveal());
    }
    other.set(
        ADDRESS_MAP,
        format!("other.invalid:9093={reachable},{advertised}={reachable}"),
    );
    let report = probed(&other);
    assert_eq!(said(&report, "tls")?.0, ProbeResult::Failed, "{report:#?}");
    let error = Client::new(&other)?.cluster().err().context("it was let in")?;
    ensure!(error.to_string().contains("other.invalid"), "{error}");
    Ok(())
}

/// What librdkafka and the wire client say of a cluster that is not reached, and the test of its connection.
fn refusals(source: &Source, deadline: Duration) -> Result<[String; 3]> {
    let admin = Admin::new(source)?;
    let librdkafka: KafkaError = admin.connect(deadline).err().context("librdkafka was let in")?;
    let wire = Client::new(source)?
        .with_timeout(Duration::from_secs(5))
        .cluster()
        .err()
        .context("the wire client was let in")?;
    let report = probed(source);
    ensure!(!report.ok, "{report:#?}");
    let failed = report
        .steps
        .iter()
        .find(|step| step.result == ProbeResult::Failed)
        .context("no step has failed")?;
    Ok([
        librdkafka.to_string(),
        wire.to_string(),
        format!("{}: {}", failed.id, failed.message),
    ])
}

fn assert_refused(source: &Source, proxy: SocketAddr, words: &str) -> Result<()> {
    assert_refused_within(Duration::from_secs(4), source, proxy, words)
}

fn assert_refused_within(deadline: Duration, source: &Source, proxy: SocketAddr, words: &str) -> Result<()> {
    for sentence in refusals(source, deadline)? {
        ensure!(
            sentence.contains(&format!("the SOCKS5 proxy {proxy}: ")) && sentence.contains(words),
            "{words}: {sentence}"
        );
        ensure!(!sentence.contains(LOGIN.1), "{sentence}");
    }
    Ok(())
}

#[test]
fn a_proxy_that_is_in_the_way_is_named_with_what_it_wants_by_both_clients() -> Result<()> {
    let fake = FakeCluster::builder().brokers(1).cluster_id("far").start()?;
    let address: SocketAddr = fake.bootstrap().parse()?;
    let route = [(format!("{HOST}:9092"), address)];
    let far = || Source::new(&format!("{HOST}:9092"));

    let gone = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let mut source = far()?;
    proxied(&mut source, gone, None);
    assert_refused(&source, gone, "connection refused")?;

    let guarded = SocksProxy::start(route.clone(), Some(LOGIN))?;
    let mut source = far()?;
    proxied(&mut source, guarded.address(), None);
    assert_refused(&source, guarded.address(), "asks for a login")?;
    proxied(&mut source, guarded.address(), Some(("me", "wrong")));
    assert_refused(&source, guarded.address(), "refuses the user or the password")?;

    let strict = SocksProxy::start(route, None)?;
    strict.forbid();
    let mut source = far()?;
    proxied(&mut source, strict.address(), None);
    assert_refused(&source, strict.address(), "its rules forbid")?;

    let ignorant = SocksProxy::start([], None)?;
    let mut source = far()?;
    proxied(&mut source, ignorant.address(), None);
    assert_refused(&source, ignorant.address(), "no way to the broker's host")?;

    // It accepts, and says nothing for ever.
    let silent = TcpListener::bind("127.0.0.1:0")?;
    let mut source = far()?;
    proxied(&mut source, silent.local_addr()?, None);
    assert_refused(&source, silent.local_addr()?, "no answer")?;
    // Longer than a proxy has to reach a broker.
    assert_refused_within(
        Duration::from_secs(12),
        &source,
        silent.local_addr()?,
        "no answer in time",
    )
}

#[test]
fn the_steps_of_a_connection_test_tell_the_way() -> Result<()> {
    let fake = FakeCluster::builder().brokers(1).cluster_id("far").start()?;
    let address: SocketAddr = fake.bootstrap().parse()?;
    let mut mapped = Source::new(&format!("{HOST}:9092"))?;
    mapped.set(ADDRESS_MAP, format!("{HOST}:9092={address}"));
    let report = probed(&mapped);
    ensure!(report.ok, "{report:#?}");
    let (_, dns) = said(&report, "dns")?;
    ensure!(dns.contains("by the address map"), "{dns}");

    let routes = [(format!("{HOST}:9092"), address), (fake.bootstrap(), address)];
    let proxy = SocksProxy::start(routes, None)?;
    let mut through = Source::new(&format!("{HOST}:9092"))?;
    proxied(&mut through, proxy.address(), None);
    let report = probed(&through);
    ensure!(report.ok, "{report:#?}");
    for (id, words) in [
        ("dns", "looks up the names of brokers"),
        ("tcp", "through the SOCKS5 proxy"),
        ("local_address", "the brokers see the proxy's address"),
    ] {
        let (_, message) = said(&report, id)?;
        ensure!(message.contains(words), "{id}: {message}");
    }
    // What the cluster advertises goes through the proxy as well, which does not know it.
    let blind = SocksProxy::start([(format!("{HOST}:9092"), address)], None)?;
    let mut halfway = Source::new(&format!("{HOST}:9092"))?;
    proxied(&mut halfway, blind.address(), None);
    let report = probed(&halfway);
    ensure!(!report.ok, "{report:#?}");
    let failed: Vec<&str> = report
        .steps
        .iter()
        .filter(|step| step.result == ProbeResult::Failed)
        .map(|step| step.message.as_str())
        .collect();
    ensure!(
        failed.iter().all(|message| message.contains("the SOCKS5 proxy")),
        "{failed:?}"
    );
    Ok(())
}

/// Does `work` on a thread of its own, which must end.
fn ends<T: Send + 'static>(what: &str, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(work()).ok());
    receiver
        .recv_timeout(PATIENCE)
        .with_context(|| format!("{what} has not ended"))
}

#[test]
fn a_silent_proxy_holds_up_neither_a_clients_end_nor_a_stop() -> Result<()> {
    let fake = FakeCluster::builder().brokers(1).cluster_id("far").start()?;
    let silent = TcpListener::bind("127.0.0.1:0")?;
    let mut source = Source::new(&fake.bootstrap())?;
    proxied(&mut source, silent.local_addr()?, None);
    // Long enough that only giving up ends it in time.
    source.set("socket.connection.setup.timeout.ms", "300000");
    let admin = Admin::new(&source)?;
    let (met, _) = silent.accept().or_else(|_| silent.accept())?;
    ends("librdkafka's client", move || drop(admin))?;
    drop(met);

    let (there, here) = sluice_tests::fake_clusters()?;
    there.create_topic("t", 1, &[])?;
    for lane in [LaneChoice::Record, LaneChoice::Wire] {
        let routes = [there.bootstrap(), here.bootstrap()]
            .iter()
            .flat_map(|list| list.split(',').map(str::to_owned).collect::<Vec<_>>())
            .map(|name| Ok((name.clone(), name.parse()?)))
            .collect::<Result<Vec<(String, SocketAddr)>>>()?;
        let proxy = SocksProxy::start(routes, None)?;
        let mut bench = Bench::new(&there.bootstrap(), &here.bootstrap(), &["t"])?;
        bench.task.lane = lane;
        bench.task.delivery = Delivery::AtLeastOnce;
        proxied(&mut bench.task.source, proxy.address(), None);
        proxied(&mut bench.task.target, proxy.address(), None);
        let running = bench.start(false)?;
        // From here on nobody gets through.
        proxy.forbid();
        proxy.cut();
        drop(proxy);
        ends("a stop", move || stop(running))??;
    }
    Ok(())
}
