"""The acceptance list of approvals: which tests hold each row. A row without one, or a test that is gone, fails."""

import ast
from pathlib import Path

import pytest

pytestmark = pytest.mark.approvals

ROOT = Path(__file__).parents[2]
HERE = "engine/approvals"
ROWS: dict[int, tuple[str, tuple[str, ...]]] = {
    1: ("sent back from everywhere, and the process never ends by itself", (
        f"{HERE}/test_returning.py: return_to_the_task_before_asks_the_same_person_again_and_nobody_else, "
        "return_to_any_passed_task_undoes_everything_behind_it, return_to_the_requester_opens_the_request_task, "
        "return_inside_a_round_of_many_cancels_the_others_and_keeps_their_decisions_on_record, "
        "return_within_a_branch_leaves_the_other_branch_alone, "
        "return_in_nested_forks_never_ends_the_process_by_itself, "
        "return_to_the_requester_from_inside_nested_forks_takes_every_branch_away, "
        "return_into_another_open_branch_is_refused_by_name_and_changes_nothing",
        "webui/test_turning_back.py: a_task_is_sent_back_to_its_requester_who_corrects_a_draft",
    )),
    2: ("fork, join, back to one branch: it alone lives, what follows runs once", (
        f"{HERE}/test_returning.py: return_behind_a_join_leaves_only_the_branch_that_is_done_again, "
        "what_follows_the_join_runs_once_however_often_a_branch_is_done_again, "
        "a_plain_reset_is_caught_by_what_must_be_true_afterwards",
        "engine/bpmn/test_moves.py: going_back_and_on_again_is_what_a_fresh_run_does, "
        "every_way_back_that_is_allowed_leads_to_a_marking_of_the_drawing",
    )),
    3: ("straight back when nothing has changed, else step by step, told before", (
        f"{HERE}/test_resubmitting.py: back_to_me_unchanged_goes_straight_to_the_returner, "
        "a_changed_amount_is_approved_step_by_step_and_the_requester_is_told_before",
    )),
    4: ("ratios, the unreachable fails early, weights in two branches do not meet", (
        f"{HERE}/test_modes.py: three_people_decide_as_the_table_says, weights_50_30_20_with_threshold_60, "
        "the_heaviest_rejection_decides_when_the_rest_cannot_reach_the_threshold, needed_votes_are_exact",
        f"{HERE}/test_branches.py: weights_in_two_branches_are_counted_apart, "
        "a_rejection_does_not_end_a_ratio_that_can_still_be_reached",
    )),
    5: ("or-sign: the first rejection ends it or not; the loser reads who was faster", (
        f"{HERE}/test_modes.py: three_people_decide_as_the_table_says",
        f"{HERE}/test_branches.py: the_first_rejection_ends_an_or_sign_or_not_as_the_drawing_says",
        "engine/test_tasks.py: two_approvers_at_once_make_one_decision_and_a_friendly_answer",
        f"{HERE}/test_at_once.py: ten_people_at_once_make_one_outcome",
    )),
    6: ("signers before, after, beside, nested; removed, but not the last", (
        f"{HERE}/test_signers.py: who_is_added_before_is_heard_first, who_signs_after_decides_whether_the_yes_counts, "
        "who_is_added_beside_is_counted_like_everybody, signers_may_add_signers_three_deep, "
        "removing_a_signer_completes_the_round_at_once, "
        "removing_whole_groups_gives_the_adder_his_item_back_or_his_yes, "
        "who_was_heard_before_stays_with_whom_takes_his_own_back, "
        "who_signs_after_somebody_waits_again_when_he_takes_his_yes_back, "
        "who_decided_who_was_drawn_and_the_last_one_cannot_be_removed",
    )),
    7: ("the owner stays, advice is no vote, a leaver's work goes over with its conflicts", (
        "engine/test_tasks.py: a_transfer_keeps_the_owner_and_moves_the_work",
        f"{HERE}/test_signers.py: advice_is_never_a_vote",
        f"{HERE}/test_leaving.py: *",
        "webui/test_leaving.py: *",
    )),
    8: ("taken back while undecided, after the round, before the next; not over what cannot be undone", (
        f"{HERE}/test_ending.py: a_decision_among_many_is_taken_back_while_the_others_are_asked, "
        "a_passed_round_is_taken_back_before_the_next_decides_and_the_other_decisions_are_carried, "
        "whether_the_next_has_seen_it_counts_when_the_drawing_says_so, "
        "what_cannot_be_undone_in_between_stops_a_recall",
    )),
    9: ("withdrawn before and after the first decision, same number, submission two, grants void", (
        f"{HERE}/test_ending.py: a_withdrawn_request_keeps_its_number_and_comes_back_as_submission_two, "
        "after_the_first_decision_it_is_too_late_unless_the_drawing_says_otherwise, "
        "until_when_a_request_may_be_withdrawn_is_drawn, a_withdrawal_voids_every_grant",
    )),
    10: ("same person, nobody, disabled, the requester: sources on record, none counts for a policy", (
        f"{HERE}/test_automatic.py: the_same_person_thrice_is_asked_once, "
        "an_empty_node_passes_by_rule_and_a_disabled_approver_leaves_it_empty, "
        "the_requester_as_approver_goes_up_and_nobody_else_clicks_for_him",
        f"{HERE}/test_candidates.py: the_leader_of_a_department_is_judged_one_level_up, "
        "the_requester_is_never_asked_for_what_counts_towards_a_payment",
        f"{HERE}/test_no_grant_without_a_person.py: *",
        "engine/policy/test_gate.py: a_grant_without_its_human_decision_is_not_accepted",
    )),
    11: ("predicted is executed, copies included, after returns too", (
        f"{HERE}/test_previewing.py: "
        "predicted_is_executed_for_shipped_processes_also_after_a_transfer_a_signer_or_a_return, "
        "who_reads_along_and_who_has_agreed_before_is_foretold, "
        "a_running_request_shows_what_comes_next_also_after_a_return",
    )),
    12: ("one copy, when drawn, with a receipt, hidden fields hidden", (
        f"{HERE}/test_automatic.py: copies_are_sent_once_when_the_drawing_says, "
        "a_copy_that_two_nodes_and_a_second_round_send_is_one_with_a_receipt_and_shows_nothing_hidden",
        f"{HERE}/test_informing.py: a_copy_comes_once_and_tells_when_it_was_read, hidden_fields_stay_hidden_in_a_copy",
    )),
    13: ("urges once in two hours, reminders then escalation, added signers too, working days", (
        f"{HERE}/test_informing.py: urging_is_limited_to_once_in_two_hours",
        f"{HERE}/test_timeouts.py: reminders_three_times_then_the_manager_is_told, "
        "added_signers_have_limits_of_their_own, "
        "signers_before_and_after_are_reminded_three_times_then_their_manager_is_told, "
        "working_time_knows_national_day_and_a_make_up_saturday",
    )),
    14: ("printed by who only reads along; the code tells of a later edit", (
        "webui/test_printing.py: who_only_reads_along_prints_opinions_and_signatures_and_a_code_that_tells_of_a_later_"
        "edit",
        "browser/test_acts.py: a_request_is_printed_and_its_code_tells_of_a_later_change",
    )),
    15: ("extra, read-only and hidden keys are refused by name and change nothing", (
        "engine/test_tasks.py: unknown_and_read_only_keys_are_refused_by_name_and_nothing_changes",
        f"{HERE}/test_ending.py: a_draft_is_saved_while_it_is_typed_and_a_second_page_is_told",
        "webui/test_bad_input.py: an_approver_writes_only_his_fields",
    )),
    16: ("what runs keeps version, form and drawing, and the page shows that one", (
        "engine/test_repository.py: running_instance_stays_on_its_version",
        "engine/test_bindings.py: what_runs_keeps_the_form_that_it_was_deployed_with_or_shows_the_newest",
        "webui/test_acts.py: the_page_of_a_request_shows_the_version_that_runs",
    )),
    17: ("a batch answers line by line", (
        f"{HERE}/test_informing.py: a_batch_gives_each_line_its_own_result",
        "webui/test_acts.py: many_are_agreed_to_and_each_says_what_became_of_it",
    )),
    18: ("no jump over a guarding approval; an emergency past it is on record", (
        f"{HERE}/test_ending.py: a_jump_over_a_guarding_approval_is_blocked",
        "engine/policy/test_gate.py: nobody_moves_a_token_past_the_approval",
        "engine/policy/test_emergency.py: two_people_pay_without_the_approval_and_stand_before_a_third, "
        "one_person_alone_never_suffices_not_even_with_two_accounts, the_row_is_frozen_and_signed_by_two",
    )),
    19: ("substitutes: both see it, the first acts, no chain, not for himself, revoked at once, counted once", (
        f"{HERE}/test_substitution.py: both_see_the_work_the_first_acts_and_both_names_are_kept, "
        "a_substitute_of_a_substitute_sees_nothing, nobody_stands_in_for_his_own_request, "
        "it_is_over_at_once_when_it_is_revoked, one_person_for_two_principals_counts_once, "
        "one_person_for_two_principals_who_is_not_asked_himself_counts_once, "
        "the_principal_may_be_the_first_and_another_account_of_the_requester_may_not_act_at_all, "
        "an_urge_reaches_the_substitutes_who_may_act, "
        "a_limit_is_in_the_currency_of_the_books_and_a_foreign_amount_is_within_none, "
        "without_a_manager_who_could_judge_those_who_look_after_people_do_and_are_told, "
        "a_decision_to_be_confirmed_counts_when_the_principal_has_confirmed_it, "
        "a_refused_decision_is_asked_of_the_principal_again_and_stays_on_record, "
        "without_an_answer_it_stands_or_falls_after_a_day_as_the_substitution_says, "
        "an_approval_that_counts_for_a_policy_makes_no_grant_before_it_is_confirmed, "
        "a_long_one_begins_when_the_manager_agrees, "
        "a_large_one_waits_for_the_manager_and_he_for_nobody_of_his_own, "
        "the_principal_gets_an_unread_copy_of_each_decision_when_he_wants_one, "
        "when_it_is_over_the_principal_is_told_once_what_was_decided_for_him",
        f"{HERE}/test_modes.py: an_unconfirmed_decision_is_none",
        "webui/test_turning_back.py: a_decision_for_the_principal_waits_on_both_pages_until_he_confirms_it, "
        "a_long_substitution_is_judged_on_the_page_of_the_manager_who_says_why_not",
    )),
    20: ("on behalf is the same button, with both names on record", (
        f"{HERE}/test_substitution.py: both_see_the_work_the_first_acts_and_both_names_are_kept",
        "webui/test_turning_back.py: a_substitute_is_set_told_of_decides_and_is_ended",
    )),
    21: ("assigned by a variable; a call takes along only what it is given", (
        f"{HERE}/test_candidates.py: each_strategy_asks_the_people_it_says, "
        "a_variable_names_who_is_asked_and_a_called_process_knows_only_what_it_is_given",
        "engine/bpmn/test_data.py: a_call_passes_only_what_the_called_process_declares",
    )),
    22: ("two clicks, two tabs, two people: one decision and a friendly answer", (
        "engine/test_tasks.py: a_double_click_with_the_same_key_is_answered_once_more_and_done_once, "
        "two_people_who_click_in_the_same_moment_make_one_decision, a_stale_page_is_told_so",
        "webui/test_bad_input.py: two_approvers_who_click_at_once_make_one_decision, "
        "who_comes_late_reads_who_was_faster_and_when",
    )),
    23: ("a new member of a group sees what is open at once", (
        "engine/test_tasks.py: a_new_member_sees_open_group_tasks_at_once",
    )),
    24: ("what is skipped is on record and on the page, of many people too", (
        f"{HERE}/test_automatic.py: a_task_that_is_skipped_is_on_record_as_skipped",
        "webui/test_acts.py: a_task_of_many_that_was_skipped_stands_in_the_timeline",
    )),
    25: ("no condition true, two true, null: never silently the default", (
        "engine/bpmn/test_gateways.py: conditions_are_tried_in_the_order_of_the_outgoing_elements, "
        "no_true_condition_and_no_default_is_an_incident_that_resume_repairs, "
        "a_condition_that_is_not_true_or_false_never_takes_the_default_path",
        "webui/test_bad_input.py: a_condition_that_errors_is_explained_and_repaired_in_the_cockpit",
    )),
    26: ("cards by the keyboard, read-only on a phone, letter by letter", (
        "browser/test_simple.py: "
        "somebody_builds_an_expense_approval_by_the_keyboard_in_three_minutes_and_a_clerk_starts_it, "
        "cards_of_a_shipped_process_are_readable_on_a_phone",
        "engine/bpmn/test_outline.py: an_edit_that_changes_nothing_leaves_the_file_letter_by_letter",
    )),
    27: ("the next task opens, the list keeps its place, on a phone, accessible", (
        "browser/test_acts.py: fifty_decisions_in_a_row_keep_the_place_in_the_list, the_ten_acts_that_people_use_most, "
        "the_inbox_is_worked_with_the_keyboard_alone",
        "webui/test_inbox.py: after_a_decision_the_next_task_of_the_same_list_is_shown",
    )),
    28: ("made again from an older one: data, files, and the names of fields that are gone", (
        f"{HERE}/test_ending.py: "
        "a_request_is_made_again_from_an_older_one_and_the_fields_that_are_gone_are_named, "
        "files_come_along_by_reference_and_go_with_a_draft_that_is_thrown_away",
    )),
    29: ("an act costs the same after 5,000 comments, 300 rounds and 1,000 signers", (
        f"{HERE}/test_large_requests.py: "
        "an_act_costs_the_same_after_5000_comments_300_rounds_and_1000_signers",
    )),
    30: ("kill -9 at every point of an act: before or after", (
        "faults/test_killed_acts.py: an_act_that_is_killed_has_happened_or_not_and_the_same_click_finishes_it",
    )),
}  # fmt: skip
"""Row of the list -> what it promises, and `file: names of tests` (`*`: all of the file)."""
LAST = 30


def test_every_row_is_held_by_tests_that_are_there():
    missing = []
    for row, (_, files) in ROWS.items():
        for line in files:
            file, _, names = line.partition(": ")
            known = names_in(ROOT / file)
            wanted = {f"test_{name.strip()}" for name in names.split(",")} if names != "*" else set()
            missing += [f"{row}: {file}: {name}" for name in sorted(wanted - known)]
            if not known:
                missing.append(f"{row}: {file}")

    assert missing == []
    assert set(ROWS) == set(range(1, LAST + 1))


def names_in(file: Path) -> set[str]:
    """Names of the tests in a file that is there."""
    if not file.exists():
        return set()
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}
