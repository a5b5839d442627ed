//! What a thread that panicked said.

use std::any::Any;

/// The most that is repeated of a panic's words, in characters.
const LONGEST: usize = 300;

/// The words of a panic as part of a sentence: on one line, cut off, and without what stands in double quotes, which may
/// be a value.
pub(crate) fn panic_words(panic: &(dyn Any + Send)) -> String {
    let words = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no reason was given");
    let line: String = words
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect();
    let line = without_quoted(&line);
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// A sentence with what stands in double quotes left out: serde and `{:?}` quote values so.
pub(crate) fn without_quoted(sentence: &str) -> String {
    sentence
        .split('"')
        .enumerate()
        .map(|(index, part)| if index % 2 == 0 { part } else { "…" })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_s_words_are_one_short_line_without_values() {
        let panic = std::panic::catch_unwind(|| {
            let value = "hunter2";
            let long = "x".repeat(1000);
            std::panic::panic_any(format!("left: {value:?}\nright: 7 {long}"));
        })
        .unwrap_err();
        let words = panic_words(panic.as_ref());
        assert!(words.starts_with("left: … right: 7 xxx"), "{words}");
        assert!(!words.contains("hunter2") && words.chars().count() == LONGEST + 1);
        let silent = std::panic::catch_unwind(|| std::panic::panic_any(7_u8)).unwrap_err();
        assert_eq!(panic_words(silent.as_ref()), "no reason was given");
    }

    #[test]
    fn a_parser_s_sentence_does_not_repeat_values() {
        let error = serde_json::from_value::<u8>(serde_json::Value::from("hunter2")).unwrap_err();
        let sentence = without_quoted(&error.to_string());
        assert!(
            !sentence.contains("hunter2") && sentence.contains("expected u8"),
            "{sentence}"
        );
    }
}
