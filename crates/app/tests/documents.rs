//! What is written down of the schema agrees with it.

use std::path::Path;

use sluice_app::{COMMAND_NAMES, ErrorCode, typescript};

/// Written with `SLUICE_BINDINGS=write`.
const BINDINGS: &str = "../../ui/src/backend/bindings.ts";

#[test]
fn every_error_code_has_its_section_and_no_section_is_without_a_code() {
    let page = include_str!("../../../docs/errors.md");
    let sections: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    let codes: Vec<String> = ErrorCode::ALL
        .iter()
        .map(|code| serde_json::to_value(code).unwrap().as_str().unwrap().to_owned())
        .collect();
    assert_eq!(sections, codes);
}

#[test]
fn the_types_of_the_page_are_those_of_the_commands() {
    let path = Path::new(BINDINGS);
    let now = typescript();
    if std::env::var("SLUICE_BINDINGS").is_ok_and(|wish| wish == "write") {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, &now).unwrap();
    }
    let committed = std::fs::read_to_string(path)
        .unwrap_or_default()
        .replace("\r\n", "\n");
    assert!(
        committed == now,
        "stale: run `make bindings` and commit ui/src/backend/bindings.ts"
    );
    assert!(!now.contains("bigint"), "numbers cross as numbers");
    for name in COMMAND_NAMES {
        assert!(now.contains(&format!("  {name}: {{ request: ")), "{name}");
    }
}
