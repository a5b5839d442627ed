use super::client::read_answer;
use crate::places::FarApp;
use crate::{AppError, Command, ErrorCode, Result};

impl FarApp {
    /// Has a command carried out there.
    ///
    /// # Errors
    /// The computer cannot be reached, the connection was lost before the answer, or as the command says.
    pub fn call<C: Command>(&self, command: C) -> Result<C::Answer> {
        let request = serde_json::to_value(command).map_err(|error| {
            AppError::new(
                ErrorCode::Internal,
                format!("the request of {} cannot be written: {error}", C::NAME),
            )
        })?;
        read_answer(&self.call_by_name(C::NAME, request)?)
    }
}
