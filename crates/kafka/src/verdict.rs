use std::ffi::c_int;

/// OpenSSL's verdicts on a certificate, by the numbers of its `x509_vfy.h`, which it never changes, in its own words.
const VERDICTS: &[(c_int, &str)] = &[
    (2, "unable to get issuer certificate"),
    (7, "certificate signature failure"),
    (9, "certificate is not yet valid"),
    (10, "certificate has expired"),
    (18, "self-signed certificate"),
    (19, "self-signed certificate in certificate chain"),
    (20, "unable to get local issuer certificate"),
    (
        21,
        "unable to get local issuer certificate: the leaf cannot be verified",
    ),
    (23, "certificate revoked"),
    (26, "unsuitable certificate purpose"),
    (62, "hostname mismatch"),
    (64, "IP address mismatch"),
];

/// Words for OpenSSL's verdict number `verdict`; 0 is none.
pub(crate) fn words(verdict: c_int) -> String {
    VERDICTS
        .iter()
        .find(|(number, _)| *number == verdict)
        .map_or_else(
            || format!("OpenSSL's verification error {verdict}"),
            |(_, words)| (*words).to_owned(),
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_have_words_and_unknown_ones_their_number() {
        assert_eq!(words(10), "certificate has expired");
        assert_eq!(words(77), "OpenSSL's verification error 77");
    }
}
