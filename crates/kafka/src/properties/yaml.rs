//! YAML, with every document of a text, with a field that is there twice, and with values as they are written.

use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle};

use super::node::{Field, Node};
use super::structured::CODE;

/// More than any configuration has; aliases could make a short text endless.
const MOST_NODES: usize = 100_000;
const DEEPEST: usize = 100;

/// Reads the documents of a text.
///
/// # Errors
/// The line that is not valid, from 1.
pub(super) fn read(text: &str) -> Result<Vec<Node>, usize> {
    let mut documents = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    let mut anchors: HashMap<usize, Node> = HashMap::new();
    let mut nodes = 0;
    for next in Parser::new_from_str(text) {
        let (event, span) = next.map_err(|error| error.marker().line().max(1))?;
        let line = span.start.line();
        let (anchor, node) = match event {
            Event::MappingStart(_, anchor, _) => {
                open.push(Open::fields(anchor));
                (0, None)
            }
            Event::SequenceStart(_, anchor, _) => {
                open.push(Open::list(anchor));
                (0, None)
            }
            Event::Scalar(text, style, anchor, tag) => {
                let is_custom = tag.as_ref().is_some_and(|tag| tag.core_suffix().is_none());
                let is_null = matches!(style, ScalarStyle::Plain)
                    && tag.is_none()
                    && ["", "~", "null", "Null", "NULL"].contains(&text.as_ref());
                (
                    anchor,
                    Some(if is_custom {
                        // As `!vault`: only its own program knows what it stands for.
                        Node::Text(CODE.to_owned())
                    } else if is_null && !open.last().is_some_and(Open::awaits_a_name) {
                        Node::Absent
                    } else {
                        Node::Text(text.into_owned())
                    }),
                )
            }
            Event::Alias(anchor) => (0, Some(anchors.get(&anchor).cloned().ok_or(line)?)),
            Event::MappingEnd | Event::SequenceEnd => {
                let (anchor, node) = open.pop().ok_or(line)?.closed();
                (anchor, Some(node))
            }
            _ => continue,
        };
        let Some(node) = node else {
            if open.len() > DEEPEST {
                return Err(line);
            }
            continue;
        };
        nodes += size(&node);
        if nodes > MOST_NODES {
            return Err(line);
        }
        if anchor != 0 {
            anchors.insert(anchor, node.clone());
        }
        match open.last_mut() {
            Some(parent) => parent.take(node, line)?,
            None => documents.push(node),
        }
    }
    Ok(documents)
}

fn size(node: &Node) -> usize {
    match node {
        Node::Absent | Node::Text(_) => 1,
        Node::List(items) => items.iter().map(size).sum::<usize>() + 1,
        Node::Fields(fields) => fields.iter().map(|field| size(&field.value)).sum::<usize>() + 1,
    }
}

/// An object or a list that is not at its end yet.
struct Open {
    anchor: usize,
    content: Content,
}

enum Content {
    Fields {
        fields: Vec<Field>,
        merged: Vec<Field>,
        name: Option<(String, usize)>,
    },
    List(Vec<Node>),
}

impl Open {
    fn fields(anchor: usize) -> Self {
        let content = Content::Fields {
            fields: Vec::new(),
            merged: Vec::new(),
            name: None,
        };
        Self { anchor, content }
    }

    fn list(anchor: usize) -> Self {
        Self {
            anchor,
            content: Content::List(Vec::new()),
        }
    }

    fn awaits_a_name(&self) -> bool {
        matches!(self.content, Content::Fields { name: None, .. })
    }

    fn take(&mut self, node: Node, line: usize) -> Result<(), usize> {
        match &mut self.content {
            Content::List(items) => items.push(node),
            Content::Fields { fields, merged, name } => match (name.take(), node) {
                (None, Node::Text(text)) => *name = Some((text, line)),
                // A list or an object as a name is nothing that a configuration has.
                (None, _) => return Err(line),
                // `<<: *defaults` gives what the object does not have itself.
                (Some((named, _)), Node::Fields(more)) if named == "<<" => merged.extend(more),
                (Some((named, _)), Node::List(more)) if named == "<<" => {
                    merged.extend(more.into_iter().flat_map(|node| match node {
                        Node::Fields(fields) => fields,
                        _ => Vec::new(),
                    }));
                }
                (Some((named, begins)), value) => fields.push(Field {
                    name: named,
                    line: Some(begins),
                    value,
                }),
            },
        }
        Ok(())
    }

    fn closed(self) -> (usize, Node) {
        let node = match self.content {
            Content::List(items) => Node::List(items),
            Content::Fields {
                mut fields, merged, ..
            } => {
                for field in merged {
                    if !fields.iter().any(|own| own.name == field.name) {
                        fields.push(field);
                    }
                }
                Node::Fields(fields)
            }
        };
        (self.anchor, node)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(text: &str) -> Vec<(String, Option<usize>, String)> {
        read(text)
            .unwrap()
            .iter()
            .flat_map(Node::leaves)
            .map(|leaf| (leaf.path, leaf.line, leaf.value))
            .collect()
    }

    #[test]
    fn values_stay_as_they_are_written_and_nothing_is_nothing() {
        let text = "a:\n  b: 0123\n  c: ~\n  d: null\n  e: \"~\"\n  f: !vault |\n    x\n  \"[g.h]\": 1_000\n  b: yes\n---\nz: [1, 2]\n";
        let wanted = [
            ("a.b", 2, "0123"),
            ("a.e", 5, "~"),
            ("a.f", 6, CODE),
            ("a.g.h", 8, "1_000"),
            ("a.b", 9, "yes"),
            ("z", 11, "1,2"),
        ]
        .map(|(path, line, value)| (path.to_owned(), Some(line), value.to_owned()));
        assert_eq!(leaves(text), wanted);
    }

    #[test]
    fn aliases_are_followed_but_not_for_ever() {
        let text = "d: &d\n  a: 1\n  b: 2\nx:\n  <<: *d\n  b: 3\n";
        let found: Vec<(String, String)> = leaves(text)
            .into_iter()
            .map(|(path, _, value)| (path, value))
            .collect();
        assert!(found.contains(&("x.a".to_owned(), "1".to_owned())), "{found:?}");
        assert!(found.contains(&("x.b".to_owned(), "3".to_owned())), "{found:?}");
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..10 {
            let below = format!("*a{}, ", level - 1).repeat(10);
            bomb.push_str(&format!(
                "a{level}: &a{level} [{}]\n",
                below.trim_end_matches(", ")
            ));
        }
        assert!(read(&bomb).is_err());
        assert!(read(&"[".repeat(10_000)).is_err());
    }
}
