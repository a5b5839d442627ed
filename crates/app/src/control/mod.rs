//! The local socket through which other programs of the same user give commands to the owner of a data folder (a named
//! pipe on Windows): one line of JSON a request, one line an answer.

mod client;
mod endpoint;
mod protocol;
mod server;

pub use client::RemoteApp;
pub use server::ControlServer;
