use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sluice_model::Secret;

/// Shorter texts are no secrets, and replacing them would make answers unreadable.
const SHORTEST: usize = 4;
/// How much of an answer is shown, in characters.
const SHOWN: usize = 200;

/// Strikes a channel's secrets out of what its receiver says, because receivers repeat what they were sent.
#[derive(Default)]
pub(crate) struct Redaction(Vec<String>);

impl Redaction {
    pub(crate) fn hide(&mut self, secret: &Secret) {
        self.hide_text(secret.reveal());
    }

    pub(crate) fn hide_text(&mut self, text: &str) {
        if text.len() >= SHORTEST {
            self.0.push(text.to_owned());
            self.0.push(STANDARD.encode(text));
            // The longest first, or a part would be struck out of the whole and leave its rest.
            self.0.sort_by_key(|hidden| std::cmp::Reverse(hidden.len()));
        }
    }

    /// Hides what stands behind the host of a URL: whole, and each part that may be a token.
    pub(crate) fn hide_url(&mut self, url: &str) {
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        let Some(start) = rest.find(['/', '?']) else {
            return;
        };
        self.hide_text(&rest[start..]);
        for part in rest[start..].split(['/', '?', '&', '=']) {
            // Words like "services" or "robot" are no tokens; a token of a provider has at least 16 characters, and digits.
            if part.len() >= 16 || (part.len() >= 8 && part.bytes().any(|byte| byte.is_ascii_digit())) {
                self.hide_text(part);
            }
        }
    }

    /// The beginning of `answer`, on one line, without secrets.
    pub(crate) fn shown(&self, answer: &str) -> String {
        let mut text = answer.to_owned();
        for hidden in &self.0 {
            text = text.replace(hidden.as_str(), "***");
        }
        let words: Vec<&str> = text.split_whitespace().collect();
        words
            .join(" ")
            .chars()
            .filter(|c| !c.is_control())
            .take(SHOWN)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_secret_of_a_url_a_password_or_its_base64_is_told() {
        let mut redaction = Redaction::default();
        redaction.hide_url("https://h.example.com/robot/send?access_token=abcdef0123456789");
        redaction.hide(&Secret::new("hunter2"));
        assert_eq!(
            redaction.shown("no robot abcdef0123456789, aHVudGVyMg==,\r\n /robot/send?access_token=abcdef0123456789 hunter2"),
            "no robot ***, ***, *** ***"
        );
    }

    #[test]
    fn two_hundred_characters_are_told() {
        assert_eq!(Redaction::default().shown(&"中".repeat(500)), "中".repeat(200));
    }
}
