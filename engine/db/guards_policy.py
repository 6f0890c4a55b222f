"""Wall 3 for the engine's own tables: what no program may do to decisions, grants and clearances.

Same names on both databases. The gate of payments stands beside the payment table (`engine/modules/erp`); the words of
all refusals are those of `policy.md` 5. Comparisons are between stored values only, never with the database's clock.
"""
# ruff: noqa: S608 - DDL, built from constants of this file

from collections.abc import Mapping, Sequence

from sqlalchemy import Table

from engine.db.audit import audit_text
from engine.db.business import guard
from engine.db.definition import definition
from engine.db.history import history_text
from engine.db.policy import ERASED, break_glass, clearance, clearance_grant, policy_grant, policy_version
from engine.db.task import ItemDecision, ItemKind, ItemStatus, RoundStatus, Source, user_task, work_item

APPEND_ONLY = "POLICY.APPEND_ONLY"
NO_DECISION = "POLICY.NO_DECISION"
TWO_PEOPLE = "POLICY.TWO_PEOPLE"
NOT_APPROVED = "POLICY.NOT_APPROVED"

_VOTING = ", ".join(
    str(int(kind)) for kind in (ItemKind.NORMAL, ItemKind.SIGN_BEFORE, ItemKind.SIGN_AFTER, ItemKind.SIGN_PARALLEL)
)
_FINAL = f"{int(ItemStatus.DECIDED)}, {int(ItemStatus.SUPERSEDED)}"
_MADE_BY_A_DECISION = f"""SELECT 1 FROM work_item w WHERE w.id = NEW.work_item_id
    AND w.instance_id = NEW.instance_id AND w.user_task_id = NEW.user_task_id AND w.kind IN ({_VOTING})
    AND w.decision = {int(ItemDecision.AGREED)} AND w.decision_source = {int(Source.HUMAN)}
    AND w.decided_by = NEW.account_id AND w.decided_person_id = NEW.person_id AND w.voided_at IS NULL
    AND w.subject_type = NEW.subject_type AND w.subject_id = NEW.subject_id AND w.subject_digest = NEW.subject_digest
    AND w.on_behalf_of_id"""


_ERASABLE = ("opinion", "opinion_salt", "reason", "draft")
"""what people have written; it may be erased and never changed"""


def _refuse(word: str) -> str:
    return f"RAISE EXCEPTION '{word}' USING errcode = '23514';"


def _changed(table: Table, free: Sequence[str], distinct: str) -> str:
    """A comparison of all columns but `free`, whatever columns the table gets later."""
    names = [column.name for column in table.columns if column.name not in free]
    new, old = (", ".join(f"{row}.{name}" for name in names) for row in ("NEW", "OLD"))
    return f"({new}) {distinct} ({old})"


_DIALECTS = (
    {"{differs}": "IS NOT", "{same}": "IS", "{parts}": "json_array_length(OLD.spec, '$.capability')",
     "{new chooser}": "json_type(NEW.spec, '$.capability[3]')",
     "{new rest}": "json_remove(NEW.spec, '$.capability[3]')",
     "{old rest}": "json_remove(OLD.spec, '$.capability[3]')"},
    {"{differs}": "IS DISTINCT FROM", "{same}": "IS NOT DISTINCT FROM",
     "{parts}": "jsonb_array_length(CAST(OLD.spec AS jsonb) -> 'capability')",
     "{new chooser}": "CAST(NEW.spec AS jsonb) #>> '{capability,3}'",
     "{new rest}": "CAST(NEW.spec AS jsonb) #- '{capability,3}'",
     "{old rest}": "CAST(OLD.spec AS jsonb) #- '{capability,3}'"},
)  # fmt: skip
"""what SQLite and PostgreSQL say otherwise: null-safe comparisons, and of the record of a task how much its capability
says, whether the requester has a hand in it, and all but that"""


def _said(condition: str, words: Mapping[str, str]) -> str:
    for word, told in words.items():
        condition = condition.replace(word, told)
    return condition


def _trigger(table: Table, name: str, event: str, condition: str, word: str = APPEND_ONLY) -> None:
    """Refuse `event` on `table` when `condition` holds, which has the words of `_DIALECTS` in braces."""
    lite, postgres = (_said(condition, words) for words in _DIALECTS)
    guard(
        table,
        sqlite=[
            f"CREATE TRIGGER {name} BEFORE {event} ON {table.name} WHEN {lite} BEGIN SELECT RAISE(ABORT, '{word}'); END"
        ],
        postgresql=[
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN\n"
            f"  IF {postgres} THEN {_refuse(word)} END IF;\n"
            f"  RETURN {'OLD' if event == 'DELETE' else 'NEW'};\nEND $$",
            f"CREATE TRIGGER {name} BEFORE {event} ON {table.name} FOR EACH ROW EXECUTE FUNCTION {name}()",
        ],
    )


_MOVING = (
    "node", "scope_path", "status", "outcome", "passed_seq", "closed_at", "voided_at", "due_at", "follow_up_at",
    "parked_by", "ticket", "guarded", "guarded_digest", "version",
)  # fmt: skip
"""of a task, what goes on after it was opened; all else the gate, or whoever decides, relies on"""
_RESULT = ("status", "outcome", "closed_at")

_trigger(
    user_task,
    "user_task_frozen",
    "UPDATE",
    f"{_changed(user_task, (*_MOVING, 'spec'), '{differs}')} "
    f"OR (NEW.spec {{differs}} OLD.spec AND (OLD.status <> {int(RoundStatus.OPEN)} OR {{parts}} {{differs}} 3 "
    "AND {new chooser} {differs} 'true' OR {new rest} {differs} {old rest})) "
    f"OR (OLD.status NOT IN ({int(RoundStatus.OPEN)}, {int(RoundStatus.FAILED)}) "
    f"AND ({', '.join(f'NEW.{name}' for name in _RESULT)}) {{differs}} "
    f"({', '.join(f'OLD.{name}' for name in _RESULT)})) "
    "OR (OLD.voided_at IS NOT NULL AND NEW.voided_at {differs} OLD.voided_at)",
)
_trigger(user_task, "user_task_kept", "DELETE", "true")
_trigger(
    work_item,
    "work_item_frozen",
    "UPDATE",
    f"OLD.status IN ({_FINAL}) AND ({_changed(work_item, ('voided_at', 'void_reason', *_ERASABLE), '{differs}')}"
    + "".join(f" OR (NEW.{name} {{differs}} OLD.{name} AND NEW.{name} IS NOT NULL)" for name in _ERASABLE)
    + ")",
)
_trigger(
    work_item,
    "work_item_decision_frozen",
    "UPDATE",
    "OLD.decision IS NOT NULL AND (NEW.decision, NEW.decision_source, NEW.decided_by, NEW.decided_at) "
    "{differs} (OLD.decision, OLD.decision_source, OLD.decided_by, OLD.decided_at)",
)
_trigger(work_item, "work_item_kept", "DELETE", "true")

_trigger(
    history_text,
    "history_text_frozen",
    "UPDATE",
    f"{_changed(history_text, ('text', 'salt'), '{differs}')} OR NEW.text IS NOT NULL OR NEW.salt IS NOT NULL",
)
_trigger(history_text, "history_text_kept", "DELETE", "true")
_trigger(
    audit_text,
    "audit_text_frozen",
    "UPDATE",
    f"{_changed(audit_text, ('text', 'salt'), '{differs}')} OR NEW.text IS NOT NULL OR NEW.salt IS NOT NULL",
)
_trigger(audit_text, "audit_text_kept", "DELETE", "true")

_trigger(definition, "definition_frozen", "UPDATE", _changed(definition, ("state",), "{differs}"))
_trigger(definition, "definition_kept", "DELETE", "true")

# ---------------------------------------------------------------- versions: proposed by one, put in force by another

_LATER = (
    "state", "valid_from", "valid_to", "approved_by", "approved_person_id", "retired_by", "retired_person_id",
    "retire_reason", "weakens", "differences", "reason", "confirmed_by", "confirmed_at", "reviewed_by", "reviewed_at",
)  # fmt: skip
_DECIDED = ("approved_by", "approved_person_id", "valid_from", "weakens")
_KNOWN_TO_PEOPLE = """EXISTS (SELECT 1 FROM policy_version p WHERE p.policy_id = NEW.policy_id
    AND (p.approved_by IS NOT NULL OR p.confirmed_by IS NOT NULL))"""

_trigger(
    policy_version,
    "policy_version_begins",
    "INSERT",
    "NEW.source NOT IN ('shipped', 'people') OR NEW.state = 'retired' OR (NEW.state = 'active' "
    f"AND (NEW.source <> 'shipped' OR NEW.approved_by IS NOT NULL OR {_KNOWN_TO_PEOPLE}))",
    TWO_PEOPLE,
)
_trigger(
    policy_version,
    "policy_version_frozen",
    "UPDATE",
    f"{_changed(policy_version, _LATER, '{differs}')} OR NOT (NEW.state = OLD.state "
    "OR OLD.state = 'proposed' OR NEW.state = 'retired') "
    f"OR (OLD.state <> 'proposed' AND ({', '.join(f'NEW.{name}' for name in _DECIDED)}) {{differs}} "
    f"({', '.join(f'OLD.{name}' for name in _DECIDED)})) "
    "OR (OLD.state <> 'proposed' AND NEW.reason <> OLD.reason AND NEW.reason <> '') "
    "OR (OLD.confirmed_by IS NOT NULL AND NEW.confirmed_by {differs} OLD.confirmed_by) "
    "OR (OLD.reviewed_by IS NOT NULL AND NEW.reviewed_by {differs} OLD.reviewed_by "
    "AND NOT (NEW.reviewed_by IS NOT NULL AND OLD.retired_by IS NOT NULL AND OLD.reviewed_at < OLD.valid_to "
    "AND NEW.reviewed_at >= OLD.valid_to)) "
    "OR (NEW.state <> 'active' AND (NEW.retired_by, NEW.retired_person_id) {differs} "
    "(OLD.retired_by, OLD.retired_person_id)) "
    "OR (NEW.state <> 'active' AND NEW.retire_reason IS NOT NULL AND NEW.retire_reason {differs} OLD.retire_reason) "
    "OR (OLD.state = 'retired' AND NEW.valid_to {differs} OLD.valid_to)",
)
_trigger(
    policy_version,
    "policy_version_two_people",
    "UPDATE",
    "NEW.state = 'active' AND OLD.state = 'proposed' AND (NEW.proposed_by IS NULL OR NEW.approved_by IS NULL "
    "OR NEW.proposed_person_id IS NULL OR NEW.approved_person_id IS NULL "
    "OR NEW.proposed_person_id = NEW.approved_person_id)",
    TWO_PEOPLE,
)
_trigger(policy_version, "policy_version_kept", "DELETE", "true")

# ---------------------------------------------------------------- emergencies: two people, one document, a third looks

_SIGNED = ("first_by", "first_person_id", "first_at")
_SIGNED_TOO = ("second_by", "second_person_id", "second_at")
_REVIEWED = ("reviewed_by", "reviewed_person_id", "reviewed_at")
_ALLOWED = """SELECT 1 FROM policy_version v WHERE v.id = NEW.policy_version_id AND v.policy_id = NEW.policy_id
    AND v.state = 'active' AND v.break_glass"""


def _once(names: Sequence[str]) -> str:
    """Whether something that was written is written again."""
    new, old = (", ".join(f"{row}.{name}" for name in names) for row in ("NEW", "OLD"))
    return f"(OLD.{names[0]} IS NOT NULL AND ({new}) {{differs}} ({old}))"


_trigger(
    break_glass,
    "break_glass_begins",
    "INSERT",
    "NEW.state <> 'asked' OR NEW.first_by IS NOT NULL OR NEW.second_by IS NOT NULL OR NEW.reviewed_by IS NOT NULL "
    f"OR NEW.expires_at <= NEW.asked_at OR NOT EXISTS ({_ALLOWED})",
    TWO_PEOPLE,
)
_trigger(
    break_glass,
    "break_glass_frozen",
    "UPDATE",
    f"{_changed(break_glass, ('state', 'reason', 'review', *_SIGNED, *_SIGNED_TOO, *_REVIEWED), '{differs}')} "
    f"OR {_once(_SIGNED)} OR {_once(_SIGNED_TOO)} OR {_once(_REVIEWED)} "
    f"OR (NEW.reason <> OLD.reason AND NEW.reason <> '{ERASED}') "
    "OR (OLD.reviewed_by IS NOT NULL AND NEW.review {differs} OLD.review AND NEW.review IS NOT NULL) "
    "OR NOT (NEW.state = OLD.state OR (OLD.state = 'asked' AND NEW.state IN ('signed', 'withdrawn')) "
    "OR (OLD.state = 'signed' AND NEW.state = 'reviewed'))",
)
_trigger(
    break_glass,
    "break_glass_two_people",
    "UPDATE",
    "(NEW.state = 'signed' AND (NEW.first_by IS NULL OR NEW.second_by IS NULL OR NEW.first_person_id IS NULL "
    "OR NEW.second_person_id IS NULL OR NEW.first_by = NEW.second_by)) "
    "OR (NEW.state = 'reviewed' AND (NEW.reviewed_by IS NULL OR NEW.reviewed_person_id IS NULL))",
    TWO_PEOPLE,
)
_trigger(break_glass, "break_glass_kept", "DELETE", "true")

# ---------------------------------------------------------------- grants and clearances

_STILL_ALLOWED = """EXISTS (SELECT 1 FROM policy_version v WHERE v.policy_id = b.policy_id AND v.state = 'active'
    AND v.break_glass)"""
_BY_TWO = f"""SELECT 1 FROM break_glass b WHERE b.id = NEW.break_glass_id AND b.state = 'signed' AND {_STILL_ALLOWED}
    AND b.subject_type = NEW.subject_type AND b.subject_id = NEW.subject_id AND b.subject_digest = NEW.subject_digest
    AND NEW.expires_at <= b.expires_at AND NEW.on_behalf_of_id IS NULL AND NEW.capability = 'break_glass'
    AND ((NEW.account_id = b.first_by AND NEW.person_id = b.first_person_id)
      OR (NEW.account_id = b.second_by AND NEW.person_id = b.second_person_id))"""

_trigger(
    policy_grant,
    "policy_grant_from_decision",
    "INSERT",
    f"NEW.source = 'human' AND NOT EXISTS ({_MADE_BY_A_DECISION} {{same}} NEW.on_behalf_of_id)",
    NO_DECISION,
)
_trigger(
    policy_grant,
    "policy_grant_for_principal",
    "INSERT",
    "NEW.on_behalf_of_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM user_account u WHERE u.id = NEW.on_behalf_of_id "
    "AND u.person_id = NEW.principal_person_id)",
    NO_DECISION,
)
_trigger(
    policy_grant,
    "policy_grant_by_two",
    "INSERT",
    f"NEW.source = 'break_glass' AND NOT EXISTS ({_BY_TWO})",
    TWO_PEOPLE,
)
_trigger(
    policy_grant,
    "policy_grant_begins",
    "INSERT",
    "NEW.state <> 'active' OR NEW.used_amount <> 0 OR NEW.expires_at <= NEW.granted_at",
    NO_DECISION,
)
_trigger(
    policy_grant,
    "policy_grant_frozen",
    "UPDATE",
    f"{_changed(policy_grant, ('state', 'state_reason', 'state_at', 'used_amount'), '{differs}')} "
    "OR NEW.used_amount < OLD.used_amount OR (OLD.state <> 'active' AND NEW.used_amount <> OLD.used_amount) "
    "OR NOT (NEW.state = OLD.state OR OLD.state = 'active' "
    "OR (OLD.state = 'parked' AND NEW.state IN ('active', 'void')))",
)
_trigger(policy_grant, "policy_grant_kept", "DELETE", "true")

_trigger(clearance, "clearance_begins", "INSERT", "NEW.state <> 'open'", NOT_APPROVED)
_trigger(
    clearance,
    "clearance_frozen",
    "UPDATE",
    f"OLD.state <> 'open' OR {_changed(clearance, ('state',), '{differs}')}",
)
_LINKED = "clearance_grant k JOIN policy_grant g ON g.id = k.grant_id WHERE k.clearance_id = NEW.id"
_trigger(
    clearance,
    "clearance_complete",
    "UPDATE",
    f"""NEW.state = 'used' AND OLD.state = 'open' AND (EXISTS (SELECT 1 FROM {_LINKED} AND (
      g.state NOT IN ('active', 'consumed') OR g.subject_type <> NEW.subject_type OR g.subject_id <> NEW.subject_id
      OR g.subject_digest <> NEW.subject_digest OR g.expires_at < NEW.cleared_at OR g.person_id = NEW.requester_id
      OR g.principal_person_id = NEW.requester_id OR g.person_id = NEW.executor_id OR g.granted_at > NEW.cleared_at
      OR (g.uses = 'once' AND EXISTS (SELECT 1 FROM clearance_grant o JOIN clearance c ON c.id = o.clearance_id
        WHERE o.grant_id = g.id AND c.state = 'used'))
      OR (g.source = 'break_glass' AND ((SELECT count(DISTINCT h.person_id) FROM clearance_grant o
        JOIN policy_grant h ON h.id = o.grant_id WHERE o.clearance_id = NEW.id
        AND h.break_glass_id = g.break_glass_id) < 2
        OR NOT EXISTS (SELECT 1 FROM break_glass b WHERE b.id = g.break_glass_id AND {_STILL_ALLOWED})))))
    OR (SELECT count(DISTINCT g.person_id) FROM {_LINKED}) < (SELECT CASE
      WHEN EXISTS (SELECT 1 FROM {_LINKED} AND g.source = 'break_glass') THEN 2
      WHEN NEW.min_people > coalesce(max(v.min_people), 0) AND EXISTS (SELECT 1 FROM {_LINKED}) THEN NEW.min_people
      ELSE coalesce(max(v.min_people), 0) END
      FROM policy_version v WHERE v.class = NEW.class AND v.state = 'active'))""",
    NOT_APPROVED,
)
_trigger(clearance, "clearance_kept", "DELETE", "true")
_trigger(clearance_grant, "clearance_grant_frozen", "UPDATE", "true")
_trigger(clearance_grant, "clearance_grant_kept", "DELETE", "true")
