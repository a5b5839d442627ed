//! The host as a browser meets it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

struct Host {
    child: Child,
    address: String,
    _data: tempfile::TempDir,
}

impl Host {
    fn start() -> Self {
        let data = tempfile::tempdir().unwrap();
        std::fs::create_dir(data.path().join("page")).unwrap();
        std::fs::write(data.path().join("page/index.html"), "<title>Sluice</title>").unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_sluice-devhost"))
            .arg("--data")
            .arg(data.path().join("data"))
            .arg("--ui")
            .arg(data.path().join("page"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut address = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut address)
            .unwrap();
        Self {
            child,
            address: address.trim().to_owned(),
            _data: data,
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(20)))
        .http_status_as_error(false)
        .build()
        .into()
}

#[test]
fn it_serves_the_page_commands_errors_and_events_to_this_computer_alone() {
    let host = Host::start();
    let (agent, at) = (agent(), &host.address);

    let page = agent
        .get(at)
        .call()
        .unwrap()
        .into_body()
        .read_to_string()
        .unwrap();
    assert!(page.contains("Sluice"), "{page}");

    let post = |name: &str, request: &str| {
        let answer = agent
            .post(format!("{at}/rpc/{name}"))
            .header("content-type", "application/json")
            .send(request)
            .unwrap();
        let status = answer.status().as_u16();
        let body = answer.into_body().read_to_string().unwrap();
        (status, serde_json::from_str::<serde_json::Value>(&body).unwrap())
    };
    let (status, info) = post("app_info", "{}");
    assert_eq!(
        (status, &info["secrets"], &info["runs_tasks"]),
        (200, &"session".into(), &true.into())
    );
    let (status, error) = post("task_show", r#"{"task": "none"}"#);
    assert_eq!((status, &error["code"]), (404, &"not_found".into()));

    let events = agent.get(format!("{at}/events")).call().unwrap();
    let form = r#"{"form": {"name": "here", "bootstrap": "127.0.0.1:9"}}"#;
    assert_eq!(post("source_add", form).0, 200);
    let heard = BufReader::new(events.into_body().into_reader())
        .lines()
        .map(Result::unwrap)
        .any(|line| line == r#"data: {"kind":"sources_changed"}"#);
    assert!(heard);

    assert_eq!(post("channel_test", r#"{"channel": "desktop"}"#).0, 200);
    let shown = agent
        .get(format!("{at}/notifications"))
        .call()
        .unwrap()
        .into_body()
        .read_to_string()
        .unwrap();
    assert_eq!(shown.matches("\"title\"").count(), 1, "{shown}");

    for (name, value) in [("host", "sluice.example"), ("origin", "https://sluice.example")] {
        let refused = agent.get(at).header(name, value).call().unwrap();
        assert_eq!(refused.status().as_u16(), 403, "{name}");
    }
}
