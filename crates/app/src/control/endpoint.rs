//! Where the socket of a data folder is.

use std::path::Path;

use interprocess::local_socket::Name;
use interprocess::local_socket::prelude::*;

/// The longest path of a socket on Linux and macOS.
#[cfg(unix)]
const MAX_PATH_BYTES: usize = 100;

#[cfg(unix)]
pub(super) fn endpoint(dir: &Path) -> String {
    let place = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    let own = place.join("control.sock");
    if own.as_os_str().len() <= MAX_PATH_BYTES {
        return own.display().to_string();
    }
    // A path this long cannot be a socket's. The folder's id keeps two folders apart; the owner publishes it to the others.
    let id = place
        .as_os_str()
        .as_encoded_bytes()
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(std::path::PathBuf::from);
    runtime
        .filter(|dir| dir.is_absolute() && dir.is_dir() && dir.as_os_str().len() <= MAX_PATH_BYTES - 32)
        .unwrap_or_else(std::env::temp_dir)
        .join(format!("sluice-{id:016x}.sock"))
        .display()
        .to_string()
}

#[cfg(unix)]
pub(super) fn name(endpoint: &str) -> std::io::Result<Name<'_>> {
    endpoint.to_fs_name::<interprocess::local_socket::GenericFilePath>()
}

#[cfg(not(unix))]
pub(super) fn endpoint(dir: &Path) -> String {
    let place = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    let id = place
        .as_os_str()
        .as_encoded_bytes()
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
    format!("sluice-{id:016x}")
}

#[cfg(not(unix))]
pub(super) fn name(endpoint: &str) -> std::io::Result<Name<'_>> {
    endpoint.to_ns_name::<interprocess::local_socket::GenericNamespaced>()
}
