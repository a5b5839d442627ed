//! The local socket through which other programs give commands to the owner of a data folder.

mod socket;

pub use socket::{ControlServer, RemoteApp};
