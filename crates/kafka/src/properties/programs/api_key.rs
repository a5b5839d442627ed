//! The file that Confluent Cloud offers when an API key is made: a heading on one line, what it means on the next.

/// Its user, password and brokers; a login at that place is always PLAIN under TLS.
pub(super) fn read(text: &str) -> Option<Vec<(String, String)>> {
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let below = |heading: &str| {
        let at = lines.iter().position(|line| line.eq_ignore_ascii_case(heading))?;
        lines.get(at + 1).filter(|line| !line.ends_with(':'))
    };
    let mut pairs = vec![
        ("sasl.username".to_owned(), (*below("API key:")?).to_owned()),
        ("sasl.password".to_owned(), (*below("API secret:")?).to_owned()),
        ("security.protocol".to_owned(), "SASL_SSL".to_owned()),
        ("sasl.mechanism".to_owned(), "PLAIN".to_owned()),
    ];
    if let Some(brokers) = below("Bootstrap server:").or_else(|| below("Bootstrap servers:")) {
        pairs.push(("bootstrap.servers".to_owned(), (*brokers).to_owned()));
    }
    Some(pairs)
}
