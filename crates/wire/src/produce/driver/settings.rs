use std::time::Duration;

/// How a transactional producer is known to the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactionSettings {
    /// The transactional id. A producer that opens with it fences those before.
    pub id: String,
    /// How long a transaction may be open before the cluster aborts it; at most `transaction.max.timeout.ms`.
    pub timeout: Duration,
}

/// How a [`super::Producer`] writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProduceSettings {
    /// For transactions; an idempotent producer without.
    pub transactions: Option<TransactionSettings>,
    /// How long a broker may wait for its replicas.
    pub request_timeout: Duration,
    /// The most bytes of one request; a single batch may be larger.
    pub request_bytes: usize,
    /// The most bytes of batches that were handed over and are not settled; a single batch may be larger.
    pub queue_bytes: usize,
}

impl Default for ProduceSettings {
    /// Idempotent, 30 s, 8 MiB a request, 24 MiB in all.
    fn default() -> Self {
        Self {
            transactions: None,
            request_timeout: Duration::from_secs(30),
            request_bytes: 8 << 20,
            queue_bytes: 24 << 20,
        }
    }
}
