//! Applications on other computers, reached through the person's own `ssh` (docs/adr/0014): no port is opened, and neither a
//! password nor a key is kept.

mod failure;
mod far_app;
mod host;
mod link;
mod open_places;
mod place;
mod repeatable;
mod said;
mod side;
mod ssh;

pub use far_app::{FarApp, FarInfo, Standing};
pub use host::{Host, InvalidHost};
pub(crate) use open_places::OpenPlaces;
pub use place::{Place, PlaceColour};
pub(crate) use side::Side;
pub use ssh::Ssh;
