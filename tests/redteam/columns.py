"""What the record claims of the rows of each table: every column is held by it, or here is said why not.

`RECORD`: tables whose rows `troika audit verify` names when they are changed, removed or put in by hand.
`BESIDE`: all other tables of the engine, and what they are instead. Tables of data modules are books of their own: what
somebody approves of them is bound by the digest of the approval.
"""

WORK = "for the work at hand; it decides nothing afterwards"
WHOLE_ROW = "the database takes no other value beside the rest of the row"
NAMED = "what people are called, which no chain may hold; the login, and the person behind it, are held"
NAMED_BY = "words for the two people; what the substitution lets do is held"
PLACE = "each change is an act; whom a task asks by it is sealed with the decision"
SIGNING_IN = "each sign-in of the privileged is an act; who has decided is sealed with the decision"
RUNS = "what waits and runs now, and what of its form is shown in lists; what came of it is in the chain"
MOVES = "moves with the working calendar, and each move is a fact; how late somebody decides decides nothing"
RECORD: dict[str, dict[str, str]] = {
    "history": {},
    "history_text": {},
    "audit": {},
    "audit_text": {},
    "audit_tip": {},
    "audit_anchor": {
        "sent_to": "where it was sent; what lies there is compared",
        "sent_at": "when it was sent; only what cannot be is named: before it was made",
    },
    "audit_leaf": {},
    "work_item": {
        "group_id": WHOLE_ROW, "draft": WORK, "first_seen_at": WORK, "urged_at": WORK, "urges": WORK, "version": WORK,
        "idempotency_key": WORK, "answer_key": WORK,
        "void_reason": "a word for the page; that it is void, since when, and what people have written is held",
    },
    "user_task": {
        **dict.fromkeys(("status", "outcome", "passed_seq", "closed_at", "scope_path", "parked_by", "ticket", "guarded",
                         "guarded_digest", "version"), RUNS),
        "round": "which visit of its element it is; the gate asks nothing of it",
        "due_at": MOVES, "follow_up_at": MOVES,
    },
    "policy_version": {},
    "break_glass": {},
    "policy_grant": {"source": WHOLE_ROW},
    "clearance": {},
    "clearance_grant": {},
    "policy_hold": {},
    "erp_payment": {},
    "user_account": {
        "name": NAMED, "name_en": NAMED, "email": NAMED, "position": NAMED, "position_en": NAMED, "locale": NAMED,
        "org_unit_id": PLACE, "manager_id": PLACE, "password_hash": SIGNING_IN, "failed_logins": SIGNING_IN,
        "locked_until": SIGNING_IN, "session_epoch": SIGNING_IN, "demo": "which accounts a site in production refuses",
        "created_at": "the act that made it has its time",
    },
    "user_group": {"id": "its members are held by its key", "name": NAMED, "name_en": NAMED},
    "membership": {},
    "deployment": {},
    "resource": {},
    "definition": {"state": "whether it starts anything still; each change is an act"},
    "instance": {
        **dict.fromkeys(("title", "summary", "status", "incidents", "version", "codec", "state", "updated_at"), RUNS),
        "ended_at": RUNS, "ended_code": RUNS, "series": "in which its number is unique; the number is held",
    },
    "substitution": {
        "reason": NAMED_BY, "judged_reason": NAMED_BY, "told_at": "when its principal was told of its end",
    },
    "document": {},
    "document_version": {},
    "blob": {"created_at": "when these bytes came first, whoever brought them; when each file came is held"},
    "signature": {},
}  # fmt: skip
"""table → column → why a change of it is not named"""
PUT_IN = {
    "blob": "bytes that no file and no signature names are nothing",
    "document": "a file without a version holds nothing; each version that is put in is named",
}
"""tables in which a row too many is not named, and why"""

STATE = "what waits and runs now; what came of it is in the chain"
TOLD = "what was sent to whom"
PEOPLE = "people and their places; each change is an act, who decided is sealed with the decision"
BESIDE = {
    "audit_check": "results of checks; another check finds the same", "audit_sink": TOLD,
    "batch": STATE, "batch_item": STATE, "correlation_lock": STATE, "counter": STATE,
    "dictionary": "words to choose from; each change is an act", "dictionary_entry": "as of the dictionary",
    "draft": "what is drawn and not deployed", "draft_comment": "as of the draft", "draft_lock": "as of the draft",
    "draft_review": "as of the draft; a review is an act", "draft_revision": "as of the draft",
    "reviewed_area": "what a review is demanded for; each change is an act", "effect": STATE,
    "future_approver": STATE, "inbox": STATE, "inbox_view": "lists that people have saved", "incident": STATE,
 "instance_field": STATE,
    "instance_label": "names that pickers have shown", "instance_scope": STATE, "job": STATE, "login_failure": PEOPLE,
    "message": STATE, "message_receiver": STATE, "notice_delivery": TOLD, "notice_digest": TOLD,
    "notice_preference": TOLD, "notice_quiet": TOLD, "notice_robot": TOLD,
    "org_unit": PEOPLE, "policy_look": "when staffing was looked at last",
    "policy_staffing": "what was found about who is there; it is found again", "print_record": "what was printed",
    "scenario_round": "when all scenarios were played last", "scenario_run": "how they went; they are played again",
    "stored_signature": "what somebody keeps to sign with", "subscription": STATE,
    "task_comment": "what people say to each other; a fact says that they did",
    "user_org_unit": PEOPLE, "webhook": TOLD, "webhook_delivery": TOLD,
    "work_calendar": "days and hours; each change is an act", "work_calendar_day": "as of the calendar",
}  # fmt: skip
