//! Ids of topics as clients write them: base64 in two alphabets, with and without padding.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

/// The id as Kafka's own tools write it.
pub(crate) fn url_safe(id: &str) -> String {
    id.trim_end_matches('=').replace('+', "-").replace('/', "_")
}

/// The id of a text that any client wrote; `None` for what is no id.
pub(crate) fn parse(id: &str) -> Option<Uuid> {
    let bytes = URL_SAFE_NO_PAD.decode(url_safe(id)).ok()?;
    Uuid::from_slice(&bytes).ok()
}

/// The text of an id.
pub(crate) fn text(id: Uuid) -> String {
    URL_SAFE_NO_PAD.encode(id.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_the_same_in_both_alphabets() {
        assert_eq!(url_safe("a+b/c=="), url_safe("a-b_c"));
        assert_ne!(url_safe("a+b/c=="), url_safe("a-b_d"));
    }

    #[test]
    fn an_id_is_read_in_both_alphabets_and_what_is_none_is_not() {
        let id = Uuid::from_u128(0xfbff_fe3e_0000_0000_0000_0000_0000_0001);
        assert!(text(id).starts_with("-__-"), "{}", text(id));
        assert_eq!(parse(&text(id)), Some(id));
        assert_eq!(
            parse(&(text(id).replace('-', "+").replace('_', "/") + "==")),
            Some(id)
        );
        assert_eq!(parse(""), None);
        assert_eq!(parse("short"), None);
        assert_eq!(parse("not an id at all, really"), None);
    }
}
