//! What crosses to the window as TypeScript.

use sluice_alerts::{
    ChannelConfig, Condition, Delivery, Disposition, InvalidField, Language, QuietHours, Rule, Suppression,
};
use ts_rs::{Config, TS};

#[test]
fn the_types_of_the_window_are_plain_json() {
    let config = Config::default();
    let declarations = [
        ChannelConfig::decl(&config),
        Condition::decl(&config),
        Delivery::decl(&config),
        Disposition::decl(&config),
        InvalidField::decl(&config),
        Language::decl(&config),
        QuietHours::decl(&config),
        Rule::decl(&config),
        Suppression::decl(&config),
    ];
    for declaration in &declarations {
        assert!(!declaration.contains("bigint"), "JSON has none: {declaration}");
    }
    for word in [r#"{ "kind": "delay_over""#, "delay_seconds: number,"] {
        assert!(declarations[1].contains(word), "{}", declarations[1]);
    }
    assert_eq!(declarations[5], r#"type Language = "en" | "zh_hans";"#);
}
