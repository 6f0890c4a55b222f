"""Guards read the tables of this schema alone and ask of policies whether they are in force, not since when; what a
version says of how it left stays.
"""

from alembic import op

revision = "0565"
down_revision = "0564"
branch_labels = None
depends_on = None

_PLACE = "SET search_path = public, pg_temp"
_FUNCTIONS = (
    "SELECT p.oid::regprocedure::text FROM pg_proc p "
    "WHERE p.pronamespace = 'public'::regnamespace AND p.prorettype = 'trigger'::regtype ORDER BY 1"
)
_MADE = {
    "sqlite": "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = '{name}'",
    "postgresql": "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname = '{name}'",
}
_SEEN = "OR (OLD.reviewed_by IS NOT NULL AND NEW.reviewed_by {differs} OLD.reviewed_by"
_LEFT = """ AND NOT (NEW.reviewed_by IS NOT NULL \
AND OLD.retired_by IS NOT NULL AND OLD.reviewed_at < OLD.valid_to AND NEW.reviewed_at >= OLD.valid_to)) \
OR (NEW.state <> 'active' AND (NEW.retired_by, NEW.retired_person_id) {differs} \
(OLD.retired_by, OLD.retired_person_id)) \
OR (NEW.state <> 'active' AND NEW.retire_reason IS NOT NULL AND NEW.retire_reason {differs} OLD.retire_reason) \
OR (OLD.state = 'retired' AND NEW.valid_to {differs} OLD.valid_to)"""
_CHANGES = {
    "clearance_complete": (" AND v.valid_from <= NEW.cleared_at))", "))"),
    "payment_gate": (" AND p.valid_from <= c.cleared_at\n", "\n"),
    "policy_version_frozen": (_SEEN + ")", _SEEN + _LEFT),
}
"""name of a guard -> (what it says, what it says from now on)"""


def upgrade() -> None:
    """As `guards_policy`, `erp.models.guards` and `business.guard` make them."""
    connection = op.get_bind()
    dialect = connection.dialect.name
    differs = "IS NOT" if dialect == "sqlite" else "IS DISTINCT FROM"
    for name, change in _CHANGES.items():
        made = connection.exec_driver_sql(_MADE[dialect].format(name=name)).scalar_one()
        before, after = (part.replace("{differs}", differs) for part in change)
        if made.count(before) != 1:
            raise RuntimeError(f"{name}: expected '{before}' once, found it {made.count(before)} times")
        if dialect == "sqlite":
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        connection.exec_driver_sql(made.replace(before, after))
    if dialect == "postgresql":
        for function in connection.exec_driver_sql(_FUNCTIONS).scalars().all():
            connection.exec_driver_sql(f"ALTER FUNCTION {function} {_PLACE}")
