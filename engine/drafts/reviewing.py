"""Areas whose files are published only after another person has looked at them: asked, approved or sent back."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import CursorResult, bindparam, delete, insert, select, update

from engine import history
from engine.db.draft import draft_review, reviewed_area
from engine.db.identity import user_account
from engine.drafts import revisions
from engine.errors import N_, EngineError, InvalidValue, SecondPersonNeeded
from engine.unit_of_work import UnitOfWork
from engine.values import blank, sha256

ASKED, APPROVED, SENT_BACK = "asked", "approved", "sent_back"
LONGEST = 2000

_one = select(draft_review).where(draft_review.c.path == bindparam("of"))
_asked = select(draft_review.c.path).where(draft_review.c.state == ASKED)
_forget = delete(draft_review).where(draft_review.c.path == bindparam("of"))
_persons = select(user_account.c.id, user_account.c.person_id).where(
    user_account.c.id.in_(bindparam("accounts", expanding=True))
)
_decide = update(draft_review).where(
    draft_review.c.path == bindparam("of"), draft_review.c.digest == bindparam("wanted"), draft_review.c.state == ASKED
)


class ReviewMissing(EngineError):
    """An area demands that a second person looks at what is published, and nobody has looked at this."""

    message = N_("Expected the review of another person before {path} is published: this area demands it.")
    hint = N_("Ask for a review at /designer/review/{path}; it counts for exactly what was looked at.")
    status = 409


class NothingToReview(EngineError):
    """No review was asked for, it was decided, or the draft has changed since."""

    message = N_("There is no open review of this state of {path}.")
    hint = N_("Look at the draft again, and ask for a review of it.")
    status = 409


class AskedBySomebodyElse(EngineError):
    """A review is withdrawn by whoever asked for it; anybody else decides it."""

    message = N_("Only whoever asked for this review may withdraw it.")
    status = 403


@dataclass(frozen=True, slots=True)
class Review:
    """The last one of a draft. `state`: of ASKED, APPROVED, SENT_BACK; `digest`: of what was looked at."""

    digest: str
    state: str
    asked_by: UUID
    asked_at: datetime
    note: str
    decided_by: UUID | None
    decided_at: datetime | None
    opinion: str


def digest_of(files: Mapping[str, bytes]) -> str:
    """What is published together, as one value."""
    return sha256(b"".join(path.encode() + b"\0" + sha256(files[path]) for path in sorted(files))).hex()


def demanding(uow: UnitOfWork) -> set[str]:
    """Areas that demand a second person."""
    return set(uow.execute(select(reviewed_area.c.area)).scalars())


def demand(uow: UnitOfWork, area: str, *, demanded: bool) -> None:
    """Let an area demand it, or no longer."""
    if (area in demanding(uow)) == demanded:
        return
    if demanded:
        row = {"area": area, "set_by": uow.actor.user_id, "set_at": uow.now}
        uow.execute(insert(reviewed_area), row)
    else:
        uow.execute(delete(reviewed_area).where(reviewed_area.c.area == area))
    history.act(uow, "draft", "draft.review_demanded" if demanded else "draft.review_not_demanded", {"area": area})


def demanded(uow: UnitOfWork, files: Mapping[str, bytes]) -> bool:
    """Whether an area of these files demands it."""
    return bool({name.split("/")[1] for name in files} & demanding(uow))


def standing(uow: UnitOfWork, path: str) -> Review | None:
    """The last review of a draft, whatever became of the draft since."""
    row = uow.execute(_one, {"of": path}).first()
    return None if row is None else _review(row)


def ask(uow: UnitOfWork, path: str, files: Mapping[str, bytes], note: str) -> None:
    """Ask for a review of these files, published with `path`; what was said of others is over. Raises InvalidValue."""
    digest = digest_of(files)
    uow.execute(_forget, {"of": path})
    row = {
        "path": path, "digest": digest, "state": ASKED, "asked_by": uow.actor.user_id, "asked_at": uow.now,
        "note": _text(note), "opinion": "",
    }  # fmt: skip
    uow.execute(insert(draft_review), row)
    history.act(uow, "draft", "draft.review_asked", {"path": path, "digest": digest})


def withdraw(uow: UnitOfWork, path: str) -> None:
    """Whoever asked asks no longer. Raises NothingToReview, AskedBySomebodyElse."""
    found = standing(uow, path)
    if found is None or found.state != ASKED:
        raise NothingToReview(path=path)
    if found.asked_by != uow.actor.user_id:
        raise AskedBySomebodyElse
    uow.execute(_forget, {"of": path})
    history.act(uow, "draft", "draft.review_withdrawn", {"path": path, "digest": found.digest})


def forget(uow: UnitOfWork, path: str) -> None:
    """What was said of a draft that is there no more."""
    uow.execute(_forget, {"of": path})


def asked(uow: UnitOfWork) -> set[str]:
    """Drafts whose review is asked for and not decided, by path."""
    return set(uow.execute(_asked).scalars())


def others(
    uow: UnitOfWork, files: Mapping[str, bytes], asked_by: UUID | None, people: Iterable[UUID | None]
) -> set[UUID | None]:
    """Those of `people` who are other persons than who asks for a review of these files and who wrote them."""
    theirs = revisions.authors(uow, files) | ({asked_by} if asked_by else set())
    return {one for one in people if not _same_person(uow, one, theirs)}


def decide(uow: UnitOfWork, path: str, files: Mapping[str, bytes], *, approved: bool, opinion: str) -> None:
    """Approve these files, published with `path`, or send them back with a reason.

    Whoever asked is no other person, nor whoever has saved one of them since it was last deployed, whichever account
    he comes with.

    Raises NothingToReview, SecondPersonNeeded, InvalidValue.
    """
    digest, found = digest_of(files), standing(uow, path)
    if found is None or found.state != ASKED or found.digest != digest:
        raise NothingToReview(path=path)
    if not others(uow, files, found.asked_by, {uow.actor.user_id}):
        raise SecondPersonNeeded(actor=uow.actor.user_id, what=path)
    if not approved and blank(opinion):
        raise InvalidValue(expected=N_("a reason"), found=N_("none"))
    values = {"decided_by": uow.actor.user_id, "decided_at": uow.now, "opinion": _text(opinion)}
    decided = uow.execute(
        _decide.values(values | {"state": APPROVED if approved else SENT_BACK}), {"of": path, "wanted": digest}
    )
    if cast("CursorResult[Any]", decided).rowcount != 1:  # somebody has asked anew, or decided, at the same time
        raise NothingToReview(path=path)
    kind = "draft.review_approved" if approved else "draft.review_sent_back"
    history.act(uow, "draft", kind, {"path": path, "digest": digest}, texts={"opinion": opinion.strip()})


def require(uow: UnitOfWork, path: str, files: Mapping[str, bytes]) -> None:
    """Raise ReviewMissing when an area of these files demands a review, and exactly they were not approved."""
    if not demanded(uow, files):
        return
    found = standing(uow, path)
    if found is None or found.state != APPROVED or found.digest != digest_of(files):
        raise ReviewMissing(path=path)


def _same_person(uow: UnitOfWork, me: UUID | None, accounts: set[UUID]) -> bool:
    """Whether one of the accounts belongs to the person whose account this is."""
    if me in accounts:
        return True
    person_of = {row.id: row.person_id for row in uow.execute(_persons, {"accounts": [me, *accounts]})}
    person = person_of.pop(me, None)
    return person is not None and person in person_of.values()


def _text(text: str) -> str:
    if len(text) > LONGEST:
        raise InvalidValue(expected=N_("a text of 1 to 2000 characters"), found=str(len(text)))
    return text.strip()


def _review(row: Any) -> Review:
    return Review(
        row.digest, row.state, row.asked_by, row.asked_at, row.note, row.decided_by, row.decided_at, row.opinion
    )
