"""Where an act tells that a reason is erased, the row of its policy or emergency holds it no longer."""

import json
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from alembic import op
from engine.db.base import Id

revision = "0430"
down_revision = "0420"
branch_labels = None
depends_on = None

_ACT = sa.table("audit", *(sa.column(name) for name in ("scope", "seq", "kind", "data")))
_VERSION = sa.table("policy_version", *(sa.column(name) for name in ("policy_id", "version", "reason", "retire_reason")))
_EMERGENCY = sa.table("break_glass", sa.column("id", Id), sa.column("reason"), sa.column("review"))
_COPIES: dict[str, tuple[str, str, str | None]] = {
    "policy.proposed": ("reason", "reason", ""),
    "policy.retirement_proposed": ("reason", "retire_reason", None),
    "policy.emergency_asked": ("reason", "reason", "erased: an act on record says why"),
    "policy.emergency_reviewed": ("review", "review", None),
}
"""kind of act -> the name of its text, the column that holds it too, and what stands there when it is erased"""


def upgrade() -> None:
    connection = op.get_bind()
    query = sa.select(_ACT.c.seq, _ACT.c.kind, _ACT.c.data).order_by(_ACT.c.seq)
    query = query.where(_ACT.c.scope == "policy", _ACT.c.kind.in_([*_COPIES, "text.erased"]))
    erased: set[tuple[int, str]] = set()
    newest: dict[tuple[str, tuple[str, ...]], int] = {}
    for row in connection.execute(query).all():
        data = json.loads(row.data)
        if row.kind == "text.erased":
            erased |= {(data["seq"], name) for name in data["names"]}
        else:
            newest[row.kind, _key(data)] = row.seq
    for (kind, key), seq in newest.items():
        name, column, empty = _COPIES[kind]
        if (seq, name) in erased:
            connection.execute(_row(key).values({column: empty}))


def _key(data: dict[str, Any]) -> tuple[str, ...]:
    return (data["emergency"],) if "emergency" in data else (data["policy"], str(data["version"]))


def _row(key: tuple[str, ...]) -> sa.Update:
    if len(key) == 1:
        return sa.update(_EMERGENCY).where(_EMERGENCY.c.id == UUID(key[0]))
    return sa.update(_VERSION).where(_VERSION.c.policy_id == key[0], _VERSION.c.version == int(key[1]))
