"""Two triggers ask nothing any more that the states which a row may have say already."""

import re

from alembic import op

revision = "0480"
down_revision = "0470"
branch_labels = None
depends_on = None

_SIMPLER = {
    "policy_version_frozen": (
        "(OLD.state = 'proposed' AND NEW.state IN ('active', 'retired')) "
        "OR (OLD.state = 'active' AND NEW.state = 'retired')",
        "OLD.state = 'proposed' OR NEW.state = 'retired'",
    ),
    "policy_grant_frozen": (
        "(OLD.state = 'active' AND NEW.state IN ('parked', 'void', 'consumed'))", "OLD.state = 'active'",
    ),
}  # fmt: skip


def upgrade() -> None:
    connection = op.get_bind()
    for name, (was, now) in _SIMPLER.items():
        if connection.dialect.name == "sqlite":
            made = "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = ?"
        else:
            made = "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname = %s"
        text = connection.exec_driver_sql(made, (name,)).scalar_one()
        simpler, changed = re.subn(r"\s+".join(map(re.escape, was.split())), now, text)
        if changed != 1:
            raise RuntimeError(f"{name}: expected '{was}' once, found it {changed} times")
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        connection.exec_driver_sql(simpler)
