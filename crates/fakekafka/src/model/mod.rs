//! What a cluster knows: topics and their logs, groups, transactions, settings. No sockets, no waiting.

pub(crate) mod cluster_state;
pub(crate) mod compaction;
pub(crate) mod fetch_sessions;
pub(crate) mod group;
pub(crate) mod group_offsets;
pub(crate) mod intake;
pub(crate) mod log;
pub(crate) mod producers;
pub(crate) mod settings;
pub(crate) mod settings_table;
pub(crate) mod topic;
pub(crate) mod topic_admin;
pub(crate) mod transactions;
