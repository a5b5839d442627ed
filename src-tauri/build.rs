//! Builds the page, so that a plain `cargo build` is enough on a fresh clone, and what Tauri needs.

use std::path::Path;
use std::process::Command;

/// Commands of the shell; the page may give those that its capability names.
const COMMANDS: &[&str] = &[
    "rpc",
    "subscribe",
    "shell_events",
    "shell_info",
    "set_autostart",
    "set_zoom",
    "close_choice",
    "pick_file",
    "save_file",
    "open_folder",
    "support_bundle",
    "quit",
    "trouble",
    "try_again",
];

/// What the page is built from.
const INPUTS: &[&str] = &[
    "src",
    "public",
    "index.html",
    "package.json",
    "package-lock.json",
    "vite.config.ts",
    "svelte.config.js",
    "tsconfig.json",
];

fn main() {
    build_page();
    let attributes =
        tauri_build::Attributes::new().app_manifest(tauri_build::AppManifest::new().commands(COMMANDS));
    if let Err(error) = tauri_build::try_build(attributes) {
        panic!("{error:#}");
    }
}

/// Builds ui/dist with npm. With SLUICE_SKIP_UI=1 a page that is there stays as it is: for packagers, and where only Rust
/// is looked at.
fn build_page() {
    // Asked when it runs: a target directory that several clones share may hold a build script of another one.
    let Some(here) = std::env::var_os("CARGO_MANIFEST_DIR") else {
        panic!("cargo does not say where this package is");
    };
    let ui = Path::new(&here).join("../ui");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=SLUICE_SKIP_UI");
    let skip = std::env::var_os("SLUICE_SKIP_UI").is_some_and(|value| value != "0");
    if skip && ui.join("dist/index.html").exists() {
        return;
    }
    for input in INPUTS {
        println!("cargo:rerun-if-changed={}", ui.join(input).display());
    }
    if tauri_build::is_dev() {
        return;
    }
    let modified = |path: &str| ui.join(path).metadata().and_then(|data| data.modified()).ok();
    let installed = modified("node_modules/.package-lock.json");
    if installed.is_none() || modified("package-lock.json") > installed {
        npm(&ui, &["ci", "--no-audit", "--no-fund"]);
    }
    npm(&ui, &["run", "build"]);
}

fn npm(ui: &Path, arguments: &[&str]) {
    let program = if cfg!(windows) { "npm.cmd" } else { "npm" };
    match Command::new(program).args(arguments).current_dir(ui).status() {
        Ok(status) if status.success() => {}
        Ok(status) => panic!("`npm {}` in ui/ failed: {status}", arguments.join(" ")),
        Err(error) => {
            panic!("npm cannot be run ({error}): install Node.js 20.19 or newer, which brings it along")
        }
    }
}
