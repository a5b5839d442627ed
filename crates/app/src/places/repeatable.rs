/// Commands that change nothing: where a connection was lost before the answer, they are asked again. Of all others it is not
/// known then whether they were carried out.
const REPEATABLE: &[&str] = &[
    "alert_history",
    "app_info",
    "channel_list",
    "cutover_export",
    "cutover_list",
    "cutover_status",
    "operation_list",
    "parity_compare",
    "rule_list",
    "settings_show",
    "source_follow",
    "source_group",
    "source_group_lags",
    "source_groups",
    "source_list",
    "source_peek",
    "source_search",
    "source_show",
    "source_sizes",
    "source_test",
    "source_topic",
    "source_topics",
    "task_backlog",
    "task_changes",
    "task_export",
    "task_foresee",
    "task_gaps",
    "task_groups",
    "task_list",
    "task_log",
    "task_marks",
    "task_metrics",
    "task_open_gaps",
    "task_partition",
    "task_quarantine",
    "task_readiness_last",
    "task_routes",
    "task_show",
    "task_topics",
    "task_verification",
    "topic_naming",
];

/// Whether a command may be sent again when its answer did not come.
pub(super) fn is_repeatable(command: &str) -> bool {
    REPEATABLE.contains(&command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_commands_that_there_are_may_be_repeated() {
        for name in REPEATABLE {
            assert!(crate::COMMAND_NAMES.contains(name), "{name}");
        }
        for name in [
            "task_start",
            "task_delete",
            "source_add",
            "cutover_next",
            "task_verify",
            "task_policies",
        ] {
            assert!(!is_repeatable(name), "{name}");
        }
    }
}
