use crate::Result;

/// Runs two clusters inside this process, to try Sluice out. A shell brings it along: the application itself
/// knows clusters only by their addresses.
pub trait DemoHost: Send + Sync {
    /// Starts both clusters and a writer to the first one, in place of those that run.
    ///
    /// # Errors
    /// They do not start.
    fn start(&self) -> Result<DemoAddresses>;

    /// Ends them, if they run.
    fn stop(&self);
}

/// Where the demonstration's clusters are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoAddresses {
    /// `bootstrap.servers` of the one to copy from.
    pub source: String,
    /// `bootstrap.servers` of the one to copy to.
    pub target: String,
    /// Topics to copy.
    pub topics: Vec<String>,
}
