//! The guided cut-over and the way back, between real brokers, judged by a consumer of its own: each record that a group
//! had not read comes once, and none twice.

mod fence;
mod ground;
mod held;
mod on_connect;
mod stages;
mod strangers;
mod whole_way;
