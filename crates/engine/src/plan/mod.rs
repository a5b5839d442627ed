//! What a start will do: both clusters with what they say of themselves, the start positions, the target's topics, and
//! the pre-check.

mod adoption;
mod broker_defaults;
pub(crate) mod compression;
mod end_position;
mod inspection;
mod keyless;
mod lane;
mod pair;
pub(crate) mod precheck;
mod route_facts;
mod source_backlog;
mod source_retention;
mod start_position;
mod stored_format;
pub(crate) mod structure;
pub(crate) mod topic_values;

pub(crate) use adoption::Adopted;
pub(crate) use broker_defaults::{in_topic_units, value};
pub(crate) use end_position::resolve_end;
pub use inspection::{Inspection, inspect};
pub(crate) use inspection::{Plan, RoutePlan, plan};
pub(crate) use keyless::refusing_keyless;
pub(crate) use lane::ChosenLane;
pub(crate) use pair::{Connected, Pair, identity, is_identity, unique};
pub use route_facts::RouteFacts;
pub(crate) use route_facts::route_facts;
pub use source_backlog::source_backlog;
pub use source_retention::source_retention_left;
pub(crate) use start_position::{Resolved, resolve};
pub(crate) use stored_format::StoredFormats;
