//! The life of a task as the application's commands make it (hermetic: in-process clusters).

mod changes;
mod ground;
mod ledgers;
mod states;
