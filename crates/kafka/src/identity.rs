//! Whether a broker's certificate is made for the broker, where librdkafka asks for a name that no certificate has.
//!
//! librdkafka 2.12.1 has OpenSSL compare the certificate with the text before the port as it was entered or advertised:
//! `[::1]` with its brackets, `broker.example.` with its dot. Certificates carry the address and the name without them
//! (RFC 5280, section 4.2.1.6; RFC 9525, section 6), so both are refused as made for another host (its pull request 5231).
//! Here the same comparison is made by the same functions with the right spelling. Everything else that OpenSSL verifies
//! stays as it is.
#![expect(unsafe_code, reason = "calls OpenSSL's functions for names in certificates")]

use std::ffi::{c_int, c_long};
use std::net::Ipv6Addr;
use std::ptr::NonNull;

/// OpenSSL's verdicts "hostname mismatch" and "IP address mismatch" (`x509_vfy.h`).
const MISMATCHES: [c_int; 2] = [62, 64];

/// How a certificate would name the broker, if that is not how librdkafka asks.
#[derive(Debug, PartialEq, Eq)]
enum Spelling<'a> {
    Address(Ipv6Addr),
    Name(&'a str),
}

/// `broker` is `host:port`.
fn spelling(broker: &str) -> Option<Spelling<'_>> {
    let (host, _) = broker.rsplit_once(':')?;
    if let Some(address) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        return address.parse().ok().map(Spelling::Address);
    }
    let name = host.strip_suffix('.')?;
    let is_name = !name.is_empty() && !name.ends_with('.');
    is_name.then_some(Spelling::Name(name))
}

/// Whether OpenSSL's `verdict` on the certificate at `depth` (0 is the broker's own) is only librdkafka's spelling of the
/// host: the certificate (DER) is made for `broker`.
pub(crate) fn is_only_spelled_differently(
    verdict: c_int,
    depth: c_int,
    broker: &str,
    certificate: &[u8],
) -> bool {
    if depth != 0 || !MISMATCHES.contains(&verdict) {
        return false;
    }
    spelling(broker).is_some_and(|host| Certificate::parse(certificate).is_some_and(|own| own.is_for(&host)))
}

/// Whether bytes are a certificate (DER).
pub(crate) fn is_certificate(der: &[u8]) -> bool {
    let is_one = Certificate::parse(der).is_some();
    // SAFETY: it only empties this thread's own list of errors, so that no later call takes this one for its own.
    unsafe { openssl_sys::ERR_clear_error() };
    is_one
}

/// A certificate, freed on drop.
struct Certificate(NonNull<openssl_sys::X509>);

impl Certificate {
    fn parse(der: &[u8]) -> Option<Self> {
        let length = c_long::try_from(der.len()).ok()?;
        let mut start = der.as_ptr();
        // SAFETY: the bytes outlive the call, which reads no more than `length` of them; the certificate is ours.
        let parsed = unsafe { openssl_sys::d2i_X509(std::ptr::null_mut(), &raw mut start, length) };
        NonNull::new(parsed).map(Self)
    }

    /// With the flags that OpenSSL uses by itself (none).
    fn is_for(&self, host: &Spelling<'_>) -> bool {
        let found = match host {
            Spelling::Address(address) => {
                let octets = address.octets();
                // SAFETY: the certificate is live, and the address outlives the call.
                unsafe { openssl_sys::X509_check_ip(self.0.as_ptr(), octets.as_ptr(), octets.len(), 0) }
            }
            // SAFETY: as above; the name is given with its length.
            Spelling::Name(name) => unsafe {
                openssl_sys::X509_check_host(
                    self.0.as_ptr(),
                    name.as_ptr().cast(),
                    name.len(),
                    0,
                    std::ptr::null_mut(),
                )
            },
        };
        // 0 is no match; below that the certificate or the name is malformed.
        found == 1
    }
}

impl Drop for Certificate {
    fn drop(&mut self) {
        // SAFETY: ours.
        unsafe { openssl_sys::X509_free(self.0.as_ptr()) }
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    const HOST_MISMATCH: c_int = 62;

    fn certificate(names: &[&str]) -> Vec<u8> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let params = CertificateParams::new(names).unwrap();
        let key = KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().der().to_vec()
    }

    fn accepted(broker: &str, names: &[&str]) -> bool {
        is_only_spelled_differently(HOST_MISMATCH, 0, broker, &certificate(names))
    }

    #[test]
    fn an_address_in_brackets_and_a_name_with_a_dot_are_compared_as_certificates_spell_them() {
        assert!(accepted("[::1]:9093", &["::1"]));
        assert!(accepted("[2001:db8:0:0::7]:9093", &["2001:db8::7"]));
        assert!(accepted("broker.example.:9093", &["broker.example"]));
        assert!(accepted("b1.kafka.example.:9093", &["*.kafka.example"]));
    }

    #[test]
    fn a_certificate_for_another_host_stays_refused() {
        assert!(!accepted("[::1]:9093", &["::2", "localhost"]));
        assert!(!accepted("[::1]:9093", &["127.0.0.1"]));
        assert!(!accepted("broker.example.:9093", &["other.example"]));
        assert!(!accepted("a.b.kafka.example.:9093", &["*.kafka.example"]));
        assert!(!accepted("[localhost]:9093", &["localhost"]), "no address");
        // What librdkafka spells right, OpenSSL has compared already.
        assert!(!accepted("broker.example:9093", &["broker.example"]));
        assert!(!accepted("127.0.0.1:9093", &["127.0.0.1"]));
        assert!(!accepted("..:9093", &["."]));
    }

    #[test]
    fn no_other_verdict_and_no_other_certificate_of_the_chain_is_touched() {
        let own = certificate(&["::1"]);
        for verdict in [0, 10, 18, 19, 20, 23, 26, 63] {
            assert!(
                !is_only_spelled_differently(verdict, 0, "[::1]:9093", &own),
                "{verdict}"
            );
        }
        assert!(!is_only_spelled_differently(HOST_MISMATCH, 1, "[::1]:9093", &own));
        assert!(!is_only_spelled_differently(
            HOST_MISMATCH,
            0,
            "[::1]:9093",
            b"no certificate"
        ));
    }
}
