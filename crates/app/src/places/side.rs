//! Which computer a command of a window is for that looks at another one.

use serde_json::Value;

/// Where a command is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// It is about this window, its places, or files of this computer.
    Here,
    /// It is about the data folder that is looked at.
    There,
    /// Settings of the window are here, all others there.
    Both,
}

/// Settings that begin so are the window's.
const OF_WINDOW: &str = "page.";

impl Side {
    /// Where the command of this name is carried out.
    pub(crate) fn of(command: &str, request: &Value) -> Self {
        match command {
            "place_list" | "place_put" | "place_remove" | "place_test" | "place_retry" => Self::Here,
            // A file that a person chose is one of this computer; what is read of it is saved there by another command.
            "source_import" => Self::Here,
            "update_check" => Self::Here,
            "settings_show" => Self::Both,
            "setting_set" if key(request).is_some_and(|key| key.starts_with(OF_WINDOW)) => Self::Here,
            _ => Self::There,
        }
    }

    /// The settings there, with those of the window here.
    pub(crate) fn joined(here: &str, there: &str) -> serde_json::Result<Value> {
        let (mut all, here): (Value, Value) = (serde_json::from_str(there)?, serde_json::from_str(here)?);
        let values = |settings: &Value| settings["values"].as_object().cloned().unwrap_or_default();
        let mut joined = values(&all);
        joined.retain(|key, _| !key.starts_with(OF_WINDOW));
        joined.extend(
            values(&here)
                .into_iter()
                .filter(|(key, _)| key.starts_with(OF_WINDOW)),
        );
        all["values"] = Value::Object(joined);
        Ok(all)
    }
}

fn key(request: &Value) -> Option<&str> {
    request.get("key").and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_of_the_window_stays_here() {
        let of = |command: &str, request: Value| Side::of(command, &request);
        assert_eq!(
            of("setting_set", json!({"key": "page.theme", "value": "dark"})),
            Side::Here
        );
        assert_eq!(
            of("setting_set", json!({"key": "log_days", "value": 3})),
            Side::There
        );
        assert_eq!(of("source_import", json!({"file": "/x"})), Side::Here);
        assert_eq!(of("source_add", json!({})), Side::There);
        let names = [
            "place_list",
            "place_put",
            "place_remove",
            "place_test",
            "place_retry",
            "source_import",
            "update_check",
            "settings_show",
            "setting_set",
        ];
        for name in names {
            assert!(crate::COMMAND_NAMES.contains(&name), "{name}");
        }
    }

    #[test]
    fn settings_of_the_window_are_those_of_here() {
        let here = r#"{"values":{"page.theme":"dark","log_days":1}}"#;
        let there = r#"{"values":{"page.theme":"light","page.zoom":90,"log_days":3}}"#;
        assert_eq!(
            Side::joined(here, there).unwrap(),
            json!({"values": {"page.theme": "dark", "log_days": 3}})
        );
    }
}
