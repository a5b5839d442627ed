//! The local socket through which other programs of the same user give commands to the owner of a data folder (a named
//! pipe on Windows): one line of JSON a request, one line an answer. And the same over standard input and output, for a
//! program on another computer (docs/adr/0014).

mod client;
mod endpoint;
mod far;
mod reach;
mod server;
mod stdio;

pub use client::RemoteApp;
pub use reach::{Reached, reach};
pub use server::ControlServer;
pub use stdio::{OpenFolder, serve_stdio};
