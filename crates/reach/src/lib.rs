//! From the address that a broker advertises to a connection: names, the address map, the SOCKS5 proxy. Both clients
//! connect by it, and so does whatever else tries whether a broker can be reached.

mod dial;
mod failure;
mod paced;
mod patience;
mod socks;

pub use dial::{Dialer, Family};
pub use failure::ConnectFailure;
pub use paced::Paced;
pub use patience::Patience;
