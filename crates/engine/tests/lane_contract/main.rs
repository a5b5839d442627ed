//! The lane contract: what every [`sluice_engine::Lane`] does, written once and run for each lane against in-process
//! clusters. A new lane joins with a function that opens it and one line at the end of this file.
//!
//! [`course::Course`] drives a lane and checks after every step what holds of any lane at any time: reports have no hole
//! and no overlap, and every record that is reported stands on the target, equal to the source's.

mod ground;
mod lanes;

mod course;

mod mirrors;
mod partitions;
mod passing;
mod source_logs;
mod target_troubles;
mod topic_ids;
mod transactions;

/// Runs the whole contract for a lane.
macro_rules! lane_contract {
    ($lane:ident: $open:path) => {
        lane_contract!(@ $lane $open;
            passing {
                records_arrive_in_the_order_of_their_partitions_and_unchanged
                batches_of_every_codec_arrive
                times_that_the_source_gave_are_kept
                spans_count_their_records_bytes_times_and_epochs
                a_span_ends_with_the_hash_of_its_last_record_where_hashes_are_asked_for
                nothing_is_reported_before_the_target_has_it
                the_end_is_reported_behind_the_last_record_and_again_behind_the_next
                a_copy_begins_in_the_middle_of_a_batch
                a_step_keeps_to_its_limits
                what_is_in_flight_keeps_to_its_limit
                the_bounds_of_a_log_are_those_of_its_last_fetch
            }
            partitions {
                a_partition_that_is_removed_stops_and_the_others_go_on
                a_partition_that_is_drained_comes_to_rest_and_the_others_go_on
                a_partition_comes_back_where_it_was_left
                a_new_source_client_neither_repeats_nor_loses
            }
            source_logs {
                offsets_that_compaction_left_out_are_holes
                markers_and_aborted_records_are_holes
                a_copy_begins_at_any_offset_of_a_log_with_holes
                a_copy_ends_at_any_offset_of_a_log_with_holes
                a_partition_that_has_ended_is_read_no_longer_and_the_others_go_on
                an_open_transaction_is_the_end_until_it_is_decided
                a_position_that_was_deleted_is_out_of_range
                another_log_than_the_one_that_was_copied_has_diverged
                a_new_source_client_notices_another_log
                a_new_lane_notices_another_log
                a_new_leader_with_the_same_log_is_no_divergence
                a_marker_of_a_newer_epoch_is_no_divergence
                a_damaged_batch_is_named_and_nothing_behind_it_is_copied
                a_topic_that_may_not_be_read_is_forbidden
            }
            target_troubles {
                behind_a_refused_record_nothing_is_written
                rejected_offsets_are_passed_over
                a_rejected_record_that_stands_alone_waits_for_no_answer
                records_without_a_key_are_passed_over_where_the_target_is_compacted
                a_denied_target_topic_is_named_as_the_cause
                lost_answers_neither_repeat_nor_lose
                leaders_that_move_interrupt_nothing
            }
            transactions {
                records_and_positions_become_visible_together
                a_commit_without_records_keeps_positions
                a_commit_whose_answer_is_lost_counts_once
                what_was_not_committed_is_given_up_and_the_same_id_goes_on
                a_later_lane_of_the_same_id_fences_the_earlier_one
                recovery_reports_what_arrives_without_transactions
            }
        );
    };
    (@ $lane:ident $open:path; $($part:ident { $($case:ident)* })*) => {
        mod $lane {
            $($(
                #[test]
                fn $case() -> anyhow::Result<()> {
                    crate::$part::$case($open)
                }
            )*)*
        }
    };
}

lane_contract!(record_lane: crate::lanes::record_lane);
lane_contract!(wire_lane: crate::lanes::wire_lane);
