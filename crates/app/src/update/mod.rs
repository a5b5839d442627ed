//! Whether there is a newer version of this program, if the settings have an address to ask. Nothing is requested otherwise.

mod address;
mod newest;

pub(crate) use address::{NoUpdateAddress, UpdateAddress};
pub(crate) use newest::newest;

/// Setting: where the newest version is written, a text; nowhere when it is blank or was never set.
pub(crate) const UPDATE_SETTING: &str = "update_address";
