//! One connection to one broker: from a host name to answered requests.

mod budget;
mod checked_lengths;
mod connection;
#[cfg(test)]
mod connection_tests;
mod frame;
mod handshake;
mod in_flight;
mod key;
mod login;
#[cfg(test)]
mod peer;
mod reader;
mod sasl;
mod settings;
mod stream;
mod throttle;
mod tls;
#[cfg(test)]
mod tls_tests;
mod turn;

pub(crate) use budget::Budget;
pub use connection::Connection;
pub(crate) use connection::Outgoing;
#[cfg(fuzzing)]
pub(crate) use frame::decode;
pub(crate) use frame::skip_header;
#[cfg(fuzzing)]
pub(crate) use sasl::{Exchange, Step};
pub use settings::Settings;
pub use sluice_model::Address;
pub use throttle::ThrottleReport;
pub(crate) use throttle::Throttled;
