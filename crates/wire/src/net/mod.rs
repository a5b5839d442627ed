//! One connection to one broker: from a host name to answered requests.

mod address;
mod budget;
mod connection;
#[cfg(test)]
mod connection_tests;
mod dial;
mod frame;
mod handshake;
mod in_flight;
mod key;
mod login;
mod patient;
#[cfg(test)]
mod peer;
mod reader;
mod sasl;
mod settings;
mod socks;
mod stream;
mod throttle;
mod tls;
#[cfg(test)]
mod tls_tests;
mod turn;

pub use address::{Address, AddressMap};
pub(crate) use budget::Budget;
pub use connection::Connection;
pub(crate) use connection::Outgoing;
pub use dial::Family;
pub(crate) use frame::skip_header;
pub use settings::{Reach, Settings};
pub use socks::Proxy;
pub use throttle::ThrottleReport;
pub(crate) use throttle::Throttled;
