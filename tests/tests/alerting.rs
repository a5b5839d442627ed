//! Which notifications people get of their tasks, and how (hermetic: the application on in-process clusters that fail on demand, with
//! receivers of its messages; one test needs the companion: `cargo build --release -p sluice-cli`).

#[path = "alerting/channels.rs"]
mod channels;
#[path = "alerting/mail_sink.rs"]
mod mail_sink;
#[path = "alerting/receiver.rs"]
mod receiver;
#[path = "alerting/telling.rs"]
mod telling;
