//! `sasl.jaas.config`: one login module with its options, as `Class required key="value" …;`.

use std::collections::BTreeMap;

/// A login module.
#[derive(PartialEq, Eq)]
pub(super) struct LoginModule {
    /// Its class, without the package.
    pub(super) class: String,
    /// Its options, quotes and escapes resolved.
    pub(super) options: BTreeMap<String, String>,
}

/// Reads the one login module of `text`. The error says what is wrong without showing any of it.
pub(super) fn parse(text: &str) -> Result<LoginModule, &'static str> {
    const SHAPE: &str = "write: org.apache.kafka.….SomeLoginModule required name=\"value\" …;";
    let mut tokens = tokens(text)?.into_iter();
    let class = match tokens.next() {
        Some(Token::Word(word)) => word.rsplit('.').next().unwrap_or_default().to_owned(),
        _ => return Err(SHAPE),
    };
    match tokens.next() {
        Some(Token::Word(flag))
            if ["required", "requisite", "sufficient", "optional"]
                .contains(&flag.to_ascii_lowercase().as_str()) => {}
        _ => return Err(SHAPE),
    }
    let mut options = BTreeMap::new();
    loop {
        match tokens.next() {
            Some(Token::End) => break,
            Some(Token::Word(name)) => {
                let (Some(Token::Equals), Some(Token::Word(value))) = (tokens.next(), tokens.next()) else {
                    return Err("has an option without a value; write name=\"value\"");
                };
                options.insert(name, value);
            }
            None => return Err("does not end with ';'"),
            Some(Token::Equals) => return Err("has a value without a name; write name=\"value\""),
        }
    }
    if tokens.next().is_some() {
        return Err("has more than one login module; leave only the one for this connection");
    }
    Ok(LoginModule { class, options })
}

enum Token {
    Word(String),
    Equals,
    End,
}

fn tokens(text: &str) -> Result<Vec<Token>, &'static str> {
    let mut tokens = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            ';' => tokens.push(Token::End),
            '=' => tokens.push(Token::Equals),
            '"' | '\'' => {
                let mut word = String::new();
                loop {
                    match chars.next() {
                        Some(end) if end == c => break,
                        Some('\\') => match chars.next() {
                            Some('n') => word.push('\n'),
                            Some('r') => word.push('\r'),
                            Some('t') => word.push('\t'),
                            Some(other) => word.push(other),
                            None => return Err("has a quote that is not closed"),
                        },
                        Some(other) => word.push(other),
                        None => return Err("has a quote that is not closed"),
                    }
                }
                tokens.push(Token::Word(word));
            }
            blank if blank.is_whitespace() => {}
            // A word processor's; a client takes them for a part of the value.
            '“' | '”' | '„' | '‘' | '’' => {
                return Err("has typographic quotes; write straight ones, as name=\"value\"");
            }
            first => {
                let mut word = String::from(first);
                while let Some(next) =
                    chars.next_if(|c| !c.is_whitespace() && !matches!(c, ';' | '=' | '"' | '\''))
                {
                    word.push(next);
                }
                tokens.push(Token::Word(word));
            }
        }
    }
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_with_either_quote_or_none() {
        let Ok(module) = parse(
            "a.b.PlainLoginModule REQUIRED\n username=\"a\\\"b\\\\;\" password = 'x y' serviceName=kafka ;",
        ) else {
            panic!("it is well formed");
        };
        assert_eq!(module.class, "PlainLoginModule");
        let options: Vec<(&str, &str)> = module
            .options
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_str()))
            .collect();
        assert_eq!(
            options,
            [
                ("password", "x y"),
                ("serviceName", "kafka"),
                ("username", "a\"b\\;")
            ]
        );
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, word) in [
            ("", "write: "),
            ("PlainLoginModule", "write: "),
            ("PlainLoginModule required", "';'"),
            ("PlainLoginModule required a=\"b;", "not closed"),
            ("PlainLoginModule required a b;", "without a value"),
            ("PlainLoginModule required =b;", "without a name"),
            ("PlainLoginModule required; Other required;", "more than one"),
        ] {
            assert!(
                parse(text).err().is_some_and(|error| error.contains(word)),
                "{text}"
            );
        }
    }
}
