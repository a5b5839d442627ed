use std::{fmt, fs::File, io::Write, net::ToSocketAddrs, time::Duration};

use anyhow::{Context, Result};
use tempfile::NamedTempFile;

use crate::{delayed_link::DelayedLink, grounds::Grounds};

/// What lies between Sluice and the clusters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// Loopback alone.
    Direct,
    /// TLS on both sides.
    Tls,
    /// A round trip to the target of so many milliseconds.
    RoundTrip(u64),
}

impl Network {
    /// The end of a workload's short name.
    pub fn suffix(self) -> String {
        match self {
            Self::Direct => String::new(),
            Self::Tls => "-tls".to_owned(),
            Self::RoundTrip(ms) => format!("-{ms}ms"),
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Direct => Ok(()),
            Self::Tls => write!(f, ", TLS on both sides"),
            Self::RoundTrip(ms) => write!(f, ", {ms} ms to the target and back"),
        }
    }
}

/// The way over a network to both clusters, as options of `sluice`. Files that they name are there as long as it is.
pub struct Way {
    arguments: Vec<String>,
    _files: Vec<NamedTempFile>,
}

impl Way {
    /// Makes what it needs.
    ///
    /// # Errors
    /// A file cannot be written, or nothing can listen.
    pub fn over(network: Network, grounds: &Grounds) -> Result<Self> {
        let mut way = Self {
            arguments: Vec::new(),
            _files: Vec::new(),
        };
        match network {
            Network::Direct => way.add(["--from", &grounds.source(), "--to", &grounds.target()]),
            Network::Tls => {
                for (option, side) in [("from", grounds.source_tls()?), ("to", grounds.target_tls()?)] {
                    let mut file = tempfile::Builder::new().suffix(".properties").tempfile()?;
                    write_properties(file.as_file_mut(), &side.properties)?;
                    let path = file.path().display().to_string();
                    way.add([&format!("--{option}"), &*side.bootstrap]);
                    way.add([&format!("--{option}-config"), &*path]);
                    way._files.push(file);
                }
            }
            Network::RoundTrip(ms) => {
                let target = grounds.target();
                let address = target
                    .to_socket_addrs()?
                    .next()
                    .with_context(|| format!("{target} has no address"))?;
                let link = DelayedLink::to(address, Duration::from_millis(ms) / 2)?;
                let map = format!("{target}={}", link.address());
                way.add([
                    "--from",
                    &grounds.source(),
                    "--to",
                    &target,
                    "--to-address-map",
                    &map,
                ]);
            }
        }
        Ok(way)
    }

    /// Options for `sluice copy` and `sluice verify`.
    pub fn arguments(&self) -> &[String] {
        &self.arguments
    }

    fn add<'a>(&mut self, arguments: impl IntoIterator<Item = &'a str>) {
        self.arguments.extend(arguments.into_iter().map(str::to_owned));
    }
}

fn write_properties(file: &mut File, properties: &[(String, String)]) -> Result<()> {
    for (key, value) in properties {
        writeln!(file, "{key}={value}")?;
    }
    Ok(file.flush()?)
}
