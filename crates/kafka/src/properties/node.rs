//! A structured text as it stands there: fields in their order, also one that is there twice, and values as written.

/// A value of JSON, YAML or TOML.
#[derive(Debug, Clone)]
pub(super) enum Node {
    /// `null`, `~`, or nothing at all.
    Absent,
    /// Any text, number or word, as it is written.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// An object.
    Fields(Vec<Field>),
}

/// A field of an object.
#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) name: String,
    /// The line that it begins in, where it is known.
    pub(super) line: Option<usize>,
    pub(super) value: Node,
}

/// A value that is no object any more.
pub(super) struct Leaf {
    /// The names of the fields that lead to it, with dots between them.
    pub(super) path: String,
    pub(super) line: Option<usize>,
    pub(super) value: String,
}

impl Node {
    /// The value of a field; of the last one where it is there twice.
    pub(super) fn field(&self, name: &str) -> Option<&Node> {
        self.fields()
            .iter()
            .rev()
            .find(|field| field.name == name)
            .map(|field| &field.value)
    }

    /// The fields of an object; none of anything else.
    pub(super) fn fields(&self) -> &[Field] {
        match self {
            Node::Fields(fields) => fields,
            _ => &[],
        }
    }

    /// The text of a value that is one.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Node::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Everything in it by its path.
    pub(super) fn leaves(&self) -> Vec<Leaf> {
        let mut leaves = Vec::new();
        self.collect("", None, &mut leaves);
        leaves
    }

    fn collect(&self, path: &str, line: Option<usize>, leaves: &mut Vec<Leaf>) {
        let mut leaf = |path: String, value: &str| {
            leaves.push(Leaf {
                path,
                line,
                value: value.to_owned(),
            });
        };
        match self {
            Node::Absent => {}
            Node::Text(text) => leaf(path.to_owned(), text),
            Node::Fields(fields) => {
                for field in fields {
                    // Spring keeps the dots of a name together in brackets.
                    let name = &field.name;
                    let name = name
                        .strip_prefix('[')
                        .and_then(|rest| rest.strip_suffix(']'))
                        .unwrap_or(name);
                    let path = if path.is_empty() {
                        name.to_owned()
                    } else {
                        format!("{path}.{name}")
                    };
                    field.value.collect(&path, field.line, leaves);
                }
            }
            Node::List(items) => {
                let texts: Vec<&str> = items.iter().filter_map(Node::text).collect();
                if texts.len() < items.len() {
                    for (index, item) in items.iter().enumerate() {
                        item.collect(&format!("{path}.{index}"), line, leaves);
                    }
                    return;
                }
                // `environment:` of a container, as `- NAME=value`.
                let variables: Vec<(&str, &str)> = texts
                    .iter()
                    .filter_map(|item| item.split_once('='))
                    .filter(|(name, _)| super::environment::is_variable(name))
                    .collect();
                if !variables.is_empty() && variables.len() == items.len() {
                    for (name, value) in variables {
                        leaf(format!("{path}.{name}"), value);
                    }
                    return;
                }
                leaf(path.to_owned(), &texts.join(","));
            }
        }
    }
}
