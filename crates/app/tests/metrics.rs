//! Numbers for Prometheus, as a scrape gets them.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::json;
use sluice_app::{App, Opening, SettingSet, SourceAdd, TaskCheck, TaskCreate, TaskStart};
use sluice_fakekafka::{FakeCluster, FakeRecord};
use sluice_model::{Objects, SourceForm, SourceId, TaskName, TaskSettings};
use sluice_store::SecretPreference;

fn scrape(address: SocketAddr) -> String {
    let mut connection = TcpStream::connect(address).unwrap();
    connection
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    write!(
        connection,
        "GET /metrics HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    answer
}

/// The value of the one sample whose line begins so.
fn sample(text: &str, begin: &str) -> Option<f64> {
    let line = text.lines().find(|line| line.starts_with(begin))?;
    line.rsplit(' ').next()?.parse().ok()
}

fn open(dir: &std::path::Path) -> App {
    App::open(Opening {
        dir: dir.to_owned(),
        program: "a test".to_owned(),
        secrets: SecretPreference::Session,
        runs_tasks: true,
        desktop: None,
        demo: None,
    })
    .unwrap()
}

fn add(app: &App, name: &str, cluster: &FakeCluster) -> SourceId {
    let form = SourceForm {
        name: name.to_owned(),
        bootstrap: cluster.bootstrap(),
        ..SourceForm::default()
    };
    let secrets = BTreeMap::new();
    app.call(SourceAdd { form, secrets }).unwrap().id
}

#[test]
fn a_scrape_has_the_numbers_of_each_task_and_partition_while_it_runs() {
    let dir = tempfile::tempdir().unwrap();
    let cluster = |id: &str| FakeCluster::builder().cluster_id(id).start().unwrap();
    let (source, target) = (cluster("source"), cluster("target"));
    source.create_topic("orders", 1, &[]).unwrap();
    for value in ["a", "bb", "ccc"] {
        source
            .append("orders", 0, vec![FakeRecord::new("k", value)])
            .unwrap();
    }
    let app = open(dir.path());
    let settings = TaskSettings::new(
        TaskName::new("o \"1\"").unwrap(),
        add(&app, "from", &source),
        add(&app, "to", &target),
        Objects::Topics(vec!["orders".to_owned()]),
    );
    let task = app.call(TaskCreate { settings }).unwrap().id.as_str().to_owned();
    let address = app.serve_metrics(Some(&"0".parse().unwrap())).unwrap().unwrap();
    assert!(address.ip().is_loopback());

    let draft = scrape(address);
    assert!(draft.starts_with("HTTP/1.1 200"), "{draft}");
    assert!(
        draft.contains("application/openmetrics-text; version=1.0.0"),
        "{draft}"
    );
    let labels = format!("{{task=\"o \\\"1\\\"\",task_id=\"{task}\"");
    assert_eq!(
        sample(&draft, &format!("sluice_task_state{labels},state=\"draft\"}}")),
        Some(1.0)
    );
    assert_eq!(
        sample(
            &draft,
            &format!("sluice_task_clusters{labels},source=\"from\",target=\"to\"}}")
        ),
        Some(1.0),
        "{draft}"
    );
    assert!(!draft.contains("sluice_partition_position_offset{"), "{draft}");

    assert!(app.call(TaskCheck { task: task.clone() }).unwrap().may_start);
    app.call(TaskStart { task, confirm: None }).unwrap();
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        let text = scrape(address);
        let partition = format!("{labels},topic=\"orders\",partition=\"0\"}}");
        let of = |name: &str, labels: &str| sample(&text, &format!("{name}{labels}"));
        if of("sluice_task_written_records_total", &format!("{labels}}}")) == Some(3.0)
            && of("sluice_partition_position_offset", &partition) == Some(3.0)
            && of("sluice_partition_log_end_offset", &partition) == Some(3.0)
            && of("sluice_partition_lag_records", &partition) == Some(0.0)
            && of("sluice_task_state", &format!("{labels},state=\"running\"}}")) == Some(1.0)
        {
            assert_eq!(
                of("sluice_partition_copied_records_total", &partition),
                Some(3.0),
                "{text}"
            );
            break;
        }
        assert!(Instant::now() < until, "{text}");
        std::thread::sleep(Duration::from_millis(50));
    }
    app.close();
    assert!(
        TcpStream::connect(address).is_err(),
        "nothing is served when it has ended"
    );
}

#[test]
fn the_setting_turns_it_on_and_off_and_holds_for_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let app = open(dir.path());
    let free = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let set = |app: &App, value: serde_json::Value| {
        let key = "metrics_address".to_owned();
        app.call(SettingSet { key, value })
    };
    assert!(TcpStream::connect(free).is_err(), "off by default");
    for wrong in [json!("nowhere"), json!(9464), json!("h h:1")] {
        assert!(set(&app, wrong).is_err());
    }
    set(&app, json!(free.port().to_string())).unwrap();
    assert!(scrape(free).contains("sluice_build_info{version="));
    app.close();
    let app = open(dir.path());
    assert!(scrape(free).contains("# EOF"));
    set(&app, json!("")).unwrap();
    assert!(TcpStream::connect(free).is_err());
}
