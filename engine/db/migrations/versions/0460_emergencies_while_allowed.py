"""Approvals of an emergency are taken, and counted, only while a policy in force allows it."""
# ruff: noqa: S608 - DDL, built from constants of this file

from alembic import op

revision = "0460"
down_revision = "0450"
branch_labels = None
depends_on = None

_ALLOWED = """EXISTS (SELECT 1 FROM policy_version v WHERE v.policy_id = b.policy_id AND v.state = 'active'
    AND v.break_glass)"""
_BY_TWO = f"""SELECT 1 FROM break_glass b WHERE b.id = NEW.break_glass_id AND b.state = 'signed' AND {_ALLOWED}
    AND b.subject_type = NEW.subject_type AND b.subject_id = NEW.subject_id AND b.subject_digest = NEW.subject_digest
    AND NEW.expires_at <= b.expires_at AND NEW.on_behalf_of_id IS NULL AND NEW.capability = 'break_glass'
    AND ((NEW.account_id = b.first_by AND NEW.person_id = b.first_person_id)
      OR (NEW.account_id = b.second_by AND NEW.person_id = b.second_person_id))"""
_LINKED = "clearance_grant k JOIN policy_grant g ON g.id = k.grant_id WHERE k.clearance_id = NEW.id"
_INCOMPLETE = f"""NEW.state = 'used' AND OLD.state = 'open' AND (EXISTS (SELECT 1 FROM {_LINKED} AND (
      g.state NOT IN ('active', 'consumed') OR g.subject_type <> NEW.subject_type OR g.subject_id <> NEW.subject_id
      OR g.subject_digest <> NEW.subject_digest OR g.expires_at < NEW.cleared_at OR g.person_id = NEW.requester_id
      OR g.principal_person_id = NEW.requester_id OR g.person_id = NEW.executor_id OR g.granted_at > NEW.cleared_at
      OR (g.uses = 'once' AND EXISTS (SELECT 1 FROM clearance_grant o JOIN clearance c ON c.id = o.clearance_id
        WHERE o.grant_id = g.id AND c.state = 'used'))
      OR (g.source = 'break_glass' AND ((SELECT count(DISTINCT h.person_id) FROM clearance_grant o
        JOIN policy_grant h ON h.id = o.grant_id WHERE o.clearance_id = NEW.id
        AND h.break_glass_id = g.break_glass_id) < 2
        OR NOT EXISTS (SELECT 1 FROM break_glass b WHERE b.id = g.break_glass_id AND {_ALLOWED})))))
    OR (SELECT count(DISTINCT g.person_id) FROM {_LINKED}) < (SELECT CASE
      WHEN EXISTS (SELECT 1 FROM {_LINKED} AND g.source = 'break_glass') THEN 2
      WHEN NEW.min_people > coalesce(max(v.min_people), 0) AND EXISTS (SELECT 1 FROM {_LINKED}) THEN NEW.min_people
      ELSE coalesce(max(v.min_people), 0) END
      FROM policy_version v WHERE v.class = NEW.class AND v.state = 'active' AND v.valid_from <= NEW.cleared_at))"""


def upgrade() -> None:
    made = f"NEW.source = 'break_glass' AND NOT EXISTS ({_BY_TWO})"
    _replace("policy_grant", "policy_grant_by_two", "INSERT", made, "POLICY.TWO_PEOPLE")
    _replace("clearance", "clearance_complete", "UPDATE", _INCOMPLETE, "POLICY.NOT_APPROVED")


def _replace(table: str, name: str, event: str, condition: str, word: str) -> None:
    """As `guards_policy` makes it."""
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"DROP TRIGGER {name}")
        connection.exec_driver_sql(
            f"CREATE TRIGGER {name} BEFORE {event} ON {table} WHEN {condition} BEGIN SELECT RAISE(ABORT, '{word}'); END"
        )
        return
    connection.exec_driver_sql(
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN\n"
        f"  IF {condition} THEN RAISE EXCEPTION '{word}' USING errcode = '23514'; END IF;\n"
        "  RETURN NEW;\nEND $$"
    )
