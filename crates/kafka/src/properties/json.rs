//! JSON, with a field that is there twice and with numbers as they are written.

use serde_json::Value;

use super::node::{Field, Node};

/// Reads JSON, in which programs accept lines that are comments.
///
/// # Errors
/// The line that is not valid, from 1.
pub(super) fn read(text: &str) -> Result<Node, usize> {
    let text = without_comments(text);
    serde_json::from_str::<Value>(&text).map_err(|error| error.line().max(1))?;
    // It is valid, and its depth limited: what follows only takes it apart.
    Reader { rest: &text, line: 1 }.value().ok_or(1)
}

/// A program's text, or JSON, without the lines that are comments. Blank lines in their place keep the numbers of lines.
pub(super) fn without_comments(text: &str) -> String {
    let is_comment = |line: &str| line.trim_start().starts_with("//");
    text.lines()
        .map(|line| if is_comment(line) { "" } else { line })
        .flat_map(|line| [line, "\n"])
        .collect()
}

struct Reader<'a> {
    rest: &'a str,
    line: usize,
}

impl Reader<'_> {
    fn skip(&mut self, length: usize) -> &str {
        let (skipped, rest) = self.rest.split_at(length);
        self.line += skipped.matches('\n').count();
        self.rest = rest;
        skipped
    }

    /// The next sign that means something.
    fn peek(&mut self) -> Option<char> {
        let blank = self.rest.len() - self.rest.trim_start().len();
        self.skip(blank);
        self.rest.chars().next()
    }

    fn value(&mut self) -> Option<Node> {
        match self.peek()? {
            '{' => {
                self.skip(1);
                let mut fields = Vec::new();
                while self.peek()? != '}' {
                    if self.peek()? == ',' {
                        self.skip(1);
                        self.peek()?;
                    }
                    let line = self.line;
                    let name = self.string()?;
                    self.peek().filter(|sign| *sign == ':')?;
                    self.skip(1);
                    fields.push(Field {
                        name,
                        line: Some(line),
                        value: self.value()?,
                    });
                }
                self.skip(1);
                Some(Node::Fields(fields))
            }
            '[' => {
                self.skip(1);
                let mut items = Vec::new();
                while self.peek()? != ']' {
                    if self.peek()? == ',' {
                        self.skip(1);
                    }
                    items.push(self.value()?);
                }
                self.skip(1);
                Some(Node::List(items))
            }
            '"' => self.string().map(Node::Text),
            _ => {
                let end = self
                    .rest
                    .find(|c: char| c.is_whitespace() || matches!(c, ',' | '}' | ']'))
                    .unwrap_or(self.rest.len());
                let word = self.skip(end);
                Some(if word == "null" {
                    Node::Absent
                } else {
                    Node::Text(word.to_owned())
                })
            }
        }
    }

    fn string(&mut self) -> Option<String> {
        let mut escaped = false;
        let end = self.rest.char_indices().skip(1).find(|&(_, c)| {
            let ends = !escaped && c == '"';
            escaped = !escaped && c == '\\';
            ends
        });
        let quoted = self.skip(end?.0 + 1);
        serde_json::from_str(quoted).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_fields_stay_as_they_are_written() {
        let text = "{\n\"a\": 12345678901234567890123, \"b\": [1.50, \"x\\\"y\", []],\n// \"no\": 1\n\"a\": {}, \"c\": null,\n\"d\": true}";
        let node = read(text).unwrap();
        let fields: Vec<(&str, Option<usize>)> = node
            .fields()
            .iter()
            .map(|field| (field.name.as_str(), field.line))
            .collect();
        assert_eq!(
            fields,
            [
                ("a", Some(2)),
                ("b", Some(2)),
                ("a", Some(4)),
                ("c", Some(4)),
                ("d", Some(5))
            ]
        );
        assert_eq!(node.fields()[0].value.text(), Some("12345678901234567890123"));
        let leaves: Vec<(String, String)> = node
            .leaves()
            .into_iter()
            .map(|leaf| (leaf.path, leaf.value))
            .collect();
        assert_eq!(leaves[1], ("b.0".to_owned(), "1.50".to_owned()));
        assert_eq!(leaves[2], ("b.1".to_owned(), "x\"y".to_owned()));
        assert_eq!(leaves.last().unwrap().1, "true");
        assert_eq!(read("{\n\"a\": x\n}").unwrap_err(), 2);
    }
}
