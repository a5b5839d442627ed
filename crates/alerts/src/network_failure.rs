use std::error::Error;
use std::io;

use crate::ChannelError;

/// What Unix says when a name has no address; the system's own reason follows. There is no kind of `io::Error` for it.
const LOOKUP_FAILED: &str = "failed to lookup address information";
/// WSAHOST_NOT_FOUND, WSATRY_AGAIN, WSANO_RECOVERY and WSANO_DATA of Winsock, which say the same on Windows.
const WINDOWS_LOOKUP_FAILED: std::ops::RangeInclusive<i32> = 11_001..=11_004;

/// Says in the words of this crate what went wrong between here and `address`.
pub(crate) fn describe(error: &io::Error, address: &str, waited_seconds: u64) -> ChannelError {
    let address = address.to_owned();
    if let Some(tls) = tls_failure(error) {
        return ChannelError::Tls {
            address,
            reason: tls.to_string(),
        };
    }
    let unresolved = error.to_string().starts_with(LOOKUP_FAILED)
        || (cfg!(windows)
            && error
                .raw_os_error()
                .is_some_and(|code| WINDOWS_LOOKUP_FAILED.contains(&code)));
    if unresolved {
        return ChannelError::NameNotResolved { address };
    }
    match error.kind() {
        // A read that times out is `WouldBlock` on Unix and `TimedOut` on Windows.
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => ChannelError::TimedOut {
            address,
            seconds: waited_seconds,
        },
        io::ErrorKind::ConnectionRefused
        | io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::AddrNotAvailable
        | io::ErrorKind::PermissionDenied => ChannelError::NotConnected {
            address,
            reason: error.to_string(),
        },
        _ => ChannelError::Broken {
            address,
            reason: error.to_string(),
        },
    }
}

/// The TLS error inside an I/O error.
fn tls_failure(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref().and_then(|inner| find(inner))
}

/// The first error of type `T` in a chain of causes.
pub(crate) fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        cause = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_of_the_network_has_its_own_sentence() {
        let said = |error: io::Error| describe(&error, "https://h", 10).to_string();
        assert!(said(io::Error::other(format!("{LOOKUP_FAILED}: nope"))).contains("was not found"));
        assert!(said(io::ErrorKind::ConnectionRefused.into()).contains("cannot be connected to"));
        assert!(said(io::ErrorKind::WouldBlock.into()).contains("within 10 s"));
        assert!(said(io::ErrorKind::ConnectionReset.into()).contains("broke off"));
        let tls = io::Error::new(
            io::ErrorKind::InvalidData,
            rustls::Error::InvalidCertificate(rustls::CertificateError::Expired),
        );
        let said = said(tls);
        assert!(
            said.contains("secure connection") && said.contains("Expired"),
            "{said}"
        );
    }
}
