//! Where the data folder is when it is not given: the same for the window and the terminal companion.

use std::path::PathBuf;

use thiserror::Error;

/// The environment does not say where the user's directory is.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "the data folder is unknown, because {variable} is not set; give it with --data DIR (or --state DIR)"
)]
pub struct UnknownDataDir {
    /// What is not set.
    variable: &'static str,
}

/// The user's own data folder, by the custom of the system.
///
/// # Errors
/// The environment does not say where the user's directory is.
pub fn data_dir() -> Result<PathBuf, UnknownDataDir> {
    from_environment(|name| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    })
}

#[cfg(target_os = "macos")]
fn from_environment(get: impl Fn(&str) -> Option<PathBuf>) -> Result<PathBuf, UnknownDataDir> {
    let home = get("HOME").ok_or_else(|| unknown("HOME"))?;
    Ok(home.join("Library/Application Support/Sluice"))
}

#[cfg(windows)]
fn from_environment(get: impl Fn(&str) -> Option<PathBuf>) -> Result<PathBuf, UnknownDataDir> {
    Ok(get("LOCALAPPDATA")
        .ok_or_else(|| unknown("LOCALAPPDATA"))?
        .join("Sluice"))
}

#[cfg(not(any(target_os = "macos", windows)))]
fn from_environment(get: impl Fn(&str) -> Option<PathBuf>) -> Result<PathBuf, UnknownDataDir> {
    get("XDG_STATE_HOME")
        .or_else(|| get("HOME").map(|home| home.join(".local/state")))
        .map(|base| base.join("sluice"))
        .ok_or_else(|| unknown("HOME"))
}

fn unknown(variable: &'static str) -> UnknownDataDir {
    UnknownDataDir { variable }
}

#[cfg(all(test, not(any(target_os = "macos", windows))))]
mod tests {
    use super::*;

    #[test]
    fn the_custom_of_the_system_is_followed() {
        let with = |pairs: &'static [(&str, &str)]| {
            from_environment(move |name| {
                pairs
                    .iter()
                    .find(|(key, _)| *key == name)
                    .map(|(_, value)| value.into())
            })
        };
        assert_eq!(
            with(&[("HOME", "/h")]).unwrap(),
            PathBuf::from("/h/.local/state/sluice")
        );
        assert_eq!(
            with(&[("HOME", "/h"), ("XDG_STATE_HOME", "/s")]).unwrap(),
            PathBuf::from("/s/sluice")
        );
        assert!(with(&[]).unwrap_err().to_string().contains("--state"));
    }
}
