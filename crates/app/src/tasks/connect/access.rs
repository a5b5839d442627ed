//! The way to a Connect cluster.

use sluice_connect::{ConnectClient, ConnectError};
use sluice_model::SourceId;

use crate::core::{self, Core};
use crate::{AppError, ErrorCode, Result};

impl Core {
    /// A client of the Connect cluster of a data source; asks nothing yet.
    ///
    /// # Errors
    /// It is none, its secrets cannot be read, or its files cannot be used.
    pub(crate) fn connect_client(&self, source: &SourceId) -> Result<ConnectClient> {
        let row = self.source(source.as_str())?;
        let access = core::form(&row)?
            .connect_access(&self.source_secrets(&row)?)
            .map_err(AppError::fields)?;
        Ok(ConnectClient::new(&access)?)
    }
}

impl From<ConnectError> for AppError {
    fn from(error: ConnectError) -> Self {
        let code = match &error {
            ConnectError::Login { .. } => ErrorCode::AuthenticationFailed,
            ConnectError::NotFound { .. } => ErrorCode::NotFound,
            error if error.is_passing() => ErrorCode::ClusterUnreachable,
            _ => ErrorCode::Refused,
        };
        Self::new(code, error.to_string())
    }
}
