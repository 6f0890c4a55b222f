"""A clearance that is used has the people that its policy asks for whatever the facts are, and none of them later."""
# ruff: noqa: S608 - DDL, built from constants of this file

from alembic import op

revision = "0025"
down_revision = "0022"
branch_labels = None
depends_on = None

_LINKED = "clearance_grant k JOIN policy_grant g ON g.id = k.grant_id WHERE k.clearance_id = NEW.id"
_INCOMPLETE = f"""NEW.state = 'used' AND OLD.state = 'open' AND (EXISTS (SELECT 1 FROM {_LINKED} AND (
      g.state NOT IN ('active', 'consumed') OR g.subject_type <> NEW.subject_type OR g.subject_id <> NEW.subject_id
      OR g.subject_digest <> NEW.subject_digest OR g.expires_at < NEW.cleared_at OR g.person_id = NEW.requester_id
      OR g.principal_person_id = NEW.requester_id OR g.person_id = NEW.executor_id OR g.granted_at > NEW.cleared_at
      OR (g.uses = 'once' AND EXISTS (SELECT 1 FROM clearance_grant o JOIN clearance c ON c.id = o.clearance_id
        WHERE o.grant_id = g.id AND c.state = 'used'))
      OR (g.source = 'break_glass' AND (SELECT count(DISTINCT h.person_id) FROM clearance_grant o
        JOIN policy_grant h ON h.id = o.grant_id WHERE o.clearance_id = NEW.id
        AND h.break_glass_id = g.break_glass_id) < 2)))
    OR (SELECT count(DISTINCT g.person_id) FROM {_LINKED}) < (SELECT CASE
      WHEN EXISTS (SELECT 1 FROM {_LINKED} AND g.source = 'break_glass') THEN 2
      WHEN NEW.min_people > coalesce(max(v.min_people), 0) AND EXISTS (SELECT 1 FROM {_LINKED}) THEN NEW.min_people
      ELSE coalesce(max(v.min_people), 0) END
      FROM policy_version v WHERE v.class = NEW.class AND v.state = 'active' AND v.valid_from <= NEW.cleared_at))"""
_SQLITE = (
    "DROP TRIGGER clearance_complete",
    f"CREATE TRIGGER clearance_complete BEFORE UPDATE ON clearance WHEN {_INCOMPLETE} "
    "BEGIN SELECT RAISE(ABORT, 'POLICY.NOT_APPROVED'); END",
)
_POSTGRESQL = (
    f"""CREATE OR REPLACE FUNCTION clearance_complete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF {_INCOMPLETE} THEN RAISE EXCEPTION 'POLICY.NOT_APPROVED' USING errcode = '23514'; END IF;
  RETURN NEW;
END $$""",
)


def upgrade() -> None:
    connection = op.get_bind()
    for statement in _SQLITE if connection.dialect.name == "sqlite" else _POSTGRESQL:
        connection.exec_driver_sql(statement)
