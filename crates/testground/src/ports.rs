use std::{
    fs::{File, TryLockError},
    net::{Ipv4Addr, TcpListener},
    process,
    time::{SystemTime, UNIX_EPOCH},
};

use crate::{Error, Result, cache, error::Doing};

/// Below the ports that Linux, macOS and Windows hand out to outgoing connections, so that no client can sit on
/// a broker's port while the broker restarts.
const FIRST: u16 = 20_000;
/// Enough for three brokers with every listener, each behind a link, and a ZooKeeper.
const BLOCK: u16 = 32;
const BLOCKS: u16 = 375;

/// Loopback ports that no other cluster of this user takes while this value lives.
///
/// Asking the system for a free port and closing it again would let two clusters that start at the same time
/// get the same one; a locked file per block of ports does not.
#[derive(Debug)]
pub(crate) struct Ports {
    free: std::vec::IntoIter<u16>,
    _claim: File,
}

impl Ports {
    pub(crate) fn claim() -> Result<Self> {
        // Not always the first: a client left over from a cluster just ended would find the next one in its place.
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.subsec_nanos());
        let first = (now ^ process::id()) % u32::from(BLOCKS);
        for step in 0..u32::from(BLOCKS) {
            let block = ((first + step) % u32::from(BLOCKS)) as u16;
            let claim = cache::lock_file(&format!("ports-{block}.lock"))?;
            match claim.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => continue,
                Err(TryLockError::Error(error)) => return Err(error).doing(|| "locking ports".to_owned()),
            }
            let start = FIRST + block * BLOCK;
            let free: Vec<u16> = (start..start + BLOCK).filter(|port| is_free(*port)).collect();
            // Programs that know nothing of the locks may sit in the block; then the next one will do.
            if free.len() == usize::from(BLOCK) {
                return Ok(Self {
                    free: free.into_iter(),
                    _claim: claim,
                });
            }
        }
        Err(Error::NoPorts {
            first: FIRST,
            last: FIRST + BLOCKS * BLOCK - 1,
        })
    }

    pub(crate) fn next(&mut self) -> Result<u16> {
        self.free.next().ok_or(Error::NoPorts {
            first: FIRST,
            last: FIRST + BLOCKS * BLOCK - 1,
        })
    }
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn two_claims_share_no_port_and_end() {
        let (mut first, mut second) = (Ports::claim().unwrap(), Ports::claim().unwrap());
        let mut seen = HashSet::new();
        for ports in [&mut first, &mut second] {
            for _ in 0..BLOCK {
                assert!(seen.insert(ports.next().unwrap()));
            }
            assert!(matches!(ports.next(), Err(Error::NoPorts { .. })));
        }
    }
}
