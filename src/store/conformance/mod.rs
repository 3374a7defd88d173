//! One suite for every implementation of [`Store`].
//!
//! A case is a function over a [`Subject`]; [`store_conformance`] makes a test of each,
//! so that a failure names the case and the implementation.

pub(super) mod furnish;
pub(super) mod support;

pub mod admin;
pub mod archive;
pub mod broadcasts;
pub mod contacts;
pub mod decisions;
pub mod erase;
pub mod inbox;
pub mod kf;
pub mod outbox;
pub mod past;
pub mod prune;
pub mod quotas;
pub mod random;
pub mod reopen;
pub mod sop_rows;
pub mod timers;

use std::sync::Arc;

use async_trait::async_trait;

use super::Store;

/// An implementation under test, with data of its own that lasts as long as this value.
#[async_trait]
pub trait Subject: Send + Sync {
    /// Opens the store of one corp. To open it again is to restart the program: the
    /// store opened before has been dropped by then.
    async fn open(&self, corp: &str) -> Arc<dyn Store>;
}

/// Makes one test of every case, over the subject that an expression makes.
macro_rules! store_conformance {
    ($subject:expr) => {
        $crate::store::conformance::store_conformance! { @cases $subject;
            inbox {
                takes_each_record_once
                keeps_order_within_a_conversation
                works_on_conversations_in_parallel
                claims_no_more_than_asked
                claimers_never_share_a_record
                a_record_pushed_at_once_by_many_is_taken_once
                claims_urgent_records_first
                urgent_records_pass_one_that_is_being_retried
                a_retry_holds_up_its_conversation_and_counts
                a_buried_record_lets_its_conversation_go_on
                a_stale_claim_is_refused
                a_lease_that_has_not_ended_is_left_alone
                unreadable_and_skipped_records_never_reach_a_worker
                bells_ring_for_new_work
            }
            outbox {
                keeps_order_within_a_lane
                does_not_claim_before_the_due_time
                claims_urgent_effects_first
                a_retry_keeps_the_order_and_counts
                a_snooze_does_not_count
                writing_wakes_what_waits_in_the_conversation
                writing_does_not_hurry_a_try_that_failed
                every_end_frees_the_lane
                a_stale_claim_is_refused
                a_rescued_effect_is_marked_as_interrupted
                a_sent_effect_can_turn_out_to_have_failed
                word_of_a_failure_can_come_first
                word_of_a_failure_settles_an_unknown_outcome
                a_claim_carries_what_was_decided
            }
            decisions {
                change_everything_together
                change_nothing_when_fenced
                stand_or_fall_one_by_one
                are_refused_twice
                apply_to_the_newest_contact
                write_the_conversation_history
                use_up_a_daily_limit
                share_the_last_use_of_a_day_when_they_race
                ask_the_caps_again_when_something_else_was_said
                take_in_records_of_our_own_once
            }
            past {
                records_come_in_order_with_what_became_of_them
                records_are_found_by_the_time_of_their_coming
            }
            kf {
                a_page_moves_the_cursor_with_its_records
                a_page_for_an_old_cursor_changes_nothing
                a_page_without_a_cursor_keeps_the_old_one
                pushes_wait_until_a_pull_answers_them
            }
            contacts {
                wecom_facts_keep_what_only_we_know
                a_tag_set_after_wecom_was_asked_stays
                older_facts_are_ignored
                followers_come_and_go
                are_read_in_the_order_asked
                provenance_survives_what_wecom_says
                what_a_rule_set_is_taken_back_exactly
                are_read_page_by_page
                what_leaves_on_another_day_counts_on_that_day
                lists_tell_of_one_follower_at_a_time
                customers_are_lost_and_come_back
                groups_are_kept_like_contacts
                a_page_of_a_list_is_taken_whole
                what_counts_adds_up_on_the_newest_state
            }
            timers {
                come_in_order_of_their_due_time
                a_known_key_moves
                can_be_removed
                fire_once_and_earliest_first
                a_moved_timer_fires_when_it_was_moved_to
                mautic_8802_two_schedulers_fire_each_once
                fired_ones_stay_fired_after_a_restart
                facts_are_replaced_by_name
                facts_are_found_by_the_beginning_of_their_name
                a_swap_of_facts_needs_what_was_read
            }
            sop_rows {
                are_written_with_their_decision
                come_by_run_target_and_step
                keep_a_members_first_word
                ids_that_begin_alike_are_told_apart
                news_of_a_message_goes_into_its_row
                what_holds_the_first_of_a_lane_holds_those_behind_it
                the_end_of_an_effect_goes_into_the_row_whose_message_it_carries
                old_ones_are_pruned
            }
            broadcasts {
                gather_what_is_alike
                waiting_for_more_has_an_end
                who_hears_it_unasked_is_counted_once
                what_goes_into_the_inbox_is_stored_with_the_change
                nobody_is_in_one_twice
                a_closed_one_takes_nobody
                who_read_an_older_state_changes_nothing
                news_reaches_the_targets_and_their_steps
                nobody_gets_more_than_the_ceiling
                what_leaves_in_the_next_month_is_counted_there
                what_others_have_used_up_is_known
                a_full_one_goes_on_in_another
                are_listed_the_newest_first
                stay_after_a_restart
            }
            quotas {
                hold_in_any_window
                are_reserved_all_or_none
                start_again_after_since
                one_key_may_have_two_windows
                are_moved_by_the_same_holder
            }
            admin {
                depths_count_states_and_ages
                lists_by_state_oldest_first
                shows_a_record_with_its_effects
                redrives_dead_records_and_failed_effects
                a_redriven_item_goes_to_the_end_of_its_lane
                discards_what_waits_or_is_kept
                what_is_being_worked_on_cannot_be_discarded
            }
            prune {
                removes_only_what_is_past
                stops_at_its_limit
                never_removes_what_waits
                traces_go_first_but_those_of_failures_stay
                uses_of_past_days_go
                what_operators_did_goes_too
                broadcasts_go_when_reports_do
            }
            archive {
                another_store_filled_from_it_gives_the_same_answers
                a_snapshot_stays_as_it_was
                a_filling_goes_on_where_it_stopped
                deeds_are_kept_in_order
            }
            erase {
                a_person_is_forgotten_and_the_numbers_stay
                who_works_on_somebody_forgotten_loses_the_claim
            }
            random {
                depths_agree_with_a_recount
            }
            reopen {
                records_and_dedupe_keys_stay
                the_history_of_what_waits_stays
                claims_of_records_end
                claims_of_effects_are_known_as_interrupted
                quotas_timers_and_cursors_stay
                retries_stay_due_when_they_were
                corps_do_not_see_each_other
            }
        }
    };
    (@cases $subject:expr; $($module:ident { $($case:ident)* })*) => {
        $(mod $module {
            $(
                #[tokio::test]
                async fn $case() {
                    $crate::store::conformance::$module::$case(&$subject).await;
                }
            )*
        })*
    };
}
pub(crate) use store_conformance;
