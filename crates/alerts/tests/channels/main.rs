//! Channels against receivers on this machine's loopback: an HTTP server and a mail server made for the test.
#![expect(clippy::unwrap_used, reason = "a test may fail by it")]

mod certificates;
mod delivery_thread;
mod http_receiver;
mod mail;
mod mail_server;
mod stream;
mod webhook;
