//! The schema in TypeScript: every command's request and answer by its name, the events, and every type they need.

use std::any::TypeId;
use std::collections::{BTreeMap, BTreeSet};

use ts_rs::{Config, TS, TypeVisitor};

use super::command::Command;
use crate::AppError;
use crate::schema::AppEvent;

/// Collects types and commands.
#[derive(Default)]
pub(crate) struct Types {
    seen: BTreeSet<TypeId>,
    declarations: BTreeMap<String, String>,
    commands: Vec<String>,
    config: Config,
}

impl Types {
    /// A command.
    pub(crate) fn command<C>(&mut self)
    where
        C: Command + TS + 'static,
        C::Answer: TS + 'static,
    {
        self.add::<C>();
        self.add::<C::Answer>();
        self.commands.push(format!(
            "  {}: {{ request: {}; answer: {} }};",
            C::NAME,
            C::name(&self.config),
            C::Answer::name(&self.config)
        ));
    }

    fn add<T: TS + 'static + ?Sized>(&mut self) {
        if !self.seen.insert(TypeId::of::<T>()) {
            return;
        }
        // Only types of our own are declared; what they are made of is visited all the same.
        if T::output_path().is_some() {
            let docs = T::docs().unwrap_or_default();
            self.declarations.insert(
                T::ident(&self.config),
                format!("{docs}export {}", T::decl(&self.config)),
            );
        }
        T::visit_dependencies(self);
        T::visit_generics(self);
    }
}

impl TypeVisitor for Types {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        self.add::<T>();
    }
}

/// The whole document, with the commands that `list` adds.
pub(crate) fn document(list: impl FnOnce(&mut Types)) -> String {
    let mut types = Types::default();
    types.add::<AppError>();
    types.add::<AppEvent>();
    list(&mut types);
    let declarations: Vec<String> = types.declarations.into_values().collect();
    format!(
        "// Generated from the Rust types; `make bindings` writes it, and a test fails when it is stale.\n\n{}\n\nexport interface Commands {{\n{}\n}}\n",
        declarations.join("\n\n"),
        types.commands.join("\n")
    )
}
