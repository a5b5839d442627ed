use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Another computer as `ssh` names it, and the data folder there: `user@host[:data folder]`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Host {
    destination: String,
    folder: Option<String>,
}

/// Why a text names no computer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidHost {
    /// There is nothing before the colon.
    #[error("the host is missing; write user@host, or user@host:/data/folder")]
    Missing,
    /// `ssh` would take it for an option.
    #[error("a host must not begin with '-'; write user@host, or user@host:/data/folder")]
    Option,
    /// It has blanks or control characters.
    #[error("'{host}' is not a host: neither blanks nor control characters may be in it")]
    Characters {
        /// What was given.
        host: String,
    },
    /// It is an address of a browser's kind.
    #[error("a host is written as user@host, without ://; a port belongs into ~/.ssh/config")]
    Url,
    /// The folder has control characters.
    #[error("a data folder must not have control characters in its name")]
    Folder,
    /// The folder is below another user's home.
    #[error(
        "'{folder}' cannot be looked up: write the whole path of the data folder, or one that begins with ~/"
    )]
    Home {
        /// What was given.
        folder: String,
    },
}

impl Host {
    /// What `ssh` is given: `user@host`, or a name of its configuration.
    pub fn destination(&self) -> &str {
        &self.destination
    }

    /// The data folder there, from the user's home if it is relative; `None` for the user's own.
    pub fn folder(&self) -> Option<&str> {
        self.folder.as_deref()
    }

    /// The same computer, with the data folder `folder`.
    ///
    /// # Errors
    /// It is no folder's name.
    pub fn with_folder(&self, folder: &str) -> Result<Self, InvalidHost> {
        Ok(Self {
            destination: self.destination.clone(),
            folder: checked_folder(folder)?,
        })
    }
}

impl FromStr for Host {
    type Err = InvalidHost;

    fn from_str(text: &str) -> Result<Self, InvalidHost> {
        let text = text.trim();
        if text.contains("://") {
            return Err(InvalidHost::Url);
        }
        let (destination, folder) = split(text);
        if destination.is_empty() || destination.ends_with('@') {
            return Err(InvalidHost::Missing);
        }
        let name = destination
            .rsplit_once('@')
            .map_or(destination.as_str(), |(_, name)| name);
        if destination.starts_with('-') || name.starts_with('-') {
            return Err(InvalidHost::Option);
        }
        if destination.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(InvalidHost::Characters { host: destination });
        }
        Ok(Self {
            destination,
            folder: folder.map_or(Ok(None), checked_folder)?,
        })
    }
}

/// Host and folder. An IPv6 address stands in brackets, which `ssh` does not take.
fn split(text: &str) -> (String, Option<&str>) {
    if let Some((before, rest)) = text.split_once('[')
        && (before.is_empty() || before.ends_with('@'))
        && let Some((address, rest)) = rest.split_once(']')
    {
        return (format!("{before}{address}"), rest.strip_prefix(':'));
    }
    match text.split_once(':') {
        Some((destination, folder)) => (destination.to_owned(), Some(folder)),
        None => (text.to_owned(), None),
    }
}

fn checked_folder(folder: &str) -> Result<Option<String>, InvalidHost> {
    if folder.contains(char::is_control) {
        return Err(InvalidHost::Folder);
    }
    // A command of ssh begins in the user's home.
    let folder = match folder.strip_prefix('~') {
        None => folder,
        Some("") | Some("/") => ".",
        Some(rest) => rest.strip_prefix('/').ok_or_else(|| InvalidHost::Home {
            folder: folder.to_owned(),
        })?,
    };
    Ok(Some(folder.to_owned()).filter(|folder| !folder.is_empty()))
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (user, name) = match self.destination.rsplit_once('@') {
            Some((user, name)) => (format!("{user}@"), name),
            None => (String::new(), self.destination.as_str()),
        };
        match name.contains(':') {
            true => write!(f, "{user}[{name}]")?,
            false => write!(f, "{user}{name}")?,
        }
        match &self.folder {
            Some(folder) => write!(f, ":{folder}"),
            None => Ok(()),
        }
    }
}

impl TryFrom<String> for Host {
    type Error = InvalidHost;

    fn try_from(text: String) -> Result<Self, InvalidHost> {
        text.parse()
    }
}

impl From<Host> for String {
    fn from(host: Host) -> Self {
        host.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_and_folder_are_told_apart_and_written_as_they_were() {
        for (text, destination, folder) in [
            ("anna@kafka-1", "anna@kafka-1", None),
            ("kafka-1:/var/lib/sluice", "kafka-1", Some("/var/lib/sluice")),
            ("anna@kafka-1:", "anna@kafka-1", None),
            ("a@b:~/my data/grün 'x'", "a@b", Some("my data/grün 'x'")),
            ("a@b:~", "a@b", Some(".")),
            ("a@[fe80::1%eth0]:data:2", "a@fe80::1%eth0", Some("data:2")),
            ("[::1]", "::1", None),
        ] {
            let host: Host = text.parse().unwrap();
            assert_eq!(
                (host.destination(), host.folder()),
                (destination, folder),
                "{text}"
            );
            assert_eq!(host.to_string().parse::<Host>().unwrap(), host, "{text}");
        }
    }

    #[test]
    fn what_ssh_would_take_for_something_else_is_refused() {
        for text in [
            "",
            "  ",
            ":/folder",
            "anna@",
            "-oProxyCommand=x",
            "a@-x",
            "a b",
            "a\nb",
            "ssh://a@b:22",
            "a@b:x\ny",
            "a@b:~root/x",
        ] {
            assert!(text.parse::<Host>().is_err(), "{text:?}");
        }
        assert_eq!("-oProxyCommand=x".parse::<Host>(), Err(InvalidHost::Option));
        assert_eq!("a@[-oX]".parse::<Host>(), Err(InvalidHost::Option));
    }
}
