use std::time::Duration;

use sluice_kafka::Admin;
use sluice_model::Task;

/// Clients of both clusters for one line of questions alone. A client asks one question at a time, and a broker answers
/// those of one connection in their order: with clients of their own, items do not wait for the silence of others.
pub(crate) struct Clients {
    pub(crate) source: Admin,
    pub(crate) target: Admin,
}

impl Clients {
    /// Clients that give each question this long.
    ///
    /// # Errors
    /// A refused client property.
    pub(crate) fn new(task: &Task, question: Duration) -> sluice_kafka::Result<Self> {
        let client = |cluster| -> sluice_kafka::Result<Admin> {
            let mut admin = Admin::new(cluster)?;
            admin.set_deadline(question);
            Ok(admin)
        };
        Ok(Self {
            source: client(&task.source)?,
            target: client(&task.target)?,
        })
    }
}
