"""Wall 3 for the engine's own tables: what no program may do to decisions, grants and clearances.

Same names on both databases. The gate of payments stands beside the payment table (`engine/modules/erp`); the words of
all refusals are those of `policy.md` 5. Comparisons are between stored values only, never with the database's clock.
"""

from collections.abc import Sequence

from sqlalchemy import Table

from engine.db.business import guard
from engine.db.policy import clearance, clearance_grant, policy_grant, policy_version
from engine.db.task import ItemDecision, ItemKind, ItemStatus, Source, work_item

APPEND_ONLY = "POLICY.APPEND_ONLY"
NO_DECISION = "POLICY.NO_DECISION"
TWO_PEOPLE = "POLICY.TWO_PEOPLE"

_VOTING = ", ".join(
    str(int(kind)) for kind in (ItemKind.NORMAL, ItemKind.SIGN_BEFORE, ItemKind.SIGN_AFTER, ItemKind.SIGN_PARALLEL)
)
_FINAL = f"{int(ItemStatus.DECIDED)}, {int(ItemStatus.SUPERSEDED)}"
_MADE_BY_A_DECISION = f"""SELECT 1 FROM work_item w WHERE w.id = NEW.work_item_id
    AND w.instance_id = NEW.instance_id AND w.user_task_id = NEW.user_task_id AND w.kind IN ({_VOTING})
    AND w.decision = {int(ItemDecision.AGREED)} AND w.decision_source = {int(Source.HUMAN)}
    AND w.decided_by = NEW.account_id AND w.decided_person_id = NEW.person_id AND w.voided_at IS NULL
    AND w.subject_type = NEW.subject_type AND w.subject_id = NEW.subject_id AND w.subject_digest = NEW.subject_digest
    AND w.on_behalf_of_id"""  # noqa: S608 - numbers of our own enumerations


def _refuse(word: str) -> str:
    return f"RAISE EXCEPTION '{word}' USING errcode = '23514';"


def _changed(table: Table, free: Sequence[str], distinct: str) -> str:
    """A comparison of all columns but `free`, whatever columns the table gets later."""
    names = [column.name for column in table.columns if column.name not in free]
    new, old = (", ".join(f"{row}.{name}" for name in names) for row in ("NEW", "OLD"))
    return f"({new}) {distinct} ({old})"


def _trigger(table: Table, name: str, event: str, condition: str, word: str = APPEND_ONLY) -> None:
    """Refuse `event` on `table` when `condition` holds; `{differs}` in it is the null-safe inequality."""
    lite, postgres = condition.replace("{differs}", "IS NOT"), condition.replace("{differs}", "IS DISTINCT FROM")
    lite, postgres = lite.replace("{same}", "IS"), postgres.replace("{same}", "IS NOT DISTINCT FROM")
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


_trigger(
    work_item,
    "work_item_frozen",
    "UPDATE",
    f"OLD.status IN ({_FINAL}) AND {_changed(work_item, ('voided_at', 'void_reason'), '{differs}')}",
)
_trigger(
    work_item,
    "work_item_decision_frozen",
    "UPDATE",
    "OLD.decision IS NOT NULL AND (NEW.decision, NEW.decision_source, NEW.decided_by, NEW.decided_at) "
    "{differs} (OLD.decision, OLD.decision_source, OLD.decided_by, OLD.decided_at)",
)
_trigger(work_item, "work_item_kept", "DELETE", "true")

# ---------------------------------------------------------------- versions: proposed by one, put in force by another

_LATER = (
    "state", "valid_from", "valid_to", "approved_by", "approved_person_id", "retired_by", "retired_person_id",
    "retire_reason", "weakens", "differences", "reason", "confirmed_by", "confirmed_at", "reviewed_by", "reviewed_at",
)  # fmt: skip
_DECIDED = ("approved_by", "approved_person_id", "valid_from", "weakens", "reason")
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
    "OR (OLD.state = 'proposed' AND NEW.state IN ('active', 'retired')) "
    "OR (OLD.state = 'active' AND NEW.state = 'retired')) "
    f"OR (OLD.state <> 'proposed' AND ({', '.join(f'NEW.{name}' for name in _DECIDED)}) {{differs}} "
    f"({', '.join(f'OLD.{name}' for name in _DECIDED)})) "
    "OR (OLD.confirmed_by IS NOT NULL AND NEW.confirmed_by {differs} OLD.confirmed_by) "
    "OR (OLD.reviewed_by IS NOT NULL AND NEW.reviewed_by {differs} OLD.reviewed_by)",
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

# ---------------------------------------------------------------- grants and clearances

_trigger(
    policy_grant,
    "policy_grant_from_decision",
    "INSERT",
    f"NEW.source = 'human' AND NOT EXISTS ({_MADE_BY_A_DECISION} {{same}} NEW.on_behalf_of_id)",
    NO_DECISION,
)
_trigger(
    policy_grant,
    "policy_grant_frozen",
    "UPDATE",
    f"{_changed(policy_grant, ('state', 'state_reason', 'state_at'), '{differs}')} "
    "OR NOT (NEW.state = OLD.state OR (OLD.state = 'active' AND NEW.state IN ('parked', 'void', 'consumed')) "
    "OR (OLD.state = 'parked' AND NEW.state IN ('active', 'void')))",
)
_trigger(policy_grant, "policy_grant_kept", "DELETE", "true")

_trigger(
    clearance,
    "clearance_frozen",
    "UPDATE",
    f"OLD.state <> 'open' OR {_changed(clearance, ('state',), '{differs}')}",
)
_trigger(clearance, "clearance_kept", "DELETE", "true")
_trigger(clearance_grant, "clearance_grant_frozen", "UPDATE", "true")
_trigger(clearance_grant, "clearance_grant_kept", "DELETE", "true")
