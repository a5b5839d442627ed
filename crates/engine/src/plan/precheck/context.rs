use std::time::Duration;

/// How long an item may take unless the caller says otherwise: a cluster of 1000 topics on a slow line answers within it.
const ITEM_DEADLINE: Duration = Duration::from_secs(30);
/// How long target topics are watched for other writers unless the caller says otherwise: with what their records say of
/// the last minute, a moment is enough.
const WATCH: Duration = Duration::from_millis(400);

/// What a pre-check has to know beside the task.
#[derive(Debug, Clone)]
pub struct PreCheckContext<'a> {
    /// Other tasks, to find loops. Tasks that the store knows as launched are taken into account in any case.
    pub other_tasks: Vec<OtherTask>,
    /// Runs only these items: the connections and `target_data` are repeated at the launch. `None` runs all.
    pub only: Option<&'a [&'a str]>,
    /// Leaves these items out: they are of what another program does that copies for the task.
    pub without: &'a [&'a str],
    /// How long an item may take, from its beginning.
    pub item_deadline: Duration,
    /// How long target topics are watched for other writers.
    pub watch: Duration,
}

impl Default for PreCheckContext<'_> {
    fn default() -> Self {
        Self {
            other_tasks: Vec::new(),
            only: None,
            without: &[],
            item_deadline: ITEM_DEADLINE,
            watch: WATCH,
        }
    }
}

/// Another task, as far as loops are concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherTask {
    /// Its name, for sentences.
    pub name: String,
    /// Cluster id of its source, where it is known.
    pub source_cluster_id: Option<String>,
    /// Cluster id of its target, where it is known.
    pub target_cluster_id: Option<String>,
    /// Source topic and target topic of each of its routes.
    pub routes: Vec<(String, String)>,
    /// Whether it copies, or will without a person's doing.
    pub active: bool,
}
