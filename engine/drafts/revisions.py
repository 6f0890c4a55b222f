"""What a draft was: every saved state is kept, thinned out as it grows old, and can be the draft again."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, bindparam, delete, func, insert, select

from engine.db.definition import deployment, resource
from engine.db.draft import draft, draft_revision
from engine.errors import NotFound
from engine.ids import uuid7
from engine.unit_of_work import UnitOfWork

STEPS = (
    (timedelta(days=1), timedelta(minutes=5)),
    (timedelta(days=7), timedelta(hours=1)),
    (timedelta(days=366 * 10), timedelta(days=1)),
)
"""up to which age one state of each person is kept, and for which span of time"""
ASIDE = 20
"""how many of the states that a person could not save are kept"""
SHOWN = 200

_insert = insert(draft_revision)
_infos = (
    select(*(column for column in draft_revision.c if column.name != "content"))
    .where(draft_revision.c.path == bindparam("of"))
    .order_by(draft_revision.c.id.desc())
)
_path = select(draft_revision.c.path).order_by(draft_revision.c.id.desc()).limit(1)
_one = select(draft_revision).where(draft_revision.c.id == bindparam("of"))
_OF: BindParameter[Any] = bindparam("paths", expanding=True)
_saved = select(draft_revision.c.path, draft_revision.c.saved_by, draft_revision.c.saved_at).where(
    draft_revision.c.path.in_(_OF), draft_revision.c.aside.is_(False)
)
_saved_last = select(draft.c.saved_by).where(draft.c.path.in_(_OF))
_deployed = (
    select(resource.c.path, func.max(deployment.c.deployed_at).label("at"))
    .join(deployment, deployment.c.id == resource.c.deployment_id)
    .where(resource.c.path.in_(_OF))
    .group_by(resource.c.path)
)


@dataclass(frozen=True, slots=True)
class Revision:
    """A state without its content. `aside`: it was never the draft; somebody else had saved, or taken over."""

    id: UUID
    path: str
    aside: bool
    saved_by: UUID | None
    saved_at: datetime


def list_(uow: UnitOfWork, path: str) -> list[Revision]:
    """The newest states of a draft, newest first; they outlive it."""
    return [_info(row) for row in uow.execute(_infos.limit(SHOWN), {"of": path})]


def path_of(uow: UnitOfWork, name: str) -> str | None:
    """Where a file called `name` (claim.bpmn) stood when a state of it was saved last, None when none ever was."""
    found: str | None = uow.execute(_path.where(draft_revision.c.path.endswith(f"/{name}", autoescape=True))).scalar()
    return found


def open_(uow: UnitOfWork, revision_id: UUID) -> tuple[Revision, bytes]:
    """Raises NotFound."""
    row = uow.execute(_one, {"of": revision_id}).first()
    if row is None:
        raise NotFound(kind="revision", key=revision_id)
    return _info(row), bytes(row.content)


def authors(uow: UnitOfWork, paths: Iterable[str]) -> set[UUID]:
    """Who has saved one of these drafts since its file was last deployed, and who saved them last."""
    of = {"paths": list(paths)}
    deployed = {row.path: row.at for row in uow.execute(_deployed, of)}
    found = {
        row.saved_by for row in uow.execute(_saved, of)
        if row.path not in deployed or row.saved_at > deployed[row.path]
    }  # fmt: skip
    return (found | set(uow.execute(_saved_last, of).scalars())) - {None}


def put_aside(uow: UnitOfWork, path: str, content: bytes) -> UUID:
    """Keep what somebody cannot save, since the draft is another one by now; of each person the last `ASIDE`."""
    key = _store(uow, path, content, aside=True)
    _thin(uow, path)
    return key


def record(uow: UnitOfWork, path: str, content: bytes) -> None:
    """Keep what has become the draft, and forget what lies too close together."""
    _store(uow, path, content, aside=False)
    _thin(uow, path)


def superfluous(found: Iterable[Revision], now: datetime) -> list[UUID]:
    """Those of `found` (newest first) after which the same person saved in the same span, or put too much aside."""
    kept: set[tuple[Any, ...]] = set()
    aside: Counter[UUID | None] = Counter()
    gone = []
    for one in found:
        if one.aside:
            aside[one.saved_by] += 1
            if aside[one.saved_by] > ASIDE:
                gone.append(one.id)
            continue
        span = next((span for age, span in STEPS if now - one.saved_at <= age), STEPS[-1][1])
        place = (one.saved_by, span, int(one.saved_at.timestamp() // span.total_seconds()))
        if place in kept:
            gone.append(one.id)
        kept.add(place)
    return gone


def _thin(uow: UnitOfWork, path: str) -> None:
    gone = superfluous([_info(row) for row in uow.execute(_infos, {"of": path})], uow.now)
    if gone:
        uow.execute(delete(draft_revision).where(draft_revision.c.id.in_(gone)))


def _store(uow: UnitOfWork, path: str, content: bytes, *, aside: bool) -> UUID:
    key = uuid7()
    row = {"id": key, "path": path, "content": content, "aside": aside}
    uow.execute(_insert, row | {"saved_by": uow.actor.user_id, "saved_at": uow.now})
    return key


def _info(row: Any) -> Revision:
    return Revision(row.id, row.path, row.aside, row.saved_by, row.saved_at)
