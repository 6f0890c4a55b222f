"""A page that is sent twice acts once: its `request_id` and content name a row that only the first one inserts."""

import hashlib
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from engine.db.effect import EffectStatus, effect
from engine.unit_of_work import UnitOfWork

_answer = select(effect.c.instance_id).where(effect.c.key == bindparam("wanted"))
_finish = update(effect).where(effect.c.key == bindparam("wanted"))


class Once:
    """`request_id` as the page carried it ("" when it came without: then every send counts).

    The same page with other content is another act: somebody went back, changed a field and meant it.
    """

    def __init__(self, uow: UnitOfWork, act: str, request_id: str, content: str) -> None:
        self._uow, self._act = uow, act
        digest = hashlib.sha256("\0".join((act, str(uow.actor.user_id), request_id, content)).encode()).digest()
        self._key = UUID(bytes=digest[:16]) if request_id else None
        self._digest = digest

    def instance(self) -> UUID | None:
        """What the first send made; None when this is the first. A second one waits until the first is stored."""
        if self._key is None:
            return None
        dialect = postgresql if self._uow.connection.dialect.name == "postgresql" else sqlite
        row = {
            "key": self._key, "operation": self._act, "request_hash": self._digest,
            "status": EffectStatus.STARTED, "started_at": self._uow.now,
        }  # fmt: skip
        statement = dialect.insert(effect).values(row).on_conflict_do_nothing().returning(effect.c.key)
        if self._uow.execute(statement).first() is not None:
            return None
        known: UUID | None = self._uow.execute(_answer, {"wanted": self._key}).scalar_one()
        return known

    def made(self, instance_id: UUID) -> None:
        """Keep what the act made, in the same transaction."""
        if self._key is not None:
            values = {"instance_id": instance_id, "status": EffectStatus.DONE, "finished_at": self._uow.now}
            self._uow.execute(_finish.values(values), {"wanted": self._key})
