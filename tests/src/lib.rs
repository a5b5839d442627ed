//! What the tests of whole copies share: clusters, odd records, tasks, and readers that are not ours.

mod application;
mod chance;
mod companion;
mod copying;
mod dying_store;
mod filling;
#[cfg(target_os = "linux")]
mod full_disk;
mod ground;
mod grounds;
mod group_readers;
mod mirrors;
mod numbered;
mod reading;
mod sharing;
#[cfg(unix)]
mod ssh_server;

pub use application::{Desk, RecordedDesktop};
pub use chance::Chance;
pub use companion::{companion, sluice, spawn_sluice};
pub use copying::{BOTH, Bench, EVERY_WAY, eventually, stop};
pub use dying_store::{Death, DyingStore, dies};
pub use filling::{Filler, OddRecord, odd_records};
#[cfg(target_os = "linux")]
pub use full_disk::FullDisk;
pub use ground::{Ground, TASK, ends, now_ms};
pub use grounds::{cluster, fake_clusters, skipped};
pub use group_readers::{commit_group, commit_group_with, continued, group_client};
pub use mirrors::{HoleMaker, equal_offsets, log_bounds};
pub use numbered::{append_numbered, has_exactly_numbered, numbered, values};
pub use reading::{PlainRecord, read_all};
pub use sharing::Shared;
#[cfg(unix)]
pub use ssh_server::SshServer;
