"""The group that has to release what ended before is told when it may, as of what ends from now on."""

from uuid import uuid4

import sqlalchemy as sa
from alembic import op
from engine.db.base import Id, JsonText, UtcDateTime

revision = "0470"
down_revision = "0460"
branch_labels = None
depends_on = None

_definition = sa.table("definition", sa.column("id", Id), sa.column("meta", JsonText))
_instance = sa.table(
    "instance", sa.column("id", Id), sa.column("definition_id", Id), sa.column("ended_at", UtcDateTime),
    sa.column("erased_at", UtcDateTime),
)  # fmt: skip
_job = sa.table(
    "job", sa.column("id", Id), sa.column("kind"), sa.column("handler"), sa.column("payload", JsonText),
    sa.column("shard"), sa.column("visible_at", UtcDateTime), sa.column("state"), sa.column("attempts"),
    sa.column("retry"), sa.column("created_at", UtcDateTime),
)  # fmt: skip
_ended = sa.select(_instance.c.id, _instance.c.definition_id, _instance.c.ended_at).where(
    _instance.c.ended_at.is_not(None), _instance.c.erased_at.is_(None)
)
_said = sa.select(_definition.c.id, _definition.c.meta).where(
    sa.cast(_definition.c.meta, sa.Text).contains('"retention"')
)


def upgrade() -> None:
    """A job for each of them, due at once: what is not over yet it puts off until it is."""
    connection = op.get_bind()
    meant = [row.id for row in connection.execute(_said) if (row.meta.get("retention") or (None, None))[1]]
    for row in connection.execute(_ended.where(_instance.c.definition_id.in_(meant))).all() if meant else ():
        key = uuid4()
        connection.execute(sa.insert(_job).values(
            id=key, kind=8, handler="retention.due", payload={"instance": str(row.id)}, shard=key.bytes[-1] % 64,
            visible_at=row.ended_at, state=0, attempts=0, retry="PT10S,PT1M,PT10M,PT1H", created_at=row.ended_at,
        ))  # fmt: skip
