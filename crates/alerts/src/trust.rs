use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::{ChannelError, Result};

/// The certificates of a private authority, from their PEM text.
///
/// # Errors
/// The text holds no certificate, or one that cannot be read.
pub(crate) fn authorities(pem: &str) -> Result<Vec<CertificateDer<'static>>> {
    let invalid = |reason: &str| ChannelError::Setup {
        reason: format!(
            "the authority's certificate {reason}; it is a text that begins with -----BEGIN CERTIFICATE-----"
        ),
    };
    let certificates = CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<std::result::Result<Vec<_>, _>>()
        .map_err(|_| invalid("cannot be read"))?;
    if certificates.is_empty() {
        return Err(invalid("is missing"));
    }
    Ok(certificates)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_without_a_certificate_is_refused() {
        for text in [
            "",
            "hello",
            "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n",
        ] {
            let error = authorities(text).unwrap_err().to_string();
            assert!(error.contains("BEGIN CERTIFICATE"), "{text}: {error}");
        }
    }
}
