//! A file for support: versions, settings, data sources and tasks as they were entered, what was done, logs. No
//! secrets: they are kept apart from all of this.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use jiff::Zoned;
use serde_json::{Value, json};
use sluice_app::App;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::logs;

/// What is asked for, and the names of the files it goes to.
const DOCUMENTS: &[(&str, &str)] = &[
    ("app_info", "about.json"),
    ("settings_show", "settings.json"),
    ("source_list", "data-sources.json"),
    ("task_list", "tasks.json"),
    ("rule_list", "alert-rules.json"),
    ("alert_history", "alert-history.json"),
    ("operation_list", "activity.json"),
];

/// What the file is called by default.
pub fn name() -> String {
    format!("sluice-support-{}.zip", Zoned::now().strftime("%Y%m%d-%H%M"))
}

/// Writes the bundle of a data folder; without the application, which may be what does not open, its logs alone.
///
/// # Errors
/// It cannot be written. A log that cannot be read is named in it.
pub fn write(to: &Path, data: &Path, app: Option<&App>) -> io::Result<()> {
    let mut zip = Bundle(ZipWriter::new(File::create(to)?));
    zip.text("system.json", &pretty(&system()))?;
    if let Some(app) = app {
        for (command, file) in DOCUMENTS {
            zip.text(file, &pretty(&ask(app, command, json!({}))))?;
        }
        let tasks = ask(app, "task_list", json!({}));
        for id in tasks["tasks"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|task| task["id"].as_str())
        {
            zip.text(
                &format!("tasks/{id}.json"),
                &pretty(&ask(app, "task_show", json!({ "task": id }))),
            )?;
            zip.text(
                &format!("tasks/{id}-log.json"),
                &pretty(&ask(app, "task_log", json!({ "task": id }))),
            )?;
        }
    }
    for entry in fs::read_dir(logs::dir(data)).into_iter().flatten() {
        let path = entry?.path();
        if path.is_file() {
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let content = fs::read(&path).unwrap_or_else(|error| error.to_string().into_bytes());
            zip.bytes(&format!("logs/{name}"), &content)?;
        }
    }
    zip.0.finish()?;
    Ok(())
}

fn system() -> Value {
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "system": std::env::consts::OS,
        "architecture": std::env::consts::ARCH,
        "webview": tauri::webview_version().unwrap_or_else(|error| error.to_string()),
        "tauri": tauri::VERSION,
        "made": Zoned::now().to_string(),
    })
}

fn ask(app: &App, command: &str, request: Value) -> Value {
    match app.call_by_name(command, request) {
        Ok(answer) => serde_json::from_str(answer.get()).unwrap_or_default(),
        Err(error) => json!({ "error": error.message }),
    }
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

struct Bundle(ZipWriter<File>);

impl Bundle {
    fn text(&mut self, name: &str, text: &str) -> io::Result<()> {
        self.bytes(name, text.as_bytes())
    }

    fn bytes(&mut self, name: &str, content: &[u8]) -> io::Result<()> {
        self.0.start_file(name, SimpleFileOptions::default())?;
        self.0.write_all(content)
    }
}
